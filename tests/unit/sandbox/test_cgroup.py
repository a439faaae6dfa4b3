"""Control groups: who may use which, and those that a killed run left."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING

import pytest

from harness.sandbox import cgroup
from harness.sandbox.cgroup import Groups, _remove_left
from harness.sandbox.job import Limits
from harness.sandbox.process import Launch, run

if TYPE_CHECKING:
    from pathlib import Path

    from harness.sandbox.cgroup import Lease


def test_groups_of_dead_processes_are_removed_and_no_others(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    for name in (f"prompt-suite-{ended.pid}-1", f"prompt-suite-{os.getpid()}-1", "another"):
        (tmp_path / name).mkdir()
    _remove_left(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["another", f"prompt-suite-{os.getpid()}-1"]


def _groups(parent: Path) -> Groups:
    return Groups(parent, "limit")


def _taken(groups: Groups, limits: Limits) -> Lease:
    """A lease; the kernel's list of the group's processes is a file here."""
    lease = groups.take(limits)
    assert lease is not None
    (lease._group / "cgroup.procs").touch()
    return lease


def test_group_is_used_again_for_its_own_limit_alone(tmp_path: Path) -> None:
    groups, small, large = _groups(tmp_path), Limits(memory_mb=64, file_mb=0), Limits(memory_mb=128, file_mb=0)
    found = []
    for limits in (small, large, small, large):
        lease = _taken(groups, limits)
        found.append((lease._group.name.rpartition("-")[2], (lease._group / "limit").read_text()))
        lease.leave()
    assert found == [("1", f"{160 << 20}"), ("2", f"{224 << 20}")] * 2


def test_group_that_somebody_removed_is_not_used_again(tmp_path: Path) -> None:
    groups = _groups(tmp_path)
    first = _taken(groups, Limits())
    first.leave()
    shutil.rmtree(first._group)
    second = _taken(groups, Limits())
    second.leave()
    assert second._group.name == f"prompt-suite-{os.getpid()}-2"
    assert second._group.is_dir()


def test_group_in_which_a_killed_sandbox_still_ends_is_left_until_it_is_empty(tmp_path: Path) -> None:
    groups, names = _groups(tmp_path), []
    for members in ("4194305\n", "", ""):
        lease = _taken(groups, Limits())
        (lease._group / "cgroup.procs").write_text(members)
        lease.leave()
        names.append(lease._group.name.rpartition("-")[2])
    assert names == ["1", "2", "2"]
    (tmp_path / f"prompt-suite-{os.getpid()}-1" / "cgroup.procs").write_text("")
    assert {_taken(groups, Limits())._group.name.rpartition("-")[2] for _ in range(2)} == {"1", "2"}


def test_group_that_is_removed_while_a_launcher_starts_is_told_at_once(tmp_path: Path) -> None:
    lease = _taken(_groups(tmp_path), Limits())
    os.write(lease.told_fd, b'{"child-pid": 4194305}')
    shutil.rmtree(lease._group)
    with pytest.raises(FileNotFoundError):
        lease.admit()
    lease.leave()


def test_group_of_the_same_name_that_another_made_is_left_alone(tmp_path: Path) -> None:
    others = tmp_path / f"prompt-suite-{os.getpid()}-1"
    others.mkdir()
    assert _groups(tmp_path).take(Limits()) is None
    assert others.is_dir()


def test_threads_that_ask_first_and_at_once_wait_for_one_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    @lru_cache
    def found() -> None:
        asked.append(1)
        time.sleep(0.05)

    monkeypatch.setattr(cgroup, "_groups", found)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(cgroup.memory_group, [Limits()] * 3))
    assert asked == [1]


def test_no_two_threads_hold_one_group(tmp_path: Path) -> None:
    groups, lock = _groups(tmp_path), threading.Lock()
    held: set[Path] = set()

    def use(number: int) -> None:
        lease = _taken(groups, Limits(memory_mb=64 + number % 2))
        with lock:
            assert lease._group not in held
            held.add(lease._group)
        time.sleep(0.001)
        with lock:
            held.remove(lease._group)
        lease.leave()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(use, range(80)))
    assert len(list(tmp_path.iterdir())) <= 8


def test_no_descriptor_is_left_when_the_launcher_cannot_be_started(tmp_path: Path) -> None:
    lease = _taken(_groups(tmp_path), Limits())
    with pytest.raises(FileNotFoundError):
        run(
            Launch(["/nowhere/launcher"], {}, 1.0, pass_fds=lease.passed, started=lease.admit, cleanup=lease.leave), b""
        )
    for descriptor in lease.passed:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
