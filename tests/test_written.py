"""The documents, questions and claims written for training: each file is framed as it should be, and what is quoted stands in its text."""

import json
from collections import Counter
from pathlib import Path

import pytest

from rag.embed import BuiltinEmbedder
from rag.topic import topic_of
from training.reader_claims import written_claims
from training.tables import read_tables
from training.written import (
    EXACT,
    FOLDER,
    FORMS,
    MORE,
    WAVES,
    Asked,
    far_examples,
    read_one,
    read_written,
    with_topics,
    write_question_set,
    written_examples,
    written_places,
)

DOCUMENT = """@language es
@kind notice

Aviso a los vecinos

La piscina abre el 3 de junio. Cierra los lunes.
@questions
en | When does the pool open? | La piscina abre el 3 de junio.
es | ¿Quién limpia la piscina? | -
"""


def write(folder: Path, text: str, claims: str = "") -> Path:
    path = folder / "notices" / "01.txt"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    if claims:
        path.with_suffix(".claims").write_text(claims, encoding="utf-8")
    return path


def test_every_file_is_sound():
    documents = [*read_written(held_out=False), *read_written(held_out=True)]
    assert len(documents) == len(list(FOLDER.glob("*/*.claims"))) == 450
    asked = Counter((one.language, one.evidence is not None) for document in documents for one in document.questions)
    assert asked == {("en", True): 2749, ("es", True): 2759, ("en", False): 1800, ("es", False): 1800}
    assert len({one.question for document in documents for one in document.questions}) == asked.total() == 9_108


def test_every_later_file_is_sound_and_shares_no_name_with_the_others():
    trained, held_out = read_written(MORE, held_out=False), read_written(MORE, held_out=True)
    assert (len(trained), len(held_out)) == (768, 192)
    for document in (*trained, *held_out):
        asked = Counter((one.language, one.evidence is not None) for one in document.questions)
        assert asked == {("en", True): 6, ("es", True): 6, ("en", False): 4, ("es", False): 4}
    names = Counter(document.name for document in (*trained, *held_out, *read_written(held_out=False), *read_written(held_out=True)))
    assert set(names.values()) == {1}


def test_every_long_file_is_sound_and_most_of_its_answers_are_exact_words():
    trained, held_out = read_written(EXACT, held_out=False), read_written(EXACT, held_out=True)
    assert (len(trained), len(held_out)) == (320, 64)
    asked = Counter((one.evidence is not None, one.words is not None) for document in (*trained, *held_out) for one in document.questions)
    assert asked == {(True, True): 3905, (True, False): 703, (False, False): 2304}
    claims = [claim for fifth in (False, True) for claim in written_claims(held_out=fifth, seed=0, folder=EXACT)]
    assert sum(claim.supported for claim in claims) == 3 * 384
    others = [document for folder in (FOLDER, MORE) for fifth in (False, True) for document in read_written(folder, held_out=fifth)]
    assert {document.name for document in (*trained, *held_out)}.isdisjoint(document.name for document in others)


def test_every_form_is_sound_and_all_names_differ():
    trained, held_out = read_written(FORMS, held_out=False), read_written(FORMS, held_out=True)
    assert (len(trained), len(held_out)) == (336, 76)
    asked = Counter((one.evidence is not None, one.words is not None) for document in (*trained, *held_out) for one in document.questions)
    assert asked == {(True, True): 4456, (True, False): 74, (False, False): 2474}
    across = Counter(one.language != document.language for document in (*trained, *held_out) for one in document.questions)
    assert across == {True: 3778, False: 3226}
    names = Counter(document.name for folder in WAVES for fifth in (False, True) for document in read_written(folder, held_out=fifth))
    assert (len(names), set(names.values())) == (2206, {1})


