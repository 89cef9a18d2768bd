"""Who is on the page: visitors, told apart by a random cookie, with their conversations and the questions of their last minute.

All of it is in memory and bounded, and gone when the page stops. A visitor cannot name the conversation of another: conversations are
looked up within the visitor. It knows neither the network nor how a question is answered.
"""

import secrets
import shutil
import tempfile
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rag.types import Answer, Turn

TURNS_KEPT = 20
"""How many turns of a conversation are kept, for history and to be shown again after a reload."""

CONVERSATIONS_KEPT = 8
"""How many conversations (browser tabs) of one visitor are kept; the one unused for longest is dropped first."""

VISITORS_KEPT = 1_000
TURNS_KEPT_IN_ALL = 2_000
IDLE_SECONDS = 12 * 3600.0
MINUTE = 60.0


@dataclass(slots=True)
class Asked:
    """One turn: the question, and its answer, or what went wrong, or what had been written when it was stopped.

    `text` is what has been written so far; `ended` is set when nothing more comes, `stop` when nothing more is wanted. `error` is what
    nobody foresaw, `thumb` what the visitor thought of the answer ("up", "down").
    """

    number: int
    question: str
    collection: str
    history: tuple[Turn, ...] = ()
    answer: Answer | None = None
    fault: str = ""
    stopped: str | None = None
    error: Exception | None = None
    text: str = ""
    thumb: str = ""
    stop: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)


class Conversation:
    """The turns of one browser tab, and the one in hand; requests and answers have threads of their own, so what changes it locks it."""

    def __init__(self) -> None:
        self.turns: list[Asked] = []
        self.current: Asked | None = None
        self._numbers = 0
        self._lock = threading.RLock()

    @property
    def history(self) -> tuple[Turn, ...]:
        """The turns that got an answer: what a follow-up may refer to."""
        answers = ((turn.question, turn.answer) for turn in self.turns)
        return tuple(Turn(question, answer.text, answer.standalone_question) for question, answer in answers if answer is not None)

    def begin(
        self, question: str, collection: str, *, instead_of: int | None = None, alone: bool = False, after: int = 0
    ) -> tuple[Asked, list[int]]:
        """Take up a question, which replaces the turn `instead_of` and all after it; returns it and the numbers of those that went.

        A question that is `alone` is no follow-up. `after` is the highest number that the page shows: it may remember more than this, whose
        numbers must not come twice.
        """
        with self._lock:
            self.stop()
            gone = [turn.number for turn in self.turns if instead_of is not None and turn.number >= instead_of]
            self.turns = [turn for turn in self.turns if turn.number not in gone]
            self._numbers = max(self._numbers, after) + 1
            self.current = asked = Asked(self._numbers, question, collection, () if alone else self.history)
            return asked, gone

    def stop(self, number: object = None) -> None:
        """End the turn in hand, if there is one (with this number), with what has been written; its writer may take time to notice."""
        with self._lock:
            asked = self.current
            if asked is not None and number in (None, asked.number):
                asked.stopped = asked.text
                asked.stop.set()
                self.finish(asked)

    def finish(self, asked: Asked) -> None:
        """Keep a turn that has ended; of two ends, the first one counts."""
        with self._lock:
            if self.current is asked:
                self.current = None
                self.turns = [*self.turns, asked][-TURNS_KEPT:]
            asked.ended.set()

    def find(self, number: int) -> Asked | None:
        """The turn with this number, finished or in hand."""
        return next((turn for turn in self.all() if turn.number == number), None)

    def all(self) -> list[Asked]:
        """All turns that are kept, the one in hand last."""
        with self._lock:
            return [*self.turns, *([self.current] if self.current is not None else [])]


class Visitor:
    """One cookie: conversations, the times of the last questions, and a folder for private files, made when the first one comes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.token = secrets.token_urlsafe(24)
        self.seen = time.monotonic()
        self.lock = threading.Lock()
        self.on_leave: list[Callable[[], None]] = []
        self._conversations: OrderedDict[str, Conversation] = OrderedDict()
        self._asked: deque[float] = deque()

    @property
    def turns(self) -> int:
        """How many turns are kept."""
        return sum(len(conversation.turns) for conversation in list(self._conversations.values()))

    def conversation(self, name: str) -> Conversation:
        """The conversation of the tab that calls itself `name`."""
        with self.lock:
            found = self._conversations.setdefault(name, Conversation())
            self._conversations.move_to_end(name)
            while len(self._conversations) > CONVERSATIONS_KEPT:
                self._conversations.popitem(last=False)
            return found

    def forget(self) -> None:
        """Drop all conversations."""
        with self.lock:
            self._conversations.clear()

    def may_ask(self, per_minute: int) -> bool:
        """Count a question; False if the visitor has asked `per_minute` within the last minute."""
        now = time.monotonic()
        with self.lock:
            while self._asked and now - self._asked[0] > MINUTE:
                self._asked.popleft()
            if len(self._asked) >= per_minute:
                return False
            self._asked.append(now)
            return True

    def leave(self) -> None:
        """Stop what is being answered, and delete what is kept outside memory."""
        for conversation in list(self._conversations.values()):
            conversation.stop()
        for call in self.on_leave:
            call()
        shutil.rmtree(self.folder, ignore_errors=True)


class Visitors:
    """All visitors by their token; those unused for longest go first."""

    def __init__(self) -> None:
        self._visitors: OrderedDict[str, Visitor] = OrderedDict()
        self._lock = threading.Lock()
        self._folder = Path(tempfile.mkdtemp(prefix="rag-chat-"))

    def __len__(self) -> int:
        return len(self._visitors)

    def find(self, token: str | None) -> Visitor | None:
        """The visitor with this token, who is now the one seen last."""
        with self._lock:
            visitor = self._visitors.get(token or "")
            if visitor is not None:
                visitor.seen = time.monotonic()
                self._visitors.move_to_end(visitor.token)
            return visitor

    def welcome(self) -> Visitor:
        """A new visitor; idle ones leave."""
        visitor = Visitor(self._folder / secrets.token_hex(8))
        with self._lock:
            self._visitors[visitor.token] = visitor
            leaving = self._surplus()
        for each in leaving:
            each.leave()
        return visitor

    def drop(self, visitor: Visitor) -> None:
        """Forget a visitor."""
        with self._lock:
            self._visitors.pop(visitor.token, None)
        visitor.leave()

    def tidy(self) -> None:
        """Forget the conversations of those unused for longest, where all visitors together keep too many turns."""
        with self._lock:
            visitors = list(self._visitors.values())
        surplus = sum(visitor.turns for visitor in visitors) - TURNS_KEPT_IN_ALL
        for visitor in visitors:
            if surplus <= 0:
                return
            surplus -= visitor.turns
            visitor.forget()

    def close(self) -> None:
        """Everybody leaves."""
        with self._lock:
            leaving = list(self._visitors.values())
            self._visitors.clear()
        for visitor in leaving:
            visitor.leave()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _surplus(self) -> list[Visitor]:
        leaving = []
        now = time.monotonic()
        while self._visitors:
            oldest = next(iter(self._visitors.values()))
            if len(self._visitors) <= VISITORS_KEPT and now - oldest.seen < IDLE_SECONDS:
                break
            leaving.append(self._visitors.pop(oldest.token))
        return leaving
