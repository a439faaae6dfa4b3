"""Two sides of a comparison → paired differences with their verdicts, early stops, a staged rollout replayed."""

from harness.comparison.early import EarlyGate, PlannedPair, rule_of
from harness.comparison.exposure import Exposure, expected_exposure, harmed
from harness.comparison.margins import gates_of
from harness.comparison.one_sided import PValue, p_worse
from harness.comparison.planned import regression_sights
from harness.comparison.promised import Promised
from harness.comparison.recorded import served_of
from harness.comparison.rollout import RolloutPlan, assigned, replay
from harness.comparison.rows import RowKey
from harness.comparison.runs import compare
from harness.comparison.served import ERRORS, Served, Watched
from harness.comparison.stages import STAGES, Finding, Rollout, Stage, StageOutcome
from harness.comparison.stopping import Decision, Stopping
from harness.comparison.threshold_sight import PASS_OR_FAIL, threshold_sights
from harness.comparison.within import two_backends, two_variants

__all__ = [
    "ERRORS",
    "PASS_OR_FAIL",
    "STAGES",
    "Decision",
    "EarlyGate",
    "Exposure",
    "Finding",
    "PValue",
    "PlannedPair",
    "Promised",
    "Rollout",
    "RolloutPlan",
    "RowKey",
    "Served",
    "Stage",
    "StageOutcome",
    "Stopping",
    "Watched",
    "assigned",
    "compare",
    "expected_exposure",
    "gates_of",
    "harmed",
    "p_worse",
    "regression_sights",
    "replay",
    "rule_of",
    "served_of",
    "threshold_sights",
    "two_backends",
    "two_variants",
]
