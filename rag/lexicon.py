"""Words of both languages that are known by heart, as `rag.verification.claims.plain` leaves them: no case, no accents."""


def words(text: str) -> frozenset[str]:
    """The words of a list."""
    return frozenset(text.split())


# Words that say little by themselves, besides those of `rag.language`.
SAY_LITTLE = words(
    "up out its own so too very more less most least much many some any all each every other another same such than then there here "
    "him her his hers them mas menos muy otro otra otros otras todo toda todos todas cada mismo misma algo algun alguna algunos "
    "algunas tan tanto tanta ese esa eso esos esas aquel aquella ella ellos ellas nos les me te yo tu que cual donde cuando como asi "
    "ya aun toward towards hacia para tras mediante upon per via during durante cannot podra podran podria podrian deben debera "
    "deberan tendra tendran sera seran habra fuera fuese sea sean siendo being been having habiendo haya hayan hubo queda quedan "
    "quedo let lets allowed permitted unless except salvo excepto nobody nadie never nunca none neither ningun ninguna nothing nada "
    "nor only solo left"
)

# Titles, and kinds of bodies and places: capitals in English, often another word in the other language ("House", "Cámara").
TITLES = words(
    "mr mrs ms dr st sr sra sir lord mayor minister ministers president premier prime secretary chancellor chairman chair director "
    "eur usd gbp "
    "head chief executive officer general spokesman board committee commission council department ministry office house senate "
    "congress court party parties union group bank university school high national federal international service act law article "
    "chapter annex section river lake mount mountains street road bay island islands city town county state states republic kingdom "
    "agency authority institute company association organisation organization government parliament army interior commons people "
    "member members ceo new old upper lower great senor senora presidente ministro ministra secretario secretaria canciller directora "
    "jefe comite comision consejo departamento ministerio oficina camara senado congreso tribunal partido parte partes grupo banco "
    "universidad escuela alta alto nacional internacional servicio ley articulo capitulo anexo seccion rio lago monte calle bahia "
    "isla islas ciudad villa condado estado estados republica reino agencia autoridad instituto compania asociacion organizacion "
    "gobierno parlamento ejercito bolsa miembro miembros nuevo nueva"
)

# Those who act in contracts and rules.
AGENTS = words(
    "board commission committee council secretariat operator member members party parties company undertaking employer employee "
    "employees worker workers tenant landlord lessee lessor buyer seller purchaser supplier customer client contractor insurer lender "
    "borrower creditor debtor owner holder licensee licensor court judge tribunal inspector inspectors minister government "
    "municipality state authority agency president chair director staff reader readers library bank controller processor patient "
    "doctor teacher student junta comision comite consejo secretaria operador miembro miembros parte partes empresa empleador "
    "empleado empleados trabajador trabajadores arrendatario arrendador inquilino propietario comprador vendedor proveedor cliente "
    "contratista asegurador asegurado prestamista prestatario acreedor deudor titular juez inspectores ministro gobierno municipio "
    "estado autoridad agencia presidente presidenta personal lector lectores biblioteca banco responsable encargado paciente medico "
    "profesor alumno"
)

# No names, though they may begin a sentence before a verb.
COMMON = words("staff people police water freight income fuel nobody everyone everybody anyone someone readers boats work trade money food")

_CALENDAR = (
    "january enero jan ene", "february febrero feb", "march marzo", "april abril apr abr", "may mayo", "june junio jun",
    "july julio jul", "august agosto aug", "september septiembre setiembre sept sep", "october octubre oct",
    "november noviembre nov", "december diciembre dec dic",
    "monday lunes mondays", "tuesday martes tuesdays", "wednesday miercoles wednesdays", "thursday jueves thursdays",
    "friday viernes fridays", "saturday sabado sabados saturdays", "sunday domingo domingos sundays",
    "spring primavera", "summer verano", "autumn otono", "winter invierno",
)  # fmt: skip
MONTHS, MONTHS_IN_SPANISH = zip(*(names.split()[:2] for names in _CALENDAR[:12]), strict=True)
WEEK = tuple(names.split()[0] for names in _CALENDAR[12:19])
CALENDAR = {word: names.split()[0] for names in _CALENDAR for word in names.split()}
"""Months, days of the week and seasons, each with its English name."""
MONTH_NUMBERS = {word: MONTHS.index(name) + 1 for word, name in CALENDAR.items() if name in MONTHS}
