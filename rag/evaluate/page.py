"""The report as one HTML file that loads nothing: figures with intervals, pictures, every failure, and what is needed to repeat the run.

Everything that comes from a document, a model or a question is escaped; there is no script. Knows the results as a dict, decides nothing.
Pictures need matplotlib (`pip install 'rag-qa[report]'`); without it the report says so and holds the same figures in tables.
"""

import html
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rag.evaluate.catalogue import HEADLINE, METRICS
from rag.evaluate.page_failures import render_failures
from rag.evaluate.summary import LATENCY, RESOURCES
from rag.evaluate.usage import USAGES, describe_usage

TILES = ("evidence_in_citation", "answer_in_citation", "answered_answerable", "refused_unanswerable", "ndcg@10", "quote_matches_text")
PLAIN = {
    "evidence_in_citation": "of the answerable: a citation holds the evidence",
    "answer_in_citation": "of the answerable: a citation holds the answer",
    "answered_answerable": "of the answerable were answered", "refused_unanswerable": "of the unanswerable were refused",
    "ndcg@10": "nDCG@10, ranking of the evidence", "quote_matches_text": "of the quotes are the stored text",
}  # fmt: skip
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
INSTALL = "pip install 'rag-qa[report]'"

Results = Mapping[str, Any]


def render_page(results: Results, *, command: str, signed_by: str | None, digest: str) -> str:
    """The whole page of one run; `digest` is the sha256 of results.json."""
    title = f"Evaluation on {results['dataset']}"
    compared = [("this run against the other", results["comparison"])] if "comparison" in results else []
    compared += [("this run against the baseline", results["gate"]["comparison"])] if "gate" in results else []
    parts = [
        f"<header><h1>{escape(title)}</h1>{_counts(results)}{_contents(results, bool(compared))}</header>",
        _tiles(results["metrics"]), _gate(results), *_comparisons(compared), _metrics(results["metrics"]), _pictures(results),
        _slices(results), _judge(results), render_failures(results.get("failures", [])), _repeat(results, command, digest, signed_by),
    ]  # fmt: skip
    return _frame(title, parts)


def render_bake_off(reference: Results, summary: Results) -> str:
    """The whole page of a bake-off: what each run gains and costs, then each against the reference."""
    title = f"Bake-off on {summary['dataset']}"
    compared = [(f"{name} against {summary['reference']}", own) for name, own in summary["comparisons"].items()]
    parts = [f"<header><h1>{escape(title)}</h1>{_counts(reference)}</header>", *_comparisons(compared), _costs(summary)]
    return _frame(title, parts)


def _frame(title: str, parts: Sequence[str]) -> str:
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><title>{escape(title)}</title><style>{style}</style>'
    )
    return f'<!doctype html>\n<html lang="en">\n<head>{head}</head>\n<body>\n' + "\n".join(filter(None, parts)) + "\n</body>\n</html>\n"


def escape(text: object) -> str:
    """`text` as text in HTML."""
    return html.escape(str(text))


def _counts(results: Results) -> str:
    told = ", ".join(f"{count} {escape(name.replace('_', ' '))}" for name, count in results["counts"].items())
    return f'<p class="muted">{told}.</p>'


def _contents(results: Results, compared: bool) -> str:
    anchors = [
        *([("comparison", "Comparison")] if compared else []), ("metrics", "All metrics"), ("pictures", "Pictures"), ("slices", "Slices"),
        *([("failures", f"Failures ({len(results['failures'])})")] if results.get("failures") else []), ("repeat", "Repeat and sign"),
    ]  # fmt: skip
    return "<nav>" + "".join(f'<a href="#{name}">{label}</a>' for name, label in anchors) + "</nav>"


def _tiles(metrics: Results) -> str:
    shown = [(name, metrics[name]) for name in TILES if metrics.get(name, {}).get("value") is not None]
    items = "".join(
        f"<li><b>{_share(own['value'], name)}</b><span>{PLAIN[name]}</span>"
        f"<span>{_share(own['low'], name)} to {_share(own['high'], name)}, n = {own['n']}</span></li>"
        for name, own in shown
    )
    return f'<ul class="tiles">{items}</ul>'


def _share(value: float, name: str) -> str:
    if name == "ndcg@10":
        return f"{value:.3f}"
    return f"{100 * value:.0f}%" if value in (0, 1) or 0.005 <= value < 0.995 else f"{100 * value:.1f}%"


