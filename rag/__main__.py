"""The entry point, `rag` and `python -m rag`.

Importing the command line takes half a second, in which Ctrl-C may come; and whoever starts a program may have closed its output.
"""

import os
import sys

STOPPED = 130


def main() -> None:
    """Run the command line on the arguments of the process."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the shell (>&-): nobody wants to read it
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - open as long as the process
    try:
        from rag.cli import main as run
    except KeyboardInterrupt:
        sys.stderr.write("rag: stopped.\n")
        sys.exit(STOPPED)
    run()


if __name__ == "__main__":
    main()
