"""Rows of sheets as text: each is a paragraph that says the name of the column before every value, so that it can be understood alone.

The first row of at least two texts names the columns, with the row below where a head takes two (`rag.load.heads`); rows of one cell above
it are captions. Without such a row the values stand alone. Days are written in words, in the language of the sheet.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.dates import written
from rag.language import detect
from rag.load.heads import LONGEST_NAME, YEAR, is_name, joined_head
from rag.load.layout import Layout

MOST_ROWS = 200_000
MOST_COLUMNS = 500
SAMPLE_ROWS = 50


@dataclass(frozen=True, slots=True)
class Day:
    """A day, a month or a year in ISO form, with what stands behind it (a time)."""

    date: str
    behind: str = ""


Value = str | Day


def write_rows(layout: Layout, values: Sequence[Sequence[Value]]) -> None:
    """Lay out the rows of a sheet."""
    rows = _said(values)
    place = next((number for number, row in enumerate(rows) if sum(map(bool, row)) > 1), len(rows))
    head = rows[place : place + 2]
    two = joined_head(*head) if len(head) == 2 and any(map(any, rows[place + 2 :])) else None
    first = two or _once(head[0] if head else ())
    names = first if two or (_names_columns(first) and any(map(any, rows[place + 1 :]))) else ()
    for number, row in enumerate(rows):
        if names and place <= number <= place + bool(two):
            continue
        cells = [cell for cell in row if cell]
        if number == 0 < place and _is_title(cells):
            layout.heading(2, cells[0])
        elif number < place or len(cells) == 1 == sum(map(bool, names)):
            layout.paragraph(" ".join(cells))
        elif cells:
            layout.paragraph(" | ".join(_named(names, column, cell) for column, cell in enumerate(row) if cell))


def said_beside(cells: Sequence[Value], merged: Sequence[tuple[int, int]]) -> list[Value]:
    """A row whose merged cells, each a column and how many it takes, say in each what they say; not one that is the whole row."""
    said = list(cells)
    for column, columns in merged:
        others = any(cell for place, cell in enumerate(cells) if not column <= place < column + columns)
        if others and column < len(said):
            said[column : column + columns] = [said[column]] * len(said[column : column + columns])
    return said


def _said(values: Sequence[Sequence[Value]]) -> list[list[str]]:
    """The rows as texts: days in the language of the names of the columns, or else of what is around them."""
    sample = [[cell for cell in row if isinstance(cell, str)] for row in values[:SAMPLE_ROWS]]
    head = next((row for row in sample if sum(map(bool, row)) > 1), [])
    language = detect(" ".join(head).lower(), detect(" ".join(" ".join(row) for row in sample)))
    return [[cell if isinstance(cell, str) else f"{written(cell.date, language)} {cell.behind}".strip() for cell in row] for row in values]


def _is_title(cells: Sequence[str]) -> bool:
    """Whether the first row is what the sheet is called: a line without a full stop or a figure."""
    return len(cells) == 1 and len(cells[0]) <= LONGEST_NAME and cells[0][-1] not in ".:;!?" and not re.search(r"\d", cells[0])


def _once(row: Sequence[str]) -> list[str]:
    """A row in which what a merged cell says stands only in its first column."""
    return [cell if not place or cell != row[place - 1] else "" for place, cell in enumerate(row)]


def _names_columns(row: Sequence[str]) -> bool:
    cells = [cell.strip() for cell in row if cell]
    named = [cell for cell in cells if not YEAR.fullmatch(cell)]
    return len(set(cells)) == len(cells) and bool(named or (row and not row[0])) and all(map(is_name, named))


def _named(names: Sequence[str], column: int, cell: str) -> str:
    name = names[column].strip().rstrip(":") if column < len(names) else ""
    return f"{name}: {cell}" if name else cell
