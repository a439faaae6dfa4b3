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
    _check("variant", (baseline, current), [variant for variant, _ in run.cells], ref=run.ref)

    def side(name: str) -> Measured:
        cells = {(current, backend): rows for (variant, backend), rows in run.cells.items() if variant == name}
        prompts = {current: run.prompts[name]} if name in run.prompts else {}
        return replace(run, ref=f"{name} of {run.ref}", cells=cells, prompts=prompts)

    return side(current), side(baseline)


def two_backends(run: Measured, baseline: str, current: str) -> tuple[Measured, Measured]:
    """(current, baseline): the backends' trials, paired by variant, sample and repeat; both are called `current`.

    Raises:
        UsageError: the run has no such backend.

    """
    _check("backend", (baseline, current), [backend for _, backend in run.cells], ref=run.ref)

    def side(name: str) -> Measured:
        cells = {(variant, current): rows for (variant, backend), rows in run.cells.items() if backend == name}
        backends = {current: run.backends[name]} if name in run.backends else {}
        return replace(run, ref=f"{name} of {run.ref}", cells=cells, backends=backends)

    return side(current), side(baseline)


def _check(kind: str, names: tuple[str, str], known: list[str], *, ref: str) -> None:
    available = list(dict.fromkeys(known))
    for name in names:
        if name not in available:
            raise UsageError(
                f"{ref}: it has no {kind} '{name}'; available: {listed(available)}.{did_you_mean(name, available)}"
            )
