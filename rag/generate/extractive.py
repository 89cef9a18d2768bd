"""Answers without a language model: the sentences that answer, word for word, each with its source.

For a provision ("Article 4") it quotes the provision itself, or the clause that belongs to the mention, once per document that has it.
For anything else it quotes the best sentences of the first passages (`rag.select`), those of one document in the order in which they stand.

It rephrases nothing: the lead-in is in the language of the question, the quotation in the language of the source.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from rag.asked import without_which_provision
from rag.asked_provisions import Asked, as_paragraph, as_point, asked_provisions, asks_for_all, each_of
from rag.columns import DELIMITER, row_at
from rag.dates import written
from rag.language import detect
from rag.lookup import FIRST_OF_UNIT, HEADED
from rag.numbered_acts import POINT, act_span, is_act, numbered_lines
from rag.paragraphs import Part, paragraph_around, part_span
from rag.references import clause, find, heading_reference
from rag.select import MARKUP, Scored, SentenceScorer, is_heading
from rag.sentences import sentences
from rag.types import Hit, Language, Passage, Reference, Turn

_HEADING_MARKS = re.compile(r"(?m:^#+)")
MAX_QUOTE = 700
MAX_QUOTE_OF_MANY = 350
MANY_DOCUMENTS = 3
MANY_PROVISIONS = 4
CLEARLY_BETTER = 0.2
SHORT_PROVISION = 400
SHORT_PARAGRAPH = 320
MAX_DOCUMENTS = 5
BEST_OF_UNIT = 2
MARKS_OF_HEADING = 5
_PAIRS = (("«", "»"), ("“", "”"), ('"', '"'), ("‹", "›"))
_SPACE = re.compile(r"\s+")
_LISTING = re.compile(
    r"\b(?:why|reasons?|which|list|what are|por qué|porqué|razones|motivos?|cuáles|qué (?:razones|motivos|países|partes))\b", re.IGNORECASE
)
_TEXTS = "agreement|act|regulation|law|article|section|treaty|report|acuerdo|ley|reglamento|artículo|sección|tratado|informe|convenio"
_CONNECTIVES = (
    "also|and|but|so|then|thus|still|yet|however|therefore|moreover|besides|instead|otherwise|nevertheless|in addition|for this|"
    "además|también|tampoco|asimismo|y|pero|así|entonces|sin embargo|no obstante|en cambio|por eso|por ello|por esto|por tanto|"
    "por lo tanto|por consiguiente"
)
_POINTERS = (
    r"it(?! is )|he|she|they|its|his|her|their|both|the former|the latter|él|ella|ello|ellos|ellas|sus?|amb[ao]s|dich[ao]s?|"
    rf"(?:this|that|these|those|est[aeo]s?|es[aeo]s?|aquell?[ao]s?)(?! (?:{_TEXTS})\b)"
)
_LEANING = re.compile(rf"[\W_]*(?:{_CONNECTIVES}|{_POINTERS})\b", re.IGNORECASE)
"""How a sentence begins that leans on the one before it; "this Agreement" points to the document itself."""
SENTENCES_BEFORE = 2
MARGIN = 2.0  # how far behind the best sentence, in log-odds, another may be quoted
LIST_MARGIN = 4.0


@dataclass(frozen=True, slots=True)
class Span:
    """What is quoted: characters `start:end` of the passage of a hit (index in the hits)."""

    hit: int
    start: int
    end: int


class ExtractiveGenerator:
    """The default generator; see the module."""

    def __init__(self, scorer: SentenceScorer, max_sentences: int = 3) -> None:
        self._scorer = scorer
        self._max_sentences = max_sentences

    @property
    def fingerprint(self) -> str:
        """Names the generator, and the reader behind it."""
        return f"extractive/{self._max_sentences}/{self._scorer.reader.fingerprint if self._scorer.reads else 'words'}"

    def generate(self, question: str, hits: Sequence[Hit], history: Sequence[Turn] = ()) -> Iterator[str]:
        """Stream one quotation at a time, grouped by document."""
        language = detect(question)
        named = asked_provisions(question)
        asked = [_as_found(item, hits) for item in each_of(named, lambda item: _existing(item, hits))]
        references = frozenset(item.reference for item in asked)
        spans = self._provisions(question, asked, hits) or self._best(question, hits)
        spans = _by_document(spans, hits) if len(asked) > len(named) else spans
        which = without_which_provision(question) != question
        last = None
        for span in spans:
            passage = hits[span.hit].passage
            text = passage.text[span.start : span.end]
            heading = passage.section[-1] if which and passage.provisions and passage.section else _heading(passage, references)
            row = None if heading else row_at(passage.text, span.start, span.end)
            if heading and _opens_with(text, heading):
                heading = ""
            place = (passage.source, _columns(row.columns, language) if row and row.columns else heading)
            before = " " if place == last else ("\n\n" if last else "") + _lead_in(passage, language, place[1])
            last = place
            yield f"{before}{_quoted(text)} [{span.hit + 1}]"

    def _best(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        """The sentences to quote, in reading order: the best, and more if they are nearly as good or a list is asked for."""
        scored = self._scorer.score(question, hits)
        scored = [item for item in scored if not _is_head(item, hits)] or scored
        if not scored:
            return []
        margin = LIST_MARGIN if _LISTING.search(question) else MARGIN
        chosen = [item for item in scored[: self._max_sentences] if item.score >= scored[0].score - margin]
        order = {item.hit: rank for rank, item in reversed(list(enumerate(chosen)))}
        by_source = {hits[hit].passage.source: rank for hit, rank in sorted(order.items(), key=lambda pair: -pair[1])}
        chosen.sort(key=lambda item: (by_source[hits[item.hit].passage.source], hits[item.hit].passage.start + item.start))
        return _joined([_widened(item, hits[item.hit].passage) for item in chosen], hits)

    def _provisions(self, question: str, asked: Sequence[Asked], hits: Sequence[Hit]) -> list[Span]:
        """For each provision asked for, its own text (or the paragraph asked for) or its clause, from the best hit of each document.

        Of a chapter, or whatever else is made of other provisions, the first of them, or those that fit the question best.
        """
        chosen: list[Span] = []
        holders = {hit.passage.source for hit in hits if hit.why.reference}
        longest = MAX_QUOTE if len(holders) < MANY_DOCUMENTS and len(asked) <= MANY_PROVISIONS else MAX_QUOTE_OF_MANY
        for reference, within, part in dict.fromkeys((item.reference, item.within, item.part) for item in asked):
            numbered = self._numbered(question, reference, hits)
            chosen += (unit := numbered or self._unit(question, reference, part, hits))
            sources = {hits[span.hit].passage.source for span in unit}
            order = [index for own in (True, False) for index, hit in enumerate(hits) if (reference in hit.passage.provisions) is own]
            for index, hit in ((index, hits[index]) for index in order):  # its own text first
                passage = hit.passage
                held = hit.why.reference and reference in (*passage.provisions, *passage.mentions)
                if not held or not {*within} <= {*passage.provisions} or passage.source in sources or len(sources) == MAX_DOCUMENTS:
                    continue
                own = reference in passage.provisions
                span = self._own_text(question, index, passage, longest, part) if own else _mention_clause(index, passage, reference)
                if span is not None:
                    sources.add(passage.source)
                    chosen.append(span)
        return chosen

    def _numbered(self, question: str, reference: Reference, hits: Sequence[Hit]) -> list[Span]:
        """What to quote of a point of a document, of an act by its number, or of a section whose heading does not say that it is one."""
        chosen = []
        for index, hit in enumerate(hits):
            known = reference in (*hit.passage.provisions, *hit.passage.mentions) and not (reference.kind == POINT or is_act(reference))
            if hit.why.reference != str(reference) or known:
                continue
            text, span = hit.passage.text, None
            if is_act(reference):
                span = act_span(text, reference)
            elif not _is_headed(hit.passage, reference.number) and (lines := numbered_lines(text, reference.number)):
                span = lines[0]
            elif reference.kind == POINT:
                span = part_span(_HEADING_MARKS.sub(_blank, text), (reference.number,))
                if span and _is_headed(hit.passage, reference.number) and not text[_after_heading(hit.passage) : span[1]].strip():
                    span = None  # a list below the heading ended it
            whole = self._own_text(question, index, hit.passage, MAX_QUOTE, ())
            chosen.append(Span(index, span[0], span[0] + len(text[slice(*span)].rstrip())) if span else whole)
        return _by_document(chosen, hits)[:MAX_DOCUMENTS]

    def _unit(self, question: str, reference: Reference, part: Part, hits: Sequence[Hit]) -> list[Span]:
        """What to quote of `reference` if its text is that of other provisions, in reading order; else nothing."""
        own = [(index, hit.passage) for index, hit in enumerate(hits) if hit.why.reference and reference in hit.passage.provisions]
        own = [(index, passage) for index, passage in own if not is_heading(passage.text, passage)] or own
        if all(passage.provisions[0] == reference for _, passage in own):
            return []
        first: dict[tuple[str, Reference], tuple[int, Passage]] = {}
        for index, passage in own:
            first.setdefault((passage.source, passage.provisions[0]), (index, passage))
        order = {source: place for place, source in reversed(list(enumerate(passage.source for _, passage in own)))}
        kept = [*first.values()][: FIRST_OF_UNIT if asks_for_all(question) else BEST_OF_UNIT]
        kept.sort(key=lambda item: (order[item[1].source], item[1].start))
        return [self._own_text(question, index, passage, MAX_QUOTE_OF_MANY, part) for index, passage in kept]

    def _own_text(self, question: str, index: int, passage: Passage, longest: int, part: Part) -> Span:
        """The text of a provision without its heading; of one over `longest`, the sentences around the one that covers the question best,
        or its beginning if the question asks for nothing else. Of a provision with the paragraph `part`, that paragraph."""
        start, stop = _after_heading(passage), len(passage.text)
        places = range(len(part))[: 1 if start else None]  # below no heading, "(3)" may stand in the passage before
        inner = (part_span(passage.text, part[place:]) for place in places)
        if found := next(filter(None, inner), None):
            start, stop = max(start, found[0]), found[0] + len(passage.text[slice(*found)].rstrip())
        if stop - start <= longest:
            return Span(index, start, stop)
        spans = [span for span in sentences(passage.text[:stop]) if span[0] >= start] or [(start, stop)]
        if part or asks_for_all(question):
            return Span(index, start, max((end for _, end in spans if end - start <= longest), default=spans[0][1]))
        covered_by = self._scorer.evidence.coverages(question, [passage.text[slice(*span)] for span in spans])
        best = int(covered_by.argmax()) if covered_by.max() > covered_by[0] + CLEARLY_BETTER else 0
        first = 0 if spans[best][1] - start <= longest else best
        end = max((span[1] for span in spans[first:] if span[1] - spans[first][0] <= longest), default=spans[first][1])
        return Span(index, spans[first][0], end)


def _is_headed(passage: Passage, number: str) -> bool:
    """Whether the heading above a passage begins with a number: the passage is what has it, and not a line in it."""
    return bool(passage.section) and re.match(rf"{re.escape(number)}[.)]?(?:-|\s|$)", passage.section[-1]) is not None


def _by_document(chosen: Sequence[Span], hits: Sequence[Hit]) -> list[Span]:
    """Quotations in the order of the documents' first ones, those of a document as they stand there."""
    order = {source: place for place, source in reversed(list(enumerate(hits[span.hit].passage.source for span in chosen)))}
    return sorted(chosen, key=lambda span: (order[hits[span.hit].passage.source], hits[span.hit].passage.start + span.start))


