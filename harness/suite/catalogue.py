"""What the suite room needs to know of other rooms, handed in by whoever wires the stages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from harness.schema import Trust

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from harness.schema import BackendSpec, ColumnUse, Measure, MetricSpec


class Catalogue(Struct, frozen=True):
    """The names and rules that a suite file is checked against."""

    measures_of: Callable[[MetricSpec], tuple[Measure, ...]]
    """The numbers a metric yields; raises OptionError, whose message is complete after the position."""
    needs_references: Callable[[MetricSpec], bool]
    """Whether a metric can score nothing without references; asked of metrics that `measures_of` accepts."""
    backends_of: Callable[[MetricSpec], tuple[str, ...]]
    """Names of the backends that a metric asks; asked of metrics that `measures_of` accepts."""
    columns_of: Callable[[MetricSpec], tuple[ColumnUse, ...]]
    """Columns of the dataset that a metric reads; asked of metrics that `measures_of` accepts."""
    metric_names: tuple[str, ...]
    """Names of metrics that a check or a gate may use without listing them."""
    always_measured: tuple[Measure, ...]
    """Measures that every trial has without being listed (latency_s, input_tokens, …)."""
    check_template: Callable[[str, Collection[str]], Sequence[tuple[int, str]]]
    """Jinja source and declared variables -> mistakes as (0-based line of the source, message)."""
    check_backend: Callable[[BackendSpec], None]
    """Raises OptionError when the provider cannot work with the spec."""
    embedded: Callable[[str, Path], BackendSpec | None]
    """The spec of a backend named without a definition (`smollm2`), or None."""
    embedded_names: tuple[str, ...]
    """Names that `embedded` knows, for suggestions."""
    rubric_metrics: frozenset[str] = frozenset()
    """Names of metrics whose option `rubric` is the path of a rubric file."""
    check_rubric: Callable[[Mapping[str, Any]], Sequence[tuple[tuple[str, ...], str]]] = lambda _content: ()
    """Content of a rubric file whose form is right -> mistakes as (place in it, message)."""
    trust_in: Callable[[MetricSpec, Measure], Trust] = lambda _spec, _measure: Trust("")
    """What is known of the agreement of a metric's measure with people; the measure is signed with whom it asks."""
    takes_params: Callable[[BackendSpec], bool] = lambda _spec: True
    """Whether calls of a backend may have parameters of their own; asked of specs that `check_backend` accepts."""
    fingerprint: Callable[[BackendSpec], Mapping[str, str]] = lambda _spec: {}
    """A hash by word (code, weights …) of what lies here and answers; OptionError when it cannot be read."""


class LoadOptions(Struct, frozen=True):
    """What the command line changes about a suite."""

    root: Path
    """Files below this folder are shown relative to it."""
    backends: tuple[str, ...] = ()
    """Run on these backends instead of the suite's; empty keeps the suite's."""
    limit: int | None = None
    """Samples of the dataset, instead of the suite's own limit; None keeps that."""
    repeats: int | None = None
    """Repeats of each trial, instead of the suite's; None keeps those."""
    is_calibrating: bool = False
    """Whether judges are being compared with people just now: gates on them then need no calibration yet."""
    today: date | None = None
    """The day by which quarantines end, in UTC; None: what the clock says."""
