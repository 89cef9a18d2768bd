"""The truth of an index: documents, passages and references in one SQLite file.

Everything that a reader can see changes in one transaction, which also raises the generation. The text of a document is stored once, as
its passages and the white space before each. Every row carries a checksum of all that it stands for: SQLite itself does not notice a
flipped bit in a text. Vectors are not here (`rag.index.embeddings`): they can always be computed again.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rag.errors import IndexMismatch, IndexMissing
from rag.index.faults import decoded, require_index, unreadable
from rag.index.notes import author_of, make_tables, set_author
from rag.index.protocol import Listed
from rag.index.rows import PASSAGE, checked, content_hash, document_checksum, passage_checksum, passage_of, place_checksum
from rag.index.sqlite import checkpoint, connect, transaction
from rag.types import Document, Heading, Language, Passage, Reference

FORMAT = 2
FILE = "index.db"
_BATCH = 500
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL UNIQUE, path TEXT NOT NULL, sha256 TEXT NOT NULL, title TEXT NOT NULL, language TEXT,
    date TEXT, pages TEXT NOT NULL, headings TEXT NOT NULL, tail TEXT NOT NULL, checksum BLOB NOT NULL, place BLOB NOT NULL);
CREATE TABLE copies (
    source TEXT PRIMARY KEY, document INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE, path TEXT NOT NULL, place BLOB NOT NULL)
    WITHOUT ROWID;
CREATE INDEX copies_of_document ON copies (document);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, document INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE, "start" INTEGER NOT NULL,
    gap TEXT NOT NULL, text TEXT NOT NULL, section TEXT NOT NULL, page INTEGER, language TEXT, content BLOB NOT NULL,
    checksum BLOB NOT NULL);
CREATE INDEX passages_of_document ON passages (document);
CREATE INDEX passages_of_content ON passages (content);
CREATE TABLE provisions (
    kind TEXT NOT NULL, number TEXT NOT NULL, unit INTEGER NOT NULL, passage INTEGER NOT NULL REFERENCES passages ON DELETE CASCADE,
    position INTEGER NOT NULL, PRIMARY KEY (kind, number, unit, passage, position)) WITHOUT ROWID;
CREATE INDEX provisions_of_passage ON provisions (passage);
CREATE TABLE kinds (
    kind TEXT NOT NULL, unit INTEGER NOT NULL, document INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    PRIMARY KEY (kind, unit, document)) WITHOUT ROWID;
CREATE INDEX kinds_of_document ON kinds (document);
CREATE TABLE garbage (content BLOB PRIMARY KEY) WITHOUT ROWID;
"""


