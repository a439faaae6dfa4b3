"""What people do with the store between runs: see its size, prune it, take recordings out of it and into it."""

from __future__ import annotations

from collections import Counter
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from harness.errors import RecordError, UsageError
from harness.generate.store import exchange, pruning
from harness.generate.store.database import Database
from harness.generate.store.reading import ReadOnlyDatabase
from harness.generate.store.schema import today

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from harness.generate.store.rows import Row


class Exported(NamedTuple):
    """What stands in a recording."""

    digest: str
    """SHA-256 (hex) of its answers."""
    answers: int
    """Their number."""
    left_out: int
    """Answers without content, recorded by an earlier version."""


class Imported(NamedTuple):
    """What became of the answers of a recording."""

    digest: str
    """SHA-256 (hex) of the recording's answers."""
    new: int
    """Answers that were not there."""
    replaced: int
    """Answers that were there under their key, with another generation."""
    same: int
    """Answers that were there as they are."""


def measure(folder: Path) -> pruning.Size:
    """The size of the store in `folder`.

    Raises:
        UsageError: there is none.
        RecordError: it cannot be read.

    """
    with closing(ReadOnlyDatabase(_existing(folder))) as database:
        return database.read(pruning.measure)


def prune(folder: Path, *, to_mb: float | None = None, unused_days: float | None = None) -> tuple[int, int]:
    """Delete answers not used for so many days, and until at most `to_mb` megabytes are left: their number, bytes left.

    Raises:
        UsageError: there is no store.
        RecordError: it cannot be written.

    """
    with closing(Database(_existing(folder))) as database:
        count = pruning.prune(database, to_mb=to_mb, unused_days=unused_days)
        return count, database.read(pruning.measure).bytes


def export_answers(folder: Path, path: Path, *, used_days: int | None = None) -> Exported:
    """Write the answers, or those used in the last days (0: today), as sorted JSON lines, all or nothing.

    Raises:
        UsageError: there is no store, or the path is a folder's.
        RecordError: it cannot be read, or the file cannot be written.

    """
    if path.is_dir():
        raise UsageError(
            f"{path}: is a folder; the recording is one file, for example {path / 'answers.jsonl'}; name it"
        )
    since = 0 if used_days is None else today() - used_days

    def action(connection: sqlite3.Connection) -> Exported:
        pairs: list[tuple[str, str]] = []
        part = path.with_name(f"{path.name}.part")
        try:
            with part.open("w", encoding="utf-8", newline="\n") as file:
                for key, text, line in exchange.lines(connection, used_since=since):
                    file.write(f"{line}\n")
                    pairs.append((key, text))
            part.replace(path)
        except OSError as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise RecordError(
                f"{path}: the recording cannot be written ({error.strerror}); a file in a writable folder with room is "
                "needed; name another"
            ) from error
        left_out = connection.execute("SELECT count(*) FROM answers WHERE content = ''").fetchone()[0]
        return Exported(exchange.digest(sorted(pairs)), len(pairs), left_out)

    with closing(ReadOnlyDatabase(_existing(folder))) as database:
        return database.read(action)


def import_answers(folder: Path, path: Path) -> tuple[Imported, list[str]]:
    """Take in a recording's answers, once every line is verified; what became of them, and notices.

    Raises:
        FilesError: lines of the file are no answers; nothing is taken in.
        UsageError: the file cannot be read.
        RecordError: the store cannot be opened or written.

    """
    for _ in _batches(path):  # all lines are looked at before the first answer is taken in
        pass
    pairs: dict[str, str] = {}
    counts: Counter[str] = Counter()
    with closing(Database(folder)) as database:
        for batch in _batches(path):  # each in a transaction of its own: other runs wait for none of them
            taken = database.write(partial(exchange.take_in, batch=batch))
            pairs.update(taken.pairs)
            counts.update(new=taken.new, same=taken.same, replaced=len(batch) - taken.new - taken.same)
        digest = exchange.digest(sorted(pairs.items()))
        return Imported(digest, counts["new"], counts["replaced"], counts["same"]), database.notices


def _batches(path: Path) -> Iterator[dict[str, Row]]:
    try:
        with path.open("rb") as file:
            yield from exchange.read(str(path), file)
    except OSError as error:
        raise UsageError(
            f"{path}: the recording cannot be read ({error.strerror}); a file that `prompt-suite cache export` wrote "
            "is allowed; name another"
        ) from error


def _existing(folder: Path) -> Path:
    if not (folder / "answers.sqlite").exists():
        raise UsageError(
            f"{folder}: there is no answer cache; it lies in the folder that pytest runs in; go there, or name it with "
            "--cache-dir DIR"
        )
    return folder
