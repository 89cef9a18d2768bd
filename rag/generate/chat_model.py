"""A chat model behind LangChain: `provider:model`, hosted or on a server of one's own.

The provider's package and its key (an environment variable) are the user's. How the provider counts tokens is not known here: three bytes
of text are taken for one token, which is more than the usual tokenizers need. The text of a provider's error is never shown, because
some providers put the key into it.
"""

import itertools
import os
import re
import time
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import aclosing, closing
from email.utils import parsedate_to_datetime
from threading import Event
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from rag.config import LlmConfig
from rag.errors import ModelError
from rag.generate.background import run_until
from rag.generate.stream import CUT, UNSAID, stream_from_thread
from rag.prompt import MESSAGE_OVERHEAD, Message

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

BYTES_PER_TOKEN = 3
MAX_CHARACTERS_PER_TOKEN = 20
FIRST_PAUSE = 0.5
"""Seconds before a request is repeated, doubled each time, where the provider names none."""
_PASSING = (408, 409, 429)
"""Refusals that pass."""

# Where a provider says that an answer is complete; a stream that ends without it was cut off.
_FINISHED = {"openai": "finish_reason", "anthropic": "stop_reason", "ollama": "done_reason"}
_AT_ITS_LIMIT = ("length", "max_tokens", "model_context_window_exceeded", "MAX_TOKENS")
_FILTERED = ("content_filter", "refusal", "SAFETY")
# What a provider that needs a key calls it in its class; the others say so themselves, or need none.
_KEY_FIELDS = {"openai": "openai_api_key", "anthropic": "anthropic_api_key", "mistralai": "mistral_api_key"}
_KEY_VARIABLE = re.compile(r"\b[A-Z][A-Z0-9_]*_API_KEY\b")
_PACKAGE = re.compile(r"pip install (?:-U )?\"?([\w.\[\],-]+)")

# What an error is, by the names of its classes: each provider has its own, and its package may not be installed.
_KINDS = (
    (("ContextOverflow",), "cannot read that much text; lower llm.context_tokens"),
    (("Timeout",), "was silent for {seconds:g} seconds; try again or raise llm.timeout_seconds"),
    (("CalledTool",), "called a tool instead of answering, and there is none; try again, or take another llm.model"),
    (("Filtered",), "was stopped by its provider's content filter; ask in other words or take another llm.model"),
    (("CutOff", "RemoteProtocolError", "ReadError"), "broke off before its answer was complete; try again"),
    (
        ("JSONDecodeError", "ValidationError"),
        "sent a reply that is not valid JSON; check that {address} is a server of this kind",
    ),
    (
        ("LocalProtocolError", "UnicodeEncodeError"),
        "was not asked, for its key cannot be sent; check the key in the environment for line ends and letters with accents",
    ),
    (("Connect",), "cannot be reached at {address}; check that the server runs, and llm.base_url"),
    (("ValueError",), "sent nothing that can be read as an answer; check llm.model, and llm.base_url, which often ends in /v1"),
)


class CutOffError(Exception):
    """A stream that ended without saying that the answer is complete."""


class FilteredError(Exception):
    """A stream that the provider's filter ended."""


class CalledToolError(Exception):
    """A stream that said nothing, but would have a tool run, of which it was offered none."""


