"""Small heads on the states of the built-in reader before its last layer: files, and the few operations that they share, in numpy.

Each is an attention of its own and a layer or two, with int8 rows and a scale each, trained where the reader itself stayed as it is. An
attention is computed from the query's side: a handful of queries meet a few hundred tokens, so the maps of keys and values are applied to
the queries and to what they found, and never to all tokens. It knows states, and nothing of texts.
"""

import math
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from rag.embed import read_verified
from rag.paths import MODELS

Scores = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]

STATES = "/narrow_norm_4/LayerNormalization_output_0"
"""The tensor of the reader's graph that holds the states before its last layer."""

WIDTH_OF_ONE = 32
"""Of each of the several attentions that look side by side."""

EPSILON = 1e-12


class Head:
    """The weights of a head, and what is computed with them.

    Args:
        models: the folder that holds `manifest.json` and the head's own `folder`.

    Raises:
        ModelError: a file is missing or does not match its sha256.
    """

    folder: ClassVar[str]

    def __init__(self, models: Path = MODELS) -> None:
        from safetensors.numpy import load

        files, self.revision = read_verified(models, self.folder)
        stored = load(files["model.safetensors"])
        self._weights: dict[str, Matrix] = {
            name: value * stored[f"{name}.scale"][:, None] if f"{name}.scale" in stored else value.astype(np.float32)
            for name, value in stored.items()
            if not name.endswith(".scale")
        }

    def linear(self, name: str, values: Matrix) -> Matrix:
        """The linear map `name` of every row."""
        made: Matrix = values @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return made

    def norm(self, name: str, values: Matrix) -> Matrix:
        """Every row with the mean 0 and the variance 1, scaled and moved."""
        centred = values - values.mean(axis=1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + EPSILON)
        made: Matrix = scaled * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return made

    def attended(self, asking: Matrix, states: Matrix) -> Matrix:
        """What each row of `asking` (n x width) finds among the `states` (tokens x width): n x the rows of the map `query`."""
        keys, values = self._weights["pairs.weight"].reshape(2, -1, WIDTH_OF_ONE, states.shape[1])
        asked = self.linear("query", asking).reshape(len(asking), -1, WIDTH_OF_ONE).transpose(1, 0, 2)
        scores = (asked @ keys) @ states.T * WIDTH_OF_ONE**-0.5
        weights = np.exp(scores - scores.max(axis=2, keepdims=True))
        found = (weights / weights.sum(axis=2, keepdims=True)) @ states @ values.transpose(0, 2, 1)
        made: Matrix = found.transpose(1, 0, 2).reshape(len(asking), -1) + np.split(self._weights["pairs.bias"], 2)[1]
        return made


def gelu(values: Matrix) -> Matrix:
    """Its usual approximation by a hyperbolic tangent."""
    inner = math.sqrt(2.0 / math.pi) * (values + 0.044715 * values * values * values)
    return (0.5 * values * (1.0 + np.tanh(inner))).astype(np.float32)
