"""Answers recorded elsewhere: a column of the dataset, or a JSONL file."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from harness.backends.pricing import cost_usd
from harness.backends.recording import read_recording
from harness.errors import BackendError, OptionError
from harness.schema import Generation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.backends.recording import Recording
    from harness.schema import BackendSpec, Request

_CONCURRENCY = 64
"""Nothing is waited for; enough that the engine is never the narrow place."""


class ReplayBackend:
    """The recorded answer of each trial."""

    uses = ("column", "path")
    cacheable = False  # the answer depends on the sample, and lies here already
    takes_params = True  # whatever was asked for when they were recorded
    paid = False  # a recorded answer asks nobody for money

    def __init__(self, spec: BackendSpec) -> None:
        """Keep the spec; a file is read by `start`."""
        self.spec = spec
        self.concurrency = spec.max_concurrency or _CONCURRENCY
        self._recording: Recording | None = None

    @classmethod
    def check(cls, spec: BackendSpec) -> None:
        """Raise OptionError unless there is a column or a path, FilesError for mistakes in the file."""
        if bool(spec.column) == bool(spec.path):
            what = "has both 'column' and 'path'" if spec.column else "needs 'column' or 'path'"
            raise OptionError(
                f"provider 'replay' {what}; allowed: column: NAME of the dataset's column, or path: FILE.jsonl",
                "path" if spec.column else None,
            )
        if spec.path:
            _read(spec, spec.path)

    @classmethod
    def fingerprint(cls, spec: BackendSpec) -> Mapping[str, str]:
        """The SHA-256 of the file, if there is one."""
        if not spec.path:
            return {}
        return {"recording": hashlib.sha256((spec.folder / spec.path).read_bytes()).hexdigest()}

    def identity(self) -> Mapping[str, object]:
        """The column, or the SHA-256 of the file."""
        if self.spec.path:
            return {"provider": "replay", **self.fingerprint(self.spec)}
        return {"provider": "replay", "column": self.spec.column}

    async def start(self) -> None:
        """Read the file, if there is one; FilesError for its mistakes."""
        if self.spec.path and self._recording is None:
            self._recording = _read(self.spec, self.spec.path)

    async def generate(self, request: Request) -> Generation:
        """The recorded answer; BackendError of kind `missing` when there is none."""
        if self.spec.path:
            await self.start()
        generation = self._from_file(request) if self._recording is not None else self._from_column(request)
        if generation.cost_usd is None:
            cost = cost_usd(
                self.spec.price,
                generation.input_tokens,
                generation.output_tokens,
                cached_input_tokens=generation.cached_input_tokens,
            )
            generation = replace(generation, cost_usd=cost)
        return replace(generation, started_at=datetime.now(UTC).isoformat(timespec="milliseconds"))

    async def stop(self) -> None:
        """Forget the file."""
        self._recording = None

    def _from_file(self, request: Request) -> Generation:
        assert self._recording is not None
        found = self._recording.find(request.sample_id, request.variant, request.repeat)
        if found is None:
            near = self._recording.nearest(request.sample_id)
            raise self._missing(request, f"{self.spec.path} has no answer; {near}")
        return found

    def _from_column(self, request: Request) -> Generation:
        column = self.spec.column or ""
        if column not in request.variables:
            names = ", ".join(map(str, request.variables)) or "none"
            raise self._missing(request, f"the dataset's row has no column '{column}'; its columns: {names}")
        cell = request.variables[column]
        if cell is None:
            raise self._missing(request, f"the dataset's column '{column}' is empty in this row; fill it")
        return Generation(text=cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False, default=str))

    def _missing(self, request: Request, what: str) -> BackendError:
        trial = f"sample '{request.sample_id}', variant '{request.variant}', repeat {request.repeat}"
        return BackendError(f"backend '{self.spec.name}': {trial}: {what}", kind="missing")


def _read(spec: BackendSpec, path: str) -> Recording:
    absolute = spec.folder / path
    try:
        shown = str(absolute.resolve().relative_to(Path.cwd()))
    except ValueError:
        shown = str(absolute)
    return read_recording(absolute, shown)
