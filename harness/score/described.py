"""What each metric measures and needs, for people who choose."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from harness.errors import OptionError
from harness.schema import MetricSpec
from harness.score.metric import AskingMetric, ComparingMetric
from harness.score.options import REQUIRED, Option
from harness.score.registry import EXAMPLES, always_measured, create, metric_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.schema import Measure
    from harness.score.metric import Metric


class Description(Struct, frozen=True):
    """One metric."""

    name: str
    """As under `metrics:`."""
    summary: str
    """What it measures, in a sentence."""
    measures: tuple[Measure, ...]
    """With default options, or those of `options`; empty when it cannot be made here."""
    needs: tuple[str, ...]
    """`references`, `backend`, `sandbox`, `encoder`, `extra NAME`."""
    is_always: bool
    """Whether every suite has it without listing it."""
    options: Mapping[str, Any]
    """Options that it was made with, because it cannot do without; empty for most."""
    takes: tuple[Mapping[str, Any], ...]
    """Its options: name, default (`required` when there is none), allowed values of a choice, meaning."""
    unavailable: str | None = None
    """Why it cannot be made here; None when it can."""


def described() -> tuple[Description, ...]:
    """Every metric by name; what computes them is not loaded."""
    always = {measure.name for measure in always_measured()}
    return tuple(_described(name, is_always=name in always) for name in metric_names())


def _described(name: str, *, is_always: bool) -> Description:
    why = ""
    for options in ({}, EXAMPLES.get(name, {})):
        try:
            metric = create(MetricSpec(name, options, Path()))
        except OptionError as error:
            why = str(error)
            continue
        return Description(
            name, _summary(metric), metric.measures, _needs(metric), is_always, options, tuple(_takes(metric))
        )
    return Description(name, "", (), (), is_always, {}, (), unavailable=why)


def _summary(metric: Metric) -> str:
    """The first sentence of its docstring."""
    first = " ".join((type(metric).__doc__ or "").partition("\n\n")[0].split())
    return first.partition(". ")[0].removesuffix(".")


def _needs(metric: Metric) -> tuple[str, ...]:
    needs = ["references"] if metric.needs_references else []
    needs += ["backend"] if isinstance(metric, AskingMetric | ComparingMetric) else []
    return (*needs, *getattr(metric, "NEEDS", ()))


def _takes(metric: Metric) -> list[dict[str, Any]]:
    declared: Sequence[Option] = getattr(metric, "OPTIONS", ())
    return [
        {
            "name": option.name,
            "default": "required" if option.default is REQUIRED else option.default,
            "allowed": list(option.choices),
            "meaning": option.meaning,
        }
        for option in declared
        if isinstance(option, Option)
    ]
