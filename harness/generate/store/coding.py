"""Generations as the store keeps them: JSON texts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from harness.generate.sound import flaw_of
from harness.schema import Generation, TokenLogprob

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator


def encode(generation: Generation) -> str:
    """JSON; with escapes for everything but ASCII where a model's text holds half a surrogate pair."""
    try:
        return msgspec.json.encode(generation).decode()
    except UnicodeEncodeError:  # it holds lone surrogates
        return json.dumps(msgspec.to_builtins(generation))


def decode(text: str, *, from_cache: bool) -> Generation | None:
    """The generation; None when the row is damaged, or was written by a version with other fields."""
    try:
        fields = _loaded(text)
        fields["from_cache"] = from_cache
        if logprobs := fields.get("logprobs"):
            fields["logprobs"] = tuple(_logprobs(logprobs))
        else:
            fields["logprobs"] = ()
        generation = Generation(**fields)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return generation if flaw_of(generation) is None else None


def json_list(keys: Collection[str]) -> str:
    """The keys as a JSON list, for `json_each`: one statement for any number of them."""
    return orjson.dumps(list(keys)).decode()


def _loaded(text: str) -> dict[str, Any]:
    fields: dict[str, Any]
    try:
        fields = orjson.loads(text)
    except orjson.JSONDecodeError:
        fields = json.loads(text)
    return fields


def _logprobs(rows: Iterable[dict[str, Any]]) -> Iterator[TokenLogprob]:
    for row in rows:
        top = tuple((token, logprob) for token, logprob in row["top"])
        yield TokenLogprob(token=row["token"], logprob=row["logprob"], top=top)
