"""Numbered provisions: "Article 4", "artículo 4.º", "art. IV", "§ 4", "arts. 3, 4 y 6 a 8", "the fourth article".

`find` reads every mention in a text, `heading_reference` the provision that a line opens, `clause` the part of a sentence that belongs
to one mention. Both languages give the same normal form, so they find each other: "artículo IV" and "Article 4" are `article 4`.

It knows kinds and numbers, not paragraphs: "Article 4(2)(b)", "artículo 4.2" and "Art. 4 § 2" are read as `article 4`. Spelled-out
ordinals go to 99, other number words to twenty; a date or an amount that follows a provision ("artículo 4, 3 de mayo") is not read as one.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.types import Reference

_KINDS: dict[str, str] = {
    "article": r"artículos?|articles?|arts?\b\.?",
    "section": r"sección(?:es)?|sections?|secc?s?\.|§§?",
    "chapter": r"capítulos?|chapters?|caps?\.|chap\.",
    "title": r"títulos?|titles?",
    "annex": r"anexos?|annex(?:es)?|apéndices?|appendix|appendices|(?-i:Schedules?|SCHEDULES?)",
    "clause": r"cláusulas?|clauses?",
    "transitional provision": r"disposición(?:es)?\s+transitorias?|transitional\s+provisions?",
    "additional provision": r"disposición(?:es)?\s+adicional(?:es)?|additional\s+provisions?",
    "final provision": r"disposición(?:es)?\s+final(?:es)?|final\s+provisions?",
}
_ORDINALS = (
    "first primero primera primer", "second segundo segunda", "third tercero tercera tercer", "fourth cuarto cuarta", "fifth quinto quinta",
    "sixth sexto sexta", "seventh séptimo séptima", "eighth octavo octava", "ninth noveno novena", "tenth décimo décima",
    "eleventh undécimo undécima", "twelfth duodécimo duodécima", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth",
    "eighteenth", "nineteenth",
)  # fmt: skip
_CARDINALS = (
    "one sole uno único única", "two dos", "three tres", "four cuatro", "five cinco", "six seis", "seven siete", "eight ocho", "nine nueve",
    "ten diez", "eleven once", "twelve doce", "thirteen trece", "fourteen catorce", "fifteen quince", "sixteen dieciséis",
    "seventeen diecisiete", "eighteen dieciocho", "nineteen diecinueve", "twenty veinte",
)  # fmt: skip
_TENS = (
    "décimo décima", "twenty twentieth vigésimo vigésima", "thirty thirtieth trigésimo trigésima",
    "forty fortieth cuadragésimo cuadragésima", "fifty fiftieth quincuagésimo quincuagésima", "sixty sixtieth sexagésimo sexagésima",
    "seventy seventieth septuagésimo septuagésima", "eighty eightieth octogésimo octogésima", "ninety ninetieth nonagésimo nonagésima",
)  # fmt: skip


def _folded(word: str) -> str:
    """`word` in lower case without accents, spaces and hyphens: the key of a spelled-out number."""
    plain = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in plain if letter.isalnum())


def _any_accent(pattern: str) -> str:
    """`pattern` with every accent optional, and matching its decomposed form too (a letter followed by U+0301)."""
    return re.sub("[áéíóú]", lambda vowel: f"(?:{vowel[0]}|{unicodedata.normalize('NFD', vowel[0])[0]}\u0301?)", pattern)


def _alternatives(words: Sequence[str]) -> str:
    return "|".join(_any_accent(word) for word in sorted(words, key=len, reverse=True))


_UNIT_WORDS = [word for forms in _ORDINALS for word in forms.split()]
_TENS_WORDS = [word for forms in _TENS for word in forms.split()]
_CARDINAL_WORDS = [word for forms in _CARDINALS for word in forms.split()]
_TENS_VALUES = {_folded(word): value for value, forms in zip(range(10, 100, 10), _TENS, strict=True) for word in forms.split()}
_ORDINAL_VALUES = {_folded(word): value for value, forms in enumerate(_ORDINALS, 1) for word in forms.split()} | _TENS_VALUES
_ORDINAL_VALUES |= {
    tens + unit: value + number for tens, value in _TENS_VALUES.items() for unit, number in [*_ORDINAL_VALUES.items()] if number < 10
}
_CARDINAL_VALUES = {_folded(word): value for value, forms in enumerate(_CARDINALS, 1) for word in forms.split()}
_WORD_VALUES = _CARDINAL_VALUES | _ORDINAL_VALUES

_KIND = "|".join(f"(?P<k{index}>{_any_accent(pattern)})" for index, pattern in enumerate(_KINDS.values()))
_MARK = r"(?:\s*(?:n\.?[ºo°]|núm\.?|no\.|number|número))?"
_SUFFIX = r"(?:[\s-]?(?:bis|ter|qu[aá]ter|quinquies)\b|[a-z]\b)"
_DIGITS = rf"[0-9]{{1,4}}(?![0-9])(?:,[0-9]{{3}}(?![0-9]))?(?:\.[0-9]{{1,3}}(?![0-9]))*(?:\s?\.?\s?[ºª°]|\.o\b)?{_SUFFIX}?(?!\w)"
_ROMAN = (
    r"(?-i:(?=[IVXLC])C{0,3}(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?<=[IVXLC])\b"
    r"|(?=[ivxl]{2}|[vx]\b)(?:xl|l?x{0,3})(?:ix|iv|v?i{0,3})(?<=[ivxl])\b)"
)
_ORDINAL = rf"(?:(?:{_alternatives(_TENS_WORDS)})[\s-]?)?(?:{_alternatives(_UNIT_WORDS)})|{_alternatives(_TENS_WORDS)}"
_SPELLED = rf"(?:{_ORDINAL}|(?:(?<=[oa]\s)|(?<=[oa]s\s)|(?<=ón\s)|(?!once))(?:{_alternatives(_CARDINAL_WORDS)}))\b"
_LETTER = r"(?-i:[A-Z]|[b-df-hj-np-tv-z])\b(?!['’.]\w)"
_LATIN = r"(?:[\s-](?:bis|ter|qu[aá]ter|quinquies)\b)?"
_STYLES = (_DIGITS, _ROMAN + _LATIN, _SPELLED, _LETTER)
_NUMBER = "|".join(_STYLES)
_LINK = (
    r"(?:\s*,\s*(?:y|e|o|u|and|or|&)\s+|\s*[,;]\s*|\s+(?:y|e|o|u|and|or|&|y/o|and/or|a|al|to|through|hasta)\s+|\s?[-–—]\s?)"
    r"(?:(?:el|la|los|las|the)\s+)?"
)
_DETAIL = r"(?:\s?\(\w{1,4}\)|\s*§\s?[0-9]+)*"
_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december|"
    "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"
)
_NO_DATE = rf"(?!\s+(?:de\s+|of\s+)?(?:{_MONTHS})\b)"
_LISTS = "|".join(f"(?:{style}){_DETAIL}(?:{_LINK}(?:{style}){_NO_DATE}{_DETAIL})*" for style in _STYLES)
# Most texts mention nothing: this is a fifth of the price of looking for it.
_HINT = re.compile(
    r"(?<!\w)(?:art(?:[ií]|s?\b)|se[cç]|§|cap(?:[ií]|s?\.)|chap|t(?:í|i\u0301?)t|anex|annex|ap(?:é|e\u0301?)n|appen|schedule|cl[aá]|provision|dispos)",
    re.IGNORECASE,
)
# Looking ahead for a first letter spares every other word the long alternation.
_MENTION = re.compile(rf"(?<!\w)(?=[acdfst§])(?:{_KIND}){_MARK}\s*(?P<numbers>{_LISTS})", re.IGNORECASE)
_MEMBER = re.compile(rf"(?P<link>{_LINK})?(?P<number>{_NUMBER}){_DETAIL}", re.IGNORECASE)
_ORDINAL_FIRST = re.compile(
    rf"(?<![\w-])(?=[0-9{''.join(sorted({word[0] for word in _ORDINAL_VALUES}))}])"
    rf"(?P<number>{_ORDINAL}|[0-9]{{1,3}}(?:st|nd|rd|th|\.?[ºª]))\s+(?:{_KIND})(?!\w)",
    re.IGNORECASE,
)
_RANGE = re.compile(r"\s*(?:a|al|to|through|hasta|[-–—])(?:\s|$)", re.IGNORECASE)
_DETERMINED = re.compile(r"\b(?:an?|the|this|that|these|those|every|each|any|which|my|your|his|her|our|their|una?)\s+$", re.IGNORECASE)
# "Article 4 and 3 inspectors": after a kind word in the singular, a number before a noun counts things.
_COUNTS = re.compile(
    r"\s+(?!(?:del?|en|a|al|con|por|para|que|se|y|o|e|no|of|in|on|to|for|from|and|or|with|under|do|does|is|are|was|were|not|"
    r"say|says|allow|allows|permit|permits|provide|provides|cover|covers|mean|means|apply|applies|regulate|regulates|"
    r"dicen?|permiten?|establecen?|prevén?|regulan?|son|es)\b)[^\W\d_]{2,}",
    re.IGNORECASE,
)
_HEADING = re.compile(
    rf"[\s#>*_]*(?:{_KIND}){_MARK}[\s*_]*(?:(?P<plain>{_DIGITS}|(?=(?-i:[IVXLC])){_ROMAN}{_LATIN})|(?P<spelled>{_NUMBER}))[*_]*\s*(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_BETWEEN = re.compile(
    r"(?:[\s,;/–—§-]|\(\w{1,4}\)|\b(?:y|e|o|u|and|or|a|al|to|through|hasta|del?|el|la|los|las|of|the)\b)*+", re.IGNORECASE
)
_PREPOSITIONS = re.compile(
    r"(?:\b(?:under|in|by|per|as|see|according to|pursuant to|in accordance with|véase|según|conforme al?|en virtud del?|con arreglo al?|"
    r"como|por|en|el|la|los|las|the|del?|al?)\s+)+$",
    re.IGNORECASE,
)
_CLOSING = re.compile(r"(?:\(\w{1,4}\)|[^()\[\]])*[)\]]")
_LAST_WORDS = re.compile(r"(?:\s+[\w’'-]+){0,3}(?=\s*(?:[,;:.)\]]|$))")
_STOPPED = re.compile(r"\s*(?:[,;:.]|$)")
_LEADING = re.compile(r"[\s)\],;:.]*(?:(?:y|e|and|but|pero|while|whereas|mientras que|as well as|así como)\s+)?", re.IGNORECASE)
_TRAILING = re.compile(r"(?:[\s,;:(\[]|(?<!\w)(?:y|e|and|but|pero|while|whereas|mientras que|as well as|así como)$)+$", re.IGNORECASE)
_DETAILS = re.compile(_DETAIL)
_WORD = re.compile(r"\w+")
_FEWEST_WORDS = 2
_LARGEST_RANGE = 200
_LONGEST_HEADING = 120


@dataclass(frozen=True, slots=True)
class Mention:
    """One reference at `start:end` of a text; the members of a list ("arts. 3 y 4") share the kind word, each has its own number's span."""

    reference: Reference
    start: int
    end: int


