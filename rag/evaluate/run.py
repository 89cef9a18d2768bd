"""Run an evaluation: read the data set, open the index it is about, score, report and compare.

A BEIR folder brings its own documents, so it is indexed first: in a temporary folder, or in the configured one to be kept. A question set
is about documents that are in the index already. How scores come about is the matter of `beir.py` and `questions.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rag.config import Config, IndexConfig
from rag.errors import IndexMissing, InputError
from rag.evaluate.beir import score_beir
from rag.evaluate.datasets import BeirDataset, read_beir, read_questions
from rag.evaluate.questions import score_questions
from rag.evaluate.report import compare as compare_results
from rag.evaluate.report import read_results, write_report
from rag.evaluate.subject import Progress, Subject
from rag.evaluate.summary import describe_run

Results = dict[str, Any]


def run_evaluation(
    target: Path,
    config: Config,
    *,
    queries: Path | None = None,
    report: Path | None = None,
    compare: Path | None = None,
    keep_index: bool = False,
    progress: Progress | None = None,
) -> Results:
    """Evaluate on a BEIR folder or a question set (.jsonl).

    Args:
        target: the folder or the file.
        config: all settings; a question set is asked of the index at `config.index.path`.
        queries: for a BEIR folder: a file to use in place of its queries.jsonl.
        report: folder that gets results.json, results.jsonl and latency.json.
        compare: results.json of an earlier run, or the folder it is in; adds "comparison" to the results.
        keep_index: for a BEIR folder: index it at `config.index.path` and leave it there (meant for an --index that was given).
        progress: called as progress(done, total, label).

    Raises:
        InputError: a target, query file or earlier result that cannot be used.
        StoreError: the index is missing or cannot be used.
    """
    other = read_results(compare) if compare else None
    if target.is_dir():
        results = evaluate_beir(target, queries, config, progress, keep_index=keep_index)
    elif queries is not None:
        raise InputError(f"--queries goes with a BEIR folder, and {target} is not a folder.")
    elif target.suffix == ".jsonl":
        results = evaluate_questions(target, config, progress)
    else:
        raise InputError(f"{target} is neither a folder nor a .jsonl file; give a BEIR folder or a question set.")
    if other is not None:
        results["comparison"] = compare_results(results, other)
    if report is not None:
        write_report(results, report)
    return results


def evaluate_beir(
    folder: Path, queries: Path | None, config: Config, progress: Progress | None = None, *, keep_index: bool = False
) -> Results:
    """Index a BEIR folder and score retrieval on it, and citations if it holds answers.jsonl; see `score_beir` for the fields."""
    dataset = read_beir(folder, queries)
    with _indexed(dataset, config, progress, keep_index=keep_index) as subject:
        return {**score_beir(dataset, subject, progress), "run": describe_run(config)}


def evaluate_questions(file: Path, config: Config, progress: Progress | None = None) -> Results:
    """Score the index at `config.index.path` on a question set; see `score_questions` for the fields."""
    from rag.pipeline import Pipeline

    questions = read_questions(file)
    with Pipeline.open(config) as subject:
        return {"dataset": file.stem, **score_questions(questions, subject, progress), "run": describe_run(config)}


@contextmanager
def _indexed(dataset: BeirDataset, config: Config, progress: Progress | None, *, keep_index: bool) -> Iterator[Subject]:
    """An open index of the documents of `dataset` and nothing else."""
    from rag.pipeline import Pipeline

    with TemporaryDirectory(prefix="rag-eval-") as temporary:
        if keep_index:
            _refuse_files(config.index.path)
        else:
            config = config.model_copy(update={"index": IndexConfig(path=Path(temporary) / "index")})
        _build_index(config, dataset, progress)
        with Pipeline.open(config) as subject:
            yield subject


def _build_index(config: Config, dataset: BeirDataset, progress: Progress | None) -> None:
    from rag.embed import load_embedder
    from rag.index.sync import sync_documents

    embedder = load_embedder(config.embedding.model, device=config.embedding.device)
    sync_documents(config, embedder, dataset.documents.values(), progress)


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
            raise InputError(f"The index at {folder} holds indexed files, which a BEIR folder would replace; give another --index or none.")
    finally:
        store.close()
