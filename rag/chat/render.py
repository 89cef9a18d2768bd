"""Turn a question and its Answer into HTML that is safe to put on the page: the turn, and the sources beside it.

Everything that comes from a document, a model or a visitor passes through `rag.chat.escape`; no Markdown is interpreted, and nothing that
is written here can load a resource, but for the pictures of pages, which the program draws. Labels are in the visitor's language, answers
in their own. Does not know how a document is read: that comes in as a function.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rag.chat.escape import Excerpt, cut_after, cut_excerpt, escape_text, find_excerpt, paragraphs, without_blank_lines
from rag.chat.strings import STRINGS, group_digits
from rag.chat.tables import marked
from rag.dates import written
from rag.load import Mark
from rag.turns.small_talk import is_reply
from rag.types import Answer, Citation, Document, Hit, Language, Sentence

LONG_QUESTION = 280
"""From how many characters on a question is shown smaller, and scrolls: it would hide its answer."""

NEAREST_SHOWN = 3
NEAREST_CHARACTERS = 420
WHOLE_CHARACTERS = 60_000
"""How much of a document is shown on each side of a citation when it is opened."""

_MARKER = re.compile(r"\[(\d{1,3})\]")
_UNFINISHED_MARKER = re.compile(r"\[\d{0,3}$")

Read = Callable[[str], Document]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something is shown: in turn `number`, with labels in `language`; `again` is the question as the visitor wrote it.

    `thumb` ("up", "down") is what the visitor thought of the answer.
    """

    number: int
    language: Language
    again: str = ""
    thumb: str = ""


def icon(name: str) -> str:
    """One of the symbols that the page holds."""
    return f'<svg class="icon" aria-hidden="true"><use href="#icon-{name}"></use></svg>'


def button(do: str, name: str, label: str, **more: str) -> str:
    """A button with a symbol whose label is for screen readers and a tooltip; the script does `do`."""
    extra = "".join(f' {key.replace("_", "-")}="{escape_text(value)}"' for key, value in more.items())
    text = escape_text(label)
    return (
        f'<button type="button" class="tool" data-do="{do}" title="{text}"{extra}>{icon(name)}<span class="unseen">{text}</span></button>'
    )


def render_pending(number: int, question: str, language: Language) -> str:
    """Turn `number` before anything of its answer is there."""
    waiting = escape_text(STRINGS[language]["searching"])
    body = f'<div class="body"><p class="searching">{waiting}<span class="dots" aria-hidden="true"></span></p></div>'
    return _turn(Spot(number, language, question), body, busy=True)


def render_partial(text: str) -> str:
    """The body of a turn while its answer is on the way: the text so far, whose markers are not links yet."""
    shown = _MARKER.sub(r'<span class="chip">\1</span>', escape_text(_UNFINISHED_MARKER.sub("", text)))
    return f'<div class="answer">{paragraphs(shown)}</div>'


def render_fault(number: int, question: str, message: str, language: Language) -> str:
    """Turn `number` when the question failed: `message` is the sentence of the error, never a traceback."""
    heading = escape_text(STRINGS[language]["fault"])
    box = f'<div class="box fault" role="alert"><h3>{icon("alert")}{heading}</h3>{paragraphs(escape_text(message))}</div>'
    return _turn(Spot(number, language, question), f'<div class="body">{box}</div>{_tools(language, answered=False)}')


def render_stopped(number: int, question: str, text: str, language: Language) -> str:
    """Turn `number` when the visitor stopped it: what had been written, which nobody checked to its end."""
    label = f'<p class="stopped">{icon("stop")}{escape_text(STRINGS[language]["stopped"])}</p>'
    return _turn(
        Spot(number, language, question), f'<div class="body">{render_partial(text)}{label}</div>{_tools(language, answered=False)}'
    )


def render_answer(spot: Spot, answer: Answer, read: Read | None) -> tuple[str, str]:
    """A finished turn, and its sources.

    `read` gives the document of a source; it is asked only for a citation that no hit contains, and may raise RagError.
    """
    if is_reply(answer):
        body = f'<div class="answer" lang="{answer.language}">{paragraphs(escape_text(answer.text))}</div>'
    elif answer.abstained:
        body = _abstention(answer, spot.language)
    else:
        body = f'<div class="answer" lang="{answer.language}">{paragraphs(_marked_sentences(spot, answer))}</div>'
    if answer.note:
        body += f'<p class="note" role="note">{escape_text(answer.note)}</p>'
    turn = _turn(
        spot,
        _understood(spot, answer)
        + f'<div class="body">{body}</div>'
        + _tools(spot.language, sources=len(answer.citations), thumb=spot.thumb)
        + _why(spot, answer),
    )
    return turn, _sources(spot, answer, read)


