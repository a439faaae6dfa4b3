"""The history of runs → one series a variant, backend and metric, and whether it drifts."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from harness.errors import UsageError
from harness.record import list_runs, load_history
from harness.stats import drift
from harness.stats.drift import FEWEST_RUNS, IN_CONTROL_RUNS
from harness.wording import counted, did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pandas as pd

    from harness.schema import Unit
    from harness.stats import Drift

_MEAN = "mean"
_CELL = ["suite", "variant", "backend", "metric", "aggregation"]
_WIDTHS: Mapping[str, float] = {"score": 1.0, "percent": 100.0}
"""Of the range of a unit, of which one sample's worth is the smallest step that means something."""


class Wanted(Struct, frozen=True):
    """Which series are asked for."""

    metric: str | None = None
    """Metric, or metric and aggregate (`latency_s.p95`); None: each suite's first."""
    suite: str | None = None
    """Suite; None for all."""
    variant: str | None = None
    """Variant; None for all."""
    backend: str | None = None
    """Backend; None for all."""


class Point(Struct, frozen=True):
    """What one run came to."""

    run_id: str
    """Run."""
    date: str
    """When it began, UTC: `2026-11-22 20:18`."""
    value: float | None
    """None when nothing was scored."""
    ci_low: float | None
    """Lower end of the 95 % interval; None where there is none."""
    ci_high: float | None
    """Upper end."""
    n: int
    """Values behind it."""
    note: str
    """What is not as in the run before: the prompt, the model; or that it ran over other rows than the newest."""
    is_comparable: bool
    """Whether it ran over the same rows as the newest run."""


class Series(Struct, frozen=True):
    """A metric of one variant on one backend over runs."""

    suite: str
    """Suite."""
    variant: str
    """Variant."""
    backend: str
    """Backend."""
    metric: str
    """Measure, or `error_rate`."""
    aggregation: str
    """Which aggregate."""
    unit: Unit
    """Of the values."""
    higher_is_better: bool | None
    """Direction; None where no run that is left says it."""
    points: tuple[Point, ...]
    """Complete runs, oldest first."""
    incomplete: tuple[Point, ...]
    """The others: they are part of nothing else."""
    drift: Drift | None
    """What the comparable runs show; None where they are too few to tell."""
    words: str
    """The same in a sentence."""

    @property
    def name(self) -> str:
        """Metric and aggregate."""
        return self.metric if self.aggregation in {_MEAN, self.metric} else f"{self.metric}.{self.aggregation}"

    @property
    def is_drifting(self) -> bool:
        """Whether it drifts to the worse, or to any side where it is not known which is the worse."""
        if self.drift is None or self.drift.direction is None:
            return False
        return self.higher_is_better is None or (self.drift.direction == "down") == self.higher_is_better


def follow(reports: str | Path, wanted: Wanted) -> list[Series]:
    """The series that are asked for, in the order of the history; empty when nothing was recorded yet.

    Raises:
        UsageError: nothing in the history is called so.
        RecordError: the history is damaged.

    """
    if not os.path.lexists(Path(reports) / "history.parquet"):
        return []
    frame = load_history(reports)
    if frame.empty:
        return []
    frame = frame.assign(complete=frame["complete"].eq(other=True) if "complete" in frame else False)
    frame = frame.astype(dict.fromkeys([*_CELL, "prompt_hash", "dataset_hash", "model"], "object"))
    frame = _chosen(frame.sort_values(["started_at", "run_id"], kind="stable"), wanted)
    groups: list[tuple[Any, Any]] = [(cell, rows.to_dict("records")) for cell, rows in frame.groupby(_CELL, sort=False)]
    facts = _measures(Path(reports), {(cell[0], cell[3]) for cell, _ in groups})
    return [_series(cell, rows, facts.get((cell[0], cell[3]), {}), n_series=len(groups)) for cell, rows in groups]


def unreadable(reports: str | Path) -> list[str]:
    """One line a recorded run whose run.json cannot be read: what it says of units and directions is left out."""
    return [
        f"{run.folder / 'run.json'}: {run.problem}; its rows of the history are shown, units and directions are those "
        f"of other runs; move the folder out of {run.folder.parent}"
        for run in list_runs(Path(reports))
        if run.manifest is None
    ]


