"""How laws, ordinances and judgments number what they say, and how lawyers ask for it."""

import pytest
from small_corpus import pipeline_of

from rag.load.dates import find_date
from rag.pipeline import Pipeline
from rag.provisions.asked import asked_provisions

ORDINANCE = """# Ordenanza de terrazas de Arcenilla

## Artículo 6. Horario

6.1. De domingo a jueves, las terrazas cierran a las doce de la noche.

6.2. Los viernes y sábados cierran a la una.

## Artículo 9. Infracciones

9.1. Son infracciones leves:

a) dejar mesas sin recoger;

b) no exhibir la licencia.

9.2. Son infracciones graves las que molestan a los vecinos.
"""

LAW = """# Ley 7/2021 de montes comunales

### CAPÍTULO I. Disposiciones generales

### Artículo 1. Objeto

Esta ley ordena el uso de los montes comunales.

### CAPÍTULO II. Aprovechamientos

### Artículo 7. Leña

Cada vecino puede recoger leña seca para su casa.

El ayuntamiento señala cada otoño los lugares en que se recoge.

La leña que sobra se vende en subasta.

### Artículo 8. Pastos

1. El ganado sube en mayo:

a) las ovejas, el primer día;

b) las vacas, el quinto.

2. El ganado baja en octubre.

### Disposición transitoria primera. Licencias

Las licencias de antes valen un año.

### Disposición transitoria segunda. Deudas

Las deudas de antes no se cobran.

### Disposición final. Entrada en vigor

Esta ley rige desde enero.
"""

JUDGMENT = """TRIBUNAL SUPERIOR DE JUSTICIA

Sentencia n.º 418/2022

En la villa de Arcenilla, a 9 de noviembre de 2022.

ANTECEDENTES DE HECHO

PRIMERO.- El día 12 de agosto de 2020 ardió el monte.

SEGUNDO.- El ayuntamiento multó a la empresa.

FUNDAMENTOS DE DERECHO

PRIMERO.- La sala es competente.

SEGUNDO.- La empresa no había limpiado la línea.

TERCERO.- La multa es proporcionada, porque el daño fue grave.
"""


pipeline = pipeline_of({"ordenanza.md": ORDINANCE, "ley.md": LAW, "sentencia.txt": JUDGMENT})


@pytest.mark.parametrize(
    ("question", "quotes"),
    [
        ("¿Qué dice el artículo 6.2 de la ordenanza?", ["6.2. Los viernes y sábados cierran a la una."]),
        ("¿Qué dice el artículo 9.1.b de la ordenanza?", ["b) no exhibir la licencia."]),
        (
            "¿Qué dice el párrafo segundo del artículo 7 de la Ley 7/2021?",
            ["El ayuntamiento señala cada otoño los lugares en que se recoge."],
        ),
        ("What does the third paragraph of Article 7 say?", ["La leña que sobra se vende en subasta."]),
        ("¿Qué dice el último párrafo del artículo 7?", ["La leña que sobra se vende en subasta."]),
        ("¿Qué dice la letra b) del artículo 8.1 de la Ley 7/2021?", ["b) las vacas, el quinto."]),
        ("¿Qué dice el apartado 2 del artículo 8?", ["2. El ganado baja en octubre."]),
        ("¿Qué dice el fundamento tercero de la sentencia 418/2022?", ["La multa es proporcionada, porque el daño fue grave."]),
        ("What does the third legal ground of the judgment say?", ["La multa es proporcionada, porque el daño fue grave."]),
        ("¿Qué dice el antecedente segundo?", ["El ayuntamiento multó a la empresa."]),
    ],
)
def test_what_is_asked_for_is_quoted_and_nothing_else(pipeline: Pipeline, question: str, quotes: list[str]) -> None:
    answer = pipeline.ask(question)
    assert [citation.quote.removeprefix("TERCERO.- ").removeprefix("SEGUNDO.- ") for citation in answer.citations] == quotes
    assert answer.note is None


@pytest.mark.parametrize("question", ["¿Qué dice el fundamento sexto de la sentencia?", "¿Qué dice el fundamento jurídico sexto?"])
def test_a_ground_that_is_not_there(pipeline: Pipeline, question: str) -> None:
    answer = pipeline.ask(question)
    assert (answer.abstained, answer.reason) == (True, "reference_absent")


def test_a_paragraph_that_is_not_there_is_noted(pipeline: Pipeline) -> None:
    assert "7(4)" in str(pipeline.ask("¿Qué dice el párrafo cuarto del artículo 7 de la Ley 7/2021?").note)
    assert "6(3)" in str(pipeline.ask("¿Qué dice el artículo 6.3 de la ordenanza?").note)


def test_two_provisions_of_two_documents_in_one_question(pipeline: Pipeline) -> None:
    answer = pipeline.ask("¿Qué dicen el artículo 7 de la Ley 7/2021 y el artículo 6 de la ordenanza de terrazas?")
    assert {citation.source for citation in answer.citations} == {"ley.md", "ordenanza.md"}


def test_a_chapter_whose_articles_have_its_own_level(pipeline: Pipeline) -> None:
    answer = pipeline.ask("¿Qué dice el capítulo II de la Ley 7/2021?")
    quotes = [citation.quote for citation in answer.citations]
    assert [quote.split("\n")[0] for quote in quotes] == ["Cada vecino puede recoger leña seca para su casa.", "1. El ganado sube en mayo:"]


TRANSITIONAL = ["Las licencias de antes valen un año.", "Las deudas de antes no se cobran."]
FACTS = ["El día 12 de agosto de 2020 ardió el monte.", "El ayuntamiento multó a la empresa."]


@pytest.mark.parametrize(
    ("question", "quotes"),
    [
        ("What do the transitional provisions of Law 7/2021 say?", TRANSITIONAL),
        ("¿Qué disposiciones transitorias tiene la ley de montes?", TRANSITIONAL),
        ("What transitional provisions does the law on communal forests have?", TRANSITIONAL),
        ("¿Qué dicen las disposiciones finales?", ["Esta ley rige desde enero."]),
        ("¿Cuáles son los antecedentes de hecho de la sentencia?", FACTS),
    ],
)
def test_all_provisions_of_a_kind_are_quoted_in_order(pipeline: Pipeline, question: str, quotes: list[str]) -> None:
    answer = pipeline.ask(question)
    assert [citation.quote.removeprefix("PRIMERO.- ").removeprefix("SEGUNDO.- ") for citation in answer.citations] == quotes


def test_a_question_about_provisions_of_a_kind_is_no_question_for_all_of_them() -> None:
    assert [str(item.reference) for item in asked_provisions("¿Qué dicen los anexos?")] == ["annex *"]
    assert asked_provisions("¿Qué dicen los anexos sobre las vacas?") == []
    assert [str(item.reference) for item in asked_provisions("¿Qué dicen los anexos I y II?")] == ["annex 1", "annex 2"]


def test_the_date_of_a_judgment_is_that_of_its_signature_and_not_of_a_fact() -> None:
    assert find_date(JUDGMENT) == "2022-11-09"
    cut = "Título\n\n" + "Una línea de texto que no dice cuándo.\n" * 14 + "El 12 de agosto de 2020 ardió el monte de la villa.\n"
    assert find_date(cut) is None
