"""Show results, keep them, and compare two runs.

Works on the dicts that `run_evaluation` returns and knows metrics only by name. What differs from run to run without meaning anything, the
times, goes into a file of its own, so that results.json of two equal runs are equal byte for byte.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from rag.errors import InputError
from rag.evaluate.statistics import paired_sign_flip

RESULTS = "results.json"
LATENCY = "latency_ms"


def print_results(results: Mapping[str, Any], console: Console) -> None:
    """Print the figures, the slices, what failed and the comparison, as far as `results` has them."""
    counts = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in results["counts"].items())
    console.print(Text(f"{results['dataset']}: {counts}"))
    console.print(_metrics_table(results))
    if causes := [failure["cause"] for failure in results.get("failures", ())]:
        table = Table("Cause of failure", "Questions")
        for cause in sorted(set(causes), key=lambda cause: (-causes.count(cause), cause)):
            table.add_row(cause, str(causes.count(cause)))
        console.print(table)
    if results.get(LATENCY):
        latency = results[LATENCY]
        console.print(Text(f"Time of an answer: median {latency['p50']} ms, 95th percentile {latency['p95']} ms"))
    if "comparison" in results:
        console.print(_comparison_table(results["comparison"]))


def compare(results: Mapping[str, Any], other_results: Mapping[str, Any]) -> dict[str, Any]:
    """Compare two runs question by question, paired by id: `results` minus `other_results`.

    Only questions of both runs to which a metric applies in both count; a question set that changed shows in "only_here" and "only_other".

    Returns:
        {"questions", "only_here", "only_other", "metrics"}, for each metric {"value", "other", "delta", "low", "high", "p_value", "win",
        "tie", "loss"}, where `value` and `other` are means over the shared questions, `low` and `high` bound the delta, and the p-value is
        of the paired sign-flip test, not corrected for the number of metrics.

    Raises:
        InputError: no question is in both.
    """
    here, there = ({entry["id"]: entry for entry in side["per_query"]} for side in (results, other_results))
    shared = [name for name in here if name in there]
    if not shared:
        raise InputError(f"No question id of {results['dataset']!r} is in the results to compare with; compare runs on the same data set.")
    metrics = {}
    for metric in results["metrics"]:
        names = [name for name in shared if here[name].get(metric) is not None and there[name].get(metric) is not None]
        if names:
            metrics[metric] = _compare_metric(metric, [here[name] for name in names], [there[name] for name in names])
    return {"questions": len(shared), "only_here": len(here) - len(shared), "only_other": len(there) - len(shared), "metrics": metrics}


def write_report(results: Mapping[str, Any], folder: Path) -> None:
    """Write results.json (all but times), results.jsonl (one line per question) and latency.json into `folder`.

    Raises:
        InputError: the folder cannot be written.
    """
    lasting = {name: value for name, value in results.items() if name != LATENCY}
    lines = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in results["per_query"])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / RESULTS).write_text(json.dumps(lasting, ensure_ascii=False, indent=1), encoding="utf-8")
        (folder / "results.jsonl").write_text(lines, encoding="utf-8")
        (folder / "latency.json").write_text(json.dumps(results[LATENCY], indent=1), encoding="utf-8")
    except OSError as error:
        raise InputError(f"The report cannot be written to {folder} ({error.strerror}); give another --report folder.") from error


def read_results(path: Path) -> dict[str, Any]:
    """Read the results of an earlier run from its results.json or the folder of its report.

    Raises:
        InputError: the file cannot be read or is not such a result.
    """
    file = path / RESULTS if path.is_dir() else path
    try:
        results: Any = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}); give the results.json that --report wrote.") from error
    except ValueError as error:
        raise InputError(f"{file} is not JSON; give the results.json that --report wrote.") from error
    entries = results.get("per_query") if isinstance(results, dict) else None
    if (
        not isinstance(results, dict)
        or not isinstance(entries, list)
        or not all(isinstance(entry, dict) and "id" in entry for entry in entries)
    ):
        raise InputError(f"{file} does not list questions under 'per_query'; give the results.json that --report wrote.")
    return results


def _compare_metric(metric: str, here: list[dict[str, Any]], there: list[dict[str, Any]]) -> dict[str, Any]:
    ours, theirs = [entry[metric] for entry in here], [entry[metric] for entry in there]
    test = paired_sign_flip(ours, theirs, [entry["group"] for entry in here])
    return {
        "value": round(sum(ours) / len(ours), 6),
        "other": round(sum(theirs) / len(theirs), 6),
        "delta": round(test.delta, 6),
        "low": round(test.interval.low, 6),
        "high": round(test.interval.high, 6),
        "p_value": round(test.p_value, 6),
        "win": test.win,
        "tie": test.tie,
        "loss": test.loss,
    }


def _metrics_table(results: Mapping[str, Any]) -> Table:
    """One column for the whole, with its interval, and one for each slice."""
    slices = {f"{key} {name}": part for key, parts in results.get("slices", {}).items() for name, part in parts.items()}
    table = Table("Metric", "Value", "95% interval", *map(escape, slices))
    for name, estimate in results["metrics"].items():
        interval = "–" if estimate["value"] is None else f"{estimate['low']:.3f} to {estimate['high']:.3f}"
        table.add_row(name, _figure(estimate), interval, *(_figure(part["metrics"][name]) for part in slices.values()))
    return table


def _figure(estimate: Mapping[str, float | None]) -> str:
    return "–" if estimate["value"] is None else f"{estimate['value']:.3f}"


def _comparison_table(comparison: Mapping[str, Any]) -> Table:
    title = f"Against the other run, {comparison['questions']} questions in both"
    table = Table("Metric", "Value", "Other", "Delta", "95% interval", "p", "Win/tie/loss", title=title)
    for name, row in comparison["metrics"].items():
        table.add_row(
            name,
            f"{row['value']:.3f}",
            f"{row['other']:.3f}",
            f"{row['delta']:+.3f}",
            f"{row['low']:+.3f} to {row['high']:+.3f}",
            f"{row['p_value']:.4f}",
            f"{row['win']}/{row['tie']}/{row['loss']}",
        )
    return table
