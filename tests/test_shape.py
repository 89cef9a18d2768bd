"""The shape of the code: small files and functions, docstrings, errors that are named, light imports, one direction of dependencies."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
# Libraries that raise whatever they like; each of these handlers turns it into one of our errors.
BROAD = {
    "rag/chat/dialogue.py": 1,
    "rag/embed.py": 2,
    "rag/generate/chat_model.py": 1,
    "rag/generate/stream.py": 1,
    "rag/generate/transformers.py": 1,
}
HEAVY = {
    "bs4", "charset_normalizer", "faiss", "fastapi", "gradio", "httpx", "langchain", "langchain_core", "langchain_openai", "markdown_it",
    "model2vec", "onnxruntime", "openai", "openpyxl", "pandas", "pypdfium2", "safetensors", "sentence_transformers", "tantivy", "torch",
    "transformers", "uvicorn",
}  # fmt: skip
ALLOWED = {("rag/index/vectors.py", "faiss"), ("rag/index/words.py", "tantivy")}
SKINS = (
    "rag.chat",
    "rag.cli",
    "rag.cli_deep",
    "rag.cli_eval",
    "rag.cli_remove",
    "rag.doctor",
    "rag.evaluate",
    "rag.output",
    "rag.pipeline",
)
FORBIDDEN = {"pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle"}


def files(*folders: str) -> list[str]:
    return sorted(path.relative_to(ROOT).as_posix() for folder in folders for path in (ROOT / folder).rglob("*.py"))


def parse(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"))


def imports(nodes: list[ast.stmt]) -> Iterator[str]:
    """Full names of the modules that these statements import, except what is only for the type checker."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Try):
            yield from imports(node.body)


PACKAGE = files("rag")


@pytest.mark.parametrize("file", files("rag", "benchmarks", "training"))
def test_every_module_says_what_it_is(file: str) -> None:
    assert ast.get_docstring(parse(file))


@pytest.mark.parametrize("file", PACKAGE)
def test_files_and_functions_are_short(file: str) -> None:
    assert len((ROOT / file).read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE
    for node in ast.walk(parse(file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno + 1 <= LONGEST_FUNCTION, node.name


def test_broad_handlers_are_the_known_ones() -> None:
    """A handler that raises the same again (`raise` alone, last) only cleans up, and may see everything."""
    found: dict[str, int] = {}
    for file in PACKAGE:
        for node in ast.walk(parse(file)):
            if not isinstance(node, ast.ExceptHandler):
                continue
            names = {name.id for name in ast.walk(node.type) if isinstance(name, ast.Name)} if node.type else {"BaseException"}
            last = node.body[-1]
            if names & {"Exception", "BaseException"} and not (isinstance(last, ast.Raise) and last.exc is None):
                found[file] = found.get(file, 0) + 1
    assert found == BROAD


def test_heavy_modules_are_imported_where_they_are_used() -> None:
    found = {(file, name.partition(".")[0]) for file in PACKAGE for name in imports(parse(file).body)}
    assert {(file, name) for file, name in found if name in HEAVY} == ALLOWED


def test_stages_do_not_know_the_pipeline_and_its_skins() -> None:
    for file in PACKAGE:
        module = file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        if module in (*SKINS, "rag.__main__") or module.startswith(("rag.chat.", "rag.evaluate.")):
            continue
        every = [node for node in ast.walk(parse(file)) if isinstance(node, ast.stmt)]
        assert [name for name in imports(every) if name.startswith(SKINS)] == [], file


def test_nothing_unsafe_is_used() -> None:
    for file in PACKAGE:
        tree = parse(file)
        every = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
        assert {name.partition(".")[0] for name in imports(every)} & FORBIDDEN == set(), file
        called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
        assert called & {"eval", "exec", "compile", "input", "breakpoint"} == set(), file
        trusted = [node.value for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "trust_remote_code"]
        assert [node for node in trusted if not (isinstance(node, ast.Constant) and node.value is False)] == [], file


def test_no_file_names_the_machine_that_it_was_written_on() -> None:
    telling = [re.escape(str(path)) for path in (ROOT, Path.home()) if len(str(path)) > 4]
    here = re.compile(rf"(?:{'|'.join(telling) or '(?!)'})\b")
    folders = ("rag", "tests", "training", "benchmarks", "docs", "eval", "prompts", "seeds", "index")
    suffixes = {".py", ".md", ".toml", ".txt", ".css", ".json", ".jsonl", ".html", ""}
    every = [*ROOT.glob("*"), *(path for folder in folders for path in (ROOT / folder).rglob("*"))]
    texts = [path for path in every if path.is_file() and path.suffix in suffixes and path.stat().st_size < 2_000_000]
    assert len(texts) > 100
    assert [path.name for path in texts if here.search(path.read_text(encoding="utf-8", errors="replace"))] == []
