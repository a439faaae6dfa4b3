"""Control groups that a killed run left."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from harness.sandbox.cgroup import _remove_left

if TYPE_CHECKING:
    from pathlib import Path


def test_groups_of_dead_processes_are_removed_and_no_others(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    for name in (f"prompt-suite-{ended.pid}-1", f"prompt-suite-{os.getpid()}-1", "another"):
        (tmp_path / name).mkdir()
    _remove_left(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["another", f"prompt-suite-{os.getpid()}-1"]
