"""The index: what a sync changes and what it leaves, what stops it, what damage does, and both searches against an oracle."""

import errno
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from rag.config import Config, IndexConfig, SplitConfig
from rag.errors import IndexBusy, IndexDamaged, IndexMismatch, IndexMissing, InputError, StoreError
from rag.index import Reader
from rag.index import sync as syncing
from rag.index.store import FILE, Store
from rag.index.sync import Skipped, Summary, sync, sync_documents
from rag.index.vectors import VectorIndex
from rag.index.words import WordIndex, matched_terms
from rag.load import load_file
from rag.testing import HashEmbedder
from rag.types import Language, Passage

QUESTION = "who feeds the harbour cat"
CAT = "# The cat\n\nThe keeper feeds the harbour cat at six in the morning."
DOG = "# The dog\n\nNobody feeds the dog of the night porter, who is allergic."
BOAT = "# The boat\n\nThe boat of the pilots was painted green last summer."


class CountingEmbedder(HashEmbedder):
    """Keeps the texts that it embedded, and stops as if by Ctrl-C before batch `stop`."""

    def __init__(self, dimension: int = 64, stop: int | None = None) -> None:
        super().__init__(dimension)
        self.texts: list[str] = []
        self.batches = 0
        self.stop = stop

    def encode_documents(self, texts: Sequence[str]) -> np.ndarray:
        if self.stop is not None and self.batches == self.stop:
            raise KeyboardInterrupt
        self.batches += 1
        self.texts += texts
        return super().encode_documents(texts)


class Corpus:
    """A folder of documents and an index of it."""

    def __init__(self, root: Path, index: Path | None = None) -> None:
        self.root = root
        self.docs = root / "docs"
        self.config = Config(index=IndexConfig(path=index or root / "index"))
        self.embedder = CountingEmbedder()
        self.write(cat=CAT, dog=DOG, boat=BOAT)

    @property
    def index(self) -> Path:
        return self.config.index.path

    def write(self, folder: str = "docs", **texts: str) -> None:
        for name, text in texts.items():
            path = self.root / folder / f"{name}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def sync(self, *folders: str, **others: object) -> Summary:
        paths = [self.root / folder for folder in folders or ("docs",)]
        return sync(self.config, others.pop("embedder", self.embedder), paths, **others)

    def sources(self) -> list[str]:
        with Reader(self.index, self.embedder.fingerprint).snapshot() as snapshot:
            return [source for source, *_ in snapshot.store.documents()]

    def found(self, question: str = QUESTION) -> list[tuple[str, str]]:
        return answers(Reader(self.index, self.embedder.fingerprint), question)


def answers(reader: Reader, question: str = QUESTION) -> list[tuple[str, str]]:
    """(source, text) of what both searches find, each once, in order."""
    with reader.snapshot() as snapshot:
        (vector,) = HashEmbedder(snapshot.vectors.dimension).encode_queries([question])
        ids = [i for i, _ in (*snapshot.vectors.search(vector, 10), *snapshot.words.search(question, "en", 10))]
        return [(passage.source, passage.text) for passage in snapshot.store.passages(list(dict.fromkeys(ids)))]


def changes(summary: Summary) -> tuple[int, int, int, int, int]:
    return summary.added, summary.updated, summary.removed, summary.unchanged, summary.embedded


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return Corpus(tmp_path)


# What a sync changes


def test_first_sync(corpus: Corpus) -> None:
    summary = corpus.sync()
    assert changes(summary) == (3, 0, 0, 0, 3)
    assert (summary.documents, summary.passages, summary.generation, summary.skipped) == (3, 3, 1, ())
    assert corpus.found()[0] == ("cat.md", CAT)


def test_nothing_changed(corpus: Corpus) -> None:
    corpus.sync()
    before = corpus.embedder.batches
    os.utime(corpus.docs / "cat.md", (1, 1))
    summary = corpus.sync()
    assert changes(summary) == (0, 0, 0, 3, 0)
    assert (summary.generation, corpus.embedder.batches) == (1, before)


