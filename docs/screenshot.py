"""Make the pictures of the README from the running product: `python docs/screenshot.py` after `make chat` once and `make test-browser`.

Starts `rag chat` on the demo index, asks in the installed Chromium (on a desk, on a phone, in the dark), and ends both.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

INDEX = os.environ.get("RAG_INDEX", "index/demo")
FOLDER = Path(__file__).parent
DESK = {"width": 1280, "height": 800}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 780}, "device_scale_factor": 2, "has_touch": True}
WAIT_SECONDS = 30


def main() -> None:
    """Take the pictures."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen([sys.executable, "-m", "rag", "chat", "--index", INDEX, "--port", str(port)]) as server:
        try:
            _wait_for(address)
            _photograph(address)
        finally:
            server.terminate()


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(address, timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit(f"{address} did not answer within {WAIT_SECONDS} seconds")


def _photograph(address: str) -> None:
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=options)
        desk = _asked(browser, address, "What does Article 4 of the new treaty permit?", viewport=DESK, locale="en-GB")
        _save(desk, "chat.png")
        dark = _asked(browser, address, "What does a copy of a lost library card cost?", viewport=DESK, locale="en-GB", color_scheme="dark")
        dark.locator(".why summary").click()
        _save(dark, "chat-dark.png")
        phone = _asked(browser, address, "¿Dónde se saca la licencia de pesca?", locale="es-ES", **PHONE)
        phone.locator("a.chip").first.tap()
        _save(phone, "chat-phone.png")
        browser.close()


def _asked(browser: Browser, address: str, question: str, **options: Any) -> Page:  # noqa: ANN401 - what a browser context takes
    page = browser.new_context(reduced_motion="reduce", **options).new_page()
    page.goto(address)
    page.locator("#question").fill(question)
    page.locator("#question").press("Enter")
    page.locator(".turn[aria-busy=false]").wait_for()
    return page


def _save(page: Page, name: str) -> None:
    page.mouse.move(0, 0)
    page.wait_for_timeout(300)
    page.screenshot(path=FOLDER / name)


main()
