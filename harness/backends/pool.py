"""The backends of a run: one of a kind, however many suites name it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from msgspec import to_builtins

from harness.backends.protocol import Sharing
from harness.backends.registry import create

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from harness.backends.protocol import Backend
    from harness.schema import BackendSpec, Suite


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
        content = json.dumps(to_builtins(spec, enc_hook=str), sort_keys=True, default=str)
        if content not in self._by_content:
            backend = create(spec)
            if isinstance(backend, Sharing):
                backend.share(self._kept)
            self._by_content[content] = backend
        return self._by_content[content]

    def judges(self, suites: Iterable[Suite]) -> dict[str, dict[str, Backend]]:
        """By suite and name: the backends that metrics ask; nothing of suites whose metrics ask none."""
        asking = (suite for suite in suites if suite.judges)
        return {suite.name: {spec.name: self.get(spec) for spec in suite.judges} for suite in asking}
