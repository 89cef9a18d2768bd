"""A program for `test_torture`: forks a child for each sync that it is told to run, and ends it as it is told.

Reads one JSON object a line: {"docs", "index"} and either "point" and "times" (the child ends itself by SIGKILL when it has reached that
point of the sync so often) or "after" (it is ended after so many seconds). Answers with the status of the child and the seconds it took.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from rag.config import Config, IndexConfig
from rag.errors import RagError
from rag.index import faults
from rag.index.sync import sync
from rag.testing import HashEmbedder


def run(command: dict[str, object]) -> int:
    """One sync; 0 if it was whole, 3 if it said why it was not."""
    left = int(command.get("times", 0))

    def reached(point: str) -> None:
        nonlocal left
        if point == command.get("point"):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    faults.reached = reached
    try:
        sync(Config(index=IndexConfig(path=Path(command["index"]))), HashEmbedder(32), [Path(command["docs"])])
    except RagError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    return 0


def main() -> None:
    """Serve until standard input ends."""
    for line in sys.stdin:
        command = json.loads(line)
        started = time.monotonic()
        child = os.fork()
        if child == 0:
            os._exit(run(command))
        if "after" in command:
            time.sleep(command["after"])
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        seconds = time.monotonic() - started
        sys.stdout.write(json.dumps({"status": os.waitstatus_to_exitcode(status), "seconds": seconds}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
