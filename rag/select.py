"""Which sentence of the passages answers the question: word coverage first, the reader's second opinion on top.

A score is a log-odds: a softmax over the sentences of the first passages picks the one with the answer. It is a weighted sum of how well
the sentence and its surroundings cover the question, how well its passage ranked, whether it has the kind of thing that is asked for,
and what the reader says. It does not know whether any sentence answers at all: that is for `rag.abstain`.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from rag.asked import holds, kinds_asked
from rag.evidence import Evidence, builtin_evidence, counterparts, covered
from rag.read import Reader
from rag.sentences import sentences
from rag.types import Hit, Passage

READ = 4  # hits whose sentences are looked at
REMEMBERED = 16  # questions
READING_LIMIT = 12.0  # the reader's log-odds count up to here, either way
MARKUP = re.compile(r"(?<!\w)[*_`]+|[*_`]+(?!\w)|(?m:^\s*[#>]+\s*)")


@dataclass(frozen=True, slots=True)
class Scored:
    """A sentence of a hit (index in the hits) at `start:end` of its passage.

    `words` is its score by words alone, `reading` the reader's log-odds that the answer lies in it, `score` both together.
    """

    hit: int
    start: int
    end: int
    words: float
    reading: float
    score: float


@dataclass(frozen=True, slots=True)
class Weights:
    """Coefficients of the score, fitted as docs/decisions.md says."""

    sentence: float = 7.7
    surroundings: float = 3.8
    passage: float = 1.6
    asked_for: Mapping[str, float] = field(default_factory=lambda: {"date": 1.8, "amount": 1.7, "person": 0.8, "place": 0.2, "reason": 1.0})
    length: float = -0.43
    heading: float = -9.0
    reading: float = 0.5


class SentenceScorer:
    """Scores sentences with the words of the built-in table and the reader."""

    def __init__(self, evidence: Evidence, reader: Reader, weights: Weights | None = None) -> None:
        self.evidence = evidence
        self.reader = reader
        self._weights = weights or Weights()
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._score)

    def score(self, question: str, hits: Sequence[Hit]) -> list[Scored]:
        """Every sentence of the first hits, best first; the latest are remembered, for refusal and quotation ask for the same ones."""
        return list(self._remembered(question, tuple(hits[:READ])))

    def _score(self, question: str, hits: tuple[Hit, ...]) -> tuple[Scored, ...]:
        per_hit = [sentences(hit.passage.text) for hit in hits]
        spans = [(index, span) for index, own in enumerate(per_hit) for span in own]
        by_words = self._by_words(question, hits, spans)
        by_reader = self._by_reader(question, hits, per_hit)
        scored = [
            Scored(index, start, end, words, reading, words + self._weights.reading * reading)
            for (index, (start, end)), words, reading in zip(spans, by_words, by_reader, strict=True)
        ]
        return tuple(sorted(scored, key=lambda item: (-item.score, item.hit, item.start)))

    def _by_words(self, question: str, hits: Sequence[Hit], spans: Sequence[tuple[int, tuple[int, int]]]) -> list[float]:
        texts = [hits[index].passage.text[slice(*span)] for index, span in spans]
        contexts = ["\n".join((hit.passage.title, *hit.passage.section)) for hit in hits]
        asked, *words = self.evidence.words([question, *texts, *contexts])
        best = counterparts(asked, words)
        own = covered(asked, best)
        wanted = kinds_asked(question)
        top = max((hit.score for hit in hits), default=0.0)
        scores = []
        for position, (index, _) in enumerate(spans):
            rows = [near for near in (position - 1, position, position + 1) if 0 <= near < len(spans) and spans[near][0] == index]
            around = best[[*rows, len(spans) + index]].max(axis=0, keepdims=True)
            text = texts[position]
            score = self._weights.sentence * own[position] + self._weights.surroundings * covered(asked, around)[0]
            score += self._weights.passage * (hits[index].score - top)
            score += sum(self._weights.asked_for[kind] for kind in wanted if holds(text, kind))
            score += self._weights.length * math.log(len(text)) + self._weights.heading * is_heading(text, hits[index].passage)
            scores.append(float(score))
        return scores

    def _by_reader(self, question: str, hits: Sequence[Hit], per_hit: Sequence[Sequence[tuple[int, int]]]) -> list[float]:
        self.reader.read(question, [hit.passage.text for hit in hits])  # all windows side by side; what follows takes them from memory
        found = [self.reader.sentence_scores(question, hit.passage.text, spans) for hit, spans in zip(hits, per_hit, strict=True)]
        return [float(np.clip(value, -READING_LIMIT, READING_LIMIT)) for values in found for value in values]


def is_heading(text: str, passage: Passage) -> bool:
    """Whether a sentence is no statement: a question, the title, or the line of a heading."""
    plain = MARKUP.sub("", text).strip(" .:")
    return text.rstrip(" *_").endswith("?") or any(plain and plain in heading for heading in (passage.title, *passage.section))


def builtin_scorer() -> SentenceScorer:
    """The scorer over the models that come with the program.

    Raises:
        ModelError: a model file is missing or damaged.
    """
    return SentenceScorer(builtin_evidence(), Reader())
