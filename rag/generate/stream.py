"""Text that another thread writes, read with a limit on every wait.

A library that talks to a model may block for longer than it was told to, and a reader may lose interest; neither may hang the program.
What writes the text, and what its errors mean, is not known here.
"""

import queue
import threading
from collections.abc import Callable, Generator
from contextvars import copy_context

from rag.errors import GenerationError

OPEN, CLOSE = "<think>", "</think>"  # how open reasoning models mark what is not part of the answer

Work = Callable[[Callable[[str], None], threading.Event], None]
Explain = Callable[[Exception], str]
Pieces = queue.Queue[str | Exception | None]
Text = Generator[str, None, None]


def stream_from_thread(work: Work, *, explain: Explain, seconds: float, max_characters: int) -> Text:
    """Yield what `work(put, stop)` puts, as it comes; closing the iterator sets `stop`, and `work` then has to return soon.

    Args:
        work: runs in a daemon thread, calls `put` with pieces of text and looks at `stop` between them.
        explain: turns an error of `work`, or the TimeoutError of a silence, into one sentence for the user.
        seconds: the longest silence, also before the first piece.
        max_characters: the end of a model that never ends; what comes after is dropped.

    Raises:
        GenerationError: `work` failed, was silent for too long, or ended without any text outside of its thoughts.
    """
    pieces: Pieces = queue.Queue()
    stop = threading.Event()
    context = copy_context()  # callbacks that count tokens follow the context of whoever asks
    thread = threading.Thread(target=context.run, args=(_run, work, pieces, stop), name="rag-generate", daemon=True)
    thread.start()
    try:
        yield from _read(pieces, explain, seconds, max_characters)
    finally:
        stop.set()


def _run(work: Work, pieces: Pieces, stop: threading.Event) -> None:
    try:
        work(pieces.put, stop)
    except Exception as error:  # noqa: BLE001 - every provider has its own errors; the reading thread raises this one
        pieces.put(error)
    else:
        pieces.put(None)


def _read(pieces: Pieces, explain: Explain, seconds: float, max_characters: int) -> Text:
    thoughts = _ThoughtFilter()
    received = 0
    written = False
    while received <= max_characters:
        try:
            piece = pieces.get(timeout=seconds)
        except queue.Empty as error:
            raise GenerationError(explain(TimeoutError())) from error
        if isinstance(piece, Exception):
            raise GenerationError(explain(piece)) from piece
        text = thoughts.rest() if piece is None else thoughts.pass_on(piece)
        if text:
            written = True
            yield text
        if piece is None:
            break
        received += len(piece)
    if not written:
        raise GenerationError("The model ended without an answer; raise llm.max_tokens, which its reasoning uses up too.")


class _ThoughtFilter:
    """Lets a text through except for a first `<think>...</think>`, whose tags may come in pieces."""

    def __init__(self) -> None:
        self._held: str | None = ""

    def pass_on(self, piece: str) -> str:
        if self._held is None:
            return piece
        self._held += piece
        start = self._held.lstrip()
        if OPEN.startswith(start):
            return ""
        if not start.startswith(OPEN):
            text = self._held
        elif CLOSE in start:
            text = start.split(CLOSE, 1)[1].lstrip()
        else:
            return ""
        self._held = None
        return text

    def rest(self) -> str:
        """What was held back at the end of the text and turned out to be no thought."""
        return "" if self._held is None or self._held.lstrip().startswith(OPEN) else self._held
