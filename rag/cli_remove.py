"""`rag remove`: takes documents out of an index whose files or folder are no longer there to be compared with."""

import difflib
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.config import load_config
from rag.errors import InputError
from rag.options import ConfigOption, IndexOption, JsonOption, SetOption
from rag.output import print_json, print_summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.index import Listed


def remove(
    names: Annotated[list[str], typer.Argument(help="Names of documents, as citations show them, or where they came from.")],
    index: IndexOption = None, config: ConfigOption = None, assignments: SetOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Take documents out of the index; their files stay, and `rag index` on them brings them back."""
    from rag.embed import configured_embedders
    from rag.index import open_index
    from rag.index.sync import remove as take_out

    settings = load_config(config, assignments or (), index)
    embedder, *also = configured_embedders(settings.embedding)
    with closing(open_index(settings.index, embedder.fingerprint)) as opened, opened.snapshot() as snapshot:
        listed = snapshot.store.listed()
    sources = [source for name in names for source in _named(name, listed)]
    summary = take_out(settings, embedder, sources, also=also)
    if as_json:
        print_json({key: value for key, value in asdict(summary).items() if key != "dry_run"})
    else:
        print_summary(summary, settings.index.path)


def _named(name: str, listed: "Sequence[Listed]") -> list[str]:
    from rag.index.plan import is_below, place_of

    found = [each.source for each in listed if each.source == name]
    if not found:
        place = place_of(Path(name).expanduser().absolute())
        found = [each.source for each in listed if is_below(each.place, [place])]
    if not found:
        near = difflib.get_close_matches(name, [each.source for each in listed], n=1)
        hint = f"the nearest is {near[0]}." if near else "nothing was removed."
        raise InputError(f"No document of the index is called {name}, or came from there; {hint}")
    return found
