"""`rag check`: what it finds and mends, what is lost, and that deleted texts are gone; indexes of older formats; embedders side by side."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from small_corpus import CAT, DOG, Corpus, changes
from test_reader import DAMAGES, execute, rewrite, truncate

from rag.errors import IndexBusy, IndexDamaged, IndexMismatch, IndexMissing
from rag.index import Reader, embeddings
from rag.index.check import examine, traces
from rag.index.seal import FILE as SEAL
from rag.index.seal import is_sealed
from rag.index.store import FILE
from rag.index.sync import repair, sync
from rag.index.words import remove
from rag.testing import HashEmbedder

pytestmark = pytest.mark.usefixtures("small_bases")


def is_sound(corpus: Corpus) -> bool:
    return all(finding.sound for finding in examine(corpus.index))


def mend(corpus: Corpus) -> list[str]:
    _, lost = repair(corpus.config, [corpus.embedder])
    assert is_sound(corpus)
    return lost


# Sound, and damaged


def test_a_sound_index(sound: Corpus) -> None:
    assert [(finding.part, finding.sound, finding.detail) for finding in examine(sound.index)] == [
        ("documents", True, "63 documents and 63 passages, every row as it was written"),
        ("vectors", True, "one for every passage of hash-64"),
        ("words", True, "g1 holds 63 passages, those of the documents"),
        ("vectors", True, "g1 holds 63 passages, those of the documents"),
    ]


@pytest.mark.parametrize("damage", DAMAGES, ids=["truncate", "flip", "append", "swap", "empty", "delete"])
def test_every_damaged_file_is_found_and_mended(copied: Corpus, damage: object, sound: Corpus) -> None:
    expected = copied.found()
    files = sorted(file for file in copied.index.rglob("*") if file.is_file() and file.suffix != ".lock" and file.parent != copied.index)
    assert len(files) >= 8
    for name in [str(file.relative_to(copied.index)) for file in files]:
        remove(copied.index)
        shutil.copytree(sound.index, copied.index)
        before = (copied.index / name).read_bytes()
        damage(copied.index / name)
        if (copied.index / name).is_file() and (copied.index / name).read_bytes() == before:
            continue  # two indexes may hold the same ids
        assert not is_sound(copied), name
        assert mend(copied) == []
        assert copied.found() == expected


@pytest.mark.parametrize("kept", [0, 100, 5_000])
def test_damaged_vectors_are_computed_again(copied: Corpus, kept: int) -> None:
    expected = copied.found()
    file = copied.index / embeddings.FILE
    rewrite(file, file.read_bytes()[:kept])
    assert not is_sound(copied)
    copied.embedder.texts.clear()
    assert mend(copied) == []
    assert len(copied.embedder.texts) == 63
    assert copied.found() == expected


def test_only_the_vectors_that_are_damaged_are_computed_again(copied: Corpus) -> None:
    execute(copied, "UPDATE vectors SET vector = zeroblob(72) WHERE id IN (5, 6)", file=embeddings.FILE)
    assert [finding.detail for finding in examine(copied.index) if not finding.sound] == ["vectors of some passages are missing or damaged"]
    copied.embedder.texts.clear()
    assert mend(copied) == []
    assert len(copied.embedder.texts) == 2


def test_what_is_lost_of_the_documents_is_named(copied: Corpus) -> None:
    execute(copied, "UPDATE passages SET text = replace(text, 'harbour', 'castle') WHERE text LIKE '%harbour cat%'")
    (finding, *others) = examine(copied.index)
    assert (finding.part, finding.sound, others) == ("documents", False, [])
    assert finding.detail == "the text of cat.md is not the one that was stored"
    with pytest.raises(IndexDamaged, match=r"rag check --repair --index .* mends what can be\.$"):
        copied.found()
    copied.embedder.texts.clear()
    assert mend(copied) == ["cat.md"]
    assert copied.embedder.texts == []
    assert len(copied.sources()) == 62
    assert changes(copied.sync())[:4] == (1, 0, 0, 62)
    assert copied.found()[0] == ("cat.md", CAT)


def test_a_reader_that_was_open_sees_the_mended_index(copied: Corpus) -> None:
    reader = Reader(copied.index, copied.embedder.fingerprint)
    execute(copied, "UPDATE documents SET title = 'x' WHERE source = 'dog.md'")
    mend(copied)
    with reader.snapshot() as snapshot:
        assert (snapshot.generation, len(snapshot.vectors), len(snapshot.words)) == (2, 62, 62)


def test_a_database_that_is_torn_gives_back_what_can_be_read(copied: Corpus) -> None:
    file = copied.index / FILE
    content = bytearray(file.read_bytes())
    page = 4096 * (len(content) // 4096 * 3 // 4)
    content[page : page + 4096] = bytes(4096)
    rewrite(file, bytes(content))
    assert not is_sound(copied)
    lost = mend(copied)
    nameless = sum(int(name.split()[0]) for name in lost if name.endswith("documents whose names cannot be read"))
    named = [name for name in lost if name.endswith(".md")]
    assert 0 < len(copied.sources()) < 63
    assert len(copied.sources()) + len(named) + nameless == 63
    assert copied.sync().documents == 63


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 500])
def test_nothing_can_be_read(copied: Corpus, content: bytes) -> None:
    rewrite(copied.index / FILE, content)
    assert not is_sound(copied)
    with pytest.raises(IndexDamaged, match=r"Nothing can be read of the index at .*; delete that folder and run rag index again\."):
        repair(copied.config, [copied.embedder])


def test_no_index(tmp_path: Path) -> None:
    for action in (lambda: examine(tmp_path), lambda: repair(Corpus(tmp_path).config, [HashEmbedder()])):
        with pytest.raises(IndexMissing, match="There is no index at"):
            action()


def test_leftovers_of_a_killed_sync_are_told_and_removed(copied: Corpus) -> None:
    shutil.copytree(copied.index / "g1", copied.index / "g2")
    (*_, last) = examine(copied.index)
    assert (last.part, last.sound) == ("leftovers", True)
    assert "1 folders and 0 vectors" in last.detail
    assert changes(copied.sync())[:4] == (0, 0, 0, 63)
    assert [folder.name for folder in copied.index.glob("g*")] == ["g1"]
    assert is_sealed(copied.index, 1)


def test_a_seal_that_is_lost_or_wrong_costs_one_verification(copied: Corpus) -> None:
    expected = copied.found()
    assert is_sealed(copied.index, 1)
    for content in (b"", b"{}", b"[", json.dumps({"generation": 7, "files": {}}).encode()):
        (copied.index / SEAL).write_bytes(content)
        assert not is_sealed(copied.index, 1)
        assert copied.found() == expected
        assert is_sealed(copied.index, 1)


def test_while_a_sync_runs_nothing_is_verified_and_repair_waits(copied: Corpus) -> None:
    (copied.index / SEAL).unlink()
    expected = copied.found()
    (copied.index / SEAL).unlink()
    seen: list[object] = []

    def meanwhile(*_: object) -> None:
        if seen:
            return
        seen.append(copied.found())
        with pytest.raises(IndexBusy):
            repair(copied.config, [copied.embedder])

    copied.sync(progress=meanwhile)
    assert seen[0] == expected
    assert is_sealed(copied.index, 1)


# Deleted text


def test_deleted_text_leaves_no_trace(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path)
    corpus.write_many(60)
    corpus.sync()
    assert traces(corpus.index, "allergic") == [FILE]
    (corpus.docs / "dog.md").unlink()
    corpus.sync()
    assert traces(corpus.index, "allergic") == []
    assert is_sound(corpus)
    with Reader(corpus.index, corpus.embedder.fingerprint).snapshot() as snapshot:
        assert snapshot.words.ids() == [number for number, _ in snapshot.store.contents()]
        for term in ("allerg", "porter", "llerg", "aller"):
            assert snapshot.words._searcher.doc_freq("en", term) + snapshot.words._searcher.doc_freq("grams", term[:4]) == 0
    with closing(sqlite3.connect(corpus.index / embeddings.FILE)) as connection:
        assert connection.execute("SELECT count(*) FROM vectors").fetchone() == (62,)


def test_vectors_of_a_text_that_was_never_committed_do_not_stay(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path)
    corpus.sync()
    corpus.write(secret="# Secret\n\nThe combination of the safe is known to the pilot alone.")

    def stop(done: int, total: int, label: str) -> None:
        if label == "embedding":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        corpus.sync(progress=stop)
    assert "1 more of texts that a stopped sync will index" in next(f.detail for f in examine(corpus.index) if f.part == "vectors")
    (corpus.docs / "secret.md").unlink()
    corpus.write(gull="# The gull\n\nThe gull steals herring.\n")
    corpus.sync()
    with closing(sqlite3.connect(corpus.index / embeddings.FILE)) as connection:
        assert connection.execute("SELECT count(*) FROM vectors").fetchone() == (4,)


# Embedders


def test_two_embedders_side_by_side(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path)
    other = HashEmbedder(32)
    corpus.sync(also=[other])
    corpus.write(gull="# The gull\n\nThe gull steals herring.\n")
    assert corpus.sync(also=[other]).embedded == 2
    for embedder in (corpus.embedder, other):
        with Reader(corpus.index, embedder.fingerprint).snapshot() as snapshot:
            (vector,) = embedder.encode_queries(["gull steals herring"])
            (found,) = snapshot.store.passages([snapshot.vectors.search(vector, 1)[0][0]])
            assert (found.source, snapshot.vectors.dimension) == ("gull.md", embedder.dimension)
    assert is_sound(corpus)
    assert changes(corpus.sync()) == (0, 0, 0, 4, 0)
    with pytest.raises(IndexMismatch):
        Reader(corpus.index, other.fingerprint)
    assert is_sound(corpus)


def test_a_swap_of_embedder_goes_on_where_it_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rag.index import sync as syncing

    monkeypatch.setattr(syncing, "EMBED_BATCH", 10)
    monkeypatch.setattr(syncing, "EMBED_SECONDS", 0)
    corpus = Corpus(tmp_path)
    corpus.write_many(60)
    corpus.sync()
    expected = corpus.found()
    calls = 0

    def stop(*_: object) -> None:
        nonlocal calls
        calls += 1
        assert corpus.found() == expected
        if calls == 63 + 4:
            raise KeyboardInterrupt

    other = HashEmbedder(32)
    with pytest.raises(KeyboardInterrupt):
        corpus.sync(embedder=other, progress=stop)
    assert corpus.found() == expected
    summary = corpus.sync(embedder=other)
    assert (summary.embedded, summary.unchanged) == (63 - 40, 63)
    with Reader(corpus.index, other.fingerprint).snapshot() as snapshot:
        assert len(snapshot.vectors) == 63


# Formats

FORMAT_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL UNIQUE, path TEXT NOT NULL, sha256 TEXT NOT NULL, title TEXT NOT NULL, language TEXT,
    date TEXT, text TEXT NOT NULL, pages TEXT NOT NULL, headings TEXT NOT NULL);
"""


