"""Options that many commands of the command line share, and what stands in a file that one of them names."""

import json
from pathlib import Path
from typing import Annotated

import typer

from rag import __version__
from rag.errors import InputError
from rag.types import Turn


def print_version(wanted: bool = True) -> None:
    """Print the version and leave, if that is wanted."""
    if wanted:
        typer.echo(f"rag {__version__}")
        raise typer.Exit


IndexOption = Annotated[Path | None, typer.Option("--index", help="Folder of the index (default: index/default, or RAG_INDEX).")]
ConfigOption = Annotated[Path | None, typer.Option("--config", help="Configuration file (default: rag.toml if it is there).")]
SetOption = Annotated[list[str] | None, typer.Option("--set", help="One setting, section.key=value; may be repeated.")]
VersionOption = Annotated[bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def read_history(file: Path | None) -> list[Turn]:
    """The turns of a file that `--history` names.

    Raises:
        InputError: it cannot be read, or holds something else.
    """
    if file is None:
        return []
    try:
        turns = [(turn["question"], turn["answer"], turn.get("understood", "")) for turn in json.loads(file.read_text(encoding="utf-8"))]
    except OSError as error:
        raise InputError(f"The history file {file} cannot be read ({error.strerror}); check the path given to --history.") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        turns = [(None, None, None)]
    if not all(isinstance(text, str) for turn in turns for text in turn):
        raise InputError(f'The history file {file} is not a JSON list of {{"question": "...", "answer": "..."}}; write it so.')
    return [Turn(question, answer, understood) for question, answer, understood in turns]
