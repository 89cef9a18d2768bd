"""The sentences that the program itself says in an answer, in the language of the question.

They are about the search ("the documents do not say"), never about the world: whatever is said about that is quoted or cited.
"""

from collections.abc import Sequence

from rag.lookup import Lookup
from rag.provisions.asked import COUNT
from rag.provisions.paragraphs import Part
from rag.provisions.words import KINDS, in_spanish
from rag.references import PRELIMINARY
from rag.turns.small_talk import SmallTalk
from rag.turns.wished_form import Form
from rag.types import Hit, Language, Reference

NEAREST = 3
MOST_LISTED = 8
MOST_CANDIDATES = 6
_SPANISH = {kind: in_spanish(kind) for kind in KINDS} | {
    "ground": "fundamento",
    "fact": "antecedente",
    "point": "punto",
    "decision": "decisión",
    "resolution": "resolución",
    "law": "ley",
    "regulation": "reglamento",
    "directive": "directiva",
    "decree": "decreto",
    "agreement": "acuerdo",
    "treaty": "tratado",
    "contract": "contrato",
    "code": "código",
    "charter": "carta",
    "constitution": "constitución",
    "bylaws": "estatuto",
}


def absent(lookup: Lookup, language: Language) -> str:
    """The provisions that were asked for are not there; these are."""
    names = ", ".join(_named_within(reference, lookup.within.get(reference, ()), language) for reference in lookup.absent)
    listed = "; ".join(f"{title}: {_ranges(numbers, language)}" for title, numbers in lookup.existing)
    if language == "es":
        listed += f"; y otros {lookup.more} documentos" if lookup.more > 0 else ""
        strange = f" Ningún documento se llama así: {', '.join(lookup.unknown)}." if lookup.unknown else ""
        for title, kinds in lookup.instead[:MOST_CANDIDATES]:
            strange += f" En «{title}» hay: {_kinds(kinds, language)}." if kinds else f" En «{title}» no hay nada así."
        return f"Los documentos no contienen: {names}.{strange}" + (f" Existen: {listed}." if listed else "")
    listed += f"; and {lookup.more} more documents" if lookup.more > 0 else ""
    strange = f" No document is called {', '.join(lookup.unknown)}." if lookup.unknown else ""
    for title, kinds in lookup.instead[:MOST_CANDIDATES]:
        strange += f" “{title}” has: {_kinds(kinds, language)}." if kinds else f" “{title}” has nothing of the kind."
    return f"The documents contain no {names}.{strange}" + (f" Those that exist: {listed}." if listed else "")


def _kinds(kinds: Sequence[tuple[str, Sequence[str]]], language: Language) -> str:
    return ", ".join(f"{_SPANISH.get(kind, kind) if language == 'es' else kind} {_ranges(numbers, language)}" for kind, numbers in kinds)


def silent(hits: Sequence[Hit], language: Language, missing: Sequence[str] = ()) -> str:
    """The documents do not answer; this is what comes nearest, and the words of the question that are not there. Or there are none."""
    if not hits:
        return "Todavía no hay documentos." if language == "es" else "There are no documents yet."
    titles = dict.fromkeys(hit.passage.title for hit in hits[:NEAREST] if hit.passage.title)
    if language == "es":
        listed, words = ("; ".join(f"«{text}»" for text in texts) for texts in (titles, missing))
        nearest = f" Lo más cercano está en {listed}." if listed else ""
        return "Los documentos no lo dicen." + nearest + (f" Allí no se menciona: {words}." if listed and words else "")
    listed, words = ("; ".join(f"“{text}”" for text in texts) for texts in (titles, missing))
    nearest = f" The nearest passages are in {listed}." if listed else ""
    return "The documents do not say." + nearest + (f" Not mentioned there: {words}." if listed and words else "")


def reply(said: SmallTalk, titles: Sequence[str]) -> str:
    """To what asks nothing of the documents: a greeting or thanks in return, and what can be asked, or how else."""
    spanish = said.language == "es"
    if said.kind == "thanks":
        return "De nada." if spanish else "You are welcome."
    if said.kind == "agreed":
        return "Bien. Pregunte lo que quiera saber además." if spanish else "Good. Ask what else you want to know."
    if said.kind == "denied":
        return (
            "Entonces pregúntelo con otras palabras, o nombre el documento, el artículo o el año: la respuesta cita lo que más se acerca."
            if spanish
            else "Then ask in other words, or name the document, the article or the year: the answer quotes what comes nearest."
        )
    if not titles:
        return silent((), said.language)
    shown = [f"«{title}»" if spanish else f"“{title}”" for title in titles[:MOST_LISTED]]
    more = len(titles) - len(shown)
    if spanish:
        listed = "; ".join(shown) + (f"; y {more} más" if more else "")
        holds = f"Hay {len(titles)} documentos: {listed}." if len(titles) > 1 else f"Hay un documento: {listed}."
        how = "Pregunte lo que quiera saber: la respuesta cita los documentos, o dice que no lo dicen."
        return f"{'Hola. ' if said.kind == 'greeting' else ''}{holds} {how}"
    listed = "; ".join(shown) + (f"; and {more} more" if more else "")
    holds = f"There are {len(titles)} documents: {listed}." if len(titles) > 1 else f"There is one document: {listed}."
    how = "Ask what you want to know: the answer quotes the documents, or says that they are silent."
    return f"{'Hello. ' if said.kind == 'greeting' else ''}{holds} {how}"


