"""A recorded execution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from harness.schema.noise import Chance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.schema.comparison import Comparison
    from harness.schema.judging import Judging
    from harness.schema.suite import Suite
    from harness.schema.trial import TrialResult
    from harness.schema.verdict import Aggregate, Verdict


class Cell(Struct, frozen=True):
    """Everything about one suite x variant x backend."""

    suite: str
    """Suite name."""
    variant: str
    """Variant name."""
    backend: str
    """Backend name."""
    model: str
    """Model name."""
    prompt: str
    """Prompt name."""
    prompt_version: str
    """Prompt version."""
    n_trials: int
    """Trials planned for this run."""
    n_passed: int
    """Trials without a missed check, those in quarantine left out."""
    n_failed: int
    """Trials with a missed check, those in quarantine left out."""
    n_errors: int
    """Trials without an answer, or with a metric that failed."""
    n_not_run: int
    """Trials that were stopped before."""
    aggregates: tuple[Aggregate, ...]
    """Means of every measure, in the suite's order, then the corpus values, then `error_rate`."""
    latency_p95: Aggregate | None
    """95th percentile of latency_s; None when nothing answered."""
    cost_usd: float | None
    """Cost of all its answers at their prices, cached or not; None when a price is unknown."""
    n_unreadable: int = 0
    """Answers that `output:` could not read: scored as empty, not errors."""
    n_quarantined: int = 0
    """Trials that were answered in quarantine: neither passed nor failed, and in no aggregate."""


class RunManifest(Struct, frozen=True):
    """What `run.json` holds."""

    schema_version: int
    """Version of the recorded form."""
    run_id: str
    """UTC time + short random, e.g. `20261122T201849.042Z-3f9a`."""
    started_at: str
    """UTC, ISO 8601."""
    wall_s: float
    """Seconds from the first call to the last score."""
    complete: bool
    """True only when every selected trial has a result and every file is written."""
    versions: Mapping[str, str]
    """harness, python, pytest and the libraries that scores depend on."""
    git_commit: str | None
    """HEAD of the checkout, with `+` when it is not clean; None outside a checkout."""
    suites: tuple[Mapping[str, Any], ...]
    """Per suite: name, path, hashes, dataset, n_samples, prompts {variant: {prompt, version, hash}}, measures …"""
    totals: Mapping[str, Any]
    """trials passed failed error not_run stopped_early quarantined from_cache calls retries input_tokens output_tokens
    cost_usd spent_usd."""
    verdicts: tuple[Mapping[str, Any], ...]
    """Per gate and cell: suite, gate, origin, variant, backend, passed, value, ci_low, ci_high, n, message."""
    cells: tuple[Mapping[str, Any], ...]
    """The result table: one mapping a Cell."""
    backends: tuple[Mapping[str, Any], ...] = ()
    """How each backend that was called bore the run: one mapping a BackendProgress."""
    judgings: tuple[Mapping[str, Any], ...] = ()
    """What the run shows about the models that judged: one mapping a Judging."""
    comparisons: tuple[Mapping[str, Any], ...] = ()
    """Per suite that was compared: suite, baseline, findings {finding: number} of quality and of what gates ask about,
    amounts {finding: number} of other seconds, tokens and USD, changes [{kind, where, message}]."""
    noise: tuple[Mapping[str, Any], ...] = ()
    """Where values differ by chance: one mapping a Noise; of suites with repeats."""
    flaky: tuple[Mapping[str, Any], ...] = ()
    """Samples that pass in some repeats: one mapping a FlakySample."""
    sights: tuple[Mapping[str, Any], ...] = ()
    """What its regression gates can see: one mapping a Sight."""
    recording: Mapping[str, Any] | None = None
    """`answers` and `digest` (SHA-256) of the recorded answers that the run used; None when none were recorded."""


class RunRecord(Struct, frozen=True):
    """A finished run in memory: what the store writes and the report draws."""

    manifest: RunManifest
    """The manifest."""
    suites: tuple[Suite, ...]
    """The suites that took part."""
    results: tuple[TrialResult, ...]
    """In item order."""
    cells: tuple[Cell, ...]
    """The result table."""
    verdicts: tuple[Verdict, ...]
    """The gates' answers."""
    judgings: tuple[Judging, ...] = ()
    """What the run shows about the models that judged."""
    comparisons: tuple[Comparison, ...] = ()
    """Its suites beside their baselines; those without one are left out."""
    chance: Chance = Chance()
    """How much chance there is in its numbers."""
