"""Waiting for a server in an event loop, which can be broken off at once; a thread that reads from a socket cannot.

All requests share one loop in one daemon thread, because the connections that a client keeps open belong to the loop that opened them.
"""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import wait
from functools import cache
from typing import Any

LOOK_SECONDS = 0.05


def run_until(stop: threading.Event, work: Coroutine[Any, Any, None]) -> None:
    """Run `work` in the context of the caller, and wait for its end; once `stop` is set it is cancelled, which closes what it has open.

    Raises:
        Exception: what `work` raises.
    """
    future = asyncio.run_coroutine_threadsafe(work, _loop())
    while not wait([future], LOOK_SECONDS).done:
        if stop.is_set():
            future.cancel()
            return
    future.result()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="rag-requests", daemon=True).start()
    return loop
