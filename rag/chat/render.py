"""Turn a question and its Answer into HTML that is safe to put on the page.

Everything that comes from a document, a model or a visitor passes through `escape_text`; every tag and attribute is written here, and none
of them can load a resource. No Markdown is interpreted. Does not know Gradio, the pipeline or how a document is read: that comes in as a
function. Positions are characters, as in `rag.types`.
"""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rag.chat.strings import STRINGS, group_digits
from rag.errors import RagError
from rag.types import Answer, Citation, Document, Language, Sentence

CONTEXT_CHARACTERS = 240
"""How much of its surroundings an excerpt shows on each side of the cited characters."""

_MARKER = re.compile(r"\[(\d{1,3})\]")
_UNFINISHED_MARKER = re.compile(r"\[\d{0,3}$")
_HEADING_SIGNS = re.compile(r"^#{1,6}\s+", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n\s*\n")

# Control characters, and those that turn the direction of text around, can make a page show what its text does not say (CVE-2021-42574).
_DECEPTIVE = dict.fromkeys(
    [*range(9), 11, 12, *range(14, 32), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\ufffd"
)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The cited characters (`quote`) between what stands before and after them; `language` is that of the text, if known."""

    before: str
    quote: str
    after: str
    language: Language | None = None


def escape_text(text: str) -> str:
    """Text as HTML text or attribute value.

    Characters that are no text become U+FFFD (a question mark for a lone surrogate), one for one, so that lengths stay.
    """
    return html.escape(text.translate(_DECEPTIVE).encode("utf-8", "replace").decode("utf-8"), quote=True)


def render_header(description: Mapping[str, object], llm: str, embedding: str, language: Language) -> str:
    """The line above the conversation: what answers, what searches, and over how much.

    `description` is that of `Pipeline.describe`; `llm` and `embedding` are the model names of the configuration.
    """
    words = STRINGS[language]
    offline = llm == "extractive" and embedding == "builtin"
    models = words["offline"] if offline else words["models"].format(llm=llm, embedding=embedding)
    counts = ", ".join(
        words[one if description[many] == 1 else many].format(count=group_digits(int(str(description[many])), language))
        for one, many in (("document", "documents"), ("passage", "passages"))
    )
    return (
        f'<header class="masthead"><h1>{escape_text(words["title"])}</h1><p class="status">'
        f'<span class="models">{escape_text(models)}</span> <span class="counts">{escape_text(counts)}</span></p></header>'
    )


def render_hint(text: str) -> str:
    """One line under the question box that a screen reader announces; empty text clears it."""
    return f'<p class="hint" role="status">{escape_text(text)}</p>'


def render_pending(number: int, question: str, partial: str, language: Language) -> str:
    """Turn `number` while its answer is on the way; `partial` is the text so far, whose markers are not links yet."""
    if partial:
        text = _UNFINISHED_MARKER.sub("", partial)
        body = f'<div class="answer">{_paragraphs(_MARKER.sub(_dead_chip, escape_text(text)))}</div>'
    else:
        body = f'<p class="searching">{escape_text(STRINGS[language]["searching"])}<span class="dots" aria-hidden="true"></span></p>'
    return _turn(number, question, body, "", language, busy=True)


def render_fault(number: int, question: str, message: str, language: Language) -> str:
    """Turn `number` when the question failed: `message` is the sentence of the error, never a traceback."""
    box = f'<div class="box fault" role="alert"><h3>{escape_text(STRINGS[language]["fault"])}</h3>{_paragraphs(escape_text(message))}</div>'
    return _turn(number, question, box, "", language)


def render_answer(number: int, answer: Answer, read: Callable[[str], Document]) -> str:
    """Turn `number`, finished: question, answer with chips, and the cited excerpts beside it.

    `read` gives the document of a source; it is asked only for a citation that no hit contains, and may raise RagError.
    """
    words = STRINGS[answer.language]
    text = _paragraphs(_marked_sentences(number, answer))
    if answer.abstained:
        heading = "" if answer.text.casefold().startswith(words["abstained"].casefold()) else f"<h3>{escape_text(words['abstained'])}</h3>"
        body = f'<div class="box abstained">{heading}{text}</div>'
    else:
        body = f'<div class="answer" lang="{answer.language}">{text}</div>'
    if answer.standalone_question.strip() not in ("", answer.question.strip()):
        understood = f"{escape_text(words['understood'])}: <q>{escape_text(answer.standalone_question)}</q>"
        body = f'<p class="understood">{understood}</p>{body}'
    if answer.note:
        body += f'<p class="note" role="note">{escape_text(answer.note)}</p>'
    return _turn(number, answer.question, body, _sources(number, answer, read), answer.language)


def find_excerpt(citation: Citation, answer: Answer, read: Callable[[str], Document]) -> Excerpt:
    """The citation in its surroundings: from the hit that contains it, else from its document, else the quote alone.

    A text that does not hold the quote at its span is not shown as its surroundings.
    """
    for hit in answer.hits:
        passage = hit.passage
        if passage.source == citation.source:
            found = cut_excerpt(citation, passage.text, passage.start, passage.language)
            if found is not None:
                return found
    try:
        document = read(citation.source)
    except RagError:
        return Excerpt("", citation.quote, "")
    return cut_excerpt(citation, document.text, 0, document.language) or Excerpt("", citation.quote, "")


def cut_excerpt(citation: Citation, text: str, offset: int, language: Language | None) -> Excerpt | None:
    """Cut `text`, whose first character is character `offset` of the document, around the citation; None if the quote is not there."""
    start, end = citation.start - offset, citation.end - offset
    if start < 0 or text[start:end] != citation.quote:
        return None
    before, after = text[:start].lstrip(), text[end:].rstrip()
    if len(before) > CONTEXT_CHARACTERS:
        before = "… " + before[-CONTEXT_CHARACTERS:].partition(" ")[2]
    if len(after) > CONTEXT_CHARACTERS:
        after = after[:CONTEXT_CHARACTERS].rpartition(" ")[0] + " …"
    return Excerpt(before, citation.quote, after, language)


def _turn(number: int, question: str, body: str, sources: str, language: Language, *, busy: bool = False) -> str:
    return (
        f'<article class="turn" id="turn-{number}" lang="{language}" aria-live="polite" aria-busy="{str(busy).lower()}">'
        f'<div><h2 class="question" id="question-{number}" dir="auto">{escape_text(question)}</h2>{body}</div>{sources}</article>'
    )


def _marked_sentences(number: int, answer: Answer) -> str:
    """The answer's text, with a chip for each marker of a checked sentence and a flag after each unsupported one."""
    titles = {citation.number: citation.title for citation in answer.citations}
    pieces: list[str] = []
    position = 0
    for sentence in answer.sentences:
        start = answer.text.find(sentence.text, position)
        if start < 0:
            continue
        pieces += [escape_text(answer.text[position:start]), _sentence(number, sentence, titles, answer.language)]
        position = start + len(sentence.text)
    return "".join(pieces) + escape_text(answer.text[position:])


def _sentence(number: int, sentence: Sentence, titles: Mapping[int, str], language: Language) -> str:
    words = STRINGS[language]

    def chip(match: re.Match[str]) -> str:
        cited = int(match[1])
        if cited not in sentence.citations or cited not in titles:
            return match[0]
        label = f"{words['source_number'].format(number=cited)}: {titles[cited]}"
        return f'<a class="chip" href="#source-{number}-{cited}" aria-label="{escape_text(label)}">[{cited}]</a>'

    text = _MARKER.sub(chip, escape_text(_BLANK_LINES.sub("\n", sentence.text)))
    if sentence.verdict != "unsupported":
        return text
    return f'<span class="unsupported">{text}</span> <span class="flag">{escape_text(words["unsupported"])}</span>'


def _dead_chip(match: re.Match[str]) -> str:
    return f'<span class="chip">{match[0]}</span>'


def _paragraphs(markup: str) -> str:
    """Markup in paragraphs, divided at blank lines; single line ends stay (the style sheet keeps them)."""
    return "".join(f"<p>{part.strip()}</p>" for part in _BLANK_LINES.split(markup) if part.strip())


def _sources(number: int, answer: Answer, read: Callable[[str], Document]) -> str:
    if not answer.citations:
        return ""
    cards = "".join(_card(number, citation, find_excerpt(citation, answer, read), answer.language) for citation in answer.citations)
    heading = escape_text(STRINGS[answer.language]["sources"])
    label = f"sources-{number} question-{number}"
    return f'<aside class="sources" aria-labelledby="{label}"><h3 id="sources-{number}">{heading}</h3><ol>{cards}</ol></aside>'


def _card(number: int, citation: Citation, excerpt: Excerpt, language: Language) -> str:
    words = STRINGS[language]
    section = " › ".join(heading for heading in citation.section if heading.casefold() != citation.title.casefold())
    page = "" if citation.page is None else words["page"].format(page=citation.page)
    places = (("section", section), ("page", page), ("date", citation.date))
    parts = "".join(f'<li class="{kind}">{escape_text(part)}</li>' for kind, part in places if part)
    where = f'<ul class="place">{parts}</ul>' if parts else ""
    spoken = f' lang="{excerpt.language}"' if excerpt.language else ""
    before, after = (escape_text(_BLANK_LINES.sub("\n", _HEADING_SIGNS.sub("", part))) for part in (excerpt.before, excerpt.after))
    characters = words["characters"].format(start=group_digits(citation.start, language), end=group_digits(citation.end, language))
    return (
        f'<li class="source" id="source-{number}-{citation.number}" tabindex="-1">'
        f'<h4><span class="chip">[{citation.number}]</span> <span class="name">{escape_text(citation.title)}</span></h4>'
        f'{where}<blockquote{spoken} dir="auto">{before}<mark>{escape_text(excerpt.quote)}</mark>{after}</blockquote>'
        f'<p class="origin"><code>{escape_text(citation.source)}</code> <span>{escape_text(characters)}</span> '
        f'<a class="back" href="#turn-{number}">{escape_text(words["back"])}</a></p></li>'
    )
