"""The table's price of one backend, looked up in a thread while its first answers travel."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec.structs import replace

from harness.backends import price_table

if TYPE_CHECKING:
    from harness.backends.pricing import Tariff
    from harness.schema import BackendSpec, Generation


class PriceLookup:
    """Begins when it is made, within an event loop, where the backend may be in the table; else there is nothing."""

    def __init__(self, spec: BackendSpec) -> None:
        """Begin to look."""
        self._found: asyncio.Future[Tariff | None] | None = None
        if price_table.may_be_listed(spec):
            self._found = asyncio.get_running_loop().run_in_executor(None, _listed, spec)

    async def priced(self, generation: Generation) -> Generation:
        """The generation with its cost, where the table and the answer's counts of tokens tell it."""
        if self._found is None or generation.input_tokens is None or generation.output_tokens is None:
            return generation
        tariff = self._found.result() if self._found.done() else await asyncio.shield(self._found)
        if tariff is None:
            return generation
        cost_usd = tariff.cost_usd(
            generation.input_tokens,
            generation.output_tokens,
            cached_input_tokens=generation.cached_input_tokens or 0,
        )
        return replace(generation, cost_usd=cost_usd)


def _listed(spec: BackendSpec) -> Tariff | None:
    with suppress(Exception):  # an answer that came must not be lost for its price
        return price_table.listed_price(spec)
    return None
