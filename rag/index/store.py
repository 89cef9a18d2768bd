"""The truth of an index: documents, passages, references and vectors in one SQLite file.

Everything that a reader can see changes in one transaction, which also raises the generation. Vectors are kept by the hash of the text
that was embedded and the embedder's fingerprint, and are committed as they are computed: an interrupted sync loses none of them.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.errors import IndexMismatch, IndexMissing
from rag.index.faults import decoded, unreadable
from rag.types import Document, Heading, Passage, Reference

FORMAT = 1
FILE = "index.db"
_BATCH = 500
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL UNIQUE, path TEXT NOT NULL, sha256 TEXT NOT NULL, title TEXT NOT NULL, language TEXT,
    date TEXT, text TEXT NOT NULL, pages TEXT NOT NULL, headings TEXT NOT NULL);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, document INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE, "start" INTEGER NOT NULL,
    "end" INTEGER NOT NULL, text TEXT NOT NULL, section TEXT NOT NULL, page INTEGER, language TEXT, content TEXT NOT NULL);
CREATE INDEX passages_of_document ON passages (document);
CREATE TABLE provisions (
    kind TEXT NOT NULL, number TEXT NOT NULL, unit INTEGER NOT NULL, passage INTEGER NOT NULL REFERENCES passages ON DELETE CASCADE,
    position INTEGER NOT NULL, PRIMARY KEY (kind, number, unit, passage, position)) WITHOUT ROWID;
CREATE INDEX provisions_of_passage ON provisions (passage);
CREATE TABLE vectors (
    fingerprint TEXT NOT NULL, content TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (fingerprint, content)) WITHOUT ROWID;
"""
_PASSAGE = """SELECT p.id, d.source, d.title, p.text, p."start", p."end", p.section, p.page, p.language, d.date, d.pages
    FROM passages p JOIN documents d ON d.id = p.document"""


