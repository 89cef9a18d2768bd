"""What is shipped: the wheel, built from the source distribution, runs the demo in an environment of its own, from an empty folder."""

import email
import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from rag import __version__

pytestmark = pytest.mark.packaging
ROOT = Path(__file__).parents[1]


def call(*command: object, cwd: Path) -> str:
    """Run a command that must succeed, out of reach of this checkout; returns its output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("RAG_", "PYTHON", "COVERAGE", "COV_"))}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the source distribution and of the wheel made from it."""
    folder = tmp_path_factory.mktemp("dist")
    call(sys.executable, "-m", "build", "--outdir", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment that has the wheel, and finds its dependencies in ours."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    call(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", *built.glob("*.whl"), cwd=folder)
    site = Path(call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    # Only the folder itself comes onto the path: its own .pth files, which an editable install uses, are not read.
    (site / "dependencies.pth").write_text("\n".join({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}), encoding="utf-8")
    return folder / "bin"


def test_what_the_wheel_holds(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    assert wheel.name == f"rag_qa-{__version__}-py3-none-any.whl"
    names = zipfile.ZipFile(wheel).namelist()
    assert {PurePosixPath(name).parts[0] for name in names} == {"rag", f"rag_qa-{__version__}.dist-info"}
    assert {
        "rag/py.typed",
        "rag/rag.toml",
        "rag/prompts/answer.md",
        "rag/prompts/condense.md",
        "rag/models/manifest.json",
        "rag/chat/style.css",
    } <= set(names)
    seeds = {f"rag/seeds/{file.name}" for file in (ROOT / "seeds").iterdir()}
    models = {
        f"rag/models/{file.relative_to(ROOT / 'rag/models').as_posix()}" for file in (ROOT / "rag/models").rglob("*") if file.is_file()
    }
    modules = {file.relative_to(ROOT).as_posix() for file in (ROOT / "rag").rglob("*.py")}
    assert seeds | models | modules <= set(names)
    assert [name for name in names if name.endswith((".pyc", ".db", ".faiss")) or "/tests/" in name or "training" in name] == []
    assert wheel.stat().st_size < 60_000_000


def test_what_the_wheel_says_of_itself(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    about = f"rag_qa-{__version__}.dist-info"
    with zipfile.ZipFile(wheel) as opened:
        said = email.message_from_bytes(opened.read(f"{about}/METADATA"))
        assert (ROOT / "LICENSE").read_bytes() == opened.read(f"{about}/licenses/LICENSE")
        assert (ROOT / "rag.toml").read_bytes() == opened.read("rag/rag.toml")
    assert (said["License-Expression"], said["Requires-Python"]) == ("Apache-2.0", ">=3.11")
    assert {"Natural Language :: English", "Natural Language :: Spanish", "Typing :: Typed"} <= {*said.get_all("Classifier", [])}


def test_what_the_source_distribution_holds(built: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {PurePosixPath(*PurePosixPath(name).parts[1:]).as_posix() for name in opened.getnames()}
    assert {
        "README.md",
        "LICENSE",
        "pyproject.toml",
        "Makefile",
        "constraints.txt",
        "rag.toml",
        "rag/pipeline.py",
        "eval/questions.jsonl",
    } <= names
    assert {"prompts/answer.md", "seeds/entrevista-427.md", "tests/test_packaging.py"} <= names
    pages = {file.relative_to(ROOT).as_posix() for file in (ROOT / "docs").iterdir() if file.is_file()}
    assert (
        pages | {"CONTRIBUTING.md", "index/README.md", "benchmarks/__main__.py", "training/written.py"} <= names
    )  # what the tests look at
    assert [name for name in names if name.startswith("index/") and name != "index/README.md"] == []
    assert [name for name in names if name.endswith((".db", ".faiss", ".pyc")) or "/.cache/" in name] == []


def test_the_wheel_runs_the_demo_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    where = call(installed / "python", "-c", "import rag; print(rag.__file__)", cwd=tmp_path).strip()
    assert Path(where).is_relative_to(installed.parent)
    summary = json.loads(call(installed / "rag", "index", "--demo", "--json", cwd=tmp_path))
    assert (summary["documents"], summary["added"]) == (17, 17)
    answer = json.loads(call(installed / "rag", "ask", "what does Article 4 permit", "--json", cwd=tmp_path))
    (interview,) = (citation for citation in answer["citations"] if citation["source"] == "entrevista-427.md")
    assert "«asistencia militar y de otro tipo»" in interview["quote"]
    shown = call(installed / "rag", "show", "entrevista-427.md", "--start", interview["start"], "--end", interview["end"], cwd=tmp_path)
    assert shown == interview["quote"] + "\n"
    assert [path.name for path in tmp_path.iterdir()] == ["index"]
    assert "FAIL" not in call(installed / "rag", "doctor", cwd=tmp_path)
    keys = call(installed / "python", "-c", "from rag.paths import shipped; print(shipped('rag.toml').read_text())", cwd=tmp_path)
    assert keys.startswith("# Every setting with its default.")
    assert call(installed / "python", "-m", "rag", "version", cwd=tmp_path) == f"rag {__version__}\n"
