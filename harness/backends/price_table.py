"""Prices of providers that the package genai-prices knows, by endpoint and model.

The package's own table is used as it is installed: it is never fetched. Its import costs 0.2 to 0.3 s.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.schema import BackendSpec

_OPENAI = "https://api.openai.com/v1"
_MILLION = 1_000_000
_LONGEST_CALL = timedelta(hours=1)
"""Prices that begin within this time of now may be those of a call that is made now."""
_MINUTES_KEPT = 8
"""Minutes whose rates are kept."""


class Rates(Struct, frozen=True):
    """USD a token, for calls of one size."""

    fixed: float
    """USD a call."""
    input: float
    """A token of input."""
    cached_input: float
    """A token of input read from the provider's cache."""
    output: float
    """A token of output."""


class Tier(Struct, frozen=True):
    """The rates of calls with more than `above` input tokens."""

    above: int
    """Input tokens above which they hold; -1 for the first tier."""
    rates: Rates
    """What all of the call's tokens cost then."""


class ListedPrice:
    """The table's price of one model at one endpoint; see `Tariff`.

    Each number comes from the package's own calculation: it is linear in the tokens within a tier, so that four of
    its sums a tier say all, and a call costs microseconds instead of a tenth of a millisecond.
    """

    def __init__(self, provider: Any, model: Any, context: Mapping[str, str]) -> None:
        """`provider` and `model` are genai-prices' own; `context` chooses among prices, as `service_tier` does."""
        self._provider = provider
        self._model = model
        self._context = context
        self._tiers: dict[int, tuple[Tier, ...]] = {}
        """By the minute since 1970: some prices change with the time of day, none within a minute."""

    @property
    def is_known(self) -> bool:
        """Whether the table has prices of input and output; entries without are models that it only names."""
        prices = self._calculated(datetime.now(UTC)).model_price
        return prices.input_mtok is not None and prices.output_mtok is not None

    def cost_usd(self, input_tokens: int, output_tokens: int, *, cached_input_tokens: int = 0) -> float:
        """USD of one call made now."""
        tiers = self._tiers_at(datetime.now(UTC))
        rates = tiers[bisect_left(tiers, input_tokens, key=lambda tier: tier.above) - 1].rates
        cached = min(cached_input_tokens, input_tokens)
        uncached = input_tokens - cached
        return rates.fixed + uncached * rates.input + cached * rates.cached_input + output_tokens * rates.output

    def most_usd(self, input_tokens: int, output_tokens: int) -> float:
        """Most USD of one call of at most so many tokens, whichever tier it falls in, made within the next hour."""
        now = datetime.now(UTC)
        every = {*self._tiers_at(now), *self._tiers_at(now + _LONGEST_CALL)}
        rates = [tier.rates for tier in every if tier.above < input_tokens]
        return max(
            one.fixed + input_tokens * max(one.input, one.cached_input) + output_tokens * one.output for one in rates
        )

    def _tiers_at(self, moment: datetime) -> tuple[Tier, ...]:
        minute = int(moment.timestamp()) // 60
        tiers = self._tiers.get(minute)
        if tiers is None:
            if len(self._tiers) >= _MINUTES_KEPT:
                self._tiers.clear()
            tiers = self._tiers[minute] = self._tiers_of(moment)
        return tiers

    def _tiers_of(self, moment: datetime) -> tuple[Tier, ...]:
        from genai_prices.types import TieredPrices

        prices = vars(self._calculated(moment).model_price).values()
        starts = {tier.start for price in prices if isinstance(price, TieredPrices) for tier in price.tiers}
        return tuple(Tier(start, self._rates(moment, max(start + 1, 1))) for start in sorted({-1, *starts}))

    def _rates(self, moment: datetime, tokens: int) -> Rates:
        """The rates of calls with so many input tokens; a price of the call itself is the same in all tiers."""
        fixed = self._calculated(moment).total_price
        uncached = self._calculated(moment, tokens).total_price
        cached = self._calculated(moment, tokens, cached=tokens).total_price
        output = self._calculated(moment, tokens, output=_MILLION).total_price
        return Rates(
            fixed=float(fixed),
            input=float((uncached - fixed) / tokens),
            cached_input=float((cached - fixed) / tokens),
            output=float((output - uncached) / _MILLION),
        )

    def _calculated(self, moment: datetime, tokens: int = 0, *, cached: int = 0, output: int = 0) -> Any:
        from genai_prices import Usage

        return self._model.calc_price(
            Usage(input_tokens=tokens, cache_read_tokens=cached, output_tokens=output),
            self._provider,
            genai_request_timestamp=moment,
            price_context=self._context,
        )


def may_be_listed(spec: BackendSpec) -> bool:
    """Whether it is worth loading the table: no price of its own, and an endpoint that is no host of one's own."""
    if spec.price is not None or spec.provider != "openai":
        return False
    host = urlsplit(spec.base_url or _OPENAI).hostname or ""
    try:
        return not ip_address(host).is_private  # loopback is private too
    except ValueError:
        return "." in host


def listed_price(spec: BackendSpec) -> ListedPrice | None:
    """The table's price; None when it knows the endpoint or the model not at all, or not what they cost."""
    if not may_be_listed(spec):
        return None
    from genai_prices.data_snapshot import get_snapshot

    try:
        found = get_snapshot().find_provider_model(spec.model, None, None, spec.base_url or _OPENAI)
    except LookupError:
        return None
    tier = spec.params.get("service_tier")
    price = ListedPrice(*found, {"service_tier": tier} if isinstance(tier, str) else {})
    return price if price.is_known else None
