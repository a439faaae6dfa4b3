"""The backends of a run: one of a kind, however many suites name it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from harness.backends.protocol import Sharing
from harness.backends.registry import create

if TYPE_CHECKING:
    from collections.abc import Hashable

    from harness.backends.protocol import Backend
    from harness.schema import BackendSpec


class Pool:
    """Makes each backend of one run once, and lets them share what is costly: a local model is loaded once a run."""

    def __init__(self) -> None:
        """Begin without any."""
        self._by_content: dict[str, Backend] = {}
        self._kept: dict[Hashable, Any] = {}
        """What backends of this run share, by keys of their own; see `Sharing`."""

    def get(self, spec: BackendSpec) -> Backend:
        """The backend for `spec`; suites that describe the same one share it.

        Raises:
            OptionError: as `create`.

        """
        content = json.dumps(asdict(spec), sort_keys=True, default=str)
        if content not in self._by_content:
            backend = create(spec)
            if isinstance(backend, Sharing):
                backend.share(self._kept)
            self._by_content[content] = backend
        return self._by_content[content]
