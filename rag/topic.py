"""Open questions about a topic: "What does the lease say about pets?", "¿Hay algo sobre las obras?", "Tell me about the fees".

The reader was trained on questions that ask for one thing and hears little in these; it tells more from the topic alone. Whoever is asked
to speak of it counts only if it has a name ("What does Ibarra say about the budget?") and is no text. English and Spanish.
"""

import re

from rag.naming.aliases import KIND_WORDS, speaks_of_text

LONGEST = 200  # characters of an open question
_ON = r"(?:about|on|regarding|concerning|as (?:to|for)|with (?:regard|respect) to|in relation to|when it comes to)"
_SAY = r"(?:sa(?:y|ys|id)|tells?(?: us)?|mentions?|speaks?)"
_RULE = r"(?:provides?|states?|sets?(?: out| down)?|establish(?:es)?|rules?|allows?|permits?|requires?|forbids?|demands?)"
_ANYTHING = r"(?:anything|something|any (?:information|info|rules?|mention|details?|news|word))"
_SOBRE = r"(?:sobre|acerca de|respecto (?:de|a)|en cuanto a|en relación con|en lo que respecta a|en materia de)"
_DICE = r"(?:dicen?|ponen?|cuentan?|mencionan?|sabe)"
_DISPONE = r"(?:prev[eé]n?|establecen?|disponen?|regulan?|recogen?|indican?|señalan?|exigen?|piden?|permiten?)"
_ALGO = r"(?:algo|alguna (?:información|norma|regla|referencia|noticia|mención)|información|datos|normas)"
_WHO = r"(?P<who>\S.{0,60}?)"
_TOPIC = r"(?P<topic>\S.*?)"
_THE_TEXT = r"(?:el|la|los|las|este|esta) \w+"
_TEXT_OF = rf"(?:el|la|los|las) (?:{'|'.join(sorted(KIND_WORDS))})\b"  # "el reglamento de la biblioteca" is its name
_FORMS = tuple(
    re.compile(rf"[\s¿¡]*(?:{form})[\s.?!]*", re.IGNORECASE)
    for form in (
        rf"what (?:do|does|did) {_WHO} (?:{_SAY} (?:of|{_ON})|{_RULE} (?:\w+ )?{_ON}) {_TOPIC}",
        rf"(?:do|does|did) {_WHO} (?:{_SAY}|{_RULE}) {_ANYTHING} {_ON} {_TOPIC}",
        rf"(?:(?:is|are) there )?{_ANYTHING} (?:said |here |written )?(?:in {_WHO} )?(?:said )?(?:{_ON}|for) {_TOPIC}",
        rf"what(?: is|'s|’s) (?:said|written|known|stated|laid down) {_ON} {_TOPIC}",
        rf"what(?: is|'s|’s| are) the (?:rules?|terms|conditions|policy|provisions?) (?:on|about|for|regarding|concerning) {_TOPIC}",
        rf"(?:(?:please |can you |could you )?tell me|info(?:rmation)?|details?) (?:more |{_ANYTHING} )?{_ON} {_TOPIC}",
        rf"(?:and )?(?:what|how) about {_TOPIC}",
        rf"qu[ée] (?:se )?(?:{_DICE}|{_DISPONE}) (?:{_WHO} )?{_SOBRE} {_TOPIC}",
        rf"qu[ée] (?:se )?{_DICE} (?:(?!{_TEXT_OF}){_THE_TEXT} )?de {_TOPIC}",
        rf"(?:se )?(?:hay|{_DICE}) {_ALGO} (?:(?:en )?{_THE_TEXT} )?(?:{_SOBRE}|de) {_TOPIC}",
        rf"{_WHO} {_DICE} {_ALGO} (?:{_SOBRE}|de) {_TOPIC}",
        rf"{_ALGO} (?:{_SOBRE}|de) {_TOPIC}",
        rf"(?:h[aá]blame|cu[eé]ntame|d[ií]me|inf[oó]rmame) (?:{_ALGO} |m[aá]s )?(?:{_SOBRE}|de) {_TOPIC}",
        rf"(?:y )?qu[ée] (?:pasa|ocurre|hay) (?:con|{_SOBRE}|de) {_TOPIC}",
        rf"(?:y )?qu[ée] (?:normas?|reglas?) hay (?:para|{_SOBRE}) {_TOPIC}",
        r"y (?:lo de )?(?P<topic>(?:el|la|los|las|su|sus) \S.{0,50}?)",
    )
)
_CONTRACTED = re.compile(r"\b(de|a)l ", re.IGNORECASE)
_SPLIT = re.compile(r"\b(de|a) el ", re.IGNORECASE)
_FIGURE = re.compile(r"\d")  # "the 1961 treaty" may not be the one that is there


def topic_of(question: str) -> str | None:
    """What an open question is about, without the text that is asked to speak of it; None of any other question.

    >>> topic_of("What does the lease say about pets?")
    'pets'
    """
    asked = _CONTRACTED.sub(r"\1 el ", " ".join(question.split()))
    if len(asked) > LONGEST:
        return None
    for form in _FORMS:
        if match := form.fullmatch(asked):
            who = match.groupdict().get("who") or ""
            named = who != who.lower() and not speaks_of_text(who)
            return None if named or _FIGURE.search(who) else _SPLIT.sub(r"\1l ", match["topic"])
    return None
