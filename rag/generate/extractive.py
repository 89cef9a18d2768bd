"""Answers without a language model: the sentences that answer, word for word, each with its source.

For a provision ("Article 4") it quotes the provision itself, or the clause that belongs to the mention, once per document that has it.
For anything else it scores every sentence of the passages by how well it covers the question, in its surroundings, and by whether it has
the kind of thing that is asked for (a date, an amount, a name), and quotes the best in the order in which they stand.

It rephrases nothing: the lead-in is in the language of the question, the quotation in the language of the source.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rag.dates import written
from rag.evidence import Evidence, counterparts, covered
from rag.generate.asked import holds, kinds_asked
from rag.language import detect
from rag.references import clause, find
from rag.sentences import sentences
from rag.types import Hit, Language, Passage, Reference, Turn

MAX_QUOTE = 700
MAX_QUOTE_OF_MANY = 350
MANY_DOCUMENTS = 3
CLEARLY_BETTER = 0.2
SHORT_PROVISION = 400
MAX_DOCUMENTS = 5
_PAIRS = (("«", "»"), ("“", "”"), ('"', '"'), ("‹", "›"))
_MARKUP = re.compile(r"(?<!\w)[*_`]+|[*_`]+(?!\w)|(?m:^\s*[#>]+\s*)")
_SPACE = re.compile(r"\s+")
_LISTING = re.compile(
    r"\b(?:why|reasons?|which|list|what are|por qué|porqué|razones|motivos?|cuáles|qué (?:razones|motivos|países|partes))\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Scored:
    """A sentence of a hit (index in the hits) at `start:end` of its passage, and how well it answers."""

    hit: int
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Weights:
    """Coefficients of a sentence's score, in logits: a softmax over the sentences of the first passages that picks the one with the answer.

    Fitted on 2,549 questions of squad_es and squad_en_partial; on the XQuAD development half the best sentence holds the answer for
    .79 (es->es) and .74 (en->es) of the questions (docs/decisions.md).
    """

    sentence: float = 7.7
    surroundings: float = 3.8
    passage: float = 1.6
    asked_for: Mapping[str, float] = field(default_factory=lambda: {"date": 1.8, "amount": 1.7, "person": 0.8, "place": 0.2, "reason": 1.0})
    length: float = -0.43
    heading: float = -9.0


MARGIN = 1.5
LIST_MARGIN = 3.0


class ExtractiveGenerator:
    """The default generator; see the module."""

    def __init__(self, evidence: Evidence, max_sentences: int = 3, weights: Weights | None = None) -> None:
        self._evidence = evidence
        self._max_sentences = max_sentences
        self._weights = weights or Weights()

    @property
    def fingerprint(self) -> str:
        """Names the generator; it has no weights of its own."""
        return f"extractive/{self._max_sentences}"

    def generate(self, question: str, hits: Sequence[Hit], history: Sequence[Turn] = ()) -> Iterator[str]:
        """Stream one quotation at a time, grouped by document."""
        language = detect(question)
        asked = [mention.reference for mention in find(question)]
        spans = self._provisions(question, asked, hits) or self._best(question, hits)
        source = None
        for span in spans:
            passage = hits[span.hit].passage
            same = source == passage.source
            source = passage.source
            before = " " if same else ("\n\n" if span is not spans[0] else "") + _lead_in(passage, language, with_section=bool(asked))
            yield f"{before}{_quoted(passage.text[span.start : span.end])} [{span.hit + 1}]"

    def score(self, question: str, hits: Sequence[Hit]) -> list[Scored]:
        """Every sentence of the hits with its score, best first."""
        spans = [(index, span) for index, hit in enumerate(hits) for span in sentences(hit.passage.text)]
        texts = [hits[index].passage.text[slice(*span)] for index, span in spans]
        asked, *words = self._evidence.words([question, *texts, *(_context(hit.passage) for hit in hits)])
        best = counterparts(asked, words)
        wanted = kinds_asked(question)
        top = max((hit.score for hit in hits), default=0.0)
        own = covered(asked, best)
        scored = []
        for position, (index, (start, end)) in enumerate(spans):
            rows = [near for near in (position - 1, position, position + 1) if 0 <= near < len(spans) and spans[near][0] == index]
            around = best[[*rows, len(spans) + index]].max(axis=0, keepdims=True)
            text = texts[position]
            value = self._weights.sentence * own[position] + self._weights.surroundings * float(covered(asked, around)[0])
            value += self._weights.passage * (hits[index].score - top)
            value += sum(self._weights.asked_for[kind] for kind in wanted if holds(text, kind))
            value += self._weights.length * math.log(len(text)) + self._weights.heading * _is_heading(text, hits[index].passage)
            scored.append(Scored(index, start, end, float(value)))
        return sorted(scored, key=lambda item: (-item.score, item.hit, item.start))

    def _best(self, question: str, hits: Sequence[Hit]) -> list[Scored]:
        """The sentences to quote, in reading order: the best, and more if they are nearly as good or a list is asked for."""
        scored = self.score(question, hits)
        if not scored:
            return []
        margin = LIST_MARGIN if _LISTING.search(question) else MARGIN
        chosen = [item for item in scored[: self._max_sentences] if item.score >= scored[0].score - margin]
        order = {item.hit: rank for rank, item in reversed(list(enumerate(chosen)))}
        by_source = {hits[hit].passage.source: rank for hit, rank in sorted(order.items(), key=lambda pair: -pair[1])}
        chosen.sort(key=lambda item: (by_source[hits[item.hit].passage.source], hits[item.hit].passage.start + item.start))
        return _joined([_whole_provision(item, hits[item.hit].passage) for item in chosen], hits)

    def _provisions(self, question: str, asked: Sequence[Reference], hits: Sequence[Hit]) -> list[Scored]:
        """For each provision asked for, its own text or its clause, from the best hit of each document."""
        chosen: list[Scored] = []
        holders = {hit.passage.source for hit in hits if hit.why.reference}
        longest = MAX_QUOTE if len(holders) < MANY_DOCUMENTS else MAX_QUOTE_OF_MANY
        for reference in asked:
            sources: set[str] = set()
            for index, hit in enumerate(hits):
                passage = hit.passage
                held = hit.why.reference and reference in (*passage.provisions, *passage.mentions)
                if not held or passage.source in sources or len(sources) == MAX_DOCUMENTS:
                    continue
                own = reference in passage.provisions
                span = self._own_text(question, index, passage, longest) if own else _mention_clause(index, passage, reference)
                if span is not None:
                    sources.add(passage.source)
                    chosen.append(span)
        return chosen

    def _own_text(self, question: str, index: int, passage: Passage, longest: int) -> Scored:
        """The text of a provision without its heading; of one over `longest`, the part with the sentence that covers the question best."""
        start = _after_heading(passage.text)
        if len(passage.text) - start <= longest:
            return Scored(index, start, len(passage.text), 1.0)
        spans = [span for span in sentences(passage.text) if span[0] >= start]
        covered_by = self._evidence.coverages(question, [passage.text[slice(*span)] for span in spans])
        best = int(covered_by.argmax()) if covered_by.max() > covered_by[0] + CLEARLY_BETTER else 0
        first = 0 if spans[best][1] - start <= longest else best
        end = max((span[1] for span in spans[first:] if span[1] - spans[first][0] <= longest), default=spans[first][1])
        return Scored(index, spans[first][0], end, 1.0)


def _is_heading(text: str, passage: Passage) -> bool:
    """Whether a sentence is no statement: a question, the title, or the line of a heading."""
    plain = _MARKUP.sub("", text).strip(" .:")
    return text.rstrip(" *_").endswith("?") or any(plain and plain in heading for heading in (passage.title, *passage.section))


def _whole_provision(item: Scored, passage: Passage) -> Scored:
    """A sentence of a short numbered provision widened to all of it: the paragraphs of a rule limit each other."""
    start = _after_heading(passage.text)
    if not passage.provisions or len(passage.text) - start > SHORT_PROVISION or item.start < start:
        return item
    return Scored(item.hit, start, len(passage.text), item.score)


def _context(passage: Passage) -> str:
    return "\n".join((passage.title, *passage.section))


def _joined(chosen: Sequence[Scored], hits: Sequence[Hit]) -> list[Scored]:
    """Neighbouring sentences of one passage made one quotation."""
    result: list[Scored] = []
    for item in chosen:
        last = result[-1] if result else None
        if last and last.hit == item.hit and (item.start <= last.end or not hits[item.hit].passage.text[last.end : item.start].strip()):
            result[-1] = Scored(item.hit, last.start, max(last.end, item.end), max(last.score, item.score))
        else:
            result.append(item)
    return result


def _mention_clause(index: int, passage: Passage, reference: Reference) -> Scored | None:
    """The clause that belongs to the first mention of `reference`; the whole sentence where the clause is a mere fragment."""
    for start, end in sentences(passage.text):
        text = passage.text[start:end]
        mentions = find(text)
        own = next((mention for mention in mentions if mention.reference == reference), None)
        if own is not None:
            first, last = clause(text, own, mentions)
            return Scored(index, start + first, start + last, 1.0)
    return None


def _after_heading(text: str) -> int:
    """Where the text under the heading line of a provision begins; 0 if the heading is all there is or runs into the text."""
    line_end = text.find("\n")
    return 0 if line_end < 0 or not text[line_end:].strip() else line_end + len(text[line_end:]) - len(text[line_end:].lstrip())


def _lead_in(passage: Passage, language: Language, *, with_section: bool) -> str:
    opening, closing = ("“", "”") if language == "en" else ("«", "»")
    title = re.sub(r"[«»“”\"]", "", passage.title)
    parts = [f"{opening}{title}{closing}"]
    if passage.date:
        parts.append(written(passage.date, language))
    if with_section and passage.provisions and passage.section:
        parts.append(re.sub(r"[.:—–-]+\s+", ", ", passage.section[-1].rstrip(".: ")))
    return f"{'According to' if language == 'en' else 'Según'} {', '.join(parts)}: "


def _quoted(text: str) -> str:
    """`text` without markup in quotation marks that it does not hold itself."""
    plain = _SPACE.sub(" ", _MARKUP.sub("", text)).strip()
    opening, closing = next((pair for pair in _PAIRS if not set(pair) & set(plain)), _PAIRS[-1])
    return f"{opening}{plain}{closing}"
