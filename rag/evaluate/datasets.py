"""Read what is evaluated on: BEIR folders and question sets, checked line by line.

A file that does not fit is refused with its name, the line and what is missing there, never skipped in part. This module knows file formats
only: whether a quote really is in a document is for those who have the documents.

BEIR (Thakur et al. 2021, https://github.com/beir-cellar/beir): corpus.jsonl {"_id", "title"?, "text"}, queries.jsonl {"_id", "text"},
qrels/test.tsv with a header and the columns query-id, corpus-id, score; here also, if present, answers.jsonl {"_id", "corpus_id",
"answers": [{"text", "start"}]}, where `start` counts characters of the record's `text`.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rag.errors import InputError
from rag.language import detect
from rag.types import Document, Turn

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GoldSpan:
    """Characters start to end (exclusive) of the stored text of `source` that answer a question."""

    source: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class BeirDataset:
    """A BEIR folder; `documents` is keyed by source, the other dicts by query id, and hold queries of `queries` only.

    `misplaced_answers` counts the answers whose text is not at their offset in the document.
    """

    name: str
    documents: dict[str, Document]
    queries: dict[str, str]
    gains: dict[str, dict[str, float]]
    answers: dict[str, list[GoldSpan]] | None
    misplaced_answers: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """A quotation that answers a question; whitespace in `quote` stands for any whitespace of the document."""

    source: str
    quote: str


@dataclass(frozen=True, slots=True)
class Question:
    """One line of a question set. Several items of `evidence` are alternatives: each alone would do.

    `split` tells the questions that settings are chosen on from those that results are reported on; empty in a set that has none.
    `reviewed` is False for a draft that no person has confirmed.
    """

    id: str
    question: str
    language: str
    kind: str
    answerable: bool
    evidence: tuple[Evidence, ...] = ()
    history: tuple[Turn, ...] = ()
    split: str = ""
    reviewed: bool = True


def read_beir(folder: Path, queries: Path | None = None) -> BeirDataset:
    """Read a BEIR folder, with the queries of the file `queries` in place of its own if one is given.

    Judgements of queries that are not in the queries file are left out, so that a file with some of the queries is enough.

    Raises:
        InputError: a file that is missing or a line that does not fit.
    """
    documents = _read_corpus(folder / "corpus.jsonl")
    texts = _read_queries(queries or folder / "queries.jsonl")
    gains = _read_judgements(folder / "qrels" / "test.tsv", texts)
    if not any(gain > 0 for judged in gains.values() for gain in judged.values()):
        raise InputError(f"No query of {queries or folder / 'queries.jsonl'} is judged in qrels/test.tsv; check that the ids agree.")
    name = folder.resolve().name
    if not (folder / "answers.jsonl").is_file():
        return BeirDataset(name, documents, texts, gains, answers=None)
    answers, misplaced = _read_answers(folder / "answers.jsonl", texts, documents)
    return BeirDataset(name, documents, texts, gains, answers, misplaced)


def read_questions(file: Path) -> list[Question]:
    """Read a question set.

    An answerable question needs evidence; that of an unanswerable one is ignored.

    Raises:
        InputError: a file that cannot be read, holds no question, or has a line that does not fit.
    """
    questions: dict[str, Question] = {}
    for place, record in read_jsonl(file):
        question = parse_question(record, place)
        if question.id in questions:
            raise InputError(f"{place} repeats the id {question.id!r}; give every question its own.")
        questions[question.id] = question
    if not questions:
        raise InputError(f"{file} holds no question; write one JSON object per line.")
    return list(questions.values())


def parse_question(record: Mapping[str, Any], place: str, *, draft: bool = False) -> Question:
    """One line of a question set; in a `draft` an answerable question may still lack its evidence.

    Raises:
        InputError: the line does not fit.
    """
    answerable = _field(record, "answerable", bool, place)
    evidence = tuple(
        Evidence(_text(item, "source", place), _text(item, "quote", place))
        for item in _objects(record, "evidence", place, required=answerable and not draft)
    )
    if answerable and not evidence and not draft:
        raise InputError(f"{place}: an answerable question needs at least one item in 'evidence'.")
    history = tuple(
        Turn(_text(turn, "question", place), _field(turn, "answer", str, place))
        for turn in _objects(record, "history", place, required=False)
    )
    return Question(
        id=_identifier(record, "id", place),
        question=_text(record, "question", place),
        language=_text(record, "language", place),
        kind=_text(record, "kind", place),
        answerable=answerable,
        evidence=evidence if answerable or draft else (),
        history=history,
        split=_text(record, "split", place) if record.get("split") is not None else "",
        reviewed=_field(record, "reviewed", bool, place) if "reviewed" in record else True,
    )


def _read_corpus(file: Path) -> dict[str, Document]:
    documents: dict[str, Document] = {}
    for place, record in read_jsonl(file):
        source = _identifier(record, "_id", place)
        if source in documents:
            raise InputError(f"{place} repeats the _id {source!r}; give every document its own.")
        title = _field(record, "title", str, place) if record.get("title") is not None else ""
        # A record with a title only could not be found otherwise; no answer offset can point into an empty text.
        text = _field(record, "text", str, place) or title
        digest = hashlib.sha256(json.dumps([title, text]).encode()).hexdigest()
        documents[source] = Document(source, title, text, digest, language=detect(text))
    if not documents:
        raise InputError(f"{file} holds no document; write one JSON object per line.")
    return documents


def _read_queries(file: Path) -> dict[str, str]:
    queries: dict[str, str] = {}
    for place, record in read_jsonl(file):
        name = _identifier(record, "_id", place)
        if name in queries:
            raise InputError(f"{place} repeats the _id {name!r}; give every query its own.")
        queries[name] = _text(record, "text", place)
    if not queries:
        raise InputError(f"{file} holds no query; write one JSON object per line.")
    return queries


def _read_judgements(file: Path, queries: Mapping[str, str]) -> dict[str, dict[str, float]]:
    gains: dict[str, dict[str, float]] = {}
    for place, line in _read_lines(file):
        fields = line.rstrip("\r\n").split("\t")
        if len(fields) != 3:
            raise InputError(f"{place} has {len(fields)} columns; it needs query-id, corpus-id and score with a tab between them.")
        try:
            gain = float(fields[2])
        except ValueError as error:
            if place.endswith(":1"):  # the header
                continue
            raise InputError(f"{place}: the score {fields[2]!r} is not a number.") from error
        if fields[0] in queries:
            gains.setdefault(fields[0], {})[fields[1]] = gain
    return gains


def _read_answers(file: Path, queries: Mapping[str, str], documents: Mapping[str, Document]) -> tuple[dict[str, list[GoldSpan]], int]:
    """The gold spans of each query, and how many of them do not hold the text that they should."""
    answers: dict[str, list[GoldSpan]] = {}
    misplaced = 0
    for place, record in read_jsonl(file):
        name, source = _identifier(record, "_id", place), _identifier(record, "corpus_id", place)
        if source not in documents:
            raise InputError(f"{place}: the corpus_id {source!r} is not in corpus.jsonl.")
        for answer in _objects(record, "answers", place, required=True):
            text, start = _text(answer, "text", place), _field(answer, "start", int, place)
            if name in queries:
                answers.setdefault(name, []).append(GoldSpan(source, start, start + len(text)))
                misplaced += documents[source].text[start : start + len(text)] != text
    return answers, misplaced


def read_jsonl(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a JSONL file, each with its place "file:line".

    Raises:
        InputError: while iterating: a file that cannot be read, or a line that is no JSON object.
    """
    for place, line in _read_lines(file):
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"{place} is not JSON ({error.msg} at column {error.colno}); write one JSON object per line.") from error
        if not isinstance(record, dict):
            raise InputError(f"{place} is a JSON {type(record).__name__}, not an object; write one JSON object per line.")
        yield place, record


