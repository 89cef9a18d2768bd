"""Answers without a language model: the sentences that answer, word for word, each with its source.

For a provision ("Article 4") it quotes the provision itself, or the clause that belongs to the mention, once per document that has it;
for a code ("what does E20 mean"), the entry that opens with it (`rag.rows.codes`).
For anything else it quotes the best sentences of the first passages (`rag.select`), those of one document in the order in which they stand.

It rephrases nothing: the lead-in is in the language of the question, the quotation in the language of the source.
"""

import re
from collections.abc import Iterator, Sequence

from rag.asked import WHAT_ONES
from rag.generate.lead_in import columns, heading_of, is_headed, lead_in, message_head, needed_heading, opens_with, quoted
from rag.generate.widened import MAX_QUOTE, Span, after_heading, joined, widened
from rag.language import asked_in
from rag.lookup import FIRST_OF_UNIT
from rag.provisions.asked import Asked, as_paragraph, as_point, asked_provisions, asks_for_all, each_of
from rag.provisions.numbered_acts import POINT, act_span, is_act, numbered_lines
from rag.provisions.paragraphs import Part, part_span
from rag.provisions.which import which_provision
from rag.references import clause, find
from rag.rows.codes import coded_entries
from rag.rows.columns import in_row, is_head, row_at
from rag.rows.extremes import extreme_row
from rag.rows.lists import list_around, list_below
from rag.select import READ, Scored, SentenceScorer, is_heading
from rag.sentences import sentences
from rag.types import Hit, Passage, Reference, Turn

