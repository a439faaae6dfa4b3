"""Where chat completions are posted."""

from __future__ import annotations

from dataclasses import dataclass, field

_SHORTEST_KEY = 8
"""Characters from which a key is taken for one."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint, and how a message calls it."""

    label: str
    """Begins every message: `backend 'local'`."""
    url: str
    """Full URL, query included."""
    timeout_s: float
    """Most seconds a call may take, from sending to the last byte."""
    connect_timeout_s: float | None = None
    """Most seconds until a connection stands; None leaves it to `timeout_s`."""
    read_timeout_s: float | None = None
    """Most seconds without a byte; None leaves it to `timeout_s`."""
    key_env: str | None = None
    """Variable that holds the key, for messages; None when there is none to check."""
    key: str | None = field(default=None, repr=False)
    """The key; sent, and never shown."""
    key_header: str = "Authorization"
    """Header that carries the key."""
    alias: str | None = None
    """What a message calls it instead of its URL."""

    @property
    def shown_url(self) -> str:
        """The URL without its query, or the alias."""
        return self.alias or self.url.partition("?")[0]

    def headers(self) -> dict[str, str]:
        """Headers of every call."""
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.key is not None:
            headers[self.key_header] = self.key if self.key_header != "Authorization" else f"Bearer {self.key}"
        return headers

    def without_key(self, content: bytes) -> bytes:
        """What the server sent, with the key left out should it have echoed it: answers are kept, keys never.

        A key of a few characters (`EMPTY`, `none`) is none, and may stand in any answer.
        """
        if self.key is None or len(self.key) < _SHORTEST_KEY:
            return content
        key = self.key.encode()
        return content.replace(key, b"***") if key in content else content