def render_document(citation: Citation, document: Document, language: Language) -> str:
    """A document, opened at the cited characters."""
    excerpt = cut_excerpt(citation, document.text, 0, document.language, WHOLE_CHARACTERS) or Excerpt("", citation.quote, "")
    spoken = f' lang="{document.language}"' if document.language else ""
    name = escape_text(STRINGS[language]["document_text"])
    return (
        f'<h2 id="reader-title">{escape_text(citation.title)}</h2>{_place(citation, language)}{_origin(citation, language)}'
        f'<div class="whole" role="region" tabindex="0" aria-label="{name}" dir="auto"{spoken}>'
        f"{marked(excerpt, signs=True, name='reader-mark')}</div>"
    )


def render_pages(citation: Citation, marks: Sequence[Mark], named: str, language: Language) -> str:
    """The pages of a PDF that a citation is on, with the cited words marked; `named` is the query that names it."""
    words = STRINGS[language]
    pictures = []
    for mark in marks:
        name = escape_text(words["page_picture"].format(page=mark.page, title=citation.title))
        boxes = "".join(f'<rect x="{x:.4f}" y="{y:.4f}" width="{wide:.4f}" height="{high:.4f}"/>' for x, y, wide, high in mark.rectangles)
        image = f'<img src="/picture?{escape_text(named)}&amp;page={mark.page}" alt="{name}" width="1200">'
        over = f'<svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">{boxes}</svg>'
        pictures.append(f'<figure class="sheet">{image}{over}</figure>')
    head = f'<h2 id="reader-title">{escape_text(citation.title)}</h2>{_place(citation, language)}{_origin(citation, language)}'
    shown = "".join(pictures) or f"<p>{escape_text(words['no_pages'])}</p>"
    return f'{head}<div class="pages" role="region" tabindex="0" aria-label="{escape_text(words["pages"])}">{shown}</div>'


def _turn(spot: Spot, inside: str, *, busy: bool = False) -> str:
    number, state = spot.number, str(busy).lower()
    shape = 'class="question long" tabindex="0"' if len(spot.again) > LONG_QUESTION else 'class="question" tabindex="-1"'
    return (
        f'<article class="turn" id="turn-{number}" data-turn="{number}" aria-labelledby="question-{number}" aria-busy="{state}">'
        f'<h2 {shape} id="question-{number}" dir="auto">{escape_text(spot.again)}</h2>{inside}</article>'
    )


def _understood(spot: Spot, answer: Answer) -> str:
    """The question that was searched for, where it is not the one that was asked; it can be changed."""
    if answer.standalone_question.strip() in ("", spot.again.strip()):
        return ""
    words = STRINGS[spot.language]
    edit = button("reword", "edit", words["reword"])
    return f'<p class="understood">{escape_text(words["understood"])} <q>{escape_text(answer.standalone_question)}</q> {edit}</p>'


def _tools(language: Language, *, answered: bool = True, sources: int = 0, thumb: str = "") -> str:
    """What can be done with a finished turn."""
    words = STRINGS[language]
    asking = button("retry", "retry", words["retry"]) + button("edit", "edit", words["edit"])
    if not answered:
        return f'<div class="tools">{asking}</div>'
    pressed = {verdict: str(verdict == thumb).lower() for verdict in ("up", "down")}
    thumbs = button("up", "up", words["thumb_up"], aria_pressed=pressed["up"])
    thumbs += button("down", "down", words["thumb_down"], aria_pressed=pressed["down"])
    export = (
        f'<details class="menu"><summary class="tool" title="{escape_text(words["export"])}">{icon("export")}'
        f'<span class="unseen">{escape_text(words["export"])}</span></summary><div class="options">'
        f'<button type="button" data-do="export" data-format="md">{escape_text(words["export_md"])}</button>'
        f'<button type="button" data-do="export" data-format="json">{escape_text(words["export_json"])}</button></div></details>'
    )
    note = (
        f'<form class="thumb-note" data-do="note" hidden><label>{escape_text(words["thumb_note"])} '
        f'<input name="note" maxlength="1000" autocomplete="off"></label><button>{escape_text(words["send"])}</button></form>'
    )
    copy = button("copy", "copy", words["copy"])
    count = escape_text(words["sources_of"].format(count=sources))
    if sources:
        copy = f'<button type="button" class="to-sources" data-do="sources">{icon("quote")}{count}</button>{copy}'
    return f'<div class="tools">{copy}{asking}{export}<span class="gap"></span>{thumbs}</div>{note}<p class="said" role="status"></p>'


