"""Frozen structs that cross rooms or reach disk."""

from harness.schema.digest import canonical_json, content_hash, content_key
from harness.schema.judging import CalibrationRule, Estimate, Fact, Judging, Rating, Trust
from harness.schema.plan import Plan
from harness.schema.progress import BackendProgress, Progress
from harness.schema.prompt import (
    ChainOfThoughtSpec,
    ExamplesSpec,
    InputType,
    Message,
    MessageTemplate,
    OutputSpec,
    PromptVersion,
    Role,
    Sample,
    Techniques,
    Variant,
)
from harness.schema.question import Ask, AskFor, Others, Question
from harness.schema.run import Cell, RunManifest, RunRecord
from harness.schema.score import Measure, Note, Score, Scores, Status
from harness.schema.settings import CacheMode, Settings
from harness.schema.span import AttributeValue, Span, SpanEvent, SpanKind, StepKind
from harness.schema.suite import (
    COMPARISONS,
    Aggregation,
    BackendSpec,
    CheckSpec,
    GateSpec,
    MetricSpec,
    Operator,
    Price,
    Suite,
)
from harness.schema.trial import (
    Answer,
    CallError,
    CellKey,
    Generation,
    Outcome,
    Request,
    TokenLogprob,
    Trial,
    TrialResult,
)
from harness.schema.verdict import Aggregate, Verdict

SCHEMA_VERSION = 1
"""Version of the recorded form: part of every cache key and of run.json."""

__all__ = [
    "COMPARISONS",
    "SCHEMA_VERSION",
    "Aggregate",
    "Aggregation",
    "Answer",
    "Ask",
    "AskFor",
    "AttributeValue",
    "BackendProgress",
    "BackendSpec",
    "CacheMode",
    "CalibrationRule",
    "CallError",
    "Cell",
    "CellKey",
    "ChainOfThoughtSpec",
    "CheckSpec",
    "Estimate",
    "ExamplesSpec",
    "Fact",
    "GateSpec",
    "Generation",
    "InputType",
    "Judging",
    "Measure",
    "Message",
    "MessageTemplate",
    "MetricSpec",
    "Note",
    "Operator",
    "Others",
    "Outcome",
    "OutputSpec",
    "Plan",
    "Price",
    "Progress",
    "PromptVersion",
    "Question",
    "Rating",
    "Request",
    "Role",
    "RunManifest",
    "RunRecord",
    "Sample",
    "Score",
    "Scores",
    "Settings",
    "Span",
    "SpanEvent",
    "SpanKind",
    "Status",
    "StepKind",
    "Suite",
    "Techniques",
    "TokenLogprob",
    "Trial",
    "TrialResult",
    "Trust",
    "Variant",
    "Verdict",
    "canonical_json",
    "content_hash",
    "content_key",
]
