"""Follow-ups made into questions that stand alone, by rules, when no language model is configured.

"And Article 8?" after "what does Article 4 permit" becomes "what does Article 8 permit"; "and Beijing?" takes the place of the one name in
the question before; any other follow-up ("why?", "did it cover aid?") is put behind the question that it leans on. A question that stands
alone is returned as it is. It reads the questions of the conversation, not its answers: "who said that?" gets the question before, not
the name in its answer. It does not translate: "¿y el 8?" after an English question gives an English one.
"""

import re
from collections.abc import Sequence

from rag.language import FUNCTION_WORDS
from rag.references import Mention, find
from rag.types import Turn

_OPENING = re.compile(
    r"[¿¡\s]*+(?:(?:and|but|so|or|then|also|what about|how about|y|e|pero|o|entonces|también|qué hay de|que hay de|qué pasa con|"
    r"que pasa con)\b[\s,]*+[¿¡]*)+(?:(?:in that case|en ese caso)\b[\s,]*+)?",
    re.IGNORECASE,
)
_LEAD = re.compile(r"(?:(?:the|el|la|los|las|del?|en|in|of|under|number|no\.|número|n\.?º)\s+)*", re.IGNORECASE)
_WHY = re.compile(r"(?:why|por qué|porqué|por que|how so|how come)(?:\s+(?:is|was|not|so|no|that|es|eso|así))*", re.IGNORECASE)
_ASKING = re.compile(
    r"(?:what|which|who|whom|whose|when|where|how|does|do|did|is|are|was|were|can|could|may|must|has|have|had|will|why|"
    r"qué|que|cuál|cuáles|quién|quiénes|quien|cuándo|cuando|dónde|donde|adónde|cómo|como|cuánto|cuánta|cuántos|cuántas|por qué|"
    r"puede|pueden|debe|deben|hay|es|son|a quién|a qué|de qué|en qué|con qué|para qué|ya|ha|han|había|habían)\b",
    re.IGNORECASE,
)
_PERSON = re.compile(r"\b(?:its|they|their|he|she|him|her|his|ellos|ellas|él|ella)\b", re.IGNORECASE)
_THING = re.compile(
    r"\b(?:it(?! (?:true|possible|likely|legal|allowed|permitted|necessary))|them|(?<!is )(?<!are )there|ello|eso|aquello|allí|ahí)\b",
    re.IGNORECASE,
)
_WEAK_PRONOUN = re.compile(
    r"\b(?:this|that|these|those|one|esto|ese|esa|esos|esas|lo|su|sus|dicho|dicha)\b|^(?:ya\s+)?(?:ha|han|había|habían)\s+\w+[aeiou]do\b",
    re.IGNORECASE,
)
_NAME = r"[A-ZÁÉÍÓÚÑ][\w’'-]+(?:\s+(?:(?:de|del|de la|of|of the)\s+)?[A-ZÁÉÍÓÚÑ][\w’'-]+)*"
_OWN = re.compile(rf"(?<!^)(?<![¿¡])(?<![.!?]\s)\b(?:{_NAME}|\d+)")
_ONLY_NAME = re.compile(rf"(?:(?:the|el|la|los|las|for|para|in|en)\s+)?({_NAME})[\s?.!]*")
_FILLER = re.compile(r"[\s,]*(?:then|please|instead|entonces|por favor)?", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d")
_WORD = re.compile(r"\w+")
_SIGNS = " \t\r\n?.!¿¡"
SHORT = 8
"""Words up to which "this", "one" and the like make a question lean on the one before; strong pronouns do up to twice as many."""
FEW = 2
"""Words of its own, function words apart, up to which a question without name or number leans on the one before."""


def condense(question: str, history: Sequence[Turn]) -> str:
    """`question` with what it leaves unsaid taken from the earlier questions of `history`; unchanged if it stands alone."""
    topic = before = ""
    for asked in [*(turn.question for turn in history), question]:
        topic, before = _stand_alone(asked, topic, before)
    return before


def _stand_alone(question: str, topic: str, before: str) -> tuple[str, str]:
    """(the question that the next follow-ups are about, `question` made to stand alone) after the same two of the turn before."""
    if not topic.strip():
        return question, question
    opened = _OPENING.match(question)
    rest = (question[opened.end() :] if opened else question).strip().lstrip("¿¡ ")
    if _WHY.fullmatch(rest.rstrip(_SIGNS)):
        return topic, f"{_closed(before)} {_opened(rest, question)}"
    asking = _ASKING.match(rest) is not None
    replaced = None if asking else _with_reference(rest, topic, has_opening=opened is not None) or _with_name(rest, topic)
    if replaced:
        return replaced, replaced
    if _has_own_document(rest):
        return rest, _opened(rest, question) if opened else question
    if (opened is not None and not asking) or _leans(rest, topic, has_opening=opened is not None):
        return topic, f"{_closed(topic)} {_opened(rest, question)}".rstrip()
    return question, question


def _with_reference(rest: str, topic: str, *, has_opening: bool) -> str | None:
    """`topic` with its provision replaced by the one that the follow-up names ("Article 8", or "the 8" after an opening)."""
    earlier = find(topic)
    if not earlier:
        return None
    last = _last_list(topic, earlier)
    start, end = last[0].start, last[-1].end
    plain = rest[_lead_end(rest) :]
    now = find(plain)
    if now and now[0].start == 0:
        tail = plain[now[-1].end :].rstrip(_SIGNS)
        return topic[:start] + plain[: now[-1].end] + topic[end:] if _FILLER.fullmatch(tail) else None
    number = re.sub(r"\s+(?:one|then|entonces)$", "", plain.rstrip(_SIGNS))
    if _YEAR.fullmatch(number) or not (has_opening or number[:1].isdigit() or number.isupper()):
        return None
    kind = _kind_words(topic[start:end]) or last[0].reference.kind
    for whole in (f"{kind} {number}", f"{number} {kind}"):
        meant = find(whole)
        if meant and (meant[0].start, meant[-1].end) == (0, len(whole)):
            return topic[:start] + whole + topic[end:]
    return None


def _kind_words(mention: str) -> str | None:
    """The words of a mention that say of what kind it is: "disposición transitoria primera" -> "disposición transitoria"."""
    words = mention.split()
    candidates = [" ".join(words[:count]) for count in range(1, len(words))] + words[-1:]
    return next((kind for kind in candidates if [found.start for found in find(f"{kind} 1")] == [0]), None)


def _last_list(topic: str, mentions: Sequence[Mention]) -> list[Mention]:
    """The last mention with those that share its kind word ("Articles 3 and 4")."""
    first = max(index for index, mention in enumerate(mentions) if find(topic[mention.start : mention.end]))
    return list(mentions[first:])


def _with_name(rest: str, topic: str) -> str | None:
    """`topic` with its name replaced by the one that the follow-up consists of, if both have exactly one."""
    only = _ONLY_NAME.fullmatch(rest)
    provisions = [(mention.start, mention.end) for mention in find(topic)]
    own = [name for name in _OWN.finditer(topic) if not any(start <= name.start() < end for start, end in provisions)]
    if only is None or len(own) != 1 or own[0][0].isdigit():
        return None
    return topic[: own[0].start()] + only[1] + topic[own[0].end() :]


def _leans(rest: str, topic: str, *, has_opening: bool) -> bool:
    """Whether a question leans on the one before: by a pronoun, or because it has next to nothing of its own."""
    words = _WORD.findall(rest)
    own = _OWN.search(rest)
    head = rest.partition(",")[0]  # "who was asked about it, and what did she say" has its own antecedent
    person, thing = _PERSON.search(head), _THING.search(head)
    named_before = own is not None and person is not None and own.start() < person.start()
    pronoun = thing or (None if named_before else person)
    if pronoun and len(words) <= 2 * SHORT and _content(head[: pronoun.start()]) <= FEW:
        return True
    if own is not None:
        return False
    few = FEW - 1 if find(topic) else FEW  # the provision of the topic would take the answer over
    return has_opening or _content(rest) <= few or (len(words) <= SHORT and _WEAK_PRONOUN.search(rest) is not None)


def _content(text: str) -> int:
    return sum(word.casefold() not in FUNCTION_WORDS for word in _WORD.findall(text))


def _has_own_document(rest: str) -> bool:
    """Whether `rest` begins with a provision and goes on with what it is of: "Article 8 of the library rules"."""
    mentions = find(rest)
    if not mentions or mentions[0].start > _lead_end(rest):
        return False
    return _content(rest[mentions[-1].end :]) > 0


def _lead_end(text: str) -> int:
    match = _LEAD.match(text)
    return match.end() if match else 0


def _closed(question: str) -> str:
    text = question.strip()
    return text if text[-1:] in "?!." else text + "?"


def _opened(text: str, question: str) -> str:
    """`text` as the beginning of a question: a capital, and the opening mark if `question` had one."""
    mark = "¿" if "¿" in question else ""
    return mark + text[:1].upper() + text[1:] if text.strip(_SIGNS) else ""
