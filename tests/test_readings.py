"""Which of two readings of a question counts: with the one before it, or by itself."""

import pytest

from rag.abstain import Decision
from rag.lookup import Lookup
from rag.retrieve import Retrieved
from rag.select import builtin_scorer
from rag.turns.readings import Reading, may_stand_alone, preferred
from rag.types import Hit, Passage, Turn, Why

LEASE = "The rent is 780 euros a month."
CIRCULAR = "The circular was signed by Ana Ruiz."


@pytest.fixture(scope="module")
def scorer():
    return builtin_scorer()


def reading(question, text, source, probability, reason=None):
    hit = Hit(1, Passage(source, source, text, 0, len(text), language="en"), 1.0, Why())
    return Reading(question, Retrieved((hit,), Lookup()), Decision(probability, reason))


@pytest.mark.parametrize(
    ("leaning", "alone", "expected"),
    [
        (("lease", 0.3, "no_evidence"), ("circular", 0.9, None), "alone"),  # another topic, surely answered
        (("lease", 0.3, "no_evidence"), ("circular", 0.6, None), "leaning"),  # perhaps answered, elsewhere
        (("lease", 0.3, "no_evidence"), ("lease", 0.6, None), "alone"),
        (("lease", 0.3, "no_evidence"), ("lease", 0.3, "no_evidence"), "leaning"),
        (("lease", 0.0, "reference_absent"), ("circular", 0.9, None), "leaning"),  # what is not there stays so
        (("lease", 0.6, None), ("lease", 0.9, None), "alone"),
        (("lease", 0.6, None), ("lease", 0.61, None), "leaning"),
        (("lease", 0.6, None), ("circular", 0.9, None), "leaning"),
    ],
)
def test_the_reading_that_is_answered_counts(scorer, leaning, alone, expected):
    texts = {"lease": LEASE, "circular": CIRCULAR}
    both = [
        reading(name, texts[source], source, probability, reason)
        for name, (source, probability, reason) in (("leaning", leaning), ("alone", alone))
    ]
    assert preferred(*both, scorer).question == expected


def test_somebody_is_not_sought_in_another_document(scorer):
    leaning, alone = reading("a", LEASE, "lease", 0.3, "no_evidence"), reading("when did she die", CIRCULAR, "circular", 0.9)
    assert preferred(leaning, alone, scorer) is leaning


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("who signed the circular?", True), ("and the deposit?", False), ("who signed it?", False), ("article 8", False),
        ("translate it", False), ("for how long", False),
    ],
)  # fmt: skip
def test_only_a_whole_question_may_stand_alone(question, expected):
    assert may_stand_alone(question, "another") is expected
    assert not may_stand_alone(question, question)


def test_a_short_question_on_another_document_is_another_topic(pipeline):
    history = [Turn("What does Article 9 of the Sarmenor agreement say?", "")]
    for earlier in ("What is the rent of the flat in Lisbon?", "who repairs the lift"):
        history.append(Turn(earlier, pipeline.ask(earlier).text))
    answer = pipeline.ask("who led the inquiry?", history)
    assert answer.standalone_question == "who led the inquiry?"
    assert "Edda Quill" in answer.text
