"""Contextual vectors behind a sync: some, all or none of them; whatever stops a pass, deletes a text or damages a vector."""

import dataclasses
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from small_corpus import CAT, DOG, QUESTION, Corpus, HashEncoder, check_sentence

from rag.errors import IndexMissing, StoreError
from rag.evidence import builtin_evidence
from rag.fusion import Fusion, Scores
from rag.index import Reader, contextual, embeddings
from rag.index.check import examine
from rag.index.contextual import Coverage, coverage, deepen
from rag.index.embeddings import CONTEXTUAL
from rag.index.seal import is_sealed
from rag.index.store import Store
from rag.index.sync import locked, repair
from rag.read import CONTEXTUAL_DIMENSION
from rag.rerank import WordReranker
from rag.retrieve import Retriever
from rag.testing import HashEmbedder
from rag.types import Hit


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Corpus:
    """25 passages, synced, without a contextual vector; 8 are a batch."""
    monkeypatch.setattr(contextual, "BATCH", 8)
    monkeypatch.setattr(contextual, "_SLICE", 2)
    made = Corpus(tmp_path)
    made.write_many(22)
    made.sync()
    return made


def rows(corpus: Corpus) -> int:
    with closing(sqlite3.connect(corpus.index / CONTEXTUAL)) as connection:
        return int(connection.execute("SELECT count(*) FROM vectors").fetchone()[0])


def damage(corpus: Corpus, statement: str) -> None:
    with closing(sqlite3.connect(corpus.index / CONTEXTUAL)) as connection:
        connection.execute(statement)
        connection.commit()


def finding(corpus: Corpus) -> tuple[bool, str]:
    return next((found.sound, found.detail) for found in examine(corpus.index) if found.part == "contextual vectors")


def hits(corpus: Corpus, encoder: HashEncoder | None, question: str = QUESTION) -> tuple[Hit, ...]:
    retriever = Retriever(HashEmbedder(), WordReranker(builtin_evidence()), 100, contextual=encoder)
    with Reader(corpus.index, corpus.embedder.fingerprint).snapshot() as snapshot:
        return retriever.retrieve(snapshot, question, "en", 20).hits


class StopAfter:
    """Says to stop once it was asked `times` times."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


# The pass


def test_a_pass_gives_every_text_a_vector_and_the_next_one_has_nothing_to_do(corpus: Corpus) -> None:
    encoder = HashEncoder()
    seen: list[tuple[int, int, str]] = []
    assert coverage(corpus.index, encoder.contextual_fingerprint) == Coverage(0, 25)
    assert deepen(corpus.index, encoder, lambda *step: seen.append(step)) == Coverage(25, 25)
    assert sorted(encoder.texts) == sorted(set(encoder.texts))
    assert len(encoder.texts) == rows(corpus) == 25
    assert seen[-1] == (25, 25, "contextual")
    assert [done for done, *_ in seen] == [8, 16, 24, 25]
    with Reader(corpus.index, corpus.embedder.fingerprint).snapshot() as snapshot:
        assert snapshot.vectors.contextual_count(encoder.contextual_fingerprint) == (25, 25)
        ids = [identifier for identifier, _ in snapshot.words.search(QUESTION, "en", 2)]
        held = snapshot.vectors.contextual(encoder.contextual_fingerprint, [*ids])
        texts = [f"The {name}\nThe {name}\n{text}" for name, text in (("cat", CAT), ("dog", DOG))]
        assert [passage.source for passage in snapshot.store.passages(ids)] == ["cat.md", "dog.md"]
        assert all(text in encoder.texts for text in texts)
        for identifier, expected in zip(ids, HashEmbedder(CONTEXTUAL_DIMENSION).encode_documents(texts), strict=True):
            assert held[identifier] @ expected > 0.999
    assert deepen(corpus.index, encoder) == Coverage(25, 25)
    assert len(encoder.texts) == 25


def test_a_pass_leaves_the_seal_and_the_other_files_alone(corpus: Corpus) -> None:
    before = {file.name: file.read_bytes() for file in corpus.index.glob("*.db")}
    deepen(corpus.index, HashEncoder())
    assert is_sealed(corpus.index, 1)
    assert {name: (corpus.index / name).read_bytes() for name in before} == before
    assert [found.sound for found in examine(corpus.index)] == [True] * 4
    assert finding(corpus) == (True, "25 of contextual@hash, for 25 texts")


def test_more_than_wanted_at_once_are_left_for_later(corpus: Corpus) -> None:
    encoder = HashEncoder()
    assert deepen(corpus.index, encoder, at_most=24) == Coverage(0, 25)
    assert encoder.texts == []
    assert not (corpus.index / CONTEXTUAL).exists()
    assert deepen(corpus.index, encoder, at_most=25) == Coverage(25, 25)


def test_what_a_sync_brings_meanwhile_is_left_to_whoever_ran_it(corpus: Corpus) -> None:
    """A pass that is to be short does not go on for all that a large sync beside it has committed."""

    def meanwhile() -> None:
        if not encoder.texts:
            corpus.write("large", **{f"large{number}": f"# Large\n\nNote {number} of the pilots." for number in range(7)})
            corpus.sync("docs", "large")

    encoder = HashEncoder(before=meanwhile)
    assert deepen(corpus.index, encoder, at_most=25) == Coverage(25, 32)
    assert len(encoder.texts) == 25


def test_a_pass_that_is_told_to_stop_keeps_what_it_has_and_goes_on_there(corpus: Corpus) -> None:
    encoder = HashEncoder()
    stopped = deepen(corpus.index, encoder, stop=StopAfter(6))
    assert 0 < stopped.done < 25
    assert stopped.done == rows(corpus) == len(encoder.texts)
    assert deepen(corpus.index, encoder) == Coverage(25, 25)
    assert len(encoder.texts) == 25


def test_ctrl_c_loses_at_most_a_batch(corpus: Corpus) -> None:
    stop = StopAfter(5)

    def interrupt() -> None:
        if stop():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deepen(corpus.index, HashEncoder(before=interrupt))
    assert coverage(corpus.index, "contextual@hash") == Coverage(8, 25)
    encoder = HashEncoder()
    assert deepen(corpus.index, encoder) == Coverage(25, 25)
    assert len(encoder.texts) == 17


KILLED = """
import os, signal, sys
from pathlib import Path
from small_corpus import HashEncoder
from rag.index import contextual, faults
from rag.index.contextual import deepen

