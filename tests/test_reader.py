"""Reading an index that is damaged, or made by something else: the same answers as before, or a sentence with the cure."""

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from small_corpus import CAT, Corpus, CountingEmbedder, answers, changes, check_sentence

from rag.errors import IndexDamaged, IndexMismatch, IndexMissing, StoreError
from rag.index import Reader, embeddings
from rag.index.store import FILE
from rag.testing import HashEmbedder

BEST = 3  # further down, the codes of a base and exact search may differ


pytestmark = pytest.mark.usefixtures("small_bases")


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
    other.write_many(60)
    other.write(cat=CAT.replace("harbour", "castle"))
    other.sync()
    named = other.index.rglob(file.name) if file.suffix == ".json" else other.index.rglob(f"*{file.suffix}")
    (donor,) = (found for found in named if found.parent.name == file.parent.name)
    rewrite(file, donor.read_bytes())


DAMAGES = (truncate, flip_a_bit, append, swap, lambda file: rewrite(file, b""), Path.unlink)


def damaged_files(corpus: Corpus) -> list[Path]:
    return sorted(file for file in (corpus.index / "g1").rglob("*") if file.is_file() and file.suffix != ".lock")


@pytest.mark.parametrize("damage", DAMAGES, ids=["truncate", "flip", "append", "swap", "empty", "delete"])
def test_a_damaged_search_file_changes_no_answer(copied: Corpus, damage: Callable[[Path], object]) -> None:
    expected = copied.found()[:BEST]
    files = damaged_files(copied)
    assert len(files) >= 8
    for file in files:
        content = file.read_bytes()
        damage(file)
        assert copied.found()[:BEST] == expected, file.name
        rewrite(file, content)


@pytest.mark.parametrize("gone", ["g1", "g1/words"])
def test_lost_search_folders_change_no_answer(copied: Corpus, gone: str) -> None:
    expected = copied.found()[:BEST]
    shutil.rmtree(copied.index / gone)
    assert copied.found()[:BEST] == expected


def test_search_files_of_another_index_as_a_whole(copied: Corpus) -> None:
    expected = copied.found()[:BEST]
    other = Corpus(copied.index.parent / "other")
    other.write(cat=CAT.replace("harbour", "castle"))
    other.sync()
    shutil.rmtree(copied.index / "g1")
    shutil.copytree(other.index / "g1", copied.index / "g1")
    assert copied.found()[:BEST] == expected


def test_the_next_sync_repairs_search_files(copied: Corpus) -> None:
    truncate(next(copied.index.glob("g1/vectors-*.faiss")))
    summary = copied.sync()
    assert (changes(summary), summary.generation) == ((0, 0, 0, 63, 0), 2)
    assert copied.sync().generation == 2


def test_a_damaged_database_is_said_to_be_damaged(copied: Corpus) -> None:
    file = copied.index / FILE
    content = file.read_bytes()
    for damaged in (b"", b"SQLite format 3\0" + b"\0" * 4000, b"not a database at all" * 300, content[: len(content) // 2], content[:5000]):
        file.write_bytes(damaged)
        with pytest.raises(IndexDamaged) as caught:
            copied.found()
        check_sentence(
            caught.value, f"The index at {copied.index} is damaged", f"rag check --repair --index {copied.index} mends what can be."
        )


def test_no_flipped_byte_of_the_database_gives_a_wrong_answer(copied: Corpus) -> None:
    """SQLite has no checksums of its own; ours cover whatever is shown or searched."""
    file = copied.index / FILE
    content = file.read_bytes()
    expected = everything(copied)
    noticed = 0
    for place in range(16, len(content), len(content) // 150):
        data = bytearray(content)
        data[place] ^= 0x41
        file.write_bytes(data)
        try:
            assert everything(copied) == expected, place
        except StoreError as error:
            noticed += 1
            check_sentence(error)
        for rest in copied.index.glob(f"{FILE}-*"):
            rest.unlink()
    assert noticed >= 40


def everything(corpus: Corpus) -> object:
    """What an index says: every document and passage, and what a question finds."""
    with Reader(corpus.index, corpus.embedder.fingerprint).snapshot() as snapshot:
        passages = snapshot.store.passages([identifier for identifier, _ in snapshot.store.contents()])
        documents = [snapshot.document(source) for source, *_ in snapshot.store.documents()]
        return documents, passages, answers(Reader(corpus.index, corpus.embedder.fingerprint))


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE passages", "DELETE FROM meta WHERE key = 'search'", "UPDATE meta SET value = 'many' WHERE key = 'generation'",
        "UPDATE passages SET section = '['",
    ],
)  # fmt: skip
def test_a_database_that_lacks_what_it_should_hold(copied: Corpus, statement: str) -> None:
    execute(copied, statement)
    with pytest.raises(IndexDamaged):
        copied.found()


def test_rows_that_go_are_missed(copied: Corpus) -> None:
    for statement in ("DELETE FROM passages WHERE id = 2", "DELETE FROM documents WHERE id = 2", "DELETE FROM provisions", "SELECT 1"):
        content = (copied.index / FILE).read_bytes()
        execute(copied, statement)
        changed = (copied.index / FILE).read_bytes() != content
        if changed:
            with pytest.raises(IndexDamaged):
                copied.found()
        (copied.index / FILE).write_bytes(content)
    assert copied.found()


@pytest.mark.parametrize("statement", ["DELETE FROM vectors", "UPDATE vectors SET vector = substr(vector, 1, 7)"])
def test_lost_vectors_are_noticed_when_they_are_needed(copied: Corpus, statement: str) -> None:
    execute(copied, statement, file=embeddings.FILE)
    with pytest.raises(IndexDamaged, match="vectors of some passages are missing or damaged"):
        copied.found()


def test_a_lost_file_of_vectors(copied: Corpus) -> None:
    (copied.index / embeddings.FILE).unlink()
    with pytest.raises(IndexDamaged, match="its vectors are missing"):
        copied.found()


def execute(corpus: Corpus, *statements: str, file: str = FILE) -> None:
    connection = sqlite3.connect(corpus.index / file)
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
    with pytest.raises(IndexMismatch, match=r"format 999, this program writes format 2; use the newer program, or delete the index"):
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
    assert (changes(summary), summary.generation) == ((0, 0, 0, 63, 63), 2)
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
