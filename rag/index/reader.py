"""Reading an index: one generation for a whole question, also while a sync runs.

`Reader.snapshot()` opens a SQLite read transaction and pairs it with the search files of the same generation. Files that are missing or
damaged are never searched: a small index is searched in memory instead, a large one asks for `rag check --repair`.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from rag.errors import IndexDamaged, IndexMismatch, IndexMissing, StoreError
from rag.index.check import are_trusted
from rag.index.embeddings import CONTEXTUAL, Embeddings
from rag.index.embeddings import FILE as EMBEDDINGS_FILE
from rag.index.faults import damaged, unreadable
from rag.index.generation import tail
from rag.index.manifest import Manifest, folder_of
from rag.index.protocol import Snapshot
from rag.index.store import FILE as STORE_FILE
from rag.index.store import Store
from rag.index.vectors import Base, Matrix, VectorIndex
from rag.index.words import WordIndex
from rag.read import CONTEXTUAL_DIMENSION

IN_MEMORY = 100_000
ATTEMPTS = 20


class StoredVectors:
    """Dense search over one generation; what the search files hold only approximately is read from SQLite."""

    def __init__(self, index: VectorIndex, store: Store, embeddings: Embeddings, contextual: Embeddings | None, fingerprint: str) -> None:
        self._index = index
        self._store = store
        self._embeddings = embeddings
        self._contextual = contextual
        self._fingerprint = fingerprint
        self._compared: tuple[bytes, dict[int, float]] = (b"", {})

    def __len__(self) -> int:
        return len(self._index)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._index.dimension

    def search(self, vector: Matrix, limit: int) -> list[tuple[int, float]]:
        """The `limit` passages nearest to `vector` (d): (passage id, cosine), best first, ties by id."""
        found = self._index.search(vector, limit)
        if self._index.is_exact:
            return found
        ids = [identifier for identifier, _ in found]
        return sorted(zip(ids, self.similarity(vector, ids), strict=True), key=lambda pair: (-pair[1], pair[0]))

    def similarity(self, vector: Matrix, ids: Sequence[int]) -> list[float]:
        """Cosine of `vector` with each of the passages `ids`; those that `search` found for it are compared already."""
        asked, cosines = self._compared
        if asked != vector.tobytes():
            asked, cosines = self._compared = (vector.tobytes(), {})
        new = [identifier for identifier in ids if identifier not in cosines]
        cosines |= zip(new, self._index.similarity(vector, new, self._load), strict=True)
        return [cosines[identifier] for identifier in ids]

    def contextual(self, fingerprint: str, ids: Sequence[int]) -> dict[int, Matrix]:
        """Contextual vectors (384) of those of the passages `ids` that have one; one that is damaged counts as none (`rag check` tells)."""
        if self._contextual is None:
            return {}
        contents = self._store.contents_of(ids)
        try:
            found = self._contextual.sound(fingerprint, CONTEXTUAL_DIMENSION, contents)
        except sqlite3.DatabaseError:
            return {}
        return {identifier: found[content] for identifier, content in zip(ids, contents, strict=True) if content in found}

    def contextual_count(self, fingerprint: str) -> tuple[int, int]:
        """How many of the different texts of passages have a contextual vector, and how many there are."""
        total = self._store.count_texts()
        try:
            return min(self._contextual.count(fingerprint), total) if self._contextual else 0, total
        except sqlite3.DatabaseError:
            return 0, total

    def _load(self, ids: Sequence[int]) -> Matrix:
        return self._embeddings.load(self._fingerprint, self.dimension, self._store.contents_of(ids))


class Reader:
    """Opens snapshots of the index in `folder` for the embedder with this fingerprint; may be shared between threads.

    Raises:
        IndexMissing, IndexDamaged: there is no sound index.
        IndexMismatch: it has no vectors of this embedder.
        StoreError: the system does not let it be read.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self.folder = folder
        self._fingerprint = fingerprint
        self._lock = threading.Lock()
        self._current: tuple[int, VectorIndex, WordIndex] | None = None
        self._idle: list[tuple[object, _Connections]] = []
        with self.snapshot():
            pass

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """One generation, held for as long as the context lasts."""
        with ExitStack() as stack:
            try:
                yield self._opened(stack)
            except sqlite3.Error as error:
                raise unreadable(self.folder, error) from error

    def close(self) -> None:
        """Close the connections that wait for the next question."""
        while self._idle:
            _close(self._idle.pop()[1])

    def __del__(self) -> None:
        self.close()

    def _opened(self, stack: ExitStack) -> Snapshot:
        """A snapshot that lasts as long as `stack`; where a sync commits while it is opened, it starts again."""
        for _ in range(ATTEMPTS):
            with ExitStack() as opened:
                store, embeddings, contextual = opened.enter_context(self._connections())
                opened.enter_context(embeddings.held())  # first: what is removed after a commit is still there for the generation before
                opened.enter_context(store.transaction("DEFERRED"))
                generation = store.generation
                try:
                    manifest = Manifest.read(store)
                    self._check_fingerprint(manifest)
                    if embeddings.end < manifest.vectors_end:
                        continue
                    index, words = self._search_files(store, embeddings, manifest, generation)
                except (IndexDamaged, IndexMismatch, sqlite3.DatabaseError):
                    if self._generation_now() == generation:
                        raise
                    continue
                stack.push(opened.pop_all())
                vectors = StoredVectors(index, store, embeddings, contextual, self._fingerprint)
                return Snapshot(generation, store, vectors, words, store.meta("written"))
        raise StoreError(f"The index at {self.folder} changes faster than it can be read; ask again.")

    @contextmanager
    def _connections(self) -> "Iterator[_Connections]":
        """Connections to the databases, kept for the next question: their caches are warm."""
        files = tuple(_identity(self.folder / name) for name in (STORE_FILE, EMBEDDINGS_FILE, CONTEXTUAL))
        while True:
            try:
                kept, connections = self._idle.pop()
            except IndexError:
                connections = self._connected()
                break
            if kept == files and (connections[2] is not None or files[2] is None):
                break
            _close(connections)
        try:
            yield connections
        except BaseException:
            _close(connections)
            raise
        self._idle.append((files, connections))

    def _connected(self) -> "_Connections":
        store = Store.open(self.folder)
        try:
            embeddings = Embeddings(self.folder)
        except BaseException:
            store.close()
            raise
        try:
            return store, embeddings, Embeddings(self.folder, file=CONTEXTUAL)
        except sqlite3.Error:  # there are none yet, or they cannot be read: questions are answered without them
            return store, embeddings, None

    def _generation_now(self) -> int:
        with closing(Store.open(self.folder)) as store:
            return store.generation

    def _check_fingerprint(self, manifest: Manifest) -> None:
        if not manifest.embedders:
            raise IndexMissing(f"The index at {self.folder} was never finished; run: rag index YOUR_FOLDER --index {self.folder}")
        if self._fingerprint not in manifest.embedders:
            found = " and ".join(manifest.embedders)
            raise IndexMismatch(
                f"The index at {self.folder} was made with the embedding {found}, the configuration says {self._fingerprint}; "
                f"run rag index on your documents again to re-embed them, or set embedding.model back."
            )

    def _search_files(self, store: Store, embeddings: Embeddings, manifest: Manifest, generation: int) -> tuple[VectorIndex, WordIndex]:
        with self._lock:
            if self._current is None or self._current[0] != generation:
                self._current = (generation, *self._load(store, embeddings, manifest))
            return self._current[1], self._current[2]

    def _load(self, store: Store, embeddings: Embeddings, manifest: Manifest) -> tuple[VectorIndex, WordIndex]:
        folder = folder_of(self.folder, store.generation)
        embedder = (self._fingerprint, manifest.embedders[self._fingerprint])
        trusted = are_trusted(self.folder, store, manifest)
        try:
            if trusted:
                file = manifest.bases.get(self._fingerprint)
                base = Base.open(folder / file.file) if file else None
                vectors = VectorIndex(*tail(store, embeddings, embedder, file.last + 1 if file else 0), base)
                return vectors, WordIndex.open(folder / "words")
        except (OSError, IndexDamaged):  # removed by a newer sync while we looked, or unreadable: SQLite still has it all
            pass
        if store.count("passages") > IN_MEMORY:
            raise damaged(self.folder, "its search files are not those that were written")
        return VectorIndex(*tail(store, embeddings, embedder, 0)), WordIndex.build(store.all_passages())


_Connections = tuple[Store, Embeddings, Embeddings | None]


def _close(connections: _Connections) -> None:
    for connection in connections:
        if connection is not None:
            connection.close()


def _identity(file: Path) -> tuple[int, ...] | None:
    """Which file has this name now: a repair puts another one in its place, and one is read as unchanging where nothing can be written."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size
