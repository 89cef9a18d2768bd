"""What code can look up of a claim: numbers, days and months, names."""

import pytest

from rag.evidence import builtin_evidence
from rag.verification.claims import read
from rag.verification.comparison import compare
from rag.verification.facts import days, names, spelled_alike, unknown
from rag.verification.numerals import numerals

EVIDENCE = builtin_evidence()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.234,5 and 1,234.5", [1234.5, 1234.5]), ("05 or 5", [5, 5]), ("14,50 euros", [14.5]), ("3.5", [3.5]), ("35", [35]), ("000", [0]),
        ("artículo 4.º, 2024", [4, 2024]), ("637 000 people", [637_000]), ("twelve of the twenty-one", [12, 21]), ("", []),
        ("treinta y un años", [31]), ("dos y tres", [2, 3]), ("two hundred five", [205]), ("son quinientas coronas", [500]),
        ("nine tenths", [90]), ("Nueve décimas partes", [90]), ("90 %", [90]), ("six per cent", [6]), ("la tercera parte", [100 / 3]),
        ("a quarter of it", [25]), ("the third crane", []), ("a third crane", []), ("the fourth article", []), ("media hora", [30]),
        ("2.2 million", [2.2e6]), ("2.200 millones", [2.2e9]), ("14bn", [14e9]), ("40 mil", [40_000]),
        ("one in four of them", [25]), ("uno de cada cinco", [20]), ("one in the house", [1]), ("half a year", [6]), ("medio minuto", [30]),
        ("tres cuartos de hora", [45]), ("una hora y media", [90]), ("six and a half metres", [6.5]), ("seis metros y medio", [6.5]),
        ("a las siete y media", [7.3]), ("half past seven", [7.3]), ("a las 7:30", [7.3]), ("a hundred and six people", [106]),
        ("two hundred and five", [205]), ("desde los años setenta", [1970]), ("in the nineties", [1990]), ("the 1970s", [1970]),
        ("el doble", [2]), ("it was once open", []), ("once días de las", [11]), ("Sinaloa 12bis", [12]),
        ("on 31/12/2024", [31, 2024]), ("el 31.12.2024", [31, 2024]), ("2024-03-05", [2024, 5]), ("1,5 M€", [1.5e6]),
        ("medio millón de euros", [5e5]), ("half a million", [5e5]), ("Tarifa general: cien euros", [100]),
    ],
)  # fmt: skip
def test_numbers_are_values(text: str, expected: list[float]) -> None:
    assert [numeral.value for numeral in numerals(text)] == pytest.approx(expected)


def test_a_point_may_be_of_either_language() -> None:
    (said,), (meant,) = numerals("1.716 billion"), numerals("1716 millones")
    assert said.equals(meant)
    assert not numerals("17.16")[0].equals(meant)


@pytest.mark.parametrize(
    ("one", "other"), [("at six in the evening", "a las 18.00"), ("18:30", "half past six p.m."), ("a las ocho de la tarde", "until 20:00")]
)
def test_an_hour_after_noon_is_that_of_twelve_more(one: str, other: str) -> None:
    (said,), (meant,) = numerals(one), numerals(other)
    assert said.equals(meant)


def test_an_hour_before_noon_is_not() -> None:
    assert not numerals("at six in the morning")[0].equals(numerals("18.00")[0])


def test_a_figure_that_ends_in_nought_is_no_fraction() -> None:
    (said,), (meant,) = numerals("1.5"), numerals("1.500")
    assert not said.equals(meant)


def test_months_and_days_have_one_name() -> None:
    text = "Del lunes 5 de febrero al 3 May 2024; in march; it may march on, en otoño"
    assert days(read(text)) == {"monday", "february", "may", "autumn"}
    assert days(read("31/12/2024, before May, Sept. 3, closed on Sundays")) == {"december", "may", "september", "sunday"}


SPANISH = "Putin visitó Pionyang el lunes 5 de julio de 2024 con dos ministros de la UE. La Comisión pagará treinta y un euros."


@pytest.mark.parametrize(
    ("claim", "missing"),
    [
        ("President Putin visited Pyongyang on Monday 5 July 2024", None), ("He came with 2 ministers of the EU", None),
        ("The Commission pays 31 euros", None), ("One of them came", None),
        ("Putin visited Pyongyang in 2023", "number: 2023"), ("He came with three ministers", "number: three"),
        ("Putin came in June", "date: june"), ("It was a Tuesday in July", "date: tuesday"),
        ("He visited Seoul", "name: Seoul"), ("Lavrov has visited Pyongyang", "name: Lavrov"), ("Two ministers of NATO", None),
        ("Boats may go", None), ("", None),
    ],
)  # fmt: skip
def test_what_the_source_does_not_have_is_named(claim: str, missing: str | None) -> None:
    assert unknown(compare(claim, SPANISH, EVIDENCE)) == missing


