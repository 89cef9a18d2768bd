"""What each reader makes of the finer points of its format, and where the words of a PDF stand on its pages."""

import io
import shutil
import zipfile
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
from hostile_files import package, paragraph, relationships, word, xlsx, zipped
from openpyxl import Workbook
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from written_documents import HEADINGS, write_docx, write_mail, write_pdf_columns, write_pdf_rotated, write_xlsx

from rag.errors import LoadError
from rag.load import Limits, Mark, load_file, page_picture, rectangles
from rag.load.characters import clean, printable_name, shown
from rag.load.docx import read_docx
from rag.load.epub import read_epub
from rag.load.html import read_html
from rag.load.mail import read_mail
from rag.load.numbering import letters, roman
from rag.load.odt import read_odt
from rag.load.pdf import FILE_NAME_TITLE, read_pdf
from rag.load.records import read_json, read_json_lines
from rag.load.tables import _number as number
from rag.load.tables import read_csv, read_xlsx
from rag.load.workers import loading
from rag.types import Document

LIMIT = 50_000_000

# Word


def test_docx_shows_what_word_shows() -> None:
    inside = (
        '<w:p><w:pPr><w:pStyle w:val="T"/></w:pPr><w:r><w:t>Acta</w:t></w:r></w:p>'
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>In a control.</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        '<w:p><w:r><w:t xml:space="preserve">Kept, </w:t></w:r><w:ins><w:r><w:t>added</w:t></w:r></w:ins>'
        "<w:del><w:r><w:delText>deleted</w:delText></w:r></w:del><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:t>.</w:t></w:r>"
        '<w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
        "<w:p><w:r><w:t>A</w:t><w:tab/><w:t>B</w:t><w:br/><w:t>C</w:t><w:noBreakHyphen/><w:t>D</w:t></w:r></w:p>"
    )
    notes = f'<w:footnotes xmlns:w="{WORD}"><w:footnote w:id="2"><w:p><w:r><w:t>A note.</w:t></w:r></w:p></w:footnote></w:footnotes>'
    styles = f'<w:styles xmlns:w="{WORD}"><w:style w:styleId="T"><w:name w:val="heading 2"/></w:style></w:styles>'
    links = relationships(("styles", "styles.xml", False), ("footnotes", "footnotes.xml", False))
    parsed = read_docx(package("word/document.xml", word(inside), {"word/styles.xml": styles, "word/footnotes.xml": notes}, links))
    assert parsed.text == "Acta\n\nIn a control.\n\nKept, added.[1]\n\nA B\nC-D\n\n[1] A note."
    assert [(heading.level, heading.text) for heading in parsed.headings] == [(2, "Acta")]


WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def test_docx_numbers_what_word_numbers() -> None:
    levels = (
        '<w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/><w:lvlText w:val="Artículo %1."/></w:lvl>'
        '<w:lvl w:ilvl="1"><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%2)"/></w:lvl>'
        '<w:lvl w:ilvl="2"><w:start w:val="3"/><w:numFmt w:val="upperRoman"/><w:lvlText w:val="%1.%2.%3"/></w:lvl>'
    )
    numbering = (
        f'<w:numbering xmlns:w="{WORD}"><w:abstractNum w:abstractNumId="7">{levels}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num></w:numbering>'
    )

    def item(text: str, level: int) -> str:
        number = f'<w:pPr><w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="1"/></w:numPr></w:pPr>'
        return f"<w:p>{number}<w:r><w:t>{text}</w:t></w:r></w:p>"

    inside = item("Objeto", 0) + item("uno", 1) + item("dos", 1) + item("tres", 2) + item("Plazo", 0) + item("otra vez", 1)
    links = relationships(("numbering", "numbering.xml", False))
    parsed = read_docx(package("word/document.xml", word(inside), {"word/numbering.xml": numbering}, links))
    expected = "Artículo 1. Objeto\n\na) uno\nb) dos\n\n1.b.III tres\n\nArtículo 2. Plazo\n\na) otra vez"
    assert parsed.text.replace("\n\n", "\n") == expected.replace("\n\n", "\n")
    assert (letters(28), roman(1994)) == ("bb", "mcmxciv")


