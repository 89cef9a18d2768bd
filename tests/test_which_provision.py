"""Questions for the provision that deals with something: it is named and cited, of the text that is named."""

import pytest
from small_corpus import pipeline_of

from rag.pipeline import Pipeline
from rag.provisions.which import Which, which_provision

BYLAWS = """# Estatutos de la Asociación La Almazara

Artículo 1. Fines

La asociación recupera el molino.

Artículo 2. Cuota

La cuota anual es de treinta y seis euros.

Artículo 3. Disolución

La asociación se disuelve por acuerdo de dos tercios de los socios.
"""

POLICY = """# Cobalt Home Insurance Policy

Section 1 Theft

We pay for things stolen up to 30,000 pounds.

Section 2 Claims

Theft must be reported to the police within two days, and theft of a car within one.

Section 3 Ending the policy

You may cancel within fourteen days.
"""

AGREEMENT = """# Convenio colectivo de limpieza

Artículo 1. Cuotas

La cuota sindical se descuenta en nómina.

Artículo 2. Vacaciones

Las vacaciones son de treinta y un días.
"""


pipeline = pipeline_of({"estatutos.md": BYLAWS, "policy.md": POLICY, "convenio.md": AGREEMENT})


@pytest.mark.parametrize(
    ("question", "which"),
    [
        ("Which article of the lease deals with pets?", Which("article", "pets", "of the lease")),
        ("¿Qué artículos de la ley excluyen a los menores?", Which("article", "excluyen a los menores", "de la ley", is_one=False)),
        ("¿En qué cláusula del contrato se habla de la fianza?", Which("clause", "la fianza", "del contrato")),
        ("In which section is the bonus of the cleaning agreement mentioned?", Which("section", "the bonus", "of the cleaning agreement")),
        ("¿Qué parte paga?", None), ("Which rule is broken?", None), ("Which rules are there?", None), ("What does Article 4 say?", None),
    ],
)  # fmt: skip
def test_what_is_asked_for(question: str, which: Which | None) -> None:
    assert which_provision(question) == which


@pytest.mark.parametrize(
    ("question", "heading", "quote"),
    [
        ("¿En qué artículo de los estatutos se fija la cuota anual?", "Artículo 2, Cuota", "La cuota anual es de treinta y seis euros."),
        ("Which article of the bylaws deals with dissolution?", "Artículo 3, Disolución",
         "La asociación se disuelve por acuerdo de dos tercios de los socios."),
        ("Which section of the Cobalt policy covers theft?", "Section 1 Theft", "We pay for things stolen up to 30,000 pounds."),
        ("Which article of the cleaning agreement deals with holidays?", "Artículo 2, Vacaciones",
         "Las vacaciones son de treinta y un días."),
    ],
)  # fmt: skip
def test_the_provision_is_named_and_cited_alone(pipeline: Pipeline, question: str, heading: str, quote: str) -> None:
    answer = pipeline.ask(question)
    assert [citation.quote for citation in answer.citations] == [quote]
    assert heading in answer.text


@pytest.mark.parametrize(
    "question", ["¿Qué artículo del convenio de limpieza regula el teletrabajo?", "Which article of the bylaws deals with parking?"]
)
def test_what_no_provision_deals_with(pipeline: Pipeline, question: str) -> None:
    assert pipeline.ask(question).abstained
