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
    a: Rows, b: Rows, measures: Iterable[str], *, tiers: Mapping[str, str] | None = None
) -> tuple[list[Served], Pairs]:
    """The trials that both sides ran, in B's order, and what has no partner; `tiers` by sample id.

    Trials that were not run on one side are left out; one without an answer is an error of its side.
    """
    pairs, names, served = pair(b, a), list(measures), []
    for now, before, cluster in zip(pairs.now, pairs.before, pairs.clusters or [None] * len(pairs.now), strict=True):
        outcomes = a.outcomes[before], b.outcomes[now]
        if "not_run" in outcomes:
            continue
        served.append(
            Served(
                sample_id=b.samples[now],
                values={name: (_value(a, name, before), _value(b, name, now)) for name in names},
                tier=(tiers or {}).get(b.samples[now]),
                cluster=cluster,
                errors=(outcomes[0] == "error", outcomes[1] == "error"),
            )
        )
    return served, pairs


def _value(rows: Rows, measure: str, place: int) -> float | None:
    column = rows.values.get(measure)
    value = math.nan if column is None else float(column[place])
    return None if math.isnan(value) else value
