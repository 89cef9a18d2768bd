"""The reader of HTML: the visible text of a page, parsed by Beautiful Soup and laid out by `rag.load.layout`.

Scripts, navigation, page headers and footers and hidden elements are left out. Nothing that the page links to is fetched, and no style
sheet is read: an element hidden by one is taken for visible.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from rag.load.dates import find_date, parse_date
from rag.load.layout import Layout
from rag.load.parsed import Parsed, first_line, one_line, outermost, without_surrogates
from rag.load.text import decode

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
    from bs4.element import PageElement, Tag

HEADING_LEVELS = {f"h{level}": level for level in range(1, 7)}
# Line ends around an element: 2 leave a blank line. What is not here is inline.
LINES = "br caption dd figcaption summary tbody tfoot thead"
BLOCKS = (
    "address article aside blockquote body center details dialog dl div dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr "
    "main ol p pre section table ul"
)
GAPS = {**dict.fromkeys(LINES.split(), 1), **dict.fromkeys(BLOCKS.split(), 2)}
WITHOUT_PROSE = (
    "applet audio button canvas datalist embed frame frameset head iframe input map math meter nav noscript object option picture progress "
    "script select style svg template textarea title video"
)
DROPPED = frozenset(WITHOUT_PROSE.split())
DROPPED_ROLES = frozenset(("banner", "complementary", "contentinfo", "dialog", "menu", "navigation", "search"))
# A page's own header, footer and side bar are furniture; those of an article belong to it.
FURNITURE = frozenset(("header", "footer", "aside"))
CONTENT = frozenset(("article", "main", "blockquote", "section"))
HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
BOXES = frozenset(("div", "section", "form"))
CONSENT = re.compile(
    r"(?i)(?:cookies?|consent)[-_]?(?:banner|bar|consent|dialog|law|message|modal|notice|overlay|popup)|cookiebot|onetrust"
)
AUTHOR_NAME = re.compile(r"(?i)^(?:author|dc\.creator|article:author)$")
# Characters; a main element with less holds a search form or a headline.
LEAST_MAIN = 100
DATE_NAMES = ("article:published_time", "datepublished", "date", "dc.date", "dc.date.issued", "dcterms.date", "dcterms.issued", "pubdate")
TEXT_ENCODINGS = re.compile(r"cp\d+|iso8859-\d+|mac-\w+|koi8-\w|utf-16(-[lb]e)?|gb\w+|big5|shift_jis|euc_\w+")
XML_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,200}>")
SURVEYED = frozenset(("table", "header"))
PAGE_PARTS = frozenset(("article", "section", *HEADING_LEVELS))
# More than this many characters to a cell, and the table only arranges the page.
LAYOUT_CELL_CHARACTERS = 400
MOST_COLUMNS = 50


def read_html(data: bytes) -> Parsed:
    """Read an HTML page.

    Raises:
        LoadError: the bytes are not text.
    """
    from bs4 import BeautifulSoup

    markup = _closed(without_surrogates(XML_DECLARATION.sub("", decode(data, _declared_encoding(data)), count=1)))
    # The line end keeps Beautiful Soup from warning that a short page looks like a file name.
    soup = BeautifulSoup(markup + "\n", "html.parser")
    layout = _Walk(_survey(soup)).run(_main(soup))
    text = layout.text()
    headings = tuple(layout.headings)
    stated = one_line(soup.title.get_text()) if soup.title else None
    title = stated or outermost(headings) or first_line(text)
    return Parsed(text, title, _date(soup) or find_date(text), headings=headings, author=_author(soup))


def _declared_encoding(data: bytes) -> str | None:
    from bs4.dammit import EncodingDetector

    declared = EncodingDetector.find_declared_encoding(data[:4_096], is_html=True)
    try:
        name = codecs.lookup(declared).name if declared else ""
    except LookupError:
        return None
    # Browsers read Latin-1 as Windows-1252: https://encoding.spec.whatwg.org/#names-and-labels
    if name in ("iso8859-1", "ascii"):
        return "cp1252"
    return name if TEXT_ENCODINGS.fullmatch(name) else None


def _closed(markup: str) -> str:
    """`markup` without tags and comments that never end: html.parser would read to the end of the page for each of them.

    See https://github.com/python/cpython/issues/135462; older Pythons take minutes for a megabyte of "<!--".
    """
    comment = markup.find("<!--", markup.rfind("-->") + 1)
    markup = markup[:comment] if comment >= 0 else markup
    for opening, closing in (("<![", "]>"), ("<", ">")):
        end = markup.rfind(closing) + 1
        markup = markup[:end] + markup[end:].replace(opening, "&lt;" + opening[1:])
    return markup


def _main(soup: "BeautifulSoup") -> "Tag":
    """The element that the page itself calls its main content, if that has the heading of the page; else the whole page."""
    from bs4.element import Tag

    found = soup.find_all(lambda tag: tag.name == "main" or tag.get("role") == "main", limit=2)
    if len(found) == 1 and isinstance(found[0], Tag) and (found[0].h1 or not soup.h1) and len(found[0].get_text()) > LEAST_MAIN:
        return found[0]
    return soup


def _author(soup: "BeautifulSoup") -> str | None:
    names = (str(meta.get("content") or "") for meta in soup.find_all("meta", attrs={"name": AUTHOR_NAME}, limit=1))
    return one_line(next(names, ""))


def _date(soup: "BeautifulSoup") -> str | None:
    """The day that the page's metadata states, else that of its first `<time>`."""
    stated: dict[str, str] = {}
    for meta in soup.find_all("meta", limit=200):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop")
        stated.setdefault(str(name).lower(), str(meta.get("content") or ""))
    candidates = [stated[name] for name in DATE_NAMES if name in stated]
    candidates.extend(str(time["datetime"]) for time in soup.find_all("time", datetime=True, limit=1))
    return next((day for candidate in candidates if (day := parse_date(candidate))), None)


