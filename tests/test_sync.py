"""What a sync changes and what it leaves: files added, edited, moved, deleted, unreadable; and one generation for each reader."""

import errno
import os
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from small_corpus import BOAT, CAT, DOG, Corpus, answers, changes

from rag.config import SplitConfig
from rag.errors import IndexMissing, InputError
from rag.index import Reader, embeddings, plan
from rag.index import sync as syncing
from rag.index.check import traces
from rag.index.manifest import Manifest
from rag.index.store import Store
from rag.index.sync import Skipped, sync_documents
from rag.load import Limits, load_file, workers

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
        assert snapshot.words.ids() == [number for number, _ in snapshot.store.contents()]
    with closing(sqlite3.connect(corpus.index / embeddings.FILE)) as vectors:
        assert vectors.execute("SELECT count(*) FROM vectors").fetchone() == (2,)
    assert traces(corpus.index, "allergic") == []
    files = [file for file in corpus.index.rglob("*") if file.is_file()]
    assert [file.name for file in files if b"allergic" in file.read_bytes()] == []


def test_a_file_that_was_given_itself_is_gone_with_the_next_sync_of_its_folder(corpus: Corpus) -> None:
    def given() -> list[Path]:
        return sorted(corpus.docs.iterdir())

    syncing.sync(corpus.config, corpus.embedder, given())
    (corpus.docs / "dog.md").unlink()
    summary = syncing.sync(corpus.config, corpus.embedder, given())
    assert changes(summary) == (0, 0, 1, 2, 0)
    assert "dog.md" not in {source for source, _ in corpus.found()}


def test_a_renamed_file_keeps_its_vectors(corpus: Corpus) -> None:
    corpus.sync()
    (corpus.docs / "cat.md").rename(corpus.docs / "kitten.md")
    assert changes(corpus.sync()) == (1, 0, 1, 2, 0)
    assert corpus.found()[0] == ("kitten.md", CAT)


def test_texts_that_are_equal_share_one_vector(corpus: Corpus) -> None:
    corpus.write(copy=CAT + "\n")
    assert changes(corpus.sync()) == (4, 0, 0, 0, 3)
    assert Counter(text for _, text in corpus.found())[CAT] == 2


# Copies


def test_a_copy_is_stored_once_and_known_under_each_name(corpus: Corpus) -> None:
    corpus.write(copy=CAT)
    corpus.write("docs/more", cat=CAT)
    summary = corpus.sync()
    assert changes(summary) == (5, 0, 0, 0, 3)
    assert (summary.documents, summary.passages) == (5, 3)
    assert corpus.sources() == ["boat.md", "cat.md", "copy.md", "dog.md", "more/cat.md"]
    with Reader(corpus.index, corpus.embedder.fingerprint).snapshot() as snapshot:
        (first, *_) = snapshot.store.passages([i for i, _ in snapshot.words.search("harbour cat", "en", 1)])
        assert (first.source, first.copies) == ("cat.md", ("copy.md", "more/cat.md"))
        copied = snapshot.document("more/cat.md")
        assert (copied.source, copied.text) == ("more/cat.md", CAT)
    assert changes(corpus.sync()) == (0, 0, 0, 5, 0)


def test_the_other_names_stay_when_the_first_goes(corpus: Corpus) -> None:
    corpus.write(copy=CAT)
    corpus.sync()
    (corpus.docs / "cat.md").unlink()
    assert changes(corpus.sync()) == (0, 0, 1, 3, 0)
    assert corpus.sources() == ["boat.md", "copy.md", "dog.md"]
    assert corpus.found()[0] == ("copy.md", CAT)


def test_a_copy_that_is_edited_or_deleted_leaves_the_others(corpus: Corpus) -> None:
    corpus.write(copy=CAT, third=CAT)
    corpus.sync()
    corpus.write(copy=CAT.replace("keeper", "steward"))
    (corpus.docs / "third.md").unlink()
    assert changes(corpus.sync()) == (0, 1, 1, 3, 1)
    with Reader(corpus.index, corpus.embedder.fingerprint).snapshot() as snapshot:
        assert "steward" in snapshot.document("copy.md").text
        assert snapshot.document("cat.md").text == CAT
        assert [passage.copies for passage in snapshot.store.all_passages()] == [(), (), (), ()]


