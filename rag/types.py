"""The data that moves through the program: `Document -> Passage -> Hit -> Answer`.

Small frozen dataclasses. Positions (`start`, `end`) count characters (Python code points) of the stored text of a
document, end exclusive. What is not known is None or empty, never a guess.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Literal

Language = Literal["en", "es"]
Verdict = Literal["quoted", "supported", "unsupported"]
Reason = Literal["reference_absent", "no_evidence", "conflicting"]


@dataclass(frozen=True, slots=True)
class Heading:
    """A line that opens a section: the span of the line, its depth (1 is the outermost) and its text without markup."""

    start: int
    end: int
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """One source as text.

    `source` is the name that citations show: the path relative to the folder that was indexed. `sha256` is of the file's bytes.
    `pages` holds the start of each page in `text` (empty for formats without pages); `headings` are in order of `start`.
    """

    source: str
    title: str
    text: str
    sha256: str
    language: Language | None = None
    date: str | None = None
    pages: tuple[int, ...] = ()
    headings: tuple[Heading, ...] = ()
    author: str | None = None


NAME = "name"
"""Kind of a mention that is what a document calls itself, as `number` without spaces: "Ley_de_Startups"."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A numbered provision in normal form: kind "article", number "4" (Arabic, lower case suffix: "12 bis" is "12bis")."""

    kind: str
    number: str

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


@dataclass(frozen=True, slots=True)
class Passage:
    """A span of a document that is searched and cited as one: `text == document.text[start:end]`.

    `section` is the path of headings above it, outermost first. `provisions` are the provisions that it is the text of, the innermost first
    (Article 4, then Chapter 2), `mentions` those that it only speaks of. `page` is the page that it begins on, `page_breaks` say where in
    the document the next ones begin. `id` is the row in the index, 0 before it has one; `copies` are other names of the same document.
    `named` are the words by which a question names its document, as `rag.naming.siblings` finds them ("Ortega"); no index holds them.
    """

    source: str
    title: str
    text: str
    start: int
    end: int
    section: tuple[str, ...] = ()
    page: int | None = None
    language: Language | None = None
    date: str | None = None
    provisions: tuple[Reference, ...] = ()
    mentions: tuple[Reference, ...] = ()
    id: int = 0
    page_breaks: tuple[int, ...] = ()
    copies: tuple[str, ...] = ()
    named: tuple[str, ...] = ()

    @property
    def in_context(self) -> str:
        """The text that a passage is found by: title and headings above it, then its own text."""
        return "\n".join((*self.headings, self.text))

    @property
    def headings(self) -> tuple[str, ...]:
        """Title and headings above it, outermost first; the title with what a question names the document by."""
        names = " ".join(name for name in self.named if name.casefold() not in self.text.casefold())
        return (f"{self.title} ({names})" if names else self.title, *self.section)

    def page_at(self, position: int) -> int | None:
        """The page of a position (in the document) that lies in the passage."""
        return None if self.page is None else self.page + bisect_right(self.page_breaks, position)


@dataclass(frozen=True, slots=True)
class Why:
    """Why a passage was found; ranks count from 1, None means that the search did not return it.

    `contextual`: among the candidates that have a contextual vector and were compared by it."""

    reference: str | None = None
    matched_terms: tuple[str, ...] = ()
    lexical_rank: int | None = None
    lexical_score: float | None = None
    dense_rank: int | None = None
    dense_score: float | None = None
    fused_score: float = 0.0
    contextual_rank: int | None = None
    contextual_score: float | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question, at `rank` (from 1); scores compare within one question only."""

    rank: int
    passage: Passage
    score: float
    why: Why


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier question of a conversation and the answer it got; `understood` is what was searched for, empty where it is not known."""

    question: str
    answer: str
    understood: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """A checked pointer to a source: `quote` equals the stored text of `source`, and of its `copies`, at `start:end`."""

    number: int
    source: str
    title: str
    start: int
    end: int
    quote: str
    score: float
    page: int | None = None
    section: tuple[str, ...] = ()
    date: str | None = None
    copies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer, the numbers of the citations that carry it, and what the check said.

    `attributed`: who wrote it cited nothing for it, and the passage was found by code (`rag.generate.attribute`).
    """

    text: str
    citations: tuple[int, ...]
    verdict: Verdict
    attributed: bool = False

    @property
    def fields(self) -> dict[str, object]:
        """As JSON shows it; `attributed` only where it is true."""
        fields = {"text": self.text, "citations": list(self.citations), "verdict": self.verdict}
        return fields | ({"attributed": True} if self.attributed else {})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question got. When `abstained`, `reason` says why and `text` tells what the documents do hold.

    `confidence` is the probability that the passages answer, as decided before anything was written; None if nothing was decided.
    An answer may also have the reason "conflicting": documents disagree, and both sides are quoted with their dates. `note` says more.
    """

    question: str
    standalone_question: str
    language: Language
    text: str
    abstained: bool = False
    reason: Reason | None = None
    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    hits: tuple[Hit, ...] = ()
    note: str | None = None
    timings_ms: dict[str, float] = field(default_factory=dict)
    fingerprint: str = ""
    confidence: float | None = None
