"""Uploads, removal, collections and examples of the chat page, over real indexes; and the memory of who is there."""

import inspect
import io
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from chat_stand_in import ask, events, served, visit
from reportlab.pdfgen.canvas import Canvas

from rag.chat import build_app
from rag.chat.documents import LONGEST_NAME, Documents, Step, Verdict, added
from rag.chat.engine import import_gradio
from rag.chat.examples import DEMO_EXAMPLES, examples
from rag.chat.library import OWN, Library
from rag.chat.visitors import CONVERSATIONS_KEPT, TURNS_KEPT, TURNS_KEPT_IN_ALL, VISITORS_KEPT, Conversation, Visitor, Visitors
from rag.config import ChatConfig, Config, IndexConfig
from rag.embed import BuiltinEmbedder
from rag.errors import IndexBusy, IndexMissing, InputError, LoadError
from rag.index.sync import locked, sync
from rag.pipeline import Pipeline
from rag.types import Answer, Turn

LAW = """# Harbour by-law

## Article 1. Cats

The keeper feeds the harbour cat at six in the morning.

## Article 2. Boats

A boat of the pilots is painted green every third summer.
"""
FAQ = """# Preguntas de la taquilla

## ¿Cuánto cuesta un billete de ida y vuelta?

Un billete de ida y vuelta cuesta siete coronas con veinte.
"""
NOTE = "# Note on lanterns\n\nThe lantern keeper of Quarrel Point is called Ottoline Marsh and earns ninety crowns."


def make_index(folder: Path, **texts: str) -> Path:
    docs = folder / "docs"
    docs.mkdir(parents=True)
    for name, text in texts.items():
        (docs / f"{name}.md").write_text(text, encoding="utf-8")
    sync(Config(index=IndexConfig(path=folder / "index")), BuiltinEmbedder(), [docs])
    return folder / "index"


def opened(index: Path, **chat: object) -> Pipeline:
    return Pipeline.open(Config(index=IndexConfig(path=index), chat=ChatConfig(**chat)))


@pytest.fixture
def harbour(tmp_path: Path) -> Iterator[Pipeline]:
    with opened(make_index(tmp_path, law=LAW, faq=FAQ)) as pipeline:
        yield pipeline


@pytest.fixture
def visitor(tmp_path: Path) -> Visitor:
    return Visitor(tmp_path / "visitor")


def upload(documents: Documents, visitor: Visitor, name: str, content: bytes) -> str:
    incoming = documents.expect(name, visitor)
    try:
        incoming.path.write_bytes(content)
        documents.accept(incoming)
    finally:
        incoming.path.unlink(missing_ok=True)
    return incoming.place.name


def add(documents: Documents, visitor: Visitor, name: str, content: bytes) -> list[Verdict]:
    *steps, verdicts = documents.index([upload(documents, visitor, name, content)], visitor)
    assert all(isinstance(step, Step) for step in steps)
    return verdicts


def long_pdf(title: str, pages: int) -> bytes:
    data = io.BytesIO()
    canvas = Canvas(data)
    for page in range(pages):
        for line in range(60):
            canvas.drawString(
                40, 800 - 12 * line, f"{title}, page {page}, line {line}: the keeper of the lanterns counts them every night."
            )
        canvas.showPage()
    canvas.save()
    return data.getvalue()


# --- uploads ---------------------------------------------------------------------------------------------------------------------------


def test_shared_upload_is_in_the_index_when_it_says_so_and_stays_there(harbour, visitor, tmp_path):
    documents = Documents(Library(harbour))
    assert harbour.ask("What is the lantern keeper of Quarrel Point called?").abstained
    assert add(documents, visitor, "note.md", NOTE.encode()) == [Verdict("note.md", "indexed", 1)]
    assert "Ottoline Marsh" in harbour.ask("What is the lantern keeper of Quarrel Point called?").text
    collection = documents._library.collection("", visitor)
    assert [(shown.listed.source, shown.mine) for shown in documents.listed(collection, visitor)] == [
        ("faq.md", False), ("law.md", False), ("note.md", True),
    ]  # fmt: skip
    with opened(harbour.config.index.path) as again:
        assert "Ottoline Marsh" in again.ask("What is the lantern keeper of Quarrel Point called?").text
    sync(harbour.config, BuiltinEmbedder(), [tmp_path / "docs"])
    assert "note.md" in [listed.source for listed in harbour.documents()]


