"""What both kinds of evaluation share: the scores of one ranking, and the figures over many questions with their intervals.

An entry is the dict of one question: "id", "group" (the document it is about: questions of one group are not independent) and a value per
metric, None where the metric does not apply to the question. Values are rounded to six digits.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from rag import __version__
from rag.config import Config
from rag.evaluate.metrics import ndcg_at_k, recall_at_k, reciprocal_rank_at_k
from rag.evaluate.statistics import RESAMPLES, SEED, Interval, bootstrap_interval, wilson_interval

RETRIEVAL_METRICS = ("ndcg@10", "recall@1", "recall@5", "recall@10", "mrr@10")

Entry = dict[str, Any]
Estimate = dict[str, float | None]


def score_ranking(ranked: Sequence[str], gains: Mapping[str, float]) -> dict[str, float]:
    """The values of `RETRIEVAL_METRICS` for one question."""
    values = (
        ndcg_at_k(ranked, gains, 10),
        recall_at_k(ranked, gains, 1),
        recall_at_k(ranked, gains, 5),
        recall_at_k(ranked, gains, 10),
        reciprocal_rank_at_k(ranked, gains, 10),
    )
    return {name: round(value, 6) for name, value in zip(RETRIEVAL_METRICS, values, strict=True)}


def estimate_metrics(entries: Sequence[Entry], names: Sequence[str]) -> dict[str, Estimate]:
    """The mean of each metric over the entries it applies to, with its 95% interval."""
    estimates = {}
    for name in names:
        applicable = [entry for entry in entries if entry[name] is not None]
        estimates[name] = estimate_mean([entry[name] for entry in applicable], [entry["group"] for entry in applicable])
    return estimates


def estimate_mean(values: Sequence[float], groups: Sequence[Hashable]) -> Estimate:
    """Mean and interval: Wilson's where every value is 0 or 1 (a proportion), else the bootstrap over groups. None without values."""
    if all(value in (0, 1) for value in values):
        return estimate_proportion(int(sum(values)), len(values))
    return _estimate(sum(values) / len(values), bootstrap_interval(values, groups))


def estimate_proportion(successes: int, trials: int) -> Estimate:
    """Share and Wilson interval; None without trials."""
    if trials == 0:
        return {"value": None, "low": None, "high": None}
    return _estimate(successes / trials, wilson_interval(successes, trials))


def latency_percentiles(milliseconds: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile of the time of an answer in milliseconds; empty when nothing was timed."""
    if not milliseconds:
        return {}
    p50, p95 = np.percentile(milliseconds, [50, 95])
    return {"p50": round(float(p50), 1), "p95": round(float(p95), 1), "answers": len(milliseconds)}


def describe_run(config: Config) -> dict[str, Any]:
    """What is needed to repeat a run. The place of the index is left out: it is not a setting that changes a result."""
    return {"version": __version__, "seed": SEED, "resamples": RESAMPLES, "config": config.model_dump(mode="json", exclude={"index"})}


def _estimate(value: float, interval: Interval) -> Estimate:
    return {"value": round(value, 6), "low": round(interval.low, 6), "high": round(interval.high, 6)}
