"""How well a text covers a question, word by word and across the two languages.

Every word of both texts is a vector of the built-in bilingual table, so "treaty" and "tratado" lie close and a name equals itself. The
coverage of a question is the weighted share of its words that find a counterpart in the text: a late interaction (Khattab & Zaharia 2020,
ColBERT) over static vectors. It needs no model beyond the built-in one, whatever embedding the index uses.

It knows words, not who did what to whom: "A attacked B" covers "B attacked A" completely.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from threading import RLock

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from rag.language import asked_in
from rag.types import Language

Matrix = npt.NDArray[np.float32]
Places = npt.NDArray[np.int32]
_REMEMBERED = 20_000  # words
_REMEMBERED_TEXTS = 2_000
_LONGEST_REMEMBERED = 4_000  # characters
ACROSS_SLOPE, ACROSS_OFFSET = 1.3, -0.07
"""Where answers and others lie on average: whole passages .71 and .31 across the languages, .85 and .32 within one (docs/decisions.md)."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text: unit vectors (n x d) and weights (n), in order; words without any letter or digit are left out."""

    vectors: Matrix
    weights: Matrix

    @classmethod
    def of_all(cls, texts: Sequence["Words"]) -> "Words":
        """The words of several texts (one at least), one after the other."""
        return cls(np.concatenate([words.vectors for words in texts]), np.concatenate([words.weights for words in texts]))


class Evidence:
    """Coverage of one text by another over a token table.

    Args:
        tokenizer: of the table, with a pre-tokenizer that marks words.
        rows: one vector per token (tokens x d); the length of a row is the weight of its token.
    """

    def __init__(self, tokenizer: Tokenizer, rows: Matrix) -> None:
        self._tokenizer = tokenizer
        self._rows = rows
        self._known: dict[str, tuple[Matrix, float]] = {}
        self._tokenized: dict[str, tuple[Places, Places]] = {}
        self._lock = RLock()
        self._wordy = np.zeros(len(rows), dtype=bool)
        for token, identifier in tokenizer.get_vocab().items():
            self._wordy[identifier] = any(letter.isalnum() for letter in token)

    def words(self, texts: Sequence[str]) -> list[Words]:
        """The words of each text."""
        found = self._tokens(texts)
        if not any(len(starts) for _, starts in found):
            return [self._no_words() for _ in texts]
        tokens = np.concatenate([own for own, _ in found])
        begins = np.cumsum([0, *(len(own) for own, _ in found)])
        starts = np.concatenate([own + begin for (_, own), begin in zip(found, begins[:-1], strict=True)])
        kept = np.logical_or.reduceat(self._wordy[tokens], starts)
        sums = self._sums(tokens, starts[kept], np.append(starts[1:], len(tokens))[kept])
        lengths = np.linalg.norm(sums, axis=1)
        sums /= np.maximum(lengths, 1e-9)[:, None]
        cuts = np.searchsorted(starts[kept], begins).tolist()
        return [Words(sums[first:last], lengths[first:last]) for first, last in pairwise(cuts)]

    def _sums(self, tokens: Places, starts: Places, ends: Places) -> Matrix:
        """The sum of the rows of each word's tokens; most words are one token, which makes this faster than `np.add.reduceat`."""
        sums = self._rows[tokens[starts]]
        longer = np.flatnonzero(starts + 1 < ends)
        offset = 1
        while len(longer):
            sums[longer] += self._rows[tokens[starts[longer] + offset]]
            offset += 1
            longer = longer[starts[longer] + offset < ends[longer]]
        return sums

    def _tokens(self, texts: Sequence[str]) -> list[tuple[Places, Places]]:
        """Per text its tokens, and at which of them a word begins; the passages of a small collection are asked about again and again."""
        with self._lock:
            found = {text: self._tokenized[text] for text in texts if text in self._tokenized}
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        # A lone surrogate, as a damaged argument or file may hold, is no valid text for the tokenizer.
        valid = [text.encode("utf-8", "replace").decode("utf-8") for text in missing]
        for text, encoding in zip(missing, self._tokenizer.encode_batch(valid, add_special_tokens=False), strict=True):
            owners = np.asarray([-1 if word is None else word for word in encoding.word_ids], dtype=np.int32)
            found[text] = (np.asarray(encoding.ids, dtype=np.int32), np.flatnonzero(np.diff(owners, prepend=-2)).astype(np.int32))
        with self._lock:
            self._tokenized |= {text: found[text] for text in missing if len(text) <= _LONGEST_REMEMBERED}
            while len(self._tokenized) > _REMEMBERED_TEXTS:
                self._tokenized.pop(next(iter(self._tokenized)))
        return [found[text] for text in texts]

    def each(self, words: Sequence[str]) -> Words:
        """Every word by itself: one unit vector and one weight per word, zeros for one without letters and digits."""
        with self._lock:
            missing = list(dict.fromkeys(word for word in words if word not in self._known))
            for word, own in zip(missing, self.words(missing), strict=True):
                total = (own.vectors * own.weights[:, None]).sum(axis=0)
                length = float(np.linalg.norm(total))
                self._known[word] = (total / max(length, 1e-9), length)
            rows = [self._known[word] for word in words]
            while len(self._known) > _REMEMBERED:
                self._known.pop(next(iter(self._known)))
        vectors = np.array([vector for vector, _ in rows], dtype=np.float32).reshape(len(rows), self._rows.shape[1])
        return Words(vectors, np.array([weight for _, weight in rows], dtype=np.float32))

    def _no_words(self) -> Words:
        empty = np.zeros((0, self._rows.shape[1]), dtype=np.float32)
        return Words(empty, empty[:, 0])

    def coverage(self, text: str, by: str) -> float:
        """The weighted share of the words of `text` that have a counterpart in `by`, 0 to 1."""
        return float(self.coverages(text, [by])[0])

    def coverages(self, text: str, by: Sequence[str]) -> npt.NDArray[np.float64]:
        """The coverage of `text` by each of the texts `by`."""
        asked, *given = self.words([text, *by])
        return covered(asked, counterparts(asked, given))


