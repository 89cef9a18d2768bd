"""The configuration: plain values, read once, passed on; objects are built from it in `rag.pipeline`.

Later wins: the defaults below, `rag.toml` (in the current folder, or `--config FILE`), environment (`RAG_LLM__MODEL=...`; `RAG_INDEX` is
short for `RAG_INDEX__PATH`), flags (`--set llm.model=...`). An unknown key is refused with the nearest known one.
Secrets are no part of this: providers read their own environment variables (OPENAI_API_KEY and the like).
"""

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from rag.errors import ConfigError
from rag.paths import shipped

DEFAULT_FILE = Path("rag.toml")
LIKELY = 0.85
"""How alike a name must be to a variable's to be taken for a misspelling of it (difflib's ratio)."""
ENVIRONMENT_PREFIX = "RAG_"
_CREDENTIALS = re.compile(r"(?<=://)[^/\s]*@|(?<=\w)[?#][^\s'\"]*")
_SECRET = re.compile(r"(?:^|[._])(?:api_?key|key|secret|password|(?:access_|auth_|api_)?token)$")


class Section(BaseModel):
    """Base of the tables of `rag.toml`: frozen, and strict about names."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


HomePath = Annotated[Path, AfterValidator(Path.expanduser)]
"""A path that may begin with "~", which no shell has expanded in a file or a variable."""


class IndexConfig(Section):
    """Where the index is. `path` is relative to the current folder; with `url` it only names the index in that Milvus server."""

    path: HomePath = Path("index/default")
    url: str | None = None


class LoadConfig(Section):
    """What is read, and what reading one file may cost. `workers`: 0 takes one for each core; `urls` allows web pages to be fetched."""

    max_megabytes: Annotated[float, Field(gt=0)] = 50.0
    max_seconds: Annotated[float, Field(gt=0)] = 20.0
    max_memory_megabytes: Annotated[float, Field(ge=200)] = 512.0
    workers: Annotated[int, Field(ge=0, le=256)] = 0
    ocr: bool = False
    ocr_languages: Annotated[str, Field(pattern=r"^[A-Za-z_]+(\+[A-Za-z_]+)*$")] = "spa+eng"
    urls: bool = False


class SplitConfig(Section):
    """How long a passage may be, in characters of text."""

    target_characters: Annotated[int, Field(ge=100, le=20_000)] = 900
    max_characters: Annotated[int, Field(ge=200, le=40_000)] = 1_600

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.max_characters < self.target_characters:
            raise ValueError(f"max_characters must be at least target_characters, {self.target_characters}")
        return self


class EmbeddingConfig(Section):
    """`model`: "builtin", a sentence-transformers name or folder, or a LangChain provider string ("openai:text-embedding-3-small").

    `also`: other such models whose vectors `rag index` keeps beside, so that they can be compared.
    """

    model: str = "builtin"
    device: str = "cpu"
    also: tuple[str, ...] = ()


class RetrievalConfig(Section):
    """`candidates`: passages that each search contributes; `passages`: passages that an answer is made from.

    `contextual`: compute contextual vectors of passages behind `rag index`, and rank with those that exist.
    """

    candidates: Annotated[int, Field(ge=1, le=1_000)] = 100
    passages: Annotated[int, Field(ge=1, le=50)] = 8
    contextual: bool = True


class AnswerConfig(Section):
    """`threshold`: evidence under which the answer is "the documents do not say" (0 never refuses, 1 always does).

    `strict`: sentences that the documents do not support are left out instead of marked. `reader`: a small model reads the best passages;
    without it words alone choose the sentences and refuse, in a fraction of the time and less well.
    """

    threshold: Annotated[float, Field(ge=0, le=1)] = 0.4
    max_sentences: Annotated[int, Field(ge=1, le=10)] = 3
    strict: bool = False
    reader: bool = True


class LlmConfig(Section):
    """`model`: "extractive", a LangChain chat model ("openai:gpt-5-mini", "ollama:llama3.2"), or "transformers:NAME_OR_FOLDER"."""

    model: str = "extractive"
    base_url: str | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    max_tokens: Annotated[int, Field(ge=1)] = 512
    context_tokens: Annotated[int, Field(ge=256)] = 4_096
    timeout_seconds: Annotated[float, Field(gt=0)] = 60.0
    max_retries: Annotated[int, Field(ge=0, le=10)] = 2
    device: Literal["cpu", "cuda", "mps"] = "cpu"
    quantization: Literal["none", "8bit", "4bit"] = "none"

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, url: str | None) -> str | None:
        if url:
            try:
                parts = urlsplit(url)
                sound = parts.scheme in {"http", "https"} and parts.hostname and (parts.port is None or parts.port > 0)
            except ValueError:
                sound = False
            if not sound:
                raise ValueError("write it as http://127.0.0.1:8080/v1")
        return url

    def with_model(self, model: str) -> Self:
        """The same settings for another model; `base_url` is of one provider's server and goes with that provider."""
        same = model.partition(":")[0] == self.model.partition(":")[0]
        return self.model_copy(update={"model": model, "base_url": self.base_url if same else None})


