"""Writes a trained table as the files of `rag/models`: model2vec's format, a manifest with checksums, a model card.

It knows file formats and nothing of training. The table is stored as int8 rows with one float32 scale per row, which
model2vec keeps in its tensor `weights`; `model2vec.StaticModel.from_pretrained(folder)` opens the folder.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save
from tokenizers import Tokenizer

FOLDER = "embedding"
FILES = ("config.json", "model.safetensors", "tokenizer.json")


def quantise(table: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Return int8 rows and their scales: `table` is about `rows * scales[:, None]`, with an error of half a scale."""
    scales = np.maximum(np.abs(table).max(axis=1), 1e-9).astype(np.float32) / 127
    rows = np.rint(table / scales[:, None]).astype(np.int8)
    return rows, scales.astype(np.float32)


def write_model(rows: npt.NDArray[np.int8], scales: npt.NDArray[np.float32], tokenizer: Tokenizer, repetition: float, out: Path) -> str:
    """Write `out/embedding` and `out/manifest.json`; return the revision, a hash over the files.

    `repetition` is ours: the exponent of a token's count in a text. model2vec ignores it and counts in full.
    """
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(save({"embeddings": rows, "weights": scales}))
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    config = {
        "model_type": "model2vec",
        "hidden_dim": rows.shape[1],
        "normalize": True,
        "max_length": None,
        "embedding_dtype": "int8",
        "repetition": repetition,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    return write_manifest(out, dimension=rows.shape[1])


def write_manifest(out: Path, dimension: int) -> str:
    """Write the entry `embedding` of `out/manifest.json`, leave other entries as they are; return the revision."""
    files = {name: hashlib.sha256((out / FOLDER / name).read_bytes()).hexdigest() for name in FILES}
    revision = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:8]
    enter(out, FOLDER, {"files": files, "dimension": dimension, "revision": revision})
    return revision


def enter(out: Path, name: str, entry: Mapping[str, object]) -> None:
    """Put an entry into `out/manifest.json`, which need not exist; other entries stay as they are."""
    path = out / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    manifest[name] = entry
    path.write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", encoding="utf-8")
