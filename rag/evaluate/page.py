"""The report as one HTML file."""

from collections.abc import Mapping, Sequence
from typing import Any

from rag.evaluate.score import Outcome


def render_page(results: Mapping[str, Any], outcomes: Sequence[Outcome], *, command: str, signed_by: str | None, digest: str) -> str:
    """The whole page."""
    return f"{results['dataset']} {len(outcomes)} {command} {signed_by} {digest}"
