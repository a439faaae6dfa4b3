"""What a call costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.schema import Price

_PER = 1_000_000
"""Prices are in USD per million tokens, as providers print them."""


def cost_usd(
    price: Price | None, input_tokens: int | None, output_tokens: int | None, *, cached_input_tokens: int | None = None
) -> float | None:
    """USD of one call; None, never 0, when the price or a count is unknown.

    `cached_input_tokens` are part of `input_tokens` and cost `price.cached_input` (or `price.input`, when that is
    None); a count above `input_tokens` is taken as all of them; None means none.

    >>> from harness.schema import Price
    >>> cost_usd(Price(input=1.0, output=2.0, cached_input=0.5), 1_000_000, 500_000, cached_input_tokens=400_000)
    1.8
    """
    if price is None or input_tokens is None or output_tokens is None:
        return None
    cached = min(cached_input_tokens or 0, input_tokens)
    cached_price = price.input if price.cached_input is None else price.cached_input
    return ((input_tokens - cached) * price.input + cached * cached_price + output_tokens * price.output) / _PER
