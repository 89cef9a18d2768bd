"""The chat page: its layout, and what happens when a question is asked.

Knows Gradio and the public methods of the pipeline; nothing of retrieval, and no HTML (that is `rag.chat.render`). Gradio takes seconds to
import, so this module is imported only when a page is built. Each browser tab has its own Conversation, kept on the server.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import gradio

from rag.chat.render import render_answer, render_fault, render_header, render_hint, render_pending
from rag.chat.strings import STRINGS, group_digits, preferred_language
from rag.errors import RagError
from rag.types import Answer, Language, Turn

if TYPE_CHECKING:
    from rag.pipeline import Pipeline

DEMO_SOURCE = "entrevista-427.md"
"""A document of the demo corpus; an index that holds it gets `DEMO_EXAMPLES`."""

DEMO_EXAMPLES = (
    "What does Article 4 permit?",
    "¿Qué permite el artículo 4 del tratado?",
    "Why did Pyongyang's attitude to China cool?",
    "¿Qué porcentaje del comercio de Corea del Norte representa China?",
)

QUESTION_CHARACTERS = 2_000
"""The longest question that the page passes on."""

TURNS_KEPT = 40
"""How many earlier turns a conversation shows and passes to the pipeline."""

CONVERSATIONS_KEPT = 1_000
"""How many tabs keep their conversation on the server; the one unused for longest is dropped first."""

CONCURRENT_QUESTIONS = 8
WAITING_QUESTIONS = 200
STREAM_INTERVAL_SECONDS = 0.05
"""The least time between two updates of a streamed answer: faster ones only load the browser."""

Update = tuple[Any, ...]
"""New values for question box, hint, welcome, earlier turns, current turn and Conversation, in this order."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One browser tab: its finished turns, for the pipeline and as HTML for the page, and the question in hand.

    `asked` counts all questions; a turn that failed is shown, but is no history.
    """

    turns: tuple[Turn, ...] = ()
    rendered: tuple[str, ...] = ()
    asked: int = 0
    question: str = ""

    def begin(self, question: str) -> "Conversation":
        """Take up the next question."""
        return replace(self, asked=self.asked + 1, question=question)

    def finish(self, markup: str, answer: str | None = None) -> "Conversation":
        """Keep the turn in hand as `markup`, and as history if it got an answer."""
        turns = self.turns if answer is None else (*self.turns, Turn(self.question, answer))
        return replace(self, turns=turns[-TURNS_KEPT:], rendered=(*self.rendered, markup)[-TURNS_KEPT:])


class Page:
    """What the page does with a pipeline; one object serves every visitor."""

    def __init__(self, pipeline: "Pipeline") -> None:
        self.pipeline = pipeline

    def header(self, language: Language) -> str:
        """The models in use and the size of the index, as they are now."""
        config = self.pipeline.config
        return render_header(self.pipeline.describe(), config.llm.model, config.embedding.model, language)

    def greet(self, request: gradio.Request) -> str:
        """The header for a visitor who opens the page: counts change while it is served."""
        return self.header(visitor_language(request))

    def ask(self, question: str, conversation: Conversation, request: gradio.Request) -> Iterator[Update]:
        """Answer a question into the current turn, bit by bit."""
        language = visitor_language(request)
        words = STRINGS[language]
        question = question.strip()
        if not question:
            yield _update(hint=render_hint(words["empty"]))
            return
        if len(question) > QUESTION_CHARACTERS:
            length, limit = (group_digits(number, language) for number in (len(question), QUESTION_CHARACTERS))
            yield _update(hint=render_hint(words["too_long"].format(length=length, limit=limit)))
            return
        earlier = "".join(conversation.rendered)
        conversation = conversation.begin(question)
        number = conversation.asked
        pending = render_pending(number, question, "", language)
        yield _update("", render_hint(""), gradio.Column(visible=False), earlier, pending, conversation)
        try:
            for item in spaced(self.pipeline.stream(question, conversation.turns)):
                if isinstance(item, str):
                    yield _update(current=render_pending(number, question, item, language))
                else:
                    markup = render_answer(number, item, self.pipeline.document)
                    yield _update(current=markup, conversation=conversation.finish(markup, item.text))
        except RagError as error:
            markup = render_fault(number, question, str(error), language)
            yield _update(current=markup, conversation=conversation.finish(markup))

    def report_fault(self, conversation: Conversation, request: gradio.Request) -> Update:
        """Close the turn in hand after an error that nobody foresaw (its traceback is in the terminal)."""
        language = visitor_language(request)
        markup = render_fault(conversation.asked, conversation.question, STRINGS[language]["fault_inside"], language)
        return _update(current=markup, conversation=conversation.finish(markup))


def build_page(pipeline: "Pipeline", examples: Sequence[str]) -> gradio.Blocks:
    """Lay out the page and wire its events."""
    page = Page(pipeline)
    text = gradio.I18n(**{language: {**words, "header": page.header(language)} for language, words in STRINGS.items()})
    blocks = gradio.Blocks(title="rag", analytics_enabled=False, fill_width=True)
    with blocks:
        header = gradio.HTML(text("header"), elem_id="header", apply_default_css=False)
        transcript = gradio.HTML("", elem_id="transcript", apply_default_css=False)
        current = gradio.HTML("", elem_id="current", apply_default_css=False)
        with gradio.Column(elem_id="welcome") as welcome:
            gradio.HTML(text("welcome"), elem_id="lead", apply_default_css=False)
            examples_shown = [gradio.Button(example, elem_classes="example", size="sm") for example in examples]
        with gradio.Column(elem_id="composer"):
            with gradio.Row(elem_id="ask-row"):
                question = gradio.Textbox(
                    label=text("question"), placeholder=text("placeholder"), lines=1, max_lines=6, autofocus=True, elem_id="question"
                )
                button = gradio.Button(text("ask"), variant="primary", elem_id="ask")
            hint = gradio.HTML(render_hint(""), elem_id="hint", apply_default_css=False)
        conversation = gradio.State(Conversation())

        outputs = [question, hint, welcome, transcript, current, conversation]
        options: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        asked = [gradio.on([question.submit, button.click], page.ask, [question, conversation], outputs, concurrency_id="ask", **options)]
        asked += [example.click(page.ask, [example, conversation], outputs, concurrency_id="ask", **options) for example in examples_shown]
        for event in asked:
            event.failure(page.report_fault, [conversation], outputs, **options)
        blocks.load(page.greet, None, header, **options)
    blocks.i18n_instance = text
    blocks.state_session_capacity = CONVERSATIONS_KEPT
    blocks.queue(default_concurrency_limit=CONCURRENT_QUESTIONS, max_size=WAITING_QUESTIONS, api_open=False)
    return blocks


def build_theme() -> gradio.themes.Base:
    """Gradio's plainest theme, with the system's own fonts (so that none is fetched) and what shows before `style.css` is there."""
    theme = gradio.themes.Base(font=("system-ui", "sans-serif"), font_mono=("ui-monospace", "monospace"))
    return theme.set(
        body_background_fill="#faf9f6",
        body_background_fill_dark="#16191b",
        background_fill_primary="#faf9f6",
        background_fill_primary_dark="#16191b",
        background_fill_secondary="#faf9f6",
        background_fill_secondary_dark="#16191b",
        button_primary_background_fill="#175754",
        button_primary_background_fill_hover="#1d6b67",
        button_primary_background_fill_dark="#175754",
        button_primary_background_fill_hover_dark="#1d6b67",
    )


def demo_examples(pipeline: "Pipeline") -> tuple[str, ...]:
    """The example questions if the index holds the demo corpus, else none."""
    try:
        pipeline.document(DEMO_SOURCE)
    except RagError:
        return ()
    return DEMO_EXAMPLES


def visitor_language(request: gradio.Request) -> Language:
    """The language that the visitor's browser asks for."""
    return preferred_language(request.headers.get("accept-language", ""))


def spaced(stream: Iterator[str | Answer]) -> Iterator[str | Answer]:
    """The text so far, at most once per STREAM_INTERVAL_SECONDS, and then the Answer."""
    text = ""
    shown = 0.0
    for item in stream:
        if isinstance(item, Answer):
            yield item
            continue
        text += item
        now = time.monotonic()
        if now - shown >= STREAM_INTERVAL_SECONDS:
            shown = now
            yield text


def _update(
    question: object = None,
    hint: object = None,
    welcome: object = None,
    transcript: object = None,
    current: object = None,
    conversation: object = None,
) -> Update:
    """An Update in which None leaves a component as it is."""
    return tuple(gradio.skip() if value is None else value for value in (question, hint, welcome, transcript, current, conversation))