class Store:
    """One connection to the SQLite file of an index; not shared between threads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._descriptions: dict[int, tuple[Language | None, bytes]] = {}

    @classmethod
    def create(cls, folder: Path, file: str = FILE) -> "Store":
        """Open the index in `folder` for writing, making it if it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        store = cls(connect(folder / file, writing=True))
        if not store.connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            with store.transaction():
                for statement in _SCHEMA.split(";"):
                    store.connection.execute(statement)
                store.set_meta(format=FORMAT, generation=0)
        store.check_format()
        make_tables(store.connection)
        return store

    @classmethod
    def open(cls, folder: Path) -> "Store":
        """Open the index in `folder` for reading.

        Raises:
            IndexMissing: there is none.
            IndexDamaged: the file is not a sound SQLite database.
            StoreError: the system does not let it be read.
        """
        require_index(folder, FILE)
        try:
            store = cls(connect(folder / FILE, writing=False))
        except sqlite3.Error as error:
            raise unreadable(folder, error) from error
        try:
            store.connection.execute("PRAGMA query_only = ON")
            store.check_format()
            finished = store.generation > 0
        except sqlite3.Error as error:
            store.close()
            raise unreadable(folder, error) from error
        except IndexMismatch:
            store.close()
            raise
        if not finished:
            store.close()
            raise IndexMissing(f"The index at {folder} was never finished; run: rag index YOUR_FOLDER --index {folder}")
        return store

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def transaction(self, kind: str = "IMMEDIATE") -> Any:  # noqa: ANN401 - a context manager
        """All or nothing; see `transaction`."""
        self._descriptions.clear()
        return transaction(self.connection, kind)

    def checkpoint(self) -> None:
        """See `checkpoint`."""
        checkpoint(self.connection)

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
        if found == "1":
            raise IndexMismatch("This index has format 1, this program reads format 2; run rag index on your documents to convert it.")
        if found != str(FORMAT):
            raise IndexMismatch(
                f"This index has format {found}, this program writes format {FORMAT}; use the newer program, or delete the index and run "
                "rag index again."
            )

    @property
    def generation(self) -> int:
        """How many syncs have changed this index."""
        found = self.meta("generation") or "0"
        if not found.isdigit():
            raise sqlite3.DatabaseError(f"its generation is {found!r}")
        return int(found)

    def count(self, table: str) -> int:
        """Rows of "passages", or "documents" by name: copies count."""
        tables = ("documents", "copies") if table == "documents" else (table,)
        return sum(int(self.connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]) for name in tables)  # noqa: S608 - names of ours

    def count_texts(self) -> int:
        """How many different texts the passages have: those with the same text and context share their vectors."""
        return int(self.connection.execute("SELECT count(DISTINCT content) FROM passages").fetchone()[0])

    # Documents

    def known(self) -> dict[str, tuple[str, str, str]]:
        """Source -> (path on disk, sha256, source that its text is stored under) of every document, copies included.

        Raises:
            sqlite3.DatabaseError: a name or path is not what was written.
        """
        rows = self.connection.execute(
            """SELECT source, path, place, sha256, source FROM documents
            UNION ALL SELECT c.source, c.path, c.place, d.sha256, d.source FROM copies c JOIN documents d ON d.id = c.document"""
        )
        known = {}
        for source, path, place, sha256, held in rows:
            if place != place_checksum(source, path):
                raise sqlite3.DatabaseError(f"the place of {source} is not the one that was stored")
            known[source] = (path, sha256, held)
        return known

    def places_of(self, source: str) -> dict[str, str]:
        """Name -> path on disk of a stored document, its copies included; those that are not what was written are left out."""
        rows = self.connection.execute(
            """SELECT source, path, place FROM documents WHERE source = ?1 UNION ALL
            SELECT c.source, c.path, c.place FROM copies c JOIN documents d ON d.id = c.document WHERE d.source = ?1""", (source,)
        )  # fmt: skip
        return {name: path for name, path, place in rows if place == place_checksum(name, path)}

    def set_paths(self, paths: Mapping[str, str]) -> None:
        """Note where documents (source -> path on disk) are now."""
        for table in ("documents", "copies"):
            rows = [(path, place_checksum(source, path), source) for source, path in paths.items()]
            self.connection.executemany(f"UPDATE {table} SET path = ?, place = ? WHERE source = ?", rows)  # noqa: S608 - names of ours

    def set_copies(self, source: str, copies: Mapping[str, str]) -> None:
        """Say under which other names (source -> path on disk) the document `source` is known."""
        (document,) = self.connection.execute("SELECT id FROM documents WHERE source = ?", (source,)).fetchone()
        self.connection.execute("DELETE FROM copies WHERE document = ?", (document,))
        rows = [(name, document, path, place_checksum(name, path)) for name, path in copies.items()]
        self.connection.executemany("INSERT INTO copies VALUES (?, ?, ?, ?)", rows)

    def clear_copies(self, sources: Iterable[str]) -> None:
        """Forget the other names of these documents."""
        query = "DELETE FROM copies WHERE document = (SELECT id FROM documents WHERE source = ?)"
        self.connection.executemany(query, [(source,) for source in sources])

    def remove(self, source: str) -> list[int]:
        """Delete a document with its copies and passages; returns the ids of the passages."""
        of = "WHERE document = (SELECT id FROM documents WHERE source = ?)"
        rows = self.connection.execute(f"SELECT id, content FROM passages {of}", (source,)).fetchall()  # noqa: S608
        self.connection.executemany("INSERT OR IGNORE INTO garbage VALUES (?)", [(content,) for _, content in rows])
        self.connection.execute("DELETE FROM documents WHERE source = ?", (source,))
        return [identifier for identifier, _ in rows]

    def add(self, document: Document, path: str, passages: Sequence[Passage]) -> list[int]:
        """Insert a document and its passages, which are in order and hold everything but white space; returns the passages' ids."""
        shape = (json.dumps(document.pages), json.dumps([[h.start, h.end, h.level, h.text] for h in document.headings]))
        tail = document.text[passages[-1].end :] if passages else document.text
        row = (document.source, path, document.sha256, document.title, document.language, document.date, *shape, tail)
        columns = "source, path, sha256, title, language, date, pages, headings, tail, checksum, place"
        marks = ", ".join("?" * 11)
        values = (*row, document_checksum(document), place_checksum(document.source, path))
        cursor = self.connection.execute(f"INSERT INTO documents ({columns}) VALUES ({marks})", values)  # noqa: S608
        if document.author:
            set_author(self.connection, int(cursor.lastrowid or 0), document.source, document.author)
        before, ids, references = 0, [], []
        for passage in passages:
            gap, before = document.text[before : passage.start], passage.end
            inserted = self.connection.execute(
                'INSERT INTO passages (document, "start", gap, text, section, page, language, content, checksum) '
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (cursor.lastrowid, passage.start, gap, passage.text, json.dumps(passage.section), passage.page, passage.language,
                 content_hash(passage), passage_checksum(passage, gap)),
            )  # fmt: skip
            identifier = int(inserted.lastrowid or 0)
            ids.append(identifier)
            for unit, found in ((1, passage.provisions), (0, passage.mentions)):
                references += [(ref.kind, ref.number, unit, identifier, position) for position, ref in enumerate(found)]
        self.connection.executemany("INSERT INTO provisions VALUES (?, ?, ?, ?, ?)", references)
        kinds = {(kind, unit, cursor.lastrowid) for kind, _, unit, _, _ in references}
        self.connection.executemany("INSERT INTO kinds VALUES (?, ?, ?)", sorted(kinds))
        return ids

    def document(self, source: str) -> Document | None:
        """The stored document under this name, with that name, or None.

        Raises:
            sqlite3.DatabaseError: what is stored is not what was written.
        """
        held = self.connection.execute(
            "SELECT d.source FROM copies c JOIN documents d ON d.id = c.document WHERE c.source = ?", (source,)
        ).fetchone()
        query = "SELECT id, source, title, sha256, language, date, pages, headings, tail, checksum FROM documents WHERE source = ?"
        row = self.connection.execute(query, held or (source,)).fetchone()
        if row is None:
            return None
        identifier, main, title, sha256, language, date, pages, headings, tail, checksum = row
        parts = self.connection.execute("SELECT gap || text FROM passages WHERE document = ? ORDER BY id", (identifier,))
        text = "".join(part for (part,) in parts) + tail
        lines = tuple(Heading(*values) for values in decoded(headings))
        document = Document(main, title, text, sha256, language, date, tuple(decoded(pages)), lines)
        if document_checksum(document) != checksum:
            raise sqlite3.DatabaseError(f"the text of {main} is not the one that was stored")
        return replace(document, source=source, author=author_of(self.connection, identifier, main))

    def documents(self) -> list[tuple[str, str, str | None, str | None]]:
        """(source, title, language, date) of every document by source, copies included."""
        query = """SELECT source, title, language, date FROM documents
            UNION ALL SELECT c.source, d.title, d.language, d.date FROM copies c JOIN documents d ON d.id = c.document ORDER BY 1"""
        return list(self.connection.execute(query))

    def listed(self) -> list[Listed]:
        """Every document by source, copies included."""
        counted = "SELECT document, count(*) AS number FROM passages GROUP BY document"
        query = f"""SELECT d.source, d.title, d.language, d.date, coalesce(n.number, 0), d.path
            FROM documents d LEFT JOIN ({counted}) n ON n.document = d.id
            UNION ALL SELECT c.source, d.title, d.language, d.date, coalesce(n.number, 0), c.path
            FROM copies c JOIN documents d ON d.id = c.document LEFT JOIN ({counted}) n ON n.document = d.id ORDER BY 1"""  # noqa: S608
        return [Listed(*row) for row in self.connection.execute(query)]

    # Passages

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """The passages with these ids, in this order.

        Raises:
            sqlite3.DatabaseError: a row is not the one that was written.
        """
        found: dict[int, Passage] = {}
        for first in range(0, len(ids), _BATCH):
            batch = list(ids[first : first + _BATCH])
            marks = ",".join("?" * len(batch))
            references = self._references(batch)
            for row in self.connection.execute(f"{PASSAGE} WHERE p.id IN ({marks})", batch):
                found[row[0]] = checked(row, references.get(row[0], ()))
        return [found[identifier] for identifier in ids if identifier in found]

    def all_passages(self, first: int = 0, last: int | None = None) -> Iterator[Passage]:
        """Every passage with first <= id <= last in order of id, without its references."""
        query = f"{PASSAGE} WHERE p.id >= ? AND p.id <= ? ORDER BY p.id"
        for row in self.connection.execute(query, (first, 2**62 if last is None else last)):
            yield passage_of(row, ())

    def contents(self, first: int = 0, last: int | None = None) -> Iterator[tuple[int, bytes]]:
        """(passage id, content hash) of every passage with first <= id <= last, in order of id."""
        query = "SELECT id, content FROM passages WHERE id >= ? AND id <= ? ORDER BY id"
        yield from self.connection.execute(query, (first, 2**62 if last is None else last))

    def languages(self, ids: Sequence[int]) -> dict[int, Language | None]:
        """The language of each of the passages with these ids."""
        described = self._described(ids)
        return {identifier: described[identifier][0] for identifier in ids if identifier in described}

    def contents_of(self, ids: Sequence[int]) -> list[bytes]:
        """Content hashes of the passages with these ids, in this order."""
        described = self._described(ids)
        return [described[identifier][1] for identifier in ids]

    def _described(self, ids: Sequence[int]) -> dict[int, tuple[Language | None, bytes]]:
        """Language and content hash by id; a question asks for both, of the same passages."""
        new = [identifier for identifier in ids if identifier not in self._descriptions]
        for first in range(0, len(new), _BATCH):
            batch = new[first : first + _BATCH]
            query = f"SELECT id, language, content FROM passages WHERE id IN ({','.join('?' * len(batch))})"  # noqa: S608 - question marks
            self._descriptions |= {
                identifier: (language, content) for identifier, language, content in self.connection.execute(query, batch)
            }
        return self._descriptions

    def with_reference(self, reference: Reference) -> list[tuple[int, bool, str]]:
        """(passage id, whether it is the provision's own text, source) of all passages that have or mention the provision."""
        query = """SELECT r.passage, max(r.unit), d.source FROM provisions r JOIN passages p ON p.id = r.passage
            JOIN documents d ON d.id = p.document WHERE r.kind = ? AND r.number = ? GROUP BY r.passage ORDER BY r.passage"""
        rows = self.connection.execute(query, (reference.kind, reference.number))
        return [(passage, bool(unit), source) for passage, unit, source in rows]

    def holders(self, kind: str, *, own_text: bool) -> dict[str, str]:
        """Source -> title of the documents that have provisions of a kind with their own text, or that mention some."""
        query = "SELECT d.source, d.title FROM kinds k JOIN documents d ON d.id = k.document WHERE k.kind = ? AND k.unit = ?"
        return dict(self.connection.execute(query, (kind, int(own_text))).fetchall())

    def numbers_of(self, kind: str, source: str, *, own_text: bool) -> list[str]:
        """Numbers of the provisions of a kind in a document, in order: those with their own text, or those that are mentioned."""
        query = """SELECT r.number FROM documents d JOIN passages p ON p.document = d.id JOIN provisions r ON r.passage = p.id
            WHERE d.source = ? AND r.kind = ? AND r.unit = ? ORDER BY p.id, r.position"""
        return list(dict.fromkeys(number for (number,) in self.connection.execute(query, (source, kind, int(own_text)))))

    def mentioned(self, kind: str) -> dict[str, tuple[str, ...]]:
        """Source -> numbers of a kind that its passages mention, of every document that mentions some."""
        query = """SELECT d.source, r.number FROM provisions r JOIN passages p ON p.id = r.passage JOIN documents d ON d.id = p.document
            WHERE r.kind = ? AND r.unit = 0 ORDER BY p.id, r.position"""
        found: dict[str, tuple[str, ...]] = {}
        for source, number in self.connection.execute(query, (kind,)):
            found[source] = (*found.get(source, ()), number)
        return found

    def passage_at(self, source: str, position: int) -> int | None:
        """The id of the passage of a document that holds a position of its text, or the last one before it."""
        query = """SELECT p.id FROM passages p JOIN documents d ON d.id = p.document WHERE d.source = ? AND p."start" <= ?
            ORDER BY p."start" DESC LIMIT 1"""
        row = self.connection.execute(query, (source, position)).fetchone()
        return None if row is None else int(row[0])

    def _references(self, ids: Sequence[int]) -> dict[int, list[tuple[str, str, int]]]:
        marks = ",".join("?" * len(ids))
        found: dict[int, list[tuple[str, str, int]]] = {}
        query = f"SELECT passage, kind, number, unit FROM provisions WHERE passage IN ({marks}) ORDER BY passage, unit, position"  # noqa: S608
        for passage, *reference in self.connection.execute(query, list(ids)):
            found.setdefault(passage, []).append((reference[0], reference[1], reference[2]))
        return found

    # Texts that are gone, until their vectors are, too

    def add_garbage(self, contents: Iterable[bytes]) -> None:
        """Note those of `contents` that no passage has."""
        self.connection.executemany("INSERT OR IGNORE INTO garbage VALUES (?)", [(content,) for content in self.unused(contents)])

    def garbage(self) -> list[bytes]:
        """Content hashes that passages had, or were to have, and that were not cleared yet."""
        return [content for (content,) in self.connection.execute("SELECT content FROM garbage")]

    def unused(self, contents: Iterable[bytes]) -> list[bytes]:
        """Those of `contents` that no passage has."""
        query = "SELECT 1 FROM passages WHERE content = ?"
        return [content for content in contents if not self.connection.execute(query, (content,)).fetchone()]

    def clear_garbage(self) -> None:
        """Forget them."""
        self.connection.execute("DELETE FROM garbage")