left = int(sys.argv[2])
def reached(point):
    global left
    left -= point == "contextual batch"
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
def computing():
    if left == 1 and sys.argv[3] == "computing":
        os.kill(os.getpid(), signal.SIGKILL)
faults.reached, contextual.BATCH = reached, 8
deepen(Path(sys.argv[1]), HashEncoder(before=computing))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is of Unix")
@pytest.mark.parametrize(("batch", "moment", "kept"), [(1, "written", 8), (3, "written", 24), (2, "computing", 8)])
def test_a_killed_pass_goes_on_where_it_was(corpus: Corpus, batch: int, moment: str, kept: int) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    command = [sys.executable, "-c", KILLED, str(corpus.index), str(batch), moment]
    assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL
    assert hits(corpus, HashEncoder())[0].passage.source == "cat.md"
    assert coverage(corpus.index, "contextual@hash") == Coverage(kept, 25)
    assert is_sealed(corpus.index, 1)
    assert finding(corpus)[0]
    encoder = HashEncoder()
    assert deepen(corpus.index, encoder) == Coverage(25, 25)
    assert len(encoder.texts) == 25 - kept


def test_questions_and_syncs_go_on_during_a_pass(corpus: Corpus) -> None:
    """Nothing is locked while vectors are computed."""
    done: list[int] = []

    def meanwhile() -> None:
        assert corpus.found()[0] == ("cat.md", CAT)
        assert hits(corpus, HashEncoder())[0].passage.source == "cat.md"
        corpus.write(**{f"later{len(done)}": f"# Later\n\nNote {len(done)} of the pilots about the harbour."})
        assert corpus.sync().added == 1
        done.append(1)

    encoder = HashEncoder(before=lambda: meanwhile() if len(done) < 3 else None)
    assert deepen(corpus.index, encoder) == Coverage(28, 28)
    assert all(found.sound for found in examine(corpus.index))


def test_a_text_that_goes_while_its_vector_is_computed_leaves_none(corpus: Corpus) -> None:
    def meanwhile() -> None:
        for file in corpus.docs.glob("*.md"):
            if file.stem not in ("cat", "dog"):
                file.unlink()
        corpus.sync()

    assert deepen(corpus.index, HashEncoder(before=meanwhile)) == Coverage(2, 2)
    assert rows(corpus) == 2


