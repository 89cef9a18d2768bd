"""The verdict on one sentence of an answer: what the passages that it cites say of it.

    quoted       what stands in quotation marks (or the whole sentence) is verbatim in a cited passage, nothing that changes its meaning
                 was cut off or left out, and the words around it agree with the passage
    supported    its numbers and names are in the cited passages, enough of its words are covered, and nothing speaks against it:
                 denials, permissions and obligations, limits, opposites, and who did what to whom (`rag.verification.doubts`)
    unsupported  none of that, or no citation at all

A verdict is about the cited passages, not about the world, and `supported` is no proof: see docs/verification.md for what it cannot know.
"""

import re
from collections.abc import Sequence

from rag.dates import written
from rag.language import FUNCTION_WORDS, detect
from rag.types import Hit, Verdict
from rag.verification.claims import WordVectors
from rag.verification.comparison import COUNTERPART, Comparison, compare
from rag.verification.doubts import doubt
from rag.verification.facts import is_translated, named_words, unknown
from rag.verification.polarity import negated, negation_before
from rag.verification.quotations import Searchable, pieces, quotation_spans, quotations, without_quotation_marks, without_quotations

SUPPORT_THRESHOLD = 0.38
PLAIN_THRESHOLD = 0.36
FEWEST_VERBATIM_WORDS = 3
LONGEST_SENTENCE = 5_000
LONGEST_CLAIM = 1_200
LONGEST_TERM = 4
EDGE = " \t\r\n.,;:!?"
ACCORDING = re.compile(r"^\W*(?:according to|as stated in|según|de acuerdo con|conforme a)\b", re.IGNORECASE)
SOURCE_LABEL = re.compile(
    r"(?P<before>\A|[.!?…\])»”\"\n])\s*[(\[*_]*(?:sources?|references?|citations?|fuentes?|referencias?|citas?)\b[\W\d]*\Z", re.IGNORECASE
)
"""What a sentence ends with, or is followed by, where only a marker remains to be said: "Source: [3]"."""
_WORD = re.compile(r"\w+")
_LIST_NUMBER = re.compile(r"\s*(?:[-*•]\s+)?\d{1,2}[.)]\s+")  # but not "(3)", which names a paragraph


