"""Whose provision a question means: laws that change others, laws that are not there, the last of a kind; headings that were read badly."""

import pytest
from small_corpus import pipeline_of

from rag.headings.implied import implied_headings
from rag.naming.aliases import defined_names, names_of
from rag.pipeline import Pipeline
from rag.references import find, heading_reference
from rag.types import Reference

TREES = """# Ley 7/2019, de Protección del Arbolado Urbano

## Artículo 1. Objeto

Esta ley protege los árboles.

## Artículo 9. Multas

La multa es de cien euros.

## Disposición transitoria primera. Expedientes

Siguen por la norma anterior.

## Disposición transitoria segunda. Inventarios

Hay dieciocho meses de plazo.
"""
REFORM = """# Ley 3/2023, por la que se modifica la Ley 7/2019, de Protección del Arbolado Urbano

## Artículo primero. Cambios

Cambia el plazo de poda.

## Artículo segundo. Riego

Se aprueba un plan de riego.
"""
CONDUCT = """# Harbour Board Code of Conduct

## Section 5. Suspension

A pilot may be suspended for six weeks.

## Section 6. Appeals

Appeals lie to the harbour master.
"""
LEASE = """# Contrato de arrendamiento de la nave

## 5. Fianza

La fianza es de dos mensualidades.
"""
BYLAWS = """# Estatutos de la Asociación El Almendro

## Artículo 1. Nombre

Se llama El Almendro.

## Artículo 2. Socios

Los socios votan en febrero.
"""


pipeline = pipeline_of({"arbolado.md": TREES, "reforma.md": REFORM, "conduct.md": CONDUCT, "estatutos.md": BYLAWS, "nave.md": LEASE})


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("¿Qué dice el artículo 1 de la Ley 7/2019?", "Esta ley protege los árboles."),
        ("What does Article 1 of Law 3/2023 say?", "Cambia el plazo de poda."),
        ("the second article of the statutes", "Los socios votan en febrero."),
        ("the last article of the statutes", "Los socios votan en febrero."),
        ("¿Qué dice el último artículo de la Ley 7/2019?", "La multa es de cien euros."),
        ("the last transitional provision of Law 7/2019", "Hay dieciocho meses de plazo."),
        ("the last section of the code of conduct", "Appeals lie to the harbour master."),
    ],
)
def test_only_the_one_that_is_meant_is_quoted(pipeline: Pipeline, question: str, quote: str) -> None:
    assert [citation.quote for citation in pipeline.ask(question).citations] == [quote]


@pytest.mark.parametrize(
    "question",
    [
        "What does Article 9 of the Urban Leases Act say?",
        "Article 5 of the Civil Code",
        "¿Qué dice el artículo 6 del Código Penal?",
        "artículo 2 de la Ley 7/2021",
    ],
)
def test_a_law_that_is_not_there_is_not_another_that_shares_a_word(pipeline: Pipeline, question: str) -> None:
    assert pipeline.ask(question).reason == "reference_absent"


def test_a_chapter_of_one_kind_of_text_is_no_heading_of_another(pipeline: Pipeline) -> None:
    assert pipeline.ask("¿Qué dice el capítulo V de los estatutos?").reason == "reference_absent"
    assert "dos mensualidades" in pipeline.ask("¿Qué dice la sección 5 del contrato de arrendamiento?").text


def test_a_law_that_changes_another_is_not_called_by_its_number() -> None:
    assert names_of("Ley 3/2023, por la que se modifica la Ley 7/2019", "x.txt").numbers == {"3/2023"}
    assert names_of("Regulation (EU) 2024/10 amending Regulation (EU) 2016/679", "x.txt").numbers == {"2024/10"}
    assert defined_names("Contrato conforme al artículo 9 de la Ley 29/1994.") == []
    assert defined_names("JUZGADO NÚMERO 3\n\nAUTO 118/2021\n") == ["118/2021"]


def test_orders_counted_anew_behind_the_grounds_are_no_grounds() -> None:
    grounds = "FUNDAMENTOS DE DERECHO\n\nPRIMERO.- Hay peligro.\n\nSEGUNDO.- Hay razón.\n\n"
    text = f"{grounds}PARTE DISPOSITIVA\n\nPrimero.- Se embarga.\n\nSegundo.- Cabe recurso.\n"
    assert [str(item.reference) for item in implied_headings(text).values()] == ["ground 1", "ground 2"]


def test_letters_apart_are_the_word() -> None:
    assert [heading_reference(f"{word} 5.- Se limpia.") for word in ("Art í culo", "Artí culo", "A R T Í C U L O")] == [
        Reference("article", "5")
    ] * 3
    assert [str(mention.reference) for mention in find("conforme al art ículo 7 y al a r t í c u l o 8")] == ["article 7", "article 8"]


def test_parts_have_letters() -> None:
    assert heading_reference("Part B. Discipline") == Reference("part", "b")
    assert find("each Party and any part a member has") == []
