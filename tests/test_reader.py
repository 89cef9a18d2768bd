"""Reading an index that is damaged, or made by something else: the same answers as before, or a sentence with the cure."""

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from small_corpus import CAT, Corpus, CountingEmbedder, changes, check_sentence

from rag.errors import IndexDamaged, IndexMismatch, IndexMissing, StoreError
from rag.index import Reader
from rag.index.store import FILE
from rag.testing import HashEmbedder

# Damage


def rewrite(file: Path, content: bytes) -> None:
    """A new file of this name: shortening one that an open reader has mapped would end the process (SIGBUS), here and anywhere."""
    file.unlink(missing_ok=True)
    file.write_bytes(content)


def truncate(file: Path) -> None:
    rewrite(file, file.read_bytes()[: file.stat().st_size // 2])


def flip_a_bit(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 4
    rewrite(file, bytes(data))


def append(file: Path) -> None:
    rewrite(file, file.read_bytes() + b"more")


def swap(file: Path) -> None:
    """Put in the file of the same kind of another sound index."""
    root = file.parents[2] if file.parent.name == "words" else file.parents[1]
    other = Corpus(root.parent / "other")
    other.write(cat=CAT.replace("harbour", "castle"))
    other.sync()
    named = other.index.rglob(file.name) if file.suffix == ".json" else other.index.rglob(f"*{file.suffix}")
    (donor,) = (found for found in named if found.parent.name == file.parent.name)
    rewrite(file, donor.read_bytes())


DAMAGES = (truncate, flip_a_bit, append, swap, lambda file: rewrite(file, b""), Path.unlink)


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
        damage(file)
        assert copied.found() == expected, file.name
        rewrite(file, content)


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
