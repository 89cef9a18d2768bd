"""Answers and rewritten questions from a language model: which messages it gets, and how many tokens they may take.

What a model is stands in `LanguageModel`; where it runs is not known here. Nor is whether it obeys: `rag.verify` checks what it writes.
"""

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from typing import Protocol

from rag.config import LlmConfig
from rag.errors import ConfigError, GenerationError
from rag.generate.stream import CUT, UNSAID
from rag.prompt import MESSAGE_OVERHEAD, Message, answer_messages, condense_messages, load_prompt
from rag.types import Hit, Turn

MIN_PASSAGE_TOKENS = 128  # with less room than this for passages, no answer is worth the wait
EDGES = "\"'“”«»`*#{} "
# "Rewritten question:", "Sure, here is the question:", {"question":
_LABEL = re.compile(
    r"^(?:[^\W\d]+[\s,!.*'’]+){0,7}(?:question|pregunta)(?:\s(?:is|es|reads|dice))?\W*:\s*|^(?:user|usuario)\W*:\s*", re.IGNORECASE
)
_REMARK = re.compile(r"(?<=\?)\s+(?=[A-ZÁÉÍÓÚÑ(])[^?]*\Z")
_LIST_SIGN = re.compile(r"^(?:[-•]|\d[.)])\s+")
_LETTER = re.compile(r"[^\W_]")


class LanguageModel(Protocol):
    """Continues a conversation as a stream of text."""

    @property
    def identity(self) -> str:
        """Names the model and its version, without a secret or a path."""
        ...

    @property
    def budget(self) -> int:
        """The tokens that all messages together may take."""
        ...

    def count_tokens(self, text: str) -> int:
        """The tokens of a text, or a little more."""
        ...

    def count_messages(self, messages: Sequence[Message]) -> int:
        """The tokens of a conversation as the model gets it."""
        ...

    def stream(self, messages: Sequence[Message]) -> Generator[str, None, None]:
        """What the model says next. Raises GenerationError; closing it stops the model."""
        ...


class LanguageModelGenerator:
    """A `Generator` and a `Condenser` made from a language model and the prompt files."""

    def __init__(self, model: LanguageModel, config: LlmConfig, sentences: int) -> None:
        self.model = model
        self._config = config
        self._sentences = sentences
        self._answer = load_prompt("answer")
        self._condense = load_prompt("condense")
        parts = (self._answer.instructions, self._answer.request)
        needed = sum(model.count_tokens(part) + MESSAGE_OVERHEAD for part in parts) + MIN_PASSAGE_TOKENS
        if model.budget < needed:
            raise ConfigError(
                f"llm.max_tokens = {config.max_tokens} leaves {model.budget} tokens to read, but the instructions and a short passage "
                f"need {needed}; raise llm.context_tokens = {config.context_tokens}, lower llm.max_tokens, or take a model that reads more."
            )

    @property
    def fingerprint(self) -> str:
        """The model, its settings and the prompts."""
        config = self._config
        return (
            f"{self.model.identity} temperature={config.temperature} max_tokens={config.max_tokens} context_tokens={self.model.budget} "
            f"max_sentences={self._sentences} prompts={self._answer.fingerprint},{self._condense.fingerprint}"
        )

    def generate(self, question: str, hits: Sequence[Hit], history: Sequence[Turn]) -> Iterator[str]:
        """Stream an answer; the passages of the lowest rank are left out where the model cannot read them all."""
        messages = self._fit(
            lambda budget: answer_messages(
                self._answer,
                question,
                hits,
                history,
                sentences=self._sentences,
                budget=budget,
                count_tokens=self.model.count_tokens,
            )
        )
        yield from self.model.stream(messages)

    def condense(self, question: str, history: Sequence[Turn]) -> str:
        """The question as the model rewrites it: the first line that it writes."""
        if not history:
            return question
        messages = self._fit(
            lambda budget: condense_messages(self._condense, question, history, budget=budget, count_tokens=self.model.count_tokens)
        )
        text = _said(self.model.stream(messages))
        line = _first_line(text)
        if text.endswith(CUT) and not line.endswith("?") and not _first_line(text[text.find(line) + len(line) :]):
            raise GenerationError(f"The model reached llm.max_tokens = {self._config.max_tokens} within the question; raise it.")
        return line or question

    def _fit(self, build: Callable[[int], tuple[Message, ...]]) -> tuple[Message, ...]:
        """Build messages with less and less room until the model, which adds tokens of its own, has room for them."""
        budget = self.model.budget
        while True:
            messages = build(budget)
            excess = self.model.count_messages(messages) - self.model.budget
            if excess <= 0:
                return messages
            budget -= excess


def written(pieces: Generator[str, None, None]) -> str:
    """All that a model writes, without what it takes back."""
    return _said(pieces).removesuffix(CUT)


def _said(pieces: Generator[str, None, None]) -> str:
    with closing(pieces):
        return "".join(pieces).rpartition(UNSAID)[2]


def _first_line(text: str) -> str:
    """The first line with words, without what a model puts around it: quotation marks, a fence, a label, a remark behind the question."""
    lines = [
        _LABEL.sub("", _LIST_SIGN.sub("", line.strip(EDGES))).strip(EDGES)
        for line in text.splitlines()
        if not line.lstrip().startswith("```")
    ]
    lines = [line for line in lines if _LETTER.search(line)]
    if len(lines) > 1 and lines[0].endswith(":"):  # "Here it is:"
        lines.pop(0)
    line = lines[0] if lines else ""
    return line[: remark.start()] if (remark := _REMARK.search(line)) else line
