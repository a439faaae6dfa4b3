"""The backends of a run: one of a kind, however many suites name it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from harness.backends.registry import create

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.backends.protocol import Backend
    from harness.schema import BackendSpec


class Pool:
    """Makes each backend once, so that a local model is loaded once a run."""

    def __init__(self) -> None:
        """Begin without any."""
        self._by_content: dict[str, Backend] = {}

    def get(self, spec: BackendSpec) -> Backend:
        """The backend for `spec`; suites that describe the same one share it."""
        content = json.dumps(asdict(spec), sort_keys=True, default=str)
        if content not in self._by_content:
            self._by_content[content] = create(spec)
        return self._by_content[content]

    def all(self) -> Iterable[Backend]:
        """Every backend made so far."""
        return self._by_content.values()
