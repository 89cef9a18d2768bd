"""The formats of data sets: SQuAD-style JSON, TREC topics and qrels, and what a question set may hold besides quotes."""

import json

import pytest

from rag.errors import InputError
from rag.evaluate.datasets import Evidence, GoldSpan, read_dataset, read_questions
from rag.evaluate.squad import read_squad
from rag.evaluate.trec import read_topics

SPANISH = "El faro se encendió en 1904. Lo pagó la cofradía."
ENGLISH = "The lighthouse was lit in 1904. The guild paid for it."


def squad(file, context, qas, title="Faro"):
    file.write_text(json.dumps({"data": [{"title": title, "paragraphs": [{"context": context, "qas": qas}]}]}), encoding="utf-8")
    return file


def asked(name, question, *answers, **more):
    return {"id": name, "question": question, "answers": [{"text": text, "answer_start": start} for text, start in answers], **more}


def test_squad(tmp_path):
    file = squad(
        tmp_path / "es.json",
        SPANISH,
        [asked("1", "¿Cuándo se encendió?", ("1904", 23), ("en 1904", 20)), asked("2", "¿Quién vive allí?", is_impossible=True)],
    )
    dataset = read_squad(file)
    assert (dataset.ranks, dataset.gold, list(dataset.documents)) == ("documents", "answer", ["Faro#1"])
    assert (dataset.documents["Faro#1"].text, dataset.documents["Faro#1"].title) == (SPANISH, "")
    first, second = dataset.questions
    assert (first.spans, first.answers) == ((GoldSpan("Faro#1", 23, 27), GoldSpan("Faro#1", 20, 27)), ("1904", "en 1904"))
    assert (first.gains, first.language, first.document_language, first.answerable) == ({"Faro#1": 1.0}, "es", "es", True)
    assert (second.answerable, second.kind, second.gains, second.spans) == (False, "unanswerable", {}, ())
    assert dataset.left_out == {"queries_left_out": 0, "misplaced_answers": 0}


def test_squad_with_the_questions_of_another_language(tmp_path):
    file = squad(tmp_path / "es.json", SPANISH, [asked("1", "¿Cuándo?", ("1904", 23)), asked("2", "¿Quién pagó?", ("la cofradía", 37))])
    other = squad(tmp_path / "en.json", ENGLISH, [asked("2", "Who paid for the lighthouse?", ("The guild", 32))])
    dataset = read_dataset(file, other)
    (question,) = dataset.questions
    assert (question.id, question.question, question.language, question.document_language) == (
        "2",
        "Who paid for the lighthouse?",
        "en",
        "es",
    )
    assert question.spans == (GoldSpan("Faro#1", 37, 48),)
    assert dataset.left_out == {"queries_left_out": 1, "misplaced_answers": 0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "is a JSON list; SQuAD-style JSON is an object"),
        ("{", "is not JSON"),
        ('{"data": [{"paragraphs": [{"qas": []}]}]}', r"article 1 has no 'context'"),
        ('{"data": [{"paragraphs": [{"context": "x", "qas": [{"question": "q"}]}]}]}', r"article 1 has no 'id'"),
        ('{"data": []}', "holds no question"),
    ],
)
def test_squad_that_does_not_fit_is_named(tmp_path, text, message):
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_squad(tmp_path / "x.json")


def test_squad_files_without_a_question_in_common(tmp_path):
    file = squad(tmp_path / "es.json", SPANISH, [asked("1", "¿Cuándo?", ("1904", 23))])
    other = squad(tmp_path / "en.json", ENGLISH, [asked("9", "When?", ("1904", 26))])
    with pytest.raises(InputError, match="shares no question id with"):
        read_squad(file, other)


CLASSIC = """<top>
<num> Number: 301
<title> the lighthouse
of Ostwick

<desc> Description:
When was it lit?
</top>
<top><num> Number: 302 <title> trout &amp; salmon <narr> x</top>
"""
MODERN = '<topics><topic number="301"><query>the lighthouse</query></topic><topic number="302"><title>trout</title></topic></topics>'


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        (CLASSIC, {"301": "the lighthouse of Ostwick", "302": "trout & salmon"}),
        (MODERN, {"301": "the lighthouse", "302": "trout"}),
        ("301\tthe lighthouse\n302\ttrout\n303\tnot judged\n", {"301": "the lighthouse", "302": "trout"}),
    ],
)
def test_trec(tmp_path, text, texts):
    (tmp_path / "topics.txt").write_text(text, encoding="utf-8")
    (tmp_path / "qrels.txt").write_text("301 0 a.md 2\n301 0 b 0\n302 0 b 1\n304 0 b 1\n", encoding="utf-8")
    dataset = read_dataset(tmp_path / "topics.txt", None, tmp_path / "qrels.txt")
    assert {question.id: question.question for question in dataset.questions} == texts
    assert [question.gains for question in dataset.questions] == [{"a.md": 2.0, "b": 0.0}, {"b": 1.0}]
    assert (dataset.ranks, dataset.gold, dataset.documents) == ("documents", None, None)


