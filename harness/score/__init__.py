"""generations → scores; one metric a file. Metrics only measure: what is good enough checks and gates say."""

from harness.score.collected import Results
from harness.score.described import Description, described
from harness.score.judgings import followed_position
from harness.score.metric import AskingMetric, CorpusMetric, Metric
from harness.score.options import Option
from harness.score.registry import (
    RUBRIC_METRICS,
    always_measured,
    backends_of,
    calibration_rule,
    columns_of,
    create,
    measures_of,
    metric_names,
    needs_references,
    rubric_flaws,
)
from harness.score.results import answers_of, trial_results
from harness.score.run_scorer import RunScorer
from harness.score.sample_flaws import sample_flaws
from harness.score.scorer import Scorer
from harness.score.table import MetricTable, metric

__all__ = [
    "RUBRIC_METRICS",
    "AskingMetric",
    "CorpusMetric",
    "Description",
    "Metric",
    "MetricTable",
    "Option",
    "Results",
    "RunScorer",
    "Scorer",
    "always_measured",
    "answers_of",
    "backends_of",
    "calibration_rule",
    "columns_of",
    "create",
    "described",
    "followed_position",
    "measures_of",
    "metric",
    "metric_names",
    "needs_references",
    "rubric_flaws",
    "sample_flaws",
    "trial_results",
]
