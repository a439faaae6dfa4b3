"""A suite and its rendered messages → trials in item order."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING

from harness.errors import FilesError, Mistake
from harness.plan.keys import trial_id
from harness.schema import Trial

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from harness.schema import Message, Quarantine, Suite


_MOST_TRIALS = 1_000_000
"""Most trials of a suite: their items alone take about 10 GB."""


def plan_trials(suite: Suite, messages: Mapping[tuple[str, str], tuple[Message, ...]]) -> Iterator[Trial]:
    """Trials ordered by backend, variant, sample, repeat: one local model is done before the next is loaded.

    `messages` by variant name and sample id are shared by all backends and repeats; where they are missing (nothing
    was rendered, because nothing will run) a trial has none.

    Raises:
        FilesError: they are more than a run can hold.

    """
    _check_number(suite)
    repeats = range(1, suite.repeats + 1)
    held = _by_sample(suite.quarantine)
    for backend, variant in product(suite.backends, suite.variants):
        parts = (suite.name, variant.name, backend.name)
        for sample, repeat in product(suite.samples, repeats):
            yield Trial(
                trial_id=trial_id((*parts, sample.sample_id), repeat),
                suite=suite.name,
                variant=variant.name,
                backend=backend.name,
                sample=sample,
                repeat=repeat,
                messages=messages.get((variant.name, sample.sample_id), ()),
                params=variant.params,
                quarantine=_held(held.get(sample.sample_id, ()), variant.name, backend.name) if held else None,
            )


def _by_sample(quarantine: Iterable[Quarantine]) -> dict[str, list[Quarantine]]:
    found: dict[str, list[Quarantine]] = {}
    for each in quarantine:
        found.setdefault(each.sample, []).append(each)
    return found


def _held(entries: Iterable[Quarantine], variant: str, backend: str) -> Quarantine | None:
    return next((each for each in entries if each.is_about(variant, backend)), None)


def _check_number(suite: Suite) -> None:
    parts = (len(suite.samples), len(suite.variants), len(suite.backends), suite.repeats)
    if (number := prod(parts)) > _MOST_TRIALS:
        factors = "{:,} samples x {:,} variants x {:,} backends x {:,} repeats".format(*parts)
        what = f"{number:,} trials are planned ({factors}); {_MOST_TRIALS:,} are allowed"
        raise FilesError([Mistake(suite.path, None, None, f"{what}; lower one of them, or give --prompt-limit N")])
