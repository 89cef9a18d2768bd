"""Readers and file finding: exact text, positions, titles, dates, and the reason given for every file that cannot be read."""

import codecs
import hashlib
import io
import os
import tracemalloc
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate

from rag.errors import InputError, LoadError
from rag.load import SUFFIXES, find_files, load_file
from rag.load.dates import find_date, parse_date
from rag.load.html import read_html
from rag.load.markdown import read_markdown
from rag.load.parsed import first_line
from rag.load.pdf import read_pdf
from rag.load.text import decode, plain_headings, read_text
from rag.types import Document

SEEDS = Path(__file__).parent.parent / "seeds"
LIMIT = 50_000_000


def load(folder: Path, name: str, data: bytes) -> Document:
    path = folder / name
    path.write_bytes(data)
    return load_file(path, name, LIMIT)


def reason(folder: Path, name: str, data: bytes) -> str:
    with pytest.raises(LoadError) as caught:
        load(folder, name, data)
    return str(caught.value)


def pdf(*pages: tuple[str, ...], title: str = "untitled") -> bytes:
    """A PDF whose pages hold these paragraphs; one that starts with "# " is set as a heading."""
    styles = getSampleStyleSheet()
    story: list[object] = []
    for page in pages:
        story += [Paragraph(text.removeprefix("# "), styles["Heading2" if text.startswith("# ") else "Normal"]) for text in page]
        story.append(PageBreak())
    file = io.BytesIO()
    SimpleDocTemplate(file, title=title).build(story[:-1])
    return file.getvalue()


def drawn(*pages: tuple[str, ...]) -> bytes:
    """A PDF whose pages hold exactly these lines."""
    file = io.BytesIO()
    canvas = Canvas(file)
    for page in pages:
        for number, line in enumerate(page):
            canvas.drawString(72, 780 - 14 * number, line)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


# Finding files


