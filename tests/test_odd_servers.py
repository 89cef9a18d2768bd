"""Servers that speak the OpenAI protocol in unusual ways: tool calls, nothing at all, letters cut in two, roles that they refuse."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from rag.config import LlmConfig
from rag.errors import GenerationError
from rag.generate import load_generator
from rag.types import Hit, Passage, Turn, Why

HITS = (Hit(1, Passage("ley.md", "Ley", "El año empieza en enero: ¡así!", 0, 30), 1.0, Why()),)
Reply = Sequence[bytes] | Iterator[bytes] | tuple[int, dict[str, str], bytes]
Answering = Callable[[dict[str, Any], int], Reply]


def event(delta: dict[str, Any] | None = None, ending: str | None = None, **others: Any) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": ending}]
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "odd", "choices": choices, **others}
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()


DONE = b"data: [DONE]\n\n"
SAID = (event({"role": "assistant", "content": "Four years [1]."}), event({}, "stop"), DONE)
TOOL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "search", "arguments": '{"query": "term"}'}}


@contextmanager
def serving(answer: Answering) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    """A generator that asks a server which sends what `answer` gives for the request and its number; and the requests."""
    requests: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            reply = answer(requests[-1], len(requests))
            status, headers, pieces = reply if isinstance(reply, tuple) and isinstance(reply[0], int) else (200, {}, reply)
            self.send_response(status)
            for name, value in {"Content-Type": "text/event-stream" if status == 200 else "application/json", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            for piece in [pieces] if isinstance(pieces, bytes) else pieces:
                self.wfile.write(piece)
                self.wfile.flush()
                time.sleep(0.01)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/v1"
        yield load_generator(LlmConfig(model="openai:odd", base_url=address, max_retries=1, timeout_seconds=5)), requests
        server.shutdown()


def said(answer: Answering) -> str:
    with serving(answer) as (generator, _):
        return "".join(generator.generate("What is the term?", HITS, ()))


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        (
            [event({"role": "assistant", "content": None, "tool_calls": [TOOL]}), event({}, "tool_calls"), DONE],
            "called a tool instead of answering, and there is none; try again, or take another llm.model.",
        ),
        ([event({"role": "assistant", "content": ""}), event({}, "stop"), DONE], "The model sent an empty answer; try again, or"),
        ([event({"role": "assistant", "content": " \n"}), event({}, "stop"), DONE], "sent an empty answer"),
        ([event({"role": "assistant", "content": ""}), event({}, "length"), DONE], "ended without an answer; raise llm.max_tokens"),
        ([event({"content": "<think>Hm."}), event({}, "stop"), DONE], "ended without an answer; raise llm.max_tokens"),
        ([event({"content": "Four "}), b'data: {"choices": [{"de\n\n'], "sent a reply that is not valid JSON"),
        ([event({"content": "Four "}), b'data: {"error": {"message": "out of memory", "code": 500}}\n\n'], "; try again"),
        ([DONE], "sent nothing that can be read as an answer"),
    ],
    ids=["tool", "empty", "blank", "limit", "thought", "half", "error", "nothing"],
)
def test_why_there_is_no_answer_is_told_with_its_cure(sent: Sequence[bytes], sentence: str) -> None:
    with pytest.raises(GenerationError) as caught:
        said(lambda *_: sent)
    assert sentence in str(caught.value)
    assert "out of memory" not in str(caught.value)


def test_what_is_said_beside_a_tool_call_is_the_answer() -> None:
    assert said(lambda *_: [SAID[0], event({"tool_calls": [TOOL]}), event({}, "tool_calls"), DONE]) == "Four years [1]."


def test_events_without_choices_and_comments_say_nothing() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    assert said(lambda *_: [b": ping\n\n", event(), SAID[0], event(), SAID[1], event(usage=usage), DONE]) == "Four years [1]."


def test_letters_that_are_cut_in_two_are_whole() -> None:
    whole = b"".join((event({"content": "El año «así» 🙂 [1]."}), event({}, "stop"), DONE))
    assert said(lambda *_: [whole[at : at + 1] for at in range(len(whole))]) == "El año «así» 🙂 [1]."


def test_thoughts_that_are_sent_apart_are_no_silence() -> None:
    def answer(*_: Any) -> Iterator[bytes]:
        for _ in range(8):
            time.sleep(0.15)
            yield event({"role": "assistant", "content": "", "reasoning_content": "Hm."})
        yield from SAID

    with serving(answer) as (generator, _):
        assert "".join(patient(generator, 0.6).generate("What is the term?", HITS, ())) == "Four years [1]."
    with serving(answer) as (generator, _), pytest.raises(GenerationError, match=r"was silent for 0\.6 seconds"):
        list(patient(generator, 0.6, max_tokens=2).generate("What is the term?", HITS, ()))  # more than it may think


def patient(generator: Any, seconds: float, **settings: Any) -> Any:
    config = generator.model._config.model_copy(update={"timeout_seconds": seconds, **settings})
    return load_generator(config)


@pytest.mark.parametrize(("seconds", "waits"), [(3, 1), (-60, 0)])
def test_a_server_says_at_which_hour_to_ask_again(seconds: int, waits: float) -> None:
    waited: list[float] = []

    def answer(_: dict[str, Any], asked: int) -> Reply:
        waited.append(time.monotonic())
        return (429, {"Retry-After": formatdate(time.time() + seconds, usegmt=True)}, b"{}") if asked == 1 else SAID

    assert said(answer) == "Four years [1]."
    assert waited[1] - waited[0] >= waits


def test_a_server_says_when_to_ask_again() -> None:
    waited: list[float] = []

    def answer(_: dict[str, Any], asked: int) -> Reply:
        waited.append(time.monotonic())
        return (429, {"Retry-After": "1"}, b"{}") if asked == 1 else SAID

    assert said(answer) == "Four years [1]."
    assert waited[1] - waited[0] >= 1


def test_instructions_go_into_the_first_message_where_their_role_is_refused() -> None:
    def answer(request: dict[str, Any], _: int) -> Reply:
        roles = [message["role"] for message in request["messages"]]
        return (400, {}, b'{"error": {"message": "System role not supported"}}') if "system" in roles else SAID

    history = [Turn("Who elects?", "The citizens [1].")]
    with serving(answer) as (generator, requests):
        for _ in range(2):
            assert "".join(generator.generate("What is the term?", HITS, history)) == "Four years [1]."
    refused, *taken = [request["messages"] for request in requests]
    assert [message["role"] for message in refused] == ["system", "user", "assistant", "user"]
    assert [[message["role"] for message in messages] for messages in taken] == [["user", "assistant", "user"]] * 2
    assert taken[0][0]["content"] == f"{refused[0]['content']}\n\nWho elects?"


def test_another_refusal_is_not_asked_again() -> None:
    with serving(lambda *_: (400, {}, b'{"error": {"message": "Bad temperature"}}')) as (generator, requests):
        with pytest.raises(GenerationError, match="HTTP 400"):
            list(generator.generate("What is the term?", HITS, ()))
        assert len(requests) == 1
