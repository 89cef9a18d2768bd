"""Quotations: which sentences are chosen, how far they are widened, what the lead-in says, and whether there is an answer at all."""

from collections.abc import Sequence

import pytest

from rag import messages
from rag.abstain import answerable, decide, missing
from rag.asked import holds, kinds_asked, measure_asked, measures
from rag.generate.extractive import ExtractiveGenerator
from rag.lookup import Lookup
from rag.provisions.which import which_provision
from rag.retrieve import Retrieved
from rag.select import READ, SentenceScorer, builtin_scorer, with_headings
from rag.sentences import sentences
from rag.types import Hit, Passage, Reference, Why
from rag.verify import Checker

SCORER = builtin_scorer()
QUOTING = ExtractiveGenerator(SCORER)

BRIDGE = (
    "The bridge over the Almar was opened in 1931. It is 214 metres long and carries two lanes. "
    "The town council pays for its upkeep, because the province refused to take it over."
)
MUSEUM = "The museum shows clocks from three centuries. Visitors may not touch them. It is closed on Mondays."


def hit(text: str, rank: int = 1, score: float = 2.0, reference: str | None = None, **more: object) -> Hit:
    values = {"source": f"{rank}.md", "title": f"Guide {rank}", "start": 100, "end": 100 + len(text), **more}
    return Hit(rank, Passage(text=text, **values), score, Why(reference=reference))


def answer(question: str, hits: Sequence[Hit]) -> str:
    return "".join(QUOTING.generate(question, hits))


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("How long is the bridge?", "It is 214 metres long and carries two lanes."),
        ("When was the bridge opened?", "The bridge over the Almar was opened in 1931."),
        ("¿Cuándo se inauguró el puente?", "The bridge over the Almar was opened in 1931."),
        ("Who pays for the bridge?", "The town council pays for its upkeep, because the province refused to take it over."),
        ("On which day is the museum closed?", "It is closed on Mondays."),
    ],
)
def test_the_best_sentence_is_the_one_that_answers(question: str, sentence: str) -> None:
    hits = [hit(BRIDGE), hit(MUSEUM, 2, 1.5)]
    best = SCORER.score(question, hits)[0]
    assert hits[best.hit].passage.text[best.start : best.end] == sentence


def test_only_the_first_passages_are_read() -> None:
    hits = [hit(MUSEUM, rank) for rank in range(1, READ + 1)] + [hit(BRIDGE, READ + 1)]
    assert {item.hit for item in SCORER.score("How long is the bridge?", hits)} == set(range(READ))
    assert SCORER.score("How long is the bridge?", []) == []


def test_the_reader_sees_a_passage_below_its_headings() -> None:
    fees = "The yearly fee is 40 euros. It is paid in March."
    passage = hit(fees, title="Rules of the Rowing Club", section=("Fees", "The yearly")).passage
    assert with_headings(passage) == f"Rules of the Rowing Club\nFees\n{fees}"
    hits = [hit(fees, title="Rules of the Chess Club"), hit(fees, 2, title="Rules of the Rowing Club")]
    question = "What does the rowing club charge a year?"
    reading = {item.hit: item.reading for item in SCORER.score(question, hits) if item.start == 0}
    assert reading[1] > reading[0]
    assert answerable(question, hits[:1], SCORER) < answerable(question, hits[1:], SCORER)


def test_without_the_reader_words_alone_choose_and_refuse() -> None:
    words = SentenceScorer(SCORER.evidence, SCORER.reader, reads=False)
    hits = [hit(BRIDGE), hit(MUSEUM, 2, 1.5)]
    best = words.score("On which day is the museum closed?", hits)
    assert hits[best[0].hit].passage.text[best[0].start : best[0].end] == "It is closed on Mondays."
    assert {item.reading for item in best} == {0.0}
    assert answerable("On which day is the museum closed?", hits, words) > answerable("Who is the king of Sweden?", hits, words)
    assert ExtractiveGenerator(words).fingerprint == "extractive/3/words"


def test_a_heading_or_a_question_is_never_the_answer() -> None:
    text = "Opening hours of the bridge\n\nWhen is the bridge open?\n\nThe bridge is open to carts from six to nine."
    best = SCORER.score("When is the bridge open?", [hit(text, section=("Opening hours of the bridge",))])[0]
    assert text[best.start : best.end] == "The bridge is open to carts from six to nine."


