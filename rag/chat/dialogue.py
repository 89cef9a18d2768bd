"""One question, from a visitor's message to the pieces of the page that show its answer.

Takes the message as it came from the network (a dict of plain values), gives events (dicts of plain values, HTML included). Knows the
public methods of the pipeline, and the conversation; nothing of HTTP, and no HTML of its own (that is `rag.chat.render`).
"""

import time
from collections.abc import Iterator
from typing import Any

from rag.chat.library import Library
from rag.chat.render import Spot, render_answer, render_fault, render_partial, render_pending, render_stopped
from rag.chat.strings import STRINGS, group_digits
from rag.chat.visitors import Asked, Conversation, Visitor
from rag.errors import RagError
from rag.pipeline import Pipeline
from rag.small_talk import is_reply
from rag.types import Answer, Language

STREAM_INTERVAL_SECONDS = 0.05
"""The least time between two updates of a streamed answer: faster ones only load the browser."""

LONGEST_NAME = 64

Event = dict[str, Any]


def ask(library: Library, visitor: Visitor, message: Event, language: Language) -> Iterator[Event]:
    """Answer a question of `visitor`.

    `message`: "conversation" (a name that the browser tab chose), "question", and optionally "collection", "model", "instead_of" (the
    number of the turn that this question replaces, with all after it) and "alone" (true: no follow-up).

    Events: {"hint": sentence} if there was nothing to answer; else {"turn": number, "gone": numbers of replaced turns, "html": the turn},
    then {"turn", "part": the text so far as HTML} any number of times, and last {"turn", "html", "sources", "say": for a screen reader}.
    """
    words = STRINGS[language]
    question = str(message.get("question") or "").strip()
    hint = _refusal(library, visitor, question, language)
    if hint:
        yield {"hint": hint}
        return
    conversation = visitor.conversation(str(message.get("conversation") or "")[:LONGEST_NAME])
    instead_of = message.get("instead_of")
    asked, gone = conversation.begin(
        question,
        str(message.get("collection") or ""),
        instead_of=instead_of if isinstance(instead_of, int) else None,
        alone=message.get("alone") is True,
    )
    yield {"turn": asked.number, "gone": gone, "html": render_pending(asked.number, question, language)}
    model = str(message.get("model") or "")
    try:
        pipeline = library.pipeline(asked.collection, model, visitor)
        for part in _stream(pipeline, asked):
            yield {"turn": asked.number, "part": render_partial(part)}
        if asked.answer is not None:
            library.times[model or library.models[0]].add(asked.answer.timings_ms)
    except RagError as error:
        asked.fault = str(error)
    finally:
        if asked.answer is None and asked.stopped is None and not asked.fault:
            asked.fault = words["fault_inside"]
        conversation.finish(asked)
    yield shown(library, visitor, asked, language)


def shown(library: Library, visitor: Visitor, asked: Asked, language: Language) -> Event:
    """The event that shows a finished turn."""
    words = STRINGS[language]
    if asked.answer is None and asked.stopped is not None:
        html, sources, say = render_stopped(asked.number, asked.question, asked.stopped, language), "", words["stopped"]
    elif asked.answer is None:
        html, sources, say = render_fault(asked.number, asked.question, asked.fault, language), "", words["fault"]
    else:
        try:
            read = library.pipeline(asked.collection, "", visitor).document
        except RagError:  # the collection went; the answer still shows its quotes
            read = None
        html, sources = render_answer(Spot(asked.number, language, again=asked.question), asked.answer, read)
        answered = words["abstained"] if asked.answer.abstained else words["answered"].format(count=len(asked.answer.citations))
        say = asked.answer.text if is_reply(asked.answer) else answered
    return {"turn": asked.number, "html": html, "sources": sources, "say": say}


def stop(conversation: Conversation) -> None:
    """Stop the answer in hand, if there is one, as soon as its generator gives the next piece."""
    if conversation.current is not None:
        conversation.current.stop.set()


def _refusal(library: Library, visitor: Visitor, question: str, language: Language) -> str:
    """Why a question is not taken up; empty if it is."""
    words = STRINGS[language]
    limits = library.first.config.chat
    if not question:
        return words["empty"]
    if len(question) > limits.question_characters:
        length, limit = (group_digits(number, language) for number in (len(question), limits.question_characters))
        return words["too_long"].format(length=length, limit=limit)
    if not visitor.may_ask(limits.questions_per_minute):
        return words["too_many"].format(limit=limits.questions_per_minute)
    return ""


def _stream(pipeline: Pipeline, asked: Asked) -> Iterator[str]:
    """The text so far, at most once per STREAM_INTERVAL_SECONDS; puts the Answer, or the text at which it was stopped, into `asked`."""
    text = ""
    last = 0.0
    stream = pipeline.stream(asked.question, asked.history)
    try:
        for item in stream:
            if asked.stop.is_set():
                return
            if isinstance(item, Answer):
                asked.answer = item
                return
            text += item
            now = time.monotonic()
            if now - last >= STREAM_INTERVAL_SECONDS:
                last = now
                yield text
    finally:
        if asked.answer is None and asked.stop.is_set():
            asked.stopped = text
        if hasattr(stream, "close"):
            stream.close()
