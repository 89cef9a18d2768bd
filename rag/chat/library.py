"""What a visitor may ask: the collections (indexes) and language models that the configuration allows, as pipelines made when needed.

One collection is one index. All pipelines share the models of the first one; the visitor's own files are a collection of their own where
uploads are private. It knows nothing of HTTP or HTML.
"""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Literal

from rag.chat.visitors import Asked, Visitor
from rag.config import Config, IndexConfig
from rag.errors import InputError, RagError
from rag.index.store import FILE
from rag.pipeline import Pipeline

OWN = "own"
"""The key of a visitor's private files."""

TIMES_KEPT = 100
Uploads = Literal["shared", "private", "off"]


@dataclass(frozen=True, slots=True)
class Collection:
    """An index to ask; `uploads` is the folder of the files that were added on the page, None where none may be."""

    key: str
    name: str
    index: IndexConfig
    uploads: Path | None = None


@dataclass(slots=True)
class Times:
    """How long the last questions to a model took, in milliseconds."""

    totals: deque[float] = field(default_factory=lambda: deque(maxlen=TIMES_KEPT))
    last: dict[str, float] = field(default_factory=dict)

    def add(self, timings: dict[str, float]) -> None:
        """Note the timings of an answer."""
        self.totals.append(timings.get("total", 0.0))
        self.last = timings

    @property
    def median(self) -> float | None:
        """The median of the last totals."""
        return median(self.totals) if self.totals else None


class Library:
    """The pipelines behind one page; closes those that it opened."""

    def __init__(self, pipeline: Pipeline, *, password: bool = False) -> None:
        self.first = pipeline
        chat = pipeline.config.chat
        self.uploads: Uploads = chat.uploads if chat.uploads != "auto" else "private" if password else "shared"
        self.models = tuple(dict.fromkeys([pipeline.config.llm.model, *chat.models]))
        self.times: dict[str, Times] = {model: Times() for model in self.models}
        self._shared = self._collections(pipeline.config)
        self._opened: dict[tuple[str, str], Pipeline] = {(self._shared[0].key, self.models[0]): pipeline}
        self._lock = threading.Lock()
        self._working = 0
        self._worked = time.monotonic()
        self._places = chat.concurrent_questions
        self._answering: list[Asked] = []

    @property
    def shared(self) -> tuple[Collection, ...]:
        """The configured indexes."""
        return tuple(self._shared)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Say that a question is answered, or files are indexed, for as long as the context lasts."""
        with self._lock:
            self._working += 1
        try:
            yield
        finally:
            with self._lock:
                self._working -= 1
                self._worked = time.monotonic()

    def has_place(self, asked: Asked) -> bool:
        """Whether a question may be answered now: it takes a place then, which is free again when its turn has ended."""
        with self._lock:
            self._answering = [other for other in self._answering if not other.ended.is_set()]
            if len(self._answering) >= self._places:
                return False
            self._answering.append(asked)
            return True

    def idle_seconds(self) -> float:
        """How long nothing of that kind has been done."""
        with self._lock:
            return 0.0 if self._working else time.monotonic() - self._worked

    def collections(self, visitor: Visitor) -> list[Collection]:
        """What this visitor may search: the configured indexes, and the visitor's own files."""
        return [*self._shared, self._own(visitor)] if self.uploads == "private" else list(self._shared)

    def collection(self, key: str, visitor: Visitor) -> Collection:
        """The collection with this key; the first one for an empty key.

        Raises:
            InputError: there is none that this visitor may search.
        """
        for collection in self.collections(visitor):
            if key in ("", collection.key):
                return collection
        raise InputError("There is no such collection any more; choose another one.")

    def shelf(self, visitor: Visitor) -> Collection | None:
        """Where this visitor's uploads go; None where there are none."""
        return next((collection for collection in self.collections(visitor) if collection.uploads is not None), None)

    def pipeline(self, key: str, model: str, visitor: Visitor) -> Pipeline:
        """The pipeline over a collection with a model; an empty `model` is the configured one.

        Raises:
            InputError: a collection or model that is not offered.
            RagError: the index or the model cannot be used.
        """
        collection = self.collection(key, visitor)
        model = model or self.models[0]
        if model not in self.models:
            raise InputError(f"The model {model!r} is not offered here; the configuration names those that are (chat.models).")
        name = (visitor.token if collection.key == OWN else collection.key, model)
        if collection.key == OWN and not (collection.index.path / FILE).is_file():
            raise InputError("You have not added any documents yet; add some first.")
        if collection.key == OWN and name not in self._opened:
            visitor.on_leave.append(lambda: self._close(name))
        return self._open(name, collection)

    def config(self, collection: Collection) -> Config:
        """The configuration of a collection."""
        return self._config(collection, self.models[0])

    def check(self) -> None:
        """Open every configured collection, so that what is wrong with one is said at the start.

        Raises:
            RagError: an index cannot be used.
        """
        for collection in self._shared:
            self._open((collection.key, self.models[0]), collection)

    def close(self) -> None:
        """Close the pipelines that were opened here; the first one is its owner's."""
        with self._lock:
            opened, self._opened = self._opened, {}
        for pipeline in opened.values():
            if pipeline is not self.first:
                pipeline.close()

    def _open(self, name: tuple[str, str], collection: Collection) -> Pipeline:
        with self._lock:
            if name not in self._opened:
                self._opened[name] = self.first.with_config(self._config(collection, name[1]))
            return self._opened[name]

    def _close(self, name: tuple[str, str]) -> None:
        with self._lock:
            pipeline = self._opened.pop(name, None)
        if pipeline is not None:
            pipeline.close()

    def _config(self, collection: Collection, model: str) -> Config:
        config = self.first.config
        return config.model_copy(update={"index": collection.index, "llm": config.llm.with_model(model)})

    def _collections(self, config: Config) -> list[Collection]:
        paths = list(dict.fromkeys([config.index.path, *config.chat.collections]))
        names = _told_apart(paths)
        indexes = [config.index.model_copy(update={"path": path}) for path in paths]
        uploads = config.index.path / "uploads" if self.uploads == "shared" else None
        return [
            Collection(f"c{place}", name, index, uploads if place == 0 else None)
            for place, (name, index) in enumerate(zip(names, indexes, strict=True))
        ]

    @staticmethod
    def _own(visitor: Visitor) -> Collection:
        return Collection(OWN, "", IndexConfig(path=visitor.folder / "index"), visitor.folder / "files")


def is_ready(library: Library, collection: Collection, visitor: Visitor) -> bool:
    """Whether a collection can be searched now: a visitor's own files cannot before the first one is indexed."""
    try:
        library.pipeline(collection.key, "", visitor)
    except RagError:
        return False
    return True


def _told_apart(paths: list[Path]) -> list[str]:
    """The last part of each path, or the whole path where two have the same."""
    names = [path.name for path in paths]
    return [name if names.count(name) == 1 else str(path) for name, path in zip(names, paths, strict=True)]
