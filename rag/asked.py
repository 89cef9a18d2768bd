"""What kind of thing a question asks for (a date, an amount, a person, a place, a reason), and whether a sentence holds one.

Surface patterns in both languages. It does not know which of several numbers is the one that was asked for.
"""

import re

from rag.dates import MONTHS

_WEEKDAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday|lunes|martes|miércoles|jueves|viernes|sábados?|domingos?"
_NUMBERS = (
    "two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|hundred|thousand|half|third|dos|tres|cuatro|cinco|seis|siete|"
    "ocho|nueve|diez|once|doce|quince|veinte|treinta|sesenta|noventa|cien|mil|mitad|tercio"
)
_REASONS = (
    "because|due to|since|so that|in order to|reasons?|caused?|therefore|found that|porque|debid[oa]|debe a|por eso|razón|razones|motivos?|"
    "para que|a causa|ya que|puesto que|resultado"
)
_NAME = r"(?<=[a-záéíóú,;:] )[A-ZÁÉÍÓÚÑ][a-záéíóúñ]+"

WHAT_ONES = r"what [a-z]+[^su\W]s (?:do|does|did|can|must|should|are)"  # "what documents do I need": several
_KINDS: dict[str, tuple[str, re.Pattern[str]]] = {
    "date": (
        r"when|what (?:year|date|day)|cuándo|(?:en )?qué (?:año|fecha|día|mes)",
        re.compile(rf"\b(?:1\d|20)\d\d\b|\b(?:{MONTHS}|{_WEEKDAYS})\b", re.IGNORECASE),
    ),
    "amount": (
        r"how (?:many|much|long|far|often|fast|big|old|tall|high|deep|large)|what (?:percentage|share|number|fee|price|amount)|"
        r"cuánt[oa]s?|qué (?:porcentaje|número|cantidad|plazo|distancia|velocidad)|hasta qué hora|a qué hora",
        re.compile(rf"\d|\b(?:{_NUMBERS})\b", re.IGNORECASE),
    ),
    "person": (r"who|whom|whose|quién|quiénes|quien", re.compile(_NAME)),
    "place": (r"where|dónde|en qué (?:lugar|ciudad|país)", re.compile(_NAME)),
    "reason": (r"why|what caused|por qué|porqué|a qué se debe", re.compile(rf"\b(?:{_REASONS})\b", re.IGNORECASE)),
}
_QUESTIONS = {kind: re.compile(rf"\b(?:{question})\b", re.IGNORECASE) for kind, (question, _) in _KINDS.items()}


def kinds_asked(question: str) -> tuple[str, ...]:
    """The kinds that `question` asks for: of "date", "amount", "person", "place", "reason"."""
    return tuple(kind for kind, pattern in _QUESTIONS.items() if pattern.search(question))


def holds(sentence: str, kind: str) -> bool:
    """Whether `sentence` holds something of this kind."""
    return _KINDS[kind][1].search(sentence) is not None