def test_a_year_may_be_known_from_elsewhere() -> None:
    assert unknown(compare("It was so in 2019", SPANISH, EVIDENCE), frozenset({2019.0})) is None


def test_names_are_capitals_inside_a_sentence() -> None:
    assert names("Yesterday Putin visited Pyongyang. Then Kim spoke.") == ["Putin", "Pyongyang", "Kim"]
    assert names("- Boats may go") == names("**Boats** may go") == names("") == names("¿Quién?") == []


def test_spellings() -> None:
    assert spelled_alike("Pyongyang", "Putin visitó Pionyang.")
    assert not spelled_alike("Seoul", "Putin visitó Pionyang.")
    assert not spelled_alike("Iran", "Iraq")


@pytest.mark.usefixtures("linear")
@pytest.mark.parametrize("unit", ["A", "Ab ", "1.", "not ", "le ", "\0", "1,", "two ", "1 000 ", ", and "])
def test_hostile_text_takes_linear_time(unit: str) -> None:
    text = unit * (60_000 // len(unit))
    for look in (numerals, names, read):
        look(text)
    spelled_alike("Pyongyang", text)


TERMS = "El periodo de prueba será de tres meses. La multa es de 500 euros. La dosis es de 500 mg cada 8 horas. El plazo es de dos años."


@pytest.mark.parametrize(
    ("claim", "missing"),
    [
        ("The trial period is three months", None), ("The trial period is three years", "unit: year of three"),
        ("The fine is €500", None), ("The fine is $500", "unit: $ of 500"), ("The dose is 500 g", "unit: g of 500"),
        ("Take it every 8 hours", None), ("Take it every 8 days", "unit: day of 8"), ("The term is 24 months", None),
        ("The term is 25 months", "number: 25"), ("Registration is free", None), ("Termination needs three months", None),
    ],
)  # fmt: skip
def test_a_number_is_of_its_unit(claim: str, missing: str | None) -> None:
    assert unknown(compare(claim, TERMS, EVIDENCE)) == missing


HISTORY = "The mine opened in 1911 and closed in 1924. The fee is 60 euros; pensioners pay 30 euros. The old roof was of slate for 7 years."


@pytest.mark.parametrize(
    ("claim", "missing"),
    [
        ("La mina estuvo abierta trece años, de 1911 a 1924", None), ("La mina estuvo abierta doce años, de 1911 a 1924", "number: doce"),
        ("Pensioners pay 30 euros, half of the fee of 60", None), ("Pensioners pay 60 euros, half of the fee", None),
        ("Pensioners pay a quarter of the fee of 60 euros", "number: a quarter"), ("A pensioner and another pay 90 euros together", None),
        ("The fee of pensioners is 23 euros", "number: 23"),
    ],
)  # fmt: skip
def test_a_number_may_be_reckoned_from_two_of_the_sentences_that_carry_the_claim(claim: str, missing: str | None) -> None:
    assert unknown(compare(claim, HISTORY, EVIDENCE)) == missing


def test_nothing_is_reckoned_from_the_rows_of_a_table() -> None:
    rows = "Ticket prices by zone: " + ", ".join(f"zone {zone} {30 + 7 * zone} euros" for zone in range(1, 9)) + "."
    assert unknown(compare("A ticket for zone 3 costs 14 euros", rows, EVIDENCE)) == "number: 14"


FERRY = (
    "By the contract with Ventoro the port pays nothing. Ventoro operates the ferry. Ventoro represents the workers. Lessor pays the tax."
)


@pytest.mark.parametrize(
    ("claim", "missing"),
    [
        ("Dalmira operates the ferry.", "name: Dalmira"),
        ("Dalmira representa a los trabajadores.", "name: Dalmira"),
        ("Ventoro operates the ferry.", None),
        ("Ventorro representa a los trabajadores.", None),
        ("Landlord pays the tax.", None),  # no capital within a sentence shows that the lessor is a name
        ("Yesterday the port paid nothing.", None),
    ],
)
def test_a_first_word_that_does_what_a_name_does_in_the_source_is_a_name(claim: str, missing: str | None) -> None:
    assert unknown(compare(claim, FERRY, EVIDENCE)) == missing