_WISHED: dict[Form, tuple[str, str]] = {
    "language": (
        "The answer quotes the documents in their own language; without a language model nothing is translated.",
        "La respuesta cita los documentos en su idioma; sin un modelo de lenguaje no se traduce nada.",
    ),
    "words": (
        "The answer quotes the documents word for word; without a language model nothing is shortened or explained.",
        "La respuesta cita los documentos palabra por palabra; sin un modelo de lenguaje no se resume ni se explica nada.",
    ),
    "more": (
        "This is what was found; ask about a detail, or read on in the source.",
        "Esto es lo que se ha encontrado; pregunte por un detalle o siga leyendo en la fuente.",
    ),
    "proof": (
        "Each quotation stands word for word at the place given with its number; whether it answers the question is yours to judge.",
        "Cada cita está palabra por palabra en el lugar que acompaña a su número; si responde a la pregunta, júzguelo usted.",
    ),
    "again": ("The same answer again.", "La misma respuesta otra vez."),
}


def wished(form: Form, language: Language) -> str:
    """Why the answer to a wish for another form is the answer before again."""
    return _WISHED[form][language == "es"]


def ambiguous(titles: Sequence[str], language: Language) -> str:
    """Several documents have the provision that was asked for: which one is meant?"""
    shown = [f"«{title}»" if language == "es" else f"“{title}”" for title in titles[:MOST_CANDIDATES]]
    if language == "es":
        listed = f"{', '.join(shown[:-1])} o {shown[-1]}" if len(shown) > 1 else shown[0]
        return f"Varios documentos tienen esa disposición. ¿A cuál se refiere: {listed}? Nómbrelo en la pregunta para ver solo la suya."
    listed = f"{', '.join(shown[:-1])} or {shown[-1]}" if len(shown) > 1 else shown[0]
    return f"Several documents have this provision. Which do you mean: {listed}? Name it in the question to see it alone."


def alike(sources: Sequence[str], language: Language) -> str:
    """Other documents of the same form say the like, each its own: which one is meant?"""
    shown = ", ".join(f"«{source}»" if language == "es" else f"“{source}”" for source in sources[:MOST_CANDIDATES])
    if language == "es":
        return f"Otros documentos parecidos que no se citan: {shown}. Puede haber más; nombre en la pregunta el que le interesa."
    return f"Other documents that are alike and not quoted: {shown}. There may be more; name the one that you mean in the question."


def incomplete(lookup: Lookup, language: Language) -> str | None:
    """What was asked for beside what is answered, and is not there: other provisions, or paragraphs of those that are."""
    missing = [_with_part(reference, part, language) for reference, part in lookup.missing_parts]
    if lookup.absent:
        return absent(lookup, language)
    if not missing:
        return None
    if language == "es":
        return f"No se encuentra: {', '.join(missing)}; se cita la disposición entera o su comienzo."
    return f"There is no {', '.join(missing)} to be found; the provision itself is quoted, or its beginning."


def contents(lookup: Lookup, language: Language) -> str | None:
    """What the chapters that were asked for are made of, where more than a few provisions are."""
    listed = []
    for label, members in lookup.contents:
        by_kind: dict[str, list[str]] = {}
        for reference in members:
            by_kind.setdefault(reference.kind, []).append(reference.number)
        names = _kinds([*by_kind.items()], language)
        listed.append(f"«{label}»: {names}" if language == "es" else f"“{label}”: {names}")
    if not listed:
        return None
    shown, more = "; ".join(listed[:MOST_CANDIDATES]), "; …" if len(listed) > MOST_CANDIDATES else ""
    return f"Contenido de {shown}{more}." if language == "es" else f"Contents of {shown}{more}."


