import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from rag.config import Config, IndexConfig, LlmConfig
from rag.errors import InputError
from rag.evaluate import Options, compare, print_results, run_evaluation
from rag.evaluate.ask import run_all, with_one_retrieval
from rag.evaluate.beir import read_beir
from rag.evaluate.compare import read_results
from rag.evaluate.datasets import Dataset, Evidence, GoldSpan, Question, read_questions
from rag.evaluate.describe import describe_run
from rag.evaluate.evidence import is_cited, is_relevant, locate_evidence, quote_matches_text
from rag.evaluate.files import write_report
from rag.evaluate.run import repeat_command
from rag.evaluate.score import Scorer, _said, find_cause
from rag.evaluate.summary import _metrics, estimate_mean, summarise
from rag.pipeline import Pipeline
from rag.types import Answer, Citation, Document, Hit, Passage, Sentence, Turn, Why

TREATY = "Article 3. Russia may step in early.\nArticle 4. Russia may give\nmilitary assistance.\nArticle 8. Joint action."


def passage_of(document, start, end):
    return Passage(document.source, document.title, document.text[start:end], start, end)


def hits_of(*passages):
    return tuple(Hit(rank, passage, 1 / rank, Why()) for rank, passage in enumerate(passages, 1))


def citation_of(document, start, end, quote=None):
    return Citation(1, document.source, document.title, start, end, document.text[start:end] if quote is None else quote, 1.0)


class StandIn:
    """Finds and answers what it is told, by question."""

    def __init__(self, documents, found=None, answers=None):
        self.documents = {document.source: document for document in documents}
        self.found = found or {}
        self.answers = answers or {}
        self.searched = []

    def search(self, question, k=None):
        self.searched.append(question)
        return list(self.found.get(question, ()))[:k]

    def ask(self, question, history=()):
        standalone = " ".join([*(turn.question for turn in history), question])
        answer = self.answers.get(question, Answer(question, standalone, "en", "The documents do not say.", abstained=True))
        return replace(answer, standalone_question=standalone)

    def describe(self):
        return {"documents": len(self.documents)}

    def document(self, source):
        if source not in self.documents:
            raise InputError(f"There is no document {source!r}.")
        return self.documents[source]


def outcomes_of(dataset, subject, progress=None):
    scorer = Scorer(dataset, subject, lambda: None)
    run = lambda question: scorer.run(question, locate_evidence(question, subject))  # noqa: E731
    return run_all(dataset.questions, run, run, 2, progress)


def score(dataset, subject, progress=None):
    return summarise(dataset, outcomes_of(dataset, subject, progress))


def question_set(questions):
    return Dataset("set", "passages", tuple(questions), "digest", gold="evidence")


def answer_with(*citations, hits=(), text="Yes.", milliseconds=10.0):
    return Answer("", "", "en", text, citations=citations, hits=hits, timings_ms={"total": milliseconds})


# BEIR


def write_jsonl(file, records):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


@pytest.fixture
def beir(tmp_path):
    folder = tmp_path / "tiny"
    write_jsonl(
        folder / "corpus.jsonl",
        [
            {"_id": "a", "title": "A", "text": "alpha beta"},
            {"_id": "b", "text": "beta gamma"},
            {"_id": "q3", "title": "", "text": "what is gamma"},
        ],
    )
    write_jsonl(
        folder / "queries.jsonl", [{"_id": "q1", "text": "alpha"}, {"_id": "q2", "text": "beta"}, {"_id": "q3", "text": "what is gamma"}]
    )
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\ta\t1\nq2\ta\t1\nq2\tb\t2\nq3\tb\t1\nq9\ta\t1\n")
    return folder


def stand_in_for(dataset, answers=None):
    a, b, q3 = dataset.documents.values()
    found = {
        "alpha": hits_of(passage_of(b, 0, 4), passage_of(b, 5, 10), passage_of(a, 0, 5)),  # two passages of one document count once
        "beta": hits_of(passage_of(b, 0, 4), passage_of(a, 6, 10)),
        "what is gamma": hits_of(passage_of(q3, 0, 13), passage_of(b, 5, 10)),
    }
    return StandIn(dataset.documents.values(), found, answers)


