"""The story: a question in, a checked answer out.

    condense (follow-up) -> retrieve & rerank -> decide -> generate -> cite & verify -> Answer

Everything else (command line, chat page, evaluation) is a skin over `Pipeline`. It holds no knowledge of formats, models or files.
"""

import re
import time
from collections.abc import Generator as Steps
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from rag import messages, read
from rag.abstain import Decision, decide
from rag.condense import condense
from rag.config import Config
from rag.conflicts import Conflict, find_conflict
from rag.embed import BuiltinEmbedder, Embedder, load_embedder
from rag.errors import GenerationError, InputError
from rag.evidence import Evidence
from rag.generate import Condenser, Generator, load_generator
from rag.generate.attribute import declines
from rag.generate.extractive import ExtractiveGenerator
from rag.generate.lead_in import other_side
from rag.generate.written import Written
from rag.index import Listed, Snapshot, open_index
from rag.language import asked_in
from rag.lookup import Lookup
from rag.naming.siblings import Forms
from rag.receipt import Provenance, provenance
from rag.references import find
from rag.rerank import WordReranker
from rag.retrieve import Retrieved, Retriever, candidates
from rag.select import SentenceScorer
from rag.turns.readings import Reading, may_stand_alone, preferred
from rag.turns.small_talk import SmallTalk, small_talk
from rag.turns.wished_form import wished_form
from rag.types import Answer, Citation, Document, Hit, Language, Turn
from rag.verify import Checked, Checker

MAX_QUESTION = 10_000
MOST_ADDED = 600  # characters that a follow-up may grow by when it is made to stand alone
FEWEST_TOLD = 3  # words that tell a language
_ASKS = re.compile(
    r"\?|^(?:\w+ ){0,2}(?:what|which|who|whom|whose|when|where|why|how|qué|cuál|cuáles|quién|quiénes|cuándo|dónde|cómo|cuánt[oa]s?)\b|"
    r"^(?:is|are|was|were|do|does|did|can|may|must|shall|should|will|has|have|had|tell|explain|list)\b",
    re.IGNORECASE,
)


