"""The checker of question sets finds each fault that it promises to find, and nothing else."""

import json
from dataclasses import replace

import pytest

from rag.evaluate.datasets import Evidence, Question
from rag.evaluate.labels import check_card, check_labels, count_tables, main, read_documents, shared_run
from rag.types import Turn

HARBOUR = "The port closes when the\nwind blows hard. The port opens at noon. The tower is tall."
PUERTO = "El puerto cierra de noche. La torre es alta y el puente que hay junto a ella es muy viejo."


@pytest.fixture
def folder(tmp_path):
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "harbour.txt").write_text(HARBOUR, encoding="utf-8")
    (documents / "puerto.txt").write_text(PUERTO, encoding="utf-8")
    (documents / "picture.png").write_bytes(b"\x89PNG")
    return documents


@pytest.fixture
def documents(folder):
    return read_documents([folder])


def question(identifier, text, *evidence, **fields):
    items = tuple(Evidence(source, quote) for source, quote in evidence)
    return Question(identifier, text, fields.pop("language", "en"), fields.pop("kind", "fact"), bool(items), items, **fields)


NOON = question("a", "when may ships come in?", ("harbour.txt", "The port opens at noon."), split="dev")
WIND = question("b", "what shuts it?", ("harbour.txt", "closes when the wind blows hard"), split="test")
NIGHT = question("c", "¿está abierto a medianoche?", ("puerto.txt", "El puerto cierra de noche."), language="es", split="test")
SILENT = question("d", "who owns it?", kind="unanswerable", split="test")


def test_a_sound_set_has_no_problems_and_files_that_cannot_be_read_are_no_documents(documents):
    assert list(documents) == ["harbour.txt", "puerto.txt"]
    assert check_labels([NOON, WIND, NIGHT, SILENT], documents) == []  # a line break of the document is a space of the quote


@pytest.mark.parametrize(
    ("planted", "problem"),
    [
        (
            question("x", "what is it?", ("harbour.txt", "The port")),
            "quotes 'The port', which is 2 times in 'harbour.txt', not once; quote more of it.",
        ),
        (
            question("x", "what is it?", ("harbour.txt", "The bay")),
            "quotes 'The bay', which is 0 times in 'harbour.txt', not once; copy it from the document.",
        ),
        (question("x", "what is it?", ("gone.txt", "The port")), "has evidence in 'gone.txt', which is not among the documents."),
        (
            question("x", "how tall is it?", ("harbour.txt", "The tower is tall."), ("harbour.txt", "The tower is tall.")),
            "lists 'The tower is tall.' 2 times; once is enough.",
        ),
        (
            question("x", "y... ¿EL PUENTE que hay, junto a ella?", ("puerto.txt", "el puente que hay junto a ella es muy viejo")),
            "shares 7 words in a row with 'el puente que hay junto a ella es muy viejo'; 5 are allowed, ask in words of your own.",
        ),
        (question("x", "WHEN may ships come in?", ("harbour.txt", "The tower is tall.")), "asks what a asks; leave one of them out."),
        (
            question("x", "at what hour?", ("harbour.txt", "opens at noon"), split="test"),
            "share evidence in 'harbour.txt' but are in 'dev' and 'test'; put both in one.",
        ),
    ],
)  # fmt: skip
def test_each_fault_is_named(documents, planted, problem):
    (found,) = check_labels([NOON, WIND, NIGHT, SILENT, planted], documents)
    assert found in (f"x {problem}", f"a and x {problem}")


def test_the_same_words_after_another_history_are_another_question(documents):
    later = [replace(NOON, id=name, history=(Turn(turn, "Yes."),)) for name, turn in (("x", "Is it a port?"), ("y", "Is it a bay?"))]
    assert check_labels([NOON, *later], documents) == []
    assert check_labels([*later, replace(later[1], id="z")], documents) == ["z asks what y asks; leave one of them out."]


@pytest.mark.parametrize(
    ("text", "quote", "words"),
    [("a b c", "a b c", 3), ("x a b y", "b a b c", 2), ("a-b, C", "a b c", 3), ("a b", "ab", 0), ("", "a", 0), ("b a b a", "a b a b", 3)],
)
def test_shared_run(text, quote, words):
    assert shared_run(text, quote) == words


