"""The HTML of the chat page as pure functions: words, escaping, turns, sources, panels."""

import json
import re
import string
from dataclasses import replace
from pathlib import Path

import pytest
from chat_stand_in import TREATY, StandIn, cite, treaty_answer

from rag.chat.documents import Shown, Verdict
from rag.chat.escape import CONTEXT_CHARACTERS, cut_excerpt, escape_text, find_excerpt
from rag.chat.library import Collection, Times
from rag.chat.page import Shell, render_login, render_page
from rag.chat.panels import Listing, render_documents, render_models, render_verdicts
from rag.chat.render import Spot, render_answer, render_document, render_fault, render_partial, render_pending, render_stopped
from rag.chat.strings import SCRIPT_STRINGS, STRINGS, group_digits, preferred_language
from rag.config import IndexConfig
from rag.index import Listed
from rag.types import Answer, Citation, Hit, Passage, Sentence, Why

PACKAGE = Path(__file__).parents[1] / "rag" / "chat"
ALLOWED_TAGS = {
    "article", "div", "h2", "h3", "p", "span", "a", "section", "ol", "ul", "li", "blockquote", "mark", "code", "q", "svg", "use", "button",
    "details", "summary", "form", "label", "input", "table", "thead", "tbody", "tr", "th", "td", "b", "small", "dl", "dt", "dd",
}  # fmt: skip
ALLOWED_ATTRIBUTES = {
    "class", "id", "lang", "dir", "href", "role", "tabindex", "type", "title", "name", "maxlength", "autocomplete", "hidden", "scope",
    "colspan", "aria-live", "aria-busy", "aria-label", "aria-labelledby", "aria-hidden", "aria-pressed", "data-turn", "data-do",
    "data-format", "data-number", "data-question", "data-source",
}  # fmt: skip


def shown(answer: Answer, number: int = 1, language: str = "en", question: str | None = None) -> tuple[str, str]:
    return render_answer(Spot(number, language, answer.question if question is None else question), answer, StandIn().document)


# --- strings ---------------------------------------------------------------------------------------------------------------------------


def test_both_languages_have_the_same_strings_with_the_same_blanks():
    def blanks(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert STRINGS["en"].keys() == STRINGS["es"].keys()
    for key, text in STRINGS["en"].items():
        assert blanks(text) == blanks(STRINGS["es"][key]), key


def test_every_string_is_used_and_the_script_gets_those_that_it_names():
    code = "".join(file.read_text(encoding="utf-8") for file in PACKAGE.glob("*.py") if file.name != "strings.py")
    script = "".join(file.read_text(encoding="utf-8") for file in PACKAGE.glob("*.js"))
    named = set(re.findall(r"\bwords\.(\w+)", script)) | {f"step_{step}" for step in ("comparing", "reading", "embedding", "contextual")}
    assert named == set(SCRIPT_STRINGS)
    made = ("file_", "language_", "why_", "step_", "document", "passage")
    page = "".join(file.read_text(encoding="utf-8") for file in PACKAGE.glob("*.html"))
    quoted = set(re.findall(r"['\"](\w+)['\"]", code)) | set(re.findall(r"\$(\w+)", page))
    unused = [key for key in STRINGS["en"] if key not in quoted | named and not key.startswith(made)]
    assert unused == []


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("es", "es"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("en-GB,en;q=0.9,es;q=0.8", "en"),
        ("fr-FR,fr;q=0.9,es;q=0.5,en;q=0.4", "es"),
        ("en;q=0.3, ES-es;q=0.7", "es"),
        ("es;q=0, en;q=0.1", "en"),
        ("de, *;q=0.5", "en"),
        ("es;q=x, en;q=0.1", "en"),
    ],
)
def test_preferred_language(header, language):
    assert preferred_language(header) == language


def test_group_digits():
    assert group_digits(12345, "en") == "12,345"
    assert group_digits(1234, "es") == "1234"
    assert group_digits(12345, "es") == "12\u202f345"


# --- escaping and excerpts -------------------------------------------------------------------------------------------------------------


