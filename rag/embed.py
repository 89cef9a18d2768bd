"""Turns texts into vectors: the built-in bilingual table, a sentence-transformers model, or a LangChain provider.

All three give float32 rows of length 1, so that an inner product is a cosine; a text in which nothing is known gets a row of
zeros. A fingerprint names everything that the vectors depend on: two embedders with the same fingerprint give the same vectors.

It does not know what is embedded, where vectors are stored, or how they are compared. Nothing heavier than numpy is imported
until an embedder is made.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from rag.errors import ModelError
from rag.paths import MODELS
from rag.whole_words import READING, reads_whole_words

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings
    from sentence_transformers import SentenceTransformer

    from rag.config import EmbeddingConfig

__all__ = [
    "BuiltinEmbedder",
    "ContextualEncoder",
    "Embedder",
    "LangChainEmbedder",
    "SentenceTransformersEmbedder",
    "configured_embedders",
    "load_embedder",
]

Matrix = npt.NDArray[np.float32]

INSTALL_LOCAL = "pip install torch sentence-transformers"
RESTORE = "install the program again, or in a checkout run `git checkout -- rag/models`"
PROVIDER_PACKAGES = {
    "azure_ai": "langchain-azure-ai",
    "azure_openai": "langchain-openai",
    "bedrock": "langchain-aws",
    "cohere": "langchain-cohere",
    "google_genai": "langchain-google-genai",
    "google_vertexai": "langchain-google-vertexai",
    "huggingface": "langchain-huggingface",
    "mistralai": "langchain-mistralai",
    "ollama": "langchain-ollama",
    "openai": "langchain-openai",
}
"""The providers of `langchain.embeddings.init_embeddings` and what to install for each."""

_BLOCK = 256  # Texts tokenized at a time: enough to keep two cores busy, few enough to stay out of the way of memory.


class Embedder(Protocol):
    """Vectors for passages and for questions; the two differ where a model wants a prompt before one of them."""

    @property
    def fingerprint(self) -> str:
        """Model, revision, dimension, normalisation, prompts and how texts are read in one line: "builtin@1a2b3c4d/384/l2/whole-words"."""
        ...

    @property
    def dimension(self) -> int:
        """The length of each vector."""
        ...

    def encode_documents(self, texts: Sequence[str]) -> Matrix:
        """Vectors of passages, len(texts) x dimension, each row of length 1 or all zeros."""
        ...

    def encode_queries(self, texts: Sequence[str]) -> Matrix:
        """Vectors of questions, len(texts) x dimension, each row of length 1 or all zeros."""
        ...


class ContextualEncoder(Protocol):
    """Vectors that know word order and context, which take a hundred times as long: `rag.index.contextual` adds them behind a sync."""

    @property
    def contextual_fingerprint(self) -> str:
        """Which vectors these are: "contextual@1a2b3c4d/whole-words"."""
        ...

    def encode(self, texts: Sequence[str]) -> Matrix:
        """Vectors of questions or passages, len(texts) x dimension, each row of length 1 or all zeros."""
        ...


class BuiltinEmbedder:
    """The table of token vectors that comes with the program, English and Spanish in one space; a text is the sum of its tokens,
    where a token that occurs again counts less each time.

    `tokenizer` and `rows` (tokens x dimension, the length of a row is the weight of its token) are public because other parts of
    the program compare single words with them.

    Args:
        models: the folder that holds `manifest.json` and `embedding/`.

    Raises:
        ModelError: a file is missing or is not the one that the manifest names.
    """

    def __init__(self, models: Path = MODELS) -> None:
        from safetensors.numpy import load
        from tokenizers import Tokenizer

        files, revision = read_verified(models, "embedding")
        tensors = load(files["model.safetensors"])
        self.tokenizer = reads_whole_words(Tokenizer.from_buffer(files["tokenizer.json"]))
        self.rows: Matrix = tensors["embeddings"] * tensors["weights"][:, None]
        self._repetition = float(json.loads(files["config.json"])["repetition"])
        self.dimension = int(self.rows.shape[1])
        self.fingerprint = f"builtin@{revision}/{self.dimension}/l2/{READING}"

    def encode_documents(self, texts: Sequence[str]) -> Matrix:
        """Vectors of passages, of any length; the rows do not depend on which texts are encoded together."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(texts), _BLOCK):
            # A lone surrogate, as a damaged argument or file may hold, is no valid text for the tokenizer.
            block = [text.encode("utf-8", "replace").decode("utf-8") for text in texts[start : start + _BLOCK]]
            encodings = self.tokenizer.encode_batch_fast(block, add_special_tokens=False)
            for row, encoding in enumerate(encodings, start):
                ids, counts = np.unique(np.asarray(encoding.ids, dtype=np.intp), return_counts=True)
                vectors[row] = (counts**self._repetition).astype(np.float32) @ self.rows[ids]
        return _unit_rows(vectors)

    def encode_queries(self, texts: Sequence[str]) -> Matrix:
        """The same as `encode_documents`: the table wants no prompts."""
        return self.encode_documents(texts)


