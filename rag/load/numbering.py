"""The numbers that Word writes before paragraphs: "3.", "b)", "Artículo 4." They are in no text of the file, but every reader sees them.

It counts as Word does: a level starts again after an outer one has moved on. ECMA-376, part 1, 17.9.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from rag.load.ooxml import value
from rag.load.xml import Element, attribute, children, first

ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"),
         (4, "iv"), (1, "i"))  # fmt: skip
MOST_LEVELS = 9
LARGEST_NUMBER = 100_000


@dataclass(frozen=True, slots=True)
class Level:
    """How one level of a list is numbered: "%1.%2" stands for the numbers of the first two levels."""

    text: str
    form: str
    start: int


@dataclass(slots=True)
class Numbering:
    """The lists of a document (by the number that paragraphs refer to) and how far each has been counted."""

    lists: dict[str, tuple[str, dict[int, Level]]] = field(default_factory=dict)
    _counts: dict[str, dict[int, int]] = field(default_factory=dict)

    @classmethod
    def read(cls, root: Element | None) -> "Numbering":
        """The lists of a numbering part."""
        if root is None:
            return cls()
        levels = {attribute(each, "abstractNumId"): _levels(each) for each in children(root, "abstractNum")}
        lists: dict[str, tuple[str, dict[int, Level]]] = {}
        for number in children(root, "num"):
            abstract = value(first(number, "abstractNumId")) or ""
            changed = dict(levels.get(abstract, {}))
            for override in children(number, "lvlOverride"):
                place = _integer(attribute(override, "ilvl"))
                start = value(first(override, "startOverride"))
                own = _levels(override)
                if place in own or place in changed:
                    level = own.get(place) or changed[place]
                    changed[place] = Level(level.text, level.form, _integer(start)) if start else level
            # Lists that share a definition go on counting together, unless one says where it starts.
            key = f"{abstract}/{attribute(number, 'numId')}" if any(children(number, "lvlOverride")) else abstract
            lists[attribute(number, "numId") or ""] = key, changed
        return cls(lists)

    def marker(self, number: str, level: int) -> str:
        """What stands before the next paragraph of this list and level: "- " for a bullet, "" where nothing does."""
        key, levels = self.lists.get(number, ("", {}))
        own = levels.get(level)
        if own is None:
            return ""
        counts = self._counts.setdefault(key, {})
        counts[level] = min(counts.get(level, own.start - 1) + 1, LARGEST_NUMBER)
        for deeper in [other for other in counts if other > level]:
            del counts[deeper]
        if own.form == "bullet":
            return "- "
        text = own.text
        for place in range(min(level, MOST_LEVELS) + 1):
            shown = levels.get(place, own)
            text = text.replace(f"%{place + 1}", FORMS.get(shown.form, str)(counts.get(place, shown.start)))
        return f"{text} " if text.strip() else ""


def _levels(parent: Element) -> dict[int, Level]:
    found = {}
    for level in children(parent, "lvl"):
        form = value(first(level, "numFmt")) or "decimal"
        text = value(first(level, "lvlText")) or ""
        found[_integer(attribute(level, "ilvl"))] = Level(text[:40], form, _integer(value(first(level, "start")), 1))
    return found


def _integer(text: str | None, otherwise: int = 0) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 6 else otherwise


def letters(number: int) -> str:
    """1 is "a", 26 "z", 27 "aa"."""
    return chr(ord("a") + (number - 1) % 26) * (1 + (number - 1) // 26) if 0 < number < 1_000 else str(number)


def roman(number: int) -> str:
    """4 is "iv"."""
    if not 0 < number < 4_000:
        return str(number)
    text = ""
    for worth, letter in ROMAN:
        count, number = divmod(number, worth)
        text += letter * count
    return text


FORMS: dict[str, Callable[[int], str]] = {
    "lowerLetter": letters,
    "upperLetter": lambda number: letters(number).upper(),
    "lowerRoman": roman,
    "upperRoman": lambda number: roman(number).upper(),
    "decimalZero": lambda number: f"{number:02}",
    "ordinal": lambda number: f"{number}.º",
    "none": lambda _: "",
}
