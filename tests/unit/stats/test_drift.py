from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from harness.stats import cusum, cusum_limit, cusum_run_length, drift
from harness.stats.drift import self_started

if TYPE_CHECKING:
    from harness.stats import Drift


def _drift(values: Any, **options: Any) -> Drift:
    found = drift(list(values), **options)
    assert found is not None
    return found


def test_few_runs_tell_nothing() -> None:
    assert drift([]) is None
    assert drift([0.8, 0.9, 0.1, 0.2, 0.8]) is None
    assert drift([0.8, 0.9, 0.1, 0.2, 0.8, 0.7]) is not None


def test_a_history_without_variation_is_steady() -> None:
    found = _drift([0.8] * 20)
    assert (found.direction, found.since, found.first_alarm, found.change) == (None, None, None, None)
    assert (found.lower, found.upper, found.n_runs) == (0.0, 0.0, 20)


def test_ten_drops_of_one_sample_each_after_ten_equal_runs_are_noticed() -> None:
    values = [0.8] * 10 + [0.8 - drop / 60 for drop in range(1, 11)]
    found = _drift(values, resolution=1 / 60)
    assert found.direction == "down"
    assert found.since == 10
    assert found.first_alarm is not None
    assert 11 < found.first_alarm < 16
    assert found.change == pytest.approx(-5.5 / 60)
    assert _drift([-value for value in values], resolution=1 / 60).direction == "up"


def test_one_broken_run_is_no_drift() -> None:
    generator = np.random.default_rng(1)
    values = generator.normal(0.8, 0.01, 20)
    values[12] = 0.0
    assert _drift(values).direction is None


def test_only_the_watched_direction_alarms_and_its_limit_is_lower() -> None:
    values = [0.8, 0.81, 0.79, 0.8, 0.81, 0.79, *(0.8 - 0.01 * drop for drop in range(1, 11))]
    assert _drift(values).direction == "down"
    down, up = _drift(values, watching="down"), _drift(values, watching="up")
    assert (down.direction, up.direction) == ("down", None)
    assert down.limit < _drift(values).limit


def test_a_drift_that_has_gone_back_is_over() -> None:
    generator = np.random.default_rng(2)
    values = [*generator.normal(0, 1, 20), *generator.normal(-3, 1, 6), *generator.normal(4, 1, 6)]
    assert _drift(values[:26]).direction == "down"
    assert _drift(values).direction != "down"


def test_a_run_of_few_samples_counts_less() -> None:
    values = [0.80, 0.81, 0.79, 0.80, 0.81, 0.79, 0.80, 0.70]
    small, large = (self_started(values, [100.0] * 7 + [size])[-1] for size in (10.0, 100.0))
    assert large < small < 0


def test_scaling_the_sizes_changes_nothing() -> None:
    generator = np.random.default_rng(5)
    values = generator.normal(0, 1, 30).tolist()
    sizes = generator.integers(10, 100, 30).astype(float)
    one = self_started(values, sizes.tolist(), resolution=0.4)
    two = self_started(values, (sizes * 7).tolist(), resolution=0.4)
    assert one == pytest.approx(two)


def test_a_longer_time_between_false_alarms_means_a_higher_limit() -> None:
    limits = [cusum_limit(runs) for runs in (50, 100, 500, 5000)]
    assert limits == sorted(limits)
    for runs, limit in zip((50, 100, 500, 5000), limits, strict=True):
        assert cusum_run_length(limit) == pytest.approx(runs)


def test_a_shift_equal_to_the_allowance_has_a_run_length_too() -> None:
    at, near = (cusum_run_length(4, shift, sides=1) for shift in (0.5, 0.5001))
    assert at == pytest.approx(near, rel=1e-3)


def _histories(n_runs: int, n: int, *, seed: int) -> Any:
    return np.random.default_rng(seed).normal(size=(n, n_runs))


def test_a_steady_history_raises_false_alarms_as_rarely_as_promised() -> None:
    limit, alarms, runs = cusum_limit(100), 0, 0
    for values in _histories(300, 120, seed=4):
        sums = cusum(self_started(values.tolist(), [1.0] * 300))
        crossed = [number for number in range(300) if max(sums.lower[number], sums.upper[number]) > limit]
        alarms += bool(crossed)
        runs += crossed[0] + 1 if crossed else 300
    assert runs / alarms == pytest.approx(100, rel=0.25)


def test_in_60_steady_runs_fewer_than_12_of_100_histories_ever_alarm() -> None:
    alarmed = 0
    for values in _histories(60, 300, seed=8):
        sums = cusum(self_started(values.tolist(), [1.0] * 60))
        alarmed += max(*sums.lower, *sums.upper) > cusum_limit(500)
    assert 0 < alarmed / 300 < 0.12


@pytest.mark.parametrize(("n_before", "least"), [(6, 0.95), (10, 0.98), (20, 0.99)])
def test_ten_drops_of_half_a_standard_deviation_are_caught(*, n_before: int, least: float) -> None:
    caught = 0
    drops = np.concatenate([np.zeros(n_before), -0.5 * np.arange(1, 11)])
    for values in _histories(n_before + 10, 300, seed=6):
        caught += _drift(values + drops).direction == "down"
    assert caught / 300 >= least


def test_no_single_one_of_those_drops_would_be_seen_by_comparing_with_the_run_before() -> None:
    # a difference of half a standard deviation between two runs: two-sided z test at 5 %, power 6 %
    steps = _histories(2, 20_000, seed=1)
    found = np.abs(steps[:, 1] - 0.5 - steps[:, 0]) / 2**0.5 > 1.96
    assert found.mean() < 0.08


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^a value is nan; allowed: finite numbers$"):
        drift([float("nan")] * 9)
    with pytest.raises(ValueError, match=r"^3 values but 2 sizes; allowed: one size a value$"):
        drift([1, 2, 3], sizes=[1, 2])
    with pytest.raises(ValueError, match=r"^a size is 0\.0; allowed: above 0$"):
        drift([1, 2], sizes=[1, 0])
    with pytest.raises(ValueError, match=r"^resolution is -1; allowed: 0 or more$"):
        drift([1, 2], resolution=-1)
    with pytest.raises(ValueError, match=r"^in_control_runs is 1; allowed: above 1, such as 500$"):
        drift([1, 2], in_control_runs=1)
