"""What a generator writes, as it comes: checked, cited where it cites nothing, without what it takes back and without half a sentence.

It knows the signs of `rag.generate.stream`, and nothing of models.
"""

import re
from collections.abc import Sequence
from functools import partial

from rag.errors import GenerationError
from rag.generate.attribute import BRACKETS, Attribution, is_open
from rag.generate.stream import CUT, UNSAID
from rag.types import Hit
from rag.verify import Checked, Support, units

_WHOLE = re.compile(r"(?:[^\d\s][.!?…]|\d[!?…])[»”\"')\]*_]*(?:\s*\\?[\[(【][^\])】\n]*[\])】])*\Z|[\])】]\.\Z")
_GOES_ON = " 7"  # a number, before which a full stop may be that of an abbreviation ("Art.")


class Written:
    """Follows one answer over `hits`; `cut` tells whether the model reached its limit of tokens."""

    def __init__(self, hits: Sequence[Hit], support: Support, *, cite: bool) -> None:
        self._new = partial(Attribution, hits, support, cite=cite)
        self._checker = self._new()
        self._text = ""
        self.cut = False

    def take(self, piece: str) -> str:
        """Take the next piece; returns what can be shown of it.

        Raises:
            GenerationError: the model was cut off, and not one sentence is whole.
        """
        if piece == UNSAID:
            self._checker, self._text = self._new(), ""
            return ""
        if piece == CUT:
            self._cut()
            return ""
        self._text += piece
        return self._checker.feed(piece)

    def end(self) -> str:
        """Take it that the generator has ended; returns what can now be shown."""
        return self._checker.end()

    def finish(self) -> Checked:
        """The checked answer, after `end`."""
        return self._checker.finish()

    def without_unsupported(self) -> Checked:
        """The same answer, once `finish` was called, without the sentences that are unsupported."""
        return self._checker.without_unsupported()

    def _cut(self) -> None:
        self.cut = True
        whole = whole_sentences(self._text)
        if not whole:
            raise GenerationError("The model reached its limit before its first sentence ended; raise llm.max_tokens.")
        if whole != self._text.rstrip():
            self._checker = self._new()
            self._checker.feed(whole)


def whole_sentences(text: str) -> str:
    """`text`, which was cut off somewhere, without the sentence that it was cut in; without a quotation that is still open, either."""
    spans = units(text)
    if spans and not _is_whole(text, spans[-1][0]):
        spans.pop()
    while spans and is_open(text[: spans[-1][1]]):
        spans.pop()
    if not spans:
        return ""
    end = spans[-1][1]
    markers = BRACKETS.match(text, end)
    following = next((start for start, _ in units(text) if start >= end), len(text))
    return text[: max(markers.end() if markers else 0, following)].rstrip()


def _is_whole(text: str, start: int) -> bool:
    """Whether the last sentence, which begins at `start`, is one: it has ended, and not only for an abbreviation or a decimal point."""
    last = text.rstrip(" \t")
    if last.endswith("\n"):
        return True
    return _WHOLE.search(last) is not None and units(last + _GOES_ON)[-1][0] > start
