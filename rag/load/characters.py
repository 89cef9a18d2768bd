"""Characters that a reader of the text does not see: bidirectional and other controls, zero-width marks, tags.

They can reorder what is shown, or hide words from people that a language model still reads. In plain text and Markdown, whose positions are
those of the file, each is replaced by one that is seen ("�"); elsewhere they are left out. Soft hyphens and joiners between letters
hide nothing and stay in plain text.
"""

import re
import unicodedata

from rag.load.parsed import without_surrogates
from rag.whole_words import LIGATURES

SHOWN = "\ufffd"
# Controls but for tab, line ends and form feed; Unicode's "Cf" without soft hyphen and joiners; fillers and variation selectors 17-256.
_UNSEEN = (
    "\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U000e0000-\U000e0fff"
)
UNSEEN = re.compile(f"[{_UNSEEN}]")
# In laid out text a soft hyphen is no character of the word.
LEFT_OUT = re.compile(f"[{_UNSEEN}\xad]")
NOT_CLEAN = re.compile(f"[{_UNSEEN}\xad\xa0ﬀ-ﬆ\ud800-\udfff]")
_LETTERS = str.maketrans(LIGATURES | {"ﬅ": "st", "ﬆ": "st", "\xa0": " "})


def shown(text: str) -> str:
    """`text` with a visible sign for each character that would not be seen; positions stay."""
    return text if text.isascii() and text.isprintable() else UNSEEN.sub(SHOWN, text)


def clean(text: str) -> str:
    """`text` as laid out documents are stored: without what is not seen and lone surrogates, ligatures as letters."""
    if NOT_CLEAN.search(text) is None:
        return text
    return LEFT_OUT.sub("", without_surrogates(text)).translate(_LETTERS)


def printable_name(name: str) -> str:
    """A file name as it can be stored and shown: unseen characters and bytes that are not UTF-8 are spelled out."""
    spelled = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(f"<U+{ord(letter):04X}>" if _is_unseen(letter) else letter for letter in spelled)


def _is_unseen(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp", "Co", "Cn")
