"""run.json: what was run, with what, and what came of it."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from msgspec import to_builtins
from msgspec.structs import replace

from harness.errors import OptionError
from harness.own_code import source_sha256
from harness.schema import SCHEMA_VERSION, Cell, RunManifest, RunRecord, Suite, TrialResult, Verdict
from harness.stats import total

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from harness.record.preparation import Preparation
    from harness.schema import BackendSpec, Chance, Comparison, Judging, Progress

Parts = tuple[tuple[Suite, ...], tuple[TrialResult, ...], tuple[Cell, ...], tuple[Verdict, ...]]
"""Suites that took part, results in item order, the result table, the gates' answers."""
Findings = tuple[tuple["Judging", ...], tuple["Comparison", ...], "Chance"]
"""What a run shows about the models that judged, beside its baselines, and of chance in its numbers."""


def make_record(
    *,
    run: tuple[str, datetime],
    prepared: Preparation,
    complete: bool,
    progress: Progress,
    parts: Parts,
    recording: Mapping[str, Any] | None = None,
) -> RunRecord:
    """The finished run (id, start), with its manifest.

    `complete` says that the session came to its end; the run is complete when each of its trials was run, too, but
    for those that the suite's own `stop_early` made needless.
    """
    suites, results, cells, verdicts = parts
    run_id, started_at = run
    manifest = RunManifest(
        schema_version=SCHEMA_VERSION,
        run_id=run_id,
        started_at=started_at.isoformat(timespec="seconds"),
        wall_s=round(progress.wall_s, 3),
        complete=complete and all(result.outcome != "not_run" or result.is_stopped_early for result in results),
        versions=dict(prepared.versions),
        git_commit=prepared.git_commit,
        suites=tuple(suite_facts(suite) for suite in suites),
        totals=_totals(results, progress),
        verdicts=tuple(_verdict(verdict) for verdict in verdicts),
        cells=tuple(to_builtins(cell) for cell in cells),
        backends=tuple(to_builtins(backend) for backend in progress.backends),
        recording=recording,
    )
    return RunRecord(manifest, suites, results, cells, verdicts)


def with_findings(run: RunRecord, findings: Findings) -> RunRecord:
    """The run, with what it shows about its judges, beside its baselines, and of chance in its numbers."""
    judgings, comparisons, chance = findings
    manifest = replace(
        run.manifest,
        judgings=tuple(to_builtins(judging) for judging in judgings),
        comparisons=tuple(_compared(each) for each in comparisons),
        noise=tuple(to_builtins(each) for each in chance.noises),
        flaky=tuple(to_builtins(each) for each in chance.flaky),
        sights=tuple(to_builtins(each) for each in chance.sights),
    )
    return replace(run, manifest=manifest, judgings=judgings, comparisons=comparisons, chance=chance)


def _compared(comparison: Comparison) -> dict[str, Any]:
    changes = [{"kind": one.kind, "where": one.where, "message": one.message} for one in comparison.changes]
    findings = Counter(row.finding for row in comparison.rows if row.is_weighty)
    amounts = Counter(row.finding for row in comparison.rows if not row.is_weighty)
    return {
        "suite": comparison.suite,
        "baseline": comparison.baseline,
        "findings": dict(findings),
        "amounts": dict(amounts),
        "changes": changes,
    }


def suite_facts(suite: Suite) -> dict[str, Any]:
    """What run.json says of a suite."""
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
                **({"params": dict(variant.params)} if variant.params else {}),
            }
            for variant in suite.variants
        },
        "backends": _models(suite.backends),
        "judges": _models(suite.judges),
        "measures": [to_builtins(measure) for measure in suite.measures],
        "margins": [
            {
                "metric": gate.metric,
                "margin": gate.regression.margin,
                "variants": gate.variants,
                "backends": gate.backends,
            }
            for gate in suite.gates
            if gate.regression is not None and gate.regression.target is None
        ],
    }


def _models(specs: Sequence[BackendSpec]) -> dict[str, dict[str, str]]:
    return {spec.name: backend_facts(spec) for spec in specs}


def backend_facts(spec: BackendSpec) -> dict[str, str]:
    """What tells a backend from another of its name: provider, model, and the code of one's own application."""
    facts = {"provider": spec.provider, "model": spec.model}
    if spec.function is not None:
        with suppress(OptionError):  # the file is gone by now: it answered all the same
            facts["source"] = source_sha256(spec.function, spec.folder, kind="function")[:16]
    return facts


def _totals(results: Sequence[TrialResult], progress: Progress) -> dict[str, Any]:
    outcomes = Counter(_counted_as(result) for result in results)
    generations = [result.generation for result in results if result.generation is not None]
    return {
        "trials": len(results),
        "passed": outcomes["passed"],
        "failed": outcomes["failed"],
        "error": outcomes["error"],
        "not_run": outcomes["not_run"],
        "quarantined": outcomes["quarantined"],
        "stopped_early": outcomes["stopped_early"],
        "from_cache": sum(generation.from_cache for generation in generations),
        "calls": progress.calls,
        "retries": progress.retries,
        "input_tokens": total(generation.input_tokens for generation in generations),
        "output_tokens": total(generation.output_tokens for generation in generations),
        "cost_usd": total(generation.cost_usd for generation in generations),
        "spent_usd": progress.spent_usd,
    }


def _counted_as(result: TrialResult) -> str:
    if result.is_stopped_early:
        return "stopped_early"
    return "quarantined" if result.is_held_back else result.outcome


def _verdict(verdict: Verdict) -> Mapping[str, Any]:
    aggregate = verdict.aggregate
    return {
        "suite": verdict.suite,
        "gate": verdict.gate.text,
        "origin": verdict.gate.origin,
        "variant": verdict.variant,
        "backend": verdict.backend,
        "passed": verdict.passed,
        "judged": verdict.judged,
        "value": aggregate.value,
        "ci_low": aggregate.ci_low,
        "ci_high": aggregate.ci_high,
        "n": aggregate.n_scored,
        "message": verdict.message,
        "finding": verdict.finding,
        "warns": verdict.warns,
        "showing": verdict.showing,
    }
