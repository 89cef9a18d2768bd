"""What code can compare of a sentence: numbers, names, negation."""

import time

import pytest

from rag.facts import initial_name, names, negated, negation_before, numbers, spelled_alike


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.234,5 and 1,234.5", {"1234.5"}), ("05 or 5", {"5"}), ("14,50 euros", {"14.50"}), ("3.5", {"3.5"}), ("35", {"35"}),
        ("0", {"0"}), ("000", {"0"}),
        ("4.000 / 4,000 / 4000", {"4000"}), ("artículo 4.º, 2024", {"4", "2024"}), ("twelve", set()), ("", set()),
    ],
)  # fmt: skip
def test_numbers(text, expected):
    assert numbers(text) == expected


def test_names_are_capitals_inside_a_sentence():
    assert names("Yesterday Putin visited Pyongyang. Then Kim spoke.") == ["Putin", "Pyongyang", "Kim"]
    assert names("- Boats may go") == names("**Boats** may go") == names("") == names("¿Quién?") == []


@pytest.mark.parametrize(
    ("text", "name"),
    [("Japan may give aid", "Japan"), ("Kim Jong-un spoke", "Kim"), ("China no puede", "China"), ("Boats may go", None),
     ("The treaty may", None), ("Under Article 4", None), ("According to", None), ("Permite la ayuda", None), ("", None)],
)  # fmt: skip
def test_initial_name(text, name):
    assert initial_name(text) == name


def test_spellings():
    assert spelled_alike("Pyongyang", "Putin visitó Pionyang.")
    assert not spelled_alike("Seoul", "Putin visitó Pionyang.")
    assert not spelled_alike("Iran", "Iraq")


@pytest.mark.parametrize(
    "text",
    ["is not allowed", "No Party shall", "nadie puede", "ninguna embarcación", "queda excluida", "it can't",
     "sin aviso", "without notice", "is prohibited",
     "prohíbe", "dejaba fuera la ayuda", "left out of it", "denied", "nunca"],
)  # fmt: skip
def test_negated(text):
    assert negated(text)


@pytest.mark.parametrize(
    "text", ["", "is allowed", "sin embargo puede", "no obstante", "No. 4 applies", "no 4", "note", "Sinaloa", "nota", "anno"]
)
def test_not_negated(text):
    assert not negated(text)


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("The Operator is not | permitted", True), ("No Party shall be | permitted", True), ("Ninguna Parte podrá | denunciar", True),
        ("It is not, under any rule, | allowed", True),
        ("excluye la | asistencia", True), ("It says no. Russia is | permitted", False),
        ("No la incluye, pero el nuevo permite | ayuda", False),
        ("no lo hará (artículo 3) y | prestar", False), ("Podrán entrar sin aviso en | cualquier instalación", False), ("| Russia", False),
    ],
)  # fmt: skip
def test_negation_that_a_quotation_would_lose(text, lost):
    assert negation_before(text.replace("|", ""), text.index("|")) is lost


@pytest.mark.parametrize("unit", ["A", "Ab ", "1.", "not ", "le ", "\0", "1,"])
def test_hostile_text_takes_linear_time(unit):
    text = unit * (400_000 // len(unit))
    started = time.perf_counter()
    for read in (numbers, names, initial_name, negated):
        read(text)
    spelled_alike("Pyongyang", text)
    negation_before(text, len(text))
    assert time.perf_counter() - started < 5
