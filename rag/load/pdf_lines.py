"""The words of a page put into lines in the order of reading: columns one after the other, table rows with a bar between their cells.

Works on boxes alone, whether they come from a PDF or from a scan. What it does not know: languages, fonts' names, and lines that are
drawn; a table is known by gaps that stand above each other.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

from rag.load.pdf_page import Page, Word

# In heights of the font: words of a line that are further apart begin a new piece, and pieces that differ less in height are on one line.
PIECE_GAP = 0.95
SAME_LINE = 0.45
# A column of text has lines of this many characters, and this many of them.
COLUMN_CHARACTERS = 18
COLUMN_LINES = 3
GUTTER = 6.0
STEP = 2.0
# A gap that all rows of a table share is at least this wide, in points; its rows stand further apart than lines of one cell, by this
# factor.
CELL_GAP = 4.0
ROW_PITCH = 1.2
CELL_PITCH = 1.18
LAST_PITCH = 1.35
DEEPEST = 4


@dataclass
class Line:
    """A line of text as it is read: `limit` is the right edge of its column, `cells` are the words of each cell if it is a table row."""

    words: list[Word]
    limit: float = 0.0
    cells: list[list[Word]] | None = None

    @cached_property
    def text(self) -> str:
        """The text, the cells of a row with bars between them."""
        if self.cells is None:
            return _spoken(self.words)
        shown = [_spoken(words) for words in self.cells]
        return "".join(f" | {cell}" if number and cell else " |" if number else cell for number, cell in enumerate(shown)).strip()

    @cached_property
    def left(self) -> float:
        """Where the text begins."""
        return min(word.left for word in self.words)

    @cached_property
    def right(self) -> float:
        """Where the text ends."""
        return max(word.right for word in self.words)

    @cached_property
    def middle(self) -> float:
        """How far down the line is."""
        return (self.words[0].top + self.words[0].bottom) / 2

    @cached_property
    def size(self) -> float:
        """The height of the font, that of most characters."""
        sizes = {word.size for word in self.words}
        return (
            max(sizes, key=lambda size: sum(len(word.text) for word in self.words if word.size == size)) if len(sizes) > 1 else sizes.pop()
        )

    @cached_property
    def bold(self) -> bool:
        """Whether all of it is bold."""
        return all(word.bold for word in self.words)


@dataclass(slots=True)
class _Piece:
    """Words that stand together on a line."""

    words: list[Word]
    left: float
    right: float
    middle: float
    size: float

    @property
    def characters(self) -> int:
        return sum(len(word.text) + 1 for word in self.words)


def lines_of(page: Page) -> list[Line]:
    """The lines of a page in the order of reading."""
    return _read(_pieces(page.words), 0)


def _spoken(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def _pieces(words: Iterable[Word]) -> list[_Piece]:
    """Words joined to pieces, in the order of the file: the next word belongs to the same one if it stands right after it."""
    pieces: list[_Piece] = []
    piece: _Piece | None = None
    for word in words:
        middle = (word.top + word.bottom) / 2
        size = word.size or 1.0
        if piece is not None:
            larger = max(size, piece.size)
            gap = word.left - piece.right
            if abs(middle - piece.middle) < SAME_LINE * larger and -larger < gap < PIECE_GAP * larger:
                piece.words.append(word)
                piece.right = max(piece.right, word.right)
                continue
        piece = _Piece([word], word.left, word.right, middle, size)
        pieces.append(piece)
    return pieces


def _read(pieces: list[_Piece], depth: int) -> list[Line]:
    """The lines of a part of the page: columns where there are some, with what stands across them in between, else rows."""
    gutter = _gutter(pieces) if depth < DEEPEST and len(pieces) >= 2 * COLUMN_LINES else None
    if gutter is None:
        return _rows(pieces)
    lines: list[Line] = []
    for band in _bands(pieces, gutter):
        left = [piece for piece in band if piece.right <= gutter]
        right = [piece for piece in band if piece.left >= gutter]
        if left and right and len(left) + len(right) == len(band) and _are_columns(left, right):
            lines += _read(left, depth + 1) + _read(right, depth + 1)
        else:
            lines += _rows(band)
    return lines


def _gutter(pieces: list[_Piece]) -> float | None:
    """Where a white stripe runs down the page that the fewest pieces cross, if most of them are on one side of it."""
    low, high = min(piece.left for piece in pieces), max(piece.right for piece in pieces)
    steps = int((high - low) / STEP) + 1
    if steps < 40 or steps > 10_000:
        return None
    changes = [0] * (steps + 1)
    for piece in pieces:
        changes[int((piece.left - low) / STEP)] += 1
        changes[int((piece.right - low) / STEP) + 1 if piece.right < high else steps] -= 1
    covered, total = [], 0
    for change in changes[:steps]:
        total += change
        covered.append(total)
    inner = range(steps // 8, steps - steps // 8)
    fewest = min(covered[place] for place in inner)
    if fewest * 3 > len(pieces):
        return None
    best, length, start = (0, 0), 0, 0
    for place in inner:
        if covered[place] == fewest:
            start = place if not length else start
            length += 1
            if length > best[0]:
                best = length, start
        else:
            length = 0
    width, first = best
    return low + (first + width / 2) * STEP if width * STEP >= GUTTER else None


def _bands(pieces: list[_Piece], gutter: float) -> list[list[_Piece]]:
    """The pieces from top to bottom, cut where pieces that cross the gutter begin and end."""
    bands: list[list[_Piece]] = []
    crossing_before: bool | None = None
    for piece in sorted(pieces, key=lambda piece: piece.middle):
        crossing = piece.left < gutter < piece.right
        if crossing_before is None or crossing != crossing_before:
            bands.append([])
        bands[-1].append(piece)
        crossing_before = crossing
    return bands


def _are_columns(left: list[_Piece], right: list[_Piece]) -> bool:
    """Whether two sides are columns of running text and not the cells of a table, which are short and stand side by side."""
    if any(median(piece.characters for piece in side) < COLUMN_CHARACTERS for side in (left, right)):
        return False
    fewer, more = sorted((len(left), len(right)))
    # The last column of a text may be short.
    return fewer >= COLUMN_LINES or more >= 2 * COLUMN_LINES


def _rows(pieces: list[_Piece]) -> list[Line]:
    """The pieces line by line from top to bottom; lines whose gaps stand above each other become table rows."""
    if not pieces:
        return []
    limit = max(piece.right for piece in pieces)
    rows: list[list[_Piece]] = []
    for piece in sorted(pieces, key=lambda piece: piece.middle):
        if rows and abs(piece.middle - rows[-1][0].middle) < SAME_LINE * max(piece.size, rows[-1][0].size):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    for row in rows:
        row.sort(key=lambda piece: piece.left)
    lines: list[Line] = []
    number = 0
    while number < len(rows):
        end, gaps = _table(rows, number)
        if end - number > 1 and gaps:
            begin = number
            # Where cells are aligned at the bottom, the first line of a row may have one cell only.
            while begin and lines and lines[-1].cells is None and _leads(rows[begin - 1], rows[begin], gaps):
                lines.pop()
                begin -= 1
            lines += _table_lines(rows[begin:end], gaps, limit)
            number = end
        else:
            lines.append(Line([word for piece in rows[number] for word in piece.words], limit))
            number += 1
    return lines


Gap = tuple[float, float]


def _table(rows: list[list[_Piece]], start: int) -> tuple[int, list[Gap]]:
    """Where the table that begins in row `start` ends, and the gaps that all of its rows share; no gaps if there is none."""
    if len(rows[start]) < 2:
        return start + 1, []
    gaps = _gaps(rows[start])
    end = last = start + 1
    while last < len(rows):
        row = rows[last]
        pitch = row[0].middle - rows[last - 1][0].middle
        if pitch > 4 * max(row[0].size, rows[last - 1][0].size):
            break
        if len(row) == 1:
            # A line of one cell, if it stands between two gaps; else the table has ended.
            if pitch > 2 * row[0].size or not _is_in_cell(row[0], gaps):
                break
        else:
            shared = _shared(gaps, row)
            if not shared or len(shared) * 2 < len(gaps):
                break
            gaps = shared
            end = last + 1
        last += 1
    # Lines of one cell below the last row of several belong to it if they are close.
    while end < last and rows[end][0].middle - rows[end - 1][0].middle < LAST_PITCH * rows[end][0].size:
        end += 1
    full = sum(1 for row in rows[start:end] if len(row) > 1)
    return (end, gaps) if full > 1 else (start + 1, [])


def _gaps(row: list[_Piece]) -> list[Gap]:
    return [(before.right, after.left) for before, after in itertools.pairwise(row)]


def _shared(gaps: list[Gap], row: list[_Piece]) -> list[Gap]:
    """What is left of the gaps where no piece of the row stands."""
    found: list[Gap] = []
    for low, high in gaps:
        for piece in row:
            if piece.left < high and piece.right > low:
                # The piece takes one side of the gap.
                if piece.left - low >= high - piece.right:
                    high = piece.left
                else:
                    low = piece.right
        if high - low >= CELL_GAP:
            found.append((low, high))
    return found


def _leads(row: list[_Piece], below: list[_Piece], gaps: list[Gap]) -> bool:
    is_close = below[0].middle - row[0].middle <= CELL_PITCH * row[0].size
    return len(row) == 1 and is_close and _is_in_cell(row[0], gaps)


def _is_in_cell(piece: _Piece, gaps: list[Gap]) -> bool:
    return all(piece.right <= high or piece.left >= low for low, high in gaps)


def _table_lines(rows: list[list[_Piece]], gaps: list[Gap], limit: float) -> list[Line]:
    """The rows of a table; a line that goes on in cells of the row above is added to them."""
    edges = [(low + high) / 2 for low, high in gaps]
    pitches = [after[0].middle - before[0].middle for before, after in itertools.pairwise(rows)]
    close = min(pitches, default=0.0)
    spread = max(pitches, default=0.0) > close * ROW_PITCH
    lines: list[Line] = []
    for number, row in enumerate(rows):
        cells: list[list[Word]] = [[] for _ in range(len(edges) + 1)]
        for piece in row:
            cells[sum(1 for edge in edges if (piece.left + piece.right) / 2 > edge)] += piece.words
        words = [word for cell in cells for word in cell]
        is_close = number > 0 and pitches[number - 1] <= min(close * 1.1, CELL_PITCH * row[0].size)
        above = lines[-1].cells if lines else None
        # Not every cell of a row has a second line.
        if above is not None and is_close and (spread or len(row) == 1) and not (all(above) and all(cells)):
            for cell, more in zip(above, cells, strict=True):
                cell += more
            lines[-1].words += words
        else:
            lines.append(Line(words, limit, cells))
    return lines
