"""Serve the chat page: where it listens, who may open it, and how it stops.

Knows uvicorn, the guard and the application. What is wrong with the host, the index or the port is said before the server starts.
"""

import contextlib
import errno
import ipaddress
import os
import socket
import webbrowser
from typing import TYPE_CHECKING

from rag.config import Config
from rag.errors import IndexMissing, InputError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from rag.pipeline import Pipeline

PASSWORD_VARIABLE = "RAG_PASSWORD"  # noqa: S105 - the name of a variable
PORT_COUNT = 65_536
PORTS_TRIED = 100
SHUTDOWN_SECONDS = 2


def serve(config: Config, host: str = "127.0.0.1", port: int = 7860, open_browser: bool = False) -> None:
    """Open the index and serve the page until Ctrl-C; a password in RAG_PASSWORD is asked of every visitor.

    Raises:
        InputError: a host or port that cannot be used, or a host that others can reach without a password.
        RagError: what `Pipeline.open` raises: the index is damaged or made by other models.
    """
    password = os.environ.get(PASSWORD_VARIABLE, "")
    check_host(host, password)
    with contextlib.closing(open_pipeline(config)) as pipeline, bind(host, port) as listener:
        app = build_app(pipeline, password=password, host=host)
        with contextlib.suppress(KeyboardInterrupt):
            run(app, listener, page_address(host, listener.getsockname()[1]), open_browser=open_browser)


def open_pipeline(config: Config) -> "Pipeline":
    """The pipeline over the index of `config`; where there is none, over an empty one that is made, to add documents to on the page.

    Raises:
        RagError: see `Pipeline.open`.
    """
    from rag.pipeline import Pipeline

    try:
        return Pipeline.open(config)
    except IndexMissing:
        if config.index.url is not None:
            raise
    from rag.embed import load_embedder
    from rag.index.sync import sync_documents

    sync_documents(config, load_embedder(config.embedding.model, device=config.embedding.device), ())
    print(f"There was no index at {config.index.path}, so an empty one was made: add documents on the page, or with rag index.", flush=True)
    return Pipeline.open(config)


def build_app(pipeline: "Pipeline", password: str = "", host: str = "127.0.0.1") -> "ASGIApp":
    """The page as an ASGI application, guard included; without a `password` it answers only to the names of this machine and to `host`.

    Raises:
        RagError: one of the configured collections cannot be used.
    """
    from rag.chat.app import App
    from rag.chat.guard import LOOPBACK_NAMES, Guard

    return Guard(App(pipeline, password), None if password else LOOPBACK_NAMES | {host})


def check_host(host: str, password: str) -> None:
    """Refuse a host that other machines can reach, unless visitors need a password.

    Raises:
        InputError: the host is not loopback and there is no password.
    """
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback and not password:
        raise InputError(
            f"The host {host!r} can be reached from other machines: set a password for the page in the environment variable "
            f"{PASSWORD_VARIABLE}, or leave out --host to serve this machine only."
        )


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens on the address (visitors wait until it is served); port 0 takes any free one.

    Raises:
        InputError: the port is taken or not allowed, or the host is not an address of this machine.
    """
    unusable = f"Port {port} cannot be used; choose one from 1024 to 65535, for example --port 7860."
    if not 0 <= port < PORT_COUNT:  # getaddrinfo would take the remainder
        raise InputError(unusable)
    try:
        return _bind(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise InputError(f"Port {port} is in use; the next free one is --port {_next_free_port(host, port)}.") from error
        if error.errno == errno.EACCES:
            raise InputError(unusable) from error
        raise InputError(f"The host {host!r} is not an address of this machine; leave out --host to use 127.0.0.1.") from error


def page_address(host: str, port: int) -> str:
    """The URL to open on this machine for a host that is listened on; the wildcards are no address, so they become loopback."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def run(app: "ASGIApp", listener: socket.socket, address: str, *, open_browser: bool) -> None:
    """Serve `app` on a listening socket until Ctrl-C (KeyboardInterrupt); print the address, and open it, as soon as it answers."""
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            print(f"The page is at {address} (Ctrl-C stops it).", flush=True)
            if open_browser:
                webbrowser.open(address)

    settings = uvicorn.Config(app, log_level="warning", access_log=False, ws="none", timeout_graceful_shutdown=SHUTDOWN_SECONDS)
    Server(settings).run(sockets=[listener])


def _bind(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # on Windows the option would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()  # with SO_REUSEADDR it is this, not bind, that fails when the port is taken
    except BaseException:
        listener.close()
        raise
    return listener


def _next_free_port(host: str, port: int) -> int:
    """The first port after `port` that can be bound; 0, which means any, if none of the next hundred can."""
    for candidate in range(port + 1, min(port + 1 + PORTS_TRIED, PORT_COUNT)):
        with contextlib.suppress(OSError):
            _bind(host, candidate).close()
            return candidate
    return 0