LONG = (
    "The ferry of the old harbour has two captains, and each of them has sailed on it for more than twenty years without a day of rest. "
    "The elder one is Marta Solis, who was born on the island and learned the trade from her father and her grandfather before him. "
    "She retires in 2031. However, the ferry will go on, because the town council has already put money aside for a third captain."
)


@pytest.mark.parametrize(
    ("question", "begins"),
    [
        ("When will Marta Solis retire?", "The elder one is Marta Solis"),
        ("How many captains does the ferry have?", "The ferry of the old harbour"),
    ],
)
def test_a_sentence_that_leans_on_the_one_before_is_quoted_with_it(question: str, begins: str) -> None:
    assert answer(question, [hit(LONG)]).startswith(f"According to “Guide 1”: «{begins}")


def test_a_short_paragraph_is_quoted_whole_with_its_source_and_date() -> None:
    text = BRIDGE + "\n\n" + "Nothing else is known. " * 30
    expected = f"According to “Guide 1”, 5 July 2024: «{BRIDGE}» [1]"
    assert answer("How long is the bridge?", [hit(text, date="2024-07-05")]) == expected


def test_the_lead_in_is_in_the_language_of_the_question() -> None:
    assert answer("¿Cuánto mide el puente?", [hit(BRIDGE, date="2024-07")]).startswith("Según «Guide 1», julio de 2024: ")


ARTICLE = "Article 4. Nets\n\n1. Nets are allowed in winter.\n\n2. A net may be 12 metres long."


def test_a_provision_is_quoted_without_its_heading_and_named() -> None:
    own = hit(ARTICLE, reference="article 4", provisions=(Reference("article", "4"),), section=("Article 4. Nets",))
    expected = "According to “Guide 1”, Article 4, Nets: «1. Nets are allowed in winter. 2. A net may be 12 metres long.» [1]"
    assert answer("what does Article 4 say", [own]) == expected


def test_only_the_clause_of_the_mention_is_quoted() -> None:
    text = "The pact lets the north fish early (Article 3) and lets the south use «long nets» (Article 4)."
    mentioned = hit(text, reference="article 4", mentions=(Reference("article", "3"), Reference("article", "4")))
    assert answer("what does Article 4 permit", [mentioned]) == "According to “Guide 1”: “lets the south use «long nets» (Article 4).” [1]"


def test_quotation_marks_are_ones_that_the_text_does_not_hold() -> None:
    text = "The guard «always» says “halt” to carts on the bridge."
    assert answer("What does the guard say to carts on the bridge?", [hit(text)]) == f'According to “Guide 1”: "{text}" [1]'


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("When did it open?", ("date",)),
        ("¿Cuántos libros se prestan?", ("amount",)),
        ("Who signed, and why?", ("person", "reason")),
        ("¿Dónde está la oficina?", ("place",)),
        ("Is it open?", ()),
    ],
)
def test_kinds_asked(question: str, kinds: tuple[str, ...]) -> None:
    assert kinds_asked(question) == kinds


def test_kinds_held() -> None:
    assert holds("It opened in May 1931.", "date")
    assert not holds("It opened late.", "date")
    assert holds("Se prestan seis obras.", "amount")
    assert holds("It closed because of ice.", "reason")


def test_answerable_tells_a_passage_that_answers_from_one_that_does_not() -> None:
    with_answer, without = (answerable("How long is the bridge?", [hit(text)], SCORER) for text in (BRIDGE, MUSEUM))
    assert with_answer > 0.4 > 0.3 > without
    assert answerable("How long is the bridge?", [], SCORER) == 0.0


def test_a_name_that_no_passage_has_counts_against_an_answer() -> None:
    known, unknown, shouted = (
        answerable(question, [hit(BRIDGE)], SCORER)
        for question in ("How long is the bridge over the Almar?", "How long is the bridge over the Zambezi?", "HOW LONG IS THE BRIDGE?")
    )
    assert known - unknown > 0.2 > unknown
    assert shouted > 0.4


