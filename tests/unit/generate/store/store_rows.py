"""Rows as an engine makes them."""

from __future__ import annotations

from msgspec.structs import replace

from harness.generate.store import Row
from harness.plan import cache_content, identity_text
from harness.schema import Generation, Message, TokenLogprob, content_key

FULL = Generation(
    text="Grüße \x00 \ud83d",
    finish_reason="stop",
    latency_s=0.25,
    input_tokens=12,
    output_tokens=0,
    cached_input_tokens=3,
    cost_usd=0.0,
    retries=2,
    started_at="2026-11-22T20:18:49+00:00",
    logprobs=(TokenLogprob("a", -0.5, (("a", -0.5), ("b", -1.5))),),
)
CACHED = replace(FULL, from_cache=True)


def content(user: str = "Hello", *, model: str = "m", system: str | None = None, **params: object) -> str:
    identity = identity_text({"provider": "openai", "model": model, "params": params})
    messages = [Message("system", system)] if system is not None else []
    return cache_content(identity, [*messages, Message("user", user)], 1)


def row(user: str = "Hello", generation: Generation = FULL, *, trial: str | None = None) -> Row:
    text = content(user)
    return Row(trial or f"trial of {user}", content_key(text), text, generation)


def rows(number: int, generation: Generation = FULL) -> list[Row]:
    return [row(f"question {index}", generation) for index in range(number)]


def keys(made: list[Row]) -> list[str]:
    return [each.key for each in made]
