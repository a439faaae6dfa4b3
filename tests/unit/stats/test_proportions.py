from __future__ import annotations

import subprocess
import sys

import pytest

from harness.stats import Interval, proportion_interval


def test_no_trials_have_no_share() -> None:
    assert proportion_interval(0, 0) is None


def test_ends_touch_0_and_1_exactly() -> None:
    none, all_of_them = proportion_interval(0, 5), proportion_interval(5, 5)
    assert isinstance(none, Interval)
    assert isinstance(all_of_them, Interval)
    assert none.low == 0.0
    assert all_of_them.high == 1.0


@pytest.mark.parametrize(("k", "n"), [(-1, 5), (6, 5)])
def test_more_successes_than_trials_are_refused(k: int, n: int) -> None:
    with pytest.raises(ValueError, match=rf"^k is {k} and n {n}; allowed: 0 <= k <= n$"):
        proportion_interval(k, n)


def test_the_room_imports_neither_numpy_nor_scipy() -> None:
    program = (
        "import sys; from harness.stats import adjusted, mean_interval, percentile_interval\n"
        "mean_interval([0.1, 0.2]); percentile_interval([0.1, 0.2], 50); adjusted([0.1, 0.2])\n"
        "print([name for name in ('numpy', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
