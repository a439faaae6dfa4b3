from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from harness.backends.machine import available_bytes, cpus

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(8)), raising=False)
    return tmp_path / "cpu.max"


@pytest.mark.parametrize(
    ("content", "count"),
    [
        ("max 100000\n", 8),
        ("400000 100000\n", 4),
        ("150000 100000\n", 1),
        ("50000 100000\n", 1),
        ("1600000 100000\n", 8),
        ("", 8),
        ("nonsense\n", 8),
    ],
)
def test_cores_are_those_of_the_affinity_cut_by_the_container_s_quota(quota: Path, content: str, count: int) -> None:
    quota.write_text(content)
    assert cpus(quota) == count


def test_cores_without_a_quota_file_are_those_of_the_affinity(quota: Path) -> None:
    assert cpus(quota) == 8


def test_cores_without_an_affinity_are_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cpus(tmp_path / "absent") == 1


@pytest.mark.parametrize(
    ("content", "free"),
    [
        ("MemTotal:       24000000 kB\nMemAvailable:   12000000 kB\n", 12_000_000 * 1024),
        ("MemTotal: 1 kB\n", None),
        ("MemAvailable:\n", None),
        ("MemAvailable: many kB\n", None),
    ],
)
def test_memory_is_what_the_system_says_is_available(tmp_path: Path, content: str, free: int | None) -> None:
    (tmp_path / "meminfo").write_text(content)
    assert available_bytes(tmp_path / "meminfo") == free


def test_memory_is_unknown_where_the_system_does_not_say(tmp_path: Path) -> None:
    assert available_bytes(tmp_path / "absent") is None
