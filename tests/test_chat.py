"""The chat page over HTTP with a stand-in pipeline: where it listens, who gets in, asking, and what is refused."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from chat_stand_in import HOSTILE_QUOTE, TREATY, StandIn, ask, events, served, treaty_answer, visit

from rag.chat import dialogue, serve
from rag.chat.escape import escape_text
from rag.chat.guard import BODY_BYTES
from rag.chat.library import Library
from rag.chat.server import bind, check_host, open_pipeline, page_address
from rag.chat.strings import STRINGS
from rag.chat.visitors import Visitors
from rag.config import AnswerConfig, ChatConfig, Config, IndexConfig, LlmConfig
from rag.errors import IndexMismatch, InputError
from rag.evaluate.review import read as read_review
from rag.pipeline import Pipeline
from rag.testing import ChatServer, Fault
from rag.types import Turn

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


def test_without_an_index_the_page_starts_with_an_empty_one(tmp_path, capsys):
    config = Config(index=IndexConfig(path=tmp_path / "none"))
    with contextlib.closing(open_pipeline(config)) as pipeline:
        assert capsys.readouterr().out.startswith(f"There was no index at {config.index.path}, so an empty one was made")
        assert pipeline.documents() == []
        assert pipeline.ask("Who feeds the cat?").text == "There are no documents yet."
        assert pipeline.ask("hola").text == "Todavía no hay documentos."
    open_pipeline(config).close()
    assert capsys.readouterr().out == ""


def test_serve_reports_an_index_that_cannot_be_used(monkeypatch):
    monkeypatch.setitem(
        sys.modules, "rag.pipeline", _Opened(IndexMismatch("The index was made with another embedding; run rag index again."))
    )
    with pytest.raises(IndexMismatch, match="run rag index again"):
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
def pipeline(tmp_path_factory):
    review = tmp_path_factory.mktemp("review") / "review.jsonl"
    return StandIn(config=Config(chat=ChatConfig(review_file=review, models=("ollama:missing",))))


@pytest.fixture(scope="module")
def address(pipeline):
    with served(pipeline) as url:
        yield url


def test_a_page_that_nobody_asks_rests(address, monkeypatch):
    """Gradio's queue looks a thousand times a second whether there is something to do; a laptop would never be idle."""
    looks = []
    monkeypatch.setattr("gradio.queueing.Queue.__len__", lambda queue: looks.append(queue) or 0)
    wait_for(lambda: looks)  # Gradio may still be starting
    looks.clear()
    time.sleep(1)
    assert len(looks) <= 60


@pytest.fixture
def client(address):
    with visit(address) as http:
        yield http


def test_question_gets_a_turn_that_streams_and_its_sources():
    with served(StandIn(pause=0.02)) as url, visit(url) as http:
        found = events(http, "ask", {"conversation": "one", "question": "  What does Article 4 permit? "})
    assert (found[0]["turn"], found[0]["gone"]) == (1, [])
    assert 'aria-busy="true"' in found[0]["html"]
    assert all(set(event) == {"turn", "part"} for event in found[1:-1])
    assert found[1]["part"].startswith('<div class="answer"><p>According')
    assert 'aria-busy="false"' in found[-1]["html"]
    quotes = [citation.quote for citation in treaty_answer("q", "en").citations]
    assert re.findall(r"<mark>(.*?)</mark>", found[-1]["sources"]) == quotes
    assert found[-1]["say"] == "Answered, with 2 sources."


def test_follow_up_carries_the_history_and_a_changed_one_none(client, pipeline):
    ask(client, "What does Article 4 permit?", "follow")
    turn = ask(client, "And why?", "follow")
    assert turn["turn"] == 2
    assert "Understood as <q>Why did Pyongyang&#x27;s attitude" in turn["html"]
    answer = treaty_answer("What does Article 4 permit?", "en")
    assert pipeline.histories[-1] == (Turn("What does Article 4 permit?", answer.text, "What does Article 4 permit?"),)
    message = {"conversation": "follow", "question": "Why then?", "instead_of": 2, "alone": True}
    found = events(client, "ask", message)
    assert (found[0]["turn"], found[0]["gone"]) == (3, [2])
    assert pipeline.histories[-1] == ()


