"""The worker processes that read files: started when needed, watched, replaced when they die; files in parallel, results in order.

A file that takes too long costs its worker's life, a file that makes its reader crash costs the same; both are reported as the reason why
this one file is skipped. Messages are JSON (`rag.load.worker`): nothing that a worker says is ever executed here.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from rag.errors import LoadError
from rag.load.formats import load_file
from rag.load.limits import Limits
from rag.load.worker import document_of, receive, send
from rag.types import Document

# What a worker may know of the environment: no keys, no passwords.
PASSED_ON = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LD_LIBRARY_PATH",
    "PYTHONPATH",
    "PYTHONHOME",
    "SYSTEMROOT",
    "TESSDATA_PREFIX",
    "VIRTUAL_ENV",
)
ROOT = Path(__file__).resolve().parents[2]
START = "import sys; sys.path.insert(0, {root!r}); from rag.load.worker import main; main()"
# Short texts are read in this process where there are few: their readers are simple, and starting workers takes longer.
LIGHT_SUFFIXES = (".md", ".markdown", ".txt", ".text")
LIGHT_BYTES = 100_000
FEW_FILES = 64
# Files in work or waiting to be taken, for each worker: what bounds the memory.
AHEAD = 4
TICK = 0.1
# What is limited is processor time, as a busy machine is not the file's fault; a process that waits instead is ended after so many times
# that. Where the system cannot limit processor time (Windows), the time of the clock is limited.
PATIENCE = 6 if os.name == "posix" else 1
OVERTIME = (-signal.SIGXCPU,) if hasattr(signal, "SIGXCPU") else ()
# The most bytes of JSON for a character of text.
ESCAPED = 12


class Worker:
    """One process; `run` is called from one thread at a time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._deadline: float | None = None
        self._overdue = False

    def run(self, task: dict[str, Any]) -> dict[str, Any]:
        """The answer to a task.

        Raises:
            LoadError: the worker says why not, or died, or took too long and was ended.
        """
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        self._overdue = False
        try:
            self._deadline = time.monotonic() + PATIENCE * self._limits.seconds
            send(process.stdin, task)  # type: ignore[arg-type]  # a pipe is a BinaryIO
            while (answer := receive(process.stdout, self._limits.max_bytes * ESCAPED)) is not None and "alive" in answer:  # type: ignore[arg-type]
                self._deadline = time.monotonic() + PATIENCE * self._limits.seconds
        except (OSError, ValueError):
            answer = None
        finally:
            self._deadline = None
        if answer is None:
            raise LoadError(self._fate())
        if answer.get("worn"):
            self.close()
        if "reason" in answer:
            error = LoadError(str(answer["reason"]))
            raise error from (OSError(str(answer["reason"])) if answer.get("system") else None)
        return answer

    def watch(self) -> None:
        """End the process if its time is up."""
        if self._deadline is not None and time.monotonic() > self._deadline:
            self._overdue = True
            self.stop()

    def stop(self) -> None:
        """End the process, and what it started."""
        process = self._process
        if process is not None and process.poll() is None:
            try:
                os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()
            except ProcessLookupError:
                pass

    def close(self) -> None:
        """End the process and wait for that."""
        self.stop()
        self._fate()

    def _start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-B", "-P", "-c", START.format(root=str(ROOT)), json.dumps(self._limits.fields())]
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        group: dict[str, Any] = {"process_group": 0} if os.name == "posix" else {}
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, **group
            )
        except OSError as error:
            raise LoadError(f"no process could be started to read it ({error.strerror or error})") from error
        return self._process

    def _fate(self) -> str:
        """What became of the process, which has ended or is about to."""
        process, self._process = self._process, None
        if process is None:
            return ""
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    pass
        try:
            status = process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        if self._overdue or status in OVERTIME:
            return f"took longer than {self._limits.seconds:g} s (raise load.max_seconds)"
        name = signal.Signals(-status).name if status < 0 and -status in set(signal.Signals) else f"exit status {status}"
        return f"its reader crashed ({name}): the file is damaged or hostile, or needs more memory than load.max_memory_megabytes allows"


