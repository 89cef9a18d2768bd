"""Headings of provisions as recognition of scanned pages misreads them: "ARTICULO l0", "Art1culo 4", "ARTÍCULO 1O.".

Which number is meant, the headings before tell: after article 9, "1O" is 10, and after none it is "1.º". It knows the letters that are
taken for figures and the other way round; a heading that lost its word or its line is not found.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from rag.headings.implied import Implied
from rag.references import heading_reference
from rag.sentences import MARKS, lines
from rag.types import Reference

_I, _L, _O = "[ií1lI|!]", "[li1I|]", "[oó0O]"
_WORDS = {
    "Artículo": rf"[a4]rt{_I}cu{_L}{_O}",
    "Article": rf"[a4]rt{_I}c{_L}[e3]",
    "Cláusula": rf"c{_L}[aá4]usu{_L}[a4]",
    "Clause": rf"c{_L}[a4]u[s5]e",
    "Capítulo": rf"c[aá4]p{_I}tu{_L}{_O}",
    "Chapter": r"ch[a4]pt[e3]r",
    "Título": rf"t{_I}tu{_L}{_O}",
    "Title": rf"t{_I}t{_L}[e3]",
    "Sección": rf"[s5][e3]cc{_I}[oó0]n",
    "Section": rf"[s5][e3]ct{_I}[o0]n",
}
_HEADING = re.compile(
    "(?:" + "|".join(f"(?P<{word}>{pattern})" for word, pattern in _WORDS.items()) + r")\s+(?P<number>[0-9ilosz|]{1,3})(?!\w)",
    re.IGNORECASE,
)
_FIGURES = {**dict.fromkeys("iIlL|", "1"), **dict.fromkeys("oO", "0"), **dict.fromkeys("sS", "5"), **dict.fromkeys("zZ", "2")}
_MOST_LOST = 2  # headings in a row that could not be read


def misread_headings(text: str) -> dict[int, Implied]:
    """The lines of `text`, whose line ends are line feeds, that open a provision and were misread, by where they start."""
    read = [(start, line, _HEADING.match(line.lstrip(MARKS))) for start, line in lines(text)]
    return {item.start: item for item in _misread(read)} if any(found for *_, found in read) else {}


def _misread(read: Sequence[tuple[int, str, re.Match[str] | None]]) -> Iterator[Implied]:
    last: dict[str, int] = {}
    for start, line, found in read:
        plain = line.lstrip(MARKS)
        known = heading_reference(plain)
        number = int(known.number) if known and known.number.isdigit() else 0
        meant = (
            _meant(plain, found, last) if found and not (known and _is_plain(found["number"], number, last.get(known.kind, 0))) else None
        )
        if meant and found:
            reference, meant_line = meant
            yield Implied(reference, start, start + len(line) - len(plain) + found.end(), line=meant_line)
            last[reference.kind] = int(reference.number)
        elif known and number:
            last[known.kind] = number


def _is_plain(written: str, number: int, before: int) -> bool:
    """Whether a heading that can be read as it is need not be read otherwise: it has figures alone, or goes on from the one before."""
    return written.isdigit() or number == before + 1


def _meant(plain: str, found: re.Match[str], last: Mapping[str, int]) -> tuple[Reference, str] | None:
    """The provision that a misread line opens, and how the line should read; None if its number does not go on from the last one."""
    word = next(word for word in _WORDS if found[word])
    value = int("".join(_FIGURES.get(sign, sign) for sign in found["number"]))
    line = f"{word.upper() if sum(map(str.isupper, found[word])) > len(word) // 2 else word} {value}{plain[found.end() :]}"
    reference = heading_reference(line)
    if reference is None or reference.number != str(value):
        return None
    goes_on = 0 < value - last.get(reference.kind, 0) <= 1 + _MOST_LOST
    return (reference, line) if goes_on or found["number"].isdigit() else None
