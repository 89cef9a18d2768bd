"""Contextual vectors on the chat page: computed while nobody asks, and for added files before they are said to be indexed."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chat_stand_in import StandIn, ask, served, visit
from small_corpus import Corpus, HashEncoder

from rag.chat import idle
from rag.chat.documents import Documents, Step
from rag.chat.idle import Deepening
from rag.chat.library import Library
from rag.chat.visitors import Visitor
from rag.embed import BuiltinEmbedder
from rag.index import contextual
from rag.index.contextual import Coverage, coverage
from rag.pipeline import Pipeline


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Corpus:
    """13 passages; what takes seconds on the page takes hundredths."""
    monkeypatch.setattr(idle, "IDLE_SECONDS", 0.05)
    monkeypatch.setattr(idle, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(contextual, "_SLICE", 2)
    made = Corpus(tmp_path)
    made.embedder = BuiltinEmbedder()
    made.write_many(10)
    made.sync()
    return made


@pytest.fixture
def library(corpus: Corpus) -> Iterator[Library]:
    with Pipeline.open(corpus.config) as pipeline:
        pipeline.contextual = HashEncoder()
        yield Library(pipeline)


def reached(condition: Callable[[], bool]) -> bool:
    """Whether something comes true within seconds."""
    for _ in range(1_000):
        if condition():
            return True
        time.sleep(0.01)
    return False


def covered(corpus: Corpus) -> Coverage:
    return coverage(corpus.index, "contextual@hash")


def test_vectors_are_computed_while_nobody_asks_and_after_each_sync(corpus: Corpus, library: Library) -> None:
    deepening = Deepening(library)
    deepening.start()
    assert reached(lambda: covered(corpus) == Coverage(13, 13))
    assert library.first.contextual_coverage() == {"done": 13, "total": 13}
    corpus.write(gull="# The gull\n\nThe gull steals herring.")
    corpus.sync()
    assert reached(lambda: covered(corpus) == Coverage(14, 14))
    deepening.stop()
    assert len(library.first.contextual.texts) == 14
    assert not any(thread.name == "deepening" for thread in threading.enumerate())


def test_a_question_comes_first(corpus: Corpus, library: Library) -> None:
    """It is noticed within a few texts; what was computed till then is kept, and the rest follows when it is answered."""
    question = library.working()
    encoder = library.first.contextual
    encoder.before = lambda: question.__enter__() if not encoder.texts else None
    deepening = Deepening(library)
    deepening.start()
    assert reached(lambda: covered(corpus) == Coverage(2, 13))
    assert library.idle_seconds() == 0
    time.sleep(0.1)
    assert len(encoder.texts) == 2
    question.__exit__(None, None, None)
    assert reached(lambda: covered(corpus) == Coverage(13, 13))
    deepening.stop()
    assert len(encoder.texts) == 13


def test_stopping_does_not_wait_for_the_rest(corpus: Corpus, library: Library) -> None:
    begun = threading.Event()
    library.first.contextual.before = lambda: (begun.set(), time.sleep(0.05))
    deepening = Deepening(library)
    deepening.start()
    assert begun.wait(10)
    deepening.stop()
    assert 0 < covered(corpus).done < 13
    assert covered(corpus).done == len(library.first.contextual.texts)


def test_an_index_that_went_stops_nothing(corpus: Corpus, library: Library, tmp_path: Path) -> None:
    corpus.index.rename(tmp_path / "elsewhere")
    deepening = Deepening(library)
    deepening.start()
    assert reached(lambda: bool(deepening._seen))
    (tmp_path / "elsewhere").rename(corpus.index)
    assert reached(lambda: covered(corpus) == Coverage(13, 13))
    deepening.stop()


def test_without_contextual_vectors_there_is_no_thread(library: Library) -> None:
    library.first.contextual = None
    deepening = Deepening(library)
    deepening.start()
    assert not any(thread.name == "deepening" for thread in threading.enumerate())
    deepening.stop()


def test_an_added_file_has_its_vectors_when_it_is_indexed(corpus: Corpus, library: Library, tmp_path: Path) -> None:
    documents, visitor = Documents(library), Visitor(tmp_path / "visitor")
    incoming = documents.expect("note.md", visitor)
    incoming.path.write_text("# Note\n\nThe lantern keeper is called Ottoline Marsh.", encoding="utf-8")
    documents.accept(incoming)
    *steps, verdicts = documents.index(["note.md"], visitor)
    assert [verdict.state for verdict in verdicts] == ["indexed"]
    assert Step(14, 14, "contextual") in steps
    assert covered(corpus) == Coverage(14, 14)


def test_answering_counts_as_work(monkeypatch: pytest.MonkeyPatch) -> None:
    idle_while_answering: list[float] = []
    libraries: list[Library] = []
    made = Library.__init__

    def init(self: Library, *arguments: object, **named: object) -> None:
        made(self, *arguments, **named)
        libraries.append(self)

    class Watched(StandIn):
        def _answer(self, *arguments: object) -> object:
            idle_while_answering.append(libraries[0].idle_seconds())
            return super()._answer(*arguments)

    monkeypatch.setattr(Library, "__init__", init)
    with served(Watched()) as address, visit(address) as client:
        assert "html" in ask(client, "What does Article 4 permit?")
        assert idle_while_answering == [0.0]
        assert reached(lambda: libraries[0].idle_seconds() > 0)