def test_a_file_that_becomes_a_copy_of_another(corpus: Corpus) -> None:
    corpus.sync()
    corpus.write(dog=CAT)
    summary = corpus.sync()
    assert (changes(summary), summary.passages) == ((0, 1, 0, 2, 0), 2)
    assert corpus.sources() == ["boat.md", "cat.md", "dog.md"]
    assert "allergic" not in " ".join(text for _, text in corpus.found("allergic"))


def test_copies_in_two_folders_that_are_indexed_one_after_the_other(corpus: Corpus) -> None:
    corpus.sync()
    corpus.write("more", kitten=CAT)
    assert changes(corpus.sync("more")) == (1, 0, 0, 0, 0)
    for name in ("cat", "dog", "boat"):
        (corpus.docs / f"{name}.md").rename(corpus.root / f"{name}.md")
    corpus.write(gull="# The gull\n\nThe gull steals herring.\n")
    assert changes(corpus.sync()) == (1, 0, 3, 0, 1)
    assert corpus.sources() == ["gull.md", "kitten.md"]
    assert corpus.found()[0] == ("kitten.md", CAT)


def test_equal_bytes_of_two_formats_are_two_documents(corpus: Corpus) -> None:
    (corpus.docs / "cat.txt").write_text(CAT, encoding="utf-8")
    assert corpus.sync().added == 4
    with Reader(corpus.index, corpus.embedder.fingerprint).snapshot() as snapshot:
        assert snapshot.store.count("passages") == 4


# What would change


def test_a_dry_run_writes_nothing(corpus: Corpus) -> None:
    before = corpus.sync(dry_run=True)
    assert (changes(before), before.documents, before.dry_run) == ((3, 0, 0, 0, 0), 0, True)
    assert not corpus.index.exists()
    corpus.sync()
    state = {file: file.read_bytes() for file in corpus.index.rglob("*") if file.is_file()}
    corpus.write(cat=CAT.replace("keeper", "steward"), gull="# The gull\n\nThe gull steals herring.\n", empty=" ")
    (corpus.docs / "dog.md").unlink()
    summary = corpus.sync(dry_run=True)
    assert (changes(summary), summary.documents, summary.generation) == ((1, 1, 1, 1, 0), 3, 1)
    assert summary.skipped == (Skipped("empty.md", "empty"),)
    assert {file: file.read_bytes() for file in corpus.index.rglob("*") if file.is_file()} == state
    assert changes(corpus.sync())[:4] == changes(summary)[:4]


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