def _gate(results: Results) -> str:
    if "gate" not in results:
        return ""
    gate = results["gate"]
    verdict = "passed" if gate["passed"] else "failed"
    lines = [*(f"<li><b>{escape(alarm)}</b></li>" for alarm in gate["alarms"]), *(f"<li>{escape(note)}</li>" for note in gate["notes"])]
    rule = f"A loss of more than {gate['margin']:g} that is significant at {gate['level']:.0%} after Holm's correction fails."
    return f'<div class="verdict {verdict}"><b>Gate {verdict}</b><ul>{"".join(lines)}</ul><span class="muted">{rule}</span></div>'


def _costs(summary: Results) -> str:
    """A row for each run: time, size, memory, tokens."""
    rows = []
    for name, own in summary["runs"].items():
        costs = own["costs"]
        cells = [f'<td class="number">{"–" if costs[key] is None else f"{costs[key]:,.0f}"}</td>' for key in ("p50_ms", "p95_ms")]
        cells += [f'<td class="number">{costs["index_bytes"] / 2**20:.1f}</td><td class="number">{costs["peak_memory_mib"]}</td>']
        cells += [f'<td class="number">{costs.get(key, "–")}</td>' for key in ("tokens_in", "tokens_out", "cost")]
        rows.append(f"<tr><th>{escape(name)}</th>{''.join(cells)}<td><small>{escape(own['fingerprint'] or '')}</small></td></tr>")
    head = _head(
        "Run",
        ">p50 ms",
        ">p95 ms",
        ">index MiB",
        ">memory MiB",
        ">tokens in",
        ">tokens out",
        ">cost",
        "models",
    )
    note = "Memory is the peak of the process up to the end of the run; run a candidate alone for its own."
    table = f'<div class="scroll"><table>{head}<tbody>{"".join(rows)}</tbody></table></div>'
    return f'<h2 id="costs">Costs</h2>{table}<p class="note">{note}</p>'


def _comparisons(compared: Sequence[tuple[str, Results]]) -> Iterator[str]:
    for place, (name, comparison) in enumerate(compared):
        heading = '<h2 id="comparison">Comparison</h2>' if place == 0 else ""
        rows = "".join(_comparison_row(metric, row) for metric, row in comparison["metrics"].items())
        head = _head("Metric", ">other", ">this", ">delta", ">95% interval", ">p", ">n", "win / tie / loss", ">detectable", "verdict")
        note = (
            f"{comparison['questions']} questions in all of them, paired by id; {comparison['relabelled']} with changed labels left out. "
            f"Verdicts: sign-flip test on headline metrics at {comparison['level']:.0%} over all of them (Holm). Detectable: the true "
            "difference that this many questions show in four of five cases."
        )
        table = f'<div class="scroll"><table>{head}<tbody>{rows}</tbody></table></div>'
        yield f'{heading}<h3>{escape(name)}</h3>{table}<p class="note">{note}</p>'


def _comparison_row(metric: str, row: Results) -> str:
    verdict = row["verdict"] or ""
    style = verdict if verdict in ("better", "worse") else ""
    p_value = f"{row['p_holm']:.4f} (Holm)" if row["p_holm"] is not None else f"{row['p_value']:.4f}"
    cells = (
        f"<th>{escape(metric)}</th>", _number(row["other"]), _number(row["value"]), f'<td class="number">{row["delta"]:+.3f}</td>',
        f'<td class="number">{row["low"]:+.3f} to {row["high"]:+.3f}</td>', f'<td class="number">{p_value}</td>',
        f'<td class="number">{row["n"]}</td>',
        f"<td>{row['win']} / {row['tie']} / {row['loss']}</td>", _number(row["mdd"]), f'<td class="word {style}">{verdict}</td>',
    )  # fmt: skip
    return f"<tr>{''.join(cells)}</tr>"