class ChatModel:
    """A `LanguageModel` that LangChain reaches for `config.model`."""

    def __init__(self, config: LlmConfig) -> None:
        provider, colon, name = config.model.partition(":")
        if not (colon and name):
            raise ModelError(f"llm.model = {config.model!r} has no provider; write it in front, for example 'openai:{config.model}'.")
        self._provider = provider.replace("-", "_").lower()
        self._config = config
        self._model = _load(self._provider, name, config)
        self.budget = config.context_tokens - config.max_tokens
        self._begins_inside = False
        self._takes_instructions = True

    @property
    def identity(self) -> str:
        """The provider and the model, and the server's name where one is configured."""
        server = urlsplit(self._config.base_url or "")
        return self._config.model + (f"@{server.hostname}:{server.port or server.scheme}" if server.hostname else "")

    def count_tokens(self, text: str) -> int:
        """An estimate that errs upwards."""
        return -(-len(text.encode()) // BYTES_PER_TOKEN)

    def count_messages(self, messages: Sequence[Message]) -> int:
        """The estimate of every message, and what its role may take."""
        return sum(self.count_tokens(message.content) + MESSAGE_OVERHEAD for message in messages)

    def stream(self, messages: Sequence[Message]) -> Generator[str, None, None]:
        """What the model says next, waiting at most `llm.timeout_seconds` for every piece. Raises GenerationError."""
        conversation = [(message.role, message.content) for message in messages]
        pieces = stream_from_thread(
            lambda put, stop: self._try(conversation, put, stop),
            explain=lambda error: explain(error, self._config),
            seconds=self._config.timeout_seconds,
            max_characters=self._config.max_tokens * MAX_CHARACTERS_PER_TOKEN,
            inside=self._begins_inside,
        )
        with closing(pieces):
            for piece in pieces:
                self._begins_inside = self._begins_inside or piece == UNSAID  # the next thought is not shown at all
                yield piece

    def _try(self, conversation: Sequence[tuple[str, str]], put: Callable[[str], None], stop: Event) -> None:
        """Ask until the model begins to write: a provider's own client would go on asking when nobody waits any more."""
        give_up = time.monotonic() + self._config.timeout_seconds
        begun = False
        conversation = conversation if self._takes_instructions else _without_instructions(conversation)

        def begin(piece: str) -> None:
            nonlocal begun
            begun = True
            put(piece)

        for tried in itertools.count(1):
            try:
                self._write(conversation, begin, stop)
                break
            except Exception as error:
                if not begun and self._takes_instructions and _refuses_instructions(error):
                    self._takes_instructions = False  # from now on
                    conversation = _without_instructions(conversation)
                    continue
                pause = None if begun or tried > self._config.max_retries else _pause(error, tried)
                if pause is not None and time.monotonic() + pause < give_up and not stop.wait(pause):
                    continue
                raise

    def _write(self, conversation: Sequence[tuple[str, str]], put: Callable[[str], None], stop: Event) -> None:
        """Put what the model writes; `CUT` behind it where it reached its limit."""
        from langchain_core.language_models import BaseChatModel

        ending = ""
        said = called = False
        unsaid = self._config.max_tokens

        def take(chunk: Any) -> None:  # noqa: ANN401 - an AIMessageChunk of whichever provider
            nonlocal ending, said, called, unsaid
            text = str(chunk.text)
            unsaid -= not text
            if text or unsaid >= 0:
                put(text)  # also nothing, as many times as there may be tokens: thoughts sent apart are not silence
            said = said or bool(text.strip())
            called = called or bool(getattr(chunk, "tool_call_chunks", None) or getattr(chunk, "tool_calls", None))
            ending = ending or _ending(chunk.response_metadata, self._provider)

        async def follow() -> None:
            async with aclosing(cast("AsyncGenerator[Any, None]", self._model.astream(conversation))) as chunks:
                async for chunk in chunks:
                    take(chunk)

        if type(self._model)._astream is not BaseChatModel._astream:
            run_until(stop, follow())
        else:  # a provider that can only be waited for in a thread
            with closing(cast("Generator[Any, None, None]", self._model.stream(conversation))) as chunks:
                for chunk in itertools.takewhile(lambda _: not stop.is_set(), chunks):
                    take(chunk)
        if stop.is_set():
            return
        if not ending and self._provider in _FINISHED:
            raise CutOffError
        if ending in _FILTERED:
            raise FilteredError
        if called and not said:
            raise CalledToolError
        if ending in _AT_ITS_LIMIT:
            put(CUT)


def _refuses_instructions(error: Exception) -> bool:
    """Whether a server refused the role of the instructions, as the templates of some open models make it do."""
    told = " ".join(str(link) for link in _chain(error)).casefold()
    return _status(error) is not None and "system" in told and "role" in told


def _without_instructions(conversation: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The same conversation with what stood in the role of the instructions at the head of the user's first message."""
    (_, instructions), (role, first), *others = conversation
    return [(role, f"{instructions}\n\n{first}"), *others]


def _ending(metadata: Mapping[str, Any], provider: str) -> str:
    """Why an answer ended, in the word of its provider; empty before its end."""
    keys = (_FINISHED[provider],) if provider in _FINISHED else tuple(_FINISHED.values())
    return next((str(metadata[key]) for key in keys if metadata.get(key)), "")


def explain(error: Exception, config: LlmConfig) -> str:
    """One sentence on why a provider failed and what to do, from the kind of the error and never from its text."""
    kinds = _kinds(error)
    status = _status(error)
    if any("context" in str(getattr(link, name, None)) for link in _chain(error) for name in ("code", "type")):
        kinds += " ContextOverflow"  # as OpenAI and llama.cpp call it
    if status is not None and "ContextOverflow" not in kinds:
        what = _explain_status(status)
    else:
        what = next(
            (sentence for names, sentence in _KINDS if any(name in kinds for name in names)),
            f"failed while it was answering ({type(error).__name__}); try again or take another llm.model",
        )
    return f"The model {config.model!r} " + what.format(address=_address(config), seconds=config.timeout_seconds) + "."


def _explain_status(status: int) -> str:
    if status >= 500:
        return f"has trouble at its provider (HTTP {status}); try again later"
    sentences = {
        401: "did not accept its key (HTTP 401); check the key in the environment",
        403: "may not be used with this key (HTTP 403); check the key in the environment",
        402: "may not be used without credit (HTTP 402); check the account at its provider",
        404: "is not known at {address} (HTTP 404); check llm.model and llm.base_url",
        408: "was too slow for its provider (HTTP 408); try again",
        405: "is not served at {address} (HTTP 405); check llm.base_url, which often ends in /v1",
        413: "cannot read that much text (HTTP 413); lower llm.context_tokens",
        429: "has been asked too often (HTTP 429); wait a little, raise llm.max_retries, or check the quota of the account",
    }
    other = f"refused the request (HTTP {status}); check llm.model, llm.max_tokens, and llm.temperature (some models only take 1)"
    return sentences.get(status, other)


def _load(provider: str, name: str, config: LlmConfig) -> "BaseChatModel":
    from langchain.chat_models import init_chat_model

    try:
        model: BaseChatModel = init_chat_model(name, model_provider=provider, **_arguments(provider, config))
    except ImportError as error:
        package = _PACKAGE.search(str(error))
        cure = package[1].rstrip(".") if package else f"langchain-{provider}"
        raise ModelError(f"llm.model = {config.model!r} needs a package that is not installed; run: pip install {cure}") from error
    except Exception as error:  # every provider has its own errors for a missing key or a bad setting
        raise ModelError(_explain_setup(error, provider, config)) from error
    key_field = _KEY_FIELDS.get(provider, "")
    if key_field in model.lc_secrets and not getattr(model, key_field):
        raise ModelError(_no_key(config, model.lc_secrets[key_field]))
    return model


def _arguments(provider: str, config: LlmConfig) -> dict[str, Any]:
    """The configuration in the words of the provider's class; a class ignores what it does not know."""
    arguments: dict[str, Any] = {"temperature": config.temperature}
    if config.base_url:
        arguments["base_url"] = config.base_url
    if provider == "ollama":
        return arguments | {
            "num_predict": config.max_tokens,
            "num_ctx": config.context_tokens,  # or Ollama cuts the prompt at a default of its own, without a word
            "reasoning": False,
            "client_kwargs": {"timeout": config.timeout_seconds},
        }
    arguments |= {"timeout": config.timeout_seconds, "max_retries": 0}
    if provider == "openai" and config.base_url:
        # Local servers know only the older name of this limit: https://github.com/ollama/ollama/issues/7125
        arguments["extra_body"] = {"max_tokens": config.max_tokens}
        arguments["api_key"] = os.environ.get("OPENAI_API_KEY") or "none"
        return arguments
    return arguments | {"max_tokens": config.max_tokens}


def _explain_setup(error: Exception, provider: str, config: LlmConfig) -> str:
    if str(error).startswith("Unsupported"):
        return (
            f"llm.model = {config.model!r} names an unknown provider {provider!r}; take extractive, transformers:FOLDER, or a provider "
            "of LangChain such as openai:MODEL, anthropic:MODEL or ollama:MODEL."
        )
    if variable := _KEY_VARIABLE.search(str(error)):
        return _no_key(config, variable[0])
    return (
        f"llm.model = {config.model!r} cannot be set up ({type(error).__name__}); check its name, llm.base_url and the provider's settings."
    )


def _no_key(config: LlmConfig, variable: str) -> str:
    return f"llm.model = {config.model!r} needs a key; set the environment variable {variable}, or llm.model = 'extractive' to do without."


def _address(config: LlmConfig) -> str:
    """Where the model is, without a user name, password or query."""
    parts = urlsplit(config.base_url or "")
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}" if parts.hostname else "its provider"


def _chain(error: BaseException) -> list[BaseException]:
    links = [error]
    while (cause := links[-1].__cause__ or links[-1].__context__) and cause not in links:
        links.append(cause)
    return links


def _kinds(error: BaseException) -> str:
    """The names of all classes that an error and its causes belong to."""
    return " ".join(kind.__name__ for link in _chain(error) for kind in type(link).__mro__)


def _status(error: Exception) -> int | None:
    """The HTTP status that an error, or what caused it, carries."""
    for link in _chain(error):
        for holder in (link, getattr(link, "response", None)):
            status = getattr(holder, "status_code", None)
            if isinstance(status, int):
                return status
    return None


def _pause(error: Exception, tried: int) -> float | None:
    """Seconds until it is worth while to ask again, as the provider tells or a little longer each time; None if it never is."""
    status = _status(error)
    kinds = _kinds(error)
    if status is None and ("Connect" not in kinds or "Timeout" in kinds):
        return None
    if status is not None and status not in _PASSING and status < 500:
        return None
    responses = [getattr(link, "response", None) for link in _chain(error)]
    headers: Mapping[str, str] = next((getattr(one, "headers", {}) for one in responses if one is not None), {})
    told = headers.get("retry-after", "")
    try:
        return max(0.0, float(told))
    except ValueError:
        return _seconds_until(told) or FIRST_PAUSE * 2.0 ** (tried - 1)


def _seconds_until(date: str) -> float:
    """Seconds until a date as HTTP writes it; 0 where it is none, or past."""
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - time.time())
    except ValueError:
        return 0.0
