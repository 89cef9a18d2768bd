"""Scores an embedding on the development sets: nDCG@10 of passages ranked by cosine.

It knows the development files and a function from texts to unit vectors, and nothing of how that function works.
Nothing read here may be trained on.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.corpus import read_rows

Encode = Callable[[Sequence[str]], npt.NDArray[np.float32]]


def score(encode: Encode, data: Path) -> dict[str, float]:
    """Return nDCG@10 by task: XQuAD questions over paragraphs and news titles over the articles they belong to."""
    xquad = list(read_rows(data, "dev/xquad_dev_half"))
    news = list(read_rows(data, "dev/news_titles"))
    tasks = {
        "XQuAD es->es": (xquad, "question_es", "context_es"),
        "XQuAD en->es": (xquad, "question_en", "context_es"),
        "XQuAD es->en": (xquad, "question_es", "context_en"),
        "XQuAD en->en": (xquad, "question_en", "context_en"),
        "news titles es->es": (news, "title_es", "es"),
        "news titles en->es": (news, "title_en", "es"),
    }
    results = {}
    for name, (rows, query, passage) in tasks.items():
        passages = list(dict.fromkeys(row[passage] for row in rows))
        position = {text: index for index, text in enumerate(passages)}
        relevant = np.array([position[row[passage]] for row in rows])
        results[name] = ndcg_at_10(encode([row[query] for row in rows]) @ encode(passages).T, relevant)
    return results


def ndcg_at_10(scores: npt.NDArray[np.float32], relevant: npt.NDArray[np.int64]) -> float:
    """Mean of 1 / log2(1 + rank) where the one relevant passage ranks in the top ten, else 0 (Järvelin, Kekäläinen 2002).

    `scores` has one row per query; ties count against the model.
    """
    own = scores[np.arange(len(relevant)), relevant][:, None]
    ranks = (scores >= own).sum(axis=1)
    return float(np.where(ranks <= 10, 1 / np.log2(1 + ranks), 0.0).mean())
