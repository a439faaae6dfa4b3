from __future__ import annotations

import multiprocessing
import sqlite3
from typing import TYPE_CHECKING

import pytest

from harness.errors import RecordError
from harness.generate import AnswerCache
from harness.generate.store.database import begin_log
from harness.schema import Generation, TokenLogprob

if TYPE_CHECKING:
    from pathlib import Path

FULL = Generation(
    text="Grüße \x00 \ud83d",
    finish_reason="stop",
    latency_s=0.25,
    input_tokens=12,
    output_tokens=0,
    cached_input_tokens=3,
    cost_usd=0.0,
    retries=2,
    started_at="2026-11-22T20:18:49+00:00",
    logprobs=(TokenLogprob("a", -0.5, (("a", -0.5), ("b", -1.5))),),
)


def test_answer_comes_back_whole_and_marked_as_cached(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path)
    cache.put_many([("k", "t", FULL)])
    found = cache.get_many(["k", "absent"])
    assert list(found) == ["k"]
    assert found["k"] == Generation(
        text=FULL.text,
        finish_reason="stop",
        latency_s=0.25,
        input_tokens=12,
        output_tokens=0,
        cached_input_tokens=3,
        cost_usd=0.0,
        from_cache=True,
        retries=2,
        started_at=FULL.started_at,
        logprobs=FULL.logprobs,
    )
    cache.close()


def test_unknown_counts_stay_unknown_and_zero_stays_zero(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path)
    cache.put_many([("k", "t", Generation(text=""))])
    found = cache.get_many(["k"])["k"]
    assert (found.text, found.input_tokens, found.cost_usd) == ("", None, None)
    cache.close()


def test_more_keys_than_one_statement_holds(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path)
    keys = [f"k{number}" for number in range(1_203)]
    cache.put_many([(key, "t", Generation(text=key)) for key in keys])
    assert {key: found.text for key, found in cache.get_many(keys).items()} == {key: key for key in keys}
    cache.close()


def test_damaged_file_is_moved_aside_and_said(tmp_path: Path) -> None:
    (tmp_path / "answers.sqlite").write_bytes(b"this is no database" * 100)
    cache = AnswerCache(tmp_path)
    aside = next(tmp_path.glob("answers.sqlite.damaged-*"))
    assert aside.read_bytes().startswith(b"this is no database")
    assert cache.notice == (
        f"{tmp_path / 'answers.sqlite'}: the answer cache is damaged; it was moved to {aside.name}, a new one is begun"
    )
    cache.put_many([("k", "t", FULL)])
    cache.close()


def test_folder_that_is_a_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises(RecordError) as caught:
        AnswerCache(tmp_path / "cache")
    text = str(caught.value)
    assert text.startswith(f"{tmp_path / 'cache'}: the answer cache cannot be opened (")
    assert text.endswith("); a writable folder is needed; free it, or run with --prompt-cache off")


def test_cache_keeps_itself_out_of_git(tmp_path: Path) -> None:
    AnswerCache(tmp_path / "c").close()
    assert (tmp_path / "c" / ".gitignore").read_text() == "*\n"


def _write_hundred(folder: Path, prefix: str) -> None:
    cache = AnswerCache(folder)
    for number in range(100):
        cache.put_many([(f"{prefix}{number}", "t", Generation(text=prefix))])
    cache.close()


def test_two_processes_write_at_once_without_a_lock_error(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_write_hundred, args=(tmp_path, prefix)) for prefix in "ab"]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    cache = AnswerCache(tmp_path)
    assert len(cache.get_many([f"{prefix}{number}" for prefix in "ab" for number in range(100)])) == 200
    cache.close()


def test_log_that_another_process_begins_at_the_same_moment_is_waited_for() -> None:
    class Busy:
        tries = 0

        def execute(self, statement: str) -> None:
            assert statement == "PRAGMA journal_mode=WAL"
            self.tries += 1
            if self.tries < 3:
                error = sqlite3.OperationalError("database is locked")
                error.sqlite_errorcode = sqlite3.SQLITE_BUSY
                raise error

    busy = Busy()
    begin_log(busy)  # type: ignore[arg-type]
    assert busy.tries == 3


