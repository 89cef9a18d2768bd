"""The command line: its JSON as in the public contract, its exit statuses, and one sentence for each thing that goes wrong."""

import errno
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
from filelock import FileLock
from small_corpus import HashEncoder, raising

from rag import __version__
from rag.cli import app, main
from rag.config import Config, IndexConfig
from rag.doctor import CORE
from rag.embed import configured_embedders
from rag.errors import ModelError
from rag.index.manifest import Manifest
from rag.index.store import FILE
from rag.index.sync import sync, writing
from rag.load import Limits, load_file, workers
from rag.paths import PACKAGE, shipped

MODEL_QUESTION = "what does Article 4 permit"
INDEX_FIELDS = ["documents", "passages", "added", "updated", "removed", "unchanged", "skipped", "embedded", "generation", "seconds"]
HIT_FIELDS = ["rank", "source", "title", "start", "end", "page", "section", "text", "score", "why"]
WHY_FIELDS = ["reference", "matched_terms", "lexical_rank", "lexical_score", "dense_rank", "dense_score", "fused_score"]
WHY_FIELDS += ["contextual_rank", "contextual_score"]
CITATION_FIELDS = ["number", "source", "title", "start", "end", "page", "section", "quote", "score"]
ASK_FIELDS = ["question", "standalone_question", "language", "abstained", "reason", "text"]
ASK_FIELDS += ["sentences", "citations", "hits", "timings_ms", "fingerprint", "confidence"]
COMMANDS = ("index", "remove", "ask", "verify", "search", "show", "check", "chat", "eval", "models", "doctor", "version")


class Result(NamedTuple):
    status: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run the command line in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("RAG_")]:
        monkeypatch.delenv(name)

    def invoke(*arguments: object) -> Result:
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Result(int(caught.value.code or 0), captured.out, captured.err)

    yield invoke
    assert "Traceback" not in capsys.readouterr().err


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "cat.md").write_text("# The cat\n\nThe keeper feeds the harbour cat at six.\n", encoding="utf-8")
    (folder / "dog.md").write_text("# El perro\n\nEl portero da de comer al perro a las siete.\n", encoding="utf-8")
    return folder


def refused(result: Result, status: int, *parts: str) -> None:
    """Nothing on standard output, one sentence on standard error."""
    assert (result.status, result.out) == (status, "")
    sentence(result.err, *parts)


def sentence(err: str, *parts: str) -> None:
    assert re.fullmatch(r"rag: [^\n]+[.\w]\n", err), err
    for part in parts:
        assert part in err


def process(*arguments: object, **options: Any) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "rag", *map(str, arguments)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAG_")} | {"PYTHONPATH": str(PACKAGE.parent)}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, env=environment | options.pop("env", {}), check=False, **options
    )


def test_an_index_that_may_not_be_written_to_can_be_asked(docs: Path, tmp_path: Path) -> None:
    """As root only without the privilege to write everywhere."""
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("setpriv is not here")
    index = tmp_path / "shared"
    assert process("index", docs, "--index", index).returncode == 0
    before = process("ask", "what does Article 4 say", "--index", index)
    for path in (*index.rglob("*"), index):
        path.chmod(0o555 if path.is_dir() else 0o444)
    held = "--bounding-set=-dac_override,-dac_read_search,-fowner"
    unprivileged = ["setpriv", held, "--inh-caps=-all"] if os.geteuid() == 0 else []
    try:
        for command in (("ask", "what does Article 4 say"), ("check",)):
            done = subprocess.run(
                [*unprivileged, sys.executable, "-m", "rag", *command, "--index", str(index)], capture_output=True, text=True, timeout=60,
                check=False, cwd=PACKAGE.parent,
            )  # fmt: skip
            assert (done.returncode, done.stderr) == (0, ""), command
            assert command[0] == "check" or done.stdout == before.stdout
    finally:
        for path in (index, *index.rglob("*")):
            path.chmod(0o755)


def test_an_index_that_may_not_be_read(run: Run, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("index", docs)
    real = Path.is_file

    def is_file(path: Path) -> bool:
        if path.name == FILE:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "is_file", is_file)
    said = "The index at index/default could not be read (Permission denied); fix permissions and run it again."
    for command in (("ask", "x"), ("show", "cat.md"), ("search", "x"), ("remove", "cat.md"), ("check",), ("check", "--repair")):
        refused(run(*command), 3, said)
    assert f"FAIL {said}" in run("doctor").out


# JSON