def test_the_tables_count_kinds_languages_splits_and_pairs_of_languages(documents):
    both = question("e", "¿a qué hora?", ("harbour.txt", "opens at noon"), ("puerto.txt", "cierra de noche"), language="es", split="dev")
    by_kind, by_language, shared = count_tables([NOON, WIND, NIGHT, SILENT, both], documents)
    assert by_kind == [
        "| Kind | en | es | total | of these not answerable | dev | test |",
        "|---|---|---|---|---|---|---|",
        "| fact | 2 | 2 | 4 | 0 | 2 | 2 |",
        "| unanswerable | 1 | 0 | 1 | 1 | 0 | 1 |",
        "| total | 3 | 2 | 5 | 1 | 2 | 3 |",
    ]
    assert by_language == [
        "| Question in | evidence in en | evidence in en and es | evidence in es | not answerable |",
        "|---|---|---|---|---|",
        "| en | 2 | 0 | 0 | 1 |",
        "| es | 0 | 1 | 1 | 0 |",
    ]
    assert check_card("\n".join([*by_kind, "", *by_language]), [by_kind, by_language]) == []
    assert shared == ["Words in a row that answerable questions share with their evidence: 0 in 4."]
    missing = f"The data card lacks what begins {by_kind[0]!r}; paste it."
    assert check_card("\n".join(by_kind[:-1]), [by_kind]) == [missing]
    assert check_card("\n".join([*by_kind[:3], "| reason | 1 | 0 | 1 | 0 | 1 | 0 |", *by_kind[3:]]), [by_kind]) == [missing]


def line(identifier, text, **fields):
    record = {"id": identifier, "question": text, "language": "en", "kind": "fact", "answerable": True, "evidence": []} | fields
    return json.dumps(record) + "\n"


NOON_LINE = line("a", "when may ships come in?", evidence=[{"source": "harbour.txt", "quote": "opens at noon"}])


def test_the_program_prints_tables_and_says_that_all_is_well(folder, tmp_path, capsys):
    (tmp_path / "set.jsonl").write_text(NOON_LINE)
    assert main([str(tmp_path / "set.jsonl"), str(folder)]) == 0
    printed = capsys.readouterr().out
    assert "| Kind | en | total | of these not answerable |\n|---|---|---|---|\n| fact | 1 | 1 | 0 |\n" in printed
    assert printed.endswith("1 questions on 2 documents, no problems.\n")


def test_the_program_names_problems_of_the_set_and_of_its_card(folder, tmp_path, capsys):
    silent = line("b", "who owns it?", answerable=False, evidence=[{"source": "harbour.txt", "quote": "opens"}])
    (tmp_path / "set.jsonl").write_text(NOON_LINE + silent)
    (tmp_path / "card.md").write_text("| Kind | en | total | of these not answerable |\n|---|---|---|---|\n| total | 2 | 2 | 1 |\n")
    assert main([str(tmp_path / "set.jsonl"), str(folder), "--card", str(tmp_path / "card.md")]) == 1
    printed = capsys.readouterr().out
    assert printed.startswith("b is not answerable but has evidence; correct one of the two.\nThe data card lacks what begins '| Kind")


def test_what_cannot_be_read_is_one_sentence_with_the_place(folder, tmp_path, capsys):
    (tmp_path / "set.jsonl").write_text(NOON_LINE * 2)
    assert main([str(tmp_path / "set.jsonl"), str(folder)]) == 2
    assert capsys.readouterr().err == f"{tmp_path / 'set.jsonl'}:2 repeats the id 'a'; give every question its own.\n"
    assert main([str(tmp_path / "set.jsonl"), str(tmp_path / "none")]) == 2
    (tmp_path / "set.jsonl").write_text(NOON_LINE)
    assert main([str(tmp_path / "set.jsonl"), str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.endswith("none does not exist; give files or folders that do.\n")
    assert main([str(tmp_path / "set.jsonl"), str(folder), "--card", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err == f"{tmp_path / 'none'} cannot be read (No such file or directory); check the path.\n"
