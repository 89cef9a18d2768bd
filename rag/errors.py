"""Every error that this package raises on purpose.

    RagError                      exit 1   a fault of ours, or of a service we call
    ├── InputError                exit 2   a question, path or option that cannot be used
    │   ├── ConfigError           exit 2   a key or value of rag.toml, the environment or a flag
    │   └── LoadError             exit 2   one file that cannot be read (a sync turns it into a skip)
    ├── ModelError                exit 2   a model that is not installed, not there or damaged
    ├── GenerationError           exit 1   a model that failed while it was answering
    ├── Stopped                   exit 1   an answer that nobody waits for any more
    └── StoreError                exit 3   the index
        ├── IndexMissing          exit 3   nothing has been indexed here yet
        ├── IndexDamaged          exit 3   a file of the index is not what was written
        ├── IndexMismatch         exit 3   the index was made by other models or settings
        └── IndexBusy             exit 3   another process is writing to it

A message is one sentence that names the value and the cure. Skins print it as it is and exit with `exit_status`.
"""


class RagError(Exception):
    """Base of all errors raised on purpose; `exit_status` is the exit status of the command line."""

    exit_status = 1


class InputError(RagError):
    """A question, path or option that cannot be used."""

    exit_status = 2


class ConfigError(InputError):
    """A key or value in the configuration that cannot be used."""


class LoadError(InputError):
    """One file that cannot be read; the message is the reason, fit for a summary line."""


class ModelError(RagError):
    """A model that is not installed, cannot be found or does not match its checksum."""

    exit_status = 2


class GenerationError(RagError):
    """A language model that failed while answering: refused, timed out, cut off or malformed."""


class Stopped(RagError):
    """An answer that was given up while a model was writing it, because nobody waits for it any more."""


class StoreError(RagError):
    """Base of everything that is wrong with an index."""

    exit_status = 3


class IndexMissing(StoreError):
    """There is no index at this place."""


class IndexDamaged(StoreError):
    """A file of the index is not what was written."""


class IndexMismatch(StoreError):
    """The index was made by other models or settings than the configured ones."""


class IndexBusy(StoreError):
    """Another process is writing to the index."""


def is_interrupt(error: BaseException | None) -> bool:
    """Whether an error only passes Ctrl-C on: a library in C that is stopped while it is imported says that its import failed."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        error = error.__cause__ or error.__context__
    return any(isinstance(link, KeyboardInterrupt) for link in seen)
