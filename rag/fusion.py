"""How the scores of the searches become one: weighted sums of standardised scores, with weights for each pair of languages.

The weights are numbers of `rag/models/fusion`, fitted on development sets by `training.fit_fusion`, one row for each language of the
question with each language of the passage, with contextual vectors and without. Standardised (z) scores: Lee 1997, "Analyses of multiple
evidence combination"; equal-weight rank fusion was measured and lost (docs/decisions.md).

It does not know where scores come from.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from rag.embed import read_verified
from rag.paths import MODELS
from rag.types import Language

Values = npt.NDArray[np.float64]

FOLDER = "fusion"
PARTS = ("words", "grams", "dense", "contextual")
_OTHER: dict[Language, Language] = {"en": "es", "es": "en"}


@dataclass(frozen=True, slots=True)
class Weights:
    """Of stemmed words, character 4-grams, vectors and contextual vectors (together 1); `closer` is the share of the closer look after."""

    words: float
    grams: float
    dense: float
    contextual: float
    closer: float


@dataclass(frozen=True, slots=True)
class Fusion:
    """Weights by "question's language->passage's language": `static` without contextual vectors, `contextual` with them."""

    static: Mapping[str, Weights]
    contextual: Mapping[str, Weights]

    @classmethod
    @lru_cache(maxsize=4)
    def load(cls, models: Path = MODELS) -> Self:
        """Those that come with the models.

        Raises:
            ModelError: the file is missing or does not match its sha256.
        """
        files, _ = read_verified(models, FOLDER)
        stored = json.loads(files["weights.json"])
        return cls(*({pair: Weights(**row) for pair, row in stored[case].items()} for case in ("static", "contextual")))


@dataclass(frozen=True, slots=True)
class Scores:
    """The candidates of one question by passage id, with their raw scores (n each); `same` marks those in its `language`.

    `contextual` has scores of some candidates only, by id: the others count as the mean of these.
    """

    language: Language
    ids: list[int]
    same: npt.NDArray[np.bool_]
    words: Values
    grams: Values
    dense: Values
    contextual: Mapping[int, float] = field(default_factory=dict)

    def lexical(self) -> Values:
        """BM25 on words where the languages agree, on 4-grams where they differ."""
        return np.where(self.same, self.words, self.grams)

    def standardised(self) -> Values:
        """z-scores (n x 4) in the order of `PARTS`; lexical ones are standardised within each language, for the pairs differ in scale."""
        columns = np.zeros((len(self.ids), len(PARTS)))
        for group in (self.same, ~self.same):
            columns[group, 0], columns[group, 1] = standardised(self.words[group]), standardised(self.grams[group])
        columns[:, 2] = standardised(self.dense)
        if self.contextual:
            has = np.array([identifier in self.contextual for identifier in self.ids], dtype=bool)
            columns[has, 3] = standardised(np.array([self.contextual[i] for i in self.ids if i in self.contextual]))
        return columns

    def fused(self, fusion: Fusion) -> Values:
        """Weighted sums (n)."""
        weights = self._weights(fusion)
        sums: Values = (self.standardised() * weights[:, : len(PARTS)]).sum(axis=1)
        return sums

    def closer(self, fusion: Fusion) -> Values:
        """The share of the closer look (n)."""
        return self._weights(fusion)[:, len(PARTS)]

    def _weights(self, fusion: Fusion) -> Values:
        table = fusion.contextual if self.contextual else fusion.static
        rows = [table[f"{self.language}->{own}"] for own in (self.language, _OTHER[self.language])]
        numbers = np.array([[*(getattr(row, part) for part in PARTS), row.closer] for row in rows])
        return numbers[np.where(self.same, 0, 1)]


def standardised(scores: Values) -> Values:
    """z-scores; zeros where all are alike."""
    spread = float(scores.std()) if len(scores) else 0.0
    if not math.isfinite(spread) or spread < 1e-9:
        return np.zeros(len(scores))
    values: Values = (scores - scores.mean()) / spread
    return values
