"""What the stages ask of an index, whichever engine holds it: the files of `rag.index.reader`, or a Milvus server (`rag.index.milvus`)."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from rag.errors import InputError
from rag.types import Document, Language, Passage, Reference

Matrix = npt.NDArray[np.float32]
Found = list[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Listed:
    """A document as a list shows it: `passages` counts those of its text, `place` is where its file was, empty if it had none."""

    source: str
    title: str
    language: Language | None
    date: str | None
    passages: int
    place: str


class Documents(Protocol):
    """Documents, passages and the provisions in them."""

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """The passages with these ids, in this order."""
        ...

    def languages(self, ids: Sequence[int]) -> dict[int, Language | None]:
        """The language of each of the passages with these ids."""
        ...

    def document(self, source: str) -> Document | None:
        """The stored document under this name, or None."""
        ...

    def documents(self) -> list[tuple[str, str, str | None, str | None]]:
        """(source, title, language, date) of every document by source, copies included."""
        ...

    def listed(self) -> list[Listed]:
        """Every document by source, copies included."""
        ...

    def with_reference(self, reference: Reference) -> list[tuple[int, bool, str]]:
        """(passage id, whether it is the provision's own text, source) of all passages that have or mention the provision."""
        ...

    def holders(self, kind: str, *, own_text: bool) -> dict[str, str]:
        """Source -> title of the documents that have provisions of a kind with their own text, or that mention some."""
        ...

    def numbers_of(self, kind: str, source: str, *, own_text: bool) -> list[str]:
        """Numbers of the provisions of a kind in a document, in order: those with their own text, or those that are mentioned."""
        ...

    def mentioned(self, kind: str) -> dict[str, tuple[str, ...]]:
        """Source -> numbers of a kind that its passages mention, of every document that mentions some."""
        ...

    def passage_at(self, source: str, position: int) -> int | None:
        """The id of the passage of a document that holds a position of its text, or the last one before it."""
        ...

    def count(self, table: str) -> int:
        """How many "passages", or "documents" by name."""
        ...


class Vectors(Protocol):
    """Dense search."""

    def __len__(self) -> int:
        """How many passages can be found."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def search(self, vector: Matrix, limit: int) -> Found:
        """The `limit` passages nearest to `vector` (d): (passage id, cosine), best first, ties by id."""
        ...

    def similarity(self, vector: Matrix, ids: Sequence[int]) -> list[float]:
        """Cosine of `vector` with each of the passages `ids`."""
        ...

    def contextual(self, fingerprint: str, ids: Sequence[int]) -> dict[int, Matrix]:
        """Contextual vectors (384) of those of the passages `ids` that have one of this encoder: all, some, or none."""
        ...

    def contextual_count(self, fingerprint: str) -> tuple[int, int]:
        """How many of the different texts of passages have a contextual vector of this encoder, and how many there are."""
        ...


class WithoutContextual:
    """The contextual part of `Vectors` in an engine that keeps none: every question is answered by the other searches alone."""

    def contextual(self, fingerprint: str, ids: Sequence[int]) -> dict[int, Matrix]:
        """None."""
        return {}

    def contextual_count(self, fingerprint: str) -> tuple[int, int]:
        """None of none."""
        return 0, 0


class Words(Protocol):
    """Lexical search."""

    def __len__(self) -> int:
        """How many passages can be found."""
        ...

    def search(self, question: str, field: Language | str, limit: int) -> Found:
        """The best `limit` passages by BM25 on `field` ("en", "es" or "grams"): (passage id, score), best first, ties by id."""
        ...

    def terms(self, text: str, field: Language | str) -> list[str]:
        """What `field`'s analyser makes of `text`: distinct terms in order of appearance."""
        ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One generation of an index: its documents, the two searches over it, and when it was written (UTC; None if that is not known)."""

    generation: int
    store: Documents
    vectors: Vectors
    words: Words
    written: str | None = None

    def document(self, source: str) -> Document:
        """The stored document.

        Raises:
            InputError: no document has this name.
        """
        document = self.store.document(source)
        if document is None:
            names = ", ".join(name for name, *_ in self.store.documents()[:20])
            raise InputError(f"There is no document {source!r} in the index; it holds: {names}.")
        return document


class Index(Protocol):
    """An index that can be asked."""

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """One generation, held for as long as the context lasts."""
        ...

    def close(self) -> None:
        """Give back what is held between questions."""
        ...