def test_escape_text_leaves_nothing_that_a_browser_or_an_encoder_trips_over():
    assert escape_text("<a href='x'>&\"") == "&lt;a href=&#x27;x&#x27;&gt;&amp;&quot;"
    assert escape_text("line\n\tline") == "line\n\tline"
    assert escape_text("\x00\u202eevil\u202c\x9b") == "\ufffd\ufffdevil\ufffd\ufffd"
    assert escape_text("\U000e0041hidden") == "\ufffdhidden"
    assert escape_text("\ud83d") == "?"


def test_excerpt_comes_from_the_hit_else_from_the_document_else_is_the_quote():
    answer = treaty_answer("q", "en")
    in_hit, in_document = answer.citations
    lost = Citation(3, "gone.txt", "Gone", 5, 9, "text", 0.5)
    read = StandIn().document
    assert find_excerpt(in_hit, answer, read).before.startswith("Lo primero")
    assert find_excerpt(in_document, answer, read).before.startswith("Article 4. Night running")
    assert find_excerpt(in_document, answer, None).before == ""
    assert find_excerpt(lost, answer, read).before == ""
    assert find_excerpt(lost, answer, read).quote == "text"


def test_excerpt_is_cut_at_words_and_refuses_a_text_that_does_not_hold_the_quote():
    text = "word " * 200 + "QUOTE" + " tail" * 200
    citation = Citation(1, "a.txt", "A", 1_000, 1_005, "QUOTE", 1.0)
    excerpt = cut_excerpt(citation, text, 0, None)
    assert excerpt is not None
    assert excerpt.before.startswith("… word ")
    assert excerpt.after.endswith(" tail …")
    assert len(excerpt.before) <= CONTEXT_CHARACTERS + 2
    assert cut_excerpt(citation, text, 1, None) is None
    assert cut_excerpt(citation, text[1_002:], 1_002, None) is None


# --- turns -----------------------------------------------------------------------------------------------------------------------------


def test_answer_has_chips_that_lead_to_its_sources():
    turn, sources = shown(treaty_answer("What does Article 4 permit?", "en"), 3)
    assert re.findall(r'<a class="chip" href="#([^"]+)" aria-label="([^"]+)">(\d)</a>', turn) == [
        ("source-3-1", "Source 1: Interview no. 427: after the visit", "1"),
        ("source-3-2", "Source 2: Agreement on the Tarn Bay Line", "2"),
    ]
    assert re.findall(r'<li class="source" id="([^"]+)"', sources) == ["source-3-1", "source-3-2"]


def test_source_card_shows_place_and_exactly_the_cited_characters():
    answer = treaty_answer("What does Article 4 permit?", "en")
    _, sources = shown(answer)
    assert re.findall(r"<mark>(.*?)</mark>", sources) == [citation.quote for citation in answer.citations]
    first, second = sources.split('<li class="source"')[1:]
    assert "conflicto (artículo 3) y <mark>prestar" in first
    assert re.search(r'<blockquote[^>]* lang="es"', first)
    assert "(1) <mark>The Operator" in second
    assert "</mark>, provided that" in second
    for text in ("Part One. General › Article 4. Night running", "page 3", "3 June 2016", "treaties/tarn-bay.txt", "characters 30 to 99"):
        assert f">{text}<" in second


def test_source_card_does_not_repeat_the_title_or_show_markdown_signs_and_names_copies():
    citation = cite(1, TREATY, "Fecha", section=("Interview no. 427: After the Visit", "Una respuesta"))
    citation = Citation(**{name: getattr(citation, name) for name in Citation.__slots__} | {"copies": ("b.md",)})
    answer = Answer("q", "q", "en", "A. [1]", sentences=(Sentence("A. [1]", (1,), "quoted"),), citations=(citation,))
    _, sources = shown(answer)
    assert '<li class="section">Una respuesta</li>' in sources
    assert ">Entrevista n.º 427\n<mark>Fecha</mark>: mediados" in sources
    assert "also as b.md" in sources


def test_labels_are_in_the_language_of_the_visitor_and_the_answer_in_its_own():
    turn, sources = shown(treaty_answer("What does Article 4 permit?", "en"), language="es")
    assert '<div class="answer" lang="en">' in turn
    assert "no figura en las fuentes" in turn
    assert "Leer en el documento" in sources


def test_only_unsupported_sentences_are_marked():
    turn, _ = shown(treaty_answer("q", "es"), language="es")
    assert re.findall(r'<span class="unsupported">(.*?)</span>', turn) == ["Esta frase no tiene apoyo."]
    assert turn.count('class="flag">no figura en las fuentes<') == 1


