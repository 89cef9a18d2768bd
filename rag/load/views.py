"""What the chat shows of a PDF beside a citation: the page as a picture, and the rectangles on it that hold the cited words.

Both are computed from the file when they are asked for, in a worker process, as the file is as hostile as it was when it was indexed.
"""

import base64
from collections.abc import Sequence
from pathlib import Path

from rag.errors import LoadError
from rag.load.limits import Limits
from rag.load.pdf_marks import Mark, page_texts
from rag.load.workers import ask
from rag.types import Document


def rectangles(path: Path, document: Document, start: int, end: int, limits: Limits | None = None) -> tuple[Mark, ...]:
    """Where the characters start:end of a stored document stand on the pages of its PDF.

    Args:
        path: the file that it was read from.
        document: as it is stored: its text, the starts of its pages and the hash of its file are needed.
        start: first character of the citation.
        end: character after the last.
        limits: what reading may cost.

    Returns:
        For each page that the span is on: its number (from 1) and rectangles (left, top, width, height) in shares of its width and height.
        Empty for a document without pages.

    Raises:
        LoadError: the file has changed, is gone, or cannot be read.
    """
    wanted = page_texts(document.text, document.pages, start, end)
    if not wanted or path.suffix.lower() != ".pdf":
        return ()
    pages = [{"page": page.page, "text": page.text, "start": page.start, "end": page.end} for page in wanted]
    task = {"task": "marks", "path": str(path.absolute()), "sha256": document.sha256, "pages": pages}
    return tuple(Mark(page, tuple(_rectangle(each) for each in found)) for page, found in ask(task, limits or Limits())["marks"])


def _rectangle(numbers: Sequence[float]) -> tuple[float, float, float, float]:
    left, top, width, height = map(float, numbers)
    return left, top, width, height


def page_picture(path: Path, page: int, width: int = 900, limits: Limits | None = None) -> bytes:
    """Page `page` (from 1) of a PDF as a PNG picture of that many pixels' width.

    Raises:
        LoadError: no such page, or the file cannot be read.
    """
    if path.suffix.lower() != ".pdf":
        raise LoadError("only pages of PDF files can be shown as pictures")
    task = {"task": "picture", "path": str(path.absolute()), "page": page, "width": width}
    return base64.b64decode(ask(task, limits or Limits())["bytes"])
