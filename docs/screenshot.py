"""Make docs/chat.png from the running product: `python docs/screenshot.py` after `make chat` once and with playwright installed.

Starts `rag chat` on the demo index, asks one question in the installed Chromium, and ends both.
"""

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

QUESTION = "What does Article 4 of the new treaty permit?"
PICTURE = Path(__file__).with_name("chat.png")
WAIT_SECONDS = 30


def main() -> None:
    """Take the picture."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "rag", "chat", "--index", "index/demo", "--port", str(port)]
    server = subprocess.Popen(command)
    try:
        _wait_for(address)
        _photograph(address)
    finally:
        server.terminate()
        server.wait(timeout=10)


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
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        page = browser.new_page(viewport={"width": 1200, "height": 820}, locale="en-GB")
        page.goto(address)
        box = page.get_by_role("textbox").first
        box.fill(QUESTION)
        box.press("Enter")
        page.locator("mark").first.wait_for()
        page.wait_for_timeout(800)
        page.evaluate("window.scrollTo(0, 0)")
        page.wait_for_timeout(300)
        page.screenshot(path=PICTURE)
        browser.close()


main()
