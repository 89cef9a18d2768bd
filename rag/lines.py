"""What one line of a document says to a question, read below its title alone: a second look at labels, rows and short lines.

Among others "Prima anual: 214,60 €" is hard to find for the reader; alone, with an attention and a head of its own, it is easier. Both
were trained on documents of labels and values by `training.train_lines`.
"""

from collections.abc import Sequence

import numpy as np

from rag.heads import Head, Matrix, Scores, gelu

FOLDER = "lines"


class LineHead(Head):
    """The attention of the first token over a line's states, a small layer, and the log-odds that the line answers."""

    folder = FOLDER

    def log_odds(self, windows: Sequence[Matrix]) -> Scores:
        """One number per window, given the states of its tokens (tokens x 384)."""
        if not windows:
            return np.zeros(0)
        first = np.stack([window[0] for window in windows])
        found = np.concatenate([self.attended(window[:1], window) for window in windows])
        states = self.norm("mixed_norm", first + self.linear("mixed", found))
        states = self.norm("narrow_norm", states + self.linear("narrow", gelu(self.linear("wide", states))))
        odds: Scores = self.linear("answers", np.tanh(self.linear("hidden", states)))[:, 0].astype(np.float64)
        return odds