def test_a_replaced_question_takes_those_after_it_along(client, pipeline):
    for question in ("What does Article 4 permit?", "one", "two"):
        ask(client, question, "edit")
    found = events(client, "ask", {"conversation": "edit", "question": "three", "instead_of": 2})
    assert found[0]["gone"] == [2, 3]
    assert [turn.question for turn in pipeline.histories[-1]] == ["What does Article 4 permit?"]
    turns = client.get("/conversation", params={"conversation": "edit"}).json()["turns"]
    assert [turn["turn"] for turn in turns] == [1, 4]


def test_conversation_comes_back_after_a_reload(client):
    last = ask(client, "What does Article 4 permit?", "reload")
    ask(client, "please break", "reload")
    turns = client.get("/conversation", params={"conversation": "reload"}).json()["turns"]
    assert turns[0] == last
    assert "refused the connection" in turns[1]["html"]


def test_visitors_see_nothing_of_each_other(client, address, pipeline):
    ask(client, "What does Article 4 permit?", "tab")
    with visit(address) as other:
        assert ask(other, "And why?", "tab")["turn"] == 1
        assert pipeline.histories[-1] == ()
        theirs = {"conversation": "tab", "turn": "2"}
        assert other.get("/export", params=theirs | {"format": "json"}).status_code == 422
        assert other.get("/source", params=theirs | {"number": "1"}).status_code == 422
        assert other.post("/feedback", json=theirs | {"thumb": "up"}).status_code == 422


def test_stopped_answer_keeps_what_was_written_and_is_no_history(address):
    slow = StandIn(pause=0.02)
    with served(slow) as url, visit(url) as http:
        joined = http.post("/gradio_api/call/ask", json={"data": [{"conversation": "s", "question": "tell at length"}]}).json()
        with http.stream("GET", f"/gradio_api/call/ask/{joined['event_id']}") as stream:
            for line in stream.iter_lines():
                if '"part"' in line:
                    break
        assert http.post("/stop", json={"conversation": "s"}).status_code == 200
        deadline = time.monotonic() + 20
        while not (turns := http.get("/conversation", params={"conversation": "s"}).json()["turns"]) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert "Stopped. This part was not checked" in turns[0]["html"]
        assert "<p>According" in turns[0]["html"]
        ask(http, "And why?", "s")
        assert slow.histories[-1] == ()


class Hanging(StandIn):
    """Writes a few words, and hangs until `go` is set."""

    def __init__(self, config: Config | None = None) -> None:
        super().__init__(config=config)
        self.go = threading.Event()
        self.now = self.most = 0

    def stream(self, question, history=()):
        self.now += 1
        self.most = max(self.most, self.now)
        yield "The first words "
        self.go.wait(60)
        self.now -= 1
        yield from super().stream(question, history)


def begin(http: httpx.Client, **message: object) -> None:
    """Ask, read until the first words are there, and go away."""
    joined = http.post("/gradio_api/call/ask", json={"data": [message]}).json()
    with http.stream("GET", f"/gradio_api/call/ask/{joined['event_id']}") as stream:
        for line in stream.iter_lines():
            if "The first words" in line:
                return


def test_model_that_hangs_can_be_stopped_at_once():
    model = Hanging()
    with served(model) as url, visit(url) as http:
        begin(http, conversation="s", question="why?")
        http.post("/stop", json={"conversation": "s", "turn": 7})
        shown = http.get("/conversation", params={"conversation": "s"}).json()["turns"]
        assert [turn.get("going") for turn in shown] == [True]
        http.post("/stop", json={"conversation": "s", "turn": 1})
        (turn,) = http.get("/conversation", params={"conversation": "s"}).json()["turns"]
        assert "The first words" in turn["html"]
        assert "Stopped. This part was not checked" in turn["html"]
        assert turn["html"].count('data-do="retry"') == 1
        model.go.set()


