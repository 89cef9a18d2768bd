"""One suite for both engines that can hold an index: the files of SQLite, FAISS and tantivy, and a Milvus server on loopback."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from small_corpus import CAT, DOG, Corpus, HashEncoder, changes, check_sentence

from rag.config import Config, IndexConfig, SplitConfig
from rag.embed import BuiltinEmbedder
from rag.errors import IndexBusy, IndexMismatch, IndexMissing, ModelError, StoreError
from rag.index import Snapshot, open_index
from rag.index import sync as syncing
from rag.index.contextual import deepen
from rag.index.sync import Skipped, remove, sync, sync_documents
from rag.load import load_file
from rag.paths import shipped
from rag.pipeline import Pipeline
from rag.testing import HashEmbedder
from rag.types import Reference


@pytest.fixture(scope="session")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a Milvus server, which ends with the tests."""
    pytest.importorskip("pymilvus", exc_type=ImportError)
    pytest.importorskip("milvus_lite", exc_type=ImportError)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("milvus-lite")), "server", "--host", "127.0.0.1", "--port", str(port)]
    folder = tmp_path_factory.mktemp("milvus")
    with (folder / "log").open("wb") as log, subprocess.Popen([*command, "--data-dir", folder / "data"], stdout=log, stderr=log) as server:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
        server.terminate()


@pytest.fixture(params=["files", pytest.param("milvus", marks=pytest.mark.slow)])
def corpus(request: pytest.FixtureRequest, tmp_path: Path) -> Corpus:
    """Three short documents, and an index of the engine."""
    made = Corpus(tmp_path)
    if request.param == "milvus":
        url = request.getfixturevalue("milvus")
        made.config = Config(index=IndexConfig(path=tmp_path / "index", url=url))
    return made


def asked(corpus: Corpus, embedder: HashEmbedder | None = None) -> Iterator[Snapshot]:
    with closing(open_index(corpus.config.index, (embedder or corpus.embedder).fingerprint)) as index, index.snapshot() as snapshot:
        yield snapshot


def state(corpus: Corpus) -> dict[str, str]:
    """Name -> text of every document."""
    for snapshot in asked(corpus):
        return {source: snapshot.document(source).text for source, *_ in snapshot.store.documents()}
    raise AssertionError


def found(corpus: Corpus, question: str, field: str = "en") -> list[str]:
    """Names of the documents that the lexical side finds, best first."""
    for snapshot in asked(corpus):
        return [passage.source for passage in snapshot.store.passages([i for i, _ in snapshot.words.search(question, field, 10)])]
    raise AssertionError


def test_what_is_written_can_be_read(corpus: Corpus) -> None:
    summary = corpus.sync()
    assert (changes(summary)[:4], summary.documents, summary.passages, summary.generation) == ((3, 0, 0, 0), 3, 3, 1)
    assert state(corpus) == {f"{name}.md": (corpus.docs / f"{name}.md").read_text() for name in ("boat", "cat", "dog")}
    for snapshot in asked(corpus):
        assert (snapshot.generation, len(snapshot.words), len(snapshot.vectors), snapshot.vectors.dimension) == (1, 3, 3, 64)
        assert (snapshot.store.count("documents"), snapshot.store.count("passages")) == (3, 3)
        (first,) = snapshot.store.passages([snapshot.words.search("keeper feeds the harbour cat", "en", 1)[0][0]])
        assert (first.source, first.title, first.text, first.start, first.end) == ("cat.md", "The cat", CAT, 0, len(CAT))
        assert (first.language, first.section, first.page) == ("en", ("The cat",), None)
        assert snapshot.store.languages([first.id]) == {first.id: "en"}
        assert snapshot.store.passages([first.id, 12345]) == [first]


def test_dense_search_is_by_cosine(corpus: Corpus) -> None:
    corpus.sync()
    for snapshot in asked(corpus):
        (vector,) = corpus.embedder.encode_queries([f"The dog\n{DOG}"])
        near = snapshot.vectors.search(vector, 2)
        assert next(passage.source for passage in snapshot.store.passages([i for i, _ in near])) == "dog.md"
        assert near[0][1] > 0.9 > near[1][1]
        assert snapshot.vectors.similarity(vector, [i for i, _ in near]) == pytest.approx([score for _, score in near], abs=1e-6)
        assert snapshot.vectors.search(0 * vector, 2) == []


