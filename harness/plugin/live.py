"""The line that moves while a run goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.wording import usd

if TYPE_CHECKING:
    from harness.schema import Progress

_BAR = 24
"""Cells of the bar."""
_FAST = 10
"""Calls a second from which on no decimals are shown."""
_STEP = 10
"""Percent between two steps on a terminal that cannot be drawn on."""


def bar_line(progress: Progress, width: int) -> str:
    """`━━━━━━━━╸      120/360  41/s  2 errors  60 cached  $0.0012  0:07 left`, cut to the width."""
    share = progress.done / progress.total if progress.total else 1.0
    filled = int(share * _BAR)
    bar = "━" * filled + ("╸" if filled < _BAR else "") + " " * (_BAR - filled - 1)
    return f" {bar} {_facts(progress)}"[: width - 1]


def plain_step(progress: Progress, shown: int) -> tuple[int, str]:
    """The percentage reached and the text for it: one line a tenth of the run, empty when none is due."""
    percent = 100 * progress.done // progress.total if progress.total else 100
    if percent < shown + _STEP:
        return shown, ""
    reached = percent - percent % _STEP
    return reached, f"{reached:3d} %  {_facts(progress)}\n"


def _facts(progress: Progress) -> str:
    parts = [f"{progress.done}/{progress.total}"]
    if progress.done > progress.from_cache:
        rate = progress.rate_per_s
        parts.append(f"{rate:,.0f}/s" if rate >= _FAST else f"{rate:.2g}/s")
    if progress.errors:
        parts.append(f"{progress.errors} error{'s' if progress.errors > 1 else ''}")
    if progress.retries:
        parts.append(f"{progress.retries} retried")
    if progress.from_cache:
        parts.append(f"{progress.from_cache} cached")
    parts.append("cost unknown" if progress.spent_usd is None else usd(progress.spent_usd))
    left_s = progress.left_s
    if left_s is not None and progress.done < progress.total:
        parts.append(f"{int(left_s) // 60}:{int(left_s) % 60:02d} left")
    return "  ".join(parts)
