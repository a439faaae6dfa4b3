"""A metric's span: its values as evaluation results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.trace.encode import attributes_text, string_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.schema import Scores, Status
    from harness.trace.facts import Facts, MetricTime

_VALUE = ',{"key":"gen_ai.evaluation.score.value","value":{"doubleValue":'
_PLAIN: tuple[Status, str | None] = ("scored", None)


class BatchMetric:
    """One metric over one batch: of each trial's line only ids and values are not yet text."""

    __slots__ = ("_checks", "_clean", "_events", "_head", "metric")

    def __init__(self, time: MetricTime, suite: str, facts: Facts, *, clean: Callable[[str], str]) -> None:
        """`clean` removes secrets from a text."""
        self.metric = time.metric
        own = attributes_text({"prompt_suite.metric": time.metric, "prompt_suite.batch": time.n_answers})
        self._head = (
            f'"name":{string_text(f"evaluate {time.metric}")},"kind":1,"startTimeUnixNano":"{time.began_ns}",'
            f'"endTimeUnixNano":"{time.ended_ns}","attributes":[{own}],"events":['
        )
        begin = f'{{"timeUnixNano":"{time.ended_ns}","name":"gen_ai.evaluation.result","attributes":['
        self._events = [
            (facts.places[suite][name], name, begin + attributes_text({"gen_ai.evaluation.name": name}))
            for name in time.measures
        ]
        self._checks: Mapping[str, str] = facts.checks[suite]
        self._clean = clean

    def line(self, ids: tuple[str, str, str], scores: Scores, missed: Sequence[str]) -> str:
        """The line of one trial; `ids` are those of trace, span and parent, `missed` the lines of missed checks."""
        values, notes = memoryview(scores.packed).cast("d"), scores.notes
        events = []
        status = ""
        for place, name, begin in self._events:
            about = notes.get(place)
            if about is None and not self._checks:
                events.append(f"{begin}{_VALUE}{values[place]!r}}}}}]}}")
                continue
            kind, reason = about or _PLAIN
            value = values[place] if kind == "scored" else None
            more = self._more(name, value, (kind, reason), missed=missed)
            events.append(f"{begin},{attributes_text(more)}]}}")
            if kind == "failed":
                message = string_text(more.get("gen_ai.evaluation.explanation", "failed"))
                status = f',"status":{{"code":2,"message":{message}}}'
        trace_id, span_id, parent_id = ids
        return (
            f'{{"traceId":"{trace_id}","spanId":"{span_id}","parentSpanId":"{parent_id}",'
            f"{self._head}{','.join(events)}]{status}}}\n"
        )

    def _more(
        self, name: str, value: float | None, about: tuple[Status, str | None], *, missed: Sequence[str]
    ) -> dict[str, Any]:
        """What an evaluation result says beside its name."""
        status, reason = about
        label: str | None = status
        if status == "scored":
            begin = self._checks.get(name)
            label = None if begin is None else "fail" if any(text.startswith(begin) for text in missed) else "pass"
        return {
            "gen_ai.evaluation.score.value": value,
            "gen_ai.evaluation.score.label": label,
            "gen_ai.evaluation.explanation": None if reason is None else self._clean(reason),
            "error.type": "metric" if status == "failed" else None,
        }
