"""What reading one file may cost at the most. Plain numbers, which travel to the worker processes."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.config import LoadConfig

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """`max_bytes` of a file, and of its text; `seconds` and `memory_bytes` for reading it; `workers` processes (0: one for each core).

    `ocr` names the languages that scanned pages are read in, as Tesseract calls them ("spa+eng"); "" leaves them unread.
    """

    max_bytes: int = 50 * MEGABYTE
    seconds: float = 20.0
    memory_bytes: int = 512 * MEGABYTE
    workers: int = 0
    ocr: str = ""

    @classmethod
    def of(cls, load: "LoadConfig") -> "Limits":
        """The limits that a configuration sets."""
        return cls(
            max_bytes=int(load.max_megabytes * MEGABYTE),
            seconds=load.max_seconds,
            memory_bytes=int(load.max_memory_megabytes * MEGABYTE),
            workers=load.workers,
            ocr=load.ocr_languages if load.ocr else "",
        )

    def fields(self) -> dict[str, Any]:
        """As a dictionary that JSON can hold."""
        return asdict(self)


def megabytes(size: int) -> str:
    """A size in bytes as people write it."""
    return f"{size / MEGABYTE:.3g}"
