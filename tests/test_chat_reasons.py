"""What a visitor of the Spanish page reads when something is refused or fails: each error that the page can show has its Spanish."""

import ast
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.chat.documents import Verdict
from rag.chat.panels import render_verdicts
from rag.chat.reasons import SPANISH, in_language

PACKAGE = Path(__file__).parents[1] / "rag"
NOT_OF_FILES = {"fetch.py"}  # addresses are indexed at the command line
FILES = [file for file in sorted((PACKAGE / "load").glob("*.py")) if file.name not in NOT_OF_FILES]
PAGE = [PACKAGE / "chat" / name for name in ("documents.py", "library.py")]


def said(node: ast.expr, names: dict[str, ast.expr]) -> list[str]:
    """The texts that an expression can be, with 7 for what is filled in; none if it is not written out. `names` are values of variables."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            return ["".join(each) for each in itertools.product(*(said(part, names) or ["7"] for part in parts))]
        case ast.FormattedValue(value=value):
            return said(value, names)
        case ast.BinOp(left=left, right=right):
            return [a + b for a, b in itertools.product(said(left, names), said(right, names))]
        case ast.IfExp(body=body, orelse=other):
            return said(body, names) + said(other, names)
        case ast.BoolOp(values=values):
            return [text for value in values for text in (said(value, names) or ["7"])]
        case ast.Name(id=name) if name in names:
            return said(names[name], {})  # not the names in it: one may be its own
    return []


def raised(file: Path) -> Iterator[str]:
    """Every sentence that a file makes an error of."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    names = {node.targets[0].id: node.value for node in nodes if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)}
    errors = ("LoadError", "InputError") if file in PAGE else ("LoadError",)
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in errors and node.args:
            yield from said(node.args[0], names)
        if isinstance(node, ast.Dict) and [key.value for key in node.keys if isinstance(key, ast.Constant)][:1] == ["reason"]:
            yield from said(node.values[0], names)


@pytest.mark.parametrize("file", FILES + PAGE, ids=lambda file: file.name)
def test_every_reason_has_its_spanish(file):
    english = [text for text in raised(file) if in_language(text, "es") == text and text not in ("", "7", "77")]
    assert english == []


def test_the_sentences_are_found():
    found = {text for file in FILES for text in raised(file)}
    assert len(found) > 60
    assert "unsupported format 7; save it as 7" in found


@pytest.mark.parametrize(
    ("english", "spanish"),
    [
        ("empty", "está vacío"),
        ("not a readable PDF: Failed to load (PDFium: Data format error).", "no es un PDF que se pueda leer; está dañado o incompleto"),
        ("not a readable PDF: it does not begin with %PDF-", "no es un PDF que se pueda leer: no empieza por %PDF-"),
        ("not valid JSON in line 3 (Expecting value: line 1 column 7 (char 6))", "no es JSON válido (línea 3)"),
        ("a damaged ZIP archive (it has no end)", "es un archivo ZIP dañado (le falta el final)"),
        ("too large (3 MB > 2 MB; raise load.max_megabytes)", "es demasiado grande (3 MB > 2 MB; aumenta load.max_megabytes)"),
        ("encrypted (kept as it was indexed before)", "está cifrado (se conserva lo que se indexó antes)"),
        ("a: b.pdf: no page 9: it has 2.", "a: b.pdf: no hay página 9: tiene 2."),
        ("b.pdf: no page 9: it has 2.", "b.pdf: no hay página 9: tiene 2."),
        ("something that nobody has foreseen.", "something that nobody has foreseen."),
        ("", ""),
    ],
)
def test_in_spanish(english, spanish):
    assert in_language(english, "es") == spanish
    assert in_language(english, "en") == english


def test_what_is_filled_in_may_hold_anything():
    assert in_language("{x} is not a type that is read here; these are: .md\n", "es") == "El tipo {x} no se lee aquí; se leen: .md\n"


def test_all_of_the_spanish_is_spanish():
    assert [english for english, spanish in SPANISH.items() if spanish == english] == []


def test_verdict_on_a_refused_file_is_in_one_language():
    refused = [Verdict("a.txt", "refused", reason="it holds no text that can be searched")]
    assert "no indexado: no contiene texto en el que se pueda buscar" in render_verdicts(refused, "es")
    assert "not indexed: it holds no text that can be searched" in render_verdicts(refused, "en")
