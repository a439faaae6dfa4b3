"""A suite and its rendered messages → trials in item order."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from harness.plan.keys import trial_id
from harness.schema import Trial

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.schema import Message, Suite


def plan_trials(suite: Suite, messages: Mapping[tuple[str, str], tuple[Message, ...]]) -> Iterator[Trial]:
    """Trials ordered by backend, variant, sample, repeat: one local model is done before the next is loaded.

    `messages` by variant name and sample id are shared by all backends and repeats; where they are missing (nothing
    was rendered, because nothing will run) a trial has none.
    """
    repeats = range(1, suite.repeats + 1)
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
            )
