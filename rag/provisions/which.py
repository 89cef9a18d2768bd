"""Questions for the provision that deals with something: "Which article of the bylaws covers honorary members?", "¿Qué artículo regula X?".

No sentence says of which article it is, so they are asked by their subject ("honorary members"), in the text that they name. It reads
words: of a verb that it does not know, it takes what follows for a question of another sort.
"""

import re
from dataclasses import dataclass

from rag.naming.aliases import speaks_of_text
from rag.provisions.words import any_of, kind_in, singular_or_plural

ANY_KIND = "provision"
_KINDS = ("article", "clause", "section", "chapter", "annex", "rule", "part")
_ABOUT = (
    r"deals?\s+with|covers?|regulates?|governs?|concerns?|addresses|(?:is|are|talks?|speaks?)\s+(?:about|of|on)|"
    r"tratan?\s+(?:de|sobre)|regulan?|hablan?\s+(?:del?|sobre)|cubren?|se\s+ocupan?\s+de|versan?\s+sobre|se\s+refieren?\s+al?"
)
_SAYS = (  # what it says of the subject is said with it
    r"excludes?|requires?|says|states|sets|fixes|allows?|permits?|forbids?|prohibits?|bans?|defines?|establishes|mentions?|punishes|grants?|"
    r"limits?|protects?|guarantees?|determines?|provides?|obliges?|imposes?|authori[sz]es?|"
    r"excluyen?|exigen?|dicen?|fijan?|permiten?|proh[íi]ben?|definen?|establecen?|prev[ée]n?|mencionan?|castigan?|conceden?|limitan?|"
    r"protegen?|garantizan?|determinan?|disponen?|contemplan?|obligan?|imponen?|autorizan?|sancionan?"
)
_FOUND = (
    r"se\s+(?:habla\s+del?|trata\s+(?:del?)?|(?:fij|regul|mencion|contempl|determin)an?|(?:establec|recog|prev|dispon)en?|prev[ée]|define[n]?|"
    r"dice\s+(?:que|qu[ée]|cu[áa]nto)?)|est[áa]n?|figuran?|aparecen?|viene[n]?"
)
_UNIT = rf"{any_of(_KINDS, singular_or_plural)}|(?P<{ANY_KIND}>provisions?|disposici[óo]n(?:es)?|preceptos?)"
_OF = r"(?:(?P<whole>(?:of|in|del?|en)\s.{2,120}?)\s+)?"
_WHICH = re.compile(
    rf"[¿\s]*(?:in\s+|en\s+|under\s+)?(?:which|what|qu[ée]|cu[áa]l(?:\s+es\s+el)?)\s+(?:{_UNIT})\s+{_OF}"
    rf"(?:(?:{_ABOUT})\s+(?P<about>.+?)|(?P<says>(?:{_SAYS})\s+.+?)|(?:{_FOUND})\s+(?P<found>.+?)|"
    r"(?:is|are)\s+(?P<there>.+?)(?P<done>\s+(?:regulated|mentioned|dealt\s+with|set(?:\s+out)?|fixed|found|defined|covered|addressed))?)[\s?.!]*",
    re.IGNORECASE | re.DOTALL,
)
_INSIDE = re.compile(r"[¿\s]*(?:in|en|under)\s", re.IGNORECASE)
_TAIL = re.compile(
    r"(?P<subject>.+?)\s+(?P<whole>(?:of|in|under|at|del?|en)\s+(?:(?:the|el|la|los|las)\s+)?\S.*)", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Which:
    """The kind of provision that is asked for ("provision" is any), the `subject` that it deals with, and the text that is named, if any.

    It `is_one` if the question is not for several of them ("which articles")."""

    kind: str
    subject: str
    whole: str = ""
    is_one: bool = True

    @property
    def with_text(self) -> str:
        """The subject, with the text that it is asked of."""
        return " ".join(filter(None, (self.subject, self.whole)))


def which_provision(question: str) -> Which | None:
    """What `question` says of the provision that it asks for; None if it does not ask for one by its subject."""
    match = _WHICH.fullmatch(question)
    if match is None:
        return None
    kind = kind_in(match) or ANY_KIND
    is_one = not match[kind].endswith("s")
    if kind == "part" and not (match["about"] and match["whole"]):  # "¿Qué parte paga?", "which part is broken?"
        return None
    if match["there"] and not (match["done"] or _INSIDE.match(question)):  # "which rule is broken?"
        return None
    subject = next(text for text in (match["about"], match["says"], match["found"], match["there"]) if text)
    tail = _TAIL.fullmatch(subject) if not match["whole"] else None
    if tail and speaks_of_text(tail["whole"]):  # "the transport bonus of the cleaning agreement"
        return Which(kind, tail["subject"], tail["whole"], is_one)
    return Which(kind, subject, match["whole"] or "", is_one)