def test_an_index_of_format_1_is_converted_by_the_next_sync(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path)
    corpus.index.mkdir()
    with closing(sqlite3.connect(corpus.index / FILE)) as old:
        old.executescript(FORMAT_1)
        old.executemany("INSERT INTO meta VALUES (?, ?)", [("format", "1"), ("generation", "4")])
        for number, (name, text) in enumerate({"elsewhere/cat.md": CAT, "elsewhere/old.md": DOG}.items(), 1):
            row = (number, Path(name).name, f"/{name}", f"{number}" * 64, "The title", "en", None, text, "[]", '[[0, 9, 1, "The title"]]')
            old.execute("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        old.commit()
    with pytest.raises(IndexMismatch, match=r"has format 1, this program reads format 2; run rag index on your documents to convert it\."):
        corpus.sources()
    corpus.write("more", gull="# The gull\n\nThe gull steals herring.\n")
    summary = corpus.sync("more")
    assert (changes(summary), summary.documents, summary.generation) == ((1, 2, 0, 0, 3), 3, 5)
    with Reader(corpus.index, corpus.embedder.fingerprint).snapshot() as snapshot:
        assert [document[0] for document in snapshot.store.documents()] == ["cat.md", "gull.md", "old.md"]
        stored = snapshot.document("cat.md")
        assert (stored.text, stored.title, stored.headings[0].text) == (CAT, "The title", "The title")
    assert is_sound(corpus)


def test_a_damaged_file_of_a_large_index_is_not_rebuilt_in_memory(copied: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    from rag.index import reader

    monkeypatch.setattr(reader, "IN_MEMORY", 10)
    truncate(next(copied.index.glob("g1/words/*.idx")))
    with pytest.raises(IndexDamaged, match="its search files are not those that were written"):
        copied.found()
    mend(copied)
    assert copied.found()[0] == ("cat.md", CAT)
    assert sync(copied.config, copied.embedder, [copied.docs]).unchanged == 63