def test_add_edit_and_delete(corpus: Corpus) -> None:
    corpus.sync()
    corpus.write(cat=CAT.replace("keeper", "steward"), gull="# The gull\n\nThe gull steals herring.\n")
    (corpus.docs / "dog.md").unlink()
    summary = corpus.sync()
    assert changes(summary) == (1, 1, 1, 1, 2)
    assert (summary.documents, summary.passages, summary.generation) == (3, 3, 2)
    assert corpus.sources() == ["boat.md", "cat.md", "gull.md"]
    assert "steward" in corpus.found()[0][1]


def test_deleted_text_is_gone_from_every_search_and_from_the_file(corpus: Corpus) -> None:
    corpus.sync()
    (corpus.docs / "dog.md").unlink()
    corpus.sync()
    with Reader(corpus.index, corpus.embedder.fingerprint).snapshot() as snapshot:
        assert snapshot.words.search("allergic", "en", 10) == []
        assert snapshot.words.search("allergic", "grams", 10) == []
        assert len(snapshot.vectors) == 2
        assert snapshot.store.document("dog.md") is None
        assert snapshot.store.connection.execute("SELECT count(*) FROM vectors").fetchone() == (2,)
    files = [file for file in corpus.index.rglob("*") if file.is_file()]
    assert [file.name for file in files if b"allergic" in file.read_bytes()] == []


def test_a_renamed_file_keeps_its_vectors(corpus: Corpus) -> None:
    corpus.sync()
    (corpus.docs / "cat.md").rename(corpus.docs / "kitten.md")
    assert changes(corpus.sync()) == (1, 0, 1, 2, 0)
    assert corpus.found()[0] == ("kitten.md", CAT)


def test_texts_that_are_equal_share_one_vector(corpus: Corpus) -> None:
    corpus.write(copy=CAT)
    assert changes(corpus.sync()) == (4, 0, 0, 0, 3)
    assert Counter(text for _, text in corpus.found())[CAT] == 2


def test_only_the_edited_part_of_a_document_is_embedded_again(corpus: Corpus) -> None:
    parts = [f"## Part {number}\n\n" + f"The sluice number {number} is opened at dawn by its keeper. " * 20 for number in range(8)]
    corpus.write(long="# Long\n\n" + "\n\n".join(parts))
    corpus.sync()
    corpus.write(long="# Long\n\n" + "\n\n".join([*parts[:4], parts[4].replace("dawn", "dusk"), *parts[5:]]))
    summary = corpus.sync()
    assert changes(summary)[:4] == (0, 1, 0, 3)
    assert 1 <= summary.embedded <= 2


def test_a_moved_folder_is_still_the_same_one(corpus: Corpus) -> None:
    corpus.sync()
    corpus.docs.rename(corpus.root / "moved")
    assert changes(corpus.sync("moved")) == (0, 0, 0, 3, 0)
    (corpus.root / "moved/dog.md").unlink()
    assert changes(corpus.sync("moved")) == (0, 0, 1, 2, 0)
    assert corpus.sources() == ["boat.md", "cat.md"]


def test_documents_of_other_folders_stay(corpus: Corpus) -> None:
    corpus.write("more", gull="# The gull\n\nThe gull steals herring.\n")
    corpus.sync()
    assert changes(corpus.sync("more")) == (1, 0, 0, 0, 1)
    (corpus.docs / "dog.md").unlink()
    assert changes(corpus.sync("more")) == (0, 0, 0, 1, 0)
    assert corpus.sources() == ["boat.md", "cat.md", "dog.md", "gull.md"]
    assert changes(corpus.sync()) == (0, 0, 1, 2, 0)


def test_equal_names_of_two_folders_given_together(corpus: Corpus) -> None:
    corpus.write("more", cat=CAT.replace("six", "seven"))
    corpus.sync("docs", "more")
    assert corpus.sources() == ["boat.md", "docs/cat.md", "dog.md", "more/cat.md"]
    assert changes(corpus.sync("docs", "more")) == (0, 0, 0, 4, 0)


def test_equal_names_of_folders_given_one_after_another(corpus: Corpus) -> None:
    for number, folder in enumerate(("one/docs", "two/docs", "three/docs")):
        corpus.write(folder, cat=CAT.replace("six", str(number)))
        assert corpus.sync(folder).added == 1
    assert corpus.sources() == ["cat.md", "docs/cat.md", "three/docs/cat.md"]
    for folder in ("one/docs", "two/docs", "three/docs"):
        assert changes(corpus.sync(folder)) == (0, 0, 0, 1, 0)