def test_docx_pages_where_word_noted_them() -> None:
    breaks = "<w:p><w:r><w:t>One.</w:t></w:r></w:p><w:p><w:r><w:lastRenderedPageBreak/><w:t>Two.</w:t></w:r></w:p>"
    parsed = read_docx(package("word/document.xml", word(breaks)))
    assert (parsed.text, parsed.pages) == ("One.\n\nTwo.", (0, 6))
    assert read_docx(package("word/document.xml", word(paragraph("One.")))).pages == ()


def test_docx_metadata(tmp_path: Path) -> None:
    write_docx(tmp_path / "a.docx", "es", "Inventario")
    document = load_file(tmp_path / "a.docx", "a.docx", LIMIT)
    assert (document.title, document.author, document.language) == ("Inventario", "Ana Núñez", "es")
    # The template of python-docx is of 2013; the document is not.
    assert document.date is None
    assert "Encabezado" not in document.text


def test_docx_bold_lines_are_headings_where_no_style_makes_any() -> None:
    def line(text: str, marks: str = "", style: str = "") -> str:
        return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:rPr>{marks}</w:rPr><w:t>{text}</w:t></w:r></w:p>'

    bold, plain = "<w:b/>", '<w:b w:val="0"/>'
    inside = (
        line("Lease of a flat", bold) + line("Between the parties named below.") + line("Duration", bold) + line("Two years, from May on.")
        + line("Deposit", style="Fat") + line("One month of rent.") + line("Animals", plain, "Fat") + line("None.", bold)
        + line("Not larger than a cat.") + line("The end", bold)
    )  # fmt: skip
    style = f'<w:styles xmlns:w="{WORD}"><w:style w:styleId="{{}}"><w:name w:val="{{}}"/><w:rPr><w:b/></w:rPr></w:style></w:styles>'
    links = relationships(("styles", "styles.xml", False))
    parsed = read_docx(package("word/document.xml", word(inside), {"word/styles.xml": style.format("Fat", "Fat")}, links))
    assert parsed.title == "Lease of a flat"
    assert [(heading.level, heading.text) for heading in parsed.headings] == [(1, "Lease of a flat"), (3, "Duration"), (3, "Deposit")]
    assert all(parsed.text[heading.start : heading.end] == heading.text for heading in parsed.headings)
    styled = word(line("Rules", style="T") + inside + line("Costs", style="T") + line("Nothing is free."))
    parsed = read_docx(package("word/document.xml", styled, {"word/styles.xml": style.format("T", "heading 1")}, links))
    assert [heading.text for heading in parsed.headings] == ["Rules", "Costs"]


# Other formats