class Verdicts:
    """Verdicts on sentences over `hits`."""

    def __init__(self, hits: Sequence[Hit], support: WordVectors) -> None:
        self._hits = hits
        self._support = support
        self.passages = [Searchable(hit.passage.text) for hit in hits]
        self.titles = {bare(hit.passage.title or hit.passage.source) for hit in hits}

    def verdict(self, text: str, cited: Sequence[int]) -> Verdict:
        """What the cited passages (indices of hits) say of one sentence without its markers."""
        if not cited or len(text) > LONGEST_SENTENCE:
            return "unsupported"
        text = SOURCE_LABEL.sub(r"\g<before>", text[listed.end() :] if (listed := _LIST_NUMBER.match(text)) else text)
        every = quotations(text)
        quoted = [quotation for quotation in every if bare(quotation) not in self.titles]
        if not quoted and not _WORD.search(self._without_attribution(without_quotations(text), cited)):
            quoted = every  # a document's title is all that is said
        if quoted and all(len(quotation.split()) <= LONGEST_TERM for quotation in quoted) and self._are_terms(quoted, cited):
            return "supported" if self._supported(without_quotation_marks(text), cited) else "unsupported"
        if quoted:
            verbatim = all(self._stands(quotation, text, cited) for quotation in quoted)
            return "quoted" if verbatim and self._agrees(text, quoted, cited) else "unsupported"
        if len(text.split()) >= FEWEST_VERBATIM_WORDS and self._stands(text.strip(EDGE), text, cited):
            return "quoted"
        return "supported" if self._supported(text, cited) else "unsupported"

    def _stands(self, quotation: str, text: str, cited: Sequence[int]) -> bool:
        """Whether `quotation` is verbatim in a cited passage, and neither what was cut off nor what was left out changes its meaning."""
        denied = negated(without_quotations(text)) if quotations(text) else negated(text)
        for index in cited:
            passage = self._hits[index].passage.text
            for start, _ in pieces(self.passages[index], quotation):
                if denied or not negation_before(passage, start):
                    return True
        return False

    def _are_terms(self, quoted: Sequence[str], cited: Sequence[int]) -> bool:
        """Whether what stands in quotation marks are terms of another language than the passages', translated: "Asian NATO"."""
        compared = [self._compared(quotation, cited) for quotation in quoted]
        return not any(self.passages[index].locate_all(quotation) for index in cited for quotation in quoted) and all(
            one.claim.content and all(_is_counterpart(one, word) for word in one.claim.content) for one in compared
        )

    def _agrees(self, text: str, quoted: Sequence[str], cited: Sequence[int]) -> bool:
        """Whether the words around the quotations go with the passages: all of their claims if they outweigh what is quoted."""
        around = self._without_attribution(without_quotations(text), cited)
        if FUNCTION_WORDS.issuperset(_WORD.findall(around.casefold())):
            return True
        alone = self._compared(around, cited)
        outweighs = len(around.split()) > 2 * sum(len(quotation.split()) for quotation in quoted)
        if unknown(alone, self._years(cited)) or (outweighs and alone.coverage < SUPPORT_THRESHOLD):
            return False
        if ACCORDING.match(text) and without_quotations(text).rstrip(EDGE) == without_quotations(text).split(":")[0].rstrip(EDGE):
            return True  # "According to X, section Y: “...”" claims nothing but where it stands
        whole = without_quotation_marks(self._without_titles(text))
        return doubt(self._compared(self._without_headings(whole, cited), cited)) is None

    def _without_titles(self, text: str) -> str:
        """`text` without titles of documents in quotation marks."""
        for start, end in reversed(quotation_spans(text)):
            if bare(text[start + 1 : end - 1]) in self.titles:
                text = f"{text[:start]} {text[end:]}"
        return text

    def _without_attribution(self, text: str, cited: Sequence[int]) -> str:
        """`text` without "according to", dates, headings and files of the cited passages."""
        return self._without_headings(ACCORDING.sub("", text, count=1), cited)

    def _without_headings(self, text: str, cited: Sequence[int]) -> str:
        for index in cited:
            passage = self._hits[index].passage
            for known in _dates(self._hits[index]) | {*passage.section, f"({passage.source})"}:
                text = text.replace(known.rstrip(".: "), " ") if known.strip() else text
        return text

    def _supported(self, text: str, cited: Sequence[int]) -> bool:
        text = self._without_titles(text)
        claim = self._without_attribution(text, cited)
        if FUNCTION_WORDS.issuperset(_WORD.findall(claim.casefold())) or len(claim) > LONGEST_CLAIM:
            return False
        alone = self._compared(claim, cited)
        if alone.coverage < SUPPORT_THRESHOLD or alone.plain_coverage(named_words(alone.claim)) < PLAIN_THRESHOLD:
            return False
        whole = self._compared(self._without_headings(text, cited), cited)
        return unknown(whole, self._years(cited)) is None and doubt(whole) is None

    def _years(self, cited: Sequence[int]) -> frozenset[float]:
        """The years of the dates of the cited passages, which an answer may name."""
        dates = [(self._hits[index].passage.date or "").partition("-")[0] for index in cited]
        return frozenset(float(year) for year in dates if year.isdigit())

    def _known(self, cited: Sequence[int]) -> str:
        return "\n\n".join(context(self._hits[index]) for index in cited)

    def _compared(self, claim: str, cited: Sequence[int]) -> Comparison:
        return compare(claim, self._known(cited), self._support)


def _is_counterpart(compared: Comparison, word: int) -> bool:
    text = compared.claim.words[word].text
    translated = compared.best(word) >= COUNTERPART or is_translated(text, compared)
    return translated and detect(compared.claim.text) != detect(compared.source.text)


def bare(title: str) -> str:
    """A title without quotation marks and stops at its edges, as it may be written in an answer."""
    return Searchable(title).without_quotes().strip(EDGE)


def context(hit: Hit) -> str:
    """What a passage says, with its title and headings."""
    passage = hit.passage
    return "\n\n".join((passage.text, passage.title, *passage.section))


def _dates(hit: Hit) -> set[str]:
    date = hit.passage.date
    return {written(date, "en"), written(date, "es"), date} if date else set()
