"""What is evaluated on: questions with their labels, and the documents they are about unless an index has them already.

    question set    a .jsonl file: labels are quotes of documents, or spans of them        this module
    BEIR            a folder with corpus.jsonl, queries.jsonl and qrels/test.tsv           `beir.py`
    SQuAD           a .json file (SQuAD, XQuAD, MLQA, or long documents with spans)        `squad.py`
    TREC            topics, with --qrels                                                   `trec.py`

A file that does not fit is refused with its name, the line and what is missing there, never skipped in part. Whether a quote really is in
a document is for those who have the documents.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from rag.errors import InputError
from rag.evaluate import lines
from rag.types import Document, Language, Turn


@dataclass(frozen=True, slots=True)
class GoldSpan:
    """Characters start to end (exclusive) of the stored text of `source` that answer a question."""

    source: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """A quotation that answers a question (whitespace in `quote` stands for any whitespace), or the characters `span` of the document."""

    source: str
    quote: str = ""
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One question with its labels. Several items of `evidence` (and of `spans`) are alternatives: each alone would do.

    `gains` are the documents judged relevant (0 and below: judged not to be); `spans` are gold characters that need not be looked up;
    `answers` are short answers in words. `own_document` is the document that the question itself is, which is no find. `reviewed` is False
    for a draft that no person has confirmed. `split` tells the questions that settings are chosen on from those that results are reported
    on; empty in a set that has none.
    """

    id: str
    question: str
    language: str
    kind: str
    answerable: bool
    evidence: tuple[Evidence, ...] = ()
    history: tuple[Turn, ...] = ()
    reviewed: bool = True
    gains: Mapping[str, float] = field(default_factory=dict)
    spans: tuple[GoldSpan, ...] = ()
    answers: tuple[str, ...] = ()
    document_language: Language | None = None
    own_document: str | None = None
    split: str = ""

    @property
    def label(self) -> str:
        """Changes with the question or any of its labels, so that results on different labels are not compared."""
        turns = [[turn.question, turn.answer] for turn in self.history]
        quotes = [[item.source, item.quote, item.span] for item in self.evidence]
        spans = [[span.source, span.start, span.end] for span in self.spans]
        told = [self.question, self.answerable, turns, quotes, spans, sorted(self.gains.items()), self.answers]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Questions, and what their labels are of.

    `ranks`: a ranking is of documents (judged as wholes), or of passages (relevant if they hold the evidence). `gold`: spans are short
    answers, which a citation must hold whole, or evidence. `documents` (by source) is what has to be indexed; None: the index has it.
    `left_out` counts what was not taken, by reason.
    """

    name: str
    ranks: Literal["documents", "passages"]
    questions: tuple[Question, ...]
    sha256: str
    gold: Literal["answer", "evidence"] | None = None
    documents: Mapping[str, Document] | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)


def read_dataset(target: Path, queries: Path | None = None, qrels: Path | None = None) -> Dataset:
    """Read whatever `target` is, with the questions of `queries` instead of its own if that is given.

    Raises:
        InputError: nothing that is known, or a file that does not fit.
    """
    from rag.evaluate.beir import read_beir
    from rag.evaluate.squad import read_squad
    from rag.evaluate.trec import read_topics

    if qrels is not None:
        return read_topics(target, qrels)
    if target.is_dir():
        return read_beir(target, queries)
    if target.suffix == ".json":
        return read_squad(target, queries)
    if queries is not None:
        raise InputError(f"--queries goes with a BEIR folder or a SQuAD file, and {target} is not one.")
    if target.suffix == ".jsonl":
        return _question_set(target)
    raise InputError(
        f"{target} is neither a folder nor a .jsonl or .json file; give a BEIR folder, a question set, a SQuAD file, or topics and --qrels."
    )


def read_questions(file: Path) -> list[Question]:
    """Read a question set, drafts included.

    An answerable question needs evidence; that of an unanswerable one is ignored.

    Raises:
        InputError: a file that cannot be read, holds no question, or has a line that does not fit.
    """
    questions: dict[str, Question] = {}
    for place, record in lines.read_jsonl(file):
        question = parse_question(record, place)
        if question.id in questions:
            raise InputError(f"{place} repeats the id {question.id!r}; give every question its own.")
        questions[question.id] = question
    if not questions:
        raise InputError(f"{file} holds no question; write one JSON object per line.")
    return list(questions.values())


def parse_question(record: Mapping[str, Any], place: str) -> Question:
    """One line of a question set; while it is a draft, an answerable question may lack its evidence.

    Raises:
        InputError: the line does not fit.
    """
    lines.check_spelling(record, ("evidence", "history", "reviewed", "split"), place)
    answerable = lines.field(record, "answerable", bool, place)
    reviewed = lines.field(record, "reviewed", bool, place) if "reviewed" in record else True
    needed = answerable and reviewed
    evidence = tuple(_evidence(item, place) for item in lines.objects(record, "evidence", place, required=needed))
    if needed and not evidence:
        raise InputError(f"{place}: an answerable question needs at least one item in 'evidence'.")
    history = tuple(
        Turn(lines.text(turn, "question", place), lines.field(turn, "answer", str, place))
        for turn in lines.objects(record, "history", place, required=False)
    )
    answers = lines.field(record, "answers", list, place) if record.get("answers") is not None else []
    if not all(isinstance(answer, str) and answer.strip() for answer in answers):
        raise InputError(f"{place}: 'answers' is {answers!r}; it must be a list of texts.")
    language = lines.text(record, "language", place)
    if language not in get_args(Language):
        raise InputError(f'{place}: \'language\' is {language!r}; it must be "en" or "es".')
    return Question(
        id=lines.identifier(record, "id", place),
        question=lines.text(record, "question", place),
        language=language,
        kind=lines.text(record, "kind", place),
        answerable=answerable,
        evidence=evidence if answerable or not reviewed else (),
        history=history,
        reviewed=reviewed,
        answers=tuple(answers) if answerable else (),
        split=lines.text(record, "split", place) if record.get("split") is not None else "",
    )


def digest_of(*files: Path) -> str:
    """The sha256 of the bytes of files that were read before, in this order."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in files if file.is_file())).hexdigest()


def _question_set(file: Path) -> Dataset:
    every = read_questions(file)
    questions = tuple(question for question in every if question.reviewed)
    if not questions:
        cure = 'correct them and write "reviewed": true in each that is right'
        raise InputError(f"None of the {len(every)} questions of {file} has been reviewed; {cure}.")
    left_out = {"drafts_left_out": len(every) - len(questions)} if len(questions) < len(every) else {}
    return Dataset(file.stem, "passages", questions, digest_of(file), gold="evidence", left_out=left_out)


def _evidence(item: Mapping[str, Any], place: str) -> Evidence:
    source = lines.text(item, "source", place)
    if "quote" in item or "start" not in item:
        return Evidence(source, lines.text(item, "quote", place))
    span = lines.field(item, "start", int, place), lines.field(item, "end", int, place)
    if not 0 <= span[0] < span[1]:
        raise InputError(f"{place}: the evidence span {span[0]}-{span[1]} is empty; 'end' is the character after the last.")
    return Evidence(source, span=span)
