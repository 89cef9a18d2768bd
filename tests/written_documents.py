"""Documents of every format in both languages, made by the programs that people make them with, and what was written into each.

Each file holds planted sentences that occur nowhere else, with the page or section that a citation of them must name.
"""

import csv
import datetime as dt
import io
import json
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

Language = str
NUMBERS = {"es": ("1.250,5 kg", "el 12,5 %", "3.400 m", "75 €"), "en": ("1,250.5 kg", "12.5 %", "3,400 m", "$75")}
TEMPLATES = {
    "es": (
        "En {year}, el almacén de {place} guardó {amount} de {thing} según el inventario n.º {number}.",
        "La señora {name} vendió {amount} de {thing} en {place}, aunque nadie lo anotó en el libro {number}.",
        "¿Quién pagó {amount} por el {thing} de {place}? Fue {name}, según el recibo {number}.",
        "El reglamento de {place} exige que cada año se revisen {number} piezas de {thing} antes de la señal de {name}.",
    ),
    "en": (
        "In {year} the warehouse at {place} kept {amount} of {thing}, says inventory no. {number}.",
        "Mrs. {name} sold {amount} of {thing} at {place}, although nobody wrote it into book {number}.",
        "Who paid {amount} for the {thing} of {place}? It was {name}, says receipt {number}.",
        "The rules of {place} ask that {number} pieces of {thing} be checked every year before {name} gives the sign.",
    ),
}
WORDS = {
    "es": (
        ("Puerto Alción", "Valdeñora", "Güímar", "Peñafiel", "Cañaveral"),
        ("sal", "aceite", "lana", "carbón", "añil"),
        ("Núñez", "Ibáñez", "Muñoz", "Zoë"),
    ),
    "en": (
        ("Tarn Bay", "Ostwick", "Millbrook", "Northmere", "Ashcombe"),
        ("salt", "oil", "wool", "coal", "indigo"),
        ("Whitlock", "O'Hara", "Fairburn", "Zoë"),
    ),
}
HEADINGS = {
    "es": ("Seguridad de las bodegas", "Precios del año", "Reglas de la lonja", "Balance y auditoría"),
    "en": ("Safety of the stores", "Prices of the year", "Rules of the market", "Balance and audit"),
}
COLUMNS = {"es": ("Bodega", "Género", "Cantidad"), "en": ("Store", "Goods", "Amount")}


@dataclass(frozen=True, slots=True)
class Planted:
    """A sentence of a file; a citation of it names this page (from 1), or a section that ends so."""

    sentence: str
    page: int | None = None
    section: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A file and what was written into it."""

    name: str
    planted: tuple[Planted, ...]


class Sentences:
    """Makes sentences of a language; no two are equal."""

    def __init__(self, language: Language, seed: str) -> None:
        self._language = language
        self._random = random.Random(seed)
        self._count = 0

    def make(self) -> str:
        self._count += 1
        choose = self._random.choice
        places, things, names = WORDS[self._language]
        return choose(TEMPLATES[self._language]).format(
            year=self._random.randrange(1900, 2020),
            place=f"{choose(places)} de {self.invented()}" if self._language == "es" else f"{choose(places)} {self.invented()}",
            thing=choose(things),
            name=f"{self.invented()} {choose(names)}",
            amount=choose(NUMBERS[self._language]),
            number=self._random.randrange(10_000, 99_999) * 100 + self._count,
        )

    def invented(self) -> str:
        """A name that no language has."""
        syllables = ["ba", "ñe", "ti", "zo", "ru", "ló", "che", "fi", "gua", "mé", "pu", "xa"]
        return "".join(self._random.choice(syllables) for _ in range(4)).capitalize()

    def paragraph(self, count: int = 3) -> list[str]:
        return [self.make() for _ in range(count)]


Sections = list[tuple[str, list[list[str]]]]


def sections_of(language: Language, seed: str, paragraphs: int = 2) -> Sections:
    """Four headings, each with paragraphs of three sentences."""
    sentences = Sentences(language, seed)
    return [(heading, [sentences.paragraph() for _ in range(paragraphs)]) for heading in HEADINGS[language]]


def in_sections(sections: Sections) -> tuple[Planted, ...]:
    return tuple(Planted(one, section=heading) for heading, paragraphs in sections for sentences in paragraphs for one in sentences)


def write_corpus(folder: Path) -> list[Written]:
    """Write every kind of file in both languages."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for language in ("es", "en"):
        for kind, write in WRITERS.items():
            name = f"{kind.rpartition('.')[0]}-{language}.{kind.rpartition('.')[2]}"
            written.append(Written(name, write(folder / name, language, name)))
    return written


