"""Runs as comparisons read them, and whether two are equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec.structs import replace

from harness.record.manifest import suite_facts
from tests.unit.report.run_records import Shape, build_record

if TYPE_CHECKING:
    from harness.schema import Measured, Rows, RunRecord

CLEAN = Shape(samples=3, variants=("zero_shot", "few_shot@1.1"))


def run_of(shape: Shape | None = None, run_id: str = "20261122T201849.042Z-3f9a") -> RunRecord:
    """A run with a manifest that says what its suites are made of."""
    built = build_record(shape or CLEAN)
    suites = tuple(suite_facts(suite) for suite in built.suites)
    return replace(built, manifest=replace(built.manifest, suites=suites, run_id=run_id))


def plain(measured: Measured) -> dict[str, Any]:
    """All of it, in a form that can be compared; NaN as None."""
    cells = {cell: _plain_rows(rows) for cell, rows in measured.cells.items()}
    return {**{name: getattr(measured, name) for name in measured.__struct_fields__}, "cells": list(cells.items())}


def _plain_rows(rows: Rows) -> dict[str, Any]:
    values = {name: [None if np.isnan(value) else value for value in own] for name, own in rows.values.items()}
    return {
        **{name: list(getattr(rows, name)) for name in rows.__struct_fields__ if name != "values"},
        "values": values,
    }