def test_contextual_vectors_exist_or_not(corpus: Corpus) -> None:
    """Files may have some; Milvus has none, and says so."""
    corpus.sync()
    in_files = corpus.config.index.url is None
    for snapshot in asked(corpus):
        ids = [identifier for identifier, _ in snapshot.words.search("harbour cat", "en", 3)]
        assert snapshot.vectors.contextual("contextual@hash", ids) == {}
        assert snapshot.vectors.contextual_count("contextual@hash") == (0, 3 if in_files else 0)
    if in_files:
        deepen(corpus.index, HashEncoder())
        for snapshot in asked(corpus):
            assert snapshot.vectors.contextual("contextual@hash", ids).keys() == {*ids}
            assert snapshot.vectors.contextual_count("contextual@hash") == (3, 3)


def test_lexical_search_stems_and_folds(corpus: Corpus) -> None:
    corpus.write(esclusa="# La esclusa\n\nLos inspectores revisan las compuertas de la esclusa cada miércoles, según la comisión.")
    corpus.sync()
    assert found(corpus, "inspector revisa compuerta MIERCOLES", "es") == ["esclusa.md"]
    assert found(corpus, "feeding") == found(corpus, "feeds")
    assert found(corpus, "commission", "grams")[0] == "esclusa.md"
    assert found(corpus, "zzz", "en") == found(corpus, "", "en") == found(corpus, "???", "grams") == []


def test_provisions_are_looked_up(corpus: Corpus) -> None:
    corpus.write(law="# The law\n\n## Article 4. Aid\n\nAid may be given under Article 14.\n\n## Article 40. Costs\n\nEach pays.\n")
    corpus.sync()
    for snapshot in asked(corpus):
        own = {number: snapshot.store.with_reference(Reference("article", number)) for number in ("4", "14", "40", "1")}
        assert [[row[1:] for row in rows] for rows in own.values()] == [[(True, "law.md")], [(False, "law.md")], [(True, "law.md")], []]
        (passage,) = snapshot.store.passages([own["4"][0][0]])
        assert (passage.provisions, passage.mentions) == ((Reference("article", "4"),), (Reference("article", "14"),))
        assert snapshot.store.numbers_of("article", "law.md", own_text=True) == ["4", "40"]
        assert snapshot.store.numbers_of("article", "law.md", own_text=False) == ["14"]
        assert snapshot.store.numbers_of("annex", "law.md", own_text=True) == []
        assert (
            snapshot.store.holders("article", own_text=True) == snapshot.store.holders("article", own_text=False) == {"law.md": "The law"}
        )
        assert snapshot.store.holders("annex", own_text=True) == {}


def test_edits_renames_and_deletions(corpus: Corpus) -> None:
    corpus.sync()
    corpus.write(cat=CAT.replace("keeper", "steward"), gull="# The gull\n\nThe gull steals herring.\n")
    (corpus.docs / "dog.md").rename(corpus.docs / "hound.md")
    (corpus.docs / "boat.md").unlink()
    assert changes(corpus.sync())[:4] == (2, 1, 2, 0)
    assert sorted(state(corpus)) == ["cat.md", "gull.md", "hound.md"]
    assert found(corpus, "steward") == ["cat.md"]
    assert found(corpus, "allergic") == ["hound.md"]
    assert found(corpus, "painted green") == []
    summary = corpus.sync()
    assert (changes(summary)[:4], summary.generation) == ((0, 0, 0, 3), 2)


def test_copies(corpus: Corpus) -> None:
    corpus.write(copy=CAT)
    summary = corpus.sync()
    assert (summary.documents, summary.passages) == (4, 3)
    for snapshot in asked(corpus):
        assert snapshot.document("copy.md").text == CAT
        (passage,) = snapshot.store.passages([snapshot.words.search("harbour cat", "en", 1)[0][0]])
        assert (passage.source, passage.copies) == ("cat.md", ("copy.md",))
    (corpus.docs / "cat.md").unlink()
    assert changes(corpus.sync())[:4] == (0, 0, 1, 3)
    assert found(corpus, "harbour cat") == ["copy.md"]


