"""Draft a question set from the documents of an index, for a person to correct (`rag eval init`).

Drafts have `"reviewed": false` and do not count until a person has made each a question that somebody would ask, checked its evidence and
looked for other true answers. Without a language model the wording is a template that names what to ask about; with one (`llm.model`), the
model words it in the other language as often as in the document's. Provisions are asked for by number in both languages, some of them
absent. Which sentences are taken depends on the documents and the seed only.
"""

import random
import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice, zip_longest

from rag.asked import holds
from rag.config import LlmConfig
from rag.dates import MONTHS
from rag.errors import GenerationError, InputError
from rag.evaluate.datasets import Evidence
from rag.evaluate.review import ReviewEntry
from rag.evaluate.statistics import SEED
from rag.evaluate.subject import Progress
from rag.generate import load_generator
from rag.generate.language_model import LanguageModel, LanguageModelGenerator, written
from rag.index import Snapshot
from rag.language import detect
from rag.prompt import Message, load_prompt
from rag.references import heading_reference
from rag.sentences import sentences
from rag.types import Document, Language
from rag.verification.facts import names

SHORTEST, LONGEST = 50, 300
FIRST_WORDS = 6
PROVISIONS = 0.3
ABSENT = 0.1
_MONTH = re.compile(MONTHS, re.IGNORECASE)
_NUMBERING = re.compile(r"^[\dIVXLC]+[.)]\s+")
KINDS = ("date", "amount", "person", "reason")
LANGUAGES: dict[Language, str] = {"en": "English", "es": "Spanish"}
ABOUT: dict[Language, str] = {"en": 'What does "{title}" say about {subject}?', "es": "¿Qué dice «{title}» sobre {subject}?"}
OF_PROVISION: dict[Language, str] = {"en": 'What does {name} {number} of "{title}" say?', "es": "¿Qué dice {name} {number} de «{title}»?"}
PROVISION_NAMES: dict[str, dict[Language, str]] = {
    "article": {"en": "Article", "es": "el artículo"}, "section": {"en": "Section", "es": "la sección"},
    "annex": {"en": "Annex", "es": "el anexo"}, "chapter": {"en": "Chapter", "es": "el capítulo"},
}  # fmt: skip


def draft_questions(snapshot: Snapshot, count: int, llm: LlmConfig | None = None, progress: Progress | None = None) -> list[ReviewEntry]:
    """At most `count` drafts, spread over the documents; `llm` words those about facts, unless its model is the quoting one.

    Raises:
        InputError: there is nothing in the index to ask about.
        ModelError: the model cannot be used at all.
    """
    documents = [snapshot.document(source) for source, *_ in snapshot.store.documents()]
    provisions = _spread([list(_provisions(document)) for document in documents])
    absent = _spread([list(_absent(document)) for document in documents])
    facts = _spread([_facts(document) for document in documents])
    chosen = [*islice(absent, round(ABSENT * count)), *islice(provisions, round(PROVISIONS * count))]
    chosen += islice(facts, count - len(chosen))
    if not chosen:
        raise InputError("The index holds no sentence that could be asked about; index some documents with running text first.")
    model = _model(llm)
    drafts = []
    for done, entry in enumerate(chosen, 1):
        drafts.append(_worded(entry, model, other=bool(done % 2)) if model and entry.kind == "fact" else entry)
        if progress:
            progress(done, len(chosen), "drafts")
    return drafts


def _facts(document: Document) -> list[ReviewEntry]:
    """One draft for each sentence that says something definite, in an order that the seed decides."""
    found = []
    for start, end in sentences(document.text):
        quote = document.text[start:end].strip()
        definite = SHORTEST <= len(quote) <= LONGEST and quote[-1:] in ".!»”" and any(holds(quote, kind) for kind in KINDS)
        if definite and "|" not in quote and "\n\n" not in quote and document.text.count(quote) == 1:
            found.append(_fact(document, start, quote))
    random.Random(f"{SEED} {document.source}").shuffle(found)  # noqa: S311 - a choice that can be repeated, no secret
    return found


