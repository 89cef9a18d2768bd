"""What an index must survive: SIGKILL at any moment, a disk that fails at any call, readers during syncs, and any order of actions.

`make torture` runs a thousand trials where the tests run a few (TORTURE=1000); with that many, every single call fails once.
"""

import errno
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from rag.config import Config, IndexConfig
from rag.errors import IndexMissing
from rag.index import Reader, faults, generation, vectors
from rag.index import sync as syncing
from rag.index.check import examine
from rag.index.sync import sync
from rag.testing import HashEmbedder

TRIALS = int(os.environ.get("TORTURE", "40"))
POINTS = (
    "batch embedded", "documents written", "embedded", "words written", "vectors written", "before the commit", "after the commit",
    "vectors removed", "before the seal",
)  # fmt: skip
WORDS = ("sluice", "lantern", "herring", "anchor", "pilot", "barrel", "tide", "rope", "gull", "mast", "oar", "cabin", "reef")
EMBEDDER = HashEmbedder(32)
State = dict[str, str]


def text_of(chance: random.Random) -> str:
    return "# " + chance.choice(WORDS) + "\n\n" + " ".join(chance.choices(WORDS, k=chance.randint(3, 60))) + ".\n"


def change(docs: Path, chance: random.Random) -> None:
    """Add, edit, copy, rename or delete a few files."""
    docs.mkdir(exist_ok=True)
    for _ in range(chance.randint(1, 4)):
        files = sorted(docs.iterdir())
        new = docs / f"{chance.choice(WORDS)}{chance.randint(0, 9)}.md"
        action = chance.choice(("add", "add", "edit", "copy", "rename", "delete"))
        if action == "add" or len(files) < 3:
            new.write_text(text_of(chance), encoding="utf-8")
        elif action == "edit":
            chance.choice(files).write_text(text_of(chance), encoding="utf-8")
        elif action == "copy":
            new.write_bytes(chance.choice(files).read_bytes())
        elif action == "rename":
            chance.choice(files).rename(new)
        else:
            chance.choice(files).unlink()


def on_disk(docs: Path) -> State:
    return {file.name: file.read_text(encoding="utf-8") for file in docs.iterdir()}


def indexed(index: Path) -> State:
    """Name -> text of every document, after a look at whether all parts of the index agree."""
    try:
        with Reader(index, EMBEDDER.fingerprint).snapshot() as snapshot:
            ids = [identifier for identifier, _ in snapshot.store.contents()]
            assert snapshot.words.ids() == ids
            assert len(snapshot.vectors) == len(ids)
            found = {source: snapshot.document(source).text for source, *_ in snapshot.store.documents()}
            for passage in snapshot.store.passages(ids):
                assert found[passage.source][passage.start : passage.end] == passage.text
                (vector,) = EMBEDDER.encode_documents([passage.text])
                assert snapshot.vectors.search(vector, 1)
            return found
    except IndexMissing:
        return {}


def is_sound(index: Path) -> bool:
    return all(finding.sound for finding in examine(index))


# SIGKILL


class Child:
    """The program that runs syncs and has them killed."""

    def __init__(self) -> None:
        command = [sys.executable, str(Path(__file__).with_name("torture_child.py"))]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, **command: object) -> dict[str, Any]:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


@pytest.fixture
def child() -> Iterator[Child]:
    started = Child()
    with started.process:  # closes its input, which ends it
        yield started


def test_killed_at_any_moment_the_old_state_or_the_new_one_is_there(tmp_path: Path, child: Child) -> None:
    docs, index, chance = tmp_path / "docs", tmp_path / "index", random.Random(1)
    before: State = {}
    usual, outcomes = 0.1, {"old": 0, "new": 0}
    for trial in range(TRIALS):
        change(docs, chance)
        after = on_disk(docs)
        where = {"docs": str(docs), "index": str(index)}
        if trial % 2:
            ended = child.run(**where, point=chance.choice(POINTS), times=1)
        else:
            ended = child.run(**where, after=chance.uniform(0, 1.2 * usual))
        assert ended["status"] in (-9, 0)
        found = indexed(index)
        assert found in (before, after), trial
        outcomes["new" if found == after else "old"] += 1
        if chance.random() < 0.5:  # else the next sync finds what this one left
            ended = child.run(**where)
            usual = 0.8 * usual + 0.2 * ended["seconds"]
            assert indexed(index) == after
            assert is_sound(index)
            before = after
        else:
            before = found
    assert min(outcomes.values()) > TRIALS // 10, outcomes