def test_find_files_is_sorted_and_passes_over_what_is_hidden_only(tmp_path: Path) -> None:
    for name in ("b.md", "a.txt", "SOURCES.md", ".hidden.md", "sub/c.html", ".git/d.md", "sub/e.xyz"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x", encoding="utf-8")
    assert [source for _, source in find_files([tmp_path])] == ["SOURCES.md", "a.txt", "b.md", "sub/c.html", "sub/e.xyz"]
    with pytest.raises(LoadError, match=r"^describes the folder, not indexed; rename it to have it indexed$"):
        load_file(tmp_path / "SOURCES.md", "SOURCES.md", LIMIT)
    assert list(find_files([tmp_path / "b.md"])) == [(tmp_path / "b.md", "b.md")]


def test_equal_names_are_told_apart_by_the_folders_above(tmp_path: Path) -> None:
    for name in ("one/docs/a.md", "two/docs/a.md", "two/docs/b.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    roots = [tmp_path / "one/docs", tmp_path / "two/docs"]
    assert [source for _, source in find_files(roots)] == ["b.md", "one/docs/a.md", "two/docs/a.md"]
    assert [source for _, source in find_files([tmp_path / "one/docs", tmp_path / "two"])] == ["a.md", "docs/a.md", "docs/b.md"]


def test_a_file_reached_twice_is_found_once(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a.md").write_text("x", encoding="utf-8")
    assert [source for _, source in find_files([tmp_path, tmp_path / "sub", tmp_path / "sub/a.md"])] == ["sub/a.md"]


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "secret.txt").write_text("x", encoding="utf-8")
    (inside / "a.txt").write_text("x", encoding="utf-8")
    (inside / "link.txt").symlink_to(outside / "secret.txt")
    (inside / "folder").symlink_to(outside)
    (inside / "loop").symlink_to(inside)
    assert [source for _, source in find_files([inside])] == ["a.txt"]


def test_an_index_among_the_documents_is_no_document(tmp_path: Path) -> None:
    for name in ("a.md", "index.db", "vectors.db", "contextual.db", "write.lock", "seal.json", "g12/words/meta.json", "g12b/b.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}", encoding="utf-8")
    assert [source for _, source in find_files([tmp_path])] == ["a.md", "g12b/b.json"]
    (tmp_path / "write.lock").unlink()  # files of these names alone are somebody's
    assert "seal.json" in [source for _, source in find_files([tmp_path])]


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere does not exist; give files or folders that do"):
        list(find_files([tmp_path / "nowhere"]))


# What cannot be read


def test_reasons(tmp_path: Path) -> None:
    assert reason(tmp_path, "a.xyz", b"x") == "unsupported format .xyz"
    assert reason(tmp_path, "README", b"x") == "unsupported format (no suffix)"
    assert reason(tmp_path, "a.txt", b"") == "empty"
    assert reason(tmp_path, "a.txt", b" \n\t ") == "empty"
    assert reason(tmp_path, "a.txt", "\ufeff\u00a0\n".encode()) == "empty"
    assert reason(tmp_path, "a.txt", codecs.BOM_UTF8) == "empty"
    assert reason(tmp_path, "a.html", b"<html><script>x</script></html>") == "empty"
    assert reason(tmp_path, "a.txt", b"a\0b") == "binary, not text"
    assert reason(tmp_path, "a.md", bytes(range(256)) * 4) == "binary, not text"
    assert reason(tmp_path, "a.txt", b"\x1f\x8b\x08" + b"\x01\x02\x03\x04" * 50) == "binary, not text"
    assert reason(tmp_path, "a.pdf", b"<html>hello</html>") == "not a readable PDF: it does not begin with %PDF-"


def test_reasons_of_the_file_system(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"^disappeared while it was read$"):
        load_file(tmp_path / "gone.txt", "gone.txt", LIMIT)
    big = tmp_path / "big.txt"
    big.write_bytes(b"x" * 61_000)
    with pytest.raises(LoadError, match=r"^too large \(0.061 MB > 0.05 MB; raise load.max_megabytes\)$"):
        load_file(big, "big.txt", 50_000)
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(LoadError, match=r"^not a regular file$"):
        load_file(tmp_path / "pipe.txt", "pipe.txt", LIMIT)


def test_permission_denied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("x", encoding="utf-8")

    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(LoadError, match=r"^permission denied$"):
        load_file(tmp_path / "a.txt", "a.txt", LIMIT)


def test_a_parser_that_runs_out_of_stack_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def recurse(data: bytes) -> None:
        raise RecursionError

    monkeypatch.setitem(SUFFIXES, ".txt", recurse)
    assert reason(tmp_path, "a.txt", b"x") == "nested too deeply to be read"


# Text


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", b"\xef\xbb\xbf"),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
        ("utf-16-le", b""),
        ("cp1252", b""),
    ],
)
def test_encodings(encoding: str, mark: bytes) -> None:
    text = "Artículo 4. La asistencia económica «será» de 1.234,5 euros, según el año.\r\nOtra línea: ¿cuándo? El martes.\n"
    assert decode(mark + text.encode(encoding)) == text


def test_short_windows_text() -> None:
    assert decode("Revisión: niño".encode("cp1252")) == "Revisión: niño"


def test_damaged_utf8_stays_utf8_and_has_no_lone_surrogates() -> None:
    assert decode("año, niño, señal, mañana, ¿qué? ".encode() * 2 + b"\xc3") == "año, niño, señal, mañana, ¿qué? " * 2 + "�"
    surrogate = decode("á é í ó ú ñ ¿ ¡ º ª ü ".encode() * 3 + b"\xed\xa0\x80")
    surrogate.encode("utf-8")
    assert "�" in decode(b"\xff\xfe" + "a".encode("utf-16-le") + b"\x00\xd8" + "b".encode("utf-16-le"))


