"""Appends the reader's part to the model card, `rag/models/README.md`: what its recipe used and what it measured.

The rest is the text of `training/reader_card.md`. The embedding's part comes from `training.card`, which writes the page anew.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from training.card import append_card, placing_table, reading_table
from training.reader_export import FILES, FOLDER

if TYPE_CHECKING:
    from training.train_reader import Settings

TEMPLATE = Path(__file__).with_name("reader_card.md")


def write_reader_card(
    out: Path, revision: str, settings: "Settings", examples: int, answered: int,
    measured: Mapping[str, Mapping[str, str]], placed: Mapping[str, str],
) -> str:  # fmt: skip
    """Fill the template, put it at the end of the model card in place of an older one; return the table of metrics."""
    values = {
        "revision": revision,
        "vocabulary": f"{settings.vocabulary:,}",
        "examples": f"{examples:,}",
        "answered": f"{answered:,}",
        "questions": "628",
        "settings": ", ".join(f"{name} {value}" for name, value in asdict(settings).items()),
        "metrics": reading_table(measured),
        "placed": placing_table("contextual", placed),
        "sizes": "\n".join(f"| {name} | {(out / FOLDER / name).stat().st_size:,} |" for name in FILES),
    }
    append_card(out, TEMPLATE, values)
    return values["metrics"]
