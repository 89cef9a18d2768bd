"""A pipeline with fixed answers, and the page served with it on loopback: what the tests of the chat page share."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator, Sequence
from hashlib import sha256

import httpx
import uvicorn

from rag.chat import build_app
from rag.chat.server import bind, page_address
from rag.config import Config
from rag.errors import GenerationError, InputError, ModelError
from rag.index import Listed
from rag.pipeline import Pipeline
from rag.receipt import Provenance, Source
from rag.types import Answer, Citation, Document, Hit, Language, Passage, Sentence, Turn, Why

TREATY_TEXT = """# Entrevista n.º 427

Fecha: mediados de 2024

Lo primero que conviene mirar es el articulado, no la ceremonia. El tratado permite a Rusia intervenir en las fases iniciales de un \
conflicto (artículo 3) y prestar a Corea del Norte «asistencia militar y de otro tipo» (artículo 4). Además, prevé «mecanismos de acción \
conjunta» destinados a reforzar las capacidades de defensa (artículo 8).

Leídas una tras otra, esas tres disposiciones dibujan una escalera: primero la consulta y la entrada temprana, después la ayuda, por \
último un trabajo en común que ya no depende de una crisis. Ninguna de ellas dice por sí sola cuánta ayuda habrá ni cuándo.
"""
TARN_TEXT = """Article 4. Night running

(1) The Operator may run freight trains at night, between 22:00 and 05:00, provided that no more than four do so in any one night.

