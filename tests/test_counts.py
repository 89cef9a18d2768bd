"""How many articles, chapters and annexes a text has, asked in both languages, and books and parts as units."""

from contextlib import closing
from pathlib import Path

import pytest
from small_corpus import pipeline_of, pipeline_over

from rag.naming.aliases import speaks_of_text
from rag.pipeline import Pipeline
from rag.provisions.asked_counts import asked_count
from rag.testing import ScriptedGenerator

CODE = """# Código Naval de Brenes

LIBRO PRIMERO
De los buques

TÍTULO I
De la matrícula

Artículo 1. Registro.
Todo buque se inscribe en el registro.

TÍTULO II
De la hipoteca

Artículo 2. Forma.
La hipoteca consta en escritura.

LIBRO SEGUNDO
De las personas

TÍTULO I
Del capitán

Artículo 3. Mando.
El capitán manda en el buque.

Artículo 3 bis. Diario.
El capitán lleva un diario.
"""

TREATY = """# Treaty on the River Sallow

PART A General

Article I
The river is open to both Parties.

PART B Dues

Article II
The Commission fixes the dues.

ANNEX 1
ARBITRATION

Article 1
Each Party names an arbitrator.

Article 2
The award is given in six months.

Article 3
The award is final.
"""

RULES = """# Rules of Tern Court

Rule 1. Pets
Two cats may be kept.

Rule 2. Fines
The board may fine an owner.
"""


pipeline = pipeline_of({"codigo.md": CODE, "treaty.md": TREATY, "rules.md": RULES})


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("How many articles does the treaty have?", ("article", "the treaty")),
        ("How many clauses are there in the lease", ("clause", "the lease")),
        ("What is the number of annexes of the GDPR?", ("annex", "the GDPR")),
        ("Into how many chapters?", None), ("how many articles are there?", ("article", "")),
        ("¿Cuántos artículos tiene la Ley 5/2010?", ("article", "la Ley 5/2010")),
        ("¿De cuántos capítulos consta el convenio?", ("chapter", "el convenio")),
        ("¿Cuántas disposiciones finales hay en la ley?", ("final provision", "la ley")),
        ("¿Cuál es el número de cláusulas del contrato?", ("clause", "contrato")),
        ("How many articles deal with fines?", None), ("How many parts must be replaced?", None),
        ("¿Cuántos libros se prestan?", None), ("¿Cuántos artículos regulan las multas?", None),
    ],
)  # fmt: skip
def test_what_is_counted(question: str, asked: tuple[str, str] | None) -> None:
    assert asked_count(question) == asked


@pytest.mark.parametrize(
    ("question", "note", "quote"),
    [
        ("How many articles does the naval code have?",
         "“Código Naval de Brenes” has 4 articles: 1-3, 3bis. The last is quoted.", "El capitán lleva un diario."),
        ("¿Cuántos libros tiene el Código Naval?",
         "«Código Naval de Brenes» tiene 2 libros: 1-2. Se cita lo último.", "El capitán manda en el buque."),
        ("¿Cuántos títulos tiene el Código Naval?",
         "«Código Naval de Brenes» tiene 3 títulos. Se cita lo último.", "El capitán manda en el buque."),
        ("¿Cuántos títulos tiene el libro primero del Código Naval?",
         "«Código Naval de Brenes» tiene 2 títulos en libro 1: 1-2. Se cita lo último.", "La hipoteca consta en escritura."),
        ("How many articles does the Sallow treaty have?",
         "“Treaty on the River Sallow” has 2 articles: 1-2; and 3 articles in Annex 1: 1-3. The last is quoted.",
         "The Commission fixes the dues."),
        ("How many parts does the Sallow treaty have?", "“Treaty on the River Sallow” has 2 parts: A, B. The last is quoted.",
         "The Commission fixes the dues."),
    ],
)  # fmt: skip
def test_provisions_are_counted_and_the_last_is_cited(pipeline: Pipeline, question: str, note: str, quote: str) -> None:
    answer = pipeline.ask(question)
    assert (answer.note, answer.citations[0].quote) == (note, quote)


def test_a_model_that_cannot_know_the_count_is_not_asked_for_it(pipeline: Pipeline) -> None:
    generator = ScriptedGenerator("It has ninety-nine articles [1].")
    with closing(Pipeline(pipeline.config, pipeline.embedder, pipeline._scorer, generator)) as modelled:
        question = "How many articles does the naval code have?"
        answer, alone = modelled.ask(question), pipeline.ask(question)
        assert (answer.text, answer.note) == (alone.text, alone.note)
        assert "ninety-nine" in modelled.ask("What does Article 3 of the naval code say?").text


def test_what_a_named_text_has_none_of(pipeline: Pipeline) -> None:
    answer = pipeline.ask("How many annexes do the Tern Court rules have?")
    assert answer.text == "The documents contain no annexes. “Rules of Tern Court” has: rule 1-2."
    answer = pipeline.ask("¿Cuántas disposiciones transitorias tiene el reglamento de Tern Court?")
    assert answer.reason == "reference_absent" or answer.abstained


@pytest.mark.parametrize(
    ("question", "quotes"),
    [
        ("¿Qué dice el libro segundo del Código Naval?", ["El capitán manda en el buque.", "El capitán lleva un diario."]),
        ("What does Book One of the naval code say?", ["Todo buque se inscribe en el registro.", "La hipoteca consta en escritura."]),
        ("¿Qué dice el título II del libro primero del Código Naval?", ["La hipoteca consta en escritura."]),
        ("What does part b of the Sallow treaty say?", ["The Commission fixes the dues."]),
        ("¿Qué dice la regla 2 de Tern Court?", ["The board may fine an owner."]),
    ],
)
def test_books_and_parts_are_units(pipeline: Pipeline, question: str, quotes: list[str]) -> None:
    assert [citation.quote for citation in pipeline.ask(question).citations] == quotes


def test_a_book_that_is_not_there(pipeline: Pipeline) -> None:
    assert pipeline.ask("¿Qué dice el libro tercero del Código Naval?").text == (
        "Los documentos no contienen: libro 3. Existen: Código Naval de Brenes: 1-2."
    )


@pytest.mark.parametrize(
    ("phrase", "speaks"),
    [("the naval code", True), ("la Ley 5/2010", True), ("it", True), ("this document", True), ("the shop", False), ("la tienda", False)],
)
def test_whether_a_phrase_speaks_of_a_text(phrase: str, speaks: bool) -> None:
    assert speaks_of_text(phrase) is speaks


def test_articles_of_a_shop_are_not_counted_in_a_law(tmp_path: Path) -> None:
    statutes = "# Statutes of the Band\n\n## Article 1\nThe band plays.\n\n## Article 2\nIt rests.\n"
    with pipeline_over(tmp_path, {"statutes.md": statutes, "shop.md": "# Corner\n\nThe shop has 53 articles.\n"}) as pipeline:
        assert pipeline.ask("How many articles does the shop have?").note is None
        assert (
            pipeline.ask("How many articles do the statutes have?").note
            == "“Statutes of the Band” has 2 articles: 1-2. The last is quoted."
        )
