"""Words that a layout has left in pieces, made whole for whoever counts or reads words; the stored text keeps them as they are.

Plain text that was taken out of PDFs has "inﬂuenza" with one sign for two letters, which no vocabulary knows, and words that are divided at
the end of a line. It does not know which words are written with a hyphen: of "well-" / "known" both parts and the whole are searched for.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

READING = "whole-words"
"""What `reads_whole_words` does, for the fingerprints of models that read with it: vectors of texts that were read otherwise are others."""

LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl"}
_LETTERS = str.maketrans(LIGATURES)
_DIVIDED = re.compile(r"([^\W\d_]+)-[ \t\r]*\n[ \t]*([^\W\d_]+)")


def reads_whole_words(tokenizer: "Tokenizer") -> "Tokenizer":
    """`tokenizer`, which from now on sees such words whole; its offsets are still those of the text as it is given."""
    from tokenizers import Regex
    from tokenizers.normalizers import Replace, Sequence

    letters = [Replace(sign, letters) for sign, letters in LIGATURES.items()]
    divided = Replace(Regex(r"(?<=\p{Ll})-[ \t\r]*\n[ \t]*(?=\p{Ll})"), "")
    tokenizer.normalizer = Sequence([*letters, divided, tokenizer.normalizer])
    return tokenizer


def with_whole_words(text: str) -> str:
    """`text` with letters for ligatures, and with each word that is divided at the end of a line once more, whole."""
    if "-" in text and "\n" in text:
        text = _DIVIDED.sub(_both, text)
    return text if text.isascii() else text.translate(_LETTERS)


def _both(divided: re.Match[str]) -> str:
    return f"{divided[0]} {divided[1]}{divided[2]}" if divided[2].translate(_LETTERS).islower() else divided[0]
