"""A real browser for these tests: Debian's Chromium, driven by Playwright, and a canary server that nothing on a page may reach."""

import http.server
import shutil
import sys
import threading
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent))  # the stand-in of the tests above

CHROMIUM = shutil.which("chromium")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Canary(http.server.BaseHTTPRequestHandler):
    """Notes who tries to reach it."""

    hits: list[str] = []  # noqa: RUF012 - one canary per test session

    def parse_request(self) -> bool:
        """Note the request, whatever its method; all are then answered "not implemented"."""
        parsed = super().parse_request()
        self.hits.append(self.path)
        return parsed

    def log_message(self, *_: object) -> None:
        """Be quiet."""


class Visit:
    """One open page, with all that it requested and complained of."""

    def __init__(self, browser, address, **options) -> None:
        self.context = browser.new_context(reduced_motion="reduce", **{"viewport": {"width": 1280, "height": 800}, **options})
        self.context.set_default_timeout(15_000)
        self.page = self.context.new_page()
        self.address = address
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.open()

    def open(self) -> None:
        self.page.goto(self.address)
        self.box = self.page.locator("#question")
        self.box.wait_for()

    def ask(self, question):
        before = self.page.locator(".turn").count()
        self.box.fill(question)
        self.box.press("Enter")
        self.page.locator(".turn").nth(before).wait_for()
        return self.finished()

    def finished(self):
        turn = self.page.locator(".turn:last-child[aria-busy=false]")
        turn.wait_for()
        return turn


@pytest.fixture(scope="session")
def canary():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Canary) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
    assert Canary.hits == []


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="the browser tests need the Python package playwright")
    if CHROMIUM is None:
        pytest.skip("the browser tests need chromium (apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, address):
    """Opens the page at the `address` of the test file."""
    visits: list[Visit] = []

    def open_page(at: str = address, **options) -> Visit:
        visits.append(Visit(browser, at, **options))
        return visits[-1]

    yield open_page
    for each in visits:
        each.context.close()
