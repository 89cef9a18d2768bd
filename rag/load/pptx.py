"""The reader of PowerPoint files: each slide is a page with its title as heading, then its text, tables and speaker notes.

Own code over the XML of Python's library, as for Word (`rag.load.docx`). Left out: what stands on every slide (slide numbers, dates,
footers), charts and comments. ECMA-376, part 1, 19.
"""

from collections.abc import Iterator

from rag.load.dates import find_date
from rag.load.layout import Layout
from rag.load.ooxml import Package
from rag.load.parsed import Parsed, first_line, outermost
from rag.load.xml import Element, attribute, children, first, local

TITLES = ("title", "ctrTitle")
ON_EVERY_SLIDE = ("dt", "ftr", "sldNum", "hdr", "sldImg")
BULLETED = ("body", "obj", None)


def read_pptx(data: bytes) -> Parsed:
    """Read a PowerPoint file.

    Raises:
        LoadError: no PowerPoint file, damaged, or not safe to open.
    """
    package = Package(data, "ppt/")
    root = package.part(package.main)
    related = package.related(package.main)
    slides = first(root, "sldIdLst")
    layout = Layout()
    for slide in () if slides is None else slides:
        # The id of the slide itself is an attribute of the same name without a namespace.
        identifier = next((text for key, text in slide.attrib.items() if key.endswith("}id")), "")
        kind, name = related.get(identifier, ("", ""))
        if kind == "slide" and (content := package.part(name)) is not None:
            layout.begin_page()
            _slide(layout, content)
            notes = package.named(name, "notesSlide")
            for shape in () if notes is None else _shapes(notes):
                if _placeholder(shape) == "body":
                    _shape(layout, shape, bulleted=False)
    layout.end()
    text = layout.text()
    stated = package.properties()
    headings = tuple(layout.headings)
    return Parsed(
        text,
        stated.title or outermost(headings) or first_line(text),
        find_date(text),
        tuple(layout.pages),
        headings,
        stated.author,
    )


def _slide(layout: Layout, slide: Element) -> None:
    """Lay out the title of a slide, then its other shapes in order."""
    shapes = [shape for shape in _shapes(slide) if _placeholder(shape) not in ON_EVERY_SLIDE]
    for shape in sorted(shapes, key=lambda shape: _placeholder(shape) not in TITLES):
        if _placeholder(shape) in TITLES:
            layout.heading(1, " ".join(_text(paragraph) for paragraph in _paragraphs(shape)))
        elif local(shape.tag) == "graphicFrame":
            _table(layout, shape)
        else:
            _shape(layout, shape, bulleted=_placeholder(shape) in BULLETED and first(shape, "nvSpPr", "nvPr", "ph") is not None)


def _shapes(parent: Element) -> Iterator[Element]:
    """The shapes of a slide, also those in groups, in the order in which they were made."""
    for element in parent:
        name = local(element.tag)
        if name in ("sp", "graphicFrame", "cxnSp"):
            yield element
        elif name in ("cSld", "spTree", "grpSp"):
            yield from _shapes(element)
        elif name == "AlternateContent":
            yield from _shapes(next(iter(element), element))


def _placeholder(shape: Element) -> str | None:
    """What a shape holds the place of: "title", "body", "sldNum"; None if that is not said."""
    place = first(shape, "nvSpPr", "nvPr", "ph")
    return None if place is None else attribute(place, "type")


def _paragraphs(shape: Element) -> list[Element]:
    body = first(shape, "txBody")
    return [] if body is None else list(children(body, "p"))


def _shape(layout: Layout, shape: Element, *, bulleted: bool) -> None:
    paragraphs = [paragraph for paragraph in _paragraphs(shape) if _text(paragraph).strip()]
    number = 0
    layout.gap(2)
    for paragraph in paragraphs:
        properties = first(paragraph, "pPr")
        number = number + 1 if first(properties, "buAutoNum") is not None else 0
        level = attribute(properties, "lvl") if properties is not None else None
        indent = "  " * (int(level) if level and level.isdecimal() and len(level) == 1 else 0)
        plain = first(properties, "buNone") is not None or (first(properties, "buChar") is None and not (bulleted and len(paragraphs) > 1))
        if number or not plain:
            layout.begin_item(indent + (f"{number}. " if number else "- "))
            layout.write(_text(paragraph))
            layout.end_item()
        else:
            layout.paragraph(_text(paragraph))
    layout.gap(2)


def _table(layout: Layout, frame: Element) -> None:
    layout.begin_table()
    merged: dict[int, str] = {}
    for row in (row for row in frame.iter() if local(row.tag) == "tr"):
        layout.break_row()
        for column, cell in enumerate(children(row, "tc")):
            if _is_on(cell, "hMerge"):
                continue
            layout.begin_cell()
            layout.write(
                merged.get(column, "")  # the cell above reaches down to here
                if _is_on(cell, "vMerge")
                else " ".join(_text(paragraph) for paragraph in _paragraphs(cell))
            )
            span = attribute(cell, "gridSpan") or "1"
            merged[column] = layout.end_cell(int(span) if span.isdecimal() and len(span) < 4 else 1)
        layout.break_row()
    layout.end_table()


def _is_on(cell: Element, name: str) -> bool:
    return attribute(cell, name) in ("1", "true")


def _text(paragraph: Element) -> str:
    """The text of a paragraph; line breaks and tabs become spaces."""
    pieces = []
    for element in paragraph.iter():
        if local(element.tag) == "t":
            pieces.append(element.text or "")
        elif local(element.tag) in ("br", "tab"):
            pieces.append(" ")
    return "".join(pieces)
