"""`rag index --deep`, and what every `rag index` does behind its sync: contextual vectors (`rag.index.contextual`), with a progress bar.

A part of the command line: it decides when, not how.
"""

import sys
from typing import TYPE_CHECKING

from rag.config import Config
from rag.errors import InputError
from rag.output import progress_bars

if TYPE_CHECKING:
    from rag.index.contextual import Coverage


def check_deep(settings: Config, *, only_looks: bool) -> None:
    """Refuse --deep where it could do nothing.

    Raises:
        InputError: it could not.
    """
    if settings.index.url:
        raise InputError("An index in Milvus (index.url) has no contextual vectors; leave out --deep.")
    if not settings.retrieval.contextual:
        raise InputError("retrieval.contextual is false, so that contextual vectors are not used; leave out --deep, or set it to true.")
    if only_looks:
        raise InputError("--dry-run and --preview compute nothing; leave them out, or leave out --deep.")


def deepened(settings: Config, *, deep: bool, as_json: bool) -> "Coverage | None":
    """Compute the contextual vectors that are missing, if they are few or all are wanted; what there is then, None where there are none."""
    from rag.index.contextual import AT_ONCE, coverage, deepen
    from rag.read import Reader, contextual_fingerprint

    folder = settings.index.path
    if settings.index.url or not settings.retrieval.contextual:
        return None
    fingerprint = contextual_fingerprint()
    covered = coverage(folder, fingerprint)
    if not deep and not 0 < covered.missing <= AT_ONCE:
        return covered
    reader = Reader()
    try:
        with progress_bars(as_json) as progress:
            return deepen(folder, reader, progress, at_most=None if deep else AT_ONCE, thorough=deep)
    except KeyboardInterrupt:
        covered = coverage(folder, fingerprint)
        sys.stderr.write(f"rag: {covered.done:,} of {covered.total:,} contextual vectors are computed and kept.\n")
        raise