@pytest.mark.parametrize("strict", [False, True])
def test_stop_ends_the_request_to_the_model(seeds_index, strict, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    with ChatServer([Fault("hang", text="Russia may give «military", seconds=60)]) as server:
        llm = LlmConfig(model="openai:scripted", base_url=server.base_url, timeout_seconds=60)
        config = Config(index=IndexConfig(path=seeds_index), llm=llm, answer=AnswerConfig(strict=strict))
        with Pipeline.open(config) as pipeline:
            conversation = Visitors().welcome().conversation("s")
            asked, _ = conversation.begin("What does Article 4 permit?", "")
            library = Library(pipeline)
            answering = threading.Thread(target=dialogue._answer, args=(library, Visitors().welcome(), conversation, asked, "", ""))
            answering.start()
            wait_for(lambda: server.requests and any(thread.name == "rag-generate" for thread in threading.enumerate()))
            conversation.stop()
            answering.join(timeout=20)
            wait_for(lambda: not any(thread.name == "rag-generate" for thread in threading.enumerate()))
        assert (asked.answer, asked.fault, asked.error) == (None, "", None)


def wait_for(happened):
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_answer_is_finished_for_who_went_away_and_can_be_followed_again():
    model = Hanging()
    with served(model) as url, visit(url) as http:
        begin(http, conversation="s", question="What does Article 4 permit?")
        model.go.set()
        last = events(http, "ask", {"conversation": "s", "follow": 1})[-1]
        assert last["say"] == "Answered, with 2 sources."
        assert http.get("/conversation", params={"conversation": "s"}).json()["turns"] == [last]
        assert events(http, "ask", {"conversation": "s", "follow": 2}) == [{"hint": "This answer is no longer kept; ask again."}]


def test_no_more_questions_are_answered_at_the_same_time_than_is_set_also_for_who_went_away():
    model = Hanging(Config(chat=ChatConfig(concurrent_questions=1)))
    library = Library(model)
    visitors = Visitors()
    visitor = visitors.welcome()
    for number in range(3):
        asking = dialogue.ask(library, visitor, {"conversation": f"tab {number}", "question": f"why {number}?"}, "en")
        assert next(asking)["turn"] == 1
        asking.close()
    first, second, third = (visitor.conversation(f"tab {number}") for number in range(3))
    waiting = [conversation.current for conversation in (first, second, third)]
    while not first.current.text:
        time.sleep(0.01)
    second.stop()
    model.go.set()
    assert all(asked.ended.wait(10) for asked in waiting)
    assert [asked.answer is not None for asked in waiting] == [True, False, True]
    assert model.most == 1
    visitors.close()


def test_empty_overlong_and_too_many_questions_get_a_hint_and_reach_no_pipeline(client, address, pipeline):
    asked = len(pipeline.histories)
    assert events(client, "ask", {"question": " \n "}) == [{"hint": "Type a question first."}]
    assert events(client, "ask", {}) == [{"hint": "Type a question first."}]
    assert [events(client, "ask", wrong) for wrong in ("why?", [1], None)] == [[{"hint": "Type a question first."}]] * 3
    assert [events(client, "index", wrong) for wrong in ("../x", {"a": 1}, None)] == [[{"verdicts": ""}]] * 3
    with visit(address, "es") as spanish:
        assert "acórtala a 2000" in ask(spanish, "a" * 2_001)["hint"]
    assert len(pipeline.histories) == asked
    assert ask(client, "a" * 2_000)["turn"] == 1
    with served(StandIn(config=Config(chat=ChatConfig(questions_per_minute=2)))) as url, visit(url) as hasty, visit(url) as other:
        assert [("hint" in ask(hasty, "why?")) for _ in range(3)] == [False, False, True]
        assert "hint" not in ask(other, "why?")


def test_number_that_the_page_shows_is_not_given_again(client):
    assert ask(client, "why?", "numbered", after=7)["turn"] == 8
    for wrong in (True, -1, 10**12, "9", None, [3]):
        assert ask(client, "why?", f"numbered {wrong}", after=wrong)["turn"] in (1, 2)


def test_error_is_one_sentence_in_the_conversation_and_no_history(client, pipeline):
    turn = ask(client, "please break", "errors")
    assert 'role="alert"' in turn["html"]
    assert "refused the connection; start it" in turn["html"]
    assert "Traceback" not in turn["html"]
    ask(client, "What does Article 4 permit?", "errors")
    assert pipeline.histories[-1] == ()


def test_fault_that_nobody_foresaw_ends_the_turn(client, capfd):
    found = events(client, "ask", {"conversation": "fault", "question": "a fault"})
    assert [set(event) for event in found] == [{"turn", "gone", "html"}, {"turn", "html", "sources", "say"}]
    assert "its terminal says what" in found[-1]["html"]
    turns = client.get("/conversation", params={"conversation": "fault"}).json()["turns"]
    assert "its terminal says what" in turns[0]["html"]
    assert "a fault that nobody foresaw" in capfd.readouterr().err


def test_abstention_is_announced(client):
    turn = ask(client, "¿Qué porcentaje representa China?", "abstains")
    assert "Los documentos no lo dicen" in turn["html"]
    assert (turn["sources"], turn["say"]) == ("", "The documents do not say")


def test_models_and_collections_that_are_not_offered_are_refused(client):
    assert "not offered here" in ask(client, "why?", model="openai:secret")["html"]
    assert "no such collection" in ask(client, "why?", collection="../other")["html"]
    assert "is not installed" in ask(client, "why?", model="ollama:missing")["html"]
    assert "is not installed" in client.get("/models", params={"model": "ollama:missing"}).json()["error"]
    assert "extractive@1" in client.get("/models", params={"model": "openai:secret"}).json()["html"]


def test_hostile_answer_is_only_text(client, pipeline):
    for event in events(client, "ask", {"conversation": "hostile", "question": "hostile"}):
        markup = event.get("html", "") + event.get("part", "") + event.get("sources", "")
        assert not re.search(r"<(img|script|form action|iframe|b>|i>|u>|h1)", markup)
    assert f"<mark>{escape_text(HOSTILE_QUOTE.replace('CANARY', pipeline.canary))}</mark>" in event["sources"]


def test_document_of_a_citation_is_opened(client):
    ask(client, "What does Article 4 permit?", "source")
    html = client.get("/source", params={"conversation": "source", "turn": "1", "number": "1"}).json()["html"]
    assert '<mark id="reader-mark">prestar a Corea del Norte' in html
    for wrong in ({"number": "9"}, {"turn": "7"}, {"turn": "x"}, {"turn": "9" * 5_000}):
        response = client.get("/source", params={"conversation": "source", "turn": "1", "number": "1"} | wrong)
        assert (response.status_code, response.json()) == (422, {"error": STRINGS["en"]["expired"]})


@pytest.mark.parametrize(("language", "said"), [("en", "is not among the documents any more."), ("es", "ya no está entre los documentos.")])
def test_document_that_was_removed_since_is_said_to_be_gone_and_no_other_is_named(client, pipeline, monkeypatch, language, said):
    ask(client, "What does Article 4 permit?", "gone")
    monkeypatch.setattr(pipeline, "texts", {})
    asked = {"conversation": "gone", "turn": "1", "number": "1"}
    for path in ("/source", "/pages"):
        response = client.get(path, params=asked, headers={"accept-language": language})
        assert (response.status_code, response.json()) == (422, {"error": f"{TREATY.source} {said}"})


def test_answer_is_exported_as_receipt_and_markdown(client):
    ask(client, "What does Article 4 permit?", "export")
    receipt = client.get("/export", params={"conversation": "export", "turn": "1", "format": "json"})
    assert receipt.headers["content-disposition"] == 'attachment; filename="answer-1.json"'
    assert receipt.json()["format"] == "rag-receipt-1"
    assert receipt.json()["citations"][0]["quote"] in TREATY.text
    markdown = client.get("/export", params={"conversation": "export", "turn": "1", "format": "md"})
    assert markdown.headers["content-type"].startswith("text/markdown")
    assert "# What does Article 4 permit?" in markdown.text


def test_thumbs_go_into_the_review_file_and_a_note_corrects_them(client, pipeline):
    ask(client, "What does Article 4 permit?", "thumbs")
    message = {"conversation": "thumbs", "turn": 1, "thumb": "up"}
    assert client.post("/feedback", json=message).json() == {"say": "Noted for review."}
    client.post("/feedback", json=message | {"thumb": "down", "note": "It forgot Article 3."})
    (entry,) = [entry for entry in read_review(pipeline.config.chat.review_file) if entry.question == "What does Article 4 permit?"]
    assert (entry.thumb, entry.comment, entry.reviewed) == ("down", "It forgot Article 3.", False)
    assert entry.evidence[0].source == TREATY.source
    (shown,) = client.get("/conversation", params={"conversation": "thumbs"}).json()["turns"]
    assert re.findall(r'data-do="(up|down)"[^>]*aria-pressed="(true|false)"', shown["html"]) == [("up", "false"), ("down", "true")]
    for wrong in ({"thumb": "sideways"}, {"turn": 2}):
        assert client.post("/feedback", json=message | wrong).status_code == 422
    assert client.post("/feedback", content=b"[").status_code == 422


def test_examples_come_from_the_documents(client):
    assert "What does Article 4 of the new treaty permit?" in client.get("/examples").json()["examples"]
    other = StandIn()
    del other.texts[TREATY.source]
    with served(other) as url, visit(url) as http:
        assert http.get("/examples").json()["examples"] == []


class Counted(StandIn):
    """Counts the pipelines that were made of it, and those of them that were closed."""

    made = closed = 0

    def with_config(self, config):
        Counted.made += 1
        return Counted(config=config)

    def close(self):
        Counted.closed += 1


def test_the_pipeline_that_examples_are_tried_with_is_opened_once_and_closed():
    with served(Counted(config=Config.model_validate({"llm": {"model": "openai:none"}}))) as url, visit(url) as http:
        for _ in range(3):
            assert len(http.get("/examples").json()["examples"]) == 4
        assert (Counted.made, Counted.closed) == (1, 1)


# --- who gets in -----------------------------------------------------------------------------------------------------------------------


def test_page_is_in_the_language_of_the_browser(client, address):
    assert '<html lang="en">' in client.get("/").text
    with visit(address, "es-ES") as spanish:
        assert STRINGS["es"]["welcome"] in spanish.get("/").text


def test_without_a_cookie_nothing_but_the_page_is_served(address):
    with httpx.Client(base_url=address, timeout=60) as stranger:
        for path in ("/conversation", "/documents", "/models", "/examples", "/source", "/export"):
            response = stranger.get(path)
            assert (response.status_code, response.json()) == (401, {"error": STRINGS["en"]["restarted"]})
        assert stranger.put("/documents/a.md", content=b"text").status_code == 401
        assert stranger.delete("/documents/a.md").status_code == 401
        assert events(stranger, "ask", {"question": "why?"}) == [{"hint": STRINGS["en"]["restarted"], "reload": True}]
        assert events(stranger, "index", ["a.md"]) == [{"error": STRINGS["en"]["restarted"]}]
        cookie = stranger.get("/").headers["set-cookie"]
        assert re.fullmatch(r"rag-visitor-\d+=[\w-]{32}; HttpOnly; Path=/; SameSite=lax", cookie)
        assert "set-cookie" not in stranger.get("/").headers


def test_every_response_carries_the_policy(client):
    for path in (
        "/",
        "/assets/chat.js",
        "/assets/style.css",
        "/nothing",
        "/documents",
        "/gradio_api/call/ask",
        "/gradio_api/info",
    ):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; ")
        assert "unsafe" not in policy
        assert "http" not in policy
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"


CLOSED_PATHS = [
    "/docs",
    "/openapi.json",
    "/config",
    "/login",
    "/monitoring",
    "/theme.css",
    "/static/x",
    "/assets/../server.py",
    "/assets/%2e%2e/server.py",
    "/gradio_api/info",
    "/gradio_api/openapi.json",
    "/gradio_api/upload",
    "/gradio_api/file=/etc/passwd",
    "/gradio_api/proxy=http://x",
    "/gradio_api/run/ask",
    "/gradio_api/queue/join",
    "/gradio_api/queue/data",
    "/gradio_api/heartbeat/x",
    "/gradio_api/call/v2/ask",
    "/gradio_api/call/other",
    "/gradio_api/vibe-edit",
    "/gradio_api/runs",
    "/gradio_api/process_recording",
]


@pytest.mark.parametrize("path", CLOSED_PATHS)
def test_what_the_page_does_not_use_of_gradio_is_closed(client, path):
    assert client.get(path).status_code in (404, 405)
    if path != "/login":
        assert client.post(path).status_code in (404, 405)


def test_other_origins_names_and_long_bodies_are_refused(client, address):
    port = address.rpartition(":")[2]
    assert client.get("/", headers={"host": f"evil.example:{port}"}).status_code == 403
    assert client.get("/", headers={"host": "["}).status_code == 403
    assert client.get("/", headers={"host": f"localhost:{port}"}).status_code == 200
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{int(port) - 1}"):
        assert client.post("/stop", json={}, headers={"origin": origin}).status_code == 403
    assert client.post("/stop", json={}, headers={"origin": address}).status_code == 200
    assert client.post("/stop", content=b"x" * (BODY_BYTES + 1)).status_code == 413
    assert client.post("/stop", content=iter([b"{}"])).status_code == 411


def test_password_is_asked_for_and_checked():
    with served(StandIn(), password="s3cret") as url, httpx.Client(base_url=url, timeout=60) as http:
        assert STRINGS["en"]["welcome"] not in http.get("/").text
        assert "set-cookie" not in http.get("/").headers
        assert http.get("/documents").status_code == 401
        assert events(http, "ask", {"question": "why?"})[0]["reload"]
        wrong = http.post("/login", data={"password": "wrong"})
        assert (wrong.status_code, "set-cookie" in wrong.headers) == (403, False)
        assert "That is not the password." in wrong.text
        assert http.post("/login", data={"password": "s3cret"}).headers["location"] == "/"
        assert STRINGS["en"]["welcome"] in http.get("/").text
        assert "hint" not in ask(http, "why?")
        assert http.post("/logout").status_code == 303
        assert http.get("/documents").status_code == 401


def test_passwords_cannot_be_tried_for_ever(monkeypatch):
    monkeypatch.setattr("rag.chat.door.TRY_SECONDS", 3_600.0)
    with served(StandIn(), password="s3cret") as url, httpx.Client(base_url=url, timeout=60) as http:
        statuses = [http.post("/login", data={"password": f"{number}"}).status_code for number in range(11)]
        assert statuses == [403] * 10 + [429]
        assert http.post("/login", data={"password": "s3cret"}).status_code == 429


def test_where_gradio_does_not_start_a_question_fails_and_does_not_wait(monkeypatch, capfd):
    def fail() -> None:
        raise ImportError("no gradio here")

    monkeypatch.setattr("rag.chat.engine.import_gradio", fail)
    with served(StandIn()) as url, visit(url) as http:
        assert http.post("/gradio_api/call/ask", json={"data": [{}]}).status_code == 500
    assert "no gradio here" in capfd.readouterr().err


def test_gradio_is_told_to_measure_nothing(client):
    ask(client, "why?")
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"
