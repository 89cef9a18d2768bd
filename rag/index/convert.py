"""Documents taken out of a database that cannot be used as it is: an older format, or one that is damaged in places.

They come into a new database as texts without passages; the sync that follows splits, embeds and indexes them.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

from rag.errors import IndexDamaged
from rag.index.faults import decoded
from rag.index.manifest import Manifest
from rag.index.notes import readers, set_reader
from rag.index.store import FILE, Store
from rag.types import Document, Heading

_OLD = "SELECT source, path, title, text, sha256, language, date, pages, headings FROM documents ORDER BY id"


def convert_old_format(folder: Path) -> None:
    """Bring the index in `folder` from format 1 to the present one, if it has that."""
    file = folder / FILE
    if not file.is_file():
        return
    with closing(sqlite3.connect(file, isolation_level=None)) as old:
        if _value(Store(old), "SELECT value FROM meta WHERE key = 'format'") != "1":
            return
        (generation,) = old.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()
        _write_new(folder, int(generation), _documents_of_format_1(old), {})
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    _put_in_place(folder)


def salvage(folder: Path) -> list[str]:
    """Keep the documents of a damaged database that are as they were written; returns what is lost, by name where it is known.

    Raises:
        IndexDamaged: not one can be read; then nothing is changed.
    """
    lost: list[str] = []
    with closing(Store(sqlite3.connect(folder / FILE, isolation_level=None))) as old:
        written = [int(path.name[1:]) for path in folder.glob("g*") if path.name[1:].isdigit()]
        kept = _write_new(folder, max(written, default=1), _sound_documents(old, lost), _readers(old))
        if not kept:
            raise IndexDamaged(f"Nothing can be read of the index at {folder}; delete that folder and run rag index again.")
        nameless = _expected(old) - kept - len(lost)
        if nameless > 0:
            lost.append(f"{nameless} documents whose names cannot be read")
    _put_in_place(folder)
    return lost


def _write_new(folder: Path, generation: int, documents: Iterable[tuple[Document, str, dict[str, str]]], made_by: Mapping[str, str]) -> int:
    """Write documents, with their paths and copies, into a new database beside the old one, as if of that generation; returns how many."""
    for rest in folder.glob(f"{FILE}.new*"):
        rest.unlink()
    with closing(Store.create(folder, f"{FILE}.new")) as new, new.transaction():
        for document, path, copies in documents:
            new.add(document, path, ())
            new.set_copies(document.source, copies)
            if document.source in made_by:
                set_reader(new.connection, document.source, made_by[document.source])
        new.set_meta(generation=generation)
        Manifest(documents=new.count("documents")).write(new)
        return new.count("documents")


def _put_in_place(folder: Path) -> None:
    for suffix in ("-wal", "-shm"):  # of the old one; SQLite would apply its log to the new one
        (folder / f"{FILE}{suffix}").unlink(missing_ok=True)
    (folder / f"{FILE}.new").replace(folder / FILE)


def _documents_of_format_1(old: sqlite3.Connection) -> Iterator[tuple[Document, str, dict[str, str]]]:
    for source, path, title, text, sha256, language, date, pages, headings in old.execute(_OLD):
        lines = tuple(Heading(*values) for values in decoded(headings))
        yield Document(source, title, text, sha256, language, date, tuple(decoded(pages)), lines), path, {}


def _sound_documents(old: Store, lost: list[str]) -> Iterator[tuple[Document, str, dict[str, str]]]:
    last = _value(old, "SELECT max(id) FROM documents")
    for identifier in range(1, int(str(last or 0)) + 1):
        source = _value(old, "SELECT source FROM documents WHERE id = ?", identifier)
        if source is None:
            continue
        try:
            document = old.document(str(source))
            places = old.places_of(str(source))
        except sqlite3.Error:
            document = None
        if document is None:
            lost.append(str(source))
        else:
            yield document, places.pop(document.source, ""), places


def _readers(old: Store) -> dict[str, str]:
    """Which readers made the texts; of none if that cannot be read."""
    try:
        return readers(old.connection)
    except sqlite3.Error:
        return {}


def _expected(old: Store) -> int:
    """How many documents the manifest counts; 0 if it cannot be read."""
    try:
        return Manifest.read(old).documents
    except sqlite3.Error:
        return 0


def _value(store: Store, query: str, *values: object) -> object:
    try:
        row = store.connection.execute(query, values).fetchone()
    except sqlite3.Error:
        return None
    return None if row is None else row[0]
