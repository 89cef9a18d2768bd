"""Example questions, made from the documents that are indexed, so that a stranger sees what can be asked here.

A heading that is a question is asked as it is; a provision and any other heading are asked about by name. Only questions that get an
answer are offered. For the demo corpus, four were chosen by hand.
"""

from collections.abc import Iterator
from itertools import islice, zip_longest

from rag.errors import RagError
from rag.index import Listed
from rag.language import detect
from rag.pipeline import Pipeline
from rag.references import heading_reference
from rag.types import Document, Heading, Language

DEMO_SOURCE = "entrevista-427.md"
"""A document of the demo corpus; an index that holds it gets `DEMO_EXAMPLES`."""

DEMO_EXAMPLES: dict[Language, tuple[str, ...]] = {
    "en": (
        "What does Article 4 of the new treaty permit?",
        "What does a copy of a lost library card cost?",
        "Why did Pyongyang's attitude to China cool?",
        "¿Dónde se saca la licencia de pesca?",
    ),
    "es": (
        "¿Qué permite el artículo 4 del nuevo tratado?",
        "¿Dónde se saca la licencia de pesca?",
        "¿Cuánto cuesta la copia de un carné perdido?",
        "When may freight trains run at night?",
    ),
}

SHOWN = 4
LOOKED_AT = 12
TRIED = 16
LONGEST = 110
_MAKE: dict[Language, dict[str, str]] = {
    "en": {"provision": "What does {name} of “{title}” say?", "heading": "What does “{title}” say about “{name}”?"},
    "es": {"provision": "¿Qué dice {name} de «{title}»?", "heading": "¿Qué dice «{title}» sobre «{name}»?"},
}


def examples(pipeline: Pipeline, language: Language) -> tuple[str, ...]:
    """Up to four questions that this pipeline answers; `pipeline` should be an extractive one, since each is tried."""
    listed = pipeline.documents()
    if any(item.source == DEMO_SOURCE for item in listed):
        return DEMO_EXAMPLES[language]
    found: list[str] = []
    for question in islice(dict.fromkeys(_candidates(pipeline, listed, language)), TRIED):
        try:
            if not pipeline.ask(question).abstained:
                found.append(question)
        except RagError:
            break
        if len(found) == SHOWN:
            break
    return tuple(found)


def _candidates(pipeline: Pipeline, listed: list[Listed], language: Language) -> Iterator[str]:
    """Questions of all looked-at documents, the first of each before the second of any."""
    step = max(1, len(listed) // LOOKED_AT)
    each = [_questions(pipeline.document(item.source), language) for item in listed[::step][:LOOKED_AT]]
    for row in zip_longest(*each):
        yield from (question for question in row if question is not None and len(question) <= LONGEST)


def _questions(document: Document, language: Language) -> Iterator[str]:
    """What can be asked about a document by its headings: those that are questions first."""
    headings = [heading for heading in document.headings if heading.text.strip() != document.title]
    yield from (heading.text.strip() for heading in headings if _is_question(heading))
    for heading in headings:
        if _is_question(heading):
            continue
        name = heading.text.strip().rstrip(".:")
        if (found := heading_reference(name)) is not None and found.kind == "article":
            article = f"Article {found.number}" if language == "en" else f"el artículo {found.number}"
            yield _MAKE[language]["provision"].format(name=article, title=document.title)
        elif len(name.split()) > 1 and detect(name, document.language or "en") == (document.language or "en"):
            yield _MAKE[language]["heading"].format(name=name, title=document.title)


def _is_question(heading: Heading) -> bool:
    return heading.text.strip().endswith("?") and len(heading.text.split()) > 2
