"""Rows of sheets as text: each is a paragraph that says the name of the column before every value, so that it can be understood alone.

The first row of at least two texts names the columns; rows of one cell above it are captions. Without such a row the values stand alone.
"""

import re
from collections.abc import Sequence

from rag.columns import FIGURE
from rag.load.layout import Layout

MOST_ROWS = 200_000
MOST_COLUMNS = 500
YEAR = re.compile(r"(?:1[89]|20)\d\d")
LONGEST_NAME = 80


def write_rows(layout: Layout, rows: Sequence[Sequence[str]]) -> None:
    """Lay out the rows of a sheet."""
    place = next((number for number, row in enumerate(rows) if sum(map(bool, row)) > 1), len(rows))
    names = rows[place] if place < len(rows) and _names_columns(rows[place]) and any(map(any, rows[place + 1 :])) else ()
    for number, row in enumerate(rows):
        if number == place and names:
            continue
        cells = [cell for cell in row if cell]
        if number < place or len(cells) == 1 == sum(map(bool, names)):
            layout.paragraph(" ".join(cells))
        elif cells:
            layout.paragraph(" | ".join(_named(names, column, cell) for column, cell in enumerate(row) if cell))


def _names_columns(row: Sequence[str]) -> bool:
    cells = [cell.strip() for cell in row if cell]
    named = [cell for cell in cells if not YEAR.fullmatch(cell)]
    return (
        len(set(cells)) == len(cells)
        and bool(named or not row[0])
        and all(len(cell) <= LONGEST_NAME and not FIGURE.fullmatch(cell) for cell in named)
    )


def _named(names: Sequence[str], column: int, cell: str) -> str:
    name = names[column].strip().rstrip(":") if column < len(names) else ""
    return f"{name}: {cell}" if name else cell
