"""What the kinds of provisions are called, in both languages: one table for questions, for documents and for answers.

It knows whole words. Abbreviations ("art.", "D.T. 1.ª"), and what is a provision only in capitals ("Part 2"), are for `rag.references`.
"""

import re
from collections.abc import Callable, Iterable

from rag.provisions.numbers import any_accent

# Behind the first stroke stands the ending of the plural, or that of the singular and then that of the plural.
_FORMS = {
    "article": "artículo/s article/s",
    "section": "sección/es section/s",
    "chapter": "capítulo/s chapter/s",
    "title": "título/s title/s",
    "annex": "anexo/s annex/es apéndice/s appendi/x/(?:c|x)es schedule/s",
    "clause": "cláusula/s clause/s estipulación/es stipulation/s",
    "recital": "considerando/s recital/s",
    "rule": "regla/s norma/s rule/s",
    "part": "parte/s part/s",
    "book": "libro/s book/s",
    "transitional provision": "disposición/es_transitoria/s transitional_provision/s",
    "additional provision": "disposición/es_adicional/es additional_provision/s",
    "final provision": "disposición/es_final/es final_provision/s",
    "repealing provision": "disposición/es_derogatoria/s repealing_provision/s",
    "ground": "fundamento/s_de_derecho fundamento/s_jurídico/s legal_ground/s",
    "fact": "antecedente/s_de_hecho",
}
KINDS = tuple(_FORMS)
PROVISIONS = tuple(kind for kind in KINDS if kind.endswith("provision"))


def _pattern(kind: str, ending: Callable[[str, str], str]) -> str:
    """The pattern of all names of a kind, with `ending` made from the endings of the singular and the plural of each word."""
    names = []
    for name in _FORMS[kind].split():
        words = [word.split("/") for word in name.split("_")]
        names.append(r"\s+".join(stem + ending("".join(endings[:-1]), "".join(endings[-1:])) for stem, *endings in words))
    return any_accent("|".join(names))


def singular(kind: str) -> str:
    """Pattern of one provision of a kind: "artículo", "article"."""
    return _pattern(kind, lambda one, _: one)


def plural(kind: str) -> str:
    """Pattern of several: "artículos", "articles"."""
    return _pattern(kind, lambda _, several: several)


def singular_or_plural(kind: str) -> str:
    """Pattern of one or several."""
    return _pattern(kind, lambda one, several: f"(?:{one}|{several})" if one else f"(?:{several})?" if several else "")


def any_of(kinds: Iterable[str], form: Callable[[str], str]) -> str:
    """Pattern of any of some kinds, in a form that is one of the functions above; `kind_in` tells which it was."""
    return "|".join(f"(?P<{kind.replace(' ', '_')}>{form(kind)})" for kind in kinds)


def kind_in(match: re.Match[str]) -> str | None:
    """The kind that a pattern with `any_of` in it has found, if any."""
    groups = match.groupdict()
    return next((kind for kind in KINDS if groups.get(kind.replace(" ", "_")) is not None), None)


def in_spanish(kind: str) -> str:
    """What one provision of a kind is called in Spanish: "artículo"."""
    return re.sub("/[^ _]*", "", _FORMS[kind].split()[0]).replace("_", " ")
