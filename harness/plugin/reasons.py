"""Why trials were not run, and why it is not known what a run has spent: each reason once, with its count."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.backends import why_unpriced
from harness.report.headline import early_reason
from harness.schema import Price, Scores
from harness.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.schema import BackendSpec, RunRecord, Suite, TrialResult

_TOLD = 5
"""Reasons that are told at most."""
_FREE = Price(0.0, 0.0)
_AMOUNT = re.compile(r"\$[\d.,]*\d")
"""What differs between the reasons of calls that are refused for their size."""


def not_run_reasons(results: Sequence[TrialResult]) -> list[str]:
    """`1,950 not run: the budget of $1.00 is spent …`, the most frequent reason first."""
    reasons: dict[str, list[str]] = {}
    for result in results:
        if result.outcome == "not_run" and result.error is not None:
            message = result.error.message
            reason = early_reason(message) if result.is_stopped_early else message.removeprefix("not run: ")
            reasons.setdefault(_AMOUNT.sub("$", reason), []).append(reason)
    ranked = sorted(reasons.values(), key=len, reverse=True)
    told = [
        f"{len(alike):,} not run{'' if len(set(alike)) == 1 else ', the first'}: {alike[0]}" for alike in ranked[:_TOLD]
    ]
    rest = sum(len(alike) for alike in ranked[_TOLD:])
    return [*told, f"{rest:,} not run for other reasons"] if rest else told


def unknown_spending(record: RunRecord) -> list[str]:
    """`spent unknown: backend 'local': no price is known …`, a line a backend; empty when what was spent is known."""
    if record.manifest.totals["spent_usd"] is not None:
        return []
    specs = {(suite.name, backend.name): backend for suite in record.suites for backend in suite.backends}
    unpriced: dict[tuple[str, str], int] = {}
    for result in record.results:
        generation, trial = result.generation, result.trial
        if generation is not None and generation.cost_usd is None and not generation.from_cache:
            key = trial.suite, trial.backend
            unpriced[key] = unpriced.get(key, 0) + 1
    told = [f"spent unknown: {why}" for key, n in unpriced.items() for why in _why(specs.get(key), n)]
    told += [f"spent unknown: {why}" for suite in record.suites for why in _why_judges(suite, record.results)]
    return list(dict.fromkeys(told))


def _why_judges(suite: Suite, results: Sequence[TrialResult]) -> list[str]:
    """Why it is not known what a suite's judges cost; which of several gave no counts of tokens is not recorded."""
    found = [why for judge in suite.judges if (why := why_unpriced(judge)) is not None]
    paid = [judge.name for judge in suite.judges if judge.provider != "replay" and judge.price != _FREE]
    if found or not paid:
        return found
    scores = (Scores.of(result.scores) for result in results if result.trial.suite == suite.name)
    if not any(None in each.costs.values() for each in scores):
        return []
    names = ", ".join(f"'{name}'" for name in paid)
    return [f"backend{'s' * (len(paid) > 1)} {names}: answers to a judge's questions came without counts of tokens"]


def _why(spec: BackendSpec | None, n: int) -> Iterator[str]:
    if spec is None:
        return
    reason = why_unpriced(spec)
    if reason is not None:
        yield reason
    elif spec.provider != "replay":  # its answers asked nobody for money
        yield f"backend '{spec.name}': {counted(n, 'answer')} came without counts of tokens"
