"""Where the files that come with the program are.

In a wheel, `prompts`, `seeds` and `rag.toml` lie inside the package; in a checkout, beside it.
"""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
MODELS = PACKAGE / "models"


def shipped(name: str) -> Path:
    """The folder "prompts" or "seeds", or the file "rag.toml", of this installation."""
    inside = PACKAGE / name
    return inside if inside.exists() else PACKAGE.parent / name