def test_decide_names_its_reason() -> None:
    silent = decide("How long is the bridge?", Retrieved((hit(MUSEUM),), Lookup()), SCORER, 0.4)
    assert (silent.reason, silent.message) == (
        "no_evidence",
        "The documents do not say. The nearest passages are in “Guide 1”. Not mentioned there: “bridge”.",
    )
    four = Reference("article", "4")
    gone = decide("what does Article 4 say", Retrieved((), Lookup((four,), (four,), (("Pact", ("1", "2", "3", "12bis")),))), SCORER, 0.4)
    assert (gone.reason, gone.message) == ("reference_absent", "The documents contain no Article 4. Those that exist: Pact: 1-3, 12bis.")
    assert decide("How long is the bridge?", Retrieved((hit(MUSEUM),), Lookup()), SCORER, 0.0).reason is None
    found = Lookup((four,), (), (), {7: (four, True)})
    assert decide("what does Article 4 say", Retrieved((hit(ARTICLE),), found), SCORER, 1.0).reason is None


@pytest.mark.parametrize(
    ("question", "text", "language", "words"),
    [
        ("How long is the bridge?", MUSEUM, "en", ("bridge",)), ("Who loses a clock?", MUSEUM, "en", ("loses",)),
        ("¿Y si pierdo un libro?", "Quien pierda una obra paga otra igual.", "es", ("libro",)),
        ("When may trout be caught?", "Se veda la pesca de la trucha en marzo.", "es", ()),  # a word that the table does not know
        ("When may trout be caught in Zambezi?", "Se veda la pesca de la trucha en marzo.", "es", ("Zambezi",)),
        ("What did they sign in Pyongyang?", "Pionyang firmó en 1994.", "es", ()),
    ],
)  # fmt: skip
def test_what_is_not_mentioned_is_said_of_names_alone_across_languages(
    question: str, text: str, language: str, words: tuple[str, ...]
) -> None:
    assert missing(question, [hit(text, language=language)], SCORER.evidence) == words


def test_messages_in_spanish() -> None:
    seven = Reference("article", "7")
    assert messages.absent(Lookup((seven,), (seven,)), "es") == "Los documentos no contienen: artículo 7."
    assert messages.silent([hit(MUSEUM, title="Guía")], "es") == "Los documentos no lo dicen. Lo más cercano está en «Guía»."
    assert messages.silent([hit(MUSEUM, title="Guía")], "es", ["puente", "río"]).endswith(" Allí no se menciona: «puente»; «río».")
    told = "El modelo de lenguaje ha fallado; en su lugar, la respuesta cita los documentos. No hubo respuesta."
    assert messages.quoted_instead("No hubo respuesta.", "es") == told


@pytest.mark.parametrize(
    ("question", "read"),
    [
        ("which article deals with leaving the Tarn Bay agreement", "leaving the Tarn Bay agreement"),
        ("¿Qué artículo del Acuerdo del Valle trata de los idiomas?", "los idiomas del Acuerdo del Valle"),
        ("In which clause of the lease is about pets?", "pets of the lease"),
        ("What does Article 4 permit?", "What does Article 4 permit?"), ("¿Qué parte paga?", "¿Qué parte paga?"),
    ],
)  # fmt: skip
def test_which_provision_is_asked_by_its_subject(question: str, read: str) -> None:
    which = which_provision(question)
    assert (which.with_text if which else question) == read


def test_the_article_that_is_asked_for_is_named() -> None:
    rule = "Artículo 6. Animales\n\nCada vivienda podrá tener dos perros o gatos."
    hits = [hit(rule, title="Estatutos", section=("Artículo 6. Animales",), provisions=(Reference("article", "6"),))]
    assert answer("¿Qué artículo habla de los animales?", hits) == (
        "Según «Estatutos», Artículo 6, Animales: «Cada vivienda podrá tener dos perros o gatos.» [1]"
    )


def test_a_heading_that_the_quotation_begins_with_is_said_once() -> None:
    rule = "SEXTA.- Penalizaciones. Por cada día sin servicio se descontarán 75 euros."
    reference = Reference("clause", "6")
    hits = [hit(rule, title="Contrato", section=("SEXTA.- Penalizaciones",), provisions=(reference,), reference=str(reference))]
    assert answer("¿Qué dice la cláusula sexta del contrato?", hits) == f"Según «Contrato»: «{rule}» [1]"


