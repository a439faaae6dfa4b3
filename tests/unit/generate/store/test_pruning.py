"""The store is kept small: what was not used for the longest time goes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.errors import UsageError
from harness.generate.store import Row, Store, measure, prune
from harness.generate.store.schema import today
from harness.schema import Generation, content_key
from tests.unit.generate.store.store_rows import content, keys, rows

if TYPE_CHECKING:
    from pathlib import Path


def _large(number: int) -> list[Row]:
    """Answers of about 10 kB."""
    texts = [content(f"question {index}") for index in range(number)]
    return [Row(f"t{index}", content_key(text), text, Generation("x" * 10_000)) for index, text in enumerate(texts)]


def _used(store: Store, days: dict[str, int]) -> None:
    """Say that the keys were last used so many days ago."""
    rows = [(today() - ago, key) for key, ago in days.items()]
    store._database.write(lambda connection: connection.executemany("UPDATE answers SET used_on=? WHERE key=?", rows))


def test_what_was_unused_for_longest_goes_until_the_file_is_small_enough(tmp_path: Path) -> None:
    made = _large(300)
    store = Store(tmp_path)
    store.put(made)
    _used(store, {row.key: 300 - index for index, row in enumerate(made)})
    store.close()
    count, size = prune(tmp_path, to_mb=1)
    assert 0 < size <= 1_000_000
    assert (tmp_path / "answers.sqlite").stat().st_size <= 1_000_000
    store = Store(tmp_path)
    left = store.get_many(keys(made))
    assert set(left) == set(keys(made)[count:])
    assert len(left) > 50
    store.close()


def test_answers_not_used_for_so_many_days_go(tmp_path: Path) -> None:
    made = rows(3)
    store = Store(tmp_path)
    store.put(made)
    _used(store, dict(zip(keys(made), (0, 5, 6), strict=True)))
    store.close()
    assert prune(tmp_path, unused_days=5)[0] == 1
    assert measure(tmp_path).unused_days == 5
    assert prune(tmp_path, unused_days=0)[0] == 1
    assert prune(tmp_path, unused_days=0)[0] == 0


def test_answer_that_a_run_takes_counts_as_used(tmp_path: Path) -> None:
    made = rows(2)
    store = Store(tmp_path)
    store.put(made)
    _used(store, dict.fromkeys(keys(made), 9))
    store.get_many([made[1].key])
    store.close()
    assert prune(tmp_path, unused_days=3)[0] == 1
    store = Store(tmp_path)
    assert list(store.get_many(keys(made))) == [made[1].key]
    store.close()


def test_run_keeps_to_the_limit_at_its_end_and_says_so(tmp_path: Path) -> None:
    store = Store(tmp_path, limit_mb=1)
    store.put(_large(200))
    store.close()
    size = measure(tmp_path)
    assert size.bytes <= 1_000_000
    (notice,) = store.notices
    assert notice == (
        f"{tmp_path}: {200 - size.answers} recorded answers that were not used for the longest time made room, to keep "
        "to 1 MB"
    )
    quiet = Store(tmp_path, limit_mb=1)
    quiet.close()
    assert quiet.notices == []


def test_pruning_to_nothing_leaves_an_empty_store(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(rows(10))
    store.close()
    assert prune(tmp_path, to_mb=0)[0] == 10
    assert measure(tmp_path).answers == 0


def test_where_there_is_no_store_nothing_is_made(tmp_path: Path) -> None:
    for action in (measure, prune):
        with pytest.raises(UsageError) as caught:
            action(tmp_path / "cache")
        assert str(caught.value) == (
            f"{tmp_path / 'cache'}: there is no answer cache; it lies in the folder that pytest runs in; go there, or "
            "name it with --cache-dir DIR"
        )
    assert not (tmp_path / "cache").exists()
