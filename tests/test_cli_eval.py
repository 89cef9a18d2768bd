"""`rag eval` on the command line: its commands, its JSON, its exit statuses, and one sentence for each thing that goes wrong."""

import json
from pathlib import Path

import pytest

from rag.cli import main
from rag.evaluate.ask import run_all
from rag.evaluate.datasets import Question
from rag.evaluate.score import Outcome
from rag.evaluate.usage import Usage, counted_tokens, describe_usage
from rag.generate.stream import stream_from_thread


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Run the command line in this process, in an empty folder with a few documents and questions."""
    monkeypatch.chdir(tmp_path)
    Path("documents").mkdir()
    Path("documents/pool.md").write_text("# Pool\n\nThe pool opens at eight in the morning, every day but Monday.\n", encoding="utf-8")
    Path("documents/gate.md").write_text("# Gate\n\nThe gate of the old park was built by Ada Byron in 1904.\n", encoding="utf-8")
    question = {"id": "1", "question": "When does the pool open?", "language": "en", "kind": "fact", "answerable": True}
    question["evidence"] = [{"source": "pool.md", "quote": "The pool opens at eight in the morning, every day but Monday."}]
    Path("set.jsonl").write_text(json.dumps(question) + "\n", encoding="utf-8")

    def invoke(*arguments):
        with pytest.raises(SystemExit) as caught:
            main(["eval", *map(str, arguments)])
        captured = capsys.readouterr()
        return int(caught.value.code or 0), captured.out, captured.err

    return invoke


def test_a_target_needs_no_command(run):
    short = run("set.jsonl", "--documents", "documents", "--json")
    assert short[0] == 0
    results = json.loads(short[1])
    assert results["metrics"]["evidence_in_citation"]["value"] == 1
    long = json.loads(run("run", "--json", "set.jsonl", "--documents", "documents")[1])
    first = json.loads(run("--json", "set.jsonl", "--documents", "documents")[1])
    for other in (long, first):
        assert {**other, "latency_ms": 0, "resources": 0} == {**results, "latency_ms": 0, "resources": 0}


def test_a_target_that_is_called_like_a_command(run):
    Path("compare").mkdir()
    assert run("./compare")[2].startswith("rag: compare is no BEIR folder, for it has no corpus.jsonl;")
    assert run("compare")[2] == "rag: Missing argument 'runs'; see rag eval compare --help.\n"
    assert run()[2] == "rag: Missing argument 'target'; see rag eval run --help.\n"


def test_the_gate_decides_the_exit_status(run):
    documents = ("--documents", "documents")
    assert run("set.jsonl", *documents, "--save-baseline", "new/base.json")[0] == 0
    status, out, _ = run("set.jsonl", *documents, "--baseline", "new/base.json")
    assert (status, "Gate: passed" in out) == (0, True)
    Path("documents/gate.md").unlink()
    status, out, err = run("set.jsonl", *documents, "--baseline", "new/base.json")
    assert (status, err) == (1, "")
    assert "ALARM: the index has 1 documents, that of the baseline had 2." in out
    assert "Gate: FAILED (margin 0.01, level 5%)." in out


def test_retrieval_only_asks_nothing(run, monkeypatch):
    monkeypatch.setattr("rag.pipeline.Pipeline.ask", lambda *_: pytest.fail("asked"))
    status, out, _ = run("set.jsonl", "--documents", "documents", "--retrieval-only", "--json")
    results = json.loads(out)
    assert (status, results["metrics"]["ndcg@10"]["value"], results["counts"]) == (0, 1, {"questions": 1, "answerable": 1})
    assert not {"evidence_in_citation", "quote_matches_text"} & set(results["metrics"])


def test_a_report_names_the_command_that_repeats_it(run):
    arguments = ("--documents", "documents", "--set", "retrieval.passages=2", "--set", "embedding.also=[]", "--report", "out")
    status, out, _ = run("set.jsonl", *arguments)
    assert (status, out.splitlines()[-1]) == (0, "Report: out/report.html")
    text = Path("out/report.html").read_text(encoding="utf-8")
    assert "<code>rag eval set.jsonl --documents documents --set retrieval.passages=2</code>" in text


def test_init_and_add(run):
    documents = ("--index", "index")
    main_arguments = ["index", "documents", "--index", "index"]
    with pytest.raises(SystemExit):
        main(main_arguments)
    run("--help")
    status, out, _ = run("init", "drafts.jsonl", "--count", 2, *documents, "--json")
    assert (status, json.loads(out)) == (0, {"file": "drafts.jsonl", "drafts": 2})
    assert run("init", "drafts.jsonl", *documents)[2].startswith("rag: drafts.jsonl is there already; give another name")
    assert "None of the 2 questions of drafts.jsonl has been reviewed" in run("drafts.jsonl", *documents)[2]
    quote = "The gate of the old park was built by Ada Byron in 1904."
    status, out, _ = run("add", "Who made the gate?", "--to", "drafts.jsonl", "--source", "gate.md", "--quote", quote, *documents, "--json")
    assert (status, json.loads(out)["reviewed"], json.loads(out)["added"]) == (0, True, True)
    again = run("add", "Who made the gate?", "--to", "drafts.jsonl", "--unanswerable", *documents)
    assert "has this question with a reviewed label already" in again[1]
    status, out, _ = run("drafts.jsonl", *documents, "--json")
    assert json.loads(out)["counts"]["drafts_left_out"] == 2
    asked = run("add", "Is there a cinema?", *documents)
    assert "to be reviewed" in asked[1]
    assert json.loads(Path("review.jsonl").read_text(encoding="utf-8"))["reviewed"] is False


def test_compare_and_bake_off(run):
    Path("race.toml").write_text('target = "set.jsonl"\ndocuments = "documents"\n[runs.a]\n[runs.b]\nanswer.threshold = 1.0\n')
    status, out, _ = run("bake-off", "race.toml")
    assert (status, "Reports: race/bake-off.html, race/runs" in out, "Against a, 1 questions in both" in out) == (0, True, True)
    status, out, _ = run("compare", "race/runs/a", "race/runs/b", "--json")
    summary = json.loads(out)
    assert (status, summary["reference"], list(summary["comparisons"])) == (0, "a", ["b"])
    assert summary["comparisons"]["b"]["metrics"]["answered_answerable"]["delta"] == -1
    assert summary["runs"]["a"]["costs"]["p50_ms"] > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("set.jsonl", "--price", "3"), "--price '3' is not two numbers; write IN,OUT"),
        (("add", "x", "--quote", "y"), "--quote and --source go together"),
        (("compare", "a"), "A comparison needs two runs or more, 1 was given"),
        (("bake-off", "none.toml"), "none.toml cannot be read (No such file or directory)"),
        (("set.jsonl", "--baseline", "none.json"), "none.json cannot be read"),
        (("set.jsonl", "--documents", "nowhere"), "nowhere"),
    ],
)
def test_what_goes_wrong_is_one_sentence(run, arguments, message):
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("rag: ")
    assert err.count("\n") == 1
    assert message in err


def test_tokens_and_cost_of_a_hosted_model():
    """Whichever thread asks, and whichever thread waits for the provider."""
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage

    usage = {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100}
    message = AIMessage("Yes.", usage_metadata=usage, response_metadata={"model_name": "told"})
    model = GenericFakeChatModel(messages=iter([message] * 3))

    def ask(question):
        text = stream_from_thread(lambda put, stop: put(str(model.invoke("x").content)), explain=str, seconds=10, max_characters=100)
        assert "".join(text) == "Yes."
        return Outcome({"id": question.id}, {})

    questions = [Question(name, "x", "en", "fact", answerable=False) for name in "abc"]
    with counted_tokens((2.0, 10.0)) as told:
        run_all(questions, ask, ask, workers=2)
        assert told() == {"usage": {"tokens_in": 3000, "tokens_out": 300, "cost": 0.009}}
    with counted_tokens(enabled=False) as told:
        assert told() == {}


def test_tokens_that_were_used_before_a_stop_count():
    counted = {"told": {"input_tokens": 100, "output_tokens": 10}}
    usage, kept = Usage(counted, (1.0, 2.0)), []
    keep = usage.told_each(kept.append)
    for name in "ab":
        counted["told"] = {key: value + 100 for key, value in counted["told"].items()}
        keep(Outcome({"id": name}, {}))
    assert [outcome.tokens for outcome in kept] == [(100, 100), (100, 100)]
    assert Usage({}, (1.0, 2.0))(outcome.tokens for outcome in kept) == {"usage": {"tokens_in": 200, "tokens_out": 200, "cost": 0.0006}}
    assert describe_usage({"tokens_in": 2000, "tokens_out": 200, "cost": 0.0006}) == "2,000 in, 200 out, cost 0.0006"


def test_answers_and_judge_have_prices_of_their_own(run, monkeypatch):
    """The generator is the quoting one, which uses no tokens; the judge is a model that tells what it used."""
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage

    usage = {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100}
    message = AIMessage("Yes.", usage_metadata=usage, response_metadata={"model_name": "told"})
    model = GenericFakeChatModel(messages=iter([message]))
    monkeypatch.setattr("rag.evaluate.judge.load_judge", lambda config: None)
    monkeypatch.setattr("rag.evaluate.judge.judge_outcomes", lambda *_: {"model": str(model.invoke("x").content)})
    arguments = ("set.jsonl", "--documents", "documents", "--judge", "openai:x", "--price", "9,9", "--judge-price", "2,10", "--json")
    resources = json.loads(run(*arguments)[1])["resources"]
    assert resources["judge_usage"] == {"tokens_in": 1000, "tokens_out": 100, "cost": 0.003}
    assert "usage" not in resources
