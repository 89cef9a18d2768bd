"""Products by their codes ("KX-200", "kx 200", "AR70"): which documents are of one that a question names, and which of its neighbours.

A document is of a product whose code stands in its title or the name of its file. It does not know products that are called by words alone.
"""

import itertools
import re
from collections.abc import Iterable, Sequence

from rag.types import Hit, Passage

_CODE = re.compile(r"(?<![\w/.-])(?P<letters>[^\W\d_]{1,5})(?P<between>[- ]?)(?P<figures>\d{1,5})(?P<rest>[A-Z]{0,2})(?![\w/]|[-.,]\d)")
_FIGURE = re.compile(r"\d")
_YEAR = re.compile(r"(?:19|20)\d\d")
_NO_PRODUCT = re.compile(r"ARTS?|NO|NUM|CAP|SEC|PAG|PART|FIG|VOL|TIT|EN|DE|AND|OF|IN")


def codes(text: str) -> set[str]:
    """The codes of `text` in one form ("KX200"): capitals, and figures right behind or after a hyphen or a space."""
    found = set()
    for match in _CODE.finditer(text):
        loose = match["between"] == " " and (_YEAR.fullmatch(match["figures"]) or len(match["letters"]) > 4)
        if match["letters"].isupper() and not _NO_PRODUCT.fullmatch(match["letters"]) and not loose:
            found.add(f"{match['letters']}{match['figures']}{match['rest']}")
    return found


def own_codes(passage: Passage) -> set[str]:
    """The codes of the product that the document of a passage is of."""
    stem = re.sub(r"_", " ", passage.source.rpartition("/")[2].rpartition(".")[0])
    return codes(passage.title) | {code for code in codes(stem.upper()) if len(code) > 2}


def named_codes(question: str, known: Iterable[str]) -> set[str]:
    """Those of the `known` codes that `question` names, however it writes them."""
    written = {code: f"{_letters(code)}[- ]?{code.removeprefix(_letters(code))}" for code in known}
    return {code for code, form in written.items() if re.search(rf"(?<![\w-]){form}(?![\w/]|[-.,]\d)", question, re.IGNORECASE)}


def _letters(code: str) -> str:
    return "".join(itertools.takewhile(str.isalpha, code))


def of_others(question: str, passages: Sequence[Passage]) -> set[int]:
    """The ids of passages of another product than the one that `question` names, where there are some of that one."""
    if not _FIGURE.search(question):  # it names no code, and most questions are such
        return set()
    own = {passage.id: own_codes(passage) for passage in passages}
    named = named_codes(question, set().union(*own.values()))
    if not named:
        return set()
    kinds = {_letters(code) for code in named}
    return {
        passage.id
        for passage in passages
        if own[passage.id] and not own[passage.id] & named and not kinds.isdisjoint(map(_letters, own[passage.id]))
        and not named & codes(passage.text)
    }  # fmt: skip


def unknown_product(question: str, hits: Sequence[Hit]) -> str:
    """The code in `question` that no hit knows, although some are of products with the same letters; "" if there is none."""
    if not _FIGURE.search(question):
        return ""
    own = set().union(*(own_codes(hit.passage) for hit in hits))
    known = own | set().union(*(codes(hit.passage.in_context) for hit in hits))
    kinds = {_letters(code) for code in own}
    strange = [code for code in sorted(codes(question)) if code not in known and _letters(code) in kinds]
    return strange[0] if strange and not named_codes(question, known) else ""