def test_a_new_version_of_the_program_reads_again_and_embeds_nothing(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus.sync()
    monkeypatch.setattr(plan, "__version__", "999")
    assert changes(corpus.sync()) == (0, 3, 0, 0, 0)
    assert changes(corpus.sync()) == (0, 0, 0, 3, 0)


def test_files_are_loaded_again_by_readers_of_another_version_also_folder_by_folder(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each document is noted who made its text: syncing one folder, or removing a name, does not say that of the others."""
    corpus.write("more", gull="# The gull\n\nThe gull steals herring.", tern=BOAT.replace("boat", "tern"), copy=CAT)
    corpus.sync("docs", "more")

    def texts() -> dict[str, str]:
        with closing(Store.open(corpus.index)) as store:
            return {source: store.document(source).text for source, *_ in store.documents()}  # type: ignore[union-attr]

    before = texts()
    for module, name in ((plan, "READERS"), (syncing, "READERS")):
        monkeypatch.setattr(module, name, "readers-new")
    monkeypatch.setattr(workers, "load_file", lambda *given: replace(load_file(*given), text=load_file(*given).text.upper()))
    assert corpus.sync(dry_run=True).updated == 3
    assert changes(corpus.sync()) == (0, 3, 0, 0, 3)
    loaded = {source: text.upper() if source in ("boat.md", "cat.md", "dog.md") else text for source, text in before.items()}
    assert texts() == loaded
    monkeypatch.setattr(plan, "__version__", "999")
    syncing.remove(corpus.config, corpus.embedder, ["tern.md"])  # splits the others again, from the texts that are stored
    assert texts() == {source: text for source, text in loaded.items() if source != "tern.md"}
    assert changes(corpus.sync("more")) == (1, 2, 0, 0, 2)
    assert texts() == {source: text.upper() for source, text in before.items()}
    assert changes(corpus.sync("docs", "more")) == (0, 0, 0, 6, 0)


def test_an_index_without_the_note_who_read_its_files_is_read_again(corpus: Corpus) -> None:
    corpus.sync()
    with closing(sqlite3.connect(corpus.index / "index.db")) as database:
        database.execute("DROP TABLE readers")
    assert corpus.sync(dry_run=True).updated == 3
    assert changes(corpus.sync()) == (0, 3, 0, 0, 0)
    assert changes(corpus.sync()) == (0, 0, 0, 3, 0)


def test_documents_that_are_no_files(corpus: Corpus) -> None:
    documents = [load_file(corpus.docs / name, name, 10_000) for name in ("cat.md", "dog.md")]
    assert changes(sync_documents(corpus.config, corpus.embedder, documents)) == (2, 0, 0, 0, 2)
    summary = sync_documents(corpus.config, corpus.embedder, documents[:1])
    assert (summary.removed, summary.documents, summary.embedded) == (1, 1, 0)
    assert corpus.sources() == ["cat.md"]


def test_a_name_that_is_not_utf_8(corpus: Corpus) -> None:
    Path(os.fsdecode(os.fsencode(corpus.docs) + b"/caf\xe9.md")).write_text(BOAT.replace("boat", "bar"), encoding="utf-8")
    assert corpus.sync().added == 4
    assert corpus.sources() == ["boat.md", "caf\\xe9.md", "cat.md", "dog.md"]
    assert changes(corpus.sync()) == (0, 0, 0, 4, 0)


def test_progress_counts_to_the_end(corpus: Corpus) -> None:
    steps: list[tuple[int, int, str]] = []
    corpus.sync(progress=lambda *step: steps.append(step))
    counted = [(done, 3, label) for label in ("comparing", "reading") for done in (1, 2, 3)]
    assert steps == [*counted, (3, 3, "embedding")]


# What cannot be read


def test_the_author_is_kept(corpus: Corpus) -> None:
    corpus.write(essay="---\nauthor: Ana Núñez\n---\n# Essay\n\nOn the herring.\n")
    corpus.sync()
    with closing(Store.open(corpus.index)) as store:
        documents = {source: store.document(source) for source in ("essay.md", "cat.md")}
    assert {source: document.author for source, document in documents.items() if document} == {"essay.md": "Ana Núñez", "cat.md": None}


def test_skipped_files_have_reasons(corpus: Corpus) -> None:
    (corpus.docs / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    corpus.write(empty=" \n")
    summary = corpus.sync()
    assert summary.skipped == (Skipped("empty.md", "empty"), Skipped("photo.jpg", "unsupported format .jpg"))
    assert summary.added == 3


def test_a_file_that_vanishes_while_it_is_read(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(path: Path, source: str, limits: Limits) -> object:
        if source == "dog.md":
            path.unlink()
        return load_file(path, source, limits)

    monkeypatch.setattr(workers, "load_file", load)
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


def test_a_sync_that_commits_while_a_snapshot_is_opened(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sync may commit between the moment a question takes its snapshot and the moment it opens the search files."""
    corpus.sync()
    reader = Reader(corpus.index, corpus.embedder.fingerprint)
    reader._current = None
    check = Reader._check_fingerprint

    def late(self: Reader, manifest: Manifest) -> None:
        monkeypatch.setattr(Reader, "_check_fingerprint", check)
        check(self, manifest)
        (corpus.docs / "dog.md").unlink()
        corpus.sync()

    monkeypatch.setattr(Reader, "_check_fingerprint", late)
    with reader.snapshot() as opened:
        counts = (opened.store.count("documents"), len(opened.vectors), len(opened.words))
        assert (opened.generation, *counts) in ((1, 3, 3, 3), (2, 2, 2, 2))


def test_only_the_files_of_the_last_generation_stay(corpus: Corpus) -> None:
    for number in range(3):
        corpus.write(cat=f"{CAT}{number}")
        corpus.sync()
    assert [folder.name for folder in corpus.index.glob("g*")] == ["g3"]