def _abstention(answer: Answer, language: Language) -> str:
    """A refusal looks unlike an answer, and shows what comes nearest instead."""
    heading = STRINGS[answer.language]["abstained"]
    text = answer.text
    if text.casefold().startswith(heading.casefold()):
        text = text[len(heading) :].lstrip(" .")
    said = f"<h3>{icon('silent')}{escape_text(heading)}</h3>{paragraphs(escape_text(text))}"
    box = f'<div class="box abstained" lang="{answer.language}">{said}</div>'
    near = "".join(_nearest(hit) for hit in answer.hits[:NEAREST_SHOWN])
    if not near:
        return box
    return f'{box}<div class="nearest"><h3>{escape_text(STRINGS[language]["nearest"])}</h3>{near}</div>'


def _nearest(hit: Hit) -> str:
    passage = hit.passage
    text = cut_after(passage.text, NEAREST_CHARACTERS)
    spoken = f' lang="{passage.language}"' if passage.language else ""
    return (
        f"<details><summary>{escape_text(passage.title)}{_section_after(passage.section, passage.title)}</summary>"
        f'<blockquote dir="auto"{spoken}>{marked(Excerpt(text, "", ""))}</blockquote></details>'
    )


def _marked_sentences(spot: Spot, answer: Answer) -> str:
    """The answer's text, with a chip for each marker of a checked sentence and a flag after each unsupported one."""
    titles = {citation.number: citation.title for citation in answer.citations}
    pieces: list[str] = []
    position = 0
    for sentence in answer.sentences:
        start = answer.text.find(sentence.text, position)
        if start < 0:
            continue
        pieces += [escape_text(answer.text[position:start]), _sentence(spot, sentence, titles)]
        position = start + len(sentence.text)
    return "".join(pieces) + escape_text(answer.text[position:])


def _sentence(spot: Spot, sentence: Sentence, titles: Mapping[int, str]) -> str:
    words = STRINGS[spot.language]

    def chip(match: re.Match[str]) -> str:
        cited = int(match[1])
        if cited not in sentence.citations or cited not in titles:
            return match[0]
        label = f"{words['source_number'].format(number=cited)}: {titles[cited]}"
        return f'<a class="chip" href="#source-{spot.number}-{cited}" aria-label="{escape_text(label)}">{cited}</a>'

    text = _MARKER.sub(chip, escape_text(without_blank_lines(sentence.text)))
    if sentence.verdict != "unsupported":
        return text
    return f'<span class="unsupported">{text}</span> <span class="flag">{escape_text(words["unsupported"])}</span>'


def _sources(spot: Spot, answer: Answer, read: Read | None) -> str:
    if not answer.citations:
        return ""
    cards = "".join(_card(spot, citation, find_excerpt(citation, answer, read)) for citation in answer.citations)
    label = escape_text(STRINGS[spot.language]["sources"])
    asked = escape_text(spot.again)  # for paper, where the sources of all turns follow each other
    return f'<section class="sources" id="sources-{spot.number}" data-question="{asked}" aria-label="{label}"><ol>{cards}</ol></section>'


def _card(spot: Spot, citation: Citation, excerpt: Excerpt) -> str:
    words = STRINGS[spot.language]
    spoken = f' lang="{excerpt.language}"' if excerpt.language else ""
    is_pdf = citation.page is not None and citation.source.lower().endswith(".pdf")
    pages = f'<button type="button" data-do="pages">{escape_text(words["pages"])}</button>' if is_pdf else ""
    return (
        f'<li class="source" id="source-{spot.number}-{citation.number}" data-number="{citation.number}" tabindex="-1">'
        f'<h3><span class="chip" aria-hidden="true">{citation.number}</span><span class="name">{escape_text(citation.title)}</span></h3>'
        f'{_place(citation, spot.language)}<blockquote dir="auto"{spoken}>{marked(excerpt)}</blockquote>{_origin(citation, spot.language)}'
        f'<p class="card-tools"><button type="button" data-do="read">{escape_text(words["read"])}</button>{pages}'
        f'<button type="button" data-do="back">{escape_text(words["back"])}</button></p></li>'
    )