def test_odt_lists_are_numbered() -> None:
    names = {name: f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0" for name in ("office", "text", "style")}
    content = (
        '<o:c xmlns:o="{office}" xmlns:t="{text}" xmlns:s="{style}"><o:automatic-styles><t:list-style s:name="L">'
        '<t:list-level-style-number t:level="1" s:num-format="a" s:num-suffix=")"/></t:list-style></o:automatic-styles>'
        '<o:body><o:text><t:h t:outline-level="2">Título</t:h><t:list t:style-name="L"><t:list-item><t:p>uno</t:p></t:list-item>'
        '<t:list-item><t:p>dos<t:note><t:note-citation>1</t:note-citation><t:note-body><t:p>Nota.</t:p></t:note-body></t:note></t:p>'
        "</t:list-item></t:list><t:p>Fin<t:s/>de<t:line-break/>todo.</t:p><t:tracked-changes><t:p>borrado</t:p></t:tracked-changes>"
        "</o:text></o:body></o:c>"
    ).format(**names)  # fmt: skip
    assert read_odt(zipped({"content.xml": content})).text == "Título\n\na) uno\nb) dos[1]\n\nFin de\ntodo.\n\n[1] Nota."


def test_odt_bold_lines_are_headings_where_no_style_makes_any() -> None:
    names = {name: f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0" for name in ("office", "text", "style", "xsl-fo-compatible")}
    content = (
        '<o:c xmlns:o="{office}" xmlns:t="{text}" xmlns:s="{style}" xmlns:f="{xsl-fo-compatible}"><o:automatic-styles>'
        '<s:style s:name="P1" s:parent-style-name="P0"/><s:style s:name="P0"><s:text-properties f:font-weight="bold"/></s:style>'
        '<s:style s:name="T1"><s:text-properties f:font-weight="normal"/></s:style></o:automatic-styles><o:body><o:text>'
        '<t:p>Contrato de una vivienda</t:p><t:p t:style-name="P1">Fianza</t:p><t:p>Un mes.</t:p><t:p t:style-name="P1">'
        '<t:span t:style-name="T1">Animales</t:span></t:p><t:p>Ninguno.</t:p><t:p><t:span t:style-name="P0">Obras</t:span></t:p>'
        '<t:p>Las paga la propiedad.</t:p></o:text></o:body></o:c>'
    ).format(**names)  # fmt: skip
    parsed = read_odt(zipped({"content.xml": content}))
    assert parsed.title == "Contrato de una vivienda"
    assert [(heading.level, heading.text) for heading in parsed.headings] == [(3, "Fianza"), (3, "Obras")]


def test_rows_of_sheets() -> None:
    text = "Inventario\n\nBodega;Sal;Nota\nValdeñora;1.250,5 kg;\nGüímar;3;«Falta; mucho»\n;;Total: 4\n".replace("«", '"').replace("»", '"')
    assert read_csv(text.encode("cp1252")).text == (
        "Inventario\n\nBodega: Valdeñora | Sal: 1.250,5 kg\n\nBodega: Güímar | Sal: 3 | Nota: Falta; mucho\n\nNota: Total: 4"
    )
    assert read_csv(b"1,2\n3,4\n").text == "1 | 2\n\n3 | 4"
    assert read_csv(b"Country,2019,2020\nSpain,47,48\n").text == "Country: Spain | 2019: 47 | 2020: 48"
    assert read_csv(b"2019,2020\n47,48\n").text == "2019 | 2020\n\n47 | 48"
    assert read_csv("id,text\n2,one\u2028two\n".encode()).text == "id: 2 | text: one two"


def test_a_percent_sign_that_is_only_written_behind_multiplies_nothing() -> None:
    assert number(5.3, '0.0"%"') == "5.3 %"
    assert number(0.053, "0.0%") == "5.3 %"


def test_raised_figures_are_no_digits_of_the_number_before() -> None:
    text = "<p>5,000<sup>3</sup> people, 10<sup>−6</sup> g, m<sup>2</sup>, 21<sup>st</sup></p>"
    assert read_html(text.encode()).text == "5,000³ people, 10⁻⁶ g, m2, 21st"
    mark = '<w:p><w:r><w:t>In 1998</w:t></w:r><w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:t>3</w:t></w:r></w:p>'
    assert read_docx(package("word/document.xml", word(mark))).text == "In 1998³"
    width = stringWidth("It carries 250", "Helvetica", 11)
    line = [(50, 100, "It carries 250", 11), (50 + width, 96, "3", 7), (58 + width, 100, "people, 12 of them at night.", 11)]
    assert read_pdf(drawn(line)).text == "It carries 250³ people, 12 of them at night."


def test_a_cell_over_several_rows_is_said_in_each() -> None:
    page = (
        "<table><tr><td rowspan=2>Region</td><td colspan=2>Sales</td></tr><tr><td>2020</td><td>2021</td></tr>"
        "<tr><td>North</td><td rowspan=2>5</td><td>6</td></tr><tr><td>South</td><td>7</td></tr>"
        "<tr><td>East</td><td>8</td><td rowspan=3>9</td></tr><tr><td>West</td><td>1</td></tr><tr></tr></table>"
        f"<table><tr><td rowspan=2>{'long ' * 30}</td><td>a</td></tr><tr><td>b</td></tr></table>"
    )
    rows = "Region | Sales / 2020 | Sales / 2021\nNorth | 5 | 6\nSouth | 5 | 7\nEast | 8 | 9\nWest | 1 | 9"
    assert read_html(page.encode()).text == f"{rows}\n\n{('long ' * 30).strip()} | a\n| b"

    def cell(text: str, settings: str = "") -> str:
        return f"<w:tc><w:tcPr>{settings}</w:tcPr>{paragraph(text)}</w:tc>"

    table = [
        cell("Kitchen", '<w:gridSpan w:val="2"/>') + cell("Oven", '<w:vMerge w:val="restart"/>'),
        cell("left") + cell("right") + cell("", "<w:vMerge/>"),
    ]
    inside = f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in table)}</w:tbl>"
    assert read_docx(package("word/document.xml", word(inside))).text == "Kitchen | Oven\nleft | right | Oven"


