"""Which of the two languages a text is in: English or Spanish.

Counts function words that only one of them has, and letters that only Spanish uses. That is enough for a sentence and works for most
questions of three words; it does not know any third language (Portuguese comes out as Spanish, German as English), and a text without
evidence ("GDPR 17") gets the given default.
"""

import re

from rag.types import Language

_WORD = re.compile(r"[^\W\d_]+")
_SPANISH_LETTERS = re.compile(r"[ñáéíóúü¿¡ºª]", re.IGNORECASE)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENGLISH = _words(
    "the of and to is are was were be been what which who whom whose when where why how does did do can may must shall should would could "
    "will this that these those with without for from by at on into about between under over than then there it its they their them he she "
    "his her we our you your an as if or not has have had having any each other such because while during after before against only also "
    "many much say says tell article articles annex treaty agreement in i my me us"
)
_SPANISH = _words(
    "el la los las un una unos unas de del al y o u que qué cual cuál cuales cuáles quien quién quienes cuando cuándo donde dónde cómo "
    "por para con sin sobre entre hasta desde según ante bajo contra es son era eran fue fueron ser sido está están hay había tiene tienen "
    "puede pueden debe deben su sus se lo le les este esta estos estas ese esa eso esos esas más muy también pero porque si ya nos "
    "cuánto cuánta cuántos cuántas cuanto cuantos artículo artículos articulo tratado acuerdo dice dicen permite en mi tu ni como e "
    "cuanta cuantas"
)

FUNCTION_WORDS = _ENGLISH | _SPANISH | _words("a ha han habían yes no sí")
"""Words of either language that name nothing, in lower case (and a few that questions about documents are full of)."""


def detect(text: str, default: Language = "en") -> Language:
    """The language of `text`, by votes of its function words and letters; `default` where they tie."""
    sample = text[:4_000]
    words = [word.casefold() for word in _WORD.findall(sample)]
    english = sum(word in _ENGLISH for word in words)
    spanish = sum(word in _SPANISH for word in words) + 0.5 * min(len(_SPANISH_LETTERS.findall(sample)), len(words))
    if english == spanish:
        return default
    return "en" if english > spanish else "es"
