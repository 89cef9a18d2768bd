"""Days: dates that a question names, in words and in figures, beside those of the rows of a table."""

import pytest

from rag.days import as_written, asked_days, of_day, with_other_forms


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("What was claimed on 12/04/2024?", [[(2024, 4, 12), (2024, 12, 4)]]),
        ("¿Quién entra el 30/09/25?", [[(2025, 9, 30)]]),
        ("Who came on 04/23/2024?", [[(2024, 4, 23)]]),
        ("¿Quién tiene cita el 9 de abril de 2024?", [[(2024, 4, 9)]]),
        ("on April 3rd, 2024", [[(2024, 4, 3)]]),
        ("el 20 de mayo", [[(None, 5, 20)]]),
        ("el 12-abr-2024 o en Sept. 2024", [[(2024, 4, 12)], [(2024, 9, None)]]),
        ("Who claimed in March?", [[(None, 3, None)]]),
        ("You may march in may", []),
        ("What does Article 4/2013 say in 2020?", []),
    ],
)
def test_days_that_a_question_names(question: str, asked: list[list[tuple[int | None, int, int | None]]]) -> None:
    assert [[(day.year, day.month, day.day) for day in readings] for readings in asked_days(question)] == asked


@pytest.mark.parametrize(
    ("question", "row", "same"),
    [
        ("on 4 May 2024", "Date: 4 de mayo de 2024 | Paid: 5", True),
        ("on 4 May 2024", "Date: 5 May 2024 | Paid: 4", False),
        ("on 4 May 2024", "Last order: 04/05/2024 | Paid: 4", True),
        ("on 5 April 2024", "From: 04/05/2024 | To: 04/23/2024", True),
        ("el 9 de septiembre", "Week of: 2 September 2024 | Nurse: Ana", False),
        ("in May 2024", "Date: 4 May 2024 | Paid: 5", True),
        ("in May 2024", "Name: Ana | Paid: 5", None),
        ("How much in March?", "Name: Ana | January: 5 | March: 6", None),
        ("How much in November?", "Name: Ana | January: 5 | March: 6", False),
        ("¿Qué hay los jueves?", "Day | Tuesday | Friday 9 | 4", False),
        ("¿Qué hay los jueves?", "Taller: Coro | Jueves: 9", None),
    ],
)
def test_whether_a_row_is_of_the_day(question: str, row: str, same: bool | None) -> None:
    assert of_day(question, row) is same


def test_a_date_is_asked_for_as_the_texts_write_it() -> None:
    assert as_written("Who came on 12 April 2024?", ["Last: 12/04/2024"]) == "Who came on 12/04/2024?"
    assert as_written("Who came on 12/04/2024?", ["12 de abril de 2024"]) == "Who came on 12 de abril de 2024?"
    assert as_written("Who came in April 2024?", ["Last: 12/04/2024"]) == "Who came in 04/2024?"
    assert as_written("Who came on 12 April 2024?", ["12 de abril de 2024"]) == "Who came on 12 April 2024?"
    assert as_written("Who came on 4 May 2024?", ["Last: 12/04/2024"]) == "Who came on 4 May 2024?"


def test_a_date_is_searched_for_in_all_its_forms() -> None:
    assert with_other_forms("on 3 April 2024?") == "on 3 April 2024? april abril 04 3 03 2024"
    assert with_other_forms("in March?") == "in March?"