# Text


def write_markdown(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    sections = sections_of(language, seed)
    lines = [f"# {seed}"]
    for heading, paragraphs in sections:
        lines += [f"## {heading}", *(" ".join(sentences) for sentences in paragraphs)]
    path.write_text("\n\n".join(lines), encoding="utf-8")
    return in_sections(sections)


def write_text(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    sections = sections_of(language, seed)
    blocks = [seed.upper()]
    for heading, paragraphs in sections:
        blocks += [heading.upper(), *(" ".join(sentences) for sentences in paragraphs)]
    path.write_bytes("\r\n\r\n".join(blocks).encode("utf-16" if path.suffix == ".text" else "cp1252"))
    return tuple(Planted(planted.sentence, section=(planted.section or "").upper()) for planted in in_sections(sections))


def html_of(sections: Sections, title: str) -> str:
    body = "".join(f"<h2>{heading}</h2>" + "".join(f"<p>{' '.join(each)}</p>" for each in paragraphs) for heading, paragraphs in sections)
    head = f"<title>{title}</title><meta name='author' content='Ana Núñez'><meta name='date' content='2021-05-03'>"
    return (
        f"<!DOCTYPE html><html><head><meta charset='utf-8'>{head}</head><body><nav>Menu</nav><main>"
        f"<h1>{title}</h1>{body}</main><div>Related</div></body></html>"
    )


def write_html(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    sections = sections_of(language, seed)
    path.write_text(html_of(sections, seed), encoding="utf-8")
    return in_sections(sections)


def write_json(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    sections = sections_of(language, seed, paragraphs=1)
    records = [{"id": number, "title": heading, "text": " ".join(texts[0])} for number, (heading, texts) in enumerate(sections)]
    path.write_text(json.dumps({"records": records}, ensure_ascii=language == "en"), encoding="utf-8")
    return in_sections(sections)


def write_json_lines(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    sections = sections_of(language, seed, paragraphs=1)
    lines = [json.dumps({"title": heading, "text": " ".join(texts[0])}) for heading, texts in sections]
    path.write_text("\n".join(lines), encoding="utf-8")
    return in_sections(sections)


def write_mail(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    sentences = Sentences(language, seed)
    body, attached = sentences.paragraph(4), sentences.paragraph(4)
    message = EmailMessage()
    message["From"], message["To"] = "Ana Núñez <ana@example.org>", "archivo@example.org"
    message["Subject"], message["Date"] = f"Añadido {seed}", "Mon, 03 May 2021 10:00:00 +0200"
    message.set_content("\n\n".join(body))
    message.add_alternative(f"<p>{'</p><p>'.join(body)}</p>", subtype="html")
    message.add_attachment("\n\n".join(attached).encode(), maintype="text", subtype="plain", filename="anexo.txt")
    path.write_bytes(message.as_bytes())
    return (*(Planted(one) for one in body), *(Planted(one, section="anexo.txt") for one in attached))


def table_rows(language: Language, seed: str) -> list[list[str]]:
    places, things, _ = WORDS[language]
    sentences = Sentences(language, seed)
    return [[f"{places[row % 5]} {row}", things[row % 5], sentences.make()] for row in range(12)]


def as_records(rows: list[list[str]], language: Language, section: str | None = None) -> tuple[Planted, ...]:
    names = COLUMNS[language]
    return tuple(Planted(" | ".join(f"{name}: {cell}" for name, cell in zip(names, row, strict=True)), section=section) for row in rows)


def write_csv(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    rows = table_rows(language, seed)
    delimiter = "\t" if path.suffix == ".tsv" else ";" if language == "es" else ","
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows([COLUMNS[language], *rows])
    return as_records(rows, language)


# Office files


def write_docx(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    import docx

    sections = sections_of(language, seed)
    document = docx.Document()
    document.core_properties.title, document.core_properties.author = seed, "Ana Núñez"
    document.sections[0].header.paragraphs[0].text = "Encabezado que no se lee"
    document.add_heading(seed, 0)
    for heading, paragraphs in sections:
        document.add_heading(heading, 1)
        for sentences in paragraphs:
            paragraph = document.add_paragraph()
            for number, sentence in enumerate(sentences):
                # Words cut into runs, as a spelling checker leaves them.
                for piece in (sentence[:9], sentence[9:20], sentence[20:]):
                    paragraph.add_run(piece).bold = number == 1
                paragraph.add_run(" ")
    document.save(str(path))
    return in_sections(sections)


def write_docx_lists(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    import docx

    sentences = Sentences(language, seed)
    items, steps = sentences.paragraph(5), sentences.paragraph(5)
    document = docx.Document()
    document.add_heading(HEADINGS[language][0], 1)
    for item in items:
        document.add_paragraph(item, style="List Bullet")
    document.add_heading(HEADINGS[language][1], 1)
    for step in steps:
        document.add_paragraph(step, style="List Number")
    document.save(str(path))
    return (
        *(Planted(f"- {item}", section=HEADINGS[language][0]) for item in items),
        *(Planted(f"{number}. {step}", section=HEADINGS[language][1]) for number, step in enumerate(steps, 1)),
    )


def write_docx_table(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    import docx

    rows = table_rows(language, seed)
    document = docx.Document()
    document.add_heading(HEADINGS[language][1], 1)
    table = document.add_table(rows=0, cols=3)
    for row in [COLUMNS[language], *rows]:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    document.save(str(path))
    return tuple(Planted(" | ".join(row), section=HEADINGS[language][1]) for row in rows)


def write_odt(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    from odf.dc import Creator, Title
    from odf.opendocument import OpenDocumentText
    from odf.text import H, P, Span

    sections = sections_of(language, seed)
    document = OpenDocumentText()
    document.meta.addElement(Title(text=seed))
    document.meta.addElement(Creator(text="Ana Núñez"))
    for heading, paragraphs in sections:
        document.text.addElement(H(outlinelevel=1, text=heading))
        for sentences in paragraphs:
            paragraph = P(text="")
            for sentence in sentences:
                paragraph.addElement(Span(text=sentence[:12]))
                paragraph.addText(f"{sentence[12:]} ")
            document.text.addElement(paragraph)
    document.save(str(path))
    return in_sections(sections)


def write_ods(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    rows = table_rows(language, seed)
    document = OpenDocumentSpreadsheet()
    sheet = Table(name="Inventario")
    for row in [COLUMNS[language], *rows]:
        line = TableRow()
        for text in row:
            cell = TableCell(valuetype="string")
            cell.addElement(P(text=text))
            line.addElement(cell)
        sheet.addElement(line)
    document.spreadsheet.addElement(sheet)
    document.save(str(path))
    return as_records(rows, language, "Inventario")


def write_odp(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    from odf.draw import Frame, Page, TextBox
    from odf.namespaces import PRESENTATIONNS
    from odf.opendocument import OpenDocumentPresentation
    from odf.style import MasterPage, PageLayout
    from odf.text import P

    sections = sections_of(language, seed, paragraphs=1)
    document = OpenDocumentPresentation()
    layout = PageLayout(name="layout")
    document.automaticstyles.addElement(layout)
    document.masterstyles.addElement(MasterPage(name="master", pagelayoutname=layout))
    for heading, paragraphs in sections:
        slide = Page(masterpagename="master")
        for kind, texts in (("title", [heading]), ("outline", paragraphs[0])):
            frame = Frame(width="20cm", height="3cm", x="1cm", y="1cm")
            frame.setAttrNS(PRESENTATIONNS, "class", kind)
            box = TextBox()
            for text in texts:
                box.addElement(P(text=text))
            frame.addElement(box)
            slide.addElement(frame)
        document.presentation.addElement(slide)
    document.save(str(path))
    return on_slides(sections)


def on_slides(sections: Sections) -> tuple[Planted, ...]:
    return tuple(
        Planted(one, page=number, section=heading) for number, (heading, texts) in enumerate(sections, 1) for each in texts for one in each
    )


def write_pptx(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    from pptx import Presentation
    from pptx.util import Inches

    sections = sections_of(language, seed)
    presentation = Presentation()
    for heading, paragraphs in sections:
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = heading
        frame = slide.placeholders[1].text_frame
        frame.text = paragraphs[0][0]
        for sentence in paragraphs[0][1:]:
            frame.add_paragraph().text = sentence
        table = slide.shapes.add_table(1, 2, Inches(1), Inches(5), Inches(8), Inches(1)).table
        for column, sentence in enumerate(paragraphs[1][:2]):
            table.cell(0, column).text = sentence
        slide.notes_slide.notes_text_frame.text = paragraphs[1][2]
    presentation.core_properties.author = "Ana Núñez"
    presentation.save(str(path))
    return on_slides(sections)


def write_xlsx(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    from openpyxl import Workbook

    book = Workbook()
    planted: tuple[Planted, ...] = ()
    for number, name in enumerate(("Enero", "Febrero")):
        sheet = book.active if number == 0 else book.create_sheet()
        sheet.title = name
        rows = table_rows(language, seed + name)
        for row in [COLUMNS[language], *rows]:
            sheet.append(row)
        planted += as_records(rows, language, name)
    book.properties.title, book.properties.creator = seed, "Ana Núñez"
    book.save(path)
    return planted


def write_xlsx_numbers(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.title = "Datos"
    name, *others = ("Bodega", "Parte", "Precio", "Fecha") if language == "es" else ("Store", "Share", "Price", "Date")
    sheet.append([name, *others])
    places = WORDS[language][0]
    lines = []
    for row, place in enumerate(places):
        day = dt.date(2021, 5, row + 1)
        sheet.append([place, 0.125 + row / 100, 75.5 + row, day])
        sheet.cell(row + 2, 2).number_format = "0.0%"
        sheet.cell(row + 2, 3).number_format = '#,##0.00\\ "€"' if language == "es" else '"$"#,##0.00'
        price = f"{75.5 + row:.2f} €" if language == "es" else f"${75.5 + row:.2f}"
        cells = (place, f"{12.5 + row:.1f} %", price, f"{day.day} de mayo de 2021" if language == "es" else f"{day.day} May 2021")
        lines.append(" | ".join(f"{column}: {cell}" for column, cell in zip((name, *others), cells, strict=True)))
    book.save(path)
    return tuple(Planted(line, section="Datos") for line in lines)


def write_epub(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    from ebooklib import epub

    sections = sections_of(language, seed)
    book = epub.EpubBook()
    book.set_identifier(seed)
    book.set_title(seed)
    book.set_language(language)
    book.add_author("Ana Núñez")
    chapters = []
    for number, (heading, paragraphs) in enumerate(sections):
        chapter = epub.EpubHtml(title=heading, file_name=f"chapter {number}.xhtml", lang=language)
        chapter.content = f"<h1>{heading}</h1>" + "".join(f"<p>{' '.join(sentences)}</p>" for sentences in paragraphs)
        book.add_item(chapter)
        chapters.append(chapter)
    book.toc = tuple(chapters)
    book.add_item(epub.EpubNcx())
    book.add_item(epub.EpubNav())
    book.spine = ["nav", *chapters]
    epub.write_epub(str(path), book)
    return in_sections(sections)


def write_zip(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    sections = sections_of(language, seed, paragraphs=1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (heading, paragraphs) in enumerate(sections):
            archive.writestr(f"carpeta ñ/{number}.md", f"# {heading}\n\n{' '.join(paragraphs[0])}\n")
        archive.writestr("__MACOSX/._x.md", "x")
    return in_sections(sections)


# PDF


def build_pdf(path: Path, story: list[object], **options: object) -> None:
    from reportlab.platypus import SimpleDocTemplate

    SimpleDocTemplate(str(path), title=path.stem, author="Ana Núñez", **options).build(story)


def write_pdf(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import PageBreak, Paragraph

    sections = sections_of(language, seed, paragraphs=4)
    styles = getSampleStyleSheet()
    story: list[object] = []
    for heading, paragraphs in sections:
        story.append(Paragraph(heading, styles["Heading1"]))
        story += [Paragraph(" ".join(sentences), styles["BodyText"]) for sentences in paragraphs]
        story.append(PageBreak())
    build_pdf(path, story)
    return on_slides(sections)


def write_pdf_running(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    """Page headers, footers and numbers; paragraphs run over the pages."""
    from reportlab.lib.enums import TA_JUSTIFY
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfgen.canvas import Canvas
    from reportlab.platypus import Paragraph, SimpleDocTemplate

    sentences = Sentences(language, seed)
    paragraphs = [sentences.paragraph(5) for _ in range(40)]
    style = ParagraphStyle("body", fontName="Times-Roman", fontSize=11, leading=14, alignment=TA_JUSTIFY, firstLineIndent=14)

    def decorate(canvas: Canvas, template: SimpleDocTemplate) -> None:
        canvas.setFont("Times-Italic", 9)
        canvas.drawString(72, 800, "Boletín de la lonja, tomo 7")
        canvas.drawCentredString(297, 30, f"– {template.page} –")

    template = SimpleDocTemplate(str(path))
    template.build([Paragraph(" ".join(each), style) for each in paragraphs], onFirstPage=decorate, onLaterPages=decorate)
    return tuple(Planted(one) for each in paragraphs for one in each)


def write_pdf_columns(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    """Two columns below a title across both."""
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate, Paragraph

    sections = sections_of(language, seed, paragraphs=6)
    styles = getSampleStyleSheet()
    story: list[object] = []
    for heading, paragraphs in sections:
        story.append(Paragraph(heading, styles["Heading2"]))
        story += [Paragraph(" ".join(sentences), styles["BodyText"]) for sentences in paragraphs]
    frames = [Frame(50, 50, 235, 700, id="left"), Frame(310, 50, 235, 700, id="right")]

    def title(canvas: object, _: object) -> None:
        canvas.setFont("Helvetica-Bold", 18)  # type: ignore[attr-defined]
        canvas.drawCentredString(297, 780, "Una revista de dos columnas y un título")  # type: ignore[attr-defined]

    BaseDocTemplate(str(path), pageTemplates=[PageTemplate(frames=frames, onPage=title)]).build(story)
    return in_sections(sections)


def write_pdf_interleaved(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    """Two columns that the file holds line by line across both, as some programs write them."""
    from reportlab.lib.utils import simpleSplit
    from reportlab.pdfgen.canvas import Canvas

    sentences = Sentences(language, seed)
    columns = [sentences.paragraph(12), sentences.paragraph(12)]
    lines = [simpleSplit(" ".join(each), "Times-Roman", 10, 215) for each in columns]
    canvas = Canvas(str(path))
    for row in range(max(map(len, lines))):
        for column in (0, 1):
            if row < len(lines[column]):
                canvas.setFont("Times-Roman", 10)
                canvas.drawString(60 + 250 * column, 760 - 12 * row, lines[column][row])
    canvas.save()
    return tuple(Planted(one, page=1) for each in columns for one in each)


def write_pdf_hyphens(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    """Narrow lines whose last words are cut."""
    from reportlab.pdfgen.canvas import Canvas

    sentences = Sentences(language, seed).paragraph(12)
    canvas = Canvas(str(path))
    line, height = "", 780
    canvas.setFont("Helvetica", 11)
    for word in " ".join(sentences).split():
        if len(line) + len(word) < 58:
            line = f"{line} {word}".strip()
            continue
        cut = len(word) // 2
        if len(word) > 6 and word.isalpha() and word.islower():
            canvas.drawString(72, height, f"{line} {word[:cut]}-")
            line = word[cut:]
        else:
            canvas.drawString(72, height, line)
            line = word
        height -= 14
    canvas.drawString(72, height, line)
    canvas.save()
    return tuple(Planted(one, page=1) for one in sentences)


def write_pdf_table(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, Table

    styles = getSampleStyleSheet()
    places, things, _ = WORDS[language]
    rows = [[f"{places[row % 5]} {row}", things[row % 5], f"{1000 + row * 37} kg"] for row in range(12)]
    text = Sentences(language, seed).paragraph(4)
    story = [Paragraph(HEADINGS[language][0], styles["Heading1"]), Paragraph(" ".join(text), styles["BodyText"])]
    build_pdf(path, [*story, Table([COLUMNS[language], *rows], colWidths=[150, 100, 100])])
    section = HEADINGS[language][0]
    return (*(Planted(one, 1, section) for one in text), *(Planted(" | ".join(row), 1, section) for row in rows))


def write_pdf_wrapped_table(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, Table

    style = getSampleStyleSheet()["BodyText"]
    rows = table_rows(language, seed)[:6]
    cells = [[Paragraph(text, style) for text in row] for row in rows]
    build_pdf(path, [Table(cells, colWidths=[90, 60, 250])])
    return tuple(Planted(" | ".join(row), page=1) for row in rows)


def write_pdf_rotated(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    """A page that is stored lying and shown upright."""
    from pypdf import PdfReader, PdfWriter

    planted = write_pdf(path, language, seed)
    writer = PdfWriter()
    for page in PdfReader(io.BytesIO(path.read_bytes())).pages:
        page.rotate(90)
        writer.add_page(page)
    writer.write(path)
    return planted


def write_pdf_encrypted(path: Path, language: Language, seed: str) -> tuple[Planted, ...]:
    """Anyone may read it, nobody may print it."""
    from pypdf import PdfReader, PdfWriter

    planted = write_pdf(path, language, seed)
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(path.read_bytes())))
    writer.encrypt("", owner_password="owner", algorithm="AES-256")
    writer.write(path)
    return planted


WRITERS: dict[str, Callable[[Path, Language, str], tuple[Planted, ...]]] = {
    "sections.md": write_markdown,
    "plain.markdown": write_markdown,
    "windows.txt": write_text,
    "wide.text": write_text,
    "page.html": write_html,
    "old.htm": write_html,
    "records.json": write_json,
    "lines.jsonl": write_json_lines,
    "mail.eml": write_mail,
    "rows.csv": write_csv,
    "tabs.tsv": write_csv,
    "word.docx": write_docx,
    "lists.docx": write_docx_lists,
    "table.docx": write_docx_table,
    "writer.odt": write_odt,
    "calc.ods": write_ods,
    "impress.odp": write_odp,
    "slides.pptx": write_pptx,
    "sheets.xlsx": write_xlsx,
    "numbers.xlsx": write_xlsx_numbers,
    "book.epub": write_epub,
    "folder.zip": write_zip,
    "plain.pdf": write_pdf,
    "running.pdf": write_pdf_running,
    "columns.pdf": write_pdf_columns,
    "interleaved.pdf": write_pdf_interleaved,
    "hyphens.pdf": write_pdf_hyphens,
    "table.pdf": write_pdf_table,
    "wrapped.pdf": write_pdf_wrapped_table,
    "rotated.pdf": write_pdf_rotated,
    "locked.pdf": write_pdf_encrypted,
}
