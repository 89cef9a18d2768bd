"""A corpus of every format in both languages: what was written comes back, is found, and is cited with its page or section."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from written_documents import Planted, Written, write_corpus

from rag.config import Config, IndexConfig
from rag.index import Reader
from rag.index.reader import Snapshot
from rag.index.sync import Summary, sync
from rag.testing import HashEmbedder
from rag.types import Passage

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Written], Summary]:
    root = tmp_path_factory.mktemp("corpus")
    written = write_corpus(root / "docs")
    config = Config(index=IndexConfig(path=root / "index"))
    return root / "index", written, sync(config, HashEmbedder(64), [root / "docs"])


@pytest.fixture(scope="module")
def snapshot(corpus: tuple[Path, list[Written], Summary]) -> Iterator[Snapshot]:
    with Reader(corpus[0], HashEmbedder(64).fingerprint).snapshot() as opened:
        yield opened


def test_every_file_is_read(corpus: tuple[Path, list[Written], Summary]) -> None:
    _, written, summary = corpus
    archives = sum(one.name.endswith(".zip") for one in written)
    assert summary.skipped == ()
    assert len(written) >= 60
    assert summary.added == len(written) + 3 * archives


def test_every_planted_sentence_comes_back_with_its_place(corpus: tuple[Path, list[Written], Summary], snapshot: Snapshot) -> None:
    passages: dict[str, list[Passage]] = {}
    for passage in snapshot.store.all_passages():
        passages.setdefault(passage.source.partition(".zip/")[0].removesuffix(".zip"), []).append(passage)
    wrong: list[str] = []
    characters = exact = 0
    for one in corpus[1]:
        for planted in one.planted:
            characters += len(planted.sentence)
            holding = [passage for passage in passages[one.name.removesuffix(".zip")] if planted.sentence in plain(passage.text)]
            exact += len(planted.sentence) * bool(holding)
            if not any(fits(passage, planted) for passage in holding):
                wrong.append(f"{one.name}: {planted} {[(passage.page, passage.section) for passage in holding]}")
    assert exact >= 0.98 * characters, f"{exact / characters:.2%} {wrong[:20]}"
    assert wrong == []


def test_every_planted_sentence_is_found(corpus: tuple[Path, list[Written], Summary], snapshot: Snapshot) -> None:
    missed = []
    for one in corpus[1]:
        for planted in one.planted[::5]:
            language = "es" if "-es." in one.name else "en"
            ids = [identifier for field in (language, "grams") for identifier, _ in snapshot.words.search(planted.sentence, field, 3)]
            if not any(planted.sentence in plain(passage.text) for passage in snapshot.store.passages(ids)):
                missed.append(f"{one.name}: {planted.sentence}")
    assert missed == []


def plain(text: str) -> str:
    return " ".join(text.split())


def fits(passage: Passage, planted: Planted) -> bool:
    if planted.section is not None and passage.section[-1:] != (planted.section,):
        return False
    if planted.page is None:
        return True
    position = passage.start + max(passage.text.find(planted.sentence[-15:]), 0)
    return passage.page_at(position) == planted.page
