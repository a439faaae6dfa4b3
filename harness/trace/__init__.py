"""What happened in a run, as OpenTelemetry spans: written beside the run, exported where an endpoint is set."""

from harness.trace.facts import MetricTime
from harness.trace.observe import Observation, Observe, observe
from harness.trace.tracer import NO_TRACER, NoTracer, TracedRun, Tracer, open_tracer
from harness.trace.trial import NO_CALL, NO_TRIAL, CallTrace, NoCallTrace, NoTrialTrace, TrialTrace

__all__ = [
    "NO_CALL",
    "NO_TRACER",
    "NO_TRIAL",
    "CallTrace",
    "MetricTime",
    "NoCallTrace",
    "NoTracer",
    "NoTrialTrace",
    "Observation",
    "Observe",
    "TracedRun",
    "Tracer",
    "TrialTrace",
    "observe",
    "open_tracer",
]
