"""Lays out the text of a document as lines: paragraphs, list items, table rows and headings, with the positions of headings and pages.

Knows no format: the readers tell it what begins and ends. Gaps, spaces, list marks and cell separators wait until text follows them, so
empty elements leave no trace and positions are exact.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from rag.load.characters import clean
from rag.load.heads import joined_head
from rag.types import Heading

SPACES = re.compile(r"\s+")
LONGEST_REPEATED = 100
MOST_COLUMNS = 500
MOST_REPEATED = 20
RAISED = re.compile(r"[-−+]?\d{1,3}")
TO_RAISED = str.maketrans("0123456789-−+", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻⁺")


@dataclass(slots=True)
class _Table:
    """Where a table begins (parts, characters, pages and headings before it), and its rows: the text and the columns of each cell."""

    begin: tuple[int, int, int, int]
    rows: list[list[tuple[str, int]]] = field(default_factory=list)

    @property
    def width(self) -> int:
        return sum(columns for _, columns in self.rows[0]) if self.rows else 0


class Layout:
    """Text under construction; `headings` and `pages` grow with it."""

    def __init__(self) -> None:
        self.headings: list[Heading] = []
        self.pages: list[int] = []
        self._new_pages = 0
        self._parts: list[str] = []
        self._length = 0
        self._gap = 0
        self._space = False
        self._marker = ""
        self._in_cell = False
        self._cells = 0
        self._cell_part = 0
        self._table: _Table | None = None
        self._row: list[tuple[str, int]] = []
        self._separators = 0
        self._level = 0
        self._heading: tuple[int, int] | None = None

    def text(self) -> str:
        """What has been written."""
        return "".join(self._parts).rstrip()

    def gap(self, lines: int) -> None:
        """Ask for this many line ends before the next text (2 leave a blank line); a space in a table cell or for a break in a heading."""
        if self._in_cell or (self._heading and lines == 1):
            self._space = True
            return
        if self._heading:
            self.end_heading()
        if not self._marker:
            self._gap = max(self._gap, lines)

    def begin_page(self) -> None:
        """Begin a page: it starts at the next text, or at the end if there is none."""
        self._new_pages += 1

    def end(self) -> "Layout":
        """Finish: what follows no more is let go."""
        self.end_heading()
        length = len(self.text())
        self.pages = [min(start, length) for start in self.pages] + [length] * self._new_pages
        self._new_pages = 0
        return self

    def heading(self, level: int, text: str) -> None:
        """Write a heading of its own paragraph."""
        self.gap(2)
        self.begin_heading(level)
        self.write(text)
        self.end_heading()
        self.gap(2)

    def paragraph(self, text: str) -> None:
        """Write a paragraph of its own."""
        self.gap(2)
        self.write(text)
        self.gap(2)

    def row(self, cells: Iterable[str]) -> None:
        """Write a table row of its own line."""
        self.break_row()
        for cell in cells:
            self.begin_cell()
            self.write(cell)
            self.end_cell()
        self.break_row()

    def begin_item(self, marker: str) -> None:
        """Begin a list item."""
        self.gap(1)
        self._marker = "" if self._in_cell else marker

    def end_item(self) -> None:
        """End a list item; the mark of an empty one goes."""
        self._marker = ""
        self.gap(1)

    def begin_table(self) -> None:
        """Begin a table: a head of two rows becomes one."""
        self.gap(2)
        self._table = _Table((len(self._parts), self._length, len(self.pages), len(self.headings)))

    def end_table(self) -> None:
        """End a table."""
        self.break_row()
        self._table = None
        self.gap(2)

    def break_row(self) -> None:
        """Begin or end a table row."""
        self._in_cell = False
        row, self._row = self._row, []
        if self._table and row and (len(row) > 1 or self._table.rows):  # a single cell above the head is a caption
            self._table.rows.append(row)
            if len(self._table.rows) == 2:
                self._join_head(self._table)
        self._cells = self._separators = 0
        self.gap(1)

    def begin_cell(self) -> None:
        """Begin a cell of a table row."""
        self._in_cell = True
        self._space = False
        self._separators += self._cells > 0
        self._cells += 1
        self._cell_part = len(self._parts)

    def end_cell(self, columns: int = 1) -> str:
        """End a cell of a table row; returns its text if that is short enough to be said again in the rows that the cell reaches into.

        One that takes several columns, below the head and not all of them, is said in each.
        """
        self._in_cell = False
        text = "".join(self._parts[self._cell_part + 1 :])  # the first part is what leads to it
        again = text if len(text) <= LONGEST_REPEATED else ""
        if self._table:
            self._row.append((text, columns))
            for _ in range(min(columns, MOST_REPEATED) - 1 if columns < self._table.width else 0):
                self._write_cell(again)
        return again

    def _write_cell(self, text: str) -> None:
        self.begin_cell()
        self.write(text)
        self._in_cell = False

    def _join_head(self, table: _Table) -> None:
        """Write the first two rows again as one, if they are a head; not where a page or a heading begins inside them."""
        first, second = ([text for text, columns in row for _ in range(min(columns, MOST_COLUMNS))] for row in table.rows)
        names, (parts, length, pages, headings) = joined_head(first, second), table.begin
        text = length + (2 if length else 0)
        if names and headings == len(self.headings) and all(page <= text for page in self.pages[pages:]):
            del self._parts[parts:]
            self._length, self._gap, self._cells, self._separators = length, 2, 0, 0
            table.rows = [[(name, 1) for name in names]]
            for name in names:
                self._write_cell(name)

    def begin_heading(self, level: int) -> None:
        """Begin a heading; its span starts at the next text."""
        self.end_heading()
        self._level = level

    def end_heading(self) -> None:
        """End the heading, if one has begun; without text it is none."""
        if self._heading:
            start, part = self._heading
            text = "".join(self._parts[part:]).rstrip()
            self.headings.append(Heading(start, start + len(text), self._level, text))
        self._heading = None
        self._level = 0

    def write(self, text: str, *, verbatim: bool = False, raised: bool = False) -> None:
        """Add visible text; its white space is collapsed unless it is `verbatim`."""
        text = clean(text)
        waits = self._gap or self._space or self._separators
        if raised and not waits and self._parts and self._parts[-1][-1:].isdigit() and RAISED.fullmatch(text.strip()):
            text = text.translate(TO_RAISED)  # "10" and a raised "6" are not 106
        if verbatim and not self._in_cell and not self._level:
            if text.strip() or (self._length and not self._gap):
                self._flush(text)
                self._space = False
            return
        collapsed = SPACES.sub(" ", text)
        words = collapsed.strip()
        self._space = self._space or collapsed[:1] == " "
        if words:
            self._flush(words)
            self._space = collapsed[-1] == " "

    def _flush(self, text: str) -> None:
        """Append what waits and then `text`."""
        lead = "\n" * self._gap if self._length else ""
        if self._separators:
            lead += "| " * self._separators if lead or not self._length else " |" * self._separators + " "
        elif self._space and self._length and not lead:
            lead = " "
        lead += self._marker
        self._parts.append(lead)
        self._length += len(lead)
        if self._new_pages:
            self.pages += [self._length - len(self._marker)] * self._new_pages
            self._new_pages = 0
        if self._level and not self._heading:
            self._heading = self._length, len(self._parts)
        self._parts.append(text)
        self._length += len(text)
        self._gap = self._separators = 0
        self._marker = ""
