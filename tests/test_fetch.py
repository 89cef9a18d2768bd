"""Web pages by address: what is fetched, what is refused, limits; real HTTP on the loopback interface."""

import http.server
import ipaddress
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from rag.cli import main
from rag.errors import LoadError
from rag.load import Limits, fetch
from rag.load.fetch import fetch as fetch_page
from rag.load.fetch import is_public, is_url, save_page, saved_name

PAGE = b"<html><head><title>The page</title></head><body><p>The lighthouse keeper feeds the harbour cat at six.</p></body></html>"


class Pages(http.server.BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        answer = getattr(self, f"answer_{self.path.strip('/').partition('/')[0].partition('?')[0]}", None)
        if answer is None:
            self.send(PAGE, "text/html; charset=utf-8")
        else:
            answer()

    def send(self, body: bytes, kind: str, **headers: str) -> None:
        self.send_response(200)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def redirect(self, place: str) -> None:
        self.send_response(302)
        self.send_header("Location", place)
        self.end_headers()

    def answer_hop(self) -> None:
        self.redirect("/page.html")

    def answer_round(self) -> None:
        self.redirect("/round")

    def answer_inside(self) -> None:
        self.redirect("http://169.254.169.254/latest/meta-data/")

    def answer_file(self) -> None:
        self.redirect("file:///etc/hostname")

    def answer_large(self) -> None:
        self.send(b"x" * 300_000, "text/plain")

    def answer_gzip(self) -> None:
        self.send(b"\x1f\x8b", "text/plain", Content_Encoding="gzip")

    def answer_picture(self) -> None:
        self.send(b"\x89PNG", "image/png")

    def answer_missing(self) -> None:
        self.send_error(404)

    def answer_slow(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        try:
            for _ in range(100):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass

    def answer_cut(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"half")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    Pages.asked = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def loopback(address: object) -> bool:
    return str(address) == "127.0.0.1"


def reason(url: str, limits: Limits | None = None) -> str:
    with pytest.raises(LoadError) as caught:
        fetch_page(url, limits or Limits(), loopback)
    return str(caught.value)


def test_a_page_is_fetched_also_after_a_redirect(site: str) -> None:
    assert fetch_page(f"{site}/page.html", Limits(), loopback) == (PAGE, ".html")
    assert fetch_page(f"{site}/hop", Limits(), loopback) == (PAGE, ".html")
    assert Pages.asked == ["/page.html", "/hop", "/page.html"]


def test_what_is_refused(site: str) -> None:
    assert reason(f"{site}/inside") == "169.254.169.254 is 169.254.169.254, which is not a public address"
    assert reason(f"{site}/file") == "only http:// and https:// addresses are fetched"
    assert reason(f"{site}/round") == "redirected more than 5 times"
    assert reason(f"{site}/large", Limits(max_bytes=100_000)) == "too large (more than 0.1 MB; raise load.max_megabytes)"
    assert reason(f"{site}/gzip") == "the server sent it compressed without being asked to"
    assert reason(f"{site}/picture") == "unsupported format image/png"
    assert reason(f"{site}/missing").startswith("the server answered 404")
    assert reason(f"{site}/cut").startswith("could not be fetched")
    assert reason(f"{site}/slow", Limits(seconds=0.5)) == "took longer than 0.5 s (raise load.max_seconds)"
    for url in ("ftp://example.org/", "gopher:/x", "http:///x", "http://a b/", "http://x:99999/"):
        assert reason(url).startswith(("only http", "not a valid address"))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255",
        "::1", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "::", "ff02::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


def test_addresses_that_are_public() -> None:
    assert all(is_public(ipaddress.ip_address(address)) for address in ("93.184.216.34", "2606:4700::1111", "::ffff:93.184.216.34"))


def test_every_address_of_a_name_is_checked_and_the_name_is_resolved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that turns private after the check gets no second chance, one that is partly private none at all."""
    asked: list[str] = []
    answers = [["93.184.216.34", "10.0.0.7"], ["192.168.0.9"]]

    def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answers[len(asked) - 1]]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    for address in ("10.0.0.7", "192.168.0.9"):
        with pytest.raises(LoadError, match=f"^rebound.example is {address}, which is not a public address$"):
            fetch_page("http://rebound.example/", Limits())
    assert asked == ["rebound.example"] * 2


def test_names_of_saved_pages() -> None:
    assert saved_name("https://example.org/", ".html") == "example.org/index.html"
    assert saved_name("https://example.org/a/b.html", ".html") == "example.org/a/b.html"
    odd = saved_name("https://user@Example.org:81/../..//.ssh/x?y=../z", ".html")
    assert odd.startswith("example.org_81/")
    assert ".." not in odd.split("/")
    assert saved_name("https://example.org/a?x=1", ".html") != saved_name("https://example.org/a?x=2", ".html")
    assert max(map(len, saved_name("https://example.org/" + "n" * 300, ".html").split("/"))) < 120


def test_what_is_an_address(tmp_path: Path) -> None:
    assert is_url("https://example.org/x")
    assert is_url("file:///etc/hostname")
    assert not is_url("docs/a.md")
    assert not is_url("C:\\docs")


def test_a_page_is_saved_in_the_index_and_indexed(
    site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["index", f"{site}/a/page.html", f"{site}/picture", "--index", "index", "--set", "load.urls=true", "--json"]
    monkeypatch.setattr(fetch, "is_public", loopback)
    with pytest.raises(SystemExit) as left:
        main(command)
    summary = json.loads(capsys.readouterr().out)
    assert (left.value.code, summary["added"]) == (0, 1)
    assert [skipped["reason"] for skipped in summary["skipped"]] == ["unsupported format image/png"]
    (saved,) = [path for path in (tmp_path / "index/pages").rglob("*") if path.is_file()]
    assert saved.read_bytes() == PAGE
    assert saved == save_page(f"{site}/a/page.html", tmp_path / "index/pages", Limits())


def test_pages_are_not_fetched_unless_it_is_allowed(site: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["index", f"{site}/page.html", "--index", str(tmp_path / "index")])
    assert left.value.code == 2
    assert "fetching web pages is off; allow it with: --set load.urls=true." in capsys.readouterr().err
    assert Pages.asked == []
