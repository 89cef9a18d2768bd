"""Scores vectors on the development sets: nDCG@10 of passages ranked by cosine, with 95% intervals.

It knows the development files and a function from texts to unit vectors, and nothing of how that function works.
Nothing read here may be trained on.
"""

from collections.abc import Callable, Hashable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.corpus import read_rows

Encode = Callable[[Sequence[str]], npt.NDArray[np.float32]]
Values = npt.NDArray[np.float64]
RESAMPLES = 1_000


def score(encode: Encode, data: Path) -> dict[str, str]:
    """nDCG@10 by task, as `with_interval` tells it: XQuAD questions over paragraphs, news titles over the articles they belong to."""
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
        gains = ndcg_at_10(encode([row[query] for row in rows]) @ encode(passages).T, relevant)
        groups = [row["title"] for row in rows] if rows is xquad else range(len(rows))
        results[name] = with_interval(lambda drawn, gains=gains: float(gains[drawn].mean()), groups)  # type: ignore[misc]
    return results


def ndcg_at_10(scores: npt.NDArray[np.float32], relevant: npt.NDArray[np.int64]) -> Values:
    """Of each query 1 / log2(1 + rank) where the one relevant passage ranks in the top ten, else 0 (Järvelin, Kekäläinen 2002).

    `scores` has one row per query; ties count against the model.
    """
    own = scores[np.arange(len(relevant)), relevant][:, None]
    ranks = (scores >= own).sum(axis=1)
    return np.where(ranks <= 10, 1 / np.log2(1 + ranks), 0.0)


def with_interval(statistic: Callable[[npt.NDArray[np.int64]], float], groups: Sequence[Hashable]) -> str:
    """ "0.897 (0.880-0.913)": a statistic of questions (indices), and where 95% of drawings of whole groups with replacement put it.

    `groups` has the article of each question: those about one article succeed and fail together (Davison & Hinkley 1997, section 3.8).
    """
    members: dict[Hashable, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(group, []).append(index)
    parts = [np.array(own) for own in members.values()]
    generator = np.random.default_rng(0)
    drawn = [statistic(np.concatenate([parts[place] for place in generator.integers(0, len(parts), len(parts))])) for _ in range(RESAMPLES)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{statistic(np.arange(len(groups))):.3f} ({low:.3f}-{high:.3f})"
