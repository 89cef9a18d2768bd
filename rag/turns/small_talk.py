"""What people write that no document answers: greetings, thanks, yes and no, what this is, which documents there are.

Only where it is all that they write: "hello, what does Article 4 permit" is a question. What is said in reply is in `rag.messages`.
"""

import re
from dataclasses import dataclass
from typing import Literal

from rag.naming.aliases import fold
from rag.types import Answer, Language

Kind = Literal["greeting", "thanks", "agreed", "denied", "about", "documents"]
_DOCUMENTS = r"(?:documents?|documentation|files?|texts?|sources?)"
_DOCUMENTOS = r"(?:documentos?|documentacion|archivos?|ficheros?|textos?|fuentes?)"
_PATTERNS: dict[tuple[Kind, Language], str] = {
    ("greeting", "en"): (r"hi|hello|hey|hallo|greetings|good (?:morning|afternoon|evening|day)|how are you(?: doing)?|nice to meet you"),
    ("greeting", "es"): (
        r"hola|buenas|buenos dias|buen dia|buenas (?:tardes|noches)|saludos|que tal(?: estas)?|como estas|como esta usted"
    ),
    ("thanks", "en"): (
        r"(?:many )?thank(?:s| you)(?: (?:very|so) much| a lot)?(?: for (?:the|your|all) .{1,30})?|thx|"
        r"ok(?:ay)?|great|perfect|got it|bye|goodbye|see you"
    ),
    ("thanks", "es"): (
        r"(?:(?:muchas|mil|muchisimas) )?gracias(?: por (?:la|tu|su|todo) ?.{0,30})?|"
        r"vale|de acuerdo|perfecto|genial|estupendo|entendido|adios|hasta (?:luego|pronto)"
    ),
    ("agreed", "en"): r"yes|yeah|yep|exactly|correct|right|indeed|i see|true|(?:that|this|it) (?:s|is) (?:right|correct|true|it)",
    ("agreed", "es"): r"si|claro|exacto|exactamente|correcto|eso es|asi es|ya veo|(?:eso )?es (?:correcto|verdad)|(?:eso )?esta bien",
    ("denied", "en"): (
        r"nope|wrong|incorrect|(?:that|this|it) (?:(?:s|is) (?:wrong|not (?:right|correct|true|it|what i (?:asked|meant))|incorrect)|"
        r"(?:isn t|is not) (?:right|correct|true|it|what i (?:asked|meant)))|not (?:that|what i (?:asked|meant))|"
        r"(?:you|that) (?:did not|didn t|does not|doesn t|haven t|have not) answer(?:ed)? (?:me|(?:my|the) question)|no"
    ),
    ("denied", "es"): (
        r"mal|incorrecto|(?:eso )?no es (?:correcto|verdad|cierto|asi|eso(?: lo que (?:pregunte|pregunto|he preguntado|preguntaba))?|"
        r"lo que (?:pregunte|pregunto|he preguntado|preguntaba))|eso esta mal|(?:esta|estas) (?:mal|equivocad[oa])|te equivocas|"
        r"no (?:me has|has|me ha|ha) (?:contestado|respondido)(?: a (?:mi|la) pregunta)?|no"
    ),
    ("about", "en"): (
        r"(?:please )?help(?: me)?|(?:who|what) are you|what is this|what can (?:you|i) (?:do|ask)(?: you)?|what do you (?:do|know)|"
        r"how (?:do|does|can) (?:you|this|it|i use (?:you|this|it))(?: work| help(?: me)?)?|"
        r"are you (?:an? )?(?:ai|bot|robot|human|person|chatgpt)"
    ),
    ("about", "es"): (
        r"(?:por favor )?ayuda(?:me)?|(?:quien|que) eres|que es esto|que (?:puedes|sabes) hacer|que (?:te )?puedo preguntar(?:te)?|"
        r"que sabes|como (?:funcionas?|se usa|me puedes ayudar)|para que sirves?|eres (?:una? )?(?:ia|bot|robot|persona|humano|chatgpt)"
    ),
    ("documents", "en"): (
        rf"(?:what|which|how many) {_DOCUMENTS} (?:do you (?:have|know)|are (?:there|here|indexed|available|loaded)|"
        rf"have you(?: got| read)?|can i ask(?: you)? about)|(?:list|show)(?: me)?(?: all)?(?: (?:the|your))? {_DOCUMENTS}|"
        rf"what (?:are|is) (?:the|this|these|those|your) {_DOCUMENTS}(?: about)?|"
        rf"what (?:do|does) (?:the|these|those|your) {_DOCUMENTS} (?:contain|talk about|cover)"
    ),
    ("documents", "es"): (
        rf"(?:que|cuantos|cuantas|cuales) {_DOCUMENTOS} (?:tienes?|hay|conoces|has leido|estan (?:indexados|disponibles))|"
        rf"(?:lista|listame|muestra|muestrame|ensename)(?: de| todos)?(?: (?:los|tus))? {_DOCUMENTOS}|"
        rf"cuales son (?:los|tus) {_DOCUMENTOS}|de que (?:tratan?|hablan?|van?) (?:el|este|los|estos|tus) {_DOCUMENTOS}|"
        rf"que (?:contienen?|dicen) (?:los|estos|tus) {_DOCUMENTOS}"
    ),
}
_WHOLE = {key: re.compile(pattern) for key, pattern in _PATTERNS.items()}
_BESIDE = re.compile(r"(?:there|everyone|again|and|all|then|so|please|a todos|de nuevo|y|pues|por favor)\b")
_SPACE = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class SmallTalk:
    """What kind of thing was said, in which language."""

    kind: Kind
    language: Language


def small_talk(text: str, following: bool = False) -> SmallTalk | None:
    """What `text` is if it asks nothing of the documents; else None.

    `following` an answer, "how does it work?" is about what was answered.
    """
    rest, said = plain(text), None
    while rest:
        found = ((key, pattern.match(rest)) for key, pattern in _WHOLE.items())
        ends = {key: match.end() for key, match in found if match and rest[match.end() : match.end() + 1] in ("", " ")}
        beside = _BESIDE.match(rest) if said else None
        if not ends and not beside:
            return None
        if ends:
            key = max(ends, key=lambda one: ends[one])
            said = SmallTalk(*key)
        rest = rest[ends[key] if ends else beside.end() if beside else 0 :].strip()
    if said and said.kind in ("agreed", "denied") and "?" in text:  # "is that true?" asks
        return None
    return None if said is None or (following and said.kind == "about") else said


def plain(text: str) -> str:
    """`text` in lower case, without accents and signs."""
    return _SPACE.sub(" ", fold(text)).strip()


def is_reply(answer: Answer) -> bool:
    """Whether an answer is a reply to what asked nothing, which refuses nothing either."""
    return answer.abstained and not answer.hits and small_talk(answer.question) is not None
