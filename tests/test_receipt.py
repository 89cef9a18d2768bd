"""Receipts say what an answer rests on, and a later check names every citation whose source has changed."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag import __version__
from rag.config import Config, IndexConfig
from rag.embed import BuiltinEmbedder
from rag.errors import InputError, StoreError
from rag.index import Reader
from rag.index.protocol import Snapshot
from rag.index.sync import sync
from rag.pipeline import Pipeline
from rag.receipt import Rechecked, provenance, read_receipt, recheck, to_json, to_markdown
from rag.select import builtin_scorer
from rag.testing import ScriptedGenerator
from rag.types import Answer, Citation, Sentence

BUILTIN = BuiltinEmbedder()
CAT = "# The cat\n\nThe keeper feeds the harbour cat at six in the morning.\n"
DOG = "# El perro\n\nEl portero da de comer al perro a las siete.\n"
ANSWER = "The keeper feeds the harbour cat at six in the morning [1]. The cat pays taxes [1]."


class Folder:
    """Two documents, their index, and an answer over them."""

    def __init__(self, root: Path) -> None:
        self.docs = root / "docs"
        self.docs.mkdir()
        self.config = Config(index=IndexConfig(path=root / "index"))
        self.write(cat=CAT, dog=DOG)
        self.sync()
        with self.pipeline() as pipeline:
            self.answer = pipeline.ask("who feeds the harbour cat")
            self.origin = pipeline.provenance(self.answer)
        self.receipt = root / "receipt.json"
        self.receipt.write_text(to_json(self.answer, self.origin), encoding="utf-8")

    def pipeline(self) -> Pipeline:
        return Pipeline(self.config, BUILTIN, builtin_scorer(), ScriptedGenerator(ANSWER))

    def write(self, **texts: str) -> None:
        for name, text in texts.items():
            (self.docs / f"{name}.md").write_text(text, encoding="utf-8")

    def sync(self) -> None:
        sync(self.config, BUILTIN, [self.docs])

    def recheck(self) -> list[Rechecked]:
        with Reader(self.config.index.path, BUILTIN.fingerprint).snapshot() as snapshot:
            return recheck(read_receipt(self.receipt), snapshot)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def snapshot(folder: Folder) -> Iterator[Snapshot]:
    with Reader(folder.config.index.path, BUILTIN.fingerprint).snapshot() as opened:
        yield opened


def test_a_receipt_says_what_the_answer_rests_on(folder: Folder, snapshot: Snapshot) -> None:
    fields = json.loads(folder.receipt.read_text(encoding="utf-8"))
    document = snapshot.document("cat.md")
    assert fields["program"] == f"rag {__version__}"
    assert fields["index"] == {"generation": 1, "written": snapshot.written}
    assert fields["fingerprint"] == folder.answer.fingerprint
    assert fields["text"] == folder.answer.text
    assert [sentence["verdict"] for sentence in fields["sentences"]] == ["quoted", "unsupported"]
    cited = fields["citations"][0]
    assert document.text[cited["start"] : cited["end"]] == cited["quote"] == "The keeper feeds the harbour cat at six in the morning"
    assert cited["sha256"] == document.sha256
    listed = {"source": "cat.md", "title": "The cat", "date": None, "sha256": document.sha256, "characters": len(document.text)}
    assert fields["documents"] == [listed]
    assert snapshot.written is not None
    assert snapshot.written <= fields["created"]


@pytest.mark.parametrize(
    ("cat", "state", "detail"),
    [
        (CAT, "stands", "characters 11 to 65 are as they were"),
        (f"{CAT}\nIt is grey.\n", "source changed", "still stands at characters 11 to 65"),
        (CAT.replace("# The cat", "# The old cat"), "moved", "now at characters 15 to 69"),
        (CAT.replace("six", "seven"), "quote gone", "no longer in it"),
        (None, "document gone", "no such document"),
    ],
)
def test_every_change_is_named(folder: Folder, cat: str | None, state: str, detail: str) -> None:
    if cat is None:
        (folder.docs / "cat.md").unlink()
    else:
        folder.write(cat=cat)
    folder.sync()
    first = folder.recheck()[0]
    assert (first.number, first.source, first.state, first.sound) == (1, "cat.md", state, state == "stands")
    assert detail in first.detail


def test_a_renamed_document_is_found_again(folder: Folder) -> None:
    (folder.docs / "cat.md").rename(folder.docs / "katze.md")
    folder.sync()
    assert [(result.state, result.sound, "katze.md" in result.detail) for result in folder.recheck()] == [("renamed", True, True)] * 2


def test_a_change_of_another_document_changes_nothing(folder: Folder) -> None:
    folder.write(dog=DOG.replace("siete", "ocho"))
    folder.sync()
    assert {result.state for result in folder.recheck()} == {"stands"}


def test_a_receipt_for_an_answer_that_the_index_has_left_behind_is_refused(folder: Folder) -> None:
    folder.write(cat=CAT.replace("six", "seven"))
    folder.sync()
    with folder.pipeline() as pipeline, pytest.raises(StoreError, match=r"cat\.md has changed .* ask again"):
        pipeline.provenance(folder.answer)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("# Markdown", "is not a receipt in JSON"), ("[1]", "not a receipt of the format"), ('{"format": "other"}', "not a receipt of the"),
        ('{"format": "rag-receipt-1", "citations": []}', "its checksum does not fit"), ("[" * 100_000, "is not a receipt in JSON"),
        ("\x00", "is not a receipt in JSON"),
    ],
)  # fmt: skip
def test_what_is_no_receipt_is_refused(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "receipt.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_receipt(file)


def test_a_receipt_that_was_touched_is_refused(folder: Folder) -> None:
    text = folder.receipt.read_text(encoding="utf-8")
    folder.receipt.write_text(text.replace("at six in the morning", "at ten in the morning"), encoding="utf-8")
    with pytest.raises(InputError, match="not as it was written"):
        read_receipt(folder.receipt)


def test_a_receipt_that_only_changed_its_layout_is_the_same(folder: Folder) -> None:
    fields = json.loads(folder.receipt.read_text(encoding="utf-8"))
    folder.receipt.write_text(json.dumps(fields, sort_keys=True), encoding="utf-8")
    assert {result.state for result in folder.recheck()} == {"stands"}


def test_an_abstention_has_a_receipt_too(folder: Folder, snapshot: Snapshot) -> None:
    answer = Answer("q", "q", "en", "The documents do not say.", abstained=True, reason="no_evidence")
    folder.receipt.write_text(to_json(answer, provenance(answer, snapshot)), encoding="utf-8")
    assert read_receipt(folder.receipt)["abstained"] is True
    assert folder.recheck() == []


HOSTILE = "<img src=x> ![p](http://a.b/c) `x` **b** | # h\n1. one\n- two\n   + three \u202ereversed\ud800"


def test_markdown_shows_what_documents_and_models_wrote_as_text(folder: Folder) -> None:
    quote = f"```\n{HOSTILE}\n````"
    citation = Citation(1, "a|b.md", HOSTILE, 0, len(quote), quote, 1.0, section=(HOSTILE,), page=2)
    answer = Answer(HOSTILE, HOSTILE, "en", f"{HOSTILE} [1]", sentences=(Sentence(HOSTILE, (1,), "unsupported"),), citations=(citation,))
    text = to_markdown(replace(answer, note=HOSTILE), folder.origin)
    assert text.encode()
    outside = text.replace(f"`````text\n{quote.replace(chr(0x202E), chr(0xFFFD)).replace(chr(0xD800), chr(0xFFFD))}\n`````\n", "")
    assert len(outside) < len(text)
    assert "\u202e" not in text
    for sign in ("<", "![", "](", "**b", "`x"):
        assert sign not in outside.replace(f"\\{sign}", "").replace("!\\[", "").replace("\\]\\(", ""), sign
    assert not [line for line in outside.splitlines() if line.startswith(("1. ", "- two", "+ "))]
    assert "page 2" in text
    assert "**not supported by the documents**" in text
    assert folder.origin.sources[0].sha256 in text


def test_a_receipt_holds_any_text_that_a_model_may_write(folder: Folder) -> None:
    answer = replace(folder.answer, text=HOSTILE, note=None)
    folder.receipt.write_text(to_json(answer, folder.origin), encoding="utf-8")
    assert read_receipt(folder.receipt)["text"] == HOSTILE
