"""What stands between the network and the page: which requests pass, and the headers that every response carries.

Content of documents and models is untrusted. Should a tag slip through `rag.chat.escape` all the same, the Content-Security-Policy keeps it
from running, from loading anything off the origin and from posting a form elsewhere. Knows nothing of questions and answers.
"""

from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

# No script, style or picture but the files of this page: no inline code, no `eval`, no style attributes, no data: or other addresses.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # with none at all, browsers send forms with the origin "null"
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
BODY_BYTES = 65_536
"""The longest body of a request that is no upload; uploads are measured as they come."""


class Guard:
    """ASGI middleware around the page.

    `host_names` are the Host headers that are served (against DNS rebinding: a page of another site whose name was pointed at this
    machine); None serves any, which is for pages behind a password.
    """

    def __init__(self, app: ASGIApp, host_names: frozenset[str] | None) -> None:
        self.app = app
        self.host_names = host_names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it with a sentence."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if "cache-control" not in headers:
                    headers["cache-control"] = "no-store"
            await send(message)

        refusal = self._refuse(scope, Headers(scope=scope))
        await (refusal or self.app)(scope, receive, send_guarded)

    def _refuse(self, scope: Scope, headers: Headers) -> PlainTextResponse | None:
        host = _host_name(headers.get("host", ""))
        if self.host_names is not None and host not in self.host_names:
            return PlainTextResponse(f"{host!r} is no name of this page; use the address that `rag chat` printed.", HTTPStatus.FORBIDDEN)
        origin = headers.get("origin")
        served = {headers.get("host"), headers.get("x-forwarded-host")}
        if origin is not None and urlsplit(origin).netloc not in served:
            return PlainTextResponse(f"Requests from {origin!r} are not served.", HTTPStatus.FORBIDDEN)
        length = headers.get("content-length")
        if length is None and "transfer-encoding" in headers:
            return PlainTextResponse("Say how long the body is (Content-Length).", HTTPStatus.LENGTH_REQUIRED)
        if scope["method"] != "PUT" and length is not None and (not length.isdigit() or int(length) > BODY_BYTES):
            return PlainTextResponse(f"The request is longer than {BODY_BYTES:,} bytes.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return None


def _host_name(host: str) -> str:
    """The name or address in a Host header, without port and brackets; empty if it cannot be read."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