def _place(citation: Citation, language: Language) -> str:
    section = " › ".join(heading for heading in citation.section if heading.casefold() != citation.title.casefold())
    page = "" if citation.page is None else STRINGS[language]["page"].format(page=citation.page)
    date = written(citation.date, language) if citation.date else ""
    parts = "".join(
        f'<li class="{kind}">{escape_text(part)}</li>' for kind, part in (("section", section), ("page", page), ("date", date)) if part
    )
    return f'<ul class="place">{parts}</ul>' if parts else ""


def _origin(citation: Citation, language: Language) -> str:
    words = STRINGS[language]
    span = words["characters"].format(start=group_digits(citation.start, language), end=group_digits(citation.end, language))
    copies = f" <span>{escape_text(words['also'].format(names=', '.join(citation.copies)))}</span>" if citation.copies else ""
    return f'<p class="origin"><code>{escape_text(citation.source)}</code> <span>{escape_text(span)}</span>{copies}</p>'


def _section_after(section: tuple[str, ...], title: str) -> str:
    own = [part for part in section if part.casefold() != title.casefold()]
    return f' <span class="section">› {escape_text(own[-1])}</span>' if own else ""


# Why these passages


def _why(spot: Spot, answer: Answer) -> str:
    """An expander: how each passage was found, the cited ones first, then what came next."""
    if not answer.hits:
        return ""
    words = STRINGS[spot.language]
    spans = [(citation.source, citation.start) for citation in answer.citations]
    used = [hit for hit in answer.hits if any(s == hit.passage.source and hit.passage.start <= at < hit.passage.end for s, at in spans)]
    rest = [hit for hit in answer.hits if hit not in used]
    deep = ("contextual",) if any(hit.why.contextual_rank for hit in answer.hits) else ()
    columns = ("rank", "passage", "reference", "words", "lexical", "dense", *deep, "fused")
    heads = "".join(f'<th scope="col">{escape_text(words[f"why_{name}"])}</th>' for name in columns)
    groups = ((words["why_used"], used), (words["why_next"], rest))
    bodies = "".join(_why_group(name, hits, columns, spot.language) for name, hits in groups if hits)
    sure = "" if answer.confidence is None else f"<p>{escape_text(words['why_sure'].format(percent=round(100 * answer.confidence)))}</p>"
    label = escape_text(words["why"])
    return (
        f'<details class="why"><summary>{label}</summary>{sure}<div class="wide" role="region" tabindex="0" aria-label="{label}"><table>'
        f"<thead><tr>{heads}</tr></thead>{bodies}</table></div></details>"
    )


def _why_group(name: str, hits: list[Hit], columns: tuple[str, ...], language: Language) -> str:
    rows = "".join(_why_row(hit, columns, language) for hit in hits)
    return f'<tbody><tr><th class="group" colspan="{len(columns)}" scope="rowgroup">{escape_text(name)}</th></tr>{rows}</tbody>'


def _why_row(hit: Hit, columns: tuple[str, ...], language: Language) -> str:
    why, passage = hit.why, hit.passage
    fused = f"{why.fused_score:.2f}"
    cells = {
        "rank": f"{hit.rank}",
        "passage": f"{escape_text(passage.title)}{_section_after(passage.section, passage.title)}",
        "reference": escape_text(why.reference or "–"),
        "words": " ".join(f"<b>{escape_text(term)}</b>" for term in why.matched_terms) or "–",
        "lexical": _ranked(why.lexical_rank, why.lexical_score),
        "dense": _ranked(why.dense_rank, why.dense_score),
        "contextual": _ranked(why.contextual_rank, why.contextual_score),
        "fused": fused if language == "en" else fused.replace(".", ","),
    }
    return f"<tr>{''.join(f'<td>{cells[column]}</td>' for column in columns)}</tr>"


def _ranked(rank: int | None, score: float | None) -> str:
    if rank is None:
        return "–"
    return f"{rank}" if score is None else f"{rank} <small>({score:.2f})</small>"
