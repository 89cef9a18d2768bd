"""What `rag doctor` and `rag models` look at: the installation, the configured models, the index.

It loads the models that are named, but asks no hosted service anything: a key that is set may still be wrong.
"""

import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from rag.config import Config
from rag.embed import load_embedder
from rag.errors import IndexDamaged, RagError
from rag.generate import load_generator
from rag.index import open_index
from rag.index.check import search_files_are_sound
from rag.index.manifest import Manifest, folder_of
from rag.index.store import Store
from rag.read import contextual_fingerprint

CORE = ("faiss-cpu", "tantivy", "tokenizers", "gradio", "langchain-core", "pypdfium2")
LOCAL = ("torch", "transformers", "sentence-transformers")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    sound: bool
    text: str
    exit_status: int = 0


def examine(config: Config) -> list[Finding]:
    """Look at everything, in the order in which it is needed."""
    findings = [Finding(sys.version_info >= (3, 11), f"Python {sys.version.split()[0]}"), _packages(CORE), _extra()]
    return [*findings, *examine_models(config), _try(lambda: _index(config))]


def examine_models(config: Config) -> list[Finding]:
    """Load each model that the configuration names."""
    return [
        _try(lambda: f"embedding.model = {config.embedding.model!r}: {_embedding(config)}"),
        _try(lambda: f"llm.model = {config.llm.model!r}: {_llm(config)}"),
    ]


def _try(describe: Callable[[], str]) -> Finding:
    try:
        return Finding(True, describe())
    except RagError as error:
        return Finding(False, str(error), error.exit_status)


def _packages(names: tuple[str, ...]) -> Finding:
    found, missing = [], []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        return Finding(False, f"not installed: {', '.join(missing)}; run: pip install {' '.join(missing)}", 1)
    return Finding(True, ", ".join(found))


def _extra() -> Finding:
    finding = _packages(LOCAL)
    if finding.sound:
        return finding
    return Finding(
        True, "local models: not installed, and not needed for the built-in ones (pip install torch transformers sentence-transformers)"
    )


def _embedding(config: Config) -> str:
    return load_embedder(config.embedding.model, device=config.embedding.device).fingerprint


def _llm(config: Config) -> str:
    return load_generator(config.llm, config.answer).fingerprint


def _index(config: Config) -> str:
    folder = config.index.path
    with closing(open_index(config.index, _embedding(config))) as opened, opened.snapshot() as snapshot:
        store = snapshot.store
        if isinstance(store, Store) and not search_files_are_sound(folder_of(folder, snapshot.generation), Manifest.read(store)):
            raise IndexDamaged(
                f"Search files of the index at {folder} are damaged and made anew at every start; run: rag check --repair --index {folder}"
            )
        place = f"{folder} in {config.index.url}" if config.index.url else str(folder)
        counts = f"{store.count('documents')} documents, {store.count('passages')} passages, generation {snapshot.generation}"
        done, total = snapshot.vectors.contextual_count(contextual_fingerprint()) if config.retrieval.contextual else (0, 0)
        return f"index {place}: {counts}{f', contextual vectors: {done:,} of {total:,}' if total else ''}"