def test_text_is_kept_as_it_is(tmp_path: Path) -> None:
    data = "\ufeffTÍTULO\r\n\r\nUna línea.\rOtra.\n".encode()
    document = load(tmp_path, "a.txt", data)
    assert document.text == "TÍTULO\r\n\r\nUna línea.\rOtra.\n"
    assert document.sha256 == hashlib.sha256(data).hexdigest()
    assert (document.source, document.title, document.language) == ("a.txt", "TÍTULO", "es")


def test_headings_of_plain_text() -> None:
    text = (
        "INFORME DEL PUERTO\n\nFecha: 3 de mayo de 2021\n\n1. El año\n\nHubo mucho viento.\n\nANEXO\n\nEl viento sopla de nuevo.\n\nFin\n"
    )
    headings = read_text(text.encode()).headings
    assert [(heading.level, heading.text) for heading in headings] == [(1, "INFORME DEL PUERTO"), (3, "1. El año"), (2, "ANEXO")]
    assert all(text[heading.start : heading.end] == heading.text for heading in headings)


# Markdown


def test_markdown_headings_and_title() -> None:
    text = (
        "---\ntitle: 'El tratado'\nfecha: 24 de abril de 2019\n---\r\n# **Uno** y [dos](http://x)\r\n\r\ntexto\n\nSetext\n======\n\n"
        "```\n# no\n```\n\n- # en lista\n\n### Tres ###\nsigue\n"
    )
    parsed = read_markdown(text.encode())
    assert parsed.text == text
    assert (parsed.title, parsed.date) == ("El tratado", "2019-04-24")
    assert [(heading.level, heading.text, text[heading.start : heading.end]) for heading in parsed.headings] == [
        (1, "Uno y dos", "# **Uno** y [dos](http://x)"),
        (1, "Setext", "Setext\n======"),
        (3, "Tres", "### Tres ###"),
    ]


def test_markdown_titles_without_front_matter() -> None:
    assert read_markdown(b"intro\n\n## Two\n\n# One\n").title == "One"
    assert read_markdown(b"intro\n\n## Two\n").title == "Two"
    assert read_markdown(b"**A short line**\n\nText.\n").title == "A short line"
    assert read_markdown(b"---\n\nA rule above, no front matter.\n").headings == ()
    assert read_markdown(("x" * 300).encode()).title is None


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("AYUNTAMIENTO DE VEGA\n\nORDENANZA DE RUIDOS\n\nTexto.", "ORDENANZA DE RUIDOS (AYUNTAMIENTO DE VEGA)"),
        ("Vega Town Council\nMinutes of the meeting of 3 May\n\nText.", "Minutes of the meeting of 3 May (Vega Town Council)"),
        ("ORDENANZA DE RUIDOS\n\nReglamento interno\n\nTexto.", "ORDENANZA DE RUIDOS"),
        ("Ayuntamiento de Vega\n\nQueridos vecinos:\n\nTexto.", "Ayuntamiento de Vega"),
    ],
)
def test_who_issued_a_text_stands_behind_what_it_is(text: str, title: str) -> None:
    assert read_text(text.encode()).title == title


def test_title_falls_back_to_the_name(tmp_path: Path) -> None:
    assert load(tmp_path, "informe-7.md", b"word " * 60).title == "informe-7"


# HTML


def test_html_layout() -> None:
    page = """<?xml version="1.0"?><!DOCTYPE html><html><head><title> The
    treaty </title><meta name="date" content="2024-07-05T10:00"><style>p{}</style></head><body><nav>Menu</nav>
    <header><a href=/>Site</a></header><main><h1>Treaty <em>of</em> 2024</h1><p>Signed<b>in</b> Pyongyang.<br>Second&nbsp;line.</p>
    <ul><li><p>one</p></li><li>two<ol start=3><li>deep</ol></li><li></li></ul>
    <table><tr><th></th><th>A</th><th>B</th></tr><tr><td>x</td><td></td><td><p>1</p><p>2</p></td></tr></table>
    <h2>Next<br>part</h2><div>Text <script>no()</script>ends.</div><p hidden>Ignore</p><p style="display: none">Ignore</p></main>
    <footer>Imprint</footer></body></html>"""
    parsed = read_html(page.encode())
    assert parsed.text == (
        "Treaty of 2024\n\nSignedin Pyongyang.\nSecond line.\n\n- one\n\n- two\n  3. deep\n\n| A | B\nx | | 1 2\n\nNext part\n\nText ends."
    )
    assert (parsed.title, parsed.date) == ("The treaty", "2024-07-05")
    assert [(heading.level, heading.text) for heading in parsed.headings] == [(1, "Treaty of 2024"), (2, "Next part")]
    assert all(parsed.text[heading.start : heading.end] == heading.text for heading in parsed.headings)


