"""Whether the files of an index are those that the last sync left: `seal.json` holds the size and times of each.

A seal that holds saves reading gigabytes before the first question; where it does not (a copied index, a restored backup, a sync that was
killed, a file that somebody changed), everything is verified once and sealed again. It does not see what the disk itself changes behind
the system's back: for that there are the checksums of rows and files, and `rag check`.
"""

import json
from pathlib import Path

from filelock import FileLock, Timeout

from rag.index import embeddings, store
from rag.index.manifest import folder_of, search_files

FILE = "seal.json"
LOCK = "write.lock"


def set_seal(index: Path, generation: int) -> None:
    """Seal the files as they are now; an index that cannot be written stays as it is."""
    new = index / f"{FILE}.new"
    try:
        new.write_text(json.dumps(_state(index, generation)), encoding="utf-8")
        new.replace(index / FILE)
    except OSError:
        new.unlink(missing_ok=True)


def is_sealed(index: Path, generation: int) -> bool:
    """Whether every file is the one that was sealed, with this generation."""
    if any(_size(index / f"{name}-wal") for name in (store.FILE, embeddings.FILE)):
        return False
    try:
        sealed: object = json.loads((index / FILE).read_bytes())
        return sealed == _state(index, generation)
    except (OSError, ValueError):
        return False


def is_being_written(index: Path) -> bool:
    """Whether a sync runs at this moment; then files may differ from the seal."""
    try:
        with FileLock(index / LOCK, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False


def _state(index: Path, generation: int) -> dict[str, object]:
    folder = folder_of(index, generation)
    files = {f"{folder.name}/{name}": file for name, file in search_files(folder).items()}
    files |= {name: index / name for name in (store.FILE, embeddings.FILE)}
    states = {name: [status.st_size, status.st_mtime_ns, status.st_ctime_ns] for name, status in ((n, f.stat()) for n, f in files.items())}
    return {"generation": generation, "files": states}


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
