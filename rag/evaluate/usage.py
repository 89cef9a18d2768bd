"""Tokens that chat models used and what they cost, as far as the provider tells.

LangChain counts them in a callback that follows the calls of one context. Servers that tell nothing (many local ones) leave it empty.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

PER = 1_000_000


@contextmanager
def counted_tokens(price: tuple[float, float] | None = None, *, enabled: bool = True) -> Iterator[Callable[[], dict[str, Any]]]:
    """Count while the context is open; what is yielded returns {"usage": ...} so far, or {} where nothing was told.

    `price` is of a million tokens in and out, in whatever currency. Not `enabled`, nothing is counted and LangChain is not loaded.
    """
    if not enabled:
        yield dict
        return
    from langchain_core.callbacks import get_usage_metadata_callback

    with get_usage_metadata_callback() as counter:

        def told() -> dict[str, Any]:
            models = counter.usage_metadata.values()
            tokens_in, tokens_out = (sum(int(own[name]) for own in models) for name in ("input_tokens", "output_tokens"))
            if not tokens_in + tokens_out:
                return {}
            cost = {"cost": round((tokens_in * price[0] + tokens_out * price[1]) / PER, 6)} if price else {}
            return {"usage": {"tokens_in": tokens_in, "tokens_out": tokens_out, **cost}}

        yield told