class ChatConfig(Section):
    """What visitors of the chat page may do; docs/chat.md explains it.

    `uploads`: "shared" adds files to the index for everybody, "private" keeps each visitor's files apart and only as long as the page is
    served, "off" takes none; "auto" is "shared" on a page without a password and "private" on one with. `upload_types` are suffixes
    (".pdf"); empty takes all that can be read. `models` and `collections` (folders of indexes) are offered beside the configured ones.
    """

    uploads: Literal["auto", "shared", "private", "off"] = "auto"
    upload_megabytes: Annotated[float, Field(gt=0)] = 20.0
    upload_files: Annotated[int, Field(ge=1)] = 200
    upload_types: tuple[str, ...] = ()
    questions_per_minute: Annotated[int, Field(ge=1)] = 60
    question_characters: Annotated[int, Field(ge=100, le=10_000)] = 2_000
    concurrent_questions: Annotated[int, Field(ge=1, le=64)] = 8
    waiting_questions: Annotated[int, Field(ge=1)] = 200
    models: tuple[str, ...] = ()
    collections: tuple[HomePath, ...] = ()
    review_file: HomePath = Path("index/review.jsonl")


class Config(Section):
    """All settings; every field has a default, so `Config()` is the product as it is installed."""

    index: IndexConfig = IndexConfig()
    load: LoadConfig = LoadConfig()
    split: SplitConfig = SplitConfig()
    embedding: EmbeddingConfig = EmbeddingConfig()
    retrieval: RetrievalConfig = RetrievalConfig()
    answer: AnswerConfig = AnswerConfig()
    llm: LlmConfig = LlmConfig()
    chat: ChatConfig = ChatConfig()


_SECTIONS: dict[str, type[Section]] = {name: type(field.default) for name, field in Config.model_fields.items()}