(2) A night train shall not exceed 40 kilometres per hour within Halmere town."""
HOSTILE_QUOTE = "the quote <script>fetch('CANARY/script')</script> ${fetch('CANARY/template')} {{value}}"
HOSTILE_TEXT = f"""Before <b>bold</b> <img src=CANARY/image> <mark>not ours</mark> {HOSTILE_QUOTE} and \
<form action=CANARY/form><button>go</button></form> <div style='background:url(CANARY/style)' onclick="fetch('CANARY/click')">after</div> \
![image](CANARY/markdown) \u202eevil\u202c &amp; end."""


def make_document(source: str, title: str, text: str, language: Language, date: str | None = None) -> Document:
    return Document(source, title, text, sha256(text.encode()).hexdigest(), language, date)


TREATY = make_document("entrevista-427.md", "Interview no. 427: after the visit", TREATY_TEXT, "es", "2024-07-05")
TARN = make_document("treaties/tarn-bay.txt", "Agreement on the Tarn Bay Line", TARN_TEXT, "en", "2016-06-03")


class StandIn:
    """Has the methods of `rag.pipeline.Pipeline` that the page uses; the words of a question choose its answer.

    `canary` is the address that the hostile document and the hostile model try to reach.
    """

    contextual = None

    def __init__(self, canary: str = "http://canary.invalid", pause: float = 0.0, config: Config | None = None) -> None:
        self.config = config or Config()
        self.canary = canary
        self.pause = pause
        self.histories: list[tuple[Turn, ...]] = []
        self.hostile = make_document("<i>hostile</i>.html", "<h1>Hostile</h1>", HOSTILE_TEXT.replace("CANARY", canary), "en")
        self.texts = {document.source: document for document in (TREATY, TARN, self.hostile)}

    def document(self, source: str) -> Document:
        try:
            return self.texts[source]
        except KeyError:
            raise InputError(f"There is no document {source!r} in the index; `rag search` shows the names.") from None

    def documents(self) -> list[Listed]:
        return [Listed(each.source, each.title, each.language, each.date, 4, "") for each in self.texts.values()]

    def with_config(self, config: Config) -> "StandIn":
        if "missing" in config.llm.model:
            raise ModelError(f"The model {config.llm.model!r} is not installed.")
        return StandIn(self.canary, self.pause, config)

    def ask(self, question: str) -> Answer:
        return self._answer(question, ())

    def provenance(self, answer: Answer) -> Provenance:
        return Provenance("2026-01-02T03:04:05+00:00", 1, None, tuple(
            Source(each.source, each.title, each.date, each.sha256, len(each.text)) for each in self.texts.values()
        ))  # fmt: skip

    def describe(self) -> dict[str, object]:
        return {"documents": 3, "passages": 12_345, "embedding": "builtin@1", "llm": "extractive@1", "generation": 1}

    def contextual_coverage(self) -> None:
        """None are to be had."""

    def close(self) -> None:
        """Nothing is open."""

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[str | Answer]:
        self.histories.append(tuple(history))
        answer = self._answer(question, history)
        words = answer.text.split(" ") * (20 if "at length" in question else 1)
        for word in words:
            time.sleep(self.pause)
            yield word + " "
        yield answer

    def _answer(self, question: str, history: Sequence[Turn]) -> Answer:
        lowered = question.lower()
        if "break" in lowered:
            raise GenerationError("The model 'openai:none' refused the connection; start it or set llm.model = \"extractive\".")
        if "fault" in lowered:
            raise RuntimeError("a fault that nobody foresaw")
        if "hostile" in lowered:
            return self._hostile_answer(question)
        if "porcentaje" in lowered:
            text = "Los documentos hablan de China en relación con el tratado, pero no dan ningún porcentaje."
            return Answer(question, question, "es", text, True, "no_evidence")
        if "article 40" in lowered:
            text = "The documents have no Article 40. The agreement on the Tarn Bay Line has Articles 1 to 9."
            return Answer(question, question, "en", text, True, "reference_absent")
        if "artículo" in lowered:
            return treaty_answer(question, "es")
        standalone = "Why did Pyongyang's attitude to China cool in 2023?" if history else question
        return treaty_answer(question, "en", standalone)

    def _hostile_answer(self, question: str) -> Answer:
        text = "<img src=CANARY/answer> <script>fetch('CANARY/run')</script> ![x](CANARY/markdown) ${1+1} {{value}} [1] [7]"
        text = text.replace("CANARY", self.canary)
        start = self.hostile.text.index("the quote")
        quote = HOSTILE_QUOTE.replace("CANARY", self.canary)
        citation = Citation(1, self.hostile.source, self.hostile.title, start, start + len(quote), quote, 0.9, section=("<u>part</u>",))
        sentence = Sentence(text, (1,), "unsupported")
        return Answer(question, question, "en", text, sentences=(sentence,), citations=(citation,), note="<b>note</b>")


def cite(number: int, document: Document, quote: str, page: int | None = None, section: tuple[str, ...] = ()) -> Citation:
    start = document.text.index(quote)
    return Citation(number, document.source, document.title, start, start + len(quote), quote, 0.9, page, section, document.date)


def treaty_answer(question: str, language: Language, standalone: str = "") -> Answer:
    quote = "prestar a Corea del Norte «asistencia militar y de otro tipo» (artículo 4)"
    night = "The Operator may run freight trains at night, between 22:00 and 05:00"
    start = TREATY.text.index("Lo primero")
    passage = Passage(TREATY.source, TREATY.title, TREATY.text[start:], start, len(TREATY.text), language="es")
    if language == "es":
        first = f"Según «{TREATY.title}» (2024-07-05): «El tratado permite […] {quote}.» [1]"
        last = "Esta frase no tiene apoyo."
    else:
        first = f"According to “{TREATY.title}” (2024-07-05): «{quote}.» [1]"
        last = "This sentence has no support."
    second = f"“{night}.” [2]"
    return Answer(
        question,
        standalone or question,
        language,
        f"{first}\n\n{second} {last}",
        sentences=(Sentence(first, (1,), "quoted"), Sentence(second, (2,), "quoted"), Sentence(last, (), "unsupported")),
        citations=(cite(1, TREATY, quote), cite(2, TARN, night, 3, ("Part One. General", "Article 4. Night running"))),
        hits=(
            Hit(1, passage, 0.9, Why("article 4", ("artículo", "4"), 2, 7.5, 1, 0.61, 0.9)),
            Hit(2, Passage(TARN.source, TARN.title, "A night train.", 90, 104, language="en"), 0.4, Why(fused_score=0.4)),
        ),
        timings_ms={"total": 12.0},
    )


@contextlib.contextmanager
def served(pipeline: "StandIn | Pipeline", password: str = "") -> Iterator[str]:
    """Serve the page on a free loopback port; gives its address."""

    listener = bind("127.0.0.1", 0)
    app = build_app(pipeline, password=password)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield page_address(*listener.getsockname())
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@contextlib.contextmanager
def visit(address: str, language: str = "en") -> Iterator[httpx.Client]:
    """A browser that has opened the page."""
    with httpx.Client(base_url=address, timeout=60, headers={"accept-language": language}) as client:
        assert client.get("/").status_code == 200
        yield client


def events(client: httpx.Client, name: str, data: object) -> list[dict]:
    """Everything that a function in line says, as the browser gets it."""
    joined = client.post(f"/gradio_api/call/{name}", json={"data": [data]})
    assert joined.status_code == 200, joined.text
    found = []
    with client.stream("GET", f"/gradio_api/call/{name}/{joined.json()['event_id']}") as stream:
        for line in stream.iter_lines():
            kind, _, text = line.partition(": ")
            if kind == "event":
                event = text
            elif kind == "data" and event == "generating":
                found.append(json.loads(text)[0])
    return found


def ask(client: httpx.Client, question: str, conversation: str = "tab", **more: object) -> dict:
    return events(client, "ask", {"conversation": conversation, "question": question, **more})[-1]
