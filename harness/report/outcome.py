"""Why a trial did not pass, in words: the same in the terminal, in JUnit's and CTRF's files and in annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.schema import TrialResult


def reasons_of(result: TrialResult) -> Iterator[str]:
    """A sentence a reason, none when it passed; they may hold a model's text as it is."""
    for text in result.missed:
        yield f"missed check: {text}"
    if result.error is not None:
        what = "unreadable answer" if result.error.kind == "output" else f"no answer ({result.error.kind})"
        yield f"{what}: {result.error.message}"
    for score in result.scores:
        if score.status == "failed" and result.generation is not None:
            yield f"metric {score.metric} failed: {score.reason}"
    if result.outcome == "not_run":
        yield "not run: the run was stopped before this trial was answered"