def test_a_merged_cell_of_a_sheet_is_said_in_each_of_its_rows() -> None:
    book = Workbook()
    for row in (("Region", "Year", "Sales"), ("North", 2020, 5), (None, 2021, 6), (None, None, None), ("South", 2020, 7), (None, 2021, 8)):
        book.active.append(row)
    book.active.merge_cells("A2:A4")
    file = io.BytesIO()
    book.save(file)
    assert read_xlsx(file.getvalue()).text == (
        "Sheet\n\nRegion: North | Year: 2020 | Sales: 5\n\nRegion: North | Year: 2021 | Sales: 6\n\n"
        "Region: South | Year: 2020 | Sales: 7\n\nYear: 2021 | Sales: 8"
    )


def test_what_asks_for_consent_to_cookies_is_no_text_of_the_page() -> None:
    banner = '<div class="site cookie-banner">We use cookies.</div><div id="CookieConsent">Accept?</div><div id="onetrust-sdk">Reject</div>'
    page = f'{banner}<div class="cookies">Bake for ten minutes.</div><article><div class="cookie-notice">How to write one.</div></article>'
    assert read_html(page.encode()).text == "Bake for ten minutes.\n\nHow to write one."


def test_notes_at_the_foot_of_a_page_cut_no_sentence() -> None:
    lines = ["The harbour was built in the years after the great flood of", "the spring, when the river had taken the old quay and most of"]
    body = [(50, 100 + 14 * number, text, 11) for number, text in enumerate(["An earlier paragraph ends here.", "", *lines]) if text]
    notes = [(50, 700, "1 See the minutes of 4 May 1998,", 8), (50, 710, "in the archive.", 8), (50, 720, "2 Estimate.", 8)]
    after = [(50, 100, "the houses beside it.", 11), (50, 114, "Nothing more is known of it.", 11), (50, 700, "3 The last note.", 8)]
    parsed = read_pdf(drawn([*body, *notes], after))
    assert parsed.text == (
        "An earlier paragraph ends here.\n\n1 See the minutes of 4 May 1998, in the archive.\n\n2 Estimate.\n\n"
        f"{' '.join(lines)}\nthe houses beside it. Nothing more is known of it.\n\n3 The last note."
    )
    assert parsed.text[parsed.pages[1] :].startswith("the houses")


def test_a_button_that_unfolds_an_answer_is_a_heading() -> None:
    text = '<h2><button aria-expanded="false">What does a pass cost?</button></h2><div>It is 12 euros.</div><button>Send</button>'
    assert read_html(text.encode()).text == "What does a pass cost?\n\nIt is 12 euros."


def test_xlsx_ignores_the_size_that_it_states() -> None:
    rows = '<row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row>'
    assert read_xlsx(xlsx(rows, "A1:XFD1048576")).text == "S\n\nx"


