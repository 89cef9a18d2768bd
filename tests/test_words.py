"""Lexical search: the analysers of each language, BM25 by hand, character 4-grams across languages."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest

from rag.index.words import Part, PartWriter, WordIndex, compose, matched_terms, remove
from rag.types import Language, Passage


def in_parts(folder: Path, groups: Sequence[Sequence[Passage]]) -> WordIndex:
    """An index composed of one part for each group that is not empty."""
    folder = Path(mkdtemp(dir=folder))
    words = folder / "words"
    words.mkdir()
    parts: list[Part] = []
    for number, group in enumerate(filter(None, groups)):
        writer = PartWriter(folder / f"part{number}")
        for passage in group:
            writer.add(passage.id, passage)
        parts.append(writer.finish())
        for file in (folder / f"part{number}").iterdir():
            if parts[-1].owns(file.name):
                file.rename(words / file.name)
    compose(words, parts)
    return WordIndex.open(words)


@pytest.fixture(params=["memory", "files"])
def build(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., WordIndex]:
    def make(*texts: tuple[Language | None, str]) -> WordIndex:
        passages = [
            Passage("s.md", "", text, 0, len(text), language=language, id=number) for number, (language, text) in enumerate(texts, 1)
        ]
        if request.param == "memory":
            return WordIndex.build(passages)
        return in_parts(tmp_path, [passages[:1], passages[1:]])

    return make


def ids(found: list[tuple[int, float]]) -> list[int]:
    return [identifier for identifier, _ in found]


def test_spanish_words_without_accents_and_by_their_stems(build: Callable[..., WordIndex]) -> None:
    words = build(
        ("es", "La comisión inspeccionaba las esclusas."), ("es", "El puerto cobra una tasa."), ("en", "The sluices of the commission")
    )
    for question in ("comision", "COMISIÓN", "comisiones", "¿inspeccionaban la esclusa?", "comisio\u0301n"):
        assert ids(words.search(question, "es", 10)) == [1], question
    assert words.search("la", "en", 10) == []


def test_english_words_by_their_stems(build: Callable[..., WordIndex]) -> None:
    words = build(("en", "The parties provided military assistance."), ("en", "Ships are inspected at night."), ("es", "parties"))
    assert ids(words.search("assisting a party", "en", 10)) == [1]
    assert ids(words.search("inspection of a ship", "en", 10)) == [2]


def test_letters_in_two_characters_are_the_same_letters(build: Callable[..., WordIndex]) -> None:
    words = build(("es", "La comisio\u0301n se reu\u0301ne."), ("es", "El puerto cobra."))
    for field in ("es", "grams"):
        assert ids(words.search("comisión", field, 10)) == ids(words.search("comisio\u0301n", field, 10)) == [1]


def test_words_that_a_layout_left_in_pieces_are_found_whole(build: Callable[..., WordIndex]) -> None:
    words = build(("en", "It was dispro-\r\nportionately high among the well-\nknown inﬂuenza cases."), ("en", "It was low."))
    for question in ("disproportionately", "influenza", "known", "well", "wellknown"):
        assert [identifier for identifier, _ in words.search(question, "en", 5)] == [1], question
    assert words.search("portionatelyhigh", "en", 5) == []


def test_digits_are_whole_words(build: Callable[..., WordIndex]) -> None:
    texts = ("El artículo 4 permite.", "El artículo 40 permite.", "El artículo 14 permite.", "El plazo de 1.500 días")
    words = build(*(("es", text) for text in texts))
    assert ids(words.search("4", "es", 10)) == [1]
    assert ids(words.search("40", "es", 10)) == [2]
    assert words.search("artículo 4", "es", 10)[0][0] == 1
    assert ids(words.search("1.500", "es", 10)) == [4]


def test_character_grams_find_cognates_across_languages(build: Callable[..., WordIndex]) -> None:
    words = build(
        ("es", "La cooperación militar del tratado"), ("es", "El precio del pescado en el puerto"), ("es", "Relaciones diplomáticas")
    )
    assert ids(words.search("military cooperation", "grams", 10))[0] == 1
    assert ids(words.search("diplomatic relations", "grams", 10))[0] == 3
    assert words.search("zzz", "grams", 10) == []


def test_bm25_by_hand(build: Callable[..., WordIndex]) -> None:
    """Robertson & Zaragoza 2009 with k1 = 1.2, b = 0.75; all texts are short enough that tantivy keeps their length exactly."""
    texts = ("harbour cat", "harbour harbour dog", "the boat sails home")
    words = build(*(("en", text) for text in texts))
    lengths = [len(text.split()) for text in texts]
    mean = sum(lengths) / 3

    def weight(count: int, length: int, containing: int) -> float:
        inverse = np.log(1 + (3 - containing + 0.5) / (containing + 0.5))
        return float(inverse * 2.2 * count / (count + 1.2 * (0.25 + 0.75 * length / mean)))

    found = dict(words.search("harbour cat", "en", 10))
    expected = {1: weight(1, 2, 2) + weight(1, 2, 1), 2: weight(2, 3, 2)}
    assert found == pytest.approx(expected, rel=1e-4)


def test_questions_of_any_characters(build: Callable[..., WordIndex]) -> None:
    words = build(("en", "one passage"))
    for question in ("", "???", "a" * 5000, "\0", '"( AND OR NOT ) +title:x^2 *', "日本語"):
        for field in ("en", "es", "grams"):
            assert ids(words.search(question, field, 10)) in ([], [1])
    assert build().search("anything", "en", 10) == []


def test_matched_terms_are_those_of_the_question_in_the_passage(build: Callable[..., WordIndex]) -> None:
    words = build(("es", "x"))
    passage = Passage("s.md", "Tratado", "Las partes cooperarán.", 0, 22, section=("Título II",), language="es")
    terms = words.terms("¿cooperan las partes del tratado en el título?", "es")
    assert matched_terms(words, terms, passage, "es") == ("cooper", "las", "part", "trat", "titul")
    # What is remembered of a text is not what a caller makes of it, and not that of another language.
    words.terms(passage.in_context, "es").clear()
    assert matched_terms(words, terms, passage, "es") == ("cooper", "las", "part", "trat", "titul")
    assert (words.terms("running", "en"), words.terms("running", "es")) == (["run"], ["running"])


def test_a_file_that_is_put_back_while_a_folder_is_removed_is_removed_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, removing, calls = tmp_path / "part", shutil.rmtree, []
    folder.mkdir()

    def late(path: Path) -> None:
        calls.append(path)
        if len(calls) == 1:
            (path / ".managed.json").write_text("[]")
            path.rmdir()
        removing(path)

    monkeypatch.setattr(shutil, "rmtree", late)
    remove(folder)
    assert len(calls) == 2
    assert not folder.exists()
    with pytest.raises(FileNotFoundError):
        remove(folder)
