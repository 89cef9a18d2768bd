"""The year that names a document, and of which year a document or a mention is."""

import pytest

from rag.naming.years import is_mentioned_of_year, is_of_year, year_of
from rag.types import Passage, Reference


@pytest.mark.parametrize(
    ("phrase", "year", "rest"),
    [
        ("the 2000 treaty", "2000", "the treaty"), ("tratado de 2000", "2000", "tratado"),
        ("the new 2024 treaty between Ostwick and Tarn", "2024", "the new treaty between Ostwick and Tarn"),
        ("the treaty signed in Ostwick in 2000", "2000", "the treaty signed in Ostwick"),
        ("tratado de amistad de 2000 entre A y B", "2000", "tratado de amistad entre A y B"),
        ("the 2019 Sarmenor agreement", "2019", "the Sarmenor agreement"),
        ("acuerdo de 24 de abril de 2019", "2019", "acuerdo de 24 de abril"),
        ("the Harbour Act 2021", "2021", "the Harbour Act"), ("la Constitución de Chile (2022)", "2022", "la Constitución de Chile"),
        ("the agreement for 2023", "", "the agreement for 2023"), ("acuerdo en 2023", "", "acuerdo en 2023"), ("2019", "", "2019"),
        ("la Ley 19/2013, de 9 de diciembre de 2013", "", "la Ley 19/2013, de 9 de diciembre de 2013"),
        ("the 2019 budget", "", "the 2019 budget"),
        ("Regulation (EU) 2016/679", "", "Regulation (EU) 2016/679"), ("tratado de 1.999 páginas", "", "tratado de 1.999 páginas"),
    ],
)  # fmt: skip
def test_the_year_of_a_name(phrase: str, year: str, rest: str) -> None:
    assert year_of(phrase) == (year, rest)


@pytest.mark.parametrize(
    ("year", "names", "date", "text", "expected"),
    [
        ("2000", ("Treaty of 2000", "a.md"), "2019-05-06", "", True), ("2019", ("Treaty of 2000", "a.md"), "2019-05-06", "", False),
        ("2019", ("Treaty", "a.md"), "2019-05-06", "", True), ("2000", ("Treaty", "a.md"), "2019", "It replaces that of 2000.", False),
        ("1999", ("Lease", "scan.pdf"), "2019", "Done at Ostwick on 3 May 1999.", True),
        ("2000", ("Lease", "lease-2000.md"), None, "", True), ("2016", ("Regulation", "scan_2021.pdf"), "2016-04-27", "", True),
        ("2019", ("Treaty", "a.md"), None, "Ostwick, 3 May 2019", True), ("2000", ("Treaty", "a.md"), None, "No year.", False),
    ],
)  # fmt: skip
def test_of_which_year_a_document_is(year: str, names: tuple[str, ...], date: str | None, text: str, expected: bool) -> None:
    assert is_of_year(year, names, date, text) is expected


@pytest.mark.parametrize(
    ("text", "section", "year"),
    [
        ("The treaty (article 4) allows it.\n\nThat of 2000 did not.", (), "2024"),
        ("The treaty of 2000 (article 4) forbids it.", (), "2000"), ("The treaty (article 4) forbids it.", ("Back in 2000",), "2000"),
    ],
)  # fmt: skip
def test_what_stands_nearest_tells_of_which_year_a_mention_is(text: str, section: tuple[str, ...], year: str) -> None:
    passage = Passage("a.md", "News", text, 0, len(text), section, date="2024-08-01")
    assert [one for one in ("2000", "2024") if is_mentioned_of_year(one, passage, Reference("article", "4"))] == [year]


@pytest.mark.parametrize(
    "phrase",
    [
        "the Constitution after the 2011 reform", "la Constitución tras la reforma de 2011", "the AI Act impose from 2 August 2026",
        "la ley multas de 2000 euros", "the Labour Code before 2015", "la Ley de Costas desde 2013 en lo relativo a playas",
        "amendments in 2023 changed the law", "the regulation in the year 2024",
    ],
)  # fmt: skip
def test_a_year_of_something_else_is_not_the_documents(phrase: str) -> None:
    assert year_of(phrase) == ("", phrase)
