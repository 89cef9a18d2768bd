"""Writes a trained reader as the files of `rag/models/reader`: an ONNX graph in int8, a packed tokenizer, settings; its manifest entry.

Token vectors are int8 rows with a scale each; the linear maps have int8 weights with a scale per output, and their inputs are quantised
as they come (onnxruntime's dynamic quantisation). Attention is one node, onnxruntime's own, which is faster than the several that torch
writes. The graph takes one window at a time, so it knows no padding.
"""

import gzip
import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from training.export import enter, quantise
from training.reader_heads import QUESTION_TOKENS
from training.reader_model import HEADS, POSITIONS, WIDTH, Layer, ReaderNetwork
from training.reader_vocabulary import SPECIAL_TOKENS

FOLDER = "reader"
TOKENIZER = "tokenizer.json.gz"
FILES = ("config.json", "model.onnx", TOKENIZER)
OPSET = 17
RUNTIME = "com.microsoft"
"""The domain of onnxruntime's own operators."""


class _Attention(torch.autograd.Function):
    """Attention without a mask over queries, keys and values (each batch x tokens x width)."""

    @staticmethod
    def forward(_context: object, *parts: Tensor) -> Tensor:
        query, key, value = (part.unflatten(2, (HEADS, -1)).transpose(1, 2) for part in parts)
        return functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)

    @staticmethod
    def symbolic(graph: Any, *parts: Any) -> Any:  # noqa: ANN401  torch does not name these types
        return graph.op(f"{RUNTIME}::MultiHeadAttention", *parts, num_heads_i=HEADS).setType(parts[0].type())


def _run(layer: Layer, states: Tensor) -> Tensor:
    """What `layer` makes of unpadded states."""
    return layer.after_attention(states, _Attention.apply(*layer.mixing(states).split(WIDTH, dim=2)))


class _Graph(nn.Module):
    """The network as it is run: int8 token vectors, no padding, raw span logits, and the mean of the states, which places a text.

    The third head, which weighs claims, is left out: it served the training of the encoder.
    """

    def __init__(self, network: ReaderNetwork) -> None:
        super().__init__()
        self.network = network
        rows, scales = quantise(network.encoder.tokens.weight.detach().numpy())
        self.register_buffer("rows", torch.from_numpy(rows))
        self.register_buffer("scales", torch.from_numpy(scales))

    def forward(self, ids: Tensor, types: Tensor) -> tuple[Tensor, ...]:
        encoder = self.network.encoder
        vectors = self.rows[ids].float() * self.scales[ids][:, :, None]
        states = encoder.norm(vectors + encoder.positions.weight[: ids.shape[1]] + encoder.types(types))
        for layer in encoder.layers:
            states = _run(layer, states)
        first = self.network.answerable(torch.tanh(self.network.hidden(states[:, 0])))
        return first[:, 0], self.network.span(states), states.mean(1)


def write_reader(network: ReaderNetwork, tokenizer: Tokenizer, calibration: dict[str, float], out: Path) -> str:
    """Write `out/reader` and its entry in `out/manifest.json`, leaving other entries as they are; return the revision."""
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    example = torch.ones((1, 16), dtype=torch.long)
    with tempfile.TemporaryDirectory() as temporary:
        exact = Path(temporary) / "exact.onnx"
        torch.onnx.export(
            _Graph(network).eval(), (example, example), exact, dynamo=False, opset_version=OPSET,
            input_names=["ids", "types"], output_names=["answerable", "spans", "pooled"],
            dynamic_axes={"ids": {1: "tokens"}, "types": {1: "tokens"}, "spans": {1: "tokens"}}, custom_opsets={RUNTIME: 1},
        )  # fmt: skip
        quantize_dynamic(exact, folder / "model.onnx", per_channel=True, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul"])
    (folder / TOKENIZER).write_bytes(gzip.compress(tokenizer.to_str().encode(), mtime=0))
    return write_settings(calibration, out)


def write_settings(calibration: dict[str, float], out: Path) -> str:
    """Write `config.json` and the manifest's entry; return the revision."""
    folder = out / FOLDER
    first, last = SPECIAL_TOKENS.index("[CLS]"), SPECIAL_TOKENS.index("[SEP]")
    config = {"tokens": POSITIONS, "question_tokens": QUESTION_TOKENS, "first": first, "last": last, "calibration": calibration}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}
    # How the tokenizer is packed makes no other reader.
    unpacked = {name: checksum for name, checksum in files.items() if name != TOKENIZER}
    unpacked["tokenizer.json"] = hashlib.sha256(gzip.decompress((folder / TOKENIZER).read_bytes())).hexdigest()
    revision = hashlib.sha256(json.dumps(unpacked, sort_keys=True).encode()).hexdigest()[:8]
    enter(out, FOLDER, {"files": files, "revision": revision})
    return revision
