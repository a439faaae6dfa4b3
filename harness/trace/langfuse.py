"""What Langfuse needs beyond OpenTelemetry to show a run as experiments to compare, one a variant and backend.

Source: Langfuse's docs of the OpenTelemetry endpoint (property mapping; experiments) and of `/api/public/ingestion`.
Its endpoint reads no scores from spans: they are sent beside, with the same credentials. Every collector gets the
attributes, as any may pass spans on to Langfuse; `spans.jsonl` does without.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson

from harness.trace.call_spans import messages_text
from harness.trace.facts import REPORTED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.schema import Span
    from harness.trace.shipment import TrialFacts

INGESTION_HEADERS = {"x-langfuse-ingestion-version": "4"}
"""Asks for the way in that shows traces at once."""
_PATH = "/api/public/otel"
_TYPES = {"chat": "generation", "invoke_workflow": "generation", "execute_tool": "tool", "retrieval": "retriever"}
"""Kinds of observations by `gen_ai.operation.name`."""


def is_langfuse(url: str) -> bool:
    """Whether this endpoint is Langfuse's own."""
    return _PATH in url


def scores_url(url: str) -> str:
    """Where the Langfuse behind an endpoint takes scores."""
    return url.partition(_PATH)[0] + "/api/public/ingestion"


def langfuse_attributes(span: Span, run_id: str, trial: TrialFacts | None) -> dict[str, Any]:
    """The attributes that a span of a trial, or of the run, gets beside its own."""
    known: dict[str, Any] = {"langfuse.session.id": run_id}
    if trial is None:
        return {**known, "langfuse.trace.name": "prompt-suite run"}
    known.update(_of_trial(trial, run_id))
    operation = span.attributes.get("gen_ai.operation.name")
    if span.parent_id is None:
        known.update(_of_root(trial))
    elif operation is not None:
        known["langfuse.observation.type"] = _TYPES.get(str(operation), "span")
        known.update(_of_generation(span, trial) if operation in ("chat", "invoke_workflow") else {})
    elif span.name.startswith("evaluate "):
        known["langfuse.observation.type"] = "evaluator"
    return known


def score_events(trials: Iterable[TrialFacts]) -> bytes | None:
    """The scores of these trials as a request's body; None when there are none."""
    now = datetime.now(UTC).isoformat()
    batch = []
    for facts in trials:
        trace_id, span_id = facts.root
        for score in facts.result.scores:
            if score.value is None or score.metric in REPORTED:
                continue
            score_id = sha256(f"{trace_id}{span_id}{score.metric}".encode()).hexdigest()[:32]
            reason = None if score.reason is None else facts.clean(score.reason)
            body: dict[str, Any] = {"id": score_id, "traceId": trace_id, "observationId": span_id, "name": score.metric}
            body |= {"value": score.value, "dataType": "NUMERIC", "comment": reason}
            batch.append({"id": score_id, "timestamp": now, "type": "score-create", "body": body})
    return orjson.dumps({"batch": batch}) if batch else None


def _of_trial(facts: TrialFacts, run_id: str) -> dict[str, Any]:
    """What every span of a trial says."""
    trial, (name, version) = facts.result.trial, facts.prompt
    title = f"{trial.suite} · {trial.variant} · {trial.backend}"
    item = trial.sample.sample_id if trial.repeat == 1 else f"{trial.sample.sample_id} r{trial.repeat}"
    return {
        "langfuse.trace.name": title,
        "langfuse.trace.tags": (trial.suite, trial.variant, trial.backend),
        "langfuse.trace.metadata.suite": trial.suite,
        "langfuse.trace.metadata.variant": trial.variant,
        "langfuse.trace.metadata.backend": trial.backend,
        "langfuse.trace.metadata.sample": trial.sample.sample_id,
        "langfuse.trace.metadata.prompt": f"{name}@{version}",
        "langfuse.trace.metadata.outcome": facts.result.outcome,
        "langfuse.version": version,
        "langfuse.experiment.id": sha256(f"{run_id} {title}".encode()).hexdigest()[:16],
        "langfuse.experiment.name": f"{title} · {run_id}",
        "langfuse.experiment.dataset.id": facts.dataset,
        "langfuse.experiment.item.id": item,
        "langfuse.experiment.item.root_observation_id": facts.root[1],
    }


def _of_root(facts: TrialFacts) -> dict[str, Any]:
    """What the trial's own span says: the item's input, output, expected output and scores."""
    result = facts.result
    known: dict[str, Any] = {
        f"langfuse.trace.metadata.{score.metric}": f"{score.value:.6g}"
        for score in result.scores
        if score.value is not None and score.metric not in REPORTED
    }
    if facts.with_text:
        known["langfuse.observation.input"] = facts.clean(messages_text(result.trial.messages))
        if result.output is not None:
            known["langfuse.observation.output"] = facts.clean(result.output)
        if result.trial.sample.references:
            known["langfuse.experiment.item.expected_output"] = result.trial.sample.references[0]
    return known


def _of_generation(span: Span, facts: TrialFacts) -> dict[str, Any]:
    """What a model call says: its prompt, tokens and cost in Langfuse's own words."""
    name, version = facts.prompt
    own = span.attributes
    known: dict[str, Any] = {"langfuse.observation.prompt.name": name}
    known["langfuse.observation.metadata.prompt_version"] = version
    if version.isdecimal():  # Langfuse's own versions are whole numbers
        known["langfuse.observation.prompt.version"] = int(version)
    for theirs, ours in (("input", "gen_ai.input.messages"), ("output", "gen_ai.output.messages")):
        if (text := own.get(ours)) is not None:
            known[f"langfuse.observation.{theirs}"] = text
    if (usage := _usage(own)) is not None:
        known["langfuse.observation.usage_details"] = usage
    if (cost := own.get("prompt_suite.cost_usd")) is not None:
        known["langfuse.observation.cost_details"] = orjson.dumps({"total": cost}).decode()
    return known


def _usage(own: Any) -> str | None:
    tokens_in, tokens_out = own.get("gen_ai.usage.input_tokens"), own.get("gen_ai.usage.output_tokens")
    cached = own.get("gen_ai.usage.cache_read.input_tokens") or 0
    usage: dict[str, int] = {}
    if tokens_in is not None:
        usage["input"] = max(tokens_in - cached, 0)
    if cached:
        usage["input_cached_tokens"] = cached
    if tokens_out is not None:
        usage["output"] = tokens_out
    return orjson.dumps(usage).decode() if usage else None
