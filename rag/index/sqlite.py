"""How the SQLite files of an index are opened, written and emptied."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TIMEOUT_SECONDS = 30
CHECKPOINT_PATIENCE_MS = 500
_UNCHANGING = "mode=ro&immutable=1"
READING_CACHE_KIB = 32_000  # holds the inner pages of a million passages; SQLite's own 2 MB do not


def connect(file: Path, *, writing: bool) -> sqlite3.Connection:
    """A connection to an SQLite file of an index, made if it is not there and `writing`."""
    if not writing:
        return _reading(file, _mode(file))
    connection = sqlite3.connect(file, isolation_level=None, timeout=TIMEOUT_SECONDS)
    connection.execute("PRAGMA journal_mode = WAL")
    for name, value in {"synchronous": "FULL", "foreign_keys": "ON", "secure_delete": "ON", "cache_size": -64_000}.items():
        connection.execute(f"PRAGMA {name} = {value}")
    return connection


def _reading(file: Path, mode: str) -> sqlite3.Connection:
    address = f"{file.resolve().as_uri()}?{mode}"
    connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=TIMEOUT_SECONDS, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA cache_size = {-READING_CACHE_KIB}")
        connection.execute("PRAGMA schema_version")
    except sqlite3.OperationalError as error:
        connection.close()
        full = str(getattr(error, "sqlite_errorname", "")).startswith(("SQLITE_IOERR", "SQLITE_FULL"))
        if not full or mode == _UNCHANGING or _has_log(file):
            raise
        return _reading(file, _UNCHANGING)  # the disk has no room for the files that SQLite makes beside this one
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def may_change(file: Path) -> bool:
    """Whether this process may write to a database file and beside it."""
    return os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)


def _mode(file: Path) -> str:
    """How to open a file for reading: where nothing may be written, and nobody writes, as one that does not change.

    SQLite itself wants to write a file beside one whose log was in use; `rag.index.reader` opens files again that have changed since.
    """
    if may_change(file):
        return "mode=rw"
    return "mode=ro" if file.with_name(f"{file.name}-wal").exists() else _UNCHANGING


def _has_log(file: Path) -> bool:
    """Whether there may be changes that are not in the file itself yet."""
    try:
        return file.with_name(f"{file.name}-wal").stat().st_size > 0
    except FileNotFoundError:
        return False


def checkpoint(connection: sqlite3.Connection) -> None:
    """Move what was written from the log into the file, so that deleted texts are in neither; in vain while a reader needs the log."""
    connection.execute(f"PRAGMA busy_timeout = {CHECKPOINT_PATIENCE_MS}")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute(f"PRAGMA busy_timeout = {1000 * TIMEOUT_SECONDS}")


@contextmanager
def transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    """All or nothing: commits at the end, rolls back on any exception."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite has rolled back on its own where the disk was full
            connection.execute("ROLLBACK")
        raise
