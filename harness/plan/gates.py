"""A suite → its gates with the cells that each is judged over."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.schema import CellKey, GateSpec, Suite


def plan_gates(suite: Suite) -> Iterator[tuple[GateSpec, CellKey]]:
    """Gates in the suite's order, each with the cells of its scope by backend, then variant."""
    for gate, backend, variant in product(suite.gates, suite.backends, suite.variants):
        if _holds_for(gate.backends, backend.name) and _holds_for(gate.variants, variant.name):
            yield gate, (suite.name, variant.name, backend.name)


def _holds_for(names: tuple[str, ...] | None, name: str) -> bool:
    return names is None or name in names
