from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import THIS_MACHINE
from tests.faults.small_disks import as_root

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def small_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A disk of its own, of 1 MB or as many as the test is parametrized with."""
    size_mb = getattr(request, "param", 1)
    if sys.platform != "linux" or shutil.which("mount") is None:
        pytest.skip(f"{THIS_MACHINE}no small disk be mounted: it is no Linux, or has no mount")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = as_root("mount", "-t", "tmpfs", "-o", f"size={size_mb}m,uid={os.geteuid()}", "none", place)
    if mounted.returncode != 0:
        pytest.skip(f"{THIS_MACHINE}no small disk be mounted: {mounted.stderr!r}")
    yield place
    as_root("umount", "-l", place).check_returncode()
