"""Prompts: read the instruction files, frame passages as data, and fit everything into a token budget.

A prompt file has three parts divided by lines of `---`: the variables that it declares, the instructions (system message) and the
request (user message). What comes out are plain messages; which model reads them, and how it counts tokens, is not known here.

A passage stands between two lines that carry a boundary, drawn by chance for every request: a document that wanted to write the closing
line would have to foresee it, and what looks like one is broken up. See "spotlighting", https://arxiv.org/abs/2403.14720.
"""

import hashlib
import re
import secrets
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from rag.errors import GenerationError, InputError
from rag.paths import shipped
from rag.sentences import sentences as sentence_spans
from rag.types import Hit, Turn

MESSAGE_OVERHEAD = 8  # tokens that a chat format spends on one message: role names and delimiters
HISTORY_SHARE = 4  # earlier turns get at most one part in so many of the budget

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_FORGED_FRAME = re.compile(r"<(?=\s*/?\s*passage\b)", re.IGNORECASE)
# What servers may read as the end of a turn, wherever it stands: ChatML and Llama 3, DeepSeek, Gemma, Llama 2 and Mistral.
_CONTROL_TOKEN = re.compile(r"<(?=\|\w+\|>|｜[^｜<>\n]{1,40}｜>|(?:start|end)_of_turn>|/?s>|</?SYS>>)|\[(?=/?INST\]|/?SYSTEM_PROMPT\])")
_MARKER = re.compile(r"\s*\[\d+\]")
_WORD_END = re.compile(r"(?<=\S)(?=\s|$)")

CountTokens = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Message:
    """One message to a chat model."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt file: its declared variables, and its text in two parts with `{variable}` placeholders."""

    name: str
    variables: tuple[str, ...]
    instructions: str
    request: str

    @property
    def fingerprint(self) -> str:
        """Changes with every word of the text."""
        return hashlib.sha256(f"{self.instructions}\n---\n{self.request}".encode()).hexdigest()[:12]

    def render(self, **values: str) -> tuple[str, str]:
        """The instructions and the request with every placeholder replaced; braces inside a value stay as they are.

        Raises:
            InputError: a variable without a value, or a value without a variable.
        """
        _compare(f"the prompt {self.name!r}", needed=self.variables, given=tuple(values))
        instructions, request = (_PLACEHOLDER.sub(lambda match: values[match[1]], part) for part in (self.instructions, self.request))
        return instructions, request


def load_prompt(name: str, folder: Path | None = None) -> Prompt:
    """Read `name`.md of `folder` (None: the prompts that come with the program).

    Raises:
        InputError: no such file, not three parts, or declared variables that are not the used ones.
    """
    path = (folder or shipped("prompts")) / f"{name}.md"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The prompt {name!r} cannot be read at {path}; put the file back or reinstall rag.") from error
    opening, *parts = re.split(r"^---[ \t]*(?:\n|\Z)", text, maxsplit=3, flags=re.MULTILINE)
    if opening.strip() or len(parts) != 3 or not parts[0].startswith("variables:"):
        raise InputError(f"The prompt {path.name} needs three parts after lines of '---': 'variables: ...', instructions, request.")
    variables = tuple(part.strip() for part in parts[0].removeprefix("variables:").split(",") if part.strip())
    instructions, request = parts[1].strip(), parts[2].strip()
    used = tuple(dict.fromkeys(_PLACEHOLDER.findall(f"{instructions}\n{request}")))
    _compare(f"the declaration in {path.name}", needed=used, given=variables)
    return Prompt(name, variables, instructions, request)


