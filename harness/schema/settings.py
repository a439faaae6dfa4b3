"""What the command line says about a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from pathlib import Path

CacheMode = Literal["use", "refresh", "off", "only"]
"""use: read and write; refresh: write only; off: neither; only: read, and a missing answer is an error."""


class Settings(Struct, frozen=True):
    """What the command line and the settings file say, for all suites of a run."""

    root: Path
    """Paths are shown relative to it; `.prompt_cache/` lies here."""
    reports: Path
    """Where runs are recorded."""
    backends: tuple[str, ...] = ()
    """Backends instead of the suites' own; empty means the suites' own."""
    limit: int | None = None
    """Samples of each dataset; None means as the suite says."""
    repeats: int | None = None
    """Repeats of each trial; None means as the suite says."""
    concurrency: int | None = None
    """Most requests in flight on one backend; None leaves it to the backend."""
    cache_mode: CacheMode = "use"
    """What the answer cache is used for."""
    cache_size_mb: int | None = None
    """Most megabytes of recorded answers; those unused for longest go first. None means no limit."""
    max_retries: int = 4
    """Further tries of a call that failed in a way that may pass."""
    resume: bool = False
    """Continue the last unfinished run."""
    budget_usd: float | None = None
    """Most that the run may spend; None means no limit."""
    daily_budget_usd: float | None = None
    """Most that all runs of the project may spend in one day (UTC); None means no limit."""
    request_limit_usd: float | None = None
    """Most that one call may cost at worst; None means no limit."""
    trace_text: bool = True
    """Whether spans hold the text of prompts and answers."""
    baseline: str | None = None
    """What the run is compared with, as written; None means each suite's committed baseline, where there is one."""
    save_baseline: bool = False
    """Whether the run becomes the baseline."""