def test_a_number_in_brackets_that_is_no_citation_of_its_sentence_stays_text():
    text = "As [12] says. [1]"
    citation = cite(1, TREATY, "conflicto")
    answer = Answer("q", "q", "en", text, sentences=(Sentence(text, (1,), "supported"),), citations=(citation,))
    assert "As [12] says. <a " in shown(answer)[0]


def test_text_around_sentences_and_paragraphs_are_kept():
    sentences = (Sentence("One.", (), "supported"), Sentence("Two\n\nlines.", (), "unsupported"))
    turn, sources = shown(Answer("q", "q", "en", "- One.\n\n- Two\n\nlines. End", sentences=sentences))
    assert '<p>- One.</p><p>- <span class="unsupported">Two\nlines.</span>' in turn
    assert "</span> End</p>" in turn
    assert sources == ""


def test_abstention_is_a_box_of_its_own_with_what_is_nearest():
    passage = Passage("a.md", "Title", "The text of the passage.", 0, 24, ("Title", "Part"), language="en")
    text = "There is no Article 40; the agreement has Articles 1 to 9."
    turn, _ = shown(Answer("q", "q", "en", text, True, "reference_absent", hits=(Hit(1, passage, 1.0, Why()),)))
    assert re.search(rf'<div class="box abstained" lang="en"><h3>.*The documents do not say</h3><p>{text}</p></div>', turn)
    assert 'class="answer"' not in turn
    assert '<summary>Title <span class="section">› Part</span></summary>' in turn
    assert ">The text of the passage.</blockquote>" in turn


def test_abstention_that_says_so_itself_says_it_once():
    turn, _ = shown(Answer("q", "q", "es", "Los documentos no lo dicen. Lo más cercano está en «A».", True, "no_evidence"))
    assert turn.count("Los documentos no lo dicen") == 1
    assert "<p>Lo más cercano está en «A».</p>" in turn


def test_a_greeting_is_no_refusal():
    turn, _ = shown(Answer("Hello", "Hello", "en", "Hello. There is one document: “A”.", True, "no_evidence"))
    assert '<div class="answer" lang="en"><p>Hello. There is one document: “A”.</p></div>' in turn
    assert "The documents do not say" not in turn


def test_resolved_follow_up_is_shown_only_where_it_differs_and_can_be_changed():
    turn, _ = shown(treaty_answer("Why?", "en", "Why in 2023?"))
    assert re.search(r'Understood as <q>Why in 2023\?</q> <button type="button" class="tool" data-do="reword"', turn)
    assert "Understood as" not in shown(treaty_answer("Why?", "en"))[0]


def test_note_of_a_failed_model_is_shown():
    note = "The model gave up after 60 s; these are the passages."
    assert f'<p class="note" role="note">{note}</p>' in shown(Answer("q", "q", "en", "Text.", note=note))[0]


def test_why_tells_cited_passages_from_what_came_next():
    answer = treaty_answer("What does Article 4 permit?", "en")
    turn, _ = shown(answer)
    used, following = turn.split("Cited in the answer")[1].split("What came next")
    assert "Interview no. 427" in used
    assert "<td>article 4</td>" in used
    assert "In context" not in turn
    assert "<td><b>artículo</b> <b>4</b></td><td>2 <small>(7.50)</small></td><td>1 <small>(0.61)</small></td><td>0.90</td>" in used
    assert "Agreement on the Tarn Bay Line" in following
    assert "<td>–</td><td>–</td><td>–</td><td>–</td><td>0.40</td>" in following
    first, second = answer.hits
    deep = replace(first, why=replace(first.why, contextual_rank=3, contextual_score=0.5))
    turn, _ = shown(replace(answer, hits=(deep, second)))
    assert '<th scope="col">In context</th>' in turn
    assert "<td>1 <small>(0.61)</small></td><td>3 <small>(0.50)</small></td><td>0.90</td>" in turn
    assert "<td>–</td><td>–</td><td>–</td><td>–</td><td>–</td><td>0.40</td>" in turn


