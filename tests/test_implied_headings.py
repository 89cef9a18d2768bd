"""Lines that open a clause, a recital or a provision of a group without saying so, and lines that look like them and do not."""

import time

import pytest

from rag.headings.implied import implied_headings


def opened(text: str) -> dict[str, str]:
    """What is opened -> the first words of the line that opens it."""
    return {str(item.reference): text[item.start :].split("\n")[0][:20] for item in implied_headings(text).values()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CLÁUSULAS\n\nPRIMERA.- Objeto. Uno.\n\nSEGUNDA.- Renta. Dos.\n",
         {"clause 1": "PRIMERA.- Objeto. Un", "clause 2": "SEGUNDA.- Renta. Dos"}),
        ("Primera. Objeto\nUno.\nSegunda. Precio\nDos.\nDecimocuarta: Fuero\n",
         {"clause 1": "Primera. Objeto", "clause 2": "Segunda. Precio", "clause 14": "Decimocuarta: Fuero"}),
        ("## Primera.\n\nUno.\n\n**Segunda.-** Dos.\n", {"clause 1": "## Primera.", "clause 2": "**Segunda.-** Dos."}),
        ("FIRST. Object\n\nOne.\n\nSECOND. Price\n\nTwo.\n", {"clause 1": "FIRST. Object", "clause 2": "SECOND. Price"}),
        ("Artículo 1.\n\nDISPOSICIONES ADICIONALES\n\nPrimera. Uno.\n\nSegunda. Dos.\n\n## Disposiciones transitorias\n\nÚnica. Tres.\n",
         {"additional provision 1": "Primera. Uno.", "additional provision 2": "Segunda. Dos.",
          "transitional provision 1": "Única. Tres."}),
        ("TRANSITORIOS\n\nPRIMERO.- Uno.\n\nSEGUNDO.- Dos.\n",
         {"transitional provision 1": "PRIMERO.- Uno.", "transitional provision 2": "SEGUNDO.- Dos."}),
        ("Whereas:\n\n(1) One.\n\n(2)\n\nTwo.\n\nArticle 1\n\n(1) Not this.\n\n(2) Nor this.\n",
         {"recital 1": "(1) One.", "recital 2": "(2)"}),
        ("(11) Considerando que sí.\n\n(12) Y que no.\n\nArtículo 1. Objeto\n",
         {"recital 11": "(11) Considerando qu", "recital 12": "(12) Y que no."}),
    ],
)  # fmt: skip
def test_what_lines_imply(text: str, expected: dict[str, str]) -> None:
    assert opened(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "Primera. Sola.\n", "Segunda. Uno.\n\nTercera. Dos.\n", "Primera, la renta.\n\nSegunda, el plazo.\n",
        "PRIMERO.- Antecedente.\n\nSEGUNDO.- Otro.\n", "First. One.\n\nSecond. Two.\n", "Segunda parte\n\nTercera parte\n",
        "(1) One.\n\n(2) Two.\n\nArticle 1\n", "Whereas it rains.\n\n(1) One.\n\n(2) Two.\n",
        "Primera. Uno.\n\nArtículo 2. Dos\n\nSegunda. Tres.\n", "La primera. Y ya.\n\nLa segunda. Y ya.\n",
    ],
)  # fmt: skip
def test_what_is_no_run(text: str) -> None:
    assert opened(text) == {}


def test_a_recital_is_called_so_in_the_language_of_the_preamble() -> None:
    for text, label in (("Whereas:\n(1) One.\nArticle 1\n", "Recital 1"), ("Considerando:\n(1) Uno.\nArtículo 1\n", "Considerando 1")):
        assert [item.label for item in implied_headings(text).values()] == [label]


@pytest.mark.parametrize("unit", ["Primera. ", "Primera.\n", "(1) ", "(1)\nwhereas\n", "\n", "DISPOSICIONES FINALES\n", "décimo "])
def test_hostile_text_is_read_in_linear_time(unit: str) -> None:
    text = unit * (300_000 // len(unit))
    started = time.perf_counter()
    implied_headings(text)
    assert time.perf_counter() - started < 5
