"""Hostile and damaged files: each is indexed or skipped with its reason, nothing is fetched, nothing is written outside of the index."""

import http.server
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hostile_files import bombs, entities, fetching, loops, mutated, oddities, unsafe_archives
from written_documents import write_corpus

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
MEGABYTE = 1_000_000
SECRET = "the secret word is turmalina"
# A process of its own, so that what it and its workers use can be measured.
INDEX = """
import json, resource, sys
from dataclasses import asdict
from pathlib import Path
from rag.config import Config, IndexConfig
from rag.index.sync import sync
from rag.testing import HashEmbedder

summary = asdict(sync(Config(index=IndexConfig(path=Path(sys.argv[2]))), HashEmbedder(16), [Path(sys.argv[1])]))
# Not ru_maxrss, which a process begins with that of the one that started it.
own = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
memory = {"self": int(own), "workers": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}
print(json.dumps(summary | {"memory": memory}))
"""
SHOW = """
import sys
from pathlib import Path
from rag.index import Reader
from rag.testing import HashEmbedder

with Reader(Path(sys.argv[1]), HashEmbedder(16).fingerprint).snapshot() as snapshot:
    for source, *_ in snapshot.store.documents():
        print(source.encode(), snapshot.document(source).text.encode())
"""


@dataclass(slots=True)
class Place:
    """Folders around a hostile corpus: what is in any of them but the index must be the same afterwards."""

    root: Path
    hits: list[str]
    canary: str

    @property
    def docs(self) -> Path:
        return self.root / "docs"

    def put(self, files: Iterator[tuple[str, bytes]]) -> list[str]:
        names = []
        for name, data in files:
            (self.docs / name).write_bytes(data)
            names.append(name)
        return names

    def python(self, code: str, *arguments: object) -> str:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(self.root / "tmp"), "HOME": str(self.root / "home")}
        command = [sys.executable, "-c", code, *map(str, arguments)]
        result = subprocess.run(command, cwd=self.root / "here", env=environment, capture_output=True, text=True, timeout=400)
        assert (result.returncode, result.stderr) == (0, "")
        return result.stdout

    def index(self) -> dict[str, Any]:
        """Index the corpus and check what must hold for every one."""
        before = self.listing()
        started = time.monotonic()
        summary: dict[str, Any] = json.loads(self.python(INDEX, self.docs, self.root / "index"))
        assert self.hits == []
        assert self.listing() == before
        assert all(skipped["reason"] for skipped in summary["skipped"])
        assert summary["memory"]["workers"] * 1_024 < 560 * MEGABYTE
        assert summary["memory"]["self"] * 1_024 < 560 * MEGABYTE
        # Two workers, and no file may take more than 20 seconds.
        files = summary["documents"] + len(summary["skipped"])
        assert time.monotonic() - started < 20 * files
        return summary

    def listing(self) -> list[str]:
        return sorted(str(path) for path in self.root.rglob("*") if "index" not in path.relative_to(self.root).parts)

    def texts(self) -> str:
        return self.python(SHOW, self.root / "index")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    hits: list[str] = []

    class Canary(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(SECRET.encode())

        def log_message(self, *_: object) -> None:
            pass

    for folder in ("docs", "here", "tmp", "home"):
        (tmp_path / folder).mkdir()
    (tmp_path / "secret.txt").write_text(SECRET, encoding="utf-8")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Canary) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Place(tmp_path, hits, f"http://127.0.0.1:{server.server_port}")
        server.shutdown()


def reasons(summary: dict[str, Any]) -> dict[str, str]:
    return {skipped["source"]: skipped["reason"] for skipped in summary["skipped"]}


def check_all_are_accounted_for(names: list[str], summary: dict[str, Any]) -> None:
    """Every file is a document or skipped (names in archives count for their archive)."""
    assert summary["documents"] + len(summary["skipped"]) >= len(names)


