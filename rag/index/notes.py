"""What a database notes of a document since format 2 came: its author, and which version of the readers made its text.

Older databases have no tables for it, and can be read all the same.
"""

import sqlite3

from rag.index.rows import place_checksum

_TABLES = """
CREATE TABLE IF NOT EXISTS authors (
    document INTEGER PRIMARY KEY REFERENCES documents ON DELETE CASCADE, author TEXT NOT NULL, checksum BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS readers (document INTEGER PRIMARY KEY REFERENCES documents ON DELETE CASCADE, version TEXT NOT NULL)
"""


def make_tables(connection: sqlite3.Connection) -> None:
    """Make the tables that are not there."""
    for statement in _TABLES.split(";"):
        connection.execute(statement)


def set_author(connection: sqlite3.Connection, document: int, source: str, author: str) -> None:
    """Note the author of the document with this number and name."""
    connection.execute("INSERT INTO authors VALUES (?, ?, ?)", (document, author, place_checksum(source, author)))


def author_of(connection: sqlite3.Connection, document: int, source: str) -> str | None:
    """The author of the document with this number and name.

    Raises:
        sqlite3.DatabaseError: it is not the one that was written.
    """
    if not _has(connection, "authors"):
        return None
    row = connection.execute("SELECT author, checksum FROM authors WHERE document = ?", (document,)).fetchone()
    if row is not None and place_checksum(source, row[0]) != row[1]:
        raise sqlite3.DatabaseError(f"the author of {source} is not the one that was stored")
    return None if row is None else str(row[0])


def set_reader(connection: sqlite3.Connection, source: str, version: str) -> None:
    """Note which version of the readers made the text of the document with this name."""
    connection.execute("INSERT OR REPLACE INTO readers SELECT id, ? FROM documents WHERE source = ?", (version, source))


def readers(connection: sqlite3.Connection) -> dict[str, str]:
    """Name -> version of the readers that made the text, of every document that has this note; copies included."""
    if not _has(connection, "readers"):
        return {}
    query = """SELECT d.source, r.version FROM readers r JOIN documents d ON d.id = r.document
        UNION ALL SELECT c.source, r.version FROM readers r JOIN copies c ON c.document = r.document"""
    return dict(connection.execute(query))


def _has(connection: sqlite3.Connection, table: str) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone() is not None
