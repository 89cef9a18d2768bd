"""Denials, permissions, limits, opposites and roles: what speaks against a claim that has all its words in its source."""

import pytest

from rag.evidence import builtin_evidence
from rag.verification.claims import read
from rag.verification.comparison import compare
from rag.verification.doubts import doubt
from rag.verification.numerals import numerals
from rag.verification.polarity import limit, negated, negation_before, polarity

EVIDENCE = builtin_evidence()
RULE = (
    "La Junta podrá vender el barco sin autorización previa. El capitán no podrá vender el barco. Se prohíbe la pesca, salvo a los "
    "vecinos. El permiso dura un máximo de cuatro años. Los inspectores deben llevar guantes."
)
NEWS = (
    "Italia vendió a Portugal nueve barcos antes de la visita. Portugal, según un portavoz, no pagó nada. El ministro Ruiz llamó a Costa. "
    "La primera multa es de 120 euros y la segunda de 300 euros."
)
TERMS = (
    "La multa no podrá superar los 1.000 euros. Las solicitudes deberán presentarse antes del 30 de junio. Podrán pedir la ayuda las "
    "personas mayores de 65 años. El inquilino dará el aviso. El plazo máximo es de tres meses."
)


def doubts(claim: str, source: str) -> str | None:
    found = doubt(compare(claim, source, EVIDENCE))
    return found and found.split(":")[0]


@pytest.mark.parametrize(
    ("claim", "source", "expected"),
    [
        ("The board may sell the boat without prior authorisation.", RULE, None),
        ("The captain may not sell the boat.", RULE, None),
        ("The captain cannot sell the boat.", RULE, None),
        ("Fishing is prohibited, except for neighbours.", RULE, None),
        ("Fishing is not allowed.", RULE, None),
        ("The permit lasts four years at most.", RULE, None),
        ("Inspectors have to wear gloves.", RULE, None),
        ("El capitán podrá vender el barco.", RULE, "denied"),
        ("La Junta no podrá vender el barco sin autorización previa.", RULE, "denies"),
        ("Se permite la pesca.", RULE, "denied"),
        ("No se prohíbe la pesca, salvo a los vecinos.", RULE, "denies"),
        ("La Junta deberá vender el barco sin autorización previa.", RULE, "must for may"),
        ("Inspectors may wear gloves.", RULE, "may for must"),
        ("Applications are filed before 30 May.", "Las solicitudes deberán presentarse antes del 30 de mayo.", None),
        ("Applications may be filed before 30 May.", "Las solicitudes deberán presentarse antes del 30 de mayo.", "may for must"),
        ("Permits are shown to the guard.", "Los permisos deberán mostrarse al guarda.", None),
        ("The rule permits guests to leave.", "El reglamento obliga a los invitados: deberán salir los invitados.", "may for must"),
        ("The permit lasts at least four years.", RULE, "limit"),
        ("Italy sold nine boats to Portugal before the visit.", NEWS, None),
        ("Nine boats were sold to Portugal by Italy.", NEWS, None),
        ("Portugal paid nothing.", NEWS, None),
        ("El ministro Ruiz llamó a Costa.", NEWS, None),
        ("Portugal vendió a Italia nueve barcos.", NEWS, "roles"),
        ("Portugal sold nine boats to Italy.", NEWS, "roles"),
        ("Costa llamó al ministro Ruiz.", NEWS, "roles"),
        ("Italy sold nine boats to Portugal after the visit.", NEWS, "opposite"),
        ("La primera multa es de 300 euros y la segunda de 120 euros.", NEWS, "roles"),
        ("The fine must not exceed 1,000 euros.", TERMS, None),
        ("The fine cannot exceed 1,000 euros.", TERMS, None),
        ("The fine must exceed 1,000 euros.", TERMS, "limit"),
        ("Applications must be submitted no later than 30 June.", TERMS, None),
        ("Applications must be submitted after 30 June.", TERMS, "limit"),
        ("People over 65 can ask for the aid.", TERMS, None),
        ("People under 65 can ask for the aid.", TERMS, "limit"),
        ("The landlord gives the notice.", TERMS, "opposite"),
        ("The tenant gives the landlord the notice.", TERMS, None),
        ("The minimum period is three months.", TERMS, "opposite"),
    ],
)
def test_doubts(claim: str, source: str, expected: str | None) -> None:
    assert doubts(claim, source) == expected


