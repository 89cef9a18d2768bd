"""What the page says in English and Spanish, and which of the two a visitor gets.

Knows no HTML and no Gradio. Strings with `{name}` are filled by `str.format`; every language has the same keys, which a test checks.
"""

from rag.types import Language

STRINGS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "Ask your documents",
        "welcome": "Ask in English or Spanish, whatever language the documents are in. Each sentence of an answer points to the "
        "exact words that it comes from.",
        "question": "Your question",
        "placeholder": "Ask a question",
        "ask": "Ask",
        "login": "Any user name will do.",
        "empty": "Type a question first.",
        "too_long": "This question has {length} characters; please shorten it to {limit}.",
        "searching": "Looking through the documents",
        "understood": "Understood as",
        "abstained": "The documents do not say",
        "fault": "This question could not be answered",
        "fault_inside": "Something failed inside the program; its terminal says what.",
        "unsupported": "not found in the sources",
        "sources": "Sources",
        "source_number": "Source {number}",
        "page": "page {page}",
        "characters": "characters {start} to {end}",
        "back": "Back to the answer",
        "offline": "Offline: extractive answers, built-in embedding",
        "models": "Answers: {llm}. Search: {embedding}",
        "document": "{count} document",
        "documents": "{count} documents",
        "passage": "{count} passage",
        "passages": "{count} passages",
    },
    "es": {
        "title": "Pregunta a tus documentos",
        "welcome": "Pregunta en español o en inglés, sea cual sea la lengua de los documentos. Cada frase de la respuesta señala las "
        "palabras exactas de las que procede.",
        "question": "Tu pregunta",
        "placeholder": "Haz una pregunta",
        "ask": "Preguntar",
        "login": "Sirve cualquier nombre de usuario.",
        "empty": "Escribe primero una pregunta.",
        "too_long": "Esta pregunta tiene {length} caracteres; acórtala a {limit}.",
        "searching": "Buscando en los documentos",
        "understood": "Entendida como",
        "abstained": "Los documentos no lo dicen",
        "fault": "No se ha podido responder a esta pregunta",
        "fault_inside": "Algo ha fallado dentro del programa; su terminal dice qué.",
        "unsupported": "no figura en las fuentes",
        "sources": "Fuentes",
        "source_number": "Fuente {number}",
        "page": "página {page}",
        "characters": "caracteres {start} a {end}",
        "back": "Volver a la respuesta",
        "offline": "Sin conexión: respuestas extractivas, búsqueda integrada",
        "models": "Respuestas: {llm}. Búsqueda: {embedding}",
        "document": "{count} documento",
        "documents": "{count} documentos",
        "passage": "{count} pasaje",
        "passages": "{count} pasajes",
    },
}


def preferred_language(accept_language: str) -> Language:
    """English or Spanish, from an Accept-Language header (RFC 9110, section 12.5.4); English where it names neither."""
    best: Language = "en"
    best_weight = 0.0
    for item in accept_language.split(","):
        tag, _, parameter = item.strip().partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        primary = tag.partition("-")[0].lower()
        for language in STRINGS:
            if primary == language and weight > best_weight:
                best, best_weight = language, weight
    return best


def group_digits(number: int, language: Language) -> str:
    """12,345 in English; 12 345 in Spanish, where four digits stay together."""
    if language == "en":
        return f"{number:,}"
    return str(number) if number < 10_000 else f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
