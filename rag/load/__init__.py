"""Files to `Document`s: finds the files below the given paths and reads each by the reader of its suffix.

Each reader is a function of bytes in a module of its own; this module adds what all share: names, limits, hashes, language, and one error
for everything that can be wrong with a file. It does not know the index: what changed since the last time is for `rag.index` to say.
"""

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rag.errors import InputError, LoadError
from rag.language import detect
from rag.load.html import read_html
from rag.load.markdown import read_markdown
from rag.load.parsed import Parsed
from rag.load.pdf import read_pdf
from rag.load.text import read_text
from rag.types import Document

__all__ = ["SUFFIXES", "find_files", "load_file"]

Reader = Callable[[bytes], Parsed]

SUFFIXES: dict[str, Reader] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".txt": read_text,
    ".text": read_text,
    ".html": read_html,
    ".htm": read_html,
    ".pdf": read_pdf,
}
DESCRIPTION = "SOURCES.md"
MEGABYTE = 1_000_000


def find_files(paths: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Every file at or below `paths`, with its source name, in the order of these names.

    The source name is the path relative to the folder that was given, or the name of a file that was given itself. Where two given paths
    would give the same name, both get the name of the given folder in front, and as many folders above it as tell the two apart. A file
    that is reached twice is found once. Passed over: hidden files and folders, links out of the folder, links to folders. Files of unknown
    suffix, and `SOURCES.md`, are found, so that `load_file` can say why they are skipped.

    Raises:
        InputError: a path does not exist.
    """
    found: dict[Path, tuple[Path, str]] = {}
    for root in paths:
        if not root.exists():
            raise InputError(f"The path {root} does not exist; give files or folders that do.")
        for path in _walk(root) if root.is_dir() else [root]:
            found.setdefault(path.resolve(), (path, (path.relative_to(root) if path != root else Path(path.name)).as_posix()))
    names = Counter(name for _, name in found.values())
    shared = [(path, name) for path, name in found.values() if names[name] > 1]
    longer = dict(zip([path for path, _ in shared], _told_apart(shared), strict=True))
    sources = [(path, _printable(longer.get(path, name))) for path, name in found.values()]
    yield from sorted(sources, key=lambda pair: pair[1])


def load_file(path: Path, source: str, max_bytes: int) -> Document:
    """Read one file.

    Args:
        path: the file.
        source: the name that citations of it show.
        max_bytes: size above which it is not read.

    Raises:
        LoadError: it cannot be read; the message is the reason, in a few words.
    """
    if path.name == DESCRIPTION:
        raise LoadError("describes the folder, not indexed; rename it to have it indexed")
    reader = SUFFIXES.get(path.suffix.lower())
    if reader is None and not path.is_dir():
        raise LoadError(f"unsupported format {path.suffix}" if path.suffix else "unsupported format (no suffix)")
    data = _read(path, max_bytes)
    if not data.strip() or reader is None:
        raise LoadError("empty")
    try:
        parsed = reader(data)
    except RecursionError as error:
        raise LoadError("nested too deeply to be read") from error
    except MemoryError as error:
        raise LoadError("too large for the memory of this machine") from error
    if not parsed.text.strip():
        raise LoadError("empty")
    return Document(
        source=source,
        title=parsed.title or path.stem,
        text=parsed.text,
        sha256=hashlib.sha256(data).hexdigest(),
        language=detect(parsed.text),
        date=parsed.date,
        pages=parsed.pages,
        headings=parsed.headings,
    )


def _walk(root: Path) -> Iterator[Path]:
    unreadable: list[str] = []
    inside = root.resolve()
    for folder, folders, files in os.walk(root, onerror=lambda error: unreadable.append(error.filename)):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(folder, name)
            if not name.startswith(".") and (not path.is_symlink() or path.resolve().is_relative_to(inside)):
                yield path
    # A folder that cannot be listed is handed on like a file, so that it is reported and not silently left out.
    yield from map(Path, unreadable)


def _told_apart(shared: list[tuple[Path, str]]) -> list[str]:
    """For paths that share a name: the name with enough folders in front to be unlike all others."""
    wanted = [path.resolve().parts for path, _ in shared]
    depths = [len(Path(name).parts) + 1 for _, name in shared]
    while True:
        names = ["/".join(parts[-depth:]).lstrip("/") for parts, depth in zip(wanted, depths, strict=True)]
        counts = Counter(names)
        if max(counts.values(), default=1) == 1:
            return names
        depths = [depth + (counts[name] > 1) for name, depth in zip(names, depths, strict=True)]


def _printable(name: str) -> str:
    """A file name whose bytes are not UTF-8 comes from the system with lone surrogates, which nothing could store."""
    return os.fsencode(name).decode("utf-8", "replace")


def _read(path: Path, max_bytes: int) -> bytes:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise LoadError("permission denied: the folder cannot be listed")
        if not stat.S_ISREG(status.st_mode):
            raise LoadError("not a regular file")
        if status.st_size > max_bytes:
            sizes = f"{_megabytes(status.st_size)} MB > {_megabytes(max_bytes)} MB"
            raise LoadError(f"too large ({sizes}; raise load.max_megabytes)")
        with path.open("rb") as file:
            return file.read(max_bytes)
    except FileNotFoundError as error:
        raise LoadError("disappeared while it was read") from error
    except PermissionError as error:
        raise LoadError("permission denied") from error
    except OSError as error:
        raise LoadError(f"cannot be read ({error.strerror or type(error).__name__})") from error


def _megabytes(size: int) -> str:
    return f"{size / MEGABYTE:.3g}"
