"""What only root may do to a disk."""

from __future__ import annotations

import os
import subprocess


def as_root(*command: object) -> subprocess.CompletedProcess[bytes]:
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    return subprocess.run([*prefix, *map(str, command)], capture_output=True, check=False)