def test_read_beir(beir):
    dataset = read_beir(beir)
    assert (dataset.name, list(dataset.documents), dataset.gold, dataset.ranks) == ("tiny", ["a", "b", "q3"], None, "documents")
    gains = {question.id: question.gains for question in dataset.questions}
    assert gains == {"q1": {"a": 1}, "q2": {"a": 1, "b": 2}, "q3": {"b": 1}}  # q9 is not among the queries
    assert [question.own_document for question in dataset.questions] == [None, None, "q3"]
    assert (dataset.documents["a"].title, dataset.documents["a"].text) == ("A", "alpha beta")


def test_read_beir_with_other_queries(beir, tmp_path):
    other = tmp_path / "es.jsonl"
    write_jsonl(other, [{"_id": "q2", "text": "qué es beta"}])
    dataset = read_beir(beir, other)
    assert [(question.id, question.question, question.language) for question in dataset.questions] == [("q2", "qué es beta", "es")]


def test_score_beir(beir):
    dataset = read_beir(beir)
    done = []
    results = score(dataset, stand_in_for(dataset), lambda *step: done.append(step))
    entries = {entry["id"]: entry for entry in results["per_query"]}
    # q1: b, a with a relevant: rank 2 after passages are merged by document. nDCG 1/log2(3) = 0.63093.
    assert entries["q1"]["retrieved"] == ["b", "a"]
    assert (entries["q1"]["ndcg@10"], entries["q1"]["recall@1"], entries["q1"]["recall@5"], entries["q1"]["mrr@10"]) == (0.63093, 0, 1, 0.5)
    # q2: gains 2 and 1 in the ideal order; one of two relevant at rank 1.
    assert (entries["q2"]["ndcg@10"], entries["q2"]["recall@1"], entries["q2"]["group"]) == (1, 0.5, "b")
    # q3 is a document itself, which is left out of its own ranking.
    assert (entries["q3"]["retrieved"], entries["q3"]["ndcg@10"]) == (["b"], 1)
    # (0.63093 + 1 + 1) / 3 = 0.876977
    assert results["metrics"]["ndcg@10"]["value"] == 0.876977
    assert results["metrics"]["recall@1"]["value"] == 0.5
    assert results["metrics"]["ndcg@10"]["low"] <= 0.876977 <= results["metrics"]["ndcg@10"]["high"]
    # recall@10 is 1 for all three: a proportion, Wilson, 3 / (3 + 3.8415) = 0.438503
    assert results["metrics"]["recall@10"] == {"value": 1, "low": 0.438503, "high": 1, "n": 3, "mdd": 0.478362}
    assert list(results["metrics"])[:6] == ["ndcg@10", "recall@1", "recall@5", "recall@10", "recall@100", "mrr@10"]
    assert results["counts"] == {"documents": 3, "queries": 3, "queries_left_out": 0}
    assert done == [(1, 3, "questions"), (2, 3, "questions"), (3, 3, "questions")]


