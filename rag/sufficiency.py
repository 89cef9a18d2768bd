"""Whether one of the sentences that were found answers at all: their odds against each other and against "none of them".

The reader's own scores tell one sentence of a passage from the next, but were not trained to compare the best ones of several passages
with silence. This head was, on the sentences that the product itself would choose among (`training.train_sufficiency`): an attention of
each sentence over its window's states, with what words and reader say of it beside.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rag.heads import Head, Matrix, Scores

FOLDER = "sufficiency"


class Seen(NamedTuple):
    """A sentence in the states of its window (tokens x 384), from the token `start` to before `end`.

    `answered` are the log-odds, by the reader, that the window answers.
    """

    states: npt.NDArray[np.float16]
    start: int
    end: int
    answered: float


class SufficiencyHead(Head):
    """The log-odds that a sentence answers, against "none of them"; those of one question may be summed, as odds."""

    folder = FOLDER

    def log_odds(self, seen: Sequence[Seen], known: Matrix) -> Scores:
        """One number per sentence, given what else is known of each (len(seen) x 3, see `rag.select.known_of`)."""
        if not seen:
            return np.zeros(0)
        means = [one.states[one.start : one.end].mean(axis=0, keepdims=True, dtype=np.float32) for one in seen]
        found = [self.attended(mean, one.states.astype(np.float32)) for mean, one in zip(means, seen, strict=True)]
        mixed = self.norm("mixed_norm", np.concatenate(means) + self.linear("mixed", np.concatenate(found)))
        odds = self.linear("answers", np.tanh(self.linear("hidden", mixed))) + self.linear("known", with_windows(seen, known))
        scores: Scores = odds[:, 0].astype(np.float64)
        return scores


def with_windows(seen: Sequence[Seen], known: Matrix) -> Matrix:
    """What is known of sentences, and what the reader says of their windows (len(seen) x 4)."""
    return np.column_stack([known, [one.answered / 5 for one in seen]]).astype(np.float32)
