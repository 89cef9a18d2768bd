"""The sentences that the program itself says in an answer, in the language of the question.

They are about the search ("the documents do not say"), never about the world: whatever is said about that is quoted or cited.
"""

from collections.abc import Sequence

from rag.lookup import Lookup
from rag.types import Hit, Language

NEAREST = 3
_SPANISH = {
    "article": "artículo",
    "section": "sección",
    "chapter": "capítulo",
    "title": "título",
    "annex": "anexo",
    "clause": "cláusula",
    "transitional provision": "disposición transitoria",
    "additional provision": "disposición adicional",
    "final provision": "disposición final",
}


def absent(lookup: Lookup, language: Language) -> str:
    """The provisions that were asked for are not there; these are."""
    names = ", ".join(_named(reference.kind, reference.number, language) for reference in lookup.absent)
    listed = "; ".join(f"{title}: {_ranges(numbers)}" for title, numbers in lookup.existing)
    if language == "es":
        listed += f"; y otros {lookup.more} documentos" if lookup.more else ""
        return f"Los documentos no contienen: {names}." + (f" Existen: {listed}." if listed else "")
    listed += f"; and {lookup.more} more documents" if lookup.more else ""
    return f"The documents contain no {names}." + (f" Those that exist: {listed}." if listed else "")


def silent(hits: Sequence[Hit], language: Language, missing: Sequence[str] = ()) -> str:
    """The documents do not answer; this is what comes nearest, and the words of the question that are not there."""
    titles = dict.fromkeys(hit.passage.title for hit in hits[:NEAREST] if hit.passage.title)
    if language == "es":
        listed, words = ("; ".join(f"«{text}»" for text in texts) for texts in (titles, missing))
        nearest = f" Lo más cercano está en {listed}." if listed else ""
        return "Los documentos no lo dicen." + nearest + (f" Allí no se menciona: {words}." if listed and words else "")
    listed, words = ("; ".join(f"“{text}”" for text in texts) for texts in (titles, missing))
    nearest = f" The nearest passages are in {listed}." if listed else ""
    return "The documents do not say." + nearest + (f" Not mentioned there: {words}." if listed and words else "")


def ambiguous(language: Language) -> str:
    """Several documents have the provision that was asked for."""
    if language == "es":
        return "Varios documentos tienen esa disposición; nombre uno en la pregunta para ver solo la suya."
    return "Several documents have this provision; name one in the question to see it alone."


def left_out(sentences: int, language: Language) -> str:
    """So many sentences of a language model were removed."""
    if language == "es":
        what = "Se omitió una frase" if sentences == 1 else f"Se omitieron {sentences} frases"
        return f"{what} que los documentos no respaldan."
    what, were = ("One sentence", "was") if sentences == 1 else (f"{sentences} sentences", "were")
    return f"{what} that the documents do not support {were} left out."


def quoted_instead(fault: str, language: Language) -> str:
    """The language model failed, so the answer quotes."""
    return f"{fault} " + ("La respuesta cita los documentos." if language == "es" else "The answer quotes the documents instead.")


def _named(kind: str, number: str, language: Language) -> str:
    return f"{_SPANISH.get(kind, kind)} {number}" if language == "es" else f"{kind.capitalize()} {number}"


def _ranges(numbers: Sequence[str]) -> str:
    """Numbers as runs: 1, 2, 3, 12bis, 14 is "1-3, 14, 12bis"."""
    plain = sorted({int(number) for number in numbers if number.isdigit()})
    runs: list[list[int]] = []
    for value in plain:
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    parts = [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]
    return ", ".join(parts + [number for number in numbers if not number.isdigit()])