def load_config(
    file: Path | None = None,
    assignments: Sequence[str] = (),
    index: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Config:
    """Read the configuration.

    Args:
        file: the TOML file; None takes `rag.toml` of the current folder if it is there.
        assignments: "section.key=value" of `--set`, the value in TOML or as a bare word.
        index: folder of the index from `--index`; wins over everything.
        environment: environment variables; None takes those of the process.

    Raises:
        ConfigError: a file that cannot be read, an unknown key, or a value out of its range.
    """
    values: dict[str, Any] = {}
    for origin, layer in (
        (str(file or DEFAULT_FILE), _read_file(file)),
        ("the environment", _read_environment(os.environ if environment is None else environment)),
        ("--set", _read_assignments(assignments)),
    ):
        _check_keys(layer, origin)
        _merge(values, layer)
    if index is not None:
        _merge(values, {"index": {"path": index}})
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ").lower()
        value = without_credentials(repr(first["input"]))
        value = value if len(value) <= 100 else value[:100] + "…"
        raise ConfigError(f"{name} = {value} cannot be used: {reason}. Every key and its default: {shipped('rag.toml')}.") from error


def without_credentials(address: str) -> str:
    """An address that can be shown: no user name, password, query or fragment."""
    return _CREDENTIALS.sub("", address)


def _read_file(file: Path | None) -> dict[str, Any]:
    path = file or DEFAULT_FILE
    if file is None and not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"The config file {path} cannot be read ({error.strerror}); check the path given to --config.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"The config file {path} is not in UTF-8 (byte {error.start + 1}); save it so.") from error
    except (ValueError, RecursionError) as error:  # not TOML, or nested beyond reason
        raise ConfigError(f"The config file {path} is not valid TOML: {error}.") from error


def _read_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    single = {
        f"{ENVIRONMENT_PREFIX}{section}_{key}".upper(): (section, key) for section, model in _SECTIONS.items() for key in model.model_fields
    }
    for name, text in environment.items():
        key = name.removeprefix(ENVIRONMENT_PREFIX).lower()
        if not text.strip():
            continue  # an empty variable is one that is not set
        if name == "RAG_INDEX":
            _merge(values, {"index": {"path": text}})
        elif near := _meant_variable(name, single):
            section, key = single[near]
            raise ConfigError(f"The environment variable {name} is not read; write {ENVIRONMENT_PREFIX}{section.upper()}__{key.upper()}.")
        elif name.startswith(ENVIRONMENT_PREFIX) and difflib.get_close_matches(name, ["RAG_INDEX"], cutoff=LIKELY):
            raise ConfigError(f"The environment variable {name} is not read; write RAG_INDEX.")
        elif name.startswith(ENVIRONMENT_PREFIX) and "__" in key:
            _assign(values, key.replace("__", ".", 1), text.strip())
    return values


def _meant_variable(name: str, single: Iterable[str]) -> str | None:
    """Which of the variables that lack an underscore `name` is, or is a misspelling of; others that begin with RAG_ are not ours."""
    if not name.startswith(ENVIRONMENT_PREFIX) or "__" in name:
        return None
    return next(iter(difflib.get_close_matches(name, single, n=1, cutoff=LIKELY)), None)


def _read_assignments(assignments: Sequence[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or "." not in name:
            raise ConfigError(f"--set {assignment!r} is not of the form section.key=value, for example --set llm.model=extractive.")
        _assign(values, name.strip(), text.strip())
    return values


def _assign(values: dict[str, Any], dotted: str, text: str) -> None:
    """Put `text`, read as a TOML value or else as a bare word, at "section.key"; where text is wanted, 2024 is text too."""
    section, _, key = dotted.partition(".")
    value: Any = text
    try:
        parsed = tomllib.loads(f"value = {text}")
        wanted = _SECTIONS[section].model_fields[key].annotation if key in getattr(_SECTIONS.get(section), "model_fields", ()) else None
        if len(parsed) == 1 and (isinstance(parsed["value"], str) or wanted not in {str, Path, str | None}):
            value = parsed["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        pass
    values.setdefault(section, {})[key] = value


def _merge(values: dict[str, Any], layer: Mapping[str, Any]) -> None:
    for section, table in layer.items():
        values[section] = {**values.get(section, {}), **table}


def _check_keys(layer: Mapping[str, Any], origin: str) -> None:
    for section, table in layer.items():
        model = _SECTIONS.get(section)
        if model is None:
            raise _unknown(section, [*_SECTIONS], origin)
        if not isinstance(table, Mapping):
            raise ConfigError(f"{section} in {origin} is a table: write [{section}] and its keys below it.")
        for key in table:
            if key not in model.model_fields:
                raise _unknown(f"{section}.{key}", [f"{section}.{name}" for name in model.model_fields], origin)


def _unknown(name: str, known: list[str], origin: str) -> ConfigError:
    if _SECRET.search(name.lower()):
        return ConfigError(
            f"{name} in {origin} is not read; take it out and set the environment variable of the provider (OPENAI_API_KEY)."
        )
    every = [f"{section}.{key}" for section, model in _SECTIONS.items() for key in model.model_fields]
    nearest = difflib.get_close_matches(name, known + every, n=1, cutoff=0.4) or known[:1]
    return ConfigError(f"Unknown key {name!r} in {origin}; the nearest is {nearest[0]!r}.")
