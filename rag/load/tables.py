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
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from rag.errors import LoadError
from rag.load.layout import LONGEST_REPEATED, Layout
from rag.load.ooxml import LARGEST_PART, Package
from rag.load.parsed import Parsed
from rag.load.rows import MOST_COLUMNS, MOST_ROWS, Day, Value, said_beside, write_rows
from rag.load.text import decode
from rag.load.xml import check_prolog

if TYPE_CHECKING:
    from openpyxl.cell import ReadOnlyCell

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_LINES = 50
LITERAL = re.compile(r"\"[^\"]*\"|\\.")
# openpyxl passes over them where it reads row by row.
MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s+ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
BRACKETED = re.compile(r"\[[^\]]*\]")
DIGITS = re.compile(r"(?P<whole>[#0?][#0?,]*)(?:\.(?P<places>[#0?]+))?(?P<scale>,*)")
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


@dataclass(frozen=True, slots=True)
class _Merged:
    """A merged cell from 0: its columns, and the last of its rows."""

    column: int
    last_column: int
    last_row: int


def _merged(part: bytes) -> dict[int, list[_Merged]]:
    """First row, from 0 -> the merged cells that begin in it."""
    merged: dict[int, list[_Merged]] = {}
    for left, begin, right, end in MERGED.findall(part):
        column, last_column = _column(left), _column(right)
        if column < MOST_COLUMNS:
            merged.setdefault(int(begin) - 1, []).append(_Merged(column, min(last_column, MOST_COLUMNS - 1), int(end) - 1))
    return merged


def _column(letters: bytes) -> int:
    return functools.reduce(lambda number, letter: 26 * number + letter - ord("@"), letters, 0) - 1


def _rows(cells: Iterable["tuple[ReadOnlyCell, ...]"], merged: Mapping[int, Sequence[_Merged]]) -> list[list[Value]]:
    """The rows that say something; what a merged cell says is said in each of its rows and columns, but not in a whole row."""
    rows: list[list[Value]] = []
    reaching: dict[int, tuple[int, Value]] = {}
    for number, row in enumerate(cells):
        shown = [_shown(cell) for cell in row]
        if any(shown):
            for column, (last, value) in reaching.items():
                if number <= last and not shown[column] and not (isinstance(value, str) and len(value) > LONGEST_REPEATED):
                    shown[column] = value
            own = [cell for cell in merged.get(number, ()) if cell.column < len(shown)]
            shown = said_beside(shown, [(cell.column, cell.last_column + 1 - cell.column) for cell in own])
            reaching |= {
                column: (cell.last_row, shown[column])
                for cell in own
                for column in range(cell.column, min(cell.last_column + 1, len(shown)))
            }
            rows.append(shown)
        if len(rows) > MOST_ROWS:
            raise LoadError(f"a sheet of more than {MOST_ROWS:,} rows")
    return rows


def _shown(cell: "ReadOnlyCell") -> Value:
    """A cell as a reader sees it, but for the separators of thousands: percent signs and currencies stay with their numbers."""
    value = cell.value
    if value is None or value == "":
        return ""
    if isinstance(value, bool | str):
        return " ".join(str(value).split())
    form = cell.number_format or "General"
    if isinstance(value, dt.datetime):
        parts = _plain(form).lower()
        exact = 10 if "d" in parts else 7 if "m" in parts else 4
        return Day(value.date().isoformat()[:exact], "" if value.time() == dt.time() else _clock(value))
    if isinstance(value, dt.time):
        return _clock(value)
    if isinstance(value, dt.timedelta):
        minutes = round(value.total_seconds() / 60)
        return f"{minutes // 60}:{minutes % 60:02}"
    if isinstance(value, int | float):
        return _number(value, form)
    return str(value)


def _clock(time: dt.datetime | dt.time) -> str:
    return time.strftime("%H:%M:%S" if time.second else "%H:%M")


def _plain(form: str) -> str:
    """The part of a format that is for values above zero, without what is only written."""
    return BRACKETED.sub("", LITERAL.sub("", form).split(";")[0])


def _number(value: float, form: str) -> str:
    """A number with the places, the percent sign and the currency that its format gives it."""
    plain = _plain(form)
    percent = "%" in plain
    value = value * 100 if percent else value
    digits = None if re.search(r"[/E]", plain) else DIGITS.search(plain)
    if digits is None:
        number = f"{value:.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:.15g}"
    else:
        number = _in_digits(value, digits)
    if percent:
        return f"{number} %"
    sign = next(
        ((match.start(), sign.strip()) for match in CURRENCY.finditer(form) for sign in match.groups() if sign and sign.strip()), None
    )
    if sign is None:
        return number
    place = form.find("0")
    if sign[0] > place or number.startswith("-"):
        return f"{number} {sign[1]}"
    return f"{sign[1]} {number}" if sign[1][-1].isalpha() else f"{sign[1]}{number}"


def _in_digits(value: float, form: re.Match[str]) -> str:
    """A number with the digits of its format: places, leading zeros, and thousands or millions where commas end it."""
    places, whole = form["places"] or "", form["whole"].rstrip(",").count("0")
    value /= 1000 ** (len(form[0]) - len(form[0].rstrip(",")))
    number = f"{Decimal(f'{value:.15g}').quantize(Decimal(1).scaleb(-len(places)), ROUND_HALF_UP):f}"
    least = len(number) - len(places) + len(places.rstrip("#?"))
    number = (number[:least] + number[least:].rstrip("0")).removesuffix(".")
    return number.zfill(whole + len(number) - len(number.partition(".")[0])) if whole > 1 else number
