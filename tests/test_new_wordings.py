"""Provisions that a law quotes as the new wording of another are not its own."""

import pytest
from small_corpus import pipeline_of

from rag.headings.new_wordings import new_wordings
from rag.pipeline import Pipeline

AMENDING = """# Ley 3/2019, por la que se modifica la Ley 5/2010, de Bibliotecas

Artículo 1. Modificación de la Ley 5/2010

El artículo 5 queda redactado como sigue:

«Artículo 5. Horario.

1. Las bibliotecas abren treinta y cinco horas.

Artículo 6. Préstamo.

El préstamo dura un mes.»

Artículo 2. Multas

El artículo 9 pasa a tener el siguiente texto:

Artículo 9. Multas.

Las multas no pasan de seiscientos euros.

Artículo 3. Ayudas

Hay ayudas de cuatro mil euros.
"""

AMENDED = """# Ley 5/2010, de Bibliotecas

Artículo 5. Horario

Las bibliotecas abren veinticinco horas.

Artículo 9. Multas

Las multas no pasan de trescientos euros.
"""


pipeline = pipeline_of({"ley-3.md": AMENDING, "ley-5.md": AMENDED})


def worded(text: str) -> list[str]:
    """The lines that are new wordings."""
    return [text[start:].split("\n")[0] for start in sorted(new_wordings(text))]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("(1) Article 4 is replaced by the following:\n\n‘Article 4\nDuties\nTen years.’;\n\n(2) Article 5\n",
         ["‘Article 4", "Duties", "Ten years.’;"]),
        ("Queda así:\n\n«Artículo 5. Uno.\n\nSe llamará «centro».\n\nArtículo 6. Dos.»\n\nArtículo 2. Tres.\n",
         ["«Artículo 5. Uno.", "Se llamará «centro».", "Artículo 6. Dos.»"]),
        ("Article 9 is amended to read:\n\nArticle 9. Fines\n\nSix.\n\nArticle 2. Aid\n", ["Article 9. Fines"]),
        ("The Parties have agreed as follows:\n\nArticle 1. Aim\n\nPeace.\n", []),
        ("Article 9 is amended as follows:\n\nArticle 2. Aid\n", []),
        ("«Artículo 5. Una cita que nadie cierra.\n\nArtículo 6. Dos.\n", []),
        ("“Home” means the house.\n\nArticle 1. Aim\n", []),
    ],
)  # fmt: skip
def test_lines_of_new_wordings(text: str, lines: list[str]) -> None:
    assert worded(text) == lines


@pytest.mark.parametrize("number", ["5", "6", "9"])
def test_a_new_wording_is_no_provision_of_the_law_that_gives_it(pipeline: Pipeline, number: str) -> None:
    answer = pipeline.ask(f"¿Qué dice el artículo {number} de la Ley 3/2019?")
    assert (answer.reason, answer.text.split(" Existen: ")[1][-5:]) == ("reference_absent", " 1-3.")


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("¿Qué dice el artículo 2 de la Ley 3/2019?", "seiscientos"), ("¿Qué dice el artículo 1 de la Ley 3/2019?", "treinta y cinco"),
        ("¿Qué dice el artículo 9 de la Ley 5/2010?", "trescientos"), ("¿Qué dice el último artículo de la Ley 3/2019?", "cuatro mil"),
    ],
)  # fmt: skip
def test_it_is_text_of_the_article_that_gives_it(pipeline: Pipeline, question: str, quote: str) -> None:
    answer = pipeline.ask(question)
    assert [quote in citation.quote for citation in answer.citations] == [True]


def test_a_line_of_marks_alone_is_no_wording() -> None:
    assert new_wordings("Article 5 is replaced by:\n###\n***\n“Article 5. Fines.”\n") != frozenset()
    assert new_wordings("###\n“\n> >\n") == frozenset()
