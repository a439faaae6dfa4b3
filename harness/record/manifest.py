"""run.json: what was run, with what, and what came of it."""

from __future__ import annotations

import platform
import subprocess
from collections import Counter
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from harness.schema import SCHEMA_VERSION, Cell, RunManifest, RunRecord, Suite, TrialResult, Verdict
from harness.stats import total

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from harness.schema import Progress

_PACKAGES = ("pytest-prompt-suite", "pytest", "sacrebleu", "rouge-score-rs", "jinja2", "xllamacpp")
"""Distributions whose version can change a run."""
Parts = tuple[tuple[Suite, ...], tuple[TrialResult, ...], tuple[Cell, ...], tuple[Verdict, ...]]
"""Suites that took part, results in item order, the result table, the gates' answers."""


def make_record(
    *,
    run: tuple[str, datetime],
    root: Path,
    complete: bool,
    progress: Progress,
    parts: Parts,
) -> RunRecord:
    """The finished run (id, start), with its manifest.

    `complete` says that the session came to its end; the run is complete when each of its trials was run, too.
    """
    suites, results, cells, verdicts = parts
    run_id, started_at = run
    manifest = RunManifest(
        schema_version=SCHEMA_VERSION,
        run_id=run_id,
        started_at=started_at.isoformat(timespec="seconds"),
        wall_s=round(progress.elapsed_s, 3),
        complete=complete and all(result.outcome != "not_run" for result in results),
        versions=_versions(),
        git_commit=_git_commit(root),
        suites=tuple(_suite(suite) for suite in suites),
        totals=_totals(results, progress),
        verdicts=tuple(_verdict(verdict) for verdict in verdicts),
        cells=tuple(asdict(cell) for cell in cells),
    )
    return RunRecord(manifest, suites, results, cells, verdicts)


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _git_commit(root: Path) -> str | None:
    def git(*arguments: str) -> str | None:
        command = ["git", "-C", str(root), *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603 - git and our own words
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip()

    commit = git("rev-parse", "HEAD")
    if commit is None:
        return None
    return commit + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")


def _suite(suite: Suite) -> dict[str, Any]:
    return {
        "name": suite.name,
        "description": suite.description,
        "path": suite.path,
        "suite_hash": suite.suite_hash,
        "dataset_path": suite.dataset_path,
        "dataset_hash": suite.dataset_hash,
        "n_samples": len(suite.samples),
        "n_rows": suite.n_rows,
        "repeats": suite.repeats,
        "prompts": {
            variant.name: {
                "prompt": variant.prompt.name,
                "version": variant.prompt.version,
                "hash": variant.prompt.content_hash,
            }
            for variant in suite.variants
        },
        "backends": {
            backend.name: {"provider": backend.provider, "model": backend.model} for backend in suite.backends
        },
        "measures": [asdict(measure) for measure in suite.measures],
    }


def _totals(results: Sequence[TrialResult], progress: Progress) -> dict[str, Any]:
    outcomes = Counter(result.outcome for result in results)
    generations = [result.generation for result in results if result.generation is not None]
    return {
        "trials": len(results),
        "passed": outcomes["passed"],
        "failed": outcomes["failed"],
        "error": outcomes["error"],
        "not_run": outcomes["not_run"],
        "from_cache": sum(generation.from_cache for generation in generations),
        "calls": progress.calls,
        "retries": progress.retries,
        "input_tokens": total(generation.input_tokens for generation in generations),
        "output_tokens": total(generation.output_tokens for generation in generations),
        "cost_usd": total(generation.cost_usd for generation in generations),
        "spent_usd": progress.spent_usd,
    }


def _verdict(verdict: Verdict) -> Mapping[str, Any]:
    aggregate = verdict.aggregate
    return {
        "suite": verdict.suite,
        "gate": verdict.gate.text,
        "origin": verdict.gate.origin,
        "variant": verdict.variant,
        "backend": verdict.backend,
        "passed": verdict.passed,
        "value": aggregate.value,
        "ci_low": aggregate.ci_low,
        "ci_high": aggregate.ci_high,
        "n": aggregate.n_scored,
        "message": verdict.message,
    }
