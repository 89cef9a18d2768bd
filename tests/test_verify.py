"""Verdicts, citations of exact characters, and markers, however the stream is cut."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.evidence import Words, builtin_evidence
from rag.types import Hit, Passage, Why
from rag.verify import Checked, Checker, locate, units

EVIDENCE = builtin_evidence()
OFFSET = 100


def hit(rank, text, title="Nota", **fields):
    return Hit(rank, Passage(f"{rank}.md", title, text, OFFSET, OFFSET + len(text), **fields), 1.0, Why())


HITS = (
    hit(
        1,
        "El tratado permite a Rusia intervenir en las fases iniciales de un conflicto (artículo 3) y prestar a Corea del Norte "
        "«asistencia militar y de otro tipo» (artículo 4). Putin visitó Pionyang en junio de 2024.",
        title="El pacto: “¿conveniencia o estrategia?”",
        date="2024-07-05",
    ),
    hit(
        2,
        "No Party shall be permitted to terminate this Agreement during the first five years. The Operator is not permitted under any "
        "circumstances to terminate the lease.",
        title="Tarn Bay Agreement",
        section=("Article 12. No termination",),
    ),
    hit(
        3,
        "Boats may go at **12** km/h. The fee is **14,50 euros**, payable in **cash** only. See note [3] for the rest of it.\n"
        "Inspectors may enter without notice.",
    ),
)


class WordSupport:
    """The share of words that are there: enough where the words and not the verdicts are at stake."""

    def coverages(self, text, by):
        words = set(text.casefold().split())
        return np.array([len(words & set(other.casefold().split())) / len(words) if words else 0.0 for other in by])

    def each(self, words):
        return Words(np.zeros((len(words), 1), dtype=np.float32), np.ones(len(words), dtype=np.float32))


def check(text, hits=HITS, support=EVIDENCE):
    checker = Checker(hits, support)
    checker.feed(text)
    return checker.finish()


def verdicts(text):
    return [sentence.verdict for sentence in check(text).sentences]


@pytest.mark.parametrize(
    "text",
    [
        "“Putin visitó Pionyang en junio de 2024.” [1]",
        "Putin visitó Pionyang en junio de 2024 [1].",
        "El tratado habla de «asistencia militar y de otro tipo» [1].",
        "According to “El pacto: ¿conveniencia o estrategia?”, 5 July 2024: «asistencia militar y de otro tipo» [1]",
        "Según «El pacto: ¿conveniencia o estrategia?», 5 de julio de 2024: "
        "“prestar a Corea del Norte «asistencia militar y de otro tipo» (artículo 4).” [1]",
        "According to “Tarn Bay Agreement”, Article 12. No termination: "
        '"No Party shall be permitted to terminate this Agreement during the first five years." [2]',
        'The Operator is "not permitted under any circumstances to terminate the lease" [2].',
        '"Boats may go at 12 km/h. The fee is 14,50 euros, payable in cash only." [3]',
        '"The fee is 14,50 euros, payable in cash only. See note [3] for the rest of it." [3]',
        "Inspectors may enter without notice [3].",
        "“El pacto: ¿conveniencia o estrategia?” dice: «Putin visitó Pionyang en junio de 2024.» [1]",
    ],
)
def test_quoted(text):
    assert verdicts(text) == ["quoted"]


@pytest.mark.parametrize(
    "text",
    [
        "Russia may give North Korea military and other assistance [1].",
        "Russia may intervene in the early stages of a conflict (Article 3) [1].",
        "Putin visited Pyongyang in June 2024 [1].",
        "According to the text of 5 July 2024, Putin visited Pyongyang in June 2024 [1].",
        "No Party may terminate the Agreement in the first five years [2].",
        "The Operator may not terminate the lease [2].",
        "The fee is 14.50 euros [3].",
        "2. The fee is 14.50 euros [3].",
    ],
)
def test_supported(text):
    assert verdicts(text) == ["supported"]


UNSUPPORTED = {
    "no marker": "Putin visitó Pionyang en junio de 2024.",
    "swapped passage": "Putin visited Pyongyang in June 2024 [3].",
    "quotation of another passage": "“Putin visitó Pionyang en junio de 2024.” [2]",
    "invented quotation": "El tratado habla de «ayuda sin límite» [1].",
    "one of two quotations invented": "«asistencia militar y de otro tipo» y «ayuda sin límite» [1]",
    "invention around a true quotation": "«Un tratado de «asistencia militar y de otro tipo» para siempre» [1].",
    "changed year": "Putin visited Pyongyang in June 2023 [1].",
    "changed month": "Putin visited Pyongyang in July 2024 [1].",
    "changed article": "Russia may intervene in the early stages of a conflict (Article 5) [1].",
    "changed amount": "The fee is 15.50 euros [3].",
    "changed number around a quotation": "El artículo 9 habla de «asistencia militar y de otro tipo» [1].",
    "changed name": "Putin visited Seoul in June 2024 [1].",
    "swapped roles": "North Korea may give Russia military and other assistance [1].",
    "swapped roles around a quotation": "Corea del Norte puede prestar a Rusia «asistencia militar y de otro tipo» [1].",
    "changed subject": "Japan may give North Korea military assistance [1].",
    "added not": "Russia may not give North Korea military assistance [1].",
    "dropped no": "A Party may terminate the Agreement in the first five years [2].",
    "dropped not": "The Operator is permitted to terminate the lease [2].",
    "dropped without": "Inspectors may enter with notice [3].",
    "quotation cut off its not": 'The Operator is "permitted under any circumstances to terminate the lease" [2].',
    "quotation cut off its no": 'Any Party is "permitted to terminate this Agreement" [2].',
    "ellipsis that inverts": 'The Operator is "permitted ... to terminate the lease" [2].',
    "unquoted piece cut off its no": "permitted to terminate this Agreement during the first five years [2].",
    "denied quotation": "El tratado prohíbe «asistencia militar y de otro tipo» [1].",
    "word inside a word": "«l tratado permite» [1]",
    "another subject": "The library opens at nine [1].",
    "nothing but a no": "No [2].",
    "title only beside a claim": "According to “Tarn Bay Agreement”, fish must be paid in advance [2].",
    "too long": "Putin visitó Pionyang " * 300 + "[1].",
}


@pytest.mark.parametrize("text", UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_unsupported(text):
    assert set(verdicts(text)) == {"unsupported"}


@pytest.mark.parametrize(
    ("text", "shown", "dropped"),
    [
        ("Foo bar [1].", "Foo bar [1].", 0),
        ("Foo bar[1].", "Foo bar [1].", 0),
        ("Foo bar [9]. Baz [0].", "Foo bar. Baz.", 2),
        ("Foo bar [2, 9; 1].", "Foo bar [1] [2].", 1),
        ("Foo bar [2][1].", "Foo bar [1] [2].", 0),
        ("Foo bar [1][1].", "Foo bar [1].", 0),
        ("[1] Foo bar.", "Foo bar. [1]", 0),
        ("[1] Foo bar. Baz.\nQux.", "Foo bar. [1] Baz. [2]\nQux.", 0),
        ("- [1, 2] Foo bar. Baz.", "- Foo bar. [1] [2] Baz. [3] [4]", 0),
        ("[1] Foo bar. Baz [2]. Qux.", "Foo bar. Baz [1]. Qux.", 0),
        ("[1] Foo bar [99]. Baz.", "Foo bar. Baz. [1]", 1),
        ("[1] Foo bar.\n[2] Baz.", "Foo bar. [1]\nBaz. [2]", 0),
        ("- [1][2] Foo bar.\n\n- [3] Baz [3].", "- Foo bar. [1] [2]\n\n- Baz [3].", 0),
        ("Foo bar.\n[1]\nBaz.\n[2]", "Foo bar. [1]\nBaz. [2]", 0),
        ("[9] Foo bar.", "Foo bar.", 1),
        ("Foo bar [1-3].", "Foo bar [1] [2] [3].", 0),
        ("Foo bar [1–2; 9].", "Foo bar [1] [2].", 1),
        ("Foo bar [3-1].", "Foo bar [1] [2].", 0),
        ("Foo bar [^1].", "Foo bar [1].", 0),
        ("Foo bar [Passage 1].", "Foo bar [1].", 0),
        ("Foo bar [1 and 2].", "Foo bar [1] [2].", 0),
        ("Foo bar [fuentes 1, 2 y 3].", "Foo bar [1] [2] [3].", 0),
        ("Foo bar [#1] [passage-2] [n. 3].", "Foo bar [1] [2] [3].", 0),
        ("Foo bar [Document 1] [doc. 2] [cita 3].", "Foo bar [1] [2] [3].", 0),
        ("Foo bar (passage 1) (fuentes 2 y 3) (1).", "Foo bar [1] [2] [3] (1).", 0),
        (r"Foo bar \[1\].", "Foo bar [1].", 0),
        ("Foo bar【2】.", "Foo bar [1].", 0),
        ("Foo bar【2†law.md】【1†x】.", "Foo bar [1] [2].", 0),
        ("Foo bar [[1]] [ 2 ].", "Foo bar [1] [2].", 0),
        ("Foo bar [1], [2] and [3].", "Foo bar [1], [2] and [3].", 0),
        ("Foo bar [Source: 1] [Passage 2; Passage 3].", "Foo bar [1] [2] [3].", 0),
        ("Foo bar (see passage 1) (Source: passage 2).", "Foo bar [1] [2].", 0),
        ("According to passage 2, foo.", "According to passage [1], foo.", 0),
        ("Según el pasaje 2, foo.", "Según el pasaje [1], foo.", 0),
        ("Passage 9 and compassage 1 say foo [1].", "Passage 9 and compassage 1 say foo [1].", 0),
        ("[1]: Foo bar.", "Foo bar. [1]", 0),
        ("Foo bar. Source: [1]", "Foo bar. Source: [1]", 0),
        ("Foo bar [1-999].", "Foo bar [1].", 1),
        ("Foo bar【1", "Foo bar【1", 0),
        ("Foo [sic] [Russian President Vladimir] [2024] [1a] [] [1", "Foo [sic] [Russian President Vladimir] [2024] [1a] [] [1", 0),
        ("Foo\n[1]", "Foo [1]", 0),
        ("", "", 0),
        ("[1]", "", 1),
        (" \n", "", 0),
    ],
)
def test_markers(text, shown, dropped):
    checked = check(text)
    assert (checked.text, checked.dropped) == (shown, dropped)


def test_markers_to_the_same_characters_share_a_number():
    checked = check("“Putin visitó Pionyang” [1]. “The fee is 14,50 euros” [3]. “Putin visitó Pionyang” [1].")
    assert checked.text == "“Putin visitó Pionyang” [1]. “The fee is 14,50 euros” [2]. “Putin visitó Pionyang” [1]."
    assert [sentence.citations for sentence in checked.sentences] == [(1,), (2,), (1,)]
    assert [(citation.number, citation.source, citation.quote) for citation in checked.citations] == [
        (1, "1.md", "Putin visitó Pionyang"),
        (2, "3.md", "The fee is **14,50 euros**"),
    ]


def test_a_citation_is_the_sentence_nearest_to_a_paraphrase():
    assert check("Putin was in Pyongyang in June 2024 [1].").citations[0].quote == "Putin visitó Pionyang en junio de 2024."


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("6 works, for 21 days", "§ 5. Se prestan hasta seis obras a la vez por veintiún días."),
        ("Six works for twenty-one days", "§ 5. Se prestan hasta 6 obras a la vez por 21 días."),
    ],
)
def test_a_number_is_covered_by_the_same_number_in_other_signs(claim, passage):
    assert [sentence.verdict for sentence in check(f"{claim} [1].", [hit(1, passage)]).sentences] == ["supported"]
    wrong = claim.replace("21", "31").replace("one", "two")
    assert [sentence.verdict for sentence in check(f"{wrong} [1].", [hit(1, passage)]).sentences] == ["unsupported"]


@pytest.mark.parametrize(
    "text",
    [
        "Passage [3] says that inspectors may enter without notice.",
        "According to passage 3, inspectors may enter without notice.",
        "Inspectors may enter without notice.\n\nSource: [3]",
        "Inspectors may enter without notice. (Source: passage 3) The fee is 14.50 euros [3].",
    ],
)
def test_a_marker_is_for_the_words_of_its_sentence_wherever_it_stands(text):
    checked = check(text)
    assert checked.citations[0].quote.rstrip(".") == "Inspectors may enter without notice"
    assert checked.sentences[0].verdict in ("quoted", "supported")
    assert checked.sentences[0].citations == (1,)


def test_a_footnote_sign_near_the_beginning_of_a_quotation_is_no_marker():
    text = "Arroyo [1] tiene 1.234 habitantes [2] según el censo."
    checked = check(f"Según «Nota»: «{text}» [2]", [hit(1, "La multa es de 1.000 euros."), hit(2, text)])
    assert [(sentence.verdict, sentence.citations) for sentence in checked.sentences] == [("quoted", (1,))]
    assert [citation.quote for citation in checked.citations] == [text]


def test_without_hits_every_marker_points_nowhere():
    checked = check("Foo [1]. Bar [2].", hits=())
    assert (checked.text, checked.citations, checked.dropped) == ("Foo. Bar.", (), 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two.", ["One.", "Two."]),
        ("“One. Two. Three.” Four.", ["“One. Two. Three.”", "Four."]),
        ("Según «¿Qué vale? Apuntes», «Uno. Dos.» Tres.", ["Según «¿Qué vale? Apuntes», «Uno. Dos.»", "Tres."]),
        ("“One «two. Three». Four.” Five.", ["“One «two. Three». Four.”", "Five."]),
        ("A « lone mark. Next.", ["A « lone mark.", "Next."]),
        ("According to “T”, Article 12. No exit: “No. Never.” Next.", ["According to “T”, Article 12. No exit: “No. Never.”", "Next."]),
        ("", []),
    ],
)
def test_units(text, expected):
    assert [text[start:end] for start, end in units(text)] == expected


def test_a_marker_that_leads_a_line_stands_for_each_of_its_sentences() -> None:
    checked = check("[3] Inspectors may enter without notice. The fee is 14,50 euros.\nEverything is permitted.")
    assert [(sentence.verdict, sentence.citations) for sentence in checked.sentences] == [
        ("quoted", (1,)),
        ("quoted", (2,)),
        ("unsupported", ()),
    ]
    assert [citation.quote for citation in checked.citations] == [
        "Inspectors may enter without notice",
        "The fee is **14,50 euros**",
    ]


def test_what_has_no_word_is_no_sentence() -> None:
    checked = check("```\nThe fee is 14,50 euros [3].\n```\n\n---\n|---|---|")
    assert [(sentence.verdict, sentence.citations) for sentence in checked.sentences] == [("quoted", (1,))]


def test_locate():
    assert locate("a **bold** word", "bold word") == (2, 15)
    assert locate("article 40", "article 4") is None


def test_what_is_unsupported_can_be_left_out() -> None:
    text = "Pigs fly over Seoul [3]. The fee is “14,50 euros” [3]. No. Putin visited Pyongyang in June 2023 [1].\n\n"
    text += "Putin visited Pyongyang in June 2024 [1][9]."
    checker = Checker(HITS, EVIDENCE)
    checker.feed(text)
    assert [sentence.verdict for sentence in checker.finish().sentences] == ["unsupported", "quoted", *["unsupported"] * 2, "supported"]
    kept = checker.without_unsupported()
    assert kept.text == "The fee is “14,50 euros” [1]. Putin visited Pyongyang in June 2024 [2]."
    assert [sentence.verdict for sentence in kept.sentences] == ["quoted", "supported"]
    assert [(citation.number, citation.source) for citation in kept.citations] == [(1, "3.md"), (2, "1.md")]


def test_when_all_is_unsupported_nothing_is_left() -> None:
    checker = Checker(HITS, EVIDENCE)
    checker.feed("Pigs fly [1]. Fish sing [2].")
    checker.finish()
    assert checker.without_unsupported() == Checked("", (), (), 0)


HONEST = {
    "nothing left out": "«Rusia intervenir en las fases iniciales de un conflicto (artículo 3) ... y prestar a Corea del Norte» [1]",
    "a date left out": "“Putin visitó Pionyang [...] de 2024.” [1]",
    "an apposition left out": '"Boats may go at 12 km/h. The fee is 14,50 euros … in cash only." [3]',
    "an end left out": '"No Party shall be permitted to terminate this Agreement ..." [2]',
}


@pytest.mark.parametrize("text", HONEST.values(), ids=HONEST)
def test_an_honest_ellipsis_is_quoted(text: str) -> None:
    assert verdicts(text) == ["quoted"]


def test_a_quotation_with_an_ellipsis_is_cited_from_its_first_piece_to_its_last() -> None:
    assert check("“Putin visitó Pionyang [...] de 2024.” [1]").citations[0].quote == "Putin visitó Pionyang en junio de 2024."


@pytest.mark.parametrize(
    "text",
    [
        '"No Party shall be ... terminate this Agreement" [2]',
        "“Putin visitó ... intervenir” [1]", '"Inspectors may enter ... notice" [3]',
        '"... permitted under any circumstances to terminate the lease" [2]',
        '"No Party shall be permitted to terminate this Agreement ... to terminate the lease." [2]',
    ],
)  # fmt: skip
def test_an_ellipsis_that_hides_something_is_not(text: str) -> None:
    assert verdicts(text) == ["unsupported"]


PIECES = [
    "[[", "]]", "passage 2", " Passage", " 2, ", "Source: ", "pas",
    "[", "]", "【", "】", "[^", "[1-3]", "【2†a】", "†", "-", "1", "2", "9", ", ", " ", "\n\n", "[1]", " [2]", " [1, 3]", "[7]", ". ",
    "\\[1\\]", "(passage 2)", "(", "\\", "---",
    "Putin visitó Pionyang", "«asistencia militar",
    "»", "“", "”", '"',
    "The fee is 14,50 euros", "See note [3] for the rest of it", "not ", "According to ", "[sic]", "artículo 4.",
]  # fmt: skip
ANSWERS = st.lists(st.sampled_from(PIECES), max_size=16).map("".join) | st.text(alphabet='[]1 2,.aB«»"\n', max_size=40)


def in_pieces(text, cuts):
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    checker = Checker(HITS, WordSupport())
    shown = "".join(checker.feed(text[start:end]) for start, end in pairwise(edges))
    return shown, checker.finish()


@settings(deadline=None)
@given(ANSWERS, st.lists(st.integers(0, 120), max_size=30))
def test_however_the_stream_is_cut_the_result_is_the_same(text, cuts):
    whole_shown, whole = in_pieces(text, [])
    shown, checked = in_pieces(text, cuts)
    assert checked == whole
    assert shown == whole_shown
    assert in_pieces(text, range(len(text)))[1] == whole


@settings(deadline=None)
@given(ANSWERS)
def test_whatever_is_written_citations_are_exact_and_markers_point_at_them(text):
    shown, checked = in_pieces(text, [])
    assert isinstance(checked, Checked)
    assert checked.text.startswith(shown.strip())
    for number, citation in enumerate(checked.citations, 1):
        passage = next(hit.passage for hit in HITS if hit.passage.source == citation.source)
        assert citation.number == number
        assert citation.quote == passage.text[citation.start - OFFSET : citation.end - OFFSET] != ""
    position = 0
    for sentence in checked.sentences:
        position = checked.text.index(sentence.text.strip(), position)
        assert set(sentence.citations) <= {citation.number for citation in checked.citations}
        assert all(f"[{number}]" in sentence.text for number in sentence.citations)
        assert sentence.citations or sentence.verdict == "unsupported"
    assert {number for sentence in checked.sentences for number in sentence.citations} == {
        citation.number for citation in checked.citations
    }


@pytest.mark.usefixtures("linear")
@pytest.mark.parametrize("unit", ["[", "[1 ", "a", " ", "«", '"', "[12, ", "A. ", "\n\n", "\0", "[sic] "])
def test_a_long_answer_takes_linear_time(unit):
    text = unit * (400_000 // len(unit))
    checker = Checker(HITS, WordSupport())
    for start in range(0, len(text), 10_000):
        checker.feed(text[start : start + 10_000])
    checker.finish()


@pytest.mark.usefixtures("linear")
def test_many_markers_take_linear_time():
    checked = check("Putin visitó Pionyang [1]. " * 1_000, support=WordSupport())
    assert (len(checked.sentences), len(checked.citations)) == (1_000, 1)


def test_the_quotation_is_cited_and_not_the_title_that_the_passage_begins_with():
    title = "The keeper feeds the harbour cat at six in the morning"
    answer = f"According to “{title}”: «The pilots paint it green.» [1]"
    (citation,) = check(answer, [hit(1, f"{title}\n\nThe pilots paint it green.", title)]).citations
    assert citation.quote == "The pilots paint it green."
    (citation,) = check(f"It begins with “{title}” [1].", [hit(1, f"{title}\n\nThe pilots paint it green.", title)]).citations
    assert citation.quote == title


def test_the_page_of_a_citation_is_that_of_its_first_character():
    text = "One is on the first page.\n\nTwo is on the second.\n\nThree is on the fourth."
    breaks = tuple(OFFSET + text.index(word) for word in ("Two", "Three", "Three"))
    pages = [check(f"«{quote}» [1]", [hit(1, text, page=7, page_breaks=breaks)]).citations[0].page for quote in text.split("\n\n")]
    assert pages == [7, 8, 10]
    assert check("«One is on the first page.» [1]", [hit(1, text)]).citations[0].page is None


def test_a_heading_goes_with_the_sentence_below_it():
    said = "Putin visitó Pionyang en junio de 2024 [1]."
    for heading in ("## Putin", "**Putin**", "**El tratado:**"):
        checked = check(f"{heading}\n\n{said} Y volvió en 2025 [1].")
        assert [(sentence.text, sentence.verdict) for sentence in checked.sentences] == [
            (f"{heading}\n\n{said}", "supported"),
            ("Y volvió en 2025 [2].", "unsupported"),
        ]
    assert verdicts(f"**Putin firmó en 1961**\n{said}") == ["unsupported"]  # it says what the source does not
    assert verdicts(f"**Putin dijo que no.** {said}") == ["unsupported", "quoted"]  # a sentence in bold
    assert verdicts("## Putin") == ["unsupported"]
