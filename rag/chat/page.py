"""The page itself: `page.html` with the words of the visitor's language; its style and script files are the only other requests it makes.

Everything that changes (turns, documents, models) is put in later by the script, from HTML made by `rag.chat.render` and `rag.chat.panels`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from rag.chat.escape import escape_text
from rag.chat.library import OWN, Collection
from rag.chat.strings import SCRIPT_STRINGS, STRINGS
from rag.types import Language

_FOLDER = Path(__file__).resolve().parent
_PAGE, _LOGIN = (Template((_FOLDER / name).read_text(encoding="utf-8")) for name in ("page.html", "login.html"))
_HIDDEN = " hidden"


@dataclass(frozen=True, slots=True)
class Shell:
    """What the page needs to know of the visitor and the configuration when it is opened.

    `banners` belong to `models`; `shelf` is the key of the collection that takes uploads, None where there is none; `limit` is in MB,
    `characters` what a question may have.
    """

    language: Language
    collections: Sequence[Collection]
    models: Sequence[str]
    banners: Sequence[str]
    documents: str
    shelf: str | None
    types: Sequence[str]
    limit: str
    characters: int
    leaves: bool


def render_page(shell: Shell) -> str:
    """The whole page."""
    words = STRINGS[shell.language]
    places = [(each.key, words["own"] if each.key == OWN else each.name) for each in shell.collections]
    names = [words["extractive"] if model == "extractive" else model for model in shell.models]
    rule = words["uploads_private" if shell.shelf == OWN else "uploads_shared"]
    limits = words["drop_limits"].format(types=" ".join(shell.types), limit=shell.limit)
    texts = {
        **words, "language": shell.language, "count": shell.documents, "banner": shell.banners[0], "shelf": shell.shelf or "",
        "characters_limit": str(shell.characters),
        "accept": ",".join(shell.types), "upload_rule": f"{rule} {limits}",
    }  # fmt: skip
    parts = {
        "collections": "".join(f'<option value="{escape_text(key)}">{escape_text(name)}</option>' for key, name in places),
        "models": "".join(
            f'<option value="{escape_text(model)}" data-banner="{escape_text(banner)}">{escape_text(name)}</option>'
            for model, banner, name in zip(shell.models, shell.banners, names, strict=True)
        ),
        "one_collection": "" if len(places) > 1 else _HIDDEN,
        "one_model": "" if len(names) > 1 else _HIDDEN,
        "takes_none": "" if shell.shelf is not None else _HIDDEN,
        "starts": "" if shell.shelf is not None and shell.documents == "0" else _HIDDEN,
        "leaves": "" if shell.leaves else _HIDDEN,
        "words": _words(shell.language),
    }
    return _PAGE.substitute({name: escape_text(text) for name, text in texts.items()} | parts)


def render_login(language: Language, wrong: str = "") -> str:
    """The page that asks for the password."""
    texts = {**STRINGS[language], "language": language, "wrong": wrong}
    return _LOGIN.substitute({name: escape_text(text) for name, text in texts.items()})


def _words(language: Language) -> str:
    """The words that the script needs, as JSON that cannot end the element that it stands in."""
    words = {name: STRINGS[language][name] for name in SCRIPT_STRINGS}
    return json.dumps(words, ensure_ascii=True).replace("<", "\\u003c")
