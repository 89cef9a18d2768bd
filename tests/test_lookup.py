"""Provisions asked for in whole sentences, over small documents of many kinds: what is cited, and what is said to be absent."""

import pytest
from small_corpus import pipeline_of

from rag.pipeline import Pipeline
from rag.types import Answer

LEASE = """# Contrato de arrendamiento de la nave de Larrunde

ESTIPULACIONES

PRIMERA.- Objeto. La arrendadora cede la nave número siete del muelle para guardar redes y aparejos.

SEGUNDA.- Renta. La renta es de 900 euros al mes, que se pagan los cinco primeros días.

Si el quinto es festivo, se paga el siguiente.

DECIMOCUARTA.- Fuero. Las partes se someten a los juzgados de Larrunde.
"""
CLEANING = """# Contrato de servicios de limpieza del puerto

Primera. Objeto

La empresa limpia los muelles cada noche.

Segunda. Precio

El precio es de 1.200 euros al mes.
"""
DIRECTIVE = """# Directive on harbour waste

Whereas:

(1) Waste thrown into harbours harms fish and birds.

(2) Fees should not depend on how much waste a ship leaves behind.

Article 1. Scope

This Directive applies to all ships.
"""
CODE = """# Código del Río Tarn

TÍTULO PRELIMINAR

Disposiciones generales

De este código y de cómo se lee.

Artículo 1. Objeto

Este código ordena el uso del río Tarn.

TÍTULO I

De los barcos

CAPÍTULO I

Matrícula

Artículo 2. Registro

Todo barco se inscribe en el registro.

CAPÍTULO II

Velocidad

Artículo 3. Límite

Nadie navega a más de ocho nudos.

Artículo 4. Excepción

Los barcos de socorro no tienen límite.

Disposición derogatoria.

Queda derogado el código anterior.
"""
HOUSE = """# Reglamento de la casa

SECCIÓN I. ENTRADA

§ 1. Se entra por la puerta.

§ 2. Se sale por la ventana.

SECCIÓN II. SALAS

§ 3. En la sala se calla.

§ 4. En el patio se canta.
"""
VALLEY = """# Acuerdo del Valle

## Artículo 1. Objeto

Ordena el valle.

## Anexo IV. Tasas

### Sección 1. Tarifas

Las tarifas son de tres euros.

### Sección 2. Exenciones

Los menores no pagan.

## Anexo V. Uso

### Sección 2. Horario

Se cierra de noche.
"""
LAKE = """# Acuerdo del Lago

## Anexo IV. Sanciones

1. La multa leve es de cien euros.

2. La multa grave es de mil euros.

## Anexo VI. Barcas

### Sección 6. Remos

Se reman a mano.
"""
TREATY_OF_2000 = """# Tratado de Buena Vecindad de 2000 entre Ostwick y Larrunde

## Artículo 1

Las partes son amigas.
"""
TREATY_OF_2024 = """# Tratado de Amistad entre Ostwick y Larrunde

Fecha: 19 de junio de 2024

Sustituye al de 2000.

## Artículo 1

Las partes son aliadas.

## Artículo 3

Las partes se consultan ante toda amenaza.
"""
NEWS = """# Una noticia

Fecha: 20 de junio de 2024

El nuevo convenio permite la ayuda militar (artículo 7).

El de 2000 no la permitía.
"""
CIRCULAR = """# Circular 3/2024 sobre esclusas

1. Las esclusas abren a las seis.

2. Los barcos esperan en fila.

3. El turno se pide por radio.
"""
MINUTES = """# Acta de la sesión de octubre

## 1. Presupuesto

Se discute el presupuesto, como manda la Decisión 2022/3.

**Decisión 2023/11.** Se aprueba el presupuesto por unanimidad.

## 2. Multas

**Decisión 2023/12.** Se impone una multa de mil euros a la papelera.
"""
DECISION = """# Decision 2021/7 of the Port Authority on moorings

Article 1

Moorings cost ten euros a night.

Schedule A

List of berths: north quay.

Schedule B

List of fees: small boats ten euros.
"""
TEXTS = {
    "lease.md": LEASE,
    "cleaning.md": CLEANING,
    "waste.md": DIRECTIVE,
    "code.md": CODE,
    "house.md": HOUSE,
    "valley.md": VALLEY,
    "lake.md": LAKE,
    "treaty-a.md": TREATY_OF_2000,
    "treaty-b.md": TREATY_OF_2024,
    "news.md": NEWS,
    "circular.md": CIRCULAR,
    "minutes.md": MINUTES,
    "moorings.md": DECISION,
}


