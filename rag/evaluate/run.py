"""Run an evaluation: read the data set, open the index it is about, ask, sum up, compare, report.

A BEIR folder and a SQuAD file bring their own documents, so these are indexed first: in a temporary folder, or in the configured one to be
kept. A question set and TREC topics are about documents that are in the index already, or in `documents`. How scores come about is the
matter of `score.py`.
"""

import json
import os
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from rag.config import Config, IndexConfig
from rag.errors import IndexMissing, InputError
from rag.evaluate.ask import WithDocuments, remembered_documents, run_all, with_one_retrieval, without_threshold
from rag.evaluate.beir import read_corpus
from rag.evaluate.compare import check_against, read_results
from rag.evaluate.compare import compare as compare_results
from rag.evaluate.datasets import Dataset, Question, read_dataset
from rag.evaluate.describe import describe_machine, describe_run, settings_to_show
from rag.evaluate.evidence import locate_evidence
from rag.evaluate.files import make_folder, write_report
from rag.evaluate.score import Outcome, Scorer
from rag.evaluate.subject import Progress
from rag.evaluate.summary import RESOURCES, summarise
from rag.types import Document

if TYPE_CHECKING:
    from rag.pipeline import Pipeline

Results = dict[str, Any]
CORPUS = "corpus.jsonl"
QUOTING = "extractive"
MARGIN = 0.01
DEEPENED = 20_000
"""Texts that get contextual vectors before a measurement: some minutes."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to evaluate, and what to do with the results.

    `queries`: other questions for a BEIR folder or a SQuAD file. `qrels`: judgements; the target is then TREC topics. `documents`: files,
    a folder or a corpus.jsonl to index first. `report`: folder for all files. `compare`, `baseline`: results of an earlier run, to compare
    with, and to be no worse than by more than `margin`. `keep_index`: index at `config.index.path` and leave it there. `workers`: questions
    at a time (None: as many as processors for the quoting generator, else one). `judge`: a chat model that judges the answers, too.
    `price`, `judge_price`: of a million tokens in and out, of the model that answers and of the judge. `signed_by`: who answers for the
    report. `retrieval_only`: search, and ask nothing.
    """

    queries: Path | None = None
    qrels: Path | None = None
    documents: Path | None = None
    report: Path | None = None
    compare: Path | None = None
    baseline: Path | None = None
    margin: float = MARGIN
    keep_index: bool = False
    workers: int | None = None
    judge: str | None = None
    price: tuple[float, float] | None = None
    judge_price: tuple[float, float] | None = None
    signed_by: str | None = None
    retrieval_only: bool = False


def run_evaluation(target: Path, config: Config, options: Options | None = None, progress: Progress | None = None) -> Results:
    """Evaluate on a question set (.jsonl), a BEIR folder, a SQuAD file (.json) or TREC topics (with `qrels`).

    Raises:
        InputError: a target, file or earlier result that cannot be used, or labels that do not fit the documents.
        StoreError: the index is missing or cannot be used.
    """
    options = options or Options()
    other = read_results(options.compare) if options.compare else None
    baseline = read_results(options.baseline) if options.baseline else None
    dataset = read_dataset(target, options.queries, options.qrels)
    if options.report is not None:
        make_folder(options.report)
    results, outcomes = evaluate(dataset, config, options, progress)
    results["run"]["target"] = target.name
    if other is not None:
        results["comparison"] = compare_results(results, other)
    if baseline is not None:
        results["gate"] = check_against(results, baseline, options.margin)
    if options.report is not None:
        write_report(results, outcomes, options.report, command=repeat_command(target, config, options), signed_by=options.signed_by)
    return results


def evaluate(
    dataset: Dataset, config: Config, options: Options, progress: Progress | None = None,
    done: Mapping[str, Outcome] | None = None, keep: Callable[[Outcome], None] | None = None,
) -> tuple[Results, list[Outcome]]:  # fmt: skip
    """The results of one configuration on a data set, and the outcome of every question; see `run_all` for `done` and `keep`.

    What is handed to `keep` knows its tokens, so that those of `done` count, too.
    """
    from rag.evaluate.judge import judge_outcomes, load_judge
    from rag.evaluate.usage import counted_tokens

    started = time.perf_counter()
    if options.retrieval_only:
        dataset = replace(dataset, gold=None)
    counts = counted_tokens(options.price, enabled=config.llm.model != QUOTING)
    with opened(dataset, config, options, progress) as pipeline, counts as usage:
        dataset = _with_missing(dataset, pipeline)
        judging = config.llm.with_model(options.judge) if options.judge else None
        judge = load_judge(judging) if judging else None  # before hours of asking
        outcomes = ask(dataset, pipeline, options, progress, done, usage.told_each(keep) if keep else None)
        used = usage(outcome.tokens for outcome in (done or {}).values())
        results = summarise(dataset, outcomes)
        if judging:
            with counted_tokens(options.judge_price) as judged:
                results["judge"] = judge_outcomes(outcomes, judging, progress, judge)
                used |= {"judge_usage": told["usage"]} if (told := judged()) else {}
        described = {name: value for name, value in pipeline.describe().items() if name != "generation"}
        if coverage := pipeline.contextual_coverage():
            described["contextual"] = coverage
        results |= {"index": described, "run": describe_run(config)}
        results[RESOURCES] = describe_machine(pipeline.config.index.path, time.perf_counter() - started) | used
    return results, outcomes


