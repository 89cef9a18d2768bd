"""Numbered provisions: "Article 4", "artículo 4.º", "art. IV", "§ 4", "arts. 3, 4 y 6 a 8", "the fourth article".

`find` reads every mention in a text, `heading_reference` the provision that a line opens, `clause` the part of a sentence that belongs
to one mention. Both languages give the same normal form, so they find each other: "artículo IV" and "Article 4" are `article 4`.

It knows kinds and numbers: "Article 4(2)(b)", "artículo 4.2" and "Art. 4 § 2" are read as `article 4`, and `rag.provisions.paragraphs`
knows the rest. `rag.provisions.numbers` reads numbers; a date or an amount that follows a provision ("artículo 4, 3 de mayo") is not read
as one.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.dates import MONTHS
from rag.provisions.numbers import (
    CARDINAL_VALUES,
    DETAIL,
    DIGITS,
    NUMBER,
    ORDINAL,
    ORDINAL_VALUES,
    ROMAN,
    STYLES,
    any_accent,
    folded,
    normal,
    spelled,
)
from rag.provisions.words import KINDS, PROVISIONS, any_of, kind_in, singular, singular_or_plural
from rag.types import Reference


def _short(adjective: str, letter: str) -> str:
    """Pattern of "disp. trans." and "D.T." before "1.ª"."""
    return rf"disp\.?\s?{adjective}\.|(?-i:D{letter}|D\.\s?{letter}\.)(?=\s?[0-9]+\.?ª)"


# How else they are written, besides in whole words.
_SHORT = {
    "article": any_accent(r"a\s?r\s?t\s?í\s?c\s?u\s?l\s?o(?:\s?s)?|arts?\.?[ºª°]\.?|arts?\b\.?"),
    "section": r"secc?s?\.|§§?",
    "chapter": r"caps?\.|chap\.",
    "transitional provision": _short("trans(?:it)?", "T"),
    "additional provision": _short("adic", "A"),
    "final provision": _short("final", "F"),
    "repealing provision": _short("derog", "D"),
}
_KINDS = {kind: "|".join(filter(None, (singular_or_plural(kind), _SHORT.get(kind)))) for kind in KINDS} | {
    "recital": r"(?:considerandos?|recitals?)(?:\s?\((?=[0-9]))?",
    "rule": r"(?-i:Rules?|RULES?|Reglas?|REGLAS?|Normas?|NORMAS?)",
    "part": r"(?-i:Parte?\b|PARTE?\b)",
    "book": r"(?-i:Libro\b|LIBRO\b|Book\b|BOOK\b)",
    "ground": any_accent(r"fundamentos?(?:\s+(?:de\s+derecho|jurídicos?))?") + r"|legal\s+grounds?|(?-i:F\.?\s?[DJ]\.?)(?=\s?[0-9])",
    "fact": r"antecedentes?(?:\s+de\s+hecho)?|hechos?\s+probados?",
}
_DECIMAL = ("section", "rule")  # "Section 2.3" is no paragraph of Section 2
LETTERED = ("annex", "part")  # numbered by letters, too
_ALSO_NOUNS = ("part", "book")  # "the second part" and "each Party two votes" are prose
_IS_PRONOUN = re.compile(r"I\s+[a-z]")  # "the schedule I agreed to"
_ALSO_VERBS = ("considerando", "schedule", "recital")  # "considerando 3 opciones" weighs three, "schedule 2 meetings" plans two
_KIND = any_of(KINDS, _KINDS.__getitem__)
_MARK = r"(?:\s*(?:n\.?[ºo°]|núm\.?|no\.|number|número))?"
_LINK = (
    r"(?:\s*,\s*(?:y|e|o|u|and|or|&)\s+|\s*[,;]\s*|\s+(?:y|e|o|u|and|or|&|y/o|and/or|a|al|to|through|hasta)\s+|\s?[-–—]\s?)"
    r"(?:(?:el|la|los|las|the)\s+)?"
)
_DETAIL = rf"(?:\s?\({DETAIL}\)|\s*§\s?[0-9]+)*"
_NO_DATE = rf"(?!\s+(?:de\s+|of\s+)?(?:{MONTHS})\b)"
_LISTS = "|".join(f"(?:{style}){_DETAIL}(?:{_LINK}(?:{style}){_NO_DATE}{_DETAIL})*" for style in STYLES)
# Most texts mention nothing: this is a fifth of the price of looking for it.
_HINT = re.compile(
    r"(?<!\w)(?:art(?:\s?[ií]|s?\b|s?\.?[ºª°])|se[cç]|§|cap(?:[ií]|s?\.)|chap|t(?:í|i\u0301?)t|anex|annex|ap(?:é|e\u0301?)n|appen|schedule|cl[aá]|provision|disp|prelim"
    r"|fundament|antecedente|hechos?\s+probado|legal\s+ground|(?-i:F\.?\s?[DJ]\.?\s?[0-9])|estipul|stipul|recital|considerando"
    r"|a\sr?\s?t\s|(?-i:Parte?\b|PARTE?\b|Libro\b|LIBRO\b|Book\b|BOOK\b|Rule|RULE|Regla|REGLA|Norma|NORMA|D\.?\s?[TAFD]\.?\s?[0-9]))",
    re.IGNORECASE,
)
# Looking ahead for a first letter spares every other word the long alternation.
_MENTION = re.compile(rf"(?<!\w)(?=[abcdefhlnprst§])(?:{_KIND})(?!(?<=[^\W\d_])[^\W\d_]){_MARK}\s*(?P<numbers>{_LISTS})", re.IGNORECASE)
_MEMBER = re.compile(rf"(?P<link>{_LINK})?(?P<number>{NUMBER}){_DETAIL}", re.IGNORECASE)
_ORDINAL_FIRST = re.compile(
    rf"(?<![\w-])(?=[0-9{''.join(sorted({word[0] for word in ORDINAL_VALUES}))}])"
    rf"(?P<number>{ORDINAL}|[0-9]{{1,3}}(?:st|nd|rd|th|\.?[ºª]))\s+(?:{_KIND})(?!\w)",
    re.IGNORECASE,
)
_RANGE = re.compile(r"\s*(?:a|al|to|through|hasta|[-–—])(?:\s|$)", re.IGNORECASE)
_FROM = re.compile(r"\b(?:from|del?|desde(?:\s+el)?)\s+(?:the\s+)?$", re.IGNORECASE)
_TO = re.compile(r"\s*(?:a|al|to|through|hasta)(?:\s+(?:el|la|the))?\s*", re.IGNORECASE)
_DETERMINED = re.compile(r"\b(?:an?|the|this|that|these|those|every|each|any|which|my|your|his|her|our|their|una?)\s+$", re.IGNORECASE)
# "Article 4 and 3 inspectors": after a kind word in the singular, a number before a noun counts things.
_COUNTS = re.compile(
    r"\s+(?!(?:del?|en|a|al|con|por|para|que|se|y|o|e|no|of|in|on|to|for|from|and|or|with|under|do|does|is|are|was|were|not|"
    r"say|says|allow|allows|permit|permits|provide|provides|cover|covers|mean|means|apply|applies|regulate|regulates|"
    r"dicen?|permiten?|establecen?|prevén?|regulan?|son|es)\b)[^\W\d_]{2,}",
    re.IGNORECASE,
)
_CAPITAL_KIND = re.compile(r"[\s#>*_]*[A-Z§]")
_PRELIMINARY = re.compile(
    r"(?<!\w)(?:(?P<before>t(?:í|i\u0301?)tulo|cap(?:í|i\u0301?)tulo)\s+preliminar|preliminary\s+(?P<after>title|chapter))(?!\w)",
    re.IGNORECASE,
)
_SINGLE = re.compile(rf"(?:{any_of(PROVISIONS, singular)})\s*(?:[.:—–-]|$)", re.IGNORECASE)
_SIGNS = ("º", "ª", "°", "o")
_HEADING = re.compile(
    rf"[\s#>*_]*(?:{_KIND}){_MARK}[\s*_]*(?:(?P<plain>{DIGITS}|(?=(?-i:[IVXLC])){ROMAN}|(?-i:[A-Z])(?=\s+\w))|(?P<spelled>{NUMBER}))[*_]*\s*(?P<rest>.*)",
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
PRELIMINARY = "preliminary"
"""Number of the title or chapter before the first."""
_FEWEST_WORDS = 2
_LARGEST_RANGE = 200
_LONGEST_HEADING = 120
_LONGEST_TITLED = 60
_TITLED = ("part", "title", "chapter")


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
        if kind in ("title", *_ALSO_NOUNS) or plural:  # "his second title", "their first articles"
            continue
        number = spelled(match["number"]) or re.sub(r"\D", "", match["number"])
        mentions.append(Mention(Reference(kind, str(number)), match.start(), match.end()))
    mentions += [Mention(_preliminary(match), match.start(), match.end()) for match in _PRELIMINARY.finditer(text)]
    return _with_far_ranges(text, sorted(mentions, key=lambda mention: mention.start))


def _with_far_ranges(text: str, mentions: list[Mention]) -> list[Mention]:
    """`mentions` with what lies between "from article 6 to article 8", each with its own kind word."""
    result = mentions[:1]
    for before, after in itertools.pairwise(mentions):
        same = before.reference.kind == after.reference.kind and _TO.fullmatch(text, before.end, after.start)
        if same and _FROM.search(text, max(0, before.start - 12), before.start):
            result += [Mention(between, before.start, after.end) for between in _between(before.reference, after.reference.number)]
        result.append(after)
    return result


def _between(first: Reference, last: str) -> list[Reference]:
    """The provisions after `first` and before number `last`, if that is a range of reasonable size."""
    if not (first.number.isdigit() and last.isdigit()) or int(last) - int(first.number) > _LARGEST_RANGE:
        return []
    return [Reference(first.kind, str(number)) for number in range(int(first.number) + 1, int(last))]


def heading_reference(line: str) -> Reference | None:
    """The provision whose text begins with `line`, or None if the line is prose that merely starts with one.

    "Artículo 4. Objeto", "**Article IV** — Aid" and "ANEXO II" open a provision; "Article 4 permits ..." and "Artículos 4 y 5" do not.
    """
    match = _HEADING.match(line[:400])
    if match is None:
        return _ordinal_heading(line[:400]) or _unnumbered_heading(line[:400].strip(" #>*_\t"))
    rest = match["rest"].strip().strip("*_")
    opens = not rest or rest[0] in ".:—–-­)" or (rest[0] == "(" and not re.match(r"\(\w{1,3}\)", rest))
    plain = match["plain"] or ""
    # "Art. 4.º La nación ...", "Artículo 4 Objeto y ámbito.": a capital after the number, but for "Article 4 TFEU ..."
    capital = re.match(r"[A-ZÁÉÍÓÚÑ](?:[a-záéíóúñ]|\s)", rest) is not None and _CAPITAL_KIND.match(line) is not None
    titled = plain and len(line) <= _LONGEST_HEADING and rest[:1].isupper() and (rest[-1:] not in ".;,?" or capital)
    signed = plain[-1:] in _SIGNS and capital
    kind = _kind(match)
    # "Part One General conditions"
    in_words = (
        kind in _TITLED and (match["spelled"] or "").istitle() and capital and len(line) <= _LONGEST_TITLED and rest[-1] not in ".;,?"
    )
    if not (opens or titled or signed or in_words) or re.match(rf"[-–—]\s?(?:{NUMBER})", rest, re.IGNORECASE):
        return None
    value = _normal(match["plain"] or match["spelled"], kind)
    return Reference(kind, value) if value else None


def _ordinal_heading(line: str) -> Reference | None:
    """The provision of "Primera disposición transitoria." and "First transitional provision"."""
    match = _ORDINAL_FIRST.match(line.strip(" #>*_\t"))
    if match is None or not _kind(match).endswith("provision") or not re.match(r"\s*(?:[.:—–(-]|$)", line.strip(" #>*_\t")[match.end() :]):
        return None
    value = spelled(match["number"]) or re.sub(r"\D", "", match["number"])
    return Reference(_kind(match), str(value))


def _preliminary(match: re.Match[str]) -> Reference:
    kind = (match["before"] or match["after"])[0].casefold()
    return Reference("title" if kind == "t" else "chapter", PRELIMINARY)


def _unnumbered_heading(line: str) -> Reference | None:
    """The provision of "Título preliminar", and of a "Disposición final." without number, which is the only one of its kind."""
    if match := _PRELIMINARY.match(line):
        rest = line[match.end() :].lstrip(" *_")
        opens = not rest or rest[0] in ".:—–-(" or (rest[0].isupper() and len(line) <= _LONGEST_HEADING)
        return _preliminary(match) if opens else None
    single = _SINGLE.match(line)
    return Reference(_kind(single), "1") if single and line[0].isupper() else None


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
        if kind in _ALSO_NOUNS and not _numbers_noun(member["number"]):
            return
        capital = len(member["number"]) == 1 and member["number"].isupper()
        counts = _IS_PRONOUN.match(text, member.start()) if capital else _COUNTS.match(text, member.end())
        if match[0].startswith(_ALSO_VERBS) and counts:
            return
        if match[0].startswith("schedule") and (len(value) > 3 or folded(member["number"]) in CARDINAL_VALUES):
            return  # "the holiday schedule 2024", "schedule one"
        year = before is not None and len(before) < 4 and re.fullmatch("(?:19|20)[0-9]{2}", value)
        if before is not None and (year or (singular and _COUNTS.match(text, member.end()))):
            return
        start = match.start() if before is None else member.start("number")
        if before and _RANGE.match(member["link"]):
            for between in _between(Reference(kind, before), value):
                yield Mention(between, start, member.end("number"))
        yield Mention(Reference(kind, value), start, member.end("number"))
        before = value


def _is_prose(match: re.Match[str], number: str) -> bool:
    """Whether what looks like a number is a pronoun or counts what follows: "an article I wrote", "this article two people read"."""
    if number != "I" and folded(number) not in CARDINAL_VALUES:
        return False
    followed = re.match(r"\s+[a-z]", match.string[match.end() : match.end() + 8])
    before = match.string[max(0, match.start() - 8) : match.start()]
    return match[0][0].islower() and followed is not None and _DETERMINED.search(before) is not None


def _numbers_noun(number: str) -> bool:
    """Whether a number behind "Part" or "Book" is one of theirs: in figures, an ordinal, or with a capital ("Book One")."""
    return number[0].isdigit() or number[0].isupper() or folded(number) in ORDINAL_VALUES


def _normal(number: str, kind: str) -> str | None:
    return normal(number, lettered=kind in LETTERED, decimal=kind in _DECIMAL)


def _kind(match: re.Match[str]) -> str:
    kind = kind_in(match)
    assert kind is not None
    return kind
