"""What the search files of a generation are: kept in SQLite as JSON, so that it changes with the documents in one transaction."""

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rag.index.faults import decoded
from rag.index.store import Store
from rag.index.words import Part

KEY = "search"


@dataclass(frozen=True, slots=True)
class BaseFile:
    """An approximate vector index of the `passages` passages up to id `last`; it was trained when there were `trained`."""

    file: str
    passages: int
    last: int
    trained: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """The parts of the word index, the embedders (fingerprint -> dimension), their base files, and the sha256 of every file by name.

    `documents` and `passages` are the counts at the time it was written, `vectors_end` is the mark behind the vectors that were needed.
    """

    parts: tuple[Part, ...] = ()
    embedders: Mapping[str, int] = field(default_factory=dict)
    bases: Mapping[str, BaseFile] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    documents: int = 0
    passages: int = 0
    vectors_end: int = 0

    @classmethod
    def read(cls, store: Store) -> "Manifest":
        """The manifest of the generation that `store` sees; an empty one before the first.

        Raises:
            sqlite3.DatabaseError: it is not what was written.
        """
        written = store.meta(KEY)
        if written is None:
            if store.generation:
                raise sqlite3.DatabaseError("its manifest is missing")
            return cls()
        checksum, _, text = written.partition(" ")
        if checksum != _checksum(text):
            raise sqlite3.DatabaseError("its manifest is not the one that was written")
        values = decoded(text)
        parts = tuple(Part(first, last, passages, tuple(segments)) for first, last, passages, segments in values.pop("parts"))
        bases = {fingerprint: BaseFile(**base) for fingerprint, base in values.pop("bases").items()}
        return cls(parts=parts, bases=bases, **values)

    def write(self, store: Store) -> None:
        """Make it the manifest of `store`."""
        text = json.dumps(asdict(self) | {"parts": [(part.first, part.last, part.passages, part.segments) for part in self.parts]})
        store.set_meta(**{KEY: f"{_checksum(text)} {text}"})


def _checksum(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def folder_of(index: Path, generation: int) -> Path:
    """Where the search files of a generation are."""
    return index / f"g{generation}"


def search_files(folder: Path) -> dict[str, Path]:
    """Every file below `folder` that search reads, by relative name."""
    files = sorted(file for file in folder.rglob("[!.]*") if file.is_file() and file.suffix != ".lock")
    return {file.relative_to(folder).as_posix(): file for file in files}


def checksums(folder: Path) -> dict[str, str]:
    """sha256 of every file below `folder` that search reads, by relative name."""
    return {name: digest(file) for name, file in search_files(folder).items()}


def digest(path: Path) -> str:
    """sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