@pytest.mark.parametrize(
    ("question", "text", "heading", "opening"),
    [
        (
            "Do I have to give the router back?",
            "Yes, within 28 days, in our bag.",
            "Must I return the router?",
            ", Must I return the router?: «Yes,",
        ),
        ("Is there a car park?", "Sí, detrás del museo.", "¿Hay aparcamiento?", ", ¿Hay aparcamiento?: «Sí, detrás"),
        ("What does the tour cover?", "Drinks, tips, city tax and visits.", "What is not included", ", What is not included: «Drinks"),
        ("Which ingredients are needed?", "- 600 g of beans\n- 2 onions", "Ingredients", ", Ingredients: «- 600 g"),
        ("How long is the bridge?", "It is 214 metres long.", "Size", ": «It is 214"),
        ("Is there a car park?", "¿Hay aparcamiento? Sí, detrás.", "¿Hay aparcamiento?", ": «¿Hay aparcamiento? Sí"),
    ],
)
def test_the_heading_is_said_where_the_quotation_needs_it(question: str, text: str, heading: str, opening: str) -> None:
    hits = [hit(f"## {heading}\n\n{text}" if heading not in text else text, title="Guide", section=("Guide", heading))]
    answered = answer(question, hits)
    assert answered.startswith(
        f"According to “Guide”{opening}".replace("«", "“") if "“" in answered[22:] else f"According to “Guide”{opening}"
    )
    checker = Checker(hits, SCORER.evidence)
    checker.feed(answered)
    assert [sentence.verdict for sentence in checker.finish().sentences] == ["quoted"]


