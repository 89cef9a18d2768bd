"""Points of two levels, "2.2", are looked up under headings and at the lines that open with them, whatever a question calls them."""

from collections.abc import Iterator

import pytest
from small_corpus import pipeline_of, pipeline_over

from rag.pipeline import Pipeline

HANDBOOK = """# Employee handbook

## 1. Scope

This handbook applies to everyone.

## 2. Leave

### 2.1 Annual leave

Everyone has 25 days of leave a year.

### 2.2 Sick leave

A doctor's note is needed from the fourth day.

## 3. Expenses

3.1 Trains are paid in second class.

3.2 Hotels are paid up to 120 euros a night.
"""


LEASE = """Parking space lease

2. Rent

2.1 The rent is 70 euros a month. 2.2 A late payment costs 5 euros.

3. Term

3.1 The lease runs for a year.
"""

RULES = """# Reglamento de la biblioteca

## Artículo 5. Faltas

Son faltas graves: a) la agresión a otro lector; b) el robo de un libro; c) la grabación de imágenes sin permiso. La sanción es de un mes.

## Disposición final

Este reglamento entra en vigor en enero.
"""


pipeline = pipeline_of({"handbook.md": HANDBOOK})


@pytest.mark.parametrize(
    ("question", "quotes"),
    [
        ("What does point 2.2 of the handbook say?", ["A doctor's note is needed from the fourth day."]),
        ("what does 2.2 say", ["A doctor's note is needed from the fourth day."]),
        ("¿Qué dice el apartado 2.1 del handbook?", ["Everyone has 25 days of leave a year."]),
        ("How much does point 3.2 allow for hotels?", ["3.2 Hotels are paid up to 120 euros a night."]),
        ("¿Qué dice el punto 3.1?", ["3.1 Trains are paid in second class."]),
        ("What does section 3.1 say?", ["3.1 Trains are paid in second class."]),
        ("¿Qué dice el epígrafe 2.1?", ["Everyone has 25 days of leave a year."]),
    ],
)
def test_points_of_two_levels_are_looked_up(pipeline: Pipeline, question: str, quotes: list[str]) -> None:
    assert [citation.quote for citation in pipeline.ask(question).citations] == quotes


def test_a_chapter_may_be_a_heading_that_only_begins_with_its_number(pipeline: Pipeline) -> None:
    answer = pipeline.ask("What does chapter 1 of the handbook say?")
    assert [citation.quote for citation in answer.citations] == ["This handbook applies to everyone."]
    assert answer.text.startswith("According to “Employee handbook”, 1, Scope: «This handbook")
    assert pipeline.ask("What does chapter 9 of the handbook say?").reason == "reference_absent"


def test_a_line_that_opens_with_the_number_is_the_point(pipeline: Pipeline) -> None:
    hit, *others = pipeline.search("¿Qué dice el punto 3.1?")
    assert (hit.why.reference, "3.1 Trains" in hit.passage.text) == ("point 3.1", True)
    assert all(other.why.reference is None for other in others)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with pipeline_over(tmp_path_factory.mktemp("office"), {"lease.txt": LEASE, "reglamento.md": RULES}) as made:
        yield made


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("What does clause 3.1 of the parking lease say?", "3.1 The lease runs for a year."),
        ("¿Qué dice el artículo 3.1 del parking lease?", "3.1 The lease runs for a year."),
        ("¿Qué dice la letra c del artículo 5 del reglamento?", "c) la grabación de imágenes sin permiso."),
        ("¿Qué dice la letra b del artículo 5?", "b) el robo de un libro;"),
        ("¿Qué dice la disposición final del reglamento?", "Este reglamento entra en vigor en enero."),
        ("What does the final provision say?", "Este reglamento entra en vigor en enero."),
    ],
)
def test_what_an_office_calls_its_numbers(office: Pipeline, question: str, quote: str) -> None:
    assert [citation.quote for citation in office.ask(question).citations] == [quote]


def test_a_clause_that_a_document_lacks_is_no_point_of_another(office: Pipeline) -> None:
    answer = office.ask("What does clause 9 of the parking lease say?")
    assert (answer.abstained, answer.reason) == (True, "reference_absent")
