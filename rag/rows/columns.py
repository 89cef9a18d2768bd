"""Rows of tables in a text: where the row of a sentence begins and ends, and what its columns are called.

A row is a line with a bar between its cells, as Markdown writes it ("| 5 | 9 |") and as HTML and Word tables are laid out ("5 | 9"). Rows
of sheets name their columns themselves ("Year: 5 | Total: 9"). It does not know a table whose head is in another passage.
"""

import re
from dataclasses import dataclass

DELIMITER = re.compile(
    r"^[ \t]*\|?[ \t]*:?-{3,}:?[ \t]*(?:\|[ \t]*:?-{3,}:?[ \t]*)+\|?[ \t]*$|^[ \t]*\|[ \t]*:?-{3,}:?[ \t]*\|[ \t]*$", re.MULTILINE
)
"""The line below the head of a Markdown table."""
FENCE = re.compile(r"(?m)^[ \t]*(?:```|~~~)[^\n`]*$")
"""The line above or below code in Markdown."""

_BAR = re.compile(r"(?:^|\s)\|(?:\s|$)")
FIGURE = re.compile(r"[-+]?[\d.,\s]*\d[\d.,\s]*[%€$£]?")
"""A cell that is a number: no name of a column."""

_LONGEST_HEAD = 300


@dataclass(frozen=True, slots=True)
class Row:
    """A row at `start:end` of a text, without its outer bars.

    `columns` names its columns ("Item, Limit, Excess"), if the table has a head; `is_head` tells that it is that head.
    """

    start: int
    end: int
    columns: str
    is_head: bool


def row_at(text: str, start: int, end: int) -> Row | None:
    """The row that the characters `start:end` of `text` are in, if they are in one of a table of several."""
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end)
    last = len(text) if last < 0 else last
    if "\n" in text[first:last] or not _BAR.search(text[first:last]):
        return None
    head = first
    while head > 0 and _is_of_table(above := text[text.rfind("\n", 0, head - 1) + 1 : head - 1]):
        head -= len(above) + 1
    line, *below = text[head:].split("\n", 2)
    if not below or not _is_of_table(below[0]):
        return None
    cells = [cell.strip(" *_`") for cell in line.strip().strip("|").split("|")]
    apart = len(set(cells)) == len(cells) and not any(FIGURE.fullmatch(cell) or ":" in cell for cell in cells)
    named = (DELIMITER.fullmatch(below[0]) is not None or apart) and len(line) <= _LONGEST_HEAD
    is_head = named and head == first
    first += len(text[first:last]) - len(text[first:last].lstrip("| \t"))
    last -= len(text[first:last]) - len(text[first:last].rstrip("| \t"))
    return Row(first, last, ", ".join(filter(None, cells)) if named else "", is_head=is_head)


def in_row(text: str, start: int, end: int) -> bool:
    """Whether the characters `start:end` have a bar between cells."""
    return " | " in text[start:end]


def is_head(text: str, start: int, end: int) -> bool:
    """Whether the characters `start:end` are the head of a table, or the line below it, which say nothing alone."""
    if DELIMITER.fullmatch(text, start, end):
        return True
    row = row_at(text, start, end)
    return row is not None and row.is_head


def labelled_cells(text: str, start: int, end: int) -> str:
    """The row of the characters `start:end`, its cells with the names of their columns ("Size: 56 | Price: 6 €") if these have any."""
    row = row_at(text, start, end)
    if row is None or not row.columns or row.is_head:
        return text[start:end]
    names, cells = row.columns.split(", "), [cell.strip() for cell in text[row.start : row.end].split("|")]
    return " | ".join(f"{name}: {cell}" for name, cell in zip(names, cells, strict=True)) if len(names) == len(cells) else text[start:end]


def _is_of_table(line: str) -> bool:
    return _BAR.search(line) is not None or DELIMITER.fullmatch(line) is not None
