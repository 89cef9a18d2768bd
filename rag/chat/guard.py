"""What stands between the network and Gradio: which requests pass, and the headers that every response carries.

Content of documents and models is untrusted. Should a tag slip through `rag.chat.render` all the same, the Content-Security-Policy keeps it
from running (no inline script without this response's nonce), from loading anything off the origin and from posting a form elsewhere.
Knows nothing of questions and answers.
"""

import re
import secrets
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.chat.strings import preferred_language

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

# Gradio compiles the (constant) template of a gr.HTML with `new Function`, hence 'unsafe-eval'; its components set style attributes.
POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)

# All that the page asks of Gradio. Its uploads, proxy, file server, API pages and recordings have no use here, so they are closed.
_OPEN_PATHS = re.compile(
    r"/|/(assets|static)/.+|/theme\.css|/favicon\.ico|/manifest\.json|/robots\.txt|/config/?|/log(in|out)/?"
    r"|/gradio_api/(queue/(join|data)|heartbeat/\w+|cancel|reset|startup-events|app_id|login_check)/?"
)
_SCRIPT_TAG = re.compile(rb"<script(?=[\s>])")
_META_TAG = re.compile(rb"<meta\s+(?:property|name)=\"(?:og|twitter):[^>]*>\s*")


class Guard:
    """ASGI middleware around the Gradio app.

    `host_names` are the Host headers that are served (against DNS rebinding: a page of another site whose name was pointed at this
    machine); None serves any, which is for pages behind a password.
    """

    def __init__(self, app: ASGIApp, host_names: frozenset[str] | None) -> None:
        self.app = app
        self.host_names = host_names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it with a sentence."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                _set_headers(MutableHeaders(scope=message), nonce)
            await send(message)

        headers = Headers(scope=scope)
        refusal = self._refuse(scope["path"], headers)
        if refusal is not None:
            await refusal(scope, receive, send_guarded)
        elif scope["path"] == "/":
            await _send_page(self.app, scope, receive, send_guarded, nonce)
        else:
            await self.app(scope, receive, send_guarded)

    def _refuse(self, path: str, headers: Headers) -> PlainTextResponse | None:
        host = _host_name(headers.get("host", ""))
        if self.host_names is not None and host not in self.host_names:
            return PlainTextResponse(f"{host!r} is no name of this page; use the address that `rag chat` printed.", HTTPStatus.FORBIDDEN)
        origin = headers.get("origin")
        served = {headers.get("host"), headers.get("x-forwarded-host")}
        if origin is not None and urlsplit(origin).netloc not in served:
            return PlainTextResponse(f"Requests from {origin!r} are not served.", HTTPStatus.FORBIDDEN)
        if not _OPEN_PATHS.fullmatch(path):
            return PlainTextResponse(f"There is nothing at {path!r}.", HTTPStatus.NOT_FOUND)
        return None


def _host_name(host: str) -> str:
    """The name or address in a Host header, without port and brackets; empty if it cannot be read."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _set_headers(headers: MutableHeaders, nonce: str) -> None:
    headers["content-security-policy"] = POLICY.format(nonce=nonce)
    headers["x-content-type-options"] = "nosniff"
    headers["x-frame-options"] = "DENY"
    headers["referrer-policy"] = "no-referrer"
    headers["permissions-policy"] = "camera=(), microphone=(), geolocation=()"


async def _send_page(app: ASGIApp, scope: Scope, receive: Receive, send: Send, nonce: str) -> None:
    """Send Gradio's page with the nonce on its scripts, the visitor's language on `<html>`, and no preview images of other sites."""
    headers = Headers(scope=scope)
    language = preferred_language(headers.get("accept-language", ""))
    uncompressed = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
    start: Message = {}
    body = bytearray()

    async def collect(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
            return
        body.extend(message.get("body", b""))
        if message.get("more_body", False):
            return
        page = _SCRIPT_TAG.sub(f'<script nonce="{nonce}"'.encode(), bytes(body))
        page = _META_TAG.sub(b"", page).replace(b'lang="en"', f'lang="{language}"'.encode(), 1)
        changed = MutableHeaders(scope=start)
        if scope["method"] != "HEAD":
            changed["content-length"] = str(len(page))
        changed["cache-control"] = "no-store"
        await send(start)
        await send({"type": "http.response.body", "body": page})

    await app({**scope, "headers": uncompressed}, receive, collect)
