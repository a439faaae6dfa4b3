"""trials.parquet."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from harness.record.contents import SampleHashes
from harness.record.text import utf8

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from harness.record.parquet import Group
    from harness.schema import Suite, TrialResult

_GROUP = 256
"""Rows that are made at once."""

TRIAL_COLUMNS = {
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
    "sample_hash": "string",
    "quarantined": "bool",
}
"""trials.parquet."""


def trial_groups(
    suites: Iterable[Suite], results: Sequence[TrialResult], hashes: Mapping[str, SampleHashes] | None = None
) -> Iterator[Group]:
    """One row a trial; `messages` is JSON text, `error` is `kind: message`. Only one group is in memory.

    `hashes` by suite are those that were made before.
    """
    known = hashes or {}
    makers = {suite.name: _Rows(suite, known.get(suite.name) or SampleHashes()) for suite in suites}
    rows = (makers[result.trial.suite].trial(result) for result in results)
    names = tuple(TRIAL_COLUMNS)
    while group := list(islice(rows, _GROUP)):
        yield "lines", b"\n".join([orjson.dumps(dict(zip(names, row, strict=True))) for row in group])


class _Rows:
    """The rows of one suite's trials."""

    def __init__(self, suite: Suite, hashes: SampleHashes) -> None:
        self._hashes = hashes
        self._prompts = {variant.name: variant.prompt for variant in suite.variants}
        self._models = {backend.name: backend.model for backend in suite.backends}

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
            utf8(trial.sample.sample_id),
            trial.repeat,
            trial.trial_id,
            utf8(trial.sample.group),
            [utf8(tag) for tag in trial.sample.tags],
            json.dumps(messages, ensure_ascii=True),
            utf8(result.output),
            *_answered(result),
            result.outcome,
            [utf8(text) for text in result.missed],
            [utf8(text) for text in trial.sample.references],
            self._hashes.of(trial.sample),
            trial.quarantine is not None,
        )


def _answered(result: TrialResult) -> tuple[Any, ...]:
    """The columns from `raw_output` to `started_at`."""
    generation = result.generation
    error = utf8(f"{result.error.kind}: {result.error.message}") if result.error else None
    if generation is None:
        return None, error, *[None] * 9
    return (
        utf8(generation.text),
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
