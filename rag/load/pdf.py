"""The reader of PDF: the text layer, page by page, with lines joined to paragraphs and hyphenated words made whole.

pypdf extracts, this module lays out. It knows lines, not fonts or columns: a heading is known by its numbering or its capitals only. No
images are read, so a scanned page is empty; a page that cannot be extracted is empty too.
"""

import io
import logging
import re
import struct
import zlib
from collections import Counter
from typing import TYPE_CHECKING

from rag.errors import LoadError
from rag.load.dates import find_date
from rag.load.parsed import Parsed, first_line, one_line, without_surrogates
from rag.load.text import plain_headings
from rag.references import heading_reference

if TYPE_CHECKING:
    from pypdf import PdfReader

# What pypdf is known to raise on damaged files besides its own errors; there is no narrower common base than Exception.
DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
CLEAN = str.maketrans({**LIGATURES, "\0": None, "\xa0": " ", "\u200b": None, "\t": " ", "\r": "\n", "\f": "\n"})
PAGE_NUMBER = re.compile(r"(?i)[-–—\s]*(?:p[áa]g(?:ina|e)?\.?\s*|page\s*)?\d{1,4}(?:\s*(?:/|de|of)\s*\d{1,4})?[-–—\s]*")
LIST_ITEM = re.compile(r"[-*•·▪‣–—]\s|\(?\d{1,3}[.)]\s|\(?[a-z]\)\s|\(?[ivx]{1,4}\)\s")
NUMBERED_HEADING = re.compile(r"\d{1,2}(?:\.\d{1,2})+\.?\s[^\W\d_a-z]")
BROKEN_WORD = re.compile(r"([^\W\d_]+)[-\u2010\xad]$")
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
SENTENCE_END = re.compile(r"[.!?:;…][»”\"')\]]*$")
# Left by the programs that make PDFs, and no titles.
FILE_NAME_TITLE = re.compile(r"(?i)untitled|\(anonymous\)|microsoft word.*|.*\.(?:docx?|pdf|rtf|odt|tex|indd|pptx?|xlsx?)")
# A line that is this much shorter than the others could have held another word.
FULL_LINE = 0.85


def read_pdf(data: bytes) -> Parsed:
    """Read the text layer of a PDF.

    Raises:
        LoadError: no PDF, damaged beyond reading, encrypted, or without any text.
    """
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    if b"%PDF-" not in data[:1_024]:
        raise LoadError("not a readable PDF: it does not begin with %PDF-")
    reader = _open(data)
    pages = _without_running_lines([_lines(text) for text in _extract(reader)])
    words = Counter(word for lines in pages for line in lines for word in WORD.findall(line.lower()))
    width = _width(pages)
    text, starts = _join([_paragraphs(lines, words, width) for lines in pages], width)
    if not text.strip():
        raise LoadError("no text layer (scanned?)")
    return Parsed(text, _stated_title(reader) or first_line(text), find_date(text), starts, plain_headings(text))


def _open(data: bytes) -> "PdfReader":
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    try:
        reader = PdfReader(io.BytesIO(data))
        # Many files are encrypted with an empty password, only to forbid printing.
        if reader.is_encrypted and not reader.decrypt(""):
            raise LoadError("encrypted")
    except DependencyError as error:
        raise LoadError("encrypted (with AES: pip install cryptography reads it if it needs no password)") from error
    except (PyPdfError, *DAMAGE) as error:
        raise LoadError(f"not a readable PDF: {_reason(error)}") from error
    return reader


def _extract(reader: "PdfReader") -> list[str]:
    """The raw text of each page, "" for a page that is damaged."""
    from pypdf.errors import PyPdfError

    try:
        count = len(reader.pages)
    except (PyPdfError, *DAMAGE) as error:
        raise LoadError(f"not a readable PDF: {_reason(error)}") from error
    texts = []
    for number in range(count):
        try:
            texts.append(without_surrogates(reader.pages[number].extract_text()))
        except (PyPdfError, *DAMAGE):
            texts.append("")
    return texts


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


