"""What a fault of SQLite means to the user: the system does not let the file be used, or the file is not what was written."""

import json
import sqlite3
from pathlib import Path
from typing import Any

from rag.errors import IndexDamaged, IndexMissing, StoreError

AGAIN = "free space or fix permissions and run it again, nothing indexed before is lost"
ANOTHER_FOLDER = "a file is where the folder should be: name another one with --index"
_SYSTEM_FAULTS = tuple(f"SQLITE_{name}" for name in ("FULL", "IOERR", "CANTOPEN", "PERM", "READONLY", "BUSY", "LOCKED"))


def unreadable(folder: Path, error: sqlite3.Error) -> StoreError:
    """What to tell the user of a fault of SQLite: the system's (a full disk, no permission), or damage to the file."""
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(_SYSTEM_FAULTS):
        return StoreError(f"The index at {folder} could not be read or written ({error}); {AGAIN}.")
    fault, _, _ = str(error).partition(" with text ")  # of a document, which is nobody's business here
    return damaged(folder, fault)


def require_index(folder: Path, file: str) -> None:
    """Raises IndexMissing where the folder does not hold this file, StoreError where the system does not let it be seen."""
    try:
        there = (folder / file).is_file()
    except OSError as error:
        raise StoreError(f"The index at {folder} could not be read ({error.strerror}); fix permissions and run it again.") from error
    if not there:
        raise IndexMissing(f"There is no index at {folder}; make one with: rag index YOUR_FOLDER --index {folder}")


def damaged(folder: Path, fault: str) -> IndexDamaged:
    """The sentence for a file of the index that is not what was written."""
    return IndexDamaged(f"The index at {folder} is damaged ({fault}); rag check --repair --index {folder} mends what can be.")


def reached(point: str) -> None:
    """A point of a sync, by name; the tests stop the program there."""


def decoded(text: str) -> Any:  # noqa: ANN401 - any JSON
    """The value of a JSON column, or the error that a damaged file gives elsewhere, too."""
    try:
        return json.loads(text)
    except (TypeError, ValueError) as error:
        raise sqlite3.DatabaseError("a value is not the JSON that was written") from error
