"""Why trials were not run, and why it is not known what a run has spent: each reason once, with its count."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.backends import why_unpriced
from harness.report.headline import early_reason
from harness.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.schema import BackendSpec, RunRecord, TrialResult

_TOLD = 5
"""Reasons that are told at most."""
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
    judges = [judge for suite in record.suites for judge in suite.judges]
    told += [f"spent unknown: {why}" for judge in judges if (why := why_unpriced(judge)) is not None]
    return list(dict.fromkeys(told))


def _why(spec: BackendSpec | None, n: int) -> Iterator[str]:
    if spec is None:
        return
    reason = why_unpriced(spec)
    if reason is not None:
        yield reason
    elif spec.provider != "replay":  # its answers asked nobody for money
        yield f"backend '{spec.name}': {counted(n, 'answer')} came without counts of tokens"