def test_a_longer_name_does_not_take_that_of_another_file(corpus: Corpus) -> None:
    corpus.sync()
    corpus.write("more", cat=CAT.replace("six", "seven"))
    corpus.write("more/more", cat=CAT.replace("six", "eight"))
    corpus.sync("more")
    texts = {source: text for source, text in corpus.found("cat six seven eight") if "keeper" in text}
    assert sorted(texts) == sorted(["cat.md", f"{corpus.root.name}/more/cat.md", "more/cat.md"])
    assert "eight" in texts["more/cat.md"]


def test_other_split_settings_apply_to_every_folder(corpus: Corpus) -> None:
    corpus.write("more", long="# Long\n\n" + "The sluice is opened at dawn by its keeper, who lives there. " * 40)
    corpus.sync("docs", "more")
    corpus.config = corpus.config.model_copy(update={"split": SplitConfig(target_characters=200, max_characters=300)})
    summary = corpus.sync()
    assert (summary.updated, summary.unchanged, summary.documents) == (4, 0, 4)
    with Reader(corpus.index, corpus.embedder.fingerprint).snapshot() as snapshot:
        assert max(len(passage.text) for passage in snapshot.store.all_passages()) <= 300
    assert changes(corpus.sync("more")) == (0, 0, 0, 1, 0)


def test_documents_that_are_no_files(corpus: Corpus) -> None:
    documents = [load_file(corpus.docs / name, name, 10_000) for name in ("cat.md", "dog.md")]
    assert changes(sync_documents(corpus.config, corpus.embedder, documents)) == (2, 0, 0, 0, 2)
    summary = sync_documents(corpus.config, corpus.embedder, documents[:1])
    assert (summary.removed, summary.documents, summary.embedded) == (1, 1, 0)
    assert corpus.sources() == ["cat.md"]


def test_a_name_that_is_not_utf_8(corpus: Corpus) -> None:
    Path(os.fsdecode(os.fsencode(corpus.docs) + b"/caf\xe9.md")).write_text(BOAT.replace("boat", "bar"), encoding="utf-8")
    assert corpus.sync().added == 4
    assert corpus.sources() == ["boat.md", "caf\ufffd.md", "cat.md", "dog.md"]
    assert changes(corpus.sync()) == (0, 0, 0, 4, 0)


def test_progress_counts_to_the_end(corpus: Corpus) -> None:
    steps: list[tuple[int, int, str]] = []
    corpus.sync(progress=lambda *step: steps.append(step))
    assert steps == [(1, 3, "reading"), (2, 3, "reading"), (3, 3, "reading"), (3, 3, "embedding")]


# What cannot be read


