"""What evaluation asks of the thing it evaluates: four methods that `rag.pipeline.Pipeline` has, and any stand-in may have."""

from collections.abc import Callable, Sequence
from typing import Protocol

from rag.types import Answer, Document, Hit, Turn

Progress = Callable[[int, int, str], None]
"""Called as progress(done, total, label)."""


class Subject(Protocol):
    """An open index that can be searched and asked, also by several threads."""

    def search(self, question: str, k: int | None = None) -> Sequence[Hit]:
        """The `k` best passages, best first; several may be of one document."""

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """The answer to `question`, asked after the turns of `history`."""

    def document(self, source: str) -> Document:
        """The stored document of that name.

        Raises:
            InputError: there is no such document.
        """

    def describe(self) -> dict[str, object]:
        """Counts of the index, and the models in use."""
