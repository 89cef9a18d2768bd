"""Worker processes: order, limits of time and memory, crashes, what a reader may not do, and Ctrl-C."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_corpus import Corpus, changes

from rag.errors import LoadError
from rag.load import Limits, loading, worker, workers
from rag.load.stopping import Stopping
from rag.load.workers import ask
from rag.types import Document

# A reader that does what a hostile file might make it do; put into the worker in place of the start of the real one.
ODD = """
import os, sys, time
sys.path.insert(0, {root!r})
from rag.load import formats, worker

def read(data):
    what = data.decode().split()[0]
    if what == "sleep":
        time.sleep(60)
    elif what == "compute":
        while True:
            pass
    elif what == "crash":
        os.kill(os.getpid(), 11)
    elif what == "memory":
        bytearray(2_000_000_000)
    elif what == "write":
        open(os.path.join(os.getcwd(), "written.txt"), "w")
    elif what == "connect":
        import socket
        socket.create_connection(("127.0.0.1", 9))
    elif what == "start":
        import subprocess
        subprocess.run(["true"])
    elif what == "secrets":
        return formats.Parsed(" ".join(sorted(os.environ)))
    elif what == "print":
        print("noise on standard output", flush=True)
    return formats.Parsed(data.decode())

formats.SUFFIXES[".html"] = read
worker.main()
"""


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "START", ODD)


def outcomes(folder: Path, texts: list[str], limits: Limits | None = None) -> list[str]:
    files = []
    for number, text in enumerate(texts):
        path = folder / f"{number}.html"
        path.write_text(text, encoding="utf-8")
        files.append((path, path.name))
    with loading(files, limits or Limits(workers=2)) as loaded:
        return [outcome.text if isinstance(outcome, Document) else str(outcome) for outcome in loaded]


def test_results_come_in_order_and_complete(tmp_path: Path) -> None:
    texts = [f"<h1>Título {number}</h1><p>Texto número {number} de la bodega.</p>" for number in range(40)]
    assert outcomes(tmp_path, texts) == [f"Título {number}\n\nTexto número {number} de la bodega." for number in range(40)]


@pytest.mark.usefixtures("odd")
def test_a_crash_costs_one_file(tmp_path: Path) -> None:
    crash = "its reader crashed (SIGSEGV): the file is damaged or hostile, or needs more memory than load.max_memory_megabytes allows"
    assert outcomes(tmp_path, ["one", "crash", "two", "crash", "three"]) == ["one", crash, "two", crash, "three"]


@pytest.mark.usefixtures("odd")
def test_a_file_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    long = "took longer than 1 s (raise load.max_seconds)"
    found = outcomes(tmp_path, ["compute", "after", "sleep", "after"], Limits(seconds=1, workers=2))
    assert found == [long, "after", long, "after"]


@pytest.mark.usefixtures("odd")
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="address space is limited on Linux only")
def test_memory_is_limited(tmp_path: Path) -> None:
    assert outcomes(tmp_path, ["memory", "after"]) == ["needs more than 512 MB of memory (raise load.max_memory_megabytes)", "after"]


@pytest.mark.usefixtures("odd")
def test_a_reader_writes_connects_and_starts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    written, connected, started, noise, secrets = outcomes(tmp_path, ["write", "connect", "start", "print", "secrets"])
    assert written == "refused: the file made its reader write a file"
    assert connected == "refused: the file made its reader reach for the network or another program"
    assert started == "refused: the file made its reader start another program"
    assert noise == "print"
    assert "PATH" in secrets
    assert "OPENAI_API_KEY" not in secrets
    assert not (tmp_path / "written.txt").exists()


def test_an_answer_that_is_none_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "START", "import sys; sys.stdout.write('nonsense' * 100)  # {root}")
    (found,) = outcomes(tmp_path, ["x"])
    assert found.startswith("its reader crashed")
    with pytest.raises((TypeError, KeyError)):
        worker.document_of({"headings": [], "pages": [], "evil": 1})


def test_an_unknown_task_is_no_document(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="crashed"):
        ask({"task": "no such task"}, Limits())


def test_no_process_stays_behind(tmp_path: Path) -> None:
    outcomes(tmp_path, ["<p>a</p>"] * 4)
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("rag-load")] == []
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_small_texts_start_no_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(workers, "Workers", refuse)
    path = tmp_path / "a.md"
    path.write_text("# A\n\nText.", encoding="utf-8")
    with loading([(path, "a.md")] * 5, Limits()) as loaded:
        assert [document.title for document in loaded if isinstance(document, Document)] == ["A"] * 5


# Ctrl-C


@contextlib.contextmanager
def pressed_when(ready: "threading.Event") -> Iterator[None]:
    def press() -> None:
        ready.wait(10)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread = threading.Thread(target=press)
    thread.start()
    try:
        yield
    finally:
        thread.join()
        signal.signal(signal.SIGINT, before)


def test_ctrl_c_keeps_what_is_finished(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = Corpus(tmp_path)
    corpus.sync()
    (corpus.docs / "dog.md").write_text("# The dog\n\nThe dog has learnt to swim.\n", encoding="utf-8")
    corpus.write_many(40)
    ready = threading.Event()

    def watch(done: int, total: int, label: str) -> None:
        if label == "reading" and done == 20:
            ready.set()
            time.sleep(0.3)

    with pressed_when(ready), pytest.raises(KeyboardInterrupt):
        corpus.sync(progress=watch)
    assert "what has been read is kept" in capsys.readouterr().err
    kept = corpus.sources()
    assert 3 < len(kept) < 43
    assert {"boat.md", "cat.md", "dog.md"} <= set(kept)
    added, _, removed, unchanged, _ = changes(corpus.sync())
    assert (added, removed, added + unchanged >= 42) == (43 - len(kept), 0, True)
    assert len(corpus.sources()) == 43


def test_the_second_ctrl_c_stops_at_once() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with Stopping("stopping") as stopping:
            os.kill(os.getpid(), signal.SIGINT)
            assert stopping.asked
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
