"""The command line: `rag index`, `remove`, `ask`, `verify`, `search`, `show`, `check`, `chat`, `eval`, `models`, `doctor`, `version`.

A thin skin: it reads options, calls the pipeline, and hands what comes to `rag.output`. Errors are one sentence on standard error; the exit
status is 0 (done, also when the documents do not say), 1 (a fault of ours), 2 (bad input or configuration), 3 (the index), 130 (stopped
with Ctrl-C).
"""

import errno
import io
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, cast

import typer

from rag.cli_deep import check_deep, deepened
from rag.cli_eval import app as eval_app
from rag.cli_remove import remove
from rag.config import load_config
from rag.errors import InputError, LoadError, RagError, StoreError, is_interrupt
from rag.options import ConfigOption, IndexOption, JsonOption, SetOption, VersionOption, print_version, read_history
from rag.output import (
    DELETED,
    answer_fields,
    console,
    preview_fields,
    print_answer,
    print_coverage,
    print_findings,
    print_hits,
    print_json,
    print_preview,
    print_rechecked,
    print_summary,
    progress_bars,
    search_fields,
)  # fmt: skip
from rag.paths import shipped

if TYPE_CHECKING:
    from rag.config import Config
    from rag.doctor import Finding
    from rag.receipt import Provenance
    from rag.types import Answer

app = typer.Typer(
    help="Answers questions about your own documents, offline, with citations that are checked.", add_completion=False,
    pretty_exceptions_enable=False, rich_markup_mode=None,
)  # fmt: skip
app.add_typer(eval_app, name="eval")
# The base of all errors of usage; typer brings click along under a private name.
UsageError = cast("type[typer.BadParameter]", typer.BadParameter.__bases__[0])
STOPPED = 130

Question = Annotated[str, typer.Argument(help="The question, in English or Spanish.")]


@app.callback()
def options(version: VersionOption = False) -> None:
    """What can stand before a command."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: run a command (None: the one of the process); turn errors into a sentence and an exit status."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads made a question take three times as long (two cores)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a letter is no reason to fail
    try:
        status = app(list(sys.argv[1:] if arguments is None else arguments) or ["--help"], prog_name="rag", standalone_mode=False)
        sys.stdout.flush()
    except (RagError, ImportError) as error:
        if is_interrupt(error) and not isinstance(error, StoreError):
            status = STOPPED
        elif isinstance(error, RagError):
            _leave(str(error), error.exit_status)
        else:
            raise
    except UsageError as error:
        command = error.ctx.command_path if error.ctx else "rag"
        message = error.format_message().rstrip(".")
        _leave(f"{message} See {command} --help." if message.endswith("?") else f"{message}; see {command} --help.", 2)
    except (KeyboardInterrupt, typer.Abort):
        status = STOPPED
    except BrokenPipeError:
        _leave_closed_pipe()
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EIO} or error.filename is not None:
            raise
        _write_no_more()
        _leave(f"the output cannot be written ({error.strerror}); free space, or send it elsewhere.", 2)
    except SystemExit as leaving:
        if isinstance(leaving.__context__, BrokenPipeError):
            _leave_closed_pipe()
        raise
    if status == STOPPED:
        _leave("stopped; what was finished is kept, run the same command again to go on.", STOPPED)
    sys.exit(status or 0)


def _leave(sentence: str, status: int) -> NoReturn:
    sys.stderr.write(f"rag: {sentence}\n")
    sys.exit(status)


def _leave_closed_pipe() -> NoReturn:
    """Whoever read our output has seen enough."""
    _write_no_more()
    sys.exit(0)


def _write_no_more() -> None:
    """What is still in the buffer of the output goes nowhere at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


