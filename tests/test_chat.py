"""The chat page: its HTML as pure functions, its guard, and the page itself over HTTP with a stand-in pipeline."""

import json
import os
import re
import signal
import string
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from chat_stand_in import HOSTILE_QUOTE, TARN, TREATY, StandIn, cite, served, treaty_answer

from rag.chat import serve
from rag.chat.render import (
    CONTEXT_CHARACTERS,
    cut_excerpt,
    escape_text,
    find_excerpt,
    render_answer,
    render_fault,
    render_header,
    render_hint,
    render_pending,
)
from rag.chat.server import bind, check_host, page_address
from rag.chat.strings import STRINGS, group_digits, preferred_language
from rag.config import Config
from rag.errors import IndexMissing, InputError
from rag.types import Answer, Citation, Sentence, Turn

ALLOWED_TAGS = {
    "article", "div", "h1", "h2", "h3", "h4", "p", "span", "a", "aside", "ol", "ul", "li", "blockquote", "mark", "code", "q", "header",
}  # fmt: skip
ALLOWED_ATTRIBUTES = {
    "class", "id", "lang", "dir", "href", "role", "tabindex", "aria-live", "aria-busy", "aria-label", "aria-labelledby",
}  # fmt: skip


# --- strings ---------------------------------------------------------------------------------------------------------------------------


