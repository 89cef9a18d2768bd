"""Heads of tables that take two rows: "Plan" and "Actual" below "2023" name their columns "2023 / Plan" and "2023 / Actual".

It does not know heads of three rows, nor those of a PDF, whose cells are known by their gaps alone.
"""

import re
from collections.abc import Sequence

from rag.rows.columns import FIGURE

YEAR = re.compile(r"(?:1[89]|20)\d\d")
LONGEST_NAME = 80


def is_name(cell: str) -> bool:
    """Whether a cell can be the name of a column: no figure but a year."""
    return len(cell) <= LONGEST_NAME and (YEAR.fullmatch(cell) is not None or not FIGURE.fullmatch(cell))


def joined_head(first: Sequence[str], second: Sequence[str]) -> list[str] | None:
    """The names of the columns that two rows make, or None if the second row is not part of a head.

    Args:
        first: what a merged cell says stands in each of its columns, or in the first of them only.
        second: what a cell says that is merged with the one above stands here again, or nothing.
    """
    width = max(len(first), len(second))
    above, below = ([" ".join(cell.split()) for cell in (*row, *[""] * (width - len(row)))] for row in (first, second))
    for column in range(2, width):
        if not above[column] and below[column]:
            above[column] = above[column - 1]
    shared = [bool(name) and name in (above[max(column - 1, 0)] if column else "", *above[column + 1 : column + 2])
              for column, name in enumerate(above)]  # fmt: skip
    if width < 3 or shared[0] or not any(shared) or not all(map(is_name, (*above, *below))) or not (above[0] or below[0]):
        return None
    pairs = list(zip(above, below, strict=True))
    divided = [pair for pair, over_several in zip(pairs, shared, strict=True) if over_several]
    alone = [pair for pair, over_several in zip(pairs, shared, strict=True) if not over_several]
    if len(set(divided)) < len(divided) or any(not under or under == over for over, under in divided):
        return None
    if any(over and under not in ("", over) for over, under in alone):
        return None
    return [f"{over} / {under}" if over_several else over or under for (over, under), over_several in zip(pairs, shared, strict=True)]
