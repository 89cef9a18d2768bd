"""Rows of tables: what their columns are called, and how an answer quotes one of them."""

import re

import pytest

from rag.abstain import decide
from rag.generate.extractive import ExtractiveGenerator
from rag.lookup import Lookup
from rag.retrieve import Retrieved
from rag.rows.columns import Row, is_head, labelled_cells, row_at
from rag.select import builtin_scorer, with_headings
from rag.types import Hit, Passage, Why
from rag.verification.quotations import Searchable
from rag.verify import Checker

MARKDOWN = """Cover of the policy.

| Cover | Limit | Excess |
|---|---|---|
| Water damage | 90,000 € | 150 € |
| Theft in common areas | 6,000 € | 200 € |

The policy ends in May."""
PLAIN = "Fees\n\nStage | Fee\nLetter | 150 €\nAppeal | 900 €\n\nTax is added."
SHEET = "Supplier: Castro | Rating: bad\n\nSupplier: Toral | Rating: good"
SCORER = builtin_scorer()


def row(text: str, words: str) -> Row | None:
    start = text.index(words)
    return row_at(text, start, start + len(words))


@pytest.mark.parametrize(
    ("text", "words", "cells"),
    [
        (MARKDOWN, "Theft in", "Cover: Theft in common areas | Limit: 6,000 € | Excess: 200 €"),
        (PLAIN, "Appeal", "Stage: Appeal | Fee: 900 €"),
        (SHEET, "Supplier: Toral | Rating: good", "Supplier: Toral | Rating: good"),  # it names them itself
        (PLAIN, "Stage | Fee", "Stage | Fee"),
        ("Stage | Fee\nLetter | 150 € | in May", "Letter", "Letter"),  # more cells than columns
        (PLAIN, "Tax is added.", "Tax is added."),
    ],
)
def test_cells_with_the_names_of_their_columns(text: str, words: str, cells: str) -> None:
    start = text.index(words)
    assert labelled_cells(text, start, start + len(words)) == cells


def test_the_head_of_a_table_and_the_line_below_it_say_nothing() -> None:
    lines = {line: MARKDOWN.index(line) for line in MARKDOWN.splitlines() if line}
    assert [line[:9] for line, start in lines.items() if is_head(MARKDOWN, start, start + len(line))] == ["| Cover |", "|---|---|"]


@pytest.mark.parametrize(
    ("text", "words", "columns", "is_head"),
    [
        (MARKDOWN, "Theft in common", "Cover, Limit, Excess", False), (MARKDOWN, "| Water damage | 90", "Cover, Limit, Excess", False),
        (MARKDOWN, "Cover | Limit", "Cover, Limit, Excess", True), (PLAIN, "Appeal | 900 €", "Stage, Fee", False),
        (PLAIN, "Stage | Fee", "Stage, Fee", True), ("1 | 2\n3 | 4", "3 | 4", "", False), ("1 | 2\n3 | 4", "1 | 2", "", False),
    ],
)  # fmt: skip
def test_a_row_knows_its_columns(text: str, words: str, columns: str, is_head: bool) -> None:
    found = row(text, words)
    assert found is not None
    assert (found.columns, found.is_head) == (columns, is_head)
    assert text[found.start : found.end] == next(line for line in text.split("\n") if words in line).strip("| ")


@pytest.mark.parametrize(
    ("text", "words"),
    [(MARKDOWN, "The policy ends"), (PLAIN, "Fees"), (PLAIN, "Tax is added."), (SHEET, "Rating: good"), (PLAIN, "150 €\nAppeal")],
)
def test_what_is_no_row_of_a_table(text: str, words: str) -> None:
    assert row(text, words) is None


def hit(text: str) -> Hit:
    return Hit(1, Passage("policy.md", "Policy", text, 0, len(text)), 2.0, Why())


def test_a_row_is_quoted_alone_below_the_names_of_its_columns() -> None:
    hits = [hit(MARKDOWN)]
    text = "".join(ExtractiveGenerator(SCORER, max_sentences=1).generate("What is the excess for theft in common areas?", hits))
    assert text == "According to “Policy”, columns Cover, Limit, Excess: «Theft in common areas | 6,000 € | 200 €» [1]"
    checker = Checker(hits, SCORER.evidence)
    checker.feed(text)
    checked = checker.finish()
    assert [sentence.verdict for sentence in checked.sentences] == ["quoted"]
    assert [citation.quote for citation in checked.citations] == ["Theft in common areas | 6,000 € | 200 €"]


