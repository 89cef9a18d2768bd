"""What open questions are about."""

import pytest

from rag.topic import topic_of


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("What does the lease say about pets?", "pets"),
        ("what does it say of the youngest pupils", "the youngest pupils"),
        ("What does the Tarn Bay report say about ferries in 2022?", "ferries in 2022"),
        ("What does the convention require with regard to dogs?", "dogs"),
        ("Does the lease say anything about dogs and cats?", "dogs and cats"),
        ("is there anything in the lease about parking", "parking"),
        ("Anything on fees?", "fees"),
        ("Tell me about the fees.", "the fees"),
        ("What are the rules on late payment?", "late payment"),
        ("What about dogs?", "dogs"),
        ("¿Qué dice el contrato sobre los perros?", "los perros"),
        ("¿Qué dice el reglamento de la biblioteca sobre los móviles?", "los móviles"),
        ("que dice del pago", "el pago"),
        ("¿Qué prevé el convenio en cuanto al despido del guarda?", "el despido del guarda"),
        ("¿Hay algo en el contrato sobre el aparcamiento?", "el aparcamiento"),
        ("¿El contrato dice algo sobre mascotas?", "mascotas"),
        ("¿Qué se sabe de la alcaldesa?", "la alcaldesa"),
        ("háblame de las cuotas", "las cuotas"),
        ("¿Qué pasa con las mascotas?", "las mascotas"),
        ("¿Y el uniforme?", "el uniforme"),
    ],
)
def test_topics(question: str, topic: str) -> None:
    assert topic_of(question) == topic


@pytest.mark.parametrize(
    "question",
    [
        "What does Ibarra say about the budget?",  # who says it matters
        "What did the 1961 treaty say about mutual defence?",  # that treaty may not be the one that is there
        "What does the treaty require of Russia?",
        "What does the statute permit?",
        "¿Qué dice el tratado de Pionyang?",  # its name
        "¿Qué permite el reglamento de la biblioteca?",
        "What happens if I lose my key?",
        "¿y si revienta la pelota?",
        "How much is the deposit?",
        "What does it say about " + "very " * 50 + "long things?",
    ],
)
def test_no_topics(question: str) -> None:
    assert topic_of(question) is None
