"""What a follow-up puts in place of a part of the question before: a provision, its document or paragraph, a name, a year, a noun.

"And Article 8?" after "what does Article 4 permit" becomes "what does Article 8 permit", "and the deposit?" after "what is the monthly
rent?" becomes "what is the deposit?". It does not know what else a follow-up may lean on; see `rag.condense`.
"""

import re
from collections.abc import Sequence

from rag.dates import MONTHS
from rag.language import asked_in
from rag.naming.aliases import KIND_WORDS, folded_words
from rag.provisions.asked import asked_provisions, end_of
from rag.references import Mention, find

VERB = re.compile(
    r"\b(?:is|are|was|were|be|do|does|did|has|have|had|can|could|may|must|should|shall|will|would|say|says|permit|permits|allow|allows|cost|"
    r"costs|want|wants|visited|signed|expect|go|goes|get|gets|make|makes|pays?|calls?|happens?|happened|"
    r"es|son|fue|era|eran|fueron|está|están|puede|pueden|debe|deben|dice|dicen|permite|cuesta|quiere|quieren|hay|tiene|tienen|estaba|paga|pagan)\b",
    re.IGNORECASE,
)
PREPOSITION = re.compile(
    r"(?:in|on|at|for|from|to|under|by|with|without|near|close to|during|before|after|between|outside|inside|within|of|since|until|about|"
    r"en|a|al|de|del|para|por|con|sin|desde|hasta|durante|antes|después|entre|cerca|fuera|dentro|bajo|según|sobre|respecto|segun|if|si)\b",
    re.IGNORECASE,
)
_DATED = re.compile(
    r"(?:(?:in|en|for|para|of|de|during|durante|under|from|según|with|con)\s+)?(?:(?:the|that|el|la|los|las)\s+)?"
    r"(?:(?:of|de|one of|one from|versi[óo]n de|edici[óo]n de)\s+)?((?:19|20)\d\d)(?:\s(?:ones?|version|edition|text|versión|edición))?",
    re.IGNORECASE,
)
_LEAD = re.compile(r"(?:(?:the|el|la|los|las|del?|en|in|of|under|number|no\.|número|n\.?º)\s+)*", re.IGNORECASE)
_PROVISION_WORD = re.compile(
    r"\b(?:articles?|artículos?|articulos?|sections?|sección|annex|anexo|chapter|capítulo|clause|cláusula)\b", re.IGNORECASE
)
_PARAGRAPH = re.compile(
    r"(?:(?:the|el|la|its|su)\s+)?(?:(?:first|second|third|fourth|last|primer|segundo|tercer|cuarto|último)\s+)?"
    r"(?:(?:sub)?paragraphs?|apartados?|párrafos?|letters?|letras?|points?)"
    r"(?:\s+\(?(?:\d{1,3}|[a-z]|[ivx]{1,4}|primero|segundo|tercero|cuarto)\)?(?!\w))?(?!\w)",
    re.IGNORECASE,
)
_SAME = re.compile(
    r"(?:(?:the same|that|el mismo|la misma|ese|esa)\s(?:articles?|artículo|section|sección|annex|anexo|clause|cláusula|provision|"
    r"disposición|number|número|one)\s(?:of|in|de|en)\s?|lo mismo (?:de|en)\s?)(?=(?:the|el|la|los|las|l)\s)",
    re.IGNORECASE,
)
"""What "the same article of the other law" has in front of its document."""
_NEIGHBOUR = re.compile(
    r"(?:(?P<next>next|following|siguiente|próximo|posterior)|previous|preceding|anterior|previo)(?:\s(?:one|articles?|artículo|section|sección))?",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"^(?:the|el|la|its|su)\s+", re.IGNORECASE)