def _chosen(frame: pd.DataFrame, wanted: Wanted) -> pd.DataFrame:
    for column in ("suite", "variant", "backend"):
        name = getattr(wanted, column)
        if name is not None:
            _check(column, name, frame[column])
            frame = frame[frame[column] == name]
    if wanted.metric is None:
        first = frame.drop_duplicates("suite").set_index("suite")["metric"]
        return frame[(frame["metric"] == frame["suite"].map(first)) & (frame["aggregation"] == _MEAN)]
    names = frame["metric"].where(
        frame["aggregation"].isin([_MEAN]) | (frame["aggregation"] == frame["metric"]),
        frame["metric"] + "." + frame["aggregation"],
    )
    _check("metric", wanted.metric.removesuffix(f".{_MEAN}"), names)
    return frame[names == wanted.metric.removesuffix(f".{_MEAN}")]


def _check(kind: str, name: str, known: Iterable[Any]) -> None:
    names = list(dict.fromkeys(known))
    if name not in names:
        raise UsageError(f"history: no run has {kind} '{name}'; available: {listed(names)}.{did_you_mean(name, names)}")


def _measures(reports: Path, asked: set[tuple[str, str]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """What the newest run that is left says of each measure."""
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for run in list_runs(reports):
        for suite in run.manifest.suites if run.manifest is not None else ():
            for measure in suite.get("measures", ()):
                found.setdefault((str(suite.get("name")), str(measure.get("name"))), measure)
        if asked <= found.keys():
            break
    return found


def _series(cell: Any, rows: Sequence[Mapping[str, Any]], facts: Mapping[str, Any], *, n_series: int) -> Series:
    suite, variant, backend, metric, aggregation = cell
    is_error_rate = metric == "error_rate"
    unit: Unit = "score" if is_error_rate else facts.get("unit", "score")
    complete = [row for row in rows if row["complete"]]
    points = tuple(_points(complete))
    found = _drift([each for each in points if each.is_comparable], _WIDTHS.get(unit, 0.0), n_series)
    return Series(
        suite=suite,
        variant=variant,
        backend=backend,
        metric=metric,
        aggregation=aggregation,
        unit=unit,
        higher_is_better=False if is_error_rate else facts.get("higher_is_better"),
        points=points,
        incomplete=tuple(_points([row for row in rows if not row["complete"]])),
        drift=found,
        words=_words([each for each in points if each.is_comparable and each.value is not None], found),
    )


def _points(rows: Sequence[Mapping[str, Any]]) -> Iterator[Point]:
    for place, row in enumerate(rows):
        before = rows[place - 1] if place else row
        is_comparable = row["dataset_hash"] == rows[-1]["dataset_hash"]
        notes = ["prompt changed"] if row["prompt_hash"] != before["prompt_hash"] else []
        notes += ["model changed"] if row["model"] != before["model"] else []
        notes += [] if is_comparable else ["other rows"]
        yield Point(
            run_id=row["run_id"],
            date=f"{row['started_at']:%Y-%m-%d %H:%M}",
            value=_number(row["value"]),
            ci_low=_number(row["ci_low"]),
            ci_high=_number(row["ci_high"]),
            n=int(row["n_scored"]),
            note=", ".join(notes),
            is_comparable=is_comparable,
        )


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _drift(points: Sequence[Point], width: float, n_series: int) -> Drift | None:
    """Over the runs with a value; the more series are watched, the rarer is a false alarm of each."""
    known = [(each.value, each.n) for each in points if each.value is not None and each.n]
    if not known:
        return None
    values, sizes = zip(*known, strict=True)
    resolution = width / max(sizes)
    return drift(values, sizes=sizes, resolution=resolution, in_control_runs=IN_CONTROL_RUNS * n_series)


def _words(points: Sequence[Point], found: Drift | None) -> str:
    if found is None:
        there = "there is 1" if len(points) == 1 else f"there are {len(points)}"
        return f"too few runs to tell a drift: {FEWEST_RUNS + 1} over the same rows are needed, {there}"
    if found.direction is None or found.since is None or found.change is None:
        return f"no drift is shown over {counted(found.n_runs, 'run')}"
    since = points[found.since]
    return (
        f"drifts {found.direction} since {since.date} (run {since.run_id}): {found.change:+.3g} on average from the "
        f"{counted(found.since, 'run')} before to the {counted(found.n_runs - found.since, 'run')} since\n"
        "each step alone may be chance, all of them to one side are not"
    )
