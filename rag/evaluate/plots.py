"""The pictures of a report, drawn by matplotlib as SVG that takes its colours from the page, in light and in dark.

Each function takes figures of the results and returns one `<svg>` element; equal figures give equal bytes. Text stays text.
"""

import io
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, MUTED, LINE, FIRST, SECOND = "#010101", "#020202", "#030303", "#040404", "#050505"
_VARIABLES = {INK: "--ink", MUTED: "--muted", LINE: "--line", FIRST: "--accent", SECOND: "--second"}
WIDTH, HEIGHT = 4.5, 3.1
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none", "font.size": 9, "font.family": "sans-serif", "text.color": INK, "axes.labelcolor": MUTED,
    "axes.edgecolor": LINE, "xtick.color": MUTED, "ytick.color": MUTED, "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "grid.color": LINE, "grid.linewidth": 0.6, "axes.axisbelow": True, "lines.linewidth": 1.8, "lines.markersize": 4.5,
    "legend.frameon": False, "legend.fontsize": 8.5, "figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "none",
}  # fmt: skip

Point = Mapping[str, float]


def recall_curve(points: Sequence[Point]) -> str:
    """Share of the relevant among the first k, over k."""
    with _Drawing("recall", "Recall among the first k passages or documents") as drawing:
        axes = drawing.axes()
        axes.plot([point["k"] for point in points], [point["value"] for point in points], marker="o", color=FIRST)
        axes.set(xscale="log", xlabel="k", ylabel="recall", ylim=(min(0.5, *(point["value"] for point in points)), 1.02))
        axes.set_xticks([point["k"] for point in points], [f"{point['k']:.0f}" for point in points])
        axes.minorticks_off()
        return drawing.svg()


def risk_coverage(points: Sequence[Point], answered: float) -> str:
    """Share of wrong answers over the share of questions answered, and where the threshold stands."""
    with _Drawing("risk", "Risk over coverage") as drawing:
        axes = drawing.axes()
        axes.plot([point["coverage"] for point in points], [point["risk"] for point in points], color=FIRST, drawstyle="steps-post")
        axes.axvline(answered, color=SECOND, linestyle="--", linewidth=1.2)
        side = "right" if answered > 0.5 else "left"
        axes.annotate(f" answered now: {answered:.0%} ", (answered, 0.02), ha=side, color=SECOND, fontsize=8.5)
        axes.set(xlabel="coverage: questions answered, the surest first", ylabel="risk: wrong among them", xlim=(0, 1.02), ylim=(0, None))
        return drawing.svg()


def calibration(bins: Sequence[Point]) -> str:
    """Share of right answers over confidence; the size of a dot tells how many."""
    with _Drawing("calibration", "Calibration of confidence") as drawing:
        axes = drawing.axes()
        axes.plot([0, 1], [0, 1], color=MUTED, linestyle=":", linewidth=1.2)
        most = max(own["count"] for own in bins)
        sizes = [20 + 180 * own["count"] / most for own in bins]
        axes.plot([own["confidence"] for own in bins], [own["accuracy"] for own in bins], color=FIRST, linewidth=1, alpha=0.6)
        axes.scatter([own["confidence"] for own in bins], [own["accuracy"] for own in bins], s=sizes, color=FIRST)
        axes.set(xlabel="confidence", ylabel="share that was right", xlim=(-0.04, 1.04), ylim=(-0.06, 1.06))
        return drawing.svg()


def slices(rows: Sequence[tuple[str, Mapping[str, Any]]], name: str) -> str:
    """One metric for each slice, with its interval; the last row is the whole set."""
    with _Drawing(f"slices-{name}", f"{name} by slice", height=0.9 + 0.27 * len(rows)) as drawing:
        axes = drawing.axes()
        for place, (label, own) in enumerate(reversed(rows)):
            color = SECOND if label.startswith("all") else FIRST
            axes.plot([own["low"], own["high"]], [place, place], color=color, linewidth=1.4)
            axes.plot([own["value"]], [place], marker="o", color=color, linestyle="none")
        axes.set_yticks(range(len(rows)), [f"{label} ({own['n']})" for label, own in reversed(rows)])
        axes.set(xlim=(min(-0.02, *(own["low"] for _, own in rows)), 1.02), xlabel=f"{name}, 95% interval")
        axes.grid(visible=False, axis="y")
        return drawing.svg()


