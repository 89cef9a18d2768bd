"""Questions for how many provisions a text has: "How many articles does the treaty have?", "¿De cuántos artículos consta la Ley 5/2010?".

It reads words; "how many articles deal with fines?" asks something else and is left alone.
"""

import re

from rag.provisions.words import KINDS, any_of, kind_in, plural

_KINDS = any_of((kind for kind in KINDS if kind not in ("ground", "fact")), plural)
_ASKS = (
    r"how\s+many|(?:(?:what\s+is|what['’]s|tell\s+me|give\s+me)\s+)?(?:the\s+)?(?:total\s+)?number\s+of|(?:de\s+|en\s+)?cu[áa]nt[oa]s|"
    r"(?:cu[áa]l\s+es\s+)?(?:el\s+)?n[úu]mero\s+(?:total\s+)?de"
)
_PHRASE = r"(?P<{}>\S.*?)"
_RESTS = (
    r"(?:(?:are|is)\s+)?(?:there\s+)?(?:in|of|under)\s+" + _PHRASE.format("inside"),
    r"(?:do|does|did)\s+" + _PHRASE.format("holder") + r"\s+(?:have|contain|include|comprise|count|consist\s+of|run\s+to)(?:\s+in\s+all)?",
    r"(?:is|are)\s+" + _PHRASE.format("divided") + r"\s+(?:divided\s+into|made\s+(?:up\s+)?of|composed\s+of)",
    r"(?:has|have|make\s+up)\s+" + _PHRASE.format("having") + r"(?:\s+got)?",
    r"(?:hay|existen|figuran)\s+(?:en\s+)?" + _PHRASE.format("hay"),
    r"(?:tienen?|contienen?|comprenden?|incluyen?|componen|forman|integran|constan?|(?:se\s+)?(?:compone|divide|estructura)n?)\s+"
    + _PHRASE.format("tiene"),
    r"(?:que\s+tienen?\s+|del?\s+|en\s+)" + _PHRASE.format("de"),
    r"(?:are\s+there|hay|is\s+it|son)?",
)
_COUNT = re.compile(
    rf"[\W_]*(?:{_ASKS})\s+(?:{_KINDS})"
    rf"(?:\s+(?:{'|'.join(_RESTS)}))?[\s?.!]*",
    re.IGNORECASE | re.DOTALL,
)


def asked_count(question: str) -> tuple[str, str] | None:
    """The kind of provisions whose number `question` asks for, and what it calls the text ("la Ley 5/2010"); None if it asks otherwise."""
    match = _COUNT.fullmatch(question)
    kind = kind_in(match) if match else None
    if match is None or kind is None:
        return None
    names = ("inside", "holder", "divided", "having", "hay", "tiene", "de")
    return kind, next((match[name] for name in names if match[name]), "").strip(" ,")
