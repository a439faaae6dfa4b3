"""What pytest sessions cost: one that uses the harness, and one that does not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks.figures import Figure
from benchmarks.paired import medians, peak_mb, usage
from benchmarks.projects import write_one_test, write_suite, write_trivial_items

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PYTEST = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
ROUNDS = 7
_ITEMS = 10_000
_ITEM_ROUNDS = 3
_THREAD_TIMER = """\
import time
import pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtestloop():
    began_s = time.thread_time()
    done = yield
    with open("thread_s", "w") as file:
        file.write(str(time.thread_time() - began_s))
    return done
"""
_ITEM_HOOK = """
def pytest_runtest_setup(item):
    pass
"""


def collection(folder: Path) -> Iterator[Figure]:
    """Collecting trials beside pytest's own time for items that do nothing."""
    write_suite(folder / "ours", samples=5_000)
    write_trivial_items(folder / "theirs", 10_000)
    ours, theirs = medians(
        [
            ([*PYTEST, "--prompt-suite", "--collect-only", "-q"], folder / "ours"),
            ([*PYTEST, "-p", "no:prompt_suite", "--collect-only", "-q"], folder / "theirs"),
        ],
        ROUNDS,
    )
    yield Figure(
        "collect 10,000 trials / 10,000 trivial items", ours / theirs, 2, "x", f"({ours:.2f} s / {theirs:.2f} s)"
    )
    write_suite(folder / "large", samples=50_000)
    used = peak_mb([*PYTEST, "--prompt-suite", "--collect-only", "-q"], folder / "large")
    yield Figure("collect 100,000 trials, peak memory", used, 1000, "MB", "")


def invisible(folder: Path) -> Iterator[Figure]:
    """The installed plugin's cost to a run that does not use it."""
    write_one_test(folder / "plain")
    with_it, without = medians(
        [([*PYTEST, "-q"], folder / "plain"), ([*PYTEST, "-q", "-p", "no:prompt_suite"], folder / "plain")], 21
    )
    yield Figure(
        "unrelated run: installed - blocked",
        1000 * (with_it - without),
        30,
        "ms",
        f"({with_it:.3f} s / {without:.3f} s = {with_it / without:.2f}x)",
    )


def one_trial(folder: Path) -> Iterator[Figure]:
    """One trial on a backend that answers at once, beside a bare pytest run of one test."""
    write_suite(folder / "ours", samples=1, variants=1)
    write_one_test(folder / "plain")
    ours, plain = medians(
        [
            ([*PYTEST, "--prompt-suite", "--prompt-cache", "refresh"], folder / "ours"),
            ([*PYTEST, "-p", "no:prompt_suite"], folder / "plain"),
        ],
        ROUNDS,
    )
    yield Figure("one trial - one bare test", ours - plain, 1.0, "s", f"({ours:.2f} s / {plain:.2f} s)")


def item(folder: Path) -> Iterator[Figure]:
    """CPU of pytest's own thread for a trial that passed, by the short way and by pytest's ordinary one.

    A `conftest.py` times the thread while all items run; a hook around items in it sends all of them the ordinary way.
    Answers are recorded: being woken for each that comes is not timed. The bar is the floor that light items and a run
    loop of their own set (117 µs an item with pytest 9.2), without what collecting them takes (41 µs).
    """
    ways = {"short": _THREAD_TIMER, "ordinary": _THREAD_TIMER + _ITEM_HOOK}
    for name, conftest in ways.items():
        write_suite(folder / name, samples=_ITEMS // 2)
        (folder / name / "conftest.py").write_text(conftest)
        (folder / name / "pytest.ini").write_text("[pytest]\n")
    rounds = [{name: _thread_us(folder / name) for name in ways} for _ in range(_ITEM_ROUNDS + 1)][1:]
    short, ordinary = (min(times[name] for times in rounds) for name in ways)
    detail = f"(the ordinary way {ordinary:.0f} µs, {ordinary / short:.1f}x)"
    yield Figure("pytest's thread, CPU a trial that passed", short, 76, "µs", detail)


def _thread_us(folder: Path) -> float:
    usage([*PYTEST, "-p", "harness.plugin", "--prompt-suite", "-q"], folder)
    return 1e6 * float((folder / "thread_s").read_text()) / _ITEMS
