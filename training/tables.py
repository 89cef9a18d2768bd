"""Tables written for training: prices, timetables, staff, as CSV, Markdown and HTML, with questions that one row answers, or none.

`training/tables/NAME-NNN.csv` (`.md`, `.html`) is a document, and the file of the same name with the suffix `.jsonl` has its questions:

    {"question": "How much is a season pass for children?", "language": "en", "row": ["Abono de temporada", "30 €"]}
    {"question": "¿Hay descuento para jubilados?", "language": "es", "row": null}

`row` are cells that stand together in one row only, the answer last. The documents whose number is a multiple of five are held out; of
these, the ones that end with 5 fit (`training.written.is_fitted`). It knows rows as the readers of `rag.load` lay them out.

    python -m training.tables FOLDER     writes the held-out ones as FOLDER/documents and FOLDER/questions.jsonl, for `rag eval`
"""

import argparse
import json
from pathlib import Path

from rag.language import detect
from rag.load import Limits, load_file
from training.written import HELD_OUT, Asked, Written, write_question_set

FOLDER = Path(__file__).with_name("tables")
SUFFIXES = (".csv", ".md", ".html")


def read_tables(folder: Path = FOLDER, *, held_out: bool) -> list[Written]:
    """The documents that are held out, or all others, in the order of their names.

    Raises:
        ValueError: the cells that answer a question do not stand in one row, or in more than one.
    """
    paths = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES)
    return [read_table(path) for path in paths if (int(path.stem[-3:]) % HELD_OUT == 0) is held_out]


def read_table(path: Path) -> Written:
    """One document with its questions; their evidence is the row as it is laid out.

    Raises:
        ValueError: see `read_tables`.
    """
    laid_out = load_file(path, path.name, Limits()).text
    questions = []
    for line in path.with_suffix(".jsonl").read_text("utf-8").splitlines():
        asked = json.loads(line)
        evidence = _row(path, laid_out, asked["row"]) if asked["row"] else None
        questions.append(Asked(asked["question"], "es" if asked["language"] == "es" else "en", evidence))
    return Written(path.name, detect(laid_out), path.read_text("utf-8").strip(), tuple(questions), path.name)


def _row(path: Path, laid_out: str, cells: list[str]) -> str:
    rows = [line for line in laid_out.splitlines() if " | " in line and all(cell in line for cell in cells)]
    if len(rows) != 1 or laid_out.count(rows[0]) != 1:
        raise ValueError(f"{path}: {cells} stand in {len(rows)} rows.")
    return rows[0].strip("| ")


def main() -> None:
    """Write the held-out documents for `rag eval`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    write_question_set(read_tables(held_out=True), parser.parse_args().folder)


if __name__ == "__main__":
    main()