def test_a_pass_waits_for_the_lock_unless_it_is_to_stop(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.index.sync.PATIENCE_SECONDS", 0.01)
    encoder = HashEncoder()
    with locked(corpus.index):
        assert deepen(corpus.index, encoder, stop=StopAfter(8)) == Coverage(0, 25)
    assert len(encoder.texts) == 8
    assert deepen(corpus.index, encoder) == Coverage(25, 25)


def test_no_index(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="make one with"):
        deepen(tmp_path / "none", HashEncoder())
    assert not (tmp_path / "none").exists()


def test_a_full_disk(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    deepen(corpus.index, HashEncoder(), stop=StopAfter(6))
    before = rows(corpus)

    def full(folder: Path) -> embeddings.Embeddings:
        opened = embeddings.Embeddings(folder, writing=True, file=CONTEXTUAL)
        opened._connection.execute("PRAGMA max_page_count = 1")
        return opened

    with monkeypatch.context() as patch:
        patch.setattr(contextual, "open_contextual", full)
        with pytest.raises(StoreError) as caught:
            deepen(corpus.index, HashEncoder())
    check_sentence(caught.value, "could not be read or written", "free space")
    assert rows(corpus) >= before
    assert deepen(corpus.index, HashEncoder()) == Coverage(25, 25)


# Texts that change and go


def test_a_deleted_text_takes_its_vector_along(corpus: Corpus) -> None:
    deepen(corpus.index, HashEncoder())
    with closing(Store.open(corpus.index)) as store:
        (gone,) = [content for number, content in store.contents() if store.passages([number])[0].source == "dog.md"]
    assert gone in (corpus.index / CONTEXTUAL).read_bytes()
    (corpus.docs / "dog.md").unlink()
    corpus.sync()
    assert rows(corpus) == 24
    assert all(gone not in file.read_bytes() for file in corpus.index.glob(f"{CONTEXTUAL}*"))
    assert coverage(corpus.index, "contextual@hash") == Coverage(24, 24)


def test_of_an_edited_document_only_what_is_new_is_computed(corpus: Corpus) -> None:
    deepen(corpus.index, HashEncoder())
    corpus.write(cat=CAT.replace("keeper", "steward"))
    corpus.sync()
    assert (rows(corpus), coverage(corpus.index, "contextual@hash")) == (24, Coverage(24, 25))
    encoder = HashEncoder()
    assert deepen(corpus.index, encoder) == Coverage(25, 25)
    assert [text.splitlines()[-1] for text in encoder.texts] == ["The steward feeds the harbour cat at six in the morning."]


def test_another_encoder_takes_the_place_of_the_last_one(corpus: Corpus) -> None:
    deepen(corpus.index, HashEncoder("old"))
    assert coverage(corpus.index, "contextual@new") == Coverage(0, 25)
    assert deepen(corpus.index, HashEncoder("new"), stop=StopAfter(6)).done > 0
    assert coverage(corpus.index, "contextual@old") == Coverage(0, 25)
    deepen(corpus.index, HashEncoder("new"))
    assert rows(corpus) == 25


def test_another_embedder_leaves_them_as_they_are(corpus: Corpus) -> None:
    deepen(corpus.index, HashEncoder())
    corpus.embedder = type(corpus.embedder)(8)
    corpus.sync()
    assert coverage(corpus.index, "contextual@hash") == Coverage(25, 25)
    assert all(found.sound for found in examine(corpus.index))


# Damage


@pytest.mark.parametrize("place", [0, 3, 5, 200, 387, 391])
def test_a_flipped_byte_is_found_and_mended(corpus: Corpus, place: int) -> None:
    deepen(corpus.index, HashEncoder())
    with closing(sqlite3.connect(corpus.index / CONTEXTUAL)) as connection:
        (blob,) = connection.execute("SELECT vector FROM vectors WHERE id = 7").fetchone()
        flipped = bytes([*blob[:place], blob[place] ^ 16, *blob[place + 1 :]])
        connection.execute("UPDATE vectors SET vector = ? WHERE id = 7", (flipped,))
        connection.commit()
    assert len(blob) == 392
    assert finding(corpus) == (False, "1 are not what was written")
    assert hits(corpus, HashEncoder())[0].passage.source == "cat.md"
    assert repair(corpus.config, [corpus.embedder])[1] == []
    assert all(found.sound for found in examine(corpus.index))
    encoder = HashEncoder()
    assert deepen(corpus.index, encoder) == Coverage(25, 25)
    assert len(encoder.texts) == 1


@pytest.mark.parametrize("kept", [0, 25, 5_000])
def test_a_file_that_cannot_be_read_costs_only_its_vectors(corpus: Corpus, kept: int) -> None:
    without = hits(corpus, None)
    deepen(corpus.index, HashEncoder())
    file = corpus.index / CONTEXTUAL
    content = file.read_bytes()[:kept]
    file.unlink()
    file.write_bytes(content)
    assert [hit.passage for hit in hits(corpus, HashEncoder())] == [hit.passage for hit in without]
    assert kept == 0 or not finding(corpus)[0]
    repair(corpus.config, [corpus.embedder])
    assert all(found.sound for found in examine(corpus.index))
    assert deepen(corpus.index, HashEncoder()) == Coverage(25, 25)


def test_a_file_that_is_no_database_is_begun_anew(corpus: Corpus) -> None:
    (corpus.index / CONTEXTUAL).write_bytes(b"This is not a database." * 300)
    (corpus.docs / "dog.md").unlink()
    assert corpus.sync().removed == 1
    assert deepen(corpus.index, HashEncoder()) == Coverage(24, 24)


def test_whoever_reads_while_the_file_is_made_finds_all_tables_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "_SCHEMA", "CREATE TABLE IF NOT EXISTS embedders (id); CREATE TABEL")
    with pytest.raises(sqlite3.OperationalError, match="TABEL"):
        embeddings.Embeddings(tmp_path, writing=True)
    with closing(sqlite3.connect(tmp_path / embeddings.FILE)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


def test_vectors_of_no_text_are_told_and_removed(corpus: Corpus) -> None:
    deepen(corpus.index, HashEncoder())
    damage(corpus, "UPDATE vectors SET content = zeroblob(16) WHERE id = 7")
    assert "1 of texts that no passage has, which rag index --deep removes" in finding(corpus)[1]
    assert deepen(corpus.index, HashEncoder(), thorough=True) == Coverage(25, 25)
    assert finding(corpus) == (True, "25 of contextual@hash, for 25 texts")


# Ranking


def test_without_any_vector_the_ranking_is_the_same_to_the_last_digit(corpus: Corpus) -> None:
    encoder = HashEncoder()
    assert hits(corpus, encoder) == hits(corpus, None)
    deepen(corpus.index, HashEncoder("another"))
    assert hits(corpus, encoder) == hits(corpus, None)
    assert encoder.texts == []


def test_vectors_count_where_they_exist(corpus: Corpus) -> None:
    without = {hit.passage.id: hit for hit in hits(corpus, None)}
    encoder = HashEncoder()
    deepen(corpus.index, encoder, stop=StopAfter(6))
    encoder.texts.clear()
    found = hits(corpus, encoder)
    assert encoder.texts == [QUESTION]
    with_vector = [hit for hit in found if hit.why.contextual_rank]
    assert 0 < len(with_vector) < len(found)
    (asked,) = HashEmbedder(CONTEXTUAL_DIMENSION).encode_queries([QUESTION])
    with Reader(corpus.index, corpus.embedder.fingerprint).snapshot() as snapshot:
        held = snapshot.vectors.contextual(encoder.contextual_fingerprint, [hit.passage.id for hit in found])
    assert held.keys() == {hit.passage.id for hit in with_vector}
    for hit in with_vector:
        assert hit.why.contextual_score == pytest.approx(float(held[hit.passage.id] @ asked), abs=1e-4)
    assert found[0].passage.source == "cat.md"
    for hit in found:
        if hit.passage.id in without:
            assert dataclasses.replace(hit.why, fused_score=0, contextual_rank=None, contextual_score=None) == dataclasses.replace(
                without[hit.passage.id].why, fused_score=0
            )


def test_fusion_by_hand() -> None:
    """Two of four have one: z-scores of 1 and -1 for these, 0 for the others."""
    zeros, same = np.zeros(4), np.array([True, True, False, False])
    scores = Scores("es", [1, 2, 3, 4], same, zeros, zeros, zeros, contextual={1: 0.9, 3: 0.1})
    weights = Fusion.load().contextual
    assert scores.fused(Fusion.load()).tolist() == pytest.approx([weights["es->es"].contextual, 0.0, -weights["es->en"].contextual, 0.0])


def test_only_the_best_candidates_are_looked_up(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    deepen(corpus.index, HashEncoder())
    monkeypatch.setattr("rag.retrieve.PLACED", 2)
    without = hits(corpus, None)
    ranked = [hit.passage.id for hit in hits(corpus, HashEncoder()) if hit.why.contextual_rank]
    assert sorted(ranked) == sorted(hit.passage.id for hit in without[:2])


def test_a_reader_that_was_open_sees_new_vectors(corpus: Corpus) -> None:
    reader = Reader(corpus.index, corpus.embedder.fingerprint)
    for expected in (0, 25):
        with reader.snapshot() as snapshot:
            assert snapshot.vectors.contextual_count("contextual@hash") == (expected, 25)
        deepen(corpus.index, HashEncoder())
    corpus.write(gull="# The gull\n\nThe gull steals herring.")
    corpus.sync()
    deepen(corpus.index, HashEncoder())
    with reader.snapshot() as snapshot:
        assert snapshot.vectors.contextual_count("contextual@hash") == (26, 26)
    assert np.isfinite(hits(corpus, HashEncoder())[0].score)
