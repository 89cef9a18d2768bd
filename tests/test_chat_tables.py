"""Tables that documents write with bars, in the sources of the chat page: cells for a reader, and exactly the cited characters marked."""

import re
import time

import pytest
from chat_stand_in import StandIn, cite, make_document

from rag.chat.escape import Excerpt, cut_after, cut_excerpt
from rag.chat.render import Spot, render_answer, render_document
from rag.chat.tables import marked
from rag.types import Answer, Hit, Passage, Sentence, Why

TEXT = """# Prices

All **prices** are of 2024.

| Item | Price |
|:--|---:|
| Mooring, per night | 14 pounds |
| Fresh <water> | **3** pounds |

Prices include tax."""
PRICES = make_document("prices.md", "Prices", TEXT, "en")


def cut(quote: str, text: str = TEXT) -> Excerpt:
    before, _, after = text.partition(quote)
    return Excerpt(before, quote, after, "en")


def rows(markup: str) -> list[list[str]]:
    """The cells of all rows, without tags."""
    found = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in re.findall(r"<tr>(.*?)</tr>", markup, re.DOTALL)]
    return [[re.sub(r"<[^>]+>", "", cell) for cell in row] for row in found]


def marks(markup: str) -> list[str]:
    return re.findall(r"<mark[^>]*>(.*?)</mark>", markup, re.DOTALL)


def test_a_table_is_a_table_and_the_cited_cells_are_marked():
    markup = marked(cut("Mooring, per night | 14 pounds"))
    assert rows(markup) == [["Item", "Price"], ["Mooring, per night", "14 pounds"], ["Fresh &lt;water&gt;", "3 pounds"]]
    assert marks(markup) == ["Mooring, per night", "14 pounds"]
    assert "|" not in markup
    assert markup.startswith('Prices\nAll prices are of 2024.<div class="rows"><table><thead><tr><th scope="col">Item</th>')
    assert markup.endswith("</table></div>Prices include tax.")


def test_a_table_as_html_and_word_are_laid_out_is_one_too():
    text = "Fees\n\nTicket | Adults | Children\nSingle | 4.50 € | 2.00 €\nSeason |  | 30 €\n\nCaps | goggles\n\nEnd."
    markup = marked(cut("Season |  | 30 €", text))
    assert rows(markup) == [["Ticket", "Adults", "Children"], ["Single", "4.50 €", "2.00 €"], ["Season", "", "30 €"]]
    assert markup.count('<th scope="col">') == 3
    assert marks(markup) == ["Season", "30 €"]
    assert "Caps | goggles" in markup
    assert "<th" not in marked(cut("Single | 4.50", "Single | 4.50\nSeason | 30.00"))


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        ("14 pou", ["14 pou"]),
        ("per night | 14", ["per night", "14"]),
        ("Item | Price |\n|:--|---:|\n| Mooring", ["Item", "Price", "Mooring"]),
        ("14 pounds |\n| Fresh <water>", ["14 pounds", "Fresh &lt;water&gt;"]),
        ("of 2024.\n\n| Item", ["of 2024.", "Item"]),
        ("**3** pounds |\n\nPrices include", ["**3** pounds", "Prices include"]),
        ("include tax", ["include tax"]),
    ],
)
@pytest.mark.parametrize("signs", [False, True])
def test_exactly_the_cited_characters_are_marked(quote, expected, signs):
    assert [mark.strip("\n") for mark in marks(marked(cut(quote), signs=signs))] == expected


def test_bars_alone_are_shown_as_they_are_rather_than_without_a_mark():
    assert marks(marked(Excerpt("| a ", "|", " b |"))) == ["|"]


def test_rows_without_their_head_and_rows_without_outer_bars():
    assert rows(marked(Excerpt("| a | b |\n| c | ", "d", " |"))) == [["a", "b"], ["c", "d"]]
    assert "<thead>" not in marked(Excerpt("| a | b |\n| c | ", "d", " |"))
    open_rows = marked(Excerpt("Name | Age\n--- | ---\nAna | ", "41", "\nBen | \n\nNobody | else"))
    assert rows(open_rows) == [["Name", "Age"], ["Ana", "41"], ["Ben"]]
    assert open_rows.endswith("Nobody | else")