def test_bombs(place: Place) -> None:
    names = place.put(bombs())
    (place.docs / "beside.txt").write_text("A text that is indexed all the same.", encoding="utf-8")
    summary = place.index()
    why = reasons(summary)
    check_all_are_accounted_for(names, summary)
    assert "would become" in why["bomb-500mb.docx"]
    assert "bomb-lying.docx" in why
    assert why["many.zip"] == "a ZIP archive of 30,000 files (at most 20,000)"
    assert "would become 200 MB" in why["spaces-200mb.zip"]
    assert why["zip-of-zips.zip/5-0.zip"] == "an archive in an archive is not opened; unpack it"
    assert {"flate-1gb.pdf", "flate-twice.pdf", "nested.json", "nested.docx"} <= set(why)
    assert "indexed all the same" in place.texts()


def test_entities_and_things_to_fetch(place: Place) -> None:
    names = place.put(entities(place.canary, place.root / "secret.txt")) + place.put(fetching(place.canary, place.root / "secret.txt"))
    summary = place.index()
    check_all_are_accounted_for(names, summary)
    refused = {name for name, reason in reasons(summary).items() if "declares a document type or entities" in reason}
    assert refused == {f"{kind}{name}" for kind in ("laughs", "xxe") for name in (".docx", "-utf16.docx", ".odt", ".xlsx", ".epub")}
    texts = place.texts()
    assert "turmalina" not in texts
    assert texts.count("points elsewhere") == len(("action.pdf", "links.docx", "links.eml", "links.epub", "links.html"))


def test_loops(place: Place) -> None:
    names = place.put(loops())
    summary = place.index()
    check_all_are_accounted_for(names, summary)
    assert summary["documents"] + len(summary["skipped"]) == len(names)


def test_archives_that_lead_elsewhere(place: Place) -> None:
    place.put(unsafe_archives())
    (place.docs / "link.txt").symlink_to(place.root / "secret.txt")
    (place.docs / "folder").symlink_to(place.root)
    summary = place.index()
    why = reasons(summary)
    for number in range(6):
        assert why[f"slip-{number}.zip"].startswith(("a ZIP archive that is not safe to open", "a damaged ZIP archive")), why
    assert why["members.zip/link.txt"] == "a link in an archive is not followed"
    assert why["encrypted.zip/secret.txt"] == "encrypted"
    texts = place.texts()
    assert "turmalina" not in texts
    assert "A text beside a link" in texts
    assert "A text with a name of 300 characters" in texts
    assert "members.zip/abc<U+202E>txt.md" in texts


def test_oddities(place: Place) -> None:
    names = place.put(oddities())
    (place.docs / os.fsdecode(b"caf\xe9.txt")).write_bytes(b"A text whose name is not UTF-8.")
    summary = place.index()
    why = reasons(summary)
    assert summary["documents"] + len(why) == len(names) + 1
    assert why["page.pdf"] == "not a readable PDF: it does not begin with %PDF-"
    assert why["empty.pdf"] == why["empty.docx"] == "empty"
    assert why["nul.txt"] == "binary, not text"
    assert why["old.docx"] == "encrypted, or in an older format; save it in the present one"
    texts = place.texts()
    assert "left<U+202E>gpj.txt" in texts
    shown = "Pay �001� euros� to ��Ana�.�[2J".encode()
    assert str(shown)[2:-1] in texts
    assert "Pay 001 euros to Ana." in texts
    assert "caf\\\\xe9.txt" in texts


def test_damaged_copies_of_every_sample(place: Place, tmp_path_factory: pytest.TempPathFactory) -> None:
    samples = tmp_path_factory.mktemp("samples")
    write_corpus(samples)
    names = place.put(mutated(sorted(samples.iterdir()), 540))
    summary = place.index()
    assert len(names) >= 500
    check_all_are_accounted_for(names, summary)
    crashed = [name for name, reason in reasons(summary).items() if "crashed" in reason]
    assert len(crashed) < len(names) / 20, reasons(summary)
