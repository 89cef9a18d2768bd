"""What answers the question that the program asked back: whose provision is meant."""

import pytest

from rag.condense import condense
from rag.types import Turn

LAW, PACT, RULES = "LEY 7/2019, DE MERCADOS", "Agreement on the Tarn Bay Line", "Reglamento de la biblioteca"
ASKED = "What does article 7 say?"
THREE = f"According to “{LAW}”, Artículo 7: «A.» [1]\n\nAccording to “{PACT}”, 3 June 2016: «B.» [2]\n\nAccording to “{RULES}”: «C.» [3]"
TWO = f"According to “{LAW}”, Artículo 7: «A.» [1]\n\nAccording to “{PACT}”, 3 June 2016: «B.» [2]"
ONE = f"According to “{LAW}”, Artículo 7: «A.» [1]"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("the first one", f"What does article 7 of “{LAW}” say?"),
        ("first", f"What does article 7 of “{LAW}” say?"),
        ("the second", f"What does article 7 of “{PACT}” say?"),
        ("the third one please", f"What does article 7 of “{RULES}” say?"),
        ("I meant the Tarn Bay one", f"What does article 7 of “{PACT}” say?"),
        ("the 2019 one", f"What does article 7 of “{LAW}” say?"),
        ("the law", f"What does article 7 of “{LAW}” say?"),
        ("el reglamento", f"What does article 7 of “{RULES}” say?"),
        ("all of them", ASKED),
        ("and 8?", "What does article 8 say?"),
        ("Who chairs the board?", "Who chairs the board?"),
    ],
)
def test_a_reply_picks_one_of_the_documents_that_have_the_provision(reply, expected):
    assert condense(reply, [Turn(ASKED, THREE, ASKED)]) == expected


def test_the_reply_may_be_spanish():
    asked = "¿Qué dice el artículo 7?"
    answer = TWO.replace("According to “", "Según «").replace("”", "»")
    assert condense("el segundo", [Turn(asked, answer, asked)]) == f"¿Qué dice el artículo 7 de «{PACT}»?"
    assert condense("ambos", [Turn(asked, answer, asked)]) == asked


def test_the_other_one_is_what_is_left_and_follow_ups_stay_in_the_document_that_was_picked():
    picked = f"What does article 7 of “{LAW}” say?"
    history = [Turn(ASKED, TWO, ASKED), Turn("the first one", ONE, picked)]
    assert condense("and the other one?", history) == f"What does article 7 of “{PACT}” say?"
    assert condense("the latter", history[:1]) == f"What does article 7 of “{PACT}” say?"
    assert condense("and 8?", history) == f"What does article 8 of “{LAW}” say?"
    assert condense("and the other one?", [Turn(ASKED, THREE, ASKED), history[1]]) == ASKED  # two are left


@pytest.mark.parametrize("answer", [ONE, "The documents do not say.", TWO.replace("According to", "From")])
def test_without_several_documents_nothing_was_asked_back(answer):
    assert "“" not in condense("the first one", [Turn(ASKED, answer, ASKED)])


def test_a_question_that_names_its_document_leaves_nothing_to_be_chosen():
    asked = "What does Annex 1 of the lease say?"
    assert condense("and the second?", [Turn(asked, TWO, asked)]) == "What does Annex second of the lease say?"
