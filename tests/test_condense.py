"""Follow-ups by rule: what they become, and that a question with names of its own is left alone."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.condense import condense, is_fragment
from rag.references import find
from rag.types import Turn

QUESTIONS = [json.loads(line) for line in (Path(__file__).parents[1] / "eval" / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
PERMIT = "What does Article 4 of the Pyongyang treaty permit?"
PERMITE = "¿Qué permite el artículo 4 del tratado de Pionyang?"


def after(earlier, question):
    return condense(question, [Turn(text, "An answer.") for text in ([earlier] if isinstance(earlier, str) else earlier)])


EVALUATED = {
    "fu-001": "What does Article 8 of the Pyongyang treaty permit?",
    "fu-002": "¿Qué permite el artículo 4 del tratado de Pionyang?",
    "fu-003": "¿Qué dice el artículo 14 del Acuerdo del Sarmenor?",
    "fu-004": "What does Article 40 of the Sarmenor agreement say?",
    "fu-005": "What does Article 14 of the Tarn Bay Agreement allow?",
    "fu-006": "Do many observers expect the closeness between Russia and North Korea to last, and why?",
    "fu-007": "¿Qué formato prefiere Pekín para las conversaciones?",
    "fu-008": "Sobre la licencia de pesca en el Sarmenor: ¿dónde la saco?",
    "fu-009": "How fast may boats go on the Sarmenor close to a jetty?",
    "fu-010": "Sobre una emergencia en el Sarmenor: ¿a quién hay que avisar y en cuánto tiempo?",
    "fu-011": "About the agreement between Russia and North Korea (2019): did it cover military aid?",
    "fu-012": "¿Qué quiere Moscú de Corea del Norte? ¿Ya había mandado gente antes de la visita?",
    "fu-013": "Sobre la Comisión por videoconferencia: ¿puede aprobar ahí el presupuesto?",
    "fu-014": "About a book from the Larrunde library: what if I bring it back late?",
    "fu-015": "What does Article 43 of the Sarmenor agreement say?",
    "fu-016": "¿Qué permite el artículo 5 del tratado de Pionyang?",
}


@pytest.mark.parametrize("identifier", EVALUATED)
def test_follow_ups_of_the_question_set(identifier):
    item = next(item for item in QUESTIONS if item["id"] == identifier)
    history = [Turn(turn["question"], turn["answer"]) for turn in item["history"]]
    assert condense(item["question"], history) == EVALUATED[identifier]


@pytest.mark.parametrize(
    ("earlier", "question", "expected"),
    [
        ("What is the monthly rent?", "And the deposit?", "What is the deposit?"),
        ("How much is the rent of the flat?", "and the deposit?", "How much is the deposit of the flat?"),
        ("When is the library open?", "And the museum?", "When is the museum open?"),
        ("How much does the monthly pass cost for students?", "and the annual pass?", "How much does the annual pass cost for students?"),
        ("¿Cuánto cuesta el bono mensual?", "¿y el anual?", "¿Cuánto cuesta el bono anual?"),
        ("¿Dónde está la oficina de turismo?", "¿Y el ayuntamiento?", "¿Dónde está el ayuntamiento?"),
        ("What is the first reason of those who doubt?", "and the second?", "What is the second reason of those who doubt?"),
        ("¿Qué se acordó sobre los teléfonos?", "¿Quién votó en contra?", "Sobre los teléfonos: ¿quién votó en contra?"),
        ("What is the deposit?", "Who pays it?", "About the deposit: who pays it?"),
        ("What was the revenue of Iberdrola in 2023?", "And Endesa?", "What was the revenue of Endesa in 2023?"),
        ("How long is the notice period for tenants?", "And for landlords?", "How long is the notice period for landlords?"),
        (
            "How much is the fine for an overdue book in the Alden library?",
            "and for lost books?",
            "How much is the fine for lost books in the Alden library?",
        ),
        ("¿Cuánto se puede sacar al día con la Cuenta Joven?", "¿y al mes?", "¿Cuánto se puede sacar al mes con la Cuenta Joven?"),
        ("¿Qué hay de comer el 6 de mayo?", "¿y de postre?", "¿Qué hay de comer el 6 de mayo de postre?"),
        (
            "What does installation cost with Larkspur?",
            "and with a 12-month contract?",
            "What does installation cost with Larkspur with a 12-month contract?",
        ),
        ("¿Qué pasa si pierdo un libro?", "¿y si no se vende?", "¿Qué pasa si pierdo un libro si no se vende?"),
        ("¿Cuántas piezas hay del tornillo largo?", "¿y de la tuerca?", "¿Cuántas piezas hay de la tuerca?"),
        ("How much does a full service cost at Alden?", "and a basic check?", "How much does a basic check cost at Alden?"),
        ("How much is the hire of a tandem per day?", "and an electric bike?", "How much is the hire of an electric bike per day?"),
        ("May I keep a cat in the flat?", "and a dog?", "May I keep a dog in the flat?"),
        ("¿Se permite un perro?", "¿y un gato?", "¿Se permite un gato?"),
        ("What are the limits of the Free plan?", "and the Team plan?", "What are the limits of the Team plan?"),
        ("¿Cuánto dura el programa de algodón?", "¿y el de lana?", "¿Cuánto dura el programa de lana?"),
        ("¿A quién avisa?", "¿y a la policía?", "¿A quién avisa a la policía?"),
        ("What is the fee on Monday?", "And on Sunday?", "What is the fee on Sunday?"),
        ("¿Cuándo abre la oficina de Arcenal?", "¿y los lunes?", "¿Cuándo abre la oficina de Arcenal los lunes?"),
        ("¿Cuándo abre la oficina los lunes?", "¿y los domingos?", "¿Cuándo abre la oficina los domingos?"),
        ("¿Cuándo abre la piscina de Los Tilos los lunes?", "¿y los domingos?", "¿Cuándo abre la piscina de Los Tilos los domingos?"),
        ("¿Cuándo abre el Museo en verano?", "¿y los domingos?", "¿Cuándo abre el Museo en verano los domingos?"),
        ("¿Cuándo abre el Museo en verano?", "¿y en invierno?", "¿Cuándo abre el Museo en invierno?"),
        ("When is the Alden lock closed?", "and on Saturdays?", "When is the Alden lock closed on Saturdays?"),
        ("¿Cuándo abre la piscina?", "¿y los sábados de agosto?", "¿Cuándo abre la piscina los sábados de agosto?"),
        ("¿Qué hay de comer el 6 de mayo?", "¿y el 7?", "¿Qué hay de comer el 7 de mayo?"),
        ("What is on the menu on May 6?", "and on the 7th?", "What is on the menu on May 7th?"),
        ("What does the error code E10 of the K24 boiler mean?", "and E33?", "What does the error code E33 of the K24 boiler mean?"),
        ("¿Qué significa F28 en la caldera Alba?", "¿y F22?", "¿Qué significa F22 en la caldera Alba?"),
        ("¿Cuánto cuesta el jarabe?", "¿puedo tomarlo de noche?", "Sobre el jarabe: ¿puedo tomarlo de noche?"),
        ("¿Cuánto cuesta la licencia?", "¿dónde renovarla?", "Sobre la licencia: ¿dónde renovarla?"),
        (PERMIT, "the 8", "What does Article 8 of the Pyongyang treaty permit?"),
        (PERMIT, "8?", "What does Article 8 of the Pyongyang treaty permit?"),
        (PERMIT, "IV?", "What does Article IV of the Pyongyang treaty permit?"),
        (PERMIT, "what about Article 8 then?", "What does Article 8 of the Pyongyang treaty permit?"),
        (PERMIT, "and 5 to 7", "What does Article 5 to 7 of the Pyongyang treaty permit?"),
        (PERMITE, "¿y el quinto?", "¿Qué permite el artículo quinto del tratado de Pionyang?"),
        (PERMITE, "y los 5 y 6?", "¿Qué permite el artículo 5 y 6 del tratado de Pionyang?"),
        ("what does article 4 permit", "and 12 bis", "what does article 12 bis permit"),
        ("What does the fourth article say?", "and the 8th?", "What does the 8th article say?"),
        ("What does the fourth article say?", "and 8?", "What does the article 8 say?"),
        ("¿Qué dice la disposición transitoria primera?", "¿y la segunda?", "¿Qué dice la disposición transitoria segunda?"),
        ("¿Qué dice el § 4?", "¿y el 5?", "¿Qué dice el § 5?"),
        ("What does annex A list?", "and B?", "What does annex B list?"),
        ("How does Article 4 differ from Article 8?", "And Article 5?", "How does Article 4 differ from Article 5?"),
    ],
)
def test_a_provision_takes_the_place_of_the_one_before(earlier, question, expected):
    assert after(earlier, question) == expected


@pytest.mark.parametrize(
    ("earlier", "question", "expected"),
    [
        (PERMIT, "and article 8 of the Sarmenor agreement?", "Article 8 of the Sarmenor agreement?"),
        (PERMIT, "Article 14 bis of the Sarmenor agreement", "Article 14 bis of the Sarmenor agreement"),
        (PERMIT, "and in 2019?", "What does Article 4 of the Pyongyang treaty permit in 2019?"),
        (PERMIT, "and 300 metres from a jetty?", "What does Article 4 of the Pyongyang treaty permit? 300 metres from a jetty?"),
        (PERMITE, "¿quién lo firmó?", "Sobre el tratado de Pionyang: ¿quién lo firmó?"),
        (PERMITE, "¿dónde?", "¿Qué permite el artículo 4 del tratado de Pionyang, y dónde?"),
        ("What does Moscow want from North Korea?", "and Beijing?", "What does Moscow want from North Korea? Beijing?"),
        ("Who visited Kim in 2024?", "why not?", "Who visited Kim in 2024, and why not?"),
        ("Who visited Kim in 2024?", "tell me more", "Who visited Kim in 2024?"),
        (["Who visited Kim?", "When did he arrive?"], "are you sure?", "Who visited Kim? When did he arrive?"),
        ("Who visited Kim in 2024?", "shorter please", "Who visited Kim in 2024?"),
        (PERMITE, "¿puedes repetirlo?", PERMITE),
        ("Who visited Kim in 2024?", "and?", "Who visited Kim in 2024?"),
        ("Who visited Kim in 2024?", "", "Who visited Kim in 2024?"),
        (["Who visited Kim?", "When did he arrive?", "why?"], "and how long did he stay?", "Who visited Kim? How long did he stay?"),
        (["Who visited Kim?", "When did he arrive?"], "why?", "Who visited Kim? When did he arrive, and why?"),
        (["What does Article 3 permit?", "and 4?"], "and 8?", "What does Article 8 permit?"),
        (PERMIT, "who signed it?", "About the Pyongyang treaty: who signed it?"),
        (PERMIT, "does it allow troops?", "About Article 4 of the Pyongyang treaty: does it allow troops?"),
        (PERMIT, "and in Spanish law?", "What does Article 4 of the Pyongyang treaty permit in Spanish law?"),
        (PERMIT, "and when?", "What does Article 4 of the Pyongyang treaty permit, and when?"),
        (PERMIT, "¿y cuándo?", "What does Article 4 of the Pyongyang treaty permit, and when?"),
        (PERMITE, "why?", "¿Qué permite el artículo 4 del tratado de Pionyang, y por qué?"),
        (PERMIT, "and in Spanish?", PERMIT),
        (PERMITE, "¿y en inglés?", PERMITE),
        (PERMIT, "what about the Sarmenor agreement?", "What does Article 4 of the Sarmenor agreement permit?"),
        (PERMITE, "¿y el acuerdo del Sarmenor?", "¿Qué permite el artículo 4 del acuerdo del Sarmenor?"),
        (PERMITE, "¿y la ley de aguas?", "¿Qué permite el artículo 4 de la ley de aguas?"),
        (PERMIT, "and paragraph 2?", "What does Article 4, paragraph 2, of the Pyongyang treaty permit?"),
        ("¿Qué dice el artículo 18, apartado 1, del Acuerdo?", "¿y el apartado 2?", "¿Qué dice el artículo 18, apartado 2, del Acuerdo?"),
        ("¿Qué dice el artículo 18, apartado 1, del Acuerdo?", "¿y el 19?", "¿Qué dice el artículo 19 del Acuerdo?"),
        (
            [PERMIT, "and its second paragraph?"],
            "and Article 8?",
            "What does Article 8 of the Pyongyang treaty permit?",
        ),
        ([PERMIT, "and its second paragraph?"], "who signed it?", "About the Pyongyang treaty: who signed it?"),
        (PERMIT, "and Article 2(2)?", "What does Article 2(2) of the Pyongyang treaty permit?"),
        (PERMIT, "the same article of the Sarmenor agreement", "What does Article 4 of the Sarmenor agreement permit?"),
        (PERMITE, "¿y el mismo artículo del acuerdo del Sarmenor?", "¿Qué permite el artículo 4 del acuerdo del Sarmenor?"),
        (PERMIT, "and the next one?", "What does Article 5 of the Pyongyang treaty permit?"),
        (PERMITE, "¿y el anterior?", "¿Qué permite el artículo 3 del tratado de Pionyang?"),
        ("¿Qué dice el artículo 4 de la ley?", "¿y la disposición final primera?", "¿Qué dice la disposición final primera de la ley?"),
        ("What was the budget in 2023?", "and in 2024?", "What was the budget in 2024?"),
        (
            "¿Qué dice el artículo 4 del Acuerdo?",
            "¿se aplica a los turistas?",
            "Sobre el artículo 4 del Acuerdo: ¿se aplica a los turistas?",
        ),
    ],
)
def test_other_follow_ups(earlier, question, expected):
    assert after(earlier, question) == expected


@pytest.mark.parametrize(
    ("earlier", "question", "expected"),
    [
        (
            ["¿Cuándo abre el Museo del Vidrio?", "¿cuánto cuesta la entrada?"],
            "¿y para niños?",
            "Sobre el Museo del Vidrio: ¿cuánto cuesta la entrada para niños?",
        ),
        (
            ["How long does the banana loaf keep?", "What is the oven temperature?"],
            "and for a fan oven?",
            "About the banana loaf: what is the oven temperature for a fan oven?",
        ),
        (
            ["When is the residence closed?", "can I have guests overnight?"],
            "how many nights?",
            "About the residence closed: can I have guests overnight? How many nights?",
        ),
        (["What is the monthly rent?", "Who pays it?"], "And the deposit?", "What is the deposit?"),
        ([PERMIT, "does it allow foreign troops?"], "And Article 8?", "What does Article 8 of the Pyongyang treaty permit?"),
        (
            ["How long is the notice period for tenants?", "and for landlords?"],
            "who pays it?",
            "About the notice period for landlords: who pays it?",
        ),
    ],
)
def test_a_follow_up_is_about_what_was_asked_last(earlier, question, expected):
    assert after(earlier, question) == expected


@pytest.mark.parametrize("topic", [PERMIT, PERMITE, "Who visited Kim in 2024?"])
@pytest.mark.parametrize(
    "question",
    [
        "What does Article 8 of the Sarmenor agreement say?", "When did Putin meet his counterpart?",
        "is it true that Russia sent troops?", "What is O'Brien's salary in 2023?",
        "¿Qué dice el artículo 8 del Acuerdo del Sarmenor?", "how do I reset my router password",
        "¿Cómo se hace una tortilla de patatas?",
        "How many hectares of wetland have to be brought back, and by when?", "Who led the Board in 2022?",
        "¿Quién dirige la Comisión del Sarmenor?",
    ],
)  # fmt: skip
def test_a_question_that_stands_alone_is_unchanged(topic, question):
    assert after(topic, question) == question


@pytest.mark.parametrize("topic", [PERMIT, "Who visited Kim in 2024?"])
@pytest.mark.parametrize(
    "question",
    [
        "How must boats mark their nets?", "When does the library close its doors in August?", "Can a reader lend her card to a friend?",
        "What must operators do with their waste in Ostwick?", "Where do pilots keep their licences?",
        "Which towns have lost their stations?",
        "Is there a rule that bans swimming?", "How long may one person borrow a book?", "Is one day enough for the inspection?",
        "¿Cómo marcan los barcos sus redes?", "¿Se puede devolver un libro sin renovarlo antes?",
        "¿Puede un lector pedir un atlas para copiarlo?",
        "¿Puede un lector prestar su carné?", "¿Cuándo cierra la biblioteca sus puertas?",
        "¿Qué hacen los operadores con sus residuos?", "¿Dónde guarda el museo sus mapas antiguos?",
    ],
)  # fmt: skip
def test_a_pronoun_that_stands_for_a_noun_of_the_question_itself_leans_on_nothing(topic, question):
    assert after(topic, question) == question


@pytest.mark.parametrize(
    "question",
    [
        "what is their price?", "who pays for its upkeep?", "what did their leader say?", "which one is newer?", "and the other one?",
        "does that cover the crew?", "do these apply to tourists?", "what did the board say about it?",
        "what is its date and who signed it?",
        "¿cuál es su precio?", "¿quién paga sus gastos?", "¿qué dice su preámbulo?", "¿lo firmó?",
    ],
)  # fmt: skip
def test_a_pronoun_without_a_noun_leans_on_the_question_before(question):
    assert after(PERMIT, question) != question


# They stand alone, yet are taken for follow-ups: "their" and "its" are of a noun in the same question; a bare annex could be either.
TAKEN_FOR_FOLLOW_UPS = {"fact-108", "un-057", "prov-052"}


def test_independent_questions_with_names_are_unchanged_after_another():
    changed = set()
    for item in QUESTIONS:
        names = [word for word in item["question"].split()[1:] if word.strip("¿(«")[:1].isupper() or word[:1].isdigit()]
        alone = "history" not in item and names and " it " not in item["question"]
        if alone and after(PERMIT, item["question"]) not in (item["question"], after("", item["question"])):
            changed.add(item["id"])
    assert changed <= TAKEN_FOR_FOLLOW_UPS


@pytest.mark.parametrize(
    ("earlier", "question", "expected"),
    [
        (PERMIT, "no, I meant Article 8", "What does Article 8 of the Pyongyang treaty permit?"),
        (PERMITE, "no, el 12", "¿Qué permite el artículo 12 del tratado de Pionyang?"),
        ("What is the deposit of the flat?", "not the deposit, the rent", "What is the rent of the flat?"),
        ("¿Cuál es la fianza del contrato?", "no la fianza, la renta", "¿Cuál es la renta del contrato?"),
        ("¿Qué dice la cláusula del contrato?", "no el contrato, los estatutos", "¿Qué dice la cláusula de los estatutos?"),
        ("¿Cuál es la fianza del piso?", "me refiero a la renta", "¿Cuál es la renta del piso?"),
        ("How many members has the Board?", "no, I mean the Council", "How many members has the Council?"),
        ("What is the deposit?", "thanks, and the rent?", "What is the rent?"),
        ("Who visited Kim in 2024?", "OK, what is the speed limit on the Sarmenor?", "what is the speed limit on the Sarmenor?"),
        ("When is the lock closed?", "back to the library: when is it open?", "About the library: when is it open?"),
        ("¿Quién preside la junta?", "volviendo al puente, ¿cuándo se hizo?", "Sobre el puente: ¿cuándo se hizo?"),
        ("¿Cuándo abre la oficina?", "gracias, ¿y la licencia dónde se saca?", "¿La licencia dónde se saca?"),
    ],
)
def test_corrections_asides_and_other_topics(earlier, question, expected):
    assert after(earlier, question) == expected


def test_without_history_nothing_changes():
    assert condense("and 8?", []) == "and 8?"
    assert after("", "why?") == "why?"
    assert after("  ", "¿y el 8?") == "¿y el 8?"


@pytest.mark.parametrize(
    ("earlier", "answer", "question", "expected"),
    [
        (
            "Who visited Kim?",
            "According to “A”, 2024: «Vladimir Putin came in June.» [1]",
            "what did he sign?",
            "What did Vladimir Putin sign?",
        ),
        ("¿Quién visitó Pionyang?", "Putin.", "¿y qué firmó él?", "¿Qué firmó Putin?"),
        ("Who visited Kim?", "Both Putin and Xi did.", "what did he sign?", "Who visited Kim? What did he sign?"),
        ("When did Kim speak?", "Vladimir Putin spoke.", "what did he sign?", "When did Kim speak? What did he sign?"),
        (PERMIT, "According to “A”: «It allows aid of any kind.» [1]", "who said that?", "Who said that: “It allows aid of any kind.”?"),
        (PERMITE, "Según «A»: «Permite toda ayuda posible.» [1]", "¿quién dijo eso?", "¿Quién dijo eso: «Permite toda ayuda posible.»?"),
        (PERMIT, "The documents do not say.", "who said that?", f"{PERMIT} Who said that?"),
        (
            "Who visited Kim?",
            "The documents do not say. The nearest passages are in “Contract of hire”.",
            "what did he sign?",
            "Who visited Kim? What did he sign?",
        ),
        ("Who visited Kim?", "According to “A”: «Envoys came.» [1]", "what did he sign?", "Who visited Kim? What did he sign?"),
        ("¿Quién visitó Pionyang?", "Según «Nota»: «Fecha: mayo» [1]", "¿qué firmó él?", "¿Quién visitó Pionyang? ¿Qué firmó él?"),
    ],
)
def test_what_an_answer_said_is_read_for_who_said_it_and_whom_it_named(earlier, answer, question, expected):
    assert condense(question, [Turn(earlier, answer)]) == expected


def test_provisions_of_an_answer_are_not_read():
    assert condense("¿y el 8?", [Turn(PERMITE, "Véase el artículo 17 de la Ley de Ríos.")]) == PERMITE.replace("4", "8")


@settings(deadline=None)
@given(st.lists(st.text(max_size=40), max_size=4), st.text(max_size=40))
def test_any_conversation_gives_a_question(earlier, question):
    assert isinstance(after(earlier, question), str)


@settings(deadline=None)
@given(st.integers(1, 99))
def test_the_number_asked_for_is_the_number_looked_up(number):
    assert [mention.reference.number for mention in find(after(PERMITE, f"¿y el {number}?"))] == [str(number)]


@pytest.mark.usefixtures("linear")
@pytest.mark.parametrize("unit", ["and ", "y", " ", "¿", "the ", "Ab ", "it ", "\0", "Article 4 ", "why "])
def test_long_text_takes_linear_time(unit):
    text = unit * (150_000 // len(unit))
    after(PERMIT, text)
    after(text, "and 8?")


def test_a_long_conversation_is_no_recursion():
    assert after([PERMIT] + ["why?"] * 2_000, "and 8?") == "What does Article 8 of the Pyongyang treaty permit?"


@pytest.mark.parametrize(
    ("earlier", "question", "expected"),
    [
        ("Who wrote the letter that came in the morning?", "where is it?", "About the letter: where is it?"),
        ("¿Qué decía la carta de su tío?", "¿dónde estaba?", "Sobre la carta de su tío: ¿dónde estaba?"),
        ("¿Qué multa se impuso al bar?", "¿quién la puso?", "Sobre multa: ¿quién la puso?"),
        ("How long does the oven warranty last?", "what does it not cover?", "About the oven warranty: what does it not cover?"),
        ("How long does the lease last?", "¿y el teléfono del servicio?", "How long does the lease last? ¿El teléfono del servicio?"),
        ("How long does the lease last?", "and the guarantee?", "How long does the guarantee last?"),
    ],
)  # fmt: skip
def test_a_follow_up_takes_neither_the_verb_nor_half_a_sentence_of_the_other_language(earlier, question, expected):
    assert condense(question, [Turn(earlier, "")]) == expected


def test_a_question_that_is_asked_again_stays_as_it_is():
    assert condense("who feeds the cat?", [Turn("Who feeds the cat?", "")]) == "who feeds the cat?"


HIRE = "According to “Contract of hire”, 2020: «The rent is 780 euros.» [1]"


@pytest.mark.parametrize(
    ("answer", "understood", "question", "expected"),
    [
        ("According to “Circular 3”: «Signed: Ana Ruiz» [1]", "who signed the circular?", "when?", "who signed the circular, and when?"),
        (
            "According to “Circular 3”: «Signed: Ana Ruiz» [1]",
            "who signed the circular?",
            "where is it kept?",
            "About the circular: where is it kept?",
        ),
        (HIRE, "who signed the circular?", "where is it kept?", "About the rent: where is it kept?"),
        (HIRE, "", "when?", "About the rent: who signed the circular, and when?"),
    ],
)
def test_what_a_question_was_understood_as_is_what_follow_ups_are_about(answer, understood, question, expected):
    history = [Turn("What is the rent?", HIRE), Turn("who signed the circular?", answer, understood)]
    assert condense(question, history) == expected


@pytest.mark.parametrize(
    "question", ["go back to the first thing", "back to the first question", "volvamos a lo primero", "ok, back to the original question"]
)
def test_the_first_question_comes_back(question):
    assert after([PERMIT, "Who visited Kim in 2024?"], question) == PERMIT


def test_questions_without_accents_are_follow_ups_too():
    assert after("cuanto cuesta la multa", "porque?") == "cuanto cuesta la multa, y porque"
    assert after("¿Cuánto cuesta la licencia?", "y cuanto?") == "¿Cuánto cuesta la licencia, y cuanto?"


def test_a_wish_is_for_what_was_searched_and_a_follow_up_still_leans_on_the_topic():
    history = [Turn("What is the rent?", HIRE), Turn("who repairs the lift", HIRE, "who repairs the lift")]
    assert condense("can you translate it", history) == "who repairs the lift"
    assert condense("in which month?", history).startswith("About the rent: who repairs the lift")


@pytest.mark.parametrize(
    "question", ["and the deposit?", "how long does it last", "why", "for how long", "which one is cheaper", "y los sábados"]
)
def test_a_fragment_is_no_whole_question(question):
    assert is_fragment(question)


@pytest.mark.parametrize(
    "question", ["who signed the circular?", "thanks, how many holidays", "quien dirigio la investigacion", "when did she die"]
)
def test_a_whole_question_is_no_fragment(question):
    assert not is_fragment(question)


@pytest.mark.parametrize(
    ("earlier", "question", "expected"),
    [
        ("What does Annex I of the lease say?", "same for the second annex", "What does second annex of the lease say?"),
        ("¿Qué permite el artículo 4?", "lo mismo para el 8", "¿Qué permite el artículo 8?"),
        ("How long does the Eco programme of the oven take?", "and the quick one?", "How long does the quick programme of the oven take?"),
        ("Who is in charge under the 2021 policy?", "and in the 2024 one?", "Who is in charge under the 2024 policy?"),
        (
            "How long are files kept under the 2024 policy?",
            "no, I meant the 2021 version",
            "How long are files kept under the 2021 policy?",
        ),
        ("Who led the board?", "what about the 2000 treaty, did it cover aid?", "About the 2000 treaty: did it cover aid?"),
        ("Who mends the lift?", "ok. and the shed, was it approved?", "About the shed: was it approved?"),
        ("What is the password of the library?", "and the hours on Sunday?", "What is the hours on Sunday of the library?"),
        ("What is the rent of the flat?", "and the fee for the garage?", "What is the fee for the garage of the flat?"),
        ("What is the rent of the flat?", "and the rent of the garage?", "What is the rent of the garage?"),
        ("How much does parking cost in Alden?", "and the shed key?", "How much does the shed key cost in Alden?"),
        ("How often does it meet?", "and the deposit?", "How often does it meet? The deposit?"),
        ("How much does tuning an upright piano cost?", "and a grand?", "How much does tuning a grand cost?"),
        ("What colour is the front door?", "who painted it?", "About the front door: who painted it?"),
        ("What fine is there for late trips to the markets?", "how can I appeal it?", "About the fine: how can I appeal it?"),
        ("Can I renew my fishing licence?", "how long is it valid?", "About my fishing licence: how long is it valid?"),
        ("What is the rent of the flat?", "which clause is that?", "What is the rent of the flat?"),
        ("What is the rent of the flat?", "quote it", "What is the rent of the flat?"),
        (["What is the rent of the flat?", "can I have a dog?"], "and a cat?", "About the rent of the flat: can I have a cat?"),
        (
            ["How long is the Tarn line?", "why does it have accidents and delays?"],
            "which was the worst?",
            "About the Tarn line: why does it have accidents and delays? Which was the worst?",
        ),
        (PERMIT, "how many accidents were there in all the years?", "how many accidents were there in all the years?"),
    ],
)
def test_what_takes_the_place_of_what(earlier, question, expected):
    assert after(earlier, question) == expected


CLUB = "According to “Club”: «Ana Gil was elected chair again. Omar Reyes replaces Eva Sol as secretary.» [1]"


@pytest.mark.parametrize(
    ("history", "question", "expected"),
    [
        ([("Who is the new secretary?", CLUB)], "who did he replace?", "Who did Omar Reyes replace?"),
        (
            [
                ("How much is the course fee?", "According to “Course”: «240 euros.» [1]"),
                ("who teaches it?", "«Both Ana Gil and Eva Sol.» [1]"),
            ],
            "and who helps her?",
            "About the course fee: who teaches it? Who helps her?",
        ),
        (
            [
                ("How much is the course fee?", "According to “Course”: «240 euros.» [1]"),
                ("who teaches it?", "«Carla Bermejo teaches it.» [1]"),
            ],
            "and who helps her?",
            "Who helps Carla Bermejo?",
        ),
    ],
)
def test_somebody_is_the_one_whom_the_last_answer_named(history, question, expected):
    assert condense(question, [Turn(*turn) for turn in history]) == expected
