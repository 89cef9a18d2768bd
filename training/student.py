"""Trains the student: a WordPiece vocabulary of two languages and one table of token vectors, averaged over a text.

It knows texts, teacher vectors and hyper-parameters; it does not know where either came from, nor how the result is
stored. Source of the idea: Reimers and Gurevych, "Making Monolingual Sentence Embeddings Multilingual" (2020), with a bag
of tokens in place of a transformer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.trainers import WordPieceTrainer
from torch.nn import functional
from tqdm import tqdm

Table = npt.NDArray[np.float32]

UNKNOWN = "[UNK]"
PADDING = "[PAD]"
SPECIAL_TOKENS = (PADDING, UNKNOWN)
"""The first ids of the vocabulary; their rows stay zero, so that an unknown token adds nothing to a text."""


@dataclass(frozen=True)
class Settings:
    """Hyper-parameters; the defaults are what the shipped model was trained with."""

    vocabulary: int = 40_000
    epochs: int = 6
    batch: int = 1_024
    learning_rate: float = 1e-2
    scale: float = 20.0
    token_dropout: float = 0.0
    weight_contrastive: float = 1.0
    weight_cosine: float = 1.0
    weight_translation: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Bags:
    """Texts as token ids, end to end, with the position where each text starts; `starts` has one entry more."""

    ids: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]

    def take(self, rows: npt.NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the ids and the offsets of these rows, as `EmbeddingBag` wants them."""
        first, lengths = self.starts[rows], self.starts[rows + 1] - self.starts[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        positions = np.arange(lengths.sum()) + np.repeat(first - offsets, lengths)
        return torch.from_numpy(self.ids[positions]), torch.from_numpy(offsets)


def train_tokenizer(texts: Iterator[str], vocabulary: int) -> Tokenizer:
    """Train a WordPiece vocabulary on lower-cased texts without accents."""
    tokenizer = Tokenizer(WordPiece(unk_token=UNKNOWN, max_input_chars_per_word=100))
    tokenizer.normalizer = BertNormalizer(lowercase=True, strip_accents=True, handle_chinese_chars=True, clean_text=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    trainer = WordPieceTrainer(
        vocab_size=vocabulary, min_frequency=2, special_tokens=list(SPECIAL_TOKENS), show_progress=False, limit_alphabet=400
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def tokenize(tokenizer: Tokenizer, texts: Sequence[str]) -> Bags:
    """Turn texts into bags of ids; unknown tokens are left out, as they are when the model is used."""
    unknown = tokenizer.token_to_id(UNKNOWN)
    rows: list[npt.NDArray[np.int64]] = []
    for start in range(0, len(texts), 10_000):
        for encoding in tokenizer.encode_batch_fast(list(texts[start : start + 10_000]), add_special_tokens=False):
            ids = np.array(encoding.ids, dtype=np.int64)
            rows.append(ids[ids != unknown])
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    return Bags(np.concatenate(rows), starts)


def train_table(english: Bags, spanish: Bags, targets: Table, tokens: int, settings: Settings) -> Table:
    """Train the table so that both languages' means land on the teacher's vectors; shape (tokens, dimension)."""
    torch.manual_seed(settings.seed)
    shuffle = np.random.default_rng(settings.seed)
    table = torch.nn.EmbeddingBag(tokens, targets.shape[1], mode="sum")
    torch.nn.init.normal_(table.weight, std=0.02)
    count = len(targets)
    steps = settings.epochs * (count // settings.batch)
    optimizer = torch.optim.Adam(table.parameters(), lr=settings.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.learning_rate, total_steps=steps)
    progress = tqdm(total=steps, desc="table", unit="batch", mininterval=5)
    for _ in range(settings.epochs):
        order = shuffle.permutation(count)
        for start in range(0, count - settings.batch + 1, settings.batch):
            rows = np.sort(order[start : start + settings.batch])
            student_en = _embed(table, english, rows, settings, shuffle)
            student_es = _embed(table, spanish, rows, settings, shuffle)
            loss = alignment_loss(student_en, student_es, torch.from_numpy(targets[rows]), settings)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            progress.update()
            progress.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
    progress.close()
    rows: Table = table.weight.detach().numpy()
    rows[: len(SPECIAL_TOKENS)] = 0.0
    return rows


def alignment_loss(english: torch.Tensor, spanish: torch.Tensor, target: torch.Tensor, settings: Settings) -> torch.Tensor:
    """Cosine distance to the teacher plus in-batch contrast, of both languages with the teacher and with each other."""
    labels = torch.arange(len(target))
    cosine = 2 - (english * target).sum(1).mean() - (spanish * target).sum(1).mean()
    loss = settings.weight_cosine * cosine
    for weight, left, right in (
        (settings.weight_contrastive, english, target),
        (settings.weight_contrastive, spanish, target),
        (settings.weight_translation, english, spanish),
    ):
        if weight:
            scores = settings.scale * left @ right.T
            loss = loss + weight * (functional.cross_entropy(scores, labels) + functional.cross_entropy(scores.T, labels)) / 2
    return loss


def _embed(
    table: torch.nn.EmbeddingBag, bags: Bags, rows: npt.NDArray[np.int64], settings: Settings, random: np.random.Generator
) -> torch.Tensor:
    ids, offsets = bags.take(rows)
    weights = None
    if settings.token_dropout:
        weights = torch.from_numpy((random.random(len(ids)) >= settings.token_dropout).astype(np.float32))
    # The direction of a sum is the direction of the mean; the sum takes weights.
    return functional.normalize(table(ids, offsets, per_sample_weights=weights), dim=1)
