"""The reader of OpenDocument files: texts (.odt), sheets (.ods) and slides (.odp), as they are seen.

Own code over the XML of Python's library: odfpy has had no release since 2020. Left out: deleted text, comments, page headers and footers.
OASIS OpenDocument 1.3, part 3.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from rag.errors import LoadError
from rag.load.archive import Archive, open_package
from rag.load.dates import find_date
from rag.load.layout import Layout
from rag.load.numbering import letters, roman
from rag.load.parsed import Parsed, first_line, one_line, outermost
from rag.load.rows import MOST_COLUMNS, MOST_ROWS, Day, Value, said_beside, write_rows
from rag.load.text import bold_headings
from rag.load.xml import Element, attribute, children, first, local, parse_xml, text_of

CONTENT, META, STYLES = "content.xml", "meta.xml", "styles.xml"
LARGEST_PART = 60_000_000
LEFT_OUT = frozenset(
    ("tracked-changes", "annotation", "annotation-end", "title", "desc", "forms", "sequence-decls", "note", "event-listeners")
)
DAY = re.compile(r"\d{4}-\d\d-\d\d")
WHOLE_DAY = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
BOLD = ("bold", "600", "700", "800", "900")
DEEPEST_STYLE = 20
CELLS = ("table-cell", "covered-table-cell")
BLOCKS = frozenset(("p", "h", "list", "table", "section", "frame", "text-box", "table-of-content", "index-body", "custom-shape", "g"))


def read_odt(data: bytes) -> Parsed:
    """Read an OpenDocument file.

    Raises:
        LoadError: no such file, damaged, encrypted, or not safe to open.
    """
    archive = open_package(data)
    if CONTENT not in archive:
        raise LoadError("not an OpenDocument file (it has no content.xml)")
    if "META-INF/manifest.xml" in archive and b"encryption-data" in archive.read("META-INF/manifest.xml", LARGEST_PART):
        raise LoadError("encrypted")
    root = parse_xml(archive.read(CONTENT, LARGEST_PART))
    styles = _part(archive, STYLES)
    walk = _Walk(_list_styles(root) | _list_styles(styles), _weights(styles) | _weights(root))
    body = first(root, "body")
    for kind in () if body is None else body:
        if local(kind.tag) == "spreadsheet":
            walk.sheets(kind)
        elif local(kind.tag) == "presentation":
            walk.slides(kind)
        else:
            walk.blocks(kind)
    walk.write_notes()
    layout = walk.layout.end()
    text = layout.text()
    headings = tuple(layout.headings)
    values = {local(value.tag): text_of(value) for value in first(_part(archive, META), "meta") or ()}
    author = one_line(values.get("initial-creator")) or one_line(values.get("creator"))
    title = one_line(values.get("title")) or outermost(headings) or first_line(text)
    return Parsed(text, title, find_date(text), tuple(layout.pages), headings + bold_headings(text, headings, walk.bold), author)


def _part(archive: Archive, name: str) -> Element | None:
    return parse_xml(archive.read(name, LARGEST_PART)) if name in archive else None


@dataclass(frozen=True, slots=True)
class _Numbers:
    """How a level of a list is numbered; `form` is "" for bullets."""

    form: str
    before: str
    after: str
    start: int

    def marker(self, number: int) -> str:
        if not self.form:
            return "- "
        shown = FORMS.get(self.form, str)
        return f"{self.before}{shown(number)}{self.after} "


FORMS: dict[str, Callable[[int], str]] = {
    "a": letters,
    "A": lambda number: letters(number).upper(),
    "i": roman,
    "I": lambda number: roman(number).upper(),
}
BULLETS = _Numbers("", "", "", 1)


def _list_styles(root: Element | None) -> dict[tuple[str, int], _Numbers]:
    found: dict[tuple[str, int], _Numbers] = {}
    for style in () if root is None else (style for group in root for style in children(group, "list-style")):
        for level in style:
            number, start = attribute(level, "level") or "1", attribute(level, "start-value") or "1"
            form = attribute(level, "num-format") or "" if local(level.tag) == "list-level-style-number" else ""
            if number.isdecimal() and len(number) < 3 and start.isdecimal() and len(start) < 6:
                key = attribute(style, "name") or "", int(number)
                found[key] = _Numbers(form, attribute(level, "num-prefix") or "", attribute(level, "num-suffix") or "", int(start))
    return found


def _weights(root: Element | None) -> dict[str, tuple[str | None, str]]:
    """What each style says of the weight of its text, and the style that it is based on."""
    groups = () if root is None else (group for group in root if local(group.tag) in ("styles", "automatic-styles"))
    return {
        attribute(style, "name") or "": (
            None if (text := first(style, "text-properties")) is None else attribute(text, "font-weight"),
            attribute(style, "parent-style-name") or "",
        )
        for group in groups
        for style in children(group, "style")
    }


class _Walk:
    """Goes through a document and tells a layout what it finds."""

    def __init__(self, styles: dict[tuple[str, int], _Numbers], weights: dict[str, tuple[str | None, str]]) -> None:
        self.layout = Layout()
        self.bold: set[str] = set()  # the paragraphs all of which is bold
        self._weights = weights
        self._styles = styles
        self._notes: list[Element] = []
        self._frames: list[Element] = []
        self._in_table = 0

    def blocks(self, parent: Element, style: str = "", level: int = 0) -> None:
        """Lay out headings, paragraphs, lists and tables."""
        for element in parent:
            name = local(element.tag)
            if name in LEFT_OUT or attribute(element, "display") == "none":
                continue
            if name == "h" and not self._in_table:
                self.layout.gap(2)
                self.layout.begin_heading(_count(element, "outline-level"))
                self._inline(element)
                self.layout.end_heading()
                self.layout.gap(2)
            elif name in ("p", "h"):
                self.layout.gap(2)
                self._inline(element)
                self.layout.gap(2)
                if not self._in_table and self._is_bold(element, inherited=False):
                    self.bold.add(" ".join(text_of(element).split()))
            elif name == "list":
                self._list(element, style, level + 1)
            elif name == "table":
                self._table(element)
            else:
                self.blocks(element, style, level)
            self._write_frames()

    def _is_bold(self, element: Element, *, inherited: bool) -> bool:
        """Whether all that is written in an element is bold, and something is."""
        style, weight, depth = attribute(element, "style-name") or "", None, 0
        while weight is None and style in self._weights and (depth := depth + 1) < DEEPEST_STYLE:
            weight, style = self._weights[style]
        bold = inherited if weight is None else weight in BOLD
        inside = [child for child in element if text_of(child).strip()]
        beside = f"{element.text or ''}{''.join(child.tail or '' for child in element)}".strip()
        return bool(inside or beside) and (bold or not beside) and all(self._is_bold(child, inherited=bold) for child in inside)

    def write_notes(self) -> None:
        """Lay out the notes that the text points to, each after its number."""
        for number, note in enumerate(self._notes, 1):
            self.layout.gap(2)
            self.layout.write(f"[{number}] ")
            body = first(note, "note-body")
            for paragraph in () if body is None else body:
                self._inline(paragraph)
            self.layout.gap(2)

    def sheets(self, book: Element) -> None:
        """Lay out each sheet as a section."""
        for sheet in children(book, "table"):
            rows = _rows(sheet)
            if any(any(row) for row in rows):
                self.layout.heading(1, attribute(sheet, "name") or "")
                write_rows(self.layout, rows)

    def slides(self, presentation: Element) -> None:
        """Lay out each slide as a page."""
        for slide in children(presentation, "page"):
            self.layout.begin_page()
            frames = list(slide)
            for frame in sorted(frames, key=lambda frame: attribute(frame, "class") != "title"):
                if local(frame.tag) == "notes" and (notes := list(children(frame, "frame"))):
                    for note in notes:
                        self.blocks(note)
                elif attribute(frame, "class") == "title":
                    self.layout.heading(1, text_of(frame))
                elif local(frame.tag) in BLOCKS:
                    self.blocks(frame)

    def _list(self, items: Element, style: str, level: int) -> None:
        style = attribute(items, "style-name") or style
        numbers = self._styles.get((style, level), BULLETS)
        count = numbers.start
        for item in items:
            for place, element in enumerate(item):
                name = local(element.tag)
                if name in ("p", "h") and not self._in_table:
                    marker = numbers.marker(count) if place == 0 and local(item.tag) == "list-item" else ""
                    self.layout.begin_item("  " * min(level - 1, 10) + marker)
                    self._inline(element)
                    self.layout.end_item()
                elif name == "list":
                    self._list(element, style, level + 1)
            count += local(item.tag) == "list-item"
        if level == 1:
            self.layout.gap(2)

    def _table(self, table: Element) -> None:
        rows = [row for row in table.iter() if local(row.tag) == "table-row"]
        if self._in_table or max((len(list(children(row, "table-cell"))) for row in rows), default=0) < 2:
            for row in rows:
                self.blocks(row)
            return
        self.layout.begin_table()
        self._in_table += 1
        reaching: dict[int, tuple[range, str]] = {}
        for number, row in enumerate(rows):
            self.layout.break_row()
            for column, cell in enumerate(cell for cell in row if local(cell.tag) in CELLS):
                below, text = reaching.get(column, (range(0), ""))
                columns = _count(cell, "number-columns-spanned")
                if local(cell.tag) == CELLS[0]:
                    self.layout.begin_cell()
                    self.blocks(cell)
                    text = self.layout.end_cell(columns)
                    below = range(number + 1, number + _count(cell, "number-rows-spanned"))
                    reaching |= dict.fromkeys(range(column, column + min(columns, MOST_COLUMNS)), (below, text))
                elif number in below:  # a covered cell in the row of the one that covers it stays out
                    self.layout.begin_cell()
                    self.layout.write(text)
                    self.layout.end_cell()
            self.layout.break_row()
        self._in_table -= 1
        self.layout.end_table()

    def _inline(self, parent: Element) -> None:
        self.layout.write(parent.text or "")
        for element in parent:
            name = local(element.tag)
            if name == "s" or name == "tab":
                self.layout.write(" ")
            elif name == "line-break":
                self.layout.gap(1)
            elif name == "note":
                self._notes.append(element)
                self.layout.write(f"[{len(self._notes)}]")
            elif name in ("frame", "custom-shape", "g"):
                self._frames.append(element)
            elif name not in LEFT_OUT:
                self._inline(element)
            self.layout.write(element.tail or "")

    def _write_frames(self) -> None:
        frames, self._frames = self._frames, []
        for frame in frames:
            self.blocks(frame)


def _rows(sheet: Element) -> list[list[Value]]:
    """The cells of a sheet as they are shown; rows and cells that are repeated come as often, but empty ones at the end do not.

    What a cell says that covers others is said in each of them, but not in a whole row.
    """
    rows: list[list[Value]] = []
    reaching: dict[int, tuple[range, Value]] = {}
    for row in (row for row in sheet.iter() if local(row.tag) == "table-row"):
        cells: list[Value] = []
        beside: list[tuple[int, int]] = []
        for cell in (cell for cell in row if local(cell.tag) in CELLS):
            shown = _shown(cell)
            below, text = reaching.get(len(cells), (range(0), ""))
            if local(cell.tag) == CELLS[1] and len(rows) in below:
                shown = text
            columns, last = _count(cell, "number-columns-spanned"), len(rows) + _count(cell, "number-rows-spanned")
            if columns > 1 or last > len(rows) + 1:
                beside.append((len(cells), columns))
                reaching |= dict.fromkeys(range(len(cells), len(cells) + min(columns, MOST_COLUMNS)), (range(len(rows) + 1, last), shown))
            cells += [shown] * min(_count(cell, "number-columns-repeated"), MOST_COLUMNS if shown else 50)
        cells = said_beside(cells, beside)
        while cells and not cells[-1]:
            cells.pop()
        rows += [cells] * min(_count(row, "number-rows-repeated"), 1_000 if cells else 1)
        if len(rows) > MOST_ROWS:
            raise LoadError(f"a sheet of more than {MOST_ROWS:,} rows")
    return rows


def _shown(cell: Element) -> Value:
    """What a cell shows; a whole day as a date."""
    shown = " ".join(text_of(paragraph) for paragraph in children(cell, "p"))
    stated = attribute(cell, "date-value") or ""
    return Day(stated) if WHOLE_DAY.fullmatch(shown) and DAY.fullmatch(stated) else shown


def _count(element: Element, name: str) -> int:
    number = attribute(element, name) or "1"
    return int(number) if number.isdecimal() and len(number) < 7 else 1