def test_two_pdfs_that_come_at_once_are_both_kept(harbour, visitor):
    # PDFium is not safe for threads: read in the server itself, two of these ended it.
    documents = Documents(Library(harbour))
    files = {f"{title}.pdf": long_pdf(title, 40) for title in ("lanterns", "ropes")}
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(lambda name: upload(documents, visitor, name, files[name]), files)) == sorted(files)
    assert added(harbour.config.index.path / "uploads") == sorted(files)


def test_removed_upload_is_gone_from_answers_and_disk_and_others_cannot_be_removed(harbour, visitor):
    documents = Documents(Library(harbour))
    add(documents, visitor, "note.md", NOTE.encode())
    documents.remove("note.md", visitor)
    assert harbour.ask("What is the lantern keeper of Quarrel Point called?").abstained
    assert added(harbour.config.index.path / "uploads") == []
    for source in ("law.md", "nothing.md", "../law.md"):
        with pytest.raises(InputError, match="was not added here"):
            documents.remove(source, visitor)
    assert [listed.source for listed in harbour.documents()] == ["faq.md", "law.md"]


def test_bad_files_say_why_and_take_the_place_of_no_good_one(harbour, visitor):
    documents = Documents(Library(harbour))
    add(documents, visitor, "note.md", NOTE.encode())
    for name, content, reason in (
        ("note.md", b"", "empty"),
        ("note.md", b" \n ", "empty"),
        ("sheet.pdf", b"%PDF-1.7 nonsense", "PDF"),
        ("note.pdf", NOTE.encode(), "PDF"),
    ):
        with pytest.raises(LoadError, match=reason):
            upload(documents, visitor, name, content)
    assert added(harbour.config.index.path / "uploads") == ["note.md"]
    assert list((harbour.config.index.path / "uploads" / ".incoming").iterdir()) == []
    assert "Ottoline" in harbour.ask("What is the lantern keeper of Quarrel Point called?").text


@pytest.mark.parametrize("name", ["x.exe", "noSuffix", ".md", "", "..", "a.md/", "a.pdf.sh"])
def test_types_that_are_not_read_are_refused(harbour, visitor, name):
    with pytest.raises(InputError, match=r"these are: \.md"):
        Documents(Library(harbour)).expect(name, visitor)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.md", "passwd.md"),
        ("..\\..\\windows\\a.TXT", "a.txt"),
        ("C:evil.md", "C_evil.md"),
        ("a\x00b\u202e.md", "a_b_.md"),
        ("...hidden.md", "hidden.md"),
        ("ñandú y más.md", "ñandú y más.md"),
        ("é" * 300 + ".md", "é" * ((LONGEST_NAME - 3) // 2) + ".md"),
    ],
)
def test_names_cannot_leave_the_folder(harbour, visitor, given, kept):
    incoming = Documents(Library(harbour)).expect(given, visitor)
    assert incoming.place == harbour.config.index.path / "uploads" / kept
    assert incoming.path.parent == harbour.config.index.path / "uploads" / ".incoming"


def test_limits_of_number_and_type_come_from_the_configuration(harbour, visitor):
    with opened(harbour.config.index.path, upload_files=1, upload_types=(".md",), upload_megabytes=0.001) as pipeline:
        documents = Documents(Library(pipeline))
        assert documents.types == (".md",)
        assert documents.expect("a.md", visitor).limit == 1_000
        with pytest.raises(InputError, match=r"\.txt is not a type"):
            documents.expect("a.txt", visitor)
        upload(documents, visitor, "a.md", NOTE.encode())
        upload(documents, visitor, "a.md", NOTE.encode())
        with pytest.raises(InputError, match="There are 1 files already"):
            documents.expect("b.md", visitor)


