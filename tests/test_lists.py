"""Lists: items and their list, and how much of them an answer quotes."""

import pytest

from rag.generate.extractive import ExtractiveGenerator
from rag.rows.lists import item_around, list_around, list_below
from rag.select import builtin_scorer
from rag.sentences import sentences
from rag.types import Hit, Passage, Why
from rag.verification.quotations import Searchable

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


def test_all_of_a_step_is_quoted_with_its_code_and_its_parts() -> None:
    restoring = (
        "1. Stop the service.\n2. Restore it with:\n\n   ```\n   alcor-restore --base clients\n   ```\n\n"
        "3. Choose:\n   - a day\n   - a base\n4. Start it again."
    )
    assert quoted("How do I restore it?", restoring) == (
        "1. Stop the service. 2. Restore it with: alcor-restore --base clients 3. Choose: - a day - a base 4. Start it again."
    )
    checked = "".join(
        QUOTING.generate("How do I restore it?", [Hit(1, Passage("m.md", "Manual", restoring, 0, len(restoring)), 2.0, Why())])
    )
    assert Searchable(restoring).locate_all(checked.split("«")[1].split("»")[0]) == [(0, len(restoring))]


def test_the_whole_list_is_quoted_where_several_things_are_asked_for() -> None:
    needed = "- 600 g of beans\n- " + "a long piece of smoked bacon without its rind, " * 7 + "cut small\n- saffron\n- salt"
    assert quoted("What ingredients do I need with the beans?", needed).endswith("- saffron - salt")
    assert quoted("How much of the beans does it take?", needed) == "- 600 g of beans"


def test_a_short_answer_is_quoted_as_a_whole() -> None:
    text = "What if I lose my card?\n\nBlock it in the app at once.\n\nThen ring 923 400 118. A new card costs 6 euros."
    hits = [Hit(1, Passage("f.md", "Card", text, 0, len(text), section=("What if I lose my card?",)), 2.0, Why())]
    assert "".join(QUOTING.generate("What do I do when the card is lost?", hits)).endswith(
        "«Block it in the app at once. Then ring 923 400 118. A new card costs 6 euros.» [1]"
    )


def test_a_table_of_contents_is_no_answer() -> None:
    contents = "Contents:\n1. What Dolmirex is\n2. How to take Dolmirex\n3. Possible side effects"
    texts = [
        (contents, "Leaflet"),
        ("Common: heartburn, nausea.", "3. Possible side effects"),
        ("One tablet a day.", "2. How to take Dolmirex"),
    ]
    hits = [
        Hit(place, Passage("l.md", "Leaflet", text, 0, len(text), section=(heading,)), 3.0 - place, Why())
        for place, (text, heading) in enumerate(texts, 1)
    ]
    assert "Contents" not in "".join(QUOTING.generate("What are the possible side effects of Dolmirex?", hits))
