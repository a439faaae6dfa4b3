"""The project's store: answers of all runs, the journal of unfinished ones, claims between live ones, the ledger."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from harness.errors import RecordError
from harness.generate.store import answers, claims, exchange, journal, ledger, nearest, pruning
from harness.generate.store.backlog import Backlog
from harness.generate.store.coding import encode, json_list
from harness.generate.store.database import Database, not_opened
from harness.generate.store.liveness import Liveness
from harness.generate.store.reading import ReadOnlyDatabase
from harness.generate.store.rows import Claim
from harness.generate.store.schema import today
from harness.wording import counted

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from harness.generate.store.rows import Journalled, Row, Totals, UnfinishedRun
    from harness.schema import CacheMode, Generation, Settings

_LOOKUP = 1_000
"""Keys asked for in one statement, while other threads wait."""


def open_store(settings: Settings) -> Store:
    """The project's store, open; raises RecordError as Store."""
    return Store(settings.root / ".prompt_cache", mode=settings.cache_mode, limit_mb=settings.cache_size_mb)


class _Current(Struct):
    """The run that is journalled."""

    number: int
    begun: UnfinishedRun
    place: str

    @property
    def run_id(self) -> str:
        return self.begun.run_id


class Store:
    """One SQLite file that all runs of a project share; safe to use from several threads and processes."""

    def __init__(self, folder: Path, *, mode: CacheMode = "use", limit_mb: float | None = None) -> None:
        """Open `folder/answers.sqlite`.

        With `off` answers are kept for the run's own journal only; with `only` nothing is written. When it is closed,
        answers that were not used for the longest time make room until the file has at most `limit_mb` megabytes.

        Raises:
            RecordError: the folder or the file cannot be opened.

        """
        self.mode = mode
        self._database: Database | ReadOnlyDatabase = ReadOnlyDatabase(folder) if mode == "only" else Database(folder)
        self._liveness = Liveness(folder)
        self._folder = folder
        self._run: _Current | None = None
        self._opened_at = time.time()
        self._limit_mb = limit_mb
        self._writing = threading.Lock()
        self._backlog = Backlog()
        self._unmarked: set[str] = set()
        self._is_closed = False
        self._recorded: nearest.Recorded | None = None
        self._added_usd: dict[int, float] = {}
        """What this store has added to the ledger, by day."""

    @property
    def notices(self) -> list[str]:
        """What the user should know: a damaged file was replaced, answers could not be kept; more may come."""
        return self._database.notices

    # -- answers ------------------------------------------------------------------------------------------------

    def get_many(self, keys: Sequence[str]) -> dict[str, Generation]:
        """The recorded answers among `keys`, marked as from the cache; one that is damaged counts as not recorded.

        With `refresh` only those recorded since the store was opened; with `off` none.

        Raises:
            RecordError: the file cannot be read.

        """
        if self.mode == "off":
            return {}
        found: dict[str, Generation] = {}
        for chunk in _chunks(keys):
            known, unmarked = self._database.read(partial(self._find, keys=chunk))
            found.update(known)
            self._unmarked.update(unmarked)
        return found

    def put(self, rows: Sequence[Row], totals: Totals | None = None, *, lost_usd: float = 0.0) -> None:
        """Keep answers, note them and `totals` in the journal, add what they cost to the day: all of it or nothing.

        Durable when this returns, also if the process is killed. Claims on the keys end. `lost_usd` is what calls
        without an answer may have cost.

        Raises:
            RecordError: the file cannot be written; it is tried again with the next batch, and with `close`.

        """
        if self.mode == "only":
            return
        with self._writing:
            backlog = self._backlog
            backlog.add(rows, lost_usd)
            backlog.check()
            try:
                self._put(tuple(backlog.rows), totals, backlog.lost_usd)
            except RecordError as error:
                backlog.failed(error)
                raise
            backlog.clear()

    def _put(self, rows: Sequence[Row], totals: Totals | None, lost_usd: float) -> None:
        new = {} if self.mode == "off" else {row.key: row for row in rows if _is_new(row)}
        texts = [encode(row.generation) for row in new.values()]
        paid = [row.generation.cost_usd for row in rows if not row.generation.from_cache]
        day, usd = today(), lost_usd + sum(usd or 0.0 for usd in paid)

        def action(connection: sqlite3.Connection) -> None:
            if new:
                self._keep(connection, new, texts)
            if self._run is not None:
                number = self._numbered(connection, self._run)
                journal.add(connection, number, rows, kept=new)
                if totals is not None:
                    journal.update(connection, number, totals)
            if paid or lost_usd:
                ledger.add(connection, day, usd=usd, unpriced=paid.count(None))

        self._database.write(action)
        self._added_usd[day] = self._added_usd.get(day, 0.0) + usd

    def _keep(self, connection: sqlite3.Connection, new: dict[str, Row], texts: Sequence[str]) -> None:
        if self.mode == "refresh":
            journal.keep_replaced(connection, self._run.number if self._run else -1, json_list(new))
        answers.keep(connection, new.values(), texts)
        if self._run is not None:
            claims.release(connection, new, self._run.run_id)

    @staticmethod
    def _numbered(connection: sqlite3.Connection, run: _Current) -> int:
        """The run's number in the file as it is now; a file that was replaced may know nothing of the run."""
        if not journal.is_known(connection, run.number, run.run_id):
            run.number = journal.begin(connection, run.begun, run.place)
        return run.number

    def _find(self, connection: sqlite3.Connection, keys: Collection[str]) -> tuple[dict[str, Generation], list[str]]:
        return answers.find(connection, keys, since=self._opened_at if self.mode == "refresh" else 0.0)

    # -- claims -------------------------------------------------------------------------------------------------

    def claim(self, keys: Sequence[str]) -> Claim:
        """What to do with keys that `get_many` did not have: call them, take the answer that came, or ask again later.

        Needs a run (`begin`, `resume`). A claim ends when its answer is put, when it is released, and with its process.

        Raises:
            RecordError: the file cannot be written.

        """
        if self.mode in {"off", "only"}:
            return Claim(set() if self.mode == "only" else set(keys), {})
        assert self._run is not None
        owner = self._run.run_id

        def action(connection: sqlite3.Connection) -> Claim:
            found, unmarked = self._find(connection, keys=keys)
            self._unmarked.update(unmarked)
            left = [key for key in keys if key not in found]
            return Claim(claims.take(connection, left, owner, is_alive=self._liveness.is_alive), found)

        return self._database.write(action)

    def release(self, keys: Collection[str]) -> None:
        """Give up claims on keys that will not be answered; raises RecordError."""
        if self._run is not None and keys:
            owner = self._run.run_id
            self._database.write(lambda connection: claims.release(connection, keys, owner))

    # -- the journal --------------------------------------------------------------------------------------------

    def begin(self, run: UnfinishedRun, reports: Path) -> None:
        """Journal a new run from now on, that will be recorded in `reports`; nothing with `only`.

        Raises:
            RecordError: the file cannot be written.

        """
        if self.mode == "only":
            return
        try:
            self._liveness.sweep()
            self._liveness.hold(run.run_id)
        except OSError as error:
            raise not_opened(self._folder, error) from error
        place = _place(reports)
        number = self._database.write(lambda connection: journal.begin(connection, run, place))
        self._run = _Current(number, run, place)
        self._database.write(self._clear_claims)

    def resume(self, reports: Path) -> UnfinishedRun | None:
        """The last unfinished run of `reports` that no process is at, journalled further from now on; None without one.

        Raises:
            RecordError: the file cannot be read or written.

        """
        if self.mode == "only":
            return None
        place = _place(reports)
        for number, run in self._database.read(lambda connection: journal.unfinished(connection, place)):
            if self._liveness.hold(run.run_id):
                self._run = _Current(number, run, place)
                self._database.write(self._clear_claims)
                return run
        return None

    def under_way(self, reports: Path) -> list[str]:
        """Ids of the unfinished runs of `reports` that another process is at, the last first; raises RecordError."""
        runs = self._database.read(lambda connection: journal.unfinished(connection, _place(reports)))
        return [run.run_id for _, run in runs if self._liveness.is_alive(run.run_id)]

    def answered(self) -> dict[str, Journalled]:
        """The trials that the run has answered in earlier sittings, by trial id; raises RecordError."""
        if self._run is None:
            return {}
        number = self._run.number
        return self._database.read(lambda connection: journal.answered(connection, number))

    def end(self) -> None:
        """Forget the run's journal: it is complete and recorded. Raises RecordError."""
        if self._run is not None:
            number = self._run.number
            self._database.write(lambda connection: journal.end(connection, number))

    # -- the rest -----------------------------------------------------------------------------------------------

    def spent_today(self) -> float:
        """US dollars that all runs of the project spent today (UTC), as far as prices are known; raises RecordError."""
        return self._database.read(lambda connection: ledger.spent(connection, today()))

    def spent_elsewhere(self) -> float:
        """What `spent_today` tells, without what this store has added; raises RecordError.

        Answers that are added meanwhile may count for a moment, never what others spent be left out.
        """
        own = self._added_usd.get(today(), 0.0)
        return max(self.spent_today() - own, 0.0)

    def nearest(self, trial: str, content: str) -> str:
        """Why the trial has no recorded answer: how `content` differs from the nearest that was answered.

        Nearest is what was recorded for the trial itself, else an answer of another backend to the same messages. What
        is recorded is looked over once, at the first question.

        Raises:
            RecordError: the file cannot be read.

        """
        if self._recorded is None:
            self._recorded = self._database.read(nearest.survey)
        known = self._recorded
        return self._database.read(lambda connection: nearest.explain(connection, known, trial, content=content))

    def digest(self, keys: Collection[str]) -> str:
        """SHA-256 (hex) of the answers recorded under `keys`, the same for the same answers; raises RecordError."""
        ordered = sorted(keys)
        slices = (ordered[start : start + _LOOKUP] for start in range(0, len(ordered), _LOOKUP))
        read = self._database.read
        return exchange.digest(pair for each in slices for pair in read(partial(exchange.pairs, keys=each)))

    def close(self) -> None:
        """Give up claims, mark what was used, keep to the size limit, and close the file; further calls fail.

        Nothing is raised: what could not be done is a notice, and answers that never could be written are in a file.
        A second time does nothing.
        """
        if self._is_closed:
            return
        self._is_closed = True
        try:
            if self.mode != "only":
                self._leave()
        except RecordError as error:
            self.notices.append(str(error))
        finally:
            self._database.close()
            self._liveness.free()

    def _leave(self) -> None:
        if self._backlog.rows:
            try:
                self._put(tuple(self._backlog.rows), None, self._backlog.lost_usd)
            except RecordError:
                left = self._backlog.spill(self._run.run_id if self._run else "answers")
                self.notices.extend([left] if left else [])
        if self._run is not None:
            self._database.write(self._clear_claims)
        if self._unmarked:
            self._database.write(lambda connection: answers.mark_used(connection, self._unmarked))
        if self._limit_mb is not None and isinstance(self._database, Database):
            pruned = pruning.prune(self._database, to_mb=self._limit_mb)
            if pruned:
                text = f"{counted(pruned, 'recorded answer')} that were not used for the longest time"
                self.notices.append(f"{self._folder}: {text} made room, to keep to {self._limit_mb:g} MB")

    def _clear_claims(self, connection: sqlite3.Connection) -> None:
        assert self._run is not None
        claims.release_all(connection, self._run.run_id, is_alive=self._liveness.is_alive)


def _is_new(row: Row) -> bool:
    return bool(row.key) and not row.generation.from_cache


def _place(reports: Path) -> str:
    return str(reports.absolute())


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _LOOKUP):
        yield keys[start : start + _LOOKUP]
