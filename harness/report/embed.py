"""The trials of a run in columns, as the page's script reads them (page/store.js)."""

from __future__ import annotations

import math
from array import array
from itertools import groupby, islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from harness.report.headline import ERROR_TITLES
from harness.report.markup import join
from harness.report.texts import Block, Texts, add_mapping, as_json, starts_of
from harness.schema import Scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.report.markup import Html
    from harness.schema import CellKey, Generation, RunRecord, Sample, Trial, TrialResult

_PLAIN_CHARACTERS = 1_000_000
"""Up to this size the data stay readable in the page's source; above they are deflated."""

_OUTCOMES = {"passed": "p", "failed": "f", "error": "e", "not_run": "n"}
_STATUSES = {"scored": "s", "unscored": "u", "failed": "f"}
_ABSENT = "-"
_AT_ONCE = 1_000
"""Trials whose scores are unpacked together."""
_EXACT = 1_000_000
"""Whole numbers below it have no more than six digits."""
_COLUMNS = ("cell", "sample", "repeat", "chat", "output", "raw", "error", "finish", "latency", "input", "generated",
            "cached", "cost", "cache", "retries")  # fmt: skip
_NUMBERED = ("cell", "sample", "repeat", "chat", "output", "raw", "error", "finish", "cache", "retries")
"""Those of them that always hold a whole number: an array takes half of a list."""


class _Columns(Struct):
    """The tables being filled; a trial refers to them by number."""

    texts: Texts = field(default_factory=Texts)
    cells: dict[CellKey, int] = field(default_factory=dict)
    samples: dict[tuple[str, str], int] = field(default_factory=dict)
    sample_rows: list[dict[str, Any]] = field(default_factory=list)
    chats: dict[tuple[int | str, ...], int] = field(default_factory=dict)
    errors: dict[tuple[str, int], int] = field(default_factory=dict)
    finishes: dict[str, int] = field(default_factory=dict)
    trials: dict[str, list[Any] | array[int]] = field(
        default_factory=lambda: {name: array("i") if name in _NUMBERED else [] for name in _COLUMNS}
    )
    outcomes: list[str] = field(default_factory=list)
    missed: dict[int, list[int]] = field(default_factory=dict)
    quarantines: dict[tuple[str, str], int] = field(default_factory=dict)
    held: dict[int, int] = field(default_factory=dict)
    scores: dict[str, _Scores] = field(default_factory=dict)


class _Scores(Struct):
    """One measure over the trials."""

    values: list[float | None] = field(default_factory=list)
    status: list[str] = field(default_factory=list)
    reasons: dict[int, int] = field(default_factory=dict)

    def fill(self, length: int) -> None:
        """Say of every trial up to `length` that it has no such score."""
        lacking = length - len(self.values)
        self.values.extend([None] * lacking)
        self.status.extend([_ABSENT] * lacking)


def data_blocks(record: RunRecord) -> Html:
    """The script elements with everything that the page's table and panel show; all plain, or all packed."""
    columns = _filled(record)
    pieces = columns.texts.pieces()
    index = Block("run-index", _PLAIN_CHARACTERS - columns.texts.size)
    tables = {**_names(record), **_tables(columns), "starts": starts_of(pieces)}
    del columns
    add_mapping(index, tables, deep=("trials", "scores"))
    tables.clear()
    blocks = [index.html()]
    for piece in pieces:
        block = Block("run-texts", -1 if index.is_packed else _PLAIN_CHARACTERS)
        block.add(as_json(piece))
        blocks.append(block.html())
    return join(blocks)


def _filled(record: RunRecord) -> _Columns:
    columns = _Columns()
    for suite in record.suites:
        for measure in suite.measures:
            columns.scores.setdefault(measure.name, _Scores())
    for at, result in enumerate(record.results):
        _add(columns, at, result)
    _add_scores(columns, record.results)
    for scores in columns.scores.values():
        scores.fill(len(record.results))
    return columns


def _add(columns: _Columns, at: int, result: TrialResult) -> None:
    trial, texts = result.trial, columns.texts
    chat = tuple(part for message in trial.messages for part in (message.role, texts.number(message.content)))
    error = (result.error.kind, texts.number(result.error.message)) if result.error is not None else None
    numbers = {
        "cell": columns.cells.setdefault(trial.cell, len(columns.cells)),
        "sample": _sample(columns, trial),
        "repeat": trial.repeat,
        "chat": columns.chats.setdefault(chat, len(columns.chats)),
        "output": texts.number(result.output),
        "error": columns.errors.setdefault(error, len(columns.errors)) if error is not None else -1,
        **_generation(columns, result.generation),
    }
    for name, column in columns.trials.items():
        column.append(numbers[name])
    columns.outcomes.append(_OUTCOMES[result.outcome])
    if result.missed:
        columns.missed[at] = [texts.number(text) for text in result.missed]
    if trial.quarantine is not None:
        why = trial.quarantine.reason, trial.quarantine.until
        columns.held[at] = columns.quarantines.setdefault(why, len(columns.quarantines))


