"""What the recipes of the small heads on the reader's states share: maps that start from the reader's own, the loss, the loop, the file."""

import hashlib
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import save
from torch import Tensor, nn
from tqdm import tqdm

from rag.heads import WIDTH_OF_ONE
from training.card import append_card
from training.export import enter, quantise
from training.reader_model import HEADS, WIDTH, Layer

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FILE = "model.safetensors"


class Attention(nn.Module):
    """What `rag.heads.Head.attended` computes, with gradients; it starts as that of a layer of the reader.

    Of the attentions that look side by side it keeps those that weigh the most; `columns` are theirs in the layer.
    """

    def __init__(self, layer: Layer, kept: int = HEADS) -> None:
        super().__init__()
        values, mixed = layer.mixing.weight[2 * WIDTH :].view(HEADS, -1), layer.mixed.weight.view(WIDTH, HEADS, -1)
        most = largest(values.norm(dim=1) * mixed.norm(dim=(0, 2)), kept)
        self.columns = torch.arange(WIDTH).view(HEADS, -1)[most].flatten()
        weights, biases = layer.mixing.weight.view(3, WIDTH, WIDTH)[:, self.columns], layer.mixing.bias.view(3, WIDTH)[:, self.columns]
        self.query = linear(weights[0], biases[0])
        self.pairs = linear(weights[1:].flatten(0, 1), biases[1:].flatten())

    def forward(self, asking: Tensor, states: Tensor, mask: Tensor) -> Tensor:
        """What rows (batch x rows x width) find among states (batch x tokens x width), batch x rows x `columns`.

        `mask` is 1 for tokens and 0 for padding.
        """
        batch, rows, width = asking.shape
        keys, values = self.pairs.weight.view(2, -1, WIDTH_OF_ONE, width)
        asked = self.query(asking).view(batch, rows, -1, WIDTH_OF_ONE) * WIDTH_OF_ONE**-0.5
        scores = torch.einsum("brhd,hdw->brhw", asked, keys).reshape(batch, -1, width) @ states.transpose(1, 2)
        means = (scores + (mask[:, None, :] - 1) * 1e4).softmax(-1) @ states
        found = torch.einsum("brhw,hdw->brhd", means.view(batch, rows, -1, width), values)
        return found.reshape(batch, rows, -1) + self.pairs.bias.view(2, -1)[1]


def largest(values: Tensor, count: int) -> Tensor:
    """The places of the largest values, in the order of places."""
    return values.argsort(descending=True)[:count].sort().values


def linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    """A map of its own that starts as this one."""
    made = nn.Linear(weight.shape[1], weight.shape[0])
    made.load_state_dict({"weight": weight.detach().clone(), "bias": bias.detach().clone()})
    return made


def surprise(odds: Tensor, right: Sequence[bool]) -> Tensor:
    """At those that answer, or at "none of them" (0), given the log-odds of each."""
    everything = torch.logsumexp(torch.cat([odds, odds.new_zeros(1)]), 0)
    answers = torch.tensor(right)
    return everything - torch.logsumexp(odds[answers], 0) if answers.any() else everything


def train(
    rates: Sequence[tuple[nn.Module, float]],
    count: int,
    losses: Callable[[list[int]], list[Tensor]],
    epochs: int,
    together: int,
    seed: int,
) -> None:
    """Train in place on `count` cases, so many together; `losses` gives that of each of them by number.

    `rates` are learning rates of parts of the network and, last, of all the rest of it.
    """
    network, groups, taken = rates[-1][0], [], set[Tensor]()
    for part, rate in rates:
        own = [weight for weight in part.parameters() if weight not in taken]
        groups.append({"params": own, "lr": rate})
        taken |= set(own)
    torch.manual_seed(seed)
    numbers = random.Random(seed)
    steps = math.ceil(epochs * count / together)
    order = [place for _ in range(epochs) for place in numbers.sample(range(count), count)]
    optimizer = torch.optim.AdamW(groups)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, [rate for _, rate in rates], total_steps=steps + 1, pct_start=0.1)
    network.train()
    for step in tqdm(range(steps), desc="training", mininterval=5):
        torch.stack(losses(order[step * together : (step + 1) * together])).mean().backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        schedule.step()
    network.eval()


def padded(windows: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """States of windows (tokens x width) as one tensor, and its mask."""
    states = nn.utils.rnn.pad_sequence([window.float() for window in windows], batch_first=True)
    lengths = torch.tensor([len(window) for window in windows])
    return states, (torch.arange(states.shape[1])[None, :] < lengths[:, None]).float()


def write_head(network: nn.Module, out: Path, folder: str) -> str:
    """Write `out/folder` and its entry in `out/manifest.json`, int8 rows with a scale each; return the revision."""
    tensors: dict[str, npt.NDArray[np.generic]] = {}
    for name, value in network.state_dict().items():
        own = name.removeprefix("attention.")
        tensors[own] = value.numpy().astype(np.float32)
        if value.ndim == 2:
            tensors[own], tensors[f"{own}.scale"] = quantise(value.numpy())
    (out / folder).mkdir(parents=True, exist_ok=True)
    content = save(tensors)
    (out / folder / FILE).write_bytes(content)
    files = {FILE: hashlib.sha256(content).hexdigest()}
    enter(out, folder, {"files": files, "revision": files[FILE][:8]})
    return files[FILE][:8]


def write_head_card(
    out: Path, folder: str, template: Path, revision: str, settings: "DataclassInstance", questions: int, measured: Mapping[str, str]
) -> str:
    """Fill the template, put it at the end of the model card in place of an older one; return the table of metrics."""
    table = "\n".join(["| held-out documents | |", "|---|---|", *(f"| {name} | {value} |" for name, value in measured.items())])
    values = {
        "revision": revision,
        "questions": f"{questions:,}",
        "settings": ", ".join(f"{name} {value}" for name, value in asdict(settings).items()),
        "metrics": table,
        "sizes": f"| {FILE} | {(out / folder / FILE).stat().st_size:,} |",
    }
    append_card(out, template, values)
    return table