def test_provisions_of_one_sentence_are_told_apart() -> None:
    source = "El tratado permite a Rusia intervenir pronto (artículo 3) y prestar a Corea asistencia militar (artículo 4)."
    assert doubts("Article 4 lets Russia lend Korea military assistance.", source) is None
    assert doubts("Article 3 lets Russia lend Korea military assistance.", source) is not None


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("The boat is not sold", {"boat", "sold"}), ("It is not forbidden to fish", set()), ("No vende ningún barco", {"vende", "barco"}),
        ("not a boat but a train", {"boat"}), ("sells boats without notice today", {"notice", "today"}), ("no obstante vende", set()),
        ("Not only boats", set()), ("no more than four boats", set()), ("la docencia no remunerada cuenta", {"remunerada", "cuenta"}),
    ],
)  # fmt: skip
def test_what_is_denied(text: str, denied: set[str]) -> None:
    claim = read(text)
    assert {claim.words[index].plain for index in polarity(claim).denied} - {"forbidden", "not"} == denied


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("at most 5 days", "most"), ("hasta 5 días", "most"), ("5 días como máximo", "most"), ("no more than 5 days", "most"),
        ("at least 5 days", "least"), ("no será inferior a 5 días", "least"), ("more than 5 days", "more"), ("menos de 5 días", "less"),
        ("5 days", None), ("more boats, 5 days", None),
    ],
)  # fmt: skip
def test_limits(text: str, kind: str | None) -> None:
    (numeral,) = numerals(text)
    assert limit(read(text), numeral.start, numeral.end) == kind


@pytest.mark.parametrize(
    "text",
    ["is not allowed", "No Party shall", "nadie puede", "ninguna embarcación", "queda excluida", "it can't", "sin aviso", "without notice",
     "is prohibited", "prohíbe", "dejaba fuera la ayuda", "left out of it", "denied", "nunca"],
)  # fmt: skip
def test_negated(text: str) -> None:
    assert negated(text)


@pytest.mark.parametrize(
    "text", ["", "is allowed", "sin embargo puede", "no obstante", "No. 4 applies", "no 4", "note", "Sinaloa", "nota", "anno"]
)
def test_not_negated(text: str) -> None:
    assert not negated(text)


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("The Operator is not | permitted", True), ("No Party shall be | permitted", True), ("Ninguna Parte podrá | denunciar", True),
        ("It is not, under any rule, | allowed", True),
        ("excluye la | asistencia", True), ("It says no. Russia is | permitted", False),
        ("No la incluye, pero el nuevo permite | ayuda", False),
        ("no lo hará (artículo 3) y | prestar", False), ("Podrán entrar sin aviso en | cualquier instalación", False), ("| Russia", False),
    ],
)  # fmt: skip
def test_negation_that_a_quotation_would_lose(text: str, lost: bool) -> None:
    assert negation_before(text.replace("|", ""), text.index("|")) is lost


REFUSALS = (
    "La empresa se negó a reparar el mercado y el juez rechazó la solicitud. No se admiten perros, salvo los de los vecinos. "
    "El abono no cubre el transporte, pero sí la electricidad. El faro dejó de funcionar en otoño."
)


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("The company refused to repair the market.", None),
        ("The judge rejected the request.", None),
        ("The company repaired the market.", "denied"),
        ("The judge accepted the request.", "denied"),
        ("Neighbours' dogs are admitted.", None),
        ("Neighbours' dogs are not admitted.", "denies"),
        ("The pass covers electricity.", None),
        ("The pass does not cover electricity.", "denies"),
        ("The lighthouse no longer works.", None),
        ("The lighthouse works.", "denied"),
    ],
)
def test_denials_in_words_of_their_own(claim: str, expected: str | None) -> None:
    assert doubts(claim, REFUSALS) == expected


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The town suffers from a lack of doctors.", "El pueblo sufre la falta de médicos."),
        ("The bridge is now more useful than ever.", "El puente es ahora más útil que nunca."),
        ("The tax brings just 4% of the income.", "El impuesto aporta apenas el 4% de los ingresos."),
    ],
)
def test_what_only_looks_like_a_denial(claim: str, source: str) -> None:
    assert doubts(claim, source) is None
    assert doubts(source, claim) is None