def _stated_title(reader: "PdfReader") -> str | None:
    from pypdf.errors import PyPdfError

    try:
        title = reader.metadata.title if reader.metadata else None
    except (PyPdfError, *DAMAGE):
        return None
    stated = one_line(without_surrogates(title).replace("\0", "")) if isinstance(title, str) else None
    return None if stated is None or FILE_NAME_TITLE.fullmatch(stated) else stated


def _lines(text: str) -> list[str]:
    """The lines of a page without outer white space; blank lines stay as ""."""
    return [" ".join(line.split()) for line in text.translate(CLEAN).strip().split("\n")]


def _without_running_lines(pages: list[list[str]]) -> list[list[str]]:
    """The pages without page numbers and without the first and last lines that most pages share."""
    for edge in (0, -1):
        shared = Counter(_shape(lines[edge]) for lines in pages if lines)
        running = {shape for shape, count in shared.items() if count >= 3 and count * 2 > len(pages)}
        for lines in pages:
            if len(lines) > 1 and (_shape(lines[edge]) in running or PAGE_NUMBER.fullmatch(lines[edge])):
                del lines[edge]
    return pages


def _shape(line: str) -> str:
    return re.sub(r"\d+", "#", line)


def _width(pages: list[list[str]]) -> int:
    """The length of a full line: nine in ten are not longer."""
    lengths = sorted(len(line) for lines in pages for line in lines if line)
    return lengths[len(lengths) * 9 // 10] if lengths else 0


def _paragraphs(lines: list[str], words: Counter[str], width: int) -> str:
    """The lines of a page joined to paragraphs (between blank lines) and list items (on lines of their own)."""
    pieces: list[str] = []
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        broken = BROKEN_WORD.search(line)
        if broken and below[:1].islower():
            pieces.append(_unhyphenated(line, broken, below, words))
        elif not line or not below or _ends_paragraph(line, below, width):
            pieces.append(line + "\n\n")
        elif LIST_ITEM.match(below) and not (below[0].isdigit() and line[-1].isalnum() and len(line) > width * FULL_LINE):
            pieces.append(line + "\n")
        else:
            pieces.append(line + " ")
    return re.sub(r"\n{3,}", "\n\n", "".join(pieces)).strip()


def _unhyphenated(line: str, broken: re.Match[str], below: str, words: Counter[str]) -> str:
    """`line` ready to be followed by `below`: its hyphen stays if the document writes the word with one, or both halves as words."""
    first = broken[1]
    found = WORD.match(below)
    second = found[0] if found else ""
    whole = (first + second).lower()
    hyphenated = f"{first}-{second}".lower()
    # Each half was counted once where it stands.
    apart = words[hyphenated] or (words[first.lower()] > 1 and words[second.lower()] > 1)
    return line[:-1] + "-" if apart and not words[whole] else line[:-1]


def _ends_paragraph(line: str, below: str, width: int) -> bool:
    """Whether the line end after `line` was meant: around numbered headings, and where the next word would still have fitted."""
    if len(below) <= width and heading_reference(below) and not line.endswith(","):
        return True
    could_hold_more = len(line) + 1 + len(below.split(" ", 1)[0]) <= width * FULL_LINE
    ends_sentence = SENTENCE_END.search(line) is not None
    if NUMBERED_HEADING.match(below):
        return ends_sentence
    return could_hold_more and not LIST_ITEM.match(below) and (ends_sentence or not below[0].islower())


def _join(pages: list[str], width: int) -> tuple[str, tuple[int, ...]]:
    """The text of all pages and the start of each; a paragraph that goes on over the page goes on in the text."""
    text: list[str] = []
    starts: list[int] = []
    length = 0
    last = ""
    for page in pages:
        if last and page:
            goes_on = not SENTENCE_END.search(last[-5:]) and (page[0].islower() or len(last.rpartition("\n")[2]) > width)
            text.append("\n" if goes_on and not heading_reference(page.partition("\n")[0]) else "\n\n")
            length += len(text[-1])
        starts.append(length)
        text.append(page)
        length += len(page)
        last = page or last
    return "".join(text), tuple(starts)
