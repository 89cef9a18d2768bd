"""Tables of office files: heads of two rows, merged cells, days, hours and numbers as their readers see them."""

import datetime as dt
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from hostile_files import zipped
from openpyxl import Workbook
from pptx import Presentation

from rag.load.dates import find_date
from rag.load.heads import joined_head
from rag.load.html import read_html
from rag.load.odt import read_odt
from rag.load.pptx import read_pptx
from rag.load.tables import _number as number
from rag.load.tables import read_csv, read_xlsx


def test_a_head_of_two_rows_names_each_column() -> None:
    rows = [("Ticket", "Residents", "Residents", "Note"), ("Ticket", "Weekday", "Weekend", "")]
    names = ["Ticket", "Residents / Weekday", "Residents / Weekend", "Note"]
    assert joined_head(*rows) == names
    assert joined_head(("Ticket", "Residents", "", "Note"), ("", "Weekday", "Weekend")) == names
    assert joined_head(("", "2023", "", "2024", ""), ("Rent", "Plan", "Actual", "Plan", "Actual")) == [
        "Rent", "2023 / Plan", "2023 / Actual", "2024 / Plan", "2024 / Actual",
    ]  # fmt: skip
    assert joined_head(("Ticket", "Residents", "Residents"), ("Adult", "4.50", "5.50")) is None
    assert joined_head(("Ticket", "Residents", "Residents"), ("Adult", "free", "half price")) is None
    assert joined_head(("Name", "", "Age"), ("Ana", "López", "34")) is None
    assert joined_head(("Name", "Age", "Town"), ("", "", "Vega")) is None
    page = (
        "<table><tr><th rowspan=2>Ticket</th><th colspan=2>Residents</th></tr><tr><th>Weekday</th><th>Weekend</th></tr>"
        "<tr><td>Adult</td><td>4</td><td>5</td></tr><tr><td>Over 65</td><td colspan=2>free</td></tr>"
        "<tr><td colspan=3>With card</td></tr></table>"
    )
    assert read_html(page.encode()).text == (
        "Ticket | Residents / Weekday | Residents / Weekend\nAdult | 4 | 5\nOver 65 | free | free\nWith card"
    )
    text = b"Block;2023;;2024;\n;Power;Gas;Power;Gas\nNorth;12;34;11;31\n"
    assert read_csv(text).text == "Block: North | 2023 / Power: 12 | 2023 / Gas: 34 | 2024 / Power: 11 | 2024 / Gas: 31"


def odf(kind: str, rows: str) -> str:
    spaces = " ".join(f'xmlns:{part}="urn:{part}"' for part in ("office", "table", "text", "draw"))
    table = f'<table:table table:name="S">{rows}</table:table>'
    content = f"<office:c {spaces}><office:body><office:{kind}>{table}</office:{kind}></office:body></office:c>"
    return read_odt(zipped({"content.xml": content})).text


def test_cells_over_several_rows_and_columns_of_opendocument() -> None:
    def cell(text: str, settings: str = "") -> str:
        return f"<table:table-cell {settings}><text:p>{text}</text:p></table:table-cell>"

    covered = "<table:covered-table-cell/>"
    rows = "".join(f"<table:table-row>{row}</table:table-row>" for row in (
        cell("Animal", 'table:number-rows-spanned="2"') + cell("Price", 'table:number-columns-spanned="2"') + covered,
        covered + cell("Day") + cell("Night"),
        cell("Dog", 'table:number-rows-spanned="2"') + cell("32") + cell("45"),
        covered + cell("free", 'table:number-columns-spanned="2"') + covered,
        cell("Cat") + cell("30") + cell("41"),
    ))  # fmt: skip
    assert odf("text", rows) == "Animal | Price / Day | Price / Night\nDog | 32 | 45\nDog | free | free\nCat | 30 | 41"
    assert odf("spreadsheet", rows) == (
        "S\n\nAnimal: Dog | Price / Day: 32 | Price / Night: 45\n\nAnimal: Dog | Price / Day: free | Price / Night: free\n\n"
        "Animal: Cat | Price / Day: 30 | Price / Night: 41"
    )


def test_a_day_of_an_opendocument_sheet_is_written_in_words() -> None:
    day = '<table:table-cell office:value-type="date" office:date-value="2024-09-02"><text:p>02/09/24</text:p></table:table-cell>'
    head, name = (
        "".join(f"<table:table-cell><text:p>{text}</text:p></table:table-cell>" for text in row) for row in (("Semana", "Quién"), ("Ana",))
    )
    rows = f"<table:table-row>{head}</table:table-row><table:table-row>{day}{name}</table:table-row>"
    assert odf("spreadsheet", rows) == "S\n\nSemana: 2 de septiembre de 2024 | Quién: Ana"