def latency(stages: Mapping[str, Point]) -> str:
    """Median and 95th percentile of each stage."""
    with _Drawing("latency", "Milliseconds per stage", height=0.9 + 0.36 * len(stages)) as drawing:
        axes = drawing.axes()
        names = list(stages)[::-1]
        axes.barh(names, [stages[name]["p95"] for name in names], color=FIRST, alpha=0.3, height=0.6, label="95th percentile")
        axes.barh(names, [stages[name]["p50"] for name in names], color=FIRST, height=0.6, label="median")
        axes.set(xlabel="milliseconds")
        axes.legend(loc="upper right")
        axes.grid(visible=False, axis="y")
        return drawing.svg()


def language_pairs(pairs: Mapping[str, Mapping[str, Any]], name: str) -> str:
    """One metric by language of the question (down) and of the document (across), with the number of questions."""
    asked, held = (sorted({pair.split("->")[side] for pair in pairs}) for side in (0, 1))
    with _Drawing("pairs", f"{name} by language of question and document") as drawing:
        axes = drawing.axes()
        for pair, own in pairs.items():
            row, column = asked.index(pair.split("->")[0]), held.index(pair.split("->")[1])
            strength = max(0.0, min(1.0, own["value"]))
            axes.fill([column - 0.48, column + 0.48, column + 0.48, column - 0.48], [row - 0.48] * 2 + [row + 0.48] * 2, color=FIRST,
                      alpha=0.08 + 0.5 * strength, linewidth=0)  # fmt: skip
            axes.text(column, row, f"{own['value']:.2f}\nn = {own['n']}", ha="center", va="center", fontsize=10)
        axes.set_xticks(range(len(held)), held)
        axes.set_yticks(range(len(asked)), asked)
        axes.set(xlabel="language of the document", ylabel="of the question", xlim=(-0.6, len(held) - 0.4), ylim=(len(asked) - 0.4, -0.6))
        axes.grid(visible=False)
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        return drawing.svg()


class _Drawing:
    """One figure in the report's style; `svg` gives the element, with ids of its own and colours as variables of the page."""

    def __init__(self, name: str, title: str, height: float = HEIGHT) -> None:
        from matplotlib import rc_context

        self._name = name
        self._title = title
        self._context: AbstractContextManager[None] = rc_context({**_STYLE, "svg.hashsalt": name})
        self._size = (WIDTH, height)

    def __enter__(self) -> "_Drawing":
        from matplotlib.figure import Figure

        self._context.__enter__()
        self._figure = Figure(figsize=self._size, layout="constrained")
        return self

    def __exit__(self, *error: object) -> None:
        self._context.__exit__(None, None, None)

    def axes(self) -> "Axes":
        """The only plot of the figure."""
        axes: Axes = self._figure.subplots()
        return axes

    def svg(self) -> str:
        """The element."""
        from matplotlib.backends.backend_svg import FigureCanvasSVG

        buffer = io.StringIO()
        FigureCanvasSVG(self._figure).print_svg(buffer, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
        text = buffer.getvalue()
        text = text[text.index("<svg") :]
        for color, variable in _VARIABLES.items():
            text = text.replace(color, f"var({variable})")
        text = re.sub(r'\bid="', f'id="{self._name}-', text)
        text = re.sub(r'(url\(#|href="#)', rf"\g<1>{self._name}-", text)
        text = re.sub(r"font-family: [^;\"]*", "font-family: inherit", text)
        opening = f'<svg role="img" aria-label="{self._title}" '
        return re.sub(r"<svg ([^>]*?)width=\"[^\"]*\" height=\"[^\"]*\"", rf"{opening}\1", text, count=1)
