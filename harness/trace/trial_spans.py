"""One trial as spans: the trial itself, its messages, the cache, the calls, the metrics."""

from __future__ import annotations

import time
from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.schema import Generation, Span, SpanEvent
from harness.trace.call_spans import backend_attributes, call_spans

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.schema import AttributeValue, BackendSpec, CellKey, Score, Suite, TrialResult
    from harness.trace.call_spans import Place
    from harness.trace.ids import Ids
    from harness.trace.trial import TrialTrace

REPORTED = frozenset(field.name for field in fields(Generation))
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


class Facts:
    """What is known of a run's suites before its first trial: attributes that many spans share."""

    def __init__(self, run_id: str, suites: Sequence[Suite]) -> None:
        """Work them out once."""
        self._run_id = run_id
        self._suites = {suite.name: suite for suite in suites}
        self._cells: dict[CellKey, dict[str, AttributeValue | None]] = {}
        self._metrics: dict[str, dict[str, AttributeValue | None]] = {}
        self._backends = {
            (suite.name, spec.name): backend_attributes(spec) for suite in suites for spec in suite.backends
        }
        self.places = {
            suite.name: {measure.name: place for place, measure in enumerate(suite.measures)} for suite in suites
        }
        """Where each measure's score is among a trial's."""
        self.lookups: dict[tuple[str, str], tuple[int, int]] = {}
        """When the cache was asked for the answers of a suite's backend: for all of them at once."""
        self._checks = {
            suite.name: {check.metric: f"{check.text}:" for check in suite.checks} for suite in suites if suite.checks
        }

    def of_cell(self, cell: CellKey) -> Mapping[str, AttributeValue | None]:
        """What all trials of the cell have in common."""
        known = self._cells.get(cell)
        if known is None:
            suite = self._suites[cell[0]]
            prompt = next(variant.prompt for variant in suite.variants if variant.name == cell[1])
            known = self._cells[cell] = {
                "prompt_suite.run.id": self._run_id,
                "prompt_suite.suite": cell[0],
                "prompt_suite.variant": cell[1],
                "prompt_suite.prompt.name": prompt.name,
                "prompt_suite.prompt.version": prompt.version,
                "prompt_suite.backend": cell[2],
            }
        return known

    def of_backend(self, suite: str, spec: BackendSpec) -> Mapping[str, AttributeValue | None]:
        """What all calls to the backend have in common."""
        known = self._backends.get((suite, spec.name))
        if known is None:
            known = self._backends[suite, spec.name] = backend_attributes(spec)
        return known

    def of_metric(self, metric: str) -> Mapping[str, AttributeValue | None]:
        """What all spans of the metric have in common."""
        return self._metrics.setdefault(metric, {"prompt_suite.metric": metric})

    def label(self, suite: str, score: Score, missed: Sequence[str]) -> str | None:
        """`pass` or `fail` where a check names the measure, else the status of a score without a value."""
        if score.status != "scored":
            return score.status
        begin = self._checks.get(suite, {}).get(score.metric)
        if begin is None:
            return None
        return "fail" if any(text.startswith(begin) for text in missed) else "pass"


class SpanMaker:
    """Makes the spans of trials."""

    def __init__(self, ids: Ids, facts: Facts, clean: Callable[[str], str]) -> None:
        """With the run's ids and facts; `clean` removes secrets from a text."""
        self._ids = ids
        self._facts = facts
        self._clean = clean
        self._run = (ids.run_trace, ids.run_span)

    def spans(self, trace: TrialTrace, result: TrialResult, times: Sequence[MetricTime]) -> list[Span]:
        """The trial's spans, the trial first; it ends now."""
        trial, ids = trace.trial, self._ids
        trace_id, root_id = ids.trace_of(trial.trial_id), ids.span()
        spans = [self._root(trace, result, (trace_id, root_id))]
        if trace.render is not None:
            spans.append(Span(trace_id, ids.span(), root_id, "render", "internal", *trace.render, {}))
        if (lookup := self._lookup_of(trace, result)) is not None:
            known = {"prompt_suite.cache.found": True}
            spans.append(Span(trace_id, ids.span(), root_id, "cache lookup", "internal", *lookup, known))
        metric_ids = {}
        if result.generation is not None:
            for one in times:
                if one.metric not in REPORTED:
                    span = self._metric(one, result, (trace_id, root_id))
                    metric_ids[one.metric] = span.span_id
                    spans.append(span)
        for call in trace.calls:
            parent_id = root_id if call.under is None else metric_ids.get(call.under, root_id)
            common = self._facts.of_backend(trial.suite, call.spec)
            spans += call_spans(call, (trace_id, parent_id), common=common, clean=self._clean)
        return spans

    def _lookup_of(self, trace: TrialTrace, result: TrialResult) -> tuple[int, int] | None:
        """When the look-up was that found the trial's answer; None where it was called, or has none."""
        if result.generation is None or any(call.under is None for call in trace.calls):
            return None
        trial = trace.trial
        return self._facts.lookups.get((trial.suite, trial.backend))

    def _root(self, trace: TrialTrace, result: TrialResult, place: Place) -> Span:
        trial, error = trace.trial, result.error
        generation = result.generation
        attributes: dict[str, Any] = {
            "prompt_suite.sample.id": trial.sample.sample_id,
            "prompt_suite.repeat": trial.repeat,
            "prompt_suite.trial.id": trial.trial_id,
            "prompt_suite.outcome": result.outcome,
            "prompt_suite.from_cache": None if generation is None else generation.from_cache,
        }
        failed = None
        if error is not None:
            attributes["error.type"] = error.kind
            if result.outcome == "error":
                failed = self._clean(error.message)
            else:  # it was not run, or its answer could not be read, which is a wrong answer
                attributes["prompt_suite.reason"] = self._clean(error.message)
        name = f"trial {trial.variant} {trial.sample.sample_id}"
        lookup = self._lookup_of(trace, result)
        began_ns = trace.began_ns if lookup is None else min(lookup[0], trace.began_ns)
        times = (began_ns, max(time.time_ns(), began_ns))
        common = self._facts.of_cell(trial.cell)
        return Span(*place, None, name, "internal", *times, attributes, common, link=self._run, error=failed)

    def _metric(self, one: MetricTime, result: TrialResult, above: Place) -> Span:
        suite = result.trial.suite
        places = self._facts.places[suite]
        events = []
        failed = None
        for name in one.measures:
            score = result.scores[places[name]]
            attributes: dict[str, Any] = {"gen_ai.evaluation.name": name, "gen_ai.evaluation.score.value": score.value}
            label = self._facts.label(suite, score, result.missed)
            if label is not None:
                attributes["gen_ai.evaluation.score.label"] = label
            if score.reason is not None:
                attributes["gen_ai.evaluation.explanation"] = self._clean(score.reason)
            if score.status == "failed":
                attributes["error.type"] = "metric"
                failed = attributes.get("gen_ai.evaluation.explanation", "failed")
            events.append(SpanEvent("gen_ai.evaluation.result", one.ended_ns, attributes))
        times = (one.began_ns, one.ended_ns)
        own = {"prompt_suite.batch": one.n_answers}
        place = (above[0], self._ids.span(), above[1])
        name, common = f"evaluate {one.metric}", self._facts.of_metric(one.metric)
        return Span(*place, name, "internal", *times, own, common, events, error=failed)
