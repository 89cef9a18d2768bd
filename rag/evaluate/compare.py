"""Compare runs over the same questions, and say whether one is worse than a baseline.

Works on the dicts that an evaluation returns and knows metrics only by name. Questions are paired by id; where the question or its labels
changed in between, the pair does not count. Verdicts are given on the headline metrics, with p-values corrected for their number (Holm).
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rag.errors import InputError
from rag.evaluate.catalogue import GATED, HEADLINE, METRICS
from rag.evaluate.statistics import CONFIDENCE, holm, minimum_detectable_difference, paired_sign_flip, standard_error

RESULTS = "results.json"
LEVEL = round(1 - CONFIDENCE, 6)
QUOTES = "quote_matches_text"
BETTER, WORSE, UNDECIDED = "better", "worse", "no difference shown"

Results = Mapping[str, Any]


def compare(results: Results, other_results: Results) -> dict[str, Any]:
    """Compare two runs question by question, paired by id: `results` minus `other_results`. See `compare_all` for the fields.

    Raises:
        InputError: no question is in both.
    """
    return compare_all(other_results, [results])[0]


def compare_all(reference: Results, runs: Sequence[Results]) -> list[dict[str, Any]]:
    """Compare each run with the reference; p-values are corrected over all runs and headline metrics together.

    Only questions of all of them count, and for a metric those to which it applies in each that has it: so all means of a metric are over
    the same questions.

    Returns:
        Per run {"questions", "only_here", "only_other", "relabelled", "level", "metrics"}, for each metric {"value", "other", "delta",
        "low", "high", "n", "mdd", "p_value", "p_holm", "verdict", "win", "tie", "loss"}: `value` and `other` are means over the shared
        questions, `low` and `high` bound the delta, `mdd` is the difference that this many questions would show in four of five cases,
        `p_value` is of the paired sign-flip test; `p_holm` and `verdict` are None for metrics that are not headline ones.

    Raises:
        InputError: no question is in both.
    """
    sides = [{entry["id"]: entry for entry in side["per_query"]} for side in (reference, *runs)]
    shared = [name for name in sides[0] if all(name in own and own[name].get("label") == sides[0][name].get("label") for own in sides[1:])]
    if not shared:
        what = "with the labels " if any(name in own for own in sides[1:] for name in sides[0]) else "id "
        raise InputError(
            f"No question {what}of {runs[0].get('dataset')!r} is in the results to compare with; compare runs on the same data set."
        )
    comparisons = [_pair(run, sides, place, shared) for place, run in enumerate(runs, start=1)]
    family = [row for comparison in comparisons for name, row in comparison["metrics"].items() if name in HEADLINE]
    for row, p_value in zip(family, holm([row["p_value"] for row in family]), strict=True):
        row["p_holm"] = round(p_value, 6)
        row["verdict"] = UNDECIDED if p_value >= LEVEL else BETTER if row["delta"] > 0 else WORSE
    return comparisons


def check_against(results: Results, baseline: Results, margin: float) -> dict[str, Any]:
    """The gate: is `results` worse than `baseline` by more than `margin`, beyond chance?

    A metric alarms if it lost more than `margin` and the one-sided paired test is significant after Holm's correction over the gated
    metrics (chance of any false alarm at most 5%). So do a gated metric that the baseline has and that cannot be compared any more, a
    quotation that is no longer the stored text, and an index with fewer documents.

    Returns:
        {"passed", "alarms", "margin", "level", "notes", "comparison"}, alarms and notes as sentences.
    """
    comparison = compare(results, baseline)
    rows = {name: row for name, row in comparison["metrics"].items() if name in GATED}
    one_sided = [row["p_value"] / 2 if row["delta"] < 0 else 1.0 for row in rows.values()]
    alarms, unsure = [], []
    for (name, row), p_value in zip(rows.items(), holm(one_sided), strict=True):
        row["p_gate"] = round(p_value, 6)
        if p_value >= LEVEL and -row["delta"] > margin:
            unsure.append(f"{name} fell from {row['other']:.3f} to {row['value']:.3f}, which {row['n']} questions cannot tell from chance")
        if p_value < LEVEL and -row["delta"] > margin:
            alarms.append(f"{name} fell from {row['other']:.3f} to {row['value']:.3f} ({row['delta']:+.3f}, p = {p_value:.4f})")
    lost = [name for name in METRICS if _value(baseline, name) is not None and name not in comparison["metrics"]]
    alarms += [
        f"{name} was {_value(baseline, name):.3f} in the baseline, and no question of it has it now" for name in lost if name in GATED
    ]
    quotes, known = _value(results, QUOTES), _value(baseline, QUOTES)
    if quotes is not None and known is not None and quotes < known:
        alarms.append(f"quote_matches_text fell from {known:.4f} to {quotes:.4f}: citations that are not the stored text")
    documents, before = (side.get("index", {}).get("documents") for side in (results, baseline))
    if documents is not None and before is not None and documents < before:
        alarms.append(f"the index has {documents} documents, that of the baseline had {before}")
    others = [name for name in lost if name not in GATED and _value(results, name) is None]
    notes = [*unsure, *([f"the baseline has {', '.join(others)}, this run has not"] if others else [])]
    notes += [*_lost_slices(results, baseline), *_changes(results, baseline, comparison)]
    return {
        "passed": not alarms, "alarms": alarms, "margin": margin, "level": LEVEL, "notes": notes,
        "comparison": comparison,
    }  # fmt: skip


def read_results(path: Path) -> dict[str, Any]:
    """Read the results of an earlier run from its results.json, the folder of its report, or a baseline.

    Raises:
        InputError: the file cannot be read or is not such a result.
    """
    file = path / RESULTS if path.is_dir() else path
    try:
        results: Any = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}); give the results.json that --report wrote.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file} is not JSON; give the results.json that --report wrote.") from error
    entries = results.get("per_query") if isinstance(results, dict) else None
    if (
        not isinstance(results, dict)
        or not isinstance(results.get("metrics"), dict)
        or not isinstance(entries, list)
        or not all(isinstance(entry, dict) and "id" in entry and "group" in entry for entry in entries)
    ):
        raise InputError(f"{file} does not list questions under 'per_query'; give the results.json that --report wrote.")
    return results


def write_baseline(results: Results, file: Path) -> None:
    """Keep what a later run is compared with: the figures, and the metrics of each question on a line of its own.

    Raises:
        InputError: the file cannot be written.
    """
    kept = {name: results[name] for name in ("dataset", "dataset_sha256", "counts", "metrics", "index", "run") if name in results}
    kept["slices"] = {key: list(parts) for key, parts in results.get("slices", {}).items()}
    head = json.dumps(kept, ensure_ascii=False, indent=1)
    entries = [
        {name: value for name, value in entry.items() if value is not None and (name in METRICS or name in {"id", "label", "group"})}
        for entry in results["per_query"]
    ]
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f'{head[:-2]},\n "per_query": [\n{lines}\n]}}\n', encoding="utf-8")
    except OSError as error:
        raise InputError(f"The baseline cannot be written to {file} ({error.strerror}); give another file.") from error


Entries = Mapping[str, Mapping[str, Any]]


def _pair(run: Results, sides: Sequence[Entries], place: int, shared: Sequence[str]) -> dict[str, Any]:
    """The run whose entries are at `place` against those at 0, on the questions that all have."""
    there, here = sides[0], sides[place]
    both = [name for name in here if name in there]
    metrics = {}
    for metric in run["metrics"]:
        having = [own for own in sides if any(own[name].get(metric) is not None for name in shared)]
        names = [name for name in shared if all(own[name].get(metric) is not None for own in having)]
        if names and here in having and there in having:
            metrics[metric] = _compare_metric(metric, [here[name] for name in names], [there[name] for name in names])
    return {
        "questions": len(shared), "only_here": len(here) - len(both), "only_other": len(there) - len(both),
        "relabelled": sum(here[name].get("label") != there[name].get("label") for name in both), "level": LEVEL, "metrics": metrics,
    }  # fmt: skip


def _compare_metric(metric: str, here: Sequence[Mapping[str, Any]], there: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    ours, theirs = [entry[metric] for entry in here], [entry[metric] for entry in there]
    groups = [entry["group"] for entry in here]
    test = paired_sign_flip(ours, theirs, groups)
    error = standard_error([a - b for a, b in zip(ours, theirs, strict=True)], groups)
    return {
        "value": round(sum(ours) / len(ours), 6),
        "other": round(sum(theirs) / len(theirs), 6),
        "delta": round(test.delta, 6),
        "low": round(test.interval.low, 6),
        "high": round(test.interval.high, 6),
        "n": len(ours),
        "mdd": round(minimum_detectable_difference(error), 6) if error else None,
        "p_value": round(test.p_value, 6),
        "p_holm": None,
        "verdict": None,
        "win": test.win,
        "tie": test.tie,
        "loss": test.loss,
    }


def _value(results: Results, metric: str) -> float | None:
    value: float | None = results["metrics"].get(metric, {}).get("value")
    return value


def _lost_slices(results: Results, baseline: Results) -> list[str]:
    """Slices of the baseline of which there is no question now: losses in them can no longer show."""
    here = results.get("slices", {})
    lost = {key: [name for name in parts if name not in here.get(key, ())] for key, parts in baseline.get("slices", {}).items()}
    return [f"no question is left of {key} {', '.join(names)}, which the baseline has" for key, names in lost.items() if names]


def _changes(results: Results, baseline: Results, comparison: Mapping[str, Any]) -> list[str]:
    """What else is not as it was, for whoever reads the verdict."""
    notes = []
    if results.get("dataset_sha256") != baseline.get("dataset_sha256"):
        counts = f"{comparison['only_here']} new, {comparison['only_other']} gone, {comparison['relabelled']} with other labels"
        notes.append(f"the question set changed: {counts}; {comparison['questions']} are compared")
    if results.get("run", {}).get("config") != baseline.get("run", {}).get("config"):
        notes.append("the configuration is not that of the baseline")
    if results.get("fingerprint", "") and results.get("index") != baseline.get("index"):
        notes.append(f"the index or a model changed: {baseline.get('index')} then, {results.get('index')} now")
    return notes