pipeline = pipeline_of(TEXTS)


def cited(answer: Answer) -> list[tuple[str, str]]:
    """(source, first words) of what is cited."""
    return [(citation.source, " ".join(citation.quote.split())[:24]) for citation in answer.citations]


@pytest.mark.parametrize(
    ("questions", "source", "quote"),
    [
        (("¿Qué dice la cláusula segunda del contrato de arrendamiento?", "What does clause 2 of the lease of the Larrunde warehouse say?",
          "estipulación segunda del arrendamiento"), "lease.md", "SEGUNDA.- Renta. La rent"),
        (("¿Qué dice la cláusula decimocuarta?", "what does clause 14 say"), "lease.md", "DECIMOCUARTA.- Fuero. La"),
        (("¿Qué dice la cláusula primera del contrato de limpieza?",), "cleaning.md", "La empresa limpia los mu"),
        (("What does recital 2 say?", "¿Qué dice el considerando 2 de la directiva?", "recital (2)"),
         "waste.md", "(2) Fees should not depe"),
        (("¿Qué dice la disposición derogatoria única?", "first repealing provision"), "code.md", "Queda derogado el código"),
    ],
)  # fmt: skip
def test_headings_of_many_kinds_are_found(pipeline: Pipeline, questions: tuple[str, ...], source: str, quote: str) -> None:
    for question in questions:
        assert cited(pipeline.ask(question)) == [(source, quote)], question


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What does recital 40 say?", "The documents contain no Recital 40. Those that exist: Directive on harbour waste: 1-2."),
        ("¿Qué dice el considerando 40?", "Los documentos no contienen: considerando 40. Existen: Directive on harbour waste: 1-2."),
        ("¿Qué dice la cláusula tercera del contrato de limpieza?",
         "Los documentos no contienen: cláusula 3. Existen: Contrato de servicios de limpieza del puerto: 1-2."),
        ("What does chapter IX of the code say?", "The documents contain no Chapter 9. Those that exist: Código del Río Tarn: 1-2."),
        ("¿Qué dice el título IX?", "Los documentos no contienen: título 9. Existen: Código del Río Tarn: 1, preliminar."),
        ("¿Qué dice el capítulo preliminar?", "Los documentos no contienen: capítulo preliminar. Existen: Código del Río Tarn: 1-2."),
    ],
)  # fmt: skip
def test_what_is_not_there_is_said_to_be_absent(pipeline: Pipeline, question: str, text: str) -> None:
    answer = pipeline.ask(question)
    assert (answer.reason, answer.text) == ("reference_absent", text)


@pytest.mark.parametrize(
    ("questions", "quotes", "note"),
    [
        (("¿Qué dice el título preliminar?",), ["De este código y de cómo", "Este código ordena el us"],
         "Contenido de «TÍTULO PRELIMINAR. Disposiciones generales»: artículo 1."),
        (("What does the preliminary title of the code say?",), ["De este código y de cómo", "Este código ordena el us"],
         "Contents of “TÍTULO PRELIMINAR. Disposiciones generales”: article 1."),
        (("What does Chapter II say?", "Chapter 2 of Title I of the code"), ["Nadie navega a más de och", "Los barcos de socorro no"],
         "Contents of “CAPÍTULO II. Velocidad”: article 3-4."),
        (("¿Qué dice el título I del código del río?",),
         ["Todo barco se inscribe e", "Nadie navega a más de och", "Los barcos de socorro no"],
         "Contenido de «TÍTULO I. De los barcos»: artículo 2-4."),
        (("¿Qué dice el capítulo I?",), ["Todo barco se inscribe e"], None),
    ],
)  # fmt: skip
def test_a_chapter_is_answered_by_its_articles(pipeline: Pipeline, questions: tuple[str, ...], quotes: list[str], note: str | None) -> None:
    for question in questions:
        answer = pipeline.ask(question)
        assert (cited(answer), answer.note) == ([("code.md", quote[:24]) for quote in quotes], note), question


