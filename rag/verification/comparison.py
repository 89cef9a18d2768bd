"""A claim beside its source: how like their words are, and which sentences of the source carry the claim."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from rag.lexicon import CALENDAR
from rag.sentences import sentences
from rag.verification.claims import Claim, WordVectors, read
from rag.verification.numerals import Numeral

Scores = npt.NDArray[np.float64]

COUNTERPART = 0.42
NEARLY = 0.15
MORE_COVERED = 0.1
MOST_SENTENCES = 3
ALIKE = 0.8  # "Pyongyang" and "Pionyang" are .82 alike
SPELLED = 0.9  # what a similar spelling counts for, as a cosine
_SHORTEST_ALIKE = 5


@dataclass(frozen=True, slots=True)
class Comparison:
    """A claim beside its source.

    `likeness` is that of their words (words x words, 0 to 1), `weights` say how much each word of the claim says, `near` are the words
    (indices) of the sentences of the source that carry the claim.
    """

    claim: Claim
    source: Claim
    likeness: Scores
    weights: Scores
    near: frozenset[int]

    @property
    def coverage(self) -> float:
        """The weighted share of the claim's words that the source has counterparts of, 0 to 1."""
        total = float(self.weights.sum())
        return float(self.likeness.max(axis=1) @ self.weights) / total if total and self.likeness.size else 0.0

    def plain_coverage(self, names: frozenset[int]) -> float:
        """How like the claim's words that are neither `names` (indices) nor numbers are to the likest ones of the source, on average."""
        words = [index for index in self.claim.content if index not in names and not self.claim.words[index].plain[0].isdigit()]
        words = [index for index in words if self.claim.words[index].plain not in CALENDAR or self.best(index) >= COUNTERPART]
        return sum(self.best(word) for word in words) / len(words) if words else 1.0

    def best(self, word: int) -> float:
        """How like the likest word of the source is to `word` of the claim."""
        return float(self.likeness[word].max()) if self.likeness.size else 0.0

    def counterparts(self, word: int) -> list[int]:
        """The words of the source, among those that carry the claim, that may mean what `word` of the claim means."""
        return _likely(self.likeness[word], [index for index in self.source.content if index in self.near])

    def sayings(self, word: int) -> list[int]:
        """The words of the claim that may mean what `word` of the source means."""
        return [index for index in _likely(self.likeness[:, word], self.claim.content) if word in self.counterparts(index)]


def compare(text: str, source: str, vectors: WordVectors) -> Comparison:
    """Read a claim and its source, and find the sentences of the source that carry it."""
    claim, passage = read(text), read(source)
    likeness, weights = _likeness(claim, passage, vectors)
    return Comparison(claim, passage, likeness, weights, _near(claim, passage, likeness))


def _likely(likeness: Scores, words: Sequence[int]) -> list[int]:
    """Those of `words` that are like enough, and hardly less so than the likest."""
    best = max((float(likeness[word]) for word in words), default=0.0)
    return [word for word in words if likeness[word] >= max(COUNTERPART, best - NEARLY)]


def _likeness(claim: Claim, source: Claim, vectors: WordVectors) -> tuple[Scores, Scores]:
    """The cosine of every two words, 1 for equal ones, at least `SPELLED` for names spelled alike; numbers are like equal ones only."""
    said, meant = sorted({word.plain for word in claim.words}), sorted({word.plain for word in source.words})
    if not said or not meant:
        return np.zeros((len(claim.words), len(source.words))), np.ones(len(claim.words))
    own, other = vectors.each(said), vectors.each(meant)
    likeness = np.clip(own.vectors @ other.vectors.T, 0.0, 1.0).astype(np.float64)
    likeness[[word[0].isdigit() for word in said], :] = 0.0
    likeness[:, [word[0].isdigit() for word in meant]] = 0.0
    rows, columns = ({word: at for at, word in enumerate(words)} for words in (said, meant))
    for word, row in rows.items():
        if word in columns:
            likeness[row, columns[word]] = 1.0
    names = {word.plain for word in source.words if word.text[0].isupper()}
    for word in {word.plain for word in claim.words if word.text[0].isupper()}:
        for name in names:
            if name != word and alike(word, name):
                likeness[rows[word], columns[name]] = max(float(likeness[rows[word], columns[name]]), SPELLED)
    order = [rows[word.plain] for word in claim.words]
    each = likeness[np.ix_(order, [columns[word.plain] for word in source.words])]
    for numeral in claim.numerals:
        for equal in source.numerals:
            if numeral.equals(equal) and _in_digits(claim, numeral) != _in_digits(source, equal):  # "21" and "twenty-one"
                each[_within(claim, numeral), _within(source, equal)] = 1.0
    return each, own.weights[order].astype(np.float64)


def _in_digits(text: Claim, numeral: Numeral) -> bool:
    return text.text[numeral.start].isdigit()


def _within(text: Claim, numeral: Numeral) -> slice:
    """The words (indices) that write a number."""
    first = bisect_left(text.words, numeral.start, key=lambda word: word.start)
    return slice(first, bisect_left(text.words, numeral.end, key=lambda word: word.start))


@lru_cache(maxsize=4096)
def alike(one: str, other: str) -> bool:
    """Whether two words (plain) differ as spellings of a name do."""
    if min(len(one), len(other)) < _SHORTEST_ALIKE or one[0] != other[0]:
        return False
    return SequenceMatcher(None, one, other).ratio() >= ALIKE


def _near(claim: Claim, source: Claim, likeness: Scores) -> frozenset[int]:
    """The words of the fewest sentences that cover what the source covers of the claim."""
    spans = _sentences(source.text)
    groups = [[index for index, word in enumerate(source.words) if start <= word.start < end] for start, end in spans]
    content = list(claim.content)
    best = {at: likeness[np.ix_(content, group)].max(axis=1) for at, group in enumerate(groups) if group and content}
    covered: Scores = np.zeros(len(content))
    chosen: list[int] = []
    while best and len(chosen) < MOST_SENTENCES:
        at = max(best, key=lambda position: float(np.maximum(covered, best[position]).sum()))
        gained = float(np.maximum(covered, best[at]).sum() - covered.sum()) / len(content)
        if chosen and gained < MORE_COVERED:
            break
        covered = np.maximum(covered, best.pop(at))
        chosen.append(at)
    return frozenset(word for at in chosen for word in groups[at])


@lru_cache(maxsize=64)
def _sentences(text: str) -> tuple[tuple[int, int], ...]:
    return tuple(sentences(text))