class Pipeline:
    """Answers questions from one index; may be shared between threads. `Pipeline.open(config)` builds the parts from the configuration."""

    def __init__(self, config: Config, embedder: Embedder, scorer: SentenceScorer, generator: Generator) -> None:
        self.config = config
        self.embedder = embedder
        self._scorer = scorer
        self._generator = generator
        self._quoting = ExtractiveGenerator(scorer, config.answer.max_sentences)
        self.evidence = scorer.evidence
        self.contextual = scorer.reader if config.retrieval.contextual else None
        reranker = WordReranker(scorer.evidence)
        self._forms = Forms()
        each, evidence = config.retrieval.candidates, scorer.evidence
        self._retriever = Retriever(embedder, reranker, each, evidence, self.contextual, forms=self._forms)
        self._reader = open_index(config.index, embedder.fingerprint)
        self._embedding = embedder.fingerprint
        self._fingerprint = f"{embedder.fingerprint} {generator.fingerprint}"

    @classmethod
    def open(cls, config: Config) -> Self:
        """Build every part that the configuration names.

        Raises:
            ModelError: a model that is not there.
            StoreError: no index, or one that does not fit the configuration.
        """
        builtin = BuiltinEmbedder()
        scorer = SentenceScorer(Evidence(builtin.tokenizer, builtin.rows), read.Reader(), reads=config.answer.reader)
        embedder = builtin if config.embedding.model == "builtin" else load_embedder(config.embedding.model, device=config.embedding.device)
        return cls(config, embedder, scorer, load_generator(config.llm, config.answer, scorer))

    def with_config(self, config: Config) -> Self:
        """A pipeline over another index, or with another language model, that shares what it can with this one.

        Raises:
            ModelError: a model that is not there.
            StoreError: no index, or one that does not fit the embedding of this pipeline.
        """
        same = config.llm == self.config.llm and config.answer == self.config.answer
        scorer = self._scorer
        if scorer.reads != config.answer.reader:
            scorer = SentenceScorer(scorer.evidence, scorer.reader, reads=config.answer.reader)
        generator = self._generator if same else load_generator(config.llm, config.answer, scorer)
        return type(self)(config, self.embedder, scorer, generator)

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """The whole answer; see `stream`."""
        *_, answer = self.stream(question, history)
        assert isinstance(answer, Answer)
        return answer

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[str | Answer]:
        """Pieces of the answer's text as they are ready, and last the Answer itself, whose text replaces the pieces.

        Raises:
            InputError: an empty question, or one that is too long.
            StoreError: the index went missing or is damaged.
        """
        laps = _Laps()
        question = checked_question(question)
        if said := small_talk(question, bool(history)):
            yield from self._replied(question, said, laps)
            return
        history = [turn for turn in history if not small_talk(turn.question)]
        standalone, note = self._condense(question, history)
        laps.end("condense")
        with self._reader.snapshot() as snapshot:
            reading = self._read(snapshot, standalone, laps)
            if not isinstance(self._generator, Condenser) and may_stand_alone(question, standalone):
                reading = preferred(reading, self._read(snapshot, question, laps), self._scorer)
        standalone, found, decision = reading.question, reading.found, reading.decision
        language = asked_in(standalone)
        if decision.reason is None:
            conflict = None if found.lookup.asked else find_conflict(standalone, found.hits, self._scorer)
            # What the index has counted is in no passage, so that no model can know it.
            generator = self._quoting if found.lookup.counts else self._generator
            checked, broken = yield from self._generate(generator, standalone, found.hits, history, conflict)
            disagreement = messages.conflicting(conflict.values, language) if conflict else None
            several = candidates(found)
            asking_back = messages.ambiguous(several, language) if several else self._alike(snapshot, found, checked, language)
            attributed = messages.attributed(sum(sentence.attributed for sentence in checked.sentences), language)
            told = (messages.incomplete, messages.contents, messages.counted)
            parts = (*(tell(found.lookup, language) for tell in told), disagreement, attributed)
            note = " ".join(filter(None, (*parts, broken or note or asking_back))) or None
            if not checked.citations:  # whatever a model wrote: without one valid citation it is no answer from the documents
                checked = Checked(messages.silent(found.hits, language), (), (), checked.dropped)
        else:
            conflict = None
            checked = Checked(decision.message, (), (), 0)
            note = note if isinstance(self._generator, Condenser) else None  # what is said of a wish is said of an answer
            yield decision.message
        laps.end("generate")
        yield self._answer(question, standalone, found, decision, checked, note, laps, conflict is not None)

    def search(self, question: str, k: int | None = None) -> list[Hit]:
        """The best `k` passages (`retrieval.passages` if None), without an answer."""
        question = checked_question(question)
        with self._reader.snapshot() as snapshot:
            return list(self._retriever.retrieve(snapshot, question, asked_in(question), k or self.config.retrieval.passages).hits)

    def document(self, source: str) -> Document:
        """The stored document.

        Raises:
            InputError: no document has this name.
        """
        with self._reader.snapshot() as snapshot:
            return snapshot.document(source)

    def documents(self) -> list[Listed]:
        """What the index holds, by source."""
        with self._reader.snapshot() as snapshot:
            return snapshot.store.listed()

    def provenance(self, answer: Answer) -> Provenance:
        """What `answer` rests on, for a receipt (`rag.receipt`).

        Raises:
            StoreError: the index has changed since, and a quote no longer stands.
        """
        with self._reader.snapshot() as snapshot:
            return provenance(answer, snapshot)

    def describe(self) -> dict[str, object]:
        """What is in use: counts of the index, its generation, and the models."""
        with self._reader.snapshot() as snapshot:
            counts = {table: snapshot.store.count(table) for table in ("documents", "passages")}
            return {**counts, "embedding": self._embedding, "llm": self._generator.fingerprint, "generation": snapshot.generation}

    def contextual_coverage(self) -> dict[str, int] | None:
        """How many ("done") of how many different texts ("total") have a contextual vector; None where there are none to be had.

        It counts: half a second for a million passages.
        """
        if self.contextual is None:
            return None
        with self._reader.snapshot() as snapshot:
            done, total = snapshot.vectors.contextual_count(self.contextual.contextual_fingerprint)
        return {"done": done, "total": total} if total else None

    def close(self) -> None:
        """Close what is kept open between questions."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _replied(self, question: str, said: SmallTalk, laps: "_Laps") -> Iterator[str | Answer]:
        """The reply to what asks nothing of the documents, as an abstention without passages."""
        for stage in ("condense", "retrieve", "decide"):
            laps.end(stage)
        with self._reader.snapshot() as snapshot:
            text = messages.reply(said, [title or source for source, title, *_ in snapshot.store.documents()])
        yield text
        laps.end("generate")
        nothing = (Retrieved((), Lookup()), Decision(0.0, "no_evidence", text), Checked(text, (), (), 0))
        yield replace(self._answer(question, question, *nothing, None, laps, False), language=said.language)

    def _read(self, snapshot: Snapshot, question: str, laps: "_Laps") -> Reading:
        """What the index has for a question that stands alone, and whether that answers it."""
        found = self._retriever.retrieve(snapshot, question, asked_in(question), self.config.retrieval.passages)
        laps.end("retrieve")
        decision = decide(question, found, self._scorer, self.config.answer.threshold)
        laps.end("decide")
        return Reading(question, found, decision)

    def _condense(self, question: str, history: Sequence[Turn]) -> tuple[str, str | None]:
        """The question that stands alone, and a note: the model that should have made it failed, or the answer before comes again."""
        if history and isinstance(self._generator, Condenser):
            try:
                standalone = " ".join(self._generator.condense(question, history).split())
                return (standalone if _rewrites(standalone, question) else condense(question, history)), None
            except GenerationError as error:
                return condense(question, history), str(error)
        standalone, form = condense(question, history), wished_form(question) if history else None
        return standalone, messages.wished(form, asked_in(question, asked_in(standalone))) if form else None

    def _generate(
        self, generator: Generator, question: str, hits: Sequence[Hit], history: Sequence[Turn], conflict: Conflict | None
    ) -> Steps[str, None, tuple[Checked, str | None]]:
        """Stream a checked answer, with both sides of a conflict; if the model fails, the best quotations and a note."""
        written = Written(hits, self._scorer.evidence, cite=not isinstance(generator, ExtractiveGenerator))
        try:
            for piece in generator.generate(question, hits, history):
                shown = written.take(piece)
                if shown and not self.config.answer.strict:  # what may be left out in the end is not shown before
                    yield shown
            shown = written.end()
            for piece in _sides(conflict, written.finish().citations, hits, question) if conflict else ():
                shown += written.take(piece)
            if shown and not self.config.answer.strict:
                yield shown
            checked = _cited(written.finish())
        except GenerationError as error:
            checker = Checker(hits, self._scorer.evidence)
            for piece in self._quoting.generate(question, hits, history):
                checker.feed(piece)
            for piece in _sides(conflict, checker.finish().citations, hits, question) if conflict else ():
                checker.feed(piece)
            return checker.finish(), messages.quoted_instead(str(error), asked_in(question))
        removed = sum(sentence.verdict == "unsupported" for sentence in checked.sentences) if self.config.answer.strict else 0
        notes = [messages.cut_off(self.config.llm.max_tokens, asked_in(question))] if written.cut else []
        notes += [messages.left_out(removed, asked_in(question))] if removed else []
        return written.without_unsupported() if removed else checked, " ".join(notes) or None

    def _alike(self, snapshot: Snapshot, found: Retrieved, checked: Checked, language: Language) -> str | None:
        """That other documents say the like, where the question leaves open which of them it means."""
        if found.lookup.asked:
            return None
        cited = {citation.source for citation in checked.citations}
        others = self._forms.not_quoted(snapshot, cited, [hit.passage for hit in found.hits])
        return messages.alike(others, language) if others else None

    def _answer(
        self,
        question: str,
        standalone: str,
        found: Retrieved,
        decision: Decision,
        checked: Checked,
        note: str | None,
        laps: "_Laps",
        disagree: bool,
    ) -> Answer:
        silent = not checked.citations
        return Answer(
            question=question,
            standalone_question=standalone,
            language=asked_in(standalone),
            text=checked.text,
            abstained=silent,
            reason=(decision.reason or "no_evidence") if silent else "conflicting" if disagree else None,
            sentences=checked.sentences,
            citations=checked.citations,
            hits=found.hits,
            note=note,
            timings_ms=laps.result(),
            fingerprint=self._fingerprint,
            confidence=round(decision.probability, 6),
        )


def _cited(checked: Checked) -> Checked:
    """An answer as it is, but for one that only declines to answer: that cites nothing.

    Raises:
        GenerationError: it has markers, and not one that points at a passage: no refusal, but no answer that can be checked either.
    """
    if checked.dropped and not checked.citations:
        raise GenerationError("The model cited no passage that it was given.")
    return replace(checked, sentences=(), citations=()) if declines(checked) else checked


def _rewrites(standalone: str, question: str) -> bool:
    """Whether a model's rewriting of a follow-up can be one: no essay, no answer, in its language, with every provision that it names."""
    if not 0 < len(standalone) <= len(question) + MOST_ADDED or ("?" in question and not _ASKS.search(standalone)):
        return False
    if len(question.split()) >= FEWEST_TOLD and asked_in(question) != asked_in(standalone, asked_in(question)):
        return False
    named = {mention.reference for mention in find(standalone)}
    return all(mention.reference in named for mention in find(question))


