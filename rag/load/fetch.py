"""Web pages by their address, saved as files that are then indexed like any other. Off unless `load.urls` is true.

Only http and https, only public addresses: a name is resolved once for each connection, every address that it has is checked, and the
connection goes to the address that was checked, so that nothing can change in between; a redirect begins anew. Size and time are limited,
proxies and cookies are not used, and nothing that a page points to is fetched.
"""

import hashlib
import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import SplitResult, urljoin, urlsplit

from rag import __version__
from rag.errors import LoadError
from rag.load.formats import SUFFIXES
from rag.load.limits import Limits, megabytes

SCHEMES = ("http", "https")
MOST_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)
CHUNK = 65_536
LONGEST_URL = 2_000
LONGEST_PART = 80
DEEPEST = 8
TYPES = {
    "text/html": ".html", "application/xhtml+xml": ".html", "text/plain": ".txt", "text/markdown": ".md", "application/pdf": ".pdf",
    "text/csv": ".csv", "application/json": ".json", "application/epub+zip": ".epub",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.oasis.opendocument.text": ".odt",
}  # fmt: skip
# Addresses that stand for an IPv4 address: https://www.rfc-editor.org/rfc/rfc6052
NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_url(text: str) -> bool:
    """Whether an argument is the address of a page and not a path."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*:/", text) is not None and not Path(text).exists()


def save_page(url: str, folder: Path, limits: Limits) -> Path:
    """Fetch a page into `folder`, under a name made of its address; returns the file.

    Raises:
        LoadError: it cannot be fetched, or must not; a copy that was saved before stays.
    """
    data, suffix = fetch(url, limits)
    file = folder / saved_name(url, suffix)
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name[:60]}.new")
    new.write_bytes(data)
    new.replace(file)
    return file


def fetch(url: str, limits: Limits, is_allowed: Callable[[Address], bool] | None = None) -> tuple[bytes, str]:
    """The bytes of a page, and the suffix of its format.

    Args:
        url: its address.
        limits: its largest size, and the longest time for all of it.
        is_allowed: whether an address may be connected to; None allows public ones.

    Raises:
        LoadError: why it was not fetched.
    """
    deadline = time.monotonic() + limits.seconds
    for _ in range(MOST_REDIRECTS + 1):
        parts = _checked(url)
        connection = _Connection(parts, is_allowed or is_public, deadline)
        try:
            with _ended_at(deadline, connection), closing(_get(connection, parts)) as answer:
                if answer.status not in REDIRECTS:
                    return _body(answer, limits.max_bytes, deadline), _suffix(answer, parts)
                url = urljoin(url, answer.getheader("Location") or "")
        except (OSError, http.client.HTTPException, ValueError) as error:
            if time.monotonic() >= deadline:
                raise LoadError(f"took longer than {limits.seconds:g} s (raise load.max_seconds)") from None
            raise LoadError(f"could not be fetched ({' '.join(str(error).split())[:100] or type(error).__name__})") from error
        finally:
            connection.close()
        if parts.scheme == "https" and url.startswith("http:"):
            raise LoadError("redirected from https to http, which is not followed")
    raise LoadError(f"redirected more than {MOST_REDIRECTS} times")


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet, also when it stands for another one."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if address.teredo:
            return False
        if inner is not None:
            return is_public(inner)
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def saved_name(url: str, suffix: str) -> str:
    """The name that a page is saved under: host and path, in letters that every file system takes."""
    parts = urlsplit(url)
    names = [part for part in (parts.netloc.rpartition("@")[2], *parts.path.split("/")) if part]
    whole = [re.sub(r"[^\w.-]", "_", name.lower() if number == 0 else name).lstrip(".") or "_" for number, name in enumerate(names)]
    kept = [name[:LONGEST_PART] for name in whole][:DEEPEST]
    stem = kept[-1].removesuffix(suffix) if len(kept) > 1 else "index"
    folders = kept[:-1] if len(kept) > 1 else kept
    if parts.query or kept != names:
        stem += f"-{hashlib.sha256(url.encode('utf-8', 'replace')).hexdigest()[:8]}"
    return "/".join([*folders, stem + suffix])


def _checked(url: str) -> SplitResult:
    """The parts of an address that may be asked for a page."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise LoadError(f"not a valid address ({error})") from error
    if parts.scheme not in SCHEMES or not parts.hostname or port == 0:
        raise LoadError("only http:// and https:// addresses are fetched")
    if len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        raise LoadError("not a valid address")
    return parts