def test_documents_are_listed_and_taken_out_by_name(corpus: Corpus) -> None:
    corpus.write(copy=CAT)
    corpus.sync()
    for snapshot in asked(corpus):
        listed = {item.source: (item.title, item.language, item.passages, Path(item.place).name) for item in snapshot.store.listed()}
    assert listed == {
        "boat.md": ("The boat", "en", 1, "boat.md"), "cat.md": ("The cat", "en", 1, "cat.md"), "copy.md": ("The cat", "en", 1, "copy.md"),
        "dog.md": ("The dog", "en", 1, "dog.md"),
    }  # fmt: skip
    summary = remove(corpus.config, corpus.embedder, ["cat.md", "dog.md", "nothing.md"])
    assert (summary.removed, summary.documents) == (2, 2)
    assert sorted(state(corpus)) == ["boat.md", "copy.md"]
    assert found(corpus, "harbour cat") == ["copy.md"]
    assert found(corpus, "allergic") == []
    remove(corpus.config, corpus.embedder, ["boat.md", "copy.md"])
    assert state(corpus) == {}
    assert corpus.sync().documents == 4


def test_a_document_of_many_passages_comes_back_whole(corpus: Corpus) -> None:
    text = "# Log\n\n" + "\n\n".join(f"## Day {day}\n\n" + f"The lamp of day {day} was lit at dusk. " * 30 for day in range(40)) + "\n\n \n"
    corpus.write(log=text)
    corpus.sync()
    assert state(corpus)["log.md"] == text
    for snapshot in asked(corpus):
        stored = snapshot.document("log.md")
        assert [(heading.level, heading.text) for heading in stored.headings][:3] == [(1, "Log"), (2, "Day 0"), (2, "Day 1")]


def test_names_that_need_quoting(corpus: Corpus) -> None:
    for name in ('a "quoted" name', "it's", "back\\slash", "año ñandú", "x' or '1' == '1"):
        corpus.write(**{name: f"# {name}\n\nThe file {name} speaks of sluices."})
    assert corpus.sync().added == 8
    assert changes(corpus.sync())[:4] == (0, 0, 0, 8)
    (corpus.docs / "it's.md").unlink()
    assert changes(corpus.sync())[:4] == (0, 0, 1, 7)
    assert sorted(state(corpus))[:2] == ['a "quoted" name.md', "año ñandú.md"]


