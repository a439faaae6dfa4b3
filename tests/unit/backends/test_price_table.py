"""Prices of the kept table, as the package itself reckons them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from genai_prices import Usage
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import (
    ClauseEquals,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    Tier,
    TieredPrices,
    TimeOfDateConstraint,
)
from hypothesis import given
from hypothesis import strategies as st

from harness.backends import create, price_table, tariff_of, unknown_price
from harness.backends.price_table import ListedPrice, may_be_listed
from harness.schema import BackendSpec, Price

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.schema import Generation, Request
    from tests.servers.openai_server import FakeServer

    SpecOf = Callable[..., BackendSpec]

PRICED = [
    (provider, model)
    for provider in get_snapshot().providers
    for model in provider.models
    if ListedPrice(provider, model, {}).is_known
]
TIERED = [each for each in PRICED if "TieredPrices" in repr(each[1].prices)]
TOKENS = st.one_of(
    st.integers(0, 3_000_000), st.sampled_from([0, 1, 32_000, 128_000, 128_001, 200_000, 200_001, 256_001])
)


def spec(model: str, base_url: str | None = None, *, price: Price | None = None, **params: Any) -> BackendSpec:
    return BackendSpec("asked", "openai", model, params, Path(), base_url=base_url, price=price)


def own_sum(provider: Any, model: Any, counts: tuple[int, int, int], *, context: dict[str, str] | None = None) -> float:
    usage = Usage(input_tokens=counts[0], cache_read_tokens=counts[1], output_tokens=counts[2])
    done = model.calc_price(usage, provider, genai_request_timestamp=datetime.now(UTC), price_context=context)
    return float(done.total_price)


@given(
    each=st.sampled_from(PRICED) | st.sampled_from(TIERED),
    tokens=TOKENS,
    share=st.floats(0, 1),
    output=st.integers(0, 200_000),
)
def test_each_cost_is_the_packages_own_sum_and_never_above_the_most(
    each: tuple[Any, Any], *, tokens: int, share: float, output: int
) -> None:
    price, cached = ListedPrice(*each, {}), int(tokens * share)
    cost = price.cost_usd(tokens, output, cached_input_tokens=cached)
    assert cost == pytest.approx(own_sum(*each, (tokens, cached, output)), rel=1e-9)
    assert cost <= price.most_usd(tokens, output) * (1 + 1e-12)
    assert cost <= price.most_usd(2 * tokens + 1, output + 1)


@pytest.mark.parametrize(
    ("base_url", "model"),
    [
        (None, "gpt-4o-mini"),
        ("https://api.openai.com/v1/", "gpt-4o-mini-2024-07-18"),
        ("https://mine.openai.azure.com/openai/v1", "gpt-4o-mini"),
        ("https://openrouter.ai/api/v1", "openai/gpt-4o-mini"),
    ],
)
def test_endpoint_and_model_are_found_by_the_packages_own_rules(base_url: str | None, model: str) -> None:
    tariff = tariff_of(spec(model, base_url))
    assert tariff is not None
    assert tariff.cost_usd(1_000_000, 0) == pytest.approx(0.15)
    assert tariff.cost_usd(1_000_000, 0, cached_input_tokens=2_000_000) == pytest.approx(0.075)


def test_own_price_wins_over_the_table() -> None:
    tariff = tariff_of(spec("gpt-4o-mini", price=Price(input=7.0, output=8.0)))
    assert tariff is not None
    assert tariff.cost_usd(1_000_000, 1_000_000) == 15.0


def test_service_tier_has_its_own_price() -> None:
    found = tariff_of(spec("gpt-5", service_tier="priority"))
    provider, model = get_snapshot().find_provider_model("gpt-5", None, "openai", None)
    assert found is not None
    expected = own_sum(provider, model, (1000, 0, 1000), context={"service_tier": "priority"})
    assert expected > own_sum(provider, model, (1000, 0, 1000))
    assert found.cost_usd(1000, 1000) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("base_url", "model"),
    [
        (None, "no-such-model"),
        ("https://llm.example.org/v1", "gpt-4o-mini"),
        ("http://127.0.0.1:8000/v1", "gpt-4o-mini"),
        ("http://localhost:11434/v1", "gpt-4o-mini"),
        ("http://[::1]:8000/v1", "gpt-4o-mini"),
        ("http://10.1.2.3/v1", "gpt-4o-mini"),
        (None, "omni-moderation-latest"),  # the table names it and has no price
    ],
)
def test_price_that_is_not_known_is_none(base_url: str | None, model: str) -> None:
    assert tariff_of(spec(model, base_url)) is None


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (spec("gpt-4o-mini", price=Price(0, 0)), False),
        (spec("x", "http://127.0.0.1:1/v1"), False),
        (spec("x", "http://ollama/v1"), False),
        (BackendSpec("b", "callable", "app.py:f", {}, Path()), False),
        (spec("x"), True),
        (spec("x", "https://8.8.8.8/v1"), True),
    ],
)
def test_table_is_asked_only_where_it_may_know(asked: BackendSpec, *, expected: bool) -> None:
    assert may_be_listed(asked) is expected


def test_table_is_not_even_imported_for_a_host_of_ones_own() -> None:
    script = (
        "import sys; from pathlib import Path; from harness.backends import tariff_of; from harness.schema import "
        "BackendSpec; tariff_of(BackendSpec('b', 'openai', 'm', {}, Path(), base_url='http://127.0.0.1:1')); "
        "print('genai_prices' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_table_is_the_installed_one_and_never_fetched() -> None:
    assert tariff_of(spec("gpt-4o-mini")) is not None
    assert get_snapshot().from_auto_update is False


def model_of(prices: Any) -> ModelInfo:
    return ModelInfo(id="m", match=ClauseEquals("m"), prices=prices)


def test_dearer_hour_that_is_near_counts_for_the_most_but_not_for_the_cost() -> None:
    begins = (datetime.now(UTC) + timedelta(minutes=30)).time()
    ends = (datetime.now(UTC) + timedelta(hours=5)).time()
    cheap = ModelPrice(input_mtok=Decimal(1), output_mtok=Decimal(1))
    dear = ModelPrice(input_mtok=Decimal(3), output_mtok=Decimal(3))
    prices = [ConditionalPrice(prices=cheap), ConditionalPrice(TimeOfDateConstraint(begins, ends), prices=dear)]
    price = ListedPrice(get_snapshot().providers[0], model_of(prices), {})
    assert price.cost_usd(1_000_000, 0) == 1.0
    assert price.most_usd(1_000_000, 0) == 3.0


def test_fee_of_each_call_is_part_of_its_cost_and_a_cheaper_tier_is_not_the_most() -> None:
    tiers = TieredPrices(Decimal(2), [Tier(1000, Decimal(1))])
    prices = ModelPrice(input_mtok=tiers, output_mtok=Decimal(0), requests_kcount=Decimal(5))
    price = ListedPrice(get_snapshot().providers[0], model_of(prices), {})
    assert price.cost_usd(1000, 0) == pytest.approx(0.005 + 0.002)
    assert price.cost_usd(1001, 0) == pytest.approx(0.005 + 0.001001)
    assert price.most_usd(1001, 0) >= price.cost_usd(1000, 0)


def ask(asked: BackendSpec, request: Request) -> list[Generation]:
    async def both() -> list[Generation]:
        backend = create(asked)
        await backend.start()
        try:
            return list(await asyncio.gather(backend.generate(request), backend.generate(request)))
        finally:
            await backend.stop()

    return asyncio.run(both())


def test_answer_of_a_listed_model_carries_its_cost(
    server: FakeServer, request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = tariff_of(spec("gpt-4o-mini"))
    monkeypatch.setattr(price_table, "may_be_listed", lambda _: True)
    monkeypatch.setattr(price_table, "listed_price", lambda _: listed)
    answers = ask(spec("gpt-4o-mini", server.base_url), request_)
    assert [answer.cost_usd for answer in answers] == [pytest.approx((12 * 0.15 + 8 * 0.075 + 2 * 0.6) / 1e6)] * 2


@pytest.mark.parametrize("error", [ImportError, ValueError])
def test_answer_is_not_lost_for_a_price_that_cannot_be_looked_up(
    server: FakeServer, request_: Request, monkeypatch: pytest.MonkeyPatch, *, error: type[Exception]
) -> None:
    def broken(_: BackendSpec) -> None:
        raise error

    monkeypatch.setattr(price_table, "may_be_listed", lambda _: True)
    monkeypatch.setattr(price_table, "listed_price", broken)
    assert [answer.cost_usd for answer in ask(spec("m", server.base_url), request_)] == [None, None]


def test_what_to_write_is_said_where_no_price_is_known() -> None:
    assert unknown_price(spec("m", "https://llm.example.org/v1?key=x")) == (
        "backend 'asked': no price is known for model 'm' at https://llm.example.org/v1; write price: {input: …, "
        "output: …} in USD per million tokens, 0 where it is free"
    )