def test_index_json(run: Run, docs: Path) -> None:
    (docs / "photo.jpg").write_bytes(b"\xff\xd8")
    result = run("index", docs, "--index", "here", "--json")
    assert (result.status, result.err) == (0, "")
    summary = json.loads(result.out)
    assert list(summary) == [*INDEX_FIELDS, "contextual"]
    assert summary["contextual"] == {"done": 2, "total": 2}
    assert summary["skipped"] == [{"source": "photo.jpg", "reason": "unsupported format .jpg"}]
    assert [summary[name] for name in INDEX_FIELDS[:6]] == [2, 2, 2, 0, 0, 0]
    assert (summary["embedded"], summary["generation"]) == (2, 1)
    assert 0 < summary["seconds"] < 60
    again = json.loads(run("index", docs, "--index", "here", "--json").out)
    assert (again["unchanged"], again["embedded"], again["generation"]) == (2, 0, 1)


def test_search_json(run: Run, seeds_index: Path) -> None:
    result = run("search", "¿qué permite el artículo 4?", "--index", seeds_index, "-k", 3, "--json")
    assert (result.status, result.err) == (0, "")
    found = json.loads(result.out)
    assert list(found) == ["question", "language", "hits"]
    assert (found["question"], found["language"], len(found["hits"])) == ("¿qué permite el artículo 4?", "es", 3)
    for rank, hit in enumerate(found["hits"], 1):
        assert list(hit) == HIT_FIELDS
        assert list(hit["why"]) == WHY_FIELDS
        assert (hit["rank"], hit["why"]["reference"]) == (rank, "article 4")
        shown = run("show", hit["source"], "--start", hit["start"], "--end", hit["end"], "--index", seeds_index)
        assert shown.out == hit["text"] + "\n"


def test_ask_json(run: Run, seeds_index: Path) -> None:
    result = run("ask", MODEL_QUESTION, "--index", seeds_index, "--json")
    assert (result.status, result.err) == (0, "")
    assert result.out.count("\n") == 1
    answer = json.loads(result.out)
    assert list(answer) == [*ASK_FIELDS, "note"]
    assert (answer["question"], answer["standalone_question"], answer["language"]) == (MODEL_QUESTION, MODEL_QUESTION, "en")
    assert (answer["abstained"], answer["reason"]) == (False, None)
    for item in answer["sentences"]:
        assert list(item) == ["text", "citations", "verdict"]
        assert item["verdict"] in ("quoted", "supported", "unsupported")
    for number, citation in enumerate(answer["citations"], 1):
        assert list(citation) == CITATION_FIELDS
        assert citation["number"] == number
        text = (shipped("seeds") / citation["source"]).read_bytes()
        if citation["source"].endswith((".md", ".txt")):
            assert text.decode()[citation["start"] : citation["end"]] == citation["quote"]
    assert [list(hit) for hit in answer["hits"]] == [HIT_FIELDS] * len(answer["hits"])
    assert any("«asistencia militar y de otro tipo»" in citation["quote"] for citation in answer["citations"])
    assert answer["timings_ms"]["total"] > 0


def test_an_abstention_is_done(run: Run, seeds_index: Path) -> None:
    answer = json.loads(run("ask", "Article 57 of the Sarmenor agreement", "--index", seeds_index, "--json").out)
    assert (answer["abstained"], answer["reason"], answer["citations"], answer["sentences"]) == (True, "reference_absent", [], [])
    result = run("ask", "What is the capital of Australia?", "--index", seeds_index)
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith("The documents do not say.")


def test_pages_of_a_pdf_are_cited(run: Run, tmp_path: Path) -> None:
    canvas = pytest.importorskip("reportlab.pdfgen.canvas")
    (tmp_path / "docs").mkdir()
    page = canvas.Canvas(str(tmp_path / "docs/rules.pdf"))
    for text in ("The keeper feeds the harbour cat at six in the morning.", "The pilots paint their boat green every summer."):
        page.drawString(72, 700, text)
        page.showPage()
    page.save()
    assert run("index", "docs").status == 0
    answer = json.loads(run("ask", "what colour do the pilots paint their boat", "--json").out)
    assert [(citation["source"], citation["page"]) for citation in answer["citations"]] == [("rules.pdf", 2)]
    assert ", p. 2" in run("ask", "what colour do the pilots paint their boat").out


# Text for people


def test_index_summary(run: Run, docs: Path) -> None:
    (docs / "photo [1].jpg").write_bytes(b"\xff\xd8")
    (docs / "empty.txt").write_bytes(b"")
    (docs / "SOURCES.md").write_text("Where it is from.", encoding="utf-8")
    result = run("index", docs, "--index", "here")
    first, *skipped, covered = result.out.splitlines()
    assert covered == "contextual vectors: 2 of 2"
    assert re.fullmatch(r"2 documents, 2 passages in here \(2 added, 0 updated, 0 removed, 0 unchanged; [\d.]+ s\)", first)
    assert skipped == [
        "  skipped SOURCES.md: describes the folder, not indexed; rename it to have it indexed",
        "  skipped empty.txt: empty",
        "  skipped photo [1].jpg: unsupported format .jpg",
    ]
    assert (result.status, result.err) == (0, "")


