"""What one line of a document says to a question, read below its title alone: a second look at labels, rows and short lines.

Among others "Prima anual: 214,60 €" is hard to find for the reader; alone, with an attention and a head of its own, it is easier. Both
work on the states of the reader's encoder before its last layer, and were trained on documents of labels and values by
`training.train_lines`. A few thousand multiplications a line, so numpy does them. It knows states, and nothing of texts.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rag.embed import read_verified
from rag.paths import MODELS

Scores = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]

FOLDER = "lines"
STATES = "/narrow_norm_4/LayerNormalization_output_0"
"""The tensor of the reader's graph that holds the states before its last layer."""

HEADS = 12
EPSILON = 1e-12


class LineHead:
    """The attention of the first token over a line's states, a small layer, and the log-odds that the line answers.

    Args:
        models: the folder that holds `manifest.json` and `lines/`.

    Raises:
        ModelError: a file is missing or does not match its sha256.
    """

    def __init__(self, models: Path = MODELS) -> None:
        from safetensors.numpy import load

        files, self.revision = read_verified(models, FOLDER)
        stored = load(files["model.safetensors"])
        self._weights: dict[str, Matrix] = {
            name: value * stored[f"{name}.scale"][:, None] if f"{name}.scale" in stored else value.astype(np.float32)
            for name, value in stored.items()
            if not name.endswith(".scale")
        }

    def log_odds(self, windows: Sequence[Matrix]) -> Scores:
        """One number per window, given the states of its tokens (tokens x 384)."""
        if not windows:
            return np.zeros(0)
        first = np.stack([window[0] for window in windows])
        pairs = self._linear("pairs", np.concatenate(windows))
        asked = self._linear("query", first)
        found, start = np.empty_like(first), 0
        for row, window in enumerate(windows):
            found[row] = _attend(asked[row], pairs[start : start + len(window)])
            start += len(window)
        states = self._norm("mixed_norm", first + self._linear("mixed", found))
        states = self._norm("narrow_norm", states + self._linear("narrow", _gelu(self._linear("wide", states))))
        odds: Scores = self._linear("answers", np.tanh(self._linear("hidden", states)))[:, 0].astype(np.float64)
        return odds

    def _linear(self, name: str, values: Matrix) -> Matrix:
        made: Matrix = values @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return made

    def _norm(self, name: str, values: Matrix) -> Matrix:
        centred = values - values.mean(axis=1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + EPSILON)
        made: Matrix = scaled * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return made


def _attend(query: Matrix, pairs: Matrix) -> Matrix:
    """What the heads find for one query (384) among keys and values (tokens x 768)."""
    width = len(query)
    keys, values = (part.reshape(len(pairs), HEADS, -1) for part in (pairs[:, :width], pairs[:, width:]))
    scores = np.einsum("hd,thd->ht", query.reshape(HEADS, -1), keys) * (width // HEADS) ** -0.5
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    found: Matrix = np.einsum("ht,thd->hd", weights / weights.sum(axis=1, keepdims=True), values).reshape(width)
    return found


def _gelu(values: Matrix) -> Matrix:
    """Its usual approximation by a hyperbolic tangent."""
    inner = math.sqrt(2.0 / math.pi) * (values + 0.044715 * values * values * values)
    return (0.5 * values * (1.0 + np.tanh(inner))).astype(np.float32)