def test_a_document_with_the_id_of_a_query_by_accident_stays(beir):
    write_jsonl(beir / "queries.jsonl", [{"_id": "a", "text": "gamma"}])
    (beir / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\na\tb\t1\n")
    dataset = read_beir(beir)
    found = {"gamma": hits_of(*(passage_of(document, 0, 5) for document in dataset.documents.values()))}
    assert score(dataset, StandIn([], found))["per_query"][0]["retrieved"] == ["a", "b", "q3"]


def test_answer_in_citation(beir):
    records = [
        {"_id": "q1", "corpus_id": "a", "answers": [{"text": "alpha", "start": 0}]},
        {"_id": "q2", "corpus_id": "b", "answers": [{"text": "gamma", "start": 5}, {"text": "gamma", "start": 4}]},
    ]
    write_jsonl(beir / "answers.jsonl", records)
    dataset = read_beir(beir)
    assert dataset.left_out["misplaced_answers"] == 1
    a, b, _ = dataset.documents.values()
    answers = {"alpha": answer_with(citation_of(a, 0, 5)), "beta": answer_with(citation_of(b, 6, 10), milliseconds=30.0)}
    results = score(dataset, stand_in_for(dataset, answers))
    assert [entry["answer_in_citation"] for entry in results["per_query"]] == [1, 0, None]
    assert results["metrics"]["answer_in_citation"]["value"] == 0.5
    assert results["counts"]["queries_with_answers"] == 2
    assert [entry["answer_in_context@5"] for entry in results["per_query"]] == [1, 0, None]
    # "alpha" is all of the answer "Yes."? No word is shared; F1 is that of the sentences, and there is none.
    assert [entry["f1"] for entry in results["per_query"]] == [0, 0, None]
    assert (results["latency_ms"]["p50"], results["latency_ms"]["answers"]) == (20.0, 2)


@pytest.mark.parametrize(
    ("source", "start", "end", "covered"), [("d", 5, 9, True), ("d", 6, 9, False), ("d", 5, 8, False), ("e", 0, 99, False)]
)
def test_a_gold_answer_must_be_covered_whole_in_its_document(source, start, end, covered):
    assert is_cited(GoldSpan("d", 5, 9), citation_of(Document(source, "", "x" * 100, ""), start, end), 1.0) is covered


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("corpus.jsonl", '{"_id": "a", "text": "x"}\n{"_id": "b"}\n', r"corpus\.jsonl:2 has no 'text'"),
        ("corpus.jsonl", '{"_id": "a", "text": "x"}\n{"_id": "a", "text": "y"}\n', r"corpus\.jsonl:2 repeats the _id 'a'"),
        ("corpus.jsonl", '{"_id": "a", "text": 3}\n', r"corpus\.jsonl:1: 'text' is 3; it must be of type str"),
        ("queries.jsonl", '\n{"_id": "q1", "text"}\n', r"queries\.jsonl:2 is not JSON"),
        ("queries.jsonl", '["q1"]\n', r"queries\.jsonl:1 is a JSON list"),
        ("queries.jsonl", '{"text": "x"}\n', r"queries\.jsonl:1 has no '_id'"),
        ("queries.jsonl", "", r"holds no query"),
        ("queries.jsonl", '{"_id": "q7", "text": "x"}\n', r"No query of .* is judged"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1 a 1\n", r"test\.tsv:2 has 1 columns"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\ta\tyes\n", r"test\.tsv:2: the score 'yes'"),
        ("qrels/test.tsv", "q1\ta\tyes\n", r"test\.tsv:1: the score 'yes'"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\ta\tinf\n", r"test\.tsv:2: the score 'inf' is not a number"),
        ("qrels/test.tsv", "q1\ta\t1\nq1\ta\t0\n", r"test\.tsv:2 judges 'a' as 0, an earlier line as 1"),
        ("answers.jsonl", '{"_id": "q1", "corpus_id": "z", "answers": []}\n', r"answers\.jsonl:1: the corpus_id 'z'"),
        ("answers.jsonl", '{"_id": "q1", "corpus_id": "a", "answers": [{"text": "x"}]}\n', r"answers\.jsonl:1 has no 'start'"),
    ],
)
def test_a_bad_line_is_named(beir, name, content, message):
    (beir / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_beir(beir)


def test_a_missing_file_and_another_encoding_are_named(beir):
    (beir / "queries.jsonl").write_bytes('{"_id": "q1", "text": "año"}'.encode("latin-1"))
    with pytest.raises(InputError, match=r"queries\.jsonl is not UTF-8"):
        read_beir(beir)
    (beir / "corpus.jsonl").unlink()
    with pytest.raises(InputError, match=r"no BEIR folder, for it has no corpus\.jsonl"):
        read_beir(beir)


# Question sets


def record(**changes):
    plain = {
        "id": "1",
        "question": "Who?",
        "language": "en",
        "kind": "fact",
        "answerable": True,
        "evidence": [{"source": "t", "quote": "Russia"}],
    }
    return {**plain, **changes}


def test_read_questions(tmp_path):
    file = tmp_path / "set.jsonl"
    write_jsonl(file, [record(history=[{"question": "Before?", "answer": "Yes."}]), record(id=2, answerable=False, evidence=[])])
    first, second = read_questions(file)
    assert first == Question("1", "Who?", "en", "fact", True, (Evidence("t", "Russia"),), (Turn("Before?", "Yes."),))
    assert (second.id, second.answerable, second.evidence) == ("2", False, ())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"evidence": []}, r"set\.jsonl:1: an answerable question needs at least one item in 'evidence'"),
        ({"evidence": [{"source": "t"}]}, r"set\.jsonl:1 has no 'quote'"),
        ({"evidence": ["t"]}, r"set\.jsonl:1: 'evidence' holds 't'"),
        ({"answerable": "yes"}, r"set\.jsonl:1: 'answerable' is 'yes'; it must be of type bool"),
        ({"reveiwed": False}, r"set\.jsonl:1 has the field 'reveiwed'; write 'reviewed'"),
        ({"language": "English"}, r"set\.jsonl:1: 'language' is 'English'; it must be \"en\" or \"es\""),
        ({"question": " "}, r"set\.jsonl:1: 'question' is empty"),
        ({"history": [{"question": "x"}]}, r"set\.jsonl:1 has no 'answer'"),
    ],
)
def test_a_bad_question_is_named(tmp_path, changes, message):
    write_jsonl(tmp_path / "set.jsonl", [record(**changes)])
    with pytest.raises(InputError, match=message):
        read_questions(tmp_path / "set.jsonl")


