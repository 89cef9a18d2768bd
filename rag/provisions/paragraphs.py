"""Paragraphs and letters of a provision: what "4(2)(b)", "4.2.b)" and "letra b) del apartado 2" ask for, and where it stands in the text.

It knows paragraphs that begin a line with their number ("2.", "(2)", "2.º", "II.", or "6.2." in article 6) or letter ("b)", "(b)"). Only
where a provision numbers nothing are its paragraphs counted ("párrafo segundo"); letters belong to the one before them.
"""

import itertools
import re

from rag.provisions.numbers import DETAIL, spelled
from rag.references import Mention, heading_reference

Part = tuple[str, ...]
"""Number of a paragraph, then a letter, both in normal form: ("2", "b"); a letter alone is ("b",)."""

PARA = r"para(?:\.|(?=\s?[0-9]{1,2}(?![0-9])))"
"""Short for a paragraph; "para 2024" is Spanish and is not."""

_UNIT = rf"(?:apartados?|párrafos?|parrafos?|numeral(?:es)?|incisos?|paragraphs?|{PARA}|subsections?|points?|puntos?|§)"
_POINT = r"(?:letras?|points?|letters?|subparagraphs?|incisos?|literal(?:es)?)"
_ORDINALS = "first|second|third|fourth|fifth|sixth|last|primer[oa]?|segund[oa]|tercer[oa]?|cuart[oa]|quint[oa]|sext[oa]|últim[oa]"
_VALUE = r"(?P<{0}>\d{{1,3}}(?!\d)|[ivx]{{1,5}}\b|[A-H]\b|" + _ORDINALS + ")"
_AFTER = re.compile(
    r"(?:\s?[.,]?\s?(?:"
    rf"\((?P<round>{DETAIL})\)|"
    r"(?<=[\dIVX])\.(?P<dotted>\d{1,3})(?!\d)(?:\.?ª)?|\.?\s?(?P<lettered>[a-z])\)|\.(?P<bare>[a-z])\b(?!\.)|"
    rf"(?P<counted>{_ORDINALS})\s+(?:{_UNIT}|subparagraphs?)\b|"
    rf"{_UNIT}\s*\(?{_VALUE.format('unit')}\)?(?:\.?[ºª])?|{_POINT}\s*\(?(?P<point>[a-z])\b\)?|(?P<space>[a-z])\)))",
    re.IGNORECASE,
)
_POINT_BEFORE = re.compile(rf"\b{_POINT}\s*\(?(?P<point>[a-z])\)?(?:\s*,)?\s+(?:of|del?|in)\s+(?:(?:the|el|la)\s+)?$", re.IGNORECASE)
_UNIT_BEFORE = re.compile(
    rf"(?:\b{_UNIT}\s*\(?{_VALUE.format('value')}\)?(?:\.?[ºª])?|\b(?P<ordinal>{_ORDINALS})\s+(?:{_UNIT}|subparagraphs?))"
    r"(?:\s*,)?\s+(?:of|del?|in)\s+(?:(?:the|el|la)\s+)?$",
    re.IGNORECASE,
)
_NUMBERED = r"(?m:^[ \t>*_]*(?:\({0}\)|{0}(?:\.?[ºª°])?[.)](?:-|\s|[ºª°])|{0}[ºª°]\.?\s))"
_ANY_NUMBER = re.compile(_NUMBERED.format(r"\d{1,3}"))
_ANY_LETTER = re.compile(r"(?m:^[ \t>*_]*(?:\([a-zñ]\)|[a-zñ]\)|[a-zñA-H]\.(?=\s)|[A-H]\)))")
_DIVISION = re.compile(r"(?m:^[ \t>*_]*[A-H](?:\.(?=\s)|\)))")
_INLINE_FIRST = re.compile(r"(?m)^[^\n]{1,40}[.:º—–-]\s*1\s?[.)ºª]\s")
_DOTTED = r"(?m:^[ \t>*_]*\d{{1,3}}\.{0}[.)]?[*_]*\s+(?=[^\W\d_]))"
_BLOCK = re.compile(r"\S(?:[^\n]|\n(?!\s*\n))*")
FAR = 100  # characters before a provision in which its paragraph may be named
LAST = "last"
_ROMAN = (
    "",
    "I",
    "II",
    "III",
    "IV",
    "V",
    "VI",
    "VII",
    "VIII",
    "IX",
    "X",
    "XI",
    "XII",
    "XIII",
    "XIV",
    "XV",
    "XVI",
    "XVII",
    "XVIII",
    "XIX",
    "XX",
)


def part_of(question: str, mention: Mention) -> Part:
    """The paragraph and letter of the provision `mention` that `question` asks for; empty if it asks for all of it."""
    number = re.search(r"\d[\d.]*", question[mention.start : mention.end])
    found: list[str] = []
    position = mention.end
    if number and "." in number[0].rstrip(".") and mention.reference.kind not in ("section", "rule"):
        digits = number[0].rstrip(".").split(".")
        found += [] if len(digits) == 2 and len(digits[1]) == 3 else digits[1:]
    while match := _AFTER.match(question, position):
        found += [value for value in match.groups() if value]
        position = match.end()
    before = question[max(0, mention.start - FAR) : mention.start]
    if not found and (unit := _UNIT_BEFORE.search(before)):
        found.append(unit["value"] or unit["ordinal"])
        before = before[: unit.start()]
    if (not found or _plain(found[-1]).isdigit()) and (point := _POINT_BEFORE.search(before)):
        found.append(point["point"])
    return tuple(_plain(value) for value in found[:3])