def test_html_tables_that_arrange_the_page_are_not_rows() -> None:
    page = f"<table><tr><td><h2>Left</h2><p>{'palabra ' * 80}</p></td><td>Right</td></tr></table>"
    assert read_html(page.encode()).text == f"Left\n\n{('palabra ' * 80).strip()}\n\nRight"


def test_html_keeps_an_article_header_and_drops_the_page_header() -> None:
    page = "<header>Site</header><article><header><p>By line</p></header><p>Body.</p><footer>Source</footer></article><aside>Ads</aside>"
    assert read_html(page.encode()).text == "By line\n\nBody.\n\nSource"
    assert read_html(b"<header><h1>Title</h1></header><p>Body.").text == "Title\n\nBody."


def test_html_declared_encoding() -> None:
    page = '<meta charset="iso-8859-1"><p>Señal de «año»</p>'.encode("latin-1")
    assert read_html(page).text == "Señal de «año»"
    assert read_html(b'<meta charset="unicode_escape"><p>\xf1 \\ud800</p>').text == "ñ \\ud800"


def test_html_time_is_the_date() -> None:
    assert read_html(b"<p>Posted <time datetime='2019-04-28'>yesterday</time></p><p>Text.</p>").date == "2019-04-28"


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 20_000 + "x",
        "<table><tr><td>a" * 3_000,
        "<a " * 20_000,
        "<!--" * 20_000,
        "<![" * 20_000,
        "<a href='" * 20_000,
        "&#xD800;&#0;x",
    ],
)
def test_hostile_html_is_read_or_refused(tmp_path: Path, page: str) -> None:
    path = tmp_path / "a.html"
    path.write_text(page, encoding="utf-8")
    try:
        text = load_file(path, "a.html", LIMIT).text
    except LoadError as error:
        text = str(error)
    text.encode("utf-8")


# PDF


def test_pdf_pages_headings_and_paragraphs() -> None:
    article = "Durante una emergencia, cada Parte podrá tomar del cauce principal hasta 1.500 metros cúbicos de agua al día. "
    parsed = read_pdf(
        pdf(
            (
                "# Acuerdo de la Cuenca",
                "Hecho en Puerto Alción el 24 de abril de 2019",
                "# Artículo 4. Toma de agua",
                article * 3,
                "Queda excluido.",
            ),
            ("# Artículo 5. Principios", "Las Partes actuarán conforme a los principios."),
            title="Acuerdo",
        )
    )
    opening = "Acuerdo de la Cuenca\n\nHecho en Puerto Alción el 24 de abril de 2019\n\nArtículo 4. Toma de agua"
    first = f"{opening}\n\n{(article * 3).strip()}\n\nQueda excluido."
    assert parsed.text == f"{first}\n\nArtículo 5. Principios\n\nLas Partes actuarán conforme a los principios."
    assert parsed.pages == (0, len(first) + 2)
    assert (parsed.title, parsed.date) == ("Acuerdo", "2019-04-24")
    assert [heading.text for heading in parsed.headings] == ["Acuerdo de la Cuenca", "Artículo 4. Toma de agua", "Artículo 5. Principios"]


