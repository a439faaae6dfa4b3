"""Trials of two sides → pairs of the same sample and repeat, and what has no partner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from harness.schema import Rows

    Places = NDArray[np.intp]


class Pairs(Struct, frozen=True):
    """Which trial of one side belongs to which of the other."""

    now: Places
    """Places of the current side's trials."""
    before: Places
    """Places of their partners on the other side."""
    clusters: tuple[str, ...] | None
    """Cluster of each pair: the group, else the sample where it is repeated; None where each pair is one."""
    new: tuple[str, ...]
    """Ids of samples with trials that only the current side has, in its order."""
    gone: tuple[str, ...]
    """The same for the baseline."""
    changed: tuple[str, ...]
    """Ids of samples whose row of the dataset is another one now: they are left out."""
    n_new: int
    """Trials behind `new`."""
    n_gone: int
    """Trials behind `gone`."""
    n_changed: int
    """Trials behind `changed`."""
    n_quarantined: int = 0
    """Trials of the current side that are in quarantine: they are in nothing else."""


def pair(current: Rows, baseline: Rows) -> Pairs:
    """Pairs by sample id and repeat, never by position; the order is the current side's.

    A sample counts as changed where both sides recorded its row and the rows differ. What the current side has in
    quarantine is left out.
    """
    import numpy as np

    partners = {key: place for place, key in enumerate(zip(baseline.samples, baseline.repeats, strict=True))}
    now, before, new, changed = [], [], [], []
    n_held = 0
    for place, key in enumerate(zip(current.samples, current.repeats, strict=True)):
        partner = partners.pop(key, None)
        if current.quarantined and current.quarantined[place]:
            n_held += 1
        elif partner is None:
            new.append(key[0])
        elif _is_other(current.contents[place], baseline.contents[partner]):
            changed.append(key[0])
        else:
            now.append(place)
            before.append(partner)
    gone = [sample for sample, _ in partners]
    return Pairs(
        np.array(now, dtype=np.intp),
        np.array(before, dtype=np.intp),
        clusters_of(current, now),
        _once(new),
        _once(gone),
        _once(changed),
        len(new),
        len(gone),
        len(changed),
        n_held,
    )


def _is_other(content: str | None, before: str | None) -> bool:
    return content is not None and before is not None and content != before


def clusters_of(rows: Rows, places: list[int]) -> tuple[str, ...] | None:
    """The cluster of each of these places, as the means of a run have them: groups, or samples if repeated."""
    is_grouped = any(rows.groups)
    if not is_grouped and all(repeat == 1 for repeat in rows.repeats):
        return None
    return tuple(rows.groups[place] or rows.samples[place] for place in places)


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
