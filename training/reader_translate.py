"""Translates questions between English and Spanish with Apertium, a translator by rules that Debian carries.

Its Spanish to English is readable, its English to Spanish rough; both have the other language's word order and endings, which a
word-for-word gloss has not. Source: Forcada et al., "Apertium: a free/open-source platform for rule-based machine translation" (2011).
"""

import shutil
import subprocess
from collections.abc import Sequence

from rag.types import Language

MODES: dict[Language, str] = {"en": "eng-spa", "es": "spa-eng"}


def translate(questions: Sequence[str], language: Language) -> dict[str, str]:
    """Each of `questions`, all of them in `language`, with its translation into the other one.

    Raises:
        SystemExit: Apertium is missing, or gave fewer lines than it was given.
    """
    if not shutil.which("apertium"):
        raise SystemExit("The reader's questions are translated by Apertium; run `apt-get install apertium apertium-eng-spa`.")
    asked = [" ".join(question.split()) for question in questions]
    done = subprocess.run(
        ["apertium", "-u", MODES[language]], input="\n".join(asked) + "\n", capture_output=True, text=True, encoding="utf-8", check=True
    )
    lines = done.stdout.splitlines()
    if len(lines) != len(asked):
        raise SystemExit(
            f"Apertium gave {len(lines)} lines for {len(asked)} questions; a question holds a line break that it does not keep."
        )
    return {question: " ".join(line.split()) for question, line in zip(questions, lines, strict=True)}
