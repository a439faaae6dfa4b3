from __future__ import annotations

import pytest

from harness.stats import total


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [([], 0), ([0], 0), ([1, 2], 3), ([0.5, 0.25], 0.75), ([None], None), ([1, None, 2], None)],
)
def test_total_is_unknown_when_one_amount_is(amounts: list[float | None], expected: float | None) -> None:
    assert total(amounts) == expected


def test_whole_numbers_stay_whole() -> None:
    assert isinstance(total([1, 2]), int)
