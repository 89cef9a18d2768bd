"""Reads a reader that `reader_export` wrote back into a network, so that a second round of training starts from the first one's files.

It knows how the graph names its tensors. Weights come back as int8 kept them: the first steps of training repair that.
"""

import gzip
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from tokenizers import Tokenizer
from torch import Tensor

from training.reader_export import FOLDER, TOKENIZER
from training.reader_model import LAYERS, Encoder, ReaderNetwork

_LINEAR = ("mixing", "mixed", "wide", "narrow")
"""The linear maps of a layer, in the order in which the graph runs them."""


def read_reader(models: Path) -> tuple[ReaderNetwork, Tokenizer]:
    """The network and the tokenizer of `models/reader`."""
    graph = onnx.load(models / FOLDER / "model.onnx").graph
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}

    def linear(name: str) -> Tensor:
        weights = (stored[f"{name}_quantized"].astype(np.float32) - stored[f"{name}_zero_point"]) * stored[f"{name}_scale"]
        return torch.from_numpy(np.ascontiguousarray(weights.T))

    rows, scales = stored["rows"].astype(np.float32), stored["scales"]
    network = ReaderNetwork(Encoder(len(rows)))
    state = {name.removeprefix("network."): torch.from_numpy(value.copy()) for name, value in stored.items() if name.startswith("network.")}
    state = {name: value for name, value in state.items() if not name.endswith(("_scale", "_zero_point", "_quantized"))}
    state["encoder.tokens.weight"] = torch.from_numpy(rows * scales[:, None])
    numbered = sorted(
        {name.removesuffix("_quantized") for name in stored if name.startswith("onnx::MatMul_") and name.endswith("_quantized")},
        key=lambda name: int(name.rsplit("_", 1)[1]),
    )
    places = [f"encoder.layers.{layer}.{part}" for layer in range(LAYERS) for part in _LINEAR] + ["span"]
    for place, name in zip(places, numbered, strict=True):
        state[f"{place}.weight"] = linear(name)
    for place in ("hidden", "answerable"):
        state[f"{place}.weight"] = linear(f"network.{place}.weight_Transposed")
    for place in ("weighing", "supported"):  # not in the files: begins at random
        state |= {f"{place}.{kind}": value for kind, value in getattr(network, place).state_dict().items()}
    network.load_state_dict(state)
    return network, Tokenizer.from_buffer(gzip.decompress((models / FOLDER / TOKENIZER).read_bytes()))
