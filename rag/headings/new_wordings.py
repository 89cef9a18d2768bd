"""Provisions of other texts that a text quotes: the new wording in a law that changes another, "«Artículo 5. Horario ...»".

A new wording stands between quotation marks that open right before its first provision, or below a line that announces it ("Article 9 is
replaced by:") and names its provisions. It knows lines; what is announced without a number and without quotation marks is taken for the
law's own.
"""

import re
from collections.abc import Iterator, Sequence

from rag.references import find, heading_reference
from rag.sentences import MARKS, lines

_PAIRS = {"«": "»", "“": "”", "„": "”", "‘": "’", '"': '"', "'": "'"}
_ENDS = r"[*_]*\s*[;,.:)]*\s*(?:(?:y|and)\s*)?$"
_LONGEST = 40_000  # characters of a quotation that is looked for
_ANNOUNCES = re.compile(
    r"\b(?:qued\w+\s+(?:\w+\s+){0,2}redactad\w+|pas\w+ a (?:tener|redactarse|ser|decir)|"
    r"(?:nueva|siguiente) (?:redacción|texto|tenor)|"
    r"siguientes? términos|se (?:modific|añad|adicion|introdu|sustituy|incorpor|reform|insert)\w+|"
    r"(?:is|are|shall be)(?: hereby)? (?:\w+ )?(?:amended|replaced|inserted|added|substituted|revised)|"
    r"(?:to|shall) read|reads as follows)\b",
    re.IGNORECASE,
)


def new_wordings(text: str) -> frozenset[int]:
    """Where the lines of `text` start, whose line ends are line feeds, that belong to new wordings of other texts."""
    if not (any(mark in text for mark in _PAIRS) or _ANNOUNCES.search(text)):
        return frozenset()
    every = [*lines(text)]
    return frozenset(start for first, end in _runs(every) for start, _ in every[first:end])


def _runs(every: Sequence[tuple[int, str]]) -> Iterator[tuple[int, int]]:
    """First and end of the runs of lines that are new wordings."""
    place, announced = 0, frozenset[str]()
    while place < len(every):
        plain = every[place][1].lstrip(MARKS)
        end = _end_of_quotation(every, place) if plain[:1] in _PAIRS and heading_reference(plain[1:]) else place
        opened = heading_reference(plain) if announced or plain.endswith(":") else None
        if end == place and opened and str(opened) in announced:
            end = place + 1
        elif end > place or opened or plain.endswith(":"):
            announced = frozenset[str]()
        if end > place:
            yield place, end
        if plain.endswith(":") and not opened and _ANNOUNCES.search(plain):
            announced = frozenset(str(mention.reference) for mention in find(plain))
        place = max(end, place + 1)


def _end_of_quotation(every: Sequence[tuple[int, str]], first: int) -> int:
    """The line after the one that ends with the closing mark of the quotation that line `first` opens; `first` itself if none does.

    Where both marks differ, those inside are counted, unless every paragraph opens with one.
    """
    opening = every[first][1].lstrip(MARKS)[0]
    closing = _PAIRS[opening]
    ends = re.compile(re.escape(closing) + _ENDS)
    depth, earliest = 0, first
    for place in range(first, len(every)):
        start, line = every[place]
        if start - every[first][0] > _LONGEST:
            break
        depth += line.count(opening) - line.count(closing)
        closes = ends.search(line, 1) is not None
        if closes and (depth <= 0 or opening in "‘'\""):
            return place + 1
        earliest = place + 1 if closes and earliest == first else earliest
    return earliest