def _sides(conflict: Conflict, cited: Sequence[Citation], hits: Sequence[Hit], question: str) -> Iterator[str]:
    """Quotations of the sides of a conflict that the answer so far does not cite."""
    for hit, start, end in (conflict.first, conflict.second):
        passage = hits[hit].passage
        first, last = passage.start + start, passage.start + end
        if not any(citation.source == passage.source and citation.start < last and citation.end > first for citation in cited):
            yield f"{other_side(passage, start, end, question)} [{hit + 1}]"


def checked_question(question: str) -> str:
    """The question without control characters and surrounding space.

    Raises:
        InputError: nothing is left, or it is too long.
    """
    text = "".join(" " if ord(letter) < 32 or 127 <= ord(letter) < 160 or 0xD800 <= ord(letter) < 0xE000 else letter for letter in question)
    text = " ".join(text.split())
    if not text:
        raise InputError("The question is empty; write what you want to know, for example: what does Article 4 permit")
    if len(text) > MAX_QUESTION:
        cure = "shorten it, or index the long text as a document"
        raise InputError(f"The question has {len(text):,} characters, at most {MAX_QUESTION:,} are read; {cure}.")
    return text


class _Laps:
    """Milliseconds per stage."""

    def __init__(self) -> None:
        self._started = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def end(self, stage: str) -> None:
        now = time.perf_counter()
        self._laps[stage] = round(self._laps.get(stage, 0.0) + 1000 * (now - self._last), 2)
        self._last = now

    def result(self) -> dict[str, float]:
        return {**self._laps, "total": round(1000 * (time.perf_counter() - self._started), 2)}
