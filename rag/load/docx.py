"""The reader of Word files (.docx): paragraphs, headings, numbered lists, tables, text boxes and footnotes, as they are seen.

Own code over the XML of Python's library: python-docx leaves out content controls, insertions, footnotes, text boxes and the numbers of
lists. Left out: deleted and hidden text, comments, page headers and footers. Pages are known only where Word noted its page breaks.
ECMA-376, part 1, 17.
"""

import re

from rag.errors import LoadError
from rag.load.dates import find_date
from rag.load.layout import Layout
from rag.load.numbering import Numbering
from rag.load.ooxml import Package, is_on, value
from rag.load.parsed import Parsed, first_line, outermost
from rag.load.text import bold_headings
from rag.load.xml import Element, attribute, children, first, local, text_of

HEADING_NAME = re.compile(r"(?i)(?:heading|título|titulo|ttulo|encabezado)\s*([1-9])$")
TITLE_NAMES = ("title", "título", "titulo")
HANDLED_ABOVE = ("pPr", "rPr", "sectPr", "tblPr", "tblGrid", "trPr", "tcPr", "sdtPr", "sdtEndPr")
LEFT_OUT = frozenset((*HANDLED_ABOVE, "del", "moveFrom", "delText", "instrText", "annotationRef", "commentReference"))
DEEPEST_STYLE = 20
# A longer one ("Artículo 4.") opens a provision, which is more than an item of a list.
LONGEST_ITEM_MARK = 7


def read_docx(data: bytes) -> Parsed:
    """Read a Word file.

    Raises:
        LoadError: no Word file, damaged, or not safe to open.
    """
    package = Package(data, "word/")
    root = package.part(package.main)
    body = first(root, "body")
    if body is None:
        raise LoadError("damaged: the document has no body")
    walk = _Walk(_Styles(package.named(package.main, "styles")), Numbering.read(package.named(package.main, "numbering")))
    walk.blocks(body)
    walk.notes(package.named(package.main, "footnotes"), "footnote")
    walk.notes(package.named(package.main, "endnotes"), "endnote")
    layout = walk.layout.end()
    text = layout.text()
    headings = tuple(layout.headings)
    stated = package.properties()
    title = stated.title or walk.title or outermost(headings) or first_line(text)
    pages = (0, *layout.pages) if layout.pages else ()
    return Parsed(text, title, find_date(text), pages, headings + bold_headings(text, headings, walk.bold), stated.author)


class _Styles:
    """What styles say of their paragraphs: heading or not, numbered or not, bold or not."""

    def __init__(self, root: Element | None) -> None:
        self._styles = {} if root is None else {attribute(style, "styleId") or "": style for style in children(root, "style")}
        self._levels: dict[str, int | None] = {}

    def level(self, style: str) -> int | None:
        """The heading level of a style, 0 for the title, None for other text."""
        if style not in self._levels:
            self._levels[style] = next((level for each in self._chain(style) if (level := _own_level(each)) is not None), None)
        return self._levels[style]

    def numbering(self, style: str) -> Element | None:
        """The numbering that a style brings."""
        return next((found for each in self._chain(style) if (found := first(each, "pPr", "numPr")) is not None), None)

    def is_bold(self, style: str) -> bool:
        """Whether a style, of paragraphs or of characters, is bold."""
        return is_on(next((found for each in self._chain(style) if (found := first(each, "rPr", "b")) is not None), None))

    def _chain(self, style: str) -> list[Element]:
        chain: list[Element] = []
        while style in self._styles and len(chain) < DEEPEST_STYLE:
            chain.append(self._styles[style])
            style = value(first(chain[-1], "basedOn")) or ""
        return chain


def _own_level(style: Element) -> int | None:
    name = value(first(style, "name")) or ""
    if name.lower() in TITLE_NAMES:
        return 0
    if match := HEADING_NAME.match(name):
        return int(match[1])
    return _outline_level(first(style, "pPr"))


def _style(run: Element | None) -> str:
    return value(first(run, "rStyle")) or ""


def _outline_level(properties: Element | None) -> int | None:
    level = value(first(properties, "outlineLvl"))
    return int(level) + 1 if level and level.isdecimal() and int(level) < 9 else None