def test_of_many_files_that_are_skipped_alike_a_few_are_named(run: Run, docs: Path) -> None:
    for number in range(21):
        (docs / f"photo {number:02}.jpg").write_bytes(b"\xff\xd8")
    (docs / "empty.txt").write_bytes(b"")
    assert [line for line in run("index", docs).out.splitlines() if line.startswith("  skipped")] == [
        "  skipped empty.txt: empty",
        *(f"  skipped photo {number:02}.jpg: unsupported format .jpg" for number in range(5)),
        "  skipped 16 more: unsupported format .jpg (--json names them all)",
    ]
    assert len(json.loads(run("index", docs, "--json").out)["skipped"]) == 22
    (docs / "photo 20.jpg").unlink()
    assert "more:" not in run("index", docs).out


def test_a_section_that_is_numbered_with_a_sign_has_one_sign(run: Run, seeds_index: Path) -> None:
    out = " ".join(run("ask", "¿Qué dice el § 3 del reglamento de la biblioteca?", "--index", seeds_index).out.split())
    assert "LARRUNDE, § 3 (reglamento-biblioteca.txt" in out
    assert "§ §" not in out


def test_ask_for_people(run: Run, seeds_index: Path) -> None:
    result = run("ask", MODEL_QUESTION, "--index", seeds_index)
    assert (result.status, result.err) == (0, "")
    answer = json.loads(run("ask", MODEL_QUESTION, "--index", seeds_index, "--json").out)
    assert result.out.startswith(answer["text"])
    for citation in answer["citations"]:
        (line,) = (line for line in result.out.splitlines() if line.startswith(f"[{citation['number']}] "))
        assert line.endswith(f"({citation['source']}:{citation['start']}-{citation['end']})")
    assert "Note: Several documents have this provision" in result.out


def test_search_for_people(run: Run, seeds_index: Path) -> None:
    result = run("search", MODEL_QUESTION, "--index", seeds_index, "-k", 2)
    lines = result.out.splitlines()
    assert [line[:3] for line in lines] == ["1. ", "   ", "   ", "2. ", "   ", "   "]
    assert re.fullmatch(r"   [\w.-]+:\d+-\d+  score -?[\d.]+ \(has article 4(, .*)?\)", lines[1])


def test_text_in_brackets_is_no_markup(run: Run, docs: Path) -> None:
    (docs / "cat.md").write_text("# [bold]The cat[/bold]\n\nThe keeper [red]feeds[/red] the harbour cat at six [/].\n", encoding="utf-8")
    run("index", docs)
    for command in ("ask", "search"):
        result = run(command, "who feeds the cat at six")
        assert "[red]feeds[/red]" in result.out
        assert "[bold]The cat[/bold]" in result.out


# Show


def test_show(run: Run, seeds_index: Path) -> None:
    text = (shipped("seeds") / "entrevista-427.md").read_text(encoding="utf-8")
    assert run("show", "entrevista-427.md", "--index", seeds_index).out == text + "\n"
    assert run("show", "entrevista-427.md", "--start", 10, "--end", 25, "--index", seeds_index).out == text[10:25] + "\n"
    assert run("show", "entrevista-427.md", "--start", len(text), "--index", seeds_index).out == "\n"


def test_show_what_is_not_there(run: Run, seeds_index: Path) -> None:
    refused(run("show", "nowhere.md", "--index", seeds_index), 2, "There is no document 'nowhere.md' in the index; it holds: acta-")
    for span in (("--start", 10**9), ("--start", 9, "--end", 3)):
        refused(run("show", "entrevista-427.md", *span, "--index", seeds_index), 2, "is not in entrevista-427.md, which has ", "characters")
    refused(run("show", "entrevista-427.md", "--start", 10**9, "--index", seeds_index), 2, "The span 1000000000- is not in")
    refused(run("show", "entrevista-427.md", "--start", -1, "--index", seeds_index), 2, "see rag show --help")


def test_remove(run: Run, docs: Path) -> None:
    names = sorted(file.name for file in docs.iterdir())
    run("index", docs, "--index", "here")
    refused(
        run("remove", f"x{names[0]}", "--index", "here"),
        2,
        f"No document of the index is called x{names[0]}",
        f"the nearest is {names[0]}.",
    )
    assert ", 1 removed, " in run("remove", names[0], "--index", "here").out
    shutil.rmtree(docs)
    refused(run("index", docs, "--index", "here"), 2, "does not exist", "rag remove")
    left = json.loads(run("remove", docs, "--index", "here", "--json").out)
    assert (left["documents"], left["removed"]) == (0, len(names) - 1)


# History