def test_repeated_and_no_questions(tmp_path):
    write_jsonl(tmp_path / "set.jsonl", [record(), record()])
    with pytest.raises(InputError, match=r"set\.jsonl:2 repeats the id '1'"):
        read_questions(tmp_path / "set.jsonl")
    write_jsonl(tmp_path / "set.jsonl", [])
    with pytest.raises(InputError, match="holds no question"):
        read_questions(tmp_path / "set.jsonl")


TEXT = Document("t", "Treaty", TREATY, "")
FOUR = TREATY.index("Article 4")  # 37
EIGHT = TREATY.index("Article 8")  # 84
QUOTE = "Russia may give military assistance."  # with a line break in the document
START = TREATY.index("Russia may give")
SPAN = GoldSpan("t", START, START + len(QUOTE))
ASKED = Question("1", "What does Article 4 permit?", "en", "provision", True, (Evidence("t", QUOTE),))
UNANSWERABLE = Question("2", "What does Article 9 permit?", "en", "absent", False)


def test_evidence_is_located_across_line_breaks():
    assert locate_evidence(ASKED, StandIn([TEXT])) == (SPAN,)


@pytest.mark.parametrize(
    ("source", "quote", "message"),
    [
        ("t", "Russia may", r"Question '1': its evidence 'Russia may' is 2 times in 't', not once; quote more"),
        ("t", "China", r"Question '1': its evidence 'China' is 0 times in 't', not once; copy"),
        ("u", "China", r"Question '1': its evidence is in 'u', which is not in the index"),
    ],
)
def test_evidence_that_is_not_there_once_is_refused(source, quote, message):
    with pytest.raises(InputError, match=message):
        locate_evidence(replace(ASKED, evidence=(Evidence(source, quote),)), StandIn([TEXT]))


@pytest.mark.parametrize(
    ("start", "end", "relevant"),
    [
        (FOUR, EIGHT, True),  # holds it
        (START + 1, EIGHT, False),  # all but a character, in a passage that is long enough
        (START + 18, START + 36, True),  # half of it, in a shorter passage
        (START + 19, START + 36, False),  # less than half
        (0, FOUR, False),
    ],
)
def test_which_passages_are_relevant(start, end, relevant):
    assert is_relevant(hits_of(passage_of(TEXT, start, end))[0], [SPAN]) is relevant


def test_a_passage_of_another_document_is_not_relevant():
    assert not is_relevant(hits_of(passage_of(replace(TEXT, source="u"), FOUR, EIGHT))[0], [SPAN])


@pytest.mark.parametrize(
    ("start", "end", "cited"), [(START, START + 36, True), (START + 3, EIGHT, True), (START + 4, EIGHT, False), (0, FOUR, False)]
)
def test_evidence_is_cited_when_nine_tenths_are(start, end, cited):
    # The quote has 36 characters: 33 are 91.7%, 32 are 88.9%.
    assert is_cited(SPAN, citation_of(TEXT, start, end)) is cited