def _existing(item: Asked, hits: Sequence[Hit]) -> list[Reference]:
    """The provisions of a kind that were looked up, in the order of the hits."""
    return [own for hit in hits for own in hit.passage.provisions if own.kind == item.reference.kind and hit.why.reference == str(own)]


def _as_found(item: Asked, hits: Sequence[Hit]) -> Asked:
    found = {hit.why.reference for hit in hits}
    if str(item.reference) not in found and str(as_point(item).reference) in found:
        return as_point(item)
    around = item.within[0] if item.within else None
    return as_paragraph(item, [hit.passage for hit in hits if hit.why.reference == str(around) and around in hit.passage.provisions])


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _widened(item: Scored, passage: Passage) -> Span:
    """A sentence with what limits or completes it: all of a short numbered provision, else its paragraph if that is short."""
    start = _after_heading(passage)
    row = row_at(passage.text, item.start, item.end)
    if row and row.columns:  # the lead-in names them
        return Span(item.hit, row.start, row.end)
    if passage.provisions and item.start >= start and len(passage.text) - start <= SHORT_PROVISION:
        return Span(item.hit, start, len(passage.text))
    if passage.provisions and (around := paragraph_around(passage.text, item.start)) and around[1] - around[0] <= SHORT_PROVISION:
        return Span(item.hit, max(start, around[0]), max(item.end, around[1]))  # an item of a list says little alone
    first = max(
        passage.text.rfind("\n\n", 0, item.start) + 2 if "\n\n" in passage.text[: item.start] else 0, start if item.start >= start else 0
    )
    last = passage.text.find("\n\n", item.end)
    last = len(passage.text) if last < 0 else last
    if last - first <= SHORT_PARAGRAPH and not is_heading(passage.text[first:last].split("\n")[0], passage):
        return Span(item.hit, first, last)
    return Span(item.hit, _upright(passage.text, first, item.start, item.end), item.end)