def test_both_languages_have_the_same_strings_with_the_same_blanks():
    def blanks(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert STRINGS["en"].keys() == STRINGS["es"].keys()
    for key, text in STRINGS["en"].items():
        assert blanks(text) == blanks(STRINGS["es"][key]), key


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


# --- render ----------------------------------------------------------------------------------------------------------------------------


def test_escape_text_leaves_nothing_that_a_browser_or_an_encoder_trips_over():
    assert escape_text("<a href='x'>&\"") == "&lt;a href=&#x27;x&#x27;&gt;&amp;&quot;"
    assert escape_text("line\n\tline") == "line\n\tline"
    assert escape_text("\x00\u202eevil\u202c\x9b") == "\ufffd\ufffdevil\ufffd\ufffd"
    assert escape_text("\ud83d") == "?"


def test_answer_has_chips_that_lead_to_its_sources():
    markup = render_answer(3, treaty_answer("What does Article 4 permit?", "en"), StandIn().document)
    assert re.findall(r'<a class="chip" href="#([^"]+)" aria-label="([^"]+)">(\[\d\])</a>', markup) == [
        ("source-3-1", "Source 1: Interview no. 427: after the visit", "[1]"),
        ("source-3-2", "Source 2: Agreement on the Tarn Bay Line", "[2]"),
    ]
    assert re.findall(r'<li class="source" id="([^"]+)"', markup) == ["source-3-1", "source-3-2"]


def test_source_card_shows_place_and_exactly_the_cited_characters():
    answer = treaty_answer("What does Article 4 permit?", "en")
    markup = render_answer(1, answer, StandIn().document)
    assert re.findall(r"<mark>(.*?)</mark>", markup) == [citation.quote for citation in answer.citations]
    first, second = markup.split('<li class="source"')[1:]
    assert "conflicto (artículo 3) y <mark>prestar" in first
    assert '<blockquote lang="es"' in first
    assert "(1) <mark>The Operator" in second
    assert "</mark>, provided that" in second
    for shown in ("Part One. General › Article 4. Night running", "page 3", "2016-06-03", "treaties/tarn-bay.txt", "characters 30 to 99"):
        assert f">{shown}<" in second


def test_source_card_does_not_repeat_the_title_or_show_heading_signs():
    citation = cite(1, TREATY, "Fecha", section=("Interview no. 427: After the Visit", "Una respuesta"))
    answer = Answer("q", "q", "en", "A. [1]", sentences=(Sentence("A. [1]", (1,), "quoted"),), citations=(citation,))
    markup = render_answer(1, answer, StandIn().document)
    assert '<li class="section">Una respuesta</li>' in markup
    assert ">Entrevista n.º 427\n<mark>Fecha</mark>: mediados" in markup


def test_only_unsupported_sentences_are_marked():
    markup = render_answer(1, treaty_answer("q", "es"), StandIn().document)
    assert re.findall(r'<span class="unsupported">(.*?)</span>', markup) == ["Esta frase no tiene apoyo."]
    assert markup.count('class="flag">no figura en las fuentes<') == 1


def test_a_number_in_brackets_that_is_no_citation_of_its_sentence_stays_text():
    text = "As [12] says. [1]"
    citation = cite(1, TREATY, "conflicto")
    answer = Answer("q", "q", "en", text, sentences=(Sentence(text, (1,), "supported"),), citations=(citation,))
    assert "As [12] says. <a " in render_answer(1, answer, StandIn().document)


def test_text_around_sentences_and_paragraphs_are_kept():
    sentences = (Sentence("One.", (), "supported"), Sentence("Two\n\nlines.", (), "unsupported"))
    answer = Answer("q", "q", "en", "- One.\n\n- Two\n\nlines. End", sentences=sentences)
    markup = render_answer(1, answer, StandIn().document)
    assert '<p>- One.</p><p>- <span class="unsupported">Two\nlines.</span>' in markup
    assert "</span> End</p>" in markup


def test_abstention_is_a_box_of_its_own_with_what_exists():
    text = "There is no Article 40; the agreement has Articles 1 to 9."
    markup = render_answer(1, Answer("q", "q", "en", text, True, "reference_absent"), StandIn().document)
    assert f'<div class="box abstained"><h3>The documents do not say</h3><p>{text}</p></div>' in markup
    assert 'class="answer"' not in markup


def test_abstention_that_says_so_itself_gets_no_second_heading():
    markup = render_answer(1, Answer("q", "q", "es", "Los documentos no lo dicen.", True, "no_evidence"), StandIn().document)
    assert markup.count("Los documentos no lo dicen") == 1


def test_resolved_follow_up_is_shown_only_where_it_differs():
    read = StandIn().document
    assert "Understood as: <q>Why in 2023?</q>" in render_answer(1, treaty_answer("Why?", "en", "Why in 2023?"), read)
    assert "Understood as" not in render_answer(1, treaty_answer("Why?", "en"), read)


def test_note_of_a_failed_model_is_shown():
    note = "The model gave up after 60 s; these are the passages."
    markup = render_answer(1, Answer("q", "q", "en", "Text.", note=note), StandIn().document)
    assert f'<p class="note" role="note">{note}</p>' in markup


def test_pending_turn_hides_half_a_marker_and_links_nothing():
    markup = render_pending(2, "q?", "One. [1] Two. [", "en")
    assert '<p>One. <span class="chip">[1]</span> Two.</p>' in markup
    assert 'aria-busy="true"' in markup
    assert "href" not in markup
    assert "Buscando en los documentos" in render_pending(2, "q?", "", "es")


@pytest.mark.parametrize("language", ["en", "es"])
def test_hostile_text_becomes_nothing_but_our_own_tags(language):
    pipeline = StandIn()
    hostile = "<script>1</script><img src=x onerror=1><a href=javascript:1>\" onclick='1' ![x](http://x) </p></article>"
    citation = Citation(1, hostile, hostile, 0, len(hostile), hostile, 1.0, 3, (hostile,), hostile)
    sentences = (Sentence(hostile + " [1]", (1,), "unsupported"),)
    answer = Answer(hostile, hostile + "?", language, hostile + " [1]", sentences=sentences, citations=(citation,), note=hostile)
    pages = [
        render_answer(1, answer, pipeline.document),
        render_answer(1, Answer(hostile, hostile, language, hostile, True, "no_evidence"), pipeline.document),
        render_pending(1, hostile, hostile, language),
        render_fault(1, hostile, hostile, language),
        render_hint(hostile),
        render_header({"documents": 1, "passages": 1}, hostile, hostile, language),
    ]
    for page in pages:
        for tag, attributes in re.findall(r"<(/?[^\s>]+)([^>]*)>", page):
            assert tag.removeprefix("/") in ALLOWED_TAGS
            assert re.sub(r'\s([a-z-]+)="[^"<>]*"', lambda match: "" if match[1] in ALLOWED_ATTRIBUTES else match[0], attributes) == ""
        assert all(link.startswith("#") for link in re.findall(r'href="([^"]*)"', page))


def test_excerpt_comes_from_the_hit_else_from_the_document_else_is_the_quote():
    answer = treaty_answer("q", "en")
    in_hit, in_document = answer.citations
    lost = Citation(3, "gone.txt", "Gone", 5, 9, "text", 0.5)
    read = StandIn().document
    assert find_excerpt(in_hit, answer, read).before.startswith("Lo primero")
    assert find_excerpt(in_document, answer, read).before.startswith("Article 4. Night running")
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


def test_header_names_models_and_counts():
    counts = {"documents": 1, "passages": 12_345}
    offline = render_header(counts, "extractive", "builtin", "en")
    assert "Offline: extractive answers, built-in embedding" in offline
    assert ">1 document, 12,345 passages<" in offline
    assert "Respuestas: openai:gpt-5-mini. Búsqueda: builtin" in render_header(counts, "openai:gpt-5-mini", "builtin", "es")


# --- where it listens ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_loopback_needs_no_password(host):
    check_host(host, "")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_other_hosts_need_a_password(host):
    with pytest.raises(InputError, match="RAG_PASSWORD"):
        check_host(host, "")
    check_host(host, "secret")


def test_port_in_use_names_a_free_one():
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=rf"Port {port} is in use; the next free one is --port (\d+)\.") as caught:
            bind("127.0.0.1", port)
        free = int(str(caught.value).rpartition(" ")[2].rstrip("."))
        with bind("127.0.0.1", free):
            assert free > port


