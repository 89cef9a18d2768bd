"""Whether an index is what was written: every row, every vector, every search file.

`examine` looks at everything and changes nothing; `rag.index.repair` mends what it finds. A text that was deleted is shown to be gone by
`traces`: it is in no file of the index, byte for byte, and the two searches hold exactly the passages that the documents have.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rag.errors import IndexDamaged, StoreError
from rag.index.embeddings import CONTEXTUAL, Embeddings
from rag.index.faults import damaged
from rag.index.manifest import Manifest, checksums, folder_of, search_files
from rag.index.seal import is_being_written, is_sealed, set_seal
from rag.index.store import Store
from rag.index.vectors import Base
from rag.index.words import WordIndex
from rag.read import CONTEXTUAL_DIMENSION

HASHED_BYTES = 64_000_000
_BATCH = 5_000
_HELD = "SELECT DISTINCT r.kind, r.unit, p.document FROM provisions r JOIN passages p ON p.id = r.passage"
_LISTED = "SELECT kind, unit, document FROM kinds"
_KINDS = f"SELECT * FROM ({_HELD} EXCEPT {_LISTED}) UNION ALL SELECT * FROM ({_LISTED} EXCEPT {_HELD})"  # noqa: S608 - both above
_CHUNK = 1 << 24


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one part of an index: "documents", "vectors", "contextual vectors", "words", "search files" or
    "leftovers"."""

    part: str
    sound: bool
    detail: str


def examine(index: Path) -> list[Finding]:
    """Verify everything; the index is sound if every finding is.

    Raises:
        IndexMissing, IndexMismatch: there is no index, or it is of another format.
    """
    try:
        store = Store.open(index)
    except IndexDamaged as error:
        return [Finding("documents", sound=False, detail=str(error))]
    with closing(store):
        try:
            with store.transaction("DEFERRED"):
                if fault := first_fault(store):
                    return [Finding("documents", sound=False, detail=fault)]
                documents = f"{store.count('documents')} documents and {store.count('passages')} passages, every row as it was written"
                return [Finding("documents", sound=True, detail=documents), *_examine_derived(index, store)]
        except sqlite3.Error as error:
            return [Finding("documents", sound=False, detail=str(error))]


def first_fault(store: Store) -> str | None:
    """The first thing that is wrong with the documents, passages and references; None if all are what was written."""
    return next(iter(_faults(store)), None)


def search_files_are_sound(folder: Path, manifest: Manifest) -> bool:
    """Whether the files in `folder` are those that were written."""
    try:
        return checksums(folder) == manifest.files
    except OSError:
        return False


def are_trusted(index: Path, store: Store, manifest: Manifest) -> bool:
    """Whether the search files of the store's generation may be used.

    Small ones are compared with their checksums each time, large ones are trusted where the seal holds; where it does not, and no sync runs
    that would explain it, everything is verified and sealed again.

    Raises:
        IndexDamaged: the documents themselves are not what was written.
    """
    folder = folder_of(index, store.generation)
    sealed = is_sealed(index, store.generation)
    if not sealed and not is_being_written(index):
        if fault := first_fault(store):
            raise damaged(index, fault)
        if search_files_are_sound(folder, manifest):
            set_seal(index, store.generation)
            return True
        return False
    try:
        small = sum(file.stat().st_size for file in search_files(folder).values()) <= HASHED_BYTES
    except OSError:  # a newer generation took their place
        return False
    return search_files_are_sound(folder, manifest) if small else True


def traces(index: Path, text: str) -> list[str]:
    """Names of the files of the index that hold `text`, byte for byte."""
    wanted = text.encode()
    return [str(file.relative_to(index)) for file in sorted(index.rglob("*")) if file.is_file() and _holds(file, wanted)]


def _faults(store: Store) -> Iterator[str]:
    try:
        (verdict,) = store.connection.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            yield f"SQLite says: {str(verdict).splitlines()[-1]}"
        if store.connection.execute("PRAGMA foreign_key_check").fetchone():
            yield "a passage belongs to no document"
        if store.connection.execute(_KINDS).fetchone():
            yield "the list of provisions by document is not the one that was stored"
        manifest = Manifest.read(store)
        if (manifest.documents, manifest.passages) != (store.count("documents"), store.count("passages")):
            yield "documents or passages are missing"
        for source in sorted({held for _, _, held in store.known().values()}):
            store.document(source)
        ids = (identifier for identifier, _ in store.contents())
        while batch := list(islice(ids, _BATCH)):
            store.passages(batch)
    except sqlite3.Error as error:
        yield str(error).partition(" with text ")[0]


