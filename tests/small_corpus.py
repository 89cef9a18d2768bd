"""A folder of three short documents with an index of it: what the tests of the index share."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.config import Config, IndexConfig, load_config
from rag.embed import BuiltinEmbedder
from rag.index import Reader
from rag.index.sync import Summary, sync
from rag.pipeline import Pipeline
from rag.read import CONTEXTUAL_DIMENSION
from rag.testing import HashEmbedder

QUESTION = "who feeds the harbour cat"
CAT = "# The cat\n\nThe keeper feeds the harbour cat at six in the morning."
DOG = "# The dog\n\nNobody feeds the dog of the night porter, who is allergic."
BOAT = "# The boat\n\nThe boat of the pilots was painted green last summer."


@contextmanager
def pipeline_over(folder: Path, texts: Mapping[str, str]) -> Iterator[Pipeline]:
    """A pipeline over documents with these names and texts, written and indexed in `folder`."""
    (folder / "docs").mkdir()
    for name, text in texts.items():
        (folder / "docs" / name).parent.mkdir(exist_ok=True)
        (folder / "docs" / name).write_text(text, encoding="utf-8")
    config = load_config(index=folder / "index", environment={})
    sync(config, BuiltinEmbedder(), [folder / "docs"])
    with Pipeline.open(config) as opened:
        yield opened


def pipeline_of(texts: Mapping[str, str]) -> Any:
    """A fixture: a pipeline over these documents, opened once for a test file."""

    @pytest.fixture(scope="module")
    def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
        with pipeline_over(tmp_path_factory.mktemp("documents"), texts) as opened:
            yield opened

    return pipeline


class CountingEmbedder(HashEmbedder):
    """Keeps the texts that it embedded, and stops as if by Ctrl-C before batch `stop`."""

    def __init__(self, dimension: int = 64, stop: int | None = None) -> None:
        super().__init__(dimension)
        self.texts: list[str] = []
        self.batches = 0
        self.stop = stop

    def encode_documents(self, texts: Sequence[str]) -> np.ndarray:
        if self.stop is not None and self.batches == self.stop:
            raise KeyboardInterrupt
        self.batches += 1
        self.texts += texts
        return super().encode_documents(texts)


class Corpus:
    """A folder of documents and an index of it."""

    def __init__(self, root: Path, index: Path | None = None) -> None:
        self.root = root
        self.docs = root / "docs"
        self.config = Config(index=IndexConfig(path=index or root / "index"))
        self.embedder = CountingEmbedder()
        self.write(cat=CAT, dog=DOG, boat=BOAT)

    @property
    def index(self) -> Path:
        return self.config.index.path

    def write(self, folder: str = "docs", **texts: str) -> None:
        for name, text in texts.items():
            path = self.root / folder / f"{name}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def write_many(self, count: int, folder: str = "docs") -> None:
        """Files of one passage each, all different."""
        words = ("sluice", "lantern", "herring", "anchor", "pilot", "barrel", "tide", "rope", "gull", "mast", "oar")
        for number in range(count):
            said = " ".join(words[(number * step + step) % len(words)] for step in (1, 2, 3, 5, 7))
            self.write(folder, **{f"many{number:03}": f"# Many {number}\n\nIn the year {1000 + number} the {said} were counted."})

    def sync(self, *folders: str, **others: object) -> Summary:
        paths = [self.root / folder for folder in folders or ("docs",)]
        return sync(self.config, others.pop("embedder", self.embedder), paths, **others)

    def sources(self) -> list[str]:
        with Reader(self.index, self.embedder.fingerprint).snapshot() as snapshot:
            return [source for source, *_ in snapshot.store.documents()]

    def found(self, question: str = QUESTION) -> list[tuple[str, str]]:
        return answers(Reader(self.index, self.embedder.fingerprint), question)


def answers(reader: Reader, question: str = QUESTION) -> list[tuple[str, str]]:
    """(source, text) of what both searches find, each once, in order."""
    with reader.snapshot() as snapshot:
        (vector,) = HashEmbedder(snapshot.vectors.dimension).encode_queries([question])
        ids = [i for i, _ in (*snapshot.vectors.search(vector, 10), *snapshot.words.search(question, "en", 10))]
        return [(passage.source, passage.text) for passage in snapshot.store.passages(list(dict.fromkeys(ids)))]


def changes(summary: Summary) -> tuple[int, int, int, int, int]:
    return summary.added, summary.updated, summary.removed, summary.unchanged, summary.embedded


def check_sentence(error: Exception, *parts: str) -> None:
    text = str(error)
    assert all(part in text for part in parts), text
    assert "\n" not in text
    assert text.endswith(".")


def raising(error: BaseException) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


class HashEncoder:
    """A contextual encoder that knows words only; keeps the texts that it was given, and calls `before` ahead of each of its calls."""

    def __init__(self, revision: str = "hash", before: Callable[[], object] = lambda: None) -> None:
        self.contextual_fingerprint = f"contextual@{revision}"
        self.before = before
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.before()
        self.texts += texts
        return HashEmbedder(CONTEXTUAL_DIMENSION).encode_documents(texts)