def test_skipped_files_and_other_folders(corpus: Corpus) -> None:
    (corpus.docs / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    corpus.write(empty=" ")
    corpus.write("more", gull="# The gull\n\nThe gull steals herring.\n")
    assert corpus.sync().skipped == (Skipped("empty.md", "empty"), Skipped("photo.jpg", "unsupported format .jpg"))
    assert corpus.sync("more").documents == 4
    assert changes(corpus.sync())[:4] == (0, 0, 0, 3)


def test_other_split_settings_are_applied_to_all(corpus: Corpus) -> None:
    corpus.write("more", long="# Long\n\n" + "The sluice is opened at dawn by its keeper, who lives there. " * 40)
    corpus.sync("docs", "more")
    corpus.config = corpus.config.model_copy(update={"split": SplitConfig(target_characters=200, max_characters=300)})
    assert corpus.sync().updated == 4
    for snapshot in asked(corpus):
        ids = [i for i, _ in snapshot.words.search("sluice keeper dawn", "en", 50)]
        assert len(ids) > 5
        assert max(len(passage.text) for passage in snapshot.store.passages(ids)) <= 300


def test_documents_that_are_no_files(corpus: Corpus) -> None:
    documents = [load_file(corpus.docs / name, name, 10_000) for name in ("cat.md", "dog.md")]
    assert changes(sync_documents(corpus.config, corpus.embedder, documents))[:4] == (2, 0, 0, 0)
    assert sync_documents(corpus.config, corpus.embedder, documents[:1]).removed == 1
    assert list(state(corpus)) == ["cat.md"]
    assert sync_documents(corpus.config, corpus.embedder, []).documents == 0
    assert state(corpus) == {}
    for snapshot in asked(corpus):
        assert (len(snapshot.words), len(snapshot.vectors), snapshot.words.search("cat", "en", 5)) == (0, 0, [])
        assert snapshot.vectors.search(corpus.embedder.encode_queries(["cat"])[0], 5) == []


def test_a_dry_run(corpus: Corpus) -> None:
    assert changes(corpus.sync(dry_run=True))[:4] == (3, 0, 0, 0)
    with pytest.raises(IndexMissing):
        state(corpus)
    corpus.sync()
    (corpus.docs / "dog.md").unlink()
    assert changes(corpus.sync(dry_run=True))[:4] == (0, 0, 1, 2)
    assert len(state(corpus)) == 3


def test_another_embedder(corpus: Corpus) -> None:
    corpus.write("more", gull="# The gull\n\nThe gull steals herring.\n")
    corpus.sync("docs", "more")
    other = HashEmbedder(32)
    with pytest.raises(IndexMismatch, match="rag index"):
        next(asked(corpus, other))
    assert corpus.sync(embedder=other).documents == 4
    for snapshot in asked(corpus, other):
        assert (snapshot.vectors.dimension, len(snapshot.vectors)) == (32, 4)
        assert snapshot.document("gull.md").title == "The gull"
    with pytest.raises(IndexMismatch):
        state(corpus)


def test_a_stopped_sync_is_finished_by_the_next(corpus: Corpus) -> None:
    corpus.sync()
    corpus.write(**{f"new{number}": f"# New\n\nThing number {number} of the harbour." for number in range(6)})
    corpus.write(cat=CAT.replace("keeper", "steward"))

    def stop(done: int, total: int, label: str) -> None:
        if (done, label) == (3, "reading"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        corpus.sync(progress=stop)
    between = state(corpus)
    assert {"boat.md", "cat.md", "dog.md"} <= set(between)
    corpus.sync()
    assert len(state(corpus)) == 9
    for snapshot in asked(corpus):
        assert snapshot.store.count("passages") == 9
    assert found(corpus, "steward") == ["cat.md"]
    assert changes(corpus.sync())[:4] == (0, 0, 0, 9)


def test_a_second_writer(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syncing, "PATIENCE_SECONDS", 0.01)

    def second(*_: object) -> None:
        with pytest.raises(IndexBusy):
            corpus.sync()

    assert corpus.sync(progress=second).added == 3


def test_answers_are_the_same_wherever_the_index_is(corpus: Corpus, pipeline: Pipeline) -> None:
    questions = ("what does Article 4 of the Sarmenor agreement permit", "¿qué dice el anexo I?", "what does Article 99 say")
    sync(corpus.config, BuiltinEmbedder(), [shipped("seeds")])
    with Pipeline.open(corpus.config) as other:
        for question in questions:
            expected, answer = pipeline.ask(question), other.ask(question)
            assert (answer.text, answer.abstained) == (expected.text, expected.abstained)
            assert [(c.source, c.start, c.end, c.quote) for c in answer.citations] == [
                (c.source, c.start, c.end, c.quote) for c in expected.citations
            ]


# Milvus alone


@pytest.mark.slow
def test_rows_of_a_document_that_was_not_finished_are_removed(tmp_path: Path, milvus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from rag.index.milvus import MilvusCollection
    from rag.index.milvus_sync import examine

    corpus = Corpus(tmp_path)
    corpus.config = Config(
        index=IndexConfig(path=tmp_path / "index", url=milvus), split=SplitConfig(target_characters=100, max_characters=200)
    )
    corpus.sync()
    corpus.write(
        log="# Log\n\n" + "\n\n".join(f"The lamp of day {day} was lit at dusk, as on every day of that long year." * 2 for day in range(9))
    )
    upsert = MilvusCollection.upsert
    calls = 0

    def fail(self: MilvusCollection, rows: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        upsert(self, rows)

    monkeypatch.setattr(MilvusCollection, "upsert", fail)
    with pytest.raises(KeyboardInterrupt):
        corpus.sync()
    assert sorted(state(corpus)) == ["boat.md", "cat.md", "dog.md"]
    for snapshot in asked(corpus):
        assert snapshot.store.count("passages") > 3
    (finding,) = examine(corpus.config, corpus.embedder.fingerprint)
    assert (finding.sound, "1 documents that a stopped sync did not finish" in finding.detail) == (False, True)
    (corpus.docs / "log.md").unlink()
    monkeypatch.setattr(MilvusCollection, "upsert", upsert)
    corpus.sync()
    for snapshot in asked(corpus):
        assert snapshot.store.count("passages") == 3
    assert examine(corpus.config, corpus.embedder.fingerprint)[0].sound


@pytest.mark.slow
def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    pytest.importorskip("pymilvus", exc_type=ImportError)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = Config(index=IndexConfig(path=tmp_path / "index", url=f"http://127.0.0.1:{port}"))
    with pytest.raises(StoreError) as caught:
        open_index(config.index, "hash-64")
    check_sentence(caught.value, f"The Milvus server at http://127.0.0.1:{port} failed", "check index.url")


def test_without_pymilvus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(ModelError, match=r"index\.url = 'http://127\.0\.0\.1:1' needs pymilvus; run `pip install pymilvus`\."):
        open_index(IndexConfig(path=tmp_path, url="http://127.0.0.1:1"), "hash-64")
    assert list(tmp_path.iterdir()) == []
