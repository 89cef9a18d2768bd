"""What stops a sync loses nothing that was indexed before: Ctrl-C, a full disk, a second writer, a place that cannot be written."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from small_corpus import CAT, Corpus, CountingEmbedder, answers, changes, check_sentence, raising

from rag.errors import IndexBusy, IndexMissing, StoreError
from rag.index import Reader, generation, vectors
from rag.index import sync as syncing
from rag.index.store import FILE, Store
from rag.index.vectors import Base
from rag.index.words import PartWriter


def test_ctrl_c_keeps_the_old_generation_and_the_vectors(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus.sync()
    monkeypatch.setattr(syncing, "EMBED_BATCH", 2)
    monkeypatch.setattr(syncing, "EMBED_SECONDS", 0)
    corpus.write(**{f"new{number}": f"# New\n\nThing number {number} of the harbour." for number in range(5)})
    (corpus.docs / "dog.md").unlink()
    with pytest.raises(KeyboardInterrupt):
        corpus.sync(embedder=CountingEmbedder(stop=2))
    assert corpus.sources() == ["boat.md", "cat.md", "dog.md"]
    assert corpus.found()[0] == ("cat.md", CAT)
    assert changes(corpus.sync()) == (5, 0, 1, 2, 1)
    assert len(corpus.embedder.texts) == 3 + 1


@pytest.mark.parametrize("label", ["comparing", "reading", "embedding"])
def test_ctrl_c_in_the_progress_bar(corpus: Corpus, label: str) -> None:
    def stop(done: int, total: int, now: str) -> None:
        if now == label:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        corpus.sync(progress=stop)
    with pytest.raises(IndexMissing):
        corpus.sources()
    assert changes(corpus.sync())[:4] == (3, 0, 0, 0)


def test_ctrl_c_while_the_search_files_are_written(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus.sync()
    corpus.write(cat=CAT.replace("keeper", "steward"))
    with monkeypatch.context() as patch:
        patch.setattr(PartWriter, "finish", raising(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            corpus.sync()
    assert [folder.name for folder in corpus.index.glob("g*")] == ["g1"]
    assert corpus.found()[0] == ("cat.md", CAT)
    assert changes(corpus.sync()) == (0, 1, 0, 2, 0)


@contextmanager
def nothing_can_be_written() -> Iterator[None]:
    """No file of this process can grow, as on a full disk."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_questions_are_answered_where_the_disk_has_no_room_for_sqlite_itself(corpus: Corpus) -> None:
    corpus.sync()
    with nothing_can_be_written():
        reader = Reader(corpus.index, corpus.embedder.fingerprint)
        found = answers(reader)
    assert found[0] == ("cat.md", CAT)
    corpus.write(cat=CAT.replace("keeper", "steward"))
    corpus.sync()
    assert answers(reader)[0] == ("cat.md", CAT.replace("keeper", "steward"))


def test_what_only_the_log_has_is_not_passed_over_where_the_disk_is_full(corpus: Corpus, tmp_path: Path) -> None:
    corpus.sync()
    with closing(sqlite3.connect(corpus.index / FILE)) as writing:
        writing.execute("INSERT INTO meta VALUES ('later', '1')")
        writing.commit()
        log = (corpus.index / f"{FILE}-wal").read_bytes()
    (corpus.index / f"{FILE}-wal").write_bytes(log)  # as a killed process leaves it
    with nothing_can_be_written(), pytest.raises(StoreError) as caught:
        corpus.sources()
    check_sentence(caught.value, "could not be read or written (disk I/O error); free space or fix permissions")


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
FAULTS: dict[str, tuple[object, str, BaseException]] = {
    "FAISS": (Base, "save", FULL),
    "FAISS's own error": (Base, "save", RuntimeError("write error: No space left on device")),
    "tantivy": (PartWriter, "finish", FULL),
    "tantivy's own error": (PartWriter, "add", ValueError("An IO error occurred: 'No space left on device'")),
    "checksums": (generation, "digest", FULL),
    "waiting for the disk": (os, "fsync", FULL),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_full_disk_under_the_search_files(corpus: Corpus, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    monkeypatch.setattr(vectors, "EXACT_LIMIT", 40)
    corpus.write_many(60)
    corpus.sync()
    monkeypatch.setattr(vectors, "TAIL_LIMIT", 0)
    corpus.write(cat=CAT.replace("keeper", "steward"))
    owner, name, error = FAULTS[fault]
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, raising(error))
        with pytest.raises(StoreError) as caught:
            corpus.sync()
    check_sentence(caught.value, "No space left on device", "nothing indexed before is lost")
    assert corpus.found()[0] == ("cat.md", CAT)
    assert [folder.name for folder in corpus.index.glob("g*")] == ["g1"]
    assert changes(corpus.sync())[:4] == (0, 1, 0, 62)


def test_a_full_disk_under_sqlite(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus.sync()
    create = Store.create

    def create_full(folder: Path) -> Store:
        store = create(folder)
        (pages,) = store.connection.execute("PRAGMA page_count").fetchone()
        store.connection.execute(f"PRAGMA max_page_count = {pages}")
        return store

    corpus.write(long="# Long\n\n" + "\n\n".join(f"Paragraph {number} speaks of the harbour and its cat." for number in range(3000)))
    with monkeypatch.context() as patch:
        patch.setattr(Store, "create", create_full)
        with pytest.raises(StoreError) as caught:
            corpus.sync()
    assert type(caught.value) is StoreError
    check_sentence(caught.value, "database or disk is full", "nothing indexed before is lost")
    assert corpus.found()[0] == ("cat.md", CAT)
    assert corpus.sync().added == 1


def test_a_folder_that_cannot_be_written(corpus: Corpus) -> None:
    corpus.index.write_text("a file is in the way", encoding="utf-8")
    with pytest.raises(StoreError) as caught:
        corpus.sync()
    check_sentence(caught.value, str(corpus.index), "File exists")


def test_a_second_writer_is_turned_away(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syncing, "PATIENCE_SECONDS", 0.01)
    corpus.sync()
    errors: list[str] = []

    def second(*_: object) -> None:
        with pytest.raises(IndexBusy) as caught:
            corpus.sync()
        errors.append(str(caught.value))

    corpus.write(gull="# The gull\n\nThe gull steals herring.\n")
    assert corpus.sync(progress=second).added == 1
    assert set(errors) == {f"Another process is writing to the index at {corpus.index}; try again when it has finished."}
