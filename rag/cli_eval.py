"""`rag eval`: measure, compare, draft and collect questions.

`rag eval TARGET` is short for `rag eval run TARGET`; a target that is called like a command is written with a path (./compare). A skin:
it reads options and hands what comes to `report.py`.
"""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from rag.config import load_config
from rag.errors import InputError
from rag.options import ConfigOption, IndexOption, JsonOption, SetOption
from rag.output import console, print_json, progress_bars

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
    price: Annotated[str | None, typer.Option(help="Price of a million tokens, IN,OUT, to print what a hosted model cost.")] = None,
    signed_by: Annotated[str | None, typer.Option(help="Name of the evaluator who answers for the report.")] = None,
    workers: WorkersOption = None,
    index: IndexOption = None, config: ConfigOption = None, assignments: SetOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Measure retrieval and answers on a question set, with intervals."""
    from rag.evaluate.compare import write_baseline
    from rag.evaluate.report import print_results
    from rag.evaluate.run import Options, run_evaluation

    settings = load_config(config, assignments or (), index)
    options = Options(
        queries=queries, qrels=qrels, documents=documents, report=report, compare=compare, baseline=baseline, margin=margin,
        keep_index=index is not None, workers=workers, judge=judge, price=_price(price), signed_by=signed_by,
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


def _price(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        tokens_in, tokens_out = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"--price {text!r} is not two numbers; write IN,OUT of a million tokens, for example 0.25,2.") from error
    return tokens_in, tokens_out
