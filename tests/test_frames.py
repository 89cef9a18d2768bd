"""Who does what: common nouns that change places around a verb, in English and Spanish."""

import pytest

from rag.evidence import builtin_evidence
from rag.verification.claims import read
from rag.verification.comparison import compare
from rag.verification.doubts import doubt
from rag.verification.frames import frames

EVIDENCE = builtin_evidence()
ENGLISH = "The nurses criticised the surgeons in May. The hospital sold the chapel to the parish."
SPANISH = "Los pescadores demandaron a los turistas. El puerto fue vendido por el banco."


@pytest.mark.parametrize(
    ("claim", "source", "wrong"),
    [
        ("The nurses criticised the surgeons.", ENGLISH, False),
        ("The surgeons criticised the nurses.", ENGLISH, True),
        ("The surgeons were criticised by the nurses.", ENGLISH, False),
        ("The nurses were criticised by the surgeons.", ENGLISH, True),
        ("The parish bought the chapel from the hospital.", ENGLISH, False),
        ("The parish sold the chapel to the hospital.", ENGLISH, True),
        ("Los pescadores demandaron a los turistas.", SPANISH, False),
        ("Los turistas demandaron a los pescadores.", SPANISH, True),
        ("Los turistas fueron demandados por los pescadores.", SPANISH, False),
        ("El banco vendió el puerto.", SPANISH, False),
        ("El puerto vendió el banco.", SPANISH, True),
    ],
)
def test_who_does_what(claim: str, source: str, wrong: bool) -> None:
    assert (doubt(compare(claim, source, EVIDENCE)) is not None) == wrong


@pytest.mark.parametrize(
    ("text", "verb", "doers", "others"),
    [
        ("The board dismissed the principal.", "dismissed", {"board"}, {"principal"}),
        ("The principal was not dismissed by the board.", "dismissed", {"board"}, {"principal"}),
        ("El juez multó a la empresa.", "multo", {"juez"}, {"empresa"}),
        ("The firm which repaired the roof", "repaired", {"firm"}, {"roof"}),
    ],
)
def test_frames(text: str, verb: str, doers: set[str], others: set[str]) -> None:
    claim = read(text)
    (frame,) = frames(claim)
    assert claim.words[frame.verb].plain == verb
    assert {claim.words[index].plain for index in frame.doers} == doers
    assert {claim.words[index].plain for index in frame.others} == others


@pytest.mark.parametrize("text", ["El banco que compró la empresa", "La casa la compró el vecino", "They sold the boat"])
def test_a_verb_whose_doer_is_not_sure_is_left_alone(text: str) -> None:
    assert not frames(read(text))
