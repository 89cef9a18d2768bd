"""Greetings, thanks and questions about the program itself are replied to, and are no questions for the documents."""

from collections.abc import Iterator

import pytest
from small_corpus import BOAT, CAT, pipeline_over

from rag.pipeline import Pipeline
from rag.small_talk import SmallTalk, small_talk
from rag.types import Turn


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with pipeline_over(tmp_path_factory.mktemp("talk"), {"cat.md": CAT, "boat.md": BOAT}) as made:
        yield made


@pytest.mark.parametrize(
    ("text", "kind", "language"),
    [
        ("hello", "greeting", "en"),
        ("Hi there!", "greeting", "en"),
        ("¡Hola, buenos días!", "greeting", "es"),
        ("Thank you very much for the answer.", "thanks", "en"),
        ("ok, gracias", "thanks", "es"),
        ("Gracias por tu ayuda", "thanks", "es"),
        ("Who are you?", "about", "en"),
        ("¿Qué puedes hacer?", "about", "es"),
        ("ayuda", "about", "es"),
        ("What documents do you have?", "documents", "en"),
        ("¿De qué tratan los documentos?", "documents", "es"),
    ],
)
def test_what_asks_nothing(text: str, kind: str, language: str) -> None:
    assert small_talk(text) == SmallTalk(kind, language)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "Hello, what does Article 4 permit?",
        "Perfect, and the deposit?",
        "help with my lease",
        "ayuda al alquiler",
        "great bustard",
        "hi-fi",
        "What documents do you have to bring?",
        "¿Qué documentos hay que presentar?",
        "there",
        "¿?",
    ],
)
def test_what_asks_something(text: str) -> None:
    assert small_talk(text) is None


def test_how_it_works_is_a_follow_up_after_an_answer() -> None:
    assert small_talk("How does it work?") == SmallTalk("about", "en")
    assert small_talk("How does it work?", following=True) is None
    assert small_talk("Thanks!", following=True) == SmallTalk("thanks", "en")


def test_the_reply_lists_the_documents_and_cites_nothing(pipeline: Pipeline) -> None:
    answer = pipeline.ask("Hola")
    assert answer.text == (
        "Hola. Hay 2 documentos: «The boat»; «The cat». "
        "Pregunte lo que quiera saber: la respuesta cita los documentos, o dice que no lo dicen."
    )
    assert (answer.abstained, answer.reason, answer.language, answer.hits, answer.citations) == (True, "no_evidence", "es", (), ())
    assert pipeline.ask("thanks").text == "You are welcome."


def test_a_follow_up_skips_the_thanks_before_it(pipeline: Pipeline) -> None:
    first = pipeline.ask("When does the keeper feed the cat?")
    turns = [Turn(first.question, first.text), Turn("thank you", "You are welcome.")]
    follow_up = "And who painted the boat?"
    assert pipeline.ask(follow_up, turns).standalone_question == pipeline.ask(follow_up, turns[:1]).standalone_question
    assert "keeper" in pipeline.ask("why?", turns).standalone_question