def counterparts(asked: Words, given: Sequence[Words]) -> npt.NDArray[np.float64]:
    """For each text (rows) and each asked word (columns), the cosine of the word's best counterpart there, at least 0."""
    best = np.zeros((len(given), len(asked.weights)))
    filled = [index for index, words in enumerate(given) if len(words.weights)]
    if filled and len(asked.weights):
        lengths = [len(given[index].weights) for index in filled]
        cosines = asked.vectors @ np.concatenate([given[index].vectors for index in filled]).T
        best[filled] = np.maximum.reduceat(cosines, np.cumsum([0, *lengths[:-1]]), axis=1).T
    return np.clip(best, 0.0, 1.0)


def covered(asked: Words, best: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The mean of each row of `counterparts`, by the weight of the asked words."""
    total = float(asked.weights.sum())
    return best @ asked.weights / total if total else np.zeros(len(best))


def crossing(question: str, languages: Sequence[Language | None]) -> npt.NDArray[np.bool_]:
    """Which of the texts in `languages` are known to be in another one than `question` (n)."""
    language = asked_in(question)
    return np.array([own not in (None, language) for own in languages], dtype=bool)


def comparable(coverage: npt.NDArray[np.float64], crosses: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Coverages as if all texts were in the language of the question; `crosses` marks those that are not (n each).

    A translated word is less like than the word itself, so that texts in the question's language would come first for its small words.
    """
    return np.where(crosses, np.clip(ACROSS_SLOPE * coverage + ACROSS_OFFSET, 0.0, 1.0), coverage)


def builtin_evidence() -> Evidence:
    """Evidence over the table that comes with the program."""
    from rag.embed import BuiltinEmbedder

    builtin = BuiltinEmbedder()
    return Evidence(builtin.tokenizer, builtin.rows)
