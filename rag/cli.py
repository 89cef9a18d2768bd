"""The command line: `rag index`, `ask`, `search`, `show`, `chat`, `eval`, `models`, `doctor`.

A thin skin: it reads options, calls the pipeline, prints. People get text and progress bars, machines get `--json`. Errors are one
sentence on standard error; the exit status is 0 (done, also when the documents do not say), 1 (a fault of ours), 2 (bad input or
configuration), 3 (the index), 130 (stopped with Ctrl-C).
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from rag import __version__
from rag.config import Config, load_config
from rag.errors import InputError, RagError
from rag.types import Answer, Citation, Hit, Turn

app = typer.Typer(
    help="Answers questions about your own documents, offline, with citations that are checked.", no_args_is_help=True, add_completion=False,
    pretty_exceptions_enable=False, rich_markup_mode=None,
)  # fmt: skip

IndexOption = Annotated[Path | None, typer.Option("--index", help="Folder of the index (default: index/default, or RAG_INDEX).")]
ConfigOption = Annotated[Path | None, typer.Option("--config", help="Configuration file (default: rag.toml if it is there).")]
SetOption = Annotated[list[str] | None, typer.Option("--set", help="One setting, section.key=value; may be repeated.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Question = Annotated[str, typer.Argument(help="The question, in English or Spanish.")]


def main() -> None:
    """Entry point: run a command; turn errors into a sentence and an exit status."""
    try:
        app()
    except RagError as error:
        sys.stderr.write(f"rag: {error}\n")
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        sys.stderr.write("rag: stopped; what was indexed before is unchanged, run the same command again to go on.\n")
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


@app.command("index")
def index_command(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders to index.")],
    index: IndexOption = None, config: ConfigOption = None, assignments: SetOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Bring the index up to date with files and folders: new, changed and deleted ones."""
    from rag.embed import load_embedder
    from rag.index.sync import sync

    settings = load_config(config, assignments or (), index)
    embedder = load_embedder(settings.embedding.model, device=settings.embedding.device)
    with _progress(as_json) as progress:
        summary = sync(settings, embedder, paths, progress)
    if as_json:
        _print_json(asdict(summary))
        return
    console = Console(soft_wrap=True, highlight=False)
    console.print(
        f"{summary.documents} documents, {summary.passages} passages in {settings.index.path} "
        f"({summary.added} added, {summary.updated} updated, {summary.removed} removed, {summary.unchanged} unchanged; {summary.seconds:.1f} s)"
    )
    for skipped in summary.skipped:
        console.print(f"  skipped {skipped.source}: {skipped.reason}", markup=False)
    if not summary.documents:
        raise InputError(f"Nothing was indexed: no readable document in {', '.join(map(str, paths))}; .md, .txt, .html and .pdf are read.")


