"""The tree of errors is the one that its docstring draws."""

import inspect
import re

import pytest

from rag import errors

CLASSES = {name: value for name, value in vars(errors).items() if inspect.isclass(value)}


def test_the_docstring_draws_every_error_with_its_exit_status():
    drawn = dict(re.findall(r"(\w+) +exit (\d)", errors.__doc__))
    assert drawn == {name: str(error.exit_status) for name, error in CLASSES.items()}


@pytest.mark.parametrize(
    ("name", "parent"),
    [("InputError", "RagError"), ("ConfigError", "InputError"), ("LoadError", "InputError"), ("ModelError", "RagError"),
     ("GenerationError", "RagError"),
     ("IndexMissing", "StoreError"), ("IndexDamaged", "StoreError"), ("IndexMismatch", "StoreError"), ("IndexBusy", "StoreError"),
     ("StoreError", "RagError")],
)  # fmt: skip
def test_parents(name, parent):
    assert CLASSES[name].__base__ is CLASSES[parent]