def _events(soup: "Tag", is_dropped: Callable[["Tag"], bool]) -> Iterator[tuple["PageElement", bool]]:
    """The elements and strings below `soup` in order, and each element again (with True) after what it holds.

    Without recursion, since hostile pages are nested deeper than Python's stack.
    """
    from bs4.element import Tag

    pending: list[tuple[PageElement, bool]] = [(child, False) for child in reversed(soup.contents)]
    while pending:
        node, leaving = pending.pop()
        if isinstance(node, Tag) and not leaving:
            if is_dropped(node):
                continue
            pending.append((node, True))
            pending.extend((child, False) for child in reversed(node.contents))
        yield node, leaving


@dataclass(slots=True)
class _Content:
    """What a table or a page header holds."""

    cells: int = 0
    characters: int = 0
    parts: bool = False
    title: bool = False

    def is_data(self) -> bool:
        """Whether the cells of a table are values, to be laid out as rows; else the table only arranges the page."""
        return not self.parts and self.cells > 1 and self.characters <= self.cells * LAYOUT_CELL_CHARACTERS


def _survey(soup: "BeautifulSoup") -> dict[int, _Content]:
    """What each table and each header holds, by the identity of its element; one pass, however deep they are nested."""
    from bs4.element import Tag

    surveyed: dict[int, _Content] = {}
    open_contents: list[_Content] = []
    for node, leaving in _events(soup, lambda _: False):
        if not isinstance(node, Tag):
            if open_contents:
                open_contents[-1].characters += len(str(node).strip())
        elif leaving and node.name in SURVEYED:
            inner = open_contents.pop()
            if open_contents:
                open_contents[-1].parts = True
                open_contents[-1].title |= inner.title
        elif not leaving:
            if open_contents:
                open_contents[-1].cells += node.name in ("td", "th")
                open_contents[-1].parts |= node.name in PAGE_PARTS
                open_contents[-1].title |= node.name == "h1"
            if node.name in SURVEYED:
                open_contents.append(surveyed.setdefault(id(node), _Content()))
    return surveyed


@dataclass(slots=True)
class _Reaching:
    """A cell that reaches into so many more rows, and how many columns it takes."""

    text: str
    rows: int
    columns: int


@dataclass(slots=True)
class _Table:
    """Where a table of values is read: the next column, and by their column the cells of rows above that go on."""

    column: int = 0
    reaching: dict[int, _Reaching] = field(default_factory=dict)


