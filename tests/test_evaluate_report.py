"""What an evaluation leaves behind: the HTML page and the files for other tools."""

import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from rag.config import Config, IndexConfig
from rag.evaluate import Options, run_evaluation
from rag.evaluate.files import trec_run
from rag.evaluate.page import render_bake_off, render_page
from rag.evaluate.score import Outcome

SOURCE = "tarn-bay-agreement.txt"
QUOTE = "The Operator may run freight trains at night, between 22:00 and 05:00, provided that no more than four do so in any one night."
QUESTIONS = [
    {"id": "q 1", "question": "what does Article 4 permit", "language": "en", "kind": "provision", "answerable": True,
     "evidence": [{"source": SOURCE, "quote": QUOTE}]},
    {"id": "q2", "question": "Who <b>won</b> the chess final on Mars?", "language": "en", "kind": "unanswerable", "answerable": False},
    {"id": "q3", "question": "¿de qué color era el caballo del faro?", "language": "es", "kind": "fact", "answerable": True,
     "evidence": [{"source": SOURCE, "quote": "provided that no more than four do so in any one night."}]},
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory, seeds_index):
    """A report over the demo corpus: one right answer, one right refusal, one failure."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "set.jsonl").write_text("".join(json.dumps(line) + "\n" for line in QUESTIONS), encoding="utf-8")
    config = Config(index=IndexConfig(path=seeds_index))
    for name in ("one", "two"):
        run_evaluation(folder / "set.jsonl", config, Options(report=folder / name, signed_by="E. <Valuator>"))
    return folder


def lines(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_two_runs_are_equal_byte_for_byte_but_for_times(folder):
    names = sorted(file.name for file in (folder / "one").iterdir())
    assert names == [
        "SHA256SUMS", "answers.jsonl", "latency.json", "qrels.trec", "ragchecker.json", "report.html", "results.json", "results.jsonl",
        "run.trec",
    ]  # fmt: skip
    differing = [name for name in names if (folder / "one" / name).read_bytes() != (folder / "two" / name).read_bytes()]
    assert set(differing) <= {"SHA256SUMS", "latency.json", "report.html"}


def test_checksums(folder):
    for line in (folder / "one" / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / "one" / name).read_bytes()).hexdigest() == digest


def test_trec_run_and_qrels_give_the_same_figures_to_trec_eval(folder):
    ir_measures = pytest.importorskip("ir_measures")
    run = [line.split() for line in (folder / "one" / "run.trec").read_text().splitlines()]
    assert all(len(line) == 6 and line[1] == "Q0" and line[5] == "rag" for line in run)
    assert {line[0] for line in run} == {"q_1", "q2", "q3"}
    qrels = ir_measures.read_trec_qrels(str(folder / "one" / "qrels.trec"))
    ranked = ir_measures.read_trec_run(str(folder / "one" / "run.trec"))
    metrics = json.loads((folder / "one" / "results.json").read_text())["metrics"]
    told = ir_measures.calc_aggregate([ir_measures.nDCG @ 10, ir_measures.AP], qrels, ranked)
    figures = {str(name): value for name, value in told.items()}
    assert figures["nDCG@10"] == pytest.approx(metrics["ndcg@10"]["value"], abs=2e-6)
    assert figures["AP"] == pytest.approx(metrics["map"]["value"], abs=2e-6)


def test_scores_of_a_run_fall_where_passages_tie():
    outcome = Outcome({}, {"id": "1", "run": [["a", 0.5], ["b c", 0.5], ["d", 0.7]]})
    scores = [float(line.split()[4]) for line in trec_run([outcome]).splitlines()]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 3


def test_answers_in_the_form_of_trec_rag(folder):
    answers = {line["topic_id"]: line for line in lines(folder / "one" / "answers.jsonl")}
    article = answers["q 1"]
    assert article["topic"] == "what does Article 4 permit"
    cited = {place for sentence in article["answer"] for place in sentence["citations"]}
    assert cited == set(range(len(article["references"])))
    assert article["response_length"] == sum(len(sentence["text"].split()) for sentence in article["answer"])
    assert any(reference.startswith("tarn-bay-agreement.txt:") for reference in article["references"])
    assert (answers["q2"]["answer"], answers["q2"]["references"]) == ([], [])


def test_ragchecker_gets_answerable_questions_with_their_context(folder):
    results = json.loads((folder / "one" / "ragchecker.json").read_text())["results"]
    assert [line["query_id"] for line in results] == ["q 1", "q3"]
    assert results[0]["gt_answer"].startswith("The Operator may run freight trains at night")
    assert len(results[0]["retrieved_context"]) == 8
    assert set(results[0]["retrieved_context"][0]) == {"doc_id", "text"}


def test_a_line_for_each_question_with_all_that_is_known(folder):
    first, second, third = lines(folder / "one" / "results.jsonl")
    assert (first["evidence_in_citation"], first["cause"], first["label"] == second["label"]) == (1, None, False)
    assert first["gold"][0]["quote"] == QUESTIONS[0]["evidence"][0]["quote"]
    assert (second["abstained"], second["crag_score"], second["answer"].startswith("The documents do not say")) == (True, 1, True)
    assert third["cause"] in {"not retrieved", "should not have refused", "retrieved but not used"}


class Page(HTMLParser):
    """What a page would load, and whether its tags close."""

    VOID = ("meta", "br", "path", "use", "rect", "link", "img", "wbr")

    def __init__(self, text):
        super().__init__()
        self.open, self.loads, self.tags = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.loads += [value for name, value in attributes if name in {"src", "href", "xlink:href"} and not value.startswith("#")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_the_page_is_whole_and_loads_nothing(folder):
    text = (folder / "one" / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert (page.open, page.loads) == ([], [])
    assert "script" not in page.tags
    assert "@import" not in text
    assert "url(http" not in text
    assert "default-src 'none'" in text


def test_the_page_shows_what_an_evaluator_signs(folder):
    text = (folder / "one" / "report.html").read_text(encoding="utf-8")
    digest = hashlib.sha256((folder / "one" / "results.json").read_bytes()).hexdigest()
    assert digest in text
    assert hashlib.sha256((folder / "set.jsonl").read_bytes()).hexdigest() in text
    assert "E. &lt;Valuator&gt;" in text
    assert re.search(r"<code>rag eval \S*set\.jsonl</code>", text)


def test_the_page_shows_every_failure_and_escapes_it(folder):
    results = json.loads((folder / "one" / "results.json").read_text())
    failure = {**results["failures"][0], "question": "<script>x</script>", "history": [{"question": "<i>", "answer": "&"}]}
    failure |= {"standalone_question": "<u>", "quotes": [{"source": "<s>", "quote": "<q>"}]}
    text = render_page({**results, "failures": [failure]}, command="rag eval '<x>'", signed_by=None, digest="")
    assert "&lt;script&gt;x&lt;/script&gt;" in text
    assert not re.search(r"<(script|i|s|q|x)>", text)
    assert "Failures (1)" in text


def test_pictures_are_equal_for_equal_figures_and_take_the_colours_of_the_page(folder):
    pytest.importorskip("matplotlib")
    one, two = (
        re.findall(r"<svg.*?</svg>", (folder / name / "report.html").read_text(encoding="utf-8"), re.DOTALL) for name in ("one", "two")
    )
    assert len(one) == 7  # two by slice, recall, risk, calibration, languages, time
    drawn = [svg for svg in one if 'aria-label="Milliseconds' not in svg]
    assert [svg for svg in drawn if svg not in two] == []
    assert all("var(--accent)" in svg for svg in one)
    assert not re.search(r"#0[1-5]0[1-5]0[1-5]", "".join(one))
    ids = re.findall(r'\bid="([^"]+)"', "".join(one))
    assert len(ids) == len(set(ids))
    known = set(ids)
    assert set(re.findall(r'(?:url\(#|href="#)([^")]+)', "".join(one))) <= known


def test_without_matplotlib_the_page_says_how_to_get_it(folder, monkeypatch):
    monkeypatch.setattr("rag.evaluate.page.find_spec", lambda name: None)
    results = json.loads((folder / "one" / "results.json").read_text())
    text = render_page(results, command="", signed_by=None, digest="")
    assert "pip install &#x27;rag-qa[report]&#x27;" in text
    assert "<svg" not in text


def test_a_bake_off_page_names_runs_and_verdicts(folder):
    results = json.loads((folder / "one" / "results.json").read_text())
    row = {"value": 0.5, "other": 0.4, "delta": 0.1, "low": 0.0, "high": 0.2, "n": 3, "mdd": None, "p_value": 0.01, "p_holm": 0.02}
    row |= {"verdict": "better", "win": 2, "tie": 1, "loss": 0}
    costs = {"p50_ms": 10.0, "p95_ms": None, "index_bytes": 2**20, "peak_memory_mib": 300, "tokens_in": 5, "tokens_out": 6}
    run = {"metrics": results["metrics"], "fingerprint": "<model>", "costs": costs}
    comparison = {"questions": 3, "relabelled": 0, "level": 0.05, "metrics": {"ndcg@10": row}}
    summary = {"dataset": "set", "reference": "a", "runs": {"a": run, "b": run}, "comparisons": {"b": comparison}}
    text = render_bake_off(results, summary)
    assert (Page(text).open, Page(text).loads) == ([], [])
    assert '<td class="word better">better</td>' in text
    assert "b against a" in text
    assert "&lt;model&gt;" in text
