"""Ranking metrics as pure functions of a ranked list of ids and a dict of gains.

`ranked` lists ids from the best down, none twice; `gains` maps an id to its graded relevance, where an id that is absent, 0 or below is not
relevant (as in trec_eval). A question without anything relevant scores 0. These functions know neither documents, passages nor questions:
what one id stands for is up to the caller.
"""

import math
from collections.abc import Mapping, Sequence


def ndcg_at_k(ranked: Sequence[str], gains: Mapping[str, float], k: int) -> float:
    """Normalised discounted cumulated gain of the first `k`: DCG / ideal DCG, with DCG = sum over ranks r of gain(r) / log2(r + 1).

    The gain is linear, as in trec_eval's ndcg_cut and in BEIR's published figures, not 2^gain - 1; for gains of 0 and 1 both are the same.
    Järvelin & Kekäläinen (2002), Cumulated gain-based evaluation of IR techniques, ACM TOIS 20(4).
    """
    ideal = _discounted(sorted((gain for gain in gains.values() if gain > 0), reverse=True)[:k])
    return _discounted(_gains_of(ranked, gains, k)) / ideal if ideal else 0.0


def recall_at_k(ranked: Sequence[str], gains: Mapping[str, float], k: int) -> float:
    """Relevant ids among the first `k` / all relevant ids."""
    relevant = _count_relevant(gains)
    return sum(gain > 0 for gain in _gains_of(ranked, gains, k)) / relevant if relevant else 0.0


def reciprocal_rank_at_k(ranked: Sequence[str], gains: Mapping[str, float], k: int) -> float:
    """1 / rank of the first relevant id within the first `k`, else 0; its mean over questions is MRR@k.

    Voorhees (1999), The TREC-8 question answering track report.
    """
    return next((1 / rank for rank, gain in enumerate(_gains_of(ranked, gains, k), 1) if gain > 0), 0.0)


def average_precision(ranked: Sequence[str], gains: Mapping[str, float]) -> float:
    """Sum over the ranks r of relevant ids of (relevant ids among the first r / r), divided by all relevant ids.

    Its mean over questions is MAP. Manning, Raghavan & Schütze (2008), Introduction to Information Retrieval, section 8.4.
    """
    relevant = _count_relevant(gains)
    ranks = [rank for rank, gain in enumerate(_gains_of(ranked, gains, len(ranked)), 1) if gain > 0]
    return sum(found / rank for found, rank in enumerate(ranks, 1)) / relevant if relevant else 0.0


def _gains_of(ranked: Sequence[str], gains: Mapping[str, float], k: int) -> list[float]:
    """The gain at each of the first `k` ranks, negative judgements as 0."""
    if len(set(ranked)) != len(ranked):
        raise ValueError(f"a ranking must not list an id twice: {len(ranked)} entries, {len(set(ranked))} different ids")
    return [max(0.0, gains.get(name, 0.0)) for name in ranked[:k]]


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, 1))


def _count_relevant(gains: Mapping[str, float]) -> int:
    return sum(gain > 0 for gain in gains.values())