SHEET = "Power: 1450 W\nPressure: 15 bar\nWeight: 4.2 kg\nWarranty: 24 months"
BILL = "Power ........ 14.62 €\nEnergy ........ 41.15 €\nMeter (hire) ........ 0.83 €"
WEEKS = (
    "Week 1 (4 Sept): Introduction. Reading: Pearson.\nWeek 2 (11 Sept): Lisbon. Reading: Boxer, pp. 39–64.\nWeek 3: Seville.\nIt is long."
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SHEET, SHEET.split("\n")), ("**Office:** Hall 3\n**Hours:** Tuesdays", ["**Office:** Hall 3", "**Hours:** Tuesdays"]),
        ("They met in\nMadrid: nobody knew\nwhy.", ["They met in\nMadrid: nobody knew\nwhy."]),
        (WEEKS.split("\n")[0], ["Week 1 (4 Sept): Introduction.", "Reading: Pearson."]),
        (BILL, BILL.split("\n")), ("Units\tItem\tPrice\n2\tElbow\t7.25", ["Units\tItem\tPrice", "2\tElbow\t7.25"]),
        ("12:00 Rocket\n19:30 – 20:15 Speech, by Leo\n23:00h - Dance", ["12:00 Rocket", "19:30 – 20:15 Speech, by Leo", "23:00h - Dance"]),
        ("1.1 Surname: Ruiz\n1.2 Name: Ana", ["1.1 Surname: Ruiz", "1.2 Name: Ana"]),
        ("O.1 Braked: 1,500 kg\nO.2   Unbraked: 750 kg", ["O.1 Braked: 1,500 kg", "O.2   Unbraked: 750 kg"]),
        ("Pos. 1 / Brush / 6.90\nPos. 2 / Ltd. / 7", ["Pos. 1 / Brush / 6.90", "Pos. 2 / Ltd. / 7"]),
        ("2023 · Norma · wigs\n2024 · Aida · hats", ["2023 · Norma · wigs", "2024 · Aida · hats"]),
        ("Theft; 6,000 €; 200 €\nGlass;300 €;none", ["Theft; 6,000 €; 200 €", "Glass;300 €;none"]),
        ("Tax      171.20\nHealth   138.00", ["Tax      171.20", "Health   138.00"]),
        ("In 1911 it opened; it\nStood high; it is\nleft.", ["In 1911 it opened; it\nStood high; it is\nleft."]),
        ("Bring him to Hall 3 /\nRoom 2 of the\nmill.", ["Bring him to Hall 3 /\nRoom 2 of the\nmill."]),
        ("The train of\n19:30 was late.", ["The train of\n19:30 was late."]),
        ("He waited and waited.... Then he\nleft.", ["He waited and waited....", "Then he\nleft."]),
    ],
)  # fmt: skip
def test_lines_with_labels_are_sentences_of_their_own(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == expected


def test_a_line_with_a_label_is_quoted_whole_and_alone() -> None:
    assert answer("How long is the warranty?", [hit(SHEET)]) == "According to “Guide 1”: «Warranty: 24 months» [1]"
    assert "«Week 2 (11 Sept): Lisbon. Reading: Boxer, pp. 39–64.»" in answer("What is the reading about Lisbon?", [hit(WEEKS)])


def test_rows_with_dots_or_times_are_read_one_by_one_and_quoted_together() -> None:
    assert answer("How much is the meter?", [hit(BILL)]) == f"According to “Guide 1”: «{BILL}» [1]".replace("\n", " ")


def test_which_article_is_a_question_for_articles() -> None:
    glossary = hit("Retirada: salida de una Parte. No debe confundirse con la corona.", title="Glosario")
    article = hit(
        "Article 18. Duration\n\nA Member may withdraw.",
        title="Pact",
        section=("Article 18. Duration",),
        provisions=(Reference("article", "18"),),
    )
    question = "which article deals with leaving the pact"
    assert answer(question, [glossary, article]) == "According to “Pact”, Article 18, Duration: «A Member may withdraw.» [2]"
    assert {item.hit for item in SCORER.score(question, [glossary, article])} == {1}
    assert {item.hit for item in SCORER.score(question, [glossary])} == {0}


@pytest.mark.parametrize(
    ("question", "measure"),
    [
        ("How much does the smallest bell weigh?", "weight"),
        ("¿Cuánto pesa el modelo grande?", "weight"),
        ("How much did the club pay for the striker?", "money"),
        ("¿Cuánto cuesta el abono?", "money"),
        ("What do the tickets cost?", "money"),
        ("How long do the chestnuts have to soak?", "time"),
        ("¿Cuánto dura el programa?", "time"),
        ("How long is the bridge?", None),
        ("¿Cuántos litros gasta el programa?", "volume"),
        ("At what temperature are they fried?", "temperature"),
        ("How deep is the lake?", "length"),
        ("How much does the reader see?", None),
        ("¿Cuánto gasta cada vecino?", None),
    ],
)
def test_what_an_amount_is_measured_in(question: str, measure: str | None) -> None:
    assert measure_asked(question) == measure


@pytest.mark.parametrize(
    ("text", "measure", "has"),
    [
        ("La mayor pesa 840 kilos.", "weight", True),
        ("The smallest, 6 to 9 cm.", "weight", False),
        ("The yearly fee is 40 euros.", "money", True),
        ("Abel Nieto scored 19 goals.", "money", False),
        ("Se hace la noche anterior.", "time", True),
        ("It has 58 metres.", "length", True),
        ("Frying needs 170 °C.", "temperature", True),
        ("The tank holds 12 l.", "volume", True),
    ],
)
def test_which_measures_a_text_has(text: str, measure: str, has: bool) -> None:
    assert measures(text, measure) is has


NEWT = "Smooth newt. The smallest, 6 to 9 cm, lives in two ponds. It has a pink throat without spots."


def test_a_figure_of_another_measure_is_no_answer() -> None:
    length, weight = ("How long is the smallest newt?", "How much does the smallest newt weigh?")
    best = {question: SCORER.score(question, [hit(NEWT)])[0] for question in (length, weight)}
    assert (best[length].amiss, best[weight].amiss) == (False, True)
    assert answerable(weight, [hit(NEWT)], SCORER) < 0.4 <= answerable(length, [hit(NEWT)], SCORER)


def test_the_head_of_a_table_says_what_its_cells_are_measured_in() -> None:
    rows = "| Programme | Time (min) |\n|---|---|\n| Intensive | 145 |\n| Quick | 30 |"
    best = SCORER.score("How long does the intensive programme take?", [hit(rows)])[0]
    assert rows[best.start : best.end] == "| Intensive | 145 |"
    assert not best.amiss


def test_the_line_below_the_head_of_a_table_is_not_quoted() -> None:
    table = "| Command | Needs the passphrase |\n|---|---|\n| `restore` | yes |\n| `backup` | no |\n\nThe passphrase has twelve letters."
    assert "«»" not in answer("Which commands need the passphrase?", [hit(table)])
    assert "“”" not in answer("Which commands need the passphrase?", [hit(table)])