def _fact(document: Document, start: int, quote: str) -> ReviewEntry:
    language = document.language or detect(quote)
    above = [heading.text for heading in document.headings if heading.start < start and heading.text != document.title]
    named = list(dict.fromkeys(_whole_names(quote)))[:2]
    words = quote.split()
    heading = above[-1] if above and not heading_reference(above[-1]) else " ".join(words[:FIRST_WORDS]) + "…" * (len(words) > FIRST_WORDS)
    subject = _NUMBERING.sub("", ", ".join(named) or heading).rstrip(" .?:")
    question = ABOUT[language].format(title=document.title, subject=subject)
    return _entry(question, language, "fact", Evidence(document.source, quote))


def _whole_names(quote: str) -> list[str]:
    """The names in a sentence, first name and family name together, without months."""
    found: list[str] = []
    for word in names(quote):
        if found and f"{found[-1]} {word}" in quote:
            found[-1] += f" {word}"
        elif not _MONTH.fullmatch(word):
            found.append(word)
    return found


def _provisions(document: Document) -> Iterator[ReviewEntry]:
    """Provisions of the document by number, in its language and in the other one by turns; the first sentence is the evidence."""
    for place, (kind, number, quote) in enumerate(_own_provisions(document)):
        language: Language = (document.language or "en") if place % 2 else _other(document.language or "en")
        question = _of_provision(document, kind, number, language)
        if quote and document.text.count(quote) == 1:
            yield _entry(question, language, "provision", Evidence(document.source, quote))


def _absent(document: Document) -> Iterator[ReviewEntry]:
    """A provision that the document does not have, if it has any of that kind."""
    numbers = [int(number) for kind, number, _ in _own_provisions(document) if kind == "article" and number.isdigit()]
    if numbers:
        language = _other(document.language or "en")
        yield _entry(_of_provision(document, "article", str(max(numbers) + 7), language), language, "provision", None)


def _own_provisions(document: Document) -> list[tuple[str, str, str]]:
    """(kind, number, first sentence) of the provisions that the headings name."""
    found = []
    for heading, following in zip_longest(document.headings, document.headings[1:]):
        reference = heading_reference(heading.text)
        if reference is None or reference.kind not in PROVISION_NAMES:
            continue
        body = document.text[heading.end : following.start if following else len(document.text)]
        first = next((body[start:end].strip() for start, end in sentences(body) if end - start >= SHORTEST // 2), "")
        found.append((reference.kind, reference.number, first[:LONGEST]))
    return found


def _of_provision(document: Document, kind: str, number: str, language: Language) -> str:
    return OF_PROVISION[language].format(name=PROVISION_NAMES[kind][language], number=number, title=document.title)


def _entry(question: str, language: Language, kind: str, evidence: Evidence | None) -> ReviewEntry:
    return ReviewEntry(
        question=" ".join(question.split()), language=language, kind=kind, answerable=evidence is not None,
        evidence=(evidence,) if evidence else (),
    ).named()  # fmt: skip


def _spread(groups: Sequence[Sequence[ReviewEntry]]) -> Iterator[ReviewEntry]:
    """One of each document, then a second one of each, and so on."""
    return (entry for entry in chain.from_iterable(zip_longest(*groups)) if entry is not None)


def _other(language: Language) -> Language:
    return "es" if language == "en" else "en"


def _model(llm: LlmConfig | None) -> LanguageModel | None:
    generator = load_generator(llm) if llm and llm.model != "extractive" else None
    return generator.model if isinstance(generator, LanguageModelGenerator) else None


def _worded(entry: ReviewEntry, model: LanguageModel, *, other: bool) -> ReviewEntry:
    """The draft in the words of the model; as it is if the model fails."""
    language: Language = _other(entry.language) if other else entry.language  # type: ignore[arg-type, assignment]
    (evidence,) = entry.evidence
    instructions, request = load_prompt("draft").render(evidence=evidence.quote, language=LANGUAGES[language], title=evidence.source)
    try:
        said = written(model.stream([Message("system", instructions), Message("user", request)])).strip()
    except GenerationError:
        return entry
    question = re.sub(r"\s+", " ", said.splitlines()[0]).strip("\"'“”«» ") if said else ""
    return _entry(question, language, entry.kind, evidence) if question else entry