class Workers:
    """As many worker processes as there are cores, or as the limits say; a process is started when there is something to do for it."""

    def __init__(self, limits: Limits) -> None:
        count = limits.workers or os.cpu_count() or 1
        self.count = count
        self._every = [Worker(limits) for _ in range(count)]
        self._idle: queue.LifoQueue[Worker] = queue.LifoQueue()
        for worker in self._every:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(count, "rag-load")
        self._closed = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="rag-load-watch", daemon=True)
        self._watcher.start()

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closed.set()
        for worker in self._every:
            worker.stop()
        self._threads.shutdown(cancel_futures=True)
        for worker in self._every:
            worker.close()
        self._watcher.join()

    def submit(self, task: dict[str, Any]) -> "Future[dict[str, Any]]":
        """Have a task done by the next worker that is free."""
        return self._threads.submit(self._run, task)

    def _run(self, task: dict[str, Any]) -> dict[str, Any]:
        worker = self._idle.get()
        try:
            if self._closed.is_set():
                raise LoadError("stopped")
            return worker.run(task)
        finally:
            self._idle.put(worker)

    def _watch(self) -> None:
        while not self._closed.wait(TICK):
            for worker in self._every:
                worker.watch()


Loaded = Document | LoadError


@contextmanager
def loading(files: Sequence[tuple[Path, str]], limits: Limits, stopped: Callable[[], bool] = lambda: False) -> Iterator[Iterator[Loaded]]:
    """Read files (path, source name) on all cores, a few ahead of what is taken: a `Document` or why there is none, in the given order.

    Args:
        files: what to read.
        limits: what each file may cost, and how many worker processes there are.
        stopped: asked while waiting; once it says yes, there are no more documents.
    """
    if all(_is_light(path, len(files)) for path, _ in files):
        yield (_here(path, source, limits) for path, source in files)
        return
    with Workers(limits) as workers:
        yield _in_order(workers, files, limits, stopped)


def _in_order(workers: Workers, files: Sequence[tuple[Path, str]], limits: Limits, stopped: Callable[[], bool]) -> Iterator[Loaded]:
    waiting: deque[tuple[Path, str, Future[dict[str, Any]] | None]] = deque()
    coming = iter(files)
    while True:
        while len(waiting) < AHEAD * workers.count and (file := next(coming, None)) is not None:
            path, source = file
            light = _is_light(path, len(files))
            waiting.append(
                (path, source, None if light else workers.submit({"task": "load", "path": str(path.absolute()), "source": source}))
            )
        if not waiting:
            return
        path, source, future = waiting.popleft()
        if future is None:
            yield _here(path, source, limits)
            continue
        while not future.done():
            if stopped():
                return
            try:
                future.exception(timeout=TICK)
            except TimeoutError:
                continue
        yield _outcome(future)


def _outcome(future: "Future[dict[str, Any]]") -> Loaded:
    try:
        return document_of(future.result()["document"])
    except LoadError as error:
        return error
    except (KeyError, TypeError, ValueError):
        return LoadError("its reader gave an answer that is none")


def _here(path: Path, source: str, limits: Limits) -> Loaded:
    try:
        return load_file(path, source, limits)
    except LoadError as error:
        return error


def _is_light(path: Path, count: int) -> bool:
    """Whether a file is to be read in this process."""
    if path.suffix.lower() not in LIGHT_SUFFIXES or count > FEW_FILES:
        return False
    try:
        return path.stat().st_size <= LIGHT_BYTES
    except FileNotFoundError:
        return True  # what is gone is no danger
    except OSError:
        return False


def ask(task: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """Have one task done by a worker of its own.

    Raises:
        LoadError: why it was not.
    """
    with Workers(Limits(**{**limits.fields(), "workers": 1})) as workers:
        return workers.submit(task).result()
