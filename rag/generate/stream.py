"""Text that another thread writes, read with a limit on every wait.

A library that talks to a model may block for longer than it was told to, and a reader may lose interest; neither may hang the program.
What writes the text, and what its errors mean, is not known here.
"""

import atexit
import queue
import re
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import cache

from rag.errors import GenerationError, Stopped

OPEN, CLOSE = "<think>", "</think>"  # how open reasoning models mark what is not part of the answer; others have other words for it

UNSAID = "\0"
"""A piece of its own where a thought ends that nobody saw begin: all pieces before it were no part of the answer."""

CUT = "\x01"
"""A piece of its own, the last one, where the model reached its limit of tokens: the sentence before it may be half of one."""

LOOK_SECONDS = 0.1
"""How often whoever waits for a model looks whether it is still wanted."""

LONGEST_FAREWELL = 5.0
"""Seconds that the program waits at its end for threads that are to stop: Python would break one off within a library's own code."""

_OUT_OF_ROOM = "ended without an answer; raise llm.max_tokens, which its reasoning uses up too, or take another llm.model"
_EMPTY = "sent an empty answer; try again, or take another llm.model"

_AT_WORK: dict[threading.Thread, threading.Event] = {}
_STOP: ContextVar[threading.Event | None] = ContextVar("stop", default=None)

_WORDS = "think|thinking|thought|thoughts|reasoning"
_TAG = re.compile(rf"(?<=\n)[ \t]*(?:<(?P<closes>/?)(?P<word>{_WORDS})>|\[(?P<square>THINK)\])", re.IGNORECASE)
_OPEN_TAG = re.compile(r"(?<=\n)\s*(?:</?[a-z]{0,9}|\[[a-z]{0,5})?\Z", re.IGNORECASE)

Work = Callable[[Callable[[str], None], threading.Event], None]
Explain = Callable[[Exception], str]
Pieces = queue.Queue[str | Exception | None]
Text = Generator[str, None, None]


@contextmanager
def stopping(stop: threading.Event) -> Iterator[None]:
    """While the context is open, whatever waits for a model in it raises Stopped soon after `stop` is set, even if the model is silent."""
    token = _STOP.set(stop)
    try:
        yield
    finally:
        _STOP.reset(token)


def stream_from_thread(work: Work, *, explain: Explain, seconds: float, max_characters: int, inside: bool = False) -> Text:
    """Yield what `work(put, stop)` puts, as it comes; closing the iterator sets `stop`, and `work` then has to return soon.

    Thoughts are left out: a block in tags that begins a line. Where only its end is marked, the piece `UNSAID` takes back what came before.

    Args:
        work: runs in a daemon thread, calls `put` with pieces of text and looks at `stop` between them.
        explain: turns an error of `work`, or the TimeoutError of a silence, into one sentence for the user.
        seconds: the longest silence, also before the first piece.
        max_characters: the end of a model that never ends; what comes after is dropped, and `CUT` takes its place.
        inside: the text probably begins within a thought, of which only the end will be marked; nothing is shown before that.

    Raises:
        GenerationError: `work` failed, was silent for too long, or ended without any text outside of its thoughts.
        Stopped: the context is `stopping`.
    """
    pieces: Pieces = queue.Queue()
    stop = threading.Event()
    context = copy_context()  # callbacks that count tokens follow the context of whoever asks
    thread = threading.Thread(target=context.run, args=(_run, work, pieces, stop), name="rag-generate", daemon=True)
    _stop_all_at_the_end()
    _AT_WORK[thread] = stop
    thread.start()
    try:
        yield from _read(pieces, explain, seconds, max_characters, inside=inside)
    finally:
        stop.set()


def _run(work: Work, pieces: Pieces, stop: threading.Event) -> None:
    try:
        work(pieces.put, stop)
    except Exception as error:  # noqa: BLE001 - every provider has its own errors; the reading thread raises this one
        pieces.put(error)
    else:
        pieces.put(None)
    finally:
        _AT_WORK.pop(threading.current_thread(), None)


@cache
def _stop_all_at_the_end() -> None:
    atexit.register(_stop_all)


def _stop_all() -> None:
    give_up = time.monotonic() + LONGEST_FAREWELL
    left = list(_AT_WORK.items())
    for _, stop in left:
        stop.set()
    for thread, _ in left:
        thread.join(max(0.0, give_up - time.monotonic()))


def _read(pieces: Pieces, explain: Explain, seconds: float, max_characters: int, *, inside: bool) -> Text:
    thoughts = _ThoughtFilter(inside=inside)
    left = max_characters
    written = cut = thought = False
    while left >= 0:
        try:
            piece = _next(pieces, seconds)
        except TimeoutError as error:
            raise GenerationError(explain(error)) from error
        if isinstance(piece, Exception):
            raise GenerationError(explain(piece)) from piece
        cut = piece == CUT
        thought = thought or bool((piece or "").strip())
        for text in thoughts.rest() if piece is None or cut else thoughts.pass_on(piece[: max_characters + 1]):
            written = text != UNSAID and (written or not text.isspace())
            yield text
        if piece is None or cut:
            break
        left -= len(piece)
    if written and (cut or left < 0):
        yield CUT
    if not written:
        raise GenerationError(f"The model {_OUT_OF_ROOM if thought else _EMPTY}.")


def _next(pieces: Pieces, seconds: float) -> str | Exception | None:
    """The next piece; looks now and then whether anybody still waits for it. Raises Stopped, or TimeoutError after a silence."""
    give_up = time.monotonic() + seconds
    while True:
        if (stop := _STOP.get()) is not None and stop.is_set():
            raise Stopped("The answer was stopped.")
        left = give_up - time.monotonic()
        try:
            return pieces.get(timeout=max(0.0, min(left, LOOK_SECONDS)))
        except queue.Empty:
            if left <= LOOK_SECONDS:
                raise TimeoutError from None


class _ThoughtFilter:
    """Lets a text through except for thoughts, whose tags may come in pieces."""

    def __init__(self, *, inside: bool) -> None:
        self._held = "\n"  # the last character that was let through, and what may become a tag; or the end of a thought
        self._close = CLOSE if inside else ""
        self._in_doubt = inside

    def pass_on(self, piece: str) -> Iterator[str]:
        self._held += piece
        while self._skip_thought() and (tag := _TAG.search(self._held, 1)):
            if tag["closes"]:
                yield UNSAID
                self._end_thought(tag.end())
                continue
            if said := self._held[1 : tag.start()]:
                yield said
            self._close = "[/THINK]" if tag["square"] else f"</{tag['word']}>"
            self._held = self._held[tag.end() :]
        if not self._close:
            may_open = _OPEN_TAG.search(self._held, 1)
            cut = may_open.start() if may_open else len(self._held)
            if said := self._held[1:cut]:
                yield said
            self._held = self._held[cut - 1 :]

    def rest(self) -> Iterator[str]:
        """What was held back at the end of the text and turned out to be no thought."""
        if self._in_doubt:  # no thought ended: all of it was the answer
            self._in_doubt, self._close = False, ""
            yield from self.pass_on("")
        if self._held[1:] and not self._close:
            yield self._held[1:]

    def _skip_thought(self) -> bool:
        """Drop a thought; False where it goes on."""
        if not self._close:
            return True
        end = self._held.casefold().find(self._close.casefold())
        if end < 0:
            self._held = self._held if self._in_doubt else self._held[-len(self._close) :]
            return False
        self._end_thought(end + len(self._close))
        return True

    def _end_thought(self, end: int) -> None:
        self._held, self._close, self._in_doubt = "\n" + self._held[end:].lstrip(), "", False