def test_skipped_files_have_reasons(corpus: Corpus) -> None:
    (corpus.docs / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    corpus.write(empty=" \n")
    summary = corpus.sync()
    assert summary.skipped == (Skipped("empty.md", "empty"), Skipped("photo.jpg", "unsupported format .jpg"))
    assert summary.added == 3


def test_a_file_that_vanishes_while_it_is_read(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(path: Path, source: str, limit: int) -> object:
        if source == "dog.md":
            path.unlink()
        return load_file(path, source, limit)

    monkeypatch.setattr(syncing, "load_file", load)
    summary = corpus.sync()
    assert summary.skipped == (Skipped("dog.md", "disappeared while it was read"),)
    assert corpus.sources() == ["boat.md", "cat.md"]


def deny(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let every attempt to open a file of this name fail; permissions do not stop a test that runs as root."""
    opened = Path.open

    def fail(path: Path, *arguments: object, **options: object) -> object:
        if path.name == name:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return opened(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", fail)


def test_a_document_whose_file_cannot_be_read_for_now_is_kept(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus.sync()
    corpus.write(boat=BOAT.replace("green", "blue"))
    deny(monkeypatch, "dog.md")
    summary = corpus.sync()
    assert summary.skipped == (Skipped("dog.md", "permission denied (kept as it was indexed before)"),)
    assert (changes(summary), summary.documents) == ((0, 1, 0, 1, 1), 3)


def test_documents_of_a_folder_that_cannot_be_listed_for_now_are_kept(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus.write("docs/closed", gull="# The gull\n\nThe gull steals herring.\n")
    corpus.sync()
    listed = os.scandir

    def fail(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", fail)
    summary = corpus.sync()
    reason = "permission denied: the folder cannot be listed (kept as it was indexed before)"
    assert [skipped.reason for skipped in summary.skipped] == [reason]
    assert "closed/gull.md" in corpus.sources()


def test_an_emptied_file_is_gone(corpus: Corpus) -> None:
    corpus.sync()
    corpus.write(dog="")
    summary = corpus.sync()
    assert (summary.removed, summary.skipped) == (1, (Skipped("dog.md", "empty"),))


def test_a_folder_without_any_document_changes_nothing(corpus: Corpus) -> None:
    corpus.sync()
    for file in corpus.docs.iterdir():
        file.rename(corpus.root / file.name)
    summary = corpus.sync()
    assert (changes(summary), summary.documents, summary.generation) == ((0, 0, 0, 0, 0), 3, 1)
    assert corpus.found()[0] == ("cat.md", CAT)


def test_an_empty_folder_makes_no_index(corpus: Corpus) -> None:
    (corpus.root / "empty").mkdir()
    summary = corpus.sync("empty")
    assert (summary.documents, summary.generation) == (0, 0)
    with pytest.raises(IndexMissing, match="was never finished; run: rag index YOUR_FOLDER --index"):
        corpus.sources()


def test_a_path_that_is_not_there_changes_nothing(corpus: Corpus) -> None:
    corpus.sync()
    with pytest.raises(InputError, match="nowhere does not exist"):
        corpus.sync("nowhere")
    assert len(corpus.sources()) == 3


# Generations


def test_a_reader_holds_one_generation_while_a_sync_commits(corpus: Corpus) -> None:
    corpus.sync()
    reader = Reader(corpus.index, corpus.embedder.fingerprint)
    with reader.snapshot() as old:
        corpus.write(cat=CAT.replace("keeper", "steward"))
        (corpus.docs / "dog.md").unlink()
        corpus.sync()
        assert (old.generation, old.store.count("documents"), len(old.vectors), len(old.words)) == (1, 3, 3, 3)
        assert old.store.document("cat.md").text == CAT
        assert old.words.search("steward", "en", 10) == []
        with reader.snapshot() as new:
            assert (new.generation, new.store.count("documents"), len(new.vectors), len(new.words)) == (2, 2, 2, 2)
            assert "steward" in new.store.document("cat.md").text
        assert old.store.document("dog.md").text == DOG
    assert "steward" in answers(reader)[0][1]


def test_a_snapshot_whose_search_files_are_gone_already_is_rebuilt(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sync may commit between the moment a question takes its snapshot and the moment it opens the search files."""
    corpus.sync()
    reader = Reader(corpus.index, corpus.embedder.fingerprint)
    reader._current = None
    check = Reader._check_fingerprint

    def late(self: Reader, store: Store) -> None:
        monkeypatch.setattr(Reader, "_check_fingerprint", check)
        check(self, store)
        (corpus.docs / "dog.md").unlink()
        corpus.sync()

    monkeypatch.setattr(Reader, "_check_fingerprint", late)
    with reader.snapshot() as old:
        assert (old.generation, len(old.vectors), len(old.words)) == (1, 3, 3)
    with reader.snapshot() as new:
        assert (new.generation, len(new.vectors)) == (2, 2)


def test_only_the_files_of_the_last_generation_stay(corpus: Corpus) -> None:
    for number in range(3):
        corpus.write(cat=f"{CAT}{number}")
        corpus.sync()
    assert [folder.name for folder in corpus.index.glob("g*")] == ["g3"]


# What stops a sync


def test_ctrl_c_keeps_the_old_generation_and_the_vectors(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus.sync()
    monkeypatch.setattr(syncing, "EMBED_BATCH", 2)
    corpus.write(**{f"new{number}": f"# New\n\nThing number {number} of the harbour." for number in range(5)})
    (corpus.docs / "dog.md").unlink()
    with pytest.raises(KeyboardInterrupt):
        corpus.sync(embedder=CountingEmbedder(stop=2))
    assert corpus.sources() == ["boat.md", "cat.md", "dog.md"]
    assert corpus.found()[0] == ("cat.md", CAT)
    assert changes(corpus.sync()) == (5, 0, 1, 2, 1)
    assert len(corpus.embedder.texts) == 3 + 1


@pytest.mark.parametrize("label", ["reading", "embedding"])
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
        patch.setattr(WordIndex, "build", raising(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            corpus.sync()
    assert [folder.name for folder in corpus.index.glob("g*")] == ["g1"]
    assert corpus.found()[0] == ("cat.md", CAT)
    assert changes(corpus.sync()) == (0, 1, 0, 2, 0)


def raising(error: BaseException) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
FAULTS: dict[str, tuple[object, str, BaseException]] = {
    "FAISS": (VectorIndex, "save", FULL),
    "FAISS's own error": (VectorIndex, "save", RuntimeError("write error: No space left on device")),
    "tantivy": (WordIndex, "build", OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))),
    "tantivy's own error": (WordIndex, "build", ValueError("An IO error occurred: 'No space left on device'")),
    "checksums": (syncing, "checksums", FULL),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_full_disk_under_the_search_files(corpus: Corpus, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    corpus.sync()
    corpus.write(cat=CAT.replace("keeper", "steward"))
    owner, name, error = FAULTS[fault]
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, raising(error))
        with pytest.raises(StoreError) as caught:
            corpus.sync()
    check_sentence(caught.value, "No space left on device", "nothing indexed before is lost")
    assert corpus.found()[0] == ("cat.md", CAT)
    assert [folder.name for folder in corpus.index.glob("g*")] == ["g1"]
    assert changes(corpus.sync()) == (0, 1, 0, 2, 0)


def test_a_full_disk_that_faiss_does_not_notice(tmp_path: Path) -> None:
    """FAISS 1.15 writes a small index through a buffer and only prints that it could not be flushed."""
    file = tmp_path / "vectors.faiss"
    file.symlink_to("/dev/full")
    index = VectorIndex.build(np.arange(3), np.eye(3, 8, dtype=np.float32))
    with pytest.raises(OSError, match="No space left on device"):
        index.save(file)


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


def test_a_second_writer_is_turned_away(corpus: Corpus) -> None:
    corpus.sync()
    errors: list[str] = []

    def second(*_: object) -> None:
        with pytest.raises(IndexBusy) as caught:
            corpus.sync()
        errors.append(str(caught.value))

    corpus.write(gull="# The gull\n\nThe gull steals herring.\n")
    assert corpus.sync(progress=second).added == 1
    assert set(errors) == {f"Another process is writing to the index at {corpus.index}; try again when it has finished."}


def check_sentence(error: Exception, *parts: str) -> None:
    text = str(error)
    assert all(part in text for part in parts), text
    assert "\n" not in text
    assert text.endswith(".")


# Damage


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip_a_bit(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 4
    file.write_bytes(data)


def append(file: Path) -> None:
    with file.open("ab") as out:
        out.write(b"more")


def swap(file: Path) -> None:
    """Put in the file of the same kind of another sound index."""
    root = file.parents[2] if file.parent.name == "words" else file.parents[1]
    other = Corpus(root.parent / "other")
    other.write(cat=CAT.replace("harbour", "castle"))
    other.sync()
    (donor,) = (found for found in other.index.rglob(f"*{file.suffix}") if found.parent.name == file.parent.name)
    shutil.copy(donor, file)


DAMAGES = (truncate, flip_a_bit, append, swap, lambda file: file.write_bytes(b""), Path.unlink)


def search_files(corpus: Corpus) -> list[Path]:
    return sorted(file for file in (corpus.index / "g1").rglob("*") if file.is_file() and file.suffix != ".lock")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    corpus = Corpus(tmp_path_factory.mktemp("sound"))
    corpus.sync()
    return corpus


@pytest.fixture
def copied(sound: Corpus, tmp_path: Path) -> Corpus:
    """The sound index in a copy, to be damaged."""
    shutil.copytree(sound.index, tmp_path / "index")
    return Corpus(sound.root, tmp_path / "index")


@pytest.mark.parametrize("damage", DAMAGES, ids=["truncate", "flip", "append", "swap", "empty", "delete"])
def test_a_damaged_search_file_changes_no_answer(copied: Corpus, damage: Callable[[Path], object]) -> None:
    expected = copied.found()
    files = search_files(copied)
    assert len(files) >= 8
    for file in files:
        content = file.read_bytes()
        if damage is swap and (file.name == ".managed.json" or file.suffix == ".json"):
            continue
        damage(file)
        assert copied.found() == expected, file.name
        file.write_bytes(content)


@pytest.mark.parametrize("gone", ["g1", "g1/words"])
def test_lost_search_folders_change_no_answer(copied: Corpus, gone: str) -> None:
    expected = copied.found()
    shutil.rmtree(copied.index / gone)
    assert copied.found() == expected


def test_search_files_of_another_index_as_a_whole(copied: Corpus) -> None:
    expected = copied.found()
    other = Corpus(copied.index.parent / "other")
    other.write(cat=CAT.replace("harbour", "castle"))
    other.sync()
    shutil.rmtree(copied.index / "g1")
    shutil.copytree(other.index / "g1", copied.index / "g1")
    assert copied.found() == expected


def test_the_next_sync_repairs_search_files(copied: Corpus) -> None:
    truncate(copied.index / "g1/vectors.faiss")
    summary = copied.sync()
    assert (changes(summary), summary.generation) == ((0, 0, 0, 3, 0), 2)
    assert copied.sync().generation == 2


def test_a_damaged_database_is_said_to_be_damaged(copied: Corpus) -> None:
    file = copied.index / FILE
    content = file.read_bytes()
    for damaged in (b"", b"SQLite format 3\0" + b"\0" * 4000, b"not a database at all" * 300, content[: len(content) // 2], content[:5000]):
        file.write_bytes(damaged)
        with pytest.raises(IndexDamaged) as caught:
            copied.found()
        check_sentence(caught.value, f"The index at {copied.index} is damaged", "delete that folder and run rag index again")


def test_any_flipped_page_gives_a_sentence_or_sound_rows(copied: Corpus) -> None:
    """SQLite has no checksums of its own: what counts here is that whatever it notices comes out as one of our errors."""
    file = copied.index / FILE
    content = file.read_bytes()
    noticed = 0
    for place in range(0, len(content), 499):
        data = bytearray(content)
        data[place : place + 200] = bytes(byte ^ 0xFF for byte in data[place : place + 200])
        file.write_bytes(data)
        for action in (copied.found, lambda: copied.sync(embedder=HashEmbedder())):
            try:
                action()
            except StoreError as error:
                noticed += 1
                check_sentence(error)
        shutil.rmtree(copied.index / "g2", ignore_errors=True)
        for rest in copied.index.glob(f"{FILE}-*"):
            rest.unlink()
    assert noticed >= 10


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE passages", "DELETE FROM meta WHERE key = 'dimension'", "UPDATE meta SET value = 'many' WHERE key = 'generation'",
        "UPDATE passages SET section = '['",
    ],
)  # fmt: skip
def test_a_database_that_lacks_what_it_should_hold(copied: Corpus, statement: str) -> None:
    execute(copied, statement)
    with pytest.raises(IndexDamaged):
        copied.found()


@pytest.mark.parametrize("statement", ["DELETE FROM vectors", "UPDATE vectors SET vector = substr(vector, 1, 7)"])
def test_lost_vectors_are_noticed_when_they_are_needed(copied: Corpus, statement: str) -> None:
    expected = copied.found()
    execute(copied, statement)
    assert copied.found() == expected
    shutil.rmtree(copied.index / "g1")
    with pytest.raises(IndexDamaged, match="vectors of some passages are missing or cut off"):
        copied.found()


def execute(corpus: Corpus, *statements: str) -> None:
    connection = sqlite3.connect(corpus.index / FILE)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_database_that_cannot_be_opened_is_not_called_damaged(copied: Corpus) -> None:
    (copied.index / FILE).unlink()
    (copied.index / FILE).symlink_to("/proc/self/mem")
    with pytest.raises(StoreError) as caught:
        copied.found()
    assert type(caught.value) is StoreError
    check_sentence(caught.value, "could not be read or written", "nothing indexed before is lost")


def test_no_index(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match=f"There is no index at {tmp_path}; make one with: rag index YOUR_FOLDER --index {tmp_path}"):
        Reader(tmp_path, "hash-64")


def test_another_format(copied: Corpus) -> None:
    execute(copied, "UPDATE meta SET value = '999' WHERE key = 'format'")
    with pytest.raises(IndexMismatch, match=r"format 999, this program writes format 1; delete the index and run rag index again"):
        copied.found()


# Other embedders


class Shifted(HashEmbedder):
    """Has the dimension of its base and other vectors."""

    @property
    def fingerprint(self) -> str:
        return f"shifted-{self.dimension}"

    def encode_documents(self, texts: Sequence[str]) -> np.ndarray:
        return np.roll(super().encode_documents(texts), 1, axis=1)


@pytest.mark.parametrize("other", [HashEmbedder(32), Shifted(64)], ids=["other dimension", "same dimension"])
def test_another_embedder_is_refused_with_the_cure_that_works(copied: Corpus, other: HashEmbedder) -> None:
    with pytest.raises(IndexMismatch) as caught:
        Reader(copied.index, other.fingerprint)
    check_sentence(caught.value, "hash-64", other.fingerprint, "run rag index on your documents again", "or set embedding.model back")
    summary = copied.sync(embedder=other)
    assert (changes(summary), summary.generation) == ((0, 0, 0, 3, 3), 2)
    with Reader(copied.index, other.fingerprint).snapshot() as snapshot:
        (vector,) = other.encode_queries([CAT])
        identifier, cosine = snapshot.vectors.search(vector, 1)[0]
        assert snapshot.store.passages([identifier])[0].source == "cat.md"
        assert cosine > 0.9
    with pytest.raises(IndexMismatch):
        copied.found()


def test_an_interrupted_swap_leaves_the_old_embedder_answering(copied: Corpus) -> None:
    expected = copied.found()
    stopped = CountingEmbedder(32, stop=0)
    with pytest.raises(KeyboardInterrupt):
        copied.sync(embedder=stopped)
    assert copied.found() == expected


# Vectors


def test_faiss_equals_brute_force(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    vectors = random.standard_normal((300, 24)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = random.permutation(1000)[:300].astype(np.int64)
    index = VectorIndex.build(ids, vectors)
    index.save(tmp_path / "vectors.faiss")
    for searched in (index, VectorIndex.open(tmp_path / "vectors.faiss")):
        assert (len(searched), searched.dimension) == (300, 24)
        for query in vectors[:20] + random.standard_normal((20, 24)).astype(np.float32):
            scores = vectors @ query
            order = np.argsort(-scores)[:17]
            found = searched.search(query, 17)
            assert [identifier for identifier, _ in found] == ids[order].tolist()
            assert [score for _, score in found] == pytest.approx(scores[order].tolist(), abs=1e-5)
            some = ids[::37].tolist()
            assert searched.similarity(query, some) == pytest.approx((vectors[::37] @ query).tolist(), abs=1e-5)


def test_vectors_at_the_edges() -> None:
    empty = VectorIndex.build(np.zeros(0, dtype=np.int64), np.zeros((0, 4), dtype=np.float32))
    assert empty.search(np.ones(4, dtype=np.float32), 5) == []
    assert empty.similarity(np.ones(4, dtype=np.float32), []) == []
    one = VectorIndex.build(np.array([7]), np.array([[1, 0, 0, 0]], dtype=np.float32))
    assert one.search(np.array([1, 0, 0, 0], dtype=np.float32), 100) == [(7, 1.0)]
    assert one.search(np.zeros(4, dtype=np.float32), 5) == []
    twins = VectorIndex.build(np.array([9, 3]), np.array([[1, 0], [1, 0]], dtype=np.float32))
    assert twins.search(np.array([1, 0], dtype=np.float32), 2) == [(3, 1.0), (9, 1.0)]


# Words


@pytest.fixture(params=["memory", "files"])
def build(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., WordIndex]:
    def make(*texts: tuple[Language | None, str]) -> WordIndex:
        passages = [
            Passage("s.md", "", text, 0, len(text), language=language, id=number) for number, (language, text) in enumerate(texts, 1)
        ]
        if request.param == "memory":
            return WordIndex.build(passages)
        WordIndex.build(passages, tmp_path / "words")
        return WordIndex.open(tmp_path / "words")

    return make


def ids(found: list[tuple[int, float]]) -> list[int]:
    return [identifier for identifier, _ in found]


def test_spanish_words_without_accents_and_by_their_stems(build: Callable[..., WordIndex]) -> None:
    words = build(
        ("es", "La comisión inspeccionaba las esclusas."), ("es", "El puerto cobra una tasa."), ("en", "The sluices of the commission")
    )
    for question in ("comision", "COMISIÓN", "comisiones", "¿inspeccionaban la esclusa?", "comisio\u0301n"):
        assert ids(words.search(question, "es", 10)) == [1], question
    assert words.search("la", "en", 10) == []


def test_english_words_by_their_stems(build: Callable[..., WordIndex]) -> None:
    words = build(("en", "The parties provided military assistance."), ("en", "Ships are inspected at night."), ("es", "parties"))
    assert ids(words.search("assisting a party", "en", 10)) == [1]
    assert ids(words.search("inspection of a ship", "en", 10)) == [2]


def test_letters_in_two_characters_are_the_same_letters(build: Callable[..., WordIndex]) -> None:
    words = build(("es", "La comisio\u0301n se reu\u0301ne."), ("es", "El puerto cobra."))
    for field in ("es", "grams"):
        assert ids(words.search("comisión", field, 10)) == ids(words.search("comisio\u0301n", field, 10)) == [1]


def test_digits_are_whole_words(build: Callable[..., WordIndex]) -> None:
    texts = ("El artículo 4 permite.", "El artículo 40 permite.", "El artículo 14 permite.", "El plazo de 1.500 días")
    words = build(*(("es", text) for text in texts))
    assert ids(words.search("4", "es", 10)) == [1]
    assert ids(words.search("40", "es", 10)) == [2]
    assert words.search("artículo 4", "es", 10)[0][0] == 1
    assert ids(words.search("1.500", "es", 10)) == [4]


def test_character_grams_find_cognates_across_languages(build: Callable[..., WordIndex]) -> None:
    words = build(
        ("es", "La cooperación militar del tratado"), ("es", "El precio del pescado en el puerto"), ("es", "Relaciones diplomáticas")
    )
    assert ids(words.search("military cooperation", "grams", 10))[0] == 1
    assert ids(words.search("diplomatic relations", "grams", 10))[0] == 3
    assert words.search("zzz", "grams", 10) == []


def test_bm25_by_hand(build: Callable[..., WordIndex]) -> None:
    """Robertson & Zaragoza 2009 with k1 = 1.2, b = 0.75; all texts are short enough that tantivy keeps their length exactly."""
    texts = ("harbour cat", "harbour harbour dog", "the boat sails home")
    words = build(*(("en", text) for text in texts))
    lengths = [len(text.split()) for text in texts]
    mean = sum(lengths) / 3

    def weight(count: int, length: int, containing: int) -> float:
        inverse = np.log(1 + (3 - containing + 0.5) / (containing + 0.5))
        return float(inverse * 2.2 * count / (count + 1.2 * (0.25 + 0.75 * length / mean)))

    found = dict(words.search("harbour cat", "en", 10))
    expected = {1: weight(1, 2, 2) + weight(1, 2, 1), 2: weight(2, 3, 2)}
    assert found == pytest.approx(expected, rel=1e-4)


def test_questions_of_any_characters(build: Callable[..., WordIndex]) -> None:
    words = build(("en", "one passage"))
    for question in ("", "???", "a" * 5000, "\0", '"( AND OR NOT ) +title:x^2 *', "日本語"):
        for field in ("en", "es", "grams"):
            assert ids(words.search(question, field, 10)) in ([], [1])
    assert build().search("anything", "en", 10) == []


def test_matched_terms_are_those_of_the_question_in_the_passage(build: Callable[..., WordIndex]) -> None:
    words = build(("es", "x"))
    passage = Passage("s.md", "Tratado", "Las partes cooperarán.", 0, 22, section=("Título II",), language="es")
    terms = words.terms("¿cooperan las partes del tratado en el título?", "es")
    assert matched_terms(words, terms, passage, "es") == ("cooper", "las", "part", "trat", "titul")