def test_address_that_is_not_ours_and_port_that_is_none():
    with pytest.raises(InputError, match=r"192\.0\.2\.1"):
        bind("192.0.2.1", 0)
    with pytest.raises(InputError, match="Port 70000 cannot be used"):
        bind("127.0.0.1", 70_000)


def test_page_address():
    assert page_address("127.0.0.1", 7860) == "http://127.0.0.1:7860"
    assert page_address("0.0.0.0", 80) == "http://127.0.0.1:80"
    assert page_address("::1", 80) == "http://[::1]:80"


class _Opened:
    """Takes the place of the module `rag.pipeline`, so that no index is needed."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls = 0
        self.error = error
        self.Pipeline = self

    def open(self, config: Config) -> StandIn:
        self.calls += 1
        if self.error:
            raise self.error
        return StandIn()


def test_serve_refuses_an_open_host_before_it_opens_the_index(monkeypatch):
    opened = _Opened()
    monkeypatch.setitem(sys.modules, "rag.pipeline", opened)
    monkeypatch.delenv("RAG_PASSWORD", raising=False)
    with pytest.raises(InputError, match="RAG_PASSWORD"):
        serve(Config(), "0.0.0.0", 0)
    assert opened.calls == 0


def test_serve_reports_a_missing_index(monkeypatch):
    monkeypatch.setitem(sys.modules, "rag.pipeline", _Opened(IndexMissing("There is no index at index/default; run `rag index FOLDER`.")))
    with pytest.raises(IndexMissing, match="run `rag index FOLDER`"):
        serve(Config(), "127.0.0.1", 0)


def test_importing_the_package_does_not_import_gradio():
    code = "import sys, rag.chat; sys.exit('gradio' in sys.modules or 'uvicorn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_serve_prints_its_address_when_it_answers_and_stops_on_ctrl_c():
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from test_chat import _Opened; sys.modules['rag.pipeline'] = _Opened()\n"
        "from rag.chat import serve; from rag.config import Config; serve(Config(), '127.0.0.1', 0)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = re.fullmatch(r"The page is at (http://127\.0\.0\.1:\d+) \(Ctrl-C stops it\)\.\n", line)
        assert address is not None, line
        assert httpx.get(address[1]).status_code == 200
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=20)
    assert (process.returncode, output, errors) == (0, "", "")


# --- the page over HTTP ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pipeline():
    return StandIn()


@pytest.fixture(scope="module")
def address(pipeline):
    with served(pipeline) as url:
        yield url


@pytest.fixture
def client(address):
    with httpx.Client(base_url=address, timeout=20) as http:
        yield http


def ask(client: httpx.Client, question: str, session: str, language: str = "en") -> dict[str, str]:
    """Ask through Gradio's queue as the browser does; the last value of each part of the page that the event changed."""
    names = ("question", "hint", "welcome", "transcript", "current", "conversation")
    headers = {"accept-language": language}
    body = {"data": [question, None], "fn_index": 0, "session_hash": session}
    assert client.post("/gradio_api/queue/join", json=body, headers=headers).status_code == 200
    page: dict[str, str] = {}
    with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}, headers=headers) as stream:
        for line in stream.iter_lines():
            message = json.loads(line.removeprefix("data: ") or "{}")
            if message.get("msg") in ("process_generating", "process_completed"):
                values = message["output"].get("data", [])
                page |= {name: value for name, value in zip(names, values, strict=False) if isinstance(value, str)}
            if message.get("msg") == "process_completed":
                assert message["success"], message
                return page
    raise AssertionError("the queue closed without an answer")


