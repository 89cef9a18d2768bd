import errno
import json
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from rag.errors import InputError
from rag.evaluate.datasets import Evidence, read_questions
from rag.evaluate.review import ReviewEntry, append, append_all, read
from rag.types import Answer, Citation, Turn

ANSWER = Answer(
    "¿Qué permite?", "¿Qué permite el artículo 4?", "es", "Según «T»: «Ayuda» [1]", fingerprint="f",
    citations=(Citation(1, "t.md", "T", 0, 5, "Ayuda", 1.0), Citation(2, "t.md", "T", 0, 5, "Ayuda", 1.0)),
)  # fmt: skip


def test_an_answer_becomes_a_line_with_its_citations_as_proposed_evidence(tmp_path):
    file = tmp_path / "new" / "review.jsonl"
    entry = ReviewEntry.of_answer(ANSWER, [Turn("¿Y?", "Sí.")], "down", "wrong article")
    assert append(file, entry)
    (line,) = file.read_text(encoding="utf-8").splitlines()
    record = json.loads(line)
    assert record.pop("id").startswith("asked-")
    assert record == {
        "reviewed": False, "question": "¿Qué permite?", "language": "es", "kind": "asked", "answerable": True,
        "evidence": [{"source": "t.md", "quote": "Ayuda"}], "history": [{"question": "¿Y?", "answer": "Sí."}], "thumb": "down",
        "comment": "wrong article", "answer": "Según «T»: «Ayuda» [1]", "fingerprint": "f",
    }  # fmt: skip
    assert read(file) == [entry.named()]


def test_a_second_thumb_replaces_the_first_and_a_labelled_question_stays(tmp_path):
    file = tmp_path / "review.jsonl"
    entry = ReviewEntry.of_answer(ANSWER, thumb="up")
    append(file, entry)
    append(file, replace(entry, thumb="down"))
    assert [item.thumb for item in read(file)] == ["down"]
    labelled = replace(entry.named(), reviewed=True, evidence=(Evidence("t.md", "Ayuda mutua"),))
    append(file, labelled)
    assert not append(file, replace(entry, thumb="up"))
    assert read(file) == [labelled]


def test_the_same_question_after_other_turns_is_another_one(tmp_path):
    file = tmp_path / "review.jsonl"
    assert append_all(file, [ReviewEntry.of_answer(ANSWER), ReviewEntry.of_answer(ANSWER, [Turn("a", "b")])]) == 2
    assert len({entry.id for entry in read(file)}) == 2


def test_a_reviewed_file_is_a_question_set(tmp_path):
    file = tmp_path / "review.jsonl"
    append(file, replace(ReviewEntry.of_answer(ANSWER), reviewed=True))
    (question,) = read_questions(file)
    assert (question.question, question.evidence, question.reviewed) == ("¿Qué permite?", (Evidence("t.md", "Ayuda"),), True)


def test_a_damaged_file_is_named_and_left_alone(tmp_path):
    file = tmp_path / "review.jsonl"
    file.write_text('{"id": "1"\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"review\.jsonl:1 is not JSON"):
        append(file, ReviewEntry.of_answer(ANSWER))
    assert file.read_text(encoding="utf-8") == '{"id": "1"\n'
    file.write_text('{"id": "1", "question": "q", "language": "en", "kind": "k", "answerable": false, "thumb": "sideways"}\n')
    with pytest.raises(InputError, match=r"review\.jsonl:1: 'thumb' is 'sideways'"):
        read(file)


def test_a_file_with_two_lines_of_one_id_is_left_alone(tmp_path):
    file = tmp_path / "review.jsonl"
    line = '{"id": "1", "question": "%s", "language": "en", "kind": "k", "answerable": false}\n'
    file.write_text(line % "one?" + line % "two?", encoding="utf-8")
    with pytest.raises(InputError, match=r"review\.jsonl:2 repeats the id '1'"):
        append(file, ReviewEntry.of_answer(ANSWER))
    assert file.read_text(encoding="utf-8") == line % "one?" + line % "two?"


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"The review file .*file/review\.jsonl cannot be written"):
        append(tmp_path / "file" / "review.jsonl", ReviewEntry.of_answer(ANSWER))


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    def write_text(path, *_, **__):
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", write_text)
    with pytest.raises(InputError, match=r"cannot be written \(No space left on device\); free space and run it again\."):
        append(tmp_path / "review.jsonl", ReviewEntry.of_answer(ANSWER))
    assert [file.name for file in tmp_path.iterdir() if not file.name.endswith(".lock")] == []


def test_two_writers_lose_nothing(tmp_path):
    file = tmp_path / "review.jsonl"
    entries = [replace(ReviewEntry.of_answer(ANSWER), question=f"Question {number}?") for number in range(20)]
    threads = [Thread(target=lambda part=part: [append(file, entry) for entry in part]) for part in (entries[::2], entries[1::2])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {entry.question for entry in read(file)} == {entry.question for entry in entries}


def test_an_empty_file_can_be_appended_to(tmp_path):
    file = tmp_path / "review.jsonl"
    file.write_text("", encoding="utf-8")
    assert append(file, ReviewEntry.of_answer(ANSWER))
    assert len(read(file)) == 1


def test_what_else_a_person_wrote_into_a_line_stays(tmp_path):
    file = tmp_path / "review.jsonl"
    mine = {"id": "mine", "question": "Who?", "language": "en", "kind": "fact", "split": "dev", "answerable": False, "owner": "me"}
    file.write_text(json.dumps(mine) + "\n", encoding="utf-8")
    append(file, ReviewEntry.of_answer(ANSWER))
    assert json.loads(file.read_text(encoding="utf-8").splitlines()[0]) == mine
