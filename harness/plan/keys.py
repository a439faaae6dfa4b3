"""Ids and cache keys, made from content and never from position."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from harness.schema import SCHEMA_VERSION, content_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.schema import Message


def trial_id(parts: Iterable[str], repeat: int) -> str:
    """First 16 hex digits of the SHA-256 of suite, variant, backend and sample id (`parts`) and the repeat.

    Prompt text is left out on purpose: an edited prompt keeps its trials, so that they pair with a baseline.
    """
    text = json.dumps([*parts, repeat], ensure_ascii=False)
    return content_hash([text])


def cache_key(identity: Mapping[str, object], messages: Iterable[Message], repeat: int) -> str:
    """SHA-256 (hex) of everything that can change an answer.

    `identity` is the backend's own account of itself (provider, model and its weights, base URL, every parameter);
    the messages, the repeat and the version of the recorded form are added here.
    """
    content = {
        "schema_version": SCHEMA_VERSION,
        "backend": identity,
        "messages": [[message.role, message.content] for message in messages],
        "repeat": repeat,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
