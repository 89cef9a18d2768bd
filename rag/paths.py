"""Where the files that come with the program are.

In a wheel, `prompts` and `seeds` lie inside the package; in a checkout, beside it.
"""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
MODELS = PACKAGE / "models"


def shipped(folder: str) -> Path:
    """The folder "prompts" or "seeds" of this installation."""
    inside = PACKAGE / folder
    return inside if inside.is_dir() else PACKAGE.parent / folder
