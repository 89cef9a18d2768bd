"""The page as an ASGI application: its files, its small requests, and Gradio for what waits in line.

Every request but those for the page and its files needs the cookie of a visitor. Answers are JSON; an error is {"error": one sentence}.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from rag.chat import dialogue
from rag.chat.documents import Documents, is_busy, synced_at, too_large
from rag.chat.door import Door
from rag.chat.examples import examples
from rag.chat.idle import Deepening
from rag.chat.library import OWN, Collection, Library, is_ready
from rag.chat.page import Shell, render_login, render_page
from rag.chat.panels import Listing, banner, render_documents, render_models
from rag.chat.reasons import in_language
from rag.chat.render import render_document, render_pages
from rag.chat.strings import STRINGS, preferred_language
from rag.chat.visitors import Asked, Visitor, Visitors
from rag.errors import InputError, LoadError, RagError
from rag.load import Limits, page_picture, rectangles
from rag.types import Citation, Document, Language

if TYPE_CHECKING:
    from rag.pipeline import Pipeline

_FOLDER = Path(__file__).resolve().parent
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
ASSETS = {f"/assets/{file.name}": (file.read_bytes(), _TYPES[file.suffix]) for file in _FOLDER.iterdir() if file.suffix in _TYPES}
_ENGINE_PATHS = re.compile(r"/gradio_api/call/(?:ask|index)(?:/[0-9a-f]{32})?")
NOTE_CHARACTERS = 1_000
PICTURE_WIDTH = 1_200  # pixels

Handler = Callable[[Request, Visitor], Awaitable[Response]]
Seen = TypeVar("Seen")


class App:
    """The routes of the page; loads Gradio in the background when it starts, and closes what it opened when it stops."""

    def __init__(self, pipeline: "Pipeline", password: str = "") -> None:
        self.library = Library(pipeline, password=bool(password))
        self.documents = Documents(self.library)
        self.door = Door(Visitors(), password)
        self.library.check()
        self._deepening = Deepening(self.library)
        self._examples: dict[tuple[str, Language, object], tuple[str, ...]] = {}
        self._engine: Any = None
        self._loading: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._stop = asyncio.Event()
        self._routes = Starlette(
            routes=[
                Route("/", self.page),
                Route("/login", self.login, methods=["POST"]),
                Route("/logout", self.logout, methods=["POST"]),
                self._route("/conversation", self.conversation),
                self._route("/stop", self.stop, "POST"),
                self._route("/examples", self.example_questions),
                self._route("/documents", self.list_documents),
                self._route("/documents/{name:path}", self.upload, "PUT"),
                self._route("/documents/{name:path}", self.remove, "DELETE"),
                self._route("/models", self.models),
                self._route("/source", self.source),
                self._route("/pages", self.pages),
                self._route("/picture", self.picture),
                self._route("/export", self.export),
                self._route("/feedback", self.feedback, "POST"),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the application's start and end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["path"] in ASSETS:
            body, kind = ASSETS[scope["path"]]
            await Response(body, media_type=kind, headers={"cache-control": "no-cache"})(scope, receive, send)
        elif _ENGINE_PATHS.fullmatch(scope["path"]):
            await self._ready.wait()
            if self._engine is None and self._loading is not None:
                await self._loading  # raises what kept Gradio from starting
            await self._engine(scope, receive, send)
        else:
            await self._routes(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._loading = asyncio.create_task(self._run_engine())
        self._deepening.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._stop.set()
        await asyncio.to_thread(self._deepening.stop)
        await asyncio.wait([self._loading])
        self.door.visitors.close()
        self.library.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _run_engine(self) -> None:
        from rag.chat.engine import build_engine, import_gradio

        try:
            await asyncio.to_thread(import_gradio)
            engine: Any = build_engine(self.library, self.documents, self.door)
            async with engine.router.lifespan_context(engine):
                self._engine = engine
                self._ready.set()
                await self._stop.wait()
        finally:
            self._ready.set()

    def _route(self, path: str, handler: Handler, method: str = "GET") -> Route:
        """A route for visitors only, whose errors of ours become a sentence."""

        async def endpoint(request: Request) -> Response:
            visitor = self.door.visitor(request)
            if visitor is None:
                return _error(STRINGS[_language(request)]["restarted"], HTTPStatus.UNAUTHORIZED)
            try:
                return await handler(request, visitor)
            except RagError as error:
                return _error(in_language(str(error), _language(request)))

        return Route(path, endpoint, methods=[method])

    # The page, and who may see it

    async def page(self, request: Request) -> Response:
        """The page, or the question for the password."""
        language = _language(request)
        visitor = self.door.visitor(request)
        if visitor is None and self.door.password:
            return HTMLResponse(render_login(language))
        response = HTMLResponse()
        visitor = visitor or self.door.let_in(request, response)
        library = self.library
        described = await run_in_threadpool(library.first.describe)
        shelf = library.shelf(visitor)
        shell = Shell(
            language=language,
            collections=library.collections(visitor),
            models=library.models,
            banners=[banner(model, language) for model in library.models],
            documents=str(described["documents"]),
            shelf=shelf.key if shelf is not None else None,
            types=self.documents.types,
            limit=f"{library.first.config.chat.upload_megabytes:g}",
            characters=library.first.config.chat.question_characters,
            leaves=bool(self.door.password),
        )
        page = HTMLResponse(render_page(shell))
        page.raw_headers += [header for header in response.raw_headers if header[0] == b"set-cookie"]
        return page

    async def login(self, request: Request) -> Response:
        """Let in who gives the password, with a new cookie."""
        words = STRINGS[_language(request)]
        if not self.door.may_try(request):
            return HTMLResponse(render_login(_language(request), words["too_many_tries"]), HTTPStatus.TOO_MANY_REQUESTS)
        given = parse_qs((await request.body()).decode("utf-8", "replace")).get("password", [""])[0]
        if not self.door.is_password(request, given):
            return HTMLResponse(render_login(_language(request), words["wrong_password"]), HTTPStatus.FORBIDDEN)
        response = RedirectResponse("/", HTTPStatus.SEE_OTHER)
        self.door.let_in(request, response)
        return response

    async def logout(self, request: Request) -> Response:
        """Forget the visitor, private files included."""
        visitor = self.door.visitor(request)
        if visitor is not None:
            await run_in_threadpool(self.door.visitors.drop, visitor)
        return RedirectResponse("/", HTTPStatus.SEE_OTHER)

    # The conversation

    async def conversation(self, request: Request, visitor: Visitor) -> Response:
        """The turns so far, for a page that was loaded again."""
        found = visitor.conversation(request.query_params.get("conversation", "")[: dialogue.LONGEST_NAME])
        show = partial(dialogue.shown, self.library, visitor, language=_language(request))
        return JSONResponse({"turns": await run_in_threadpool(lambda: [show(turn) for turn in found.all()])})

    async def stop(self, request: Request, visitor: Visitor) -> Response:
        """Stop the answer in hand; where the request names a turn, only that one."""
        message = await _message(request)
        found = visitor.conversation(str(message.get("conversation", ""))[: dialogue.LONGEST_NAME])
        found.stop(message.get("turn"))
        return JSONResponse({})

    async def example_questions(self, request: Request, visitor: Visitor) -> Response:
        """Questions that the documents of a collection answer."""
        key, language = request.query_params.get("collection", ""), _language(request)
        return JSONResponse({"examples": await run_in_threadpool(self._example_questions, key, visitor, language)})

    def _example_questions(self, key: str, visitor: Visitor, language: Language) -> tuple[str, ...]:
        collection = self.library.collection(key, visitor)
        if not is_ready(self.library, collection, visitor):
            return ()
        pipeline = self.library.pipeline(key, "", visitor)
        if collection.key == OWN:
            return self._made_examples(pipeline, language)
        name = (collection.key, language, pipeline.describe()["generation"])
        if name not in self._examples:
            with self.library.working():
                self._examples[name] = self._made_examples(pipeline, language)
        return self._examples[name]

    @staticmethod
    def _made_examples(pipeline: "Pipeline", language: Language) -> tuple[str, ...]:
        if pipeline.config.llm.model == "extractive":
            return examples(pipeline, language)
        llm = pipeline.config.llm.model_copy(update={"model": "extractive"})  # each candidate is asked, which should cost nothing
        with closing(pipeline.with_config(pipeline.config.model_copy(update={"llm": llm}))) as quoting:
            return examples(quoting, language)

    async def source(self, request: Request, visitor: Visitor) -> Response:
        """The document of a citation, opened at the cited characters."""
        citation, pipeline = self._cited(request, visitor)
        document = await run_in_threadpool(_document, pipeline, citation, _language(request))
        return JSONResponse({"html": render_document(citation, document, _language(request))})

    async def pages(self, request: Request, visitor: Visitor) -> Response:
        """The pages of a PDF that a citation is on, as pictures with the cited words marked."""
        citation, pipeline = self._cited(request, visitor)
        document = await run_in_threadpool(_document, pipeline, citation, _language(request))
        marks = await run_in_threadpool(_seen, pipeline, citation, rectangles, document, citation.start, citation.end)
        return JSONResponse({"html": render_pages(citation, marks, request.url.query, _language(request))})

    async def picture(self, request: Request, visitor: Visitor) -> Response:
        """One of these pages, as a PNG picture."""
        citation, pipeline = self._cited(request, visitor)
        page = request.query_params.get("page", "")
        if not (page.isdecimal() and len(page) < 6):
            raise InputError(STRINGS[_language(request)]["expired"])
        png = await run_in_threadpool(_seen, pipeline, citation, page_picture, int(page), PICTURE_WIDTH)
        return Response(png, media_type="image/png", headers={"cache-control": "private, max-age=600"})

    def _cited(self, request: Request, visitor: Visitor) -> tuple[Citation, "Pipeline"]:
        """The citation that a request names, and the collection that it is of."""
        asked = _asked(visitor, request.query_params, _language(request))
        number = request.query_params.get("number", "")
        answer = asked.answer
        citation = next((c for c in answer.citations if str(c.number) == number), None) if answer else None
        if citation is None:
            raise InputError(STRINGS[_language(request)]["expired"])
        return citation, self.library.pipeline(asked.collection, "", visitor)

    async def export(self, request: Request, visitor: Visitor) -> Response:
        """An answer as a receipt (`rag.receipt`): JSON, or Markdown for people."""
        from rag.receipt import to_json, to_markdown

        asked = _asked(visitor, request.query_params, _language(request))
        if asked.answer is None:
            raise InputError(STRINGS[_language(request)]["expired"])
        pipeline = self.library.pipeline(asked.collection, "", visitor)
        origin = await run_in_threadpool(pipeline.provenance, asked.answer)
        as_markdown = request.query_params.get("format") == "md"
        text = (to_markdown if as_markdown else to_json)(asked.answer, origin)
        name = f"answer-{asked.number}.{'md' if as_markdown else 'json'}"
        kind = "text/markdown" if as_markdown else "application/json"
        return Response(text.encode(), media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})

    async def feedback(self, request: Request, visitor: Visitor) -> Response:
        """A thumb, with a note or without, into the review file of the evaluation."""
        from rag.evaluate.review import ReviewEntry, append

        message = await _message(request)
        asked = _asked(visitor, message, _language(request))
        thumb = message.get("thumb")
        if asked.answer is None or thumb not in ("up", "down"):
            raise InputError(STRINGS[_language(request)]["expired"])
        note = str(message.get("note") or "")[:NOTE_CHARACTERS]
        entry = ReviewEntry.of_answer(asked.answer, asked.history, "up" if thumb == "up" else "down", note)
        await run_in_threadpool(append, self.library.first.config.chat.review_file, entry)
        asked.thumb = str(thumb)
        return JSONResponse({"say": STRINGS[_language(request)]["thanks"]})

    # Documents and models

    async def list_documents(self, request: Request, visitor: Visitor) -> Response:
        """The documents of a collection that match the filter, and the state of its index."""
        collection = self.library.collection(request.query_params.get("collection", ""), visitor)
        wanted = request.query_params.get("wanted", "")[:200]
        return JSONResponse(await run_in_threadpool(self._listing, collection, wanted, visitor, _language(request)))

    def _listing(self, collection: Collection, wanted: str, visitor: Visitor, language: Language) -> dict[str, object]:
        documents = self.documents.listed(collection, visitor)
        pipeline = self.library.pipeline(collection.key, "", visitor) if documents else None
        coverage, generation = (pipeline.contextual_coverage(), pipeline.describe()["generation"]) if pipeline else (None, 0)
        listing = Listing(collection, documents, wanted, synced_at(collection), is_busy(collection), coverage)
        return {"html": render_documents(listing, generation, language), "count": len(documents)}

    async def upload(self, request: Request, visitor: Visitor) -> Response:
        """Take a file, if it is no larger than allowed and can be read; it is indexed by Gradio's `index`."""
        incoming = await run_in_threadpool(self.documents.expect, request.path_params["name"], visitor)
        received = 0
        try:
            with incoming.path.open("wb") as file:
                async for piece in request.stream():
                    received += len(piece)
                    if received > incoming.limit:
                        raise too_large(incoming.limit)
                    file.write(piece)
            await run_in_threadpool(self.documents.accept, incoming)
        finally:
            incoming.path.unlink(missing_ok=True)
        return JSONResponse({"name": incoming.place.name})

    async def remove(self, request: Request, visitor: Visitor) -> Response:
        """Take an added document out of the index."""
        await run_in_threadpool(self.documents.remove, request.path_params["name"], visitor)
        return JSONResponse({})

    async def models(self, request: Request, visitor: Visitor) -> Response:
        """The models in use, with fingerprints and times."""
        chosen = request.query_params.get("model", "")
        chosen = chosen if chosen in self.library.models else self.library.models[0]
        pipeline = await run_in_threadpool(self.library.pipeline, "", chosen, visitor)
        described = await run_in_threadpool(pipeline.describe)
        return JSONResponse({"html": render_models(described, self.library.models, self.library.times, chosen, _language(request))})


