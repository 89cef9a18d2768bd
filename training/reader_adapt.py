"""Teaches the reader's encoder Spanish: a sentence of either language lands on the teacher's vector of its English side.

Source of the idea: Reimers and Gurevych, "Making Monolingual Sentence Embeddings Multilingual" (2020). The heads come later.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from training.reader_model import Encoder, fit

LONGEST = 64
BATCH = 64
POOL = 32
ENGLISH_SHARE = 1 / 6
SCALE = 20.0


def adapt(
    encoder: Encoder, tokenizer: Tokenizer, english: Sequence[str], spanish: Sequence[str], targets: npt.NDArray[np.float32], *,
    steps: int, rate: float, seed: int, checkpoint: Path,
) -> None:  # fmt: skip
    """Train the encoder in place on sentence pairs and the teacher's vectors of their English sides (pairs x width)."""
    ids = {side: _token_ids(tokenizer, texts) for side, texts in (("en", english), ("es", spanish))}
    batches = _batches(ids["en"], ids["es"], steps, seed)
    compiled = torch.compile(encoder, dynamic=True)  # twice as fast; needs a C++ compiler

    def loss_at(step: int) -> Tensor:
        rows, spanish_side = batches[step]
        chosen = [ids["es" if other else "en"][row] for row, other in zip(rows, spanish_side, strict=True)]
        tokens, mask = pad(chosen)
        states = compiled(tokens, mask, torch.zeros_like(tokens)).float()
        pooled = (states * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
        vectors, wanted = functional.normalize(pooled, dim=1), torch.from_numpy(targets[rows])
        distance = 2 * (1 - (vectors * wanted).sum(1)).mean()
        contrast = functional.cross_entropy(SCALE * vectors @ wanted.T, torch.arange(len(rows)))
        return distance + 0.5 * contrast

    fit(encoder, loss_at, steps=steps, rate=rate, checkpoint=checkpoint, name="adapt")


def pad(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Token ids and mask, padded at the end with zeros."""
    longest = max(map(len, rows))
    tokens = torch.zeros((len(rows), longest), dtype=torch.long)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for number, row in enumerate(rows):
        tokens[number, : len(row)] = torch.tensor(row)
        mask[number, : len(row)] = 1
    return tokens, mask


def _token_ids(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    first, last = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    encodings = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    return [[first, *encoding.ids[: LONGEST - 2], last] for encoding in encodings]


def _batches(
    english: Sequence[Sequence[int]], spanish: Sequence[Sequence[int]], steps: int, seed: int
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]]:
    """For each step, rows and which of them are read in Spanish; texts of like length share a batch."""
    numbers = np.random.default_rng(seed)
    order = np.concatenate([numbers.permutation(len(english)) for _ in range(1 + steps * BATCH // len(english))])[: steps * BATCH]
    sides = numbers.random(len(order)) >= ENGLISH_SHARE
    lengths = np.array([len((spanish if side else english)[row]) for row, side in zip(order, sides, strict=True)])
    batches = []
    for start in range(0, len(order), POOL * BATCH):
        pool = np.arange(start, min(start + POOL * BATCH, len(order)))
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [(order[chosen], sides[chosen]) for chosen in np.array_split(pool, len(pool) // BATCH)]
    shuffled = numbers.permutation(len(batches))
    return [batches[number] for number in shuffled]
