"""The review file: questions that people asked or a program drafted, waiting for a person to label them.

It is a question set (see `datasets.py`) with a few fields more, so that a corrected file is evaluated as it is. A line that no person has
confirmed has `"reviewed": false` and does not count. The thumbs of the chat page, `rag eval add` and `rag eval init` write such lines: the
citations of the answer are proposed as evidence, which is right after a thumb up and a place to start from after a thumb down.

It knows neither the pipeline nor the page. Several processes may append to one file.
"""

import errno
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from rag.errors import InputError
from rag.evaluate.datasets import Evidence, Question, parse_question
from rag.evaluate.evidence import locate_evidence
from rag.evaluate.lines import identifier, read_jsonl
from rag.evaluate.subject import Subject
from rag.types import Answer, Turn

Thumb = Literal["up", "down"]
ASKED = "asked"
"""The kind of a question that somebody asked, until a person names a better one."""


@dataclass(frozen=True, slots=True)
class ReviewEntry:
    """One line of the review file. `evidence` and `answerable` are proposals until `reviewed`; `answer` is what the person saw."""

    question: str
    language: str
    answerable: bool
    evidence: tuple[Evidence, ...] = ()
    history: tuple[Turn, ...] = ()
    kind: str = ASKED
    thumb: Thumb | None = None
    comment: str = ""
    answer: str = ""
    fingerprint: str = ""
    reviewed: bool = False
    id: str = ""

    @classmethod
    def of_answer(cls, answer: Answer, history: Sequence[Turn] = (), thumb: Thumb | None = None, comment: str = "") -> "ReviewEntry":
        """What is known after `answer` was shown: its citations as the proposed evidence."""
        evidence = tuple(dict.fromkeys(Evidence(citation.source, citation.quote) for citation in answer.citations))
        return cls(
            question=answer.question, language=answer.language, answerable=not answer.abstained, evidence=evidence, history=tuple(history),
            thumb=thumb, comment=comment, answer=answer.text, fingerprint=answer.fingerprint,
        )  # fmt: skip

    def named(self) -> "ReviewEntry":
        """The entry with an id; the same question after the same turns always gets the same one."""
        if self.id:
            return self
        told = json.dumps([self.question, *([turn.question, turn.answer] for turn in self.history)])
        return replace(self, id=f"{self.kind}-{hashlib.sha256(told.encode()).hexdigest()[:8]}")


def append(path: Path, entry: ReviewEntry) -> bool:
    """Write `entry` to the file, which is made if it is not there; False if a person has labelled this question already.

    A line of the same question that waits for review is replaced, so that a second click on a thumb corrects the first.

    Raises:
        InputError: the file cannot be read or written, or one of its lines does not fit; it is then as it was.
    """
    return bool(append_all(path, [entry]))


def append_all(path: Path, entries: Sequence[ReviewEntry]) -> int:
    """Write several entries at once; how many were written. See `append`."""
    from filelock import FileLock

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock")):
            kept = _lines(path) if path.exists() else {}  # as they are, with whatever else a person wrote into them
            labelled = {entry.id for entry in (read(path) if kept else []) if entry.reviewed}
            new = {entry.id: _record(entry) for entry in (entry.named() for entry in entries) if entry.id not in labelled}
            text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in (kept | new).values())
            temporary = path.with_name(f"{path.name}.new")
            try:
                temporary.write_text(text, encoding="utf-8")
                os.replace(temporary, path)  # noqa: PTH105 - named for what it does
            finally:
                temporary.unlink(missing_ok=True)
    except OSError as error:
        cure = "free space and run it again" if error.errno == errno.ENOSPC else "give a path in a folder of yours"
        raise InputError(f"The review file {path} cannot be written ({error.strerror}); {cure}.") from error
    return len(new)


def add_question(
    path: Path, question: str, subject: Subject, label: tuple[str, str] | None, *, unanswerable: bool, kind: str, comment: str
) -> tuple[ReviewEntry, bool]:
    """Ask `question` and add it: with `label` (source, quote) or as unanswerable it counts as reviewed, else its citations are proposed.

    Returns:
        The entry, and whether it was written (False: a person has labelled the question before).

    Raises:
        InputError: the quote is not in the document exactly once, or the file cannot be used.
    """
    entry = replace(ReviewEntry.of_answer(subject.ask(question), comment=comment), kind=kind)
    if label is not None:
        entry = replace(entry, answerable=True, evidence=(Evidence(*label),), reviewed=True)
    elif unanswerable:
        entry = replace(entry, answerable=False, evidence=(), reviewed=True)
    entry = entry.named()
    if label is not None:
        locate_evidence(Question(entry.id, question, entry.language, kind, answerable=True, evidence=entry.evidence), subject)
    return entry, append(path, entry)


def read(path: Path) -> list[ReviewEntry]:
    """The entries of a review file in order; a line without "reviewed" was written by a person and counts as reviewed.

    Raises:
        InputError: the file cannot be read, or one of its lines does not fit.
    """
    return [_entry(record, place) for place, record in read_jsonl(path)]


def _lines(path: Path) -> dict[str, dict[str, Any]]:
    """Every line by its id."""
    found: dict[str, dict[str, Any]] = {}
    for place, record in read_jsonl(path):
        name = identifier(record, "id", place)
        if name in found:  # only one of the two would be written again
            raise InputError(f"{place} repeats the id {name!r}; give every question its own.")
        found[name] = record
    return found


def _entry(record: dict[str, Any], place: str) -> ReviewEntry:
    question = parse_question(record, place)
    thumb = record.get("thumb")
    if thumb not in {None, "up", "down"}:
        raise InputError(f'{place}: \'thumb\' is {thumb!r}; it must be "up", "down" or null.')
    return ReviewEntry(
        id=question.id, question=question.question, language=question.language, kind=question.kind, answerable=question.answerable,
        evidence=question.evidence, history=question.history, thumb=thumb, comment=str(record.get("comment") or ""),
        answer=str(record.get("answer") or ""), fingerprint=str(record.get("fingerprint") or ""), reviewed=question.reviewed,
    )  # fmt: skip


def _record(entry: ReviewEntry) -> dict[str, Any]:
    """The line of an entry: what a person looks at first stands first."""
    record: dict[str, Any] = {
        "id": entry.id, "reviewed": entry.reviewed, "question": entry.question, "language": entry.language, "kind": entry.kind,
        "answerable": entry.answerable, "evidence": [{"source": item.source, "quote": item.quote} for item in entry.evidence],
    }  # fmt: skip
    if entry.history:
        record["history"] = [{"question": turn.question, "answer": turn.answer} for turn in entry.history]
    optional = {"thumb": entry.thumb, "comment": entry.comment, "answer": entry.answer, "fingerprint": entry.fingerprint}
    return record | {name: value for name, value in optional.items() if value}
