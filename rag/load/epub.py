"""The reader of e-books (EPUB 2 and 3): the chapters in reading order, each read as the web page that it is.

Left out: what is not in reading order, pictures, style sheets. A book that is encrypted is refused. https://www.w3.org/TR/epub-33/
"""

import posixpath
from urllib.parse import unquote

from rag.errors import LoadError
from rag.load.archive import Archive, open_package
from rag.load.dates import parse_date
from rag.load.html import read_html
from rag.load.parsed import Parsed, first_line, joined, one_line, outermost
from rag.load.xml import Element, attribute, children, first, local, parse_xml, text_of

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
LARGEST_PART = 60_000_000
CHAPTER_TYPES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")


def read_epub(data: bytes) -> Parsed:
    """Read an e-book.

    Raises:
        LoadError: no e-book, damaged, encrypted, or not safe to open.
    """
    archive = open_package(data)
    package, folder = _package(archive)
    encrypted = _encrypted(archive)
    chapters = [name for name in _chapters(package, folder) if name in archive]
    if any(name in encrypted for name in chapters):
        raise LoadError("encrypted")
    read = [read_html(content) for name in chapters if (content := archive.read(name, LARGEST_PART)).strip()]
    book = joined([chapter for chapter in read if chapter.text])
    stated: dict[str, str] = {}
    for element in first(package, "metadata") or ():
        stated.setdefault(local(element.tag), text_of(element))
    title = one_line(stated.get("title")) or outermost(book.headings) or first_line(book.text)
    date = parse_date(stated.get("date", "")[:10])
    return Parsed(book.text, title, date or book.date, headings=book.headings, author=one_line(stated.get("creator")))


def _package(archive: Archive) -> tuple[Element, str]:
    """The package document, and the folder that it is in."""
    if CONTAINER not in archive:
        raise LoadError("not an e-book (it has no container.xml)")
    container = parse_xml(archive.read(CONTAINER, LARGEST_PART))
    file = first(container, "rootfiles", "rootfile")
    name = (attribute(file, "full-path") or "") if file is not None else ""
    if name not in archive:
        raise LoadError("not an e-book (it has no package document)")
    return parse_xml(archive.read(name, LARGEST_PART)), posixpath.dirname(name)


def _chapters(package: Element, folder: str) -> list[str]:
    """The names of the parts in reading order, each once."""
    manifest, spine = first(package, "manifest"), first(package, "spine")
    parts: dict[str | None, str] = {}
    for item in () if manifest is None else children(manifest, "item"):
        if item.get("media-type", "").lower() in CHAPTER_TYPES and "nav" not in item.get("properties", "").split():
            parts[item.get("id")] = posixpath.normpath(posixpath.join(folder, unquote(item.get("href", "")))).lstrip("/")
    order = [parts.get(entry.get("idref")) for entry in ([] if spine is None else children(spine, "itemref"))]
    return list(dict.fromkeys(name for name in order if name))


def _encrypted(archive: Archive) -> set[str]:
    """The names of the parts that are encrypted; fonts often are, in books that anyone may read."""
    if ENCRYPTION not in archive:
        return set()
    root = parse_xml(archive.read(ENCRYPTION, LARGEST_PART))
    return {unquote(attribute(each, "URI") or "") for each in root.iter() if local(each.tag) == "CipherReference"}
