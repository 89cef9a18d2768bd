"""What answers the question that the program asked back, whose provision is meant: "the first one", "both", "the GDPR one", "the law".

An answer from several documents names them; which of them is meant can be said by its place in the answer, by a word of its title or by the
kind of text that it is. It reads an answer as the program writes it (`rag.generate.lead_in`), and does not know what the documents say.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.language import asked_in
from rag.naming.aliases import folded_words, kinds_of, names_of
from rag.naming.meant import GENERIC
from rag.provisions.asked import asked_provisions, end_of
from rag.references import find
from rag.turns.replaced import SIGNS, VERB

_LED_IN = re.compile(r"(?:according to|según) (?:“(?P<title>[^”]+)”|«(?P<titulo>[^»]+)»)", re.IGNORECASE)
_LEAD = re.compile(r"(?:(?:and|y|i meant?|the|that of|in|of|for|from|me refiero a|el|la|los|las|del?|en|al?)\s+)*", re.IGNORECASE)
_TAIL = re.compile(r"(?:\s+(?:ones?|documents?|texts?|documentos?|textos?|then|please|entonces|por favor))+$", re.IGNORECASE)
_ALL = re.compile(r"(?:both|all|either|any|amb[oa]s|tod[oa]s|cualquiera|dos|tres|two|three)(?: (?:of )?(?:them|those|these|two|three))?")
_OTHER = re.compile(r"(?:the )?other|(?:el |la )?otr[oa]")
_PLACES = {
    0: re.compile(r"first|1st|former|primer[oa]?"),
    1: re.compile(r"second|2nd|segund[oa]"),
    2: re.compile(r"third|3rd|tercer[oa]?"),
    -1: re.compile(r"last|latter|[úu]ltim[oa]"),
}
MOST_WORDS = 6


@dataclass(frozen=True, slots=True)
class Offer:
    """A question that was answered from several documents, their titles, and the one that was picked of them before."""

    asked: str = ""
    titles: tuple[str, ...] = ()
    picked: str = ""


def offered(asked: str, answer: str) -> Offer:
    """What the answer to `asked` leaves to be chosen: whose provision is meant, if several documents have it and none is named."""
    found = tuple(dict.fromkeys(match["title"] or match["titulo"] for match in _LED_IN.finditer(answer)))
    unnamed = find(asked) and not any(item.phrase for item in asked_provisions(asked))
    return Offer(asked, found) if len(found) > 1 and unnamed else Offer()


def chosen(question: str, offer: Offer) -> tuple[str, Offer] | None:
    """What was asked, of the document that `question` picks (or of all), and what is left to be chosen; None if it picks none."""
    plain = question.strip(SIGNS)
    if not offer.titles or len(plain.split()) > MOST_WORDS or VERB.search(plain) or find(plain):
        return None
    bare = plain.casefold()
    bare = _TAIL.sub("", bare[match.end() if (match := _LEAD.match(bare)) else 0 :])
    if _ALL.fullmatch(bare) or (_OTHER.fullmatch(bare) and offer.picked and len(offer.titles) > 2):
        return offer.asked, offer
    title = _by_place(bare, offer) or _by_word(bare, offer.titles)
    return (_of(offer.asked, title), replace(offer, picked=title)) if title else None


def _by_place(bare: str, offer: Offer) -> str | None:
    """The title at the place that is named, or the only one that is left."""
    if _OTHER.fullmatch(bare):
        left = [title for title in offer.titles if offer.picked and title != offer.picked]
        return left[0] if len(left) == 1 else None
    place = next((place for place, name in _PLACES.items() if name.fullmatch(bare)), len(offer.titles))
    sure = place >= 0 or len(offer.titles) == 2  # behind those that have the provision come others that only mention it
    return offer.titles[place] if place < len(offer.titles) and sure else None


def _by_word(bare: str, titles: Sequence[str]) -> str | None:
    """The only title that has the words that are named; or else that is of the kind of text that is named, in either language."""
    words, kinds = folded_words(bare) - GENERIC, kinds_of(bare)
    fitting = [title for title in titles if words and words <= folded_words(title)]
    fitting = fitting or [title for title in titles if kinds & names_of(title, "").kinds]
    return fitting[0] if len(fitting) == 1 else None


def _of(asked: str, title: str) -> str:
    """`asked` with the document that its provision is of."""
    end = end_of(asked, find(asked))
    return f"{asked[:end]} {f'de «{title}»' if asked_in(asked) == 'es' else f'of “{title}”'}{asked[end:]}"
