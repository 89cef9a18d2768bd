"""What is needed to repeat a run, and what it ran on.

The first is part of the results and equal for two equal runs; the second is not.
"""

import datetime as dt
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from rag import __version__
from rag.config import Config, without_credentials
from rag.evaluate.statistics import RESAMPLES, SEED
from rag.paths import PACKAGE


def describe_run(config: Config) -> dict[str, Any]:
    """Version, code, seed and all settings. The place of the index is left out: it is not a setting that changes a result."""
    settings = settings_to_show(config)
    return {"version": __version__, "code": _commit(), "seed": SEED, "resamples": RESAMPLES, "config": settings}


def settings_to_show(config: Config) -> dict[str, Any]:
    """All settings but the place of the index; what an address holds of a user name, password or key is left out."""
    settings = config.model_dump(mode="json", exclude={"index"})
    if config.llm.base_url:
        settings["llm"]["base_url"] = without_credentials(config.llm.base_url)
    return settings


def describe_machine(index: Path, seconds: float) -> dict[str, Any]:
    """Time and memory that the run took, the size of the index in bytes, and the machine."""
    return {
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "peak_memory_mib": _peak_memory(),
        "index_bytes": sum(file.stat().st_size for file in index.rglob("*") if file.is_file()),
        "cores": os.cpu_count(),
        "machine": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _peak_memory() -> int | None:
    """In MiB; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2))


def _commit() -> str | None:
    """The commit of the code, with "-dirty" if it was changed since; None outside of a checkout."""
    if not (PACKAGE.parent / ".git").exists():
        return None
    command = ["git", "-C", str(PACKAGE.parent), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()  # noqa: S603 - fixed words
    except (OSError, subprocess.SubprocessError):
        return None
