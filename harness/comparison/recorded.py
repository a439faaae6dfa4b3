"""The recorded trials of two prompts → what a rollout served."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.comparison.pairing import pair
from harness.comparison.served import Served

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.comparison.pairing import Pairs
    from harness.schema import Rows


def served_of(
    old: Rows, new: Rows, measures: Iterable[str], *, tiers: Mapping[str, str] | None = None
) -> tuple[list[Served], Pairs]:
    """The trials that both sides ran, in NEW's order, and what has no partner; `tiers` by sample id.

    Trials that were not run on one side are left out; one without an answer is an error of its side.
    """
    pairs, names, served = pair(new, old), list(measures), []
    for now, before, cluster in zip(pairs.now, pairs.before, pairs.clusters or [None] * len(pairs.now), strict=True):
        outcomes = old.outcomes[before], new.outcomes[now]
        if "not_run" in outcomes:
            continue
        served.append(
            Served(
                sample_id=new.samples[now],
                values={name: (_value(old, name, before), _value(new, name, now)) for name in names},
                tier=(tiers or {}).get(new.samples[now]),
                cluster=cluster,
                errors=(outcomes[0] == "error", outcomes[1] == "error"),
            )
        )
    return served, pairs


def _value(rows: Rows, measure: str, place: int) -> float | None:
    column = rows.values.get(measure)
    value = math.nan if column is None else float(column[place])
    return None if math.isnan(value) else value