def passages_of_others(written):
    """How many of the first document's questions are read with lines that only the others have."""
    foreign = {line for other in written[1:] for line in other.text.splitlines() if line and line not in written[0].text}
    examples = [example for example in written_examples(written, BuiltinEmbedder(), 0) if example.group == 3_000_000]
    return sum(not foreign.isdisjoint(example.passage.splitlines()) for example in examples)


def test_open_questions_stand_beside_documents_of_every_wave():
    documents = [document for folder in WAVES for held_out in (False, True) for document in read_written(folder, held_out=held_out)]
    asked = [one for document in with_topics(documents) for one in document.questions]
    assert (len(with_topics(documents)), len(asked)) == (795, 4_770)
    assert Counter(one.evidence is None for one in asked) == {False: 3_180, True: 1_590}
    assert Counter(one.language for one in asked) == {"en": 2_385, "es": 2_385}
    assert sum(topic_of(one.question) is not None for one in asked) > 3_000  # the others name the topic alone, or ask more


def test_the_row_that_answers_is_the_only_one_with_its_cells(tmp_path):
    trained, held_out = (read_tables(held_out=value) for value in (False, True))
    assert [(len(own), sum(len(document.questions) for document in own)) for own in (trained, held_out)] == [(140, 1_400), (60, 540)]
    assert sum(one.evidence is None for document in held_out for one in document.questions) == 180
    (tmp_path / "fees-005.md").write_text("# F\n\n| Ticket | Price |\n|---|---|\n| Single | 4 € |\n| Season | 30 € |\n", encoding="utf-8")
    asked = {"question": "How much is a season pass?", "language": "en", "row": ["Season", "30 €"]}
    (tmp_path / "fees-005.jsonl").write_text(json.dumps(asked), encoding="utf-8")
    assert read_tables(tmp_path, held_out=True)[0].questions == (Asked("How much is a season pass?", "en", "Season | 30 €"),)
    (tmp_path / "fees-005.jsonl").write_text(json.dumps(asked | {"row": ["€"]}), encoding="utf-8")
    with pytest.raises(ValueError, match="stand in 2 rows"):
        read_tables(tmp_path, held_out=True)


def test_forms_of_one_subject_are_not_read_as_texts_about_something_else():
    written = [read_one(FORMS / "homes" / f"{number:02}.txt") for number in (1, 2)]
    assert passages_of_others(written) == 0
    assert passages_of_others([written[0], read_one(FORMS / "bills" / "01.txt")]) > 0


def test_a_fifth_is_held_out_and_none_of_it_is_trained_on():
    kept = {document.name for document in read_written(held_out=True)}
    assert len(kept) == 90
    assert {name.rsplit(".", 1)[0][-2:] for name in kept} == {"05", "10", "15", "20", "25", "30"}
    assert kept.isdisjoint(document.name for document in read_written(held_out=False))


def test_a_document_that_is_not_framed_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not framed"):
        read_one(write(tmp_path, "A text alone."))


def test_evidence_that_is_not_in_the_text_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"'La piscina abre el 4 de junio\.' stands in the text 0 times"):
        read_one(write(tmp_path, DOCUMENT.replace("| La piscina abre el 3", "| La piscina abre el 4")))


def test_exact_words_that_are_not_in_the_evidence_once_are_refused(tmp_path):
    exact = DOCUMENT.replace("La piscina abre el 3 de junio.\nes", "La piscina abre el 3 de junio. | 4 de junio\nes")
    with pytest.raises(ValueError, match=r"'4 de junio' stands in 'La piscina abre el 3 de junio\.' 0 times"):
        read_one(write(tmp_path, exact))


def test_exact_words_are_the_answer_where_they_are_known(tmp_path):
    exact = DOCUMENT.replace("La piscina abre el 3 de junio.\nes", "La piscina abre el 3 de junio. | 3 de junio\nes")
    written = [read_one(write(tmp_path, exact)), read_one(FOLDER / "contracts" / "01.txt")]
    examples = [example for example in written_examples(written, BuiltinEmbedder(), 0) if example.group == 3_000_000 and example.spans]
    assert [(example.kind, example.passage[slice(*example.spans[0])]) for example in examples] == [("answer", "3 de junio")] * 2


