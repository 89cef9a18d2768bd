"""Trains the student: a WordPiece vocabulary of two languages and one table of token vectors, averaged over a text.

It knows texts, teacher vectors and hyper-parameters; it does not know where either came from, nor how the result is
stored. Source of the idea: Reimers and Gurevych, "Making Monolingual Sentence Embeddings Multilingual" (2020), with a bag
of tokens in place of a transformer.
"""

from collections.abc import Iterable, Sequence
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

REPETITION = 0.75
"""A token that occurs n times in a text counts n ** 0.75 times; `rag.embed` reads it from config.json."""


@dataclass(frozen=True)
class Settings:
    """Hyper-parameters; the defaults are what the shipped model was trained with."""

    vocabulary: int = 40_000
    epochs: int = 6
    batch: int = 1_024
    learning_rate: float = 1e-2
    scale: float = 20.0
    seed: int = 0


@dataclass(frozen=True)
class Bags:
    """Texts as their distinct token ids, end to end, with a weight each; text i is `starts[i]` to `starts[i + 1]`."""

    ids: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32]
    starts: npt.NDArray[np.int64]

    def take(self, rows: npt.NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the ids, offsets and weights of these rows, as `EmbeddingBag` wants them."""
        first, lengths = self.starts[rows], self.starts[rows + 1] - self.starts[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        positions = np.arange(lengths.sum()) + np.repeat(first - offsets, lengths)
        return torch.from_numpy(self.ids[positions]), torch.from_numpy(offsets), torch.from_numpy(self.weights[positions])

    def embed(self, table: Table) -> Table:
        """Return one unit row per text; zeros for a text without known tokens."""
        weighted = zip(self.starts, self.starts[1:], strict=False)
        sums = np.stack([self.weights[start:end] @ table[self.ids[start:end]] for start, end in weighted])
        unit: Table = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
        return unit


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """Train a WordPiece vocabulary on lower-cased texts without accents; the same one each time.

    The trainer numbers the letters inside a word in the order of a hash map and decides between equally frequent pairs by number. So it
    is asked for letters alone first, and then given them, sorted, as tokens that are there from the start.
    """
    texts = list(texts)
    letters = sorted(set(_trained(texts, 0, ())) - set(SPECIAL_TOKENS))
    tokens = sorted(set(_trained(texts, vocabulary, letters)) - set(SPECIAL_TOKENS))
    numbered = {token: number for number, token in enumerate((*SPECIAL_TOKENS, *tokens))}
    return _tokenizer(WordPiece(numbered, unk_token=UNKNOWN))


def _trained(texts: Sequence[str], vocabulary: int, known: Sequence[str]) -> Iterable[str]:
    """The tokens that the trainer finds, beside the special ones and the known ones."""
    tokenizer = _tokenizer(WordPiece(unk_token=UNKNOWN))
    trainer = WordPieceTrainer(
        vocab_size=vocabulary, min_frequency=2, special_tokens=[*SPECIAL_TOKENS, *known], show_progress=False, limit_alphabet=400
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer.get_vocab()


def _tokenizer(model: WordPiece) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = BertNormalizer(lowercase=True, strip_accents=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    return tokenizer


def tokenize(tokenizer: Tokenizer, texts: Sequence[str]) -> Bags:
    """Turn texts into weighted bags of ids, as `rag.embed` does; unknown tokens are left out."""
    unknown = tokenizer.token_to_id(UNKNOWN)
    ids, weights = [], []
    for start in range(0, len(texts), 10_000):
        for encoding in tokenizer.encode_batch_fast(list(texts[start : start + 10_000]), add_special_tokens=False):
            distinct, counts = np.unique(np.array(encoding.ids, dtype=np.int64), return_counts=True)
            known = distinct != unknown
            ids.append(distinct[known])
            weights.append((counts[known] ** REPETITION).astype(np.float32))
    starts = np.concatenate([[0], np.cumsum([len(row) for row in ids])])
    return Bags(np.concatenate(ids), np.concatenate(weights), starts)


def train_table(english: Bags, spanish: Bags, targets: Table, tokens: int, settings: Settings) -> Table:
    """Train the table so that both languages' means land on the teacher's vectors; shape (tokens, dimension)."""
    torch.manual_seed(settings.seed)
    shuffle = np.random.default_rng(settings.seed)
    table = torch.nn.EmbeddingBag(tokens, targets.shape[1], mode="sum")
    torch.nn.init.normal_(table.weight, std=0.02)
    count = len(targets)
    batch = min(settings.batch, count)
    steps = settings.epochs * (count // batch)
    optimizer = torch.optim.Adam(table.parameters(), lr=settings.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.learning_rate, total_steps=steps)
    progress = tqdm(total=steps, desc="table", unit="batch", mininterval=5)
    for _ in range(settings.epochs):
        order = shuffle.permutation(count)
        for start in range(0, count - batch + 1, batch):
            rows = np.sort(order[start : start + batch])
            student_en = _embed(table, english, rows)
            student_es = _embed(table, spanish, rows)
            loss = alignment_loss(student_en, student_es, torch.from_numpy(targets[rows]), settings.scale)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            progress.update()
            progress.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
    progress.close()
    trained: Table = table.weight.detach().numpy()
    trained[: len(SPECIAL_TOKENS)] = 0.0
    return trained


def alignment_loss(english: torch.Tensor, spanish: torch.Tensor, target: torch.Tensor, scale: float) -> torch.Tensor:
    """Cosine distance to the teacher plus in-batch contrast, of both languages with the teacher and with each other."""
    labels = torch.arange(len(target))
    loss = 2 - (english * target).sum(1).mean() - (spanish * target).sum(1).mean()
    for left, right in ((english, target), (spanish, target), (english, spanish)):
        scores = scale * left @ right.T
        loss = loss + (functional.cross_entropy(scores, labels) + functional.cross_entropy(scores.T, labels)) / 2
    return loss


def _embed(table: torch.nn.EmbeddingBag, bags: Bags, rows: npt.NDArray[np.int64]) -> torch.Tensor:
    ids, offsets, weights = bags.take(rows)
    return functional.normalize(table(ids, offsets, per_sample_weights=weights), dim=1)
