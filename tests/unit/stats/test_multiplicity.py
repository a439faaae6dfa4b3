from __future__ import annotations

import pytest

from harness.stats import adjusted
from harness.stats.multiplicity import CORRECTIONS


def test_no_p_values_stay_none() -> None:
    assert adjusted([]) == []
    assert adjusted([], "bh") == []


def test_a_single_p_value_stays() -> None:
    for method in CORRECTIONS:
        assert adjusted([0.04], method) == [0.04]


def test_without_a_correction_all_stay() -> None:
    assert adjusted([0.5, 0.0, 1.0], "none") == [0.5, 0.0, 1.0]


def test_places_are_kept_and_equal_ones_stay_equal() -> None:
    assert adjusted([0.9, 0.01, 0.01]) == pytest.approx([0.9, 0.03, 0.03])
    assert adjusted([0.9, 0.01, 0.01], "bh") == pytest.approx([0.9, 0.015, 0.015])


def test_holm_is_never_above_1() -> None:
    assert adjusted([0.6, 0.7, 0.8]) == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match=rf"^a p-value is {p}; allowed: from 0 to 1$"):
        adjusted([0.5, p])


def test_an_unknown_correction_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^method is 'sidak'; allowed: holm, bh, none$"):
        adjusted([0.5], "sidak")  # type: ignore[arg-type]
