"""`rag eval`: measure, compare, draft and collect questions.

`rag eval TARGET` is short for `rag eval run TARGET`; a target that is called like a command is written with a path (./compare). A skin:
it reads options and hands what comes to `report.py`.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from rag.config import load_config
from rag.errors import InputError
from rag.options import ConfigOption, IndexOption, JsonOption, SetOption
from rag.output import console, print_json, progress_bars

if TYPE_CHECKING:
    from rag.config import Config
    from rag.index import Snapshot

GATE_FAILED = 1


class _TargetOrCommand(TyperGroup):
    """Takes what is no command for a target of `run`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer brings its own click
        named = args[:1]
        if not named or (named[0] not in self.commands and named[0] != "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_TargetOrCommand, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
    help="Measure retrieval and answers, with intervals: rag eval TARGET (options: rag eval run --help), or one of the commands.",
)  # fmt: skip

DocumentsOption = Annotated[
    Path | None,
    typer.Option("--documents", help="Documents to index first: a folder, a file, or a corpus.jsonl (default: those of the index)."),
]
QrelsOption = Annotated[Path | None, typer.Option("--qrels", help="TREC judgements; the target is then a file of topics.")]
QueriesOption = Annotated[
    Path | None, typer.Option("--queries", help="Other queries for a BEIR folder, or a SQuAD file with other questions.")
]
WorkersOption = Annotated[int | None, typer.Option("--workers", min=1, max=64, help="Questions at a time.")]
ReportOption = Annotated[Path | None, typer.Option("--report", help="Folder to write the report and all results to.")]


