"""What the documentation tells a reader to type exists, and what exists is documented."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from rag.cli import UsageError, app

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for page in (
        *ROOT.glob("*.md"),
        *(page for folder in ("docs", "eval", "index", "training", "benchmarks", "rag/models") for page in (ROOT / folder).glob("*.md")),
    )
)
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
LEAVES = {**COMMANDS, **{f"{name} {own}": sub for name, group in COMMANDS.items() for own, sub in getattr(group, "commands", {}).items()}}
OPTIONS = {option for command in LEAVES.values() for parameter in command.params for option in parameter.opts} | {"--help"}


def commands(page: str) -> Iterator[list[str]]:
    """Every `rag ...` and `make ...` of a page, in code blocks (fenced or indented) and between backticks, as words."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"^```(?:sh|bash|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    lines = [*blocks.splitlines(), *re.findall(r"^ {4,}(.*)", text, re.MULTILINE), *re.findall(r"`((?:rag|make) [^`\n]+)`", text)]
    for line in lines:
        if match := re.match(r"(?:\$ )?(?:\.venv/bin/)?((?:rag|make) [a-z].*?)(?:\s{2,}\S.*)?$", line.strip()):
            yield shlex.split(match[1], comments=True)


def refusal(name: str, arguments: list[str]) -> str | None:
    """What the command line has against these arguments of `rag name`; that some are left out in a text is fine."""
    command = COMMANDS[name]
    if own := getattr(command, "commands", {}):  # a group, whose first word is a command of it or an argument of its first one
        command, arguments = (own[arguments[0]], arguments[1:]) if arguments[:1] and arguments[0] in own else (own["run"], arguments)
    try:
        command.make_context(f"rag {name}", [*arguments])
    except UsageError as error:
        return None if "Missing argument" in error.format_message() else error.format_message()
    return None


def test_the_pages_hold_commands() -> None:
    assert {"README.md", "CONTRIBUTING.md"} <= set(PAGES)
    assert sum(1 for page in PAGES for _ in commands(page)) > 20


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_exists(page: str) -> None:
    for program, name, *arguments in commands(page):
        if program == "make":
            assert name in TARGETS, f"make {name}"
            assert [word for word in arguments if not re.match(r"[A-Z]+=|#|@", word)] == [], (name, arguments)
            continue
        assert name in COMMANDS, f"rag {name}"
        assert refusal(name, arguments) is None, (name, arguments)


def test_every_option_that_the_readme_names_exists() -> None:
    assert set(re.findall(r"`(--[a-z-]+)", README)) - OPTIONS == set()


def test_every_command_is_documented() -> None:
    rows = {match[1] for match in re.finditer(r"^\| `rag ([a-z]+)", README, re.MULTILINE)}
    assert rows == set(COMMANDS)


def test_every_option_of_a_command_has_help() -> None:
    for name, command in LEAVES.items():
        assert command.help, name
        assert [parameter.name for parameter in command.params if not getattr(parameter, "help", "")] == [], name


def test_every_make_target_is_declared_and_made() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    declared = set(re.findall(r"^\.PHONY: (.*)", makefile, re.MULTILINE)[0].split())
    assert declared == TARGETS
    assert set(re.findall(r"^#\s+make ([a-z-]+)", makefile, re.MULTILINE)) <= TARGETS


@pytest.mark.parametrize("page", PAGES)
def test_links_and_pictures_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text):
        assert (ROOT / page).parent.joinpath(target).exists(), target


def test_every_path_of_the_tree_exists() -> None:
    (tree,) = re.findall(r"^```text\n(rag/ .*?)^```", README, re.MULTILINE | re.DOTALL)
    inside = ""
    for line in tree.splitlines():
        for name in re.findall(r"[\w.]+(?:\.py|\.md|/)(?=\s|,|$)", line[:19]):
            folder = inside if line.startswith(" ") else ""
            assert (ROOT / folder / name).exists(), name
        if not line.startswith(" "):
            inside = line.split()[0]


@pytest.mark.slow
def test_the_answers_of_the_readme_are_those_of_today(tmp_path: Path) -> None:
    def said(*arguments: str) -> str:
        own = {name: value for name, value in os.environ.items() if not name.startswith("RAG_")} | {"PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "rag", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=own, capture_output=True, text=True, timeout=120, check=True).stdout

    said("index", str(ROOT / "seeds"))
    (asked,) = re.findall(r"^make ask Q=\"(.*)\"\n```\n\n```text\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    others = re.findall(r"^\$ rag ask \"(.*)\"\n(.*)", README, re.MULTILINE)
    assert len(others) == 2
    for question, answer in (asked, *others):
        assert said("ask", question).strip() == answer.strip()


def test_nothing_is_left_to_fill_in() -> None:
    assert [page for page in PAGES if re.search(r"@@\w+@@|\bTODO\b|\bFIXME\b", (ROOT / page).read_text(encoding="utf-8"))] == []
