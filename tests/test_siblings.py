"""Documents that are all alike: the one that is named answers, never a sibling; where none is named, the others are mentioned."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_corpus import pipeline_over

from rag.naming.siblings import Forms, form_of, named_documents, same_form, without_names
from rag.pipeline import Pipeline

LEASE = """# CONTRATO DE ARRENDAMIENTO

En Sevilla, a {date}.

## REUNIDOS

De una parte, como arrendadora, Inmobiliaria Guadaíra, S. L.

De otra parte, como arrendataria, {tenant}, mayor de edad.

## PRIMERA. Objeto

Se arrienda la vivienda de la calle {street}, de Sevilla, para uso de vivienda habitual.

## SEGUNDA. Renta

La renta mensual es de {rent} euros, que se pagan por anticipado.

## TERCERA. Fianza

La arrendataria entrega {deposit} euros en concepto de fianza.
{more}"""
TENANTS = (
    ("01", "Carmen Ortega Villar", "Luna, 14", "780", "1.560", "1 de marzo de 2022"),
    ("02", "Rafael Zabala Soto", "Sol, 3", "640", "641", "15 de junio de 2021"),
    ("03", "Hamid Benali", "Feria, 77", "525", "1.050", "20 de mayo de 2023"),
    ("04", "Lucía Ferrandis Prat", "Betis, 9", "560", "1.120", "2 de enero de 2020"),
)
PETS = "\n## CUARTA. Animales\n\nLa arrendataria puede tener en la vivienda un perro o un gato.\n"


@pytest.fixture(scope="module")
def leases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    folder = tmp_path_factory.mktemp("leases")
    documents = {
        f"contrato-{number}.md": LEASE.format(
            tenant=tenant, street=street, rent=rent, deposit=deposit, date=date, more=PETS if number == "02" else ""
        )
        for number, tenant, street, rent, deposit, date in TENANTS
    }
    with pipeline_over(folder, documents) as pipeline:
        yield pipeline


@pytest.mark.parametrize(
    ("question", "source", "value"),
    [
        ("¿Qué renta paga Ortega?", "contrato-01.md", "780"),
        ("¿Cuál es la renta mensual de Rafael Zabala Soto?", "contrato-02.md", "640"),
        ("¿Qué renta paga Zavala?", "contrato-02.md", "640"),
        ("¿Cuál es la renta de benali?", "contrato-03.md", "525"),
        ("What is the monthly rent of Benali?", "contrato-03.md", "525"),
    ],
)
def test_the_document_that_is_named_answers(leases: Pipeline, question: str, source: str, value: str) -> None:
    answer = leases.ask(question)
    assert {citation.source for citation in answer.citations} == {source}
    assert value in answer.text


@pytest.mark.parametrize("question", ["Can Benali keep a dog?", "¿Puede tener perro Ferrandis?", "¿Qué renta se pagaba en 2018?"])
def test_what_only_a_sibling_says_is_refused(leases: Pipeline, question: str) -> None:
    answer = leases.ask(question)
    assert answer.abstained
    assert not answer.citations


def test_where_none_is_named_the_others_are_mentioned(leases: Pipeline) -> None:
    answer = leases.ask("¿Puede la arrendataria tener un perro?")
    assert {citation.source for citation in answer.citations} == {"contrato-02.md"}
    assert all(f"«contrato-{number}.md»" in (answer.note or "") for number in ("01", "03", "04"))
    assert leases.ask("¿Qué renta paga Ortega?").note is None


def test_documents_of_one_title_are_told_apart_by_their_files(leases: Pipeline) -> None:
    answer = leases.ask("¿Cuál es la fianza?")
    assert len({citation.source for citation in answer.citations}) > 1
    assert all(f"«CONTRATO DE ARRENDAMIENTO» ({citation.source})" in answer.text for citation in answer.citations)
    assert {sentence.verdict for sentence in answer.sentences} == {"quoted"}


@pytest.mark.parametrize(
    ("question", "sources", "names"),
    [
        ("What is the rent in the Ortega lease?", {"contrato-01.md"}, ("Ortega",)),
        ("rent of ortega", {"contrato-01.md"}, ("ortega",)),
        ("the flat in Calle Feria", {"contrato-03.md"}, ("Feria",)),
        ("the lease of June", {"contrato-02.md"}, ("June",)),
        ("the lease of May", {"contrato-03.md"}, ("May",)),
        ("How may the rent be paid?", set(), ()),  # no month
        ("the lease of Mayo Ortega", {"contrato-01.md"}, ("Ortega",)),  # nor here
        ("deposit of the Inmobiliaria", {f"contrato-{number}.md" for number, *_ in TENANTS}, ("Inmobiliaria",)),
        ("What does Objeto say?", set(), ()),  # a capital only where a line or a sentence begins
        ("What is the rent of Mercurio?", set(), ()),
    ],
)  # fmt: skip
def test_names(leases: Pipeline, question: str, sources: set[str], names: tuple[str, ...]) -> None:
    with leases._reader.snapshot() as snapshot:
        found = named_documents(snapshot, question, Forms())
    assert (found.sources, found.names) == (sources, names)


def test_a_question_without_its_names() -> None:
    assert without_names("What is the rent in the Ortega lease?", ("Ortega",)) == "What is the rent in the lease?"
    assert without_names("What does the Ortega of the lease pay?", ("Ortega",)) == "What does the of the lease pay?"
    assert without_names("¿Qué renta paga la señora Ortega en su contrato?", ("Ortega",)) == "¿Qué renta paga la señora en su contrato?"
    assert without_names("What does lease-3.PDF say of repairs?", ("lease-3.PDF",)) == "What does the document say of repairs?"
    assert without_names("What is Ortega's rent?", ("Ortega",)) == "What is rent?"
    assert without_names("Ortega?", ("Ortega",)) == "Ortega?"  # nothing else is asked


def test_forms() -> None:
    own = [form_of(LEASE.format(tenant=tenant, street=street, rent=rent, deposit="1", date=date, more=""))
           for _, tenant, street, rent, _, date in TENANTS]  # fmt: skip
    assert all(same_form(own[0], other) for other in own[1:])
    assert not same_form(own[0], form_of("# Briefing\n\nThe treaty was signed.\n\nIt has four articles.\n\nNobody read it.\n\nEnd of it."))
    assert form_of("Nombre: Ana\n12. La renta es de 3 euros\n\n**") == {"nombre", "la renta"}


def test_documents_of_another_form_stay(tmp_path: Path) -> None:
    others = {
        "one.md": "# Ortega\n\nCarmen Ortega wrote the history of the harbour and lived in Vigo.",
        "two.md": "# The harbour\n\nThe harbour master keeps the keys of the lighthouse in a drawer of the office.",
        "three.md": "# Ferries\n\nFerries leave at noon from the old quay when the wind allows it.",
    }
    with pipeline_over(tmp_path, others) as pipeline:
        found = pipeline.search("What did Ortega say of the keys of the lighthouse?")
    assert {hit.passage.source for hit in found} == {"one.md", "two.md", "three.md"}
    assert all(hit.passage.named == () for hit in found)
