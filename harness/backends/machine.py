"""What this machine has to give to a local model."""

from __future__ import annotations

import os
from pathlib import Path


def cpus(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Cores this process may use: its affinity, cut by a container's quota (cgroup v2); at least 1."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        allowed, period = quota.read_text(encoding="ascii").split()
        count = min(count, max(1, int(allowed) // int(period)))
    except (OSError, ValueError):
        pass  # no cgroup v2 here, or no quota (`max 100000`)
    return max(1, count)


def available_bytes(meminfo: Path = Path("/proc/meminfo")) -> int | None:
    """Memory that can be taken without swapping; None where the system does not say."""
    try:
        for line in meminfo.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass  # not Linux
    return None
