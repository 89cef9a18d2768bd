"""What Word, PowerPoint and Excel files have in common: a ZIP archive of XML parts, which point to each other by relationships.

Only parts inside the file are ever followed: a relationship that leads out of it (a picture on a server, a remote template) is ignored.
ECMA-376, part 2, says how packages are built.
"""

import posixpath
from dataclasses import dataclass

from rag.errors import LoadError
from rag.load.archive import Archive, open_package
from rag.load.parsed import one_line
from rag.load.xml import Element, attribute, children, local, parse_xml, text_of

LARGEST_PART = 60_000_000
# What programs put into files that say nothing themselves: python-docx, python-pptx, openpyxl, PowerPoint.
OF_TEMPLATES = ("python-docx", "Steve Canny", "openpyxl", "PowerPoint Presentation", "Word Document")


@dataclass(frozen=True, slots=True)
class Properties:
    """What a document says about itself."""

    title: str | None = None
    author: str | None = None


class Package:
    """An Office file; `main` is the name of its main part."""

    def __init__(self, data: bytes, kind: str) -> None:
        self.archive: Archive = open_package(data)
        self._related: dict[str, dict[str, tuple[str, str]]] = {}
        targets = [target for kind_, target in self.related("").values() if kind_ == "officeDocument"]
        if not targets or not targets[0].startswith(kind):
            raise LoadError(f"not a file of this format (it has no {kind} part)")
        self.main = targets[0]

    def part(self, name: str) -> Element | None:
        """The root element of a part, None if the file has no such part."""
        return parse_xml(self.archive.read(name, LARGEST_PART)) if name in self.archive else None

    def related(self, part: str) -> dict[str, tuple[str, str]]:
        """Id -> (kind, name) of the parts inside the file that a part points to, in order; "" is the file itself."""
        if part in self._related:
            return self._related[part]
        folder, _, name = part.rpartition("/")
        root = self.part(posixpath.join(folder, "_rels", f"{name}.rels"))
        found = self._related.setdefault(part, {})
        for link in () if root is None else children(root, "Relationship"):
            target = link.get("Target", "")
            if link.get("TargetMode") != "External" and "://" not in target:
                inside = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
                found[link.get("Id", "")] = link.get("Type", "").rpartition("/")[2], inside
        return found

    def named(self, part: str, kind: str) -> Element | None:
        """The root of the first part of a kind ("styles", "notesSlide") that `part` points to."""
        return next((self.part(target) for kind_, target in self.related(part).values() if kind_ == kind), None)

    def properties(self) -> Properties:
        """Title and author, as far as they are stated."""
        root = self.named("", "core-properties")
        values = {} if root is None else {local(element.tag): text_of(element) for element in root}
        author = one_line(values.get("creator"))
        title = one_line(values.get("title"))
        return Properties(None if title in OF_TEMPLATES else title, None if author in OF_TEMPLATES else author)


def value(element: Element | None) -> str | None:
    """The `val` attribute, which most settings have."""
    return None if element is None else attribute(element, "val")


def is_on(element: Element | None) -> bool:
    """Whether a setting that is either on or off is on; one that is not there is off."""
    return element is not None and value(element) not in ("0", "false", "off", "none")
