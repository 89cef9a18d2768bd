"""Provisions in both languages: what is read, what is not, and which words of a sentence belong to which of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.references import Mention, clause, find, heading_reference
from rag.types import Reference


def found(text):
    return [str(mention.reference) for mention in find(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Article 4", "article 4", "ARTICLE 4", "Art. 4", "art 4", "Art.4", "art. 4(2)(b)", "artículo 4", "articulo 4", "ARTÍCULO 4",
        "artículo 4.º",
        "artículo 4º", "artículo 4o", "art. 4.o, apartado 2", "artículo 4.2", "art. 4.1.a)", "Artículo IV", "article iv", "Article IV",
        "Article\u00a04",
        "artículo\n4", "artículo nº 4", "Article no. 4", "artículo número 4", "artículo cuarto", "el cuarto artículo", "el 4.º artículo",
        "the fourth article", "4th article", "Article Four", "artículo cuatro", "arti\u0301culo 4", "Art. 4 § 2", "Art. 4 GDPR",
        "art.º 4", "artº 4", "artº. 4", "Article 4 (2) (b)", "art. 4.2 b)",
    ],
)  # fmt: skip
def test_many_ways_to_write_one_article(text):
    assert found(text) == ["article 4"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("§ 4", "section 4"), ("Section 2.3", "section 2.3"), ("sección 3.ª", "section 3"), ("Annex B", "annex b"), ("annex b",
        "annex b"),
        ("Anexo II", "annex 2"), ("Anexo C", "annex c"), ("Schedule 2", "annex 2"), ("artículo 12 bis", "article 12bis"),
        ("Article 12a", "article 12a"),
        ("Artículo 4-bis", "article 4bis"), ("artículo II bis", "article 2bis"),
        ("disposición transitoria primera", "transitional provision 1"),
        ("disposicio\u0301n final 2.ª", "final provision 2"), ("disposición adicional vigesimotercera", "additional provision 23"),
        ("capítulo IV", "chapter 4"), ("cláusula sexta", "clause 6"), ("Clause 14.3", "clause 14"), ("título 4", "title 4"),
        ("artículo único", "article 1"), ("the twenty-first article", "article 21"), ("artículo vigésimo primero", "article 21"),
        ("artículo décimo cuarto", "article 14"), ("artículo 149.1.18.ª", "article 149"),
        ("artículo 1.902 del Código Civil", "article 1902"),
        ("art. XL", "article 40"), ("artículo once", "article 11"),
        ("artículo ciento veintitrés", "article 123"), ("article one hundred and five", "article 105"), ("artículo centésimo",
        "article 100"),
        ("artículo centésimo vigésimo tercero", "article 123"), ("artículo treinta y uno", "article 31"), ("Article Twenty-Two",
        "article 22"),
        ("artículo 123-B", "article 123b"), ("Article 17-A", "article 17a"), ("artículo 17 A de la Ley", "article 17a"),
        ("artículo 4 sexies", "article 4sexies"), ("artículo 4 quáter", "article 4quater"), ("artículo cuarto bis", "article 4bis"),
        ("disp. trans. 1.ª", "transitional provision 1"), ("D.T. 2.ª", "transitional provision 2"), ("DA 3.ª", "additional provision 3"),
        ("la primera disposición transitoria", "transitional provision 1"), ("disposición derogatoria única", "repealing provision 1"),
        ("recital 12", "recital 12"), ("el considerando (12)", "recital 12"), ("considerando 3 de la Directiva", "recital 3"),
        ("Título preliminar", "title preliminary"), ("the preliminary title", "title preliminary"), ("estipulación quinta", "clause 5"),
        ("Part II", "part 2"), ("Rule 4.2", "rule 4.2"), ("la Regla 7", "rule 7"),
    ],
)  # fmt: skip
def test_other_kinds_and_numbers(text, expected):
    assert found(text) == [expected]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("arts. 3, 4 y 6 a 8", "3 4 6 7 8"), ("Articles 3 to 5", "3 4 5"), ("arts. 3–5", "3 4 5"), ("Articles 3, 4, and 5", "3 4 5"),
        ("artículo 4 y el 14", "4 14"), ("artículos 4 u 8", "4 8"), ("artículo 4 y/o 5", "4 5"), ("Articles 4(1), 5(2) and 6", "4 5 6"),
        ("artículos 4.1 y 5.2", "4 5"), ("artículos 12 bis y 13", "12bis 13"), ("arts. 3,4 y 5", "3 4 5"),
        ("Articles I, II and III", "1 2 3"),
        ("artículos cuarto, quinto y sexto", "4 5 6"), ("what do article 3 and 4 say", "3 4"), ("articles 10 to 3", "10 3"),
        ("articles 1 to 9999", "1 9999"), ("from article 6 to article 9", "6 7 8 9"), ("del artículo 6 al artículo 8", "6 7 8"),
        ("artículos 3.º, 4.º y 6.º a 8.º", "3 4 6 7 8"), ("arts.º 4 y 5", "4 5"), ("article 6 to article 8", "6 8"),
        ("artículos 8 y siguientes", "8"), ("Article 4 and Article 40", "4 40"),
    ],
)  # fmt: skip
def test_lists_and_ranges(text, numbers):
    assert found(text) == [f"article {number}" for number in numbers.split()]
    assert found("§§ 3 y 4") == ["section 3", "section 4"]


@pytest.mark.parametrize(
    "text", ["artículo 14", "artículo 40", "artículo 4.000", "Article 4,000", "Article 44", "art. 400", "Article XIV", "Article 4a"]
)
def test_four_is_not_read_in_another_number(text):
    assert "article 4" not in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Article 4 of 12 May 2019", "Articles 4, 12 May 2019", "artículo 4, 3 de mayo", "el artículo 4 a Rusia", "artículo 4 en 2019",
        "artículo 4 y 2019",
        "Article 4 and 3 inspectors", "artículo 4, 3 inspectores", "article 4 and I think", "artículo 4 a 300 metros",
        "artículo 4 y dos más",
    ],
)  # fmt: skip
def test_what_follows_is_not_another_number_of_the_list(text):
    assert found(text) == ["article 4"]


@pytest.mark.parametrize(
    "text",
    [
        "", "artículo de 2019", "the articles of 2019", "an article I wrote", "article a", "un artículo a favor",
        "this article two people read",
        "the article once said", "the article on 3 May", "articles and chapters", "the article Xi wrote", "his second title",
        "his first articles",
        "the second Part of the story", "cada Parte dos votos", "Part of it", "rule 4", "the 4 articles", "en 4 artículos", "DA 3",
        "schedule 2 meetings", "anexo a la carta", "Article MIX", "article mix", "article did", "Art. IIII", "Article 12345",
        "artistic 4", "party 4",
        "smart 4", "Article 4x4", "sections are", "título de 4", "annex i",
        "considerando 3 opciones", "a preliminary article", "the piano recital", "preliminary titles",
    ],
)  # fmt: skip
def test_prose_is_no_reference(text):
    assert found(text) == []


def test_spans_cover_the_kind_word_once_and_then_each_number():
    text = "Véanse los arts. 3, 4 y 6 a 8."
    assert [text[mention.start : mention.end] for mention in find(text)] == ["arts. 3", "4", "6", "8", "8"]
    assert [(mention.start, mention.end) for mention in find("the fourth article")] == [(4, 18)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Artículo 4. Objeto", "article 4"), ("Artículo 4.- Objeto", "article 4"), ("Artículo 4.º Objeto", "article 4"),
        ("**Article IV** — Aid", "article 4"),
        ("# Artículo 4. Objeto", "article 4"), ("ANEXO II", "annex 2"), ("CAPÍTULO I Disposiciones generales", "chapter 1"),
        ("Article 4: Scope", "article 4"),
        ("Section 4 Scope", "section 4"), ("§ 4 Préstamo", "section 4"), ("Art. 4 (Objeto)", "article 4"),
        ("Artículo primero. Objeto", "article 1"),
        ("ARTICLE FIRST. Name", "article 1"), ("Artículo 4-bis. Objeto", "article 4bis"),
        ("Disposición transitoria primera. Régimen", "transitional provision 1"),
        ("Primera disposición transitoria.", "transitional provision 1"), ("First transitional provision", "transitional provision 1"),
        ("Disposición derogatoria única.", "repealing provision 1"), ("DISPOSICIÓN FINAL SEGUNDA.", "final provision 2"),
        ("Art. 4.º La nación es libre, y no es ni puede ser patrimonio de ninguna familia ni persona.", "article 4"),
        ("Artículo 4 Objeto y ámbito de aplicación.", "article 4"), ("Artículo 4°.- Objeto", "article 4"), ("Artículo 4o.-", "article 4"),
        ("ARTÍCULO CUARTO.- Se reforma", "article 4"), ("Artículo Cuarto Bis.", "article 4bis"), ("Artículo 17-A.", "article 17a"),
        ("PARTE II", "part 2"), ("PART FOUR", "part 4"), ("Rule 4. Summons", "rule 4"), ("Cláusula cuarta", "clause 4"),
        ("TÍTULO PRELIMINAR", "title preliminary"), ("Título preliminar. De las normas", "title preliminary"),
        ("PRELIMINARY TITLE", "title preliminary"), ("Disposición adicional.", "additional provision 1"),
        ("DISPOSICIÓN FINAL", "final provision 1"), ("Repealing provision.", "repealing provision 1"), ("Considerando 12", "recital 12"),
        ("CLÁUSULA CUARTA.- OBJETO", "clause 4"), ("Section 4.", "section 4"), ("Article 4. - Scope", "article 4"),
    ],
)  # fmt: skip
def test_lines_that_open_a_provision(line, expected):
    assert str(heading_reference(line)) == expected


@pytest.mark.parametrize(
    "line",
    [
        "", "Disposición final que se dicte", "Final provisions", "título preliminar del código", "Considerando 3 opciones",
        "Article 4 permits aid", "Artículos 4 y 5", "Article 4–6", "Article 4 of the Treaty", "Article 4, paragraph 2",
        "Article 4(2)(b) applies.",
        "Article 4 is short.", "El artículo 4 permite", "Art. IIII", "The article", "artículo 4 y lo que sigue",
        "Article One Day In Spring", "Article 4 TFEU forbids it.", "First transitional provision applies", "artículo 4.º La ley "
        + "x" * 120 + ".",
    ],
)  # fmt: skip
def test_lines_that_do_not(line):
    assert heading_reference(line) is None


SPANISH = (
    "El texto abre a Rusia la posibilidad de entrar en las primeras fases de un conflicto (artículo 3) y de dar a Corea del Norte "
    "«asistencia militar y de otro tipo» (artículo 4); anuncia asimismo «mecanismos de acción conjunta» (artículo 8)."
)


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        (
            "El tratado permite a Rusia intervenir en las fases iniciales de un conflicto (artículo 3) y prestar a Corea del Norte "
            "«asistencia militar y de otro tipo» (artículo 4).",
            {
                "3": "El tratado permite a Rusia intervenir en las fases iniciales de un conflicto (artículo 3)",
                "4": "prestar a Corea del Norte «asistencia militar y de otro tipo» (artículo 4).",
            },
        ),
        (
            SPANISH,
            {
                "3": "El texto abre a Rusia la posibilidad de entrar en las primeras fases de un conflicto (artículo 3)",
                "4": "de dar a Corea del Norte «asistencia militar y de otro tipo» (artículo 4)",
                "8": "anuncia asimismo «mecanismos de acción conjunta» (artículo 8).",
            },
        ),
        (
            "Article 3 allows Russia to step in early, while Article 4 provides for military aid.",
            {"3": "Article 3 allows Russia to step in early", "4": "Article 4 provides for military aid."},
        ),
        (
            "Under Article 3, Russia may step in, and under Article 4 it may give aid.",
            {"3": "Under Article 3, Russia may step in", "4": "under Article 4 it may give aid."},
        ),
        (
            "Russia may step in early, as Article 3 provides, and may give aid, as Article 4 provides.",
            {"3": "Russia may step in early, as Article 3 provides", "4": "may give aid, as Article 4 provides."},
        ),
        (
            "Permite intervenir en un conflicto (artículos 3 y 4) y anuncia mecanismos conjuntos (artículo 8).",
            {
                "3": "Permite intervenir en un conflicto (artículos 3 y 4)",
                "4": "Permite intervenir en un conflicto (artículos 3 y 4)",
                "8": "anuncia mecanismos conjuntos (artículo 8).",
            },
        ),
        (
            "Articles 3 and 4 allow Russia to act, and Article 8 sets up joint bodies.",
            {"4": "Articles 3 and 4 allow Russia to act", "8": "Article 8 sets up joint bodies."},
        ),
        (
            "(Article 3) to step in early and (Article 4) to give aid to the ally",
            {"3": "(Article 3) to step in early", "4": "(Article 4) to give aid to the ally"},
        ),
        (
            "Permits early action (Article 3(1)) and aid of any kind (see Article 4(2)(b)).",
            {"3": "Permits early action (Article 3(1))", "4": "aid of any kind (see Article 4(2)(b))."},
        ),
        ("El tratado (artículo 4) permite a Rusia prestar ayuda.", {"4": "El tratado (artículo 4) permite a Rusia prestar ayuda."}),
        ("Under Article 4, Russia may give aid.", {"4": "Under Article 4, Russia may give aid."}),
        ("Russia may give aid, as Article 4 provides.", {"4": "Russia may give aid, as Article 4 provides."}),
        ("See Article 3 or Article 4.", {"3": "See Article 3 or Article 4.", "4": "See Article 3 or Article 4."}),
        (
            "El artículo 4 del título II permite la ayuda, y el artículo 5 del título II la limita.",
            {"4": "El artículo 4 del título II permite la ayuda", "5": "el artículo 5 del título II la limita."},
        ),
    ],
)
def test_clause_is_what_a_sentence_says_of_one_provision(text, clauses):
    mentions = find(text)
    for number, expected in clauses.items():
        mention = next(item for item in mentions if item.reference == Reference("article", number))
        start, end = clause(text, mention, mentions)
        assert text[start:end] == expected


PIECES = [
    "artículo ",
    "Article 3",
    "(artículo 4)",
    " y ",
    "4",
    ", ",
    "§ 2",
    " to ",
    "IV",
    "bis",
    "(",
    ")",
    "[",
    "; ",
    " says ",
    ".º",
    "disposición final ",
    "the first ",
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=80))
def test_any_text_gives_mentions_in_order_and_clauses_inside_it(text):
    mentions = find(text)
    heading_reference(text)
    assert [mention.start for mention in mentions] == sorted(mention.start for mention in mentions)
    for mention in mentions:
        assert 0 <= mention.start < mention.end <= len(text)
        start, end = clause(text, mention, mentions)
        assert 0 <= start < end <= len(text)


@settings(deadline=None)
@given(st.integers(1, 399))
def test_roman_and_arabic_numbers_agree(number):
    roman = ""
    rest = number
    for value, sign in ((100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        roman += sign * (rest // value)
        rest %= value
    if len(roman) > 1 or roman in "IVX":
        assert found(f"Article {roman}") == found(f"artículo {number}") == [f"article {number}"]


@pytest.mark.usefixtures("linear")
@pytest.mark.parametrize(
    "unit", ["a", "1", " ", "artículo ", "artículo" + " " * 50, "4.4", "(a)", "first ", "I, ", "¿", "«", "disposición  ", "\0", "\n"]
)
def test_hostile_text_is_read_in_linear_time(unit):
    text = "art. 4" + unit * (400_000 // len(unit))
    find(text)
    heading_reference(text)


@pytest.mark.usefixtures("linear")
def test_long_lists_are_read_in_linear_time():
    assert len(find("arts. " + "4, " * 50_000)) == 50_000
    text = "(art. 4) " * 300
    mentions = find(text)
    clause(text, mentions[150], mentions)
    assert clause("art. 4" + " ," * 100_000 + "x art. 5", Mention(Reference("article", "4"), 0, 6), find("art. 4")) == (0, 200_014)
