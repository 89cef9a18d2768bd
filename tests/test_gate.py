"""The gate on the real program: planted regressions are caught, and runs of unchanged code pass."""

import dataclasses
from pathlib import Path

import pytest
import tantivy

from rag.config import Config, IndexConfig
from rag.embed import BuiltinEmbedder
from rag.errors import InputError
from rag.evaluate.compare import check_against, read_results
from rag.evaluate.datasets import read_dataset
from rag.evaluate.run import Options, evaluate, run_evaluation
from rag.fusion import Fusion
from rag.index import words
from rag.index.sync import sync
from rag.paths import shipped
from training.written import read_written, write_question_set

EVAL = Path(__file__).parents[1] / "eval"
FEWEST = 300
"""Questions that the loss of a few points needs to be told from chance."""
MARGIN = 0.01
SEARCHING = Options(retrieval_only=True)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The held-out documents of training/written and their questions, as `make eval` asks them, in an index without contextual vectors."""
    folder = tmp_path_factory.mktemp("written")
    write_question_set(read_written(held_out=True), folder)
    sync(Config(index=IndexConfig(path=folder / "index")), BuiltinEmbedder(), [folder / "documents"])
    return folder


def search_written(folder):
    return evaluate(read_dataset(folder / "questions.jsonl"), Config(index=IndexConfig(path=folder / "index")), SEARCHING)[0]


@pytest.fixture(scope="module")
def written_before(written):
    """What unchanged code finds on that set."""
    return search_written(written)


@pytest.fixture(scope="module")
def before(seeds_index):
    """What unchanged code finds on each set."""
    return {name: search(name, seeds_index) for name in ("questions", "word-forms")}


def search(name, index, options=SEARCHING):
    return evaluate(read_dataset(EVAL / f"{name}.jsonl"), Config(index=IndexConfig(path=index)), options)[0]


def halve_vectors_across_languages(pair, row):
    return dataclasses.replace(row, dense=row.dense / 2) if pair in ("en->es", "es->en") else row


def halve_second_look(_, row):
    return dataclasses.replace(row, closer=row.closer / 2)


def change_weights(patch, change):
    """The weights without contextual vectors: the index of the tests has none."""
    shipped = Fusion.load()
    static = {pair: change(pair, row) for pair, row in shipped.static.items()}
    patch.setattr(Fusion, "load", lambda: Fusion(static, shipped.contextual))


def test_a_weight_that_is_lost_is_caught(before, seeds_index, monkeypatch):
    if len(before["questions"]["per_query"]) < FEWEST:
        pytest.skip(f"eval/questions.jsonl has fewer than {FEWEST} questions")
    change_weights(monkeypatch, lambda _, row: dataclasses.replace(row, closer=0))
    gate = check_against(search("questions", seeds_index), before["questions"], MARGIN)
    assert [alarm.split()[0] for alarm in gate["alarms"]] == ["ndcg@10"]


@pytest.mark.parametrize("change", [halve_vectors_across_languages, halve_second_look])
def test_a_weight_that_is_halved_is_caught(change, written, written_before, monkeypatch):
    """More than twice as many questions show what those over the seeds do not."""
    change_weights(monkeypatch, change)
    gate = check_against(search_written(written), written_before, MARGIN)
    assert [alarm.split()[0] for alarm in gate["alarms"]] == ["ndcg@10"]


def test_spanish_without_its_stemmer_is_caught(before, seeds_index, monkeypatch):
    real = words._analyser

    def plain(stemmer):
        if stemmer != "spanish":
            return real(stemmer)
        builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        return builder.filter(tantivy.Filter.lowercase()).filter(tantivy.Filter.ascii_fold()).build()

    monkeypatch.setattr(words, "_analyser", plain)
    options = dataclasses.replace(SEARCHING, documents=shipped("seeds"))
    gate = check_against(search("word-forms", seeds_index, options), before["word-forms"], MARGIN)
    assert any(alarm.startswith("lexical_mrr fell") for alarm in gate["alarms"])


def test_a_document_that_is_gone_is_caught(before, seeds_index, tmp_path):
    documents = tmp_path / "documents"
    documents.mkdir()
    for file in shipped("seeds").iterdir():
        if file.name not in {"SOURCES.md", "glosario.txt"}:
            (documents / file.name).write_bytes(file.read_bytes())
    options = dataclasses.replace(SEARCHING, documents=documents)
    with pytest.raises(InputError, match=r"its evidence is in 'glosario\.txt', which is not in the index"):
        search("word-forms", seeds_index, options)
    # And where no question is about it: the index tells.
    dataset = read_dataset(EVAL / "word-forms.jsonl")
    kept = [own for own in dataset.questions if own.evidence[0].source != "glosario.txt"]
    rest = dataclasses.replace(dataset, questions=tuple(kept))
    results, _ = evaluate(rest, Config(index=IndexConfig(path=seeds_index)), options)
    assert any("the index has" in alarm for alarm in check_against(results, before["word-forms"], MARGIN)["alarms"])


def test_fifty_runs_of_unchanged_code_raise_no_alarm(before, seeds_index):
    """They are equal, whatever the number of threads, so none can; what chance does is in test_compare.py."""
    dataset = read_dataset(EVAL / "word-forms.jsonl")
    slice_ = dataclasses.replace(dataset, questions=dataset.questions[::15])
    config = Config(index=IndexConfig(path=seeds_index))
    for run in range(50):
        results, _ = evaluate(slice_, config, dataclasses.replace(SEARCHING, workers=1 + run % 4))
        gate = check_against(results, before["word-forms"], 0.0)
        assert gate["passed"]
        assert {row["delta"] for row in gate["comparison"]["metrics"].values()} == {0}


@pytest.mark.parametrize(("name", "searching"), [("questions", False), ("word-forms", True)])
def test_the_committed_baselines_hold(name, searching, seeds_index):
    options = Options(baseline=EVAL / "baselines" / f"{name}.json", retrieval_only=searching)
    gate = run_evaluation(EVAL / f"{name}.jsonl", Config(index=IndexConfig(path=seeds_index)), options)["gate"]
    assert gate["alarms"] == []
    assert read_results(EVAL / "baselines" / f"{name}.json")["index"]["documents"] > 10
