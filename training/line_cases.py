"""What lines are read with for training: each question of a written document with the lines that are found for it among four documents."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from rag.select import LINES, SentenceScorer, is_line, line_text
from training.fit_answers import indexed
from training.written import Written, write_documents

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
    step = max(1, len(written) // TOGETHER)
    for first in tqdm(range(step), desc="searching", mininterval=5):
        together = written[first::step]
        with tempfile.TemporaryDirectory() as folder, indexed(write_documents(together, Path(folder)), scorer) as pipeline:
            for document in together:
                text = pipeline.document(document.name).text
                for asked in document.questions:
                    hits = pipeline.search(asked.question)
                    start = text.index(asked.evidence) if asked.evidence else 0
                    end = start + len(asked.evidence or "")
                    lines = []
                    for item in scorer.by_words(asked.question, hits):
                        passage = hits[item.hit].passage
                        if is_line(passage, item.start, item.end):
                            overlaps = passage.start + item.start < end and start < passage.start + item.end
                            lines.append((line_text(passage, item.start, item.end), overlaps and passage.source == document.name))
                    chosen = lines[:LINES]
                    if not any(right for _, right in chosen):
                        chosen = [*chosen[: LINES - 1], *[line for line in lines if line[1]][:1]]
                    if chosen:
                        texts, right = zip(*chosen, strict=True)
                        yield Case(asked.question, texts, right, bool(asked.evidence), asked.language != document.language)