def test_question_gets_a_rendered_answer(client):
    page = ask(client, "  What does Article 4 permit? ", "answers")
    assert page["current"] == render_answer(1, treaty_answer("What does Article 4 permit?", "en"), StandIn().document)
    assert page["question"] == ""
    assert page["transcript"] == ""


def test_follow_up_carries_the_history_and_keeps_earlier_turns(client, pipeline):
    first = ask(client, "What does Article 4 permit?", "follow-up")
    second = ask(client, "And why?", "follow-up")
    assert second["transcript"] == first["current"]
    assert 'id="turn-2"' in second["current"]
    assert "Understood as: <q>Why did Pyongyang&#x27;s attitude" in second["current"]
    answer = treaty_answer("What does Article 4 permit?", "en")
    assert pipeline.histories[-1] == (Turn("What does Article 4 permit?", answer.text),)


def test_sessions_do_not_share_a_conversation(client, pipeline):
    ask(client, "What does Article 4 permit?", "one")
    assert ask(client, "What does Article 4 permit?", "two")["transcript"] == ""
    assert pipeline.histories[-1] == ()


def test_empty_and_overlong_questions_get_a_hint_and_reach_no_pipeline(client, pipeline):
    asked = len(pipeline.histories)
    assert ask(client, " \n ", "hints") == {"hint": '<p class="hint" role="status">Type a question first.</p>'}
    assert "acórtala a 2000" in ask(client, "a" * 2_001, "hints", language="es")["hint"]
    assert len(pipeline.histories) == asked
    assert 'id="turn-1"' in ask(client, "a" * 2_000, "hints")["current"]


def test_error_is_one_sentence_in_the_conversation_and_no_history(client, pipeline):
    page = ask(client, "please break", "errors")
    assert 'role="alert"' in page["current"]
    assert "refused the connection; start it" in page["current"]
    assert "Traceback" not in page["current"]
    assert "please break" in ask(client, "What does Article 4 permit?", "errors")["transcript"]
    assert pipeline.histories[-1] == ()


def test_abstention_is_shown_in_the_language_of_the_answer(client):
    assert "Los documentos no lo dicen" in ask(client, "¿Qué porcentaje representa China?", "abstains", language="en")["current"]