def test_where_uploads_are_off_there_are_none(harbour, visitor):
    with opened(harbour.config.index.path, uploads="off") as pipeline, pytest.raises(InputError, match="takes no uploads"):
        Documents(Library(pipeline)).expect("a.md", visitor)


def test_an_index_that_is_being_written_is_said_to_be_busy(harbour, visitor, monkeypatch):
    monkeypatch.setattr("rag.index.sync.PATIENCE_SECONDS", 0.01)
    documents = Documents(Library(harbour))
    upload(documents, visitor, "note.md", NOTE.encode())
    with locked(harbour.config.index.path), pytest.raises(IndexBusy, match="try again"):
        list(documents.index(["note.md"], visitor))
    assert list(documents.index(["note.md"], visitor))[-1] == [Verdict("note.md", "indexed", 1)]


def test_a_copy_of_an_indexed_document_is_indexed_under_its_name(harbour, visitor):
    assert add(Documents(Library(harbour)), visitor, "copy.md", LAW.encode()) == [Verdict("copy.md", "indexed", 2)]


def test_only_names_of_added_files_are_looked_at(harbour, visitor, tmp_path):
    """The names to index come from the network: none of them may lead out of the folder of uploads."""
    documents = Documents(Library(harbour))
    upload(documents, visitor, "note.md", NOTE.encode())
    names = ["../index.db", str(tmp_path / "docs" / "law.md"), "../../docs/law.md", ".incoming", "nothing.md", ""]
    assert list(documents.index(names, visitor)) == [[]]
    assert list(documents.index([*names, "note.md"], visitor))[-1] == [Verdict("note.md", "indexed", 1)]
    assert (tmp_path / "docs" / "law.md").exists()
    assert [listed.source for listed in harbour.documents()] == ["faq.md", "law.md", "note.md"]


def test_changed_and_missing_files_are_told(harbour, visitor, tmp_path):
    documents = Documents(Library(harbour))
    (tmp_path / "docs" / "law.md").unlink()
    later = time.time() + 100
    os.utime(tmp_path / "docs" / "faq.md", (later, later))
    states = {shown.listed.source: shown.state for shown in documents.listed(documents._library.collection("", visitor), visitor)}
    assert states == {"faq.md": "changed", "law.md": "gone"}


# --- over HTTP -------------------------------------------------------------------------------------------------------------------------


def test_upload_ask_and_remove_over_http(harbour):
    with served(harbour) as url, visit(url) as client:
        assert client.put("/documents/n%C3%B3ta.md", content=NOTE.encode()).json() == {"name": "nóta.md"}
        found = events(client, "index", ["nóta.md"])
        assert 'class="indexed"' in found[-1]["verdicts"]
        assert {"done", "total", "label"} == set(found[0])
        turn = ask(client, "What is the lantern keeper of Quarrel Point called?")
        assert "Ottoline Marsh" in turn["sources"]
        listing = client.get("/documents", params={"wanted": "lantern"}).json()
        assert listing["count"] == 3
        assert "nóta.md" in listing["html"]
        assert "law.md" not in listing["html"]
        assert (
            client.get("/export", params={"conversation": "tab", "turn": "1", "format": "json"}).json()["citations"][0]["source"]
            == "nóta.md"
        )
        assert client.delete("/documents/n%C3%B3ta.md").status_code == 200
        assert client.delete("/documents/law.md").json()["error"].startswith("law.md was not added here")
        again = client.get("/export", params={"conversation": "tab", "turn": "1", "format": "json"})
        assert (again.status_code, "has changed in the index" in again.json()["error"]) == (422, True)