_MEASURES: dict[str, tuple[str, re.Pattern[str]]] = {
    "money": (
        r"how much (?:do|does|did|is|are|was|were|will|would|must|should|has|have)\b.*\b(?:costs?|pay|paid|earn|charge)|"
        r"what (?:do|does|did|will|would)\b.*\b(?:cost|earn|charge)|"
        r"cuánto (?:me |se |nos |le |les )?(?:cuestan?|costó|costaron|costaba|costará|vale|pagan?|pagó|pagaron|cobran?|ganan?|ganaba)",
        re.compile(
            r"[€$£¥%]|\b(?:euros?|eur|usd|gbp|d[óo]lar(?:es)?|dollars?|pounds?|libras?|pen(?:ce|ny)|peniques?|cents?|céntimos?|centavos?|"
            r"pesetas?|reales|ducados?|ducats?|maravedí\w*|fran(?:cos?|cs?)|nairas?|pesos?|yen(?:es)?|rupees?|rupias?|coronas?|crowns?|"
            r"marcos?|marks?|rublos?|roubles?|liras?|sol(?:es)?|yuan(?:es)?|florin(?:es|s)?|millones|millions?|free|gratis|gratuit\w*|"
            r"nothing|nada|price|precio|cost|coste|fee|cuota)\b",
            re.IGNORECASE,
        ),
    ),
    "weight": (
        r"how much (?:do|does|did|will)\b.*\bweigh|how heavy|cuánto (?:pes\w+)|cuántos (?:kilos|gramos)",
        re.compile(
            r"\b(?:kg|g|mg|kilos?|kilogram(?:s|mes)?|kilogramos?|gram(?:s|mes)?|gramos?|t|tons?|tonn?es?|toneladas?|pounds?|lbs?|libras?|"
            r"ounces?|onzas?|arrobas?|quintal(?:es)?|stones?|weight|peso)\b",
            re.IGNORECASE,
        ),
    ),
    "length": (
        r"how (?:deep|tall|wide)|how many (?:kilomet(?:re|er)s|met(?:re|er)s|miles)|cuánto mide|cuántos (?:kilómetros|metros)|"
        r"qué (?:altura|anchura|profundidad)",
        re.compile(
            r"\b(?:[kcm]?m|kilomet(?:re|er)s?|centimet(?:re|er)s?|met(?:re|er)s?|kilómetros?|centímetros?|metros?|miles?|millas?|"
            r"feet|foot|ft|pies?|inch(?:es)?|pulgadas?|leagues?|leguas?|varas?|yards?|hectares?|hectáreas?)\b",
            re.IGNORECASE,
        ),
    ),
    "volume": (
        r"how many (?:lit(?:re|er)s|gallons)|cuántos litros",
        re.compile(r"\b(?:[mc]?l|lit(?:re|er)s?|litros?|millilit(?:re|er)s?|gallons?|pints?|m³|m3)(?!\w)", re.IGNORECASE),
    ),
    "clock": (
        r"(?:at )?what time|(?:a|hasta|desde) qué hora|(?:a )?qué horas?",
        re.compile(
            r"\b\d{1,2}[:.h]\d\d\b|\b\d{1,2}\s?(?:am|pm|a\.m|p\.m|h)\b|\bo['’]clock\b|\b(?:noon|midnight|midday|dawn|dusk|sunset|sunrise|mediodía|"
            r"medianoche|madrugada|morning|afternoon|evening|night|mañanas?|tardes?|noches?|anochecer|amanecer|lunch|breakfast|dinner)\b|"
            r"\b(?:at|by|until|till|from|before|after|between|to|and)\s(?:half\s(?:past\s)?|quarter\s(?:past|to)\s)?"
            r"(?:\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b(?!\s(?:minutes|hours|days|weeks|months|years)\b)|\blas?\s(?:\d{1,2}|una|dos|tres|cuatro|cinco|seis|"
            r"siete|ocho|nueve|diez|once|doce)\b|\b(?:de|entre)\s\d{1,2}\s(?:a|y)\s\d{1,2}\b|\b24\s(?:hours|horas)\b",
            re.IGNORECASE,
        ),
    ),
    "telephone": (
        r"(?:tele)?phone numbers?|(?:what|which) number\b.*\b(?:ring|call|phone|dial)|(?:número|números) de teléfono|qué teléfono|"
        r"(?:a )?qué número\b.*\bllam\w+",
        re.compile(r"(?<![\d.,£$€])(?:\+?\d[\d ()./-]{5,}\d|(?:[01]|9)\d\d(?![\d.,]*\s?[€%]|[.,]?\d))(?!\w)"),
    ),
    "temperature": (
        r"(?:at )?(?:what|which) temperature|(?:a )?qué temperatura|cuántos grados",
        re.compile(r"°|º ?C|\b(?:grados|degrees|temperatur\w+)\b", re.IGNORECASE),
    ),
    "time": (
        r"how long (?:do|does|did|can|could|may|must|should|will|would|have|has)\b(?!.*\bbe\b)|"
        r"cuánto (?:tiempo|dura|duró|duran|tarda|tardan|tardó)",
        re.compile(
            r"\b(?:seconds?|segundos?|min|minut(?:es?|os?)|hours?|h|horas?|days?|d[íi]as?|nights?|noches?|weeks?|semanas?|fortnights?|"
            r"months?|mes(?:es)?|years?|años?|decades?|décadas?|century|centuries|siglos?|seasons?|temporadas?|until|hasta|since|desde|"
            r"from|terms?|trimestres?|lustros?|always|siempre|lifetime)\b|\d:\d\d",
            re.IGNORECASE,
        ),
    ),
}  # fmt: skip
_MEASURED = {measure: re.compile(rf"\b(?:{question})\b", re.IGNORECASE) for measure, (question, _) in _MEASURES.items()}


def measure_asked(question: str) -> str | None:
    """What the amount that `question` asks for is measured in: "money", "weight", "time"; None if that is open."""
    return next((measure for measure, pattern in _MEASURED.items() if pattern.search(question)), None)


def measures(text: str, measure: str) -> bool:
    """Whether `text` has a word or sign of this measure."""
    return _MEASURES[measure][1].search(text) is not None


_SUM = re.compile(
    r"\b(?:totals?|altogether|sums?|overall|averages?|on average|subtotals?|totales|sumas?|suman|promedios?|conjunto|(?:de|la) media)\b",
    re.IGNORECASE,
)
_ANYBODY = "member|person|man|woman|user|customer|family|household|visitor|adult|child|worker|pupil"
_ASKS_SUM = re.compile(
    rf"\b(?:totals?|altogether|sub-?totals?|sums? of|sum total|overall (?:cost|price|amount|number|sum)|averages?(?! (?:{_ANYBODY})\b)|"
    r"totales|suman|sumas? (?:de|total)|promedios?|en conjunto|de media(?! (?:jornada|pensión|hora|mañana|tarde|noche|docena)\b)|"
    r"la media (?:del?|por|anual|mensual|semanal|diaria))\b",
    re.IGNORECASE,
)


def asks_for_sum(question: str) -> bool:
    """Whether `question` asks for a sum or a mean; "a sum" of money is none, nor is "the average member"."""
    return _ASKS_SUM.search(question) is not None


def is_sum(row: str) -> bool:
    """Whether a row says to be a sum or a mean."""
    return _SUM.search(row) is not None