def test_cells_over_several_rows_and_columns_of_slides(tmp_path: Path) -> None:
    presentation = Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[6])
    rows = (("Course", "Hours", "", "Who"), ("", "Room", "Online", ""), ("First aid", "6", "2", "Ana"), ("Loads", "none", "", "Ana"))
    table = slide.shapes.add_table(4, 4, 0, 0, 100, 100).table
    for place, row in enumerate(rows):
        for column, text in enumerate(row):
            table.cell(place, column).text = text
    for first, last in (((0, 1), (0, 2)), ((0, 0), (1, 0)), ((0, 3), (1, 3)), ((3, 1), (3, 2)), ((2, 3), (3, 3))):
        table.cell(*first).merge(table.cell(*last))
    table.cell(2, 3).text = "Ana"
    presentation.save(str(tmp_path / "a.pptx"))
    assert read_pptx((tmp_path / "a.pptx").read_bytes()).text == (
        "Course | Hours / Room | Hours / Online | Who\nFirst aid | 6 | 2 | Ana\nLoads | none | none | Ana"
    )


def sheet(rows: Sequence[Sequence[object]], forms: Sequence[str], merged: str = "") -> str:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    for row in book.active.iter_rows(min_row=2):
        for cell, form in zip(row, forms, strict=True):
            cell.number_format = form
    if merged:
        book.active.merge_cells(merged)
    file = io.BytesIO()
    book.save(file)
    return read_xlsx(file.getvalue()).text.removeprefix("Sheet\n\n")


def test_days_and_hours_of_a_sheet_are_written_in_its_language() -> None:
    day, late = dt.date(2024, 4, 12), dt.datetime.fromisoformat("2024-04-12T10:05")
    rows = [("Fecha", "Médico", "Hora", "Mes"), (day, "Vidal", dt.time(9, 30), day)]
    forms = ("dd/mm/yyyy", "General", "hh:mm", "[$-C0A]mmmm\\ yyyy")
    assert sheet(rows, forms) == "Fecha: 12 de abril de 2024 | Médico: Vidal | Hora: 09:30 | Mes: abril de 2024"
    rows = [("Date", "Doctor", "Seen", "Worked"), (day, "Ibáñez Núñez", late, dt.timedelta(hours=26.5))]
    assert sheet(rows, ("m/d/yy", "General", "m/d/yy h:mm", "[h]:mm")) == (
        "Date: 12 April 2024 | Doctor: Ibáñez Núñez | Seen: 12 April 2024 10:05 | Worked: 26:30"
    )


def test_the_title_above_a_sheet_is_a_heading_and_a_merged_value_is_said_in_each_column() -> None:
    rows = [("Reservations of the inn",), ("Guest", "May", "June"), ("Otero", "full", None)]
    text = sheet([("x",), *rows][1:], ("General",) * 3, "B3:C3")
    assert text == "Reservations of the inn\n\nGuest: Otero | May: full | June: full"


@pytest.mark.parametrize(
    ("value", "form", "expected"),
    [
        (0.0765, "0.0%", "7.7 %"), (0.372, "0%", "37 %"), (86.4, "[$£-809]#,##0.00", "£86.40"), (86.4, '#,##0.00\\ "€"', "86.40 €"),
        (-5, '"$"#,##0.00', "-5.00 $"), (1234.5, '_-* #,##0.00\\ "€"_-;\\-* #,##0.00\\ "€"_-', "1234.50 €"),
        (12, '"EUR" 0.00', "EUR 12.00"),
        (3.14159, "0", "3"), (3.5, "0.##", "3.5"), (3, "0.##", "3"), (1042, "00000", "01042"), (0.5, "# ?/?", "0.5"),
        (1_250_000, '0.0,,"M"', "1.3 M"), (2.5, "General", "2.5"), (12345678901, "0.00E+00", "12345678901"), (1210, "#,##0", "1210"),
    ],
)  # fmt: skip
def test_numbers_of_a_sheet_as_they_are_seen(value: float, form: str, expected: str) -> None:
    assert number(value, form) == expected


def test_a_date_in_a_row_of_a_table_is_not_that_of_the_document() -> None:
    text = "# Grants\n\nApply in time.\n\n| Grant | Until |\n|---|---|\n| Books | 30/09/2024 |\n"
    assert (find_date(text), find_date("# Grants\n\n30/09/2024\n\nApply.")) == (None, "2024-09-30")
