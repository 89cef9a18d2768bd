"""Products by their codes: the manual of the one that is asked for answers, and none where only its neighbours have one."""

from pathlib import Path

import pytest
from small_corpus import pipeline_over

from rag.naming import products
from rag.naming.products import codes, named_codes, of_others, own_codes, unknown_product
from rag.types import Hit, Passage, Why

MANUALS = {
    "kx-200.md": "# KX-200 label printer\n\n## Reset\n\nTo reset the printer, hold the Feed button for ten seconds.",
    "kx-300.md": "# KX-300 label printer\n\n## Reset\n\nTo reset the printer, press a pin into the hole at the back.",
    "visit.md": "# Visit\n\nThe technician comes on Mondays and looks at every printer of the house.",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Manual of the KX-200", {"KX200"}), ("Cortacésped TX 520B y AR70", {"TX520B", "AR70"}), ("Law 40/2015, Article 4, ART 4", set()),
        ("in MAY 2024 and by MARCH 12", set()), ("Plan 2024-2025", set()), ("EN 1.234", set()),
    ],
)  # fmt: skip
def test_codes(text: str, expected: set[str]) -> None:
    assert codes(text) == expected


def test_a_code_is_named_however_it_is_written() -> None:
    known = {"KX200", "KX300", "TX520B"}
    assert named_codes("reset kx 200", known) == {"KX200"}
    assert named_codes("KX-200 or KX300?", known) == {"KX200", "KX300"}
    assert named_codes("the tx-520b", known) == {"TX520B"}
    assert named_codes("KX-2000 and AKX-200", known) == set()


def test_a_document_is_of_the_product_in_its_title_or_file_name() -> None:
    assert own_codes(Passage(source="a/kx-200_guide.md", title="Guide", text="The KX-300 is larger.", start=0, end=20)) == {"KX200"}


def test_passages_are_read_for_codes_only_where_the_question_has_a_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(products, "own_codes", lambda passage: read.append(passage.source) or own_codes(passage))
    passages = [Passage(name, text, text, 0, len(text), id=place) for place, (name, text) in enumerate(MANUALS.items(), 1)]
    hits = [Hit(rank, passage, 1.0, Why()) for rank, passage in enumerate(passages, 1)]
    assert (of_others("How do I reset the printer?", passages), unknown_product("How do I reset the printer?", hits)) == (set(), "")
    assert read == []
    assert (of_others("How do I reset the KX-200?", passages), unknown_product("How do I reset the KX-500?", hits)) == ({2}, "KX500")


@pytest.mark.parametrize(
    ("question", "quoted"),
    [
        ("How do I reset the KX-200?", ["To reset the printer, hold the Feed button for ten seconds."]),
        ("How do I reset the KX-300?", ["To reset the printer, press a pin into the hole at the back."]),
        ("How do I reset the KX-500?", []),
    ],
)
def test_the_manual_of_the_product_wins(tmp_path: Path, question: str, quoted: list[str]) -> None:
    with pipeline_over(tmp_path, MANUALS) as pipeline:
        answer = pipeline.ask(question)
    assert [citation.quote for citation in answer.citations] == quoted
    assert quoted or "KX500" in answer.text