def test_pending_and_partial_turns_hide_half_a_marker_and_link_nothing():
    partial = render_partial("One. [1] Two. [")
    assert partial == '<div class="answer"><p>One. <span class="chip">1</span> Two.</p></div>'
    pending = render_pending(2, "q?", "es")
    assert 'aria-busy="true"' in pending
    assert "Buscando en los documentos" in pending


def test_stopped_turn_keeps_what_was_written_and_says_so():
    turn = render_stopped(2, "q?", "Half an answer [1", "en")
    assert "<p>Half an answer</p>" in turn
    assert "Stopped. This part was not checked" in turn


def test_document_is_opened_at_the_citation():
    citation = treaty_answer("q", "en").citations[0]
    html = render_document(citation, TREATY, "en")
    assert f'<mark id="reader-mark">{citation.quote}</mark>' in html
    assert "# Entrevista n.º 427" in html


@pytest.mark.parametrize("language", ["en", "es"])
def test_hostile_text_becomes_nothing_but_our_own_tags(language):
    hostile = "<script>1</script><img src=x onerror=1><a href=javascript:1>\" onclick='1' ![x](http://x) </p></article>"
    passage = Passage(hostile, hostile, hostile, 0, len(hostile), (hostile,), language="en")
    hit = Hit(1, passage, 1.0, Why(hostile, (hostile,), 1, 1.0, 1, 1.0, 1.0))
    citation = Citation(1, hostile, hostile, 0, len(hostile), hostile, 1.0, 3, (hostile,), hostile, (hostile,))
    sentences = (Sentence(hostile + " [1]", (1,), "unsupported"),)
    answer = Answer(hostile, hostile + "?", "en", hostile + " [1]", False, None, sentences, (citation,), (hit,), hostile)
    listed = Listed(hostile, hostile, None, hostile, 1, "")
    listing = Listing(Collection("c0", hostile, IndexConfig()), [Shown(listed, True, "gone")], "", None, False)
    document = StandIn().document(TREATY.source)
    pages = [
        *shown(answer, language=language),
        *shown(Answer(hostile, hostile, language, hostile, True, "no_evidence", hits=(hit,)), language=language),
        render_pending(1, hostile, language),
        render_partial(hostile),
        *(render_partial(hostile[:end]) for end in range(len(hostile))),
        render_stopped(1, hostile, hostile, language),
        render_fault(1, hostile, hostile, language),
        render_document(citation, document, language),
        render_documents(listing, 1, language),
        render_verdicts([Verdict(hostile, "refused", reason=hostile), Verdict(hostile, "indexed", 2)], language),
        render_models({"llm": hostile, "embedding": hostile}, [hostile], {hostile: Times()}, hostile, language),
    ]
    for page in pages:
        for tag, attributes in re.findall(r"<(/?[^\s>]+)([^>]*)>", page):
            assert tag.removeprefix("/") in ALLOWED_TAGS
            rest = re.sub(r'\s([a-z-]+)="[^"<>]*"', lambda match: "" if match[1] in ALLOWED_ATTRIBUTES else match[0], attributes)
            assert rest.strip() in ("", "hidden")
        assert all(link.startswith("#") for link in re.findall(r'href="([^"]*)"', page))


# --- panels and the page ---------------------------------------------------------------------------------------------------------------


def test_documents_are_listed_with_counts_dates_and_state():
    shown_documents = [
        Shown(Listed("a.md", "The Alpha report", "en", "2024-07", 12_345, "/x/a.md"), False, "same"),
        Shown(Listed("b.pdf", "Beta", "es", None, 1, "/x/b.pdf"), True, "changed"),
    ]
    listing = Listing(Collection("c0", "demo", IndexConfig()), shown_documents, "", 0.0, False)
    html = render_documents(listing, 7, "en")
    assert ">2 documents, 12,346 passages<" in html
    assert "1 files differ from what was indexed" in html
    assert "<td>English</td><td>July 2024</td><td>12,345</td><td></td>" in html
    assert re.search(r'data-do="remove" title="Remove Beta" data-source="b.pdf"', html)
    assert "changed on disk" in html
    filtered = render_documents(Listing(listing.collection, shown_documents[:1], "ALPHA", 0.0, False), 7, "es")
    assert "The Alpha report" in filtered
    assert "(generación 7)" in filtered
    assert "No document has these words" in render_documents(Listing(listing.collection, shown_documents, "gamma", 0.0, False), 7, "en")
    assert "read in context" not in html
    behind = Listing(listing.collection, shown_documents, "", 0.0, False, {"done": 1_234, "total": 12_346})
    assert "<span>read in context: 1,234 of 12,346 passages</span>" in render_documents(behind, 7, "en")
    complete = Listing(listing.collection, shown_documents, "", 0.0, False, {"done": 12_346, "total": 12_346})
    assert render_documents(complete, 7, "en") == html
    assert "being updated now" in render_documents(Listing(listing.collection, shown_documents, "", 0.0, True), 7, "en")


