"""The drops that suites tolerate, for comparisons that no gate asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.comparison.rows import RowKey
    from harness.schema import Measured


def margins_of(sides: Sequence[tuple[Measured, Measured]]) -> dict[RowKey, float]:
    """What each suite's own regression gates tolerate: by the current side, else by the baseline, where one knows."""
    return {
        (current.suite, *key): margin
        for current, baseline in sides
        for key, margin in {**baseline.margins, **current.margins}.items()
    }