@app.command("index")
def index_command(
    paths: Annotated[list[str] | None, typer.Argument(help="Files, folders and, if load.urls is true, web pages.", show_default=False)] =
    None, demo: Annotated[bool, typer.Option("--demo", help="Index the documents that come with the program.")] = False, dry_run:
    Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False, preview: Annotated[bool,
    typer.Option("--preview", help="Only show the passages that the files would become.")] = False, deep: Annotated[bool,
    typer.Option("--deep", help="Also compute every contextual vector that is missing; without a PATH only that.")] = False,
    index: IndexOption = None, config: ConfigOption = None, assignments: SetOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Bring the index up to date with files and folders: new, changed and deleted ones."""
    from rag.embed import configured_embedders
    from rag.index.sync import Skipped, sync
    from rag.load import SUFFIXES
    from rag.load.fetch import is_url

    settings = load_config(config, assignments or (), index)
    wanted = [*(Path(path) for path in paths or () if not is_url(path)), *([shipped("seeds")] if demo else ())]
    urls = [path for path in paths or () if is_url(path)]
    if deep:
        check_deep(settings, only_looks=dry_run or preview)
    if deep and not wanted and not urls:
        covered = deepened(settings, deep=True, as_json=as_json)
        if as_json:
            print_json({"contextual": asdict(covered) if covered else None})
        else:
            print_coverage(covered, settings.index.path)
        return
    if not wanted and not urls:
        raise InputError("Say what to index: rag index YOUR_FOLDER, or rag index --demo for the documents that come with the program.")
    if gone := [str(path) for path in wanted if not path.exists()]:
        raise InputError(f"The path {gone[0]} does not exist; give files or folders that do (rag remove takes out what came from there).")
    if preview:
        _preview(settings, wanted, as_json=as_json)
        return
    pages, failed = _fetch(settings, urls, dry_run=dry_run)
    wanted += pages
    embedder, *also = configured_embedders(settings.embedding)
    with progress_bars(as_json) as progress:
        summary = sync(settings, embedder, wanted, progress, also=also, dry_run=dry_run)
    summary = replace(summary, skipped=(*summary.skipped, *(Skipped(url, reason) for url, reason in failed)))
    if not as_json:
        print_summary(summary, settings.index.path)
    nothing = not summary.added + summary.updated + summary.unchanged
    covered = None
    try:
        covered = None if dry_run or nothing else deepened(settings, deep=deep, as_json=as_json)
    finally:  # whatever stops the second tier: the sync is committed, and said to be
        if as_json:
            fields = {name: value for name, value in asdict(summary).items() if name != "dry_run" or dry_run}
            print_json(fields | ({"contextual": asdict(covered)} if covered else {}))
    if not as_json:
        print_coverage(covered, settings.index.path)
    if nothing:
        raise InputError(
            f"No document was found in {', '.join(map(str, wanted))}, so the index was left as it is; {' '.join(SUFFIXES)} files are read."
        )


app.command()(remove)


@app.command()
def ask(
    question: Question,
    history: Annotated[Path | None, typer.Option(help='Earlier turns: a JSON list of {"question", "answer"}.')] = None,
    receipt: Annotated[
        Path | None, typer.Option(help="Also write a receipt to this file: Markdown if it ends in .md, else JSON for rag verify.")
    ] = None,
    index: IndexOption = None, config: ConfigOption = None, assignments: SetOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Answer a question, each sentence with its source."""
    from rag.pipeline import Pipeline

    turns = read_history(history)
    with Pipeline.open(load_config(config, assignments or (), index)) as pipeline:
        answer = pipeline.ask(question, turns)
        if as_json:
            print_json(answer_fields(answer))
        else:
            print_answer(answer)
        if receipt is not None:
            _write_receipt(receipt, answer, pipeline.provenance(answer))


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A receipt in JSON, as rag ask --receipt wrote it.")],
    index: IndexOption = None, config: ConfigOption = None, assignments: SetOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Check a receipt against the index of today; exit status 0 only if every cited document is unchanged, 1 if not."""
    from rag.embed import load_embedder
    from rag.index import open_index
    from rag.receipt import read_receipt, recheck

    fields = read_receipt(file)
    settings = load_config(config, assignments or (), index)
    embedder = load_embedder(settings.embedding.model, device=settings.embedding.device)
    with closing(open_index(settings.index, embedder.fingerprint)) as opened, opened.snapshot() as snapshot:
        results = recheck(fields, snapshot)
    sound = all(result.sound for result in results)
    if as_json:
        print_json({"question": fields["question"], "sound": sound, "citations": [asdict(r) | {"sound": r.sound} for r in results]})
    else:
        print_rechecked(fields, results)
    raise typer.Exit(0 if sound else 1)


@app.command()
def search(
    question: Question,
    k: Annotated[int | None, typer.Option("-k", min=1, max=1000, help="How many passages.")] = None,
    index: IndexOption = None, config: ConfigOption = None, assignments: SetOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Show the passages that fit a question best, and why."""
    from rag.pipeline import Pipeline

    with Pipeline.open(load_config(config, assignments or (), index)) as pipeline:
        hits = pipeline.search(question, k)
    if as_json:
        print_json(search_fields(question, hits))
    else:
        print_hits(hits)


@app.command()
def show(
    source: Annotated[str, typer.Argument(help="Name of a document, as citations show it.")],
    start: Annotated[int, typer.Option(min=0, help="First character.")] = 0,
    end: Annotated[int | None, typer.Option(min=0, help="Character after the last.")] = None,
    index: IndexOption = None, config: ConfigOption = None, assignments: SetOption = None,
) -> None:  # fmt: skip
    """Print the stored text of a document, or a span of it."""
    from rag.embed import load_embedder
    from rag.index import open_index

    settings = load_config(config, assignments or (), index)
    embedder = load_embedder(settings.embedding.model, device=settings.embedding.device)
    with closing(open_index(settings.index, embedder.fingerprint)) as opened, opened.snapshot() as snapshot:
        document = snapshot.document(source)
    if start > len(document.text) or (end is not None and end < start):
        raise InputError(f"The span {start}-{'' if end is None else end} is not in {source}, which has {len(document.text):,} characters.")
    sys.stdout.write(document.text[start:end] + "\n")


@app.command()
def check(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be, then check again.")] = False,
    gone: Annotated[str | None, typer.Option(help="A deleted text: show that no file of the index holds it.")] = None,
    index: IndexOption = None, config: ConfigOption = None, assignments: SetOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Verify every document, vector and search file of the index; exit status 0 only if all is what was written."""
    from rag.embed import configured_embedders
    from rag.index import milvus_sync
    from rag.index import sync as syncing
    from rag.index.check import Finding, examine, traces

    settings = load_config(config, assignments or (), index)
    lost: list[str] = []
    if settings.index.url:
        (embedder, *_) = configured_embedders(settings.embedding)
        if repair:
            milvus_sync.repair(settings, embedder)
        findings = milvus_sync.examine(settings, embedder.fingerprint)
    else:
        if repair:
            with progress_bars(as_json) as progress:
                _, lost = syncing.repair(settings, configured_embedders(settings.embedding), progress)
        findings = examine(settings.index.path)
    if gone is not None:
        files = traces(settings.index.path, gone)
        detail = f"the text is in {', '.join(files)}" if files else "the text is in no file of the index"
        findings.append(Finding(DELETED, sound=not files, detail=detail))
    if as_json:
        sound = all(finding.sound for finding in findings)
        print_json({"sound": sound, "findings": [asdict(finding) for finding in findings], "lost": lost})
    else:
        print_findings(findings, lost)
    raise typer.Exit(0 if all(finding.sound for finding in findings) else StoreError.exit_status)


@app.command()
def chat(
    host: Annotated[str, typer.Option(help="Address to listen on; others than this machine's own need a password.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 7860,
    index: IndexOption = None, config: ConfigOption = None, assignments: SetOption = None,
) -> None:  # fmt: skip
    """Open the chat page."""
    from rag.chat import serve

    serve(load_config(config, assignments or (), index), host, port)


@app.command()
def models(config: ConfigOption = None, assignments: SetOption = None) -> None:
    """Show which models the configuration names, and whether they load."""
    from rag.doctor import examine_models

    _report(examine_models(load_config(config, assignments or ())))


@app.command()
def doctor(index: IndexOption = None, config: ConfigOption = None, assignments: SetOption = None) -> None:
    """Check the installation, the configuration and the index, and say what to do about what is wrong."""
    from rag.doctor import examine

    _report(examine(load_config(config, assignments or (), index)))


@app.command()
def version() -> None:
    """Print the version."""
    print_version()


def _fetch(settings: "Config", urls: Sequence[str], *, dry_run: bool) -> tuple[list[Path], list[tuple[str, str]]]:
    """Save web pages in the folder of the index; returns that folder, and which pages could not be fetched and why."""
    from rag.load import Limits
    from rag.load.fetch import save_page

    if not urls:
        return [], []
    if not settings.load.urls or dry_run:
        why = "--dry-run fetches nothing" if dry_run else "fetching web pages is off; allow it with: --set load.urls=true"
        raise InputError(f"{urls[0]} was not fetched: {why}.")
    folder = settings.index.path / "pages"
    failed = []
    for url in urls:
        try:
            save_page(url, folder, Limits.of(settings.load))
        except LoadError as error:
            failed.append((url, str(error)))
    if not folder.is_dir():
        raise InputError(f"{failed[0][0]} was not fetched: {failed[0][1]}.")
    return [folder], failed


def _preview(settings: "Config", wanted: Sequence[Path], *, as_json: bool) -> None:
    """Show what files would become, without an index."""
    from rag.load import Limits, find_files, loading
    from rag.split import split

    files = list(find_files(wanted))
    failed = 0
    with loading(files, Limits.of(settings.load)) as loaded:
        for (_, source), document in zip(files, loaded, strict=True):
            if isinstance(document, LoadError):
                failed += 1
                sys.stderr.write(f"rag: {source} would be skipped: {document}.\n")
                continue
            passages = split(document, settings.split.target_characters, settings.split.max_characters)
            if as_json:
                print_json(preview_fields(document, passages))
            else:
                print_preview(document, passages)
    if failed == len(files):
        raise InputError(f"None of {', '.join(map(str, wanted))} can be read.")


def _report(findings: "Sequence[Finding]") -> None:
    for finding in findings:
        console().print(f"{'ok  ' if finding.sound else 'FAIL'} {finding.text}", markup=False)
    raise typer.Exit(max(finding.exit_status for finding in findings))


def _write_receipt(file: Path, answer: "Answer", origin: "Provenance") -> None:
    from rag.receipt import to_json, to_markdown

    text = (to_markdown if file.suffix.casefold() == ".md" else to_json)(answer, origin)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"The receipt {file} cannot be written ({error.strerror}); give --receipt another path.") from error
