from __future__ import annotations

import pytest

from harness.backends import cost_usd
from harness.schema import Price


@pytest.mark.parametrize(
    ("price", "tokens", "cached", "expected"),
    [
        (Price(3.0, 15.0), (1000, 100), None, 0.0045),
        (Price(3.0, 15.0), (1000, 100), 400, 0.0045),
        (Price(3.0, 15.0, 0.3), (1000, 100), 400, 0.00342),
        (Price(3.0, 15.0, 0.0), (1000, 0), 1000, 0.0),
        (Price(3.0, 15.0, 0.3), (1000, 0), 5000, 0.0003),
        (Price(0.0, 0.0), (1000, 100), None, 0.0),
        (Price(3.0, 15.0), (0, 0), 0, 0.0),
    ],
)
def test_cost_follows_the_prices_per_million(
    price: Price, tokens: tuple[int, int], cached: int | None, *, expected: float
) -> None:
    assert cost_usd(price, *tokens, cached_input_tokens=cached) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("price", "tokens"),
    [
        (None, (1, 1)),
        (None, (None, None)),
        (Price(1.0, 1.0), (None, 1)),
        (Price(1.0, 1.0), (1, None)),
        (Price(0.0, 1.0), (1, None)),
        (Price(1.0, 0.0), (None, 1)),
        (Price(0.0, 0.0, 0.5), (None, 1)),
    ],
)
def test_unknown_price_or_count_is_unknown_cost(price: Price | None, tokens: tuple[int | None, int | None]) -> None:
    assert cost_usd(price, *tokens) is None


@pytest.mark.parametrize(
    ("price", "tokens", "expected"),
    [
        (Price(0.0, 0.0), (None, None), 0.0),
        (Price(0.0, 0.0, 0.0), (None, None), 0.0),
        (Price(0.0, 1.0), (None, 2_000_000), 2.0),
        (Price(1.0, 0.0), (3_000_000, None), 3.0),
    ],
)
def test_what_is_free_costs_nothing_however_much_of_it_there_was(
    price: Price, tokens: tuple[int | None, int | None], expected: float
) -> None:
    assert cost_usd(price, *tokens) == expected
