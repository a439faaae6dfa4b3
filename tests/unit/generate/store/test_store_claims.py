"""A key that one live run calls is called by no other; claims end with what they were for, and with their owner."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING

import pytest

from harness.generate.store import Claim, Store, Totals, UnfinishedRun
from tests.unit.generate.store.store_rows import CACHED, keys, row, rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.queues import Queue
    from multiprocessing.synchronize import Barrier
    from pathlib import Path

    from harness.schema import CacheMode

SPAWN = multiprocessing.get_context("spawn")


def _begun(folder: Path, run_id: str, mode: CacheMode = "use") -> Store:
    store = Store(folder, mode=mode)
    store.begin(UnfinishedRun(run_id, "now", Totals()), folder / "reports")
    return store


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    stores = _begun(tmp_path, "first"), _begun(tmp_path, "second")
    yield stores
    for store in stores:
        store.close()


def test_claimed_key_is_not_granted_again_to_anybody(runs: tuple[Store, Store]) -> None:
    first, second = runs
    assert first.claim(["a", "b"]) == Claim({"a", "b"}, {})
    assert second.claim(["b", "c"]) == Claim({"c"}, {})
    assert first.claim(["a", "c"]) == Claim(set(), {})


def test_key_that_was_answered_meanwhile_comes_with_its_answer(runs: tuple[Store, Store]) -> None:
    first, second = runs
    first.claim([row().key])
    first.put([row()])
    assert second.claim([row().key, "other"]) == Claim({"other"}, {row().key: CACHED})


def test_released_key_is_granted_again(runs: tuple[Store, Store]) -> None:
    first, second = runs
    first.claim(["a", "b"])
    second.release(["a", "b"])  # not its own
    assert second.claim(["a"]) == Claim(set(), {})
    first.release(["a"])
    assert second.claim(["a", "b"]) == Claim({"a"}, {})


def test_claims_end_when_their_run_closes(runs: tuple[Store, Store], tmp_path: Path) -> None:
    third = _begun(tmp_path, "third")
    third.claim(["a"])
    third.close()
    assert runs[0].claim(["a"]) == Claim({"a"}, {})


def test_mode_off_calls_everything(tmp_path: Path) -> None:
    first, off = _begun(tmp_path, "first"), _begun(tmp_path, "off", "off")
    first.claim(["a"])
    assert off.claim(["a"]) == Claim({"a"}, {})
    first.close()
    off.close()


def test_two_runs_that_refresh_at_once_ask_once(tmp_path: Path) -> None:
    first, second = _begun(tmp_path, "first", "refresh"), _begun(tmp_path, "second", "refresh")
    assert first.claim([row().key]).granted == {row().key}
    assert second.claim([row().key]) == Claim(set(), {})
    first.put([row()])
    assert second.claim([row().key]).answered == {row().key: CACHED}
    first.close()
    second.close()


def _claim_and_never_end(folder: Path, claimed: Queue[int]) -> None:
    store = _begun(folder, "to be killed")
    claimed.put(len(store.claim(["a"]).granted))
    SPAWN.Event().wait(60)


def test_claims_end_when_their_process_is_killed(tmp_path: Path) -> None:
    claimed: Queue[int] = SPAWN.Queue()
    process = SPAWN.Process(target=_claim_and_never_end, args=(tmp_path, claimed))
    process.start()
    assert claimed.get(timeout=30) == 1
    store = _begun(tmp_path, "living")
    assert store.claim(["a"]) == Claim(set(), {})
    process.kill()
    process.join(30)
    store._liveness._known.clear()  # what it knew may be half a second old
    assert store.claim(["a"]) == Claim({"a"}, {})
    store.close()


def test_lock_files_of_killed_runs_are_swept_away_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    living = _begun(tmp_path, "living")
    (tmp_path / "runs" / "killed.lock").touch()
    another = _begun(tmp_path, "another")
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["another.lock", "living.lock"]
    living.close()
    another.close()
    assert list((tmp_path / "runs").iterdir()) == []


def _answer_all(folder: Path, name: str, *, together: Barrier, called: Queue[list[str]]) -> None:
    """Answer 300 questions as an engine does: claim a few, call, put; wait for what others are calling."""
    store = _begun(folder, name)
    together.wait(30)
    todo = rows(300)
    own: list[str] = []
    while todo:
        window, rest = todo[:16], todo[16:]
        claim = store.claim(keys(window))
        mine = [each for each in window if each.key in claim.granted]
        store.put(mine, Totals(calls=len(own)))
        own += keys(mine)
        done = claim.granted | set(claim.answered)
        todo = rest + [each for each in window if each.key not in done]
    store.end()
    store.close()
    called.put(own)


def test_processes_at_once_pay_for_no_answer_twice_and_see_no_lock_error(tmp_path: Path) -> None:
    together, called = SPAWN.Barrier(4), SPAWN.Queue()
    shared = {"together": together, "called": called}
    processes = [SPAWN.Process(target=_answer_all, args=(tmp_path, name), kwargs=shared) for name in "abcd"]
    for process in processes:
        process.start()
    shares = [called.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0] * 4
    assert sorted(key for share in shares for key in share) == sorted(keys(rows(300)))
    store = Store(tmp_path)
    assert len(store.get_many(keys(rows(300)))) == 300
    assert store.resume(tmp_path / "reports") is None
    store.close()
