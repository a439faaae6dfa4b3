"""Checks the rows' variables against what the prompts declare, before anything is sent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.suite.document import WrittenFloat, WrittenInt, plain
from harness.suite.values import described, quoted
from harness.wording import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from harness.schema import InputType
    from harness.suite.mistakes import MistakeLog
    from harness.suite.table import Row, Table

_PYTHON_TYPES: dict[str, frozenset[type]] = {
    "str": frozenset({str}),
    "int": frozenset({int, WrittenInt}),
    "float": frozenset({float, int, WrittenInt, WrittenFloat}),
    "bool": frozenset({bool}),
    "list": frozenset({list}),
    "dict": frozenset({dict}),
}
_TEXT_NUMBERS = {
    "int": re.compile(r"[-+]?[0-9]+"),
    "float": re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?"),
}
_TEXT_BOOLS = {"true": True, "false": False}
_MOST_DIGITS = 300
"""Longest number that is read from a text cell."""


class Demand(NamedTuple):
    """What one prompt version declares."""

    prompt: str
    """`name@version`, for messages."""
    inputs: Mapping[str, InputType]
    """Variables and their types."""


class RowNames(NamedTuple):
    """How rows are called in messages."""

    noun: str
    """`sample` or `example`."""
    ids: Sequence[str]
    """One a row."""


def shapes(rows: Sequence[Row]) -> dict[tuple[str, ...], list[int]]:
    """Which rows have the same columns in the same order: a file has few shapes and many rows."""
    found: dict[tuple[str, ...], list[int]] = {}
    for index, row in enumerate(rows):
        found.setdefault(tuple(row), []).append(index)
    return found


def check_variables(table: Table, names: RowNames, demands: Sequence[Demand], *, log: MistakeLog) -> None:
    """Log every variable that is missing or of the wrong type; cells of text tables are read as their type."""
    by_variable: dict[str, dict[InputType, str]] = {}
    for demand in demands:
        for variable, kind in demand.inputs.items():
            by_variable.setdefault(variable, {}).setdefault(kind, demand.prompt)
    by_shape = shapes(table.rows)
    for variable, kinds in by_variable.items():
        without = sorted(index for shape, rows in by_shape.items() if variable not in shape for index in rows)
        prompt, kind = next((prompt, kind) for kind, prompt in kinds.items())
        _log_missing(table, names, (variable, kind, prompt), rows=without, log=log)
        _check_types(table, names, (variable, kinds), log=log)


def _log_missing(
    table: Table, names: RowNames, wanted: tuple[str, str, str], *, rows: Sequence[int], log: MistakeLog
) -> None:
    variable, kind, prompt = wanted
    everywhere = len(rows) == len(table.rows) > 1
    for index in rows[:1] if everywhere else rows:
        also = f" (as in all {len(rows):,} rows)" if everywhere else ""
        log.add_of_kind(
            f"{names.noun}s without variable '{variable}'",
            table.position(index),
            f"{names.noun} {quoted(names.ids[index])}: variable '{variable}' is missing{also}; "
            f"prompt {prompt} declares it as {kind}; add the column{_near_column(variable, table.rows[index])}",
        )


def _near_column(variable: str, row: Row) -> str:
    meant = did_you_mean(variable, row)
    return f".{meant}" if meant else " or remove the input"


def _check_types(
    table: Table, names: RowNames, wanted: tuple[str, Mapping[InputType, str]], *, log: MistakeLog
) -> None:
    """Check one variable in every row that has it; all prompts' types must hold."""
    variable, kinds = wanted
    for kind, prompt in kinds.items():
        allowed = _PYTHON_TYPES.get(kind)
        if allowed is None or {type(row[variable]) for row in table.rows if variable in row} <= allowed:
            continue
        for index, row in enumerate(table.rows):
            if variable not in row or type(row[variable]) in allowed:
                continue
            value = _as_type(row[variable], kind, is_text=table.is_text)
            if value is not None:
                row[variable] = value
                continue
            log.add_of_kind(
                f"{names.noun}s whose variable '{variable}' is no {kind}",
                table.position(index),
                f"{names.noun} {quoted(names.ids[index])}: variable '{variable}' is {described(row[variable])}; "
                f"prompt {prompt} declares it as {kind}; {_remedy(kind, is_text=table.is_text)}",
            )


def _as_type(value: Any, kind: str, *, is_text: bool) -> Any:
    """The value read as the type where the file's own form allows it, else None."""
    if kind == "str" and isinstance(value, (WrittenInt, WrittenFloat)):
        return value.source
    if not is_text or not isinstance(value, str) or len(value) > _MOST_DIGITS:
        return None
    text = value.strip()
    if kind == "bool":
        return _TEXT_BOOLS.get(text.lower())
    if kind in _TEXT_NUMBERS and _TEXT_NUMBERS[kind].fullmatch(text):
        return int(text) if kind == "int" else float(text)
    return None


def _remedy(kind: str, *, is_text: bool) -> str:
    if is_text and kind in ("list", "dict"):
        return f"cells of this file are text; use .jsonl for a {kind}"
    return "mend the value or the declared type"


def check_extra_columns(table: Table, names: RowNames, known: Collection[str], *, log: MistakeLog) -> None:
    """Log each column that nothing uses, once, at the first row that has it."""
    counts: dict[str, tuple[int, int]] = {}
    for shape, rows in shapes(table.rows).items():
        for column in shape:
            if column not in known:
                first, count = counts.get(column, (rows[0], 0))
                counts[column] = min(first, rows[0]), count + len(rows)
    for column, (first, count) in counts.items():
        path, mark = table.position(first)
        others = f" (and in {count - 1:,} more row{'s' * (count != 2)})" if count > 1 else ""  # noqa: PLR2004 - one more
        message = (
            f"{names.noun} {quoted(names.ids[first])}: column {quoted(column)} is used by no prompt{others}; "
            f"used: {listed(sorted(known))}; declare it in inputs or list it under dataset.ignore"
        )
        log.add(path, mark, message + did_you_mean(column, known).replace(" Did", ". Did"))


def make_plain(table: Table) -> None:
    """Replace numbers that know their source text by plain ones, in place."""
    for row in table.rows if table.is_written else ():
        for column, value in row.items():
            if isinstance(value, (WrittenInt, WrittenFloat, list, dict)):
                row[column] = plain(value)