class _Connection(http.client.HTTPConnection):
    """A connection to an address that was checked."""

    def __init__(self, parts: SplitResult, is_allowed: Callable[[Address], bool], deadline: float) -> None:
        self._secure = parts.scheme == "https"
        super().__init__(parts.hostname or "", parts.port or (443 if self._secure else 80))
        self._is_allowed = is_allowed
        self._deadline = deadline

    def connect(self) -> None:
        """Resolve the name, check what comes, and connect to exactly that.

        Raises:
            LoadError: one of its addresses is not allowed.
            OSError: it cannot be reached.
        """
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        for *_, place in found:
            if not self._is_allowed(ipaddress.ip_address(str(place[0]).partition("%")[0])):
                raise LoadError(f"{self.host} is {place[0]}, which is not a public address")
        last: OSError | None = None
        for family, kind, protocol, _, place in found:
            joined = socket.socket(family, kind, protocol)
            try:
                joined.settimeout(max(0.1, self._deadline - time.monotonic()))
                joined.connect(place)
                self.sock = ssl.create_default_context().wrap_socket(joined, server_hostname=self.host) if self._secure else joined
            except OSError as error:
                joined.close()
                last = error
                continue
            return
        raise last or OSError("no address")


class _ended_at:  # noqa: N801 - used like a function
    """Ends a connection at a point of time, however slowly the other side goes on sending."""

    def __init__(self, deadline: float, connection: _Connection) -> None:
        self._connection = connection
        self._timer = threading.Timer(max(0.0, deadline - time.monotonic()), self._end)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _end(self) -> None:
        if self._connection.sock is not None:
            try:
                self._connection.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended already


def _get(connection: _Connection, parts: SplitResult) -> http.client.HTTPResponse:
    path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    headers = {"User-Agent": f"rag/{__version__}", "Accept": "text/html, */*;q=0.5", "Accept-Encoding": "identity"}
    connection.request("GET", path.encode("utf-8").decode("latin-1") if path.isascii() else _quoted(path), headers=headers)
    return connection.getresponse()


def _quoted(path: str) -> str:
    from urllib.parse import quote

    return quote(path, safe="/%?&=:;,+@~!$'()*")


def _body(answer: http.client.HTTPResponse, most: int, deadline: float) -> bytes:
    if answer.status != http.client.OK:
        raise LoadError(f"the server answered {answer.status} {answer.reason[:60]}")
    if answer.getheader("Content-Encoding", "identity").lower() != "identity":
        raise LoadError("the server sent it compressed without being asked to")
    chunks: list[bytes] = []
    size = 0
    while chunk := answer.read1(CHUNK):
        chunks.append(chunk)
        size += len(chunk)
        if size > most:
            raise LoadError(f"too large (more than {megabytes(most)} MB; raise load.max_megabytes)")
        if time.monotonic() > deadline:
            raise TimeoutError
    if time.monotonic() > deadline or (answer.length or 0) > 0:
        raise ConnectionError("the connection ended in between")
    return b"".join(chunks)


def _suffix(answer: http.client.HTTPResponse, parts: SplitResult) -> str:
    kind = answer.headers.get_content_type()
    suffix = Path(parts.path).suffix.lower()
    if kind in TYPES:
        return suffix if suffix in SUFFIXES and kind == "text/plain" else TYPES[kind]
    if suffix in SUFFIXES:
        return suffix
    raise LoadError(f"unsupported format {kind}")
