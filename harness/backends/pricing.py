"""What a call costs: by the backend's own `price`, else by the price table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from harness.backends.price_table import listed_price

if TYPE_CHECKING:
    from harness.schema import BackendSpec, Price

_PER = 1_000_000
"""Prices are in USD per million tokens, as providers print them."""


class Tariff(Protocol):
    """What the calls of one backend cost."""

    def cost_usd(self, input_tokens: int, output_tokens: int, *, cached_input_tokens: int = 0) -> float:
        """USD of one call made now; `cached_input_tokens` are part of `input_tokens`, a count above it is all."""
        ...

    def most_usd(self, input_tokens: int, output_tokens: int) -> float:
        """Most USD that one call of at most so many tokens can cost, made within the next hour."""
        ...


class OwnPrice:
    """The prices of a backend's `price:`."""

    def __init__(self, price: Price) -> None:
        """Without a price for cached input tokens they cost as much as others."""
        self._price = price
        self._cached = price.input if price.cached_input is None else price.cached_input

    def cost_usd(self, input_tokens: int, output_tokens: int, *, cached_input_tokens: int = 0) -> float:
        """As `Tariff` has it."""
        cached = min(cached_input_tokens, input_tokens)
        uncached = input_tokens - cached
        return (uncached * self._price.input + cached * self._cached + output_tokens * self._price.output) / _PER

    def most_usd(self, input_tokens: int, output_tokens: int) -> float:
        """As `Tariff` has it."""
        return (input_tokens * max(self._price.input, self._cached) + output_tokens * self._price.output) / _PER


def cost_usd(
    price: Price | None, input_tokens: int | None, output_tokens: int | None, *, cached_input_tokens: int | None = None
) -> float | None:
    """USD of one call; None, never 0, when the price is unknown, or the count of something that has one.

    What is free costs 0, however much of it there was: a count that nobody knows matters only where its price does.

    `cached_input_tokens` are part of `input_tokens` and cost `price.cached_input` (or `price.input`, when that is
    None); a count above `input_tokens` is taken as all of them; None means none.

    >>> from harness.schema import Price
    >>> cost_usd(Price(input=1.0, output=2.0, cached_input=0.5), 1_000_000, 500_000, cached_input_tokens=400_000)
    1.8
    """
    if price is None:
        return None
    is_input_free = price.input == 0 and not price.cached_input
    if (input_tokens is None and not is_input_free) or (output_tokens is None and price.output != 0):
        return None
    return OwnPrice(price).cost_usd(input_tokens or 0, output_tokens or 0, cached_input_tokens=cached_input_tokens or 0)


def tariff_of(spec: BackendSpec) -> Tariff | None:
    """The backend's own price, else that of the price table; None when none is known.

    The table is loaded at its first use, in 0.2 s: a caller that must not wait asks in a thread.
    """
    return OwnPrice(spec.price) if spec.price is not None else listed_price(spec)


def unknown_price(spec: BackendSpec, consequence: str = "") -> str:
    """What to say of a backend whose price is not known, what follows from it, and what to do."""
    where = f" at {spec.base_url.partition('?')[0]}" if spec.base_url else f" of provider '{spec.provider}'"
    return (
        f"backend '{spec.name}': no price is known for model '{spec.model}'{where}{consequence}; "
        "write price: {input: …, output: …} in USD per million tokens, 0 where it is free"
    )


def why_unpriced(spec: BackendSpec) -> str | None:
    """Why the costs of a backend's answers are not known, and what to do; None when it is not for want of a price."""
    if spec.provider == "replay" or tariff_of(spec) is not None:
        return None
    if spec.provider == "callable":
        return (
            f"backend '{spec.name}': {spec.function} returns no cost_usd; return it beside the text, or write "
            "price: {input: …, output: …}, 0 where it is free"
        )
    return unknown_price(spec)
