"""The search files of the next generation: what changed is written, the rest is linked from the last one.

Words are in parts of up to `PART` passages. A sync writes a part of what is new, writes again the parts that something was deleted from,
and joins small ones, so that there are few and a passage is written again only a few times in its life. Vectors are read from SQLite until
there are many; then a base file is trained, and the passages that came since stay outside it until they are worth writing it again.
"""

import hashlib
import os
import shutil
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import numpy as np

from rag.errors import StoreError
from rag.index import faults, vectors
from rag.index.embeddings import Embeddings
from rag.index.manifest import BaseFile, Manifest, digest, folder_of, search_files
from rag.index.store import Store
from rag.index.vectors import Base, Ids, Matrix
from rag.index.words import Part, PartWriter, compose, remove
from rag.types import Passage

PART = 65_536
JOINED = 16_384
GROWN = 4
_BLOCK = 16_384


class NextGeneration:
    """Collects the passages that a sync adds and writes the files of generation `number` of the index in `index`."""

    def __init__(self, index: Path, number: int, old: Manifest) -> None:
        self.folder = folder_of(index, number)
        self._last = folder_of(index, number - 1)
        self._old = old
        self._writer: PartWriter | None = None
        self._written: list[Part] = []
        self._begun: list[PartWriter] = []
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "words").mkdir(parents=True)

    def abandon(self) -> None:
        """Take back what was written."""
        for writer in self._begun:
            writer.abandon()
        shutil.rmtree(self.folder, ignore_errors=True)

    def add(self, passages: Iterable[tuple[int, Passage]]) -> None:
        """Index the words of new passages under their ids, which ascend from call to call.

        Raises:
            StoreError: the files cannot be written.
        """
        for identifier, passage in passages:
            with self._writing():
                if self._writer is None:
                    self._writer = self._begin()
                self._writer.add(identifier, passage)
                if len(self._writer) >= PART:
                    self._end()

    def finish(self, store: Store, embeddings: Embeddings, embedders: Mapping[str, int], removed: Sequence[int]) -> Manifest:
        """Write what is left to write; `store` holds the passages of the new generation, `removed` are ids of the old one that are gone.

        Raises:
            StoreError: the files cannot be written.
        """
        with self._writing():
            return self._finished(store, embeddings, embedders, sorted(removed))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except (RuntimeError, ValueError) as error:  # how FAISS and tantivy report a failed write
            cure = "free space and run it again, nothing indexed before is lost"
            raise StoreError(f"The search files in {self.folder} could not be written ({error}); {cure}.") from error

    def _finished(self, store: Store, embeddings: Embeddings, embedders: Mapping[str, int], gone: Sequence[int]) -> Manifest:
        self._end()
        old = [part for part in self._old.parts if not _any_in(gone, part.first, part.last)]
        cut = [part for part in self._old.parts if part not in old]
        parts = sorted([*old, *(whole for part in cut for whole in self._rebuilt(store, part.first, part.last)), *self._written],
                       key=lambda part: part.first)  # fmt: skip
        parts = self._joined(store, parts)
        for part in parts:
            if part in old:
                self._link([f"words/{name}" for name in _names(self._last / "words") if part.owns(name)])
        for name, file in search_files(self.folder / "words").items():
            if not any(part.owns(name) for part in parts):
                file.unlink()
        compose(self.folder / "words", parts)
        faults.reached("words written")
        bases = {
            fingerprint: base
            for fingerprint, dimension in embedders.items()
            if (base := self._base(store, embeddings, (fingerprint, dimension), gone))
        }
        faults.reached("vectors written")
        return Manifest(tuple(parts), dict(embedders), bases, self._checksums())

    # Words

    def _begin(self) -> PartWriter:
        self._begun.append(PartWriter(self.folder / f"part{len(self._begun) + 1}"))
        return self._begun[-1]

    def _end(self) -> None:
        if self._writer is not None:
            self._written.append(self._moved(self._writer))
            self._writer = None

    def _moved(self, writer: PartWriter) -> Part:
        part = writer.finish()
        for file in writer.folder.iterdir():
            if part.owns(file.name):
                file.rename(self.folder / "words" / file.name)
        remove(writer.folder)
        return part

    def _rebuilt(self, store: Store, first: int, last: int) -> list[Part]:
        """A new part of the passages in this range; none if they are all gone."""
        writer = None
        for passage in store.all_passages(first, last):
            writer = writer or self._begin()
            writer.add(passage.id, passage)
        return [self._moved(writer)] if writer else []

    def _joined(self, store: Store, parts: Sequence[Part]) -> list[Part]:
        """Parts of similar size at the end made one, so that their number grows with the logarithm of the syncs."""
        kept = list(parts)
        while len(kept) > 1 and kept[-2].passages <= 3 * kept[-1].passages and kept[-2].passages + kept[-1].passages <= JOINED:
            last, before = kept.pop(), kept.pop()
            kept += self._rebuilt(store, before.first, last.last)
        return kept

    # Vectors

    def _base(self, store: Store, embeddings: Embeddings, embedder: tuple[str, int], gone: Sequence[int]) -> BaseFile | None:
        """The base file of an embedder: linked, changed or made anew; None while exact search is cheap."""
        name = f"vectors-{hashlib.blake2b(embedder[0].encode(), digest_size=6).hexdigest()}.faiss"
        old = self._old.bases.get(embedder[0])
        total = store.count("passages")
        if total <= vectors.EXACT_LIMIT:
            return None
        if old is None or total > GROWN * old.trained:
            return self._new_base(store, embeddings, embedder, total, name)
        taken_out = gone[: bisect_left(gone, old.last + 1)]
        held = old.passages - len(taken_out)
        adding = total - held > max(vectors.TAIL_LIMIT, held // 16)
        if not taken_out and not adding:
            self._link([old.file])
            return old
        base = Base.open(self._last / old.file)
        last = _last_id(store) if adding else old.last
        if adding:
            base.fill(_blocks(store, embeddings, embedder, 0))
        else:
            base.remove(taken_out)
        base.save(self.folder / name)
        return BaseFile(name, len(base), last, old.trained)

    def _new_base(self, store: Store, embeddings: Embeddings, embedder: tuple[str, int], total: int, name: str) -> BaseFile:
        wanted = vectors.sample_size(total)
        contents = [content for _, content in islice(store.contents(), 0, None, total // wanted)]
        base = Base.build(embeddings.load(*embedder, contents), _blocks(store, embeddings, embedder, 0), total)
        base.save(self.folder / name)
        return BaseFile(name, len(base), _last_id(store), total)

    # Files

    def _link(self, names: Sequence[str]) -> None:
        """Take files over from the last generation without copying them, where the file system can."""
        for name in names:
            target = self.folder / name
            try:
                os.link(self._last / name, target)
            except OSError:
                shutil.copyfile(self._last / name, target)

    def _checksums(self) -> dict[str, str]:
        """sha256 of every file; those that were taken over keep the one that was computed when they were written."""
        files = {}
        for name, file in search_files(self.folder).items():
            same = name in self._old.files and _is_link(file, self._last / name)
            files[name] = self._old.files[name] if same else digest(file)
            if not same:
                _to_disk(file)
        for folder in (self.folder / "words", self.folder, self.folder.parent):
            _to_disk(folder)
        return files


def _blocks(store: Store, embeddings: Embeddings, embedder: tuple[str, int], first: int) -> Iterator[tuple[Ids, Matrix]]:
    """Ids and vectors of all passages from id `first` on."""
    rows = store.contents(first)
    while block := list(islice(rows, _BLOCK)):
        ids = np.fromiter((identifier for identifier, _ in block), dtype=np.int64, count=len(block))
        yield ids, embeddings.load(*embedder, [content for _, content in block])


def tail(store: Store, embeddings: Embeddings, embedder: tuple[str, int], first: int) -> tuple[Ids, Matrix]:
    """Ids (n) and vectors (n x d) of all passages from id `first` on."""
    blocks = list(_blocks(store, embeddings, embedder, first))
    if not blocks:
        return np.zeros(0, dtype=np.int64), np.zeros((0, embedder[1]), dtype=np.float32)
    return np.concatenate([ids for ids, _ in blocks]), np.concatenate([rows for _, rows in blocks])


def _any_in(ids: Sequence[int], first: int, last: int) -> bool:
    place = bisect_left(ids, first)
    return place < len(ids) and ids[place] <= last


def remove_other_generations(index: Path, number: int) -> None:
    """Remove the search files of all generations but this one."""
    for old in index.glob("g*"):
        if old.name != f"g{number}":
            shutil.rmtree(old, ignore_errors=True)


def _last_id(store: Store) -> int:
    return int(store.connection.execute("SELECT max(id) FROM passages").fetchone()[0])


def _names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir()) if folder.is_dir() else []


def _is_link(file: Path, other: Path) -> bool:
    return other.is_file() and file.samefile(other)


def _to_disk(path: Path) -> None:
    """Wait until the disk has a file, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