def test_examples_of_a_document(tmp_path):
    written = [read_one(write(tmp_path, DOCUMENT))]
    other = [read_one(FOLDER / "contracts" / "01.txt")]
    examples = written_examples(written + other, BuiltinEmbedder(), 0)
    of_pool = [example for example in examples if example.group == 3_000_000]
    answered = [example for example in of_pool if example.kind == "sentence"]
    assert {example.passage[slice(*example.spans[0])] for example in answered} == {"La piscina abre el 3 de junio."}
    assert len(answered) == 2  # below its title, and alone
    assert all(not example.spans for example in of_pool if example.question.startswith("¿Quién"))
    assert all("3 de junio" not in example.passage for example in of_pool if example.kind == "none" and example.question.startswith("When"))
    places = written_places(other, BuiltinEmbedder())
    assert all(question and right != wrong for question, right, wrong in places)
    assert len(places) == 12


def test_once_reads_each_answered_question_with_its_passage_in_one_way():
    written = [read_one(FOLDER / "contracts" / f"{number:02}.txt") for number in (1, 2, 3)]
    examples = written_examples(written, BuiltinEmbedder(), 0, once=True)
    answered = Counter(example.question for example in examples if example.spans)
    assert set(answered.values()) == {1}
    assert len(answered) == 36
    below_headings = sum(
        example.passage not in document.text for example in examples for document in written[:1] if example.group == 3_000_000
    )
    assert 0 < below_headings < sum(example.group == 3_000_000 for example in examples)


def test_far_passages_are_of_other_documents():
    written = [read_one(FOLDER / "contracts" / f"{number:02}.txt") for number in (1, 2, 3)]
    examples = written_examples(written, BuiltinEmbedder(), 0, once=True)
    home = {example.question: example.group for example in examples}
    met = {(example.group, example.passage) for example in examples}
    made = far_examples(examples, len(examples), 0, one_in=4)
    far = made[len(examples) :]
    assert sorted(example.passage for example in made[: len(examples)]) == sorted(example.passage for example in examples)
    assert len(examples) // 8 < len(far) <= len(examples) // 4
    assert all(not example.spans and (home[example.question], example.passage) not in met for example in far)


def test_claims_stand_on_the_passage_that_they_are_about(tmp_path):
    write(
        tmp_path,
        DOCUMENT,
        "en | true | The pool opens on 3 June. | abre el 3\nes | false | La piscina cierra los martes. | Cierra los lunes\n",
    )
    claims = written_claims(held_out=False, seed=0, folder=tmp_path)
    assert [(claim.claim, claim.supported) for claim in claims] == [
        ("The pool opens on 3 June.", True),
        ("La piscina cierra los martes.", False),
    ]
    assert all("La piscina abre el 3 de junio. Cierra los lunes." in claim.passage for claim in claims)
    assert [claim.example.kind for claim in claims] == ["sentence", "none"]


def test_a_claim_about_words_that_are_not_there_is_refused(tmp_path):
    write(tmp_path, DOCUMENT, "en | true | The pool opens on 3 June. | abre el 4\n")
    with pytest.raises(ValueError, match="do not stand in the text once"):
        written_claims(held_out=False, seed=0, folder=tmp_path)


def test_the_held_out_ones_as_a_question_set(tmp_path):
    write_question_set([read_one(write(tmp_path, DOCUMENT))], tmp_path / "set")
    assert (tmp_path / "set" / "documents" / "notices-01.txt").read_text(encoding="utf-8").startswith("Aviso a los vecinos\n")
    lines = (tmp_path / "set" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    assert '"evidence": [{"source": "notices-01.txt", "quote": "La piscina abre el 3 de junio."}]' in lines[0]
    assert '"answerable": false' in lines[1]
