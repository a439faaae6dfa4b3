"""What keeps a trial from having a recorded answer: how it differs from the nearest one that has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.schema import canonical_json
from harness.wording import counted, escaped, one_line

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

_MOST = 50
"""Recorded answers of one trial that are compared: the last ones."""
_SHOWN = 3
"""Differences that are told; the rest is counted."""
_AROUND = 12
"""Characters of a text that are shown before a difference."""
_LONGEST = 48
"""Characters of a value that are shown."""
_ABSENT = object()


class Recorded(NamedTuple):
    """Where answers lie that a missing one may be compared with."""

    by_trial: dict[str, list[int]]
    """Trial id → row ids of its answers, the last one last."""
    by_chat: dict[int, int]
    """Hash of messages and repeat → row id of an answer to them."""


def survey(connection: sqlite3.Connection) -> Recorded:
    """All that is recorded; the whole file is read."""
    found = Recorded({}, {})
    for number, trial, content in connection.execute("SELECT id, trial, content FROM answers ORDER BY recorded_at, id"):
        found.by_trial.setdefault(trial, []).append(number)
        if content:
            found.by_chat[hash(_chat(content))] = number
    return found


def contents(connection: sqlite3.Connection, numbers: Sequence[int]) -> list[str]:
    """The contents in these rows; empty texts where an old version kept none."""
    rows = connection.execute(
        "SELECT content FROM answers WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(numbers[-_MOST:]),)
    )
    return [content for (content,) in rows]


def explain(connection: sqlite3.Connection, known: Recorded, trial: str, *, content: str) -> str:
    """Why a trial has no answer: how `content` differs from what was recorded for it, else of another backend."""
    if own := contents(connection, known.by_trial.get(trial, ())):
        return why_missing(content, own)
    other = known.by_chat.get(hash(_chat(content)))
    found = contents(connection, [other]) if other is not None else []
    if any(_chat(each) == _chat(content) for each in found):
        return f"only another backend was asked this ({why_missing(content, found)})"
    return "it was never answered"


def why_missing(content: str, recorded: Sequence[str]) -> str:
    """How `content` differs from the recorded content that differs least, in a few words."""
    now = json.loads(content)
    found = [list(_differences(json.loads(text), now)) for text in reversed(recorded) if text]
    if not found:
        return "an earlier version recorded an answer, without what it was an answer to"
    nearest = min(found, key=len)
    more = f", and {len(nearest) - _SHOWN} more" if len(nearest) > _SHOWN else ""
    return "; ".join(nearest[:_SHOWN]) + more if nearest else "its recorded answer is damaged"


def _chat(content: str) -> str:
    """The messages and the repeat, as they stand in canonical JSON: after the backend, before the version."""
    return content.partition(',"messages":')[2]


def _differences(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    yield from _of_values("", recorded["backend"], now["backend"])
    yield from _of_messages(recorded["messages"], now["messages"])
    for name in ("repeat", "schema_version"):
        yield from _of_values(name, recorded[name], now[name])


def _of_values(path: str, recorded: object, now: object) -> Iterator[str]:
    """Differences below a path of the backend's account of itself."""
    if isinstance(recorded, dict) and isinstance(now, dict):
        for name in sorted({*recorded, *now}):
            below = f"{path}.{name}" if path else name
            yield from _of_values(below, recorded.get(name, _ABSENT), now.get(name, _ABSENT))
    elif _is_other(recorded, now):
        yield f"{path}: {_shown(recorded)} recorded, {_shown(now)} now"


def _is_other(recorded: object, now: object) -> bool:
    if recorded is _ABSENT or now is _ABSENT:
        return recorded is not now
    return canonical_json(recorded) != canonical_json(now)  # 1, 1.0 and True are equal, but other parameters


def _of_messages(recorded: Sequence[Sequence[str]], now: Sequence[Sequence[str]]) -> Iterator[str]:
    if len(recorded) != len(now):
        yield f"{counted(len(recorded), 'message')} recorded, {len(now):,} now"
    roles = [role for role, _ in now]
    for number, (old, new) in enumerate(zip(recorded, now, strict=False), 1):  # the rest is the number's difference
        if old[0] != new[0]:
            yield f"message {number}: {old[0]} recorded, {new[0]} now"
        elif old[1] != new[1]:
            name = f"the {new[0]} message" if roles.count(new[0]) == 1 else f"message {number} ({new[0]})"
            yield f"{name} differs {_place(old[1], new[1])}"


def _place(recorded: str, now: str) -> str:
    """Where two texts part, with a piece of each."""
    both = enumerate(zip(recorded, now, strict=False))  # the longer one's end is a difference, too
    at = next((position for position, (old, new) in both if old != new), min(len(recorded), len(now)))
    start = max(0, at - _AROUND)
    pieces = [escaped(text[start : start + _LONGEST]) for text in (recorded, now)]
    before = "…" if start else ""
    shown = [
        f"'{before}{piece}{'…' if len(text) > start + _LONGEST else ''}'"
        for piece, text in zip(pieces, (recorded, now), strict=True)
    ]
    return f"at character {at + 1}: {shown[0]} recorded, {shown[1]} now"


def _shown(value: object) -> str:
    return "none" if value is _ABSENT else one_line(json.dumps(value, ensure_ascii=False), longest=_LONGEST)