class SentenceTransformersEmbedder:
    """Any sentence-transformers model, by its name on the Hugging Face Hub or by folder, with the prompts that it declares.

    Only safetensors weights are loaded, and never code that comes with a model.

    Raises:
        ModelError: sentence-transformers is not installed, or the model cannot be found or read.
    """

    def __init__(self, model: str, *, device: str | None = None) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise ModelError(f"The embedding model {model!r} needs sentence-transformers; run `{INSTALL_LOCAL}`.") from error
        from safetensors import SafetensorError

        self._name = model
        try:
            self._model = SentenceTransformer(model, device=device, trust_remote_code=False, model_kwargs={"use_safetensors": True})
            revision = _revision(self._model, model)
            self.dimension = int(self._encode(self._model.encode_query, ["dimension"]).shape[1])
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise ModelError(
                f"The embedding model {model!r} is neither a folder with safetensors weights nor a model that could be fetched from the "
                f'Hugging Face Hub ({type(error).__name__}); check the name and the network, or set embedding.model = "builtin".'
            ) from error
        parts = [f"{Path(model).name if Path(model).is_dir() else model}@{revision}", str(self.dimension), "l2"]
        prompts = {name: text for name, text in sorted(self._model.prompts.items()) if text}
        if prompts:
            parts.append(json.dumps({"prompts": prompts, "default": self._model.default_prompt_name}, ensure_ascii=False))
        self.fingerprint = "/".join(parts)

    def encode_documents(self, texts: Sequence[str]) -> Matrix:
        """Vectors of passages, after the model's prompt for documents."""
        return _encode_filled(texts, self.dimension, lambda filled: self._encode(self._model.encode_document, filled))

    def encode_queries(self, texts: Sequence[str]) -> Matrix:
        """Vectors of questions, after the model's prompt for queries."""
        return _encode_filled(texts, self.dimension, lambda filled: self._encode(self._model.encode_query, filled))

    def _encode(self, encode: Callable[..., Matrix], texts: list[str]) -> Matrix:
        return _checked(encode(texts, convert_to_numpy=True, show_progress_bar=False), len(texts), self._name)


class LangChainEmbedder:
    """Any LangChain `Embeddings`: hosted models, Ollama, your own class.

    Providers do not tell the revision of a model, so the fingerprint cannot name it: after a provider changes a model under the same
    name, index again into a new folder. The dimension is asked of the provider once, when it is first needed.

    Args:
        embeddings: the LangChain object.
        name: what the fingerprint calls it, e.g. "openai:text-embedding-3-small".
    """

    def __init__(self, embeddings: "Embeddings", name: str) -> None:
        self._embeddings = embeddings
        self._name = name
        self._dimension: int | None = None

    @property
    def dimension(self) -> int:
        """The length of each vector; the first call embeds one word."""
        if self._dimension is None:
            self._dimension = int(self._encode(self._embeddings.embed_documents, ["dimension"]).shape[1])
        return self._dimension

    @property
    def fingerprint(self) -> str:
        """Name, dimension and normalisation."""
        return f"{self._name}/{self.dimension}/l2"

    def encode_documents(self, texts: Sequence[str]) -> Matrix:
        """Vectors of passages."""
        return _encode_filled(texts, self.dimension, lambda filled: self._encode(self._embeddings.embed_documents, filled))

    def encode_queries(self, texts: Sequence[str]) -> Matrix:
        """Vectors of questions, one call each, as LangChain has it."""
        return _encode_filled(texts, self.dimension, lambda filled: self._encode(self._embed_queries, filled))

    def _embed_queries(self, texts: list[str]) -> list[list[float]]:
        return [self._embeddings.embed_query(text) for text in texts]

    def _encode(self, embed: Callable[[list[str]], list[list[float]]], texts: list[str]) -> Matrix:
        try:
            vectors = embed(texts)
        except Exception as error:  # a provider raises whatever its client library raises
            raise _provider_failed(self._name, error) from error
        return _checked(vectors, len(texts), self._name, self._dimension)


