"""Documents that disagree about a date or an amount, and those that only seem to."""

from pathlib import Path

import pytest
from small_corpus import pipeline_over

from rag.config import AnswerConfig, Config, IndexConfig
from rag.conflicts import disagree
from rag.embed import BuiltinEmbedder
from rag.evidence import builtin_evidence
from rag.index.sync import sync
from rag.pipeline import Pipeline
from rag.testing import ScriptedGenerator
from rag.types import Answer

EVIDENCE = builtin_evidence()
OPENED = "The Morrow Bridge was opened on 3 June 2016."


@pytest.mark.parametrize(
    ("question", "kind", "first", "second", "values"),
    [
        ("How much is it?", "amount", "The licence costs 18 crowns a year.", "A licence costs 25 crowns per year.", ("18 crowns",
        "25 crowns")),
        ("How many work there?", "amount", "The factory has 340 employees.", "La fábrica tiene 410 empleados.", ("340 employees",
        "410 empleados")),
        ("When was it opened?", "date", OPENED, "The Morrow Bridge was opened on May 12, 2017.", ("3 June 2016", "May 12, 2017")),
        ("When was it opened?", "date", OPENED, "El puente de Morrow se abrió el 5 de mayo de 2017.", ("3 June 2016",
        "5 de mayo de 2017")),
        ("¿Cuándo acaba el plazo?", "date", "El plazo acaba el 31/12/2024.", "El plazo acaba el 30 de noviembre de 2024.",
         ("31/12/2024", "30 de noviembre de 2024")),
        ("When was it founded?", "date", "It was founded in 1998 in Madrid.", "Fue fundada en Madrid en 2001.", ("1998", "2001")),
    ],
)  # fmt: skip
def test_other_values_of_the_same_thing(question: str, kind: str, first: str, second: str, values: tuple[str, str]) -> None:
    assert disagree(question, first, second, kind, EVIDENCE) == values


@pytest.mark.parametrize(
    ("question", "kind", "first", "second"),
    [
        ("¿Cuánto cuesta?", "amount", "La licencia cuesta 1 200 euros.", "La licencia cuesta 1.200 euros al año."),
        ("¿A qué hora abre?", "amount", "La oficina abre a las 14:30 horas.", "La oficina abre a las 14.30 horas."),
        ("How much is the licence?", "amount", "The fishing licence costs 18 crowns a year.", "The mooring fee is 25 crowns per year."),
        ("How many work there?", "amount", "In 2022 the factory had 340 employees.", "In 2023 the factory had 410 employees."),
        ("When was it opened?", "date", OPENED, "The Morrow Bridge was opened in 2016."),
        ("When was it opened?", "date", OPENED, "El puente de Morrow se abrió el 3 de junio de 2016."),
        ("When does it close?", "date", "The lock closes on 5 February 2024.", "The lock reopens on 22 March 2024."),
        ("What does each pay?", "amount", "Valdorca pays 40 %.", "Monteluz pays 35 %."),
        ("How long is it?", "amount", "The river is 1,200 metres long.", "El río mide 1.200 metros de largo."),
        ("When does it end?", "date", "El plazo acaba el 31.12.2024.", "El plazo acaba el 31 de diciembre de 2024."),
        ("How fast?", "amount", "The limit is 12 kilometres per hour.", "Within 300 metres of a jetty it is 6 kilometres per hour."),
        ("How much is it?", "amount", "The licence costs 18 crowns or 30 crowns.", "A licence costs 25 crowns."),
        ("How much is the fine?", "amount", "La multa mínima por ruido es de 100 euros.", "La multa máxima por ruido es de 1.000 euros."),
    ],
)  # fmt: skip
def test_what_is_no_conflict(question: str, kind: str, first: str, second: str) -> None:
    assert disagree(question, first, second, kind, EVIDENCE) is None


def tariffs(folder: Path) -> Config:
    """An index of two notices that give the licence different prices."""
    documents = folder / "documents"
    documents.mkdir()
    for year, price in ((2021, 18), (2024, 25)):
        text = f"# Tarifas de {year}\n\nFecha: 3 de marzo de {year}\n\nLa licencia de pesca del puerto cuesta {price} coronas al año.\n"
        (documents / f"{year}.md").write_text(text, encoding="utf-8")
    config = Config(index=IndexConfig(path=folder / "index"))
    sync(config, BuiltinEmbedder(), [documents])
    return config


def test_both_sides_are_quoted_with_their_dates(tmp_path: Path) -> None:
    with Pipeline.open(tariffs(tmp_path)) as pipeline:
        answer = pipeline.ask("How much does the fishing licence of the port cost?")
        other = pipeline.ask("¿Quién vende licencias?")
    assert (answer.abstained, answer.reason) == (False, "conflicting")
    assert {citation.source for citation in answer.citations} == {"2021.md", "2024.md"}
    assert {sentence.verdict for sentence in answer.sentences} == {"quoted"}
    assert "3 March 2021" in answer.text
    assert "3 March 2024" in answer.text
    assert "The documents disagree: " in (answer.note or "")
    assert other.reason != "conflicting"


def test_numbers_about_something_else_are_no_conflict_where_the_answer_is_in_words(tmp_path: Path) -> None:
    """The rents differ, and what was asked for is said in words."""
    lease = "# Contrato de arrendamiento {name}\n\nLa duración del contrato es de {years} años.\n\nLa renta mensual es de {rent} euros.\n"
    texts = {
        f"{name}.md": lease.format(name=name, years=years, rent=rent) for name, years, rent in (("A", "cinco", 910), ("B", "dos", 780))
    }
    with pipeline_over(tmp_path, texts) as pipeline:
        answer = pipeline.ask("How long is the lease?")
        rent = pipeline.ask("How much is the rent?")
    assert (answer.reason, "euros" in answer.text) == (None, False)
    assert rent.reason == "conflicting"


@pytest.mark.parametrize("strict", [True, False])
def test_nothing_is_streamed_before_it_is_decided_what_is_left_out(tmp_path: Path, strict: bool) -> None:
    config = tariffs(tmp_path)
    with Pipeline.open(config) as opened:
        opened._generator = ScriptedGenerator("Los cerdos vuelan [1]. La licencia de pesca del puerto cuesta 25 coronas al año [1].")
        opened.config = config.model_copy(update={"answer": AnswerConfig(strict=strict)})
        *pieces, answer = opened.stream("How much does the fishing licence of the port cost?")
    assert isinstance(answer, Answer)
    assert answer.reason == "conflicting"
    assert {citation.source for citation in answer.citations} == {"2021.md", "2024.md"}
    assert ("cerdos" in answer.text, "cerdos" in "".join(map(str, pieces))) == (not strict, not strict)
    assert ("18 coronas" in answer.text, "18 coronas" in "".join(map(str, pieces))) == (True, not strict)
