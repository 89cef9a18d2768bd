"""Reading an index: one generation for a whole question, also while a sync runs.

`Reader.snapshot()` opens a SQLite read transaction and pairs it with the search files of the same generation. Files that are missing or
damaged (their sha256 differs from the manifest) are rebuilt in memory from SQLite, so that they can never give a wrong answer.
"""

import hashlib
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rag.errors import IndexDamaged, IndexMismatch, InputError
from rag.index.faults import decoded, unreadable
from rag.index.store import Store
from rag.index.vectors import VectorIndex
from rag.index.words import WordIndex
from rag.types import Document


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One generation of an index: the store, inside a read transaction, and the two searches over it."""

    generation: int
    store: Store
    vectors: VectorIndex
    words: WordIndex

    def document(self, source: str) -> Document:
        """The stored document.

        Raises:
            InputError: no document has this name.
        """
        document = self.store.document(source)
        if document is None:
            names = ", ".join(name for name, *_ in self.store.documents()[:20])
            raise InputError(f"There is no document {source!r} in the index; it holds: {names}.")
        return document


class Reader:
    """Opens snapshots of the index in `folder` for the embedder with this fingerprint; may be shared between threads.

    Raises:
        IndexMissing, IndexDamaged: there is no sound index.
        IndexMismatch: its vectors were made by another embedder.
        StoreError: the system does not let it be read.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self.folder = folder
        self._fingerprint = fingerprint
        self._lock = threading.Lock()
        self._current: tuple[int, VectorIndex, WordIndex] | None = None
        with self.snapshot():
            pass

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """One generation, held for as long as the context lasts."""
        store = Store.open(self.folder)
        try:
            with store.transaction("DEFERRED"):
                generation = store.generation
                self._check_fingerprint(store)
                vectors, words = self._search_files(store, generation)
                yield Snapshot(generation, store, vectors, words)
        except sqlite3.Error as error:
            raise unreadable(self.folder, error) from error
        finally:
            store.close()

    def _check_fingerprint(self, store: Store) -> None:
        found = store.meta("embedder")
        if found != self._fingerprint:
            raise IndexMismatch(
                f"The index at {self.folder} was made with the embedding {found}, the configuration says {self._fingerprint}; "
                f"run rag index on your documents again to re-embed them, or set embedding.model back."
            )

    def _search_files(self, store: Store, generation: int) -> tuple[VectorIndex, WordIndex]:
        with self._lock:
            if self._current is None or self._current[0] != generation:
                self._current = (generation, *self._load(store, generation))
            return self._current[1], self._current[2]

    def _load(self, store: Store, generation: int) -> tuple[VectorIndex, WordIndex]:
        folder = self.folder / f"g{generation}"
        dimension = int(decoded(store.meta("dimension") or ""))
        try:
            if search_files_are_sound(self.folder, store):
                vectors, words = VectorIndex.open(folder / "vectors.faiss"), WordIndex.open(folder / "words")
                if len(vectors) == len(words) == store.count("passages") and vectors.dimension == dimension:
                    return vectors, words
        except (OSError, IndexDamaged):  # removed by a newer sync while we looked, or unreadable: SQLite still has it all
            pass
        return VectorIndex.build(*store.vectors(self._fingerprint, dimension)), WordIndex.build(store.all_passages())


def search_files_are_sound(folder: Path, store: Store) -> bool:
    """Whether the search files of the store's generation, in the index `folder`, are those that were written."""
    expected: dict[str, str] = decoded(store.meta("files") or "{}")
    return checksums(folder / f"g{store.generation}") == expected


def checksums(folder: Path) -> dict[str, str]:
    """sha256 of every file below `folder` that search reads, by relative name."""
    files = sorted(file for file in folder.rglob("[!.]*") if file.is_file() and file.suffix != ".lock")
    return {file.relative_to(folder).as_posix(): digest(file) for file in files}


def digest(path: Path) -> str:
    """sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
