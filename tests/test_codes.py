"""Codes that a question asks the meaning of: which they are, and the entries that open with them."""

import pytest

from rag.abstain import decide
from rag.generate.extractive import ExtractiveGenerator
from rag.lookup import Lookup
from rag.retrieve import Retrieved
from rag.rows.codes import asked_code, coded_entries
from rag.select import builtin_scorer
from rag.types import Hit, Passage, Why

SCORER = builtin_scorer()
TABLE = "## Faults\n\n| Code | Problem | Cure |\n|---|---|---|\n| K10 | No air | Open the flap |\n| K20 | No heat | Clean the pipe |\n"
LIST = "## Averías\n\nF28. Fallo de encendido. Compruebe el gas.\n\nF22. Falta de agua. Rellene el circuito."


def hit(text: str) -> Hit:
    return Hit(1, Passage(source="m.md", title="Stove", text=text, start=0, end=len(text)), 2.0, Why())


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("What does K20 mean?", "K20"), ("K20", "K20"), ("and F22?", "F22"), ("¿Qué significa el código K20?", "K20"),
        ("error 401", "401"), ("What should I do about error code E-14?", "E-14"), ("¿Qué hago si sale el error EF0?", "EF0"),
        ("What do I do if E-04 shows?", "E-04"), ("¿Qué hay que hacer si aparece F5?", "F5"), ("What do I do now?", None),
        ("How many error 401 answers are allowed?", None), ("What does it mean?", None), ("What does the year 2020 mean to her?", None),
        ("What does a K20 filter cost?", None), ("Who wrote the code 1998?", None),
    ],
)  # fmt: skip
def test_codes_whose_meaning_is_asked(question: str, code: str | None) -> None:
    assert asked_code(question) == code


@pytest.mark.usefixtures("linear")
@pytest.mark.parametrize("unit", ["error ", "error de ", "K20 ", "a"])
def test_hostile_questions_are_read_in_linear_time(unit: str) -> None:
    assert asked_code(unit * (400_000 // len(unit)) + "cost") is None


@pytest.mark.parametrize(
    ("question", "text", "entry"),
    [
        ("What does k20 mean?", TABLE, "K20 | No heat | Clean the pipe"), ("y F28?", LIST, "F28. Fallo de encendido. Compruebe el gas."),
        ("error 31", "### 31: Overheated\n\nWait an hour.\n\nThen try again.", "31: Overheated\n\nWait an hour."),
        ("error K20", "Fault: K20 | Cure: Clean the pipe\n\nFault: K30 | Cure: Wait", "Fault: K20 | Cure: Clean the pipe"),
        ("error P-31", "## Error P-31: too old\n\nMigrate it.", "Error P-31: too old\n\nMigrate it."),
        ("What does P-31 mean?", "We saw error P-31 twice.", None),
        ("- what does K2 mean", TABLE, None), ("What does K10 mean?", "The K10 model costs 90 euros.", None),
        ("What is C1?", "English: C1\nFrench: B1", None), ("What does T20 mean?", "ST20: tea\nT201: cup\n", None),
    ],
)  # fmt: skip
def test_an_entry_opens_with_the_very_code(question: str, text: str, entry: str | None) -> None:
    found = coded_entries(question, [hit(text)])
    assert [text[start:end] for _, start, end in found] == ([] if entry is None else [entry])


def test_a_code_is_answered_by_its_entry_alone() -> None:
    hits = [hit(LIST)]
    assert decide("What does F28 mean?", Retrieved(tuple(hits), Lookup()), SCORER, 0.4).reason is None
    assert "".join(ExtractiveGenerator(SCORER).generate("What does F28 mean?", hits)) == (
        "According to “Stove”: «F28. Fallo de encendido. Compruebe el gas.» [1]"
    )
