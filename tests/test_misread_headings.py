"""Headings of scanned texts whose letters and figures were taken for each other."""

import pytest

from rag.headings.misread import misread_headings
from rag.sections import sections
from rag.types import Document


def read(text: str) -> list[str]:
    return [f"{item.reference}: {item.line}" for item in misread_headings(text).values()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ARTICULO 9.- Uno.\n\nARTICULO l0.- Dos.\n\nARTICULO 1l.- Tres.\n",
         ["article 10: ARTÍCULO 10.- Dos.", "article 11: ARTÍCULO 11.- Tres."]),
        ("Artículo 3. Uno.\n\nArt1culo 4. Dos.\n\nARTICUL0 5. Tres.\n", ["article 4: Artículo 4. Dos.", "article 5: ARTÍCULO 5. Tres."]),
        ("ARTÍCULO 9. Uno.\n\nARTÍCULO 1O. Dos.\n", ["article 10: ARTÍCULO 10. Dos."]),
        ("ARTÍCULO 12. Uno.\n\nARTÍCULO I3. Dos.\n", ["article 13: ARTÍCULO 13. Dos."]),
        ("Article 10. One.\n\nArtic1e 11. Two.\n\nC1ause 3. Three.\n", ["article 11: Article 11. Two.", "clause 3: Clause 3. Three."]),
        ("ARTICULO 1O.- Uno.\n\nARTICULO 2O.- Dos.\n", []),
        ("Article I\n\nOne.\n\nArticle II\n\nTwo.\n\nArticle III\n\nThree.\n", []),
        ("Article 10\n\nTen.\n\nANNEX\n\nArticle I\n\nOne.\n\nArticle II\n\nTwo.\n", []),
        ("Article 1. One.\n\nArticle 1a. Lettered.\n\nArticle 1l. Lettered.\n", []),
        ("El art1culo 4 permite entrar.\n\nArtículo 8. Uno.\n\nSee article l0 of the law.\n", []),
    ],
)  # fmt: skip
def test_misread_headings(text: str, expected: list[str]) -> None:
    assert read(text) == expected


def test_sections_of_a_scanned_text() -> None:
    text = "ARTICULO 9.- Faltas.\nSon leves.\n\nARTICULO l0.- Multas.\nCien pesetas.\n"
    found = sections(Document("a.txt", "a", text, ""))
    assert [(section.path, str(section.provisions[0])) for section in found] == [
        (("ARTICULO 9.- Faltas",), "article 9"), (("ARTÍCULO 10.- Multas",), "article 10"),
    ]  # fmt: skip
