"""Whatever happens to the process or the disk, what `put` has said to be kept is kept."""

from __future__ import annotations

import multiprocessing
import random
import shutil
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from harness.errors import RecordError
from harness.generate.store import Row, Store, Totals, UnfinishedRun
from harness.plan import cache_content, identity_text
from harness.schema import Generation, Message, content_key
from tests.faults.small_disks import as_root

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path

SPAWN = multiprocessing.get_context("spawn")
RUN = UnfinishedRun("20261122T201849.042Z-3f9a", "2026-11-22T20:18:49+00:00", Totals())
TRIALS = 500
BATCH = 7


def _row(number: int, text: str = "answer") -> Row:
    content = cache_content(identity_text({"model": "m"}), [Message("user", f"question {number}")], 1)
    return Row(f"trial {number}", content_key(content), content, Generation(f"{text} {number}", cost_usd=0.001))


def _sit(folder: Path, kept: Connection) -> None:
    """One sitting of the run: answers what is left, and says of each batch that it is kept."""
    store = Store(folder)
    if store.resume(folder / "reports") is None:
        store.begin(RUN, folder / "reports")
    done = set(store.answered())
    todo = [row for row in map(_row, range(TRIALS)) if row.trial not in done]
    for start in range(0, len(todo), BATCH):
        batch = todo[start : start + BATCH]
        claim = store.claim([row.key for row in batch])
        assert claim.granted | set(claim.answered) == {row.key for row in batch}
        store.put(batch, Totals(calls=start))
        kept.send([row.trial for row in batch])
    kept.send(None)
    kept.recv()  # killed before, or told to end
    store.end()
    store.close()


def test_twenty_kills_lose_nothing_that_was_kept(tmp_path: Path) -> None:
    moments = random.Random(0)  # noqa: S311 - moments of kills
    kept: list[str] = []
    for sitting in range(21):
        ours, theirs = SPAWN.Pipe()
        process = SPAWN.Process(target=_sit, args=(tmp_path, theirs))
        process.start()
        theirs.close()
        batches = moments.randrange(1, 6) if sitting < 20 else TRIALS
        with ours:
            for _ in range(batches):
                if (batch := ours.recv()) is None:
                    break
                kept += batch
            if sitting == 20:
                ours.send("end")
            else:
                time.sleep(moments.random() * 0.003)
                process.kill()
            process.join(30)
    assert process.exitcode == 0
    assert len(kept) <= TRIALS  # nothing that was said to be kept was asked again
    assert len(set(kept)) == len(kept)
    store = Store(tmp_path)
    assert len(store.get_many([_row(number).key for number in range(TRIALS)])) == TRIALS
    assert store.resume(tmp_path / "reports") is None
    store.close()
    with closing(sqlite3.connect(tmp_path / "answers.sqlite")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT count(*) FROM claims").fetchone() == (0,)
        assert connection.execute("SELECT usd FROM ledger").fetchone() == (pytest.approx(0.001 * TRIALS),)


def test_full_disk_keeps_what_was_kept_and_takes_the_rest_when_there_is_room(small_disk: Path) -> None:
    store = Store(small_disk / "cache")
    store.begin(RUN, small_disk / "reports")
    store.put([_row(0)])
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * shutil.disk_usage(small_disk).free)
    long = [replace_text(_row(number), "x" * 5_000) for number in range(1, 40)]
    with pytest.raises(RecordError) as caught:
        store.put(long)
    assert str(caught.value).startswith(f"{small_disk}/cache/answers.sqlite: the answer cache cannot be written (")
    assert set(store.answered()) == {_row(0).trial}
    ballast.unlink()
    store.close()
    assert store.notices == []
    again = Store(small_disk / "cache")
    assert again.resume(small_disk / "reports") is not None
    assert len(again.answered()) == 40
    again.close()


def test_disk_that_stays_full_leaves_the_answers_in_a_recording(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    store = Store(small_disk / "cache")
    store.begin(RUN, small_disk / "reports")
    (small_disk / "ballast").write_bytes(b"x" * shutil.disk_usage(small_disk).free)
    with pytest.raises(RecordError):
        store.put([replace_text(_row(number), "x" * 5_000) for number in range(40)])
    store.close()
    (left,) = tmp_path.glob(f"prompt-answers-{RUN.run_id}-*.jsonl")
    assert len(left.read_text().splitlines()) == 40
    assert "prompt-suite cache import" in store.notices[0]


def test_disk_that_is_full_from_the_beginning_is_one_clear_line(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(b"x" * shutil.disk_usage(small_disk).free)
    with pytest.raises(
        RecordError, match=r"^\S+/cache: the answer cache cannot be opened \(.*\); a writable folder is"
    ):
        Store(small_disk / "cache")


def test_read_only_disk_is_replayed_from_and_refused_otherwise(small_disk: Path) -> None:
    store = Store(small_disk / "cache")
    store.put([_row(0)])
    store.close()
    as_root("mount", "-o", "remount,ro", small_disk).check_returncode()
    reader = Store(small_disk / "cache", mode="only")
    assert list(reader.get_many([_row(0).key])) == [_row(0).key]
    reader.close()
    with pytest.raises(
        RecordError, match=r"^\S+/cache: the answer cache cannot be opened \(.*\); a writable folder is needed"
    ):
        Store(small_disk / "cache")


def test_log_of_a_killed_run_is_read_on_a_read_only_disk(small_disk: Path, tmp_path: Path) -> None:
    writer = Store(tmp_path / "cache")
    writer.put([_row(0)])
    (small_disk / "cache").mkdir()
    for end in ("", "-wal"):
        shutil.copyfile(tmp_path / f"cache/answers.sqlite{end}", small_disk / f"cache/answers.sqlite{end}")
    writer.close()
    as_root("mount", "-o", "remount,ro", small_disk).check_returncode()
    reader = Store(small_disk / "cache", mode="only")
    assert list(reader.get_many([_row(0).key])) == [_row(0).key]
    reader.close()


def replace_text(row: Row, text: str) -> Row:
    return row._replace(generation=replace(row.generation, text=text))
