"""Greetings, thanks and questions about the program itself are replied to, and are no questions for the documents."""

import pytest
from small_corpus import BOAT, CAT, pipeline_of

from rag.pipeline import Pipeline
from rag.turns.small_talk import SmallTalk, small_talk
from rag.turns.wished_form import wished_form
from rag.types import Turn

pipeline = pipeline_of({"cat.md": CAT, "boat.md": BOAT})


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
        ("yes", "agreed", "en"),
        ("Yes, exactly!", "agreed", "en"),
        ("Sí", "agreed", "es"),
        ("eso es correcto", "agreed", "es"),
        ("no", "denied", "en"),
        ("That's wrong.", "denied", "en"),
        ("You didn't answer my question", "denied", "en"),
        ("no, eso está mal", "denied", "es"),
        ("No me has contestado", "denied", "es"),
        ("no, gracias", "thanks", "es"),
        ("What documents do you have?", "documents", "en"),
        ("¿De qué tratan los documentos?", "documents", "es"),
        ("what is this document about", "documents", "en"),
        ("de que trata este documento", "documents", "es"),
    ],
)
def test_what_asks_nothing(text: str, kind: str, language: str) -> None:
    assert small_talk(text) == SmallTalk(kind, language)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "Hello, what does Article 4 permit?",
        "Perfect, and the deposit?",
        "no, Article 12",
        "yes, but who pays?",
        "¿sí o no?",
        "no es obligatorio",
        "right of way",
        "¿es verdad?",
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


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("In English, please", "language"), ("can you translate that?", "language"), ("¿y en español?", "language"),
        ("shorter please", "words"), ("Summarise", "words"), ("¿me lo resumes?", "words"), ("summarise the document", "words"),
        ("resume el documento", "words"), ("an example?", "more"), ("por ejemplo", "more"), ("¿me lo puedes traducir?", "language"),
        ("explícamelo más sencillo", "words"),
        ("tell me more", "more"), ("anything else?", "more"), ("¿Algo más?", "more"), ("¿qué más?", "more"),
        ("are you sure?", "proof"), ("where does it say that?", "proof"), ("¿Dónde lo pone?", "proof"), ("¿qué página?", "proof"),
        ("¿en qué artículo está eso?", "proof"),
        ("repeat that please", "again"), ("¿puedes repetirlo?", "again"), ("otra vez", "again"),
    ],
)  # fmt: skip
def test_what_wishes_another_form_of_the_answer(text: str, form: str) -> None:
    assert wished_form(text) == form


@pytest.mark.parametrize(
    "text",
    [
        "tell me more about the lease", "where does it say that dogs are allowed?", "in English law", "is it true that troops went?",
        "which section covers fines?", "¿qué más dice el artículo 4?", "¿dónde está?", "¿en qué página está el anexo?", "más de diez", "",
        "are you sure that the fee is 3 euros?", "no", "please",
    ],
)  # fmt: skip
def test_what_asks_for_more_than_another_form(text: str) -> None:
    assert wished_form(text) is None


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("in Spanish please", "The answer quotes the documents in their own language; without a language model nothing is translated."),
        (
            "¿estás seguro?",
            "Cada cita está palabra por palabra en el lugar que acompaña a su número; si responde a la pregunta, júzguelo usted.",
        ),
    ],
)
def test_another_form_is_the_answer_before_with_a_word_about_it(pipeline: Pipeline, text: str, note: str) -> None:
    first = pipeline.ask("When does the keeper feed the cat?")
    answer = pipeline.ask(text, [Turn(first.question, first.text)])
    assert (answer.text, answer.citations, answer.note) == (first.text, first.citations, note)


def test_yes_and_no_are_remarks_and_not_looked_for_in_the_documents(pipeline: Pipeline) -> None:
    first = pipeline.ask("When does the keeper feed the cat?")
    turns = [Turn(first.question, first.text)]
    assert pipeline.ask("yes", turns).text == "Good. Ask what else you want to know."
    denied = pipeline.ask("no, eso está mal", turns)
    assert denied.text.startswith("Entonces pregúntelo con otras palabras")
    assert (denied.abstained, denied.citations) == (True, ())