def _metrics(metrics: Results) -> str:
    rows = []
    for name, own in metrics.items():
        known = own["value"] is not None
        interval = f"{own['low']:.3f} to {own['high']:.3f}" if known else "–"
        bar = _bar(own) if known and own["low"] >= 0 else ""
        rows.append(
            f'<tr><th>{escape(name)}</th>{_number(own["value"])}<td class="number">{interval}</td><td>{bar}</td>'
            f'<td class="number">{own["n"]}</td>{_number(own["mdd"])}<td><small>{escape(METRICS[name])}</small></td></tr>'
        )
    note = (
        "Intervals of 95%: Wilson for shares and for fewer than ten values, bootstrap for other means, both with questions on one document "
        "taken together, unless they are on fewer than ten documents. Detectable: the true difference of another run on this set that a "
        "comparison would show in four of five cases."
    )
    head = _head("Metric", ">value", ">95% interval", "", ">n", ">detectable", "what it says")
    table = f'<div class="scroll"><table>{head}<tbody>{"".join(rows)}</tbody></table></div>'
    return f'<h2 id="metrics">All metrics</h2>{table}<p class="note">{note}</p>'


def _bar(own: Results) -> str:
    low, high, value = (round(100 * own[name], 1) for name in ("low", "high", "value"))
    return f'<span class="bar"><i style="left:{low}%;width:{max(0.5, round(high - low, 1))}%"></i><u style="left:{value}%"></u></span>'


def _pictures(results: Results) -> str:
    if find_spec("matplotlib") is None:
        told = f"Pictures need matplotlib: run <code>{escape(INSTALL)}</code> and evaluate again. The tables hold the same figures."
        return f'<h2 id="pictures">Pictures</h2><p class="note">{told}</p>'
    figures = "".join(
        f"<figure><h3>{escape(title)}</h3>{svg}<figcaption>{escape(caption)}</figcaption></figure>"
        for title, svg, caption in _drawn(results)
    )
    return f'<h2 id="pictures">Pictures</h2><div class="plots">{figures}</div>'


def _drawn(results: Results) -> Iterator[tuple[str, str, str]]:
    """Title, picture and caption of whatever the results have figures for."""
    from rag.evaluate import plots

    metrics, slices = results["metrics"], results.get("slices", {})
    known = [name for name in HEADLINE if metrics.get(name, {}).get("value") is not None]
    if points := results.get("curves", {}).get("recall"):
        yield "Recall at k", plots.recall_curve(points), "How much of the relevant is among the first k: what a larger context could gain."
    if (calibration := results.get("calibration")) and calibration["n"]:
        told = f"Area under the curve {calibration['aurc']:.3f}. Refused questions count with the answer that they would have got."
        yield "Risk and coverage", plots.risk_coverage(calibration["risk_coverage"], calibration["answered"]), told
        error = f"Expected error {calibration['expected_calibration_error']:.3f}, n = {calibration['n']}"
        told = f"On the dotted line confidence is honest; larger dots are more questions. {error}."
        yield "Calibration", plots.calibration(calibration["bins"]), told
    if (pairs := slices.get("pair")) and known:
        name = next((name for name in known if name.endswith("in_citation")), known[0])
        cells = {pair: own["metrics"][name] for pair, own in pairs.items() if own["metrics"][name]["value"] is not None}
        if cells:
            yield f"{name} by language pair", plots.language_pairs(cells, name), "Questions down, documents across."
    if timing := results.get(LATENCY):
        told = f"{timing['answers']} answers, one at a time. Times differ from run to run and are no part of results.json."
        yield "Time of an answer", plots.latency(timing["stages"]), told
    for name in [name for name in known if name.endswith("in_citation") or name == "ndcg@10"]:
        rows = [("all", metrics[name])]
        rows += [(f"{key} {part}", own["metrics"][name]) for key, parts in slices.items() for part, own in parts.items()]
        rows = [(label, own) for label, own in rows if own["value"] is not None]
        yield f"{name} by slice", plots.slices(rows, name), "Dots are means, lines 95% intervals; in brackets the number of questions."


def _slices(results: Results) -> str:
    names = [name for name in HEADLINE if name in results["metrics"]]
    rows = []
    for key, parts in results.get("slices", {}).items():
        for part, own in parts.items():
            count = own["counts"].get("questions", own["counts"].get("queries"))
            cells = "".join(_with_interval(own["metrics"][name]) for name in names)
            rows.append(f'<tr><th>{escape(key)} {escape(part)}</th><td class="number">{count}</td>{cells}</tr>')
    if not rows:
        return ""
    head = _head("Slice", ">questions", *(f">{name}" for name in names))
    return f'<h2 id="slices">Slices</h2><div class="scroll"><table>{head}<tbody>{"".join(rows)}</tbody></table></div>'