class _Walk:
    """Tells a layout what begins and ends as it goes through the tree."""

    def __init__(self, surveyed: dict[int, _Content]) -> None:
        self.layout = Layout()
        self._surveyed = surveyed
        self._list_numbers: list[int | None] = []
        self._data_tables: list[_Table | None] = []
        self._content_depth = 0
        self._verbatim_depth = 0
        self._raised_depth = 0

    def run(self, soup: "Tag") -> Layout:
        """Lay out the visible text of `soup`."""
        from bs4.element import CData, NavigableString, Tag

        for node, leaving in _events(soup, self._is_dropped):
            if isinstance(node, Tag):
                (self._leave if leaving else self._enter)(node)
            # Comments, declarations and scripts are subclasses of NavigableString.
            elif type(node) in (NavigableString, CData):
                self.layout.write(str(node), verbatim=self._verbatim_depth > 0, raised=self._raised_depth > 0)
        return self.layout

    def _is_dropped(self, tag: "Tag") -> bool:
        if tag.name in DROPPED and not _opens_section(tag):
            return True
        if tag.name in FURNITURE and not self._content_depth:
            return tag.name != "header" or not self._surveyed[id(tag)].title
        attributes = tag.attrs
        if not attributes:
            return False
        return (
            "hidden" in attributes
            or str(attributes.get("aria-hidden")).lower() == "true"
            or (str(attributes.get("role")).lower() in DROPPED_ROLES and not self._content_depth)
            or (tag.name in BOXES and not self._content_depth and _asks_consent(tag))
            or HIDDEN_STYLE.search(str(attributes.get("style", ""))[:2_000]) is not None
        )

    def _enter(self, tag: "Tag") -> None:
        name = tag.name
        self._content_depth += name in CONTENT
        self._verbatim_depth += name == "pre"
        self._raised_depth += name == "sup"
        if name in ("ul", "ol"):
            self.layout.gap(1 if self._list_numbers else 2)
            self._list_numbers.append(_first_number(tag) if name == "ol" else None)
        elif name == "li":
            self.layout.begin_item(self._marker())
        elif name == "table":
            self._data_tables.append(_Table() if self._surveyed[id(tag)].is_data() else None)
            (self.layout.begin_table if self._data_tables[-1] else partial(self.layout.gap, 2))()
        elif name in ("tr", "td", "th"):
            self._enter_part_of_table(tag)
        elif name in GAPS:
            self.layout.gap(GAPS[name])
            if name in HEADING_LEVELS:
                self.layout.begin_heading(HEADING_LEVELS[name])

    def _leave(self, tag: "Tag") -> None:
        name = tag.name
        self._content_depth -= name in CONTENT
        self._verbatim_depth -= name == "pre"
        self._raised_depth -= name == "sup"
        if name in ("ul", "ol"):
            self._list_numbers.pop()
            self.layout.gap(1 if self._list_numbers else 2)
        elif name == "li":
            self.layout.end_item()
        elif name == "table":
            self._data_tables.pop()
            self.layout.end_table()
        elif name in ("tr", "td", "th"):
            self._leave_part_of_table(tag)
        elif name in GAPS and name != "br":
            if name in HEADING_LEVELS:
                self.layout.end_heading()
            # A definition stands right below its term.
            self.layout.gap(1 if name == "dt" else GAPS[name])

    def _enter_part_of_table(self, tag: "Tag") -> None:
        table = self._data_tables[-1] if self._data_tables else None
        if table is None:
            self.layout.gap(2)
        elif tag.name == "tr":
            self.layout.break_row()
            table.column = 0
        else:
            self._say_again(table)
            self.layout.begin_cell()

    def _leave_part_of_table(self, tag: "Tag") -> None:
        table = self._data_tables[-1] if self._data_tables else None
        if table is None:
            self.layout.gap(2)
        elif tag.name == "tr":
            if table.column:
                self._say_again(table)
            self.layout.break_row()
        else:
            rows, columns = _count(tag, "rowspan"), _count(tag, "colspan")
            text = self.layout.end_cell(columns)
            if rows > 1 and table.column < MOST_COLUMNS:
                table.reaching[table.column] = _Reaching(text, rows - 1, columns)
            table.column += columns

    def _say_again(self, table: "_Table") -> None:
        """The cells of rows above that reach into this one, up to the next cell of its own."""
        while cell := table.reaching.get(table.column):
            self.layout.begin_cell()
            self.layout.write(cell.text)
            self.layout.end_cell(cell.columns)
            cell.rows -= 1
            if not cell.rows:
                del table.reaching[table.column]
            table.column += cell.columns

    def _marker(self) -> str:
        """The mark of the next list item, indented by the depth of its list."""
        indent = "  " * min(len(self._list_numbers) - 1, 10)
        number = self._list_numbers[-1] if self._list_numbers else None
        if number is None:
            return f"{indent}- "
        self._list_numbers[-1] = number + 1
        return f"{indent}{number}. "


def _asks_consent(tag: "Tag") -> bool:
    """Whether an element asks for consent to cookies, by its identity or class."""
    names = tag.get("class") or ()
    return CONSENT.search(" ".join([str(tag.get("id") or ""), *([names] if isinstance(names, str) else names)])) is not None


def _count(cell: "Tag", name: str) -> int:
    """How many rows or columns a cell takes."""
    stated = str(cell.get(name, "1")).strip()
    return max(1, int(stated)) if stated.isdecimal() and len(stated) < 5 else 1


def _first_number(ordered_list: "Tag") -> int:
    start = str(ordered_list.get("start", "1"))
    return int(start) if start.isdecimal() and len(start) < 10 else 1


def _opens_section(tag: "Tag") -> bool:
    """Whether a button is the heading of what it unfolds, as the questions of many FAQ pages are."""
    return tag.name == "button" and bool(tag.get("aria-expanded") or tag.find_parent([*HEADING_LEVELS, "summary", "dt"]))
