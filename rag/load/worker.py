"""A worker process: reads files that may be hostile, one after the other, under limits that the operating system enforces.

It is started by `rag.load.workers`, takes a task in each message on standard input and answers on standard output, as JSON. It can write
no file, open no connection and start no program but Tesseract; when its memory is used up it says so or dies, which costs this one file.
"""

import base64
import json
import math
import os
import struct
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from rag.errors import LoadError
from rag.load.limits import Limits, megabytes
from rag.types import Document, Heading

LENGTH = struct.Struct(">Q")
# A process that has taken this share of the memory does not do the next file.
WORN = 0.6
FORBIDDEN = ("socket.connect", "socket.bind", "socket.getaddrinfo", "os.system", "os.exec", "os.posix_spawn", "os.fork", "pty.spawn")
FILES_OPEN = 64
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def main() -> None:
    """Answer tasks until standard input ends."""
    limits = Limits(**json.loads(sys.argv[1]))
    tasks, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # Whatever a library prints must not get between the answers.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    _limit(limits)

    def alive() -> None:
        _limit_time(limits.seconds)
        send(answers, {"alive": True})

    while (task := receive(tasks)) is not None:
        _limit_time(limits.seconds)
        answer = _answer(task, limits, alive)
        send(answers, answer | {"worn": _memory_used() > WORN * limits.memory_bytes})


def send(file: BinaryIO, message: dict[str, Any]) -> None:
    """Write a message: its length, then its JSON."""
    data = json.dumps(message).encode("ascii")
    file.write(LENGTH.pack(len(data)) + data)
    file.flush()


def receive(file: BinaryIO, most: int = 1 << 32) -> dict[str, Any] | None:
    """Read a message; None if the other side is gone.

    Raises:
        ValueError: it is none, or longer than `most` bytes.
    """
    head = file.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    if length > most:
        raise ValueError(f"a message of {length} bytes")
    data = file.read(length)
    message: dict[str, Any] | None = json.loads(data) if len(data) == length else None
    return message


def _answer(task: dict[str, Any], limits: Limits, alive: Callable[[], None]) -> dict[str, Any]:
    try:
        return TASKS[task["task"]](task, limits, alive)
    except LoadError as error:
        return {"reason": str(error), "system": isinstance(error.__cause__, OSError) and not isinstance(error.__cause__, FileNotFoundError)}
    except MemoryError:
        return {"reason": f"needs more than {megabytes(limits.memory_bytes)} MB of memory (raise load.max_memory_megabytes)"}
    except RecursionError:
        return {"reason": "nested too deeply to be read"}


def _load(task: dict[str, Any], limits: Limits, alive: Callable[[], None]) -> dict[str, Any]:
    from rag.load.formats import load_file

    return {"document": asdict(load_file(Path(task["path"]), task["source"], limits, alive))}


def _picture(task: dict[str, Any], limits: Limits, _: Callable[[], None]) -> dict[str, Any]:
    from rag.load.find import read_bytes
    from rag.load.pdf_page import picture

    data = read_bytes(Path(task["path"]), limits.max_bytes)
    return {"bytes": base64.b64encode(picture(data, task["page"] - 1, task["width"])).decode("ascii")}


def _marks(task: dict[str, Any], limits: Limits, _: Callable[[], None]) -> dict[str, Any]:
    from rag.load.find import read_bytes
    from rag.load.pdf_marks import PageText, marks

    data = read_bytes(Path(task["path"]), limits.max_bytes)
    found = marks(data, [PageText(**page) for page in task["pages"]], task["sha256"], limits.ocr)
    return {"marks": [[mark.page, mark.rectangles] for mark in found]}


TASKS: dict[str, Callable[[dict[str, Any], Limits, Callable[[], None]], dict[str, Any]]] = {
    "load": _load,
    "picture": _picture,
    "marks": _marks,
}


def document_of(fields: dict[str, Any]) -> Document:
    """The document of the fields that a worker sent.

    Raises:
        TypeError, ValueError: they are not those of a document.
    """
    headings = tuple(Heading(**heading) for heading in fields.pop("headings"))
    return Document(**{**fields, "pages": tuple(fields["pages"]), "headings": headings})


def _limit(limits: Limits) -> None:
    """Let this process do nothing but compute and read; what the system cannot limit (Windows) stays with the time limit."""
    sys.setrecursionlimit(1_000)
    sys.addaudithook(_refuse)
    try:
        import resource
        import signal
    except ImportError:
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that waits for this one
    for what, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, FILES_OPEN),
    ):
        try:
            resource.setrlimit(what, (most, most))
        except (OSError, ValueError):
            continue  # macOS does not limit address space


def _limit_time(seconds: float) -> None:
    """Give this process so many more seconds of processor time; the system ends it when they are used up."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used.ru_utime + used.ru_stime + seconds), resource.RLIM_INFINITY))


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """Called by Python before it does anything that matters outside of this process: https://peps.python.org/pep-0578/"""
    if event in FORBIDDEN:
        raise LoadError("refused: the file made its reader reach for the network or another program")
    if event == "subprocess.Popen" and Path(str(arguments[0])).stem != "tesseract":
        raise LoadError("refused: the file made its reader start another program")
    # A number is a pipe that is open already.
    if event == "open" and isinstance(arguments[0], str | bytes) and isinstance(arguments[2], int) and arguments[2] & WRITING:
        raise LoadError("refused: the file made its reader write a file")


def _memory_used() -> int:
    """The address space that this process has, which is what is limited, in bytes; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0
