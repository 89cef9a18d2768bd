"""The readers of sheets: Excel files by openpyxl, and CSV. Each row comes with the names of its columns (`rag.load.rows`).

Of formulas, the values are read that the program which wrote the file had computed. Charts, comments and macros are not read.
"""

import csv
import datetime as dt
import functools
import io
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rag.errors import LoadError
from rag.load.layout import LONGEST_REPEATED, Layout
from rag.load.ooxml import LARGEST_PART, Package
from rag.load.parsed import Parsed
from rag.load.rows import MOST_COLUMNS, MOST_ROWS, write_rows
from rag.load.text import decode
from rag.load.xml import check_prolog

if TYPE_CHECKING:
    from openpyxl.cell import ReadOnlyCell

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_LINES = 50
LITERAL = re.compile(r"\"[^\"]*\"|\\.")
# openpyxl passes over them where it reads row by row.
MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s+ref="([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})"')
DECIMALS = re.compile(r"0\.(0+)")
CURRENCY = re.compile(r"\[\$([^-\]]+)|([€$£])|\"([^\"]{1,4})\"")
# What openpyxl is known to raise on damaged files; there is no narrower common base than Exception.
DAMAGE = (ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RuntimeError, SyntaxError, TypeError, ValueError)


def read_csv(data: bytes) -> Parsed:
    """Read a table of values separated by commas, semicolons, tabs or bars.

    Raises:
        LoadError: the bytes are not text, or too many rows.
    """
    text = decode(data).replace("\0", "")
    lines = io.StringIO(text, newline="").readlines()
    csv.field_size_limit(10_000_000)
    try:
        rows = [[" ".join(cell.split()) for cell in row[:MOST_COLUMNS]] for row in csv.reader(lines, delimiter=_delimiter(lines))]
    except csv.Error as error:
        raise LoadError(f"not a readable table ({error})") from error
    if len(rows) > MOST_ROWS:
        raise LoadError(f"a table of {len(rows):,} rows (at most {MOST_ROWS:,})")
    layout = Layout()
    write_rows(layout, rows)
    return Parsed(layout.end().text())


def _delimiter(lines: list[str]) -> str:
    """The sign that cuts the first lines into the most equal numbers of cells."""
    sample = lines[:SAMPLE_LINES]

    def fit(delimiter: str) -> tuple[float, int]:
        widths = [len(row) for row in csv.reader(sample, delimiter=delimiter) if row]
        usual = max(set(widths), key=widths.count, default=1)
        return (widths.count(usual) / len(widths) if widths and usual > 1 else 0.0, usual)

    return max(DELIMITERS, key=fit)


def read_xlsx(data: bytes) -> Parsed:
    """Read an Excel file: a section for each sheet.

    Raises:
        LoadError: no Excel file, damaged, or not safe to open.
    """
    from openpyxl import load_workbook

    package = Package(data, "xl/")
    for name in package.archive.names:
        if name.endswith((".xml", ".rels", ".vml")):
            check_prolog(package.archive.read(name, LARGEST_PART))
    layout = Layout()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what openpyxl would not write again
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            for sheet in book.worksheets:
                sheet.reset_dimensions()  # what the file says of its size may be wrong
                rows = _rows(sheet.iter_rows(max_col=MOST_COLUMNS), _merged(package.archive.read(sheet._worksheet_path, LARGEST_PART)))
                if any(map(any, rows)) and sheet.sheet_state != "veryHidden":
                    layout.heading(1, sheet.title)
                    write_rows(layout, rows)
    except DAMAGE as error:
        raise LoadError(f"not a readable Excel file ({' '.join(str(error).split())[:80] or type(error).__name__})") from error
    stated = package.properties()
    text = layout.end().text()
    return Parsed(text, stated.title, headings=tuple(layout.headings), author=stated.author)


def _merged(part: bytes) -> dict[int, list[tuple[int, int]]]:
    """First row -> (column, last row) of the merged cells that reach over several rows, all from 0."""
    merged: dict[int, list[tuple[int, int]]] = {}
    for letters, begin, end in MERGED.findall(part):
        column = functools.reduce(lambda number, letter: 26 * number + letter - ord("@"), letters, 0) - 1
        if int(begin) < int(end) and column < MOST_COLUMNS:
            merged.setdefault(int(begin) - 1, []).append((column, int(end) - 1))
    return merged


def _rows(cells: Iterable["tuple[ReadOnlyCell, ...]"], merged: Mapping[int, Sequence[tuple[int, int]]]) -> list[list[str]]:
    """The rows that say something; what a merged cell says is said in each of its rows."""
    rows: list[list[str]] = []
    reaching: dict[int, tuple[int, str]] = {}
    for number, row in enumerate(cells):
        shown = [_shown(cell) for cell in row]
        if any(shown):
            for column, (last, text) in reaching.items():
                if number <= last and not shown[column] and len(text) <= LONGEST_REPEATED:
                    shown[column] = text
            rows.append(shown)
        reaching |= {column: (last, shown[column]) for column, last in merged.get(number, ()) if column < len(shown)}
        if len(rows) > MOST_ROWS:
            raise LoadError(f"a sheet of more than {MOST_ROWS:,} rows")
    return rows


def _shown(cell: "ReadOnlyCell") -> str:
    """A cell as a reader sees it, but for the separators of thousands: percent signs and currencies stay with their numbers."""
    value = cell.value
    if value is None or value == "":
        return ""
    if isinstance(value, bool | str):
        return " ".join(str(value).split())
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time()
        return value.date().isoformat() if midnight else value.isoformat(" ", "minutes")
    if isinstance(value, int | float):
        return _number(value, cell.number_format or "General")
    return str(value)


def _number(value: float, form: str) -> str:
    percent = "%" in LITERAL.sub("", form)
    value = value * 100 if percent else value
    places = DECIMALS.search(form)
    number = f"{value:.{len(places[1])}f}" if places else f"{value:.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:.15g}"
    currency = next((sign.strip() for match in CURRENCY.finditer(form) for sign in match.groups() if sign), "")
    return number + (" %" if percent else f" {currency}" if currency else "")