@app.command()
def ask(
    question: Question,
    history: Annotated[Path | None, typer.Option(help='Earlier turns: a JSON list of {"question", "answer"}.')] = None,
    index: IndexOption = None, config: ConfigOption = None, assignments: SetOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Answer a question, each sentence with its source."""
    from rag.pipeline import Pipeline

    turns = _read_history(history)
    with Pipeline.open(load_config(config, assignments or (), index)) as pipeline:
        answer = pipeline.ask(question, turns)
    if as_json:
        _print_json(answer_fields(answer))
    else:
        _print_answer(answer)


@app.command()
def search(
    question: Question,
    k: Annotated[int | None, typer.Option("-k", min=1, max=1000, help="How many passages.")] = None,
    index: IndexOption = None, config: ConfigOption = None, assignments: SetOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Show the passages that fit a question best, and why."""
    from rag.language import detect
    from rag.pipeline import Pipeline

    with Pipeline.open(load_config(config, assignments or (), index)) as pipeline:
        hits = pipeline.search(question, k)
    if as_json:
        _print_json({"question": question, "language": detect(question), "hits": [_hit_fields(hit) for hit in hits]})
        return
    console = Console(soft_wrap=True, highlight=False)
    for hit in hits:
        console.print(f"[bold]{hit.rank}.[/bold] {_place(hit.passage.title, hit.passage.section, hit.passage.page, hit.passage.source)}")
        why = ", ".join(filter(None, (
            f"has {hit.why.reference}" if hit.why.reference else "",
            f"words: {' '.join(hit.why.matched_terms)}" if hit.why.matched_terms else "",
            f"lexical rank {hit.why.lexical_rank}" if hit.why.lexical_rank else "",
            f"dense rank {hit.why.dense_rank}" if hit.why.dense_rank else "",
        )))  # fmt: skip
        console.print(f"   {hit.passage.source}:{hit.passage.start}-{hit.passage.end}  score {hit.score:.2f} ({why})", style="dim", markup=False)
        console.print(f"   {' '.join(hit.passage.text.split())[:300]}", markup=False)


@app.command()
def show(
    source: Annotated[str, typer.Argument(help="Name of a document, as citations show it.")],
    start: Annotated[int, typer.Option(min=0, help="First character.")] = 0,
    end: Annotated[int | None, typer.Option(min=0, help="Character after the last.")] = None,
    index: IndexOption = None, config: ConfigOption = None, assignments: SetOption = None,
) -> None:  # fmt: skip
    """Print the stored text of a document, or a span of it."""
    from rag.embed import load_embedder
    from rag.index import Reader

    settings = load_config(config, assignments or (), index)
    embedder = load_embedder(settings.embedding.model, device=settings.embedding.device)
    with Reader(settings.index.path, embedder.fingerprint).snapshot() as snapshot:
        document = snapshot.store.document(source)
        names = [name for name, *_ in snapshot.store.documents()]
    if document is None:
        raise InputError(f"There is no document {source!r} in the index; it holds: {', '.join(names[:20])}.")
    if start > len(document.text) or (end is not None and end < start):
        raise InputError(f"The span {start}-{end} is not in {source}, which has {len(document.text):,} characters.")
    sys.stdout.write(document.text[start:end] + "\n")


@app.command()
def chat(
    host: Annotated[str, typer.Option(help="Address to listen on; others than this machine's own need a password.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 7860,
    index: IndexOption = None, config: ConfigOption = None, assignments: SetOption = None,
) -> None:  # fmt: skip
    """Open the chat page."""
    from rag.chat import serve

    serve(load_config(config, assignments or (), index), host, port)


@app.command("eval")
def eval_command(
    target: Annotated[Path, typer.Argument(help="A question set (.jsonl) or a BEIR folder.")],
    queries: Annotated[Path | None, typer.Option(help="Other queries for a BEIR folder.")] = None,
    report: Annotated[Path | None, typer.Option(help="Folder to write the results to.")] = None,
    compare: Annotated[Path | None, typer.Option(help="Results of an earlier run to compare with.")] = None,
    index: IndexOption = None, config: ConfigOption = None, assignments: SetOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Measure retrieval and answers on a question set, with intervals."""
    from rag.evaluate import print_results, run_evaluation

    settings = load_config(config, assignments or (), index)
    with _progress(as_json) as progress:
        results = run_evaluation(target, settings, queries=queries, report=report, compare=compare, keep_index=index is not None, progress=progress)
    if as_json:
        _print_json(results)
    else:
        print_results(results, Console(highlight=False))


@app.command()
def models(config: ConfigOption = None, assignments: SetOption = None) -> None:
    """Show which models the configuration names, and whether they load."""
    from rag.doctor import model_lines

    console = Console(soft_wrap=True, highlight=False)
    for line in model_lines(load_config(config, assignments or ())):
        console.print(line, markup=False)


@app.command()
def doctor(index: IndexOption = None, config: ConfigOption = None, assignments: SetOption = None) -> None:
    """Check the installation, the configuration and the index, and say what to do about what is wrong."""
    from rag.doctor import examine

    findings = examine(load_config(config, assignments or (), index))
    console = Console(soft_wrap=True, highlight=False)
    for finding in findings:
        console.print(f"{'ok  ' if finding.sound else 'FAIL'} {finding.text}", markup=False)
    worst = max((finding.exit_status for finding in findings), default=0)
    raise typer.Exit(worst)


@app.command()
def version() -> None:
    """Print the version."""
    sys.stdout.write(f"rag {__version__}\n")


def answer_fields(answer: Answer) -> dict[str, Any]:
    """The fields of `rag ask --json`."""
    return {
        "question": answer.question, "standalone_question": answer.standalone_question, "language": answer.language,
        "abstained": answer.abstained, "reason": answer.reason, "text": answer.text,
        "sentences": [asdict(sentence) for sentence in answer.sentences],
        "citations": [_citation_fields(citation) for citation in answer.citations],
        "hits": [_hit_fields(hit) for hit in answer.hits],
        "timings_ms": answer.timings_ms, "fingerprint": answer.fingerprint,
    }  # fmt: skip


def _citation_fields(citation: Citation) -> dict[str, Any]:
    fields = ("number", "source", "title", "start", "end", "page", "section", "quote", "score")
    return {name: getattr(citation, name) for name in fields} | {"section": " > ".join(citation.section)}


def _hit_fields(hit: Hit) -> dict[str, Any]:
    passage = hit.passage
    return {
        "rank": hit.rank, "source": passage.source, "title": passage.title, "start": passage.start, "end": passage.end,
        "page": passage.page, "section": " > ".join(passage.section), "text": passage.text, "score": hit.score, "why": asdict(hit.why),
    }  # fmt: skip


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def _print_answer(answer: Answer) -> None:
    console = Console(soft_wrap=True, highlight=False)
    if answer.standalone_question != answer.question:
        console.print(f"({answer.standalone_question})\n", style="dim", markup=False)
    console.print(answer.text, markup=False)
    for sentence in answer.sentences:
        if sentence.verdict == "unsupported":
            console.print(f"  not supported by the documents: {sentence.text}", style="yellow", markup=False)
    if answer.citations:
        console.print()
    for citation in answer.citations:
        place = _place(citation.title, citation.section, citation.page, citation.source)
        console.print(f"[{citation.number}] {place}  ({citation.source}:{citation.start}-{citation.end})", style="dim", markup=False)
    if answer.note:
        console.print(f"\nNote: {answer.note}", style="yellow", markup=False)


def _place(title: str, section: tuple[str, ...], page: int | None, source: str) -> str:
    own = [part for part in section if part != title]
    return ", ".join(filter(None, (title or source, f"p. {page}" if page else "", f"§ {own[-1]}" if own else "")))


def _read_history(file: Path | None) -> list[Turn]:
    if file is None:
        return []
    try:
        turns = json.loads(file.read_text(encoding="utf-8"))
        return [Turn(question=str(turn["question"]), answer=str(turn["answer"])) for turn in turns]
    except OSError as error:
        raise InputError(f"The history file {file} cannot be read ({error.strerror}).") from error
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f'The history file {file} is not a JSON list of {{"question": ..., "answer": ...}}.') from error


@contextmanager
def _progress(silent: bool) -> Iterator[Any]:
    """A callable (done, total, label) that moves progress bars on standard error; None where nobody is looking."""
    if silent or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def move(done: int, total: int, label: str) -> None:
            if label not in tasks:
                tasks[label] = bars.add_task(label, total=total)
            bars.update(tasks[label], completed=done, total=total)

        yield move


__all__ = ["Config", "answer_fields", "app", "main"]