def _sample(columns: _Columns, trial: Trial) -> int:
    key = (trial.suite, trial.sample.sample_id)
    if key not in columns.samples:
        columns.samples[key] = len(columns.samples)
        columns.sample_rows.append(_sample_row(columns.texts, trial.sample))
    return columns.samples[key]


def _sample_row(texts: Texts, sample: Sample) -> dict[str, Any]:
    return {
        "id": sample.sample_id,
        "references": [texts.number(text) for text in sample.references],
        "tags": list(sample.tags),
        "group": sample.group,
        "location": sample.location,
    }


def _generation(columns: _Columns, generation: Generation | None) -> dict[str, Any]:
    if generation is None:
        return {"raw": -1, "finish": -1, "latency": None, "input": None, "generated": None, "cached": None,
                "cost": None, "cache": 0, "retries": 0}  # fmt: skip
    reason = generation.finish_reason
    return {
        "raw": columns.texts.number(generation.text),
        "finish": -1 if reason is None else columns.finishes.setdefault(reason, len(columns.finishes)),
        "latency": _short(generation.latency_s),
        "input": generation.input_tokens,
        "generated": generation.output_tokens,
        "cached": generation.cached_input_tokens,
        "cost": _short(generation.cost_usd),
        "cache": int(generation.from_cache),
        "retries": generation.retries,
    }


def _add_scores(columns: _Columns, results: Sequence[TrialResult]) -> None:
    """The scores of all trials; those of a stretch with the same measures at once, measure by measure."""
    at = 0
    all_scores = (Scores.of(result.scores) for result in results)
    for names, stretch in groupby(all_scores, key=attrgetter("names")):
        while found := list(islice(stretch, _AT_ONCE)):
            packed = array("d", b"".join(scores.packed for scores in found))
            noted = [(row, scores.notes) for row, scores in enumerate(found) if scores.notes]
            for place, name in enumerate(names):
                scores = columns.scores.setdefault(name, _Scores())
                scores.fill(at)
                values, status = _shortened(packed[place :: len(names)]), [_STATUSES["scored"]] * len(found)
                for row, notes in noted:
                    if place in notes:
                        kind, reason = notes[place]
                        status[row] = _STATUSES[kind]
                        values[row] = values[row] if kind == "scored" else None
                        if reason is not None:
                            scores.reasons[at + row] = columns.texts.number(reason)
                scores.values += values
                scores.status += status
            at += len(found)


def _shortened(values: Sequence[float]) -> list[float | None]:
    """Each of them short; most measures have few values."""
    short = {value: _short(value) for value in set(values)}
    return [short[value] for value in values]


def _short(value: float | None) -> float | None:
    """Six significant digits, an int where it is whole: the page shows no more, and the file stays small."""
    if value is None or not math.isfinite(value):
        return None
    if value == int(value) and abs(value) < _EXACT:
        return int(value)
    short = float(f"{value:.6g}")
    return int(short) if short.is_integer() else short


def _names(record: RunRecord) -> dict[str, Any]:
    models = {(cell.suite, cell.variant, cell.backend): cell.model for cell in record.cells}
    units = {
        measure.name: {"unit": measure.unit, "higher": measure.higher_is_better}
        for suite in record.suites
        for measure in suite.measures
    }
    return {
        "run": record.manifest.run_id,
        "suites": [
            {"name": suite.name, "path": suite.path, "measures": [measure.name for measure in suite.measures]}
            for suite in record.suites
        ],
        "models": [[*key, model] for key, model in models.items()],
        "measures": units,
        "kinds": ERROR_TITLES,
    }


def _tables(columns: _Columns) -> dict[str, Any]:
    return {
        "cells": list(columns.cells),
        "samples": columns.sample_rows,
        "chats": list(columns.chats),
        "errors": list(columns.errors),
        "finishes": list(columns.finishes),
        "trials": columns.trials,
        "outcomes": "".join(columns.outcomes),
        "missed": columns.missed,
        "quarantines": list(columns.quarantines),
        "held": columns.held,
        "scores": {
            name: {"values": scores.values, "status": "".join(scores.status), "reasons": scores.reasons}
            for name, scores in columns.scores.items()
        },
    }
