"""Prints every figure beside its bar; exit code 1 when one is missed.

python benchmarks/run.py [NAME …]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import tracing
from benchmarks.answering import calls
from benchmarks.paired import Figure, medians, peak_mb
from benchmarks.projects import write_one_test, write_suite, write_trivial_items

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PYTEST = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
ROUNDS = 7


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


BENCHMARKS: dict[str, Callable[[Path], Iterator[Figure]]] = {
    "collection": collection,
    "invisible": invisible,
    "one_trial": one_trial,
    "calls": lambda _folder: calls(),
    "tracing": tracing.cost,
}


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all."""
    missed = 0
    for name in names or list(BENCHMARKS):
        with tempfile.TemporaryDirectory() as folder:
            for figure in BENCHMARKS[name](Path(folder)):
                print(figure, flush=True)
                missed += figure.measured > figure.bar
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
