"""The two things that wait in line, run and stream in Gradio: answering a question, and indexing files.

Gradio works in its server mode here: its queue and its streams, without its components and its page. Importing it takes seconds, so that is
done in a thread while the page is served already. The browser posts to `/gradio_api/call/NAME` and reads the events of what it started
from `/gradio_api/call/NAME/ID`.
"""

import inspect
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rag.chat.dialogue import ask
from rag.chat.documents import Documents, Step
from rag.chat.door import Door
from rag.chat.library import Library
from rag.chat.panels import render_verdicts
from rag.chat.reasons import in_language
from rag.chat.strings import STRINGS, preferred_language
from rag.errors import RagError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

CONCURRENT_SYNCS = 2
QUEUE_SECONDS = 0.02
"""How often Gradio's queue looks for a question. Its own thousandth of a second keeps a processor from resting while nobody asks."""
_BUILDING = threading.Lock()  # Gradio keeps what is being built in a global

# Nothing is sent anywhere. And after each event Gradio would sum up the last ten thousand for its monitoring page, which is not served.
QUIET = {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_ANALYTICS_MAX_EVENTS": "1", "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000"}

Event = dict[str, Any]


def import_gradio() -> None:
    """Import Gradio, which takes seconds: to be called in a thread."""
    os.environ |= QUIET
    with _no_stubs():
        import gradio  # noqa: F401


def build_engine(library: Library, documents: Documents, door: Door) -> "ASGIApp":
    """The Gradio app with the two functions; a visitor without a cookie of ours gets nothing from either.

    To be called in the event loop that serves it (where none runs, Gradio opens one and leaves it open), after `import_gradio`.
    """
    import fastapi
    import gradio
    from gradio.events import api

    def answer(message: dict[str, Any], request: gradio.Request) -> Iterator[Event]:
        visitor = door.visitor(request.request)
        language = preferred_language(request.headers.get("accept-language", ""))
        if visitor is None:
            yield {"hint": STRINGS[language]["restarted"], "reload": True}
        else:
            yield from ask(library, visitor, message if isinstance(message, dict) else {}, language)
            door.visitors.tidy()

    def index(names: list[str], request: gradio.Request) -> Iterator[Event]:
        visitor = door.visitor(request.request)
        language = preferred_language(request.headers.get("accept-language", ""))
        if visitor is None:
            yield {"error": STRINGS[language]["restarted"]}
            return
        try:
            with library.working():
                for item in documents.index([str(name) for name in names] if isinstance(names, list) else [], visitor):
                    if isinstance(item, Step):
                        yield {"done": item.done, "total": item.total, "label": item.label}
                    else:
                        yield {"verdicts": render_verdicts(item, language)}
        except RagError as error:
            yield {"error": in_language(str(error), language)}

    limits = library.first.config.chat
    with _BUILDING, gradio.Blocks(mode="server", analytics_enabled=False) as blocks:
        api(answer, api_name="ask", concurrency_limit=limits.concurrent_questions)
        api(index, api_name="index", concurrency_limit=CONCURRENT_SYNCS)
    blocks.queue(max_size=limits.waiting_questions)
    blocks._queue.sleep_when_free = QUEUE_SECONDS
    blocks.state_session_capacity = limits.waiting_questions + limits.concurrent_questions + CONCURRENT_SYNCS  # each call is a session
    app: ASGIApp = gradio.mount_gradio_app(
        fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None),
        blocks,
        path="/",
        footer_links=[],
        run_history=False,
        show_error=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
    )
    return app


@contextmanager
def _no_stubs() -> Iterator[None]:
    """Keep Gradio from parsing its components and writing type stubs beside them, which is two thirds of the time that importing it takes.

    It leaves out components that have no source file, and says so with an OSError of `inspect.getfile`.
    """
    real = inspect.getfile

    def getfile(what: Any) -> str:  # noqa: ANN401 - as in inspect
        if str(getattr(what, "__module__", "")).startswith("gradio."):
            raise OSError("no stubs wanted")
        return real(what)

    inspect.getfile = getfile  # type: ignore[assignment]  # takes whatever it is given, as the real one does
    try:
        yield
    finally:
        inspect.getfile = real
