"""What is not the same on both sides beside the values: named, never passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.schema import Change
from harness.wording import counted, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.comparison.pairing import Pairs
    from harness.schema import ChangeKind, Measured

    Cell = tuple[str, str]

_MOST_NAMES = 5
"""Samples that a message names; the rest is counted, and stands in `names`."""


def changes_between(current: Measured, baseline: Measured, pairs: Mapping[Cell, Pairs]) -> tuple[Change, ...]:
    """Every difference of kind between the sides: cells, prompts, backends, measures, samples."""
    return (
        *_cells(current, baseline),
        *_prompts(current, baseline),
        *_backends(current, baseline),
        *_measures(current, baseline),
        *_samples(pairs),
    )


def is_same_measure(current: Measured, baseline: Measured, measure: str) -> bool:
    """Whether both sides measured it, with the same signature: else their values do not mean the same."""
    now, before = current.measures.get(measure), baseline.measures.get(measure)
    return now is not None and before is not None and now.signature == before.signature


def _cells(current: Measured, baseline: Measured) -> Iterator[Change]:
    for variant, backend in current.cells:
        if (variant, backend) not in baseline.cells:
            message = f"{variant} on {backend} is not in {baseline.ref}: nothing to compare it with"
            yield Change("cell new", _where(variant, backend), message)
    for variant, backend in baseline.cells:
        if (variant, backend) not in current.cells:
            message = f"{variant} on {backend} is in {baseline.ref} and was not run now: not compared"
            yield Change("cell gone", _where(variant, backend), message)


def _prompts(current: Measured, baseline: Measured) -> Iterator[Change]:
    for variant, now in current.prompts.items():
        before = baseline.prompts.get(variant)
        if before is None or before.get("hash") == now.get("hash"):
            continue
        versions = f"{before.get('prompt')}@{before.get('version')}", f"{now.get('prompt')}@{now.get('version')}"
        what = f"was {versions[0]}, is {versions[1]}" if versions[0] != versions[1] else f"{versions[0]} was edited"
        yield Change("prompt changed", variant, f"the prompt of {variant} is another one: {what}; it is compared")


def _backends(current: Measured, baseline: Measured) -> Iterator[Change]:
    for name, now in current.backends.items():
        before = baseline.backends.get(name)
        if before is None:
            continue
        was, is_now = (f"{one.get('provider')} {one.get('model')}" for one in (before, now))
        if was != is_now:
            message = f"backend {name} is another model: was {was}, is {is_now}; a difference may come from it"
            yield Change("backend changed", name, message)
        elif "source" in before and before["source"] != now.get("source"):
            message = (
                f"backend {name} answers by other code: {now.get('model')} was edited; a difference may come from it"
            )
            yield Change("backend changed", name, message)


def _measures(current: Measured, baseline: Measured) -> Iterator[Change]:
    for name, now in current.measures.items():
        before = baseline.measures.get(name)
        if before is None:
            yield Change("metric new", name, f"{name} was not measured in {baseline.ref}: not compared")
        elif before.signature != now.signature:
            message = (
                f"{name} is measured in another way: was {before.signature!r}, is {now.signature!r}; not compared: "
                "save a baseline again"
            )
            yield Change("metric changed", name, message)
    for name in baseline.measures:
        if name not in current.measures:
            yield Change("metric gone", name, f"{name} is in {baseline.ref} and is not measured now")


_OF_SAMPLES: tuple[tuple[ChangeKind, str, str], ...] = (
    ("samples new", "new", "not in the baseline, not compared"),
    ("samples gone", "gone", "in the baseline, and not run now"),
    ("rows changed", "changed", "with another row in the dataset than in the baseline, not compared"),
)


def _samples(pairs: Mapping[Cell, Pairs]) -> Iterator[Change]:
    """Once for all cells where it is the same in each."""
    for kind, field, what in _OF_SAMPLES:
        found = {cell: names for cell, each in pairs.items() if (names := getattr(each, field))}
        if len(found) == len(pairs) and len(set(found.values())) == 1:
            found = {("", ""): next(iter(found.values()))}
        for (variant, backend), names in found.items():
            where = _where(variant, backend) if variant else ""
            message = f"{counted(len(names), 'sample')} {what}: {_named(names)}"
            yield Change(kind, where, f"{where}: {message}" if where else message, names)


def _where(variant: str, backend: str) -> str:
    return f"{variant} on {backend}"


def _named(names: Sequence[str]) -> str:
    shown = listed(names[:_MOST_NAMES])
    return shown if len(names) <= _MOST_NAMES else f"{shown} and {len(names) - _MOST_NAMES:,} more"
