"""The one table of what provisions are called: its patterns, and that questions know every name that documents do."""

import re

import pytest

from rag.provisions.asked_counts import asked_count
from rag.provisions.words import KINDS, any_of, in_spanish, kind_in, plural, singular, singular_or_plural
from rag.references import find
from rag.types import Reference


@pytest.mark.parametrize(
    ("kind", "one", "several"),
    [
        ("article", "artículo", "artículos"), ("section", "seccion", "secciones"), ("annex", "appendix", "appendices"),
        ("annex", "annex", "annexes"), ("final provision", "disposición final", "disposiciones  finales"),
        ("ground", "fundamento jurídico", "fundamentos juri\u0301dicos"),
    ],
)  # fmt: skip
def test_one_and_several(kind: str, one: str, several: str) -> None:
    assert [bool(re.fullmatch(singular(kind), name)) for name in (one, several)] == [True, False]
    assert [bool(re.fullmatch(plural(kind), name)) for name in (one, several)] == [False, True]
    found = [re.fullmatch(any_of(KINDS, singular_or_plural), name) for name in (one, several)]
    assert [kind_in(match) for match in found if match] == [kind, kind]


def test_no_kind() -> None:
    match = re.match(any_of(KINDS, plural) + "|$", "")
    assert match is not None
    assert kind_in(match) is None


def test_in_spanish() -> None:
    assert [in_spanish(kind) for kind in KINDS[:5]] == ["artículo", "sección", "capítulo", "título", "anexo"]
    assert in_spanish("transitional provision") == "disposición transitoria"


@pytest.mark.parametrize(
    ("word", "words", "kind"), [("apéndice", "apéndices", "annex"), ("estipulación", "estipulaciones", "clause"), ("book", "books", "book")]
)
def test_documents_and_questions_know_the_same_words(word: str, words: str, kind: str) -> None:
    assert [mention.reference for mention in find(f"{word.capitalize()} 2")] == [Reference(kind, "2")]
    assert asked_count(f"How many {words} does the treaty have?") == (kind, "the treaty")
