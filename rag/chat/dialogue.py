"""One question, from a visitor's message to the pieces of the page that show its answer.

It is answered in a thread of its own, whether anybody listens or not: who loads the page again, or loses the connection, finds the answer
as far as it is by then, and a model that hangs keeps nobody waiting who has stopped it.

Takes the message as it came from the network (a dict of plain values), gives events (dicts of plain values, HTML included). Knows the
public methods of the pipeline, and the conversation; nothing of HTTP, and no HTML of its own (that is `rag.chat.render`).
"""

import threading
from collections.abc import Iterator
from typing import Any

from rag.chat.library import Library
from rag.chat.reasons import in_language
from rag.chat.render import Spot, render_answer, render_fault, render_partial, render_pending, render_stopped
from rag.chat.strings import STRINGS, group_digits
from rag.chat.visitors import Asked, Conversation, Visitor
from rag.errors import RagError, Stopped
from rag.generate.stream import stopping
from rag.pipeline import Pipeline
from rag.turns.small_talk import is_reply
from rag.types import Answer, Language

STREAM_INTERVAL_SECONDS = 0.05
"""The least time between two updates of a streamed answer: faster ones only load the browser."""

LONGEST_NAME = 64
HIGHEST_NUMBER = 1_000_000_000

Event = dict[str, Any]


def ask(library: Library, visitor: Visitor, message: Event, language: Language) -> Iterator[Event]:
    """Answer a question of `visitor`.

    `message`: "conversation" (a name that the browser tab chose), "question", and optionally "collection", "model", "instead_of" (the
    number of the turn that this question replaces, with all after it), "alone" (true: no follow-up) and "after" (the highest number of a
    turn that the tab shows). With "follow", the number of a turn, nothing is asked, and what comes are the events of that turn from now on.

    Events: {"hint": sentence} if there was nothing to answer; else {"turn": number, "gone": numbers of replaced turns, "html": the turn},
    then {"turn", "part": the text so far as HTML} any number of times, and last {"turn", "html", "sources", "say": for a screen reader}.
    """
    conversation = visitor.conversation(str(message.get("conversation") or "")[:LONGEST_NAME])
    if "follow" in message:
        followed = conversation.find(message["follow"])
        yield from [{"hint": STRINGS[language]["expired"]}] if followed is None else _follow(library, visitor, followed, language)
        return
    question = str(message.get("question") or "").strip()
    hint = _refusal(library, visitor, question, language)
    if hint:
        yield {"hint": hint}
        return
    instead_of = message.get("instead_of")
    asked, gone = conversation.begin(
        question,
        str(message.get("collection") or ""),
        instead_of=instead_of if isinstance(instead_of, int) else None,
        alone=message.get("alone") is True,
        after=_turn_number(message.get("after")),
    )
    work = (library, visitor, conversation, asked, str(message.get("model") or ""), STRINGS[language]["fault_inside"])
    threading.Thread(target=_answer, args=work, name="answering", daemon=True).start()
    yield _pending(asked, language) | {"gone": gone}
    yield from _follow(library, visitor, asked, language)


def shown(library: Library, visitor: Visitor, asked: Asked, language: Language) -> Event:
    """The event that shows a turn; one that is still in hand is "going"."""
    words = STRINGS[language]
    if not asked.ended.is_set():
        return _pending(asked, language) | {"going": True}
    if asked.answer is None and asked.stopped is not None:
        html, sources, say = render_stopped(asked.number, asked.question, asked.stopped, language), "", words["stopped"]
    elif asked.answer is None:
        html, sources, say = render_fault(asked.number, asked.question, in_language(asked.fault, language), language), "", words["fault"]
    else:
        try:
            read = library.pipeline(asked.collection, "", visitor).document
        except RagError:  # the collection went; the answer still shows its quotes
            read = None
        html, sources = render_answer(Spot(asked.number, language, asked.question, asked.thumb), asked.answer, read)
        answered = words["abstained"] if asked.answer.abstained else words["answered"].format(count=len(asked.answer.citations))
        say = asked.answer.text if is_reply(asked.answer) else answered
    return {"turn": asked.number, "html": html, "sources": sources, "say": say}


def _turn_number(given: object) -> int:
    """A number from the network, 0 if it is none that a turn could have."""
    return given if isinstance(given, int) and 0 < given < HIGHEST_NUMBER else 0


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


def _pending(asked: Asked, language: Language) -> Event:
    return {"turn": asked.number, "html": render_pending(asked.number, asked.question, language)}


def _follow(library: Library, visitor: Visitor, asked: Asked, language: Language) -> Iterator[Event]:
    """The text so far, at most once per STREAM_INTERVAL_SECONDS, until the turn has ended; and then the turn."""
    text = ""
    while not asked.ended.wait(STREAM_INTERVAL_SECONDS):
        if asked.text != text:
            text = asked.text
            yield {"turn": asked.number, "part": render_partial(text)}
    yield shown(library, visitor, asked, language)
    if asked.error is not None:
        raise asked.error


def _answer(library: Library, visitor: Visitor, conversation: Conversation, asked: Asked, model: str, fault_inside: str) -> None:
    """Put the Answer, or what went wrong, into `asked`, when there is a place for it: who left has freed one in line, and none here."""
    try:
        while not library.has_place(asked):
            if asked.ended.wait(STREAM_INTERVAL_SECONDS):
                return
        with library.working(), stopping(asked.stop):
            _write(library.pipeline(asked.collection, model, visitor), asked)
        if asked.answer is not None:
            library.times[model or library.models[0]].add(asked.answer.timings_ms)
    except Stopped:
        pass  # no fault: the turn shows what had been written
    except RagError as error:
        asked.fault = str(error)
    except Exception as error:  # noqa: BLE001 - nobody foresaw it; whoever follows the turn raises it
        asked.fault, asked.error = fault_inside, error
    finally:
        conversation.finish(asked)


def _write(pipeline: Pipeline, asked: Asked) -> None:
    stream = pipeline.stream(asked.question, asked.history)
    try:
        for item in stream:
            if asked.stop.is_set():
                return
            if isinstance(item, Answer):
                asked.answer = item
                return
            asked.text += item
    finally:
        if hasattr(stream, "close"):
            stream.close()
