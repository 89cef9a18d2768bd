"""Acts by their official number, and the points of a text that has no articles."""

import pytest

from rag.provisions.numbered_acts import act_span, asked_points, find_acts, numbered_lines, points
from rag.types import Reference


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Decision 2023/12", "decision 2023/12"), ("la decisión 2021/7", "decision 2021/7"), ("Circular n.º 3/2024", "circular 3/2024"),
        ("Ley Orgánica 3/2007", "law 3/2007"), ("Real Decreto-ley 5/2020", "decree 5/2020"), ("Directiva 95/46/CE", "directive 95/46"),
        ("Regulation (EU) 2016/679", "regulation 2016/679"), ("resolución 012/2024", "resolution 12/2024"),
    ],
)  # fmt: skip
def test_acts(text: str, expected: str) -> None:
    assert [str(mention.reference) for mention in find_acts(text)] == [expected]


@pytest.mark.parametrize(
    "text", ["", "decision 3/4", "the decision of 12/05/2024", "un acuerdo", "circular 3", "indecision 2023/12", "ley 1/2/3"]
)
def test_no_acts(text: str) -> None:
    assert find_acts(text) == []


def test_the_paragraph_of_an_act() -> None:
    text = "Véase la Decisión 2023/10.\n\n**Decisión 2023/11.** Se aprueba.\n\nDecisión 2023/12, que sigue.\n"
    spans = [act_span(text, Reference("decision", f"2023/{number}")) for number in (10, 11, 12)]
    assert [span and text[slice(*span)] for span in spans] == [None, "**Decisión 2023/11.** Se aprueba.", None]


def test_points_are_the_list_that_counts_from_one() -> None:
    text = "Intro\n\n1. Uno\n\n2.º Dos\n\n1) uno\n\n## 3. Tres\n"
    assert {number: text[slice(*span)].strip() for number, span in points(text).items()} == {
        "1": "1. Uno", "2": "2.º Dos\n\n1) uno", "3": "## 3. Tres",
    }  # fmt: skip
    assert points("1. Uno\n") == points("2. Dos\n3. Tres\n") == points("1.5 km\n2.5 km\n") == {}


def test_lines_that_open_with_a_number_of_two_levels_end_where_the_next_one_begins() -> None:
    text = "3. Rules\n\n3.1 Trains, see 3.2\n3.2. **Hotels** cost\n120 euros\n\n> 3.10) Ferries\n"
    found = {number: [text[slice(*span)] for span in numbered_lines(text, number)] for number in ("3", "3.1", "3.2", "3.10", "3.3")}
    assert found == {
        "3": [],
        "3.1": ["3.1 Trains, see 3.2"],
        "3.2": ["3.2. **Hotels** cost\n120 euros"],
        "3.10": ["3.10) Ferries"],
        "3.3": [],
    }


def test_asked_points() -> None:
    questions = {
        "point 4 of the circular": ["4"], "el punto 4": ["4"], "apartado 4": ["4"], "at some point": [], "point 4.2 of it": ["4.2"],
        "el epígrafe 4.2.1": ["4.2.1"], "punto 4/2024": [], "point 4.2/3": [], "What does 2.2 say?": ["2.2"], "¿Qué dice el 2.2?": ["2.2"],
        "What does 2.5 kg cost?": [], "a rise of 2.5 points": [],
    }  # fmt: skip
    assert {question: [mention.reference.number for mention in asked_points(question)] for question in questions} == questions


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("la ley 39/15", ["39/2015"]), ("LO 3/98", ["3/1998"]), ("directive 95/46", ["95/46"]), ("Decision 2023/012", ["2023/12"]),
        ("el convenio 2023/2025", []), ("the rules 2023/24", []), ("Decision 2023/25", ["2023/25"]),
    ],
)  # fmt: skip
def test_short_years_are_written_out_and_two_years_are_no_number(text: str, numbers: list[str]) -> None:
    assert [mention.reference.number for mention in find_acts(text)] == numbers


def test_two_lists_written_alike_have_no_points() -> None:
    assert points("1. Uno\n2. Dos\n\n1. One\n2. Two\n") == {}
