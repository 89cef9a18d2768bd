"""Days: dates that a question names, in words and in figures, beside those of the rows of a table."""

import pytest

from rag.rows import days
from rag.rows.days import as_written, asked_days, of_day, with_other_forms


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
        ("What is on Thursday?", "Yoga | Monday to Friday | 9.00", True),
        ("What is on Saturday?", "Yoga | Mon-Fri | 9.00", False),
        ("¿Qué se come el martes?", "de lunes a miércoles | Sopa", True),
        ("Is it open on Friday?", "Monday and Wednesday | 9.00", False),
        ("Is it open on Sunday?", "Shop | weekends | 10.00", True),
        ("Is it open on Monday?", "Shop | 9 to 5, closed Sundays", True),
        ("Is it open on Sunday?", "Shop | 9 to 5, closed Sundays", None),
        ("What does it cost in May?", "High season | April to September | 6", True),
        ("What does it cost in May?", "Low season | October to March | 4", False),
        ("cost on 2 February", "Low season | October to March | 4", True),
        ("¿Dónde estamos el 12 de octubre?", "Madrid | del 11 al 13 de octubre | Hostal", True),
        ("¿Dónde estamos el 15 de octubre?", "Madrid | del 11 al 13 de octubre de 2024 | Hostal", False),
        ("on 12/10/2024", "11/10/2024 - 13/10/2024 | 3", True),
        ("on 15 August 2025", "1 July 2024 to 31 August 2024 | 50", False),
        ("on 2 January 2025", "1 December to 10 January 2025 | 50", True),
        ("on 3 May 2024", "from 1 January 2024 | 40", None),
        ("on 3 May 2023", "from 1 January 2024 | 40", False),
        ("on 12 October", "8 October and 20 October | two", False),
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


def test_texts_are_read_for_dates_only_where_one_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(days, "days_in", lambda text, **_: read.append(text) or [])
    assert as_written("How much was paid for the gate?", ["Paid on 12/04/2024"]) == "How much was paid for the gate?"
    assert "Paid on 12/04/2024" not in read
