"""The reader's second round: it goes on answering, and the same encoder learns to place texts, so that one file serves both.

Most steps are those of `reader_heads`. Every few, the encoder alone reads texts without a question and is pulled, by the mean of its
states, to where the English teacher puts their English side; or questions are pulled to their passages, across languages, away from the
other passages of the batch.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from training.corpus import Pair
from training.reader_adapt import pad
from training.reader_heads import Window, answer_loss, make_batches, support_loss
from training.reader_model import Encoder, ReaderNetwork, fit

EVERY = 6
"""One step in so many places texts instead of answering."""

QUESTIONS_EVERY = 3
"""Of the steps that place texts, one in so many pulls questions to passages."""

Ids = tuple[int, ...]

SCALE = 20.0
LONGEST = 192
BATCH_TOKENS = 4_400
SPANISH = 5 / 6


@dataclass(frozen=True)
class Placed:
    """One text as the student reads it, and the English text whose teacher's vector it should have."""

    student: tuple[int, ...]
    teacher: tuple[int, ...]


def placed_texts(pairs: Sequence[Pair], tokenizer: Tokenizer, teacher_tokenizer: Tokenizer, seed: int) -> list[Placed]:
    """Token ids of the pairs, five in six read in Spanish."""
    numbers = random.Random(seed)
    read = [pair.spanish if numbers.random() < SPANISH else pair.english for pair in pairs]
    own, others = text_ids(tokenizer, read), text_ids(teacher_tokenizer, [pair.english for pair in pairs])
    return [Placed(*ids) for ids in zip(own, others, strict=True)]


def text_ids(tokenizer: Tokenizer, texts: Sequence[str]) -> list[tuple[int, ...]]:
    """A text alone: first, tokens, last; long ones are cut."""
    first, last = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    encodings = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    return [(first, *encoding.ids[: LONGEST - 2], last) for encoding in encodings]


def train_together(
    network: ReaderNetwork, windows: Sequence[Window], placed: Sequence[Placed], asked: Sequence[tuple[Ids, ...]],
    teacher: Encoder, *, steps: int, rate: float, seed: int, checkpoint: Path, every: int = EVERY, questions_every: int = QUESTIONS_EVERY,
    claimed: Sequence[Window] = (), weighed: int = 0,
) -> None:  # fmt: skip
    """Train in place; five in six windows of the default data are seen once in the default steps.

    Args:
        network: the reader after its first round.
        windows: questions on passages.
        placed: texts with their teacher's side.
        asked: token ids of a question, of a passage that answers it, and of passages that do not.
        teacher: the English encoder, left as it is.
        steps: how many.
        rate: the highest learning rate.
        seed: of the order of batches.
        checkpoint: where a stopped run goes on from.
        every: one step in so many places texts.
        questions_every: one of so many of those pulls questions to passages.
        claimed: claims on passages.
        weighed: how many of `every` steps weigh claims.
    """
    numbers = np.random.default_rng(seed)
    reading, weighing = make_batches(windows, 1.0, seed), make_batches(claimed, 1.0, seed) if claimed else []
    placing = _by_length([max(len(text.student), len(text.teacher)) for text in placed], numbers)
    asking = _by_length([max(map(len, texts)) for texts in asked], numbers)
    compiled = torch.compile(network, dynamic=True)
    encode = torch.compile(network.encoder, dynamic=True)
    place = torch.compile(teacher.eval(), dynamic=True)

    def loss_at(step: int) -> Tensor:
        turn, rest = divmod(step, every)
        if 1 <= rest <= weighed:
            return support_loss(compiled, [claimed[number] for number in weighing[(turn * weighed + rest - 1) % len(weighing)]])
        if rest:
            batch = reading[(turn * (every - 1 - weighed) + rest - weighed - 1) % len(reading)]
            return answer_loss(compiled, [windows[number] for number in batch])
        if turn % questions_every:
            chosen = [placed[number] for number in placing[turn % len(placing)]]
            with torch.no_grad():
                wanted = pooled(place, [text.teacher for text in chosen])
            vectors = pooled(encode, [text.student for text in chosen])
            return 2 * (1 - (vectors * wanted).sum(1)).mean() + 0.5 * contrast(vectors, wanted)
        chosen_texts = [asked[number] for number in asking[turn // questions_every % len(asking)]]
        passages = [texts[1] for texts in chosen_texts] + [other for texts in chosen_texts for other in texts[2:]]
        return 0.5 * contrast(pooled(encode, [texts[0] for texts in chosen_texts]), pooled(encode, passages))

    fit(network, loss_at, steps=steps, rate=rate, checkpoint=checkpoint, name="read on")


def pooled(encode: Encoder, texts: Sequence[Sequence[int]]) -> Tensor:
    """Unit vectors: means of the states over the tokens."""
    tokens, mask = pad(texts)
    states = encode(tokens, mask, torch.zeros_like(tokens)).float()
    return functional.normalize((states * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True), dim=1)


def contrast(vectors: Tensor, wanted: Tensor) -> Tensor:
    """Each vector has to find its own among the wanted ones, and to be found by it; those beyond the number of vectors are nobody's."""
    cosines = SCALE * vectors @ wanted.T
    right = torch.arange(len(cosines))
    return (functional.cross_entropy(cosines, right) + functional.cross_entropy(cosines[:, : len(cosines)].T, right)) / 2


def _by_length(lengths: Sequence[int], numbers: np.random.Generator) -> list[list[int]]:
    """Numbers of texts in batches of about `BATCH_TOKENS` tokens with padding, in a random order."""
    order = numbers.permutation(len(lengths))
    order = order[np.argsort(np.array(lengths)[order] // 8, kind="stable")]
    batches: list[list[int]] = [[]]
    for number in order:
        if (len(batches[-1]) + 1) * lengths[number] > BATCH_TOKENS:
            batches.append([])
        batches[-1].append(int(number))
    return [batches[number] for number in numbers.permutation(len(batches))]