def test_evidence_may_be_labelled_by_the_name_of_a_copy():
    labelled = replace(SPAN, source="copy.md")
    passage = replace(passage_of(TEXT, FOUR, EIGHT), copies=("copy.md",))
    assert is_relevant(hits_of(passage)[0], [labelled])
    assert is_cited(labelled, replace(citation_of(TEXT, START, START + 36), copies=("copy.md",)))
    assert not is_cited(labelled, citation_of(TEXT, START, START + 36))


def test_a_quote_must_equal_the_stored_text():
    subject = StandIn([TEXT])
    assert quote_matches_text(citation_of(TEXT, 0, 9), subject)
    assert not quote_matches_text(citation_of(TEXT, 0, 9, quote="Article 4"), subject)
    assert not quote_matches_text(citation_of(replace(TEXT, source="u"), 0, 9), subject)


RIGHT = hits_of(passage_of(TEXT, FOUR, EIGHT))
WRONG = hits_of(passage_of(TEXT, 0, FOUR))
REFUSAL = Answer("", "", "en", "The documents do not say.", abstained=True)


@pytest.mark.parametrize(
    ("question", "answer", "hits", "cause"),
    [
        (ASKED, answer_with(citation_of(TEXT, FOUR, EIGHT), hits=RIGHT), RIGHT, None),
        (ASKED, answer_with(citation_of(TEXT, 0, FOUR), hits=WRONG), WRONG, "not retrieved"),
        (
            ASKED,
            answer_with(citation_of(TEXT, 0, FOUR), hits=WRONG),
            RIGHT,
            "not retrieved",
        ),  # found by search, but not given to the answer
        (ASKED, answer_with(citation_of(TEXT, 0, FOUR), hits=WRONG + RIGHT), RIGHT, "retrieved but not used"),
        (ASKED, answer_with(citation_of(TEXT, FOUR, FOUR + 9), hits=WRONG + RIGHT), RIGHT, "wrong citation"),
        (ASKED, replace(REFUSAL, hits=RIGHT), RIGHT, "should not have refused"),
        (ASKED, REFUSAL, RIGHT, "should not have refused"),
        (ASKED, REFUSAL, WRONG, "not retrieved"),
        (UNANSWERABLE, REFUSAL, RIGHT, None),
        (UNANSWERABLE, answer_with(citation_of(TEXT, EIGHT, EIGHT + 9)), WRONG, "should have refused"),
    ],
)
def test_cause_of_failure(question, answer, hits, cause):
    assert find_cause(question, [SPAN] if question.answerable else [], answer, hits) == cause


@pytest.fixture
def questions():
    follow_up = Question("3", "And 8?", "es", "follow-up", True, (Evidence("t", "Joint action."),), (Turn("Article 4?", "Yes."),))
    missed = Question("4", "Which article allows it?", "en", "provision", True, (Evidence("t", "step in early"), Evidence("t", QUOTE)))
    return [ASKED, UNANSWERABLE, follow_up, missed]


@pytest.fixture
def subject():
    joint = hits_of(passage_of(TEXT, 0, FOUR), passage_of(TEXT, EIGHT, len(TREATY)), passage_of(TEXT, EIGHT - 1, len(TREATY)))
    answers = {
        ASKED.question: answer_with(citation_of(TEXT, START, EIGHT), hits=RIGHT),
        UNANSWERABLE.question: answer_with(citation_of(TEXT, EIGHT, EIGHT + 9), text="Joint."),
        "Which article allows it?": answer_with(citation_of(TEXT, EIGHT, EIGHT + 9, quote="invented"), hits=RIGHT),
    }
    found = {ASKED.question: RIGHT, "Article 4? And 8?": joint, "Which article allows it?": RIGHT}
    return StandIn([TEXT], found, answers)