def test_uploads_over_the_limit_or_broken_off_leave_nothing(harbour):
    index = harbour.config.index.path
    with opened(index, upload_megabytes=0.01) as pipeline, served(pipeline) as url, visit(url) as client:
        response = client.put("/documents/big.md", content=b"word " * 4_000)
        assert (response.status_code, "larger than 0.01 MB" in response.json()["error"]) == (422, True)
        assert client.put("/documents/x.exe", content=b"MZ").json()["error"].startswith(".exe is not a type")
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as raw:
            cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
            head = f"PUT /documents/half.md HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\nContent-Length: 5000\r\n\r\nhalf"
            raw.sendall(head.encode())
            time.sleep(0.3)
        deadline = time.monotonic() + 10
        while list((index / "uploads" / ".incoming").iterdir()) and time.monotonic() < deadline:
            time.sleep(0.05)
    assert list((index / "uploads" / ".incoming").iterdir()) == []
    assert added(index / "uploads") == []


def test_private_uploads_are_seen_by_their_visitor_alone_and_deleted_at_the_end(harbour):
    question = "What is the lantern keeper of Quarrel Point called?"
    with (
        served(harbour, password="s3cret") as url,
        httpx.Client(base_url=url, timeout=60) as one,
        httpx.Client(base_url=url, timeout=60) as two,
    ):
        for client in (one, two):
            client.post("/login", data={"password": "s3cret"})
            assert '<option value="own">My files</option>' in client.get("/").text
        assert "You have not added any documents yet" in ask(one, question, collection=OWN)["html"]
        assert one.get("/documents", params={"collection": OWN}).json()["count"] == 0
        one.put("/documents/note.md", content=NOTE.encode())
        assert 'class="indexed"' in events(one, "index", ["note.md"])[-1]["verdicts"]
        assert "Ottoline Marsh" in ask(one, question, collection=OWN)["sources"]
        assert one.get("/documents", params={"collection": OWN}).json()["count"] == 1
        assert one.get("/examples", params={"collection": OWN}).json()["examples"] == []
        assert "Ottoline" not in str(ask(two, question))
        assert "You have not added any documents yet" in ask(two, question, collection=OWN)["html"]
        assert two.get("/documents", params={"collection": OWN}).json()["count"] == 0
        assert "was not added here" in two.delete("/documents/note.md").json()["error"]
        assert [listed.source for listed in harbour.documents()] == ["faq.md", "law.md"]
        assert not (harbour.config.index.path / "uploads").exists()
        one.post("/logout")
        one.post("/login", data={"password": "s3cret"})
        assert one.get("/documents", params={"collection": OWN}).json()["count"] == 0


# --- collections and examples ----------------------------------------------------------------------------------------------------------


def test_collections_are_searched_one_at_a_time(harbour, tmp_path, visitor):
    other = make_index(tmp_path / "second", note=NOTE)
    with opened(harbour.config.index.path, collections=(other, harbour.config.index.path)) as pipeline:
        library = Library(pipeline)
        assert [(each.key, each.name) for each in library.collections(visitor)] == [
            ("c0", str(harbour.config.index.path)), ("c1", str(other)),
        ]  # fmt: skip
        assert not library.pipeline("c1", "", visitor).ask("What is the lantern keeper of Quarrel Point called?").abstained
        assert library.pipeline("c0", "", visitor).ask("What is the lantern keeper of Quarrel Point called?").abstained
        assert library.pipeline("c1", "", visitor) is library.pipeline("c1", "extractive", visitor)
        library.close()


def test_a_collection_that_is_missing_is_said_at_the_start(harbour, tmp_path):
    with opened(harbour.config.index.path, collections=(tmp_path / "nothing",)) as pipeline, pytest.raises(IndexMissing, match="nothing"):
        build_app(pipeline)


def test_examples_are_made_from_the_documents_and_each_gets_an_answer(harbour):
    assert examples(harbour, "en") == (
        "¿Cuánto cuesta un billete de ida y vuelta?",
        "What does Article 1 of “Harbour by-law” say?",
        "What does Article 2 of “Harbour by-law” say?",
    )
    assert "¿Qué dice el artículo 1 de «Harbour by-law»?" in examples(harbour, "es")
    assert not any(harbour.ask(question).abstained for question in examples(harbour, "es"))


