"""XML of untrusted files as trees, by the parser of Python's own library, without entities, DTDs or anything from outside the text.

A document type declaration is refused before the tree is built, so nothing is ever declared, expanded or fetched. How deeply elements are
nested is for the stack of the reader to limit.
"""

from collections.abc import Iterator
from typing import NoReturn
from xml.etree import ElementTree as ET
from xml.parsers import expat

from rag.errors import LoadError

DECLARED = "refused: its XML declares a document type or entities"

Element = ET.Element


def parse_xml(data: bytes) -> Element:
    """The root element of an XML document.

    Raises:
        LoadError: not well formed, or with a document type declaration.
    """
    check_prolog(data)
    parser = ET.XMLParser()  # noqa: S314 - declarations are refused above
    try:
        parser.feed(data)
        return parser.close()
    except (ET.ParseError, ValueError, LookupError) as error:
        raise LoadError(f"damaged: its XML is not well formed ({' '.join(str(error).split())[:80]})") from error


def check_prolog(data: bytes) -> None:
    """Refuse a document type declaration, which can only stand before the first element; what is not well formed is for others to say."""

    def refuse(*_: object) -> NoReturn:
        raise LoadError(DECLARED)

    def stop(*_: object) -> NoReturn:
        raise _Begun

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = stop
    try:
        parser.Parse(data, True)
    except (_Begun, expat.ExpatError, ValueError, LookupError):
        return


class _Begun(Exception):
    """The first element begins, and no declaration can follow."""


def local(tag: object) -> str:
    """The name of an element or attribute without its namespace; "" for comments and processing instructions."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Element, name: str) -> str | None:
    """The value of the attribute with this local name, in whatever namespace."""
    for key, value in element.attrib.items():
        if local(key) == name:
            return value
    return None


def children(element: Element, name: str) -> Iterator[Element]:
    """The children with this local name."""
    return (child for child in element if local(child.tag) == name)


def first(element: Element | None, *path: str) -> Element | None:
    """The element down this path of local names, each the first child of that name, or None."""
    for name in path:
        element = None if element is None else next(children(element, name), None)
    return element


def text_of(element: Element | None) -> str:
    """All text in an element."""
    return "" if element is None else "".join(element.itertext())
