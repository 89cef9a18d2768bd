"""What several test files share: the demo corpus, indexed once for all of them, and a pipeline over it."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import hypothesis
import pytest

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does, and before numpy is imported

from small_corpus import Corpus

from rag.config import Config, IndexConfig
from rag.embed import BuiltinEmbedder
from rag.index import vectors
from rag.index.sync import sync
from rag.paths import shipped
from rag.pipeline import Pipeline

HANGS = 20


def pytest_configure() -> None:
    """What a developer has set in the environment is no part of a test, and neither is chance."""
    hypothesis.settings.register_profile("same", derandomize=True)
    hypothesis.settings.load_profile("same")
    for name in [name for name in os.environ if name.startswith("RAG_")]:
        del os.environ[name]


@pytest.fixture
def linear() -> Iterator[None]:
    """Stops a test that hangs: what is quadratic on its input needs minutes of processor time, what is linear seconds, on any machine."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"{HANGS} seconds of processor time and not done: not linear in the length of the input")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, HANGS)
    yield
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, before)


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return Corpus(tmp_path)


@pytest.fixture
def small_bases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Indexes get a base file from 40 vectors on."""
    monkeypatch.setattr(vectors, "EXACT_LIMIT", 40)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """An index of 63 documents that is large enough to have a base file."""
    corpus = Corpus(tmp_path_factory.mktemp("sound"))
    corpus.write_many(60)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectors, "EXACT_LIMIT", 40)
        corpus.sync()
    return corpus


@pytest.fixture
def copied(sound: Corpus, tmp_path: Path) -> Corpus:
    """The sound index in a copy, to be damaged."""
    shutil.copytree(sound.index, tmp_path / "index")
    return Corpus(sound.root, tmp_path / "index")


@pytest.fixture(scope="session")
def seeds_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an index of the demo corpus; to be read only."""
    folder = tmp_path_factory.mktemp("seeds") / "index"
    sync(Config(index=IndexConfig(path=folder)), BuiltinEmbedder(), [shipped("seeds")])
    return folder


@pytest.fixture(scope="session")
def pipeline(seeds_index: Path) -> Iterator[Pipeline]:
    """The product as it is installed, over the demo corpus."""
    with Pipeline.open(Config(index=IndexConfig(path=seeds_index))) as opened:
        yield opened
