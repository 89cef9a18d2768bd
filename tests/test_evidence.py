"""Coverage of one text by another, with the built-in table: orders and bounds, no exact values of a trained model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.embed import BuiltinEmbedder
from rag.evidence import Words, builtin_evidence, comparable, counterparts, covered
from rag.rerank import WordReranker
from rag.types import Passage

BUILTIN = BuiltinEmbedder()
EVIDENCE = builtin_evidence()
PASSAGE = "El tratado permite a Rusia prestar a Corea del Norte asistencia militar. Putin visitó Pionyang en junio de 2024."


def words(*rows):
    """Words of two dimensions, given as (x, y): direction and weight."""
    vectors = np.array(rows, dtype=np.float32).reshape(-1, 2)
    lengths = np.linalg.norm(vectors, axis=1)
    return Words(vectors / np.maximum(lengths, 1e-9)[:, None], lengths)


def test_counterparts_by_hand():
    asked = words((1, 0), (0, 2))
    best = counterparts(asked, [words((3, 0)), words(), words((1, 1), (-1, 0)), words((0, -1))])
    assert best == pytest.approx(np.array([[1, 0], [0, 0], [0.5**0.5, 0.5**0.5], [0, 0]]))
    assert covered(asked, best) == pytest.approx([1 / 3, 0, 0.5**0.5, 0])


def test_nothing_asked_or_nothing_given():
    assert counterparts(words(), [words((1, 0))]).shape == (1, 0)
    assert counterparts(words((1, 0)), []).shape == (0, 1)
    assert covered(words(), np.zeros((2, 0))).tolist() == [0, 0]
    assert EVIDENCE.coverage("", PASSAGE) == EVIDENCE.coverage("Russia", "") == EVIDENCE.coverage("?? !", PASSAGE) == 0
    assert EVIDENCE.coverages("Russia", []).shape == (0,)


def test_words_are_those_with_a_letter_or_digit():
    plain, signs, empty, only_signs = EVIDENCE.words(["Hello world", "«Hello», world!?", "", "... ¿?"])
    assert plain.vectors == pytest.approx(signs.vectors)
    assert plain.weights == pytest.approx(signs.weights)
    assert plain.vectors.shape == (2, BUILTIN.dimension)
    assert np.linalg.norm(plain.vectors, axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert len(empty.weights) == len(only_signs.weights) == 0


def test_a_text_covers_itself_and_its_parts():
    for text in (PASSAGE, "Putin visitó Pionyang", "2024", "Kim Jong-un"):
        assert EVIDENCE.coverage(text, f"{PASSAGE} Kim Jong-un.") > 0.999


@pytest.mark.parametrize(
    ("near", "far"),
    [
        ("Russia may give North Korea military assistance.", "The library opens at nine."),
        ("Russia may give North Korea military assistance.", "Japan may sell France a railway."),
        ("Putin visited in June 2024.", "Boats may not exceed the speed limit."),
        ("tratado militar", "biblioteca municipal"),
    ],
)
def test_what_the_passage_says_is_covered_better_across_languages(near, far):
    assert EVIDENCE.coverage(near, PASSAGE) > EVIDENCE.coverage(far, PASSAGE) + 0.2


@pytest.mark.parametrize(("name", "other"), [("Russia", "Japan"), ("Korea", "Germany"), ("June", "July"), ("2024", "2019")])
def test_names_across_languages(name, other):
    assert EVIDENCE.coverage(name, PASSAGE) > 0.8 > EVIDENCE.coverage(other, PASSAGE)


def test_coverages_agree_with_coverage_one_by_one():
    others = [PASSAGE, "", "The library opens at nine.", "Rusia"]
    assert EVIDENCE.coverages("Russia and Korea", others) == pytest.approx(
        [EVIDENCE.coverage("Russia and Korea", other) for other in others]
    )


def test_hostile_text():
    assert 0 <= EVIDENCE.coverage("\ud800 \0 Russia", PASSAGE) <= 1
    assert EVIDENCE.coverage("Rusia", "x" * 300_000 + " Rusia " + "\n" * 300_000) > 0.999


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=20))
def test_coverage_is_a_share_and_more_text_never_covers_less(text, by, more):
    share = EVIDENCE.coverage(text, by)
    assert 0 <= share <= 1 + 1e-6
    assert EVIDENCE.coverage(text, f"{by}\n{more}") >= share - 1e-4


def test_coverage_across_languages_is_made_comparable() -> None:
    values = comparable(np.array([0.71, 0.31, 0.71, 0.9]), np.array([True, True, False, True]))
    assert values.tolist() == pytest.approx([0.853, 0.333, 0.71, 1.0])


def test_small_words_do_not_bring_the_language_of_the_question_first() -> None:
    passages = [
        Passage("taps.md", "Taps", "When do I have to add the name? We add the name at once.", 0, 0, language="en", id=1),
        Passage("receta.md", "Receta", "A las dos horas, añada el azafrán tostado.", 0, 0, language="es", id=2),
    ]
    raw = EVIDENCE.coverages("when do I add the saffron?", [passage.in_context for passage in passages])
    scores = WordReranker(EVIDENCE).score("when do I add the saffron?", passages)
    assert scores[0] == raw[0]
    assert scores[1] == pytest.approx(1.3 * raw[1] - 0.07)


def test_the_words_of_several_texts_are_those_of_one_that_holds_them_all():
    texts = ["Putin visited Pyongyang in June.", "  ", "- 24 miembros\n", "¿El tratado permite 4.5 %?"]
    together, (whole,) = Words.of_all(EVIDENCE.words(texts)), EVIDENCE.words(["\n".join(texts)])
    assert np.array_equal(together.vectors, whole.vectors)
    assert np.array_equal(together.weights, whole.weights)
    assert len(whole.weights) == 12
