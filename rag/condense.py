"""Follow-ups made into questions that stand alone, by rules, when no language model is configured.

"And Article 8?" after "what does Article 4 permit" becomes "what does Article 8 permit"; "and Beijing?" takes the place of the one name in
the question before, "and in 2020?" of its year; "why?", "and when?" and "close to a jetty?" are put into the question before; a question
with a pronoun gets what that stands for in front: "About the licence: where do I get it?". Only this much of the old question, so that the
new one weighs more. "Who said that?" quotes the answer, and "he" is the one whom the answer named. A question that stands alone is
returned as it is. It does not translate: "¿y el 8?" after an English question gives an English one.
"""

import re
from collections.abc import Sequence

from rag.aliases import KIND_WORDS, folded_words
from rag.asked_provisions import asked_provisions, end_of
from rag.language import FUNCTION_WORDS, detect
from rag.references import Mention, find
from rag.types import Turn

_OPENING = re.compile(
    r"[¿¡\s]*+(?:(?:and|but|so|or|then|also|what about|how about|y|e|pero|o|entonces|también|qué hay de|que hay de|qué pasa con|"
    r"que pasa con)\b(?![-'’./]\w)[\s,]*+[¿¡]*)+(?:(?:in that case|en ese caso)\b[\s,]*+)?",
    re.IGNORECASE,
)
_LEAD = re.compile(r"(?:(?:the|el|la|los|las|del?|en|in|of|under|number|no\.|número|n\.?º)\s+)*", re.IGNORECASE)
_WHY = re.compile(r"(?:why|por qué|porqué|por que|how so|how come)(?:\s+(?:is|was|not|so|no|that|es|eso|así))*", re.IGNORECASE)
_BARE = re.compile(
    r"(?:since |until |from |desde |hasta |de |a |para |con |in |for |at )?(?:when|where|who|whom|how(?: much| many| long| often| far)?|"
    r"which(?: ones?)?|cuándo|cuando|dónde|donde|adónde|quién|quiénes|quien|cómo|cuánt[oa]s?|cuál(?:es)?|qué (?:año|día|fecha|hora)|"
    r"what (?:year|date|day|time)|with how much notice|con cuánta antelación)",
    re.IGNORECASE,
)
_OTHER_WORD = {
    "es": {
        "why": "por qué",
        "when": "cuándo",
        "where": "dónde",
        "who": "quién",
        "how": "cómo",
        "how much": "cuánto",
        "how many": "cuántos",
    },
    "en": {
        "por qué": "why",
        "cuándo": "when",
        "dónde": "where",
        "quién": "who",
        "cómo": "how",
        "cuánto": "how much",
        "cuántos": "how many",
    },
}
_PROVISION_WORD = re.compile(
    r"\b(?:articles?|artículos?|articulos?|sections?|sección|annex|anexo|chapter|capítulo|clause|cláusula)\b", re.IGNORECASE
)
_REFLEXIVE = re.compile(r"(?:no\s+)?se\s+(?:aplica|refiere|extiende|limita|prorroga|renueva)\b", re.IGNORECASE)
_IN_LANGUAGE = re.compile(r"(?:now |ahora )?(?:in|en) (?:english|spanish|inglés|ingles|español|castellano)", re.IGNORECASE)
_SAID = re.compile(
    r"(?:who|quién|quien|quiénes|where|dónde|cuándo|when)\s+(?:said|says|wrote|claims?|claimed|dijo|dice|lo dijo|lo dice|ha dicho|dijo eso|"
    r"lo afirma|afirmó|afirma|escribió|sostiene)\s*(?:that|this|so|it|eso|esto|ello)?",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[«“\"](?P<quote>[^»”]{15,}?)[»”\"](?=[\s.]*(?:\[|$))")
_LONGEST_QUOTE = 160
_PREPOSITION = re.compile(
    r"(?:in|on|at|for|from|to|under|by|with|without|near|close to|during|before|after|between|outside|inside|within|of|since|until|about|"
    r"en|a|al|de|del|para|por|con|sin|desde|hasta|durante|antes|después|entre|cerca|fuera|dentro|bajo|según|sobre|respecto|segun|if|si)\b",
    re.IGNORECASE,
)
_DATED = re.compile(r"(?:(?:in|en|for|para|of|de|during|durante)\s+)?((?:19|20)\d\d)")
_HE = re.compile(r"\b(?:he|she|him|él|ella)\b", re.IGNORECASE)
_VERB = re.compile(
    r"\b(?:is|are|was|were|be|do|does|did|has|have|had|can|could|may|must|should|shall|will|would|say|says|permit|permits|allow|allows|cost|"
    r"costs|want|wants|visited|signed|expect|go|goes|get|gets|make|makes|pays?|calls?|happens?|happened|"
    r"es|son|fue|era|eran|fueron|está|están|puede|pueden|debe|deben|dice|dicen|permite|cuesta|quiere|quieren|hay|tiene|tienen|estaba|paga|pagan)\b",
    re.IGNORECASE,
)
_NOUN_PHRASE = re.compile(
    r"\b(?:the|a|an|el|la|los|las|un|una|del|al)\s+(?P<noun>[^\W\d_][^?!.,;:¿¡]*)|\b(?:which|what|qué|cuál|cuáles)\s+(?P<of_which>[^\W\d_][^?!.,;:¿¡]*)",
    re.IGNORECASE,
)
_OF_DOCUMENT = re.compile(
    r"\b(?:sign(?:ed|s)?|ratif\w+|approved?|in force|enter(?:ed|s)? into|firm(?:ó|aron|ado|ada|a|an)|aprob\w+|vigor|vigente|promulg\w+|"
    r"publish\w*|public\w+)\b",
    re.IGNORECASE,
)
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
_POSSESSIVE = re.compile(r"\b(?:its|their|his|her|sus?)\b", re.IGNORECASE)
_NOUN_BEFORE = re.compile(
    r"\b(?:the|an?|each|every|all|el|la|los|las|una?|cada)\s+(?!(?:other|rest|same|otr[oa]s?|mism[oa]s?)\b)[^\W\d_]{3,}|"
    r"\b(?:do|did|have|must|may|can|could|should|shall|will|are|were|which)\s+(?!his|this|its)[^\W\d_]{3,}(?:s|men)\b",
    re.IGNORECASE,
)
"""A noun in front of a possessive that can be what it stands for: "how must boats mark their nets"."""
_RELATIVE = re.compile(r"\b(?P<noun>(?:an?|any|some|no|every|the)\s+[^\W\d_]+)\s+that\b(?=\s+\w)", re.IGNORECASE)
_WEAK_PRONOUN = re.compile(
    r"\b(?:this|that|these|those|esto|ese|esa|esos|esas|lo(?! que\b)|su|sus|dicho|dicha)\b|"
    r"\b(?:which|this|that|the|other|another) one\b|\bones?(?=\s*(?:$|[?.!,]))|^(?:ya\s+)?(?:ha|han|había|habían)\s+\w+[aeiou]do\b",
    re.IGNORECASE,
)
_PARAGRAPH = re.compile(
    r"(?:(?:the|el|la)\s+)?(?:(?:first|second|third|primer|segundo|tercer)\s+)?(?:paragraphs?|apartados?|párrafos?|letters?|letras?|points?)"
    r"(?:\s+\(?(?:\d{1,3}|[a-z]|[ivx]{1,4})\)?(?!\w))?(?!\w)",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"^(?:the|el|la)\s+", re.IGNORECASE)
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
    """`question` with what it leaves unsaid taken from the turns of `history`; unchanged if it stands alone."""
    topic = before = ""
    answers = ["", *(turn.answer for turn in history)]
    for asked, answer in zip([*(turn.question for turn in history), question], answers, strict=True):
        topic, before = _stand_alone(asked, topic, before, answer)
    return before


def _stand_alone(question: str, topic: str, before: str, answer: str) -> tuple[str, str]:
    """(the question that the next follow-ups are about, `question` made to stand alone) after the same two of the turn before."""
    if not topic.strip():
        return question, question
    opened = _OPENING.match(question)
    rest = (question[opened.end() :] if opened else question).strip().lstrip("¿¡ ")
    plain = rest.rstrip(_SIGNS)
    if _WHY.fullmatch(plain) or _BARE.fullmatch(plain):
        asked_in = detect(before, detect(plain))
        asked_word = _OTHER_WORD[asked_in].get(plain.casefold(), plain)
        return topic, _inserted(before, f", {'y' if asked_in == 'es' else 'and'} {asked_word}")
    if _IN_LANGUAGE.fullmatch(plain):
        return topic, before
    if _SAID.fullmatch(plain):
        return topic, _about_answer(question, rest, topic, answer)
    asking = _ASKING.match(rest) is not None
    replaced = None if asking else _with_reference(rest, topic, has_opening=opened is not None) or _with_name(rest, topic)
    replaced = replaced or (
        None
        if asking
        else _with_year(plain, topic) or _with_paragraph(plain, topic) or _with_document(plain, topic, has_opening=opened is not None)
    )
    if replaced:
        return replaced, replaced
    if _has_own_document(rest):
        return rest, _opened(rest, question) if opened else question
    if (opened is not None and not asking) or _leans(rest, topic, has_opening=opened is not None):
        return topic, _joined(rest, question, topic, answer, asking=asking)
    return question, question


def _joined(rest: str, question: str, topic: str, answer: str, *, asking: bool) -> str:
    """`rest`, which leans on `topic`, with what it needs of it."""
    plain = rest.rstrip(_SIGNS)
    if not plain:
        return topic
    if not asking and _PREPOSITION.match(plain) and not _VERB.search(plain) and not _THING.search(plain):
        return _inserted(topic, f" {plain}")
    name = _answered_name(topic, answer)
    if name and _HE.search(plain):
        return _HE.sub(name, _opened(rest, question), count=1)
    subject = (
        _subject(topic, rest) if (asking or _REFLEXIVE.match(rest)) and not (_PERSON.search(rest) and not _THING.search(rest)) else None
    )
    if subject is None:
        return f"{_closed(topic)} {_opened(rest, question)}"
    about = "Sobre" if detect(question, detect(topic)) == "es" else "About"
    return f"{about} {subject}: {_opened(rest, question, capital=False)}"


def _inserted(topic: str, words: str) -> str:
    """`topic` with `words` before its question mark."""
    text = topic.strip()
    stop = len(text) - len(text.rstrip(_SIGNS))
    end = len(text) - stop
    return text[:end] + words + (text[end:] or ("?" if text[:1] == "¿" else ""))


def _about_answer(question: str, rest: str, topic: str, answer: str) -> str:
    """ "Who said that?" with what was said: the quotation in the answer, or else the question that it answered."""
    quoted = _QUOTED.search(answer)
    if quoted is None:
        return f"{_closed(topic)} {_opened(rest, question)}"
    quote = " ".join(quoted["quote"].split())
    if len(quote) > _LONGEST_QUOTE:
        quote = quote[:_LONGEST_QUOTE].rpartition(" ")[0]
    mark = "»" if detect(question) == "es" else "”"
    return f"{_opened(rest.rstrip(_SIGNS), question)}: {'«' if mark == '»' else '“'}{quote}{mark}?"


def _answered_name(topic: str, answer: str) -> str | None:
    """The one person that the answer to a question for one ("who", "quién") names, if it is short enough to be sure."""
    if not re.match(r"[\s¿]*(?:and\s+|y\s+)?(?:who|whom|quién|quien)\b", topic, re.IGNORECASE):
        return None
    quoted = _QUOTED.search(answer)
    text = quoted["quote"] if quoted else answer
    found = [match for match in re.finditer(_NAME, text) if match[0] not in topic and match[0].casefold() not in FUNCTION_WORDS]
    several = found and re.search(r"\b(?:both|ambos|ambas|and|y|e)\b", text[: found[-1].end()], re.IGNORECASE)
    certain = found and not several and (found[0].start() == 0 or len({match[0] for match in found}) == 1)
    return found[0][0] if certain else None


def _subject(topic: str, rest: str) -> str | None:
    """What `topic` is about, without what it asks of it: "the licence of the Sarmenor" of "how much does the licence ... cost"."""
    mentions = find(topic)
    if mentions:
        asked = asked_provisions(topic)
        phrase, last = asked[0].phrase, mentions[-1].end
        place = topic.find(phrase, last) if phrase else -1
        if place >= 0 and _OF_DOCUMENT.search(rest):
            return f"el {phrase}" if topic[:place].endswith("del ") else phrase
        article = re.search(r"(?:el|la|los|las) $", topic[: mentions[0].start])
        start = article.start() if article else mentions[0].start
        return topic[start : place + len(phrase) if place >= 0 else end_of(topic, mentions)].strip()
    text = topic.strip().strip(_SIGNS)
    best = ""
    for match in _NOUN_PHRASE.finditer(text):
        noun = match["noun"] or match["of_which"]
        verb = _VERB.search(noun)
        kept = noun[: verb.start()].strip() if verb else noun.strip()
        word = "the" if match[0][:2].casefold() in ("wh", "qu") and detect(topic) == "en" else match[0].split()[0]
        whole = kept if match["of_which"] and word != "the" else re.sub("(?i)^(?:del|al) ", "el ", f"{word} {kept}")
        best = whole if kept and _content(kept) and len(whole) > len(best) else best
    names = [match[0] for match in _OWN.finditer(text) if match[0] not in best]
    return f"{best} ({', '.join(names)})" if best and names else best or None


def _with_year(plain: str, topic: str) -> str | None:
    """`topic` with its one year replaced by that of "and in 2020?"."""
    now, earlier = _DATED.fullmatch(plain), _YEAR.findall(topic)
    return topic.replace(earlier[0], now[1]) if now and len(earlier) == 1 else None


def _with_document(plain: str, topic: str, *, has_opening: bool) -> str | None:
    """`topic` with the document of its provision replaced by that of "and the Sarmenor agreement?"."""
    asked = asked_provisions(topic)
    phrase = asked[-1].phrase if asked else ""
    if _PROVISION_WORD.search(plain):  # "the article on arbitration in the agreement" is a question of its own
        return None
    named = has_opening or re.match(r"(?:the|el|la)\s", plain, re.IGNORECASE)
    if (
        not phrase
        or not named
        or len(plain.split()) > SHORT
        or find(plain)
        or not folded_words(plain) & KIND_WORDS
        or _VERB.search(plain)
        or _PREPOSITION.match(plain)
    ):
        return None
    before, _, after = topic.rpartition(phrase)
    bare = re.sub(r"^(?:the|el|la)\s+", "", plain, flags=re.IGNORECASE)
    if detect(topic) == "es":
        gender = re.match(r"(?:el|la)\s", plain, re.IGNORECASE)
        before = re.sub(r"\bdel\s+$", "de ", before)
        return re.sub(r"\bde el ", "del ", f"{before}{gender[0].casefold() if gender else ''}{bare}{after}")
    the = "the " if plain.startswith("the ") or phrase.startswith("the ") else ""
    return f"{before}{the}{bare}{after}"


def _with_paragraph(plain: str, topic: str) -> str | None:
    """`topic` with its paragraph replaced by that of "and paragraph 2?"."""
    plain = _ARTICLE.sub("", plain)
    now = _PARAGRAPH.fullmatch(plain)
    earlier = list(_PARAGRAPH.finditer(topic))
    if not now or not find(topic):
        return None
    if earlier:
        article = _ARTICLE.match(earlier[-1][0])
        return topic[: earlier[-1].start()] + (article[0] if article else "") + plain + topic[earlier[-1].end() :]
    end = find(topic)[-1].end
    return f"{topic[:end]}, {plain}{',' if topic[end : end + 1] == ' ' else ''}{topic[end:]}"


def _with_reference(rest: str, topic: str, *, has_opening: bool) -> str | None:
    """`topic` with its provision replaced by the one that the follow-up names ("Article 8", or "the 8" after an opening)."""
    earlier = find(topic)
    if not earlier:
        return None
    last = _last_list(topic, earlier)
    start, end = last[0].start, end_of(topic, last)
    end += end > last[-1].end and topic.startswith(",", end)
    plain = rest[_lead_end(rest) :]
    now = find(plain)
    if now and now[0].start == 0:
        tail = plain[now[-1].end :].rstrip(_SIGNS)
        return topic[:start] + plain[: now[-1].end] + topic[end:] if _FILLER.fullmatch(tail) else None
    number = re.sub(r"\s+(?:one|then|entonces)$", "", plain.rstrip(_SIGNS))
    if _YEAR.fullmatch(number) or not (has_opening or number[:1].isdigit() or number.isupper()):
        return None
    kind = _kind_words(topic[start : last[-1].end]) or last[0].reference.kind
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
    free = _without_bound(rest)
    head = free.partition(",")[0]  # "who was asked about it, and what did she say" has its own antecedent
    person, thing = _PERSON.search(head), _THING.search(head)
    named = _OWN.search(free)
    named_before = named is not None and person is not None and named.start() < person.start()
    pronoun = thing or (None if named_before else person)
    if pronoun and len(words) <= 2 * SHORT and _content(head[: pronoun.start()]) <= FEW:
        return True
    if own is not None:
        return False
    few = FEW - 1 if find(topic) else FEW  # the provision of the topic would take the answer over
    weak = len(words) <= SHORT and (_WEAK_PRONOUN.search(free) or _REFLEXIVE.match(free)) is not None
    return has_opening or _content(rest) <= few or weak


def _without_bound(question: str) -> str:
    """`question` without the pronouns that stand for a noun in it: "how must boats mark their nets", "a rule that bans nets"."""
    free = _RELATIVE.sub(r"\g<noun>", question)
    noun, possessive = _NOUN_BEFORE.search(free), _POSSESSIVE.search(free)
    if noun is None or possessive is None or possessive.start() < noun.end():
        return free
    return free[: noun.end()] + _POSSESSIVE.sub("", free[noun.end() :])


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


def _opened(text: str, question: str, *, capital: bool = True) -> str:
    """`text` as the beginning of a question: a capital, and the opening mark if `question` had one."""
    mark = "¿" if "¿" in question else ""
    first = text[:1].upper() if capital else text[:1].lower() if _ASKING.match(text) else text[:1]
    return mark + first + text[1:] if text.strip(_SIGNS) else ""
