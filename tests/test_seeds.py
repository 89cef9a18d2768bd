"""The demo corpus in seeds/ and the question set in eval/questions.jsonl agree with each other."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from rag.evaluate.datasets import Question, read_questions
from rag.evaluate.labels import check_card, check_labels, check_unanswerable, count_tables, read_documents
from rag.types import Document

ROOT = Path(__file__).resolve().parent.parent
SEEDS = ROOT / "seeds"
QUESTIONS = ROOT / "eval" / "questions.jsonl"
KINDS = {"fact", "reason", "comparison", "provision", "follow_up", "unanswerable"}
REQUIRED = {"id", "question", "language", "kind", "split", "answerable", "evidence"}
FIRST_VERSION = 146
"""Questions at the head of the file on which thresholds were chosen before there were splits."""
WINDOWS_1252 = {"glosario.txt"}


class VisibleText(HTMLParser):
    """Keeps every run of visible text as a line of its own, so that a quote cannot cross a tag."""

    hidden = ("script", "style", "title")

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.depth = 0
        self.runs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.depth += tag in self.hidden

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag in self.hidden

    def handle_data(self, data: str) -> None:
        if not self.depth and data.strip():
            self.runs.append(data)


def raw(name: str) -> str:
    encoding = "cp1252" if name in WINDOWS_1252 else "utf-8"
    return (SEEDS / name).read_bytes().decode(encoding)


@cache
def text_of(name: str) -> str:
    text = raw(name)
    if name.endswith(".html"):
        parser = VisibleText()
        parser.feed(text)
        parser.close()
        return "\n\0\n".join(parser.runs)
    return text


def documents() -> list[str]:
    return sorted(p.name for p in SEEDS.iterdir() if p.is_file() and p.name != "SOURCES.md")


def load() -> list[dict[str, Any]]:
    return [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]


@cache
def questions() -> list[Question]:
    return read_questions(QUESTIONS)


@cache
def stored() -> dict[str, Document]:
    return read_documents([SEEDS])


def by_id(identifier: str) -> dict[str, Any]:
    (found,) = [row for row in load() if row["id"] == identifier]
    return found


# The corpus


def test_there_are_between_fourteen_and_eighteen_documents_of_three_formats() -> None:
    names = documents()
    assert 14 <= len(names) <= 18
    assert {Path(name).suffix for name in names} == {".md", ".txt", ".html"}
    assert all(re.fullmatch(r"[a-z0-9-]+\.(md|txt|html)", name) for name in names)


def test_sources_names_every_file_and_only_files_that_exist() -> None:
    sources = (SEEDS / "SOURCES.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \|", sources, flags=re.MULTILINE)
    assert sorted(rows) == documents()
    assert "Apache-2.0" in sources
    assert "Windows-1252" in sources


@pytest.mark.parametrize("name", documents())
def test_a_document_has_a_title_and_a_realistic_length(name: str) -> None:
    text = raw(name)
    words = len(re.sub(r"<[^>]+>", " ", text).split())
    assert 380 <= words <= (4500 if name == "acuerdo-sarmenor.md" else 1500), words
    if name.endswith(".md"):
        assert text.startswith("# ")
    elif name.endswith(".html"):
        assert len(re.findall(r"<h1>[^<]+</h1>", text)) == 1
    else:
        assert 8 <= len(text.splitlines()[0]) <= 100
    assert "\ufffd" not in text


def test_the_glossary_is_windows_1252_and_not_utf_8() -> None:
    with pytest.raises(UnicodeDecodeError):
        (SEEDS / "glosario.txt").read_bytes().decode("utf-8")
    assert text_of("glosario.txt").startswith("GLOSARIO DE LA COLECCIÓN")
    assert "finales de abril de 2019 – la reunión" in text_of("glosario.txt")


def test_the_long_agreement_numbers_its_articles_without_a_gap() -> None:
    labels = re.findall(r"^#### Artículo (\d+(?: bis)?)\. ", text_of("acuerdo-sarmenor.md"), flags=re.MULTILINE)
    assert labels == [*map(str, range(1, 13)), "12 bis", *map(str, range(13, 43))]


def test_the_short_agreement_numbers_its_articles_without_a_gap() -> None:
    labels = re.findall(r"^Article (\d+)\. ", text_of("tarn-bay-agreement.txt"), flags=re.MULTILINE)
    assert labels == [str(n) for n in range(1, 19)]


def test_the_house_rules_number_their_paragraphs_without_a_gap() -> None:
    labels = re.findall(r"^§ (\d+)\. ", text_of("reglamento-biblioteca.txt"), flags=re.MULTILINE)
    assert labels == [str(n) for n in range(1, 21)]


def test_the_interview_mentions_two_provisions_in_one_sentence() -> None:
    sentences = re.split(r"(?<=[.?!])\s", text_of("entrevista-427.md"))
    (sentence,) = [s for s in sentences if "(artículo 3)" in s]
    assert sentence == (
        "El tratado permite a Rusia intervenir en las fases iniciales de un conflicto (artículo 3) "
        "y prestar a Corea del Norte «asistencia militar y de otro tipo» (artículo 4)."
    )


def test_the_interview_has_bold_and_bare_question_paragraphs() -> None:
    paragraphs = text_of("entrevista-427.md").split("\n\n")
    bold = [p for p in paragraphs if re.fullmatch(r"\*\*¿.+\?\*\*|\*\*.+\?\*\*", p)]
    bare = [p for p in paragraphs if re.fullmatch(r"¿[^*]+\?", p)]
    assert (len(bold), len(bare)) == (5, 2)


@pytest.mark.parametrize(
    ("name", "accident"),
    [
        ("foro-vladivostok-2019.html", "económicamenteY tampoco"),
        ("foro-vladivostok-2019.html", "[Russian President Vladimir] Putin"),
        ("foro-vladivostok-2019.html", "península.Una"),
        ("nota-traducida.txt", "económicamenteY no"),
        ("entrevista-427.md", "[Russian President Vladimir] Putin"),
    ],
)
def test_the_accidents_of_machine_translation_are_kept(name: str, accident: str) -> None:
    assert text_of(name).count(accident) == 1


def test_the_forum_page_has_a_quotation_inside_a_quotation_and_a_link() -> None:
    page = raw("foro-vladivostok-2019.html")
    assert re.search(r"<blockquote>(?:(?!</blockquote>).)*<blockquote>", page, flags=re.DOTALL)
    assert page.count("<blockquote>") == page.count("</blockquote>") == 2
    assert '<a href="https://example.org/' in page


# The questions


def test_every_line_is_one_object_with_the_declared_fields() -> None:
    for row in load():
        assert REQUIRED <= set(row) <= REQUIRED | {"history"}, row["id"]
        assert row["question"] == row["question"].strip() != ""
        assert row["language"] in {"en", "es"}
        assert row["kind"] in KINDS
        assert row["split"] in {"dev", "test"}
        assert isinstance(row["answerable"], bool)
        assert all(set(item) == {"source", "quote"} for item in row["evidence"])


def test_the_checker_finds_nothing_wrong_with_the_labels() -> None:
    assert check_labels(questions(), stored()) == []
    assert check_unanswerable(QUESTIONS) == []


def test_the_tables_of_the_data_card_are_the_counts_of_the_file() -> None:
    assert check_card((ROOT / "eval" / "README.md").read_text(encoding="utf-8"), count_tables(questions(), stored())) == []


def test_counts_by_kind_and_language() -> None:
    rows = load()
    assert len(rows) >= 320
    languages = Counter(row["language"] for row in rows)
    assert abs(languages["en"] - languages["es"]) <= len(rows) // 10
    kinds = Counter(row["kind"] for row in rows)
    assert set(kinds) == KINDS
    assert kinds["unanswerable"] >= 80
    assert kinds["follow_up"] >= 40
    assert kinds["provision"] >= 60


def test_the_first_questions_are_dev_and_each_split_has_every_kind_in_both_languages() -> None:
    rows = load()
    assert {row["split"] for row in rows[:FIRST_VERSION]} == {"dev"}
    assert 0.4 < sum(row["split"] == "test" for row in rows) / len(rows) < 0.6
    assert len({(row["split"], row["kind"], row["language"]) for row in rows}) == 2 * len(KINDS) * 2


def test_no_test_question_is_about_the_library() -> None:
    assert "reglamento-biblioteca.txt" not in {item["source"] for row in load() if row["split"] == "test" for item in row["evidence"]}


def test_only_the_answerable_have_evidence() -> None:
    for row in load():
        assert bool(row["evidence"]) == row["answerable"], row["id"]
        if row["kind"] == "unanswerable":
            assert not row["answerable"], row["id"]
        if row["kind"] in ("fact", "reason", "comparison"):
            assert row["answerable"], row["id"]


def test_follow_ups_and_only_they_have_a_history() -> None:
    for row in load():
        assert (row["kind"] == "follow_up") == ("history" in row), row["id"]
        for turn in row.get("history", []):
            assert set(turn) == {"question", "answer"}
            assert turn["question"].strip()
            assert turn["answer"].strip()


@pytest.mark.parametrize("row", load(), ids=lambda row: row["id"])
def test_every_quote_occurs_exactly_once_in_its_document(row: dict[str, Any]) -> None:
    names = set(documents())
    for item in row["evidence"]:
        assert item["source"] in names
        assert text_of(item["source"]).count(item["quote"]) == 1, item
    pairs = [(item["source"], item["quote"]) for item in row["evidence"]]
    assert len(set(pairs)) == len(pairs)


def test_every_document_answers_some_question() -> None:
    used = {item["source"] for row in load() for item in row["evidence"]}
    assert used == set(documents())


def test_a_comparison_has_evidence_of_two_documents_or_of_one_that_compares() -> None:
    alone = [row["id"] for row in load() if row["kind"] == "comparison" and len({item["source"] for item in row["evidence"]}) == 1]
    assert alone == ["cmp-015"]


def test_article_4_without_a_document_accepts_each_document_that_has_one() -> None:
    row = by_id("prov-001")
    assert row["question"] == "what does Article 4 permit"
    assert {item["source"] for item in row["evidence"]} == {
        "acuerdo-sarmenor.md",
        "briefing-2024.html",
        "cronologia-pionyang-moscu.md",
        "entrevista-427.md",
        "tarn-bay-agreement.txt",
    }


def test_article_8_after_a_question_on_the_treaty_means_the_treaty() -> None:
    row = by_id("fu-001")
    assert row["question"] == "And Article 8?"
    assert all("conjunta" in e["quote"] or "joint" in e["quote"] or "artículo 8" in e["quote"] for e in row["evidence"])
    assert "acuerdo-sarmenor.md" not in {e["source"] for e in row["evidence"]}
