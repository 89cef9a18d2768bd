"""Sync: make an index hold exactly the given files, touching only what changed.

    find -> compare by content (`plan`) -> load -> split -> embed what is new -> search files (`generation`) -> one transaction

Until the transaction commits, readers answer from the old generation; if anything stops the sync before, nothing that was indexed is
lost and the vectors computed so far are reused by the next one. One document is in memory at a time. It does not watch folders.
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from rag.config import Config
from rag.embed import Embedder
from rag.errors import IndexBusy, IndexDamaged, IndexMissing, LoadError, StoreError
from rag.index import faults
from rag.index.check import are_trusted, first_fault
from rag.index.convert import convert_old_format, salvage
from rag.index.embeddings import Embeddings, drop_damaged, drop_damaged_contextual, forget_contextual
from rag.index.faults import AGAIN, ANOTHER_FOLDER, unreadable
from rag.index.generation import NextGeneration, remove_other_generations
from rag.index.manifest import Manifest
from rag.index.notes import readers, set_reader
from rag.index.plan import (
    Known,
    Plan,
    Progress,
    Skipped,
    Summary,
    Wanted,
    known_now,
    plan_documents,
    plan_files,
    plan_stored,
    plan_without,
    splitter_of,
)
from rag.index.rows import content_hash, embedded_text
from rag.index.seal import LOCK, is_sealed, set_seal
from rag.index.store import FILE, Store
from rag.load import READERS, Limits, Stopping, find_files, loading
from rag.split import split
from rag.types import Document, Passage

__all__ = ["Progress", "Skipped", "Summary", "remove", "repair", "sync", "sync_documents"]

EMBED_BATCH = 256
EMBED_ROWS = 2_048
EMBED_SECONDS = 1.0
PATIENCE_SECONDS = 1.0
MakePlan = Callable[[Known, bool], Plan]


def sync(
    config: Config, embedder: Embedder, paths: Sequence[Path], progress: Progress | None = None, *,
    also: Sequence[Embedder] = (), dry_run: bool = False,
) -> Summary:  # fmt: skip
    """Bring the index up to date with the files at `paths` (files or folders); if none of them can be read, it stays as it is.

    Args:
        config: where the index is, and how documents are split.
        embedder: whose vectors are searched; another one than last time is brought in while the old one goes on answering.
        paths: what to index.
        progress: is told how many of how many are done, and of what.
        also: embedders whose vectors are kept beside, to be compared.
        dry_run: only say what would change.

    Raises:
        InputError: a path that is not there.
        IndexBusy: another process is writing to this index.
        StoreError: the index cannot be written (disk full, no permission); what it held before is unchanged.
    """
    found = list(find_files(paths))

    def plan(known: Known, reread: bool) -> Plan:
        return plan_files(known, found, paths, Limits.of(config.load), reread=reread, progress=progress)

    if dry_run and config.index.url is not None:
        return _sync_milvus(config, embedder, plan, progress, dry_run=dry_run)
    return _what_would_change(config, plan) if dry_run else _sync(config, [embedder, *also], plan, progress)


def sync_documents(config: Config, embedder: Embedder, documents: Iterable[Document], progress: Progress | None = None) -> Summary:
    """Make the index hold exactly `documents`, which come from elsewhere than files; without any it is empty, but there."""
    wanted = list(documents)
    return _sync(config, [embedder], lambda known, _: plan_documents(known, wanted), progress, not wanted)


def remove(config: Config, embedder: Embedder, sources: Iterable[str], *, also: Sequence[Embedder] = ()) -> Summary:
    """Take the documents with these names out of the index; a sync of the folder that a file is in brings it back."""
    return _sync(config, [embedder, *also], lambda known, reread: plan_without(known, sources, reread=reread))


def _sync(config: Config, embedders: Sequence[Embedder], plan: MakePlan, progress: Progress | None = None, anew: bool = False) -> Summary:
    if config.index.url is not None:
        return _sync_milvus(config, embedders[0], plan, progress)
    return _Sync(config, embedders, progress, anew=anew).run(plan)


def repair(config: Config, embedders: Sequence[Embedder], progress: Progress | None = None) -> tuple[Summary, list[str]]:
    """Mend a damaged index: keep the documents that are as they were written, embed what has lost its vector, write all search files anew.

    Returns:
        What was done, and what is lost: names of documents where they are known.

    Raises:
        IndexMissing: there is no index.
        IndexBusy, StoreError: see `sync`.
        IndexDamaged: nothing can be read of it.
    """
    folder = config.index.path
    faults.require_index(folder, FILE)
    lost = _mended(folder)
    done = _Sync(config, embedders, progress, anew=True).run(lambda known, reread: plan_stored(known, reread=reread))
    return done, lost


def _mended(folder: Path) -> list[str]:
    """Take out what is damaged of documents and vectors; returns the names of lost documents."""
    with locked(folder):
        convert_old_format(folder)
        try:
            with closing(Store.open(folder)) as store:
                manifest = None if first_fault(store) else Manifest.read(store)
        except IndexDamaged:
            manifest = None
        lost = salvage(folder) if manifest is None else []
        drop_damaged(folder, manifest.embedders if manifest else {})
        drop_damaged_contextual(folder)
        return lost


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Be the only writer of the index in `folder`; faults of the disk come out as sentences."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / LOCK, timeout=PATIENCE_SECONDS):
            yield
    except Timeout as error:
        raise IndexBusy(f"Another process is writing to the index at {folder}; try again when it has finished.") from error
    except OSError as error:
        cure = ANOTHER_FOLDER if isinstance(error, FileExistsError | NotADirectoryError) else AGAIN
        raise StoreError(f"The index at {folder} could not be written ({error.strerror or error}); {cure}.") from error
    except sqlite3.Error as error:
        raise unreadable(folder, error) from error


@contextmanager
def writing(folder: Path) -> Iterator[Store]:
    """The store of the index in `folder`, made if it is not there, for its only writer."""
    with locked(folder):
        convert_old_format(folder)
        with closing(Store.create(folder)) as store:
            yield store


def _sync_milvus(config: Config, embedder: Embedder, make_plan: MakePlan, progress: Progress | None, *, dry_run: bool = False) -> Summary:
    from rag.index.milvus_sync import MilvusSync

    started = time.perf_counter()
    syncing = MilvusSync(config, embedder, f"{splitter_of(config)}/{READERS}", progress)
    if dry_run:
        plan, totals = syncing.what_would_change(make_plan)
        return _dry(config, plan, totals, started)
    with locked(config.index.path):
        plan, totals = syncing.run(make_plan)
    return _summary(plan, totals, syncing.embedded, started)


class _NothingToWrite(Exception):
    """Takes a transaction back."""


class _Sync:
    """One sync: its state from the plan to the commit."""

    def __init__(self, config: Config, embedders: Sequence[Embedder], progress: Progress | None, *, anew: bool = False) -> None:
        self._config = config
        self._folder = config.index.path
        self._embedders = embedders
        self._progress = progress
        self._anew = anew
        self._embedded = 0
        self._stopping = Stopping("Stopping: what has been read is kept. Ctrl-C again stops at once.")

    def run(self, make_plan: MakePlan) -> Summary:
        started = time.perf_counter()
        with writing(self._folder) as store, closing(Embeddings(self._folder, writing=True)) as embeddings:
            manifest = Manifest.read(store)
            sealed = is_sealed(self._folder, store.generation)
            sound = not self._anew and (not store.generation or are_trusted(self._folder, store, manifest))
            same_splitter = store.meta("splitter") == splitter_of(self._config)
            plan = make_plan(known_now(store), not same_splitter)
            # Documents that are split in two ways must not get into one generation.
            self._stopping.allowed = same_splitter or not store.generation
            named = {embedder.fingerprint for embedder in self._embedders}
            fits = sound and (not store.generation or named == set(manifest.embedders))
            changed = bool(plan.write or plan.remove or plan.recopy or not fits)
            changed = changed and self._change(store, embeddings, manifest if sound else None, plan, fits=fits)
            if plan.moved:
                with store.transaction():
                    store.set_paths(plan.moved)
            if store.generation and (changed or plan.moved or not sealed):
                _tidy(self._folder, store, embeddings)
            if self._stopping.asked:
                raise KeyboardInterrupt
            return _summary(plan, _totals(store), self._embedded, started)

    def _change(self, store: Store, embeddings: Embeddings, manifest: Manifest | None, plan: Plan, *, fits: bool) -> bool:
        """Write the plan and the search files of the next generation (all, without a `manifest`), then make both visible at once.

        Returns whether there was anything to write: not if none of the new files could be loaded, and the search files fit as they are.
        """
        generation = store.generation + 1
        following = NextGeneration(self._folder, generation, manifest or Manifest())
        done = False
        try:
            with store.transaction():
                written, removed = self._write(store, embeddings, plan, following if manifest else None)
                _go_on_if(written or removed or plan.recopy or not fits)
                faults.reached("documents written")
                self._embed_for_new_embedders(store, embeddings, manifest)
                if manifest is None:
                    following.add((passage.id, passage) for passage in store.all_passages())
                embeddings.to_disk()
                faults.reached("embedded")
                embedders = {embedder.fingerprint: embedder.dimension for embedder in self._embedders}
                files = following.finish(store, embeddings, embedders, removed)
                store.add_garbage(embeddings.since(manifest.vectors_end if manifest else 0))
                documents, passages, _ = _totals(store)
                replace(files, documents=documents, passages=passages, vectors_end=embeddings.end).write(store)
                now = datetime.now(UTC).isoformat(timespec="seconds")
                store.set_meta(generation=generation, splitter=splitter_of(self._config), written=now)
                faults.reached("before the commit")
            done = True
        except _NothingToWrite:
            return False
        finally:
            if not done:
                following.abandon()
            remove_other_generations(self._folder, store.generation)
        faults.reached("after the commit")
        return True

    def _write(self, store: Store, embeddings: Embeddings, plan: Plan, following: NextGeneration | None) -> tuple[int, list[int]]:
        """Write documents and passages, embedding as they come; returns how many documents came, and the ids of the passages that went."""
        kept = {w.source: store.document(w.source) for w in plan.write if not (w.file or w.document) and w.source not in plan.remove}
        made_by = readers(store.connection) | {wanted.source: READERS for wanted in plan.write if wanted.file}
        store.clear_copies([*plan.remove, *(wanted.source for wanted in plan.recopy)])
        waiting: list[Passage] = []
        removed: list[int] = []
        written = 0
        files = [(wanted.file, wanted.source) for wanted in plan.write if wanted.file]
        with self._stopping as stopping, loading(files, Limits.of(self._config.load), lambda: stopping.asked) as loaded:
            for done, wanted in enumerate(plan.write, 1):
                document = (
                    next(loaded, None) if wanted.file else kept.get(wanted.source) or wanted.document or store.document(wanted.source)
                )
                if stopping.asked or document is None:
                    plan.cut_short(plan.write[done - 1 :])
                    break
                if isinstance(document, LoadError):
                    if plan.without(wanted, document) and wanted.source in plan.remove:
                        removed += store.remove(wanted.source)
                    continue
                if wanted.source in plan.remove:
                    removed += store.remove(wanted.source)
                waiting += self._add(store, wanted, document, following)
                if wanted.source in made_by:
                    set_reader(store.connection, wanted.source, made_by[wanted.source])
                written += 1
                if len(waiting) >= EMBED_ROWS:
                    self._embed(embeddings, waiting)
                    waiting = []
                if self._progress is not None:
                    self._progress(done, len(plan.write), "reading")
        self._embed(embeddings, waiting)
        gone = [] if stopping.asked else sorted(plan.remove - {wanted.source for wanted in plan.write})
        removed += [identifier for source in gone for identifier in store.remove(source)]
        for wanted in plan.recopy:
            store.set_copies(wanted.source, wanted.copies)
        return written, removed

    def _add(self, store: Store, wanted: Wanted, document: Document, following: NextGeneration | None) -> list[Passage]:
        passages = split(document, self._config.split.target_characters, self._config.split.max_characters)
        ids = store.add(document, wanted.place, passages)
        if wanted.copies:
            store.set_copies(wanted.source, wanted.copies)
        if following is not None:
            following.add(zip(ids, passages, strict=True))
        return passages

    # Vectors

    def _embed_for_new_embedders(self, store: Store, embeddings: Embeddings, manifest: Manifest | None) -> None:
        """Vectors of all passages, for embedders that the index has not had, or where any vector may be lost."""
        known = set(manifest.embedders) if manifest else set()
        if manifest is not None and (not manifest.passages or {embedder.fingerprint for embedder in self._embedders} <= known):
            return
        waiting: list[Passage] = []
        for passage in store.all_passages():
            waiting.append(passage)
            if len(waiting) == EMBED_ROWS:
                self._embed(embeddings, waiting)
                waiting = []
        self._embed(embeddings, waiting)

    def _embed(self, embeddings: Embeddings, passages: Sequence[Passage]) -> None:
        """Compute the vectors that are missing; they are kept at once, or every second while a slow model computes them."""
        texts = {content_hash(passage): embedded_text(passage) for passage in passages}
        for embedder in self._embedders:
            missing = sorted(texts.keys() - embeddings.present(embedder.fingerprint, texts.keys()))
            computed: list[np.ndarray] = []
            begun, last = 0, time.monotonic()
            for first in range(0, len(missing), EMBED_BATCH):
                batch = missing[first : first + EMBED_BATCH]
                computed.append(embedder.encode_documents([texts[content] for content in batch]))
                end = first + len(batch)
                if end == len(missing) or time.monotonic() - last > EMBED_SECONDS:
                    embeddings.add(embedder.fingerprint, missing[begun:end], np.concatenate(computed))
                    computed, begun, last = [], end, time.monotonic()
                    faults.reached("batch embedded")
                if self._progress is not None:
                    self._progress(end, len(missing), "embedding")
            self._embedded += len(missing)


def _go_on_if(needed: object) -> None:
    if not needed:
        raise _NothingToWrite


def _tidy(folder: Path, store: Store, embeddings: Embeddings) -> None:
    """Remove what the last generation does not need, from the logs of SQLite, too, and seal what is left."""
    if garbage := store.garbage():
        embeddings.remove(gone := store.unused(garbage))
        forget_contextual(folder, gone)
        faults.reached("vectors removed")
        with store.transaction():
            store.clear_garbage()
    embeddings.keep_only(Manifest.read(store).embedders)
    embeddings.checkpoint()
    store.checkpoint()
    remove_other_generations(folder, store.generation)
    faults.reached("before the seal")
    set_seal(folder, store.generation)


def _summary(plan: Plan, totals: tuple[int, int, int], embedded: int, started: float, *, dry_run: bool = False) -> Summary:
    documents, passages, generation = totals
    return Summary(
        documents=documents, passages=passages, added=len(plan.added), updated=len(plan.updated), removed=len(plan.removed),
        unchanged=len(plan.unchanged), skipped=tuple(sorted(plan.skipped, key=lambda skipped: skipped.source)), embedded=embedded,
        generation=generation, seconds=round(time.perf_counter() - started, 3), dry_run=dry_run,
    )  # fmt: skip


def _what_would_change(config: Config, make_plan: MakePlan) -> Summary:
    """A summary of the plan alone: files are loaded to see whether they can be, nothing is written."""
    started = time.perf_counter()
    try:
        store = Store.open(config.index.path)
    except IndexMissing:
        return _dry(config, make_plan({}, False), (0, 0, 0), started)
    with closing(store):
        plan = make_plan(known_now(store), store.meta("splitter") != splitter_of(config))
        return _dry(config, plan, _totals(store), started)


def _totals(store: Store) -> tuple[int, int, int]:
    return store.count("documents"), store.count("passages"), store.generation


def _dry(config: Config, plan: Plan, totals: tuple[int, int, int], started: float) -> Summary:
    read = [wanted for wanted in plan.write if wanted.file]
    with loading([(wanted.file, wanted.source) for wanted in read if wanted.file], Limits.of(config.load)) as loaded:
        for wanted, document in zip(read, loaded, strict=True):
            if isinstance(document, LoadError):
                plan.without(wanted, document)
    return _summary(plan, totals, 0, started, dry_run=True)
