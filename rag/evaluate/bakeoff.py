"""Several configurations on one data set: what a swap of a model gains and what it costs.

A file names the data set and the runs, each as the settings in which it differs:

    target = "eval/questions.jsonl"
    documents = "seeds"                   # also: queries, qrels; relative to where rag is run
    [runs.builtin]
    [runs.minilm]
    embedding.model = "sentence-transformers/all-MiniLM-L6-v2"
    [runs.small-llm]
    llm.model = "openai:gpt-5-mini"
    price = [0.25, 2.0]                   # of a million tokens, in and out

Everything lands in one folder and is used again: runs with the same embedder and splitter share an index, so that another language model
embeds no document; every outcome is written as it comes, so that a stopped bake-off goes on where it was, as long as documents, settings
and prompts are the same. A question is embedded in each run, because that is part of the time it takes. The first run is the reference of
the others.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rag import __version__
from rag.config import Config, IndexConfig, load_config
from rag.errors import ConfigError, InputError, LoadError
from rag.evaluate.compare import RESULTS, compare_all, read_results
from rag.evaluate.datasets import Dataset, read_dataset
from rag.evaluate.files import TIMES, write_bake_off, write_report
from rag.evaluate.lines import read_text
from rag.evaluate.run import Options, evaluate, repeat_command
from rag.evaluate.score import Outcome
from rag.evaluate.subject import Progress
from rag.evaluate.summary import LATENCY, RESOURCES
from rag.index.store import FILE
from rag.load import Limits, content_sha256, find_files
from rag.paths import shipped

OUTCOMES = "outcomes.jsonl"
_PATHS = ("queries", "qrels", "documents")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One configuration, by name; `price` of a million tokens in and out."""

    name: str
    config: Config
    price: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class BakeOff:
    """A data set, the candidates (the first is the reference), and the folder that keeps everything."""

    target: Path
    options: Options
    candidates: tuple[Candidate, ...]
    folder: Path


def read_bake_off(file: Path, folder: Path | None, config: Path | None, assignments: Sequence[str], index: Path | None) -> BakeOff:
    """Read a bake-off file; runs differ from the configuration that `config` and `assignments` give.

    Raises:
        InputError: a file that cannot be read or does not fit.
        ConfigError: a setting of a run that cannot be used.
    """
    try:
        told = tomllib.loads(read_text(file))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{file} is not valid TOML: {error}.") from error
    if unknown := [name for name in told if name not in {"target", "runs", *_PATHS}]:
        raise InputError(f"{file} has the unknown key {unknown[0]!r}; known are target, runs, {', '.join(_PATHS)}.")
    runs = told.get("runs")
    if not isinstance(told.get("target"), str) or not isinstance(runs, dict) or not runs:
        raise InputError(f'{file} needs a line target = "..." and at least one table [runs.NAME].')
    if wrong := [name for name in _PATHS if name in told and not isinstance(told[name], str)]:
        raise InputError(f"{file}: {wrong[0]} is {told[wrong[0]]!r}; it must be a path in quotation marks.")
    candidates = [_candidate(file, name, table, config, assignments, index) for name, table in runs.items()]
    queries, qrels, documents = (Path(told[name]) if name in told else None for name in _PATHS)
    options = Options(queries=queries, qrels=qrels, documents=documents)
    return BakeOff(Path(told["target"]), options, tuple(candidates), folder or file.with_suffix(""))


def run_bake_off(bake_off: BakeOff, progress: Progress | None = None) -> dict[str, Any]:
    """Run every candidate, or take what is there, and compare them with the first.

    Returns:
        {"dataset", "reference", "runs", "comparisons"}: `runs` by name with "metrics", "fingerprint", "index" and "costs"; `comparisons` by
        name, see `compare_all`. The folder gets a report for each run, and bake-off.html and bake-off.json.

    Raises:
        InputError: what any of the runs cannot use.
    """
    dataset = read_dataset(bake_off.target, bake_off.options.queries, bake_off.options.qrels)
    results = {own.name: evaluate_candidate(bake_off, dataset, own, progress) for own in bake_off.candidates}
    reference, *others = results
    comparisons = compare_all(results[reference], [results[name] for name in others])
    summary = {
        "dataset": dataset.name,
        "reference": reference,
        "runs": {name: _summary(own) for name, own in results.items()},
        "comparisons": dict(zip(others, comparisons, strict=True)),
    }
    write_bake_off(results[reference], summary, bake_off.folder)
    return summary


