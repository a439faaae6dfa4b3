"""Answers that people have rated, from a file of rows."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from harness.schema import Sample
from harness.suite.mistakes import MistakeLog
from harness.suite.rows import read_table
from harness.suite.samples import chosen, groups_of, references_of, sample_ids, samples_hash
from harness.suite.values import described, quoted
from harness.suite.variables import make_plain
from harness.wording import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from harness.schema import Measure
    from harness.suite.table import Row, Table

_PAIR: Mapping[str, float] = {"1": 1.0, "2": 0.0, "0": 0.5, "tie": 0.5}
"""What people say about a pair → the value in favour of the first answer."""


class LabelColumns(Struct, frozen=True):
    """Where in the rows is what."""

    human: Mapping[str, Sequence[str]]
    """By measure: names that the column with people's ratings may have, the first that is there counts."""
    output: str = "output"
    """The answer."""
    other: str | None = None
    """The answer that it is compared with; None where answers are rated alone."""
    needed: tuple[str, ...] = ()
    """Columns that the judge is shown."""
    references: tuple[str, ...] = ()
    """Columns with accepted answers."""
    group: str | None = None
    """Column with the cluster."""
    named: tuple[str, ...] = ()
    """Columns of `human` that were asked for by name: they have to be there."""


class Labels(Struct, frozen=True):
    """Answers with what people said about them."""

    samples: tuple[Sample, ...]
    """The rows."""
    outputs: Mapping[str, tuple[str, str | None]]
    """By sample id: the answer, and the one it is compared with."""
    human: Mapping[str, Mapping[str, float]]
    """By measure and sample id: the mean of what people said; missing where nobody did."""
    shown: str
    """The file."""
    content_hash: str
    """Of the rows that are used."""


def read_labels(
    path: Path, root: Path, columns: LabelColumns, *, measures: Sequence[Measure], limit: int | None = None
) -> Labels:
    """The rated answers; FilesError with every mistake found in the file.

    A rating is a number on the measure's scale, a list of several people's (in a text: `4;5` or `[4, 5]`), or empty. Of
    pairs (`columns.other`) it is 1 or 2 for the better answer, 0 or tie for neither. With `limit` a seeded choice of
    the rows is used. A measure that nobody rated is left out; that all are, or a column that was named, is a mistake.
    """
    log = MistakeLog(root)
    shown = log.shown(path)
    log.begin(shown)
    table = read_table(path, log)
    if table is not None:
        _check_columns(table, columns, log)
    log.raise_if_any()
    assert table is not None, "a table that could not be read is a mistake"
    there = {column: None for row in table.rows for column in row}
    ids = sample_ids(table, "id" if "id" in there else None, log)
    references = references_of(table, ids, columns.references, log=log)
    groups = groups_of(table, ids, columns.group, log=log)
    outputs = {ids[at]: _outputs(table, at, columns, log=log) for at in range(len(table.rows))}
    make_plain(table)
    kept = chosen(ids, limit, 0)
    human = _human(table, (ids, kept), columns, measures=measures, log=log)
    log.raise_if_any()
    samples = tuple(Sample(ids[at], table.rows[at], references[at], groups[at], (), table.location(at)) for at in kept)
    return Labels(samples, outputs, human, shown, samples_hash(samples))


def _check_columns(table: Table, columns: LabelColumns, log: MistakeLog) -> None:
    there = list(dict.fromkeys(column for row in table.rows for column in row))
    named = [columns.output, columns.other, *columns.named, *columns.needed, *columns.references]
    for column in dict.fromkeys([*named, columns.group]):
        if column is not None and column not in there:
            why = " (the judge is shown it)" if column in columns.needed else ""
            message = (
                f"column {quoted(column)}{why} is in no row; available: {listed(there)}.{did_you_mean(column, there)} "
                "Name it as it is, or say which column it is with an option of the command"
            )
            log.add(table.shown, None, message)


