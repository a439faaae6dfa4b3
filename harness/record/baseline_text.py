"""The text of a committed baseline: a first line that says what it was recorded from, then one line a trial."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from harness.record.baseline_lines import HEAD, MEASURE, Lines
from harness.schema import SCHEMA_VERSION, Measured, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.schema import Measure

_TELLING = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
"""Characters that hide, reorder or command where a diff is read; a list of our own, since Python's grows."""
_WHOLE = 2.0**53
"""Whole numbers below it are exact as doubles."""
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def facts_of(measures: Mapping[str, Measure]) -> dict[str, dict[str, Any]]:
    """What a baseline says of its measures, by name."""
    return {name: {fact: _number(getattr(one, fact)) for fact in MEASURE} for name, one in measures.items()}


def text_of(measured: Measured, head: Mapping[str, Any]) -> Iterator[str]:
    """The lines, sorted: the same for the same trials, and a line is another only when its trial is.

    `head` holds `run_id`, `started_at` and `kept`.
    """
    known = {
        "suite": measured.suite,
        "dataset_hash": measured.dataset_hash,
        "prompts": {name: dict(facts) for name, facts in measured.prompts.items()},
        "backends": {name: dict(facts) for name, facts in measured.backends.items()},
        "measures": facts_of(measured.measures),
        **head,
    }
    yield _line({"baseline": {"schema_version": SCHEMA_VERSION, **{name: known[name] for name in HEAD}}})
    for cell in sorted(measured.cells):
        rows = measured.cells[cell]
        columns = {name: rows.values[name].tolist() for name in measured.measures}
        for at in sorted(range(len(rows.samples)), key=lambda at: (rows.samples[at], rows.repeats[at])):
            yield _line(_trial(cell, rows, at, columns=columns))


def _trial(cell: tuple[str, str], rows: Rows, at: int, *, columns: Mapping[str, list[float]]) -> dict[str, Any]:
    trial = {
        "variant": cell[0],
        "backend": cell[1],
        "sample": rows.samples[at],
        "repeat": rows.repeats[at],
        "content": rows.contents[at],
        "group": rows.groups[at],
        "outcome": rows.outcomes[at],
        "scores": {name: _number(values[at]) for name, values in columns.items()},
        "output": rows.outputs[at],
    }
    return trial | ({"references": list(rows.references[at])} if rows.references[at] else {})


def _number(value: Any) -> Any:
    """Whole numbers without a fraction, NaN and infinity as None, anything else as it is."""
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < _WHOLE else value


def _line(content: Any) -> str:
    return _TELLING.sub(_escape, _encode(content)) + "\n"


def _escape(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]


def read_text(text: bytes, shown: str) -> tuple[Measured, Mapping[str, Any]]:
    """What the lines say, and the first line's own content; `shown` is what messages call the file.

    Raises:
        RecordError: it is damaged, or a newer version wrote it.

    """
    lines = Lines(text, shown)
    head = lines.head()
    measures = lines.measures(head)
    cells: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for trial in lines.trials(measures):
        cells.setdefault((trial["variant"], trial["backend"]), []).append(trial)
    names = {cell: None for cell in _in_order(head) if cell in cells} | dict.fromkeys(cells)
    measured = Measured(
        ref=shown,
        suite=head["suite"],
        dataset_hash=head["dataset_hash"],
        prompts=head["prompts"],
        backends=head["backends"],
        measures=measures,
        cells={cell: _rows(cells[cell], measures) for cell in names},
    )
    return measured, head


def _in_order(head: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The cells there can be, as a run has them: backend by backend."""
    return ((variant, backend) for backend in head["backends"] for variant in head["prompts"])


def _rows(trials: list[dict[str, Any]], measures: Mapping[str, Measure]) -> Rows:
    import numpy as np

    def column(name: str) -> list[Any]:
        return [trial[name] for trial in trials]

    scores = column("scores")
    return Rows(
        samples=column("sample"),
        repeats=column("repeat"),
        contents=column("content"),
        groups=column("group"),
        outcomes=column("outcome"),
        outputs=column("output"),
        references=[tuple(trial.get("references", ())) for trial in trials],
        values={name: np.array([own.get(name) for own in scores], np.float64) for name in measures},
    )
