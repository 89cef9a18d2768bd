"""Policies, leases, by-laws and collective agreements: told from each other, whichever language the question is in."""

import pytest
from small_corpus import pipeline_of

from rag.naming.aliases import acronyms, alike, kinds_of
from rag.pipeline import Pipeline
from rag.references import find, heading_reference
from rag.types import Reference

TEXTS = {
    "estatutos.md": "# Estatutos de la Asociación La Almazara\n\nArtículo 1. Cuota\n\nTreinta y seis euros.\n\nArtículo 2. Leyes\n\n"
    "Se aplica el artículo 14 de la Ley Orgánica 1/2002.\n",
    "poliza.md": "# Póliza de seguro de comercio Tajo\n\nArtículo 1. Franquicia\n\nDoscientos euros.\n",
    "cobalt.md": "# COBALT POLICY\n\nSection 1 Excess\n\nThe first 150 pounds.\n",
    "convenio.md": "# Convenio colectivo de limpieza\n\nArtículo 1. Jornada\n\nTreinta y ocho horas.\n",
    "pilots.md": "# Collective Agreement of the Pilots\n\nArticle 1. Shifts\n\nTwelve hours.\n",
    "local.md": "# Contrato de arrendamiento\n\nPRIMERA.- Objeto. Una librería.\n\nSEGUNDA.- Renta. Setecientos euros.\n",
    "pliego.md": "# Pliego de autobuses\n\nCláusula 1. Objeto\n\nDos líneas.\n\nCláusula 2. Penalidades\n\nCien euros.\n",
    "quay.md": "# TENANCY AGREEMENT\n\nFlat 3B, 27 Quay Street\n\n## 1. Rent\n\nThe rent is 940 pounds.\n",
}


pipeline = pipeline_of(TEXTS)


@pytest.mark.parametrize(
    ("question", "sources"),
    [
        ("What does Article 1 of the bylaws say?", {"estatutos.md"}), ("What does Article 1 of the by-laws say?", {"estatutos.md"}),
        ("What does Article 1 of the shop insurance policy say?", {"poliza.md"}),
        ("What does Article 1 of the cleaning collective agreement say?", {"convenio.md"}),
        ("What does clause 2 of the lease say?", {"local.md"}), ("What does clause 2 of the tender terms say?", {"pliego.md"}),
        ("What does Article 1 of the pilots' collective agreement say?", {"pilots.md"}),
    ],
)  # fmt: skip
def test_a_text_is_meant_by_its_kind_in_the_other_language(pipeline: Pipeline, question: str, sources: set[str]) -> None:
    assert {citation.source for citation in pipeline.ask(question).citations} == sources


@pytest.mark.parametrize("question", ["What does Article 14 of the bylaws say?", "What does Article 7 of the shop insurance policy say?"])
def test_neither_a_mention_nor_another_text_is_taken_for_it(pipeline: Pipeline, question: str) -> None:
    assert pipeline.ask(question).reason == "reference_absent"


def test_names_of_kinds() -> None:
    assert (acronyms("TENANCY AGREEMENT"), acronyms("LOSU")) == (["TENANCY"], ["LOSU"])
    assert kinds_of("the by-laws") == kinds_of("articles of association") == kinds_of("los estatutos") == {"bylaws"}
    assert "seguro" in alike("insurance")
    assert alike("boat") == {"boat"}


@pytest.mark.parametrize(
    ("line", "reference"),
    [
        ("Part A General", Reference("part", "a")), ("PART ONE", Reference("part", "1")), ("Part Two Benefits", Reference("part", "2")),
        ("LIBRO SEGUNDO", Reference("book", "2")), ("Book III. Of Ships", Reference("book", "3")),
        ("Norma 3. Piscina", Reference("rule", "3")),
        ("Part of the rent is due.", None), ("Book Two Tickets Now", None), ("Part I went to", None), ("Each Party two votes", None),
    ],
)  # fmt: skip
def test_headings_of_parts_and_books(line: str, reference: Reference | None) -> None:
    assert heading_reference(line) == reference


@pytest.mark.parametrize("text", ["Cada Parte dos votos", "the second part", "su libro tercero", "the book one reads", "Book a table"])
def test_prose_about_parts_and_books(text: str) -> None:
    assert find(text) == []
