"""Chooses the reader's vocabulary and gives each new token a first meaning.

all-MiniLM-L6-v2 knows English word pieces only. The reader keeps those of its pieces that English and Spanish texts use, and adds the
frequent Spanish words and pieces of the built-in bilingual table. A new token starts as the mean of the English tokens that the table
puts next to it, which makes the untrained encoder read Spanish as a gloss. Source of the idea: Minixhofer et al., "WECHSEL" (2022).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

Table = npt.NDArray[np.float32]

UNKNOWN = "[UNK]"
SPECIAL_TOKENS = ("[PAD]", UNKNOWN, "[CLS]", "[SEP]")
PIECE = "##"
NEIGHBOURS = 8
TEMPERATURE = 0.05
FREQUENT = 20
"""A token that English texts hold this often may lend its vector to a Spanish one."""


@dataclass(frozen=True)
class Counts:
    """How often each token occurs in English and in Spanish texts."""

    english: Mapping[str, int]
    spanish: Mapping[str, int]

    def of(self, token: str) -> int:
        """Occurrences in both languages."""
        return self.english.get(token, 0) + self.spanish.get(token, 0)


def make_tokenizer(tokens: Iterable[str]) -> Tokenizer:
    """WordPiece over these tokens, in this order; lower case, without accents, as both models behind it are."""
    tokenizer = Tokenizer(WordPiece({token: number for number, token in enumerate(tokens)}, unk_token=UNKNOWN))
    tokenizer.normalizer = BertNormalizer(lowercase=True, strip_accents=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    return tokenizer


def count_tokens(tokens: Iterable[str], english: Iterable[str], spanish: Iterable[str]) -> Counts:
    """Count what a tokenizer with all of `tokens` makes of the texts."""
    tokenizer = make_tokenizer([*SPECIAL_TOKENS, *sorted(set(tokens) - set(SPECIAL_TOKENS))])
    return Counts(*(_count(tokenizer, texts) for texts in (english, spanish)))


def choose_tokens(encoder: Mapping[str, int], counts: Counts, size: int) -> list[str]:
    """Special tokens, single characters that occur, then the most frequent tokens; at most `size`, sorted after the special ones.

    A word that is cut off here still reads as its pieces, so no letter may be missing.
    """
    known = sorted(
        (token for token in {*counts.english, *counts.spanish, *encoder} if counts.of(token)), key=lambda token: (-counts.of(token), token)
    )
    letters = [token for token in known if len(token.removeprefix(PIECE)) == 1]
    chosen = list(dict.fromkeys([*letters, *known]))[: size - len(SPECIAL_TOKENS)]
    return [*SPECIAL_TOKENS, *sorted(set(chosen) - set(SPECIAL_TOKENS))]


def first_vectors(
    tokens: list[str], encoder: Mapping[str, int], vectors: Table, bilingual: Mapping[str, int], rows: Table, counts: Counts
) -> Table:
    """One vector per token: the encoder's own where it has one, else a mean of those of the token's neighbours in the bilingual table.

    Args:
        tokens: the reader's vocabulary.
        encoder: token -> row of `vectors`, of the English encoder.
        vectors: input embeddings of the encoder (tokens x d).
        bilingual: token -> row of `rows`, of the built-in table.
        rows: the built-in table (tokens x e).
        counts: of tokens in texts; decides which English tokens are common enough to lend their vectors.
    """
    unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    lenders = [t for t in encoder if t in bilingual and counts.english.get(t, 0) >= max(FREQUENT, counts.spanish.get(t, 0))]
    lender_rows = unit[[bilingual[token] for token in lenders]]
    lender_vectors = vectors[[encoder[token] for token in lenders]]
    result = np.zeros((len(tokens), vectors.shape[1]), dtype=np.float32)
    for number, token in enumerate(tokens):
        if token in encoder:
            result[number] = vectors[encoder[token]]
            continue
        cosines = lender_rows @ unit[bilingual[token]]
        nearest = np.argpartition(-cosines, NEIGHBOURS)[:NEIGHBOURS]
        weights = np.exp((cosines[nearest] - cosines[nearest].max()) / TEMPERATURE)
        mean = weights @ lender_vectors[nearest] / weights.sum()
        # A mean is shorter than what it is the mean of; beside the position's vector it would be overheard.
        result[number] = mean * np.linalg.norm(lender_vectors[nearest], axis=1).mean() / np.linalg.norm(mean)
    return result


def _count(tokenizer: Tokenizer, texts: Iterable[str]) -> Counter[str]:
    counts: Counter[int] = Counter()
    remaining = iter(texts)
    while block := list(islice(remaining, 5_000)):
        for encoding in tokenizer.encode_batch_fast(block, add_special_tokens=False):
            counts.update(encoding.ids)
    return Counter({tokenizer.id_to_token(number): count for number, count in counts.items()})
