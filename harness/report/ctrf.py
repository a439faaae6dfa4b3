"""The run as CTRF JSON (Common Test Report Format, https://ctrf.io): what CI services and chat reporters read.

Written to the form of specification 0.0.0, `schema/ctrf.schema.json` of github.com/ctrf-io/ctrf; its validator
(npm ctrf 0.3.0) takes no other version.
"""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from msgspec import Struct

from harness.report.outcome import reasons_of
from harness.wording import escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.schema import GateSpec, Outcome, RunRecord, Trial, TrialResult, Verdict

_SPEC = "0.0.0"
_TOOL = "pytest-prompt-suite"
_STATUS: Mapping[Outcome, str] = {"passed": "passed", "failed": "failed", "error": "failed", "not_run": "pending"}
"""`pending` is a test that awaits a condition: a trial not run is run by --prompt-resume, or when there is budget.

A trial that was answered in quarantine is `other`: it neither passed nor failed.
"""


class Names(Struct, frozen=True):
    """What tests are called: as pytest calls its items."""

    trial: Callable[[Trial], str]
    """`few_shot@1.1[smollm2-fb003]`."""
    gate: Callable[[GateSpec, str, str], str]
    """Of gate, variant and backend: `gate[exact_match.mean>=0.60-few_shot@1.1-smollm2]`."""


def render_ctrf(record: RunRecord, names: Names) -> str:
    """JSON text with a test for every trial, then for every gate; model text is in `message` only, made printable."""
    paths = {suite.name: suite.path for suite in record.suites}
    tests = [_trial(result, names.trial(result.trial), paths) for result in record.results]
    tests += [
        _gate(verdict, names.gate(verdict.gate, verdict.variant, verdict.backend), paths) for verdict in record.verdicts
    ]
    version = record.manifest.versions.get("harness", "")
    document = {
        "reportFormat": "CTRF",
        "specVersion": _SPEC,
        "reportId": _identity(record.manifest.run_id),
        "timestamp": record.manifest.started_at,
        "generatedBy": f"{_TOOL} {version}".strip(),
        "results": {
            "tool": {"name": _TOOL, **({"version": version} if version else {})},
            "summary": _summary(record, tests),
            "tests": tests,
            "environment": _environment(record),
        },
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def _summary(record: RunRecord, tests: list[dict[str, Any]]) -> dict[str, Any]:
    manifest = record.manifest
    counts = Counter(test["status"] for test in tests)
    start = round(datetime.fromisoformat(manifest.started_at).timestamp() * 1000)
    lasted = round(manifest.wall_s * 1000)
    return {
        "tests": len(tests),
        **{status: counts[status] for status in ("passed", "failed", "skipped", "pending", "other")},
        "suites": len(record.suites),
        "start": start,
        "stop": start + lasted,
        "duration": lasted,
        "extra": {"run_id": manifest.run_id, "complete": manifest.complete, **manifest.totals},
    }


def _environment(record: RunRecord) -> dict[str, Any]:
    commit = record.manifest.git_commit
    return {**({"commit": commit} if commit else {}), "extra": {"versions": dict(record.manifest.versions)}}


def _trial(result: TrialResult, name: str, paths: Mapping[str, str]) -> dict[str, Any]:
    trial, generation = result.trial, result.generation
    latency_s = generation.latency_s if generation is not None else None
    message = "; ".join(reasons_of(result))
    without = {score.metric: escaped(score.reason or score.status) for score in result.scores if score.value is None}
    return {
        "id": _identity(f"{trial.suite}/{trial.trial_id}"),
        "name": name,
        "status": "other" if result.is_held_back else _STATUS[result.outcome],
        "rawStatus": f"{result.outcome} in quarantine" if result.is_held_back else result.outcome,
        "duration": round((latency_s or 0) * 1000),
        "suite": [escaped(trial.suite) or "suite"],
        "filePath": escaped(paths.get(trial.suite, "")),
        **({"message": escaped(message, keep="\n")} if message else {}),
        **({"tags": [escaped(tag) for tag in trial.sample.tags]} if trial.sample.tags else {}),
        "extra": {
            "kind": "trial",
            **_cell(trial.variant, trial.backend),
            "sample": escaped(trial.sample.sample_id),
            "repeat": trial.repeat,
            **_quarantine(trial),
            "scores": {score.metric: score.value for score in result.scores if score.value is not None},
            **({"without_value": without} if without else {}),
            "cost_usd": generation.cost_usd if generation is not None else None,
            "from_cache": generation.from_cache if generation is not None else None,
        },
    }


def _quarantine(trial: Trial) -> dict[str, dict[str, str]]:
    held = trial.quarantine
    return {} if held is None else {"quarantine": {"reason": escaped(held.reason), "until": escaped(held.until)}}


def _gate(verdict: Verdict, name: str, paths: Mapping[str, str]) -> dict[str, Any]:
    gate, (value, low, high) = verdict.gate, verdict.asked
    line = {} if gate.line is None else {"line": gate.line}
    return {
        "id": _identity(f"{verdict.suite}/{name}"),
        "name": name,
        "status": _gate_status(verdict),
        "rawStatus": _gate_outcome(verdict),
        "duration": 0,
        "suite": [escaped(verdict.suite) or "suite", "gates"],
        "filePath": escaped(gate.path or paths.get(verdict.suite, "")),
        **line,
        "message": escaped(verdict.message, keep="\n"),
        "extra": {
            "kind": "gate",
            **_cell(verdict.variant, verdict.backend),
            "gate": gate.text,
            "origin": gate.origin,
            "value": value,
            "ci_low": low,
            "ci_high": high,
            "confidence": None if low is None and high is None else round(gate.confidence, 10),
            "n": verdict.aggregate.n_scored,
            "finding": verdict.finding,
        },
    }


def _cell(variant: str, backend: str) -> dict[str, str]:
    return {"variant": escaped(variant), "backend": escaped(backend)}


def _gate_status(verdict: Verdict) -> str:
    if verdict.judged:
        return "passed" if verdict.passed else "failed"
    return "skipped" if verdict.by_choice else "pending"


def _gate_outcome(verdict: Verdict) -> str:
    if not verdict.judged:
        return "not judged"
    return ("warns" if verdict.warns else "holds") if verdict.passed else "does not hold"


def _identity(text: str) -> str:
    """A UUID made of the text: the same trial has the same in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{_TOOL}:{text}"))
