"""The chat page in a real browser: Debian's Chromium, driven by Playwright, against a stand-in pipeline."""

import http.server
import shutil
import threading

import pytest
from chat_stand_in import HOSTILE_QUOTE, StandIn, served, treaty_answer

CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

playwright = pytest.importorskip("playwright.sync_api", reason="the browser tests need the Python package playwright")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which(CHROMIUM) is None, reason=f"the browser tests need {CHROMIUM} (apt-get install chromium)"),
]


class Canary(http.server.BaseHTTPRequestHandler):
    """A server that nothing on the page may reach; it notes who tries."""

    hits: list[str] = []  # noqa: RUF012 - one canary per test session

    def parse_request(self) -> bool:
        """Note the request, whatever its method; all are then answered "not implemented"."""
        parsed = super().parse_request()
        self.hits.append(self.path)
        return parsed

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.fixture(scope="module")
def canary():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Canary) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def address(canary):
    with served(StandIn(canary, pause=0.02)) as url:
        yield url


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


class Visit:
    """One open page, with all that it requested and complained of."""

    def __init__(self, browser, address, **options) -> None:
        self.context = browser.new_context(reduced_motion="reduce", **{"viewport": {"width": 1280, "height": 800}, **options})
        self.page = self.context.new_page()
        self.address = address
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(address)
        self.box = self.page.locator("#question textarea")
        self.box.wait_for()
        self.asked = 0

    def ask(self, question):
        self.box.fill(question)
        self.box.press("Enter")
        return self.finished()

    def finished(self):
        self.asked += 1
        turn = self.page.locator(f"#current #turn-{self.asked}[aria-busy=false]")
        turn.wait_for()
        return turn


@pytest.fixture
def visit(browser, address):
    visits: list[Visit] = []

    def open_page(**options) -> Visit:
        visits.append(Visit(browser, address, **options))
        return visits[-1]

    yield open_page
    for each in visits:
        each.context.close()


def test_nothing_is_requested_off_the_origin_and_nothing_is_blocked(visit, address):
    opened = visit()
    opened.ask("What does Article 4 permit?")
    assert [url for url in opened.requests if not url.startswith(address)] == []
    assert opened.complaints == []


def test_answer_streams_and_each_chip_leads_to_its_cited_characters(visit):
    opened = visit()
    opened.box.fill("What does Article 4 permit?")
    opened.box.press("Enter")
    opened.page.locator("#turn-1[aria-busy=true] .answer").wait_for()
    turn = opened.finished()
    assert opened.box.input_value() == ""
    for citation in treaty_answer("q", "en").citations:
        turn.locator("a.chip", has_text=f"[{citation.number}]").click()
        card = opened.page.locator(".source:target")
        assert card.get_attribute("id") == f"source-1-{citation.number}"
        assert card.locator("mark").evaluate("mark => mark.textContent") == citation.quote
        assert card.evaluate("card => card === document.activeElement")
        top, bottom = card.evaluate("card => [card.getBoundingClientRect().top, card.getBoundingClientRect().bottom]")
        assert top >= 0
        assert bottom <= opened.page.locator("#ask-row").bounding_box()["y"]


def test_keyboard_alone_is_enough(visit):
    opened = visit()
    assert opened.page.evaluate("document.activeElement.matches('#question textarea')")
    opened.page.keyboard.type("What does Article 4 permit?")
    opened.page.keyboard.press("Enter")
    opened.finished()
    opened.page.keyboard.press("Shift+Tab")
    for _ in range(12):
        if opened.page.evaluate("document.activeElement.matches('a.chip')"):
            break
        opened.page.keyboard.press("Shift+Tab")
    opened.page.keyboard.press("Enter")
    assert opened.page.locator(".source:target").count() == 1


def test_example_asks_its_question_and_the_welcome_goes(visit):
    opened = visit()
    opened.page.get_by_role("button", name="¿Qué permite el artículo 4 del tratado?").click()
    turn = opened.finished()
    assert turn.locator("h2").inner_text() == "¿Qué permite el artículo 4 del tratado?"
    assert not opened.page.locator("#welcome").is_visible()
    assert opened.page.evaluate("document.activeElement.matches('#question textarea')")


def test_hints_errors_and_abstentions(visit):
    opened = visit()
    opened.page.get_by_role("button", name="Ask").click()
    opened.page.get_by_text("Type a question first.").wait_for()
    assert "refused the connection" in opened.ask("please break").locator("[role=alert]").inner_text()
    assert "its terminal says what" in opened.ask("a fault").locator("[role=alert]").inner_text()
    assert opened.ask("what about Article 40").locator(".box.abstained h3").inner_text() == "The documents do not say"
    assert opened.page.locator("#transcript .turn").count() == 2


def test_spanish_browser_gets_a_spanish_page(visit):
    opened = visit(locale="es-ES")
    assert opened.page.locator("h1").inner_text() == "Pregunta a tus documentos"
    assert opened.page.get_by_label("Tu pregunta").is_visible()
    assert opened.page.get_by_role("button", name="Preguntar").is_visible()
    assert opened.page.evaluate("document.documentElement.lang") == "es"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_phone_shows_everything_within_its_width(visit, scheme):
    opened = visit(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    turn = opened.ask("What does Article 4 permit?")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390
    answer, sources = turn.locator(".answer").bounding_box(), turn.locator(".sources").bounding_box()
    assert sources["y"] >= answer["y"] + answer["height"]
    assert opened.page.locator("#ask").is_visible()
    dark = opened.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(22, 25, 27)"
    assert dark == (scheme == "dark")


def test_hostile_document_and_model_reach_nothing(visit, canary):
    opened = visit()
    turn = opened.ask("hostile")
    assert turn.locator("mark").evaluate("mark => mark.textContent") == HOSTILE_QUOTE.replace("CANARY", canary)
    assert turn.locator("img, script, form, button, b, i, u, [style], [onclick]").count() == 0
    assert "${1+1} {{value}}" in turn.locator(".answer").inner_text()
    opened.ask("What does Article 4 permit?")
    assert opened.page.locator("#transcript").locator("img, script, form").count() == 0
    assert Canary.hits == []


def test_policy_stops_what_would_slip_through(visit, canary):
    opened = visit()
    opened.page.evaluate(
        """canary => {
            const slip = document.createElement("div");
            slip.innerHTML = `<img src="${canary}/image"><div style="background:url(${canary}/style)">x</div>
                <iframe src="${canary}/frame"></iframe><img src="data:," onerror="fetch('/config?inline')">
                <form action="${canary}/form"><button id="slip">go</button></form>`;
            document.body.append(slip);
            document.getElementById("slip").click();
            fetch(`${canary}/fetch`).catch(() => null);
        }""",
        canary,
    )
    opened.page.wait_for_timeout(500)
    assert Canary.hits == []
    assert not any(url.endswith("/config?inline") for url in opened.requests)
    assert opened.page.url.startswith(opened.address)
