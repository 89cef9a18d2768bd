"""What documents are called, which part of a question names one, and paragraphs of provisions."""

import pytest

from rag.naming.aliases import abbreviated_by, acronyms, answers_to, answers_to_reordered, defined_names, names_of, official_numbers
from rag.provisions.asked import asked_provisions, asks_for_all
from rag.provisions.paragraphs import part_span
from rag.types import Reference

GDPR = names_of("GDPR 2016/679", "a.md")
RGPD = names_of("Reglamento General de Protección de Datos", "b.md")
LOSU = names_of("Ley Orgánica 2/2023, de 22 de marzo, del Sistema Universitario", "c.md")


def test_acronyms_of_titles_in_both_languages() -> None:
    assert [answers_to(names, "RGPD") for names in (GDPR, RGPD, LOSU)] == [False, True, False]
    assert [answers_to_reordered(names, "RGPD") for names in (GDPR, RGPD, LOSU)] == [True, True, False]
    assert [answers_to(names, "LOSU") for names in (GDPR, RGPD, LOSU)] == [False, False, True]
    assert answers_to(names_of("Constitución Política de los Estados Unidos Mexicanos", "d.md"), "CPEUM")
    assert abbreviated_by(GDPR, "el Reglamento General de Protección de Datos")
    assert abbreviated_by(names_of("LOSU", "e.md"), "la Ley Orgánica del Sistema Universitario")
    assert not abbreviated_by(GDPR, "la Ley de Propiedad Horizontal")
    assert acronyms("LEY DE AGUAS DE TARN") == []


def test_official_numbers() -> None:
    assert official_numbers("la Ley 19/2013, de 9 de diciembre, y la Directiva 95/46/CE") == ["19/2013", "95/46"]
    assert official_numbers("24/7, 3/4 y 12/05/2024") == []
    assert names_of("Transparencia", "laws/ley-19-2013.md").numbers == {"19/2013"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("La presente ley (en adelante, «Ley de Startups») y las Partes, en adelante «las Partes».", ["Ley de Startups"]),
        ("This Act may be cited as the “Digital Harbour Act 2021”.", ["Digital Harbour Act 2021"]),
        ("LEY 19/2013, de 9 de diciembre, de transparencia", ["19/2013"]),
        ("REGULATION (EU) 2016/679 on data\n(General Data Protection Regulation)", ["General Data Protection Regulation", "2016/679"]),
        ("The Free County and the Borough (the “Members”) agree (the “Agreement”).", []),
        ("x" * 700 + " la Ley 3/2018 (en adelante, «LOPDGDD»)", []),
    ],
)
def test_names_that_a_document_gives_itself(text: str, names: list[str]) -> None:
    assert defined_names(text) == names


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What does Article 4(2)(b) of the GDPR say?", [("4", "the GDPR", ("2", "b"))]),
        ("letra b) del apartado 2 del artículo 4 del RGPD", [("4", "RGPD", ("2", "b"))]),
        ("¿Y el artículo 4, apartado 2, letra b), de la Ley 19/2013, de 9 de diciembre?", [("4",
        "la Ley 19/2013, de 9 de diciembre", ("2", "b"))]),
        ("artículo 4.2.b de la LOSU", [("4", "la LOSU", ("2", "b"))]),
        ("el párrafo segundo del artículo 4", [("4", "", ("2",))]),
        ("Under the GDPR, what does Article 32 say?", [("32", "the GDPR", ())]),
        ("RGPD, artículo 4", [("4", "RGPD", ())]),
        ("ART 90 Spanish universities act", [("90", "Spanish universities act", ())]),
        ("Article 4 of the GDPR and article 5 of the LOSU", [("4", "the GDPR", ()), ("5", "the LOSU", ())]),
        ("arts. 3 y 6 a 8 del Acuerdo", [(number, "Acuerdo", ()) for number in "3678"]),
        ("How many days does Article 4 give the operator?", [("4", "", ())]),
        ("What does Article 4 say about the treaty?", [("4", "", ())]),
        ("Which article of the GDPR is about consent?", []),
    ],
)  # fmt: skip
def test_what_a_question_asks_of_which_document(question: str, expected: list[tuple[str, str, tuple[str, ...]]]) -> None:
    assert [(item.reference.number, item.phrase, item.part) for item in asked_provisions(question)] == expected


def test_a_section_within_an_annex() -> None:
    (asked,) = asked_provisions("What does section 2 of Annex II of the Sarmenor agreement say?")
    assert (asked.reference, asked.within, asked.phrase) == (
        Reference("section", "2"),
        (Reference("annex", "2"),),
        "the Sarmenor agreement",
    )


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Annex IV, § 6", [("section 6", "annex 4")]), ("clause 2 of annex IV", [("clause 2", "annex 4")]),
        ("section 6 of annex IV and section 2 of annex V", [("section 6", "annex 4"), ("section 2", "annex 5")]),
        ("secciones 6 y 7 del anexo IV", [("section 6", "annex 4"), ("section 7", "annex 4")]),
        ("article 3 of chapter I of title II", [("article 3", "chapter 1 title 2")]), ("article 4 and annex II", [("article 4", ""),
        ("annex 2", "")]),
        ("artículo 3 del capítulo I, artículo 5 del capítulo II", [("article 3", "chapter 1"), ("article 5", "chapter 2")]),
        ("section 6 of article 4", [("section 6", "article 4")]), ("§ 6 of article 4", [("article 4", "")]),
        ("título II, capítulo I, artículo 3", [("article 3", "title 2 chapter 1")]), ("anexo IV, artículo 2", [("article 2", "annex 4")]),
    ],
)  # fmt: skip
def test_provisions_within_others(question: str, expected: list[tuple[str, str]]) -> None:
    assert [(str(item.reference), " ".join(map(str, item.within))) for item in asked_provisions(question)] == expected


def test_points_are_paragraphs() -> None:
    for question in ("point 6 of annex IV", "anexo IV, punto 6", "anexo IV.6", "el punto 6 del anexo IV"):
        assert asked_provisions(question)[-1].part == ("6",), question


def test_questions_for_all_of_a_provision() -> None:
    assert asks_for_all("¿Qué dicen los arts. 77 a 79 de la LOSU?")
    assert asks_for_all("Article 4")
    assert not asks_for_all("What does Article 4 say about water?")
    assert not asks_for_all("What does the law say?")


ARTICLE = "Artículo 4. Objeto\n\n1. Uno:\n\na) primera letra;\n\nb) segunda letra.\n\n2. Dos.\n\nB. Otro apartado."


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (("2",), "2. Dos."), (("1", "b"), "b) segunda letra."), (("b",), "b) segunda letra."), (("B",), "B. Otro apartado."),
        (("1",), "1. Uno:\n\na) primera letra;\n\nb) segunda letra."), (("3",), None), (("2", "a"), None),
    ],
)  # fmt: skip
def test_paragraphs_and_letters(part: tuple[str, ...], text: str | None) -> None:
    span = part_span(ARTICLE, part)
    assert (span and ARTICLE[slice(*span)].strip()) == text
