"""Vectors that were computed once, by the text they stand for: SQLite files beside the documents.

`vectors.db` has those of the embedders, one for every passage. `contextual.db` has those that `rag.index.contextual` adds behind a sync,
for some passages or all: a file of its own, because it is written between syncs, and that must not break the seal of the other files.

A vector is kept as 8-bit integers with one scale and a checksum: a quarter of the size of float32, with cosines off by less than 0.001.
The files are content-addressed, so that nothing in them can be wrong for a document: they are committed batch by batch while a sync runs,
and one that is stopped loses none of its work. What is missing or damaged here is computed again.
"""

import sqlite3
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rag.index.sqlite import checkpoint, connect, transaction
from rag.read import CONTEXTUAL_DIMENSION

FILE = "vectors.db"
CONTEXTUAL = "contextual.db"
_BATCH = 500
_LARGEST = 127.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS embedders (id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS vectors (
    id INTEGER PRIMARY KEY AUTOINCREMENT, embedder INTEGER NOT NULL, content BLOB NOT NULL, vector BLOB NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS vectors_of_content ON vectors (content, embedder);
"""

Matrix = npt.NDArray[np.float32]


class Embeddings:
    """One connection to a file of vectors of an index; not shared between threads."""

    def __init__(self, folder: Path, *, writing: bool = False, file: str = FILE) -> None:
        if not writing and not (folder / file).is_file():
            raise sqlite3.DatabaseError("its vectors are missing")
        self._connection = connect(folder / file, writing=writing)
        try:
            if writing:
                self._connection.execute("PRAGMA synchronous = NORMAL")  # `to_disk` comes before the documents are committed
                if not self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'vectors_of_content'").fetchone():
                    with transaction(self._connection):  # whoever reads meanwhile finds all tables or none
                        for statement in _SCHEMA.split(";"):
                            self._connection.execute(statement)
            self._ids = self._known_embedders()
        except sqlite3.Error:
            self._connection.close()
            raise

    @contextmanager
    def held(self) -> Iterator[None]:
        """See what is there now for as long as the context lasts, whatever is written or removed."""
        with transaction(self._connection, "DEFERRED"):
            self._ids = self._known_embedders()
            yield

    def _known_embedders(self) -> dict[str, int]:
        return dict(self._connection.execute("SELECT fingerprint, id FROM embedders").fetchall())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @property
    def fingerprints(self) -> list[str]:
        """The embedders that have vectors here."""
        return sorted(self._ids)

    def to_disk(self) -> None:
        """Wait until the disk has what was added."""
        self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def checkpoint(self) -> None:
        """See `rag.index.sqlite.checkpoint`."""
        checkpoint(self._connection)

    def present(self, fingerprint: str, contents: Collection[bytes]) -> set[bytes]:
        """Those of `contents` that have a vector of this embedder."""
        query = "SELECT content FROM vectors WHERE embedder = ? AND content IN ({})"
        found: set[bytes] = set()
        for batch in _batches(list(contents)):
            found.update(content for (content,) in self._connection.execute(_marked(query, batch), (self._ids.get(fingerprint, 0), *batch)))
        return found

    def add(self, fingerprint: str, contents: Sequence[bytes], vectors: Matrix) -> None:
        """Keep vectors (n x d), by content hash, at once."""
        with transaction(self._connection):
            if fingerprint not in self._ids:
                cursor = self._connection.execute("INSERT INTO embedders (fingerprint) VALUES (?)", (fingerprint,))
                self._ids[fingerprint] = int(cursor.lastrowid or 0)
            embedder = self._ids[fingerprint]
            rows = [(embedder, content, packed) for content, packed in zip(contents, _packed(vectors), strict=True)]
            self._connection.executemany("INSERT OR REPLACE INTO vectors (embedder, content, vector) VALUES (?, ?, ?)", rows)

    def load(self, fingerprint: str, dimension: int, contents: Sequence[bytes]) -> Matrix:
        """Vectors (n x d) of `contents`, in this order.

        Raises:
            sqlite3.DatabaseError: one is missing, or is not what was written.
        """
        query = "SELECT content, vector FROM vectors WHERE embedder = ? AND content IN ({})"
        embedder = self._ids.get(fingerprint, 0)
        vectors = np.zeros((len(contents), dimension), dtype=np.float32)
        for start, batch in zip(range(0, len(contents), _BATCH), _batches(contents), strict=True):
            found = dict(self._connection.execute(_marked(query, batch), (embedder, *batch)).fetchall())
            blobs = [found.get(content, b"") for content in batch]
            if not all(_is_sound(blob, dimension) for blob in blobs):
                raise sqlite3.DatabaseError("vectors of some passages are missing or damaged")
            vectors[start : start + len(batch)] = _unpacked(blobs, dimension)
        return vectors

    def sound(self, fingerprint: str, dimension: int, contents: Sequence[bytes]) -> dict[bytes, Matrix]:
        """Vectors (d) of those of `contents` that have one which is what was written."""
        query = "SELECT content, vector FROM vectors WHERE embedder = (SELECT id FROM embedders WHERE fingerprint = ?) AND content IN ({})"
        found: dict[bytes, Matrix] = {}
        for batch in _batches(contents):
            rows = self._connection.execute(_marked(query, batch), (fingerprint, *batch)).fetchall()
            blobs = {content: blob for content, blob in rows if _is_sound(blob, dimension)}
            if blobs:
                found |= zip(blobs, _unpacked([*blobs.values()], dimension), strict=True)
        return found

    def count(self, fingerprint: str) -> int:
        """How many texts have a vector of this embedder."""
        query = "SELECT count(*) FROM vectors WHERE embedder = (SELECT id FROM embedders WHERE fingerprint = ?)"
        return int(self._connection.execute(query, (fingerprint,)).fetchone()[0])

    def damaged(self, fingerprint: str, dimension: int) -> Iterator[bytes]:
        """Content hashes whose vector is not what was written."""
        query = "SELECT content, vector FROM vectors WHERE embedder = ?"
        for content, blob in self._connection.execute(query, (self._ids.get(fingerprint, 0),)):
            if not _is_sound(blob, dimension):
                yield content

    @property
    def end(self) -> int:
        """A mark: what is added later comes after it."""
        row = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'vectors'").fetchone()
        return int(row[0]) if row else 0

    def since(self, mark: int) -> list[bytes]:
        """Content hashes of what was added after a mark."""
        return [content for (content,) in self._connection.execute("SELECT DISTINCT content FROM vectors WHERE id > ?", (mark,))]

    def unused(self, wanted: Iterable[bytes]) -> set[bytes]:
        """Content hashes that have vectors here and are not `wanted`."""
        held = {content for (content,) in self._connection.execute("SELECT DISTINCT content FROM vectors")}
        return held.difference(wanted)

    def remove(self, contents: Collection[bytes]) -> None:
        """Forget the vectors of these texts, of every embedder."""
        with transaction(self._connection):
            self._connection.executemany("DELETE FROM vectors WHERE content = ?", [(content,) for content in contents])

    def keep_only(self, fingerprints: Collection[str]) -> None:
        """Forget the vectors of all other embedders."""
        for fingerprint in self._ids.keys() - set(fingerprints):
            with transaction(self._connection):
                self._connection.execute("DELETE FROM vectors WHERE embedder = ?", (self._ids[fingerprint],))
                self._connection.execute("DELETE FROM embedders WHERE id = ?", (self._ids[fingerprint],))
            del self._ids[fingerprint]

    def integrity(self) -> str:
        """What SQLite says of the file: "ok", or the first thing that is wrong."""
        return str(self._connection.execute("PRAGMA integrity_check(1)").fetchone()[0])


def open_contextual(folder: Path) -> Embeddings:
    """The contextual vectors of an index, for its only writer; a file that cannot be read is begun anew, as all can be computed."""
    try:
        return Embeddings(folder, writing=True, file=CONTEXTUAL)
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorname", "") not in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
            raise
    for rest in folder.glob(f"{CONTEXTUAL}*"):
        rest.unlink()
    return Embeddings(folder, writing=True, file=CONTEXTUAL)


def forget_contextual(folder: Path, contents: Collection[bytes]) -> None:
    """Forget the contextual vectors of these texts, if there are any."""
    if (folder / CONTEXTUAL).is_file():
        try:
            with closing(open_contextual(folder)) as embeddings:
                embeddings.remove(contents)
                embeddings.checkpoint()
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorname", "") != "SQLITE_CORRUPT":
                raise
            for rest in folder.glob(f"{CONTEXTUAL}*"):  # what is damaged may hold what is to be forgotten
                rest.unlink()


def drop_damaged(folder: Path, embedders: Mapping[str, int], file: str = FILE) -> None:
    """Take out the vectors of `embedders` (fingerprint -> dimension) that are not what was written; all, if the file cannot be read."""
    try:
        with closing(Embeddings(folder, writing=True, file=file)) as embeddings:
            if embeddings.integrity() == "ok":
                for fingerprint, dimension in embedders.items():
                    embeddings.remove(list(embeddings.damaged(fingerprint, dimension)))
                return
    except sqlite3.DatabaseError:
        pass
    for rest in folder.glob(f"{file}*"):
        rest.unlink()


def drop_damaged_contextual(folder: Path) -> None:
    """The same for contextual vectors, of every encoder."""
    if (folder / CONTEXTUAL).is_file():
        with closing(open_contextual(folder)) as embeddings:
            fingerprints = embeddings.fingerprints
        drop_damaged(folder, dict.fromkeys(fingerprints, CONTEXTUAL_DIMENSION), CONTEXTUAL)


def _batches(contents: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for first in range(0, len(contents), _BATCH):
        yield contents[first : first + _BATCH]


def _marked(query: str, batch: Sequence[bytes]) -> str:
    return query.format(",".join("?" * len(batch)))


def _packed(vectors: Matrix) -> Iterator[bytes]:
    scales = np.abs(vectors).max(axis=1, initial=0.0).astype("<f4") / np.float32(_LARGEST)
    safe = np.where(scales > 0, scales, 1.0)
    rows = np.rint(vectors / safe[:, None]).astype(np.int8)
    for scale, row in zip(scales, rows, strict=True):
        body = scale.tobytes() + row.tobytes()
        yield body + zlib.crc32(body).to_bytes(4, "little")


def _is_sound(blob: bytes, dimension: int) -> bool:
    return len(blob) == dimension + 8 and zlib.crc32(blob[:-4]).to_bytes(4, "little") == blob[-4:]


def _unpacked(blobs: Sequence[bytes], dimension: int) -> Matrix:
    """Rows of length 1 (or 0) of packed vectors."""
    flat = np.frombuffer(b"".join(blobs), dtype=np.uint8).reshape(len(blobs), dimension + 8)
    scales = flat[:, :4].copy().view("<f4")
    rows = flat[:, 4:-4].view(np.int8).astype(np.float32) * scales
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.divide(rows, lengths, out=rows, where=lengths > 0), dtype=np.float32)
