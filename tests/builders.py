"""Values that many tests need and few of them care about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec.structs import replace

from harness.schema import BackendSpec, Suite

_PLAIN = Suite(
    name="s",
    description="",
    path="suite.yaml",
    folder=Path(),
    samples=(),
    n_rows=0,
    variants=(),
    backends=(BackendSpec("b", "callable", "m", {}, Path()),),
    repeats=1,
    metrics=(),
    measures=(),
    checks=(),
    gates=(),
    suite_hash="0",
    dataset_hash="0",
    dataset_path="rows.jsonl",
)


def make_suite(**fields: Any) -> Suite:
    """A suite `s` of nothing on one backend `b`, with other values in these fields."""
    return replace(_PLAIN, **fields)
