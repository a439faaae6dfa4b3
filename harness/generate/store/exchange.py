"""Recordings: answers as JSON lines that can be committed, read by people, and replayed elsewhere."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.errors import FilesError, Mistake
from harness.generate.store import answers, journal
from harness.generate.store.coding import decode, encode, json_list
from harness.generate.store.rows import Row
from harness.schema import canonical_json, content_key
from harness.wording import described_error, listed, one_line

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator

_PARTS = ("key", "trial", "content", "generation")
"""What a line holds."""
_BATCH = 500
"""Answers taken in at once."""
_MOST_MISTAKES = 20
"""Mistakes that are told."""


class Taken(NamedTuple):
    """What became of some answers of a recording."""

    pairs: list[tuple[str, str]]
    """Keys and encoded generations."""
    new: int
    """Answers that were not there."""
    same: int
    """Answers that were there as they are; the others replaced one with another generation."""


def lines(connection: sqlite3.Connection, *, used_since: int = 0) -> Iterator[tuple[str, str, str]]:
    """Key, encoded generation and line of each answer that was used on that day or later, by trial and key.

    Answers that an earlier version recorded without their content are left out: nobody could tell what they answer.
    """
    rows = connection.execute(
        "SELECT key, trial, content, generation FROM answers WHERE content != '' AND used_on >= ? ORDER BY trial, key",
        (used_since,),
    )
    for key, trial, content, text in rows:
        generation = decode(text, from_cache=False)
        if generation is not None:
            yield key, text, line_of(Row(trial, key, content, generation), text)


def line_of(row: Row, text: str) -> str:
    """A recording's line; `text` is the encoded generation, of which that is left out which says nothing."""
    fields = {name: value for name, value in json.loads(text).items() if _is_told(name, value)}
    content = json.loads(row.content)
    return _written({"key": row.key, "trial": row.trial, "content": content, "generation": fields})


def digest(pairs: Iterable[tuple[str, str]]) -> str:
    """SHA-256 (hex) of keys and encoded generations, which come in the order of their keys."""
    found = hashlib.sha256()
    for key, text in pairs:
        found.update(f"{key}\t{text}\n".encode("utf-8", "surrogatepass"))
    return found.hexdigest()


def pairs(connection: sqlite3.Connection, keys: Collection[str]) -> list[tuple[str, str]]:
    """Keys that have an answer, with its encoded generation, in order."""
    wanted = "key IN (SELECT value FROM json_each(?))"
    statement = f"SELECT key, generation FROM answers WHERE {wanted} ORDER BY key"  # noqa: S608 - a constant
    return connection.execute(statement, (json_list(keys),)).fetchall()


def read(path: str, recorded: Iterable[bytes]) -> Iterator[dict[str, Row]]:
    """The answers of a recording's lines by key, a few hundred at once.

    Raises:
        FilesError: lines are no answers, or their key is not that of their content; after all lines were looked at.

    """
    mistakes: list[Mistake] = []
    batch: dict[str, Row] = {}
    for number, line in enumerate(recorded, 1):
        row = _read(line) if line.strip() else None
        if isinstance(row, str):
            mistakes.append(Mistake(path, number, None, row))
            if len(mistakes) == _MOST_MISTAKES:
                break
        elif row is not None:
            batch[row.key] = row
        if len(batch) == _BATCH:
            yield batch
            batch = {}
    if mistakes:
        raise FilesError(mistakes)
    yield batch


def take_in(connection: sqlite3.Connection, batch: dict[str, Row]) -> Taken:
    """Record answers, in an open transaction."""
    encoded = {key: encode(row.generation) for key, row in batch.items()}
    there = dict(pairs(connection, batch))
    journal.keep_replaced(connection, -1, json_list(batch))
    answers.keep(connection, batch.values(), encoded.values())
    same = sum(there.get(key) == text for key, text in encoded.items())
    return Taken(list(encoded.items()), new=len(batch) - len(there), same=same)


def _read(line: bytes) -> Row | str:
    """The answer that stands in a line, or what is wrong with it."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"the line is no JSON ({described_error(error)}); a line is one answer; export the recording again"
    if not isinstance(found, dict) or set(found) != set(_PARTS):
        there = listed(map(repr, found)) if isinstance(found, dict) else type(found).__name__
        return f"the line holds {one_line(there)}; an answer has {listed(_PARTS)}; export the recording again"
    content = canonical_json(found["content"])
    if content_key(content) != found["key"]:
        return (
            f"the key {one_line(repr(found['key']), longest=20)} is not that of the content, which is "
            f"'{content_key(content)[:16]}…'; key or content were changed; take the line back, or leave it out"
        )
    generation = decode(json.dumps(found["generation"]), from_cache=False)
    if generation is None or not isinstance(found["trial"], str):
        return "the generation or the trial is not as it was recorded; take the line back, or leave it out"
    return Row(found["trial"], found["key"], content, generation)


def _is_told(name: str, value: object) -> bool:
    return name == "text" or (name != "from_cache" and value not in (None, [], ""))


def _written(line: dict[str, Any]) -> str:
    """JSON that people can read; with escapes where a text holds half a surrogate pair, which no file could hold."""
    text = json.dumps(line, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(line)
    return text
