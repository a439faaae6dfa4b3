"""A damaged file or a full disk costs no answer that can still be had, and is said in one line."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import RecordError
from harness.generate.store import Store, Totals, UnfinishedRun, import_answers, pages
from harness.generate.store.backlog import Backlog
from tests.unit.generate.store.store_rows import CACHED, keys, row, rows


def _recorded(folder: Path, number: int) -> Path:
    store = Store(folder)
    store.put(rows(number))
    store.close()
    return folder / "answers.sqlite"


def _overwrite(path: Path, start: float, share: float) -> None:
    """Make a part of a file unreadable."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(int(size * start))
        file.write(b"\xff" * int(size * share))


def test_file_that_is_no_database_is_moved_aside_and_said(tmp_path: Path) -> None:
    (tmp_path / "answers.sqlite").write_bytes(b"this is no database" * 100)
    store = Store(tmp_path)
    aside = next(tmp_path.glob("answers.sqlite.damaged-*"))
    assert aside.read_bytes() == b"this is no database" * 100
    assert store.notices == [
        f"{tmp_path / 'answers.sqlite'}: the answer cache is damaged; it was moved to {aside.name}, a new one is begun"
    ]
    store.put([row()])
    assert store.get_many([row().key]) == {row().key: CACHED}
    store.close()


def test_what_can_be_read_of_a_damaged_file_is_kept_and_the_run_goes_on(tmp_path: Path) -> None:
    path = _recorded(tmp_path, 1_000)
    size = path.stat().st_size
    _overwrite(path, 0.4, 0.2)
    store = Store(tmp_path)
    found = store.get_many(keys(rows(1_000)))
    assert 500 < len(found) < 1_000
    assert set(found.values()) == {CACHED}
    aside = next(tmp_path.glob("answers.sqlite.damaged-*"))
    assert aside.stat().st_size == size
    (notice,) = store.notices
    assert notice == (
        f"{path}: the answer cache is damaged; it was moved to {aside.name}, {len(found)} answers of it could be read "
        "and stand in a new one"
    )
    store.put(rows(1_000))
    assert len(store.get_many(keys(rows(1_000)))) == 1_000
    store.close()


def test_cut_file_keeps_its_beginning(tmp_path: Path) -> None:
    path = _recorded(tmp_path, 1_000)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    store = Store(tmp_path)
    assert len(store.get_many(keys(rows(1_000)))) > 400
    assert len(store.notices) == 1
    store.close()


@pytest.mark.parametrize("start", [0.0, 0.25, 0.5, 0.75])
def test_a_damaged_page_costs_its_own_answers_only(tmp_path: Path, start: float) -> None:
    path = _recorded(tmp_path, 1_000)
    _overwrite(path, start, 4_096 / path.stat().st_size)
    store = Store(tmp_path)
    store._database._connection.close()
    store._database._replace()  # type: ignore[union-attr]
    assert len(store.get_many(keys(rows(1_000)))) >= 985
    store.close()


def test_long_texts_and_those_in_the_log_are_read_page_by_page(tmp_path: Path) -> None:
    made = [row(f"{index} {'x' * index * 700}") for index in range(40)]
    store = Store(tmp_path)
    store.put(made[:20])
    store._database._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.put(made[20:])
    assert (tmp_path / "answers.sqlite-wal").stat().st_size > 0
    found = {(each[3], each[6]) for each in pages.rows(tmp_path / "answers.sqlite") if len(each) == 7}
    assert found == {(each.key, each.content) for each in made}
    store.close()