def _human(
    table: Table,
    rows: tuple[Sequence[str], Sequence[int]],
    columns: LabelColumns,
    *,
    measures: Sequence[Measure],
    log: MistakeLog,
) -> dict[str, dict[str, float]]:
    """The ratings by measure and sample id, without measures that nobody rated; that all are is logged."""
    there = list(dict.fromkeys(column for row in table.rows for column in row))
    found: dict[str, dict[str, float]] = {}
    used: dict[str, str] = {}
    for measure in measures:
        column = next((name for name in columns.human[measure.name] if name in there), None)
        if column is not None:
            is_pair = columns.other is not None
            used[measure.name] = column
            found[measure.name] = _ratings(table, rows, column, measure=measure, is_pair=is_pair, log=log)
    if not found:
        expected = listed([names[0] for names in columns.human.values()])
        message = (
            f"no column holds people's ratings; available: {listed(there)}; wanted is one of {expected}; rename "
            "it, or say which it is with --human MEASURE=COLUMN"
        )
        log.add(table.shown, None, message)
    rated = {name: ratings for name, ratings in found.items() if ratings}
    if not len(log):
        lacking = {name: column for name, column in used.items() if name not in rated}
        _log_empty(table, {k: v for k, v in lacking.items() if not rated or v in columns.named}, log)
    return rated


def _log_empty(table: Table, lacking: Mapping[str, str], log: MistakeLog) -> None:
    """Log columns by measure that are empty in all rows used."""
    for name, column in lacking.items():
        message = (
            f"column {quoted(column)} holds no rating of '{name}' in the rows used, every cell is empty; at least "
            "one has to be rated; fill it in, or say which column it is with --human MEASURE=COLUMN"
        )
        log.add(table.shown, None, message)


def _outputs(table: Table, at: int, columns: LabelColumns, *, log: MistakeLog) -> tuple[str, str | None]:
    texts = []
    for column in (columns.output, columns.other):
        value = table.rows[at].get(column) if column is not None else None
        if column is not None and not isinstance(value, str):
            message = f"the answer in column {quoted(column)} is {described(value)}; a text is allowed; mend the row"
            log.add_of_kind("rows without an answer", table.position(at), message)
        texts.append(str(value))
    return texts[0], texts[1] if columns.other is not None else None


def _ratings(
    table: Table,
    rows: tuple[Sequence[str], Sequence[int]],
    column: str,
    *,
    measure: Measure,
    is_pair: bool,
    log: MistakeLog,
) -> dict[str, float]:
    """The ratings that there are, by sample id; bad ones are logged."""
    ids, kept = rows
    found = {}
    for at in kept:
        given = _given(table.rows[at], column)
        values = [_value(each, measure, is_pair=is_pair) for each in given]
        bad = next((each for each, value in zip(given, values, strict=True) if value is None), None)
        if bad is not None:
            allowed = "1, 2, 0 or tie" if is_pair else f"a number from {measure.low:g} to {measure.high:g}"
            message = (
                f"the rating in column {quoted(column)} is {described(_number_of(bad))}; {allowed}, or a list of them "
                f"(4;5 in a text) is allowed: the scale of '{measure.name}'; mend it, or leave it empty"
            )
            log.add_of_kind("bad ratings", table.position(at), message)
        elif values:
            found[ids[at]] = math.fsum(value for value in values if value is not None) / len(values)
    return found


def _given(row: Row, column: str) -> list[Any]:
    """What people said in this row; in a text several may stand, as `4;5` or `[4, 5]`."""
    value = row.get(column)
    if isinstance(value, str):
        value = _listed_in(value.strip())
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, list) else [value]


def _listed_in(text: str) -> Any:
    """The ratings in a text of several; the text itself where it is one."""
    if text.startswith("["):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return [each.strip() for each in text.split(";") if each.strip()] if ";" in text else text


def _number_of(given: Any) -> Any:
    """A text that is a number as that number: what is wrong with it then is not that it is a text."""
    try:
        number = float(given) if isinstance(given, str) else math.nan
    except ValueError:
        return given
    if not math.isfinite(number):
        return given
    return int(number) if number.is_integer() else number


def _value(given: Any, measure: Measure, *, is_pair: bool) -> float | None:
    text = str(given).strip().lower()
    if is_pair:
        return _PAIR.get(text.removesuffix(".0"))
    try:
        number = float(text) if not isinstance(given, bool) else math.nan
    except ValueError:
        return None
    high = math.inf if measure.high is None else measure.high
    return number if measure.low <= number <= high else None