def find(text: str) -> list[Mention]:
    """Every provision that `text` mentions, in order of appearance; lists and ranges are expanded."""
    if not _HINT.search(text):
        return []
    mentions: list[Mention] = []
    for match in _MENTION.finditer(text):
        mentions.extend(_members(match))
    for match in _ORDINAL_FIRST.finditer(text):
        kind = _kind(match)
        plural = match[0][-1] in "sS" and kind != "annex"
        if kind == "title" or plural:  # "his second title", "their first articles"
            continue
        number = _ORDINAL_VALUES.get(_folded(match["number"])) or re.sub(r"\D", "", match["number"])
        mentions.append(Mention(Reference(kind, str(number)), match.start(), match.end()))
    return sorted(mentions, key=lambda mention: mention.start)


def heading_reference(line: str) -> Reference | None:
    """The provision whose text begins with `line`, or None if the line is prose that merely starts with one.

    "Artículo 4. Objeto", "**Article IV** — Aid" and "ANEXO II" open a provision; "Article 4 permits ..." and "Artículos 4 y 5" do not.
    """
    match = _HEADING.match(line[:400])
    if match is None:
        return None
    rest = match["rest"].strip().strip("*_")
    opens = not rest or rest[0] in ".:—–-­)" or (rest[0] == "(" and not re.match(r"\(\w{1,3}\)", rest))
    titled = match["plain"] and len(line) <= _LONGEST_HEADING and rest[:1].isupper() and rest[-1:] not in ".;,?"
    if not (opens or titled) or re.match(rf"[-–—]\s?(?:{_NUMBER})", rest, re.IGNORECASE):
        return None
    kind = _kind(match)
    value = _normal(match["plain"] or match["spelled"], kind)
    return Reference(kind, value) if value else None