def _with_missing(dataset: Dataset, pipeline: "Pipeline") -> Dataset:
    """`dataset`, with the number of relevant documents that the index lacks if there are such: nothing can find them."""
    relevant = {name for question in dataset.questions for name, gain in question.gains.items() if gain > 0}
    sources = {listed.source for listed in pipeline.documents()} if relevant else set()
    missing = relevant - sources - {PurePath(source).stem for source in sources}
    if missing and missing == relevant:
        raise InputError(
            f"None of the judged documents is in the index ({min(missing)!r} is not); judgements name files as the index does."
        )
    return replace(dataset, left_out={**dataset.left_out, "judged_but_not_indexed": len(missing)}) if missing else dataset


def ask(
    dataset: Dataset, pipeline: "Pipeline", options: Options, progress: Progress | None = None,
    done: Mapping[str, Outcome] | None = None, keep: Callable[[Outcome], None] | None = None,
) -> list[Outcome]:  # fmt: skip
    """The outcome of every question of `dataset`, asked of an open pipeline; see `run_all`."""
    quoting = pipeline.config.llm.model == QUOTING
    workers = options.workers or ((os.cpu_count() or 1) + 1 if quoting else 1)
    document = remembered_documents(pipeline)
    located = WithDocuments(pipeline, document)
    spans = {question.id: locate_evidence(question, located) for question in dataset.questions}

    def scorer(subject: "Pipeline") -> Callable[[Question], Outcome]:
        insist = without_threshold(subject).ask if quoting else None
        known = WithDocuments(subject, document)
        return lambda question: Scorer(dataset, known, lambda: pipeline.evidence, insist).run(question, spans[question.id])

    return run_all(dataset.questions, scorer(pipeline), scorer(with_one_retrieval(pipeline)), workers, progress, done, keep)


@contextmanager
def opened(dataset: Dataset, config: Config, options: Options, progress: Progress | None) -> "Iterator[Pipeline]":
    """A pipeline over the documents that the data set is about."""
    from rag.pipeline import Pipeline

    documents = dataset.documents
    if documents is None and options.documents is not None and options.documents.name == CORPUS:
        documents = read_corpus(options.documents)
    if documents is None and options.documents is None:
        with Pipeline.open(config) as pipeline:
            yield pipeline
        return
    with nullcontext() if options.keep_index else TemporaryDirectory(prefix="rag-eval-") as temporary:
        if temporary is not None:
            config = config.model_copy(update={"index": IndexConfig(path=Path(temporary) / "index")})
        _build_index(config, documents, options, progress)
        with Pipeline.open(config) as pipeline:
            yield pipeline


def _build_index(config: Config, documents: Mapping[str, Document] | None, options: Options, progress: Progress | None) -> None:
    from rag.embed import load_embedder
    from rag.index.sync import sync, sync_documents

    embedder = load_embedder(config.embedding.model, device=config.embedding.device)
    if documents is None:
        assert options.documents is not None
        summary = sync(config, embedder, [options.documents], progress)
        if not summary.documents:
            raise InputError(f"No document was found in {options.documents}; give --documents a folder of documents.")
    else:
        if options.keep_index:
            _refuse_files(config.index.path)
        sync_documents(config, embedder, documents.values(), progress)
    _deepen(config, progress)


def _deepen(config: Config, progress: Progress | None) -> None:
    """Give passages their contextual vectors, as whoever waits for `rag index --deep` has them; not in very large indexes."""
    from rag.index.contextual import deepen
    from rag.read import Reader

    if config.retrieval.contextual and not config.index.url:
        deepen(config.index.path, Reader(), progress, at_most=DEEPENED)


def _refuse_files(folder: Path) -> None:
    """An index that someone made of their files is not ours to overwrite.

    Raises:
        InputError: there is one in `folder`.
    """
    from rag.index.store import Store

    try:
        store = Store.open(folder)
    except IndexMissing:
        return
    try:
        if any(path for path, *_ in store.known().values()):
            cure = "which this data set would replace; give another --index or none"
            raise InputError(f"The index at {folder} holds indexed files, {cure}.")
    finally:
        store.close()


def repeat_command(target: Path, config: Config, options: Options) -> str:
    """The command that repeats the run, but for the place of the index."""
    words = ["rag", "eval", str(target)]
    for name in ("queries", "qrels", "documents", "judge"):
        if getattr(options, name) is not None:
            words += [f"--{name}", str(getattr(options, name))]
    words += ["--retrieval-only"] if options.retrieval_only else []
    default = Config().model_dump(mode="json", exclude={"index"})
    for section, values in settings_to_show(config).items():
        for key, value in values.items():
            if value != default[section][key]:
                words += ["--set", f"{section}.{key}={value if isinstance(value, str) else json.dumps(value)}"]
    return shlex.join(words)