class _Walk:
    """Goes through a document and tells a layout what it finds."""

    def __init__(self, styles: _Styles, numbering: Numbering) -> None:
        self.layout = Layout()
        self.title: str | None = None
        self.bold: set[str] = set()  # the paragraphs all of which is bold
        self._styles = styles
        self._numbering = numbering
        self._boxes: list[Element] = []
        self._notes: dict[tuple[str, str], int] = {}
        self._in_table = 0

    def blocks(self, parent: Element) -> None:
        """Lay out paragraphs and tables, also those in content controls and insertions."""
        for element in parent:
            name = local(element.tag)
            if name == "p":
                self._paragraph(element)
            elif name == "tbl":
                self._table(element)
            elif name == "AlternateContent":
                self.blocks(_chosen(element))
            elif name not in LEFT_OUT:
                self.blocks(element)

    def notes(self, root: Element | None, kind: str) -> None:
        """Lay out the footnotes or endnotes that the text points to, each after its number."""
        for note in () if root is None else children(root, kind):
            number = self._notes.get((kind, attribute(note, "id") or ""))
            if number is not None:
                self.layout.gap(2)
                self.layout.write(f"[{number}] ")
                for paragraph in children(note, "p"):
                    self._runs(paragraph)
                self.layout.gap(2)

    def _paragraph(self, paragraph: Element) -> None:
        properties = first(paragraph, "pPr")
        style = value(first(properties, "pStyle")) or ""
        outline = _outline_level(properties)
        level = outline if outline is not None else self._styles.level(style)
        marker = self._marker(properties, style)
        if level is not None and not self._in_table:
            self.layout.gap(2)
            self.layout.begin_heading(max(level, 1))
            self.layout.write(marker)
            self._runs(paragraph)
            self.layout.end_heading()
            self.layout.gap(2)
            if level == 0 and self.title is None:
                self.title = self.layout.headings[-1].text if self.layout.headings else None
        elif 0 < len(marker.strip()) <= LONGEST_ITEM_MARK and not self._in_table:
            self.layout.begin_item(marker)
            self._runs(paragraph)
            self.layout.end_item()
        else:
            self.layout.gap(2)
            self.layout.write(marker)
            self._runs(paragraph)
            self.layout.gap(2)
            if not self._in_table and self._is_bold(paragraph, style):
                self.bold.add(" ".join(f"{marker}{text_of(paragraph)}".split()))
        boxes, self._boxes = self._boxes, []
        for box in boxes:
            self.blocks(box)

    def _is_bold(self, paragraph: Element, style: str) -> bool:
        runs = [first(run, "rPr") for run in paragraph.iter() if local(run.tag) == "r" and text_of(run).strip()]
        own = (is_on(mark) if (mark := first(run, "b")) is not None else self._styles.is_bold(_style(run) or style) for run in runs)
        return bool(runs) and all(own)

    def _marker(self, properties: Element | None, style: str) -> str:
        numbered = first(properties, "numPr")
        if numbered is None:
            numbered = self._styles.numbering(style)
        number, level = value(first(numbered, "numId")), value(first(numbered, "ilvl")) or "0"
        if not number or number == "0" or not level.isdecimal():
            return ""
        marker = self._numbering.marker(number, int(level))
        return "  " * min(int(level), 10) + marker if marker == "- " else marker

    def _table(self, table: Element) -> None:
        rows = [list(_below(row, "tc")) for row in _below(table, "tr")]
        if self._in_table or max((len(row) for row in rows), default=0) < 2:
            for row in rows:
                for cell in row:
                    self.blocks(cell)
            return
        self.layout.begin_table()
        self._in_table += 1
        merged: dict[int, str] = {}
        for row in rows:
            self.layout.break_row()
            column = 0
            for cell in row:
                properties = first(cell, "tcPr")
                merge = first(properties, "vMerge")
                self.layout.begin_cell()
                if merge is not None and value(merge) != "restart":
                    self.layout.write(merged.get(column, ""))  # the cell above reaches down to here
                    self.layout.end_cell(_columns(properties))
                else:
                    self.blocks(cell)
                    merged[column] = self.layout.end_cell(_columns(properties))
                column += _columns(properties)
            self.layout.break_row()
        self._in_table -= 1
        self.layout.end_table()

    def _runs(self, parent: Element, *, raised: bool = False) -> None:
        for element in parent:
            name = local(element.tag)
            if name == "t":
                self.layout.write(element.text or "", raised=raised)
            elif name == "r":
                properties = first(element, "rPr")
                if properties is None or not is_on(first(properties, "vanish")):
                    self._runs(element, raised=value(first(properties, "vertAlign")) == "superscript")
            elif name in SIGNS:
                self.layout.write(SIGNS[name])
            elif name in ("br", "cr"):
                self.layout.gap(1)
            elif name == "lastRenderedPageBreak":
                self.layout.begin_page()
            elif name in ("footnoteReference", "endnoteReference"):
                self._note(name.removesuffix("Reference"), attribute(element, "id") or "")
            elif name == "sym":
                self.layout.write(_symbol(attribute(element, "char") or ""))
            elif name == "txbxContent":
                self._boxes.append(element)
            elif name == "AlternateContent":
                self._runs(_chosen(element))
            elif name not in LEFT_OUT:
                self._runs(element)

    def _note(self, kind: str, identifier: str) -> None:
        number = self._notes.setdefault((kind, identifier), len(self._notes) + 1)
        self.layout.write(f"[{number}]")


SIGNS = {"tab": " ", "ptab": " ", "noBreakHyphen": "-", "softHyphen": ""}


def _below(parent: Element, name: str) -> list[Element]:
    """The rows of a table or cells of a row, also those in content controls and insertions."""
    found: list[Element] = []
    for element in parent:
        if local(element.tag) == name:
            found.append(element)
        elif local(element.tag) in ("sdt", "sdtContent", "ins", "customXml", "moveTo"):
            found += _below(element, name)
    return found


def _columns(properties: Element | None) -> int:
    """How many columns a cell takes."""
    span = value(first(properties, "gridSpan")) or ""
    return int(span) if span.isdecimal() and len(span) < 4 else 1


def _chosen(alternatives: Element) -> Element:
    """The first of several ways to show the same thing."""
    return next(iter(alternatives), alternatives)


def _symbol(code: str) -> str:
    """A character of a symbol font; those of private fonts mean nothing elsewhere, except the bullets and ticks that they are used for."""
    number = int(code, 16) if re.fullmatch(r"[0-9A-Fa-f]{4}", code) else 0
    return "" if not number or 0xD800 <= number <= 0xF8FF else chr(number)
