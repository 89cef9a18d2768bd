"""What a text denies, allows and demands, and the words of which only one can be true: English and Spanish.

A denial turns the meaning of the words around it; two in one clause cancel each other ("is not forbidden"), except in Spanish, where
"no ... ningún" is one. It knows words and clauses, no grammar: "not" is taken to deny its clause, and above all the two words after it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rag.verification.claims import Claim, Word, plain

CORE = 2

# What denies the clause that it stands in. Words are written as `rag.verification.claims.plain` leaves them.
_NOT = re.compile(
    r"\b(?:not(?! (?:only|just|merely|un(?:usual|common|likely|reasonable))\b)|never(?! mind)|nobody|no one|none|neither|"
    r"nothing(?! (?:short of|more\b))|cannot|"
    r"(?<!\bpor )(?<!\blos )(?<!\blas )no(?: (?:longer|more(?! than)|se|(?:se )?l[aeo]s?)\b)?"
    r"(?! (?:obstante|doubt|cabe (?:la menor )?duda|hay duda|solo|solamente|unicamente|mas que|faltan?|\w+(?:ad|id)[oa]s?|"
    r"\w+(?:cion|ismo))\b)(?!\.?\s?\d)|(?<!que )nunca|jamas|tampoco|"
    r"nadie|ningun[oa]?|(?<!antes de )nada(?! mas)|hardly|scarcely|barely|dificilmente|"
    r"apenas(?! (?:un[oa]?s?|el|la|los|las|de|en|dos|tres|cuatro|\d|empez|empiez|comenz|comienz))|"
    r"unable|incapable|incapa(?:z|ces)|(?<![^.;:]\s)n(?:i|or)(?= ))\b|n't\b"
)
# Verbs and adjectives that deny by themselves.
_DENYING = re.compile(
    r"\b(?:exclud\w+|excluy\w+|exclui\w+|prohib\w+|forbid\w*|forbade|forbidden|refus\w+|declin(?:e|es|ed|ing) to(?! \d)|"
    r"den(?:y|ies|ied|ying)|denieg\w+|deneg\w+|nieg[aou]\w*|nego|neg(?:ar|aron|aba|aban|ad[oa]s?|arse|ara|aran)|reject\w*|rechaz\w+|"
    r"lack(?:s|ed|ing)?(?! of)|carec\w+|bann?(?:ed|s)|veta(?:n|d[oa]s?|ron)?|veto|impid\w+|(?<=nothing )(?:prevents|stops)|"
    r"exempt\w*|exent[oa]s?|exim\w+|dispensad[oa]s?|spared?|ahorr(?:o|a|aba) al? (?!fin|largo|corto|plazo)|"
    r"le(?:ft|aves?|aving)(?: \w+){0,3} out|dej(?:a|an|o|aba|aban|ando) fuera|queda[n]? fuera|"
    r"(?:ceas|stopp?)(?:es?|ed|s|ing)? (?:to\b|(?=\w+ing\b))|ces(?:a|an|o|aron) de(?= \w+r\b)|"
    r"dej(?:a|an|o|aron|ara|aran|ar|e|en|ado|ando) de(?= \w+[aei]r(?:se|l[aeo]s?)?\b)|"
    r"fail(?:s|ed|ing)? to|unlikely|unwilling|improbable|poco (?:probable|dispuest)\w*|(?:is|was|are|were|be) (?:unusual|uncommon)|"
    r"(?:es|era|fue) (?:inusual|infrecuente)|"
    r"insuficiente\w*|invalid\w*|descart\w+|rul(?:e|es|ed|ing) out)\b"
)
# What denies or excepts only the words after it.
_WITHOUT = re.compile(
    r"\b(?:without|non(?=-)|free (?:of|from)|libres? de|lack of|falta de|carencia de|(?:con|a|with the) (?:excepcion|exception) (?:de|of)|"
    r"aside from|sin(?! (?:embargo|duda))|no(?= \w+(?:(?:ad|id)[oa]s?|cion|ismo)\b)|(?<=\blos )no|(?<=\blas )no|"
    r"except(?:o|ing)?(?: for)?|unless|salvo|a menos que|other than|"
    r"apart from|rather than|"
    r"en vez de|en lugar de|instead of)\b"
)
_EXCEPTING = re.compile(r"except|salvo|unless|a menos que|(?:con|a|with the) ex|other than|apart from|aside from")
_OBLIGED = re.compile(
    r"\b(?:must|mandatory|compulsory|obligatory|obliges?|obliged|obligation|have to|has to|required?|requires|requiring|"
    r"requeriran?|exigen?|exigiran?|obliga\w*|"
    r"deb(?:e|en|era|eran|ia|ian|eria)|tienen? que|tendran? que|hay que|needs? to|necesitan?|necesitaran?|shall)\b"
)
_ALLOWED = re.compile(
    r"\b(?:may|can|could|might|allow(?:s|ed|ing)?|permit(?:ted|ting)|let|lets|possibility|entitled|authoris(?:e|es|ed)|"
    r"free to|puede[n]?|pued[oa]n?|"
    r"podra|podran|podria|podrian|pod(?:er|ian?)|permit(?:e|en|id[oa]s?|ira)|posibilidad|cabe|autoriz(?:a|an|ad[oa]s?|o)|admit(?:e|en)|lawful|"
    r"perhaps|quiza|probably|probablemente|likely)\b"
)
_PERMITS = re.compile(
    r"(?<!^)(?<![.;:!?(] )(?<!\bthe )(?<!\b(?:of|no) )(?<!\b(?:all|any|new|for|its) )(?<!\b(?:such|more) )(?<!\b(?:these|those|their) )"
    r"\bpermits\b"
)
"""The verb: "Permits granted before 2020", "the permits" and "holders of permits" are papers."""
_RIGHT = re.compile(r"\b(?:rights?|derechos?)\b")
_FUTURE = re.compile(r"\b(?!podr|deber|quiz)\w{2,}rán?\b|\bshall\b", re.IGNORECASE)
_OPPOSITES = (
    ("more most larger bigger longer greater|mas mayor mayores", "less fewer smaller shorter fewest|menos menor menores"),
    ("before prior earlier previously|antes previo previa anterior anteriores",
     "after afterwards later|despues tras posterior posteriores acabada acabado"),
    ("above exceed exceeds superior", "below inferior beneath"),
    ("early initial first|inicial iniciales primeras temprana", "late final last|finales ultimas tardia"),
    ("north northern|norte", "south southern|sur"), ("east eastern|este", "west western|oeste"),
    ("day daytime|diurno dia", "night nightly|noche nocturna nocturno"),
    ("spring|primavera", "summer|verano", "autumn fall|otono", "winter|invierno"),
    ("rise rises rising rose raised increase increases increased increasing grew grow grows growth|"
     "subio suben subir subieron subida aumento aumenta aumentan aumentar aumentaron incremento incrementa "
     "incrementaron crecio crece crecieron crecimiento",
     "fell fall falls fallen drop dropped decline declined declines lowered decrease decreases decreased reduce reduced reduction shrank|"
     "baja bajo bajar bajaron bajada disminuye disminuyo disminuyeron disminucion redujo reduce redujeron reduccion descenso descendio "
     "descendieron caida cayo cayeron"),
    ("maximum maximal|maximo maxima maximos maximas", "minimum minimal|minimo minima minimos minimas"),
    ("mandatory compulsory obligatory|obligatorio obligatoria obligatorios obligatorias",
     "optional voluntary|voluntario voluntaria opcional opcionales facultativo facultativa"),
    ("profit profits|beneficio beneficios ganancia ganancias", "loss losses|perdida perdidas"),
    ("start starts started begin begins began|empieza empiezan comienza comienzan empezo comenzo inicia",
     "end ends ended finish finishes finished|acaba acaban termina terminan finaliza finalizan acabo termino finalizo"),
    ("net|neto neta netos netas", "gross|bruto bruta brutos brutas"),
    ("always|siempre", "never|nunca jamas"),
    ("open opened opens reopened|abre abierta abierto reabrir", "close closed closes|cierra cerrada cerrado"),
    ("accept accepted accepts approve approved|acepta aceptan aprueba aprobado", "reject rejected rejects|rechaza rechazado rechazada"),
    ("include included includes|incluye incluia incluido", "exclude excludes excluded|excluye excluido excluida"),
    ("upstream", "downstream"), ("arriba", "abajo"), ("old older former|viejo antiguo", "new newer|nuevo nueva"), ("best", "worst"),
    ("joined together", "apart separate"), ("public|publico publica", "private|privado privada particular particulares"),
    ("bilateral", "multilateral trilateral"), ("urgent|urgente urgentes", "ordinary|ordinario ordinaria"),
    ("income|ingresos", "cost costs expenses|costo gastos"),
    ("monday|lunes", "tuesday|martes", "wednesday|miercoles", "thursday|jueves", "friday|viernes",
     "saturday|sabado sabados", "sunday|domingo"),
    ("january|enero", "february|febrero", "march|marzo", "april|abril", "may_|mayo", "june|junio", "july|julio", "august|agosto",
     "september|septiembre", "october|octubre", "november|noviembre", "december|diciembre"),
)  # fmt: skip
_AT_MOST = re.compile(
    r"\b(?:at (?:the )?most|up to|no more than|not more than|como maximo|(?:un )?maximo de|hasta|"
    r"at a maximum|a maximum of|limit of|limite de|a mas tardar|at the latest)\b"
)
_AT_LEAST = re.compile(
    r"\b(?:at least|no (?:less|fewer) than|not (?:less|fewer) than|como minimo|(?:un )?minim[oa] de|al menos|"
    r"por lo menos|a minimum of|minim[oa])\b|\ba partir de(?:l| l[oa]s?)? (?:dia )?$"
)
_MORE = re.compile(
    r"\b(?:(?:more|longer|later|greater|higher|larger|older) than|over|above|exceed\w*|exced\w+|mas de|superior\w* a|superar\w*|supera|"
    r"por encima de|mayor(?:es)? (?:de|a|que))\b|\b(?:after|despues del?) (?:the |dia )?$"
)
_LESS = re.compile(
    r"\b(?:(?:less|fewer|shorter|earlier|lower|smaller|younger) than|below|under|menos de|inferior\w* a|por debajo de|bajara? de|"
    r"menor(?:es)? (?:de|a|que))\b|\b(?:before|antes del?) (?:the |dia )?$"
)
_DENIES_LIMIT = re.compile(r"\b(?:not?|cannot|never|nunca|ni|nor)\b|n't\b")
_NO_MORE = re.compile(r"not? (?:mas|menos|\w+(?:er|ore|ess)) (?:than|de|que)\b")

_CLAUSE_START = re.compile(r"[.;:?!)\n]|,\s+(?:y|e|o|pero|sino|mientras|aunque|and|but|or|while|whereas|though|although)\s", re.IGNORECASE)
_REACH = 80
_WORDS_BEFORE = 8


@dataclass(frozen=True, slots=True)
class Denial:
    """Something that denies: the words (indices) of its clause or of its reach, and those that it denies first of all.

    `is_sweeping` tells what denies its clause from what denies the words after it.
    """

    position: int
    scope: frozenset[int]
    core: tuple[int, ...]
    is_sweeping: bool
    is_verb: bool = False
    is_exception: bool = False


@dataclass(frozen=True, slots=True)
class Polarity:
    """The denials of a text, and the words (indices) that an odd number of them denies.

    `swept` leaves out the denials that deny only what follows them.
    """

    denials: tuple[Denial, ...]
    denied: frozenset[int]
    swept: frozenset[int]


@lru_cache(maxsize=256)
def polarity(claim: Claim) -> Polarity:
    """What is denied in a text; the latest texts are remembered."""
    found = tuple(_denials(claim))
    every, sweeping = (
        Counter(word for denial in found if denial.is_sweeping or not strict for word in denial.scope) for strict in (False, True)
    )
    odd = [frozenset(word for word, count in counts.items() if count % 2) for counts in (every, sweeping)]
    return Polarity(found, *odd)


def _denials(claim: Claim) -> Iterator[Denial]:
    text = claim.plain
    said: set[int] = set()
    for match in _NOT.finditer(text):
        clause = claim.clause_of(match.start())
        if clause in said or _is_comparison(text, match.start()):
            continue  # "no ... ningún" denies once
        said.add(clause)
        whole = [i for i in claim.content if claim.words[i].clause == clause and not match.start() <= claim.words[i].start < match.end()]
        after = [index for index in whole if claim.words[index].start >= match.end()]
        yield Denial(match.start(), frozenset(whole), tuple((after or whole[-CORE:])[:CORE]), is_sweeping=True)
    for match in _DENYING.finditer(text):
        clause = claim.clause_of(match.start())
        whole = [i for i in claim.content if claim.words[i].clause == clause and not _is_part(claim.words[i], match)]
        before, after = ([i for i in whole if (claim.words[i].start < match.end()) == side] for side in (True, False))
        nearest = sorted([*before[-CORE:], *after[:CORE]])
        yield Denial(match.start(), frozenset(whole), tuple(nearest), is_sweeping=True, is_verb=True)
    for match in _WITHOUT.finditer(text):
        clause = claim.clause_of(match.start())
        after = [i for i in claim.content if claim.words[i].clause == clause and claim.words[i].start >= match.end()]
        is_exception = _EXCEPTING.match(match[0]) is not None
        together = after[: CORE + 1] if is_exception else [i for i in after[:CORE] if i - after[0] < CORE]
        if match[0] == "non":
            together = together[:1]
        reach = together if match[0] in ("without", "sin", "no", "non") else after[:6]
        yield Denial(match.start(), frozenset(reach), tuple(together), is_sweeping=False, is_exception=is_exception)


def _is_part(word: Word, match: re.Match[str]) -> bool:
    """Whether a word is the first or last of what denies: "leaves" and "out", but not what is left out."""
    return word.start == match.start() or (match.start() <= word.start and word.end == match.end())


def _is_comparison(text: str, position: int) -> bool:
    """Whether a "no" only makes a limit: "no more than", "no excederá de", "not be below"; see `limit`."""
    return bool(re.match(
        r"(?:not?|cannot|n't|never|nunca|ni)\s+(?:\w+\s){0,4}?"
        r"(?:(?:more|less|fewer|later|earlier|longer|shorter|greater|higher|lower|older|younger|smaller|larger) than|"
        r"mas de|mas que|menos de|"
        r"exceed|exced\w+|superar|superara|below|above|"
        r"inferior|superior|bajara|be below|be above|ser inferior)\b", text[position : position + 60]))  # fmt: skip


def limit(claim: Claim, start: int, end: int) -> str | None:
    """What is said of the number at `start:end`: "most", "least", "more", "less", or None for nothing."""
    text = claim.plain
    first = max([0, *(match.end() for match in re.finditer(r"[;:.()]\s|,\s|\by\b|\band\b", text[:start]))])
    before, after = text[max(first, start - 45) : start], text[end : end + 25]
    denied = any(_is_comparison(text, max(first, start - 45) + match.start()) for match in _DENIES_LIMIT.finditer(before))
    for kind, pattern in (("most", _AT_MOST), ("least", _AT_LEAST)):
        if pattern.search(before) or (
            pattern.search(after.split(",")[0]) and kind in ("most", "least") and re.match(r"\W*(?:\w+\W+){0,2}(?:como|al|at)\b", after)
        ):
            return kind
    for kind, pattern, opposite in (("more", _MORE, "most"), ("less", _LESS, "least")):
        if pattern.search(before):
            return opposite if denied else kind
    return None


LIMITS_APART = {frozenset(pair) for pair in (("most", "least"), ("most", "more"), ("least", "less"), ("more", "less"))}


def modality(claim: Claim, clauses: frozenset[int]) -> frozenset[str]:
    """Which of "must", "may", "right" and "will" some clauses of a text say."""
    said = set()
    without_accents = claim.plain
    for name, pattern, text in (
        ("must", _OBLIGED, without_accents), ("may", _ALLOWED, without_accents), ("may", _PERMITS, without_accents),
        ("right", _RIGHT, without_accents), ("will", _FUTURE, claim.text),
    ):  # fmt: skip
        said_at = (match.start() for match in pattern.finditer(text) if claim.text[match.start() : match.end()] != "May")  # the month
        if any(claim.clause_of(start) in clauses for start in said_at):
            said.add(name)
    return frozenset(said)


def says_no(claim: Claim, clauses: frozenset[int]) -> bool:
    """Whether one of some clauses has a "not", be it only for a limit ("must not exceed"), but for "no more than"."""
    text = claim.plain
    return any(claim.clause_of(match.start()) in clauses and not _NO_MORE.match(text, match.start()) for match in _NOT.finditer(text))


_APART = (
    ("first|primer primero primera primeros primeras", "second|segundo segunda segundos segundas",
     "third|tercer tercero tercera terceros terceras", "fourth|cuarto cuarta", "fifth|quinto quinta", "sixth|sexto sexta",
     "last|ultimo ultima ultimos ultimas"),
    ("landlord landlords lessor|arrendador arrendadora arrendadores casero",
     "tenant tenants lessee|arrendatario arrendataria arrendatarios inquilino inquilina inquilinos"),
    ("employer employers|empleador empleadora empresario empresaria",
     "employee employees worker workers|trabajador trabajadora trabajadores empleado empleada empleados"),
    ("buyer buyers purchaser|comprador compradora compradores", "seller sellers vendor|vendedor vendedora vendedores"),
    ("lender lenders|prestamista", "borrower borrowers|prestatario prestataria"),
    ("creditor creditors|acreedor acreedora acreedores", "debtor debtors|deudor deudora deudores"),
)  # fmt: skip
"""Numbers of an order, and sides of a contract: a sentence may name several, and has them wrong only if it shares none with the source."""


def exchanged(said: frozenset[str], meant: frozenset[str]) -> bool:
    """Whether both name members of a group that belong apart ("tenant", "first"), and none of them alike."""
    for group in _GROUPS_APART:
        here, there = ({index for index, members in enumerate(group) if members & words} for words in (said, meant))
        if here and there and not here & there:
            return True
    return False


def opposed(said: frozenset[str], meant: frozenset[str], known: frozenset[str] = frozenset()) -> bool:
    """Whether one group of opposites is in `said` by a word whose opposite, and not itself, is in `meant` (plain words).

    What is in `known`, and not in `meant`, is no opposite and yet no news.
    """
    for group in _GROUPS:
        here, there, also = ({index for index, members in enumerate(group) if members & words} for words in (said, meant, meant | known))
        if here and there and not here <= also:
            return True
    return False


_GROUPS, _GROUPS_APART = (
    tuple(tuple(frozenset(re.split(r"[ |]", plain(member))) for member in group) for group in groups) for groups in (_OPPOSITES, _APART)
)


def negated(text: str) -> bool:
    """Whether a text denies, excludes or forbids something."""
    said = plain(text)
    return any(pattern.search(said) for pattern in (_NOT, _DENYING, _WITHOUT))


def negation_before(text: str, position: int) -> bool:
    """Whether the words of the same clause before `position` deny what follows: "is not | permitted to terminate"."""
    head = plain(text[max(0, position - _REACH) : position])
    starts = [match.end() for match in _CLAUSE_START.finditer(head)]
    words = " ".join(head[starts[-1] if starts else 0 :].split()[-_WORDS_BEFORE:])
    return any(pattern.search(f"{words} x") for pattern in (_NOT, _DENYING))