def load_embedder(model: str, *, device: str | None = None) -> Embedder:
    """Return the embedder that a configuration names.

    Args:
        model: "builtin"; "provider:model" for a provider of LangChain's `init_embeddings`; else the name or folder of a
            sentence-transformers model.
        device: where a sentence-transformers model runs, "cpu" or "cuda"; None takes the best one there is.

    Raises:
        ModelError: the model or the package that it needs is not there, or its files are damaged.
    """
    if model == "builtin":
        return BuiltinEmbedder()
    if not model.strip():
        raise ModelError('The embedding model is empty; set embedding.model = "builtin", or to the name of a model.')
    provider, separator, _ = model.partition(":")
    if separator and provider in PROVIDER_PACKAGES:
        return _load_provider(model, PROVIDER_PACKAGES[provider])
    return SentenceTransformersEmbedder(model, device=device)


def configured_embedders(settings: "EmbeddingConfig") -> list[Embedder]:
    """The configured embedder, and those that are kept beside it.

    Raises:
        ModelError: see `load_embedder`.
    """
    return [load_embedder(model, device=settings.device) for model in (settings.model, *settings.also)]


def _load_provider(model: str, package: str) -> LangChainEmbedder:
    from langchain.embeddings import init_embeddings

    try:
        return LangChainEmbedder(init_embeddings(model), model)
    except ImportError as error:
        raise ModelError(f"The embedding model {model!r} needs {package}; run `pip install {package}`.") from error
    except Exception as error:  # a provider raises whatever its client library raises
        raise _provider_failed(model, error) from error


def _provider_failed(model: str, error: Exception) -> ModelError:
    # The provider's own message may quote a key or a passage: only its type is passed on, the rest stays in __cause__.
    return ModelError(
        f"The embedding model {model!r} failed with {type(error).__name__}; "
        "check the name, the provider's key in the environment, and that its server can be reached."
    )


def read_verified(models: Path, entry: str) -> tuple[dict[str, bytes], str]:
    """The files of `models/entry` after their sha256 was compared with `models/manifest.json`, and their revision."""
    try:
        manifest = json.loads((models / "manifest.json").read_text(encoding="utf-8"))[entry]
        files = {name: (models / entry / name).read_bytes() for name in manifest["files"]}
        revision = str(manifest["revision"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"The built-in model in {models} is incomplete ({type(error).__name__}); {RESTORE}.") from error
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != manifest["files"][name]:
            raise ModelError(f"The model file {models / entry / name} does not match its sha256 in manifest.json; {RESTORE}.")
    return files, revision


def _revision(model: "SentenceTransformer", name: str) -> str:
    """A hash over the loaded weights and, for a folder, over its settings: it changes when the model does under the same name."""
    import torch

    digest = hashlib.sha256()
    for parameter, values in sorted(model.state_dict().items()):
        digest.update(parameter.encode())
        digest.update(values.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    for path in sorted(Path(name).rglob("*.json")) if Path(name).is_dir() else []:
        digest.update(path.relative_to(name).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def _encode_filled(texts: Sequence[str], dimension: int, encode: Callable[[list[str]], Matrix]) -> Matrix:
    """Unit rows of `encode` for texts, zeros for blank ones: providers refuse them, and a model would give them a meaning."""
    filled = [row for row, text in enumerate(texts) if text.strip()]
    vectors = np.zeros((len(texts), dimension), dtype=np.float32)
    if filled:
        vectors[filled] = encode([texts[row] for row in filled])
    return _unit_rows(vectors)


def _checked(vectors: npt.ArrayLike, count: int, model: str, dimension: int | None = None) -> Matrix:
    """The vectors as float32, count x dimension, or an error if that is not what a model returned."""
    matrix: Matrix = np.asarray(vectors, dtype=np.float32)
    if matrix.ndim != 2 or len(matrix) != count or matrix.shape[1] != (dimension or matrix.shape[1]) or not np.isfinite(matrix).all():
        raise ModelError(
            f"The embedding model {model!r} returned numbers of shape {matrix.shape}, not {count} finite vectors"
            f"{f' of dimension {dimension}' if dimension else ''}; check which model is served under this name, or use another."
        )
    return matrix


def _unit_rows(vectors: Matrix) -> Matrix:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Matrix = np.divide(vectors, lengths, out=vectors, where=lengths > 0)
    return unit
