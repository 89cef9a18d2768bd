"""Citations for sentences without markers: which get one, in which order, and that it does not matter where the stream is cut."""

import pytest

from rag.errors import GenerationError
from rag.evidence import builtin_evidence
from rag.generate.attribute import Attribution
from rag.generate.stream import CUT, UNSAID
from rag.generate.written import Written, whole_sentences
from rag.types import Hit, Passage, Why

LINE = (
    "Article 4. Night running\n\nThe Operator may run freight trains at night, between 22:00 and 05:00, but no more than four in one night."
)
WATER = "Durante una emergencia, cada Parte podrá tomar del cauce principal hasta 1.500 metros cúbicos de agua al día."
TRADE = "China represents ninety per cent of the trade of North Korea. The port is closed in January."
HITS = [Hit(n, Passage(f"{n}.md", "", text, 0, len(text)), 1.0, Why()) for n, text in enumerate((LINE, WATER, TRADE), 1)]
SUPPORT = builtin_evidence()
EMERGENCY = "In an emergency each Party may take up to 1,500 cubic metres of water a day from the main channel."
NIGHT = "The Operator may run freight trains at night between 22:00 and 05:00."


def follow(*pieces):
    written = Written(HITS, SUPPORT, cite=True)
    shown = "".join(written.take(piece) for piece in pieces) + written.end()
    return shown, written.finish()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_sentences_without_markers_are_cited_in_the_order_of_the_answer(size):
    text = f"{EMERGENCY} Pigs fly over Lisbon. {NIGHT}"
    shown, checked = follow(*(text[at : at + size] for at in range(0, len(text), size)))
    assert shown == checked.text == f"{EMERGENCY} [1] Pigs fly over Lisbon. {NIGHT} [2]"
    assert [citation.source for citation in checked.citations] == ["2.md", "1.md"]
    told = [(sentence.verdict, sentence.citations, sentence.attributed) for sentence in checked.sentences]
    assert told == [("supported", (1,), True), ("unsupported", (), False), ("supported", (2,), True)]


@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{NIGHT[:-1]} [1]. {EMERGENCY}", f"{NIGHT[:-1]} [1]. {EMERGENCY} [2]"),
        (f"{NIGHT} [1] {EMERGENCY} [1, 2]", f"{NIGHT} [1] {EMERGENCY} [1] [2]"),
        (f"{NIGHT} (See Art. 4 of the text.) And so on, as was said.", f"{NIGHT} [1] (See Art. 4 of the text.) And so on, as was said."),
        (f"- {NIGHT[:-1]}\n- {EMERGENCY[:-1]}", f"- {NIGHT[:-1]} [1]\n- {EMERGENCY[:-1]} [2]"),
        (f"[1] {NIGHT} It is so.\nYes.", f"{NIGHT} [1] It is so. [1]\nYes."),
        (f"{EMERGENCY[:-1]} [99].", f"{EMERGENCY[:-1]}. [1]"),
        ("It says “run freight trains at night. Then they stop. And so on” somewhere, or so it seems.",) * 2,
    ],
)
def test_markers_of_the_model_stay_what_they_are(text, expected, size):
    shown, checked = follow(*(text[at : at + size] for at in range(0, len(text), size)))
    assert shown == checked.text == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "In an emergency each Party may take up to 1,900 cubic metres of water a day from the main channel.",
        "The Operator may not run freight trains at night between 22:00 and 05:00.",
        "Ninety per cent of the trade of North Korea is done with Japan.",
        "Four trains.",
        "The passages do not say how many freight trains the Operator may run at night.",
        "No se indica cuántos metros cúbicos de agua puede tomar cada Parte.",
        "Here is the answer to your question about freight trains at night.",
    ],
)
def test_what_no_passage_supports_gets_no_citation(sentence):
    assert follow(sentence)[1].citations == ()


def test_a_passage_that_comes_as_near_and_speaks_against_it_forbids_a_citation():
    other = LINE.replace("may run", "may not run")
    both = [HITS[0], Hit(2, Passage("other.md", "", other, 0, len(other)), 1.0, Why())]
    assert Attribution(HITS[:1], SUPPORT).found(NIGHT) == 0
    assert Attribution(both, SUPPORT).found(NIGHT) is None


def test_what_is_taken_back_is_not_cited():
    assert follow(f"{NIGHT} Hm.", UNSAID, EMERGENCY)[1].text == f"{EMERGENCY} [1]"


def test_half_a_sentence_is_left_out():
    shown, checked = follow(f"{NIGHT[:-1]} [1]. In an emerg", CUT)
    assert checked.text == f"{NIGHT[:-1]} [1]."
    assert shown.startswith(f"{NIGHT[:-1]} [1].")
    with pytest.raises(GenerationError, match=r"before its first sentence ended; raise llm\.max_tokens"):
        follow("The Operator may run", CUT)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("It is so. It costs 3.", "It is so."),
        ("It is so [1]. As said in Art.", "It is so [1]."),
        ("It is so. [1] It is ", "It is so. [1]"),
        ("It is so [1].", "It is so [1]."),
        ("It is so. He said: “It is. And", "It is so."),
        ("- one thing [1]\n- another th", "- one thing [1]"),
        ("¿Es así? Sí.", "¿Es así? Sí."),
        ("It is", ""),
    ],
)
def test_the_whole_sentences_of_what_was_cut(text, whole):
    assert whole_sentences(text) == whole