@pytest.mark.parametrize(
    ("topics", "qrels", "message"),
    [
        ("<top><num> Number: 1 <desc> x</top>", "1 0 a 1", "has no number or no title"),
        ("1 the lighthouse", "1 0 a 1", "has no text after an id and a tab"),
        ("1\tx\n1\ty", "1 0 a 1", "repeats the topic '1'"),
        ("1\tx", "1 0 a", r"qrels:1 is '1 0 a'; a line of qrels is: topic iteration document grade"),
        ("1\tx", "1 0 a nan", r"qrels:1 is '1 0 a nan'; a line of qrels is"),
        ("1\tx", "1 0 a 2\n1 0 a 2\n1 0 a 0", r"qrels:3 judges 'a' as 0, an earlier line as 2; keep one of them"),
        ("1\tx", "1 0 a 0", "No topic of .* has a relevant document"),
        ("", "1 0 a 1", "holds no topic"),
    ],
)
def test_trec_that_does_not_fit_is_named(tmp_path, topics, qrels, message):
    (tmp_path / "topics").write_text(topics, encoding="utf-8")
    (tmp_path / "qrels").write_text(qrels, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_topics(tmp_path / "topics", tmp_path / "qrels")


LINE = {"id": "1", "question": "Who?", "language": "en", "kind": "fact", "answerable": True}


def question_set(tmp_path, *records):
    file = tmp_path / "set.jsonl"
    file.write_text("".join(json.dumps(LINE | record) + "\n" for record in records), encoding="utf-8")
    return file


def test_a_question_set_may_hold_spans_answers_and_splits(tmp_path):
    evidence = [{"source": "t", "start": 3, "end": 9}, {"source": "t", "quote": "Russia"}]
    (question,) = read_questions(question_set(tmp_path, {"evidence": evidence, "answers": ["Russia"], "split": "dev"}))
    assert question.evidence == (Evidence("t", span=(3, 9)), Evidence("t", "Russia"))
    assert (question.answers, question.split) == (("Russia",), "dev")


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"evidence": [{"source": "t", "start": 9, "end": 9}]}, r"set\.jsonl:1: the evidence span 9-9 is empty"),
        ({"evidence": [{"source": "t", "start": 1}]}, r"set\.jsonl:1 has no 'end'"),
        ({"evidence": [{"source": "t", "quote": "x"}], "answers": "Russia"}, r"'answers' is 'Russia'; it must be of type list"),
        ({"evidence": [{"source": "t", "quote": "x"}], "answers": [4]}, r"it must be a list of texts"),
        ({"evidence": [], "reviewed": "no"}, r"'reviewed' is 'no'; it must be of type bool"),
    ],
)
def test_a_label_that_does_not_fit_is_named(tmp_path, record, message):
    with pytest.raises(InputError, match=message):
        read_questions(question_set(tmp_path, record))


def test_drafts_do_not_count(tmp_path):
    quote = [{"source": "t", "quote": "x"}]
    file = question_set(tmp_path, {"evidence": quote}, {"id": "2", "reviewed": False}, {"id": "3", "reviewed": True, "evidence": quote})
    dataset = read_dataset(file)
    assert [question.id for question in dataset.questions] == ["1", "3"]
    assert dataset.left_out == {"drafts_left_out": 1}
    with pytest.raises(InputError, match=r"None of the 1 questions of .* has been reviewed; correct them and write \"reviewed\": true"):
        read_dataset(question_set(tmp_path, {"reviewed": False}))


def test_a_label_changes_with_whatever_it_says(tmp_path):
    quote = [{"source": "t", "quote": "x"}]
    variants = [{"evidence": quote}, {"question": "When?"}, {"evidence": [{"source": "t", "quote": "y"}]}, {"answers": ["x"]}]
    records = [{"evidence": quote, **variant, "id": str(number)} for number, variant in enumerate(variants)]
    labels = [question.label for question in read_questions(question_set(tmp_path, *records))]
    assert len(set(labels)) == len(variants)
    assert labels[0] == read_questions(question_set(tmp_path, {"evidence": quote, "id": "another", "kind": "other"}))[0].label
