"""The columns of trials.parquet and scores.parquet."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from harness.schema import COMPARISONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from harness.schema import CheckSpec, RunRecord, Suite, TrialResult

_GROUP = 4_096
"""Rows of one row group: what is in memory at once."""
_TYPES: Mapping[str, Callable[[Any], Any]] = {
    "string": lambda pa: pa.string(),
    "int32": lambda pa: pa.int32(),
    "int64": lambda pa: pa.int64(),
    "double": lambda pa: pa.float64(),
    "bool": lambda pa: pa.bool_(),
    "list<string>": lambda pa: pa.list_(pa.string()),
}

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


def write_trials(path: Path, record: RunRecord) -> None:
    """Parquet with one row a trial; `messages` is JSON text, `error` is `kind: message`."""
    makers = {suite.name: _Rows(suite) for suite in record.suites}
    _write(path, _TRIAL_COLUMNS, (makers[result.trial.suite].trial(result) for result in record.results))


def write_scores(path: Path, record: RunRecord) -> None:
    """Parquet with one row a trial and measure.

    `passed` is null where no check names the measure, and false without a value.
    """
    makers = {suite.name: _Rows(suite) for suite in record.suites}
    rows = (row for result in record.results for row in makers[result.trial.suite].scores(result))
    _write(path, _SCORE_COLUMNS, rows)


def _write(path: Path, columns: Mapping[str, str], rows: Iterator[tuple[Any, ...]]) -> None:
    """Write rows in groups: only one of them is in memory.

    Arrow parses lines of JSON itself: it would ask pandas, and so import it, what each list of Python objects is.
    """
    import pyarrow as pa
    import pyarrow.json
    import pyarrow.parquet as pq

    schema = pa.schema([(name, _TYPES[kind](pa)) for name, kind in columns.items()])
    parse = pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while lines := [orjson.dumps(dict(zip(columns, row, strict=True))) for row in islice(rows, _GROUP)]:
            text = b"\n".join(lines)
            read = pyarrow.json.ReadOptions(use_threads=False, block_size=len(text) + 1)
            writer.write_table(pyarrow.json.read_json(pa.BufferReader(text), read, parse))


def _utf8(text: str | None) -> str | None:
    """The text with lone surrogates replaced: Arrow holds UTF-8 only."""
    return text if text is None or text.isascii() else text.encode("utf-8", "replace").decode()


class _Rows:
    """The rows of one suite's trials."""

    def __init__(self, suite: Suite) -> None:
        self._prompts = {variant.name: variant.prompt for variant in suite.variants}
        self._models = {backend.name: backend.model for backend in suite.backends}
        self._signatures = {measure.name: measure.signature for measure in suite.measures}
        self._checks = {name: [check for check in suite.checks if check.metric == name] for name in self._signatures}

    def trial(self, result: TrialResult) -> tuple[Any, ...]:
        trial, prompt = result.trial, self._prompts[result.trial.variant]
        messages = [{"role": message.role, "content": message.content} for message in trial.messages]
        return (
            trial.suite,
            trial.variant,
            prompt.name,
            prompt.version,
            trial.backend,
            self._models[trial.backend],
            _utf8(trial.sample.sample_id),
            trial.repeat,
            trial.trial_id,
            _utf8(trial.sample.group),
            [_utf8(tag) for tag in trial.sample.tags],
            json.dumps(messages, ensure_ascii=True),
            _utf8(result.output),
            *_answered(result),
            result.outcome,
            [_utf8(text) for text in result.missed],
            [_utf8(text) for text in trial.sample.references],
        )

    def scores(self, result: TrialResult) -> Iterator[tuple[Any, ...]]:
        trial = result.trial
        sample = _utf8(trial.sample.sample_id)
        for score in result.scores:
            yield (
                trial.trial_id,
                trial.suite,
                trial.variant,
                trial.backend,
                sample,
                trial.repeat,
                score.metric,
                score.value,
                score.status,
                _passed(self._checks.get(score.metric, ()), score.value),
                _utf8(score.reason),
                None,
                self._signatures.get(score.metric, ""),
            )


def _answered(result: TrialResult) -> tuple[Any, ...]:
    """The columns from `raw_output` to `started_at`."""
    generation = result.generation
    error = _utf8(f"{result.error.kind}: {result.error.message}") if result.error else None
    if generation is None:
        return None, error, *[None] * 9
    return (
        _utf8(generation.text),
        error,
        generation.finish_reason,
        generation.latency_s,
        generation.input_tokens,
        generation.output_tokens,
        generation.cached_input_tokens,
        generation.cost_usd,
        generation.from_cache,
        generation.retries,
        generation.started_at,
    )


def _passed(checks: Sequence[CheckSpec], value: float | None) -> bool | None:
    """Whether every check on the measure holds; None where there is none."""
    if not checks:
        return None
    return value is not None and all(COMPARISONS[check.operator](value, check.threshold) for check in checks)