def counted(lookup: Lookup, language: Language) -> str | None:
    """How many provisions there are, by the index; the last of them is quoted."""
    said: list[str] = []
    for place, count in enumerate(lookup.counts):
        what = (
            _several(count.kind, language) if count.total != 1 else _SPANISH.get(count.kind, count.kind) if language == "es" else count.kind
        )
        numbers = f": {_ranges(count.numbers, language)}" if count.numbers else ""
        inside = ""
        if count.inside:
            inside = f" {'en' if language == 'es' else 'in'} {_named(count.inside.kind, count.inside.number, language)}"
        again = place and lookup.counts[place - 1].title == count.title
        holder = ("y" if language == "es" else "and") if again else f"«{count.title}» tiene" if language == "es" else f"“{count.title}” has"
        said.append(f"{holder} {count.total} {what}{inside}{numbers}")
    if not said:
        return None
    last = "Se cita lo último." if language == "es" else "The last is quoted."
    return f"{'; '.join(said)}. {last}"


def _several(kind: str, language: Language) -> str:
    """The plural: "annexes", "disposiciones finales"."""
    if language == "en":
        return f"{kind}es" if kind.endswith("x") else f"{kind}s"
    return " ".join(
        f"{word[:-2]}ones" if word.endswith("ón") else f"{word}s" if word[-1] in "aeo" else f"{word}es"
        for word in _SPANISH.get(kind, kind).split()
    )


def conflicting(values: tuple[str, str], language: Language) -> str:
    """Two documents give different dates or amounts."""
    if language == "es":
        return f"Los documentos no coinciden: {values[0]} y {values[1]}; se citan los dos, con sus fechas si constan."
    return f"The documents disagree: {values[0]} and {values[1]}; both are quoted, with their dates where they are known."


def left_out(sentences: int, language: Language) -> str:
    """So many sentences of a language model were removed."""
    if language == "es":
        what = "Se omitió una frase" if sentences == 1 else f"Se omitieron {sentences} frases"
        return f"{what} que los documentos no respaldan."
    what, were = ("One sentence", "was") if sentences == 1 else (f"{sentences} sentences", "were")
    return f"{what} that the documents do not support {were} left out."


def cut_off(limit: int, language: Language) -> str:
    """A language model reached its limit of tokens; half a sentence is not shown."""
    if language == "es":
        return f"La respuesta se cortó al llegar a llm.max_tokens = {limit}; para verla entera, aumente ese límite."
    return f"The answer was cut off at llm.max_tokens = {limit}; raise that to have all of it."


def attributed(sentences: int, language: Language) -> str | None:
    """For so many sentences a language model cited nothing, and code found their passages."""
    if not sentences:
        return None
    if language == "es" and sentences == 1:
        return "El modelo no citó nada en una frase; el programa encontró el pasaje que la respalda."
    if language == "es":
        return f"El modelo no citó nada en {sentences} frases; el programa encontró los pasajes que las respaldan."
    if sentences == 1:
        return "The model cited nothing for one sentence; the program found the passage that supports it."
    return f"The model cited nothing for {sentences} sentences; the program found the passages that support them."


def quoted_instead(fault: str, language: Language) -> str:
    """The language model failed, so the answer quotes."""
    if language == "es":
        return f"El modelo de lenguaje ha fallado; en su lugar, la respuesta cita los documentos. {fault}"
    return f"{fault} The answer quotes the documents instead."


def _named(kind: str, number: str, language: Language) -> str:
    if number == COUNT:
        return _several(kind, language)
    number = number.upper() if len(number) == 1 else number
    if number == PRELIMINARY:
        return f"{_SPANISH.get(kind, kind)} preliminar" if language == "es" else f"Preliminary {kind}"
    return f"{_SPANISH.get(kind, kind)} {number}" if language == "es" else f"{kind.capitalize()} {number}"


def _named_within(reference: Reference, within: Sequence[Reference], language: Language) -> str:
    """A provision with the larger unit that it was looked for in: "Section 6 (Annex 4)"."""
    around = ", ".join(_named(unit.kind, unit.number, language) for unit in within)
    return _named(reference.kind, reference.number, language) + (f" ({around})" if around else "")


def _with_part(reference: Reference, part: Part, language: Language) -> str:
    """The paragraph of a provision, as it is asked for: "Article 4(9)"."""
    return _named(reference.kind, reference.number, language) + "".join(f"({value})" for value in part)


def _ranges(numbers: Sequence[str], language: Language) -> str:
    """Numbers as runs: 1, 2, 3, 12bis, 14 is "1-3, 14, 12bis"."""
    plain = sorted({int(number) for number in numbers if number.isdigit()})
    runs: list[list[int]] = []
    for value in plain:
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    parts = [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]
    others = [
        "preliminar" if (number, language) == (PRELIMINARY, "es") else number.upper() if len(number) == 1 else number
        for number in numbers
        if not number.isdigit()
    ]
    return ", ".join(parts + others)