def test_score_questions(questions, subject):
    results = score(question_set(questions), subject)
    values = {name: estimate["value"] for name, estimate in results["metrics"].items()}
    # Answerable: ranks of the first relevant passage 1, 2 and 1; the second hit on the same evidence changes nothing.
    assert values["mrr@10"] == pytest.approx((1 + 0.5 + 1) / 3, abs=1e-6)
    assert values["ndcg@10"] == pytest.approx((1 + 0.63093 + 1) / 3, abs=1e-6)
    assert (values["recall@1"], values["recall@5"]) == (pytest.approx(2 / 3, abs=1e-6), 1)
    # One of three cites its evidence, the follow-up is refused, the unanswerable one is answered.
    assert values["evidence_in_citation"] == pytest.approx(1 / 3, abs=1e-6)
    assert values["answered_answerable"] == pytest.approx(2 / 3, abs=1e-6)
    assert values["refused_unanswerable"] == 0
    assert values["quote_matches_text"] == pytest.approx(2 / 3, abs=1e-6)
    assert results["counts"]["provision_questions"] == 2
    assert results["counts"]["wrong_provision"] == 1
    assert [(failure["id"], failure["cause"]) for failure in results["failures"]] == [
        ("2", "should have refused"),
        ("3", "should not have refused"),
        ("4", "retrieved but not used"),
    ]
    assert results["failures"][0]["answer"] == "Joint."
    assert results["failures"][0]["quotes"] == [{"source": "t", "quote": "Article 8"}]
    assert results["slices"]["language"]["es"]["metrics"]["mrr@10"]["value"] == 0.5
    assert results["slices"]["kind"]["absent"]["metrics"]["mrr@10"]["value"] is None
    assert results["slices"]["kind"]["provision"]["counts"]["questions"] == 2


def test_splits_are_slices_where_a_set_has_them(questions, subject):
    assert set(score(question_set(questions), subject)["slices"]) == {"kind", "language"}
    put = [replace(question, split=split) for question, split in zip(questions, ("dev", "test", "dev", ""), strict=True)]
    slices = score(question_set(put), subject)["slices"]["split"]
    assert {name: part["counts"]["questions"] for name, part in slices.items()} == {"dev": 2, "test": 1}
    assert slices["dev"]["metrics"]["evidence_in_citation"]["value"] == 0.5


def test_a_follow_up_is_searched_for_as_it_was_understood(questions, subject):
    score(question_set(questions), subject)
    assert subject.searched[2] == "Article 4? And 8?"


# Reports


