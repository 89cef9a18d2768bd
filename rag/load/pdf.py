"""The reader of PDF: the text layer, page by page, with lines joined to paragraphs, hyphenated words made whole and headings by their font.

PDFium extracts (`rag.load.pdf_page`), `rag.load.pdf_lines` finds columns and table rows, this module makes text of the lines. Page numbers
and lines that stand at the same place on most pages are left out. A scanned page is empty unless it is to be read by Tesseract
(`rag.load.ocr`).
"""

import itertools
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from rag.errors import LoadError
from rag.load.characters import clean
from rag.load.dates import find_date
from rag.load.parsed import Parsed, first_line, one_line, outermost
from rag.load.pdf_lines import Line, lines_of
from rag.load.pdf_page import Page, opened, read_page
from rag.load.pdf_text import text_of
from rag.load.text import plain_headings

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

PAGE_NUMBER = re.compile(r"(?i)[-–—\s]*(?:p[áa]g(?:ina|e)?\.?\s*|page\s*)?(?:\d{1,4}|[ivxl]{1,6})(?:\s*(?:/|de|of)\s*\d{1,4})?[-–—\s]*")
# A line at the foot that ends with the number of its page, whatever stands before: "Tersa LV-60 - Página 1".
NUMBERS_ITS_PAGE = re.compile(r"(?i).{0,100}\b(?:p[áa]g(?:ina)?|page)\.?\s*(?P<number>\d{1,4})(?:\s*(?:/|de|of)\s*\d{1,4})?[-–—\s]*")
# Left by the programs that make PDFs, and no titles.
FILE_NAME_TITLE = re.compile(
    r"(?i)untitled|\(anonymous\)|microsoft word.*|.*\.(?:docx?|pdf|rtf|odt|tex|indd|pptx?|xlsx?|html?|md|txt)"
    r"|presentación de powerpoint|powerpoint presentation"
)
NO_AUTHORS = ("(anonymous)", "anonymous", "(unspecified)", "unknown")
# From which gap on, in heights of the font, a line at the edge of a page stands apart; the share of pages that running lines are on.
EDGE_GAP = 1.6
RUNNING_SHARE = 0.4
RUNNING_PAGES = 3
SAME_PLACE = 4.0


def read_pdf(data: bytes, ocr: str = "", alive: Callable[[], None] = lambda: None) -> Parsed:
    """Read a PDF.

    Args:
        data: the file.
        ocr: languages to read pages without a text layer in, as Tesseract calls them; "" leaves those empty.
        alive: called after each page.

    Raises:
        LoadError: no PDF, damaged beyond reading, encrypted, or without any text.
    """
    with opened(data) as document:
        pages: list[list[Line]] = []
        for number in range(len(document)):
            pages.append(lines_of(page_of(document, number, ocr)))
            alive()
        stated = _stated(document)
    _drop_running_lines(pages)
    text, starts, headings = text_of(pages)
    if not text.strip():
        raise LoadError(
            "no text layer (scanned? set load.ocr to true to have it read)" if not ocr else "no text layer, and none was recognised"
        )
    title = stated["Title"]
    title = None if title is None or FILE_NAME_TITLE.fullmatch(title) else title
    return Parsed(
        text, title or outermost(headings) or first_line(text), find_date(text), starts,
        headings or plain_headings(text), None if stated["Author"] in NO_AUTHORS else stated["Author"],
    )  # fmt: skip


def page_of(document: "PdfDocument", number: int, ocr: str = "") -> Page:
    """The words of page `number` (from 0), by Tesseract if it has none."""
    page = read_page(document, number)
    if not page.words and ocr:
        from rag.load.ocr import recognise

        page = recognise(document, number, ocr)
    return page


def _stated(document: "PdfDocument") -> dict[str, str | None]:
    return {key: one_line(clean(document.get_metadata_value(key)).replace("\0", "")) for key in ("Title", "Author")}


def _drop_running_lines(pages: list[list[Line]]) -> None:
    """Take out what stands at the same place at the top or bottom of most pages, but for its numbers."""
    edges: list[list[Line]] = []
    for lines in pages:
        downwards = sorted(lines, key=lambda line: line.middle)
        top = _edge(downwards)
        bottom = _edge(downwards[len(top) :][::-1])
        edges.append(top + bottom[::-1])
    places: dict[str, list[float]] = {}
    for edge in edges:
        for line in edge:
            places.setdefault(_shape(line), []).append(line.middle)
    for number, (lines, edge) in enumerate(zip(pages, edges, strict=True), 1):
        for line in edge:
            same = sum(1 for middle in places[_shape(line)] if abs(middle - line.middle) < SAME_PLACE)
            often = same >= RUNNING_PAGES and same > RUNNING_SHARE * len(pages)
            # On both pages of two it stays where it comes first: it may be the title.
            again = lines is not pages[0] and 1 < same == len(pages) and line.text == _shape(line)
            if len(lines) > 1 and (often or again or (line is edge[-1] and _numbers_its_page(line, lines, number))):
                lines.remove(line)
        # A number alone at the top or bottom is the page's, also where it stands to the left on even pages and to the right on odd ones.
        for line in (edge[:1] + edge[-1:]) if len(pages) > 1 else []:
            if len(lines) > 1 and PAGE_NUMBER.fullmatch(line.text) and any(line is other for other in lines):
                lines.remove(line)


def _numbers_its_page(foot: Line, lines: list[Line], number: int) -> bool:
    """Whether the last line of page `number` ends with that number, and stands apart from the text."""
    found = NUMBERS_ITS_PAGE.fullmatch(foot.text)
    above = max((line.middle for line in lines if line.middle < foot.middle), default=foot.middle)
    return found is not None and int(found["number"]) == number and foot.middle - above > EDGE_GAP * foot.size


def _edge(lines: list[Line]) -> list[Line]:
    """The first line, and those after it up to a gap if there is one soon: what may stand on every page."""
    for place, (line, after) in enumerate(itertools.pairwise(lines), 1):
        if abs(after.middle - line.middle) > EDGE_GAP * max(line.size, after.size):
            return lines[:place]
    return lines[:1]


def _shape(line: Line) -> str:
    shape = re.sub(r"\d+", "#", line.text)
    # Without a letter it is a page's number, or the last line of a paragraph that happens to be one.
    return shape if any(map(str.isalpha, shape)) else line.text