def test_pdf_line_ends_running_lines_and_page_numbers() -> None:
    body = "The cooperation between both sides rests on a well-known text whose coope-"
    pages = [
        (f"Journal of Rivers {number}", body, "ration clauses are long and more than well-", "known annexes explain.", str(number))
        for number in range(1, 5)
    ]
    whole = (
        "The cooperation between both sides rests on a well-known text whose cooperation clauses are long and more than well-known annexes"
    )
    parsed = read_pdf(drawn(*pages))
    assert parsed.text == "\n\n".join([f"{whole} explain."] * 4)
    assert [parsed.text[start : start + 3] for start in parsed.pages] == ["The"] * 4


def test_pdf_paragraph_that_goes_on_over_the_page() -> None:
    parsed = read_pdf(drawn(("This sentence is long enough to fill the line and then goes",), ("on over the page and ends here.",)))
    assert parsed.text == "This sentence is long enough to fill the line and then goes\non over the page and ends here."
    assert parsed.pages == (0, 60)


def test_pdf_encrypted(tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(("Secret text.",)))))
    writer.encrypt("password", algorithm="RC4-128")
    file = io.BytesIO()
    writer.write(file)
    assert reason(tmp_path, "a.pdf", file.getvalue()) == "encrypted"


def test_pdf_encrypted_without_a_password_is_read() -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(("Printing is forbidden.",)))))
    writer.encrypt("", owner_password="owner", algorithm="RC4-128")
    file = io.BytesIO()
    writer.write(file)
    assert read_pdf(file.getvalue()).text == "Printing is forbidden."


def test_pdf_without_text_layer(tmp_path: Path) -> None:
    file = io.BytesIO()
    canvas = Canvas(file)
    canvas.rect(10, 10, 100, 100)
    canvas.showPage()
    canvas.save()
    assert reason(tmp_path, "scan.pdf", file.getvalue()) == "no text layer (scanned? set load.ocr to true to have it read)"


def test_truncated_and_flipped_pdfs_never_raise_anything_else(tmp_path: Path) -> None:
    whole = pdf(("# Artículo 1. Objeto", "Un texto."), ("Otra página.",))
    damaged = [whole[: len(whole) * part // 12] for part in range(1, 12)]
    for position in range(40, len(whole), len(whole) // 40):
        damaged.append(whole[:position] + bytes([whole[position] ^ 0x15]) + whole[position + 1 :])
    damaged.append(b"%PDF-1.7\n" + b"<<" * 5_000)
    for number, data in enumerate(damaged):
        path = tmp_path / f"{number}.pdf"
        path.write_bytes(data)
        try:
            outcome = "read" if load_file(path, path.name, LIMIT).text else ""
        except LoadError as error:
            outcome = str(error)
        assert outcome.startswith(("read", "not a readable PDF: ", "no text layer", "encrypted"))


# Dates


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("24 de abril de 2019", "2019-04-24"),
        ("1.º de enero del 2023", "2023-01-01"),
        ("July 5, 2024", "2024-07-05"),
        ("5th July 2024", "2024-07-05"),
        ("2024-07-05T10:00:00Z", "2024-07-05"),
        ("24/04/2019", "2019-04-24"),
        ("05/07/2024", None),
        ("31 de febrero de 2020", None),
        ("abril de 2019", "2019-04"),
        ("finales de abril de 2019", "2019-04"),
        ("2024-07", "2024-07"),
        ("mediados de 2024", "2024"),
        ("mid-2024", "2024"),
        ("2024", "2024"),
        ("1.234 veces", None),
    ],
)
def test_parse_date(text: str, date: str | None) -> None:
    assert parse_date(text) == date


def test_only_date_lines_count() -> None:
    assert find_date("Título\n\nFecha: mediados de 2024\n\nEl 3 de mayo de 2020 pasó.") == "2024"
    assert find_date("Title\n\nSigned at Ostwick on 3 June 2016\n\nText") == "2016-06-03"
    assert find_date("El 24 de abril de 2019 se reunieron en Vladivostok los dos presidentes.\n") is None
    assert find_date("Título\n\n" + "Texto largo. " * 60 + "\n\n3 de mayo de 2020") is None
    assert find_date("Contrato\n\nEn Villarmenta, a 2 de enero de 2023.\n\nTexto") == "2023-01-02"
    assert find_date("Contrato\n\n" + "Texto largo. " * 60 + "\n\nEn Las Palmas, a 3 de mayo de 2020.\n\nFdo.: Ana") == "2020-05-03"
    assert find_date("Entre A y B. Contrato n.º 5521. Fecha: 1 de septiembre de 2024.") == "2024-09-01"
    assert find_date("Fecha: 7 de noviembre de 2023. Lugar: el portal. Asisten: " + "Ana, " * 30) == "2023-11-07"


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("CURRÍCULUM\nFecha de nacimiento: 14 de febrero de 1989", None), ("Date of birth: 3 May 1980\nDate: 4 June 2021", "2021-06-04"),
        ("Fecha de nacimiento\n19/02/1957\nFecha de emisión\n22/03/2024", "2024-03-22"), ("Cantor\nBorn in Leeds on 3 May 1980", None),
        ("Invoice\nDue date: 30 April 2025\nInvoice date: 31 March 2025", "2025-03-31"), ("Vencimiento: 30/04/2025", None),
        ("El fin de la guerra\n3 de mayo de 1999", "1999-05-03"),
    ],
)  # fmt: skip
def test_a_day_of_birth_or_a_due_date_is_not_the_documents(text: str, date: str | None) -> None:
    assert find_date(text) == date