def answer_messages(
    prompt: Prompt,
    question: str,
    hits: Sequence[Hit],
    history: Sequence[Turn],
    *,
    sentences: int,
    budget: int,
    count_tokens: CountTokens,
) -> tuple[Message, ...]:
    """The messages that ask for an answer: instructions, earlier turns, then the framed passages and the question.

    All of them together take at most `budget` tokens: the oldest turns go first, then the passages of the lowest rank.

    Raises:
        GenerationError: not even one passage fits beside the question.
    """
    boundary = _boundary(hits)
    turns = _fit_turns(history, budget // HISTORY_SHARE, count_tokens)
    values = {"boundary": boundary, "question": question, "sentences": str(sentences)}
    spent = sum(count_tokens(part) + MESSAGE_OVERHEAD for part in prompt.render(passages="", **values))
    spent += sum(count_tokens(message.content) + MESSAGE_OVERHEAD for message in turns)
    _check_room(budget - spent)
    kept = fit(hits, budget - spent, count_tokens, boundary)
    instructions, request = prompt.render(passages=frame(kept, boundary) or "There are no passages.", **values)
    return (Message("system", instructions), *turns, Message("user", request))


def condense_messages(
    prompt: Prompt, question: str, history: Sequence[Turn], *, budget: int, count_tokens: CountTokens
) -> tuple[Message, ...]:
    """The messages that ask to rewrite `question`; the oldest turns are left out where `budget` tokens do not hold them all.

    Raises:
        GenerationError: not even the question fits.
    """
    spent = sum(count_tokens(part) + MESSAGE_OVERHEAD for part in prompt.render(history="", question=question))
    _check_room(budget - spent)
    turns = _fit_turns(history, budget - spent, count_tokens)
    names = {"user": "User", "assistant": "Assistant"}
    lines = [f"{names[message.role]}: {_one_line(message.content)}" for message in turns]
    instructions, request = prompt.render(history="\n".join(lines), question=question)
    return (Message("system", instructions), Message("user", request))


def frame(hits: Sequence[Hit], boundary: str) -> str:
    """The passages as numbered blocks of data; what a document wrote to look like a frame or a control token is broken up."""
    return "\n\n".join(_frame_one(number, hit, boundary) for number, hit in enumerate(hits, start=1))


def fit(hits: Sequence[Hit], budget: int, count_tokens: CountTokens, boundary: str) -> tuple[Hit, ...]:
    """The longest run of first `hits` whose frames take at most `budget` tokens, so that their numbers stay true.

    Where even the first is too long, it is cut at the last sentence that fits, or else at the last word.

    Raises:
        GenerationError: not even one word of the first passage fits.
    """
    kept: list[Hit] = []
    for number, hit in enumerate(hits, start=1):
        budget -= count_tokens(_frame_one(number, hit, boundary) + "\n\n")
        if budget < 0:
            break
        kept.append(hit)
    if kept or not hits:
        return tuple(kept)
    budget += count_tokens(_frame_one(1, hits[0], boundary) + "\n\n")
    text = hits[0].passage.text
    for ends in ([end for _, end in sentence_spans(text)], [match.end() for match in _WORD_END.finditer(text)]):
        fitting = bisect_right(ends, budget, key=lambda end: count_tokens(_frame_one(1, _cut(hits[0], end), boundary) + "\n\n"))
        if fitting:
            return (_cut(hits[0], ends[fitting - 1]),)
    raise _no_room()


def _check_room(tokens: int) -> None:
    if tokens < 0:
        raise _no_room()


def _no_room() -> GenerationError:
    return GenerationError("The question leaves the model no room for passages; ask a shorter one or raise llm.context_tokens.")


def _compare(owner: str, *, needed: Sequence[str], given: Sequence[str]) -> None:
    if missing := [name for name in needed if name not in given]:
        raise InputError(f"Missing variables: {', '.join(missing)}; add them to {owner}.")
    if unknown := [name for name in given if name not in needed]:
        raise InputError(f"Unused variables: {', '.join(unknown)}; remove them from {owner}.")


def _boundary(hits: Sequence[Hit]) -> str:
    """Sixteen hexadecimal digits that nobody can foresee, drawn for one request, and that no passage contains."""
    while True:
        boundary = secrets.token_hex(8)
        if not any(boundary in f"{hit.passage.source}\0{hit.passage.title}\0{hit.passage.text}".casefold() for hit in hits):
            return boundary


def _frame_one(number: int, hit: Hit, boundary: str) -> str:
    passage = hit.passage
    about = {
        "source": passage.source,
        "title": passage.title,
        "date": passage.date or "",
        "section": " > ".join(passage.section),
    }
    lines = [f"{name}: {_one_line(value)}" for name, value in about.items() if value]
    content = _defuse("\n".join([*lines, "", passage.text]), boundary)
    return f"<passage-{boundary} [{number}]>\n{content}\n</passage-{boundary}>"


def _defuse(text: str, boundary: str) -> str:
    text = re.sub(re.escape(boundary), "…", text, flags=re.IGNORECASE)
    return _without_control_tokens(_FORGED_FRAME.sub("‹", text))


def _without_control_tokens(text: str) -> str:
    return _CONTROL_TOKEN.sub(lambda match: f"{match[0]} ", text)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _cut(hit: Hit, length: int) -> Hit:
    passage = hit.passage
    return replace(hit, passage=replace(passage, text=passage.text[:length], end=passage.start + length))


def _fit_turns(history: Sequence[Turn], budget: int, count_tokens: CountTokens) -> list[Message]:
    """The latest turns that fit, oldest first; markers go, because they point to passages of another question."""
    messages: list[Message] = []
    for turn in reversed(history):
        answer = _without_control_tokens(_MARKER.sub("", turn.answer))  # it may quote a document
        pair = [Message("user", turn.question), Message("assistant", answer)]
        budget -= sum(count_tokens(message.content) + MESSAGE_OVERHEAD for message in pair)
        if budget < 0:
            break
        messages[:0] = pair
    return messages
