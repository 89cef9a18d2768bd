"""A language model in this process: any causal model of the Hub, or a folder, that transformers can load.

Only safetensors are loaded, and no code that comes with a model is run. The model's own tokenizer counts; the model's own positions bound
what it reads. Whether a model is good enough to answer from passages is not known here.
"""

import hashlib
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from typing import Any

from rag.config import LlmConfig
from rag.errors import ModelError
from rag.generate.stream import CUT, OPEN, Text, stream_from_thread
from rag.prompt import Message

EXTRA = 'pip install "torch" "transformers" "sentence-transformers"'
LONGEST_TAG = 16  # tokens
MAX_CHARACTERS_PER_TOKEN = 200  # a guard only: the model itself stops at max_new_tokens


class TransformersModel:
    """A `LanguageModel` for `config.model` = "transformers:NAME_OR_FOLDER"."""

    def __init__(self, config: LlmConfig) -> None:
        self._config = config
        self._name = config.model.removeprefix("transformers:")
        self._tokenizer, self._model = _load(self._name, config)
        self._control_tokens = _find_control_tokens(self._tokenizer)
        self._takes_system = self._check_template()
        positions = getattr(self._model.config.get_text_config(), "max_position_embeddings", None) or config.context_tokens
        self.budget = min(config.context_tokens, positions, self._tokenizer.model_max_length) - config.max_tokens

    @property
    def identity(self) -> str:
        """The name and the revision of the Hub, or the folder's own name and a hash of its settings and file sizes."""
        revision = getattr(self._model.config, "_commit_hash", None) or _hash_folder(Path(self._name))
        bits = "" if self._config.quantization == "none" else f"/{self._config.quantization}"
        return f"transformers:{Path(self._name).name if Path(self._name).is_dir() else self._name}@{revision}{bits}"

    def count_tokens(self, text: str) -> int:
        """The tokens of a text by the model's tokenizer."""
        return len(self._tokenizer(self._defuse(text), add_special_tokens=False, verbose=False)["input_ids"])

    def count_messages(self, messages: Sequence[Message]) -> int:
        """The exact tokens of a conversation in the model's chat format."""
        return int(self._encode(messages)["input_ids"].shape[1])

    def stream(self, messages: Sequence[Message]) -> Text:
        """What the model says next, in whole words. Raises GenerationError; closing it stops the model at its next token."""

        def work(put: Callable[[str], None], stop: Event) -> None:
            self._generate(messages, put, stop)

        return stream_from_thread(
            work,
            explain=self._explain,
            seconds=self._config.timeout_seconds,
            max_characters=self._config.max_tokens * MAX_CHARACTERS_PER_TOKEN,
        )

    def _generate(self, messages: Sequence[Message], put: Callable[[str], None], stop: Event) -> None:
        import torch
        from transformers import StoppingCriteriaList, TextStreamer

        streamer = TextStreamer(self._tokenizer, skip_prompt=True, skip_special_tokens=True)
        streamer.on_finalized_text = lambda text, **_: put(text)

        def stopped(input_ids: Any, scores: Any, **_: Any) -> Any:  # noqa: ANN401, ARG001 - tensors, untyped upstream
            return torch.full((input_ids.shape[0],), stop.is_set(), dtype=torch.bool, device=input_ids.device)

        temperature = self._config.temperature
        sampling = {"do_sample": True, "temperature": temperature} if temperature > 0 else _GREEDY
        encoded = self._encode(messages).to(self._config.device)
        if self._tokenizer.decode(encoded["input_ids"][0, -LONGEST_TAG:]).rstrip().endswith(OPEN):
            put(OPEN)  # some chat formats begin the answer's thoughts themselves
        written = self._model.generate(
            input_ids=encoded["input_ids"],
            attention_mask=encoded["attention_mask"],
            max_new_tokens=self._config.max_tokens,
            pad_token_id=self._pad_token(),
            streamer=streamer,
            stopping_criteria=StoppingCriteriaList([stopped]),
            **sampling,
        )[0, encoded["input_ids"].shape[1] :]
        if len(written) >= self._config.max_tokens and int(written[-1]) not in self._end_tokens():
            put(CUT)

    def _encode(self, messages: Sequence[Message]) -> Any:  # noqa: ANN401 - a BatchEncoding, untyped upstream
        conversation = [{"role": message.role, "content": self._defuse(message.content)} for message in messages]
        if not self._tokenizer.chat_template:
            names = {"system": "", "user": "", "assistant": "Answer: "}
            text = "\n\n".join(names[message["role"]] + message["content"] for message in conversation) + "\n\nAnswer:"
            return self._tokenizer(text, return_tensors="pt", verbose=False)
        return self._apply_template(conversation if self._takes_system else _merge_system(conversation))

    def _apply_template(self, conversation: list[dict[str, str]]) -> Any:  # noqa: ANN401 - a BatchEncoding, untyped upstream
        return self._tokenizer.apply_chat_template(
            conversation, add_generation_prompt=True, return_dict=True, return_tensors="pt", enable_thinking=False
        )

    def _check_template(self) -> bool:
        """Whether the chat format has a place for instructions; some formats refuse them (Gemma 2)."""
        if not self._tokenizer.chat_template:
            return True
        from jinja2 import TemplateError

        conversation = [{"role": "system", "content": "instructions"}, {"role": "user", "content": "question"}]
        try:
            self._apply_template(conversation)
        except TemplateError:
            try:
                self._apply_template(_merge_system(conversation))
            except TemplateError as error:
                raise ModelError(f"The chat template of the model {self._name!r} cannot be used; take another model.") from error
            return False
        return True

    def _defuse(self, text: str) -> str:
        """Break up what would be read as a control token of this model, for example the end of the user's turn."""
        for token in self._control_tokens:
            text = text.replace(token, f"{token[0]} {token[1:]}")
        return text

    def _end_tokens(self) -> set[int]:
        """The tokens that end an answer."""
        told = self._model.generation_config.eos_token_id
        return {token for token in (told if isinstance(told, list) else [told, self._tokenizer.eos_token_id]) if token is not None}

    def _pad_token(self) -> int | None:
        for token in (self._tokenizer.pad_token_id, self._tokenizer.eos_token_id):
            if token is not None:
                return int(token)
        return None

    def _explain(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return (
                f"The model {self._name!r} wrote nothing for {self._config.timeout_seconds:g} seconds; raise llm.timeout_seconds, lower "
                "llm.context_tokens, or take a smaller model."
            )
        return f"The model {self._name!r} failed while it was answering ({type(error).__name__}); lower llm.context_tokens or take another."


_GREEDY: dict[str, Any] = {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}


def _load(name: str, config: LlmConfig) -> tuple[Any, Any]:
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError as error:
        raise ModelError(f"llm.model = {config.model!r} needs packages that are not installed; run: {EXTRA}") from error
    if not name:
        raise ModelError("llm.model = 'transformers:' names no model; write transformers:NAME_OR_FOLDER.")
    if config.device != "cpu" and not getattr(torch, config.device).is_available():
        raise ModelError(f"llm.device = {config.device!r} is not available on this computer; set llm.device = 'cpu'.")
    more = _quantized(config)
    try:
        tokenizer, model = _load_local_first(name, AutoTokenizer, AutoModelForCausalLM, more)
    except ImportError as error:
        raise ModelError(f"The model {name!r} needs a package that is not installed ({error.name}); install it with pip.") from error
    except Exception as error:  # a missing name, a damaged file and an unknown architecture come as errors of different libraries
        raise ModelError(
            f"The model {name!r} cannot be loaded ({type(error).__name__}); give a folder or a name of the Hub with a causal language "
            "model in safetensors and without code of its own, and have a network when a name is used for the first time."
        ) from error
    return tokenizer, (model if config.quantization != "none" else model.to(config.device)).eval()


def _quantized(config: LlmConfig) -> dict[str, Any]:
    """The arguments that make transformers load a model in 8 or 4 bits, by bitsandbytes."""
    if config.quantization == "none":
        return {}
    for package in ("bitsandbytes", "accelerate"):
        if find_spec(package) is None:
            raise ModelError(f"llm.quantization = {config.quantization!r} needs packages; run: pip install bitsandbytes accelerate")
    from transformers import BitsAndBytesConfig

    bits = BitsAndBytesConfig(load_in_4bit=config.quantization == "4bit", load_in_8bit=config.quantization == "8bit")
    return {"quantization_config": bits, "device_map": {"": config.device}}


def _load_local_first(name: str, tokenizers: Any, models: Any, more: dict[str, Any]) -> tuple[Any, Any]:  # noqa: ANN401 - untyped upstream
    """Ask the Hub only for what is neither a folder nor in the cache, so that a model that was loaded once needs no network."""

    def load(*, local: bool) -> tuple[Any, Any]:
        safe = {"trust_remote_code": False, "local_files_only": local}
        return tokenizers.from_pretrained(name, **safe), models.from_pretrained(name, use_safetensors=True, dtype="auto", **safe, **more)

    try:
        return load(local=True)
    except OSError:
        if Path(name).is_dir():
            raise
        return load(local=False)


def _find_control_tokens(tokenizer: Any) -> tuple[str, ...]:  # noqa: ANN401 - untyped upstream
    """The tokens that structure a conversation: special ones, and added ones that the chat template writes; longest first."""
    template = str(tokenizer.chat_template or "")
    added = tokenizer.added_tokens_decoder.values()
    tokens = {token.content for token in added if token.special or token.content in template}
    return tuple(sorted((token for token in tokens if len(token) > 1 and not token.isspace()), key=len, reverse=True))


def _merge_system(conversation: list[dict[str, str]]) -> list[dict[str, str]]:
    """Put the instructions at the head of the first message of the user."""
    system, first, *others = conversation
    return [{"role": first["role"], "content": f"{system['content']}\n\n{first['content']}"}, *others]


def _hash_folder(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*")):
        digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
        if file.suffix in {".json", ".jinja"}:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
