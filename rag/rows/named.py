"""Rows of tables that a question tells from their neighbours by a code ("Q2") or by a number of something ("size 56", "route 4").

A number counts with the word before it, which stands before it in the row, too, or is what its column is called. It knows no other
language's word for it ("talla 56"), and nothing of ranges.
"""

import re
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from rag.language import FUNCTION_WORDS
from rag.lexicon import CALENDAR
from rag.naming.products import codes
from rag.rows.columns import in_row, labelled_cells
from rag.types import Hit
from rag.verification.claims import plain

Spans = Sequence[tuple[int, tuple[int, int]]]
"""Sentences: index in the hits, and place in its passage."""

Told = npt.NDArray[np.int_]
"""Of each sentence 1 if it is a row that is asked for, -1 if it is one of others beside it, 0 of all else."""

_NUMBERED = re.compile(r"(?P<what>[^\W\d_]{3,}?)s?[^\S\n]?[:.º#]?[^\S\n]?(?P<number>\d{1,4})(?![\w/:-]|[.,]\d)")


def rows_of_codes(question: str, hits: Sequence[Hit], spans: Spans) -> Told:
    """Which sentences are rows with a code that the question names; where none has it, none is of others."""
    asked = codes(question)
    told = _told(lambda row: 1 if asked & codes(row) else -1, hits, spans) if asked else np.zeros(len(spans), dtype=int)
    with_code = {hits[index].passage.source for (index, _), own in zip(spans, told.tolist(), strict=True) if own > 0}
    return np.array([own if hits[index].passage.source in with_code else 0 for (index, _), own in zip(spans, told.tolist(), strict=True)])


def rows_of_numbers(question: str, hits: Sequence[Hit], spans: Spans) -> Told:
    """Which sentences are rows with the numbers that the question names, and which have others instead."""
    asked = numbered(question)
    whats = {name.split()[0] for name in asked}

    def of(row: str) -> int:
        own = {name for name in numbered(row) if name.split()[0] in whats}
        missed = {name.split()[0] for name in own} - {name.split()[0] for name in own & asked}
        return -1 if missed else int(bool(own))

    return _told(of, hits, spans) if asked else np.zeros(len(spans), dtype=int)


def numbered(text: str) -> set[str]:
    """What `text` calls by a number, without accents: "size 56" of "in size 56" and of "Size: 56 cm"."""
    found = ((match["what"], match["number"]) for match in _NUMBERED.finditer(plain(text)))
    return {f"{what} {number}" for what, number in found if what not in FUNCTION_WORDS and what not in CALENDAR}


def _told(of: Callable[[str], int], hits: Sequence[Hit], spans: Spans) -> Told:
    found = np.zeros(len(spans), dtype=int)
    for place, (index, (start, end)) in enumerate(spans):
        text = hits[index].passage.text
        if in_row(text, start, end):
            found[place] = of(labelled_cells(text, start, end))
    return found
