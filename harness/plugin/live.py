"""The line that moves while a run goes on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.wording import counted, usd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.schema import BackendProgress, Progress

_BAR = 24
"""Cells of the bar."""
_SHORT_BAR = 12
"""The same where there is no room for that."""
_LEFT_OUT = ("retried", "cached", "rate", "cost", "left")
"""What is left out where there is no room, the first first."""
_FAST = 10
"""Calls a second from which on no decimals are shown."""
_STEP = 10
"""Percent between two steps on a terminal that cannot be drawn on."""
_TIMES = "\N{MULTIPLICATION SIGN}"
_TOLD = 2
"""Backends whose trouble is told."""
_LONG_S = 0.5
"""Waits shorter than that are not told: they would flicker."""
_NAME = 16
"""Most characters of a backend's name."""


def bar_line(progress: Progress, width: int) -> str:
    """`━━━━━━━━╸      120/360  41/s  2 errors  60 cached  $0.0012  0:07 left`, without what there is no room for."""
    facts = _facts(progress)
    line = _drawn(progress, facts, _BAR)
    for left_out in ("", *_LEFT_OUT):
        if len(line) < width:
            break
        facts.pop(left_out, None)
        line = _drawn(progress, facts, _SHORT_BAR)
    return line[: width - 1]


def _drawn(progress: Progress, facts: Mapping[str, str], cells: int) -> str:
    filled = int(cells * progress.scored / progress.total) if progress.total else cells
    bar = "━" * filled + ("╸" if filled < cells else "") + " " * (cells - filled - 1)
    return f" {bar} {'  '.join(facts.values())}"


def plain_step(progress: Progress, shown: int) -> tuple[int, str]:
    """The percentage reached and the text for it: one line a tenth of the run, empty when none is due."""
    percent = 100 * progress.scored // progress.total if progress.total else 100
    if percent < shown + _STEP:
        return shown, ""
    reached = percent - percent % _STEP
    return reached, f"{reached:3d} %  {'  '.join(_facts(progress).values())}\n"


def _facts(progress: Progress) -> dict[str, str]:
    """What is told of the run, by name, in its order."""
    facts = {"done": f"{progress.scored}/{progress.total}"}
    if progress.scored < progress.done == progress.total:
        facts["scoring"] = f"all answered, scoring {progress.done - progress.scored:,}"
    if progress.done > progress.from_cache:
        rate = progress.rate_per_s
        facts["rate"] = f"{rate:,.0f}/s" if rate >= _FAST else f"{rate:.2g}/s"
    if progress.judging:
        facts["judging"] = f"judging {progress.judging:,}"
    if progress.errors:
        facts["errors"] = counted(progress.errors, "error")
    if progress.retries:
        facts["retried"] = f"{progress.retries} retried"
    if progress.from_cache:
        facts["cached"] = f"{progress.from_cache} cached"
    if progress.not_run:
        facts["not run"] = f"{progress.not_run:,} not run"
    if troubles := _troubles(progress.backends):
        facts["troubles"] = "  ".join(troubles)
    facts["cost"] = "cost unknown" if progress.spent_usd is None else usd(progress.spent_usd)
    if progress.left_s is not None and progress.done < progress.total:
        left_s = max(progress.left_s, *(backend.waiting_s for backend in progress.backends), 0.0)
        facts["left"] = f"{int(left_s) // 60}:{int(left_s) % 60:02d} left"
    return facts


def _troubles(backends: Sequence[BackendProgress]) -> list[str]:
    """What holds backends up, the first few."""
    told = [trouble for trouble in map(_trouble, backends) if trouble]
    return [*told[:_TOLD], f"+{len(told) - _TOLD} more"] if len(told) > _TOLD else told


def _trouble(backend: BackendProgress) -> str:
    """What holds a backend up: `gpt waiting 3 s (Retry-After)`; empty when nothing does."""
    name = backend.name if len(backend.name) <= _NAME else f"{backend.name[: _NAME - 1]}…"
    if backend.stopped is not None:
        return f"{name} stopped"
    if backend.why_waiting.startswith("paused"):
        return f"{name} {backend.why_waiting}"
    if backend.why_waiting and backend.waiting_s >= _LONG_S:
        return f"{name} waiting {math.ceil(backend.waiting_s)} s ({backend.why_waiting})"
    if backend.limit < backend.most:
        after = f" after {backend.rate_limited} {_TIMES} 429" if backend.rate_limited else ""
        return f"{name} at {backend.limit} of {backend.most}{after}"
    return ""