def test_equal_runs_write_equal_results(questions, subject, tmp_path):
    for name, milliseconds in (("one", 10.0), ("two", 99.0)):
        subject.answers = {asked: replace(answer, timings_ms={"total": milliseconds}) for asked, answer in subject.answers.items()}
        outcomes = outcomes_of(question_set(questions), subject)
        write_report(summarise(question_set(questions), outcomes), outcomes, tmp_path / name)
    assert (tmp_path / "one" / "results.json").read_bytes() == (tmp_path / "two" / "results.json").read_bytes()
    assert (tmp_path / "one" / "latency.json").read_bytes() != (tmp_path / "two" / "latency.json").read_bytes()
    lines = (tmp_path / "one" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["1", "2", "3", "4"]
    assert read_results(tmp_path / "one") == read_results(tmp_path / "one" / "results.json")


def run_of(**values):
    entries = [{"id": name, "group": name, "crag_score": value} for name, value in values.items()]
    return {"dataset": "set", "metrics": {"crag_score": {}}, "per_query": entries}


def test_compare_pairs_by_id():
    comparison = compare(run_of(a=1.0, b=1.0, c=0.5, d=None, e=1.0), run_of(e=None, d=1.0, c=0.5, b=0.5, a=0.5, z=0.0))
    assert (comparison["questions"], comparison["only_here"], comparison["only_other"]) == (5, 0, 1)
    row = comparison["metrics"]["crag_score"]
    # a and b win by 0.5, c ties, d and e have no pair: delta 1/3; of the four sign patterns of two wins, ++ and -- are as far from 0.
    assert (row["value"], row["other"], row["delta"], row["p_value"]) == (0.833333, 0.5, 0.333333, 0.5)
    assert (row["win"], row["tie"], row["loss"]) == (2, 1, 0)
    assert row["low"] <= row["delta"] <= row["high"]


def test_compare_refuses_runs_without_a_question_in_common():
    with pytest.raises(InputError, match="No question id of 'set'"):
        compare(run_of(a=1.0), run_of(b=1.0))


@pytest.mark.parametrize(
    ("content", "message"), [("{", "is not JSON"), ("{}", "does not list questions"), ('{"per_query": [1]}', "does not list")]
)
def test_results_that_are_none_are_refused(tmp_path, content, message):
    (tmp_path / "results.json").write_text(content)
    with pytest.raises(InputError, match=message):
        read_results(tmp_path)


def test_print_results(questions, subject):
    results = score(question_set(questions), subject)
    results["comparison"] = compare(results, results)
    console = Console(file=io.StringIO(), width=300)
    print_results(results, console)
    text = console.file.getvalue()
    assert "wrong provision 1" in text
    assert "mrr@10" in text
    assert "0.833" in text
    assert "kind provision" in text
    assert "retrieved but not used" in text
    assert "median 10.0 ms" in text
    assert "0/3/0" in text


# The whole


def test_a_beir_folder_is_indexed_in_passing(beir, tmp_path):
    config = Config(index=IndexConfig(path=tmp_path / "mine"))
    results = run_evaluation(beir, config, Options(report=tmp_path / "report"))
    # Words decide: "alpha" finds a; "beta" is in a and b, both relevant; "what is gamma" leaves itself out, and b alone has "gamma".
    assert [entry["mrr@10"] for entry in results["per_query"]] == [1, 1, 1]
    assert not (tmp_path / "mine").exists()
    assert "rag-eval-" not in (tmp_path / "report" / "results.json").read_text(encoding="utf-8")
    again = run_evaluation(beir, config, Options(compare=tmp_path / "report"))
    assert again["comparison"]["metrics"]["mrr@10"]["tie"] == 3


def test_a_beir_index_is_kept_where_it_was_asked_for(beir, tmp_path):
    config = Config(index=IndexConfig(path=tmp_path / "kept"))
    for _ in range(2):
        run_evaluation(beir, config, Options(keep_index=True))
    with Pipeline.open(config) as opened:
        assert [opened.document(name).text for name in ("a", "b", "q3")] == ["alpha beta", "beta gamma", "what is gamma"]


def test_an_index_of_files_is_never_overwritten(beir, seeds_index):
    with pytest.raises(InputError, match="holds indexed files, which this data set would replace"):
        run_evaluation(beir, Config(index=IndexConfig(path=seeds_index)), Options(keep_index=True))


def test_documents_and_questions_of_ones_own_in_one_go(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "t.md").write_text("# Rules\n\nThe gate opens at seven.\n\nDogs are kept on a lead.\n", encoding="utf-8")
    quote = {"source": "t.md", "quote": "The gate opens at seven."}
    write_jsonl(tmp_path / "set.jsonl", [record(question="When does the gate open?", evidence=[quote])])
    config = Config(index=IndexConfig(path=tmp_path / "untouched"))
    results = run_evaluation(tmp_path / "set.jsonl", config, Options(documents=tmp_path / "mine"))
    assert results["metrics"]["evidence_in_citation"]["value"] == 1
    assert results["index"]["documents"] == 1
    assert results["index"]["contextual"] == {"done": 1, "total": 1}
    assert not (tmp_path / "untouched").exists()


def test_a_document_is_read_once_for_all_labels_and_citations(tmp_path, monkeypatch):
    read = []
    document = Pipeline.document
    monkeypatch.setattr(Pipeline, "document", lambda pipeline, source: read.append(source) or document(pipeline, source))
    (tmp_path / "t.md").write_text("# Rules\n\nThe gate opens at seven.\n\nDogs are kept on a lead.\n", encoding="utf-8")
    quotes = {"When does the gate open?": "The gate opens at seven.", "How are dogs kept?": "Dogs are kept on a lead."}
    records = [
        record(id=str(place), question=question, evidence=[{"source": "t.md", "quote": quote}])
        for place, (question, quote) in enumerate(quotes.items())
    ]
    write_jsonl(tmp_path / "set.jsonl", records)
    results = run_evaluation(tmp_path / "set.jsonl", Config(), Options(documents=tmp_path / "t.md"))
    assert [entry["citations_matching_text"] for entry in results["per_query"]] == [1, 1]
    assert read == ["t.md"]


@pytest.mark.parametrize("question", ["Why did relations cool?", "What does Article 4 permit?", "Who won the chess final?"])
def test_one_retrieval_for_all_scores_gives_the_same_answer(pipeline, question):
    answer, again = pipeline.ask(question), with_one_retrieval(pipeline).ask(question)
    assert replace(again, timings_ms={}) == replace(answer, timings_ms={})


def test_a_question_set_is_asked_of_the_configured_index(seeds_index, tmp_path):
    write_jsonl(tmp_path / "set.jsonl", [record(question="Who won the chess final on Mars?", answerable=False)])
    results = run_evaluation(tmp_path / "set.jsonl", Config(index=IndexConfig(path=seeds_index)))
    assert (results["dataset"], results["counts"]["questions"]) == ("set", 1)
    assert results["metrics"]["refused_unanswerable"]["value"] == 1
    assert "index" not in results["run"]["config"]
    assert str(seeds_index) not in json.dumps(results)


@pytest.mark.parametrize(
    ("name", "queries", "message"),
    [
        ("set.txt", None, "neither a folder nor a .jsonl"),
        ("none.jsonl", None, "cannot be read"),
        ("set.jsonl", "q.jsonl", "--queries goes with a BEIR"),
        ("none.json", None, "cannot be read"),
    ],
)
def test_a_target_that_is_no_data_set_is_refused(tmp_path, name, queries, message):
    with pytest.raises(InputError, match=message):
        run_evaluation(tmp_path / name, Config(), Options(queries=queries and tmp_path / queries))


def test_a_score_that_all_questions_share_is_not_certain():
    right = [{"crag_score": 1.0, "group": str(n), "f1": None} for n in range(22)]
    estimate = _metrics(right, ["crag_score"])["crag_score"]
    # Wilson of 22 of 22 is 0.851 to 1 (3.8415 / 25.8415 below 1); on the scale from -1 to 1 that is 0.702 to 1.
    assert (estimate["value"], estimate["low"], estimate["high"]) == (1, 0.70269, 1)
    wrong = [{**entry, "crag_score": -1.0} for entry in right]
    assert _metrics(wrong, ["crag_score"])["crag_score"]["high"] == -0.70269
    # (22 + 2) / (22 + 4) right, error (24/26 * 2/26 / 26) ** .5 = 0.05226
    assert estimate_mean([1] * 22, [str(n) for n in range(22)])["mdd"] is not None


def test_a_few_values_are_not_certain():
    # Wilson of .5 of 1: (.5 + 1.92073 -+ 1.95996 * (.25 + .96036) ** .5) / 4.84146; a bootstrap of one value has no width.
    one = estimate_mean([0.5], ["a"])
    assert (one["value"], one["low"], one["high"]) == (0.5, 0.054621, 0.945379)
    # Of .5 of 2: (.5 + .96036 -+ 1.95996 * (.125 + .24009) ** .5) / 2.92073; a bootstrap would end at the values, .4 and .6.
    two = estimate_mean([0.4, 0.6], ["a", "b"])
    assert (two["low"], two["high"]) == (0.094531, 0.905469)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("According to “Rules: part 1”, 5 July 2024: «Tom was elected.» [1] «He paid.» [2]", "Tom was elected. He paid."),
        ("Según «Notas»: “Tom fue elegido.” [1]", "Tom fue elegido."), ("Tom was elected [1].", "Tom was elected."),
        ("Tom said “yes” [1].", "Tom said “yes”."), ("According to the rules, Tom won [1].", "According to the rules, Tom won."),
    ],
)  # fmt: skip
def test_what_is_scored_of_an_answer_is_what_it_quotes(text, said):
    assert _said(Sentence(text, (1,), "quoted")) == said


def test_a_report_holds_no_password_of_an_address() -> None:
    config = Config(llm=LlmConfig(model="openai:a", base_url="http://u:SECRET@127.0.0.1:1/v1?key=SECRET"))
    shown = f"{describe_run(config)} {repeat_command(Path('x.jsonl'), config, Options())}"
    assert shown.count("http://127.0.0.1:1/v1") == 2
    assert "SECRET" not in shown
