"""Every failure as HTML: its question, what should have been cited, what was said and cited, and why it failed."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

CAUSES = {
    "not retrieved": "None of the passages that the answer was made from holds the evidence.",
    "retrieved but not used": "A passage with the evidence was there, and no citation is in it.",
    "wrong citation": "The right passage was cited, but other words of it.",
    "should have refused": "The documents do not say, and it answered.",
    "should not have refused": "The evidence was there, and it refused.",
}
OPEN = 1
"""Failures of each cause that are shown unfolded."""


def render_failures(failures: Sequence[Mapping[str, Any]]) -> str:
    """A section with the failures by cause; empty without any."""
    if not failures:
        return ""
    parts = []
    for cause, meaning in CAUSES.items():
        members = [failure for failure in failures if failure["cause"] == cause]
        if members:
            shown = "".join(_failure(failure, unfolded=place < OPEN) for place, failure in enumerate(members))
            parts.append(f'<h3>{cause.capitalize()} ({len(members)})</h3><p class="note">{meaning}</p>{shown}')
    return f'<h2 id="failures">Failures</h2>{"".join(parts)}'


def _failure(failure: Mapping[str, Any], *, unfolded: bool) -> str:
    facts: list[tuple[str, str]] = []
    if failure.get("history"):
        turns = "".join(
            f"<p>{_escape(turn['question'])}<br><span class=muted>{_escape(turn['answer'])}</span></p>" for turn in failure["history"]
        )
        facts += [("Asked before", turns), ("Understood as", _escape(failure["standalone_question"]))]
    if failure["evidence"]:
        facts.append(
            (
                "Should be cited" if len(failure["evidence"]) == 1 else "Any of these",
                "".join(_quote(item, "gold") for item in failure["evidence"]),
            )
        )
    facts += [("Answer", _escape(failure["answer"])), ("Cited", "".join(_quote(item, "") for item in failure["quotes"]) or "nothing")]
    facts.append(("Where", _where(failure)))
    body = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts)
    head = f"<span class=id>{_escape(failure['id'])}</span>{_escape(failure['question'])}"
    return f"<details{' open' if unfolded else ''}><summary>{head}</summary><div><dl>{body}</dl></div></details>"


def _where(failure: Mapping[str, Any]) -> str:
    """Rank of the evidence, confidence, kind and language, as far as they are known."""
    told = [f"kind {failure['kind']}", f"language {failure['language']}"]
    if failure["evidence"]:
        rank = failure.get("first_relevant")
        told.insert(0, f"evidence at rank {rank}" if rank else "evidence not among the first hundred passages")
    if failure.get("confidence") is not None:
        told.append(f"confidence {failure['confidence']:.2f}")
    return _escape(", ".join(told))


def _quote(item: Mapping[str, str], style: str) -> str:
    return f'<blockquote class="{style}">{_escape(item["quote"])}<cite>{_escape(item["source"])}</cite></blockquote>'


def _escape(text: object) -> str:
    return html.escape(str(text))
