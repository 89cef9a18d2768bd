"""Lists: items and their list, and how much of them an answer quotes."""

import pytest

from rag.generate.extractive import ExtractiveGenerator
from rag.lists import item_around, list_around, list_below
from rag.select import builtin_scorer
from rag.sentences import sentences
from rag.types import Hit, Passage, Why

QUOTING = ExtractiveGenerator(builtin_scorer())
CLEANING = (
    "Clean the pump filter every two months. To do so:\n\n1. Switch the washing machine off and pull its plug out of the socket.\n"
    "2. Open the lower flap with a coin. Put a flat bowl under it, for some water will run out.\n"
    "3. Turn the filter to the left until it can be taken out, which may need some strength after so long a time.\n"
    "4. Rinse it under the tap and put it back.\n5. Close the flap.\n\nThe filter is not covered by the warranty."
)
STEPS = "Step 1. Switch it on.\nStep 2. Fill in 9 g of coffee.\nStep 3. Press the button."


def quoted(question: str, text: str) -> str:
    hits = [Hit(1, Passage("m.md", "Manual", text, 0, len(text), section=("Manual",)), 2.0, Why())]
    return "".join(QUOTING.generate(question, hits)).removeprefix("According to “Manual”: «").removesuffix("» [1]")


@pytest.mark.parametrize(
    ("text", "words", "item", "whole"),
    [
        (CLEANING, "Put a flat", "2. Open the lower flap with a coin. Put a flat bowl under it, for some water will run out.", True),
        (STEPS, "9 g", "Step 2. Fill in 9 g of coffee.", True), ("- tea\n  with milk\n\nThe end.", "milk", "- tea\n  with milk", False),
        ("We sell tea.\nAnd milk.", "milk", None, False), ("a) tea\nb) milk", "milk", "b) milk", True),
    ],
)  # fmt: skip
def test_an_item_goes_on_to_the_next_one(text: str, words: str, item: str | None, whole: bool) -> None:
    found = item_around(text, text.index(words))
    assert (text[slice(*found)] if found else None) == item
    assert (list_around(text, text.index(words)) is not None) is whole


def test_a_list_begins_with_what_introduces_it() -> None:
    around, below = list_around(CLEANING, CLEANING.index("Rinse")), list_below(CLEANING, CLEANING.index("\n\n"))
    assert around == (CLEANING.index("To do so:"), CLEANING.index("\n\nThe filter"))
    assert below == (CLEANING.index("1. Switch"), around[1])
    assert list_around("- tea\n- milk", 3, steps=True) is None


def test_steps_are_sentences_of_their_own() -> None:
    assert [STEPS[start:end] for start, end in sentences(STEPS)] == STEPS.split("\n")


def test_all_steps_are_quoted_where_they_are_asked_for_and_one_where_it_answers() -> None:
    whole = quoted("How do I clean the pump filter?", CLEANING)
    assert "1. Switch the washing machine off" in whole
    assert "5. Close the flap." in whole
    assert quoted("What runs out when the lower flap is opened?", CLEANING).startswith(
        "2. Open the lower flap with a coin. Put a flat bowl"
    )


def test_a_quotation_does_not_end_with_the_colon_of_a_list_that_it_leaves_out() -> None:
    assert quoted("How often must the pump filter be cleaned?", CLEANING) == "Clean the pump filter every two months."