@app.command("run")
def run_command(
    target: Annotated[Path, typer.Argument(help="A question set (.jsonl), a BEIR folder, a SQuAD file (.json), or topics with --qrels.")],
    queries: QueriesOption = None, qrels: QrelsOption = None, documents: DocumentsOption = None, report: ReportOption = None,
    compare: Annotated[Path | None, typer.Option(help="Results of an earlier run to compare with.")] = None,
    baseline: Annotated[Path | None, typer.Option(help="Results to be no worse than; a significant loss ends with exit status 1.")] = None,
    margin: Annotated[float, typer.Option(min=0, max=1, help="Loss that --baseline lets pass.")] = 0.01,
    save_baseline: Annotated[Path | None, typer.Option(help="File to keep the results in, for --baseline.")] = None,
    judge: Annotated[str | None, typer.Option(help="A chat model that also judges the answers, such as openai:NAME.")] = None,
    price: Annotated[str | None, typer.Option(help="Price of a million tokens, IN,OUT, to print what a hosted llm.model cost.")] = None,
    judge_price: Annotated[str | None, typer.Option(help="The same for --judge.")] = None,
    signed_by: Annotated[str | None, typer.Option(help="Name of the evaluator who answers for the report.")] = None,
    retrieval_only: Annotated[bool, typer.Option("--retrieval-only", help="Search only; nothing is asked or answered.")] = False,
    workers: WorkersOption = None,
    index: IndexOption = None, config: ConfigOption = None, assignments: SetOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Measure retrieval and answers on a question set, with intervals."""
    from rag.evaluate.compare import write_baseline
    from rag.evaluate.report import print_results
    from rag.evaluate.run import Options, run_evaluation

    if signed_by is not None and report is None:
        raise InputError("--signed-by signs a report; add --report FOLDER.")
    settings = load_config(config, assignments or (), index)
    options = Options(
        queries=queries, qrels=qrels, documents=documents, report=report, compare=compare, baseline=baseline, margin=margin,
        keep_index=index is not None, workers=workers, judge=judge, price=_price("--price", price),
        judge_price=_price("--judge-price", judge_price), signed_by=signed_by, retrieval_only=retrieval_only,
    )  # fmt: skip
    with progress_bars(as_json) as progress:
        results = run_evaluation(target, settings, options, progress)
    if save_baseline is not None:
        write_baseline(results, save_baseline)
    if as_json:
        print_json(results)
    else:
        print_results(results, console())
        if report is not None:
            console().print(f"Report: {report / 'report.html'}", markup=False)
    if not results.get("gate", {"passed": True})["passed"]:
        raise typer.Exit(GATE_FAILED)


def _price(option: str, text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        tokens_in, tokens_out = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"{option} {text!r} is not two numbers; write IN,OUT of a million tokens, for example 0.25,2.") from error
    return tokens_in, tokens_out


@app.command("bake-off")
def bake_off_command(
    file: Annotated[Path, typer.Argument(help="A .toml file that names a target and runs (see docs/evaluation.md).")],
    folder: Annotated[Path | None, typer.Option("--folder", help="Where everything is kept (default: named like the file).")] = None,
    index: IndexOption = None, config: ConfigOption = None, assignments: SetOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Run several configurations on one set, and compare them with the first; a stopped one goes on where it was."""
    from rag.evaluate.bakeoff import read_bake_off, run_bake_off

    bake_off = read_bake_off(file, folder, config, assignments or (), index)
    with progress_bars(as_json) as progress:
        summary = run_bake_off(bake_off, progress)
    _show(summary, as_json=as_json)
    if not as_json:
        console().print(f"Reports: {bake_off.folder / 'bake-off.html'}, {bake_off.folder / 'runs'}", markup=False)


@app.command("compare")
def compare_command(
    runs: Annotated[list[str], typer.Argument(help="Results (results.json or its folder), config files (.toml), or key=value[,...].")],
    on: Annotated[Path | None, typer.Option("--on", help="What to evaluate on; needed unless all runs are results.")] = None,
    queries: QueriesOption = None, qrels: QrelsOption = None, documents: DocumentsOption = None,
    folder: Annotated[Path | None, typer.Option("--folder", help="Where runs are kept, to go on after a stop (default: nowhere).")] = None,
    index: IndexOption = None, config: ConfigOption = None, assignments: SetOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Compare runs with the first: one table with deltas, intervals and verdicts."""
    from rag.evaluate.bakeoff import compare_runs
    from rag.evaluate.run import Options

    options = Options(queries=queries, qrels=qrels, documents=documents)
    with progress_bars(as_json) as progress:
        summary = compare_runs(runs, on, options, folder, (config, assignments or (), index), progress)
    _show(summary, as_json=as_json)


@app.command("init")
def init_command(
    file: Annotated[Path, typer.Argument(help="The question set to write (.jsonl).")],
    count: Annotated[int, typer.Option("-n", "--count", min=1, max=10_000, help="How many questions to draft.")] = 40,
    index: IndexOption = None, config: ConfigOption = None, assignments: SetOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Draft a question set from the documents of an index, for you to correct; llm.model words it if it is a language model."""
    from rag.evaluate.draft import draft_questions
    from rag.evaluate.review import append_all

    if file.exists():
        raise InputError(f"{file} is there already; give another name, or remove it if nothing in it is worth keeping.")
    settings = load_config(config, assignments or (), index)
    with _snapshot(settings) as snapshot, progress_bars(as_json) as progress:
        drafts = draft_questions(snapshot, count, settings.llm, progress)
    written = append_all(file, drafts)
    if as_json:
        print_json({"file": str(file), "drafts": written})
    else:
        told = 'Make each a question that somebody would ask, check its evidence, and write "reviewed": true; drafts do not count.'
        fewer = f" ({count} were asked for; the documents hold no more to ask about that is not in the file)" if written < count else ""
        console().print(f"{written} drafts in {file}{fewer}. {told}", markup=False)


@app.command("add")
def add_command(
    question: Annotated[str, typer.Argument(help="A question that the set should have.")],
    to: Annotated[Path, typer.Option("--to", help="Question set or review file to add it to.")] = Path("review.jsonl"),
    quote: Annotated[str | None, typer.Option(help="The words of a document that answer it; needs --source. Proposed if left out.")] = None,
    source: Annotated[str | None, typer.Option(help="Name of the document that --quote is from.")] = None,
    unanswerable: Annotated[bool, typer.Option("--unanswerable", help="The documents do not answer it.")] = False,
    kind: Annotated[str, typer.Option(help="What kind of question it is, for the slices of a report.")] = "asked",
    comment: Annotated[str, typer.Option(help="What went wrong, or anything else worth knowing.")] = "",
    index: IndexOption = None, config: ConfigOption = None, assignments: SetOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Add a question to a set: with its evidence, or to be reviewed with what is cited now as a proposal."""
    from rag.evaluate.review import add_question
    from rag.pipeline import Pipeline

    if (quote is None) != (source is None) or (quote is not None and unanswerable):
        raise InputError("--quote and --source go together, and not with --unanswerable.")
    with Pipeline.open(load_config(config, assignments or (), index)) as pipeline:
        label = (source, quote) if source is not None and quote is not None else None
        entry, written = add_question(to, question, pipeline, label, unanswerable=unanswerable, kind=kind, comment=comment)
    if as_json:
        print_json({"file": str(to), "id": entry.id, "reviewed": entry.reviewed, "added": written})
    elif not written:
        console().print(f"{to} has this question with a reviewed label already, as {entry.id}; nothing was changed.", markup=False)
    else:
        state = "reviewed" if entry.reviewed else 'to be reviewed (check "evidence", then write "reviewed": true)'
        console().print(f"{entry.id} in {to}: {state}", markup=False)


@contextmanager
def _snapshot(settings: "Config") -> "Iterator[Snapshot]":
    from rag.embed import load_embedder
    from rag.index import open_index

    embedder = load_embedder(settings.embedding.model, device=settings.embedding.device)
    with closing(open_index(settings.index, embedder.fingerprint)) as opened, opened.snapshot() as snapshot:
        yield snapshot


def _show(summary: dict[str, Any], *, as_json: bool) -> None:
    from rag.evaluate.report import print_comparisons, print_costs

    if as_json:
        print_json(summary)
        return
    if summary["comparisons"]:
        print_comparisons(summary["comparisons"], summary["reference"], console())
    print_costs(summary, console())
