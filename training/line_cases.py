"""What lines are read with for training: each question of a written document with the lines and rows found for it among four documents."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.select import LINES, SentenceScorer, is_read_alone, line_text
from training.fit_answers import holds_answer, searched
from training.written import Written

TOGETHER = 4
"""Documents to an index."""


@dataclass(frozen=True)
class Case:
    """A question with its lines ("title\\nline"), best by words first; `right` says which answer, `answered` whether the document does.

    `crossed` says that the question is in another language than its document.
    """

    question: str
    lines: tuple[str, ...]
    right: tuple[bool, ...]
    answered: bool
    crossed: bool


def find_cases(written: Sequence[Written], scorer: SentenceScorer) -> Iterator[Case]:
    """Every question that has lines among the first passages: the best by words, and one that answers, if any was found."""
    for document, asked, hits, spans in searched(written, scorer, TOGETHER, "searching"):
        lines = [
            (line_text(hits[item.hit].passage, item.start, item.end), holds_answer(item, hits, spans))
            for item in scorer.by_words(asked.question, hits)
            if is_read_alone(hits[item.hit].passage, item.start, item.end)
        ]
        chosen = lines[:LINES]
        if not any(right for _, right in chosen):
            chosen = [*chosen[: LINES - 1], *[line for line in lines if line[1]][:1]]
        if chosen:
            texts, right = zip(*chosen, strict=True)
            yield Case(asked.question, texts, right, bool(spans), asked.language != document.language)
