"""Keys that must not be seen, wherever somebody echoes them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from harness.schema import BackendSpec

_SHORTEST = 8
"""Characters; a shorter `key` is a placeholder (`EMPTY`, `none`) whose word may stand in any text."""
_HEADERS = ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS")


def known_secrets(specs: Iterable[BackendSpec]) -> tuple[str, ...]:
    """The keys of these backends and what the exporter's headers hold, longest first."""
    found = {os.environ.get(spec.api_key_env, "").strip() for spec in specs if spec.api_key_env}
    for variable in _HEADERS:
        for pair in os.environ.get(variable, "").split(","):
            value = unquote(pair.partition("=")[2]).strip()
            found |= {value, value.rpartition(" ")[2]}  # the whole value, and without `Basic ` or `Bearer `
    return tuple(sorted((secret for secret in found if len(secret) >= _SHORTEST), key=len, reverse=True))


def cleaner(secrets: tuple[str, ...]) -> Callable[[str], str]:
    """A function that gives a text without them.

    >>> cleaner(("sk-12345678",))("the key sk-12345678 is wrong")
    'the key *** is wrong'
    """

    def clean(text: str) -> str:
        for secret in secrets:
            if secret in text:
                text = text.replace(secret, "***")
        return text

    return clean if secrets else str
