"""Citations for sentences to which a model gave none: code looks for the passage that says the same.

A sentence gets a marker where the passage of those given to the model that covers most of its words supports it by the verifier's own
comparison, and none that covers hardly fewer speaks against it. Others are not tried: among eight, support is found by chance.
Fragments ("Four years.") say too little to be looked up, and what is said of the documents or the question ("The passages do not say.") is
no claim from them; both stay without, unless they are there word for word. Whether a sentence answers the question is not known here.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rag.references import find
from rag.types import Hit
from rag.verification.claims import Claim
from rag.verification.comparison import compare
from rag.verification.facts import named_words
from rag.verification.verdicts import LONGEST_CLAIM, Verdicts, context
from rag.verify import Checked, Checker, Support, units

FEWEST_WORDS = 5
FEWEST_WITH_FACTS = 3
"""With fewer words of content a sentence is no claim of its own; a name or a number makes up for some."""
LEAST_COVERAGE = 0.5
NEARLY = 0.03
LOOKAHEAD = 2
"""Words behind a full stop that tell whether a sentence ended there ("Art. 4 permits", "U.S. law says")."""
BRACKETS = re.compile(r"(?:[ \t]?\\?[\[(【][^\[(【\n]{0,80}?[\])】])+[.,;]?")
_OPEN_BRACKET = re.compile(r"[ \t]*\\?[\[(【][^\])】\n]{0,80}\Z")
_LED = re.compile(r"\s*(?:[-*•][ \t]+)?\\?[\[【]")
_STOP = re.compile(r"[.!?…][»”\"')\]*_]*(?=\s|\Z)|(?=\n)")
_TOLD = (
    r"states?|stated|specif\w+|mention\w*|says?|said|tell|told|indicat\w+|found|given|"
    r"menciona\w*|indica\w*|especifica\w*|dicen?|aparecen?|consta\w*|figura\w*|precisa\w*"
)
# What a model says of the question, of itself or of what it was given, and not of the matter; and that something is not told.
_ABOUT_ASKING = re.compile(
    r"\b(?:passages?|documents?|documentation|sources?|excerpts?|contexts?|texts?|information|questions?|answers?|summar\w+|details?|whether|I|me|my|you|"
    r"your|following|provided|pasajes?|documentos?|documentación|fuentes?|fragmentos?|extractos?|contextos?|textos?|informaci[oó]n|preguntas?|"
    r"respuestas?|resum\w+|detalles?|siguientes?|proporcionad\w+|usted|te|mi)\b|"
    rf"\b(?:not|n['’]t|no|nothing|nowhere|never|nada|ni|tampoco)\b[^.;]{{0,60}}\b(?:{_TOLD}|clear|known|sabe)\b",
    re.IGNORECASE,
)
_DECLINES = re.compile(
    rf"\b(?:not|n['’]t|cannot|unable|no|nothing|nowhere|never|nada|ni|tampoco)\b[^.;]{{0,60}}\b(?:{_TOLD}|"
    r"answer\w*|information|contain\w*|provid\w+|describ\w+|respond\w+|respuesta|información|contien\w+|proporcion\w+)\b",
    re.IGNORECASE,
)
_SHOWN_MARKER = re.compile(r"\s?\[\d+\]")
_MAY_CITE = re.compile(r"[\[(【]|\b(?:passage|pasaje)\s\d", re.IGNORECASE)


class Attribution:
    """A `Checker` that follows one answer, and cites for the model where the model did not (unless it is not to `cite`)."""

    def __init__(self, hits: Sequence[Hit], support: Support, *, cite: bool = True) -> None:
        self._hits = hits
        self._support = support
        self._cite = cite
        self._verdicts = Verdicts(hits, support)
        self._checker = Checker(hits, support)
        self._sentence = ""  # what the checker has of the sentence in hand
        self._held = ""  # what it has not, because the sentence may have ended before
        self._marked = False
        self._led = False  # a marker at the beginning of the line stands for all of it
        self._line_begins = True
        self._given: set[str] = set()

    def feed(self, piece: str) -> str:
        """Take the next piece of the generator's text; returns what can be shown of it, with resolved markers."""
        if not self._cite:
            return self._checker.feed(piece)
        self._held += piece
        shown = ""
        while (ended := self._ended()) is not None:
            shown += self._close(*ended)
        text = self._sentence + self._held
        cut = max(len(self._sentence), self._certain(text))
        shown += self._checker.feed(text[len(self._sentence) : cut])
        self._sentence, self._held = text[:cut], text[cut:]
        return shown

    def end(self) -> str:
        """Take it that the generator has ended; returns what can now be shown."""
        shown = ""
        while self._cite and (ended := self._ended(final=True)) is not None:
            shown += self._close(*ended)
        text = self._sentence + self._held
        return shown + (self._close(len(text.rstrip()), len(text)) if units(text) else self._checker.feed(self._held))

    def finish(self) -> Checked:
        """The checked answer, after `end`."""
        return self._told(self._checker.finish())

    def without_unsupported(self) -> Checked:
        """The same answer, once `finish` was called, without the sentences that are unsupported."""
        return self._told(self._checker.without_unsupported())

    def found(self, sentence: str) -> int | None:
        """The index of the hit that carries a sentence (without markers); None if none does, or it says too little."""
        if not self._hits or len(sentence) > LONGEST_CLAIM:
            return None
        compared = [compare(sentence, context(hit), self._support) for hit in self._hits]
        covered = [each.coverage for each in compared]
        near = [hit for hit in np.argsort(covered)[::-1].tolist() if covered[hit] >= max(LEAST_COVERAGE, max(covered) - NEARLY)]
        verdicts = [self._verdicts.verdict(sentence, [hit]) for hit in near]
        if "quoted" in verdicts:
            return int(near[verdicts.index("quoted")])
        if not near or "unsupported" in verdicts or _ABOUT_ASKING.search(sentence) or not _says_enough(compared[0].claim):
            return None
        return int(near[0])

    def _ended(self, *, final: bool = False) -> tuple[int, int] | None:
        """Where the sentence in hand ends, brackets behind it included, and the next one begins; None while that is not certain."""
        text = self._sentence + self._held
        spans = units(text)
        if len(spans) < 2:
            return None
        end = spans[0][1]
        if (brackets := BRACKETS.match(text, end)) and self._cites(text[: brackets.end()]):
            end = brackets.end()
        elif not final and _OPEN_BRACKET.match(text, end):
            return None
        start = len(text) - len(text[end:].lstrip())
        if start == len(text) or (not final and (is_open(text[:end]) or len(text[end:].split()) <= LOOKAHEAD)):
            return None
        return end, start

    def _certain(self, text: str) -> int:
        """How much of the sentence in hand can be shown: up to where it may end, if it has no marker yet."""
        if self._is_marked(text):
            return len(text)
        spans = units(text)
        end = spans[0][1] if len(spans) > 1 else len(text) + 1
        stops = (stop.end() for stop in _STOP.finditer(text) if text[: stop.end()].strip())
        return next((stop for stop in stops if stop >= end or is_open(text[:stop]) or len(text[stop:].split()) <= LOOKAHEAD), len(text))

    def _close(self, end: int, start: int) -> str:
        """Show the sentence in hand, which ends at `end`, with a citation if it needs and finds one, and go on at `start`."""
        text = self._sentence + self._held
        sentence, fed = text[:end], len(self._sentence)
        shown = self._checker.feed(text[fed:end])
        marked = self._is_marked(sentence)
        self._led = (self._led and not self._line_begins) or (self._line_begins and marked and _LED.match(sentence) is not None)
        plain = _SHOWN_MARKER.sub("", sentence).strip()
        if self._cite and not marked and not self._led and fed <= end and (hit := self.found(plain)) is not None:
            self._given.add(plain)
            shown += self._checker.feed(f" [{hit + 1}]")
        shown += self._checker.feed(text[max(end, fed) : start])
        fed = max(fed, start)
        self._line_begins = "\n" in text[end:start]
        self._sentence, self._held, self._marked = text[start:fed], text[fed:], False
        return shown

    def _is_marked(self, text: str) -> bool:
        """Whether the model has cited a passage for the sentence in hand."""
        self._marked = self._marked or self._cites(text)
        return self._marked

    def _cites(self, text: str) -> bool:
        if not _MAY_CITE.search(text):
            return False
        probe = Checker(self._hits, self._support)
        probe.feed(text)
        return bool(probe.finish().citations)

    def _told(self, checked: Checked) -> Checked:
        """`checked`, whose sentences tell which of them were cited here."""
        return replace(
            checked,
            sentences=tuple(
                replace(sentence, attributed=True) if _SHOWN_MARKER.sub("", sentence.text).strip() in self._given else sentence
                for sentence in checked.sentences
            ),
        )


def _says_enough(claim: Claim) -> bool:
    """Whether a sentence says so much that its passage can be told from others; the number of a provision is only what was asked for."""
    text = claim.text
    for mention in reversed(find(text)):
        text = text[: mention.start] + text[mention.end :]
    has_facts = bool(named_words(claim)) or any(letter.isdigit() for letter in text)
    return len(claim.content) >= (FEWEST_WITH_FACTS if has_facts else FEWEST_WORDS)


def declines(checked: Checked) -> bool:
    """Whether all that an answer says is that something is not told, and the passages that it cites do not say that."""
    return bool(checked.sentences) and all(one.verdict == "unsupported" and _DECLINES.search(one.text) for one in checked.sentences)


def is_open(text: str) -> bool:
    """Whether a quotation is still open at the end of `text`."""
    return any(text.count(opening) > text.count(closing) for opening, closing in ("«»", "“”", "‹›")) or text.count('"') % 2 == 1