def clause(text: str, mention: Mention, mentions: Sequence[Mention]) -> tuple[int, int]:
    """The part of the sentence `text` that speaks of `mention` and not of its neighbours, as a span.

    Mentions close their clauses ("to step in early (Article 3) and to give aid (Article 4)") if the sentence says more before the first
    than after the last of them; else they open them ("Article 3 allows ..., and Article 4 ..."). A list ("Articles 3 and 4") counts as one.
    Where this leaves a mere fragment, it is the whole sentence.
    """
    groups = _groups(text, mention, mentions)
    own = next(index for index, (start, end) in enumerate(groups) if start <= mention.start < end)
    last = own == len(groups) - 1
    before, after = _count(text, 0, groups[0][0]), _count(text, groups[-1][1], len(text))
    bracketed = all(text[start] in "([" for start, _ in groups) and _STOPPED.match(text, groups[-1][1])
    if before > after or bracketed:
        ends = [end + len(match[0]) if (match := _LAST_WORDS.match(text, end)) else end for _, end in groups]
        start = max(ends[own - 1], text.rfind(";", ends[own - 1], groups[own][0])) if own else 0
        end = len(text) if last and after <= 3 else ends[own]
    else:
        start = groups[own][0] if own else 0
        end = len(text) if last else groups[own + 1][0]
    start += len(match[0]) if start and (match := _LEADING.match(text, start)) else 0
    end = _trailing_start(text, end) if end < len(text) else end
    fragment = _count(text, start, end) - _count(text, *groups[own]) < _FEWEST_WORDS
    return (0, len(text)) if fragment else (start, end)


