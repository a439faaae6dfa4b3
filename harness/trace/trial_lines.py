"""One trial as lines of spans: the trial itself, its messages, the cache, the metrics, the calls."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from harness.schema import Scores, Span
from harness.trace.call_spans import call_spans
from harness.trace.encode import Encoder, attributes_text, string_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.schema import AttributeValue, TrialResult
    from harness.trace.evaluation import BatchMetric
    from harness.trace.facts import Facts
    from harness.trace.ids import Ids
    from harness.trace.trial import TrialTrace


class LineMaker:
    """Makes the lines of trials."""

    def __init__(self, ids: Ids, facts: Facts, clean: Callable[[str], str]) -> None:
        """With the run's ids and facts; `clean` removes secrets from a text."""
        self._ids = ids
        self._facts = facts
        self._clean = clean
        self._encoder = Encoder()
        self._link = f',"links":[{{"traceId":"{ids.run_trace}","spanId":"{ids.run_span}"}}]'

    def of_span(self, span: Span) -> str:
        """The line of one span."""
        return self._encoder.lines([span])

    def of_trial(self, trace: TrialTrace, result: TrialResult, metrics: Sequence[BatchMetric]) -> tuple[str, str]:
        """The id of the trial's own span, and all its lines, the trial's first; it ends now."""
        trial, ids = trace.trial, self._ids
        trace_id, root_id = ids.trace_of(trial.trial_id), ids.span()
        lookup = self._lookup_of(trace, result)
        began_ns = trace.began_ns if lookup is None else min(lookup[0], trace.began_ns)
        lines = [self._root(result, (trace_id, root_id), began_ns)]
        if trace.render is not None:
            lines.append(self.of_span(Span(trace_id, ids.span(), root_id, "render", "internal", *trace.render, {})))
        if lookup is not None:
            known = {"prompt_suite.cache.found": True}
            lines.append(self.of_span(Span(trace_id, ids.span(), root_id, "cache lookup", "internal", *lookup, known)))
        metric_ids = {}
        if result.generation is not None:
            scores = Scores.of(result.scores)
            for metric in metrics:
                metric_ids[metric.metric] = span_id = ids.span()
                lines.append(metric.line((trace_id, span_id, root_id), scores, result.missed))
        for call in trace.calls:
            parent_id = root_id if call.under is None else metric_ids.get(call.under, root_id)
            common = self._facts.of_backend(trial.suite, call.spec)
            lines.append(self._encoder.lines(call_spans(call, (trace_id, parent_id), common=common, clean=self._clean)))
        return root_id, "".join(lines)

    def _lookup_of(self, trace: TrialTrace, result: TrialResult) -> tuple[int, int] | None:
        """When the look-up was that found the trial's answer; None where it was called, or has none."""
        if result.generation is None or any(call.under is None for call in trace.calls):
            return None
        trial = trace.trial
        return self._facts.lookups.get((trial.suite, trial.backend))

    def _root(self, result: TrialResult, place: tuple[str, str], began_ns: int) -> str:
        trial, error, generation = result.trial, result.error, result.generation
        attributes: dict[str, AttributeValue | None] = {
            "prompt_suite.sample.id": trial.sample.sample_id,
            "prompt_suite.repeat": trial.repeat,
            "prompt_suite.trial.id": trial.trial_id,
            "prompt_suite.outcome": result.outcome,
            "prompt_suite.from_cache": None if generation is None else generation.from_cache,
        }
        status = ""
        if error is not None:
            attributes["error.type"] = error.kind
            if result.outcome == "error":
                status = f',"status":{{"code":2,"message":{string_text(self._clean(error.message))}}}'
            else:  # it was not run, or its answer could not be read, which is a wrong answer
                attributes["prompt_suite.reason"] = self._clean(error.message)
        return (
            f'{{"traceId":"{place[0]}","spanId":"{place[1]}",'
            f'"name":{string_text(f"trial {trial.variant} {trial.sample.sample_id}")},"kind":1,'
            f'"startTimeUnixNano":"{began_ns}","endTimeUnixNano":"{max(time.time_ns(), began_ns)}",'
            f'"attributes":[{self._facts.of_cell(trial.cell).text},{attributes_text(attributes)}]{self._link}{status}}}\n'
        )
