"""Superlatives over a table: the row with the largest or smallest figure of the column that is meant."""

import pytest

from rag.evidence import builtin_evidence
from rag.rows.extremes import extreme_row
from rag.types import Hit, Passage, Why

EVIDENCE = builtin_evidence()
PROGRAMMES = (
    "| Programme | Duration (min) | Energy (kWh) |\n|---|---|---|\n| Cotton | 215 | 1.75 |\n| Wool | 80 | 0.70 |\n| Short | 30 | 0.80 |\n\n"
    "The short programme does not dry."
)
ROUTES = "Ruta | Longitud (km) | Desnivel (m)\nMolinos | 6,2 | 120\nTres Cruces | 17,4 | 1.480\nSan Úrbez | 4,1 | 90"


def row(question: str, text: str) -> str | None:
    passage = Passage(source="a.md", title="Guide", text=text, start=0, end=len(text))
    found = extreme_row(question, [Hit(1, passage, 1.0, Why())], EVIDENCE)
    return text[found[1] : found[2]] if found else None


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("Which programme uses the least energy?", PROGRAMMES, "Wool | 80 | 0.70"),
        ("¿Qué programa gasta más energía?", PROGRAMMES, "Cotton | 215 | 1.75"),
        ("Which programme is the shortest?", PROGRAMMES, "Short | 30 | 0.80"),
        ("Which route is the longest?", ROUTES, "Tres Cruces | 17,4 | 1.480"),
        ("¿Cuál es la ruta más corta?", ROUTES, "San Úrbez | 4,1 | 90"),
        ("¿Qué ruta tiene el mayor desnivel?", ROUTES, "Tres Cruces | 17,4 | 1.480"),
        ("Which programme uses energy?", PROGRAMMES, None),
        ("How much energy does the longest programme use?", PROGRAMMES, None),
        ("Which museum is the oldest?", PROGRAMMES, None),
        ("Which programme is the most popular?", PROGRAMMES, None),
        ("Which programme uses the least energy?", PROGRAMMES.replace("0.70", "cold"), None),
        ("Which programme uses the least energy?", PROGRAMMES.replace("0.70", "0.80"), None),
    ],
)
def test_the_row_that_a_superlative_means(question: str, text: str, expected: str | None) -> None:
    assert row(question, text) == expected