def test_a_letter_is_called_by_its_subject() -> None:
    assert first_line("Villarmenta, 28 de agosto de 2024\n\nDon Luis Tapia\n\nAsunto: cuotas pendientes\n") == "Cuotas pendientes"
    assert first_line("Villarmenta, 28 de agosto de 2024\n\nAviso a los vecinos\n") == "Aviso a los vecinos"


# The demo corpus


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the demo corpus is not part of this checkout")
def test_every_seed_is_read() -> None:
    documents = {source: load_file(path, source, LIMIT) for path, source in find_files([SEEDS]) if source != "SOURCES.md"}
    assert len(documents) >= 10
    for document in documents.values():
        assert document.title not in ("", document.source)
        for heading in document.headings:
            assert heading.text == document.text[heading.start : heading.end].strip("# ")
    interview = documents["entrevista-427.md"]
    assert (interview.language, interview.date) == ("es", "2024")
    assert documents["tarn-bay-agreement.txt"].language == "en"
    assert documents["acuerdo-sarmenor.md"].date == "2019-04-24"


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        (
            "LOAF\n\nServes 8\n\nIngredients\n3 bananas\n175 g sugar\n\nMethod\n1. Heat the oven.\n2. Mash the bananas.\n\nNotes\n"
            "It keeps for five days.",
            ["LOAF", "Ingredients", "Method", "Notes"],
        ),
        ("Leaflet\n\nDo not use it\n• if you are allergic\n\nStorage\nKeep below 30 degrees.", ["Leaflet", "Do not use it", "Storage"]),
        ("Note\n\nThe harbour was opened in the\nYear of the great flood, and closed\nsoon.\n\nShips came from\nNorway.", ["Note"]),
        ("Letter\n\nYours sincerely\nAnn Lee\nChair\n\nNorth Road 4\nDunmore", ["Letter"]),
        ("Notes\n\nOpening hours\nWe open at nine.\n\nAnd that is all.", ["Notes"]),  # once may be chance
    ],
)  # fmt: skip
def test_a_short_line_right_above_its_text_is_a_heading_if_there_are_several(text: str, headings: list[str]) -> None:
    assert [text[heading.start : heading.end] for heading in plain_headings(text)] == headings


def test_a_long_text_without_blank_lines_takes_no_more_memory_than_it_is_long() -> None:
    text = "The quick brown fox jumps over the lazy dog.\n" * 20_000
    tracemalloc.start()
    try:
        assert plain_headings(text) == ()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 16 * len(text)