def _groups(text: str, mention: Mention, mentions: Sequence[Mention]) -> list[tuple[int, int]]:
    """Spans of the mentions in order, with their brackets or prepositions; a list, or "Article 4 of Title II", is one."""
    joined: list[tuple[int, int]] = []
    for other in sorted(mentions, key=lambda item: (item.start, item.end)):
        if joined and (other.start <= joined[-1][1] or _BETWEEN.fullmatch(text, joined[-1][1], other.start)):
            joined[-1] = (joined[-1][0], max(joined[-1][1], other.end))
        elif other.reference != mention.reference or other.start == mention.start:
            joined.append((other.start, other.end))
    groups: list[tuple[int, int]] = []
    for start, end in joined:
        floor = groups[-1][1] if groups else 0
        bracket = max(text.rfind("(", floor, start), text.rfind("[", floor, start))
        closing = _CLOSING.match(text, end) if bracket >= 0 and not {")", "]"} & set(text[bracket:start]) else None
        if closing:
            groups.append((bracket, closing.end()))
            continue
        details, led_in = _DETAILS.match(text, end), _PREPOSITIONS.search(text, max(floor, start - 40), start)
        groups.append((led_in.start() if led_in else start, details.end() if details else end))
    return groups


def _count(text: str, start: int, end: int) -> int:
    return len(_WORD.findall(text, start, end))