class Store:
    """One connection to the SQLite file of an index; not shared between threads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    @classmethod
    def create(cls, folder: Path) -> "Store":
        """Open the index in `folder` for writing, making it if it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(folder / FILE, isolation_level=None, timeout=30)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        store = cls(connection)
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            with store.transaction():
                for statement in _SCHEMA.split(";"):
                    connection.execute(statement)
                store.set_meta(format=FORMAT, generation=0)
        store.check_format()
        return store

    @classmethod
    def open(cls, folder: Path) -> "Store":
        """Open the index in `folder` for reading.

        Raises:
            IndexMissing: there is none.
            IndexDamaged: the file is not a sound SQLite database.
            StoreError: the system does not let it be read.
        """
        file = folder / FILE
        if not file.is_file():
            raise IndexMissing(f"There is no index at {folder}; make one with: rag index YOUR_FOLDER --index {folder}")
        address = f"{file.resolve().as_uri()}?mode=rw"
        try:
            connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=30, check_same_thread=False)
        except sqlite3.Error as error:
            raise unreadable(folder, error) from error
        store = cls(connection)
        try:
            connection.execute("PRAGMA query_only = ON")
            store.check_format()
            finished = store.generation > 0
        except sqlite3.Error as error:
            connection.close()
            raise unreadable(folder, error) from error
        except IndexMismatch:
            connection.close()
            raise
        if not finished:
            connection.close()
            raise IndexMissing(f"The index at {folder} was never finished; run: rag index YOUR_FOLDER --index {folder}")
        return store

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    @contextmanager
    def transaction(self, kind: str = "IMMEDIATE") -> Iterator[None]:
        """All or nothing: commits at the end, rolls back on any exception."""
        self.connection.execute(f"BEGIN {kind}")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:  # SQLite has rolled back on its own where the disk was full
                self.connection.execute("ROLLBACK")
            raise

    # What is known of the whole

    def meta(self, key: str) -> str | None:
        """One value of the manifest."""
        row = self.connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, **values: object) -> None:
        """Write values of the manifest."""
        self.connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", [(key, str(value)) for key, value in values.items()])

    def check_format(self) -> None:
        """Refuse an index that another version of the program wrote."""
        found = self.meta("format")
        if found != str(FORMAT):
            raise IndexMismatch(
                f"This index has format {found}, this program writes format {FORMAT}; delete the index and run rag index again."
            )

    @property
    def generation(self) -> int:
        """How many syncs have changed this index."""
        found = self.meta("generation") or "0"
        if not found.isdigit():
            raise sqlite3.DatabaseError(f"its generation is {found!r}")
        return int(found)

    def count(self, table: str) -> int:
        """Rows of "documents" or "passages"."""
        return int(self.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - a name of ours

    # Documents

    def known(self) -> dict[str, tuple[str, str]]:
        """Source -> (path on disk, sha256) of every document."""
        return {source: (path, sha256) for source, path, sha256 in self.connection.execute("SELECT source, path, sha256 FROM documents")}

    def set_paths(self, paths: Mapping[str, str]) -> None:
        """Note where documents (source -> path on disk) are now."""
        self.connection.executemany("UPDATE documents SET path = ? WHERE source = ?", [(path, source) for source, path in paths.items()])

    def remove(self, source: str) -> None:
        """Delete a document with its passages."""
        self.connection.execute("DELETE FROM documents WHERE source = ?", (source,))

    def add(self, document: Document, path: str, passages: Sequence[Passage]) -> None:
        """Insert a document and its passages (their ids are given here)."""
        row = (document.source, path, document.sha256, document.title, document.language, document.date, document.text)
        shape = (json.dumps(document.pages), json.dumps([[h.start, h.end, h.level, h.text] for h in document.headings]))
        columns = "source, path, sha256, title, language, date, text, pages, headings"
        cursor = self.connection.execute(f"INSERT INTO documents ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row + shape)  # noqa: S608
        for passage in passages:
            inserted = self.connection.execute(
                'INSERT INTO passages (document, "start", "end", text, section, page, language, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
                (cursor.lastrowid, passage.start, passage.end, passage.text, json.dumps(passage.section), passage.page, passage.language,
                 content_hash(passage)),
            )  # fmt: skip
            for unit, references in ((1, passage.provisions), (0, passage.mentions)):
                self.connection.executemany(
                    "INSERT INTO provisions VALUES (?, ?, ?, ?, ?)",
                    [(ref.kind, ref.number, unit, inserted.lastrowid, position) for position, ref in enumerate(references)],
                )

    def document(self, source: str) -> Document | None:
        """The stored document, or None."""
        query = "SELECT source, title, text, sha256, language, date, pages, headings FROM documents WHERE source = ?"
        row = self.connection.execute(query, (source,)).fetchone()
        if row is None:
            return None
        source, title, text, sha256, language, date, pages, headings = row
        lines = tuple(Heading(*values) for values in decoded(headings))
        return Document(source, title, text, sha256, language, date, tuple(decoded(pages)), lines)

    def documents(self) -> list[tuple[str, str, str | None, str | None]]:
        """(source, title, language, date) of every document, by source."""
        return list(self.connection.execute("SELECT source, title, language, date FROM documents ORDER BY source"))

    # Passages

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """The passages with these ids, in this order."""
        found: dict[int, Passage] = {}
        for first in range(0, len(ids), _BATCH):
            batch = list(ids[first : first + _BATCH])
            marks = ",".join("?" * len(batch))
            references = self._references(batch)
            for row in self.connection.execute(f"{_PASSAGE} WHERE p.id IN ({marks})", batch):
                found[row[0]] = _passage(row, references.get(row[0], ()))
        return [found[identifier] for identifier in ids if identifier in found]

    def all_passages(self) -> Iterator[Passage]:
        """Every passage in order of id, without its references."""
        for row in self.connection.execute(f"{_PASSAGE} ORDER BY p.id"):
            yield _passage(row, ())

    def with_reference(self, reference: Reference) -> list[tuple[int, bool]]:
        """(passage id, whether it is the provision's own text) of all passages that have or mention the provision."""
        query = "SELECT passage, max(unit) FROM provisions WHERE kind = ? AND number = ? GROUP BY passage ORDER BY passage"
        return [(passage, bool(unit)) for passage, unit in self.connection.execute(query, (reference.kind, reference.number))]

    def numbers_of(self, kind: str, *, own_text: bool) -> list[tuple[str, str]]:
        """(source, number) of the provisions of a kind, in document order: those that have their own text, or those that are mentioned."""
        query = """SELECT d.source, r.number, min(p.id) FROM provisions r JOIN passages p ON p.id = r.passage
            JOIN documents d ON d.id = p.document WHERE r.kind = ? AND r.unit = ? GROUP BY d.source, r.number ORDER BY 3"""
        return [(source, number) for source, number, _ in self.connection.execute(query, (kind, int(own_text)))]

    def _references(self, ids: Sequence[int]) -> dict[int, list[tuple[str, str, int]]]:
        marks = ",".join("?" * len(ids))
        found: dict[int, list[tuple[str, str, int]]] = {}
        query = f"SELECT passage, kind, number, unit FROM provisions WHERE passage IN ({marks}) ORDER BY passage, position"  # noqa: S608
        for passage, *reference in self.connection.execute(query, list(ids)):
            found.setdefault(passage, []).append((reference[0], reference[1], reference[2]))
        return found

    # Vectors

    def missing_vectors(self, fingerprint: str, hashes: Iterable[str]) -> set[str]:
        """Those of `hashes` that have no vector of this embedder yet."""
        query = "SELECT 1 FROM vectors WHERE fingerprint = ? AND content = ?"
        return {content for content in hashes if not self.connection.execute(query, (fingerprint, content)).fetchone()}

    def add_vectors(self, fingerprint: str, hashes: Sequence[str], vectors: npt.NDArray[np.float32]) -> None:
        """Keep vectors (n x d) as float32, by content hash."""
        rows = [(fingerprint, content, vector.astype("<f4").tobytes()) for content, vector in zip(hashes, vectors, strict=True)]
        self.connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

    def vectors(self, fingerprint: str, dimension: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Ids (n) and vectors (n x dimension) of all passages.

        Raises:
            sqlite3.DatabaseError: a vector is missing or has another length.
        """
        query = "SELECT p.id, v.vector FROM passages p JOIN vectors v ON v.content = p.content AND v.fingerprint = ? ORDER BY p.id"
        rows = self.connection.execute(query, (fingerprint,)).fetchall()
        ids = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
        if len(rows) != self.count("passages") or any(len(row[1]) != 4 * dimension for row in rows):
            raise sqlite3.DatabaseError("vectors of some passages are missing or cut off")
        flat = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f4").astype(np.float32)
        return ids, flat.reshape(len(rows), dimension)

    def drop_unused_vectors(self, fingerprint: str) -> None:
        """Forget vectors of texts that are gone and of other embedders."""
        self.connection.execute(
            "DELETE FROM vectors WHERE fingerprint <> ? OR content NOT IN (SELECT content FROM passages)", (fingerprint,)
        )


def embedded_text(passage: Passage) -> str:
    """The text whose vector stands for a passage: title and headings give it its context."""
    return "\n".join((passage.title, *passage.section[-2:], passage.text))


def content_hash(passage: Passage) -> str:
    """Key of a passage's vector: passages with the same text and context share one."""
    return hashlib.sha256(embedded_text(passage).encode()).hexdigest()


def _passage(row: Any, references: Iterable[tuple[str, str, int]]) -> Passage:  # noqa: ANN401 - columns of our own schema
    """A passage of a row of `_PASSAGE`."""
    identifier, source, title, text, start, end, section, page, language, date, pages = row
    split: tuple[list[Reference], list[Reference]] = ([], [])
    for kind, number, unit in references:
        split[unit].append(Reference(kind, number))
    mentions, provisions = map(tuple, split)
    path, breaks = tuple(decoded(section)), tuple(first for first in _page_starts(pages) if start < first < end)
    return Passage(source, title, text, start, end, path, page, language, date, provisions, mentions, identifier, breaks)


@lru_cache(maxsize=256)
def _page_starts(pages: str) -> tuple[int, ...]:
    return tuple(decoded(pages))
