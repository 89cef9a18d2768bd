"""Measure what the README claims and write it to `benchmarks/RESULTS.md`.

    python -m benchmarks --data ../shared/data [--fresh]

Each figure stands beside its goal. Times are medians of several runs on whatever machine this is: compare ratios, not milliseconds.
`--fresh` also clones the repository into an empty folder and times `make ask` there, installation included.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.quality import questions_quality, xquad_quality

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).with_name("RESULTS.md")
RUNS = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement: what, the value as text, the goal as text, and whether it is met (None: no goal)."""

    name: str
    value: str
    goal: str = ""
    met: bool | None = None


def main() -> None:
    """Run every measurement and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder of the development data")
    parser.add_argument("--fresh", action="store_true", help="also time a fresh clone, installation included")
    options = parser.parse_args()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        for figure in _measure(Path(folder), options.data, fresh=options.fresh):
            figures.append(figure)
            print(f"{figure.name:58} {figure.value:>24}  {figure.goal}", flush=True)
    RESULTS.write_text(_table(figures), encoding="utf-8")


def _measure(folder: Path, data: Path, *, fresh: bool) -> Iterator[Figure]:
    index = folder / "seeds"
    if fresh:
        yield from _fresh_clone(folder / "clone")
    _rag("index", ROOT / "seeds", "--index", index)
    yield _seconds("import rag, in a new process", 0.2, lambda: _python("import rag"))
    yield _seconds("rag ask, whole process", 2.0, lambda: _rag("ask", "what does Article 4 permit", "--index", index))
    yield _peak_memory(index)
    yield _warm(index)
    yield from _indexing(folder)
    yield _contextual()
    yield from (Figure(*row) for row in questions_quality(ROOT / "eval" / "questions.jsonl", index))
    if (data / "dev").is_dir():
        yield from (Figure(*row) for row in xquad_quality(data / "dev" / "xquad_dev_half.jsonl.xz", folder))
    else:
        print(f"no development data at {data}: the XQuAD rows are left out", file=sys.stderr)


def _fresh_clone(folder: Path) -> Iterator[Figure]:
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("RAG_", "VIRTUAL_ENV"))}
    started = time.perf_counter()
    subprocess.run(["make", "ask"], cwd=folder, check=True, stdout=subprocess.DEVNULL, env=environment)
    seconds = time.perf_counter() - started
    yield Figure("fresh clone to first answer, installation included", f"{seconds:.0f} s", "under 120 s", seconds < 120)
    size = sum(file.stat().st_size for file in (folder / ".venv").rglob("*") if file.is_file() and not file.is_symlink()) / 1e6
    yield Figure("installed size of the core", f"{size:.0f} MB", "under 700 MB", size < 700)


def _seconds(name: str, goal: float, run: Callable[[], object]) -> Figure:
    value = statistics.median(_timed(run) for _ in range(RUNS))
    return Figure(name, f"{value:.2f} s", f"under {goal:g} s", value < goal)


def _peak_memory(index: Path) -> Figure:
    code = f"""
import resource, sys
sys.argv = ["rag", "ask", "what does Article 4 permit", "--index", {str(index)!r}, "--json"]
from rag.cli import main
try:
    main()
finally:
    sys.stderr.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    value = int(result.stderr.split()[-1]) / (1024 if sys.platform != "darwin" else 1024**2)
    return Figure("rag ask, peak memory", f"{value:.0f} MiB", "under 400 MB", value < 381)


def _warm(index: Path) -> Figure:
    from rag.config import load_config
    from rag.pipeline import Pipeline

    questions = [json.loads(line)["question"] for line in (ROOT / "eval" / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    with Pipeline.open(load_config(index=index, environment={})) as pipeline:
        pipeline.ask(questions[0])
        times = sorted(1000 * _timed(lambda question=question: pipeline.ask(question)) for question in questions)
    median, late = statistics.median(times), times[int(0.95 * len(times))]
    return Figure("a warm question, median and p95", f"{median:.0f} / {late:.0f} ms", "median under 50 ms", median < 50)


def _indexing(folder: Path) -> Iterator[Figure]:
    """Text files with as many different passages as the seeds would give if they were 40 times as many."""
    documents = folder / "many"
    documents.mkdir()
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in sorted((ROOT / "seeds").glob("*.md"))]
    for copy in range(60):
        for number, text in enumerate(texts):
            (documents / f"{copy}-{number}.md").write_text(text.replace(". ", f" ({copy}). "), encoding="utf-8")
    output = _rag("index", documents, "--index", folder / "many-index", "--json")
    summary = json.loads(output)
    rate = summary["passages"] / summary["seconds"]
    yield Figure(
        f"indexing {summary['passages']:,} passages from text files", f"{rate:,.0f} passages/s", "at least 1,000 passages/s", rate >= 1000
    )


def _contextual() -> Figure:
    """Texts of about 200 tokens, one after the other on two cores."""
    from rag.read import Reader

    reader = Reader()
    texts = [f"{number} " + (ROOT / "seeds" / "garantias-de-seguridad.md").read_text(encoding="utf-8")[:850] for number in range(200)]
    rate = len(texts) / min(_timed(lambda: reader.encode(texts)) for _ in range(3))
    return Figure("contextual vectors, passages of 850 characters", f"{rate:.0f} passages/s", "at least 60 passages/s", rate >= 60)


def _table(figures: list[Figure]) -> str:
    lines = [
        "# Results",
        "",
        f"Printed by `make bench` on {platform.machine()} with {os.cpu_count()} cores, Python {platform.python_version()}.",
        "",
        "| what | measured | goal | |",
        "|---|---|---|---|",
    ]
    marks = {True: "met", False: "not met", None: ""}
    lines += [f"| {figure.name} | {figure.value} | {figure.goal} | {marks[figure.met]} |" for figure in figures]
    return "\n".join(lines) + "\n"


def _rag(*arguments: object) -> str:
    command = [sys.executable, "-m", "rag", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _python(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)


def _timed(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


main()