def _upright(text: str, first: int, start: int, end: int) -> int:
    """Where to begin a quotation of `start:end`, no earlier than `first`, so that "However" and "It" have what they point back to."""
    before = [span for span in sentences(text) if first <= span[0] < start]
    for earlier, _ in before[: -SENTENCES_BEFORE - 1 : -1]:
        if not _LEANING.match(text[start:end]) or end - earlier > MAX_QUOTE:
            break
        start = earlier
    return start


def _joined(chosen: Sequence[Span], hits: Sequence[Hit]) -> list[Span]:
    """Neighbouring sentences of one passage made one quotation."""
    result: list[Span] = []
    for item in chosen:
        last = result[-1] if result else None
        text = hits[item.hit].passage.text
        follows = last and last.hit == item.hit and (item.start <= last.end or not text[last.end : item.start].strip())
        if last and follows and not (_is_row(last, hits) or _is_row(item, hits)):
            result[-1] = Span(item.hit, last.start, max(last.end, item.end))
        else:
            result.append(item)
    return result


def _is_head(item: Scored, hits: Sequence[Hit]) -> bool:
    """Whether a sentence is the head of a table, which says nothing alone."""
    row = row_at(hits[item.hit].passage.text, item.start, item.end)
    return row is not None and row.is_head


def _columns(names: str, language: Language) -> str:
    return f"{'columns' if language == 'en' else 'columnas'} {names}"


