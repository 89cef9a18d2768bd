"""Finds the files below the given paths and what they are called, and reads their bytes.

A ZIP file stands for the files in it, as a folder does. What the files hold is for `rag.load.formats` to say.
"""

import hashlib
import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rag.errors import InputError, LoadError
from rag.load.archive import close_last, members, read_member, split_member
from rag.load.characters import printable_name
from rag.load.limits import megabytes

ARCHIVE = ".zip"
# An index that someone keeps among the documents is no document.
_MARKS_OF_INDEX = frozenset(("index.db", "vectors.db", "write.lock"))
_INDEX = re.compile(r"(?:index|vectors|contextual)\.db(?:-wal|-shm)?|write\.lock|seal\.json|g[0-9]+")


def find_files(paths: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Every file at or below `paths`, with its source name, in the order of these names.

    The source name is the path relative to the folder that was given, or the name of a file that was given itself. Where two given paths
    would give the same name, both get the name of the given folder in front, and as many folders above it as tell the two apart. A file
    that is reached twice is found once. The files in a ZIP file are found as "a.zip/folder/file.txt". Passed over: hidden files and
    folders, links out of the folder, links to folders. Files of unknown suffix, and `SOURCES.md`, are found, so that `read` can say why
    they are skipped; so is a ZIP file that cannot be opened.

    Raises:
        InputError: a path does not exist.
    """
    found: dict[Path, tuple[Path, str]] = {}
    for root in paths:
        if not root.exists():
            raise InputError(f"The path {root} does not exist; give files or folders that do.")
        for path in _with_members(_walk(root) if root.is_dir() else [root]):
            found.setdefault(path.resolve(), (path, (path.relative_to(root.parent if root.is_file() else root)).as_posix()))
    names = Counter(name for _, name in found.values())
    shared = [(path, name) for path, name in found.values() if names[name] > 1]
    longer = dict(zip([path for path, _ in shared], _told_apart(shared), strict=True))
    sources = [(path, printable_name(longer.get(path, name))) for path, name in found.values()]
    close_last()
    yield from sorted(sources, key=lambda pair: pair[1])


def read_bytes(path: Path, max_bytes: int) -> bytes:
    """The bytes of a file, or of a file in a ZIP file.

    Raises:
        LoadError: it cannot be read, or has more than `max_bytes`; the message is the reason, in a few words.
    """
    if member := split_member(path):
        if path.suffix.lower() == ARCHIVE:
            raise LoadError("an archive in an archive is not opened; unpack it")
        return read_member(*member, max_bytes)
    with _reasons(path, max_bytes), path.open("rb") as file:
        return file.read(max_bytes)


def sha256_of(path: Path, max_bytes: int) -> str:
    """The hash of a file's bytes, read piece by piece; raises as `read_bytes` does."""
    if split_member(path):
        return hashlib.sha256(read_bytes(path, max_bytes)).hexdigest()
    with _reasons(path, max_bytes), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _reasons(path: Path, max_bytes: int) -> Iterator[None]:
    """Check that `path` is a file that may be read, and say in a few words what goes wrong when it is."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise LoadError("permission denied: the folder cannot be listed")
        if not stat.S_ISREG(status.st_mode):
            raise LoadError("not a regular file")
        if status.st_size > max_bytes:
            sizes = f"{megabytes(status.st_size)} MB > {megabytes(max_bytes)} MB"
            raise LoadError(f"too large ({sizes}; raise load.max_megabytes)")
        yield
    except FileNotFoundError as error:
        raise LoadError("disappeared while it was read") from error
    except PermissionError as error:
        raise LoadError("permission denied") from error
    except OSError as error:
        raise LoadError(f"cannot be read ({error.strerror or type(error).__name__})") from error


def _with_members(paths: Iterable[Path]) -> Iterator[Path]:
    """`paths`, but for each ZIP file that can be opened the files in it."""
    for path in paths:
        inside: tuple[str, ...] = ()
        if path.suffix.lower() == ARCHIVE:
            try:
                inside = members(path)
            except LoadError:
                pass  # found itself, so that `read_bytes` says why
        # What programs leave beside the files that a person put there.
        wanted = [name for name in inside if not any(part.startswith((".", "__MACOSX")) for part in name.split("/"))]
        yield from [path / name for name in wanted] or [path]


def _walk(root: Path) -> Iterator[Path]:
    unreadable: list[str] = []
    inside = root.resolve()
    for folder, folders, files in os.walk(root, onerror=lambda error: unreadable.append(error.filename)):
        own = _INDEX if _MARKS_OF_INDEX.issubset(files) else None
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not (own and own.fullmatch(name)))
        for name in sorted(name for name in files if not (own and own.fullmatch(name))):
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
