"""Answers that are put into the store come out of it, in every mode as it says."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING

import pytest

from harness.errors import RecordError
from harness.generate.store import Row, Store
from harness.generate.store.database import begin_log
from harness.schema import Generation
from tests.unit.generate.store.store_rows import CACHED, FULL, keys, row, rows

if TYPE_CHECKING:
    from pathlib import Path


def test_answer_comes_back_whole_and_marked_as_cached(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put([row()])
    assert store.get_many([row().key, "absent"]) == {row().key: CACHED}
    store.close()


def test_unknown_counts_stay_unknown_and_zero_stays_zero(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put([row("q", Generation(text="", output_tokens=0))])
    found = store.get_many([row("q").key])[row("q").key]
    assert (found.text, found.input_tokens, found.output_tokens, found.cost_usd) == ("", None, 0, None)
    store.close()


def test_more_keys_than_one_statement_holds(tmp_path: Path) -> None:
    store = Store(tmp_path)
    made = rows(2_003)
    store.put(made)
    assert set(store.get_many(keys(made))) == set(keys(made))
    store.close()


def test_answer_is_durable_for_another_process_at_once(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put([row()])
    other = Store(tmp_path)
    assert other.get_many([row().key]) == {row().key: CACHED}
    other.close()
    store.close()


def test_the_last_answer_under_a_key_counts(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put([row("q", Generation(text="old")), row("q", Generation(text="new"))])
    assert store.get_many([row("q").key])[row("q").key].text == "new"
    store.close()


def test_answers_from_the_cache_and_those_without_a_key_are_not_recorded_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put([row("q", CACHED), Row("t", "", "", FULL)])
    assert store.get_many([row("q").key, ""]) == {}
    store.close()


def test_mode_off_neither_reads_nor_records_answers(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put([row("there")])
    store.close()
    off = Store(tmp_path, mode="off")
    off.put([row("q")])
    assert off.get_many([row("there").key]) == {}
    off.close()
    again = Store(tmp_path)
    assert list(again.get_many([row("there").key, row("q").key])) == [row("there").key]
    again.close()


def test_mode_refresh_sees_only_what_was_recorded_since(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put([row("old")])
    time.sleep(0.01)
    refresh = Store(tmp_path, mode="refresh")
    assert refresh.get_many([row("old").key]) == {}
    store.put([row("old", Generation(text="asked again elsewhere"))])
    assert refresh.get_many([row("old").key])[row("old").key].text == "asked again elsewhere"
    refresh.close()
    store.close()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{"text": "a', "cut"),
        ('{"text": "a", "wisdom": 3}', "foreign"),
        ("[1]", "a list"),
        ('{"text": 3}', "a number"),
        ('{"text": "a", "latency_s": "soon"}', "an odd latency"),
        (b"\xff", "no text"),
    ],
    ids=str,
)
def test_damaged_row_counts_as_not_recorded(tmp_path: Path, text: object, what: str) -> None:
    store = Store(tmp_path)
    store.put([row("sound"), row(what)])
    store._database.write(
        lambda connection: connection.execute("UPDATE answers SET generation=? WHERE key=?", (text, row(what).key))
    )
    assert list(store.get_many([row("sound").key, row(what).key])) == [row("sound").key]
    store.close()


def test_folder_that_is_a_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises(RecordError) as caught:
        Store(tmp_path / "cache")
    text = str(caught.value)
    assert text.startswith(f"{tmp_path / 'cache'}: the answer cache cannot be opened (")
    assert text.endswith("); a writable folder is needed; free it, or run with --prompt-cache off")


def test_store_keeps_itself_out_of_git(tmp_path: Path) -> None:
    Store(tmp_path / "c").close()
    assert (tmp_path / "c" / ".gitignore").read_text() == "*\n"


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


def test_file_of_the_first_version_keeps_its_answers(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "answers.sqlite", isolation_level=None)
    old.execute(
        "CREATE TABLE answers (key TEXT PRIMARY KEY, trial TEXT NOT NULL, generation TEXT NOT NULL, "
        "recorded_at REAL NOT NULL) WITHOUT ROWID"
    )
    old.execute(
        "INSERT INTO answers VALUES ('k', 't', '{\"text\": \"from before\", \"latency_s\": 0.5}', 1763800000.0)"
    )
    old.close()
    reader = Store(tmp_path, mode="only")
    assert reader.get_many(["k"])["k"].text == "from before"
    reader.close()
    store = Store(tmp_path)
    assert store.get_many(["k"]) == {"k": Generation("from before", latency_s=0.5, from_cache=True)}
    assert store.nearest("t", row().content) == (
        "an earlier version recorded an answer, without what it was an answer to"
    )
    store.put([row()])
    store.close()


def test_file_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    Store(tmp_path).close()
    later = sqlite3.connect(tmp_path / "answers.sqlite", isolation_level=None)
    later.execute("PRAGMA user_version = 99")
    later.close()
    with pytest.raises(RecordError, match="a newer version of the harness wrote it: its form is 99, not 3"):
        Store(tmp_path)


def test_digest_is_that_of_the_answers_in_any_order(tmp_path: Path) -> None:
    made = rows(5)
    first, second = Store(tmp_path / "a"), Store(tmp_path / "b")
    first.put(made)
    second.put(made[::-1])
    assert first.digest(keys(made)) == second.digest(keys(made)[::-1])
    assert first.digest(keys(made)[:4]) != first.digest(keys(made))
    second.put([row("question 0", Generation(text="other"))])
    assert first.digest(keys(made)) != second.digest(keys(made))
    first.close()
    second.close()