def part_span(text: str, part: Part) -> tuple[int, int] | None:
    """Where the paragraph and letter `part` stand in the text of a provision; None if they are not there."""
    start, end = 0, len(text)
    for place, value in enumerate(part):
        span = _paragraph(text, start, end, value) if value.isdigit() or value == LAST else _letter(text, start, end, value)
        if span is None and place == 0:
            span = _counted(text, value)
        if span is None and place == 0 and value == "1" and not _ANY_NUMBER.search(text, start, end):
            continue  # the only paragraph has no number
        if span is None and place == 0 and value == "1" and (opening := _INLINE_FIRST.search(text, start, end)):
            following = _ANY_NUMBER.search(text, start, end)
            span = opening.start(), following.start() if following else end
        if span is None:
            return None
        start, end = span
    return start, end


def paragraph_around(text: str, position: int) -> tuple[int, int] | None:
    """The numbered paragraph that holds `position`, with its list of letters; None if it has no such list."""
    starts = [match.start() for match in _ANY_NUMBER.finditer(text)]
    start = max((place for place in starts if place <= position), default=None)
    if start is None:
        return None
    end = min((place for place in starts if place > position), default=len(text))
    return (start, start + len(text[start:end].rstrip())) if _ANY_LETTER.search(text, start, end) else None


def _paragraph(text: str, start: int, end: int, number: str) -> tuple[int, int] | None:
    if number == LAST:
        numbers = [match[0].strip(" \t>*_().ºª°-") for match in _ANY_NUMBER.finditer(text, start, end)]
        return _paragraph(text, start, end, numbers[-1]) if numbers and numbers[-1].isdigit() else None
    roman = _ROMAN[int(number)] if int(number) < len(_ROMAN) else number
    for pattern, others in ((number, r"\d{1,3}"), (roman, "[IVX]{1,5}")):
        first = re.compile(_NUMBERED.format(re.escape(pattern))).search(text, start, end)
        if first:
            following = re.compile(_NUMBERED.format(others)).search(text, first.end(), end)
            stop = following.start() if following else end
            division = _DIVISION.search(text, first.end(), stop)
            return first.start(), division.start() if division else stop
    if first := re.compile(_DOTTED.format(re.escape(number))).search(text, start, end):  # "6.2." is paragraph 2 of article 6
        following = re.compile(_DOTTED.format(r"\d{1,3}")).search(text, first.end(), end)
        return first.start(), following.start() if following else end
    return None


def _counted(text: str, value: str) -> tuple[int, int] | None:
    """The paragraph `value` of a provision that does not number them, counted below its heading; letters belong to the one before."""
    if not (value.isdigit() or value == LAST) or _ANY_NUMBER.search(text) or re.search(_DOTTED.format(r"\d{1,3}"), text):
        return None
    spans = [(match.start(), match.end()) for match in _BLOCK.finditer(text)]
    while spans and (heading_reference(text[slice(*spans[0])]) or text[spans[0][1] - 1] not in ".;:»”"):
        spans.pop(0)
    starts = [start for start, end in spans if not _ANY_LETTER.match(text, start)]
    place = len(starts) if value == LAST else int(value)
    if not 1 <= place <= len(starts) or len(starts) == 1:
        return None
    return starts[place - 1], starts[place] if place < len(starts) else len(text)


def _letter(text: str, start: int, end: int, letter: str) -> tuple[int, int] | None:
    letters = [(match, match[0].strip(" \t>*_().")) for match in _ANY_LETTER.finditer(text, start, end)]
    same = [match for match, own in letters if own == letter] or [match for match, own in letters if own.casefold() == letter.casefold()]
    found = next(iter(same), None)
    if found is None:
        return _inline_letter(text, start, end, letter)
    ends = [match.start() for pattern in (_ANY_LETTER, _ANY_NUMBER) if (match := pattern.search(text, found.end(), end))]
    return found.start(), min(ends, default=end)


_INLINE_LETTER = re.compile(r"(?<=[:;,.])\s+\(?(?P<letter>[a-zñ])\)(?=\s)")
_INLINE_END = re.compile(r"[;.](?=\s+[A-ZÁÉÍÓÚÑ])|\n|$")


def _inline_letter(text: str, start: int, end: int, letter: str) -> tuple[int, int] | None:
    """A letter of a list that runs on in one paragraph: "a) theft; b) damage."."""
    marks = [(match["letter"], match.end() - 2) for match in _INLINE_LETTER.finditer(text, start, end)]
    if not marks or marks[0][0] != "a":
        return None
    for (own, position), (_, after) in itertools.pairwise([*marks, ("", end)]):
        if own == letter:
            stop = _INLINE_END.search(text, position, after) if after == end else None
            return position, stop.end() if stop else after
    return None


def _plain(value: str) -> str:
    text = value if len(value) == 1 else value.casefold()
    if re.fullmatch("last|últim[oa]", text):
        return LAST
    number = spelled(text)
    if number is not None:
        return str(number)
    return str(_ROMAN.index(text.upper())) if len(text) > 1 and text.upper() in _ROMAN else text
