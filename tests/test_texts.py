import pytest

from rag.evaluate.texts import exact_match, normalise, token_f1


@pytest.mark.parametrize(
    ("text", "language", "normal"),
    [
        ("The  Article, 4!", "en", "article 4"),
        ("¿El artículo 4.º?", "es", "artículo 4º"),
        ("Unos «hombres» de la mar", "es", "hombres de mar"),
        ("El Niño", "en", "el niño"),  # an article of the other language is a word
        ("a theory", "en", "theory"),
        ("$5 – 6", "en", "5 6"),
    ],
)
def test_normalisation(text, language, normal):
    assert normalise(text, language) == normal


def test_exact_match_takes_the_best_answer():
    assert exact_match("the Tarn Bay.", ["Ostwick", "Tarn Bay"], "en") == 1
    assert exact_match("Tarn", ["Ostwick", "Tarn Bay"], "en") == 0


def test_f1_by_hand():
    # Predicted "cinco años civiles", gold "cinco años": 2 shared, precision 2/3, recall 1, F1 = 4/5.
    assert token_f1("cinco años civiles", ["cinco años", "seis"], "es") == pytest.approx(0.8)
    # A word counts as often as it is there on both sides: "a a b" and "a b b" share a and b.
    assert token_f1("x x y", ["x y y"], "en") == pytest.approx(2 / 3)
    assert token_f1("nothing in common", ["else"], "en") == 0
    assert token_f1("the", ["a"], "en") == 1  # both are empty after normalisation, as in SQuAD's script
    assert token_f1("anything", [], "en") == 0
