"""What the page does while nobody asks: contextual vectors of the passages that have none yet (`rag.index.contextual`).

One thread, which looks every second whether there is something to do. It stops within a few texts when a question comes or files are
added, and goes on when these have been over for a while. Only the configured collections: a visitor's own files are seen to when they
are added.
"""

import threading
from pathlib import Path

from rag.chat.library import Library
from rag.errors import RagError
from rag.index.contextual import deepen
from rag.index.store import FILE

IDLE_SECONDS = 10.0
LOOK_SECONDS = 1.0


class Deepening:
    """The thread; `start` and `stop` once each."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._stopped = threading.Event()
        self._seen: dict[Path, object] = {}
        self._thread = threading.Thread(target=self._run, name="deepening", daemon=True)

    def start(self) -> None:
        """Begin to look, if contextual vectors are used at all."""
        if self._library.first.contextual is not None:
            self._thread.start()

    def stop(self) -> None:
        """Stop, and wait until nothing is computed or written any more."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            for collection in self._library.shared:
                if collection.index.url is None and not self._is_to_stop():
                    self._deepen(collection.index.path)

    def _deepen(self, folder: Path) -> None:
        """Compute what this index lacks, unless it has not changed since it lacked nothing, or could not be written."""
        encoder = self._library.first.contextual
        state = _state(folder)
        if encoder is None or self._seen.get(folder) == state:
            return
        try:
            missing = deepen(folder, encoder, stop=self._is_to_stop).missing
        except (RagError, OSError, RuntimeError):  # whoever asks is told; here it is enough not to try again before something has changed
            missing = 0
        if not missing:
            self._seen[folder] = state

    def _is_to_stop(self) -> bool:
        return self._stopped.is_set() or self._library.idle_seconds() < IDLE_SECONDS


def _state(folder: Path) -> object:
    """Changes when a sync writes the index."""
    states = []
    for name in (FILE, f"{FILE}-wal"):
        try:
            states.append((folder / name).stat().st_mtime_ns)
        except OSError:
            states.append(0)
    return states
