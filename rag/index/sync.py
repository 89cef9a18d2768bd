"""Sync: make an index hold exactly the given files, touching only what changed.

    find -> compare by content -> load -> split -> embed what is new -> one transaction -> switch

Until the transaction commits, readers answer from the old generation; if anything stops the sync before, nothing that was indexed is
lost and the vectors computed so far are reused by the next one. Documents of other folders that were indexed earlier stay.
It does not watch folders, and it holds the documents of one sync in memory.
"""

import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from rag.config import Config
from rag.embed import Embedder
from rag.errors import IndexBusy, LoadError, StoreError
from rag.index.reader import checksums, digest
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
    """What the transaction will write."""

    new: list[tuple[Document, str, list[Passage]]]
    remove: set[str]
    skipped: list[Skipped]
    added: int = 0
    updated: int = 0
    removed: int = 0
    unchanged: int = 0


def sync(config: Config, embedder: Embedder, paths: Sequence[Path], progress: Progress | None = None) -> Summary:
    """Bring the index up to date with the files at `paths` (files or folders).

    Raises:
        InputError: a path that is not there.
        IndexBusy: another process is writing to this index.
        StoreError: the index cannot be written (disk full, no permission); what it held before is unchanged.
    """
    found = list(find_files(paths))
    roots = [path.resolve() for path in paths]

    def plan(store: Store) -> _Plan:
        return _plan_files(config, store, found, roots, progress)

    return _sync(config, embedder, plan, progress)


def sync_documents(config: Config, embedder: Embedder, documents: Iterable[Document], progress: Progress | None = None) -> Summary:
    """Make the index hold exactly `documents`, which come from elsewhere than files."""

    def plan(store: Store) -> _Plan:
        result = _Plan(new=[], remove=set(), skipped=[])
        known = store.known()
        for document in documents:
            _add_document(config, result, known, document, path="")
        result.remove |= known.keys() - {document.source for document, _, _ in result.new}
        return result

    return _sync(config, embedder, plan, progress)


def _sync(config: Config, embedder: Embedder, make_plan: Callable[[Store], _Plan], progress: Progress | None) -> Summary:
    started = time.perf_counter()
    with _writing(config.index.path) as store:
        plan = make_plan(store)
        embedded = _embed(store, embedder, plan, progress)
        if plan.new or plan.remove or embedded or not store.generation or store.meta("embedder") != embedder.fingerprint:
            _commit(config, store, embedder, plan)
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
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"The index at {folder} could not be written ({error}); free space or fix permissions and run it again, nothing indexed before is lost."
        ) from error


def _plan_files(config: Config, store: Store, found: Sequence[tuple[Path, str]], roots: Sequence[Path], progress: Progress | None) -> _Plan:
    plan = _Plan(new=[], remove=set(), skipped=[])
    known = store.known()
    same_splitter = store.meta("splitter") == _splitter(config)
    limit = int(config.load.max_megabytes * 1_000_000)
    seen: set[str] = set()
    for done, (path, name) in enumerate(found, 1):
        place = str(path.resolve())
        source = _free_name(known, name, path)
        if progress is not None:
            progress(done, len(found), "reading")
        try:
            if same_splitter and source in known and known[source][1] == _sha256(path):
                plan.unchanged += 1
            else:
                _add_document(config, plan, known, load_file(path, source, limit), place)
        except LoadError as error:
            plan.skipped.append(Skipped(source, str(error)))
            continue
        seen.add(source)
    gone = {source for source, (place, _) in known.items() if source not in seen and any(Path(place).is_relative_to(root) for root in roots)}
    plan.remove |= gone
    plan.removed = len(gone)
    return plan


def _free_name(known: dict[str, tuple[str, str]], name: str, path: Path) -> str:
    """`name`, or with its folder before it if a document of another place, that is still there, has this name."""
    taken = known.get(name)
    if taken is None or taken[0] == str(path.resolve()) or not Path(taken[0]).exists():
        return name
    depth = len(Path(name).parts)
    return "/".join(path.resolve().parts[-depth - 1 :])


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
            store.drop_unused_vectors(embedder.fingerprint)
            files = _write_search_files(folder, store, embedder)
            store.set_meta(
                generation=generation, embedder=embedder.fingerprint, dimension=embedder.dimension, splitter=_splitter(config), files=json.dumps(files)
            )
    except (RuntimeError, ValueError) as error:  # how FAISS and tantivy report a failed write
        raise StoreError(f"The search files in {folder} could not be written ({error}); free space and run it again, nothing indexed before is lost.") from error
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
    return f"{SPLITTER}/{config.split.target_characters}/{config.split.max_characters}"


def _sha256(path: Path) -> str:
    try:
        return digest(path)
    except OSError:
        return ""  # the loader will say why it cannot be read
