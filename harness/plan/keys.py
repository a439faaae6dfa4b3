"""Ids and cache keys, made from content and never from position."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import orjson

from harness.schema import SCHEMA_VERSION, canonical_json, content_hash, content_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.schema import Message


def trial_id(parts: Iterable[str], repeat: int) -> str:
    """First 16 hex digits of the SHA-256 of suite, variant, backend and sample id (`parts`) and the repeat.

    Prompt text is left out on purpose: an edited prompt keeps its trials, so that they pair with a baseline.
    """
    text = json.dumps([*parts, repeat], ensure_ascii=False)
    return content_hash([text])


def identity_text(identity: Mapping[str, object]) -> str:
    """The canonical text of a backend's account of itself, the same after a journey through JSON."""
    return canonical_json(json.loads(json.dumps(identity)))  # keys that are numbers sort as the texts that they become


def cache_content(identity: str, messages: Iterable[Message], repeat: int) -> str:
    """Everything that can change an answer, as canonical JSON; `identity` is what `identity_text` makes.

    The backend's own account of itself (provider, model and its weights, base URL, every parameter), the messages, the
    repeat and the version of the recorded form.
    """
    chat = _ascii([[message.role, message.content] for message in messages])
    return f'{{"backend":{identity},"messages":{chat},"repeat":{repeat},"schema_version":{SCHEMA_VERSION}}}'


def cache_key(identity: Mapping[str, object], messages: Iterable[Message], repeat: int) -> str:
    """SHA-256 (hex) of `cache_content`."""
    return content_key(cache_content(identity_text(identity), messages, repeat))


def _ascii(chat: list[list[str]]) -> str:
    """The chat as `json.dumps` writes it; orjson writes the same, ten times as fast, where all of it is ASCII."""
    try:
        text = orjson.dumps(chat)
    except TypeError:  # half a surrogate pair
        text = b"\xff"
    is_plain = text.isascii() and b"\x7f" not in text
    return text.decode() if is_plain else json.dumps(chat, separators=(",", ":"))