def evaluate_candidate(bake_off: BakeOff, dataset: Dataset, candidate: Candidate, progress: Progress | None = None) -> dict[str, Any]:
    """The results of one candidate; questions that were asked before under the same configuration are not asked again."""
    options = replace(bake_off.options, price=candidate.price)
    config = candidate.config
    if dataset.documents is not None or options.documents is not None:
        options = replace(options, keep_index=True)
        config = config.model_copy(update={"index": IndexConfig(path=bake_off.folder / "indexes" / _index_key(dataset, options, config))})
    folder = bake_off.folder / "runs" / candidate.name

    def tell(done: int, total: int, label: str) -> None:
        if progress:
            progress(done, total, f"{candidate.name}: {label}")

    with _Kept(folder / OUTCOMES, [dataset.sha256, *_holdings(options, config)], config) as kept:
        results, outcomes = evaluate(dataset, config, options, tell, kept.outcomes, kept.add)
    results["run"]["target"] = bake_off.target.name
    write_report(results, outcomes, folder, command=repeat_command(bake_off.target, config, options))
    return results


class _Kept:
    """Outcomes on disk: a first line that names what they belong to, then one a line, written as they come."""

    def __init__(self, file: Path, asked: Sequence[str], config: Config) -> None:
        settings = config.model_dump(mode="json", exclude={"index"})
        prompts = [prompt.read_text(encoding="utf-8") for prompt in sorted(shipped("prompts").glob("*.md"))]
        told = [__version__, asked, settings, prompts]
        self._key = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        self._file = file
        self.outcomes: dict[str, Outcome] = {}

    def __enter__(self) -> "_Kept":
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            lines = self._file.read_text(encoding="utf-8").split("\n") if self._file.exists() else []
            if lines[:1] == [self._key]:
                whole = [json.loads(line) for line in lines[1:-1]]  # what comes after the last newline was cut off
                self.outcomes = {own["entry"]["id"]: Outcome(**own) for own in whole}
            kept = "".join(json.dumps(asdict(own), ensure_ascii=False) + "\n" for own in self.outcomes.values())
            self._file.write_text(f"{self._key}\n{kept}", encoding="utf-8")
            self._stream = self._file.open("a", encoding="utf-8")
        except (OSError, ValueError) as error:
            raise InputError(f"{self._file} cannot be used ({error}); remove it, or give another --folder.") from error
        return self

    def __exit__(self, *error: object) -> None:
        self._stream.close()

    def add(self, outcome: Outcome) -> None:
        """Write one outcome, whatever happens after."""
        self._stream.write(json.dumps(asdict(outcome), ensure_ascii=False) + "\n")
        self._stream.flush()


def _candidate(file: Path, name: str, table: object, config: Path | None, assignments: Sequence[str], index: Path | None) -> Candidate:
    if not isinstance(table, dict) or not all(isinstance(values, dict) or key == "price" for key, values in table.items()):
        raise InputError(f'{file}: the run {name!r} must hold settings such as llm.model = "...", and price = [in, out].')
    if "/" in name or name.startswith("."):
        raise InputError(f"{file}: the run {name!r} needs a plain name, because its results go into a folder of that name.")
    price = table.get("price")
    if price is not None and not (isinstance(price, list) and len(price) == 2 and all(isinstance(own, int | float) for own in price)):
        raise InputError(f"{file}: the price of {name!r} is {price!r}; write [in, out], of a million tokens each.")
    own = [
        f"{section}.{key}={json.dumps(value)}" for section, values in table.items() if section != "price" for key, value in values.items()
    ]
    try:
        settings = load_config(config, [*assignments, *own], index)
    except ConfigError as error:
        raise ConfigError(f"{file}, run {name!r}: {str(error).replace(' in --set', '')}") from error
    return Candidate(name, settings, tuple(price) if price else None)


