"""What the suite loader has to know of the other rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import backends, calibrate, prompt, score, suite
from harness.schema import Trust

if TYPE_CHECKING:
    from harness.schema import Measure, MetricSpec


def catalogue() -> suite.Catalogue:
    """The metrics, backends and templates there are."""
    return suite.Catalogue(
        measures_of=score.measures_of,
        needs_references=score.needs_references,
        backends_of=score.backends_of,
        columns_of=score.columns_of,
        metric_names=score.metric_names(),
        always_measured=score.always_measured(),
        check_template=prompt.check_template,
        check_backend=backends.check,
        takes_params=backends.takes_params,
        fingerprint=backends.fingerprint,
        embedded=backends.embedded,
        embedded_names=tuple(backends.MODELS),
        rubric_metrics=score.RUBRIC_METRICS,
        check_rubric=score.rubric_flaws,
        trust_in=_trust_in,
    )


def _trust_in(spec: MetricSpec, measure: Measure) -> Trust:
    rule = score.calibration_rule(spec)
    return Trust("") if rule is None else calibrate.trust(rule, measure)