def _read_lines(file: Path) -> Iterator[tuple[str, str]]:
    """Lines that are not blank, each with its place "file:line"."""
    try:
        with file.open(encoding="utf-8-sig") as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield f"{file}:{number}", line
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}); check the path.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is not UTF-8 (byte {error.start}); convert it.") from error


def _field(record: Mapping[str, Any], name: str, kind: type[T], place: str) -> T:
    if name not in record:
        raise InputError(f"{place} has no {name!r}; it needs one of type {kind.__name__}.")
    value = record[name]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InputError(f"{place}: {name!r} is {value!r}; it must be of type {kind.__name__}.")
    return value


def _text(record: Mapping[str, Any], name: str, place: str) -> str:
    text = _field(record, name, str, place)
    if not text.strip():
        raise InputError(f"{place}: {name!r} is empty.")
    return text


def _identifier(record: Mapping[str, Any], name: str, place: str) -> str:
    """An id as text; some data sets write numbers."""
    return str(record[name]) if type(record.get(name)) is int else _text(record, name, place)


def _objects(record: Mapping[str, Any], name: str, place: str, *, required: bool) -> list[dict[str, Any]]:
    if record.get(name) is None and not required:
        return []
    items = _field(record, name, list, place)
    for item in items:
        if not isinstance(item, dict):
            raise InputError(f"{place}: {name!r} holds {item!r}; each item must be an object.")
    return items
