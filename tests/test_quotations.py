"""Quotation marks in a text, and where a quotation stands in its source."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.verification.quotations import Searchable, quotation_spans, quotations, without_quotations


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He said “no”.", ["no"]), ("Dice «sí, tal vez».", ["sí, tal vez"]), ('A "b c" d "e f"', ["b c", "e f"]), ("‹a b›", ["a b"]),
        ("“prestar «ayuda» (artículo 4)”", ["prestar «ayuda» (artículo 4)"]), ("«one «two» three»", ["one «two» three"]),
        ('«a "b" c» "d e"', ['a "b" c', "d e"]),
        ("a « lone mark", []), ("lone » mark", []), ('5" wide and 6" long', []), ('“unclosed "but this is" fine', ["but this is"]),
        ("«»", []), ("it's the dogs' bed", []),
        ("", []),
    ],
)  # fmt: skip
def test_outermost_quotations(text, expected):
    assert quotations(text) == expected


def test_what_is_around_quotations():
    assert without_quotations("He said “no” and «yes».").split() == ["He", "said", "and", "."]
    assert without_quotations("nothing") == "nothing"


@pytest.mark.parametrize(
    ("passage", "quotation", "quote"),
    [
        ("Rusia puede dar ayuda.", "puede dar", "puede dar"),
        ("Rusia\n  puede\u00a0dar ayuda.", "Rusia puede dar", "Rusia\n  puede\u00a0dar"),
        ("a **bold** word, (**x**), end", "bold word, (x)", "**bold** word, (**x**)"),
        ("a **bold** word", "a bold word", "a **bold** word"),
        ("# Heading\n> quoted\n> lines", "Heading quoted lines", "Heading\n> quoted\n> lines"),
        ("of «military aid» he’s sure", "of “military aid” he's sure", "of «military aid» he’s sure"),
        ("the article 40 and 4", "4", "4"),
        ("repermitted, permitted", "permitted", "permitted"),
    ],
)
def test_a_quotation_is_found_word_for_word(passage, quotation, quote):
    start, end = Searchable(passage).locate_all(quotation)[0]
    assert passage[start:end] == quote


@pytest.mark.parametrize(
    ("passage", "quotation"),
    [("not permitted here", "is permitted"), ("article 40", "article 4"), ("permitted", "permit"), ("A b", "a b"),
     ("a b", ""), ("a b", " \n*"), ("", "a"), ("a, b", "a b")],
)  # fmt: skip
def test_anything_else_is_not_found(passage, quotation):
    assert Searchable(passage).locate_all(quotation) == []


def test_every_place_is_found_up_to_twenty():
    assert Searchable("ab cd ab").locate_all("ab") == [(0, 2), (6, 8)]
    assert len(Searchable("a " * 100).locate_all("a")) == 20


TEXT = st.text(alphabet="ab .*_#>«»“”\"'’\n\u00a0é4", max_size=60)


@settings(deadline=None)
@given(TEXT, st.data())
def test_a_piece_between_words_is_found_in_its_text(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    if any(letter.isalnum() for letter in text[start:end]):
        assert Searchable(text).locate_all(text[start:end], words=False) or text[start:end].lstrip()[:1] in "#>"


@settings(deadline=None)
@given(st.text(alphabet='ab «»“”‹›"', max_size=40))
def test_spans_are_in_order_and_apart(text):
    position = 0
    for start, end in quotation_spans(text):
        assert position <= start < end - 2
        assert (text[start], text[end - 1]) in {("«", "»"), ("“", "”"), ("‹", "›"), ('"', '"')}
        position = end


@pytest.mark.usefixtures("linear")
@pytest.mark.parametrize("unit", ["«", "»", '"', "“a”", '" ', "a"])
def test_hostile_text_takes_linear_time(unit):
    text = unit * (1_000_000 // len(unit))
    quotation_spans(text)
    Searchable(text[:300_000]).locate_all("zz")


def test_positions_of_what_is_left_without_markup():
    text = " ## *A*\t\n\u200b# b“c”\u00ad #d"
    found = {wanted: Searchable(text).locate_all(wanted, words=False) for wanted in ("A b", 'b"c" #d', "#d", "# b")}
    assert found == {"A b": [(4, 13)], 'b"c" #d': [(12, 20)], "#d": [(19, 20)], "# b": [(12, 13)]}