def test_damaged_row_counts_as_not_recorded(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path)
    cache.put_many([("sound", "t1", FULL)])
    damaged: dict[str, object] = {
        "cut": '{"text": "a',
        "foreign": '{"text": "a", "wisdom": 3}',
        "list": "[1]",
        "number": '{"text": 3}',
        "latency": '{"text": "a", "latency_s": "soon"}',
        "bytes": b"\xff",
    }
    for key, text in damaged.items():
        cache.put_many([(key, "t", FULL)])
        cache._store._database._connection.execute("UPDATE answers SET generation = ? WHERE key = ?", (text, key))
    assert list(cache.get_many(["sound", *damaged])) == ["sound"]
    cache.close()


def test_file_damaged_in_the_middle_is_replaced_and_what_can_be_read_is_kept(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path)
    keys = [f"k{number:04}" for number in range(2_000)]
    cache.put_many([(key, "t", FULL) for key in keys])
    cache._store._database._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    cache.close()
    size = cache.path.stat().st_size
    with cache.path.open("r+b") as file:
        file.seek(size // 4)
        file.write(b"\xff" * (size // 4))
    again = AnswerCache(tmp_path)
    found = again.get_many(keys)
    again.close()
    assert 500 < len(found) < 2_000
    assert {generation.text for generation in found.values()} == {FULL.text}
    aside = next(tmp_path.glob("answers.sqlite.damaged-*"))
    assert aside.stat().st_size == size
    assert again.notice == (
        f"{cache.path}: the answer cache is damaged; it was moved to {aside.name}, "
        f"{len(found):,} answers of it could be read and stand in a new one"
    )


def test_full_disk_is_one_clear_line_and_what_was_recorded_stays(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path)
    cache.put_many([("before", "t", FULL)])
    pages = cache._store._database._connection.execute("PRAGMA page_count").fetchone()[0]
    cache._store._database._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(RecordError, match=r"the answer cache cannot be written \(database or disk is full\); "):
        cache.put_many([(f"k{number}", "t", FULL) for number in range(1_000)])
    assert list(cache.get_many(["before", "k0"])) == ["before"]
    cache.close()


def test_read_only_cache_is_read_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = AnswerCache(tmp_path / "cache")
    cache.put_many([("k", "t", FULL)])
    cache.close()
    before = sorted((path.name, path.stat().st_mtime_ns) for path in (tmp_path / "cache").iterdir())
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write everywhere
    reader = AnswerCache(tmp_path / "cache", read_only=True)
    assert list(reader.get_many(["k", "absent"])) == ["k"]
    with pytest.raises(RecordError, match="cannot be written"):
        reader.put_many([("l", "t", FULL)])
    reader.close()
    assert sorted((path.name, path.stat().st_mtime_ns) for path in (tmp_path / "cache").iterdir()) == before


def test_read_only_cache_sees_what_another_run_is_writing(tmp_path: Path) -> None:
    writer = AnswerCache(tmp_path)
    writer.put_many([("k", "t", FULL)])
    reader = AnswerCache(tmp_path, read_only=True)
    assert list(reader.get_many(["k"])) == ["k"]
    assert reader.nearest("t")
    reader.close()
    writer.close()


def test_read_only_cache_that_is_not_there_is_empty_and_not_made(tmp_path: Path) -> None:
    reader = AnswerCache(tmp_path / "cache", read_only=True)
    assert reader.get_many(["k"]) == {}
    assert not reader.nearest("t")
    reader.close()
    assert not (tmp_path / "cache").exists()


def test_damaged_read_only_cache_is_one_clear_line_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "answers.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(RecordError, match=r"the answer cache cannot be opened \(file is not a database\)"):
        AnswerCache(tmp_path, read_only=True)
    assert [path.name for path in tmp_path.iterdir()] == ["answers.sqlite"]
