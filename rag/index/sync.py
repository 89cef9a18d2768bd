"""Sync: make an index hold exactly the given files, touching only what changed.

    find -> compare by content -> load -> split -> embed what is new -> one transaction -> switch

Until the transaction commits, readers answer from the old generation; if anything stops the sync before, nothing that was indexed is
lost and the vectors computed so far are reused by the next one. Documents of other folders that were indexed earlier stay, and so does
what is behind a file or folder that cannot be read now, and everything where no document at all is found: a disk that is not mounted
looks like an empty folder. It does not watch folders, and it holds the documents of one sync in memory.
"""

import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from rag import __version__
from rag.config import Config
from rag.embed import Embedder
from rag.errors import IndexBusy, LoadError, StoreError
from rag.index.faults import unreadable
from rag.index.reader import checksums, digest, search_files_are_sound
from rag.index.store import Store, content_hash, embedded_text
from rag.index.vectors import VectorIndex
from rag.index.words import WordIndex
from rag.load import find_files, load_file
from rag.split import split
from rag.types import Document, Passage

EMBED_BATCH = 256
SPLITTER = "split-1"
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was not indexed, and why."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What a sync did. `documents` and `passages` are totals of the index, the rest counts this sync; `seconds` is wall time."""

    documents: int
    passages: int
    added: int
    updated: int
    removed: int
    unchanged: int
    skipped: tuple[Skipped, ...]
    embedded: int
    generation: int
    seconds: float


@dataclass(slots=True)
class _Plan:
    """What the transaction will write: new documents with their paths and passages, the sources to remove, those that only moved."""

    new: list[tuple[Document, str, list[Passage]]] = field(default_factory=list)
    remove: set[str] = field(default_factory=set)
    moved: dict[str, str] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    added: int = 0
    updated: int = 0
    removed: int = 0
    unchanged: int = 0


def sync(config: Config, embedder: Embedder, paths: Sequence[Path], progress: Progress | None = None) -> Summary:
    """Bring the index up to date with the files at `paths` (files or folders); if none of them can be read, it stays as it is.

    Raises:
        InputError: a path that is not there.
        IndexBusy: another process is writing to this index.
        StoreError: the index cannot be written (disk full, no permission); what it held before is unchanged.
    """
    found = list(find_files(paths))
    roots = [_place(path) for path in paths]

    def plan(store: Store) -> _Plan:
        return _plan_files(config, store, found, roots, progress)

    return _sync(config, embedder, plan, progress)


def sync_documents(config: Config, embedder: Embedder, documents: Iterable[Document], progress: Progress | None = None) -> Summary:
    """Make the index hold exactly `documents`, which come from elsewhere than files."""

    def plan(store: Store) -> _Plan:
        result = _Plan()
        known = store.known()
        for document in documents:
            _add_document(config, result, known, document, path="")
        gone = known.keys() - {document.source for document, _, _ in result.new}
        result.remove |= gone
        result.removed = len(gone)
        return result

    return _sync(config, embedder, plan, progress)


def _sync(config: Config, embedder: Embedder, make_plan: Callable[[Store], _Plan], progress: Progress | None) -> Summary:
    started = time.perf_counter()
    with _writing(config.index.path) as store:
        plan = make_plan(store)
        changed = plan.new or plan.remove or (store.generation and store.meta("embedder") != embedder.fingerprint)
        embedded = _embed(store, embedder, plan, progress) if changed else 0
        if changed or (store.generation and not search_files_are_sound(config.index.path, store)):
            _commit(config, store, embedder, plan)
        elif plan.moved:
            with store.transaction():
                store.set_paths(plan.moved)
        return Summary(
            documents=store.count("documents"), passages=store.count("passages"), added=plan.added, updated=plan.updated,
            removed=plan.removed, unchanged=plan.unchanged, skipped=tuple(plan.skipped), embedded=embedded,
            generation=store.generation, seconds=round(time.perf_counter() - started, 3),
        )  # fmt: skip