def test_each_of_two_rows_has_its_own_citation() -> None:
    checker = Checker([hit(MARKDOWN)], SCORER.evidence)
    checker.feed("According to “Policy”: «| Water damage | 90,000 € | 150 € |» [1] «| Theft in common areas | 6,000 € | 200 € |» [1]")
    quotes = [citation.quote for citation in checker.finish().citations]
    assert quotes == ["| Water damage | 90,000 € | 150 € |", "| Theft in common areas | 6,000 € | 200 € |"]


def test_the_line_below_the_head_is_no_part_of_a_quotation() -> None:
    quotation = "| Cover | Limit | Excess | | Water damage | 90,000 € | 150 € |"
    ((start, end),) = Searchable(MARKDOWN).locate_all(quotation)
    assert MARKDOWN[start:end].startswith("| Cover")
    assert MARKDOWN[start:end].endswith("150 € |")


def test_rows_of_a_sheet_do_not_run_into_each_other_for_the_reader() -> None:
    shown = with_headings(hit(SHEET).passage)
    assert shown == "Policy\n" + SHEET.replace("bad\n", "bad.")


SERVICES = (
    "| Service | What we do | Price | Time |\n|---|---|---|---|\n| Basic check | Brakes and gears | £35 | same day |\n"
    "| Standard service | Basic check plus cleaning | £75 | 2 days |\n| Full service | Standard service plus new cables | £140 | 4 days |"
)
STAFF = (
    "Employee: Dana Wells | Role: Head cook | Monday: 10:00 | Hourly rate: 19\n\nEmployee: Femi Ade | Role: Cook | Monday: off | "
    "Hourly rate: 16\n\nEmployee: Carol Min | Role: Waiter | Monday: 17:00 | Hourly rate: 12"
)


@pytest.mark.parametrize(
    ("question", "text", "rows"),
    [
        ("How much is a full service?", SERVICES, ["Full service | Standard service plus new cables | £140 | 4 days"]),
        ("How much does Femi earn per hour?", STAFF, ["Employee: Femi Ade | Role: Cook | Monday: off | Hourly rate: 16"]),
        ("When does Carol Min work on Monday?", STAFF, ["Employee: Carol Min | Role: Waiter | Monday: 17:00 | Hourly rate: 12"]),
    ],
)
def test_other_rows_of_the_table_are_not_quoted_with_the_one_asked_for(question: str, text: str, rows: list[str]) -> None:
    answer = "".join(ExtractiveGenerator(SCORER).generate(question, [hit(text)]))
    assert re.findall("«(.+?)»|“([^”]+ [|] [^”]+)”", answer) == [(row, "") for row in rows]


def test_rows_that_are_compared_are_quoted_together() -> None:
    question = "What is the difference between the basic check and the full service?"
    answer = "".join(ExtractiveGenerator(SCORER).generate(question, [hit(SERVICES)]))
    assert "Basic check | Brakes" in answer
    assert "Full service | Standard" in answer


EXPENSES = (
    "Date: 4 March 2024 | Employee: Marta Soto | Purpose: Train | Amount: £86.40\n\n"
    "Date: 12 April 2024 | Employee: Owen Pryce | Purpose: Dinner | Amount: £234.50\n\n"
    "Date: 2 May 2024 | Employee: Marta Soto | Purpose: Taxi | Amount: £61.20"
)


def expenses(question: str, text: str = EXPENSES) -> tuple[str, ...]:
    passage = Passage(source="e.xlsx", title="Expense claims", text=text, start=0, end=len(text))
    hits = (Hit(1, passage, 2.0, Why()),)
    if decide(question, Retrieved(hits, Lookup()), SCORER, 0.4).reason:
        return ()
    return tuple(re.findall("«([^»]*)»", "".join(ExtractiveGenerator(SCORER).generate(question, hits))))


def test_the_row_of_the_day_that_is_asked_for_is_quoted_and_no_other() -> None:
    rows = EXPENSES.split("\n\n")
    assert expenses("What was claimed on 12 April 2024?") == (rows[1],)
    assert expenses("What was claimed on 12/04/2024?") == (rows[1],)
    assert expenses("What was claimed in May 2024?") == (rows[2],)
    assert expenses("What was claimed on 5 July 2021?") == ()
    in_figures = EXPENSES.replace("12 April 2024", "12/04/2024")
    assert expenses("What was claimed on 12 April 2024?", in_figures) == (in_figures.split("\n\n")[1],)


def test_one_row_of_many_is_no_answer_to_a_question_for_their_sum() -> None:
    assert expenses("How much did Marta Soto claim in total?") == ()
    total = "Employee: Total | Amount: £382.10"
    assert expenses("How much was claimed in total?", f"{EXPENSES}\n\n{total}") == (total,)