@given(st.binary(max_size=3 * 4_096), st.integers(0, 60))
def test_pages_of_nonsense_end_without_an_error(noise: bytes, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.sqlite"
        path.write_bytes(b"\0" * 4_096 + (b"\x0d\0\0" + count.to_bytes(2, "big") + noise).ljust(4 * 4_096, b"\x81"))
        assert all(isinstance(each, list) for each in pages.rows(path))


def test_damage_that_is_met_while_writing_costs_nothing_of_the_batch(tmp_path: Path) -> None:
    path = _recorded(tmp_path, 1_000)
    store = Store(tmp_path)
    store.begin(UnfinishedRun("r", "now", Totals()), tmp_path / "reports")
    _overwrite(path, 0.02, 0.97)
    more = rows(2_000)[1_000:]
    store.put(more, Totals(calls=1_000))
    assert len(store.get_many(keys(more))) == 1_000
    assert store.notices
    store.close()


def test_row_whose_content_was_changed_by_the_damage_is_not_taken_over(tmp_path: Path) -> None:
    path = _recorded(tmp_path, 50)
    editor = sqlite3.connect(path, isolation_level=None)
    editor.execute("UPDATE answers SET content = replace(content, 'question 7', 'question X')")
    editor.close()
    _overwrite(path, 0.0, 0.0)
    store = Store(tmp_path)
    store._database._connection.close()
    store._database._replace()  # type: ignore[union-attr]
    assert set(store.get_many(keys(rows(50)))) == set(keys(rows(50))) - {row("question 7").key}
    store.close()


def test_two_runs_that_meet_the_damage_replace_the_file_once(tmp_path: Path) -> None:
    path = _recorded(tmp_path, 1_000)
    first, second = Store(tmp_path), Store(tmp_path)
    _overwrite(path, 0.02, 0.97)
    first.put([row("of the first")])
    first.get_many(keys(rows(1_000)))
    second.put([row("of the second")])
    second.get_many(keys(rows(1_000)))
    both = [row("of the first").key, row("of the second").key]
    assert set(first.get_many(both)) | set(second.get_many(both)) == set(both)
    first.close()
    second.close()
    again = Store(tmp_path)
    assert row("of the second").key in again.get_many(both)
    assert len(list(tmp_path.glob("answers.sqlite.damaged-*[0-9]"))) == 1
    again.close()


def test_folder_that_is_deleted_during_a_run_is_made_again_and_the_run_stays_resumable(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    store.begin(UnfinishedRun("r", "now", Totals()), tmp_path / "reports")
    store.put([row("before")], Totals(calls=1))
    shutil.rmtree(tmp_path / "cache")
    store.put([row("after")], Totals(calls=2))
    store.close()
    again = Store(tmp_path / "cache")
    assert again.resume(tmp_path / "reports") == UnfinishedRun("r", "now", Totals(calls=2))
    assert set(again.answered()) == {row("after").trial}
    again.close()


def test_run_goes_on_in_the_file_that_another_run_put_in_place_of_a_damaged_one(tmp_path: Path) -> None:
    _recorded(tmp_path, 10)
    store = Store(tmp_path)
    store.begin(UnfinishedRun("r", "now", Totals()), tmp_path / "reports")
    mender = Store(tmp_path)
    mender._database._connection.close()
    mender._database._replace()  # type: ignore[union-attr]
    store.put([row("after")], Totals(calls=1))
    assert list(mender.get_many([row("after").key])) == [row("after").key]
    assert store.claim([row("other").key]).granted == {row("other").key}
    mender.close()
    store.end()
    store.close()


def _fill(store: Store) -> None:
    """No more pages than there are."""
    pages = store._database._connection.execute("PRAGMA page_count").fetchone()[0]
    store._database._connection.execute(f"PRAGMA max_page_count = {pages}")


def test_full_disk_is_one_clear_line_and_what_was_recorded_stays(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put([row("before")])
    _fill(store)
    with pytest.raises(RecordError, match=r"the answer cache cannot be written \(database or disk is full\); "):
        store.put(rows(1_000))
    assert list(store.get_many([row("before").key, rows(1)[0].key])) == [row("before").key]
    store._database._connection.execute("PRAGMA max_page_count = 1000000")
    store.close()


def test_answers_of_a_full_disk_are_written_with_the_next_that_find_room(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.begin(UnfinishedRun("r", "now", Totals()), tmp_path / "reports")
    _fill(store)
    with pytest.raises(RecordError):
        store.put(rows(1_000))
    store._database._connection.execute("PRAGMA max_page_count = 1000000")
    with pytest.raises(RecordError):  # not tried again within a moment
        store.put([row("next")])
    store._backlog._failed = None
    store.put([row("last")])
    every = [*keys(rows(1_000)), row("next").key, row("last").key]
    assert set(store.get_many(every)) == set(every)
    assert len(store.answered()) == 1_002
    store.close()
    assert store.notices == []


def test_second_file_of_a_run_leaves_the_first_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for number in range(2):
        backlog = Backlog()
        backlog.add([row(str(number))], 0.0)
        assert backlog.spill("r") is not None
    texts = [path.read_text() for path in tmp_path.glob("prompt-answers-r-*.jsonl")]
    assert len(set(texts)) == 2


def test_answers_that_can_be_written_nowhere_are_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    backlog = Backlog()
    backlog.add([row("a")], 0.0)
    assert backlog.spill("r") == (
        "answer cache: 1 answer could be written neither there nor to the folder for temporary files; "
        "make room and run again"
    )


def test_answers_for_which_there_never_was_room_are_left_in_a_file_that_can_be_taken_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    store = Store(tmp_path / "cache")
    store.begin(UnfinishedRun("r", "now", Totals()), tmp_path / "reports")
    _fill(store)
    with pytest.raises(RecordError):
        store.put(rows(1_000))
    store.close()
    (left,) = tmp_path.glob("prompt-answers-r-*.jsonl")
    assert left.stat().st_mode & 0o077 == 0
    assert store.notices[0] == (
        f"{left}: 1,000 answers that the answer cache could not take; make room, then run: "
        f"prompt-suite cache import {left}"
    )
    assert len([json.loads(line) for line in left.read_text().splitlines()]) == 1_000
    assert import_answers(tmp_path / "cache", left)[0].new == 1_000
