"""Two variants, or two backends, of one run as the two sides of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from harness.errors import UsageError
from harness.wording import did_you_mean, listed

if TYPE_CHECKING:
    from harness.schema import Measured


def two_variants(run: Measured, baseline: str, current: str) -> tuple[Measured, Measured]:
    """(current, baseline): the variants' trials, paired by backend, sample and repeat; both are called `current`.

    Raises:
        UsageError: the run has no such variant.

    """
    for name in (baseline, current):
        _check("variant", name, [variant for variant, _ in run.cells], ref=run.ref)
    sides = [
        replace(
            run,
            ref=f"{name} of {run.ref}",
            cells={(current, backend): rows for (variant, backend), rows in run.cells.items() if variant == name},
            prompts={current: run.prompts[name]} if name in run.prompts else {},
        )
        for name in (current, baseline)
    ]
    return sides[0], sides[1]


def two_backends(run: Measured, baseline: str, current: str) -> tuple[Measured, Measured]:
    """(current, baseline): the backends' trials, paired by variant, sample and repeat; both are called `current`.

    Raises:
        UsageError: the run has no such backend.

    """
    for name in (baseline, current):
        _check("backend", name, [backend for _, backend in run.cells], ref=run.ref)
    sides = [
        replace(
            run,
            ref=f"{name} of {run.ref}",
            cells={(variant, current): rows for (variant, backend), rows in run.cells.items() if backend == name},
            backends={current: run.backends[name]} if name in run.backends else {},
        )
        for name in (current, baseline)
    ]
    return sides[0], sides[1]


def _check(kind: str, name: str, known: list[str], *, ref: str) -> None:
    names = list(dict.fromkeys(known))
    if name not in names:
        raise UsageError(f"{ref}: it has no {kind} '{name}'; available: {listed(names)}.{did_you_mean(name, names)}")
