"""Read a BEIR folder (Thakur et al. 2021, https://github.com/beir-cellar/beir).

corpus.jsonl {"_id", "title"?, "text"}, queries.jsonl {"_id", "text"}, qrels/test.tsv with a header and the columns query-id, corpus-id,
score; here also, if present, answers.jsonl {"_id", "corpus_id", "answers": [{"text", "start"}]}, where `start` counts characters of the
record's `text`. Only queries with something relevant count, as in BEIR's own figures.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from rag.errors import InputError
from rag.evaluate import lines
from rag.evaluate.datasets import Dataset, GoldSpan, Question, digest_of
from rag.language import detect
from rag.types import Document

KIND = "query"


def read_beir(folder: Path, queries: Path | None = None) -> Dataset:
    """Read a BEIR folder, with the queries of the file `queries` in place of its own if one is given.

    Judgements of queries that are not in the queries file are left out, so that a file with some of the queries is enough.

    Raises:
        InputError: a file that is missing or a line that does not fit.
    """
    if folder.is_dir() and not (folder / "corpus.jsonl").is_file():
        cure = "for documents of your own, give a question set and --documents"
        raise InputError(f"{folder} is no BEIR folder, for it has no corpus.jsonl; {cure}.")
    asked, judgements = queries or folder / "queries.jsonl", folder / "qrels" / "test.tsv"
    documents = read_corpus(folder / "corpus.jsonl")
    texts = _read_queries(asked)
    gains = _read_judgements(judgements, texts)
    judged = {name: own for name, own in gains.items() if any(gain > 0 for gain in own.values())}
    if not judged:
        raise InputError(f"No query of {asked} is judged in qrels/test.tsv; check that the ids agree.")
    file = folder / "answers.jsonl"
    answers, misplaced = _read_answers(file, texts, documents) if file.is_file() else ({}, 0)
    questions = tuple(_question(name, texts[name], own, answers.get(name, []), documents) for name, own in judged.items())
    left_out = {"queries_left_out": len(texts) - len(judged)} | ({"misplaced_answers": misplaced} if file.is_file() else {})
    return Dataset(
        folder.resolve().name, "documents", questions, digest_of(folder / "corpus.jsonl", asked, judgements, file),
        gold="answer" if file.is_file() else None, documents=documents, left_out=left_out,
    )  # fmt: skip


def read_corpus(file: Path) -> dict[str, Document]:
    """The documents of a corpus.jsonl by id.

    Raises:
        InputError: a line that does not fit, or no line at all.
    """
    documents: dict[str, Document] = {}
    for place, record in lines.read_jsonl(file):
        source = lines.identifier(record, "_id", place)
        if source in documents:
            raise InputError(f"{place} repeats the _id {source!r}; give every document its own.")
        title = lines.field(record, "title", str, place) if record.get("title") is not None else ""
        # A record with a title only could not be found otherwise; no answer offset can point into an empty text.
        documents[source] = plain_document(source, title, lines.field(record, "text", str, place) or title)
    if not documents:
        raise InputError(f"{file} holds no document; write one JSON object per line.")
    return documents


def plain_document(source: str, title: str, text: str) -> Document:
    """A document that is no file."""
    digest = hashlib.sha256(json.dumps([title, text]).encode()).hexdigest()
    return Document(source, title, text, digest, language=detect(text))


def _question(name: str, text: str, gains: Mapping[str, float], spans: list[GoldSpan], documents: Mapping[str, Document]) -> Question:
    own = documents.get(name)
    # A query that is itself a document of the corpus (ArguAna, Quora) is not credited or charged with finding itself.
    itself = own is not None and text in own.text and gains.get(name, 0) <= 0
    words = tuple(documents[span.source].text[span.start : span.end] for span in spans)
    most_relevant = min(gains, key=lambda source: (-gains[source], source))
    return Question(
        id=name, question=text, language=detect(text), kind=KIND, answerable=True, gains=gains, spans=tuple(spans),
        answers=tuple(dict.fromkeys(words)), own_document=name if itself else None,
        document_language=documents[most_relevant].language if most_relevant in documents else None,
    )  # fmt: skip


def _read_queries(file: Path) -> dict[str, str]:
    queries: dict[str, str] = {}
    for place, record in lines.read_jsonl(file):
        name = lines.identifier(record, "_id", place)
        if name in queries:
            raise InputError(f"{place} repeats the _id {name!r}; give every query its own.")
        queries[name] = lines.text(record, "text", place)
    if not queries:
        raise InputError(f"{file} holds no query; write one JSON object per line.")
    return queries


def _read_judgements(file: Path, queries: Mapping[str, str]) -> dict[str, dict[str, float]]:
    gains: dict[str, dict[str, float]] = {}
    for place, line in lines.read_lines(file):
        fields = line.rstrip("\r\n").split("\t")
        if len(fields) != 3:
            raise InputError(f"{place} has {len(fields)} columns; it needs query-id, corpus-id and score with a tab between them.")
        own = gains.setdefault(fields[0], {}) if fields[0] in queries else {}
        try:
            lines.judge(own, fields[1], fields[2], place)
        except ValueError as error:
            if place.endswith(":1") and fields[0] not in queries:  # the header
                continue
            raise InputError(f"{place}: the score {fields[2]!r} is not a number.") from error
    return gains


def _read_answers(file: Path, queries: Mapping[str, str], documents: Mapping[str, Document]) -> tuple[dict[str, list[GoldSpan]], int]:
    """The gold spans of each query, and how many of them do not hold the text that they should."""
    answers: dict[str, list[GoldSpan]] = {}
    misplaced = 0
    for place, record in lines.read_jsonl(file):
        name, source = lines.identifier(record, "_id", place), lines.identifier(record, "corpus_id", place)
        if source not in documents:
            raise InputError(f"{place}: the corpus_id {source!r} is not in corpus.jsonl.")
        for answer in lines.objects(record, "answers", place, required=True):
            text, start = lines.text(answer, "text", place), lines.field(answer, "start", int, place)
            if name in queries:
                answers.setdefault(name, []).append(GoldSpan(source, start, start + len(text)))
                misplaced += documents[source].text[start : start + len(text)] != text
    return answers, misplaced
