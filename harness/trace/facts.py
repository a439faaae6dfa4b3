"""What is known of a run before its first trial, and what many spans share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from harness.schema import Generation
from harness.trace.call_spans import backend_attributes
from harness.trace.encode import attributes_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.schema import AttributeValue, BackendSpec, CellKey, Suite

REPORTED = frozenset(Generation.__struct_fields__)
"""Metrics that repeat what the backend reports (`latency_s`, `cost_usd` …): attributes of its call, no spans."""


class MetricTime(NamedTuple):
    """When one metric scored one batch of answers."""

    metric: str
    """Its name in the suite file."""
    measures: tuple[str, ...]
    """The measures it yields."""
    began_ns: int
    """Unix time, nanoseconds."""
    ended_ns: int
    """Unix time, nanoseconds."""
    n_answers: int
    """Answers scored at once."""


class CellFacts(NamedTuple):
    """What all trials of a suite x variant x backend have in common."""

    prompt: tuple[str, str]
    """Name and version."""
    dataset: str
    """As shown to the user."""
    text: str
    """Their attributes, as they are written."""


class Facts:
    """The suites of a run, by what spans say of them."""

    def __init__(self, run_id: str, suites: Sequence[Suite]) -> None:
        """Work out what is needed more than once."""
        self._run_id = run_id
        self._suites = {suite.name: suite for suite in suites}
        self._cells: dict[CellKey, CellFacts] = {}
        self._backends: dict[tuple[str, str], Mapping[str, AttributeValue | None]] = {}
        self.places = {
            suite.name: {measure.name: place for place, measure in enumerate(suite.measures)} for suite in suites
        }
        """Where each measure's score is among a trial's."""
        self.checks = {suite.name: {check.metric: f"{check.text}:" for check in suite.checks} for suite in suites}
        """By suite and measure: how the line of a check begins that was missed."""
        self.lookups: dict[tuple[str, str], tuple[int, int]] = {}
        """When the cache was asked for the answers of a suite's backend: for all of them at once."""

    def of_cell(self, cell: CellKey) -> CellFacts:
        """What all trials of the cell have in common."""
        known = self._cells.get(cell)
        if known is None:
            suite = self._suites[cell[0]]
            prompt = next(variant.prompt for variant in suite.variants if variant.name == cell[1])
            text = attributes_text(
                {
                    "prompt_suite.run.id": self._run_id,
                    "prompt_suite.suite": cell[0],
                    "prompt_suite.variant": cell[1],
                    "prompt_suite.prompt.name": prompt.name,
                    "prompt_suite.prompt.version": prompt.version,
                    "prompt_suite.backend": cell[2],
                }
            )
            known = self._cells[cell] = CellFacts((prompt.name, prompt.version), suite.dataset_path, text)
        return known

    def of_backend(self, suite: str, spec: BackendSpec) -> Mapping[str, AttributeValue | None]:
        """What all calls to the backend have in common; the same mapping each time."""
        known = self._backends.get((suite, spec.name))
        if known is None:
            known = self._backends[suite, spec.name] = backend_attributes(spec)
        return known
