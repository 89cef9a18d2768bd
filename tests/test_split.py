"""Splitting: invariants over arbitrary text, sentence boundaries, provisions, questions, packing, pages, and hostile input."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.load import find_files, load_file
from rag.load.markdown import read_markdown
from rag.split import sentences, split
from rag.types import Document, Heading, Language, Passage, Reference

SEEDS = Path(__file__).parent.parent / "seeds"


def document(text: str, language: Language = "es", pages: tuple[int, ...] = (), headings: Sequence[Heading] = ()) -> Document:
    return Document("s.txt", "Title", text, "", language=language, date="2019-04", pages=pages, headings=tuple(headings))


def markdown(text: str) -> Document:
    return document(text, headings=read_markdown(text.encode()).headings)


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


def numbered(passages: list[Passage]) -> list[tuple[str, ...]]:
    return [tuple(str(provision) for provision in passage.provisions) for passage in passages]


# Invariants

LINE_PIECES = ("\n", "\n\n", " ", "\r\n", "\r\n\r\n", "\t", "\f", "\u2028", "\xa0", "\u200b", "- a\n", "1. ", "| a | b |\n", "## T\n")
HEADING_PIECES = (
    "Artículo 4. Objeto\n",
    "Art. 5.\n\n",
    "Capítulo II\n",
    "§ 3. z\n",
    "Section 1.1 ZZ\n",
    "**¿Qué?**\n\n",
    "¿Por qué?\n",
    "P: x\n",
)
PROSE_PIECES = ("palabra ", "x" * 50, "y" * 300, "Fin. ", "Luego. ", "a:", "etc. ", "...", "»", "(art. 3) ", "R: y\n")
PIECES = st.sampled_from(LINE_PIECES + HEADING_PIECES + PROSE_PIECES)
TEXTS = st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=60).map("".join))


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.integers(20, 200), st.integers(0, 200), st.data())
def test_passages_hold_everything_once(text: str, target: int, more: int, data: st.DataObject) -> None:
    headings = []
    position = 0
    for line in text.split("\n"):
        if line.strip() and data.draw(st.integers(0, 5)) == 0:
            start = position + line.index(line.strip())
            headings.append(Heading(start, start + len(line.strip()), data.draw(st.integers(1, 4)), line.strip()))
        position += len(line) + 1
    passages = split(document(text, headings=headings), target, target + more)
    assert passages == split(document(text, headings=headings), target, target + more)
    check_cover(text, [(passage.start, passage.end) for passage in passages])
    for passage in passages:
        assert passage.text == text[passage.start : passage.end]
        assert len(passage.text) <= target + more


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(["Una frase corta.", "sin punto", "", "Otra más larga, con comas, que sigue y sigue."]), max_size=30),
    st.data(),
)
def test_nothing_but_headings_stands_above_a_heading(lines: list[str], data: st.DataObject) -> None:
    text = "\n".join(lines)
    starts = [sum(len(line) + 1 for line in lines[:number]) for number in range(len(lines))]
    headings = [
        Heading(start, start + len(line), data.draw(st.integers(1, 3)), line)
        for start, line in zip(starts, lines, strict=True)
        if line and data.draw(st.booleans())
    ]
    in_headings = {position for heading in headings for position in range(heading.start, heading.end)}
    for passage in split(document(text, headings=headings), 60, 90):
        for heading in headings:
            if passage.start < heading.start < passage.end:
                assert {position for position in range(passage.start, heading.start) if text[position] != "\n"} <= in_headings
        above = [heading for heading in headings if heading.start < passage.end]
        if not {position for position in range(passage.start, passage.end) if text[position] != "\n"} <= in_headings:  # a long stack is cut
            assert passage.section[-1:] == tuple(heading.text for heading in above[-1:])


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_sentences_hold_everything_once(text: str) -> None:
    check_cover(text, sentences(text))


def check_cover(text: str, spans: list[tuple[int, int]]) -> None:
    before = 0
    for start, end in spans:
        assert before <= start < end
        assert not text[before:start].strip()
        assert text[start:end].strip() == text[start:end]
        before = end
    assert not text[before:].strip()


def test_long_runs_are_cut_at_the_limit() -> None:
    assert [len(passage.text) for passage in split(document("x" * 250), 80, 100)] == [100, 100, 50]
    words = "palabra " * 60
    assert all(passage.text.endswith("palabra") and len(passage.text) <= 100 for passage in split(document(words), 80, 100))
    clauses = "una parte de la frase, " * 10 + "fin"
    assert all(passage.text.endswith(("frase,", "fin")) for passage in split(document(clauses), 80, 100))


def test_a_number_stays_with_its_unit() -> None:
    words = "sal y pan y lana o vino en barril con 1.250 kilos netos " * 20
    passages = split(document(words.strip()), 80, 100)
    assert len(passages) > 5
    assert all(not passage.text[-1].isdigit() for passage in passages)
    assert all(len(passage.text) <= 100 for passage in passages)
    assert [len(passage.text) for passage in split(document("1 2 " * 60), 80, 100)][:2] == [99, 99]


def test_empty_text_has_no_passages() -> None:
    assert split(document(""), 900, 1_600) == []
    assert split(document(" \r\n\f "), 900, 1_600) == []


# Sentences


@pytest.mark.parametrize(
    "parts",
    [
        ["El art. 4 lo permite.", "Según el Sr. Pérez, los arts. 3 y ss. dicen otra cosa.", "Fin."],
        ["Los EE. UU. no lo firmaron.", "Es la política de los EE. UU.", "En Corea del Norte se sabe."],
        ["The U.S. President spoke in the U.S.", "The end."],
        ["J. R. Smith wrote no. 5 of the series.", "He said no.", "Then he left."],
        ["El n.º 427, del núm. 3, costó 1.234,5 euros.", "Dr. Ruiz, p. ej., lo vio a las 17.30.", "Ya."],
        ["¿Qué cambia?", "Nada.", "¡Vaya!", "¿Y ahora?"],
        ["«No iremos.»", "Luego se fueron.", "(Véase el art. 3.)", "Después (dijo «¡no!» y calló) volvió.", "“Fine.”", "Next."],
        ["Hubo munición, hombres, etc.", "El resto llegó después…", "Y no volvió (...) jamás."],
        ["Dijo... que no.", "Sí."],
        [
            "Huang et al. (2020) saw 41 cases of E. coli.",
            "Zhang et al. [16] and Ng et al. Cells 4 saw none.",
            "Lo vio Gil et al.",
            "En 2003 subió.",
        ],
        ["Ewes got Clostridium spp. (Covexin) by mouth, ducks, etc. [15] did not.", "Ducks, hens, etc.", "The rest was fed."],
        ["Its genome (accession no. KF906251, see Fig. S1) is new.", "He said no.", "Then he left."],
        ["En 2019 subió un 3.", "En 2020 bajó.", "Felipe VI lo dijo el día 5."],
        ["Vino de la www.Example.com y de 3.Xx en la a.B y Node.Js hoy.", "Fin."],
        ["Artículo 4. Toma de agua.", "Las Partes podrán tomarla."],
        ["Murió en el 44 a. C. Augusto vivió más."],
        ["**Artículo 5.** Las Partes negocian.", "**Nota.**", "Otra cosa.[1]", "Fin."],
        ["1. Primero esto.", "Y aquello."],
        ["Smith et al. v. Jones Inc. Holdings fue aparte.", "Fin."],
    ],
)
def test_sentences(parts: list[str]) -> None:
    assert cut(" ".join(parts)) == parts


def test_sentences_without_a_space() -> None:
    assert cut("Ha crecido económicamente.Y más.Asimismo ¿por qué?Porque sí.") == [
        "Ha crecido económicamente.",
        "Y más.",
        "Asimismo ¿por qué?",
        "Porque sí.",
    ]


def test_line_ends_in_sentences() -> None:
    assert cut("Una frase\nque sigue\r\ny acaba. Otra\n\nTercera sin punto\r\n\r\nCuarta") == [
        "Una frase\nque sigue\r\ny acaba.",
        "Otra",
        "Tercera sin punto",
        "Cuarta",
    ]
    assert cut("Se entiende por:\na) uno\nb) dos\n- tres\n* cuatro\n1. cinco\n(2) seis\n• siete") == [
        "Se entiende por:",
        "a) uno",
        "b) dos",
        "- tres",
        "* cuatro",
        "1. cinco",
        "(2) seis",
        "• siete",
    ]
    assert cut("| a | b |\n|---|---|\n| 1 | 2 |\nY luego\nsigue.") == ["| a | b |", "|---|---|", "| 1 | 2 |", "Y luego\nsigue."]
    assert cut("## Título\nTexto. Más.") == ["## Título", "Texto.", "Más."]
    assert cut("Article 4. Night running\nThe Operator may run.") == ["Article 4. Night running", "The Operator may run."]
    assert cut("Artículo 4.- Las partes\npodrán ir. Fin.") == ["Artículo 4.- Las partes\npodrán ir.", "Fin."]
    assert cut("lo que dispone el artículo\n4. del Acuerdo") == ["lo que dispone el artículo\n4. del Acuerdo"]


# Provisions


def test_one_article_is_one_passage() -> None:
    text = (
        "# Acuerdo\n\n## Título I\n\n### Artículo 1. Objeto\n\nCorto (véase el artículo 40).\n\n### Artículo 2\n\n1. Uno.\n\n"
        "2. Dos, como el artículo 2.\n\n## Anexo II\n\nTarifas.\n"
    )
    passages = split(markdown(text), 900, 1_600)
    assert [passage.section for passage in passages] == [
        ("Acuerdo", "Título I", "Artículo 1. Objeto"),
        ("Acuerdo", "Título I", "Artículo 2"),
        ("Acuerdo", "Anexo II"),
    ]
    assert numbered(passages) == [("article 1", "title 1"), ("article 2", "title 1"), ("annex 2",)]
    assert [passage.mentions for passage in passages] == [(Reference("article", "40"),), (), ()]
    assert passages[0].text == text[: text.index("### Artículo 2")].strip()


def test_articles_without_marks() -> None:
    text = (
        "Acuerdo entre dos partes.\r\n\r\nCAPÍTULO I\r\nDISPOSICIONES GENERALES\r\n\r\nArtículo 1.- Las partes cooperarán según el\r\n"
        "artículo 4 del Convenio y lo dispuesto en el\r\nArtículo 5. Nada más.\r\nArtículo 2.- Sin plazo.\r\n\r\n"
        "**Artículo 2 bis.** Otro.\r\n\r\n"
        "Article 4 permits prose that is no heading.\r\n"
    )
    passages = split(document(text), 900, 1_600)
    assert numbered(passages) == [(), *((f"article {number}", "chapter 1") for number in ("1", "2", "2bis"))]
    assert passages[1].text.startswith("CAPÍTULO I")
    assert passages[1].section == ("CAPÍTULO I. DISPOSICIONES GENERALES", "Artículo 1")
    assert passages[1].mentions == (Reference("article", "4"), Reference("article", "5"))
    assert passages[2].text == "Artículo 2.- Sin plazo."
    assert passages[3].text.endswith("no heading.")


def test_a_long_article_is_split_and_every_piece_carries_it() -> None:
    paragraph = "La autoridad competente comunicará sus decisiones a la otra parte en el plazo de diez días. " * 4
    text = "Artículo 7. Plazos\n\n" + "\n\n".join([paragraph.strip()] * 6) + "\n\nArtículo 8. Fin\n\nBreve."
    passages = split(document(text), 500, 800)
    assert numbered(passages) == [("article 7",)] * (len(passages) - 1) + [("article 8",)]
    assert len(passages) == 4 + 1
    assert all(passage.section == ("Artículo 7. Plazos",) and len(passage.text) <= 800 for passage in passages[:-1])
    assert passages[0].text.startswith("Artículo 7. Plazos\n\nLa autoridad")
    assert all(passage.text.endswith("días.") for passage in passages[:-1])


def test_a_table_of_contents_opens_no_provisions() -> None:
    contents = "Índice\n\nArtículo 1. Objeto\nArtículo 2. Plazo\nArtículo 3. Fin\n\n"
    text = contents + "Artículo 1. Objeto\n\nUno.\n\nArtículo 2. Plazo\n\nDos.\n\nArtículo 3. Fin\n\nTres.\n"
    passages = split(document(text), 900, 1_600)
    assert numbered(passages) == [(), ("article 1",), ("article 2",), ("article 3",)]
    assert passages[0].text == contents.strip()
    assert numbered(split(document("Artículo 4. Objeto ........ 12\nArtículo 5. Fin ....... 13"), 900, 1_600)) == [()]


def test_closing_provisions_are_in_no_title() -> None:
    text = "TÍTULO I\n\nArtículo 1. Uno.\n\nDisposición final primera. Fin.\n\nANEXO I\n\nTÍTULO I\n\nArtículo 1. Uno."
    passages = split(document(text), 900, 1_600)
    assert numbered(passages) == [("article 1", "title 1"), ("final provision 1",), ("article 1", "annex 1", "title 1")]


def test_the_closing_formula_belongs_to_no_clause() -> None:
    text = (
        "CONTRATO\n\nPRIMERA.- Objeto. Uno.\n\nSEGUNDA.- Ley. Dos.\n\nSigue la segunda.\n\nY en prueba de conformidad, firman.\n\nFdo.: Ana"
    )
    passages = split(document(text), 900, 1_600)
    assert numbered(passages)[-3:] == [("clause 1",), ("clause 2",), ()]
    assert passages[-1].text == "Y en prueba de conformidad, firman.\n\nFdo.: Ana"
    treaty = "Article 1. One.\n\nArticle 2. Two.\n\nDone at Vega on 3 May 2020."
    assert numbered(split(document(treaty, "en"), 900, 1_600)) == [("article 1",), ("article 2",), ()]


def test_sections_of_articles_and_paragraph_signs() -> None:
    terms = "ARTICLE I. TERMS\n\nSection 1.1 Price\n\nIt is ten.\n\nSection 1.2 Time\n\nIt is a day.\n\n"
    contract = terms + "ARTICLE II. END\n\nSection 2.1 Notice\n\nNone."
    passages = split(document(contract, "en"), 900, 1_600)
    assert numbered(passages) == [("section 1.1", "article 1"), ("section 1.2", "article 1"), ("section 2.1", "article 2")]
    assert passages[1].section == ("ARTICLE I. TERMS", "Section 1.2 Time")
    rules = (
        "SECCIÓN II. PRÉSTAMO\n\n§ 5. Se prestan seis obras.\n\n§ 6. El plazo es de un mes y se prorroga hasta que lo pida otro lector.\n"
    )
    passages = split(document(rules), 900, 1_600)
    assert numbered(passages) == [("section 5", "section 2"), ("section 6", "section 2")]
    assert passages[1].section == ("SECCIÓN II. PRÉSTAMO", "§ 6")


# Questions and answers


def test_questions_lead_their_answers() -> None:
    answer = "Pionyang ha cambiado su política y no volverá a la anterior en mucho tiempo, según parece. " * 7
    answers = f"{answer}\n\n{answer}\n\n{answer}"
    text = f"# Entrevista\n\nIntroducción.\n\n**¿Qué cambia con el tratado?**\n\n{answers}\n\n¿Y China?\n\nNada.\n\nDe momento."
    passages = split(markdown(text), 700, 900)
    first, second = ("Entrevista", "¿Qué cambia con el tratado?"), ("Entrevista", "¿Y China?")
    assert [passage.section for passage in passages] == [("Entrevista",), first, first, first, second]
    assert passages[1].text.startswith("**¿Qué cambia con el tratado?**\n\nPionyang")
    assert passages[4].text == "¿Y China?\n\nNada.\n\nDe momento."


def test_marked_questions_and_questions_above_their_answers() -> None:
    marked = split(document("P: Explíquenos la situación.\nR: Es mala.\nPregunta 2: ¿Por qué?\nRespuesta: Por el agua."), 900, 1_600)
    assert [passage.section for passage in marked] == [("Explíquenos la situación.",), ("¿Por qué?",)]
    above = split(document("¿Hay perros?\nSí, atados.\n\n¿Hay gatos?\nNo."), 900, 1_600)
    assert [(passage.section, passage.text) for passage in above] == [
        (("¿Hay perros?",), "¿Hay perros?\nSí, atados."),
        (("¿Hay gatos?",), "¿Hay gatos?\nNo."),
    ]


def test_one_question_among_prose_is_no_heading() -> None:
    passages = split(document("Un párrafo.\n\n¿Y entonces?\n\nNadie lo sabe."), 900, 1_600)
    assert [passage.section for passage in passages] == [()]


# Packing


def test_paragraphs_are_packed_evenly_and_leave_no_scraps() -> None:
    paragraphs = ["Una frase de relleno que ocupa sitio en el párrafo. " * 4 for _ in range(11)]
    text = "\n\n".join(paragraph.strip() for paragraph in paragraphs)
    lengths = [len(passage.text) for passage in split(document(text), 900, 1_600)]
    assert lengths == [834, 834, 625]
    assert [len(passage.text) for passage in split(document(text + "\n\nFin."), 900, 1_600)] == [834, 834, 631]


def test_a_list_is_cut_between_its_items() -> None:
    text = "Se prohíbe:\n" + "\n".join(f"- verter la sustancia número {number}, sea cual sea su cantidad" for number in range(30))
    passages = split(document(text), 300, 500)
    assert all(line.startswith(("-", "Se prohíbe")) for passage in passages for line in passage.text.split("\n"))
    assert all(passage.text.endswith("cantidad") for passage in passages)


def test_pages_language_and_what_is_copied() -> None:
    spanish = "Las dos partes se comprometen a que el agua del río llegue limpia a las ciudades de la costa."
    english = "The two parties shall make sure that the water of the river reaches the towns of the coast."
    text = f"{spanish}\n\n{english}\n\n¡Corto!"
    passages = split(document(text, pages=(0, len(spanish) + 2)), 90, 96)
    assert [(passage.page, passage.language) for passage in passages] == [(1, "es"), (2, "en"), (2, "es")]
    assert {(passage.source, passage.title, passage.date, passage.id) for passage in passages} == {("s.txt", "Title", "2019-04", 0)}
    assert split(document(text), 900, 1_600)[0].page is None


# Hostile input


@pytest.mark.usefixtures("linear")
@pytest.mark.parametrize(
    "text", ["." * 300_000, "[(<" * 100_000, ". " * 150_000, "\n " * 150_000, "x" * 300_000, "a.A" * 100_000, "1." * 150_000]
)
def test_hostile_text_takes_no_longer_than_its_length(text: str) -> None:
    passages = split(document(text), 900, 1_600)
    check_cover(text, [(passage.start, passage.end) for passage in passages])


# The demo corpus


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the demo corpus is not part of this checkout")
def test_seeds() -> None:
    passages = {
        source: split(load_file(path, source, 1_000_000), 900, 1_600) for path, source in find_files([SEEDS]) if source != "SOURCES.md"
    }
    agreement = passages["acuerdo-sarmenor.md"]
    fourth = [passage for passage in agreement if Reference("article", "4") in passage.provisions]
    assert [passage.section[-1] for passage in fourth] == ["Artículo 4. Toma de agua en caso de emergencia"]
    assert "1.500 metros cúbicos" in fourth[0].text
    assert {str(passage.provisions[0]) for passage in agreement if passage.provisions} >= {f"article {number}" for number in range(1, 41)}
    interview = passages["entrevista-427.md"]
    assert [passage.section[-1] for passage in interview if Reference("article", "4") in passage.mentions] == [
        "¿Qué cambia, en la práctica, con el tratado que se firmó en Pionyang?"
    ]
    assert all(len(passage.text) <= 1_600 for found in passages.values() for passage in found)


def test_a_title_in_capitals_is_no_part_of_the_line_below() -> None:
    text = "NINE DAYS IN THE ISLANDS\nA report by Harriet Blom\n\nWE SHOUT IN THE FIRST LINE\nAND IN THE SECOND ONE."
    assert [text[start:end] for start, end in sentences(text)] == [
        "NINE DAYS IN THE ISLANDS",
        "A report by Harriet Blom",
        "WE SHOUT IN THE FIRST LINE\nAND IN THE SECOND ONE.",
    ]