def test_history(run: Run, seeds_index: Path, tmp_path: Path) -> None:
    file = tmp_path / "turns.json"
    file.write_text(
        json.dumps([{"question": "what does Article 4 of the Tarn Bay agreement say", "answer": "Trains [1]."}]), encoding="utf-8"
    )
    answer = json.loads(run("ask", "and Article 5?", "--history", file, "--index", seeds_index, "--json").out)
    assert (answer["question"], answer["standalone_question"]) == ("and Article 5?", "what does Article 5 of the Tarn Bay agreement say")
    shown = run("ask", "and Article 5?", "--history", file, "--index", seeds_index).out
    assert shown.startswith("(what does Article 5 of the Tarn Bay agreement say)\n\n")
    file.write_text("[]", encoding="utf-8")
    assert json.loads(run("ask", MODEL_QUESTION, "--history", file, "--index", seeds_index, "--json").out)["abstained"] is False


@pytest.mark.parametrize(
    "text",
    ["", "null", "3", '{"question": "a"}', '["a"]', '[{"question": "a"}]', '[{"question": 1, "answer": null}]', "[" * 100_000, "\ufeff[]x"],
)
def test_bad_history(run: Run, seeds_index: Path, tmp_path: Path, text: str) -> None:
    file = tmp_path / "turns.json"
    file.write_text(text, encoding="utf-8")
    refused(run("ask", "and then?", "--history", file, "--index", seeds_index), 2, f"The history file {file} is not a JSON list of")


def test_history_that_cannot_be_read(run: Run, seeds_index: Path, tmp_path: Path) -> None:
    refused(
        run("ask", "x", "--history", tmp_path / "none.json", "--index", seeds_index), 2, "No such file", "check the path given to --history"
    )
    refused(run("ask", "x", "--history", tmp_path, "--index", seeds_index), 2, "Is a directory")
    (tmp_path / "latin.json").write_bytes(b'[{"question": "a\xf1o", "answer": ""}]')
    refused(run("ask", "x", "--history", tmp_path / "latin.json", "--index", seeds_index), 2, "is not a JSON list of")


# What goes wrong


def test_no_index_yet(run: Run) -> None:
    for command in (("ask", "x"), ("search", "x"), ("show", "x.md")):
        refused(run(*command), 3, "There is no index at index/default; make one with: rag index YOUR_FOLDER --index index/default")
        refused(run(*command, "--index", "none", *(["--json"] if command[0] != "show" else [])), 3, "There is no index at none;")