def test_hostile_answer_is_only_text(client, pipeline):
    markup = ask(client, "hostile", "hostile")["current"]
    assert "<img" not in markup
    assert "<script" not in markup
    assert f"<mark>{escape_text(HOSTILE_QUOTE.replace('CANARY', pipeline.canary))}</mark>" in markup


def test_page_carries_its_texts_in_both_languages_and_no_foreign_address(client):
    page = client.get("/", headers={"accept-language": "es-ES"})
    assert '<html\n\tlang="es"' in page.text
    assert STRINGS["es"]["welcome"] in page.text
    assert STRINGS["en"]["welcome"] in page.text
    for loading in (r'(?:src|href)="(?:https?:)?//', r'content="https?://raw'):
        assert not re.search(loading, page.text)


def test_demo_examples_are_offered_only_with_the_demo_corpus(client):
    example = "¿Qué permite el artículo 4 del tratado?"
    assert example in client.get("/").text
    other = StandIn()
    del other.documents[TREATY.source]
    with served(other) as url:
        assert example not in httpx.get(url).text
    assert TARN.source in other.documents


def test_every_response_carries_the_policy_and_each_its_own_nonce(client):
    nonces = set()
    for path in ("/", "/config", "/theme.css", "/nothing", "/gradio_api/info"):
        policy = client.get(path).headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self' 'nonce-")
        assert "http" not in policy
        assert "script-src 'self' 'unsafe-inline'" not in policy
        nonces.add(re.search(r"'nonce-([^']+)'", policy)[1])
    assert len(nonces) == 5
    page = client.get("/")
    nonce = re.search(r"'nonce-([^']+)'", page.headers["content-security-policy"])[1]
    assert set(re.findall(r"<script([^>]*)>", page.text.replace(f' nonce="{nonce}"', ""))) <= {
        "", " data-gradio-mode", *re.findall(r' type="module"[^>]*', page.text),
    }  # fmt: skip
    assert page.text.count("<script") == page.text.count(f'<script nonce="{nonce}"')


CLOSED_PATHS = [
    "/docs",
    "/openapi.json",
    "/monitoring",
    "/gradio_api/info",
    "/gradio_api/openapi.json",
    "/gradio_api/upload",
    "/gradio_api/file=/etc/passwd",
    "/gradio_api/proxy=http://x",
    "/gradio_api/run/ask",
    "/gradio_api/call/ask",
    "/gradio_api/vibe-edit",
    "/gradio_api/runs",
    "/gradio_api/process_recording",
]


@pytest.mark.parametrize("path", CLOSED_PATHS)
def test_routes_of_gradio_that_the_page_does_not_use_are_closed(client, path):
    assert client.get(path).status_code == 404
    assert client.post(path).status_code == 404


def test_other_origins_and_names_are_refused(client, address):
    port = address.rpartition(":")[2]
    assert client.get("/", headers={"host": f"evil.example:{port}"}).status_code == 403
    assert client.get("/", headers={"host": "["}).status_code == 403
    assert client.get("/", headers={"host": f"localhost:{port}"}).status_code == 200
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{int(port) - 1}"):
        assert client.post("/gradio_api/queue/join", json={}, headers={"origin": origin}).status_code == 403
    assert client.get("/config", headers={"origin": address}).status_code == 200


def test_password_is_asked_for_and_checked():
    with served(StandIn(), password="s3cret") as url, httpx.Client(base_url=url) as http:
        assert http.get("/config").status_code == 401
        assert http.post("/gradio_api/queue/join", json={"data": ["q", None], "fn_index": 0, "session_hash": "x"}).status_code == 401
        assert STRINGS["en"]["welcome"] not in http.get("/").text
        assert http.post("/login", data={"username": "any", "password": "wrong"}).status_code == 400
        assert http.post("/login", data={"username": "any", "password": "s3cret"}).status_code == 200
        assert http.get("/config").status_code == 200


def test_gradio_is_told_to_measure_nothing(client):
    config = client.get("/config").json()
    assert config["analytics_enabled"] is False
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"
    assert config["footer_links"] == []