# A disk that fails


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler to build the failing disk with")
    built = tmp_path_factory.mktemp("disk") / "failing_disk.so"
    source = Path(__file__).with_name("failing_disk.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", built, source, "-ldl"], check=True)
    return built


def synced_on(library: Path, docs: Path, index: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    code = (
        "import sys; from torture_child import run; from rag.index import vectors, generation; vectors.EXACT_LIMIT = 20;"
        "sys.exit(run({'docs': sys.argv[1], 'index': sys.argv[2]}))"
    )
    path = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[1])])
    variables = {**os.environ, "LD_PRELOAD": str(library), "FAIL_BELOW": str(index), "PYTHONPATH": path, **environment}
    command = [sys.executable, "-c", code, str(docs), str(index)]
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EIO])
def test_whatever_call_fails_the_old_generation_answers(tmp_path: Path, library: Path, fault: int) -> None:
    docs, index, chance = tmp_path / "docs", tmp_path / "index", random.Random(fault)
    for _ in range(20):
        change(docs, chance)
    assert synced_on(library, docs, index).returncode == 0
    before = on_disk(docs)
    change(docs, chance)
    after = on_disk(docs)
    kept = tmp_path / "kept"
    shutil.copytree(index, kept)
    counted = tmp_path / "count"
    assert synced_on(library, docs, index, FAIL_AT="0", FAIL_COUNT=str(counted)).returncode == 0
    calls = int(counted.read_text())
    assert calls > 20
    told = 0
    for number in range(1, calls + 1, max(1, 2 * calls // TRIALS)):
        shutil.rmtree(index)
        shutil.copytree(kept, index)
        result = synced_on(library, docs, index, FAIL_AT=str(number), FAIL_WITH=str(fault))
        assert result.returncode in (0, 3), (number, result.stderr)
        assert "Traceback" not in result.stderr, (number, result.stderr)
        if result.returncode == 3:
            told += 1
            (sentence,) = result.stderr.splitlines()[-1:]
            assert sentence.startswith("The "), sentence
            assert sentence.endswith("."), sentence
            assert indexed(index) in (before, after), number
        else:
            assert indexed(index) == after, number
        assert synced_on(library, docs, index).returncode == 0
        assert indexed(index) == after
        assert is_sound(index), number
    assert told > 2


# Readers


def test_readers_never_see_two_generations_at_once(tmp_path: Path) -> None:
    docs, index = tmp_path / "docs", tmp_path / "index"
    docs.mkdir()
    config = Config(index=IndexConfig(path=index))
    syncs = max(10, TRIALS // 5)

    def write(version: int) -> None:
        for number in range(1 + version % 7):
            text = f"# Part {number}\n\nThe tide of version {version:04} is told in part {number}."
            (docs / f"{number}.md").write_text(text, encoding="utf-8")
        for number in range(1 + version % 7, 8):
            (docs / f"{number}.md").unlink(missing_ok=True)

    write(0)
    sync(config, EMBEDDER, [docs])
    stop, errors, read = threading.Event(), [], [0] * 8
    shared = Reader(index, EMBEDDER.fingerprint)

    def look(number: int) -> None:
        try:
            while not stop.is_set():
                reader = shared if number % 2 else Reader(index, EMBEDDER.fingerprint)
                with reader.snapshot() as snapshot:
                    (vector,) = EMBEDDER.encode_queries(["tide of version"])
                    near = [i for i, _ in snapshot.vectors.search(vector, 20)]
                    told = [i for i, _ in snapshot.words.search("tide of version", "en", 20)]
                    assert set(near) == set(told)
                    passages = snapshot.store.passages(near)
                    assert len(passages) == len(near) == snapshot.store.count("passages")
                    assert len({passage.text.split("version ")[1][:4] for passage in passages}) == 1
                    for passage in passages:
                        assert snapshot.document(passage.source).text[passage.start : passage.end] == passage.text
                read[number] += 1
        except Exception as error:  # noqa: BLE001 - the test tells of it below
            errors.append(error)

    threads = [threading.Thread(target=look, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for version in range(1, syncs + 1):
        write(version)
        sync(config, EMBEDDER, [docs])
    stop.set()
    for thread in threads:
        thread.join(timeout=30)
    assert errors == []
    assert min(read) > 0


# Any order of actions

NAMES = st.sampled_from([f"{name}.md" for name in ("a", "b", "c", "sub/a", "sub/d")])
TEXTS = st.integers(0, 7).map(lambda number: f"# {WORDS[number]}\n\nThe {WORDS[number]} is kept with the {WORDS[number + 3]}.\n")


class IndexMachine(RuleBasedStateMachine):
    """An index beside a dict of what it should hold."""

    @initialize()
    def start(self) -> None:
        self.root = Path(os.environ["TORTURE_FOLDER"]) / f"{random.getrandbits(64):x}"
        self.docs, self.index = self.root / "docs", self.root / "index"
        self.docs.mkdir(parents=True)
        self.expected: State = {}
        self.reader: Reader | None = None

    def files(self) -> State:
        found = {file.relative_to(self.docs).as_posix(): file for file in self.docs.rglob("*.md")}
        return {name: file.read_text(encoding="utf-8") for name, file in found.items()}

    @rule(name=NAMES, text=TEXTS)
    def write(self, name: str, text: str) -> None:
        (self.docs / name).parent.mkdir(exist_ok=True)
        (self.docs / name).write_text(text, encoding="utf-8")

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        (self.docs / name).unlink(missing_ok=True)

    @rule(name=NAMES, new=NAMES)
    def rename(self, name: str, new: str) -> None:
        if (self.docs / name).is_file():
            (self.docs / new).parent.mkdir(exist_ok=True)
            (self.docs / name).rename(self.docs / new)

    @rule()
    def sync(self) -> None:
        sync(Config(index=IndexConfig(path=self.index)), EMBEDDER, [self.docs])
        if found := self.files():  # a folder without any document changes nothing
            self.expected = found

    @rule(point=st.sampled_from(POINTS))
    def stopped_sync(self, point: str) -> None:
        """Ctrl-C at a point of the sync: before the commit nothing changes."""

        def reached(name: str) -> None:
            if name == point:
                raise KeyboardInterrupt

        usual, faults.reached = faults.reached, reached
        try:
            self.sync()
        except KeyboardInterrupt:
            if POINTS.index(point) > POINTS.index("before the commit") and self.files():
                self.expected = self.files()
        finally:
            faults.reached = usual

    @precondition(lambda self: self.expected)
    @rule()
    def read(self) -> None:
        assert indexed(self.index) == self.expected
        self.reader = self.reader or Reader(self.index, EMBEDDER.fingerprint)
        with self.reader.snapshot() as snapshot:
            assert {source for source, *_ in snapshot.store.documents()} == set(self.expected)
            assert snapshot.words.ids() == [identifier for identifier, _ in snapshot.store.contents()]

    @precondition(lambda self: self.expected)
    @rule(number=st.integers(0, 10))
    def search(self, number: int) -> None:
        word = WORDS[number]
        with Reader(self.index, EMBEDDER.fingerprint).snapshot() as snapshot:
            found = snapshot.store.passages([i for i, _ in snapshot.words.search(word, "en", 50)])
            names = {name for passage in found for name in (passage.source, *passage.copies)}
        assert names == {name for name, text in self.expected.items() if word in text}

    @precondition(lambda self: self.expected)
    @rule()
    def check(self) -> None:
        assert is_sound(self.index)

    def teardown(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)


def test_any_order_of_actions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORTURE_FOLDER", str(tmp_path))
    monkeypatch.setattr(generation, "JOINED", 4)
    monkeypatch.setattr(generation, "PART", 3)
    monkeypatch.setattr(syncing, "EMBED_BATCH", 1)
    monkeypatch.setattr(syncing, "EMBED_SECONDS", 0)
    monkeypatch.setattr(vectors, "TAIL_LIMIT", 2)
    IndexMachine.TestCase.settings = settings(
        max_examples=max(10, TRIALS // 4), stateful_step_count=20, deadline=None, derandomize=True, database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )  # fmt: skip
    result = unittest.TestResult()
    IndexMachine.TestCase("runTest").run(result)
    assert [text for _, text in (*result.errors, *result.failures)] == []