def test_what_is_asked_of_a_chapter_picks_its_article(pipeline: Pipeline) -> None:
    answer = pipeline.ask("What does Chapter II of the code say about lifeboats and their limit?")
    assert ("code.md", "Los barcos de socorro no") in cited(answer)
    assert "CAPÍTULO II" in answer.text


def test_an_article_is_not_in_a_chapter_that_it_is_not_in(pipeline: Pipeline) -> None:
    for question in ("What does article 2 of chapter II say?", "¿Qué dice el artículo 2 del capítulo II?"):
        assert pipeline.ask(question).reason == "reference_absent"


@pytest.mark.parametrize(
    ("question", "quotes"),
    [
        ("¿Qué dice el § 2 del reglamento de la casa?", ["§ 2. Se sale por la vent"]),
        ("¿Qué dice la sección II del reglamento de la casa?", ["§ 3. En la sala se calla", "§ 4. En el patio se cant"]),
        ("What do §§ 1 and 2 of the house rules say?", ["§ 1. Se entra por la pue", "§ 2. Se sale por la vent"]),
        ("section 3 of the house rules", ["§ 3. En la sala se calla"]),
    ],
)
def test_a_section_of_paragraphs_is_not_the_paragraph_of_its_number(pipeline: Pipeline, question: str, quotes: list[str]) -> None:
    assert cited(pipeline.ask(question)) == [("house.md", quote[:24]) for quote in quotes]


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What does section 6 of annex IV say?",
         "The documents contain no Section 6 (Annex 4). Those that exist: Acuerdo del Valle: 1-2."),
        ("¿Qué dice el § 6 del anexo IV?", "Los documentos no contienen: sección 6 (anexo 4). Existen: Acuerdo del Valle: 1-2."),
        ("annex IV, section 6, of the lake agreement", "The documents contain no Section 6 (Annex 4)."),
        ("sección 2 del anexo IX", "Los documentos no contienen: sección 2 (anexo 9)."),
        ("What does clause 2 of annex IV say?", "The documents contain no Clause 2 (Annex 4)."),
    ],
)  # fmt: skip
def test_what_is_not_within_is_absent_though_other_documents_have_it(pipeline: Pipeline, question: str, text: str) -> None:
    answer = pipeline.ask(question)
    assert (answer.reason, answer.text, answer.citations) == ("reference_absent", text, ())


@pytest.mark.parametrize(
    ("question", "source", "quote"),
    [
        ("What does section 2 of annex IV say?", "valley.md", "Los menores no pagan."), ("anexo VI, § 6", "lake.md", "Se reman a mano."),
        ("¿Qué dice la sección segunda del anexo cuarto?", "valley.md", "Los menores no pagan."),
        ("What does point 2 of annex IV of the lake agreement say?", "lake.md", "2. La multa grave es de"),
        ("el punto 2 del anexo IV del acuerdo del lago", "lake.md", "2. La multa grave es de"),
    ],
)  # fmt: skip
def test_what_is_within_is_found_there(pipeline: Pipeline, question: str, source: str, quote: str) -> None:
    assert [(place, text[: len(quote)]) for place, text in cited(pipeline.ask(question))] == [(source, quote)]


@pytest.mark.parametrize(
    ("question", "quotes", "note"),
    [
        ("What do section 2 of annex IV and section 2 of annex V say?", ["Los menores no pagan.", "Se cierra de noche."], None),
        ("¿Qué dicen la sección 2 del anexo V y la sección 2 del anexo IV?", ["Se cierra de noche.", "Los menores no pagan."], None),
        ("What do section 2 of annex V and section 2 of annex IX say?", ["Se cierra de noche."],
         "The documents contain no Section 2 (Annex 9)."),
    ],
)  # fmt: skip
def test_the_same_section_of_two_annexes_is_two(pipeline: Pipeline, question: str, quotes: list[str], note: str | None) -> None:
    answer = pipeline.ask(question)
    assert (cited(answer), answer.note) == ([("valley.md", quote) for quote in quotes], note)