def _trailing_start(text: str, end: int) -> int:
    while match := _TRAILING.search(text, max(0, end - 40), end):
        end = match.start()
    return end


def _members(match: re.Match[str]) -> Iterator[Mention]:
    """The mentions of one list."""
    kind = _kind(match)
    text = match.string
    singular = re.search(r"(?:s|§§|ices)\.?\s*$", text[match.start() : match.start("numbers")], re.IGNORECASE) is None
    before: str | None = None
    for member in _MEMBER.finditer(text, match.start("numbers"), match.end("numbers")):
        value = _normal(member["number"], kind)
        if value is None or (before is None and _is_prose(match, member["number"])):
            return
        year = before is not None and len(before) < 4 and re.fullmatch("(?:19|20)[0-9]{2}", value)
        if before is not None and (year or (singular and _COUNTS.match(text, member.end()))):
            return
        start = match.start() if before is None else member.start("number")
        if before and before.isdigit() and value.isdigit() and _RANGE.match(member["link"]):
            first, last = int(before) + 1, int(value)
            for between in range(first, last) if last - first < _LARGEST_RANGE else ():
                yield Mention(Reference(kind, str(between)), start, member.end("number"))
        yield Mention(Reference(kind, value), start, member.end("number"))
        before = value


def _is_prose(match: re.Match[str], number: str) -> bool:
    """Whether what looks like a number is a pronoun or counts what follows: "an article I wrote", "this article two people read"."""
    if number != "I" and _folded(number) not in _CARDINAL_VALUES:
        return False
    followed = re.match(r"\s+[a-z]", match.string[match.end() : match.end() + 8])
    before = match.string[max(0, match.start() - 8) : match.start()]
    return match[0][0].islower() and followed is not None and _DETERMINED.search(before) is not None


def _kind(match: re.Match[str]) -> str:
    return next(name for index, name in enumerate(_KINDS) if match[f"k{index}"] is not None)


def _normal(number: str, kind: str) -> str | None:
    """The normal form of one written number: "IV" -> "4", "4.º bis" -> "4bis", "cuarto" -> "4"; None if it is no number here."""
    text = number.strip()
    if text[0].isdigit():
        return _normal_digits(text.casefold(), kind)
    if spelled := _WORD_VALUES.get(_folded(text)):
        return str(spelled)
    if len(text) == 1 and text not in "IVXvx":
        return text.casefold() if kind == "annex" else None
    roman = re.fullmatch(r"([ivxlc]+)(?:[\s-](\w+))?", text.casefold())
    return _roman(roman[1]) + (roman[2] or "").replace("á", "a") if roman else None


def _normal_digits(text: str, kind: str) -> str:
    parts = re.fullmatch(r"(?P<digits>[0-9.,]*[0-9])[\s.]*[ºª°o]?[\s-]*(?P<suffix>[a-zá]*)", text)
    assert parts is not None
    digits, suffix = parts["digits"], parts["suffix"].replace("á", "a")
    thousands = re.fullmatch(r"([0-9]{1,3})[.,]([0-9]{3})", digits)
    if kind != "section":  # "artículo 1.902" of a civil code is 1902, "artículo 4.2" is a paragraph of 4
        digits = "".join(thousands.groups()) if thousands else re.split("[.,]", digits)[0]
    return digits + suffix


def _roman(text: str) -> str:
    values = [{"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}[letter] for letter in text]
    return str(sum(-value if value < after else value for value, after in zip(values, [*values[1:], 0], strict=True)))