def test_a_bar_that_is_escaped_divides_nothing():
    assert rows(marked(Excerpt("", r"| a \| b | c |", ""))) == [[r"a \| b", "c"]]


@pytest.mark.parametrize(
    "text",
    [
        "a | b",
        "|x| is the size of x",
        "one\n---\ntwo",
        "- a | b\n- c | d",
        "name: Ana | role: Clerk\nname: Ben | role: Cook",
        "| only one |",
    ],
)
def test_what_is_no_table_stays_text(text):
    assert marked(Excerpt("", text, ""), signs=True) == f"<mark>{text}</mark>"


def test_no_characters_are_lost_between_tables_and_text():
    parts = re.sub(r"<[^>]+>", "", marked(cut("2024"), signs=True).replace("</tr>", "\n").replace("</td>", " ").replace("</th>", " "))
    assert re.findall(r"[\w<>&;]+", parts.replace("&lt;", "<").replace("&gt;", ">")) == re.findall(r"[\w<>]+", TEXT)


def test_the_first_mark_of_the_opened_document_has_the_id():
    citation = cite(1, PRICES, "Mooring, per night | 14 pounds")
    markup = render_document(citation, PRICES, "en")
    assert markup.count('id="reader-mark"') == 1
    assert '<td><mark id="reader-mark">Mooring, per night</mark></td><td><mark>14 pounds</mark></td>' in markup


def test_source_card_and_nearest_passages_show_tables():
    citation = cite(1, PRICES, "Mooring, per night | 14 pounds")
    passage = Passage(PRICES.source, PRICES.title, TEXT, 0, len(TEXT), language="en")
    hits = (Hit(1, passage, 0.9, Why(fused_score=0.9)),)
    answer = Answer(
        "q", "q", "en", f"{citation.quote} [1]", sentences=(Sentence(f"{citation.quote} [1]", (1,), "quoted"),), citations=(citation,)
    )
    _, sources = render_answer(Spot(1, "en", "q"), answer, StandIn().document)
    assert marks(sources) == [citation.quote]  # its document is not known here: the quotation alone
    _, sources = render_answer(Spot(1, "en", "q"), Answer(**{**fields(answer), "hits": hits}), StandIn().document)
    assert marks(sources) == ["Mooring, per night", "14 pounds"]
    silent = Answer("q", "q", "en", "The documents do not say.", True, "no_evidence", hits=hits)
    turn, _ = render_answer(Spot(1, "en", "q"), silent, StandIn().document)
    assert rows(turn)[0] == ["Item", "Price"]
    assert marks(turn) == []


def fields(answer: Answer) -> dict[str, object]:
    return {name: getattr(answer, name) for name in answer.__dataclass_fields__}


def test_an_excerpt_is_cut_between_rows():
    text = "Head\n" + "".join(f"| row {number} | value {number} |\n" for number in range(60)) + "End"
    document = make_document("long.md", "Long", text, "en")
    excerpt = cut_excerpt(cite(1, document, "row 30 | value 30"), text, 0, "en")
    assert excerpt is not None
    assert re.match(r"…\n\| row \d+ \| value \d+ \|\n", excerpt.before)
    assert re.search(r"\| row \d+ \| value \d+ \|\n…$", excerpt.after)
    assert cut_after("| a | " + "b " * 50, 20) == "| a | b b b b b b b …"


@pytest.mark.parametrize("text", ["|" * 60_000, "| " * 30_000, "|-" * 30_000, "a|b\n-|-\n" * 8_000, "\n" * 60_000, " |" * 30_000 + "x"])
def test_text_that_was_made_to_be_slow_is_not(text):
    begun = time.process_time()
    marked(Excerpt(text, "quote", text), signs=True)
    assert time.process_time() - begun < 3