def test_xlsx_metadata(tmp_path: Path) -> None:
    write_xlsx(tmp_path / "a.xlsx", "en", "Stores")
    document = load_file(tmp_path / "a.xlsx", "a.xlsx", LIMIT)
    assert (document.title, document.author) == ("Stores", "Ana Núñez")
    assert [heading.text for heading in document.headings] == ["Enero", "Febrero"]


def test_mail(tmp_path: Path) -> None:
    write_mail(tmp_path / "a.eml", "es", "inventario")
    parsed = read_mail((tmp_path / "a.eml").read_bytes())
    assert (parsed.title, parsed.date, parsed.author) == ("Añadido inventario", "2021-05-03", "Ana Núñez <ana@example.org>")
    assert [heading.text for heading in parsed.headings] == ["Añadido inventario", "anexo.txt"]
    assert read_mail(b"Subject: =?utf-8?q?Se=C3=B1al?=\nContent-Type: text/html\n\n<p>Uno</p><p>Dos</p>").text == "Señal\n\nUno\n\nDos"
    with pytest.raises(LoadError, match=r"^not a mail"):
        read_mail(b"just a text")


def test_a_mail_whose_text_goes_on_behind_an_attachment() -> None:
    message = EmailMessage()
    message["Subject"] = "Plan"
    message.set_content("See the plan.")
    message.add_attachment(b"x", maintype="application", subtype="octet-stream", filename="x.bin")
    more = EmailMessage()
    more.set_content("The meeting is on Friday at 9.")
    message.attach(more)
    assert read_mail(message.as_bytes()).text.endswith("See the plan.\n\nx.bin\n\nThe meeting is on Friday at 9.")


def test_a_mail_with_a_blank_plain_part_is_its_html() -> None:
    message = EmailMessage()
    message["Subject"] = "Hours"
    message.set_content("\n")
    message.add_alternative("<p>Open on Mondays.</p>", subtype="html")
    assert read_mail(message.as_bytes()).text.endswith("Open on Mondays.")


def test_a_mail_whose_plain_part_is_a_mere_notice_is_its_html() -> None:
    message = EmailMessage()
    message["Subject"] = "Order"
    message.set_content("Your order comes in two parts.")
    message.add_alternative(
        "<p>Your order comes in two parts.</p><table><tr><th>Item</th><th>Day</th></tr><tr><td>Grout</td><td>4 March</td></tr></table>",
        subtype="html",
    )
    assert read_mail(message.as_bytes()).text.endswith("Item | Day\nGrout | 4 March")


def test_json() -> None:
    assert "one\u2028two" in read_json_lines('{"title": "A", "text": "one\u2028two"}'.encode()).text.replace(" ", "\u2028")
    one = read_json(b'{"title": "Acta", "author": "Ana", "date": "2021-05-03", "text": "Uno.\\n\\nDos."}')
    assert (one.text, one.title, one.author, one.date) == ("Acta\n\nUno.\n\nDos.", "Acta", "Ana", "2021-05-03")
    assert read_json(b'[{"name": "x", "size": {"cm": 3}}, "plain"]').text == "name: x | size.cm: 3\n\nplain"
    lines = read_json_lines(b'{"title": "A", "text": "One."}\n\n{"title": "B", "text": "Two."}\n')
    assert (lines.text, [heading.text for heading in lines.headings]) == ("A\n\nOne.\n\nB\n\nTwo.", ["A", "B"])
    with pytest.raises(LoadError, match=r"^not valid JSON in line 2"):
        read_json_lines(b'{"text": "x"}\n{oops\n')


def test_an_encrypted_book_is_refused() -> None:
    opf = '<p><manifest><item id="a" media-type="text/html" href="a.html"/></manifest><spine><itemref idref="a"/></spine></p>'
    container = '<c><rootfiles><rootfile full-path="b/p.opf"/></rootfiles></c>'
    files: dict[str, bytes | str] = {"META-INF/container.xml": container, "b/p.opf": opf, "b/a.html": "<p>Text.</p>"}
    assert read_epub(zipped(files)).text == "Text."
    files["META-INF/encryption.xml"] = '<e><d><CipherData><CipherReference URI="b/a.html"/></CipherData></d></e>'
    with pytest.raises(LoadError, match=r"^encrypted$"):
        read_epub(zipped(files))


