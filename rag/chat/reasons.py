"""The errors of this package in the language of a visitor: why a file is refused, why an index cannot be read.

Errors are sentences in English; those from reading files have come through a pipe from another process. Here stands, for each that the page
can show, what it is in Spanish: `{name}` is what differs from case to case, and a detail that comes from a library in English is left out.
"""

import re
from functools import cache
from string import Formatter

from rag.types import Language

_KEPT = " (kept as it was indexed before)"

SPANISH = {
    # what reading a file says
    "empty": "está vacío",
    "encrypted": "está cifrado",
    "stopped": "se detuvo",
    "binary, not text": "es binario, no texto",
    "not a regular file": "no es un archivo normal",
    "permission denied": "no hay permiso para leerlo",
    "permission denied: the folder cannot be listed": "no hay permiso para ver la carpeta",
    "disappeared while it was read": "desapareció mientras se leía",
    "cannot be read ({detail})": "no se puede leer",
    "unsupported format (no suffix)": "formato desconocido (sin extensión)",
    "unsupported format {suffix}; save it as {cure}": "formato {suffix} no admitido; guárdalo como {cure}",
    "unsupported format {suffix}": "formato {suffix} no admitido",
    "describes the folder, not indexed; rename it to have it indexed": "describe la carpeta y no se indexa; cámbiale el nombre si "
    "quieres que se indexe",
    "too large ({size} MB > {most} MB; raise load.max_megabytes)": "es demasiado grande ({size} MB > {most} MB; aumenta "
    "load.max_megabytes)",
    "too large (more than {most} MB; raise load.max_megabytes)": "es demasiado grande (más de {most} MB; aumenta load.max_megabytes)",
    "too large (its text has {size} million characters; raise load.max_megabytes)": "es demasiado grande (su texto tiene {size} "
    "millones de caracteres; aumenta load.max_megabytes)",
    "larger than {most} MB, which is the most that this page takes": "tiene más de {most} MB, que es lo máximo que admite esta página",
    "nested too deeply to be read": "tiene demasiados niveles anidados para leerlo",
    "needs more than {most} MB of memory (raise load.max_memory_megabytes)": "necesita más de {most} MB de memoria (aumenta "
    "load.max_memory_megabytes)",
    "took longer than {seconds} s (raise load.max_seconds)": "se tardó más de {seconds} s en leerlo (aumenta load.max_seconds)",
    "its reader crashed ({detail}): the file is damaged or hostile, or needs more memory than load.max_memory_megabytes allows": "el "
    "programa que lo lee falló ({detail}): el archivo está dañado o es malicioso, o necesita más memoria de la que permite "
    "load.max_memory_megabytes",
    "its reader gave an answer that is none": "el programa que lo lee no dio una respuesta válida",
    "no process could be started to read it ({detail})": "no se pudo iniciar el proceso que debía leerlo",
    "refused: the file made its reader reach for the network or another program": "rechazado: al leerlo se intentó usar la red u otro "
    "programa",
    "refused: the file made its reader start another program": "rechazado: al leerlo se intentó iniciar otro programa",
    "refused: the file made its reader write a file": "rechazado: al leerlo se intentó escribir un archivo",
    "refused: its XML declares a document type or entities": "rechazado: su XML declara un tipo de documento o entidades",
    "damaged: its XML is not well formed ({detail})": "está dañado: su XML no está bien formado",
    "damaged: the document has no body": "está dañado: el documento no tiene cuerpo",
    "not valid JSON in line {line} ({detail})": "no es JSON válido (línea {line})",
    "not valid JSON{place} ({detail})": "no es JSON válido",
    "{count} records (at most {most})": "{count} registros (como máximo {most})",
    "not a readable mail ({detail})": "no es un correo que se pueda leer",
    "not a mail (it has no sender, date or subject)": "no es un correo (no tiene remitente, fecha ni asunto)",
    "not a file of this format (it has no {kind} part)": "no es un archivo de este formato (le falta la parte {kind})",
    "not a readable table ({detail})": "no es una tabla que se pueda leer",
    "not a readable Excel file ({detail})": "no es un archivo de Excel que se pueda leer",
    "a table of {count} rows (at most {most})": "una tabla de {count} filas (como máximo {most})",
    "a sheet of more than {most} rows": "una hoja de más de {most} filas",
    "not a readable PDF: it does not begin with %PDF-": "no es un PDF que se pueda leer: no empieza por %PDF-",
    "not a readable PDF: {detail}": "no es un PDF que se pueda leer; está dañado o incompleto",
    "a PDF of {count} pages (at most {most})": "un PDF de {count} páginas (como máximo {most})",
    "no text layer (scanned? set load.ocr to true to have it read)": "no tiene capa de texto (¿escaneado? pon load.ocr = true para que "
    "se lea)",
    "no text layer, and none was recognised": "no tiene capa de texto y no se reconoció ninguno",
    "no page {page}: it has {count}": "no hay página {page}: tiene {count}",
    "the page cannot be drawn": "la página no se puede dibujar",
    "only pages of PDF files can be shown as pictures": "solo las páginas de un PDF se pueden mostrar como imágenes",
    "the file has changed since it was indexed; run rag index again": "el archivo ha cambiado desde que se indexó; ejecuta rag index otra "
    "vez",
    "a scanned page cannot be read: install Tesseract (apt-get install tesseract-ocr tesseract-ocr-spa) or set load.ocr to false": "una "
    "página escaneada no se puede leer: instala Tesseract (apt-get install tesseract-ocr tesseract-ocr-spa) o pon load.ocr = false",
    "Tesseract could not read page {page} ({detail}); load.ocr_languages is {languages}": "Tesseract no pudo leer la página {page}; "
    "load.ocr_languages es {languages}",
    "Tesseract could not read page {page} ({detail})": "Tesseract no pudo leer la página {page}",
    "not an e-book (it has no {part})": "no es un libro electrónico (le falta {part})",
    "not an OpenDocument file (it has no content.xml)": "no es un archivo OpenDocument (le falta content.xml)",
    "encrypted, or in an older format; save it in the present one": "está cifrado o en un formato antiguo; guárdalo en el actual",
    "not a ZIP archive": "no es un archivo ZIP",
    "holds {size} MB in {packed} MB, more than the {most} MB allowed": "contiene {size} MB en {packed} MB, más de los {most} MB permitidos",
    "a damaged ZIP archive (it has no end)": "es un archivo ZIP dañado (le falta el final)",
    "a damaged ZIP archive ({detail})": "es un archivo ZIP dañado",
    "not in the archive any more": "ya no está en el archivo ZIP",
    "a link in an archive is not followed": "un enlace dentro de un archivo ZIP no se sigue",
    "an archive in an archive is not opened; unpack it": "un ZIP dentro de otro no se abre; descomprímelo",
    "compressed by method {method}, which is not read": "está comprimido con el método {method}, que no se lee",
    "a ZIP archive of too many files (at most {most})": "un archivo ZIP con demasiados archivos (como máximo {most})",
    "a ZIP archive of {count} files (at most {most})": "un archivo ZIP de {count} archivos (como máximo {most})",
    "a ZIP archive that is not safe to open: it holds {name}, which leads out of it": "un archivo ZIP que no es seguro abrir: contiene "
    "{name}, que sale de él",
    "a ZIP archive that is not safe to open: in {name} {packed} MB would become {size} MB": "un archivo ZIP que no es seguro abrir: en "
    "{name}, {packed} MB se convertirían en {size} MB",
    # what the page says of documents that are added
    "it holds no text that can be searched": "no contiene texto en el que se pueda buscar",
    "A file without a suffix is not a type that is read here; these are: {kinds}": "Un archivo sin extensión no se lee "
    "aquí; se leen: {kinds}",
    "{suffix} is not a type that is read here; these are: {kinds}": "El tipo {suffix} no se lee aquí; se leen: {kinds}",
    "There are {count} files already, which is the most; remove one first.": "Ya hay {count} archivos, que es el máximo; quita antes uno.",
    "Indexing stopped because of an error inside the program; its terminal says what.": "La indexación se detuvo por un fallo del "
    "programa; su terminal dice cuál.",
    "{source} was not added here; remove it from the folder that it was indexed from and run rag index again.": "{source} no se añadió "
    "aquí; quítalo de la carpeta desde la que se indexó y ejecuta rag index otra vez.",
    "This page takes no uploads; add documents with rag index.": "Esta página no admite archivos; añade documentos con rag index.",
    "There is no such collection any more; choose another one.": "Esa colección ya no existe; elige otra.",
    "The model {model} is not offered here; the configuration names those that are (chat.models).": "El modelo {model} no se ofrece aquí; "
    "la configuración nombra los que sí (chat.models).",
    "You have not added any documents yet; add some first.": "Aún no has añadido ningún documento; añade antes alguno.",
    "The request is not a JSON object.": "La petición no es un objeto JSON.",
    # what the index says
    "There is no document {source} in the index; it holds: {names}.": "No hay ningún documento {source} en el índice; contiene: {names}.",
    "There is no index at {folder}; make one with: {cure}": "No hay ningún índice en {folder}; crea uno con: {cure}",
    "Another process is writing to the index at {folder}; try again when it has finished.": "Otro proceso está escribiendo en el índice "
    "{folder}; inténtalo otra vez cuando termine.",
    "The index at {folder} is damaged ({detail}); {cure} mends what can be.": "El índice {folder} está dañado; {cure} repara lo que se "
    "pueda.",
    "The index at {folder} could not be read or written ({detail}); {cure}.": "El índice {folder} no se pudo leer o escribir; libera "
    "espacio o corrige los permisos e inténtalo otra vez: no se pierde nada de lo indexado.",
    "The index at {folder} could not be written ({detail}); {cure}.": "El índice {folder} no se pudo escribir; libera espacio o corrige "
    "los permisos e inténtalo otra vez: no se pierde nada de lo indexado.",
    "The search files in {folder} could not be written ({detail}); {cure}.": "Los archivos de búsqueda de {folder} no se pudieron "
    "escribir; libera espacio e inténtalo otra vez: no se pierde nada de lo indexado.",
    "The index at {folder} could not be read ({detail}); fix permissions and run it again.": "El índice {folder} no se pudo leer; corrige "
    "los permisos e inténtalo otra vez.",
    "The index at {folder} changes faster than it can be read; ask again.": "El índice {folder} cambia más deprisa de lo que se puede "
    "leer; pregunta otra vez.",
    "{source} has changed in the index since the answer was given; ask again for a receipt.": "{source} ha cambiado en el índice desde que "
    "se dio la respuesta; pregunta otra vez para obtener un recibo.",
}  # fmt: skip


def in_language(sentence: str, language: Language) -> str:
    """An error in the language of the visitor; as it is if it is none of those that are known here."""
    if language == "en":
        return sentence
    if sentence.endswith(_KEPT):
        return f"{in_language(sentence.removesuffix(_KEPT), language)} (se conserva lo que se indexó antes)"
    for pattern, spanish in _patterns():
        found = pattern.fullmatch(sentence)
        if found is not None:
            return spanish.format(**found.groupdict())
    source, colon, reason = sentence.partition(": ")  # the name of a file, and what is wrong with it
    end = "." if colon and reason.endswith(".") else ""
    return f"{source}: {in_language(reason.removesuffix('.'), language)}{end}" if colon else sentence


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """What matches each English sentence, those first that say most in words of their own."""
    return tuple((_pattern(english), SPANISH[english]) for english in sorted(SPANISH, key=_own_words, reverse=True))


def _own_words(template: str) -> int:
    return sum(len(text) for text, *_ in Formatter().parse(template))


def _pattern(template: str) -> re.Pattern[str]:
    parts = [re.escape(text) + (f"(?P<{name}>.*?)" if name else "") for text, name, *_ in Formatter().parse(template)]
    return re.compile("".join(parts), re.DOTALL)