def test_examples_of_the_demo_corpus_get_answers(pipeline):
    for language, questions in DEMO_EXAMPLES.items():
        assert examples(pipeline, language) == questions
        assert [pipeline.ask(question).abstained for question in questions] == [False] * 4


# --- who is there ----------------------------------------------------------------------------------------------------------------------


def test_memory_is_bounded(tmp_path):
    visitors = Visitors()
    first = visitors.welcome()
    for number in range(CONVERSATIONS_KEPT + 3):
        conversation = first.conversation(str(number))
        for _ in range(TURNS_KEPT + 3):
            asked, _ = conversation.begin("why?", "")
            conversation.finish(asked)
    assert first.turns == CONVERSATIONS_KEPT * TURNS_KEPT
    assert asked.number == TURNS_KEPT + 3
    for _ in range(VISITORS_KEPT - 1):
        visitors.welcome()
    assert visitors.find(first.token) is first
    second = visitors.welcome()
    assert len(visitors) == VISITORS_KEPT
    assert visitors.find(first.token) is first
    assert visitors.find(second.token) is second
    folder = first.folder
    folder.mkdir(parents=True)
    visitors.close()
    assert not folder.parent.exists()


def test_numbers_of_turns_that_are_forgotten_do_not_come_again():
    visitors = Visitors()
    visitor = visitors.welcome()
    visitor.conversation("tab").begin("one", "")
    for number in range(CONVERSATIONS_KEPT):
        visitor.conversation(str(number))
    assert visitor.conversation("tab").begin("two", "", after=1)[0].number == 2
    assert visitor.conversation("tab").begin("three", "", after=1)[0].number == 3
    visitors.close()


def test_when_all_keep_too_much_those_unused_for_longest_forget(monkeypatch):
    monkeypatch.setattr("rag.chat.visitors.TURNS_KEPT_IN_ALL", 3)
    assert TURNS_KEPT_IN_ALL > TURNS_KEPT
    visitors = Visitors()
    old, new = visitors.welcome(), visitors.welcome()
    for visitor in (old, new):
        for _ in range(2):
            conversation = visitor.conversation("tab")
            conversation.finish(conversation.begin("why?", "")[0])
    visitors.tidy()
    assert (old.turns, new.turns) == (0, 2)
    visitors.close()


def test_a_newer_question_ends_the_one_in_hand():
    visitors = Visitors()
    conversation = visitors.welcome().conversation("tab")
    first, _ = conversation.begin("one", "")
    second, _ = conversation.begin("two", "")
    assert first.stop.is_set()
    conversation.finish(first)
    conversation.finish(second)
    assert [(turn.question, turn.stopped) for turn in conversation.turns] == [("one", ""), ("two", None)]
    visitors.close()


def test_questions_that_come_at_once_are_all_kept_under_numbers_of_their_own():
    conversation = Conversation()
    count = TURNS_KEPT - 1
    start = threading.Barrier(count)

    def begin():
        start.wait()
        conversation.begin("why?", "")

    threads = [threading.Thread(target=begin) for _ in range(count)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert [turn.number for turn in conversation.all()] == [*range(1, count + 1)]


def test_stopping_a_turn_that_has_ended_does_not_stop_the_next():
    conversation = Conversation()
    first, _ = conversation.begin("one", "")
    second, _ = conversation.begin("two", "")
    conversation.stop(first.number)
    assert not second.stop.is_set()
    conversation.stop(second.number)
    assert second.stop.is_set()


def test_history_says_what_a_question_was_understood_as():
    conversation = Conversation()
    asked, _ = conversation.begin("and why?", "")
    asked.answer = Answer("and why?", "What is the rent, and why?", "en", "Because.")
    conversation.finish(asked)
    assert conversation.history == (Turn("and why?", "Because.", "What is the rent, and why?"),)


def test_gradio_is_imported_without_writing_into_its_package():
    before = inspect.getfile
    import_gradio()
    assert inspect.getfile is before
