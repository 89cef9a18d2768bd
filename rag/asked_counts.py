"""Questions for how many provisions a text has: "How many articles does the treaty have?", "¿De cuántos artículos consta la Ley 5/2010?".

It reads words; "how many articles deal with fines?" asks something else and is left alone.
"""

import re

_KINDS = {
    "article": r"art[íi]culos|articles",
    "clause": r"cl[áa]usulas|clauses|estipulaciones|stipulations",
    "section": r"secciones|sections",
    "chapter": r"cap[íi]tulos|chapters",
    "title": r"t[íi]tulos|titles",
    "part": r"partes|parts",
    "book": r"libros|books",
    "annex": r"anexos|annex(?:es)?|ap[ée]ndices|appendi(?:ces|xes)|schedules",
    "recital": r"considerandos|recitals",
    "rule": r"reglas|normas|rules",
    "transitional provision": r"disposiciones\s+transitorias|transitional\s+provisions",
    "additional provision": r"disposiciones\s+adicionales|additional\s+provisions",
    "final provision": r"disposiciones\s+finales|final\s+provisions",
    "repealing provision": r"disposiciones\s+derogatorias|repealing\s+provisions",
}
_NAMES = {f"k{place}": kind for place, kind in enumerate(_KINDS)}
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
    rf"[\W_]*(?:{_ASKS})\s+(?:{'|'.join(f'(?P<{name}>{_KINDS[kind]})' for name, kind in _NAMES.items())})"
    rf"(?:\s+(?:{'|'.join(_RESTS)}))?[\s?.!]*",
    re.IGNORECASE | re.DOTALL,
)


def asked_count(question: str) -> tuple[str, str] | None:
    """The kind of provisions whose number `question` asks for, and what it calls the text ("la Ley 5/2010"); None if it asks otherwise."""
    match = _COUNT.fullmatch(question)
    if match is None:
        return None
    kind = next(kind for name, kind in _NAMES.items() if match[name])
    names = ("inside", "holder", "divided", "having", "hay", "tiene", "de")
    return kind, next((match[name] for name in names if match[name]), "").strip(" ,")