def _with_interval(own: Results) -> str:
    if own["value"] is None:
        return '<td class="number">–</td>'
    return f'<td class="number">{own["value"]:.3f}<small>{own["low"]:.2f} to {own["high"]:.2f}</small></td>'


def _judge(results: Results) -> str:
    if "judge" not in results:
        return ""
    judge = results["judge"]
    rows = "".join(
        f'<tr><th>{name}</th>{_number(judge[name]["value"])}<td class="number">{_interval(judge[name])}</td>'
        f'<td class="number">{judge["judged"]}</td><td class="number">{judge[key]["share"]:.0%}</td>'
        f'<td class="number">{judge[key]["kappa"]:.2f}</td><td><small>{against}</small></td></tr>'
        for name, key, against in (
            ("relevance", "agreement", "full marks against: the evidence was cited"),
            ("faithfulness", "agreement_on_support", "full marks against: every sentence passed the program's own check"),
        )
    )
    head = _head("Notion", ">mean", ">95% interval", ">answers", ">agreement", ">kappa", "agreement of what with what")
    failed = f"{judge['failed']} answers got no usable judgement"
    note = f"By {escape(judge['model'])}; {failed}. A judge's opinion is no part of the metrics above."
    table = f'<div class="scroll"><table>{head}<tbody>{rows}</tbody></table></div>'
    return f'<h2 id="judge">A model\'s opinion</h2><p class="note">{note}</p>{table}'


def _interval(own: Results) -> str:
    return "–" if own["value"] is None else f"{own['low']:.3f} to {own['high']:.3f}"


def _repeat(results: Results, command: str, digest: str, signed_by: str | None) -> str:
    run, machine = results.get("run", {}), results.get(RESOURCES, {})
    indexed = ", ".join(f"{value} {name}" for name, value in results.get("index", {}).items() if name in ("documents", "passages"))
    facts = {
        "Command": f"<code>{escape(command)}</code>",
        "Questions": f"{escape(results['dataset'])}, <span class=mono>sha256 {escape(results.get('dataset_sha256', ''))}</span>",
        "Results": f"results.json, <span class=mono>sha256 {digest}</span>",
        "Program": escape(f"rag {run.get('version', '')}" + (f", commit {run['code']}" if run.get("code") else "")),
        "Models": escape(results.get("fingerprint") or results.get("index", {}).get("embedding", "")),
        "Index": escape(indexed) + (f", {machine['index_bytes'] / 2**20:.1f} MiB" if "index_bytes" in machine else ""),
        "Statistics": escape(f"seed {run.get('seed')}, {run.get('resamples')} resamples and sign flips"),
    }
    if machine:
        used = (
            f"{machine['date']}, {machine['seconds']} s, {machine['peak_memory_mib']} MiB; {machine['machine']}, {machine['cores']} cores"
        )
        facts["Run"] = escape(f"{used}, Python {machine['python']}")
        facts |= {whose: escape(describe_usage(machine[name])) for name, whose in USAGES.items() if name in machine}
    rows = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in facts.items())
    note = (
        "Whoever signs has seen that the questions were reviewed and represent what will be asked, that the commit, the checksums and the "
        "command above are those of the run, and has read the failures. The same command gives the same results.json, byte for byte."
    )
    signer = f"<div><b>{escape(signed_by or '')}</b><span>Evaluator</span></div>"
    signature = f'<div class="signature">{signer}<div><b></b><span>Date, signature</span></div></div>'
    table = f'<div class="scroll"><table><tbody>{rows}</tbody></table></div>'
    return f'<h2 id="repeat">Repeat and sign</h2>{table}<p class="note">{note}</p>{signature}'


def _head(*names: str) -> str:
    """A row of headings; those of numbers begin with ">", long names may be broken after "_"."""
    cells = []
    for name in names:
        style = " ".join(["number"] * name.startswith(">") + ["long"] * ("_" in name))
        cells.append(f'<th class="{style}">{escape(name.removeprefix(">")).replace("_", "_<wbr>")}</th>')
    return f"<thead><tr>{''.join(cells)}</tr></thead>"


def _number(value: float | None) -> str:
    return '<td class="number">–</td>' if value is None else f'<td class="number">{value:.3f}</td>'
