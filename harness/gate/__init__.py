"""Scores → aggregates with their uncertainty → verdicts."""

from harness.gate.aggregate import Column, aggregate, error_rate
from harness.gate.cells import cell_aggregate, make_cell
from harness.gate.judge_gate import judge, not_judged
from harness.gate.regression import judge_regression, not_compared
from harness.gate.targets import judge_target
from harness.gate.verdicts import Verdicts

__all__ = [
    "Column",
    "Verdicts",
    "aggregate",
    "cell_aggregate",
    "error_rate",
    "judge",
    "judge_regression",
    "judge_target",
    "make_cell",
    "not_compared",
    "not_judged",
]
