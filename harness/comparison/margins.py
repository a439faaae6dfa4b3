"""What suites' own regression gates ask about, for comparisons by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.comparison.rows import RowKey
    from harness.schema import Measured, RegressionSpec


def gates_of(sides: Sequence[tuple[Measured, Measured]], plain: RegressionSpec) -> dict[RowKey, RegressionSpec]:
    """The rows that each suite's gates ask about, judged as `plain` with the margin of the gate.

    By the current side, else by the baseline, where one knows them: so that comparing by hand says what the gates say.
    """
    return {
        (current.suite, *key): replace(plain, margin=margin)
        for current, baseline in sides
        for key, margin in {**baseline.margins, **current.margins}.items()
    }
