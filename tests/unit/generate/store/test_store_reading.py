"""Mode `only` reads what there is, and leaves no trace."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from harness.errors import RecordError
from harness.generate.store import Claim, Store, Totals, UnfinishedRun
from tests.unit.generate.store.store_rows import CACHED, FULL, content, keys, row, rows

if TYPE_CHECKING:
    from pathlib import Path


def _recorded(folder: Path) -> list[tuple[str, int, int]]:
    """A folder with one answer, as it looks."""
    store = Store(folder)
    store.put([row()])
    store.close()
    return _looks(folder)


def _looks(folder: Path) -> list[tuple[str, int, int]]:
    return sorted((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*"))


@pytest.mark.parametrize("is_writable", [True, False])
def test_nothing_in_the_folder_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_writable: bool
) -> None:
    before = _recorded(tmp_path / "cache")
    if not is_writable:
        monkeypatch.setattr("os.access", lambda *_: False)  # root may write everywhere
    store = Store(tmp_path / "cache", mode="only")
    store.begin(UnfinishedRun("r", "now", Totals()), tmp_path)
    assert store.get_many([row().key, "absent"]) == {row().key: CACHED}
    store.put([row("another")], Totals(calls=1))
    assert store.claim([row("another").key]) == Claim(set(), {})
    assert store.nearest(row().trial, content("Hallo")).startswith("the user message differs at character 2")
    assert (store.answered(), store.resume(tmp_path), store.spent_today()) == ({}, None, 0.0)
    store.end()
    assert _looks(tmp_path / "cache") == before
    store.close()
    assert _looks(tmp_path / "cache") == before


def test_what_another_run_is_writing_is_seen(tmp_path: Path) -> None:
    writer = Store(tmp_path)
    writer.put([row()])
    reader = Store(tmp_path, mode="only")
    assert list(reader.get_many([row().key])) == [row().key]
    reader.close()
    writer.close()


def test_run_that_begins_to_write_later_does_not_disturb(tmp_path: Path) -> None:
    _recorded(tmp_path)
    reader = Store(tmp_path, mode="only")
    writer = Store(tmp_path)
    writer.put(rows(3))
    assert set(reader.get_many([row().key, *keys(rows(3))])) == {row().key, *keys(rows(3))}
    writer.close()
    assert list(reader.get_many([row().key])) == [row().key]
    reader.close()


def test_folder_that_is_not_there_is_empty_and_not_made(tmp_path: Path) -> None:
    reader = Store(tmp_path / "cache", mode="only")
    assert reader.get_many(["k"]) == {}
    assert reader.nearest("t", row().content) == "it was never answered"
    reader.close()
    assert not (tmp_path / "cache").exists()


def test_damaged_file_is_one_clear_line_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "answers.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(RecordError) as caught:
        Store(tmp_path, mode="only")
    assert str(caught.value) == (
        f"{tmp_path}: the answer cache cannot be read (file is not a database); a sound file is needed; run once with "
        "--prompt-cache use, which saves what can be read of it"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["answers.sqlite"]


@pytest.mark.parametrize("left", [["", "-wal", "-shm"], ["", "-wal"]], ids=["with index", "without index"])
def test_answers_of_a_killed_run_are_read_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: list[str]
) -> None:
    writer = Store(tmp_path / "a")
    writer.put([row("q", FULL)])
    (tmp_path / "b").mkdir()
    for end in left:  # as a killed process leaves it
        shutil.copyfile(tmp_path / f"a/answers.sqlite{end}", tmp_path / f"b/answers.sqlite{end}")
    writer.close()
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write everywhere
    before = sorted(path.name for path in (tmp_path / "b").iterdir())
    reader = Store(tmp_path / "b", mode="only")
    assert list(reader.get_many([row("q").key])) == [row("q").key]
    reader.close()
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == before
