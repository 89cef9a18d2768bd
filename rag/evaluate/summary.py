"""From the outcomes of questions to figures: means with intervals, slices, curves, calibration, failures, times.

Values are rounded to six digits. Nothing here knows documents or passages. What differs between two equal runs are times and what the
machine used (`LATENCY`, `RESOURCES`), and nothing else.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from rag.evaluate.calibration import (
    area_under_risk_coverage,
    brier_score,
    calibration_bins,
    expected_calibration_error,
    risk_coverage,
)
from rag.evaluate.catalogue import METRICS, SLICES
from rag.evaluate.datasets import Dataset
from rag.evaluate.score import CURVE, Outcome
from rag.evaluate.statistics import (
    FEWEST_CLUSTERS,
    bootstrap_interval,
    clustered_wilson_interval,
    minimum_detectable_difference,
    standard_error,
    wilson_interval,
)

LATENCY = "latency_ms"
RESOURCES = "resources"
PROVISION = "provision"
AGREEMENT = 0.5
"""Correlation that the values of two compared runs are taken to have, for the difference that a single run's set could detect."""
ALWAYS = ("evidence_in_citation", "answered_answerable", "refused_unanswerable", "quote_matches_text")
"""Metrics of a question set that are listed even if no question has them."""

Entry = dict[str, Any]
Estimate = dict[str, float | None]