def _examine_derived(index: Path, store: Store) -> Iterator[Finding]:
    manifest = Manifest.read(store)
    folder = folder_of(index, store.generation)
    yield _examine_vectors(index, store, manifest)
    if (index / CONTEXTUAL).is_file():
        yield _examine_contextual(index, store)
    if not search_files_are_sound(folder, manifest):
        yield Finding("search files", sound=False, detail=f"{folder.name} is not what was written")
    else:
        ids = [identifier for identifier, _ in store.contents()]
        yield _compared("words", folder, ids, WordIndex.open(folder / "words").ids)
        for base in manifest.bases.values():
            yield _compared("vectors", folder, [i for i in ids if i <= base.last], Base.open(folder / base.file).ids().tolist)
    stray = [path.name for path in sorted(index.glob("g*")) if path != folder]
    unused = len(store.garbage())
    if stray or unused or not is_sealed(index, store.generation):
        what = f"{len(stray)} folders and {unused} vectors that are not used any more; the next rag index removes them"
        yield Finding("leftovers", sound=True, detail=f"of a sync that was stopped, or of a copy: {what}")


def _compared(part: str, folder: Path, expected: list[int], found: object) -> Finding:
    try:
        same = found() == expected  # type: ignore[operator]
    except StoreError as error:
        return Finding(part, sound=False, detail=str(error))
    detail = f"{folder.name} holds {len(expected)} passages, those of the documents" if same else f"{folder.name} holds other passages"
    return Finding(part, sound=same, detail=detail)


def _examine_vectors(index: Path, store: Store, manifest: Manifest) -> Finding:
    try:
        with closing(Embeddings(index)) as embeddings:
            verdict = embeddings.integrity()
            if verdict != "ok":
                return Finding("vectors", sound=False, detail=f"SQLite says: {verdict.splitlines()[-1]}")
            for embedder in manifest.embedders.items():
                contents = (content for _, content in store.contents())
                while batch := list(islice(contents, _BATCH)):
                    embeddings.load(*embedder, batch)
            unused = len(embeddings.unused(content for _, content in store.contents()))
    except sqlite3.Error as error:
        return Finding("vectors", sound=False, detail=str(error))
    spare = f"; {unused} more of texts that a stopped sync will index" if unused else ""
    return Finding("vectors", sound=True, detail=f"one for every passage of {', '.join(manifest.embedders)}{spare}")


def _examine_contextual(index: Path, store: Store) -> Finding:
    """Those that exist: some passages may have none yet."""
    part = "contextual vectors"
    try:
        with closing(Embeddings(index, file=CONTEXTUAL)) as embeddings:
            verdict = embeddings.integrity()
            if verdict != "ok":
                return Finding(part, sound=False, detail=f"SQLite says: {verdict.splitlines()[-1]}")
            fingerprints = embeddings.fingerprints
            damaged_ones = sum(1 for fingerprint in fingerprints for _ in embeddings.damaged(fingerprint, CONTEXTUAL_DIMENSION))
            if damaged_ones:
                return Finding(part, sound=False, detail=f"{damaged_ones} are not what was written")
            unused = len(embeddings.unused(content for _, content in store.contents()))
            counts = ", ".join(f"{embeddings.count(fingerprint)} of {fingerprint}" for fingerprint in fingerprints)
    except sqlite3.Error as error:
        return Finding(part, sound=False, detail=str(error))
    spare = f"; {unused} of texts that no passage has, which rag index --deep removes" if unused else ""
    return Finding(part, sound=True, detail=f"{counts or 'none yet'}, for {store.count_texts()} texts{spare}")


def _holds(file: Path, wanted: bytes) -> bool:
    before = b""
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            if wanted in before + chunk:
                return True
            before = chunk[-len(wanted) :]
    return False
