"""What a question asks for, as it shows in scores: sums, the row that is named, hours, telephone numbers and codes."""

import re
from pathlib import Path

import pytest
from small_corpus import pipeline_over

from rag.abstain import answerable, features
from rag.asked import asks_for_sum, measure_asked, measures
from rag.generate.extractive import ExtractiveGenerator
from rag.rows.named import numbered
from rag.select import builtin_scorer
from rag.types import Hit, Passage, Why

SCORER = builtin_scorer()


def _hit(text: str) -> Hit:
    return Hit(1, Passage(text=text, source="guide.md", title="Guide", start=0, end=len(text)), 2.0, Why())


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("What is the total for May?", True),
        ("¿Cuánto suman las dos facturas?", True),
        ("What did it rain on average?", True),
        ("What sum is payable for a lost key?", False),
        ("How many hours does the average member help?", False),
        ("Overall, is the trip worth it?", False),
        ("¿Qué clases hay de media jornada?", False),
        ("¿Quién suma más puntos?", False),
    ],
)
def test_whether_a_sum_is_asked_for(question: str, asks: bool) -> None:
    assert asks_for_sum(question) is asks


STOCK = "| Item | Number | Price |\n|---|---|---|\n| Goggles | 14 | £8 |\n| Caps | 30 | £3 |\n| Towels | 9 | £11 |"
SALES = "| Quarter | Shop | Total |\n|---|---|---|\n| Q1 | 84 | 115 |\n| Q2 | 97 | 141 |\n| Q3 | 62 | 101 |"


@pytest.mark.parametrize(
    ("question", "text", "row"),
    [
        ("What is the total number of goggles?", STOCK, "Goggles | 14 | £8"),
        ("How many towels are there in total?", STOCK, "Towels | 9 | £11"),
        ("What were the total sales in Q2?", SALES, "Q2 | 97 | 141"),
        ("What were the results of Q3?", SALES, "Q3 | 62 | 101"),
    ],
)
def test_the_row_that_is_named(question: str, text: str, row: str) -> None:
    scored = SCORER.score(question, [_hit(text)])
    rows = [text[item.start : item.end].strip("| ") for item in scored if not item.amiss]
    assert [found for found in rows if any(sign.isdigit() for sign in found.partition(" | ")[2])] == [row]


@pytest.mark.parametrize(
    ("question", "text", "has"),
    [
        ("What time does it close?", "It closes after ten days.", False),
        ("What time does it close?", "It closes at nine.", True),
        ("¿A qué hora vuelve?", "Se ponen doce horas en remojo.", False),
        ("¿A qué hora vuelve?", "Vuelve a las nueve.", True),
        ("What number should I ring?", "Ring 0300 555 0142.", True),
        ("¿A qué número llamo?", "Son 14 días.", False),
    ],
)
def test_hours_and_telephone_numbers(question: str, text: str, has: bool) -> None:
    measure = measure_asked(question)
    assert measure is not None
    assert measures(text, measure) is has


def test_the_best_sentence_is_quoted_first() -> None:
    text = "The office opens in March. " + "Visitors bring their own lunch and may sit in the garden behind the old house. " * 5
    text += "\n\nThe telephone number of the office is 555 0142 118."
    quoted = "".join(ExtractiveGenerator(SCORER).generate("What is the telephone number of the office?", [_hit(text)]))
    assert quoted == "According to “Guide”: «The telephone number of the office is 555 0142 118.» [1]"


def test_a_code_that_no_passage_has_counts_against_an_answer() -> None:
    hits = [_hit("Flight IB-3166 leaves London at 18.40 on 11 October and lands in Madrid at 22.05.")]
    known = answerable("What time does flight IB-3166 leave London?", hits, SCORER)
    assert features("What time does flight IB-3166 leave London?", hits, SCORER)["unknown_name"] == 0.0
    assert features("What time does flight IB-3170 leave London?", hits, SCORER)["unknown_name"] == 1.0
    assert answerable("What time does flight IB-3170 leave London?", hits, SCORER) < known


def test_a_code_may_be_written_otherwise_in_the_passage() -> None:
    hits = [_hit("La vacuna contra el covid 19 se pone en el centro de salud los martes.")]
    assert features("When is the COVID-19 vaccine given?", hits, SCORER)["unknown_name"] == 0.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("How much is a City 3 in size 56?", {"city 3", "size 56"}),
        ("Article: City 3 | Size: 56 cm | Price: 640.50 €", {"city 3", "size 56"}),
        ("¿Cuánto cuesta la habitación nº 12?", set()),
        ("¿A qué hora sale la línea 7?", {"linea 7"}),
        ("What do children under 12 pay on 3 May 2024, room 12-14?", set()),
    ],
)
def test_what_is_called_by_a_number(text: str, expected: set[str]) -> None:
    assert numbered(text) == expected


BIKES = "Article,Size,Price\nCity 3,52 cm,640 €\nCity 3,56 cm,655 €\nGravel,56 cm,1290 €\n"
BUSES = "# Buses\n\n| Route | From | First |\n|---|---|---|\n| 3 | Quay | 7:10 |\n| 4 | Quay | 6:40 |\n| 14 | Quay | 5:55 |\n"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How much is a City 3 in size 56?", "Article: City 3 | Size: 56 cm | Price: 655 €"),
        ("How much is a City 3 in size 52?", "Article: City 3 | Size: 52 cm | Price: 640 €"),
        ("When does the first bus of route 4 leave?", "4 | Quay | 6:40"),
        ("When does the first bus of route 14 leave?", "14 | Quay | 5:55"),
    ],
)
def test_a_number_decides_among_rows(tmp_path: Path, question: str, answer: str) -> None:
    with pipeline_over(tmp_path, {"bikes.csv": BIKES, "buses.md": BUSES}) as pipeline:
        found = pipeline.ask(question)
        other = pipeline.ask(re.sub(r"\d\d?(?=\D*$)", "61", question))
    assert [citation.quote for citation in found.citations] == [answer]
    assert other.abstained  # no row is of that one
