"""Contextual vectors, added behind a sync: at once where few passages lack one, else in a pass that can be stopped and goes on.

A passage is found by its words and by the embedder's vector as soon as a sync has committed it. Here it gets the vector of the built-in
encoder, too, which takes a hundred times as long; `rag.retrieve` uses what exists. Vectors are computed without any lock. A batch is
written under the lock of a sync, for texts that passages still have, in one transaction: whatever stops a pass costs it the last batch.

It does not know who asks, or when there is time for it.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.embed import ContextualEncoder
from rag.errors import IndexBusy
from rag.index import faults
from rag.index.embeddings import CONTEXTUAL, Embeddings, Matrix, open_contextual
from rag.index.faults import unreadable
from rag.index.plan import Progress
from rag.index.rows import content_hash, embedded_text
from rag.index.store import Store
from rag.index.sync import locked

BATCH = 32
AT_ONCE = 600
"""So many are computed without being asked for: a few seconds."""

_SLICE = 8  # texts between two looks at whether to stop
_SCANNED = 2_000

Stop = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the different texts of passages have a contextual vector."""

    done: int
    total: int

    @property
    def missing(self) -> int:
        """How many have none."""
        return max(0, self.total - self.done)


def coverage(folder: Path, fingerprint: str) -> Coverage:
    """What the index in `folder` has of the encoder with this fingerprint.

    Raises:
        IndexMissing, IndexDamaged, StoreError: the index cannot be read.
    """
    with _reading(folder) as (store, embeddings):
        return Coverage(embeddings.count(fingerprint) if embeddings else 0, store.count_texts())


def deepen(
    folder: Path, encoder: ContextualEncoder, progress: Progress | None = None, *,
    at_most: int | None = None, thorough: bool = False, stop: Stop = lambda: False,
) -> Coverage:  # fmt: skip
    """Compute the contextual vectors that the index in `folder` lacks, and forget those of other encoders.

    Args:
        folder: the index; it may be asked and synced meanwhile, also by other processes.
        encoder: computes them.
        progress: is told how many of how many are done, of those that were lacking.
        at_most: leave the index as it is if more are lacking, and what a sync brings meanwhile to whoever ran it.
        thorough: also look for vectors of texts that no passage has, which only damage can leave here.
        stop: is asked every few texts whether to stop.

    Returns:
        What the index has now.

    Raises:
        IndexMissing, IndexDamaged, StoreError: the index cannot be read or written.
    """
    fingerprint = encoder.contextual_fingerprint
    last = None if at_most is None else _last_passage(folder)
    before = coverage(folder, fingerprint)
    if at_most is not None and before.missing > at_most:
        return before
    _forget(folder, fingerprint, stop, thorough=thorough)
    done, earlier = 0, -1
    while done > earlier:  # again, for what a sync has brought meanwhile
        earlier = done
        for texts in _lacking(folder, fingerprint, stop, last):
            vectors = _encoded(encoder, texts, stop)
            done += _add(folder, fingerprint, vectors, stop)
            if stop():
                return coverage(folder, fingerprint)
            if progress is not None:
                progress(done, max(done, before.missing), "contextual")
    return coverage(folder, fingerprint)


def _last_passage(folder: Path) -> int:
    with _reading(folder) as (store, _):
        (last,) = store.connection.execute("SELECT coalesce(max(id), 0) FROM passages").fetchone()
    return int(last)


def _lacking(folder: Path, fingerprint: str, stop: Stop, last: int | None = None) -> Iterator[dict[bytes, str]]:
    """Texts without a vector, by content hash, a batch at a time, up to the passage `last`; nothing is held open between batches."""
    first: int | None = 0
    while first is not None and (last is None or first <= last) and not stop():
        end = first + _SCANNED - 1
        with _reading(folder) as (store, embeddings):
            held = {content: identifier for identifier, content in store.contents(first, end if last is None else min(end, last))}
            present = embeddings.present(fingerprint, held) if embeddings else set()
        lacking = sorted(identifier for content, identifier in held.items() if content not in present)
        for start in range(0, len(lacking), BATCH):
            with _reading(folder) as (store, _):
                passages = store.passages(lacking[start : start + BATCH])
            yield {content_hash(passage): embedded_text(passage) for passage in passages}
        with _reading(folder) as (store, _):  # ids of removed passages are not given again: the next one may be far
            (first,) = store.connection.execute("SELECT min(id) FROM passages WHERE id > ?", (end,)).fetchone()


def _encoded(encoder: ContextualEncoder, texts: Mapping[bytes, str], stop: Stop) -> dict[bytes, Matrix]:
    """Vectors of texts, those of similar length together, so that no core waits long for the other; only some, if it is to stop."""
    order = sorted(texts, key=lambda content: (len(texts[content]), content))
    vectors: dict[bytes, Matrix] = {}
    for start in range(0, len(order), _SLICE):
        if stop():
            break
        contents = order[start : start + _SLICE]
        vectors |= zip(contents, encoder.encode([texts[content] for content in contents]), strict=True)
    return vectors


def _add(folder: Path, fingerprint: str, vectors: Mapping[bytes, Matrix], stop: Stop) -> int:
    """Keep the vectors of texts that passages still have; returns how many."""
    kept: list[bytes] = []

    def add(store: Store, embeddings: Embeddings) -> None:
        gone = set(store.unused(vectors))
        kept.extend(content for content in vectors if content not in gone)
        if kept:
            embeddings.add(fingerprint, kept, np.stack([vectors[content] for content in kept]))

    if vectors:
        _write(folder, add, stop)
        faults.reached("contextual batch")
    return len(kept)


def _forget(folder: Path, fingerprint: str, stop: Stop, *, thorough: bool) -> None:
    """Forget the vectors of other encoders and, if it is to be `thorough`, of texts that no passage has."""
    unused: set[bytes] = set()
    with _reading(folder) as (store, embeddings):
        others = embeddings is not None and embeddings.fingerprints not in ([], [fingerprint])
        if embeddings is not None and thorough:
            unused = embeddings.unused(content for _, content in store.contents())

    def forget(store: Store, embeddings: Embeddings) -> None:
        embeddings.keep_only([fingerprint])
        embeddings.remove(store.unused(unused))

    if others or unused:
        _write(folder, forget, stop)


def _write(folder: Path, write: Callable[[Store, Embeddings], None], stop: Stop) -> None:
    """Be the only writer for a moment; waits for a sync that is running, unless told to stop."""
    while True:
        try:
            with locked(folder), closing(Store.open(folder)) as store, closing(open_contextual(folder)) as embeddings:
                return write(store, embeddings)
        except IndexBusy:
            if stop():
                return None


@contextmanager
def _reading(folder: Path) -> Iterator[tuple[Store, Embeddings | None]]:
    """Connections for a moment; no vectors, where there are none yet or their file cannot be read."""
    try:
        with closing(Store.open(folder)) as store:
            try:
                embeddings = Embeddings(folder, file=CONTEXTUAL)
            except sqlite3.DatabaseError:
                yield store, None
                return
            with closing(embeddings):
                yield store, embeddings
    except sqlite3.Error as error:
        raise unreadable(folder, error) from error
