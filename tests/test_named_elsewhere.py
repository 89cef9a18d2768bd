"""A provision of a document that has none of the kind is absent, whatever other documents have; numbered headings are sections."""

from contextlib import closing
from pathlib import Path

import pytest
from small_corpus import pipeline_of, pipeline_over

from rag.index import open_index
from rag.lookup import MAX_SHOWN, look_up
from rag.pipeline import Pipeline
from rag.types import Answer

TEXTS = {
    "contrato_alquiler.md": """# CONTRATO DE ARRENDAMIENTO DE VIVIENDA

PRIMERA.- Objeto. Se cede la vivienda de la calle del Puente.

SEGUNDA.- Renta. La renta es de setecientos euros al mes.
""",
    "ordenanza_ruido.txt": """AYUNTAMIENTO DE VALDEORZA

Artículo 1. Objeto.
Esta norma previene el ruido.

Artículo 2. Horario.
Se calla desde las once de la noche.

Artículo 3. Obras.
Se trabaja de día.

Artículo 4. Ferias.
La feria acaba a la una.

Artículo 5. Perros.
Los perros ladran poco.

Artículo 6. Campanas.
Las campanas suenan a mediodía.

Artículo 7. Multas.
La multa es de cien euros.

ANEXO I. Medición
1. Los aparatos se revisan cada año.
2. Se mide a un metro de la pared.
3. Se mide de noche.

ANEXO II. Zonas
1. La zona norte es de silencio.
2. La zona sur es industrial.
""",
    "handbook.md": """# Brightmere Employee Handbook

## 2 Leave

### 2.1 Annual leave

Everybody has twenty-six days of annual leave.

### 2.2 Sick leave

A certificate is needed from the fourth day.

## 3 Money

Salaries are paid on the 25th.
""",
    "junta.md": """# Acta de la junta de propietarios

## 1. Cuentas

Se aprueban las cuentas.

## 2. Ascensor

Se contrata un ascensor nuevo.
""",
}


pipeline = pipeline_of(TEXTS)


def cited(answer: Answer) -> list[tuple[str, str]]:
    return [(citation.source, citation.quote) for citation in answer.citations]


CLAUSES = "“CONTRATO DE ARRENDAMIENTO DE VIVIENDA” has: clause 1-2."


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What does Article 2 of the rental contract say?", f"The documents contain no Article 2. {CLAUSES}"),
        ("Article 2 of the contract", f"The documents contain no Article 2. {CLAUSES}"),
        ("¿Qué dice el artículo 2 del contrato de arrendamiento?",
         "Los documentos no contienen: artículo 2. En «CONTRATO DE ARRENDAMIENTO DE VIVIENDA» hay: cláusula 1-2."),
        ("clause 2 of the ordinance", "The documents contain no Clause 2. “AYUNTAMIENTO DE VALDEORZA” has: article 1-7, annex 1-2."),
        ("Article 1 of the employee handbook",
         "The documents contain no Article 1. “Brightmere Employee Handbook” has nothing of the kind."),
        ("cláusula 1 del manual del empleado",
         "Los documentos no contienen: cláusula 1. En «Brightmere Employee Handbook» no hay nada así."),
    ],
)  # fmt: skip
def test_a_named_document_without_such_provisions_has_none(pipeline: Pipeline, question: str, text: str) -> None:
    answer = pipeline.ask(question)
    assert (answer.reason, answer.text, answer.citations) == ("reference_absent", text, ())


@pytest.mark.parametrize(
    ("question", "quotes"),
    [
        ("Article 2 of the ordinance", ["Se calla desde las once de la noche."]),
        ("What does article 2 say?", ["Se calla desde las once de la noche."]),
        ("clause 2 of the rental contract", ["SEGUNDA.- Renta. La renta es de setecientos euros al mes."]),
        ("What does section 2.2 of the handbook say?", ["A certificate is needed from the fourth day."]),
        ("§ 2.1", ["Everybody has twenty-six days of annual leave."]),
        ("section 3 of the employee handbook", ["Salaries are paid on the 25th."]),
        ("What was agreed in point 2 of the minutes?", ["2. Ascensor\n\nSe contrata un ascensor nuevo."]),
        ("section 2 of annex I", ["2. Se mide a un metro de la pared."]),
        ("What do section 2 of annex I and section 2 of annex II say?",
         ["2. Se mide a un metro de la pared.", "2. La zona sur es industrial."]),
        ("sections 2 and 3 of annex I", ["2. Se mide a un metro de la pared.", "3. Se mide de noche."]),
        ("What do article 1 of the ordinance and clause 2 of the contract say?",
         ["Esta norma previene el ruido.", "SEGUNDA.- Renta. La renta es de setecientos euros al mes."]),
    ],
)  # fmt: skip
def test_what_is_asked_for_is_quoted(pipeline: Pipeline, question: str, quotes: list[str]) -> None:
    assert [quote for _, quote in cited(pipeline.ask(question))] == quotes


def test_a_text_of_unknown_kind_may_be_the_contract(tmp_path: Path) -> None:
    texts = {"tilos.md": "# Tilos 27\n\nPRIMERA.- Objeto. El piso.\n\nSEGUNDA.- Renta. Mil euros.\n",
             "nota.md": "# Nota sobre el contrato\n\nEl contrato se firma en mayo.\n"}  # fmt: skip
    with pipeline_over(tmp_path, texts) as opened:
        assert cited(opened.ask("What does clause 2 of the contract say?")) == [("tilos.md", "SEGUNDA.- Renta. Mil euros.")]


def test_a_section_that_no_heading_has_is_left_to_the_search(pipeline: Pipeline) -> None:
    assert pipeline.ask("What does section 9.9 say about salaries?").reason != "reference_absent"


def test_of_many_documents_that_are_named_only_the_first_are_looked_into(tmp_path: Path) -> None:
    texts = {
        f"{n:02}.md": f"# Agreement of the ports of row {n}\n\nArticle 1. Scope\n\nShips pay {n} euros.\n" for n in range(MAX_SHOWN + 4)
    }
    with pipeline_over(tmp_path, texts) as opened:
        answer = opened.ask("What does clause 4 of the agreement say?")
        with closing(open_index(opened.config.index, opened.embedder.fingerprint)) as index, index.snapshot() as snapshot:
            lookup = look_up(snapshot, "What does clause 4 of the agreement say?")
    assert answer.reason == "reference_absent"
    assert "“Agreement of the ports of row 0” has: article 1." in answer.text
    assert lookup.instead == tuple((f"Agreement of the ports of row {n}", (("article", ("1",)),)) for n in range(MAX_SHOWN))