def _language(request: Request) -> Language:
    return preferred_language(request.headers.get("accept-language", ""))


def _error(sentence: str, status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY) -> JSONResponse:
    return JSONResponse({"error": sentence}, status)


def _document(pipeline: "Pipeline", citation: Citation, language: Language) -> Document:
    """The document of a citation.

    Raises:
        InputError: it has been removed since.
    """
    try:
        return pipeline.document(citation.source)
    except InputError as error:
        raise InputError(STRINGS[language]["gone"].format(name=citation.source)) from error


def _seen(pipeline: "Pipeline", citation: Citation, look: Callable[..., Seen], *arguments: object) -> Seen:
    """What `look` sees in the file of a citation, where it was when it was indexed.

    Raises:
        InputError: it is gone, has changed, or cannot be read.
    """
    file = next((Path(listed.place) for listed in pipeline.documents() if listed.source == citation.source), Path(citation.source))
    try:
        return look(file, *arguments, Limits.of(pipeline.config.load))
    except LoadError as error:
        raise InputError(f"{citation.source}: {error}.") from error


async def _message(request: Request) -> dict[str, Any]:
    try:
        message = json.loads(await request.body())
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise InputError("The request is not a JSON object.")
    return message


def _asked(visitor: Visitor, named: "Any", language: Language) -> Asked:  # noqa: ANN401 - query parameters or a message
    """The turn that a request names; visitors have only their own.

    Raises:
        InputError: it is not kept any more.
    """
    number = str(named.get("turn", ""))
    found = visitor.conversation(str(named.get("conversation", ""))[: dialogue.LONGEST_NAME])
    asked = found.find(int(number)) if number.isdecimal() and len(number) < 10 else None
    if asked is None:
        raise InputError(STRINGS[language]["expired"])
    return asked
