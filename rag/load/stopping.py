"""The first Ctrl-C asks for an end where nothing is left half done; the second one is an ordinary KeyboardInterrupt."""

import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any


class Stopping:
    """While it is entered, `asked` says whether somebody has pressed Ctrl-C: in the main thread only, and if it is `allowed`."""

    def __init__(self, finishing: str) -> None:
        self.asked = False
        self.allowed = True
        self._finishing = finishing
        self._before: Any = None

    def __enter__(self) -> "Stopping":
        # Where Ctrl-C is ignored or somebody else's, it stays so.
        if (
            self.allowed
            and threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        ):
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        sys.stderr.write(f"\n{self._finishing}\n")
