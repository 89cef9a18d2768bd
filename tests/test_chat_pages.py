"""The page of a PDF behind a citation: its picture, with the cited words marked, over a real index."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from chat_stand_in import ask, served, visit
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from rag.chat.strings import STRINGS
from rag.config import Config, IndexConfig
from rag.embed import BuiltinEmbedder
from rag.index.sync import sync
from rag.pipeline import Pipeline

SENTENCE = "The lantern keeper of Quarrel Point is called Ottoline Marsh."
CITED = {"conversation": "pages", "turn": "1", "number": "1"}


def drawn(path: Path, sentence: str) -> None:
    canvas = Canvas(str(path), pagesize=(600, 800))
    for text in ("Nothing is said on this page but that ferries sail on Mondays.", sentence):
        canvas.setFont("Helvetica", 14)
        canvas.drawString(60, 400, text)
        canvas.showPage()
    canvas.save()


@pytest.fixture(scope="module")
def lease(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "docs" / "Note & more.pdf"
    path.parent.mkdir()
    drawn(path, SENTENCE)
    return path


@pytest.fixture(scope="module")
def client(lease: Path) -> Iterator[httpx.Client]:
    config = Config(index=IndexConfig(path=lease.parent.parent / "index"))
    sync(config, BuiltinEmbedder(), [lease.parent])
    with Pipeline.open(config) as pipeline, served(pipeline) as url, visit(url) as http:
        found = ask(http, "Who is the lantern keeper of Quarrel Point?", "pages")
        assert 'data-do="pages"' in found["sources"]
        yield http


def test_the_page_is_shown_with_the_cited_words_marked(client: httpx.Client) -> None:
    html = client.get("/pages", params=CITED).json()["html"]
    (image,) = re.findall(r'<img src="([^"]*)" alt="([^"]*)"', html)
    assert image[1].startswith("Page 2 of ")
    ((x, y, width, height),) = re.findall(r'<rect x="([\d.]*)" y="([\d.]*)" width="([\d.]*)" height="([\d.]*)"/>', html)
    assert float(x) == pytest.approx(60 / 600, abs=0.006)
    assert float(y) < 400 / 800 < float(y) + float(height)
    assert float(width) == pytest.approx(stringWidth(SENTENCE, "Helvetica", 14) / 600, abs=0.01)
    picture = client.get(image[0].replace("&amp;", "&"))
    assert (picture.headers["content-type"], picture.content[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")


@pytest.mark.parametrize("page", ["", "x", "9" * 5_000, "²"])
def test_a_page_that_is_none_is_refused(client: httpx.Client, page: str) -> None:
    refused = client.get("/picture", params=CITED | {"page": page})
    assert (refused.status_code, refused.json()) == (422, {"error": STRINGS["en"]["expired"]})
    assert client.get("/picture", params=CITED | {"page": "3"}).json() == {"error": "Note & more.pdf: no page 3: it has 2."}


def test_what_names_a_citation_is_put_into_the_page_as_text(client: httpx.Client) -> None:
    html = client.get("/pages", params=CITED | {"evil": '"><script>'}).json()["html"]
    assert "<script>" not in html


def test_a_file_that_has_changed_since_is_not_shown_as_the_source(client: httpx.Client, lease: Path) -> None:
    before = lease.read_bytes()
    drawn(lease, "Something else.")
    changed = client.get("/pages", params=CITED)
    lease.unlink()
    gone = client.get("/pages", params=CITED)
    lease.write_bytes(before)
    assert (changed.status_code, changed.json()) == (
        422,
        {"error": f"{lease.name}: the file has changed since it was indexed; run rag index again."},
    )
    assert (gone.status_code, gone.json()) == (422, {"error": f"{lease.name}: disappeared while it was read."})
