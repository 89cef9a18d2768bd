"""Read SQuAD-style JSON: SQuAD 1.1 and 2.0, XQuAD, MLQA, and long documents whose answers are spans.

{"data": [{"title"?, "paragraphs": [{"context", "qas": [{"id", "question", "answers": [{"text", "answer_start"}], "is_impossible"?}]}]}]}.
Every context is one document, whatever its length; titles are not indexed, because paragraphs of one article share theirs. With a second
file the questions are its, paired by id: xquad.es.json with the questions of xquad.en.json asks English questions about Spanish texts
(Artetxe et al. 2020, XQuAD; Lewis et al. 2020, MLQA; Rajpurkar et al. 2018, SQuAD 2.0).
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rag.errors import InputError
from rag.evaluate import lines
from rag.evaluate.beir import plain_document
from rag.evaluate.datasets import Dataset, GoldSpan, Question, digest_of
from rag.language import detect
from rag.types import Document

KIND = "reading"
UNANSWERABLE = "unanswerable"


def read_squad(file: Path, queries: Path | None = None) -> Dataset:
    """Read a SQuAD file; `queries` is another whose questions are asked instead, where both have the id.

    Raises:
        InputError: a file that cannot be read or does not fit, or two without an id in common.
    """
    others = {name: text for _, _, name, text, _ in _questions(queries)} if queries else None
    documents: dict[str, Document] = {}
    sources: dict[str, str] = {}
    questions: dict[str, Question] = {}
    misplaced = total = 0
    for title, context, name, text, record in _questions(file):
        total += 1
        if context not in sources:
            sources[context] = f"{title}#{len(sources) + 1}"
            documents[sources[context]] = plain_document(sources[context], "", context)
        if others is not None:
            if name not in others:
                continue
            text = others[name]
        if name in questions:
            raise InputError(f"{file}: the question id {name!r} is there twice; give every question its own.")
        document = documents[sources[context]]
        questions[name], wrong = _question(name, text, record, document, f"{file}: question {name!r}")
        misplaced += wrong
    if not questions:
        reason = f"shares no question id with {queries}" if queries and total else "holds no question"
        raise InputError(f"{file} {reason}; give SQuAD-style JSON of the same questions.")
    left_out = {"queries_left_out": total - len(questions), "misplaced_answers": misplaced}
    files = (file, queries) if queries else (file,)
    return Dataset(
        file.stem, "documents", tuple(questions.values()), digest_of(*files), gold="answer", documents=documents, left_out=left_out
    )


def _question(name: str, text: str, record: dict[str, Any], document: Document, place: str) -> tuple[Question, int]:
    """The question, and how many of its answers are not where they say."""
    given = lines.objects(record, "answers", place, required=False)
    spans, words, misplaced = [], [], 0
    for answer in given:
        answer_text, start = lines.text(answer, "text", place), lines.field(answer, "answer_start", int, place)
        spans.append(GoldSpan(document.source, start, start + len(answer_text)))
        words.append(answer_text)
        misplaced += document.text[start : start + len(answer_text)] != answer_text
    answerable = bool(given) and not record.get("is_impossible", False)
    question = Question(
        id=name, question=text, language=detect(text), kind=KIND if answerable else UNANSWERABLE, answerable=answerable,
        gains={document.source: 1.0} if answerable else {}, spans=tuple(dict.fromkeys(spans)) if answerable else (),
        answers=tuple(dict.fromkeys(words)) if answerable else (), document_language=document.language,
    )  # fmt: skip
    return question, misplaced


def _questions(file: Path) -> Iterator[tuple[str, str, str, str, dict[str, Any]]]:
    """(title, context, id, question, record) of every question, in order."""
    try:
        whole = json.loads(lines.read_text(file))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file} is not JSON ({error}); give SQuAD-style JSON.") from error
    if not isinstance(whole, dict):
        raise InputError(f"{file} is a JSON {type(whole).__name__}; SQuAD-style JSON is an object with 'data'.")
    for number, article in enumerate(lines.objects(whole, "data", str(file), required=True), 1):
        place = f"{file}: article {number}"
        title = str(article.get("title") or f"document-{number}")
        for paragraph in lines.objects(article, "paragraphs", place, required=True):
            context = lines.text(paragraph, "context", place)
            for record in lines.objects(paragraph, "qas", place, required=True):
                yield title, context, lines.identifier(record, "id", place), lines.text(record, "question", place), record
