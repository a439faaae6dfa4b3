"""The journal knows what an unfinished run has answered, until the run is recorded."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from harness.generate.store import Journalled, Row, Store, Totals, UnfinishedRun, measure, prune
from harness.schema import Generation
from tests.unit.generate.store.store_rows import CACHED, FULL, row, rows

if TYPE_CHECKING:
    from pathlib import Path

    from harness.schema import CacheMode

RUN = UnfinishedRun("20261122T201849.042Z-3f9a", "2026-11-22T20:18:49+00:00", Totals())
TOTALS = Totals(calls=3, retries=1, spent_usd=0.25, elapsed_s=1.5)


def _left(folder: Path, *rows: Row, mode: CacheMode = "use", run: UnfinishedRun = RUN) -> None:
    """A run that answered these and ended early."""
    store = Store(folder, mode=mode)
    store.begin(run, folder / "reports")
    store.put(rows, TOTALS)
    store.close()


@pytest.mark.parametrize("mode", ["use", "refresh", "off"])
def test_unfinished_run_is_resumed_with_what_it_answered_and_spent(tmp_path: Path, mode: CacheMode) -> None:
    _left(tmp_path, row("paid"), Row("no key", "", "", FULL), mode=mode)
    store = Store(tmp_path, mode=mode)
    assert store.resume(tmp_path / "reports") == replace(RUN, totals=TOTALS)
    assert store.answered() == {
        row("paid").trial: Journalled(row("paid").key, FULL),
        "no key": Journalled("", FULL),
    }
    store.close()


def test_answers_from_the_cache_stay_marked_as_such(tmp_path: Path) -> None:
    _left(tmp_path, row("paid"), row("paid", CACHED, trial="another trial of the same question"))
    store = Store(tmp_path)
    store.resume(tmp_path / "reports")
    assert [found.generation.from_cache for found in store.answered().values()] == [False, True]
    store.close()


def test_nothing_is_resumed_where_nothing_is_unfinished(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.resume(tmp_path / "reports") is None
    assert store.answered() == {}
    store.begin(RUN, tmp_path / "reports")
    store.put([row()], TOTALS)
    store.end()
    store.close()
    again = Store(tmp_path)
    assert again.resume(tmp_path / "reports") is None
    assert again._database.read(lambda connection: connection.execute("SELECT * FROM journal").fetchall()) == []
    again.close()


def test_run_of_other_reports_is_not_resumed(tmp_path: Path) -> None:
    _left(tmp_path, row())
    store = Store(tmp_path)
    assert store.resume(tmp_path / "elsewhere") is None
    store.close()


def test_run_that_another_process_is_at_is_not_resumed(tmp_path: Path) -> None:
    alive = Store(tmp_path)
    alive.begin(RUN, tmp_path / "reports")
    alive.put([row()], TOTALS)
    store = Store(tmp_path)
    assert store.resume(tmp_path / "reports") is None
    alive.close()
    resumed = store.resume(tmp_path / "reports")
    assert resumed is not None
    assert resumed.run_id == RUN.run_id
    store.close()


def test_interrupted_resume_is_resumed_with_the_answers_of_both_sittings(tmp_path: Path) -> None:
    made = rows(3)
    _left(tmp_path, made[0])
    second = Store(tmp_path)
    second.resume(tmp_path / "reports")
    second.put([made[1]], Totals(calls=4, spent_usd=None, elapsed_s=2.0))
    second.close()
    third = Store(tmp_path)
    resumed = third.resume(tmp_path / "reports")
    assert resumed is not None
    assert (resumed.run_id, resumed.totals) == (RUN.run_id, Totals(calls=4, spent_usd=None, elapsed_s=2.0))
    assert set(third.answered()) == {made[0].trial, made[1].trial}
    third.end()
    third.close()


def test_the_run_that_moved_last_is_resumed_first(tmp_path: Path) -> None:
    _left(tmp_path, row("a"))
    time.sleep(0.01)
    _left(tmp_path, row("b"), run=replace(RUN, run_id="later"))
    store = Store(tmp_path)
    resumed = store.resume(tmp_path / "reports")
    assert resumed is not None
    assert resumed.run_id == "later"
    store.end()
    resumed = store.resume(tmp_path / "reports")
    assert resumed is not None
    assert resumed.run_id == RUN.run_id
    store.close()


def test_trial_answered_again_has_its_last_answer(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.begin(RUN, tmp_path / "reports")
    store.put([row("old question", trial="t")])
    store.put([row("new question", Generation(text="new"), trial="t")])
    assert store.answered() == {"t": Journalled(row("new question").key, Generation(text="new"))}
    store.close()


def test_answer_that_another_run_asks_again_stays_as_the_unfinished_run_had_it(tmp_path: Path) -> None:
    _left(tmp_path, row("q", Generation(text="first")))
    refresh = Store(tmp_path, mode="refresh")
    refresh.begin(replace(RUN, run_id="refresh"), tmp_path / "reports")
    refresh.put([row("q", Generation(text="asked again"))])
    refresh.end()
    refresh.close()
    store = Store(tmp_path)
    store.resume(tmp_path / "reports")
    assert store.answered()[row("q").trial].generation.text == "first"
    assert store.get_many([row("q").key])[row("q").key].text == "asked again"
    store.close()


def test_pruning_leaves_the_answers_of_unfinished_runs(tmp_path: Path) -> None:
    _left(tmp_path, *rows(3))
    store = Store(tmp_path)
    store.put([row("of no run")])
    store.close()
    assert prune(tmp_path, to_mb=0)[0] == 1
    again = Store(tmp_path)
    again.resume(tmp_path / "reports")
    assert len(again.answered()) == 3
    again.close()


def test_run_that_nobody_resumed_for_a_month_is_given_up(tmp_path: Path) -> None:
    _left(tmp_path, row("long ago"))
    store = Store(tmp_path)
    month = 31 * 86_400
    store._database.write(
        lambda connection: connection.execute("UPDATE runs SET updated_at = updated_at - ?", (month,))
    )
    store.begin(replace(RUN, run_id="new"), tmp_path / "reports")
    assert measure(tmp_path).unfinished == (("new", 0),)
    assert list(store.get_many([row("long ago").key])) == [row("long ago").key]
    store.close()


def test_spending_is_summed_by_day_over_runs_and_unknown_prices_are_counted(tmp_path: Path) -> None:
    for cost_usd in (0.25, 0.5, None):
        store = Store(tmp_path)
        store.put([row("q", replace(FULL, cost_usd=cost_usd)), row("cached", replace(CACHED, cost_usd=8.0))])
        store.close()
    store = Store(tmp_path, mode="off")
    store.put([row("q", replace(FULL, cost_usd=1.0))], lost_usd=0.125)
    assert store.spent_today() == pytest.approx(1.875)
    store.close()
    ((_, usd, unpriced),) = measure(tmp_path).spent
    assert (usd, unpriced) == (1.875, 1)


def test_spending_of_yesterday_does_not_count_today(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put([row("q", replace(FULL, cost_usd=0.25))])
    store._database.write(lambda connection: connection.execute("UPDATE ledger SET day = day - 1"))
    assert store.spent_today() == 0.0
    store.close()


def test_unfinished_run_of_the_second_version_is_resumed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.begin(RUN, tmp_path / "reports")
    store.close()
    old = sqlite3.connect(tmp_path / "answers.sqlite", isolation_level=None)
    old.execute("ALTER TABLE runs ADD COLUMN details TEXT NOT NULL DEFAULT '{}'")
    old.execute("PRAGMA user_version = 2")
    old.close()
    store = Store(tmp_path)
    assert store.resume(tmp_path / "reports") == RUN
    store.end()
    store.begin(replace(RUN, run_id="another"), tmp_path / "reports")
    store.close()
