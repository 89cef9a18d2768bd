"""Documents that a question calls by their file name."""

import pytest
from small_corpus import pipeline_of

from rag.naming.files import FileNames, named_by_file, unknown_owner
from rag.pipeline import Pipeline

GARCIA = """# Contrato de arrendamiento

Arrendataria: Elena García.

La renta mensual es de 780 euros.

No se admiten animales sin permiso escrito.
"""
LOPEZ = "CONTRATO\n\nSe admite un perro de menos de quince kilos.\n\nLa renta mensual es de 910 euros, que se abonan por adelantado.\n"
RULES = "# Rules of the pool\n\nBathing caps are required. Olmedo teaches the children on Saturdays.\n"
HOLIDAYS = "# Calendario\n\nHolidays: el 12 de octubre se cierra.\n"
STATUTES = "# Convenio\n\nCada persona tiene treinta días de vacaciones al año.\n"
TEXTS = {
    "contrato_garcia.md": GARCIA,
    "alquileres/ContratoLópez.txt": LOPEZ,
    "pool.md": RULES,
    "olmedo.md": "# Curriculum vitae\n\nTeacher of mathematics since 1998.\n",
    "holidays.md": HOLIDAYS,
    "convenio.md": STATUTES,
}


opened = pipeline_of(TEXTS)


@pytest.mark.parametrize(
    ("question", "source", "said"),
    [
        ("How much is the rent in the García contract?", "contrato_garcia.md", "780"),
        ("how much is the rent in the garcia contract", "contrato_garcia.md", "780"),
        ("¿Cuál es la renta del contrato de López?", "alquileres/ContratoLópez.txt", "910"),
        ("¿Admite animales Lopez?", "alquileres/ContratoLópez.txt", "perro"),
        ("What does contrato_garcia.md say about animals?", "contrato_garcia.md", "animales"),
        ("How many days of holidays do I get?", "convenio.md", "treinta"),  # not what the file is called
    ],
)
def test_answers_come_from_the_document_that_is_named(opened: Pipeline, question: str, source: str, said: str) -> None:
    answer = opened.ask(question)
    assert {citation.source for citation in answer.citations} == {source}
    assert said in answer.text


@pytest.mark.parametrize(
    ("question", "unknown"),
    [
        ("How much is the rent in the Martínez contract?", "Martínez"),
        ("¿Cuál es la renta del contrato de la señora Ibáñez?", "Ibáñez"),
        ("What is the rent in Quintana's lease?", "Quintana"),
    ],
)
def test_the_paper_of_somebody_whom_nothing_names_is_not_there(opened: Pipeline, question: str, unknown: str) -> None:
    answer = opened.ask(question)
    assert (answer.abstained, answer.reason) == (True, "no_evidence")
    assert unknown in answer.text


def test_a_language_owns_no_paper(opened: Pipeline) -> None:
    with opened._reader.snapshot() as snapshot:
        asked = [f"How much is the rent in the {name} contract?" for name in ("Spanish", "Quintana")]
        assert [unknown_owner(snapshot, question, lambda word, sources: True) for question in asked] == ["", "Quintana"]


def test_what_others_speak_of_is_not_only_the_file_that_is_called_so(opened: Pipeline) -> None:
    """The rules speak of Olmedo, too."""
    assert {hit.passage.source for hit in opened.search("What does Olmedo teach on Saturdays?")} >= {"olmedo.md", "pool.md"}
    assert {hit.passage.source for hit in opened.search("What is the rent of García?")} == {"contrato_garcia.md"}


def test_words_of_files(opened: Pipeline) -> None:
    with opened._reader.snapshot() as snapshot:
        files = FileNames().of(snapshot)
        assert files["lopez"] == {"alquileres/ContratoLópez.txt"}
        assert files["contrato"] == {"alquileres/ContratoLópez.txt", "contrato_garcia.md"}
        assert "md" not in files
        found = named_by_file(snapshot, "Do García or López pay more?", files, lambda word, sources: False)
    assert (found.sources, found.names, found.alone) == ({"contrato_garcia.md", "alquileres/ContratoLópez.txt"}, ("García", "López"), True)