_HEADING_MARKS = re.compile(r"(?m:^#+)")
MAX_QUOTE_OF_MANY = 350
MANY_DOCUMENTS = 3
MANY_PROVISIONS = 4
CLEARLY_BETTER = 0.2
CALLED_SO = 0.75  # share of a subject that the heading of its provision covers
MAX_DOCUMENTS = 5
BEST_OF_UNIT = 2
_LISTING = re.compile(
    rf"\b(?:why|reasons?|which|list|what are|{WHAT_ONES}|por qué|porqué|razones|motivos?|cuáles|qué (?:razones|motivos|países|partes))\b",
    re.IGNORECASE,
)
MARGIN = 2.0  # how far behind the best sentence, in log-odds, another may be quoted
LIST_MARGIN = 4.0
ANSWERS_MARGIN = 1.0
"""How far behind the odds of the best sentence to answer those of a row may be that is quoted beside it; they tell rows apart best."""
ROW_MARGIN = 0.12
"""How much less of the question a row of a table may cover than another one of it that is quoted."""
_COMPARING = re.compile(
    r"\b(?:compar\w+|differen\w+|diferenci\w+|versus|vs|both|each|all|every|between|and|or|entre|amb[ao]s|cada|tod[ao]s|y|e|o|u)\b",
    re.IGNORECASE,
)


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
        language = asked_in(question)
        named = asked_provisions(question)
        asked = [_as_found(item, hits) for item in each_of(named, lambda item: _existing(item, hits))]
        references = frozenset(item.reference for item in asked)
        coded = [Span(*entry) for entry in coded_entries(question, hits)]
        spans = self._provisions(question, asked, hits) or coded or self._best(question, hits)
        spans = _by_document(spans, hits) if len(asked) > len(named) else spans
        which = which_provision(question)
        last = None
        for span in spans:
            passage = hits[span.hit].passage
            text = passage.text[span.start : span.end]
            heading = passage.section[-1] if which and passage.provisions and passage.section else heading_of(passage, references)
            row = None if heading else row_at(passage.text, span.start, span.end)
            if not heading and not (row and row.columns):
                heading = needed_heading(passage, text, question) or message_head(passage, span.start)
            if heading and opens_with(text, heading):
                heading = ""
            place = (passage.source, columns(row.columns, language) if row and row.columns else heading)
            shared = any(hit.passage.title == passage.title and hit.passage.source != passage.source for hit in hits)
            before = " " if place == last else ("\n\n" if last else "") + lead_in(passage, language, place[1], by_file=shared)
            last = place
            yield f"{before}{quoted(text)} [{span.hit + 1}]"

    def _best(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        """The sentences to quote: the best, then in reading order those nearly as good; all in reading order if a list is asked for."""
        scored = self._scorer.score(question, hits)
        scored = [
            item for item in scored if not (is_head(hits[item.hit].passage.text, item.start, item.end) or _in_contents(item, hits))
        ] or scored
        if not scored:
            return []
        if row := extreme_row(question, hits[:READ], self._scorer.evidence):
            return [Span(*row)]
        if (which := which_provision(question)) and which.is_one:
            one = _provision_of(self._dealing(which.subject, scored, hits), hits)
            scored = [item for item in scored if _provision_of(item, hits) == one]
        margin = LIST_MARGIN if _LISTING.search(question) else MARGIN
        compared = _row_table(scored[0], hits) if _COMPARING.search(question) else None
        chosen = [
            item
            for item in scored[: self._max_sentences]
            if item.score >= scored[0].score - (LIST_MARGIN if compared and _row_table(item, hits) == compared else margin)
            and (
                compared
                or item.answers >= scored[0].answers - ANSWERS_MARGIN
                or not in_row(hits[item.hit].passage.text, item.start, item.end)
            )
        ]
        chosen = self._without_other_rows(question, [item for item in chosen if not item.amiss] or chosen, hits)
        order = {item.hit: rank for rank, item in reversed(list(enumerate(chosen)))}
        by_source = {hits[hit].passage.source: rank for hit, rank in sorted(order.items(), key=lambda pair: -pair[1])}
        chosen.sort(key=lambda item: (by_source[hits[item.hit].passage.source], hits[item.hit].passage.start + item.start))
        first = scored[0].hit
        spans = joined([widened(item, hits[item.hit].passage, question if item.hit == first else "") for item in chosen], hits)
        return spans if margin == LIST_MARGIN else _best_first(spans, min(chosen, key=scored.index))

    def _dealing(self, subject: str, scored: Sequence[Scored], hits: Sequence[Hit]) -> Scored:
        """The best sentence of the provision that deals with `subject`: the one that is called so, if one is, else the best of all."""
        headings = [" ".join(hits[item.hit].passage.section[-1:]) for item in scored]
        named = self._scorer.evidence.coverages(subject, headings)
        return scored[int(named.argmax()) if named.max() >= CALLED_SO > named[0] else 0]

    def _without_other_rows(self, question: str, chosen: Sequence[Scored], hits: Sequence[Hit]) -> list[Scored]:
        """`chosen` without the rows of a table that say the same of something else than the row that was asked for.

        Rows of one table read alike, but for the words that tell them apart. Where several things are asked for, or compared, all stay.
        """
        if _COMPARING.search(question):
            return list(chosen)
        texts = [hits[item.hit].passage.text[item.start : item.end] for item in chosen]
        covered_by = self._scorer.evidence.coverages(question, texts).tolist()
        rows = [_table(item, hits) if " | " in text else None for item, text in zip(chosen, texts, strict=True)]
        best: dict[tuple[int, str], float] = {}
        for table, share in zip(rows, covered_by, strict=True):
            if table is not None:
                best[table] = max(share, best.get(table, 0.0))
        return [
            item for item, table, share in zip(chosen, rows, covered_by, strict=True) if table is None or share >= best[table] - ROW_MARGIN
        ]

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
            elif not is_headed(hit.passage, reference.number) and (lines := numbered_lines(text, reference.number)):
                span = lines[0]
            elif reference.kind == POINT:
                span = part_span(_HEADING_MARKS.sub(_blank, text), (reference.number,))
                if span and is_headed(hit.passage, reference.number) and not text[after_heading(hit.passage) : span[1]].strip():
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
        start, stop = after_heading(passage), len(passage.text)
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


def _best_first(spans: Sequence[Span], best: Scored) -> list[Span]:
    """`spans` with the one that holds the best sentence in front."""
    return sorted(spans, key=lambda span: not (span.hit == best.hit and span.start < best.end and best.start < span.end))


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


def _in_contents(item: Scored, hits: Sequence[Hit]) -> bool:
    """Whether a sentence is in, or introduces, a table of contents: a list of which several items are headings of its document."""
    passage = hits[item.hit].passage
    listed = list_around(passage.text, item.start) or list_below(passage.text, item.end)
    labels = {label.strip(" .:") for hit in hits if hit.passage.source == passage.source for label in hit.passage.section}
    return listed is not None and len(labels & {line.strip(" .:") for line in passage.text[slice(*listed)].split("\n")}) > 1


def _provision_of(item: Scored, hits: Sequence[Hit]) -> tuple[str, Reference | None]:
    """The document of a sentence, and the innermost provision that it is of."""
    passage = hits[item.hit].passage
    return passage.source, next(iter(passage.provisions), None)


def _row_table(item: Scored, hits: Sequence[Hit]) -> tuple[int, str] | None:
    """The table of a row; None of a sentence that is none."""
    return _table(item, hits) if row_at(hits[item.hit].passage.text, item.start, item.end) else None


def _table(item: Scored, hits: Sequence[Hit]) -> tuple[int, str]:
    """What tells the table of a row from others: its passage and its head."""
    row = row_at(hits[item.hit].passage.text, item.start, item.end)
    return item.hit, row.columns if row else ""


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