NAME = r"[A-ZÁÉÍÓÚÑ][\w’'-]+(?:\s+(?:(?:de|del|de la|of|of the)\s+)?[A-ZÁÉÍÓÚÑ][\w’'-]+)*"
OWN = re.compile(rf"(?<!^)(?<![¿¡])(?<![.!?]\s)\b(?:{NAME}|\d+)")
_ONLY_NAME = re.compile(rf"(?:(?:the|el|la|los|las|for|para|in|en|on|of|at|from|de|del|con|with)\s+)*({NAME})[\s?.!]*")
_PART = re.compile(r"\s?(?:\(\w{1,3}\))+")
_CODE = r"[A-Z]{1,4}-?\d{1,4}\b"
_FILLER = re.compile(r"[\s,]*(?:then|please|instead|entonces|por favor)?", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d")
_A_NOUN = re.compile(  # "¿y un gato?", "and a basic check?"
    r"\b(?P<article>an?|una?)\s(?P<noun>(?:(?!(?:in|on|at|for|of|per|to|with|de|en|para|por|con|al?)\b)[^\s?.,;]+\s?)+)", re.IGNORECASE
)
_ONE_OF_KIND = re.compile(r"(?:the|that|this)\s(?P<kind>[\w’'-]+(?:\s[\w’'-]+){0,2}?)\sones?", re.IGNORECASE)
_OF_KIND = re.compile(
    rf"\b(?:the|an?)\s(?P<kind>(?!{PREPOSITION.pattern}|{VERB.pattern})[\w’'-]+)\s"
    rf"(?!{PREPOSITION.pattern}|{VERB.pattern})[^\W\d_]+",
    re.IGNORECASE,
)
"""A noun with one word in front of it, which "one" stands for in "the quick one"."""
_EL_DE = re.compile(r"(?P<article>el|la|los|las)\s(?P<of>del?\s.+)", re.IGNORECASE)
_ASKED_NOUN = re.compile(
    r"(?P<asked>(?:(?:what|which|who|when|where|how(?: \w+)?)\s(?:is|are|was|were|(?P<helping>does|do|did|can|may|must|should|will))|"
    r"[¿\s]*(?:qué|cuál(?:es)?|cuánt[oa]s?|quién(?:es)?|cuándo|dónde|cómo)(?:\s\w+){1,2}?)\s(?:(?:the|el|la|los|las)\s|"
    r"(?<=(?:does|.did|..do|.can|.may|must)\s)(?!(?:i|you|we|they|s?he|it|one|an?|my|your|our|their|this|that|these|those|there)\b)(?-i:(?=[a-z]))))"
    r"(?P<noun>(?:(?!(?:in|for|on|at|from|to|with|by|about|sobre|del|en|para|por|con|a|al|open|closed?|due|held|paid|available|\w{2,}ed)\b|"
    r"(?:of|de)\s(?:(?:the|an?|el|las?|los|una?)\b|(?-i:[^a-zñáéíóú])))\S+\s?)+)"  # "office of tourism", but "rent | of the flat"
    r"(?P<more>.*)",
    re.IGNORECASE,
)
_LIMITED = re.compile(  # "the rent of the garage", but "the period of notice"
    rf"\s(?!(?:of|de)\b){PREPOSITION.pattern}|\s(?:of|del?)\s(?:(?:the|an?|el|las?|los|una?)\b|(?-i:[^a-zñáéíóú]))", re.IGNORECASE
)
_ORDINAL = re.compile(
    r"first|second|third|fourth|fifth|last|next|other|same|rest|primer[oa]?|segund[oa]|tercer[oa]?|cuart[oa]|quint[oa]|últim[oa]|otr[oa]s?|"
    r"mism[oa]s?|demás|resto|\d+",
    re.IGNORECASE,
)
_WITH_ARTICLE = re.compile(r"(?P<article>the|el|la|los|las)\s+(?P<noun>.+)", re.IGNORECASE)
_MONTH = f"(?:{MONTHS})"
_TIMES = (
    re.compile(
        r"\b(?:(?:on|at|el|los|las|en|for|para)\s+)*(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|weekends?|weekdays?|(?:bank )?holidays|"
        r"lunes|martes|miércoles|jueves|viernes|sábados?|domingos?|festivos?|fin(?:es)? de semana|laborables)"
        rf"(?:\s+(?:in|of|de|en)\s+{_MONTH})?(?!\w)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:(?:in|during|en|durante|for|para)\s+)?(?:(?:the|el)\s+)?(?:{_MONTH}|summer|winter|spring|autumn|verano|invierno|primavera|otoño)(?!\w)",
        re.IGNORECASE,
    ),
)
"""Days and parts of the year: one takes the place of another of its kind, and stands beside what is not of its kind."""
_DAY_OF_MONTH = re.compile(
    rf"(?P<before>{_MONTH}\s)?\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?(before)|(?=\s(?:de|of)?\s?{_MONTH}))", re.IGNORECASE
)
_ONLY_DAY = re.compile(r"(?:(?:on|the|el|día)\s+)*(\d{1,2}(?:st|nd|rd|th)?)", re.IGNORECASE)
SIGNS = " \t\r\n?.!¿¡"
SHORT = 8
"""Words up to which "this", "one" and the like make a question lean on the one before; strong pronouns do up to twice as many."""


def replaced(rest: str, topic: str, *, has_opening: bool) -> str | None:
    """`topic` with the part replaced that `rest` is another of, or None; `rest` is a follow-up that asks nothing itself.

    `has_opening` tells whether it began with "and" or the like, which `rest` lacks.
    """
    plain = rest.rstrip(SIGNS)
    return (
        _with_reference(rest, topic, has_opening=has_opening)
        or _with_time(plain, topic)
        or _with_name(rest, topic)
        or _with_year(plain, topic)
        or _with_paragraph(plain, topic)
        or _with_document(plain, topic, has_opening=has_opening)
        or (_with_kind(plain, topic) or _with_like_noun(plain, topic) or _with_noun(plain, topic) if has_opening else None)
    )


def lead_end(text: str) -> int:
    """Where what stands before a provision ends: "of the Article 4" has 7."""
    match = _LEAD.match(text)
    return match.end() if match else 0


def is_prepositional(plain: str, topic: str) -> bool:
    """Whether `plain` opens with a preposition; "a" is one in Spanish only."""
    return PREPOSITION.match(plain) is not None and not (
        re.match(r"a\s", plain, re.IGNORECASE) and asked_in(plain, asked_in(topic)) == "en"
    )


def _with_kind(plain: str, topic: str) -> str | None:
    """`topic` with the kind of thing replaced that "and the intensive one?" is another of: "the Eco programme", "the quick one"."""
    now = _ONE_OF_KIND.fullmatch(plain)
    asked = [*_OF_KIND.finditer(topic)] if now and not _ORDINAL.fullmatch(now["kind"]) else []
    if now is None or not asked or VERB.search(plain):
        return None
    return f"{topic[: asked[0].start('kind')]}{now['kind']}{topic[asked[0].end('kind') :]}"


def _with_like_noun(plain: str, topic: str) -> str | None:
    """`topic` with the noun replaced that "and the Team plan?" is another of: by its last word, its "a", or "el de" ("el de lana")."""
    if VERB.search(plain):
        return None
    if of := _EL_DE.fullmatch(plain):  # "¿y el de lana?" after "el programa de algodón"
        ours = re.compile(rf"\b({of['article']}\s[^\W\d_]+)\sdel?\s(?:(?:el|la|los|las)\s)?\w+", re.IGNORECASE)
        return ours.sub(lambda match: f"{match[1]} {of['of']}", topic, count=1) if ours.search(topic) else None
    now = re.fullmatch(r"(?:the|el|la)\s(?:[^\W\d_]+[\s-])*(?P<last>[^\W\d_]{3,})", plain, re.IGNORECASE)
    like = re.compile(rf"\bthe\s(?:[^\W\d_]+[\s-]){{1,3}}?{re.escape(now['last'])}(?!\w)", re.IGNORECASE) if now else None
    if like and len(plain.split()) > 2 and (found := like.search(topic)):
        return topic[: found.start()] + plain + topic[found.end() :]
    indefinite, earlier = None if is_prepositional(plain, topic) else _A_NOUN.fullmatch(plain), [*_A_NOUN.finditer(topic)]
    if not indefinite or len(earlier) != 1 or (indefinite["article"][0] == "u") is not (earlier[0]["article"][0] == "u"):
        return None
    noun, verb = earlier[0]["noun"].rstrip(), ""
    if (own := VERB.search(noun)) and own.start():
        noun = noun[: own.start()].rstrip()
    elif re.search(r"\b(?:do|does|did|can|may|must|should|will)\s$", topic[: earlier[0].start()], re.IGNORECASE) and " " in noun:
        verb = " " + noun.rsplit(" ", 1)[1]  # "does a full service | cost"
    return topic[: earlier[0].start()] + plain + verb + topic[earlier[0].start("noun") + len(noun) :]


def _with_noun(plain: str, topic: str) -> str | None:
    """`topic` with what it asks about replaced: "and the deposit?" after "what is the monthly rent?"."""
    asked, now = _ASKED_NOUN.fullmatch(topic.strip().rstrip(SIGNS)), _WITH_ARTICLE.fullmatch(plain)
    if asked is None or now is None or VERB.search(plain):
        return None
    if (now["article"].casefold() == "the") is (asked_in(topic) == "es"):  # "how long does el plazo last" is no language
        return None
    noun, more = now["noun"], _still_said(asked["more"], _LIMITED.search(plain))
    *_, last = words = asked["noun"].split()
    if _ORDINAL.fullmatch(noun):  # "the second" after "the first reason"
        if not _ORDINAL.fullmatch(words[0]):
            return None
        noun = " ".join((noun, *words[1:]))
    if asked["helping"] and not re.match(r"open|close", more):  # the verb was taken for the end of the noun
        more = f"{last} {more}" if len(words) > 1 else more
    elif (
        asked_in(topic) == "es" and last[-2:] == noun[-2:] and len(words) == 2 and " " not in noun
    ):  # "¿y el anual?" after "el bono mensual"
        noun = f"{words[0]} {noun}"
    before = re.sub(r"(?:the|el|las?|los)\s$", "", asked["asked"], flags=re.IGNORECASE)
    return f"{before}{now['article']} {noun} {more}".strip() + "?"


def _still_said(more: str, limited: re.Match[str] | None) -> str:
    """What stood behind the noun, if the follow-up says nothing in its place: "and the hours on Sunday?" is still "of the library"."""
    said, own = (re.match(r"\s*(\w+)", text) for text in (more, limited[0] if limited else ""))
    return "" if limited and (not said or not own or own[1] in ("of", "de", "del", said[1])) else more


def _with_time(plain: str, topic: str) -> str | None:
    """`topic` with its day or season replaced by that of "and on Sundays?", or with that at its end."""
    day, only = _DAY_OF_MONTH.search(topic), _ONLY_DAY.fullmatch(plain)
    if day and only:
        return topic[: day.start("day")] + only[1] + topic[day.end("day") + len(day[0].partition(day["day"])[2]) :]
    kind = next((kind for kind in _TIMES if kind.fullmatch(plain)), None)
    if kind is None:
        return None
    if earlier := [match for match in kind.finditer(topic) if match.start()]:
        return topic[: earlier[-1].start()] + plain + topic[earlier[-1].end() :]
    text = topic.strip()
    end = len(text.rstrip(SIGNS))
    return f"{text[:end]} {plain}{text[end:] or '?'}"


def _with_year(plain: str, topic: str) -> str | None:
    """`topic` with its one year replaced by that of "and in 2020?"."""
    now, earlier = _DATED.fullmatch(plain), _YEAR.findall(topic)
    return topic.replace(earlier[0], now[1]) if now and len(earlier) == 1 else None


def _with_document(plain: str, topic: str, *, has_opening: bool) -> str | None:
    """`topic` with the document of its provision replaced by that of "and the Sarmenor agreement?"."""
    asked = asked_provisions(topic)
    phrase = without_paragraph(asked[-1].phrase) if asked else ""
    if same := _SAME.match(plain):
        plain, has_opening = ("e" if plain[same.end() :].startswith("l ") else "") + plain[same.end() :], True
    if _PROVISION_WORD.search(plain):  # "the article on arbitration in the agreement" is a question of its own
        return None
    named = has_opening or re.match(r"(?:the|el|la)\s", plain, re.IGNORECASE)
    if (
        not phrase
        or not named
        or len(plain.split()) > SHORT
        or find(plain)
        or not folded_words(plain) & KIND_WORDS
        or VERB.search(plain)
        or PREPOSITION.match(plain)
    ):
        return None
    before, _, after = topic.rpartition(phrase)
    bare = re.sub(r"^(?:the|el|la)\s+", "", plain, flags=re.IGNORECASE)
    if asked_in(topic) == "es":
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
    if paragraph := re.match(rf",?\s+{_PARAGRAPH.pattern},?", topic[end:], re.IGNORECASE):  # "Article 5, second paragraph, of"
        end += paragraph.end()
    plain = rest[lead_end(rest) :]
    if (neighbour := _NEIGHBOUR.fullmatch(plain.rstrip(SIGNS))) and last[-1].reference.number.isdigit():
        plain, has_opening = str(max(1, int(last[-1].reference.number) + (1 if neighbour["next"] else -1))), True
    now = find(plain)
    if now and now[0].start == 0:
        tail = plain[now[-1].end :].rstrip(SIGNS)
        part = _PART.match(tail)
        whole, tail = plain[: now[-1].end] + (part[0] if part else ""), tail[part.end() :] if part else tail
        return _agreeing(topic[:start], whole) + whole + topic[end:] if _FILLER.fullmatch(tail) else None
    number = re.sub(r"\s+(?:one|then|entonces)$", "", plain.rstrip(SIGNS))
    if _YEAR.fullmatch(number) or not (has_opening or number[:1].isdigit() or number.isupper()):
        return None
    kind = _kind_words(topic[start : last[-1].end]) or last[0].reference.kind
    words = kind.split()
    for whole in (f"{kind} {number}", f"{number} {kind}", f"{words[0]} {number}", f"{number} {words[-1]}"):  # "and the first final one"
        meant = find(whole)
        if meant and (meant[0].start, meant[-1].end) == (0, len(whole)):
            return topic[:start] + whole + topic[end:]
    return None


def without_paragraph(phrase: str) -> str:
    """The document that `phrase` names: "third paragraph, of the treaty" is "the treaty"."""
    match = re.match(rf"{_PARAGRAPH.pattern}\s*,?\s*(?:of|in|de|en)\s", phrase, re.IGNORECASE)
    return phrase[match.end() :] if match else phrase


def _agreeing(before: str, provision: str) -> str:
    """`before` with the article that `provision` needs: "¿Qué dice el", "disposición final" -> "¿Qué dice la"."""
    feminine = re.match(r"(?:disposición|sección|cláusula|regla|letra)\b", provision, re.IGNORECASE) is not None
    masculine = (
        re.match(r"(?:artículo|anexo|capítulo|título|punto|apartado|considerando|fundamento)\b", provision, re.IGNORECASE) is not None
    )
    if feminine:
        return re.sub(r"\bdel $", "de la ", re.sub(r"\bel $", "la ", before))
    return re.sub(r"\bde la $", "del ", re.sub(r"(?<!de )\bla $", "el ", before)) if masculine else before


def _kind_words(mention: str) -> str | None:
    """The words of a mention that say of what kind it is: "disposición transitoria primera" -> "disposición transitoria"."""
    words = mention.split()
    candidates = [" ".join(words[:count]) for count in range(1, len(words))] + words[-1:]
    return next((kind for kind in candidates if [found.start for found in find(f"{kind} 1")] == [0]), None)


def _last_list(topic: str, mentions: Sequence[Mention]) -> list[Mention]:
    """The last mention with those that share its kind word ("Articles 3 and 4")."""
    first = max(index for index, mention in enumerate(mentions) if find(topic[mention.start : mention.end]))
    return list(mentions[first:])


def _shape(code: str) -> str:
    """What two codes of one kind share: "E10" and "E33" are "E0"."""
    return re.sub(r"\d+", "0", code)


def _with_name(rest: str, topic: str) -> str | None:
    """`topic` with its name replaced by the one that the follow-up consists of, if both have exactly one."""
    only = _ONLY_NAME.fullmatch(rest)
    provisions = [(mention.start, mention.end) for mention in find(topic)]
    own = [name for name in OWN.finditer(topic) if not any(start <= name.start() < end for start, end in provisions)]
    code = re.search(rf"\b{_CODE}", only[1]) if only else None
    like = [found for found in re.finditer(rf"\b{_CODE}", topic) if code and _shape(found[0]) == _shape(code[0])]
    if only and code and len(like) == 1:  # "and E33?" after "the error E10 of the K24"
        return topic[: like[0].start()] + code[0] + topic[like[0].end() :]
    own = [name for name in own if not name[0].isdigit()]
    if only is None or len(own) != 1:
        return None
    return topic[: own[0].start()] + only[1] + topic[own[0].end() :]
