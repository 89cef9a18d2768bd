"""Who may come in: a visitor is known by a random cookie; where there is a password, only those who gave it get one.

The cookie is out of reach of scripts and is not sent along by other sites. Knows what a request is, and nothing of questions.
"""

import hmac
import time
from collections import OrderedDict, deque

from starlette.requests import HTTPConnection
from starlette.responses import Response

from rag.chat.visitors import Visitor, Visitors

TRIES = 10
TRY_SECONDS = 60.0
ADDRESSES_KEPT = 1_000


class Door:
    """Finds the visitor of a request; lets new ones in."""

    def __init__(self, visitors: Visitors, password: str) -> None:
        self.visitors = visitors
        self.password = password
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()

    def visitor(self, request: HTTPConnection | None) -> Visitor | None:
        """The visitor who sent this request, if known."""
        return self.visitors.find(request.cookies.get(cookie_name(request))) if request is not None else None

    def let_in(self, request: HTTPConnection, response: Response) -> Visitor:
        """Make a new visitor, whose cookie `response` sets."""
        visitor = self.visitors.welcome()
        secure = request.url.scheme == "https"
        response.set_cookie(cookie_name(request), visitor.token, httponly=True, samesite="lax", secure=secure, path="/")
        return visitor

    def may_try(self, request: HTTPConnection) -> bool:
        """Whether this address may try another password now."""
        failed = self._failed.get(_address(request), deque[float]())
        while failed and time.monotonic() - failed[0] > TRY_SECONDS:
            failed.popleft()
        return len(failed) < TRIES

    def is_password(self, request: HTTPConnection, given: str) -> bool:
        """Whether `given` is the password; a wrong one counts against the address."""
        if hmac.compare_digest(given.encode("utf-8", "replace"), self.password.encode("utf-8", "replace")):
            return True
        failed = self._failed.setdefault(_address(request), deque(maxlen=TRIES))
        failed.append(time.monotonic())
        self._failed.move_to_end(_address(request))
        while len(self._failed) > ADDRESSES_KEPT:
            self._failed.popitem(last=False)
        return False


def cookie_name(request: HTTPConnection) -> str:
    """Browsers share cookies between the ports of a machine, so each page has its own."""
    server = request.scope.get("server")
    return f"rag-visitor-{server[1] if server else 0}"


def _address(request: HTTPConnection) -> str:
    return request.client.host if request.client else ""
