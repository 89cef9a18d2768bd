"""ZIP archives, checked before anything in them is opened: how many members, how large, how well compressed, what they are called.

Folders in a ZIP file are read from it member by member, Office files and e-books are such archives themselves. Nothing is ever extracted to
disk. It knows nothing of what the members hold; an archive in an archive is for the caller to refuse.
"""

import io
import re
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

from rag.errors import LoadError
from rag.load.limits import megabytes

MOST_MEMBERS = 20_000
LARGEST_DIRECTORY = 4_000_000
# A member may be this many times as large as it is in the archive, and whatever is smaller may be compressed as well as it likes.
HIGHEST_RATIO = 200
HARMLESS_SIZE = 8_000_000
# What all members of an Office file or e-book may have together, pictures included.
LARGEST_PACKAGE = 400_000_000

# https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.16
END = struct.Struct("<4s4H2LH")
END_MARK = b"PK\x05\x06"
ENCRYPTED = 0x1
KNOWN_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
UNSAFE_NAME = re.compile(r"^[/\\]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)|[\0-\x1f]")
DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, OSError, ValueError, RuntimeError, LookupError)


class Archive:
    """A ZIP archive whose directory has been checked; `names` are those of its files, in order."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        try:
            _check_end(file)
            self._zip = zipfile.ZipFile(file)
            entries = self._zip.infolist()
            _check_entries(entries)
        except DAMAGE as error:
            file.close()
            raise LoadError(f"a damaged ZIP archive ({_reason(error)})") from error
        except LoadError:
            file.close()
            raise
        self._entries = {entry.filename: entry for entry in entries if not entry.is_dir()}
        self.names = tuple(self._entries)

    def close(self) -> None:
        """Close the file."""
        self._zip.close()
        self._file.close()

    @property
    def size(self) -> int:
        """What all members have together, by their own account."""
        return sum(entry.file_size for entry in self._entries.values())

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def read(self, name: str, most: int) -> bytes:
        """The bytes of a member.

        Raises:
            LoadError: it is not there, larger than `most` bytes, encrypted, a link or damaged.
        """
        entry = self._entries.get(name)
        if entry is None:
            raise LoadError("not in the archive any more")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise LoadError("a link in an archive is not followed")
        if entry.flag_bits & ENCRYPTED:
            raise LoadError("encrypted")
        if entry.file_size > most:
            raise LoadError(f"too large ({megabytes(entry.file_size)} MB > {megabytes(most)} MB; raise load.max_megabytes)")
        if entry.compress_type not in KNOWN_METHODS:
            raise LoadError(f"compressed by method {entry.compress_type}, which is not read")
        try:
            with self._zip.open(entry) as member:
                data = member.read(most + 1)
        except DAMAGE as error:
            raise LoadError(f"a damaged ZIP archive ({_reason(error)})") from error
        if len(data) > most:
            raise LoadError(f"too large (more than {megabytes(most)} MB; raise load.max_megabytes)")
        return data


def open_package(data: bytes) -> Archive:
    """The archive that an Office file or e-book is.

    Raises:
        LoadError: it is none, damaged, or larger inside than any such file is.
    """
    if data[:2] != b"PK":
        raise LoadError(
            "encrypted, or in an older format; save it in the present one" if data[:4] == b"\xd0\xcf\x11\xe0" else "not a ZIP archive"
        )
    archive = Archive(io.BytesIO(data))
    if archive.size > LARGEST_PACKAGE:
        raise LoadError(
            f"holds {megabytes(archive.size)} MB in {megabytes(len(data))} MB, more than the {megabytes(LARGEST_PACKAGE)} MB allowed"
        )
    return archive


def split_member(path: Path) -> tuple[Path, str] | None:
    """The archive and the name in it, for the path of a member: "a.zip/folder/b.txt"; None for other paths."""
    if ".zip" not in str(path).lower():
        return None
    for parent in reversed(path.parents):
        if parent.suffix.lower() == ".zip" and parent.is_file():
            return parent, path.relative_to(parent).as_posix()
    return None


def members(path: Path) -> tuple[str, ...]:
    """The names of the files in an archive on disk.

    Raises:
        LoadError: it cannot be read, or is not safe to open.
    """
    return _open(path).names


def read_member(path: Path, name: str, most: int) -> bytes:
    """The bytes of a file in an archive on disk; see `Archive.read`."""
    return _open(path).read(name, most)


class _Last:
    """The archive that was opened last; it stays open, since its members are read one after the other."""

    key: tuple[Path, int, int] | None = None
    archive: Archive | None = None


def _open(path: Path) -> Archive:
    try:
        status = path.stat()
        key = path, status.st_size, status.st_mtime_ns
        if _Last.key == key and _Last.archive is not None:
            return _Last.archive
        close_last()
        archive = Archive(path.open("rb"))
    except FileNotFoundError as error:
        raise LoadError("disappeared while it was read") from error
    except OSError as error:
        raise LoadError(f"cannot be read ({error.strerror or type(error).__name__})") from error
    _Last.key, _Last.archive = key, archive
    return archive


def close_last() -> None:
    """Close the archive that `read_member` has left open."""
    if _Last.archive is not None:
        _Last.archive.close()
    _Last.key = _Last.archive = None


def _check_end(file: BinaryIO) -> None:
    """Refuse a directory that is too large to be listed, before anything lists it."""
    file.seek(0, io.SEEK_END)
    file.seek(max(0, file.tell() - END.size - 0xFFFF))
    tail = file.read()
    place = tail.rfind(END_MARK)
    if place < 0 or len(tail) - place < END.size:
        raise LoadError("a damaged ZIP archive (it has no end)")
    *_, count, size, _, _ = END.unpack_from(tail, place)
    if size == 0xFFFFFFFF or size > LARGEST_DIRECTORY or count == 0xFFFF:
        raise LoadError(f"a ZIP archive of too many files (at most {MOST_MEMBERS:,})")


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_MEMBERS:
        raise LoadError(f"a ZIP archive of {len(entries):,} files (at most {MOST_MEMBERS:,})")
    for entry in entries:
        name = entry.filename
        if UNSAFE_NAME.search(name) or UNSAFE_NAME.search(entry.orig_filename):
            raise LoadError(f"a ZIP archive that is not safe to open: it holds {name[:60]!a}, which leads out of it")
        if entry.file_size > HARMLESS_SIZE and entry.file_size > HIGHEST_RATIO * max(1, entry.compress_size):
            sizes = f"{megabytes(entry.compress_size)} MB would become {megabytes(entry.file_size)} MB"
            raise LoadError(f"a ZIP archive that is not safe to open: in {name[:60]!a} {sizes}")


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split())[:80] or type(error).__name__
