"""Bytes to a `Document`: which reader reads which suffix, and what all readers share: hash, language, one error for everything wrong.

It knows neither the index nor that this usually happens in a process of its own (`rag.load.workers`).
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

from rag.errors import LoadError
from rag.language import detect
from rag.load.characters import clean
from rag.load.docx import read_docx
from rag.load.epub import read_epub
from rag.load.find import read_bytes, sha256_of
from rag.load.html import read_html
from rag.load.limits import Limits, megabytes
from rag.load.mail import read_mail
from rag.load.markdown import read_markdown
from rag.load.odt import read_odt
from rag.load.parsed import Parsed
from rag.load.pdf import read_pdf
from rag.load.pptx import read_pptx
from rag.load.records import read_json, read_json_lines
from rag.load.tables import read_csv, read_xlsx
from rag.load.text import read_text
from rag.types import Document

Reader = Callable[[bytes], Parsed]

SUFFIXES: dict[str, Reader] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".txt": read_text,
    ".text": read_text,
    ".html": read_html,
    ".htm": read_html,
    ".xhtml": read_html,
    ".pdf": read_pdf,
    ".docx": read_docx,
    ".docm": read_docx,
    ".odt": read_odt,
    ".ods": read_odt,
    ".odp": read_odt,
    ".pptx": read_pptx,
    ".pptm": read_pptx,
    ".xlsx": read_xlsx,
    ".xlsm": read_xlsx,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".epub": read_epub,
    ".eml": read_mail,
    ".json": read_json,
    ".jsonl": read_json_lines,
}
DESCRIPTION = "SOURCES.md"
READERS = "readers-5"
"""To be raised with any reader that makes another text of a file than before: `rag index` then loads again what is in an index."""


def load_file(path: Path, source: str, limits: Limits | int, alive: Callable[[], None] = lambda: None) -> Document:
    """Read one file, in this process.

    Args:
        path: the file, or a file in a ZIP file ("a.zip/b.txt").
        source: the name that citations of it show.
        limits: what it may cost, or its largest size in bytes.
        alive: called now and then while a long file is read.

    Raises:
        LoadError: it cannot be read; the message is the reason, in a few words.
    """
    limits = Limits(max_bytes=limits) if isinstance(limits, int) else limits
    check_name(path)
    data = read_bytes(path, limits.max_bytes)
    reader = SUFFIXES.get(path.suffix.lower())
    if reader is None and path.suffix.lower() == ".zip":
        from rag.load.archive import members

        members(path)  # says what is wrong with it, if anything is
    if not data.strip() or reader is None:
        raise LoadError("empty")
    try:
        parsed = read_pdf(data, limits.ocr, alive if limits.ocr else lambda: None) if reader is read_pdf else reader(data)
    except RecursionError as error:
        raise LoadError("nested too deeply to be read") from error
    except MemoryError as error:
        raise LoadError(f"needs more than {megabytes(limits.memory_bytes)} MB of memory (raise load.max_memory_megabytes)") from error
    if not parsed.text.strip():
        raise LoadError("empty")
    if len(parsed.text) > limits.max_bytes:
        raise LoadError(f"too large (its text has {megabytes(len(parsed.text))} million characters; raise load.max_megabytes)")
    return Document(
        source=source,
        title=clean(parsed.title or "") or path.stem,
        text=parsed.text,
        sha256=hashlib.sha256(data).hexdigest(),
        language=detect(parsed.text),
        date=parsed.date,
        pages=parsed.pages,
        headings=parsed.headings,
        author=clean(parsed.author or "") or None,
    )


def content_sha256(path: Path, limits: Limits) -> str:
    """The hash of the bytes of a file that looks as if it could be read.

    Raises:
        LoadError: why it cannot, as `load_file` says it.
    """
    check_name(path)
    return sha256_of(path, limits.max_bytes)


def check_name(path: Path) -> None:
    """Raise a `LoadError` for a file that is not read, whatever it holds."""
    if path.name == DESCRIPTION:
        raise LoadError("describes the folder, not indexed; rename it to have it indexed")
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES and suffix != ".zip" and not path.is_dir():
        cure = {".doc": ".docx", ".xls": ".xlsx", ".ppt": ".pptx", ".rtf": ".docx"}.get(suffix)
        raise LoadError(
            f"unsupported format {suffix}" + (f"; save it as {cure}" if cure else "") if suffix else "unsupported format (no suffix)"
        )