def _holdings(options: Options, config: Config) -> list[str]:
    """What stands for the documents that are asked: their files as they are now, or the index with its last sync."""
    if options.documents is None:
        stored = config.index.path / FILE
        return [str(stored.resolve()), str(config.index.url), str(stored.stat().st_mtime_ns) if stored.is_file() else ""]
    return [f"{name} {_digest(path, config)}" for path, name in find_files([options.documents])]


def _digest(path: Path, config: Config) -> str:
    try:
        return content_sha256(path, Limits.of(config.load))
    except LoadError as error:
        return str(error)


def _index_key(dataset: Dataset, options: Options, config: Config) -> str:
    """Equal where the same vectors of the same passages are wanted."""
    documents = str(options.documents.resolve()) if dataset.documents is None and options.documents else dataset.sha256
    told = [documents, config.embedding.model, config.split.model_dump(), config.load.model_dump()]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]


def _summary(results: Mapping[str, Any]) -> dict[str, Any]:
    timing, used = results.get(LATENCY, {}), results.get(RESOURCES, {})
    costs = {"p50_ms": timing.get("p50"), "p95_ms": timing.get("p95"), "index_bytes": used.get("index_bytes")}
    costs |= {"peak_memory_mib": used.get("peak_memory_mib"), "seconds": used.get("seconds"), **used.get("usage", {})}
    return {"metrics": results["metrics"], "fingerprint": results.get("fingerprint"), "index": results.get("index"), "costs": costs}


Settings = tuple[Path | None, Sequence[str], Path | None]
"""Config file, assignments and index, as the command line gives them."""


def compare_runs(
    runs: Sequence[str], target: Path | None, options: Options, folder: Path | None, settings: Settings, progress: Progress | None = None
) -> dict[str, Any]:
    """Compare runs with the first of them: earlier results, config files, or settings "section.key=value[,section.key=value]".

    Returns:
        As `run_bake_off`, without files unless a `folder` is given.

    Raises:
        InputError: fewer than two runs, one that is none of these, or configurations without a `target`.
    """
    if len(runs) < 2:
        raise InputError(f"A comparison needs two runs or more, {len(runs)} was given; see rag eval compare --help.")
    with TemporaryDirectory(prefix="rag-compare-") as temporary:
        bake_off = BakeOff(target or Path(), options, (), folder or Path(temporary))
        dataset = read_dataset(target, options.queries, options.qrels) if target else None
        results = {_name(run, runs): _results(run, dataset, bake_off, settings, progress) for run in runs}
    reference, *others = results
    comparisons = compare_all(results[reference], [results[name] for name in others])
    return {
        "dataset": results[reference].get("dataset"),
        "reference": reference,
        "runs": {name: _summary(own) for name, own in results.items()},
        "comparisons": dict(zip(others, comparisons, strict=True)),
    }


def _results(run: str, dataset: Dataset | None, bake_off: BakeOff, settings: Settings, progress: Progress | None) -> dict[str, Any]:
    path, (config, assignments, index) = Path(run), settings
    if path.is_dir() or path.suffix == ".json":
        return read_results(path) | _read_times(path)
    if path.suffix != ".toml" and "=" not in run:
        raise InputError(f"{run!r} is neither results, nor a .toml file, nor settings such as retrieval.passages=4; check the path.")
    if dataset is None:
        raise InputError(f"{run!r} is a configuration, so say what to evaluate it on: --on eval/questions.jsonl, for example.")
    if path.suffix == ".toml":
        settled = load_config(path, assignments, index)
    else:
        settled = load_config(config, [*assignments, *run.split(",")], index)
    name = hashlib.sha256(run.encode()).hexdigest()[:12]
    return evaluate_candidate(bake_off, dataset, Candidate(name, settled), progress)


def _read_times(path: Path) -> dict[str, Any]:
    """Times and resources of an earlier run, if they lie beside its results."""
    file = (path if path.is_dir() else path.parent) / TIMES
    if not file.is_file():
        return {}
    timing = json.loads(read_text(file))
    return {RESOURCES: timing.pop(RESOURCES, {}), LATENCY: timing}


def _name(run: str, runs: Sequence[str]) -> str:
    """A short name where that is enough to tell the runs apart."""
    short = [Path(other).parent.name or Path(other).stem if Path(other).name == RESULTS else Path(other).stem for other in runs]
    own = short[list(runs).index(run)]
    return run if "=" in run or short.count(own) > 1 else own
