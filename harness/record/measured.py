"""What a recorded run measured, as comparisons read it: from its folder, or from the run in memory."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from harness.errors import RecordError
from harness.record.contents import SampleHashes
from harness.record.load import load_manifest, run_folder
from harness.record.rounding import rounded
from harness.record.text import utf8
from harness.schema import Measure, Measured, Rows, Scores

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from harness.record.columns import Columns
    from harness.schema import RunRecord, TrialResult

    Facts = Iterable[Mapping[str, Any]]

_Cells = dict[tuple[str, str], Rows]


def measured_of_run(path: str | Path, *, suites: Collection[str] | None = None) -> dict[str, Measured]:
    """Each suite of the run at `path` (a run folder, or `latest`), or those of these names, as comparisons read it.

    Values are rounded as a baseline has them. A run that was recorded before rows had a hash has None for it.

    Raises:
        RecordError: there is no run, it is damaged, or a newer version recorded it.

    """
    from harness.record.columns import read_columns

    folder = run_folder(path)
    manifest = load_manifest(folder)
    every = _measures(folder, manifest.suites)
    measures = {name: own for name, own in every.items() if suites is None or name in suites}
    cells: dict[str, _Cells] = {}
    columns = read_columns(folder, manifest, {name: list(own) for name, own in every.items()})
    for (suite, variant, backend), places in columns.cells():
        if suite in measures:
            rows = _rows_of(columns, places, measures[suite])
            cells.setdefault(suite, {})[variant, backend] = rows
    return _measured(manifest.run_id, manifest.suites, (measures, cells))


def measured_of_record(record: RunRecord) -> dict[str, Measured]:
    """The same of a run in memory: equal to what its folder yields."""
    return measured_of_results(record.manifest.suites, record.results, record.manifest.run_id)


def measured_of_results(suites: Facts, results: Sequence[TrialResult], ref: str) -> dict[str, Measured]:
    """The same of results whose run has not ended; `suites` as a manifest has them (`suite_facts`), called `ref`."""
    measures = _measures(ref, suites)
    cells: dict[str, dict[tuple[str, str], list[TrialResult]]] = {}
    for result in results:
        suite, variant, backend = result.trial.cell
        cells.setdefault(suite, {}).setdefault((variant, backend), []).append(result)
    hashes = {suite: SampleHashes() for suite in cells}
    rows = {
        suite: {cell: _rows(results, measures[suite], hashes[suite]) for cell, results in own.items()}
        for suite, own in cells.items()
        if suite in measures
    }
    return _measured(ref, suites, (measures, rows))


def _measured(
    ref: str, suites: Facts, found: tuple[Mapping[str, Mapping[str, Measure]], Mapping[str, _Cells]]
) -> dict[str, Measured]:
    facts = {suite["name"]: suite for suite in suites}
    measures, cells = found
    return {
        name: Measured(
            ref=ref,
            suite=name,
            dataset_hash=facts[name].get("dataset_hash"),
            prompts=_named(facts[name].get("prompts"), ("prompt", "version", "hash")),
            backends=_named(facts[name].get("backends"), ("provider", "model", "source")),
            measures=own,
            cells=cells.get(name, {}),
            margins=_margins(facts[name].get("margins"), cells.get(name, {})),
        )
        for name, own in measures.items()
    }


def _margins(entries: Any, cells: _Cells) -> dict[tuple[str, str, str], float]:
    """What regression gates tolerate, by variant, backend and measure; of a run that recorded none, nothing."""
    return {
        (variant, backend, str(entry["metric"])): float(entry["margin"])
        for entry in entries or ()
        for variant, backend in cells
        if _holds_for(entry.get("variants"), variant) and _holds_for(entry.get("backends"), backend)
    }


def _holds_for(names: Any, name: str) -> bool:
    return names is None or name in names


def _named(entries: Any, fields: Iterable[str]) -> dict[str, dict[str, str]]:
    kept = list(fields)
    return {
        name: {field: str(entry[field]) for field in kept if field in entry}
        for name, entry in dict(entries or {}).items()
    }


def _measures(where: object, suites: Facts) -> dict[str, dict[str, Measure]]:
    """By suite and name; RecordError when the manifest does not say what a value means."""
    try:
        return {
            suite["name"]: {entry["name"]: Measure(**_known(entry)) for entry in suite["measures"]} for suite in suites
        }
    except (KeyError, TypeError) as error:
        raise RecordError(
            f"{where}: the manifest is damaged (suites do not say what their measures are: {error}); "
            "a run.json as recorded is needed; record the run again"
        ) from error


def _known(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {field: entry[field] for field in Measure.__struct_fields__ if field in entry}


def _rows_of(columns: Columns, places: NDArray[np.int64], measures: Mapping[str, Measure]) -> Rows:
    return Rows(
        samples=columns.texts("sample", places),
        repeats=columns.repeats[places].tolist(),
        contents=columns.texts("sample_hash", places),
        groups=columns.texts("group", places),
        outcomes=columns.texts("outcome", places),
        outputs=columns.texts("output", places),
        references=columns.references(places),
        quarantined=columns.quarantined(places),
        values={name: rounded(columns.values(name, places), measure.unit) for name, measure in measures.items()},
    )


def _rows(results: Sequence[TrialResult], measures: Mapping[str, Measure], hashes: SampleHashes) -> Rows:
    samples = [result.trial.sample for result in results]
    held = [result.trial.quarantine is not None for result in results]
    return Rows(
        samples=[utf8(sample.sample_id) or "" for sample in samples],
        repeats=[result.trial.repeat for result in results],
        contents=[hashes.of(sample) for sample in samples],
        groups=[utf8(sample.group) for sample in samples],
        outcomes=[result.outcome for result in results],
        outputs=[utf8(result.output) for result in results],
        references=[tuple(utf8(text) or "" for text in sample.references) for sample in samples],
        values=_values(results, measures),
        quarantined=held if any(held) else [],
    )


def _values(results: Sequence[TrialResult], measures: Mapping[str, Measure]) -> dict[str, NDArray[np.float64]]:
    """By measure; results have the same measures for long stretches, which are unpacked at once."""
    import numpy as np

    values = {name: np.full(len(results), np.nan) for name in measures}
    scored = [(place, Scores.of(result.scores)) for place, result in enumerate(results) if result.scores]
    for names, found in groupby(scored, key=lambda each: each[1].names):
        stretch = list(found)
        table = np.frombuffer(b"".join(scores.packed for _, scores in stretch)).reshape(-1, len(names)).copy()
        for row, (_, scores) in enumerate(stretch):
            for place, (status, _reason) in scores.notes.items():
                if status != "scored":
                    table[row, place] = np.nan
        places = list(map(itemgetter(0), stretch))
        for column, name in enumerate(names):
            if name in values:
                values[name][places] = table[:, column]
    return {name: rounded(column, measures[name].unit) for name, column in values.items()}
