"""Lines that are read alone: which are, what they say, and that their scores depend on nothing else."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from rag.errors import ModelError
from rag.lines import LineHead
from rag.paths import MODELS
from rag.read import Reader
from rag.select import LONGEST_LINE, SentenceScorer, builtin_scorer, is_line, is_read_alone, line_text
from rag.types import Hit, Passage, Why

POLICY = (
    "SEGURO DE HOGAR\n\nTomador: Ana Ruiz Calvo\nNúmero de póliza: H-20417\nFecha de efecto: 01/10/2024\nVencimiento: 30/09/2025\n"
    "Prima anual: 214,60 €\nForma de pago: domiciliación\nTeléfono de asistencia: 900 55 10 20"
)


@pytest.fixture(scope="module")
def scorer() -> SentenceScorer:
    return builtin_scorer()


def passage_of(text: str, title: str = "Seguro de hogar") -> Passage:
    return Passage("a.txt", title, text, 0, len(text), language="es")


def best(scorer: SentenceScorer, question: str) -> str:
    first, *_ = scorer.score(question, [Hit(1, passage_of(POLICY), 1.0, Why())])
    return POLICY[first.start : first.end]


@pytest.mark.parametrize(
    ("question", "line"),
    [
        ("how much does it cost a year?", "Prima anual: 214,60 €"),
        ("¿cuánto pago al año?", "Prima anual: 214,60 €"),
        ("what number do I call in an emergency?", "Teléfono de asistencia: 900 55 10 20"),
        ("who took out the insurance?", "Tomador: Ana Ruiz Calvo"),
        ("how do I pay?", "Forma de pago: domiciliación"),
    ],
)
def test_everyday_words_find_the_label(scorer: SentenceScorer, question: str, line: str) -> None:
    assert best(scorer, question) == line


def test_a_line_that_answers_is_told_from_those_that_do_not(scorer: SentenceScorer) -> None:
    lines = [f"Seguro de hogar\n{line}" for line in POLICY.splitlines() if ": " in line]
    odds = scorer.reader.line_scores("what do I pay every year?", lines)
    assert lines[odds.argmax()].endswith("Prima anual: 214,60 €")
    assert odds.max() > scorer.reader.line_scores("who repaired the roof?", lines).max() + 1


def test_a_score_depends_on_its_line_alone() -> None:
    lines = ["Lease\nDeposit: 800 euros", "Lease\nTenant: Ana", "", "Lease\n" + "very long " * 500]
    together = Reader().line_scores("how much is the deposit?", lines)
    other = Reader()
    alone = [float(other.line_scores("how much is the deposit?", [line])[0]) for line in lines]
    assert together == pytest.approx(alone, abs=1e-4)
    assert np.isfinite(together).all()
    assert other.line_scores("how much is the deposit?", []).tolist() == []


@pytest.mark.parametrize(
    ("text", "line", "own"),
    [
        ("Lease\nDeposit: 800 euros\nTenant: Ana", "Deposit: 800 euros", True),
        ("Lease\n- Deposit: 800 euros\n- Tenant: Ana", "Deposit: 800 euros", True),
        ("Deposit: 800 euros", "Deposit: 800 euros", True),
        ("The deposit is 800 euros. It is paid back.", "The deposit is 800 euros.", False),
        ("2. The deposit is 800 euros.\n3. It is paid back.", "2. The deposit is 800 euros.", False),
        ("Deposit: it is 800 euros.\nTenant: Ana", "Deposit: it is 800 euros.", True),
        ("Rent ........ 700 euros\nTenant: Ana", "Rent ........ 700 euros", True),
        ("1.1 Deposit: 800 euros.\n1.2 Tenant: Ana", "1.1 Deposit: 800 euros.", True),
        ("| Deposit | 800 euros |\n| Rent | 700 euros |", "Deposit | 800 euros", False),
        ("Deposit: " + "8" * LONGEST_LINE, "Deposit: " + "8" * LONGEST_LINE, False),
        ("Seguro de hogar\nDeposit: 800 euros", "Seguro de hogar", False),
        ("How much is the deposit?\n800 euros", "How much is the deposit?", False),
    ],
)
def test_what_a_line_of_its_own_is(text: str, line: str, own: bool) -> None:
    start = text.index(line)
    assert is_line(passage_of(text), start, start + len(line)) is own


def test_a_row_is_read_with_the_names_of_its_columns() -> None:
    """The reader cannot tell within its passage that 6:40 is when it leaves; alone, and with names, it can."""
    text = "Route | From | First bus\n3 | Quay | 7:10\n4 | Quay | 6:40"
    start = text.index("4 | Quay")
    assert line_text(passage_of(text, "Buses"), start, len(text)) == "Buses\nRoute: 4 | From: Quay | First bus: 6:40"
    assert is_read_alone(passage_of(text), start, len(text))
    assert not is_read_alone(passage_of(text), 0, text.index("\n"))
    lines = ["Buses\nRoute: 4 | From: Quay | First bus: 6:40", "Buses\nRoute: 3 | From: Quay | First bus: 7:10"]
    right, other = Reader().line_scores("When does the first bus of route 4 leave?", lines)
    assert right > other


def test_a_line_is_read_below_its_title() -> None:
    text = "One\nDeposit: 800 euros"
    assert line_text(passage_of(text, "Lease"), 4, len(text)) == "Lease\nDeposit: 800 euros"


def test_damaged_or_missing_files_are_refused(tmp_path: Path) -> None:
    for folder in ("reader", "lines"):
        shutil.copytree(MODELS / folder, tmp_path / folder)
    manifest = json.loads((MODELS / "manifest.json").read_text(encoding="utf-8"))
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert LineHead(tmp_path).revision == manifest["lines"]["revision"]
    weights = tmp_path / "lines" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    with pytest.raises(ModelError, match=r"model\.safetensors does not match its sha256"):
        Reader(tmp_path).line_scores("who?", ["Tenant: Ana"])
    weights.unlink()
    with pytest.raises(ModelError, match=r"incomplete \(FileNotFoundError\)"):
        LineHead(tmp_path)
