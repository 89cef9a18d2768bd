"""Bake-offs and comparisons over a real index of a few documents."""

import json

import pytest

from rag.config import Config, IndexConfig
from rag.errors import ConfigError, InputError
from rag.evaluate import bakeoff
from rag.evaluate.bakeoff import OUTCOMES, compare_runs, read_bake_off, run_bake_off
from rag.evaluate.run import Options, run_evaluation

FACTS = {"gate": "seven", "pool": "eight", "library": "nine", "harbour": "ten"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Documents, questions about them, and a bake-off file, in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "documents").mkdir()
    lines = []
    for name, hour in FACTS.items():
        quote = f"The {name} opens at {hour} in the morning."
        (tmp_path / "documents" / f"{name}.md").write_text(f"# The {name}\n\n{quote}\n\nDogs are not allowed.\n", encoding="utf-8")
        evidence = [{"source": f"{name}.md", "quote": quote}]
        lines.append(
            {
                "id": name,
                "question": f"When does the {name} open?",
                "language": "en",
                "kind": "fact",
                "answerable": True,
                "evidence": evidence,
            }
        )
    (tmp_path / "set.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    write(tmp_path / "race.toml", "retrieval.passages = 1\n[runs.never]\nanswer.threshold = 1.0\nprice = [1.0, 2.0]")
    return tmp_path


def write(file, runs):
    file.write_text(f'target = "set.jsonl"\ndocuments = "documents"\n[runs.usual]\n[runs.one]\n{runs}\n', encoding="utf-8")


def read(folder):
    return read_bake_off(folder / "race.toml", None, None, (), None)


def test_runs_are_compared_with_the_first(folder):
    steps = []
    summary = run_bake_off(read(folder), lambda *step: steps.append(step))
    assert (summary["reference"], list(summary["runs"]), list(summary["comparisons"])) == (
        "usual",
        ["usual", "one", "never"],
        ["one", "never"],
    )
    assert summary["runs"]["usual"]["metrics"]["evidence_in_citation"]["value"] == 1
    never = summary["comparisons"]["never"]["metrics"]["answered_answerable"]
    assert (never["value"], never["other"], never["delta"], never["loss"]) == (0, 1, -1, 4)
    assert summary["runs"]["never"]["costs"]["index_bytes"] > 0
    assert ("never: questions" in {label for _, _, label in steps}) is True
    text = (folder / "race" / "bake-off.html").read_text(encoding="utf-8")
    assert "never against usual" in text
    assert json.loads((folder / "race" / "bake-off.json").read_text())["reference"] == "usual"
    assert (folder / "race" / "runs" / "one" / "report.html").is_file()


def test_runs_with_one_embedder_share_an_index_and_embed_nothing_again(folder):
    run_bake_off(read(folder))
    assert len(list((folder / "race" / "indexes").iterdir())) == 1
    write(folder / "race.toml", "split.target_characters = 200\nsplit.max_characters = 400")
    run_bake_off(read(folder))
    assert len(list((folder / "race" / "indexes").iterdir())) == 2


def test_a_stopped_bake_off_goes_on_where_it_was(folder, monkeypatch):
    run_bake_off(read(folder))
    file = folder / "race" / "runs" / "usual" / OUTCOMES
    whole = (folder / "race" / "runs" / "usual" / "results.json").read_bytes()
    key, first, second, *_ = file.read_text(encoding="utf-8").split("\n")
    file.write_text(f"{key}\n{first}\n{second[:40]}", encoding="utf-8")  # stopped while it wrote the second
    asked = []
    real = bakeoff.evaluate

    def evaluate(dataset, config, options, progress, done, keep):
        asked.append(sorted(done))
        return real(dataset, config, options, progress, done, keep)

    monkeypatch.setattr(bakeoff, "evaluate", evaluate)
    run_bake_off(read(folder))
    assert asked == [[json.loads(first)["entry"]["id"]], sorted(FACTS), sorted(FACTS)]
    assert (folder / "race" / "runs" / "usual" / "results.json").read_bytes() == whole


def test_changed_documents_are_asked_again(folder):
    write(folder / "race.toml", "retrieval.passages = 1")
    assert run_bake_off(read(folder))["runs"]["usual"]["metrics"]["evidence_in_citation"]["value"] == 1
    (folder / "documents" / "pool.md").write_text("# The pool\n\nDucks. The pool opens at eight in the morning.\n", encoding="utf-8")
    run_bake_off(read(folder))
    outcomes = (folder / "race" / "runs" / "usual" / OUTCOMES).read_text(encoding="utf-8")
    assert "Ducks" in outcomes


def test_other_settings_start_a_run_again(folder):
    run_bake_off(read(folder))
    file = folder / "race" / "runs" / "one" / OUTCOMES
    before = file.read_text(encoding="utf-8").split("\n")[0]
    write(folder / "race.toml", "retrieval.passages = 2")
    run_bake_off(read(folder))
    assert file.read_text(encoding="utf-8").split("\n")[0] != before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("target = 1", "is not valid TOML|needs a line target"),
        ('target = "set.jsonl"', r"needs a line target = \"...\" and at least one table"),
        ('target = "set.jsonl"\nindex = "x"\n[runs.a]', "unknown key 'index'; known are target, runs, queries, qrels, documents"),
        ('target = "set.jsonl"\ndocuments = 3\n[runs.a]', "documents is 3; it must be a path"),
        ('target = "set.jsonl"\n[runs.a]\nprice = 3', r"the price of 'a' is 3; write \[in, out\]"),
        ('target = "set.jsonl"\n[runs.a]\nllm = "x"', "the run 'a' must hold settings such as"),
        ('target = "set.jsonl"\n[runs."../a"]', "needs a plain name"),
        ("target = ", "is not valid TOML"),
    ],
)
def test_a_file_that_does_not_fit_is_named(folder, text, message):
    (folder / "race.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read(folder)


def test_an_unknown_setting_is_named(folder):
    write(folder / "race.toml", "retrieval.pasages = 3")
    with pytest.raises(ConfigError, match=r"race\.toml, run 'one': Unknown key 'retrieval\.pasages'; the nearest is 'retrieval\.passages'"):
        read(folder)


def test_configurations_flags_and_earlier_results_in_one_table(folder):
    options = Options(documents=folder / "documents", report=folder / "earlier")
    run_evaluation(folder / "set.jsonl", Config(index=IndexConfig(path=folder / "none")), options)
    (folder / "strict.toml").write_text("[answer]\nthreshold = 1.0\n", encoding="utf-8")
    runs = ["earlier", "strict.toml", "retrieval.passages=2,answer.max_sentences=1"]
    summary = compare_runs(runs, folder / "set.jsonl", Options(documents=folder / "documents"), None, (None, (), None))
    assert (summary["reference"], list(summary["comparisons"])) == ("earlier", ["strict", "retrieval.passages=2,answer.max_sentences=1"])
    assert summary["comparisons"]["strict"]["metrics"]["answered_answerable"]["delta"] == -1
    assert summary["comparisons"]["retrieval.passages=2,answer.max_sentences=1"]["metrics"]["ndcg@10"]["delta"] == 0


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        (["earlier"], "needs two runs or more, 1 was given"),
        (["a.toml", "b.toml"], "'a.toml' is a configuration, so say what to evaluate it on: --on"),
        (["nowhere", "b.toml"], "'nowhere' is neither results, nor a .toml file, nor settings"),
    ],
)
def test_what_cannot_be_compared_is_named(folder, runs, message):
    with pytest.raises(InputError, match=message):
        compare_runs(runs, None, Options(), None, (None, (), None))


def test_judgements_of_documents_that_are_not_there_are_said(folder):
    (folder / "topics.txt").write_text("1\tWhen does the pool open?\n2\tWhen does the gate open?\n", encoding="utf-8")
    options = Options(qrels=folder / "qrels.txt", documents=folder / "documents", retrieval_only=True)
    (folder / "qrels.txt").write_text("1 0 pool 1\n2 0 nowhere 1\n", encoding="utf-8")
    results = run_evaluation(folder / "topics.txt", Config(), options)
    assert (results["counts"]["judged_but_not_indexed"], results["metrics"]["recall@10"]["value"]) == (1, 0.5)
    (folder / "qrels.txt").write_text("1 0 pond 1\n2 0 nowhere 1\n", encoding="utf-8")
    with pytest.raises(InputError, match="None of the judged documents is in the index"):
        run_evaluation(folder / "topics.txt", Config(), options)
