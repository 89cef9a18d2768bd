"""Files that visitors add: kept beside the index, read before they are accepted, and indexed before anything says so.

    receive (size, type, number) -> read once to see that it can be -> move into the folder -> `rag.index.sync` -> look in the index

A file that cannot be read never takes the place of one that could. It knows nothing of HTTP or HTML; what a file format is, is for
`rag.load` to know.
"""

import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Literal

from rag.chat.library import OWN, Collection, Library
from rag.chat.visitors import Visitor
from rag.config import Config
from rag.embed import Embedder, load_embedder
from rag.errors import InputError, LoadError, RagError
from rag.index import Listed
from rag.index.contextual import AT_ONCE, deepen
from rag.index.plan import place_of
from rag.index.seal import is_being_written
from rag.index.store import FILE
from rag.index.sync import Summary, remove, sync
from rag.load import SUFFIXES, Limits, loading

LONGEST_NAME = 120
INCOMING = ".incoming"
MEGABYTE = 1_000_000
PROGRESS_SECONDS = 0.1
_FORBIDDEN = frozenset('/\\:*?"<>|')

State = Literal["indexed", "refused"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an added file: indexed as `passages` passages, or refused for a `reason`."""

    name: str
    state: State
    passages: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file that is being received at `path`, to be kept at `place`; it may have `limit` bytes."""

    path: Path
    place: Path
    limit: int


@dataclass(frozen=True, slots=True)
class Step:
    """Progress of a sync: `done` of `total`, and of what."""

    done: int
    total: int
    label: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A document of the list; `mine` if it was added on the page, `state` compares its file with the last sync."""

    listed: Listed
    mine: bool
    state: Literal["same", "changed", "gone"]


class Documents:
    """Adds, removes and lists documents for the visitors of one page."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._limits = library.first.config.chat
        self._also: list[Embedder] | None = None
        self._lock = threading.Lock()

    @property
    def types(self) -> tuple[str, ...]:
        """Suffixes of the files that are taken."""
        return tuple(suffix for suffix in SUFFIXES if not self._limits.upload_types or suffix in self._limits.upload_types)

    def expect(self, name: str, visitor: Visitor) -> Incoming:
        """Where to write an upload, and how many bytes it may have.

        Raises:
            InputError: no uploads here, too many, or a name or type that is not taken.
        """
        shelf = self._shelf(visitor)
        name = self._checked_name(name)
        if len(added(shelf)) >= self._limits.upload_files and not (shelf / name).exists():
            raise InputError(f"There are {self._limits.upload_files} files already, which is the most; remove one first.")
        (shelf / INCOMING).mkdir(parents=True, exist_ok=True)
        path = shelf / INCOMING / f"{secrets.token_hex(8)}{Path(name).suffix}"
        return Incoming(path, shelf / name, int(self._limits.upload_megabytes * MEGABYTE))

    def accept(self, incoming: Incoming) -> None:
        """Keep an upload that has arrived whole, if it can be read; `index` does the rest.

        Raises:
            LoadError: it cannot be read.
        """
        limits = replace(Limits.of(self._library.first.config.load), max_bytes=incoming.limit, workers=1)
        with loading([(incoming.path, incoming.place.name)], limits) as loaded:  # heavy formats in a process of their own
            read = next(loaded)
        if isinstance(read, LoadError):
            raise read
        incoming.path.replace(incoming.place)

    def index(self, names: Sequence[str], visitor: Visitor) -> Iterator[Step | list[Verdict]]:
        """Index what was added: progress, and last the verdict on each of `names` that was.

        Raises:
            RagError: the index cannot be written now.
        """
        collection = self._collection(visitor)
        config = self._library.config(collection)
        waiting = [name for name in added(self._shelf(visitor)) if name in set(names)]  # names come from the network
        if not waiting:
            yield []
            return
        steps: SimpleQueue[Step | None] = SimpleQueue()
        result: list[Summary | RagError] = []

        def work() -> None:
            try:
                result.append(self._sync(config, self._shelf(visitor), steps))
            except RagError as error:
                result.append(error)
            finally:
                steps.put(None)

        thread = threading.Thread(target=work, name="indexing")
        thread.start()
        yield from _spaced(steps)
        thread.join()
        if not result:
            raise InputError("Indexing stopped because of an error inside the program; its terminal says what.")
        if isinstance(result[0], RagError):
            raise result[0]
        yield self._verdicts(waiting, collection, result[0], visitor)

    def remove(self, source: str, visitor: Visitor) -> None:
        """Take an added document out of the index, and delete its file.

        Raises:
            InputError: it was not added on this page.
            RagError: the index cannot be written now.
        """
        collection = self._collection(visitor)
        shelf = self._shelf(visitor)
        place = next(
            (shown.listed.place for shown in self.listed(collection, visitor) if shown.mine and shown.listed.source == source), None
        )
        if place is None:
            raise InputError(f"{source} was not added here; remove it from the folder that it was indexed from and run rag index again.")
        with self._lock:
            remove(self._library.config(collection), self._library.first.embedder, [source], also=self._others())
            (shelf / Path(place).name).unlink(missing_ok=True)

    def listed(self, collection: Collection, visitor: Visitor) -> list[Shown]:
        """The documents of a collection."""
        if collection.key == OWN and not (collection.index.path / FILE).is_file():
            return []  # this visitor has not added anything yet
        shelf = place_of(collection.uploads) if collection.uploads is not None else None
        synced = synced_at(collection)
        documents = self._library.pipeline(collection.key, "", visitor).documents()
        return [
            Shown(listed, shelf is not None and Path(listed.place).parent == Path(shelf), _state(listed.place, synced))
            for listed in documents
        ]

    def _sync(self, config: Config, shelf: Path, steps: "SimpleQueue[Step | None]") -> Summary:
        def step(done: int, total: int, label: str) -> None:
            steps.put(Step(done, total, label))

        contextual = self._library.first.contextual
        with self._lock:
            summary = sync(config, self._library.first.embedder, [shelf], step, also=self._others())
            if contextual is not None and config.index.url is None:
                with suppress(RagError):  # the files are indexed, and questions are answered without
                    deepen(config.index.path, contextual, step, at_most=AT_ONCE)
            return summary

    def _verdicts(self, names: Sequence[str], collection: Collection, summary: Summary, visitor: Visitor) -> list[Verdict]:
        """What the index holds now of the added files `names`; a file that it does not hold is deleted, and said to be refused."""
        shelf = self._shelf(visitor)
        held = {Path(shown.listed.place).name: shown.listed for shown in self.listed(collection, visitor) if shown.mine}
        reasons = {Path(skipped.source).name: skipped.reason for skipped in summary.skipped}
        verdicts = []
        for name in names:
            if name in held and held[name].passages:
                verdicts.append(Verdict(name, "indexed", passages=held[name].passages))
            else:
                (shelf / name).unlink(missing_ok=True)
                verdicts.append(Verdict(name, "refused", reason=reasons.get(name, "it holds no text that can be searched")))
        return verdicts

    def _others(self) -> list[Embedder]:
        """The embedders whose vectors the index keeps beside: a sync without them would drop these."""
        if self._also is None:
            embedding = self._library.first.config.embedding
            self._also = [load_embedder(model, device=embedding.device) for model in embedding.also]
        return self._also

    def _collection(self, visitor: Visitor) -> Collection:
        collection = self._library.shelf(visitor)
        if collection is None:
            raise InputError("This page takes no uploads; add documents with rag index.")
        return collection

    def _shelf(self, visitor: Visitor) -> Path:
        uploads = self._collection(visitor).uploads
        assert uploads is not None
        return uploads

    def _checked_name(self, given: str) -> str:
        """A file name that is safe to use on any system: no folders, no control characters, not hidden.

        Raises:
            InputError: nothing is left of it, or its suffix is not taken.
        """
        last = given.replace("\\", "/").rpartition("/")[2]
        name = "".join("_" if letter in _FORBIDDEN or not letter.isprintable() else letter for letter in last).strip(" .")
        stem, suffix = Path(name).stem, Path(name).suffix.lower()
        if suffix not in self.types or not stem:
            kinds = " ".join(self.types)
            raise InputError(f"{suffix or 'A file without a suffix'} is not a type that is read here; these are: {kinds}")
        return stem.encode()[: LONGEST_NAME - len(suffix)].decode(errors="ignore") + suffix


def added(shelf: Path) -> list[str]:
    """Names of the files in a folder of uploads."""
    return sorted(path.name for path in shelf.iterdir() if path.is_file() and not path.name.startswith(".")) if shelf.is_dir() else []


def synced_at(collection: Collection) -> float | None:
    """When the index was last written (seconds since 1970); None if that cannot be told."""
    try:
        return (collection.index.path / FILE).stat().st_mtime
    except OSError:
        return None


def is_busy(collection: Collection) -> bool:
    """Whether a sync is writing the index now."""
    return collection.index.path.is_dir() and is_being_written(collection.index.path)


def too_large(limit: int) -> LoadError:
    """What to say of a file with more than `limit` bytes."""
    return LoadError(f"larger than {limit / MEGABYTE:.3g} MB, which is the most that this page takes")


def _state(place: str, synced: float | None) -> Literal["same", "changed", "gone"]:
    """Whether a document's file is as it was when the index was written, as far as times tell."""
    if not place or synced is None:
        return "same"
    try:
        return "changed" if Path(place).stat().st_mtime > synced else "same"
    except OSError:
        return "gone"


def _spaced(steps: "SimpleQueue[Step | None]") -> Iterator[Step]:
    """The steps until None, at most ten a second."""
    shown = 0.0
    while (step := steps.get()) is not None:
        now = time.monotonic()
        if now - shown >= PROGRESS_SECONDS or step.done == step.total:
            shown = now
            yield step
