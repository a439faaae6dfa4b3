"""`rollout:` of a suite, resolved against what it measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import OptionError
from harness.schema import RolloutSpec, RolloutStage
from harness.suite.rollout_form import RolloutMetricForm
from harness.suite.values import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.suite.document import Document
    from harness.suite.metrics import SuiteMetrics
    from harness.suite.mistakes import MistakeLog
    from harness.suite.rollout_form import RolloutForm, RolloutMetric, RolloutStageForm


def read_rollout(
    metrics: SuiteMetrics, form: RolloutForm | None, document: Document, *, log: MistakeLog
) -> RolloutSpec | None:
    """The rollout; None when the suite has none. Mistakes are logged."""
    if form is None:
        return None
    _check_shares(form.stages, document, log)
    watched: dict[str, float] = {}
    for index, entry in enumerate(form.metrics):
        try:
            name, margin = _watched(metrics, entry, watched)
        except OptionError as error:
            log.add(document.shown, document.mark(("rollout", "metrics", index)), str(error))
            continue
        watched[name] = margin
    return RolloutSpec(
        stages=tuple(_stages(form.stages)),
        metrics=tuple(watched.items()),
        tier=form.tier,
        alpha=form.alpha,
        spending=form.spending,
        fewest=form.fewest,
    )


def _watched(metrics: SuiteMetrics, entry: RolloutMetric, before: dict[str, float]) -> tuple[str, float]:
    """Metric and margin; raises OptionError."""
    form = entry if isinstance(entry, RolloutMetricForm) else RolloutMetricForm(metric=entry)
    measure = metrics.find(form.metric)
    if form.metric in before:
        raise OptionError(f"metric {quoted(form.metric)} is watched above already; once is allowed; remove one")
    if measure is not None and measure.high is not None and form.margin >= measure.high - measure.low:
        raise OptionError(
            f"margin {form.margin:g} is all that {quoted(measure.name)} can fall; less than "
            f"{measure.high - measure.low:g} is allowed; write for example 'margin: 0.02'"
        )
    return form.metric, form.margin


def _check_shares(stages: Sequence[RolloutStageForm], document: Document, log: MistakeLog) -> None:
    before = 0.0
    for index, stage in enumerate(stages):
        if stage.share < before or stage.share > 1:
            message = (
                f"share {stage.share:g} after {before:g}; at most 1 and no smaller than before is allowed; "
                "put the stages in order"
            )
            log.add(document.shown, document.mark(("rollout", "stages", index, "share")), message)
        before = max(before, min(1.0, stage.share))


def _stages(stages: Sequence[RolloutStageForm]) -> Iterator[RolloutStage]:
    for stage in stages:
        yield RolloutStage(stage.share, stage.after_h, stage.tier, stage.name)