def test_verdicts_say_what_became_of_each_file():
    html = render_verdicts([Verdict("a.md", "indexed", 3), Verdict("b.pdf", "refused", reason="encrypted")], "en")
    assert '<li class="indexed">' in html
    assert "indexed, 3 passages: ask about it now" in html
    assert "not indexed: encrypted" in html


def test_models_show_fingerprint_and_time():
    times = Times()
    for total in (10.0, 30.0, 20.0):
        times.add({"retrieve": 5.0, "total": total})
    html = render_models({"llm": "extractive@1", "embedding": "builtin@2/384"}, ["extractive"], {"extractive": times}, "extractive", "en")
    assert "<b>Quotations (offline)</b><code>extractive@1</code>" in html
    assert "<b>builtin</b><code>builtin@2/384</code>" in html
    assert "20 ms in the median of the last 3" in html
    assert "Works offline" in html


def page(language: str = "en", **changes: object) -> str:
    fields = {
        "language": language, "collections": [Collection("c0", "demo", IndexConfig())], "models": ["extractive"], "banners": ["Banner."],
        "documents": "17", "shelf": "c0", "types": [".md", ".pdf"], "characters": 2_000, "limit": "20", "leaves": False,
    }  # fmt: skip
    return render_page(Shell(**fields | changes))


def test_page_is_in_one_language_and_loads_only_its_own_files():
    for language in ("en", "es"):
        html = page(language)
        assert f'<html lang="{language}">' in html
        assert STRINGS[language]["welcome"] in html
        assert set(re.findall(r'(?:src|href)="([^"#][^"]*)"', html)) == {"/assets/favicon.svg", "/assets/style.css", "/assets/chat.js"}
        assert "style=" not in html
        assert "http" not in html.replace("/2000/svg", "")


def test_page_holds_every_symbol_that_is_used():
    code = "".join(file.read_text(encoding="utf-8") for file in PACKAGE.glob("*.py"))
    used = set(re.findall(r"icon\(['\"](\w+)['\"]\)", code)) | set(re.findall(r'button\("[\w-]+", "(\w+)"', code))
    used |= set(re.findall(r'href="#icon-(\w+)"', page()))
    assert used | {"done", "alert"} == set(re.findall(r'<symbol id="icon-(\w+)"', page()))


def test_choices_are_shown_only_where_there_are_some():
    assert re.findall(r"<label( hidden)?>(?:Search in|Answer with)", page()) == [" hidden", " hidden"]
    two = [Collection("c0", "a", IndexConfig()), Collection("own", "", IndexConfig())]
    html = page(collections=two, models=["extractive", "ollama:x"], banners=["One.", "Two."], shelf="own")
    assert re.findall(r"<label( hidden)?>(?:Search in|Answer with)", html) == ["", ""]
    assert '<option value="own">My files</option>' in html
    assert '<option value="ollama:x" data-banner="Two.">ollama:x</option>' in html
    assert '<div id="drop" data-shelf="own">' in html
    assert '<div id="drop" data-shelf="" hidden>' in page(shelf=None)
    assert ('action="/logout" hidden' in page(), 'action="/logout" hidden' in page(leaves=True)) == (True, False)


def test_words_for_the_script_cannot_end_their_element():
    inside = re.search(r'<script type="application/json" id="words">(.*?)</script>', page())[1]
    assert "<" not in inside
    assert json.loads(inside)["copied"] == "Copied."


def test_login_page_says_what_was_wrong():
    html = render_login("en", "That is not the password.")
    assert '<p class="hint" role="alert">That is not the password.</p>' in html
    assert '<form method="post" action="/login">' in html