def test_an_empty_folder(run: Run, docs: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    run("index", docs)
    for arguments in ((), ("--json",)):
        result = run("index", "empty", *arguments)
        assert result.status == 2
        sentence(result.err, "No document was found in empty, so the index was left as it is; .md ", ".jsonl files are read")
    assert json.loads(result.out)["documents"] == 2
    assert run("ask", "when does the keeper feed the harbour cat").out.count("at six") == 1
    result = run("index", "empty", "--index", "fresh")
    assert result.status == 2
    refused(run("ask", "x", "--index", "fresh"), 3, "was never finished; run: rag index YOUR_FOLDER --index fresh")


def test_a_folder_of_other_files(run: Run, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/one.jpg").write_bytes(b"\xff\xd8")
    result = run("index", "photos")
    assert result.status == 2
    assert "  skipped one.jpg: unsupported format .jpg" in result.out
    sentence(result.err, "No document was found in photos")


def test_paths_to_index(run: Run) -> None:
    refused(run("index"), 2, "Say what to index: rag index YOUR_FOLDER, or rag index --demo")
    refused(run("index", "nowhere"), 2, "The path nowhere does not exist; give files or folders that do")


def test_the_demo(run: Run) -> None:
    summary = json.loads(run("index", "--demo", "--json").out)
    assert (summary["documents"], summary["added"]) == (17, 17)
    assert [skipped["source"] for skipped in summary["skipped"]] == ["SOURCES.md"]
    assert "«asistencia militar y de otro tipo»" in run("ask", MODEL_QUESTION).out


def test_the_demo_beside_a_folder(run: Run, docs: Path) -> None:
    assert json.loads(run("index", docs, "--demo", "--json").out)["documents"] == 19


def test_unknown_config_keys(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(run("ask", "x", "--set", "llm.modle=x"), 2, "Unknown key 'llm.modle' in --set; the nearest is 'llm.model'.")
    (tmp_path / "other.toml").write_text("[retrieval]\npassage = 3\n", encoding="utf-8")
    refused(
        run("search", "x", "--config", "other.toml"),
        2,
        "Unknown key 'retrieval.passage' in other.toml; the nearest is 'retrieval.passages'.",
    )
    refused(run("doctor", "--config", "none.toml"), 2, "The config file none.toml cannot be read (No such file or directory)")
    monkeypatch.setenv("RAG_LLM__TEMPERATURE", "hot")
    refused(run("models"), 2, "llm.temperature = 'hot' cannot be used")


def test_settings_reach_the_commands(run: Run, seeds_index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("search", MODEL_QUESTION, "--json", "--set", "retrieval.passages=2")
    assert len(json.loads(run(*arguments, "--index", seeds_index).out)["hits"]) == 2
    monkeypatch.setenv("RAG_INDEX", str(seeds_index))
    monkeypatch.setenv("RAG_RETRIEVAL__PASSAGES", "5")
    assert len(json.loads(run(*arguments[:3]).out)["hits"]) == 5


def test_a_model_that_is_not_installed(run: Run, seeds_index: Path, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    monkeypatch.setitem(sys.modules, "langchain_ollama", None)
    refused(run("index", docs, "--set", "embedding.model=some/model"), 2, "'some/model' needs sentence-transformers; run ")
    refused(run("ask", "x", "--index", seeds_index, "--set", "llm.model=ollama:llama3.2"), 2, "langchain-ollama")
    assert not Path("index").exists()


def test_an_index_of_another_embedder(run: Run, docs: Path) -> None:
    run("index", docs)
    with writing(Path("index/default")) as store, store.transaction():
        replace(Manifest.read(store), embedders={"other@1/384/l2": 384}).write(store)
    refused(run("ask", "x"), 3, "other@1/384/l2", "builtin@", "run rag index on your documents again")
    assert run("index", docs).status == 0
    assert run("ask", "when does the keeper feed the harbour cat").status == 0


def test_a_damaged_index(run: Run, docs: Path) -> None:
    run("index", docs)
    (Path("index/default") / FILE).write_bytes(b"not a database" * 1000)
    for arguments in (("ask", "x"), ("search", "x"), ("show", "cat.md"), ("index", docs)):
        refused(run(*arguments), 3, "The index at index/default is damaged", "rag check --repair --index index/default mends what can be.")
    refused(run("check", "--repair"), 3, "Nothing can be read of the index", "delete that folder and run rag index again.")


def test_check(run: Run, docs: Path) -> None:
    run("index", docs)
    sound = run("check")
    assert (sound.status, sound.err) == (0, "")
    assert sound.out.splitlines()[0] == "ok   documents: 2 documents and 2 passages, every row as it was written"
    next(Path("index/default").glob("g1/words/*.idx")).write_bytes(b"")
    damaged = run("check", "--json")
    found = json.loads(damaged.out)
    assert (damaged.status, found["sound"], found["lost"]) == (3, False, [])
    assert [finding["part"] for finding in found["findings"] if not finding["sound"]] == ["search files"]
    assert run("check").out.splitlines()[-1] == "Run rag check --repair to mend it."
    mended = run("check", "--repair", "--gone", "nowhere said")
    assert mended.status == 0
    assert mended.out.splitlines()[-1] == "ok   deleted text: the text is in no file of the index"
    kept = run("check", "--gone", "harbour")
    assert (kept.status, kept.out.splitlines()[-2]) == (3, "FAIL deleted text: the text is in index.db")
    refused(run("check", "--index", "nowhere"), 3, "There is no index at nowhere")


def test_a_dry_run(run: Run, docs: Path) -> None:
    told = run("index", docs, "--dry-run")
    assert told.status == 0
    assert told.out.startswith("0 documents, 0 passages in index/default (nothing written, a real run would make: 2 added, 0 updated,")
    assert not Path("index").exists()
    run("index", docs)
    assert json.loads(run("index", docs, "--dry-run", "--json").out)["unchanged"] == 2


def test_an_index_that_another_process_writes(run: Run, docs: Path) -> None:
    run("index", docs)
    with FileLock("index/default/write.lock"):
        refused(run("index", docs), 3, "Another process is writing to the index at index/default; try again when it has finished.")
        assert run("ask", "when does the keeper feed the harbour cat").status == 0


def test_a_file_in_the_way_of_an_index(run: Run, docs: Path) -> None:
    Path("taken").write_text("x", encoding="utf-8")
    refused(run("index", docs, "--index", "taken"), 3, "The index at taken could not be written (File exists)")


def test_a_file_that_vanishes_while_it_is_read(run: Run, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(path: Path, source: str, limits: Limits) -> object:
        if source == "dog.md":
            path.unlink()
        return load_file(path, source, limits)

    monkeypatch.setattr(workers, "load_file", load)
    result = run("index", docs)
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith("1 document, 1 passage in index/default (1 added,")
    assert "  skipped dog.md: disappeared while it was read" in result.out


def test_ctrl_c_while_indexing(run: Run, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("index", docs)
    (docs / "gull.md").write_text("# The gull\n\nThe gull steals herring.\n", encoding="utf-8")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(workers, "load_file", stop)
        refused(run("index", docs), 130, "stopped; what was finished is kept, run the same command again to go on.")
    assert "at six" in run("ask", "when does the keeper feed the harbour cat").out
    assert json.loads(run("index", docs, "--json").out)["added"] == 1


# Contextual vectors


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> HashEncoder:
    made = HashEncoder()
    monkeypatch.setattr("rag.read.Reader", lambda: made)
    monkeypatch.setattr("rag.read.contextual_fingerprint", lambda: made.contextual_fingerprint)
    return made


def test_few_contextual_vectors_are_computed_at_once(run: Run, docs: Path, encoder: HashEncoder) -> None:
    assert run("index", docs).out.splitlines()[1:] == ["contextual vectors: 2 of 2"]
    assert json.loads(run("index", docs, "--json").out)["contextual"] == {"done": 2, "total": 2}
    assert len(encoder.texts) == 2
    assert "ok   contextual vectors: 2 of contextual@hash, for 2 texts" in run("check").out


def test_many_contextual_vectors_are_computed_when_asked_for(
    run: Run, docs: Path, encoder: HashEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.index.contextual.AT_ONCE", 1)
    (said,) = run("index", docs).out.splitlines()[1:]
    assert said.startswith("contextual vectors: 0 of 2; rag index --deep --index index/default computes the others (about 1 min), ")
    assert encoder.texts == []
    assert run("index", "--deep") == (0, "contextual vectors: 2 of 2\n", "")
    (docs / "gull.md").write_text("# The gull\n\nThe gull steals herring.\n", encoding="utf-8")
    (docs / "seal.md").write_text("# The seal\n\nThe seal sleeps.\n", encoding="utf-8")
    assert run("index", docs, "--deep").out.splitlines()[1] == "contextual vectors: 4 of 4"
    assert json.loads(run("index", "--deep", "--json").out) == {"contextual": {"done": 4, "total": 4}}
    assert len(encoder.texts) == 4


def test_only_the_contextual_vectors_that_were_few_are_computed_at_once(
    run: Run, docs: Path, encoder: HashEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.index.contextual.AT_ONCE", 2)
    (tmp_path / "large").mkdir()
    for number in range(5):
        (tmp_path / "large" / f"{number}.md").write_text(f"# Large\n\nNote {number} of the pilots.\n", encoding="utf-8")

    def another_sync() -> None:
        config = Config(index=IndexConfig(path=Path("index/default")))
        sync(config, configured_embedders(config.embedding)[0], [tmp_path / "large"])

    encoder.before = another_sync
    said = run("index", docs).out.splitlines()[1]
    assert said.startswith("contextual vectors: 2 of 7; rag index --deep")
    assert len(encoder.texts) == 2


def test_ctrl_c_says_how_many_contextual_vectors_there_are(
    run: Run, docs: Path, encoder: HashEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.index.contextual.BATCH", 1)

    def stop() -> None:
        if encoder.texts:
            raising(KeyboardInterrupt())()

    encoder.before = stop
    result = run("index", docs)
    assert result.status == 130
    assert result.out.startswith("2 documents, 2 passages in index/default (2 added,")
    assert result.err.splitlines() == [
        "rag: 1 of 2 contextual vectors are computed and kept.",
        "rag: stopped; what was finished is kept, run the same command again to go on.",
    ]
    encoder.before = lambda: None
    assert run("index", "--deep").out == "contextual vectors: 2 of 2\n"
    assert len(encoder.texts) == 2


def test_contextual_vectors_that_nobody_wants(run: Run, docs: Path, encoder: HashEncoder) -> None:
    off = ("--set", "retrieval.contextual=false")
    assert len(run("index", docs, *off).out.splitlines()) == 1
    assert "contextual" not in json.loads(run("index", docs, "--json", *off).out)
    assert "contextual" not in run("index", docs, "--dry-run").out
    assert encoder.texts == []
    refused(run("index", "--deep", *off), 2, "retrieval.contextual is false", "leave out --deep")
    refused(run("index", docs, "--deep", "--dry-run"), 2, "--dry-run and --preview compute nothing")
    refused(run("index", "--deep", "--set", "index.url=http://127.0.0.1:1"), 2, "An index in Milvus (index.url) has no contextual vectors")
    refused(run("index", "--deep", "--index", "none"), 3, "There is no index at none")


def test_ctrl_c_in_a_terminal(tmp_path: Path) -> None:
    """A real process and a real signal, while it embeds many passages."""
    (tmp_path / "docs").mkdir()
    for number in range(400):
        paragraphs = (f"Paragraph {place} of report {number} speaks of the harbour, its cat and its pilots. " * 8 for place in range(40))
        (tmp_path / f"docs/{number}.md").write_text("\n\n".join(paragraphs), encoding="utf-8")
    command = [sys.executable, "-m", "rag", "index", "docs"]
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    listen = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a shell's background job is started deaf to Ctrl-C
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, preexec_fn=listen, **pipes) as child:
        while not (tmp_path / "index/default" / FILE).exists():
            time.sleep(0.02)
            assert child.poll() is None
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=30)
    assert (child.returncode, out) == (130, "")
    sentence(err, "stopped; what was finished is kept")


def test_questions_that_cannot_be_asked(run: Run, seeds_index: Path) -> None:
    for command in ("ask", "search"):
        refused(run(command, " \t", "--index", seeds_index), 2, "The question is empty; write what you want to know")
        refused(run(command, "a" * 100_000, "--index", seeds_index), 2, "The question has 100,000 characters, at most 10,000 are read")
        assert run(command, "\x00what does\x1b Article 4\udcff permit", "--index", seeds_index, "--json").status == 0


@pytest.mark.parametrize("error", [ImportError("initialization failed"), ModelError("The reader cannot load onnxruntime.")], ids=str)
def test_ctrl_c_while_a_library_is_imported_is_no_fault_of_the_library(
    run: Run, seeds_index: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def imported(*_: object) -> None:
        try:
            raising(KeyboardInterrupt())()
        except KeyboardInterrupt as stopped:
            raise error from stopped

    monkeypatch.setattr("rag.read.Reader.__init__", imported)
    result = run("ask", "x", "--index", seeds_index)
    assert (result.status, result.err) == (130, "rag: stopped; what was finished is kept, run the same command again to go on.\n")


def test_usage_errors_are_sentences(run: Run) -> None:
    refused(run("ask"), 2, "Missing argument", "see rag ask --help.")
    refused(run("ask", "x", "--foo"), 2, "No such option: --foo", "see rag ask --help.")
    refused(run("frobnicate"), 2, "No such command 'frobnicate'; see rag --help.")
    refused(run("indx"), 2, "No such command 'indx'. Did you mean 'index'? See rag --help.")
    refused(run("search", "x", "-k", 0), 2, "'-k'", "see rag search --help.")
    refused(run("search", "x", "-k", "many"), 2, "'-k'", "see rag search --help.")


# Help, models, doctor, version


def test_help(run: Run) -> None:
    overview = run("--help")
    assert (overview.status, overview.err) == (0, "")
    assert run() == overview
    for command in COMMANDS:
        assert re.search(rf"^  {command} ", overview.out, re.MULTILINE)
        result = run(command, "--help")
        assert (result.status, result.err) == (0, "")
        assert result.out.startswith(f"Usage: rag {command} [OPTIONS]")
    assert set(typer.main.get_command(app).commands) == set(COMMANDS)  # type: ignore[attr-defined]


def test_version(run: Run) -> None:
    assert run("version") == run("--version") == Result(0, f"rag {__version__}\n", "")


def test_models(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run("models")
    assert (result.status, result.err) == (0, "")
    first, second = result.out.splitlines()
    assert re.fullmatch(r"ok   embedding\.model = 'builtin': builtin@[0-9a-f]{8}/384/l2/whole-words", first)
    assert re.fullmatch(r"ok   llm\.model = 'extractive': extractive/3/reader@[0-9a-f]{8}\+[0-9a-f]{8}\+[0-9a-f]{8}/whole-words", second)
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    result = run("models", "--set", "embedding.model=some/model")
    assert result.status == 2
    assert re.match(r"FAIL The embedding model 'some/model' needs sentence-transformers; run .*\nok   llm\.model", result.out)


def test_doctor_asks_for_no_package_that_an_installation_lacks() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {re.split(r"[\[<>=~! ]", wanted)[0] for wanted in project["dependencies"]} >= {*CORE}


def test_doctor(run: Run, docs: Path) -> None:
    missing = run("doctor")
    assert missing.status == 3
    assert missing.out.splitlines()[-1].startswith("FAIL There is no index at index/default; make one with: rag index")
    assert missing.out.count("FAIL") == 1
    run("index", docs)
    good = run("doctor")
    assert (good.status, good.err) == (0, "")
    assert "FAIL" not in good.out
    assert good.out.splitlines()[0].startswith("ok   Python 3.")
    assert good.out.splitlines()[-1] == "ok   index index/default: 2 documents, 2 passages, generation 1, contextual vectors: 2 of 2"
    next(Path("index/default").glob("g1/words/*.idx")).write_bytes(b"")
    damaged = run("doctor")
    assert damaged.status == 3
    assert "FAIL Search files of the index at index/default are damaged" in damaged.out
    assert "run: rag check --repair --index index/default" in damaged.out
    run("index", docs)
    assert run("doctor").status == 0


# As a process


def test_a_process(tmp_path: Path, docs: Path) -> None:
    indexed = process("index", docs, "--json", cwd=tmp_path)
    assert (indexed.returncode, indexed.stderr) == (0, "")
    assert json.loads(indexed.stdout)["documents"] == 2
    asked = process("ask", "when does the keeper feed the harbour cat?", cwd=tmp_path)
    assert (asked.returncode, asked.stderr) == (0, "")
    assert "at six" in asked.stdout
    missing = process("ask", "x", "--index", "none", cwd=tmp_path)
    assert (missing.returncode, missing.stdout) == (3, "")
    sentence(missing.stderr, "There is no index at none")


def test_an_output_that_cannot_show_every_letter(seeds_index: Path, tmp_path: Path) -> None:
    environment = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    shown = process("ask", MODEL_QUESTION, "--index", seeds_index, cwd=tmp_path, env=environment)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "asistencia militar y de otro tipo" in shown.stdout
    answer = json.loads(process("ask", MODEL_QUESTION, "--json", "--index", seeds_index, cwd=tmp_path, env=environment).stdout)
    assert "«asistencia militar y de otro tipo»" in answer["text"]


@pytest.mark.parametrize("arguments", [("search", "military aid", "-k", "200", "--json"), ("show", "entrevista-427.md"), ("--help",)])
def test_a_reader_that_has_seen_enough(seeds_index: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "rag", *arguments, *(() if arguments == ("--help",) else ("--index", str(seeds_index)))]
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        err = child.stderr.read()
    assert (child.returncode, err) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("arguments", [("ask", MODEL_QUESTION), ("ask", MODEL_QUESTION, "--json"), ("version",), ("--help",)])
def test_an_output_on_a_full_disk(seeds_index: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "rag", *arguments, *(("--index", str(seeds_index)) if arguments[0] == "ask" else ())]
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, cwd=tmp_path, env=environment, check=False
        )
    assert done.returncode == 2
    sentence(done.stderr, "the output cannot be written (No space left on device); free space, or send it elsewhere.")


@pytest.mark.skipif(os.name != "posix", reason="a shell that closes streams")
def test_an_output_that_is_closed(seeds_index: Path, tmp_path: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m rag ask"
    for question, index, closed, status in (("x", seeds_index, ">&-", 0), ("x", seeds_index, "2>&-", 0), ("x", "none", "2>&-", 3)):
        done = subprocess.run(
            ["sh", "-c", f"{command} {question} --index {index} {closed}"], capture_output=True, text=True, timeout=60, cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)}, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (status, "")


def test_ctrl_c_while_the_program_starts(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt", encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{PACKAGE.parent}"}
    command = [sys.executable, "-m", "rag", "version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path, env=environment, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "rag: stopped.\n")


def imported(statement: str, *, cwd: Path) -> set[str]:
    """Top-level names of the modules that a fresh process has loaded after `statement`."""
    code = f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}}, file=sys.stderr)"
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=cwd, env=environment, check=True)
    return set(done.stderr.split())


def test_import_rag_loads_nothing_heavy(tmp_path: Path) -> None:
    names = imported("import rag, rag.types, rag.errors, rag.paths", cwd=tmp_path)
    assert not names & {"faiss", "tantivy", "gradio", "langchain", "langchain_core", "torch", "pydantic", "numpy", "typer", "rich"}
    assert "rag" in names


def test_ask_loads_only_what_it_needs(seeds_index: Path, tmp_path: Path) -> None:
    arguments = ["ask", MODEL_QUESTION, "--index", str(seeds_index)]
    call = f"from rag.cli import main\ntry:\n    main({arguments!r})\nexcept SystemExit:\n    pass"
    names = imported(call, cwd=tmp_path)
    assert {"faiss", "tantivy"} <= names
    assert not names & {"gradio", "langchain", "langchain_core", "torch", "transformers", "pypdf", "bs4", "markdown_it", "httpx", "pandas"}


def test_a_receipt_is_written_and_verified(run: Run, docs: Path, tmp_path: Path) -> None:
    run("index", docs)
    asked = run("ask", "who feeds the harbour cat", "--receipt", "r.json", "--set", "answer.threshold=0")
    assert asked.status == 0
    assert "cat.md" in asked.out
    assert run("ask", "who feeds the harbour cat", "--receipt", "r.md", "--set", "answer.threshold=0").status == 0
    assert (tmp_path / "r.md").read_text(encoding="utf-8").startswith("# who feeds the harbour cat\n")
    assert run("verify", "r.json").status == 0
    (docs / "cat.md").write_text("# The cat\n\nThe keeper feeds the harbour cat at ten.\n", encoding="utf-8")
    run("index", docs)
    changed = run("verify", "r.json")
    assert changed.status == 1
    assert "FAIL [1] cat.md: the document has changed" in changed.out
    fields = json.loads(run("verify", "r.json", "--json").out)
    assert fields["sound"] is False
    assert [(c["number"], c["source"], c["state"], c["sound"]) for c in fields["citations"]] == [(1, "cat.md", "quote gone", False)]


def test_receipts_that_cannot_be_written_or_read(run: Run, docs: Path) -> None:
    run("index", docs)
    result = run("ask", "who feeds the harbour cat", "--receipt", docs / "none" / "r.json")
    assert (result.status, bool(result.out)) == (2, True)
    sentence(result.err, "cannot be written", "--receipt")
    refused(run("verify", "none.json"), 2, "none.json", "cannot be read")
    refused(run("verify", docs / "cat.md"), 2, "not a receipt in JSON")
