"""Provisions whose text begins in their line, laws with a preposition in their name or in brackets, signs that only look like numbers."""

import pytest
from small_corpus import pipeline_of

from rag.condense import condense
from rag.pipeline import Pipeline
from rag.provisions.asked import Asked, asked_provisions
from rag.provisions.numbered_acts import points
from rag.provisions.paragraphs import part_of
from rag.references import find
from rag.types import Reference, Turn
from rag.verification.numerals import numerals

TEXTS = {
    "lease.md": "# Lease of the mill\n\nClause 3. The rent is 900 euros.\n\nIt is paid monthly.\n\nClause 4. Term\n\nTwo years.",
    "charter.md": "# Carta de Orozuela\n\nArtículo 27. 1. Todos tienen derecho a la educación.\n\n2. La educación es libre.",
    "fishing.md": "# Ley de Pesca\n\nArtículo 4. Redes\n\nLas redes se marcan.",
    "data.md": "# Reglamento de Datos (RDD)\n\nArtículo 17\n\n1. Se borra:\n\na) las cartas;\n\nb) las fotos.\n\n2. No se borra el resto.",
}


pipeline = pipeline_of(TEXTS)


@pytest.mark.parametrize(
    ("question", "quotes"),
    [
        ("What does clause 3 of the lease say?", ["Clause 3. The rent is 900 euros.\n\nIt is paid monthly."]),
        ("¿Qué dice el artículo 27.1 de la Carta de Orozuela?", ["Artículo 27. 1. Todos tienen derecho a la educación."]),
        ("¿Qué dice el artículo 27.2 de la Carta de Orozuela?", ["2. La educación es libre."]),
        ("What does clause 4 of the lease say?", ["Two years."]),
    ],
)
def test_text_in_the_line_that_opens_a_provision_is_quoted(pipeline: Pipeline, question: str, quotes: list[str]) -> None:
    answer = pipeline.ask(question)
    assert ([citation.quote for citation in answer.citations], answer.note) == (quotes, None)


def test_a_sentence_in_that_line_answers_a_question(pipeline: Pipeline) -> None:
    (citation,) = pipeline.ask("How much is the rent?").citations
    assert "The rent is 900 euros." in citation.quote


@pytest.mark.parametrize(
    "question",
    ["¿Qué dice el artículo 4 de la Ley sobre Tráfico?", "What does article 4 of the Act regarding Fireworks say?", "artículo 4 (LAU)"],
)
def test_another_law_is_not_quoted_for_one_that_no_document_is(pipeline: Pipeline, question: str) -> None:
    answer = pipeline.ask(question)
    assert (answer.reason, answer.citations) == ("reference_absent", ())


def test_a_letter_of_a_paragraph_that_is_missing_is_not_taken_from_another(pipeline: Pipeline) -> None:
    answer = pipeline.ask("What does Article 17(9)(b) of the RDD say?")
    assert [citation.quote for citation in answer.citations] == [TEXTS["data.md"].partition("Artículo 17\n\n")[2]]
    assert answer.note == "There is no Article 17(9)(b) to be found; the provision itself is quoted, or its beginning."


def test_a_name_in_brackets_and_a_preposition_are_no_paragraph() -> None:
    parts = {
        "artículo 17 (RGPD)": (),
        "artículo 5 para 2024": (),
        "Article 4(²)": (),
        "Article 4 para 2": ("2",),
        "art. 4(2)(b)": ("2", "b"),
    }
    assert {question: part_of(question, find(question)[0]) for question in parts} == parts


@pytest.mark.usefixtures("linear")
def test_a_question_that_names_thousands_of_provisions_is_read_at_once() -> None:
    assert asked_provisions("article 1, " * 3_600) == [Asked(Reference("article", "1"))]


def test_a_dotless_i_is_no_letter_of_a_number_and_breaks_no_word_for_one() -> None:
    assert find("artículo 4ı") == []
    assert [numeral.value for numeral in numerals("sıx boats and SİX more")] == [6.0, 6.0]


def test_two_lists_with_a_dash_behind_their_numbers_have_no_points() -> None:
    assert points("1.- Lectura\n2.- Presupuesto\n\n1.- Se aprueba\n2.- Se aplaza\n") == {}


@pytest.mark.parametrize(
    ("earlier", "question", "expected"),
    [
        ("¿Qué dice el primer párrafo del artículo 4?", "¿Y el segundo párrafo?", "¿Qué dice el segundo párrafo del artículo 4?"),
        (
            "What does the first paragraph of article 4 say?",
            "and the second paragraph?",
            "What does the second paragraph of article 4 say?",
        ),
        ("How long is the notice period?", "O'Brien's salary in 2023?", "O'Brien's salary in 2023?"),
    ],
)
def test_follow_ups_about_paragraphs_and_names(earlier: str, question: str, expected: str) -> None:
    assert condense(question, [Turn(earlier, "")]) == expected


def test_a_list_without_spaces_is_a_list() -> None:
    assert [str(mention.reference) for mention in find("artículos 148,149 y 150")] == ["article 148", "article 149", "article 150"]