@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("¿Qué dice el artículo 1 del tratado de 2000?", "treaty-a.md"), ("What does article 1 of the 2024 treaty say?", "treaty-b.md"),
        ("Under the 2000 treaty, what does article 1 say?", "treaty-a.md"), ("artículo 3 del tratado de 2024", "treaty-b.md"),
        ("What does article 7 of the 2024 convention say?", "news.md"),
    ],
)  # fmt: skip
def test_a_year_narrows(pipeline: Pipeline, question: str, source: str) -> None:
    answer = pipeline.ask(question)
    assert ({citation.source for citation in answer.citations}, answer.note) == ({source}, None)


@pytest.mark.parametrize(
    "question",
    [
        "¿Qué dice el artículo 3 del tratado de 2000?", "What does article 1 of the 2019 treaty say?",
        "article 7 of the 2000 convention", "article 7 of the 2024 treaty",
        "¿Qué dice el artículo 1 del tratado firmado en Ostwick en 1999?", "What does article 1 of the 2010 valley agreement say?",
    ],
)  # fmt: skip
def test_a_treaty_of_another_year_is_not_answered_from(pipeline: Pipeline, question: str) -> None:
    assert pipeline.ask(question).reason == "reference_absent"


def test_the_name_of_another_year_is_said_to_be_unknown(pipeline: Pipeline) -> None:
    assert "No document is called the 2019 treaty." in pipeline.ask("What does article 1 of the 2019 treaty say?").text
    assert "Ningún documento se llama así: tratado de 2019." in pipeline.ask("¿Qué dice el artículo 1 del tratado de 2019?").text


def test_a_year_that_is_not_of_the_document_narrows_nothing(pipeline: Pipeline) -> None:
    for question in ("What does article 3 of the treaty say about 2019?", "¿Qué dice el artículo 3 del tratado sobre 2019?"):
        assert {citation.source for citation in pipeline.ask(question).citations} == {"treaty-b.md"}


@pytest.mark.parametrize(
    ("questions", "source", "quote"),
    [
        (("What does point 3 of circular 3/2024 say?", "¿Qué dice el punto 3 de la circular 3/2024?"),
         "circular.md", "3. El turno se pide"),
        (("What did Decision 2023/12 say?", "decisión 2023/12"), "minutes.md", "**Decisión 2023/12.** Se"),
        (("what does schedule B say", "¿Qué dice el anexo B?", "What does schedule b of Decision 2021/7 say?"),
         "moorings.md", "List of fees: small boat"),
        (("What does Article 1 of Decision 2021/7 say?",), "moorings.md", "Moorings cost ten euros"),
        (("paragraph 4 of the house rules", "el punto 4 del reglamento de la casa"), "house.md", "§ 4. En el patio se cant"),
    ],
)  # fmt: skip
def test_numbered_acts_schedules_and_points(pipeline: Pipeline, questions: tuple[str, ...], source: str, quote: str) -> None:
    for question in questions:
        assert [(place, text[: len(quote)]) for place, text in cited(pipeline.ask(question))] == [(source, quote)], question


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What did Decision 2023/19 say?",
         "The documents contain no Decision 2023/19. Those that exist: Acta de la sesión de octubre: 2023/11, 2023/12."),
        ("¿Qué dice la circular 7/2024?", "Los documentos no contienen: circular 7/2024."),
        ("What does point 9 of circular 3/2024 say?",
         "The documents contain no Point 9. Those that exist: Circular 3/2024 sobre esclusas: 1-3."),
        ("¿Qué dice el punto 9 de la circular 3/2024?",
         "Los documentos no contienen: punto 9. Existen: Circular 3/2024 sobre esclusas: 1-3."),
        ("schedule 2 of Decision 2021/7",
         "The documents contain no Annex 2. Those that exist: Decision 2021/7 of the Port Authority on moorings: A, B."),
    ],
)  # fmt: skip
def test_absent_acts_schedules_and_points(pipeline: Pipeline, question: str, text: str) -> None:
    answer = pipeline.ask(question)
    assert (answer.reason, answer.text) == ("reference_absent", text)


def test_an_act_that_a_document_is_or_is_only_spoken_of_is_left_to_the_search(pipeline: Pipeline) -> None:
    for question in ("What does circular 3/2024 say?", "Who commands what Decision 2022/3 says of the budget?"):
        assert pipeline.ask(question).reason != "reference_absent"
