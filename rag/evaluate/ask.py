"""Ask every question of a data set, a few at a time, and keep the order.

A first sample is asked one by one, as a user would, and only its times count: two questions side by side on one machine slow each other
down. For the others one retrieval serves both the answer and the ranking that is scored.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from functools import lru_cache
from threading import local
from typing import TYPE_CHECKING

from rag.evaluate.datasets import Question
from rag.evaluate.score import DEPTH, Outcome
from rag.evaluate.subject import Progress
from rag.retrieve import Retrieved, Retriever
from rag.types import Document, Language

if TYPE_CHECKING:
    from rag.index import Snapshot
    from rag.pipeline import Pipeline

TIMED = 40
DOCUMENTS = 64
"""Documents that are kept while labels and citations are compared with their texts."""

Run = Callable[[Question], Outcome]


def run_all(
    questions: Sequence[Question], timed: Run, untimed: Run, workers: int, progress: Progress | None = None,
    done: Mapping[str, Outcome] | None = None, keep: Callable[[Outcome], None] | None = None,
) -> list[Outcome]:  # fmt: skip
    """The outcome of every question, in order; those of `done` (by id) are taken as they are, new ones handed to `keep` at once.

    With one worker all questions are `timed`, with more of them a sample that is spread evenly over the set.
    """
    known = dict(done or {})
    missing = [question for question in questions if question.id not in known]
    step = 1 if workers == 1 else max(1, len(missing) // TIMED)
    first, rest = missing[::step], [question for place, question in enumerate(missing) if place % step]

    def take(outcome: Outcome) -> None:
        known[outcome.entry["id"]] = outcome
        if keep:
            keep(outcome)
        if progress:
            progress(len(known), len(questions), "questions")

    for question in first:
        take(timed(question))
    pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="evaluate")
    try:
        for job in [pool.submit(copy_context().run, untimed, question) for question in rest]:
            take(replace(job.result(), milliseconds={}))
    finally:
        pool.shutdown(cancel_futures=True)
    return [known[question.id] for question in questions]


def with_one_retrieval(pipeline: "Pipeline") -> "Pipeline":
    """The same pipeline, which remembers in each thread what it found last."""
    other = copy.copy(pipeline)
    other._retriever = _Remembering(pipeline._retriever)
    return other


def without_threshold(pipeline: "Pipeline") -> "Pipeline":
    """The same pipeline, never refusing for want of evidence: what it would have said shows how right it was to refuse."""
    other = copy.copy(pipeline)
    answer = pipeline.config.answer.model_copy(update={"threshold": 0.0})
    other.config = pipeline.config.model_copy(update={"answer": answer})
    return other


class WithDocuments:
    """An open pipeline as a `Subject` that reads a document once: labels and citations ask for the same ones again and again."""

    def __init__(self, pipeline: "Pipeline", document: Callable[[str], Document]) -> None:
        self.ask, self.search, self.describe = pipeline.ask, pipeline.search, pipeline.describe
        self.document = document


def remembered_documents(pipeline: "Pipeline") -> Callable[[str], Document]:
    """`pipeline.document`, with the latest documents remembered."""
    return lru_cache(maxsize=DOCUMENTS)(pipeline.document)


class _Remembering(Retriever):
    """Finds as many passages as scores need, once per question; fewer of them are the first ones."""

    def __init__(self, inner: Retriever) -> None:
        self._inner = inner
        self._last = local()

    def retrieve(self, snapshot: "Snapshot", question: str, language: Language, limit: int) -> Retrieved:
        key = (snapshot.generation, question, language, max(limit, DEPTH))
        if getattr(self._last, "key", None) != key:
            self._last.found = self._inner.retrieve(snapshot, question, language, max(limit, DEPTH))
            self._last.key = key
        found: Retrieved = self._last.found
        return replace(found, hits=found.hits[:limit])
