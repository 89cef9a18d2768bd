"""Answers as text: what a generator is, and which one the configuration asks for.

A generator writes sentences with `[n]` markers and streams them. It does not know whether they are true: `rag.verify` checks every one.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from rag.config import AnswerConfig, LlmConfig
from rag.select import SentenceScorer, builtin_scorer
from rag.types import Hit, Turn


class Generator(Protocol):
    """Writes an answer from passages."""

    @property
    def fingerprint(self) -> str:
        """Names the model and every setting that changes what it writes; holds no secret."""
        ...

    def generate(self, question: str, hits: Sequence[Hit], history: Sequence[Turn]) -> Iterator[str]:
        """Stream an answer as text with `[n]` markers, n = position in `hits` from 1.

        Closing the iterator stops the work behind it. The piece `rag.generate.stream.UNSAID` takes back all before it; `CUT`, the last one,
        says that the model was not finished.

        Raises:
            GenerationError: while iterating, when the model fails or stays silent for too long.
            Stopped: while iterating, see `rag.generate.stream.stopping`.
        """
        ...


@runtime_checkable
class Condenser(Protocol):
    """Rewrites a follow-up so that it can be searched for on its own; the generators backed by a language model can."""

    def condense(self, question: str, history: Sequence[Turn]) -> str:
        """The question in words that need no history; `question` itself when there is no history.

        Raises:
            GenerationError: the model failed or stayed silent for too long.
        """
        ...


def load_generator(config: LlmConfig, answer: AnswerConfig | None = None, scorer: SentenceScorer | None = None) -> Generator:
    """Build the generator that `config.model` names.

    `answer` (None: the defaults) says how long an answer may be; `scorer` (None: over the built-in models) is what the extractive
    generator scores sentences with.

    Raises:
        ModelError: the model is unknown, not installed, damaged or has no key.
        ConfigError: the token limits leave no room for passages.
    """
    sentences = (answer or AnswerConfig()).max_sentences
    if config.model == "extractive":
        from rag.generate.extractive import ExtractiveGenerator

        return ExtractiveGenerator(scorer or builtin_scorer(), sentences)
    from rag.generate.language_model import LanguageModelGenerator

    if config.model.startswith("transformers:"):
        from rag.generate.transformers import TransformersModel

        return LanguageModelGenerator(TransformersModel(config), config, sentences)
    from rag.generate.chat_model import ChatModel

    return LanguageModelGenerator(ChatModel(config), config, sentences)