@contextmanager
def _writing(folder: Path) -> Iterator[Store]:
    """The only writer of the index in `folder`; faults of the disk come out as sentences."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "write.lock", timeout=0):
            store = Store.create(folder)
            try:
                yield store
            finally:
                store.close()
    except Timeout as error:
        raise IndexBusy(f"Another process is writing to the index at {folder}; try again when it has finished.") from error
    except OSError as error:
        cure = "free space or fix permissions and run it again, nothing indexed before is lost"
        raise StoreError(f"The index at {folder} could not be written ({error.strerror or error}); {cure}.") from error
    except sqlite3.Error as error:
        raise unreadable(folder, error) from error


def _plan_files(config: Config, store: Store, found: Sequence[tuple[Path, str]], roots: Sequence[str], progress: Progress | None) -> _Plan:
    plan = _Plan()
    known = store.known()
    same_splitter = store.meta("splitter") == _splitter(config)
    limit = int(config.load.max_megabytes * 1_000_000)
    seen: set[str] = set()
    shut: list[str] = []
    for done, (path, place, source) in enumerate(_named(found, known), 1):
        if progress is not None:
            progress(done, len(found), "reading")
        try:
            if same_splitter and source in known and known[source][1] == _sha256(path):
                plan.unchanged += 1
                if known[source][0] != place:
                    plan.moved[source] = place
            else:
                _add_document(config, plan, known, load_file(path, source, limit), place)
            seen.add(source)
        except LoadError as error:
            kept = _is_shut(path, error) and any(_is_below(before, [place]) for before, _ in known.values())
            shut += [place] * kept
            plan.skipped.append(Skipped(source, f"{error} (kept as it was indexed before)" if kept else str(error)))
    if not seen:
        return plan
    gone = {source for source, (place, _) in known.items() if source not in seen and _is_below(place, roots) and not _is_below(place, shut)}
    plan.remove |= gone
    plan.removed = len(gone)
    for source in sorted(known.keys() - seen - gone) if not same_splitter else ():  # documents of other folders
        document = store.document(source)
        assert document is not None
        _add_document(config, plan, known, document, known[source][0])
    return plan


def _named(found: Sequence[tuple[Path, str]], known: Mapping[str, tuple[str, str]]) -> Iterator[tuple[Path, str, str]]:
    """Each file, its place and its name, with folders before it if a document of another place, that is still there, has this name."""
    taken = {name for _, name in found}
    for path, name in found:
        place = _place(path)
        parts = Path(place).parts
        chosen = name
        for depth in range(len(Path(name).parts) + 1, len(parts) + 1):
            other, _ = known.get(chosen, ("", ""))
            if (other in ("", place) or not Path(other).exists()) and (chosen == name or chosen not in taken):
                break
            chosen = "/".join(parts[-depth:]).lstrip("/")
        taken.add(chosen)
        yield path, place, chosen


def _place(path: Path) -> str:
    """Where a file is, fit for the database also where its name is not UTF-8."""
    return str(path.resolve()).encode("utf-8", "backslashreplace").decode()


def _is_below(place: str, roots: Iterable[str]) -> bool:
    return any(Path(place).is_relative_to(root) for root in roots)


def _is_shut(path: Path, error: LoadError) -> bool:
    """Whether a file or folder is there but cannot be read now, which says nothing about what is in it."""
    return path.is_dir() or (isinstance(error.__cause__, OSError) and not isinstance(error.__cause__, FileNotFoundError))


def _add_document(config: Config, plan: _Plan, known: dict[str, tuple[str, str]], document: Document, path: str) -> None:
    passages = split(document, config.split.target_characters, config.split.max_characters)
    plan.new.append((document, path, passages))
    if document.source in known:
        plan.remove.add(document.source)
        plan.updated += 1
    else:
        plan.added += 1


def _embed(store: Store, embedder: Embedder, plan: _Plan, progress: Progress | None) -> int:
    """Compute the vectors that are missing and keep each batch at once; returns how many."""
    texts = {content_hash(passage): embedded_text(passage) for _, _, passages in plan.new for passage in passages}
    if store.meta("embedder") != embedder.fingerprint:
        replaced = plan.remove
        kept = (passage for passage in store.all_passages() if passage.source not in replaced)
        texts |= {content_hash(passage): embedded_text(passage) for passage in kept}
    missing = sorted(store.missing_vectors(embedder.fingerprint, texts))
    for first in range(0, len(missing), EMBED_BATCH):
        batch = missing[first : first + EMBED_BATCH]
        vectors = embedder.encode_documents([texts[content] for content in batch])
        with store.transaction():
            store.add_vectors(embedder.fingerprint, batch, vectors)
        if progress is not None:
            progress(min(first + EMBED_BATCH, len(missing)), len(missing), "embedding")
    return len(missing)


def _commit(config: Config, store: Store, embedder: Embedder, plan: _Plan) -> None:
    """Write the plan and the search files of the next generation, then make both visible at once."""
    generation = store.generation + 1
    folder = config.index.path / f"g{generation}"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with store.transaction():
            for source in sorted(plan.remove):
                store.remove(source)
            for document, path, passages in plan.new:
                store.add(document, path, passages)
            store.set_paths(plan.moved)
            store.drop_unused_vectors(embedder.fingerprint)
            files = _write_search_files(folder, store, embedder)
            made = {"embedder": embedder.fingerprint, "dimension": embedder.dimension, "splitter": _splitter(config)}
            store.set_meta(generation=generation, files=json.dumps(files), **made)
    except (RuntimeError, ValueError) as error:  # how FAISS and tantivy report a failed write
        cure = "free space and run it again, nothing indexed before is lost"
        raise StoreError(f"The search files in {folder} could not be written ({error}); {cure}.") from error
    finally:
        for old in config.index.path.glob("g*"):
            if old.name != f"g{store.generation}":
                shutil.rmtree(old, ignore_errors=True)


def _write_search_files(folder: Path, store: Store, embedder: Embedder) -> dict[str, str]:
    folder.mkdir(parents=True)
    VectorIndex.build(*store.vectors(embedder.fingerprint, embedder.dimension)).save(folder / "vectors.faiss")
    WordIndex.build(store.all_passages(), folder / "words")
    return checksums(folder)


def _splitter(config: Config) -> str:
    """What decides how files become passages: a new version of the program reads them again."""
    return f"{__version__}/{SPLITTER}/{config.split.target_characters}/{config.split.max_characters}"


def _sha256(path: Path) -> str:
    try:
        return digest(path)
    except OSError:
        return ""  # the loader will say why it cannot be read
