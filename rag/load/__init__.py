"""Files to `Document`s: finds the files below the given paths and reads each by the reader of its suffix, in worker processes with limits.

    find_files -> load_files (workers: formats -> a reader -> Parsed) -> Document

It does not know the index: what changed since the last time is for `rag.index` to say.
"""

from rag.load.find import find_files
from rag.load.formats import READERS, SUFFIXES, content_sha256, load_file
from rag.load.limits import Limits
from rag.load.pdf_marks import Mark
from rag.load.stopping import Stopping
from rag.load.views import page_picture, rectangles
from rag.load.workers import loading

__all__ = [
    "READERS", "SUFFIXES", "Limits", "Mark", "Stopping", "content_sha256", "find_files", "load_file", "loading", "page_picture",
    "rectangles",
]  # fmt: skip
