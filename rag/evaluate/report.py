"""Show results in a terminal. Works on the dicts that an evaluation returns, and decides nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from rag.evaluate.catalogue import HEADLINE
from rag.evaluate.summary import LATENCY, RESOURCES
from rag.evaluate.usage import USAGES, describe_usage

Row = Mapping[str, Any]
WIDE = 240
DETECTABLE = "Detectable: the true difference of another run on this set that a comparison would show in four of five cases."


def print_results(results: Row, console: Console) -> None:
    """Print the figures, the slices, what failed, the comparison and the gate, as far as `results` has them."""
    counts = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in results["counts"].items())
    console.print(Text(f"{results['dataset']}: {counts}"))
    _print(_metrics_table(results["metrics"]), console)
    if results.get("slices"):
        _print(_slices_table(results), console)
    if causes := [failure["cause"] for failure in results.get("failures", ())]:
        table = Table("Cause of failure", "Questions")
        for cause in sorted(set(causes), key=lambda cause: (-causes.count(cause), cause)):
            table.add_row(cause, str(causes.count(cause)))
        _print(table, console)
    for line in _closing_lines(results):
        console.print(Text(line))
    if "comparison" in results:
        print_comparisons({"this run": results["comparison"]}, "the other run", console)
    if "gate" in results:
        print_gate(results["gate"], console)


APART = {"only_here": "only in {run}", "only_other": "only in {reference}", "relabelled": "of {run} with other labels"}


def print_comparisons(comparisons: Mapping[str, Row], reference: str, console: Console) -> None:
    """One table of runs against a reference: value, delta with interval, and verdict for each metric, all over the same questions."""
    apart = [
        f"{own[name]} {what.format(run=run, reference=reference)}"
        for run, own in comparisons.items()
        for name, what in APART.items()
        if own[name]
    ]
    left = f" ({', '.join(apart)}: left out)" if apart else ""
    shared = "both" if len(comparisons) == 1 else "all"
    title = f"Against {reference}, {next(iter(comparisons.values()))['questions']} questions in {shared}{left}"
    columns = [column for name in comparisons for column in (escape(name), "Delta, 95% interval", "Win/tie/loss", "Verdict")]
    table = Table("Metric", "n", escape(reference), *columns, title=escape(title))
    for metric in dict.fromkeys(name for own in comparisons.values() for name in own["metrics"]):
        rows = [own["metrics"].get(metric) for own in comparisons.values()]
        known = next(row for row in rows if row)
        table.add_row(metric, str(known["n"]), f"{known['other']:.3f}", *(cell for row in rows for cell in _cells(row)))
    _print(table, console)
    detectable = [row["mdd"] for own in comparisons.values() for name, row in own["metrics"].items() if name in HEADLINE and row["mdd"]]
    if detectable:
        span = f"{min(detectable):.3f} to {max(detectable):.3f}" if len(detectable) > 1 else f"{detectable[0]:.3f}"
        console.print(
            Text(f"True differences of {span} (by metric) would show in four of five such comparisons; a smaller one less often.")
        )
    console.print(Text("Verdicts: paired sign-flip test on headline metrics, 5% over all of them together (Holm)."))


def print_costs(summary: Row, console: Console) -> None:
    """A row for each run: what it costs, as far as that was measured."""
    table = Table("Run", "p50 ms", "p95 ms", "Index MiB", "Memory MiB", "Tokens in/out", "Cost")
    for name, own in summary["runs"].items():
        costs = own["costs"]
        size = "–" if costs["index_bytes"] is None else f"{costs['index_bytes'] / 2**20:.1f}"
        tokens = f"{costs['tokens_in']:,}/{costs['tokens_out']:,}" if "tokens_in" in costs else "–"
        told = [str(costs[key] or "–") for key in ("p50_ms", "p95_ms")] + [size, str(costs["peak_memory_mib"] or "–"), tokens]
        table.add_row(escape(name), *told, str(costs.get("cost", "–")))
    _print(table, console)


def print_gate(gate: Row, console: Console) -> None:
    """The verdict of the gate, and what led to it."""
    print_comparisons({"this run": gate["comparison"]}, "the baseline", console)
    for note in gate["notes"]:
        console.print(Text(f"Note: {note}."))
    for alarm in gate["alarms"]:
        console.print(Text(f"ALARM: {alarm}."), style="red")
    margin = f"margin {gate['margin']:g}, level {gate['level']:.0%}"
    console.print(Text(f"Gate: {'passed' if gate['passed'] else 'FAILED'} ({margin})."))


def _print(table: Table, console: Console) -> None:
    """Print a table as wide as it is where that is not a terminal: a file or a pipe has no width."""
    if not console.is_terminal:
        console.width = max(console.width, WIDE)
    console.print(table)


def _cells(row: Row | None) -> Sequence[str]:
    if row is None:
        return ("–",) * 4
    delta = f"{row['delta']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})"
    return f"{row['value']:.3f}", delta, f"{row['win']}/{row['tie']}/{row['loss']}", row["verdict"] or ""


def _metrics_table(metrics: Row) -> Table:
    table = Table(
        "Metric",
        "Value",
        "95% interval",
        "n",
        "Detectable",
        caption=DETECTABLE,
    )
    for name, estimate in metrics.items():
        interval = "–" if estimate["value"] is None else f"{estimate['low']:.3f} to {estimate['high']:.3f}"
        detectable = "–" if estimate.get("mdd") is None else f"{estimate['mdd']:.3f}"
        table.add_row(name, _figure(estimate), interval, str(estimate.get("n", "")), detectable)
    return table


def _slices_table(results: Row) -> Table:
    """A row for each slice, with the headline metrics that the set has."""
    names = [name for name in HEADLINE if name in results["metrics"]]
    table = Table("Slice", "Questions", *names)
    for key, parts in results["slices"].items():
        for name, part in parts.items():
            count = part["counts"].get("questions", part["counts"].get("queries"))
            table.add_row(escape(f"{key} {name}"), str(count), *(_figure(part["metrics"][metric]) for metric in names))
    return table


def _closing_lines(results: Row) -> list[str]:
    lines = []
    if calibration := results.get("calibration"):
        figures = f"expected error {calibration['expected_calibration_error']:.3f}, Brier {calibration['brier']:.3f}"
        lines.append(f"Confidence: {figures}, area under risk-coverage {calibration['aurc']:.3f} ({calibration['n']} questions)")
    if judged := results.get("judge"):
        shares = ", ".join(f"{name} {_figure(judged[name])}" for name in ("faithfulness", "relevance"))
        agreement = judged["agreement"]
        lines.append(f"Judge {judged['model']} (beside, not in, the metrics): {shares}; {judged['failed']} answers not judged")
        lines.append(f"  agrees with the labels on {agreement['share']:.0%} of {agreement['n']} answers, kappa {agreement['kappa']:.2f}")
    if timing := results.get(LATENCY):
        stages = ", ".join(f"{stage} {own['p50']}/{own['p95']}" for stage, own in timing.get("stages", {}).items() if stage != "total")
        lines.append(f"Time of an answer: median {timing['p50']} ms, 95th percentile {timing['p95']} ms ({stages})")
    if used := results.get(RESOURCES):
        size = f"index {used['index_bytes'] / 2**20:.1f} MiB, peak memory {used['peak_memory_mib']} MiB"
        lines.append(f"Whole run: {used['seconds']} s, {size}")
        lines += [f"{whose}: {describe_usage(used[name])}" for name, whose in USAGES.items() if name in used]
    return lines


def _figure(estimate: Mapping[str, float | None]) -> str:
    return "–" if estimate["value"] is None else f"{estimate['value']:.3f}"