def test_a_file_in_an_archive_is_read_again_when_the_archive_changes(tmp_path: Path) -> None:
    for text in ("First text.", "Second, longer text."):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr("b.txt", text)
        assert load_file(tmp_path / "a.zip" / "b.txt", "a.zip/b.txt", LIMIT).text == text
    with pytest.raises(LoadError, match=r"^not in the archive any more$"):
        load_file(tmp_path / "a.zip" / "c.txt", "a.zip/c.txt", LIMIT)


# Characters


def test_what_is_not_seen_is_shown_or_left_out() -> None:
    assert shown("a\u202eb\u200b\x1b") == "a�b��"
    assert shown("niño\xad \t\r\n👩\u200d🚒") == "niño\xad \t\r\n👩\u200d🚒"
    assert clean("a\u202eb\u200b\x1bﬁn ni\xadño\ud800") == "abfin niño�"
    assert printable_name("a\u202eb\udce9") == "a<U+202E>b\\xe9"


# PDF


def drawn(*pages: list[tuple[float, float, str, float]], bold: bool = False) -> bytes:
    """Pages of (x, y from the top, text, size)."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(600, 800))
    for page in pages:
        for x, y, text, size in page:
            canvas.setFont("Helvetica-Bold" if bold else "Helvetica", size)
            canvas.drawString(x, 800 - y, text)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def test_pdf_headings_by_font() -> None:
    body = "This is a line of ordinary text that fills most of the width of the page, as they do."
    lines = [(50, 60, "A large title", 24), (50, 100, "First part", 16), *((50, 120 + 14 * row, body, 11) for row in range(6)),
             (50, 230, "Second part that goes on", 16), (50, 250, "in a second line", 16), (50, 270, body, 11)]  # fmt: skip
    parsed = read_pdf(drawn(lines))
    expected = [(1, "A large title"), (2, "First part"), (2, "Second part that goes on in a second line")]
    assert [(heading.level, heading.text) for heading in parsed.headings] == expected
    assert all(parsed.text[heading.start : heading.end] == heading.text for heading in parsed.headings)


def test_pdf_numbered_heading_below_a_title_of_its_size_and_a_foot_that_numbers_its_page() -> None:
    body = "This is a line of ordinary text that fills most of the width of the page, as they do."
    lines = [(50, 60, "Manual of the pump", 18), (50, 86, "1. Before use", 18), *((50, 110 + 14 * row, body, 11) for row in range(6))]
    parsed = read_pdf(drawn([*lines, (50, 760, "Pump B-3 - Page 1 of 1", 8)]))
    assert [heading.text for heading in parsed.headings] == ["Manual of the pump", "1. Before use"]
    assert "B-3" not in parsed.text
    assert "see page 1" in read_pdf(drawn([*lines, (50, 194, "and for that see page 1", 11)])).text
    assert "Page 7" in read_pdf(drawn([*lines, (50, 760, "Pump B-3 - Page 7", 8)])).text


def test_pdf_page_that_is_damaged_costs_that_page() -> None:
    assert read_pdf(drawn([(50, 60, "Only page", 11)], [])).pages == (0, 9)


def span_of(document: Document, text: str) -> tuple[int, int]:
    start = document.text.index(text)
    return start, start + len(text)


def test_rectangles_of_a_citation(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(drawn([(50, 100, "The keeper feeds the", 20), (50, 130, "harbour cat at six.", 20)], [(60, 400, "Another page.", 20)]))
    document = load_file(path, "a.pdf", LIMIT)
    assert document.text == "The keeper feeds the harbour cat at six.\n\nAnother page."
    (mark,) = rectangles(path, document, *span_of(document, "feeds the harbour"))
    assert mark.page == 1
    first, second = mark.rectangles
    width = {text: stringWidth(text, "Helvetica", 20) for text in ("The keeper ", "feeds the", "harbour")}
    assert first == pytest.approx(((50 + width["The keeper "]) / 600, 82 / 800, width["feeds the"] / 600, 23.4 / 800), abs=0.006)
    assert second == pytest.approx((50 / 600, 112 / 800, width["harbour"] / 600, 23.4 / 800), abs=0.006)
    both = rectangles(path, document, *span_of(document, "six.\n\nAnother"))
    assert [mark.page for mark in both] == [1, 2]
    path.write_bytes(drawn([(50, 100, "Something else", 20)]))
    with pytest.raises(LoadError, match=r"^the file has changed since it was indexed; run rag index again$"):
        rectangles(path, document, 0, 5)
    assert rectangles(tmp_path / "a.md", replace(document, pages=()), 0, 5) == ()


@pytest.mark.parametrize("write", [write_pdf_columns, write_pdf_rotated])
def test_marked_words_are_dark_on_the_picture_and_nowhere_else(tmp_path: Path, write: object) -> None:
    """The picture of the page has ink inside each rectangle, and white paper right above the first line of the page."""
    from PIL import Image

    path = tmp_path / "a.pdf"
    planted = write(path, "es", "a")  # type: ignore[operator]
    document = load_file(path, "a.pdf", LIMIT)
    plain = document.text.replace("\n", " ")
    start = plain.index(planted[4].sentence)
    marks = rectangles(path, document, start, start + len(planted[4].sentence))
    assert sum(len(mark.rectangles) for mark in marks) >= 2
    for mark in marks:
        image = Image.open(io.BytesIO(page_picture(path, mark.page, 800))).convert("L")
        for left, top, width, height in mark.rectangles:
            box = (int(left * image.width), int(top * image.height), int((left + width) * image.width), int((top + height) * image.height))
            dark = sum(image.crop(box).histogram()[:128])
            assert 0.03 < dark / ((box[2] - box[0]) * (box[3] - box[1])) < 0.5


def test_a_page_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(drawn([(50, 100, "One page", 20)]))
    assert page_picture(path, 1, 300)[:8] == b"\x89PNG\r\n\x1a\n"
    with pytest.raises(LoadError, match=r"^no page 2: it has 1$"):
        page_picture(path, 2)
    assert Mark(1, ()).rectangles == ()


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("tesseract") is None, reason="Tesseract is not installed (apt-get install tesseract-ocr tesseract-ocr-spa)"
)
def test_a_scanned_page_is_read(tmp_path: Path) -> None:
    planted = write_pdf_columns(tmp_path / "text.pdf", "es", "a")
    picture = page_picture(tmp_path / "text.pdf", 1, 2000)
    canvas = Canvas(str(tmp_path / "scan.pdf"), pagesize=(595, 842))
    canvas.drawImage(ImageReader(io.BytesIO(picture)), 0, 0, 595, 842)
    canvas.save()
    files = [(tmp_path / "scan.pdf", "scan.pdf")]
    with loading(files, Limits()) as loaded:
        assert [str(outcome) for outcome in loaded] == ["no text layer (scanned? set load.ocr to true to have it read)"]
    with loading(files, Limits(ocr="spa+eng")) as loaded:
        (document,) = loaded
    assert isinstance(document, Document), document
    plain = " ".join(document.text.split())
    first_page = [one for one in planted if one.section == HEADINGS["es"][0]]
    assert sum(one.sentence[:25] in plain for one in first_page) > len(first_page) * 0.7
    marks = rectangles(tmp_path / "scan.pdf", document, 0, 20, Limits(ocr="spa+eng"))
    assert marks[0].rectangles


@pytest.mark.parametrize(
    ("title", "is_file_name"), [("print.html", True), ("notes.txt", True), ("Rules of 2024", False), ("Node.js", False)]
)
def test_a_pdf_is_not_called_like_the_file_that_it_was_made_of(title: str, is_file_name: bool) -> None:
    assert (FILE_NAME_TITLE.fullmatch(title) is not None) is is_file_name