def _is_row(item: Span, hits: Sequence[Hit]) -> bool:
    """Whether a quotation is a row of a table or sheet, which nothing goes on with."""
    return " | " in hits[item.hit].passage.text[item.start : item.end]


def _mention_clause(index: int, passage: Passage, reference: Reference) -> Span | None:
    """The clause that belongs to the first mention of `reference`; the whole sentence where the clause is a mere fragment."""
    for start, end in sentences(passage.text):
        text = passage.text[start:end]
        mentions = find(text)
        own = next((mention for mention in mentions if mention.reference == reference), None)
        if own is not None:
            first, last = clause(text, own, mentions)
            return Span(index, start + first, start + last)
    return None


def _after_heading(passage: Passage) -> int:
    """Where the text under the heading lines of a provision begins; if they are all there is, where the innermost of them does."""
    position = innermost = 0
    for line in passage.text.splitlines(keepends=True):
        plain = MARKUP.sub("", line).strip(" .:\r\n\t")
        start = position + len(line) - len(line.lstrip())
        if plain and not _leads(plain, passage):
            return start if position else 0
        if plain and passage.section[-1].startswith(plain):
            innermost = start
        position += len(line)
    return innermost


def _leads(line: str, passage: Passage) -> bool:
    """Whether `line` is one of the headings above the passage, give or take a mark."""
    plain = " ".join(line.split())
    return any(
        plain in heading or (plain.startswith(heading) and len(plain) <= len(heading) + MARKS_OF_HEADING) for heading in passage.section
    )


def other_side(passage: Passage, start: int, end: int, question: str) -> str:
    """A quotation that contradicts what was quoted before, with its source and date, as a paragraph of its own without a marker."""
    language = detect(question)
    lead_in = _lead_in(passage, language)
    opening = "En cambio, " if language == "es" else "But "
    return f"\n\n{opening}{lead_in[0].lower()}{lead_in[1:]}{_quoted(passage.text[start:end])}"


def _heading(passage: Passage, asked: Collection[Reference]) -> str:
    """The heading that an answer about the provisions `asked` names: that of the chapter, if it was asked for, else the innermost one."""
    if passage.section and any(reference.kind in HEADED and _is_headed(passage, reference.number) for reference in asked):
        return passage.section[-1]
    if not (asked and passage.provisions and passage.section):
        return ""
    own = passage.provisions[0] in asked
    around = [label for label in passage.section if heading_reference(label) in asked]
    return around[0] if around and not own else passage.section[-1]


def _opens_with(text: str, heading: str) -> bool:
    """Whether a quotation begins with the heading above it, which then is not said twice."""
    start, whole = (" ".join(MARKUP.sub("", part).split()).casefold() for part in (heading, text))
    return whole.startswith(start.rstrip(" .:"))


def _lead_in(passage: Passage, language: Language, heading: str = "") -> str:
    opening, closing = ("“", "”") if language == "en" else ("«", "»")
    title = re.sub(r"[«»“”\"]", "", passage.title or passage.source)
    parts = [f"{opening}{title}{closing}"]
    if passage.date:
        parts.append(written(passage.date, language))
    if heading:
        parts.append(re.sub(r"(?<!\b[Aa]rt)(?<!\b[Ss]ec)[.:—–-]+\s+", ", ", heading.rstrip(".: ")))
    return f"{'According to' if language == 'en' else 'Según'} {', '.join(parts)}: "


def _quoted(text: str) -> str:
    """`text` without markup in quotation marks that it does not hold itself."""
    plain = _SPACE.sub(" ", DELIMITER.sub("", MARKUP.sub("", text))).strip()
    opening, closing = next((pair for pair in _PAIRS if not set(pair) & set(plain)), _PAIRS[-1])
    return f"{opening}{plain}{closing}"