def summarise(dataset: Dataset, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """All figures of a run.

    Returns:
        "dataset", "dataset_sha256", "counts", "metrics", "slices", "curves", "failures", "per_query", "latency_ms", and, if questions were
        asked and not only searched for, "calibration" and "fingerprint".
    """
    entries = [outcome.entry for outcome in outcomes]
    names = _applicable(dataset, entries)
    results: dict[str, Any] = {
        "dataset": dataset.name,
        "dataset_sha256": dataset.sha256,
        "counts": _count(dataset, entries),
        "metrics": _metrics(entries, names),
        "slices": {key: parts for key in SLICES if (parts := _slice(dataset, entries, names, key))},
        "curves": {"recall": _recall_curve(entries)},
        "failures": [_failure(outcome) for outcome in outcomes if outcome.entry.get("cause")],
        "per_query": [_listed(entry, names) for entry in entries],
        LATENCY: latency([outcome.milliseconds for outcome in outcomes]),
    }
    if dataset.gold:
        results["calibration"] = _calibration(entries)
        results["fingerprint"] = ", ".join(sorted({outcome.record["fingerprint"] for outcome in outcomes}))
    return results


CRAG = "crag_score"


def estimate_mean(values: Sequence[float], groups: Sequence[Hashable]) -> Estimate:
    """Mean, interval and minimum detectable difference of one metric; None without values.

    Intervals are clustered by group: Wilson's where every value is 0 or 1 (a proportion), else the bootstrap's. Of fewer than ten values
    the bootstrap only repeats what is there (one value has no width at all), so Wilson's is taken: no values from 0 to 1 vary more.
    """
    if not values:
        return {"value": None, "low": None, "high": None, "n": 0, "mdd": None}
    proportion = all(value in (0, 1) for value in values)
    by_share = proportion or len(values) < FEWEST_CLUSTERS
    interval = clustered_wilson_interval(values, groups) if by_share else bootstrap_interval(values, groups)
    error = standard_error(values, groups)
    if not error and proportion:  # all right, or all wrong: as if two of four more had been so (Agresti and Coull 1998)
        share = (sum(values) + 2) / (len(values) + 4)
        error = (share * (1 - share) / (len(values) + 4)) ** 0.5
    error *= (2 * (1 - AGREEMENT)) ** 0.5
    return {
        "value": round(sum(values) / len(values), 6), "low": round(interval.low, 6), "high": round(interval.high, 6), "n": len(values),
        "mdd": round(minimum_detectable_difference(error), 6) if error else None,
    }  # fmt: skip


def latency(timings: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Median and 95th percentile of the time of an answer in milliseconds, in all and per stage; empty when nothing was timed."""
    timed = [own for own in timings if "total" in own]
    if not timed:
        return {}
    stages = {stage: _percentiles([own[stage] for own in timed if stage in own]) for stage in timed[0]}
    return {**stages["total"], "answers": len(timed), "stages": stages}


def _percentiles(milliseconds: Sequence[float]) -> dict[str, float]:
    p50, p95 = np.percentile(milliseconds, [50, 95])
    return {"p50": round(float(p50), 1), "p95": round(float(p95), 1)}


def _applicable(dataset: Dataset, entries: Sequence[Entry]) -> list[str]:
    always = () if not dataset.gold else ALWAYS if dataset.ranks == "passages" else ALWAYS[-1:]
    return [name for name in METRICS if name in always or any(entry[name] is not None for entry in entries)]


def _listed(entry: Entry, names: Sequence[str]) -> Entry:
    """An entry without metrics that apply to no question of the set."""
    return {name: value for name, value in entry.items() if name not in METRICS or (name in names and name != "quote_matches_text")}


def _metrics(entries: Sequence[Entry], names: Sequence[str]) -> dict[str, Estimate]:
    estimates = {}
    for name in names:
        applicable = [entry for entry in entries if entry[name] is not None]
        values, groups = [entry[name] for entry in applicable], [entry["group"] for entry in applicable]
        estimates[name] = _estimate_score(values, groups) if name == CRAG else estimate_mean(values, groups)
    if "quote_matches_text" in names:
        estimates["quote_matches_text"] = _quotes(entries)
    return estimates


def _estimate_score(values: Sequence[float], groups: Sequence[Hashable]) -> Estimate:
    """As `estimate_mean`, of a score from -1 to 1: where all questions have the same of the two ends, the interval is that of a share."""
    estimate = estimate_mean([(value + 1) / 2 for value in values], groups)
    value, low, high = (None if end is None else round(2 * end - 1, 6) for end in (estimate["value"], estimate["low"], estimate["high"]))
    mdd = None if estimate["mdd"] is None else round(2 * estimate["mdd"], 6)
    return {**estimate, "value": value, "low": low, "high": high, "mdd": mdd}


def _quotes(entries: Sequence[Entry]) -> Estimate:
    """Over all citations, of whatever question: anything below 1 is a fault of the program."""
    trials = sum(entry["citations"] for entry in entries)
    matching = sum(entry["citations_matching_text"] for entry in entries)
    if not trials:
        return estimate_mean([], [])
    interval = wilson_interval(matching, trials)
    value = round(matching / trials, 6)
    return {"value": value, "low": round(interval.low, 6), "high": round(interval.high, 6), "n": trials, "mdd": None}


def _slice(dataset: Dataset, entries: Sequence[Entry], names: Sequence[str], key: str) -> dict[str, Any]:
    slices = {}
    for name in sorted({entry[key] for entry in entries if entry[key] is not None}):
        members = [entry for entry in entries if entry[key] == name]
        slices[name] = {"counts": _count(dataset, members), "metrics": _metrics(members, names)}
    return slices


def _count(dataset: Dataset, entries: Sequence[Entry]) -> dict[str, int]:
    if dataset.ranks == "documents":
        counts = {"documents": len(dataset.documents or {}), "queries": len(entries)} if dataset.documents else {"queries": len(entries)}
        counts |= dataset.left_out
        if dataset.gold:
            counts["queries_with_answers"] = sum(entry["answer_in_citation"] is not None for entry in entries)
            counts["failures"] = sum(entry["cause"] is not None for entry in entries)
        return counts
    if not dataset.gold:
        return {"questions": len(entries), "answerable": sum(entry["answerable"] for entry in entries), **dataset.left_out}
    provisions = [entry for entry in entries if entry["kind"] == PROVISION and entry["answerable"]]
    return {
        "questions": len(entries),
        "answerable": sum(entry["answerable"] for entry in entries),
        "citations": sum(entry["citations"] for entry in entries),
        "provision_questions": len(provisions),
        "wrong_provision": sum(not entry["abstained"] and not entry["evidence_in_citation"] for entry in provisions),
        "failures": sum(entry["cause"] is not None for entry in entries),
        **dataset.left_out,
    }


def _recall_curve(entries: Sequence[Entry]) -> list[dict[str, float]]:
    curves = [entry["recall_curve"] for entry in entries if "recall_curve" in entry]
    if not curves:
        return []
    return [{"k": k, "value": round(sum(curve[place] for curve in curves) / len(curves), 6)} for place, k in enumerate(CURVE)]


def _calibration(entries: Sequence[Entry]) -> dict[str, Any]:
    """Of the confidence in each answer that was given, or that would have been given without refusing."""
    known = [entry for entry in entries if entry["confidence"] is not None]
    confidences, right = [entry["confidence"] for entry in known], [entry["right_if_answered"] for entry in known]
    return {
        "n": len(known),
        "expected_calibration_error": round(expected_calibration_error(confidences, right), 6),
        "brier": round(brier_score(confidences, right), 6),
        "aurc": round(area_under_risk_coverage(confidences, right), 6),
        "bins": [_rounded(asdict(own)) for own in calibration_bins(confidences, right)],
        "risk_coverage": [_rounded(asdict(point)) for point in risk_coverage(confidences, right)],
        "answered": round(sum(not entry["abstained"] for entry in known) / len(known), 6) if known else 0.0,
    }


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in values.items()}


def _failure(outcome: Outcome) -> dict[str, Any]:
    entry, record = outcome.entry, outcome.record
    failure = {
        "id": entry["id"], "question": record["question"], "cause": entry["cause"], "kind": entry["kind"], "language": entry["language"],
        "evidence": [{"source": gold["source"], "quote": gold["quote"]} for gold in record["gold"]], "answer": record["answer"],
        "quotes": [{"source": quote["source"], "quote": quote["quote"]} for quote in record["quotes"]],
        "confidence": entry["confidence"], "first_relevant": entry.get("first_relevant"),
    }  # fmt: skip
    if "history" in record:
        failure |= {"history": record["history"], "standalone_question": record["standalone_question"]}
    return failure
