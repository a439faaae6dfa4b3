"""Rows of a comparison before p is corrected, whatever they are compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from harness.schema import Compared

if TYPE_CHECKING:
    from harness.comparison.differences import Found
    from harness.schema import CorrectionName, Measure, RegressionSpec

RowKey = tuple[str, str, str, str]
"""Suite, variant, backend, measure."""
_QUALITY = ("score", "percent")


class Row(Struct):
    """One row before p is corrected."""

    compared: Compared
    found: Found | None
    spec: RegressionSpec
    measure: Measure

    @property
    def key(self) -> RowKey:
        """Which row it is."""
        return self.compared.suite, self.compared.variant, self.compared.backend, self.compared.metric

    @property
    def family(self) -> tuple[str, CorrectionName]:
        """What p is corrected together with: the gates of the run; else all quality, else all amounts."""
        if self.compared.is_gated:
            return "gates", self.spec.correction
        return ("quality" if self.measure.unit in _QUALITY else "amounts"), self.spec.correction


def not_compared(key: RowKey, reason: str, spec: RegressionSpec, *, measure: Measure) -> Compared:
    """The row that a gate asks about and that has nothing to compare, with its reason."""
    suite, variant, backend, metric = key
    return Compared(
        suite=suite, variant=variant, backend=backend, metric=metric,
        n_paired=0, n_new=0, n_gone=0, n_changed=0, n_lost=0,
        mean=None, mean_baseline=None, difference=None, ci_low=None, ci_high=None, method="none", test="none",
        p_value=None, p_adjusted=None, n_family=0, effect=None, n_up=0, n_down=0,
        finding="not compared", reason=reason, n_needed=None, margin=spec.margin, is_gated=True,
        unit=measure.unit, higher_is_better=measure.higher_is_better, confidence=1 - spec.alpha,
        is_against_number=spec.target is not None,
    )  # fmt: skip
