"""Writes the model card, `rag/models/README.md`: what the recipe used and what was measured.

    python -m training.card --data DATA [--out rag/models]

measures the files that are there once more and writes its figures into the card; `train_embedding` and `train_reader` write all of it. The
text is that of `training/card.md` and `training/reader_card.md`; it knows nothing of how to train.
"""

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from rag.embed import BuiltinEmbedder
from rag.read import Reader
from training.export import FILES, FOLDER
from training.reader_score import score_reader
from training.score import score
from training.student import Settings

TEMPLATE = Path(__file__).with_name("card.md")


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with dev/")
    parser.add_argument("--out", type=Path, default=Path("rag/models"), help="where the model files are")
    arguments = parser.parse_args()
    builtin, reader = BuiltinEmbedder(arguments.out), Reader(arguments.out)
    card = arguments.out / "README.md"
    text = card.read_text(encoding="utf-8")
    for table in (
        placing_table("static", score(builtin.encode_documents, arguments.data)),
        placing_table("contextual", score(reader.encode, arguments.data)),
        reading_table(score_reader(arguments.out, arguments.data)),
    ):
        print(table)
        text = with_table(text, table)
    card.write_text(text, encoding="utf-8")


def write_card(out: Path, revision: str, settings: Settings, pairs: int, measured: Mapping[str, str]) -> str:
    """Fill the template with what was used and measured; return the table of metrics."""
    sizes = [f"| {name} | {(out / FOLDER / name).stat().st_size:,} |" for name in FILES]
    values = {
        "revision": revision,
        "pairs": f"{pairs:,}",
        "settings": ", ".join(f"{name} {value}" for name, value in asdict(settings).items()),
        "metrics": placing_table("static", measured),
        "sizes": "\n".join(["| file of `embedding/` | bytes |", "|---|---|", *sizes]),
    }
    (out / "README.md").write_text(_filled(TEMPLATE, values), encoding="utf-8")
    return values["metrics"]


def append_card(out: Path, template: Path, values: Mapping[str, str]) -> None:
    """Put a filled template at the end of the model card, in place of what stands from its heading on."""
    text = _filled(template, values)
    card = out / "README.md"
    before = card.read_text(encoding="utf-8") if card.exists() else ""
    card.write_text(before.partition(text.partition("\n")[0])[0].rstrip() + "\n\n" + text, encoding="utf-8")


def _filled(template: Path, values: Mapping[str, str]) -> str:
    text = template.read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


def placing_table(vectors: str, measured: Mapping[str, str]) -> str:
    """nDCG@10 by task."""
    lines = [f"| nDCG@10 on the development sets | {vectors} vectors (95% interval) |", "|---|---|"]
    return "\n".join([*lines, *(f"| {task} | {value} |" for task, value in measured.items())])


def reading_table(measured: Mapping[str, Mapping[str, str]]) -> str:
    """What the reader is worth, a column for each direction."""
    names = list(dict.fromkeys(name for own in measured.values() for name in own))
    lines = [f"| 95% intervals in brackets | {' | '.join(measured)} |", f"|---|{'---|' * len(measured)}"]
    return "\n".join([*lines, *(f"| {name} | {' | '.join(own.get(name, '–') for own in measured.values())} |" for name in names)])


def with_table(text: str, table: str) -> str:
    """`text` with `table` in place of the one that has the same first line."""
    lines = text.splitlines()
    start = lines.index(table.partition("\n")[0])
    end = next((place for place in range(start, len(lines)) if not lines[place].startswith("|")), len(lines))
    return "\n".join([*lines[:start], table, *lines[end:], ""])


if __name__ == "__main__":
    main()
