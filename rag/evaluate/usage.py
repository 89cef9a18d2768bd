"""Tokens that chat models used and what they cost, as far as the provider tells.

LangChain counts them in a callback that follows the calls of one context. Servers that tell nothing (many local ones) leave it empty.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from rag.evaluate.score import Outcome

PER = 1_000_000
USAGES = {"usage": "Tokens", "judge_usage": "Tokens of the judge"}
"""Where resources tell what was used, and what that is called."""

Tokens = tuple[int, int]


class Usage:
    """What was used so far; `counted` holds LangChain's figures by model, `price` is of a million tokens in and out."""

    def __init__(self, counted: Mapping[str, Any], price: tuple[float, float] | None) -> None:
        self._counted = counted
        self._price = price

    @property
    def tokens(self) -> Tokens:
        """In and out."""
        models = list(self._counted.values())
        return sum(int(own["input_tokens"]) for own in models), sum(int(own["output_tokens"]) for own in models)

    def __call__(self, earlier: Iterable[Tokens] = ()) -> dict[str, Any]:
        """{"usage": ...} with what was used `earlier` added, or {} where nothing was told."""
        tokens_in, tokens_out = (sum(own) for own in zip(self.tokens, *earlier, strict=True))
        if not tokens_in + tokens_out:
            return {}
        cost = {"cost": round((tokens_in * self._price[0] + tokens_out * self._price[1]) / PER, 6)} if self._price else {}
        return {"usage": {"tokens_in": tokens_in, "tokens_out": tokens_out, **cost}}

    def told_each(self, keep: Callable[[Outcome], None]) -> Callable[[Outcome], None]:
        """`keep`, given outcomes that know what was used since the one before."""
        before = self.tokens

        def keep_with_tokens(outcome: Outcome) -> None:
            nonlocal before
            now = self.tokens
            keep(replace(outcome, tokens=(now[0] - before[0], now[1] - before[1])))
            before = now

        return keep_with_tokens


@contextmanager
def counted_tokens(price: tuple[float, float] | None = None, *, enabled: bool = True) -> Iterator[Usage]:
    """Count while the context is open; `price` is of a million tokens in and out, in whatever currency.

    Not `enabled`, nothing is counted and LangChain is not loaded.
    """
    if not enabled:
        yield Usage({}, price)
        return
    from langchain_core.callbacks import get_usage_metadata_callback

    with get_usage_metadata_callback() as counter:
        yield Usage(counter.usage_metadata, price)


def describe_usage(usage: Mapping[str, Any]) -> str:
    """Tokens and cost in words."""
    cost = f", cost {usage['cost']:.4f}" if "cost" in usage else ""
    return f"{usage['tokens_in']:,} in, {usage['tokens_out']:,} out{cost}"
