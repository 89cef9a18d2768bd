"""English or Spanish, on questions, on the demo documents, and on what is neither."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.language import FUNCTION_WORDS, asked_in, detect
from rag.load import find_files, load_file

ROOT = Path(__file__).parents[1]
ENGLISH_DOCUMENTS = {"briefing-2024.html", "harbour-report-2022.txt", "tarn-bay-agreement.txt", "treaty-2000-note.md"}


def test_every_question_of_the_set():
    items = [json.loads(line) for line in (ROOT / "eval" / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [item["id"] for item in items if detect(item["question"]) != item["language"]] == []


def test_every_demo_document():
    documents = [load_file(path, source, 10_000_000) for path, source in find_files([ROOT / "seeds"]) if source != "SOURCES.md"]
    assert len(documents) > 15
    for document in documents:
        expected = "en" if document.source in ENGLISH_DOCUMENTS else "es"
        assert (document.source, detect(document.text[:2_000]), document.language) == (document.source, expected, expected)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("what does article 4 permit", "en"), ("que permite el articulo 4", "es"), ("¿Y el 8?", "es"), ("and 8?", "en"), ("why?", "en"),
        ("por que", "es"),
        ("Who is Putin?", "en"), ("Quien es Putin", "es"), ("fishing licence price", "en"), ("Artículo 17", "es"), ("Article 17", "en"),
        ("When was the Tratado de Tordesillas signed?", "en"), ("¿Cuándo se publicó «The Times»?", "es"),
        ("pulseras piscina", "es"), ("medicamentos colegio", "es"), ("clausula cuarta limpieza", "es"), ("fianza", "es"),
        ("swimming wristbands", "en"), ("deposit refund", "en"), ("monthly payment", "en"),
    ],
)  # fmt: skip
def test_short_texts(text, language):
    assert detect(text) == language


@pytest.mark.parametrize("text", ["", "   ", "GDPR 17", "123 456", "\0\0", "...", "日本語"])
def test_without_evidence_the_default_counts(text):
    assert (detect(text), detect(text, "es"), detect(text, "en")) == ("en", "es", "en")


@pytest.mark.usefixtures("linear")
def test_a_text_is_read_to_4000_characters():
    assert detect("the of and " * 400 + "el la los " * 10_000) == "en"
    detect("ñ" * 1_000_000)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_case_and_white_space_do_not_matter(text):
    assert detect(text) in ("en", "es")
    assert detect(f"the {text.upper()} and of is") == detect(f"  the \n{text.upper()}\tand of is ")


def test_function_words_are_lower_case():
    assert {word for word in FUNCTION_WORDS if word != word.casefold()} == set()
    assert {"the", "que", "of", "de"} <= FUNCTION_WORDS


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("What does article 7 of “Acuerdo de Cooperación de la Cuenca del Sarmenor” say?", "en"),
        ("What does “Reglamento de la biblioteca” say about “Orden y reclamaciones en la sala”?", "en"),
        ("¿Qué dice «AGREEMENT ON THE LINE AND THE PORT OF OSTWICK» sobre «Closing in the bad weather»?", "es"),
        ("“el pago de las tasas”", "es"),
        ('article 7 of "Ley de aguas"', "en"),
        ("¿cuánto cuesta?", "es"),
    ],
)
def test_a_question_is_in_the_language_around_what_it_quotes(question, language):
    assert asked_in(question) == language
