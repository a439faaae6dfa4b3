"""The columns of trials.parquet and scores.parquet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.schema import COMPARISONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pyarrow as pa

    from harness.schema import RunRecord, Score, Suite, TrialResult

_TRIAL_COLUMNS = {
    "suite": "string",
    "variant": "string",
    "prompt": "string",
    "prompt_version": "string",
    "backend": "string",
    "model": "string",
    "sample": "string",
    "repeat": "int32",
    "trial_id": "string",
    "group": "string",
    "tags": "list<string>",
    "messages": "string",
    "output": "string",
    "raw_output": "string",
    "error": "string",
    "finish_reason": "string",
    "latency_s": "double",
    "input_tokens": "int64",
    "output_tokens": "int64",
    "cached_input_tokens": "int64",
    "cost_usd": "double",
    "from_cache": "bool",
    "retries": "int32",
    "started_at": "string",
    "outcome": "string",
    "missed": "list<string>",
    "references": "list<string>",
}
_SCORE_COLUMNS = {
    "trial_id": "string",
    "suite": "string",
    "variant": "string",
    "backend": "string",
    "sample": "string",
    "repeat": "int32",
    "metric": "string",
    "value": "double",
    "status": "string",
    "passed": "bool",
    "reason": "string",
    "cost_usd": "double",
    "signature": "string",
}


def trials_table(record: RunRecord) -> pa.Table:
    """One row a trial; `messages` is JSON text, `error` is `kind: message`."""
    suites = {suite.name: suite for suite in record.suites}
    return _table(_TRIAL_COLUMNS, [_trial_row(suites[result.trial.suite], result) for result in record.results])


def scores_table(record: RunRecord) -> pa.Table:
    """One row a trial and measure; `passed` is null where no check names the measure, and false without a value."""
    suites = {suite.name: suite for suite in record.suites}
    rows = []
    for result in record.results:
        rows.extend(_score_rows(suites[result.trial.suite], result))
    return _table(_SCORE_COLUMNS, rows)


def _table(columns: Mapping[str, str], rows: list[tuple[Any, ...]]) -> pa.Table:
    import pyarrow as pa

    types: dict[str, Callable[[], Any]] = {
        "string": pa.string,
        "int32": pa.int32,
        "int64": pa.int64,
        "double": pa.float64,
        "bool": pa.bool_,
        "list<string>": lambda: pa.list_(pa.string()),
    }
    by_column = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    arrays = [pa.array(values, type=types[kind]()) for values, kind in zip(by_column, columns.values(), strict=True)]
    return pa.table(arrays, names=list(columns))


def _utf8(text: str | None) -> str | None:
    """The text with lone surrogates replaced: Arrow holds UTF-8 only."""
    return None if text is None else text.encode("utf-8", "replace").decode()


def _trial_row(suite: Suite, result: TrialResult) -> tuple[Any, ...]:
    trial, generation = result.trial, result.generation
    variant = next(variant for variant in suite.variants if variant.name == trial.variant)
    backend = next(backend for backend in suite.backends if backend.name == trial.backend)
    messages = [{"role": message.role, "content": message.content} for message in trial.messages]
    return (
        trial.suite,
        trial.variant,
        variant.prompt.name,
        variant.prompt.version,
        trial.backend,
        backend.model,
        _utf8(trial.sample.sample_id),
        trial.repeat,
        trial.trial_id,
        _utf8(trial.sample.group),
        [_utf8(tag) for tag in trial.sample.tags],
        json.dumps(messages, ensure_ascii=True),
        _utf8(result.output),
        _utf8(generation.text) if generation else None,
        _utf8(f"{result.error.kind}: {result.error.message}") if result.error else None,
        generation.finish_reason if generation else None,
        generation.latency_s if generation else None,
        generation.input_tokens if generation else None,
        generation.output_tokens if generation else None,
        generation.cached_input_tokens if generation else None,
        generation.cost_usd if generation else None,
        generation.from_cache if generation else None,
        generation.retries if generation else None,
        generation.started_at if generation else None,
        result.outcome,
        [_utf8(text) for text in result.missed],
        [_utf8(text) for text in trial.sample.references],
    )


def _score_rows(suite: Suite, result: TrialResult) -> list[tuple[Any, ...]]:
    trial = result.trial
    signatures = {measure.name: measure.signature for measure in suite.measures}
    return [
        (
            trial.trial_id,
            trial.suite,
            trial.variant,
            trial.backend,
            _utf8(trial.sample.sample_id),
            trial.repeat,
            score.metric,
            score.value,
            score.status,
            _passed(suite, score),
            _utf8(score.reason),
            None,
            signatures.get(score.metric, ""),
        )
        for score in result.scores
    ]


def _passed(suite: Suite, score: Score) -> bool | None:
    """Whether every check on the measure holds; None where there is none."""
    checks = [check for check in suite.checks if check.metric == score.metric]
    if not checks:
        return None
    value = score.value
    return value is not None and all(COMPARISONS[check.operator](value, check.threshold) for check in checks)
