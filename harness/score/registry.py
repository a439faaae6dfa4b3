"""Which metrics there are."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import OptionError
from harness.schema import CalibrationRule, ColumnUse, MetricSpec
from harness.score.measured import QUANTITIES, Measured
from harness.score.metric import AskingMetric, ComparingMetric, ReadingMetric
from harness.score.options import shown
from harness.score.own import load_own_metric, made_metric
from harness.wording import described_error, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.metadata import EntryPoint

    from harness.schema import Measure
    from harness.score.metric import Metric

ENTRY_POINTS = "pytest_prompt_suite.metrics"
"""Entry point group under which a package offers metrics."""


def _made(module: str, name: str, given: Any) -> Metric:
    """The metric of this class, whose module is imported now: each of them would take 1 to 5 ms of every run."""
    made: Metric = getattr(import_module(f"harness.score.{module}"), name)(given)
    return made


BUILTIN: Mapping[str, Callable[[Mapping[str, Any]], Metric]] = {
    "exact_match": partial(_made, "exact_match", "ExactMatch"),
    "contains": partial(_made, "contains", "Contains"),
    "regex": partial(_made, "regex", "Regex"),
    "f1": partial(_made, "f1", "F1"),
    "bleu": partial(_made, "bleu", "Bleu"),
    "chrf": partial(_made, "chrf", "Chrf"),
    "rouge": partial(_made, "rouge", "Rouge"),
    "ter": partial(_made, "ter", "Ter"),
    "meteor": partial(_made, "meteor", "Meteor"),
    "json_valid": partial(_made, "json_valid", "JsonValid"),
    "code": partial(_made, "code", "Code"),
    "field_accuracy": partial(_made, "field_accuracy", "FieldAccuracy"),
    "xml_valid": partial(_made, "xml_valid", "XmlValid"),
    "preamble_free": partial(_made, "preamble_free", "PreambleFree"),
    **{name: partial(Measured, name) for name in QUANTITIES},
}
"""The metrics that come with the harness."""

FROM_ENTRY: Mapping[str, Callable[[MetricSpec], Metric]] = {
    "bertscore": partial(_made, "bertscore", "BertScore"),
    "evaluate": partial(_made, "evaluate_module", "EvaluateModule"),
    "judge": partial(_made, "judge", "Judge"),
    "json_schema": partial(_made, "json_schema", "JsonSchema"),
    "prefer": partial(_made, "judge", "Prefer"),
    "semantic_similarity": partial(_made, "semantic_similarity", "SemanticSimilarity"),
}
"""Those among them that may name files, and so need to know where the entry stands."""

RUBRIC_METRICS = frozenset({"judge", "prefer"})
"""Those whose option `rubric` is the path of a rubric file."""

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "code": {"sandbox": "none"},
    "evaluate": {"name": "accuracy"},
    "json_schema": {"schema": {"type": "object"}},
    "judge": {"backend": "smollm2"},
    "meteor": {"synonyms": "none"},
    "prefer": {"backend": "smollm2"},
    "regex": {"pattern": "yes|no"},
}
"""Options for metrics that cannot be made everywhere without any: to list them, and to test them."""

NOT_YET = frozenset(
    {
        *("injection_success", "leak", "refusal"),
    }
)
"""Names that are taken: they belong to parts that are not built yet."""


def metric_names() -> tuple[str, ...]:
    """Every name that `metrics:` may hold, sorted: built in, then offered by installed packages."""
    return tuple(sorted({*BUILTIN, *FROM_ENTRY, *entry_points(group=ENTRY_POINTS).names}))


def create(spec: MetricSpec) -> Metric:
    """The metric that a suite file names.

    Raises:
        OptionError: the metric is unknown, cannot be loaded, or has no such option; `key` is the option at fault.

    """
    if spec.name in BUILTIN:
        return BUILTIN[spec.name](spec.options)
    if spec.name in FROM_ENTRY:
        return FROM_ENTRY[spec.name](spec)
    if ":" in spec.name:
        return load_own_metric(spec)
    offered = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if spec.name in offered:
        return made_metric(_loaded(offered[spec.name]), spec)
    raise _unknown(spec.name)


def _loaded(point: EntryPoint) -> object:
    try:
        return point.load()
    except Exception as error:
        raise OptionError(
            f"metric '{point.name}': {point.value} cannot be loaded: {described_error(error)}; "
            "mend the package that offers it"
        ) from error


def measures_of(spec: MetricSpec) -> tuple[Measure, ...]:
    """The numbers that a metric yields, without loading what it computes them with; raises as `create`."""
    return create(spec).measures


def backends_of(spec: MetricSpec) -> tuple[str, ...]:
    """Names of the backends that the metric asks, empty when it asks none; raises as `create`."""
    metric = create(spec)
    return tuple(metric.backends) if isinstance(metric, AskingMetric | ComparingMetric) else ()


def rubric_flaws(content: Mapping[str, Any]) -> list[tuple[tuple[str, ...], str]]:
    """What is wrong with the content of a rubric file whose form is right: (place in it, message)."""
    from harness.score.judge.rubric import rubric_flaws

    return rubric_flaws(content)


def calibration_rule(spec: MetricSpec) -> CalibrationRule | None:
    """Where the metric's agreement with people is written down; None where no model judges. Raises as `create`."""
    rule = getattr(create(spec), "calibration", None)
    return rule if isinstance(rule, CalibrationRule) else None


def columns_of(spec: MetricSpec) -> tuple[ColumnUse, ...]:
    """Columns of the dataset that the metric reads beside references; raises as `create`."""
    metric = create(spec)
    columns = metric.columns if isinstance(metric, ReadingMetric) else ()
    if not isinstance(columns, list | tuple) or not all(isinstance(each, str | ColumnUse) for each in columns):
        raise OptionError(
            f"metric '{spec.name}': its columns is {shown(columns)}; allowed: a list of names of the dataset's columns"
        )
    return tuple(ColumnUse(each) if isinstance(each, str) else each for each in columns)


def needs_references(spec: MetricSpec) -> bool:
    """Whether the metric can score nothing without references; raises as `create`."""
    return create(spec).needs_references


def always_measured_specs() -> tuple[MetricSpec, ...]:
    """The metrics that every suite has."""
    return tuple(MetricSpec(name, {}, Path()) for name in QUANTITIES)


def always_measured() -> tuple[Measure, ...]:
    """latency_s, input_tokens, output_tokens, cached_input_tokens, cost_usd: every answer has them."""
    return tuple(measure for spec in always_measured_specs() for measure in measures_of(spec))


def _unknown(name: str) -> OptionError:
    names = metric_names()
    available = f"available: {', '.join(names)}"
    if name in NOT_YET or name.startswith("judge."):
        return OptionError(f"metric '{name}' is not available in this version; {available}")
    return OptionError(f"metric '{name}' is unknown; {available}.{did_you_mean(name, names)}")
