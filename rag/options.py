"""Options that many commands of the command line share."""

from pathlib import Path
from typing import Annotated

import typer

IndexOption = Annotated[Path | None, typer.Option("--index", help="Folder of the index (default: index/default, or RAG_INDEX).")]
ConfigOption = Annotated[Path | None, typer.Option("--config", help="Configuration file (default: rag.toml if it is there).")]
SetOption = Annotated[list[str] | None, typer.Option("--set", help="One setting, section.key=value; may be repeated.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
