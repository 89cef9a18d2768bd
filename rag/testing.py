"""Fakes that are real implementations of the Protocols, for the tests of this package and of the programs that use it.

`HashEmbedder` knows words but no meanings; `ScriptedGenerator` says what it is told, whatever the question; `ChatServer` speaks the
OpenAI protocol over real HTTP on this machine, follows a script, and can fail in the ways that servers fail.
"""

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from rag.naming.aliases import fold
from rag.types import Hit, Turn

_WORD = re.compile(r"\w+")
_PIECE = re.compile(r"\s*\S+\s*")


class HashEmbedder:
    """Embeds a text as the counts of its words, without case and accents, each in a place chosen by a hash of the word."""

    def __init__(self, dimension: int = 64) -> None:
        self.dimension = dimension

    @property
    def fingerprint(self) -> str:
        """Names the method and its only setting."""
        return f"hash-{self.dimension}"

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row of length 1 per text (float32, len(texts) x dimension); a text without words gets a row of zeros."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in _WORD.findall(fold(text)):
                digest = hashlib.blake2b(word.encode(), digest_size=9).digest()
                row[int.from_bytes(digest[:8], "big") % self.dimension] += 1.0 if digest[8] % 2 else -1.0
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, lengths, out=vectors, where=lengths > 0)
        return vectors

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The same as `encode_documents`: a question is a bag of words too."""
        return self.encode_documents(texts)


class ScriptedGenerator:
    """Streams the same answer to every question, and keeps what it was asked in `calls`."""

    def __init__(self, answer: str | Sequence[str]) -> None:
        self.pieces = _PIECE.findall(answer) if isinstance(answer, str) else list(answer)
        self.calls: list[tuple[str, tuple[Hit, ...], tuple[Turn, ...]]] = []

    @property
    def fingerprint(self) -> str:
        """Changes with the script."""
        return f"scripted-{hashlib.sha256(''.join(self.pieces).encode()).hexdigest()[:12]}"

    def generate(self, question: str, hits: Sequence[Hit], history: Sequence[Turn]) -> Iterator[str]:
        """Stream the script piece by piece."""
        self.calls.append((question, tuple(hits), tuple(history)))
        yield from self.pieces


class ScriptedCondenser(ScriptedGenerator):
    """A `ScriptedGenerator` that also rewrites every follow-up to the same question."""

    def __init__(self, answer: str | Sequence[str], standalone: str) -> None:
        super().__init__(answer)
        self.standalone = standalone

    def condense(self, question: str, history: Sequence[Turn]) -> str:
        """The scripted question, or `question` when there is no history."""
        return self.standalone if history else question


@dataclass(frozen=True, slots=True)
class Fault:
    """A reply of `ChatServer` that goes wrong.

    "status": an HTTP error `status`. "hang": sends `text` and then nothing for at most `seconds`. "cut": sends `text` and breaks the
    connection. "end_early": sends `text` and ends in good order, but without saying that the answer is complete. "finish": sends `text`
    and ends for the `reason`. "malformed": sends `text` and then something that is not JSON.
    """

    kind: Literal["status", "hang", "cut", "end_early", "finish", "malformed"]
    status: int = 500
    seconds: float = 10.0
    text: str = ""
    reason: str = "length"


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent to `ChatServer`; header names are in lower case."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


Reply = str | Fault


class ChatServer:
    """A server that speaks the OpenAI protocol on a free port of 127.0.0.1 while the `with` block runs.

        with ChatServer(replies=["Four years [1]."]) as server:
            config = LlmConfig(model="openai:any", base_url=server.base_url)

    Serves /v1/chat/completions, at once or streamed word by word, and /v1/embeddings (a `HashEmbedder`).

    Args:
        replies: one per chat request, in order, the last one again and again; or a function from the request to its reply.
    """

    def __init__(self, replies: Sequence[Reply] | Callable[[Request], Reply]) -> None:
        self.requests: list[Request] = []
        self.stopped = threading.Event()
        self._replies = replies
        self._lock = threading.Lock()
        self._answered = 0

    @property
    def base_url(self) -> str:
        """What to put into `llm.base_url`."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def reply_to(self, request: Request) -> Reply:
        """What the script says to `request`."""
        if callable(self._replies):
            return self._replies(request)
        with self._lock:
            reply = self._replies[min(self._answered, len(self._replies) - 1)]
            self._answered += 1
            return reply


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # server_close waits for the requests under way, so that no socket is left open

    def __init__(self, owner: ChatServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.owner = owner


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        request = Request(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        self.close_connection = True
        self.server.owner.requests.append(request)
        try:
            if self.path == "/v1/embeddings":
                self._embed(request)
            elif self.path == "/v1/chat/completions":
                self._chat(request)
            else:
                self._send_json({"error": {"message": f"No such path: {self.path}", "type": "invalid_request_error"}}, status=404)
        except (BrokenPipeError, ConnectionResetError):
            return  # the client went away, as clients do

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server uses
        """Nothing: a test reads `ChatServer.requests` instead of a log."""

    def _chat(self, request: Request) -> None:
        reply = self.server.owner.reply_to(request)
        if isinstance(reply, Fault) and reply.kind == "status":
            message = f"Scripted status {reply.status} for the key {request.headers.get('authorization')}"
            self._send_json({"error": {"message": message, "type": "scripted"}}, status=reply.status)
        elif request.body.get("stream"):
            self._stream(reply)
        elif isinstance(reply, str):
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": reply}}
            self._send_json({"id": "chat-1", "object": "chat.completion", "created": 0, "model": "scripted", "choices": [choice]})
        else:
            if reply.kind == "hang":
                self.server.owner.stopped.wait(reply.seconds)
            self._send("application/json", b'{"choices": [{"mess')

    def _stream(self, reply: Reply) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        for piece in _PIECE.findall(reply if isinstance(reply, str) else reply.text):
            self._send_event({"role": "assistant", "content": piece})
        if isinstance(reply, str) or reply.kind == "finish":
            self._send_event({}, finish_reason="stop" if isinstance(reply, str) else reply.reason)
            self._send_chunk("data: [DONE]\n\n")
        elif reply.kind == "hang":
            self.server.owner.stopped.wait(reply.seconds)
            return
        elif reply.kind == "malformed":
            self._send_chunk('data: {"choices": [{"del\n\n')
        if isinstance(reply, str) or reply.kind != "cut":
            self.wfile.write(b"0\r\n\r\n")

    def _send_event(self, delta: dict[str, str], finish_reason: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        event = {"id": "chat-1", "object": "chat.completion.chunk", "created": 0, "model": "scripted", "choices": [choice]}
        self._send_chunk(f"data: {json.dumps(event)}\n\n")

    def _send_chunk(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _embed(self, request: Request) -> None:
        inputs = request.body["input"]
        texts = [text if isinstance(text, str) else " ".join(map(str, text)) for text in ([inputs] if isinstance(inputs, str) else inputs)]
        rows = HashEmbedder().encode_documents(texts)
        data = [{"object": "embedding", "index": index, "embedding": row.tolist()} for index, row in enumerate(rows)]
        self._send_json({"object": "list", "model": "scripted", "data": data, "usage": {"prompt_tokens": 0, "total_tokens": 0}})

    def _send_json(self, value: object, status: int = 200) -> None:
        self._send("application/json", json.dumps(value).encode(), status)

    def _send(self, kind: str, data: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")
        if status != 200:
            self.send_header("Retry-After-Ms", "10")  # a client that obeys it keeps a test of retries short
        self.end_headers()
        self.wfile.write(data)
