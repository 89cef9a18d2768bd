"""Trains the reader to answer: examples become token windows, batches of like length, and a loss.

Answerability is a binary cross-entropy; the span is a cross-entropy over positions, where "nowhere" is position 0 and a whole sentence
as target means that the ends may lie anywhere inside it (the marginal likelihood of Clark and Gardner 2018).
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from training.reader_adapt import pad
from training.reader_data import Example
from training.reader_model import POSITIONS, ReaderNetwork, fit

QUESTION_TOKENS = 48
CLAIM_TOKENS = 96
BATCH_TOKENS = 4_400
POOL = 40
OUTSIDE = -30.0
"""Logarithm of the probability that a position outside the target counts with."""


@dataclass(frozen=True)
class Window:
    """Token ids of question and passage, where the passage begins, and the positions that may start and end the answer."""

    ids: tuple[int, ...]
    passage: int
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    answerable: bool


def make_windows(examples: Sequence[Example], tokenizer: Tokenizer, seed: int, question_tokens: int = QUESTION_TOKENS) -> list[Window]:
    """One window per example: of a passage that is too long, a random part that holds the answer."""
    numbers = random.Random(seed)
    first, last = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    questions = tokenizer.encode_batch([example.question for example in examples], add_special_tokens=False)
    windows = []
    for block in tqdm(range(0, len(examples), 2_000), desc="tokens", mininterval=5):
        passages = tokenizer.encode_batch([example.passage for example in examples[block : block + 2_000]], add_special_tokens=False)
        for example, question, passage in zip(examples[block:], questions[block:], passages, strict=False):
            head = [first, *question.ids[:question_tokens], last]
            room = POSITIONS - len(head) - 1
            targets = [found for span in example.spans if (found := _token_span(passage.offsets, span))]
            begin = 0
            if len(passage.ids) > room:
                low, high = (max(0, targets[0][1] + 1 - room), targets[0][0]) if targets else (0, len(passage.ids))
                begin = min(numbers.randint(min(low, high), high), len(passage.ids) - room)
            shift = len(head) - begin
            inside = [(a + shift, b + shift) for a, b in targets if a >= begin and b < begin + room]
            if example.kind == "answer":
                starts, ends = tuple(sorted({a for a, _ in inside})), tuple(sorted({b for _, b in inside}))
            else:
                starts = ends = tuple(position for a, b in inside for position in range(a, b + 1))
            if starts or not example.spans:
                ids = (*head, *passage.ids[begin : begin + room], last)
                windows.append(Window(ids, len(head), starts or (0,), ends or (0,), bool(starts)))
    return windows


def train_heads(network: ReaderNetwork, windows: Sequence[Window], *, rate: float, seed: int, epochs: float, checkpoint: Path) -> int:
    """Train the whole network in place; return the number of steps."""
    batches = make_batches(windows, epochs, seed)
    compiled = torch.compile(network, dynamic=True)

    def loss_at(step: int) -> Tensor:
        return answer_loss(compiled, [windows[number] for number in batches[step]])

    fit(network, loss_at, steps=len(batches), rate=rate, checkpoint=checkpoint, name="read")
    return len(batches)


def answer_loss(network: Callable[..., tuple[Tensor, ...]], chosen: Sequence[Window]) -> Tensor:
    """What `network` loses on one batch, over both heads."""
    answerable, spans, _ = network(*as_tensors(chosen))
    logs = spans.log_softmax(dim=1)
    target = torch.full_like(logs, OUTSIDE)
    for row, window in enumerate(chosen):
        target[row, list(window.starts), 0] = 0.0
        target[row, list(window.ends), 1] = 0.0
    where = -torch.logsumexp(logs + target, dim=1).mean()
    whether = functional.binary_cross_entropy_with_logits(answerable, torch.tensor([float(w.answerable) for w in chosen]))
    return where + whether


def support_loss(network: Callable[..., tuple[Tensor, ...]], chosen: Sequence[Window]) -> Tensor:
    """What `network` loses on one batch of claims."""
    *_, supported = network(*as_tensors(chosen))
    return functional.binary_cross_entropy_with_logits(supported, torch.tensor([float(window.answerable) for window in chosen]))


def make_batches(windows: Sequence[Window], epochs: float, seed: int) -> list[list[int]]:
    """Numbers of windows in batches of about `BATCH_TOKENS` tokens with padding; windows of like length share a batch."""
    numbers = np.random.default_rng(seed)
    lengths = np.array([len(window.ids) for window in windows])
    order = np.concatenate([numbers.permutation(len(windows)) for _ in range(int(np.ceil(epochs)))])[: int(epochs * len(windows))]
    batches: list[list[int]] = []
    for start in range(0, len(order), POOL * 24):
        pool = order[start : start + POOL * 24]
        made: list[list[int]] = []
        current: list[int] = []
        for number in pool[np.argsort(lengths[pool], kind="stable")]:
            if current and (len(current) + 1) * lengths[number] > BATCH_TOKENS:
                made.append(current)
                current = []
            current.append(int(number))
        made.append(current)
        batches += [made[place] for place in numbers.permutation(len(made))]
    return batches


def as_tensors(windows: Sequence[Window]) -> tuple[Tensor, Tensor, Tensor]:
    """Ids, mask and types as the network wants them."""
    ids, mask = pad([window.ids for window in windows])
    positions = torch.arange(ids.shape[1])[None, :]
    firsts = torch.tensor([window.passage for window in windows])[:, None]
    lasts = torch.tensor([len(window.ids) - 1 for window in windows])[:, None]
    types = ((positions >= firsts) & (positions < lasts)).long()
    return ids, mask, types


def _token_span(offsets: Sequence[tuple[int, int]], span: tuple[int, int]) -> tuple[int, int] | None:
    inside = [number for number, (start, end) in enumerate(offsets) if start < span[1] and end > span[0]]
    return (inside[0], inside[-1]) if inside else None
