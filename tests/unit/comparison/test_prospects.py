"""Which samples can be paired with the baseline, and what is said where many cannot."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from harness.comparison import regression_sights
from harness.comparison.prospects import Prospects
from harness.schema import Quarantine
from tests.unit.comparison.test_planned import CELL, EXACT, baseline, cells, regression, seen, suite_of

if TYPE_CHECKING:
    from harness.comparison.prospects import Prospect
    from harness.schema import Measured, Sample, Sight

KNOWN = baseline([[1.0]] * 60)
ASSUMED = "; assumed: one answer in five is given anew"


def content(sample: Sample) -> str:
    """Rows 40 to 59 were edited since the baseline."""
    return "edited" if int(sample.sample_id[1:]) >= 40 else "c"


def told(n_samples: int = 60, known: Measured = KNOWN, *, n_cells: int = 1, **options: Any) -> list[Sight]:
    plan = suite_of(n_samples), [(regression(), cell) for cell in cells(n_cells)]
    return regression_sights([plan], {"s": known}, **options)


def prospect(known: Measured | None = KNOWN, *, is_paired: bool = True, repeats: int = 1, **options: Any) -> Prospect:
    found = Prospects(suite_of(60, repeats=repeats), known, **options)
    return found.of(("s", "v0", "b"), EXACT, is_paired=is_paired)


def test_all_samples_that_are_in_the_baseline_unchanged_can_be_paired() -> None:
    assert prospect(content_of=lambda _: "c").left_out == {}
    assert told()[0].message.startswith("60 samples can only see drops of exact_match above ")


def test_rows_that_changed_and_samples_that_are_new_are_no_pairs() -> None:
    (found,) = told(70, content_of=content)
    assert (found.n_samples, found.n_left_out, found.warns) == (40, 30, False)
    assert found.smallest == seen(suite_of(40), regression(), baseline=KNOWN).smallest
    assert found.message == (
        "40 of 70 samples can be paired with before (20 with another row in the dataset, 10 new); they can only see "
        f"drops of exact_match above {found.smallest:.2f}{ASSUMED}"
    )


def test_it_is_a_warning_that_most_samples_cannot_be_paired() -> None:
    (found,) = told(100, content_of=content)
    assert found.warns
    assert found.message.startswith(
        "only 40 of 100 samples can be paired with before (20 with another row in the dataset, 40 new): "
        "save a baseline again; they can only see "
    )


def test_too_few_pairs_show_nothing_though_there_are_enough_samples() -> None:
    (found,) = told(60, baseline([[1.0]] * 4))
    assert found.smallest is None
    assert found.message == (
        "only 4 of 60 samples can be paired with before (56 new): save a baseline again; they can show no drops of "
        "exact_match: it takes at least 6"
    )


def test_values_that_are_missing_in_the_baseline_or_in_the_run_are_no_pairs() -> None:
    known = baseline([[math.nan]] * 10 + [[1.0]] * 50)
    lost = prospect(known, lost={(("s", "v0", "b"), "exact_match"): {"s59", "s0"}, (CELL, "exact_match"): {"s58"}})
    assert lost.left_out == {"without a value in the baseline": 9, "without a value now": 2}
    assert len(lost.samples) == 49


def test_quarantined_samples_are_told_beside_a_baseline_and_ask_for_none() -> None:
    held = tuple(Quarantine(f"s{n}", "label is wrong", "2999-12-31") for n in range(40))
    suite = replace(suite_of(60), quarantine=held)
    (found,) = regression_sights(
        [(suite, [(regression(), CELL)])], {"s": replace(KNOWN, cells={CELL[1:]: KNOWN.cells["v0", "b"]})}
    )
    assert found.warns
    assert found.message.startswith(
        "only 20 of 60 samples can be paired with before (40 in quarantine); they can only "
    )


def test_variants_that_the_baseline_does_not_have_are_told_once_and_the_others_as_ever() -> None:
    found = told(n_cells=3)
    assert [each.warns for each in found] == [False, True, True]
    assert found[0].message.startswith("60 samples can only see drops of exact_match above ")
    assert found[1].message == (
        "none of 60 samples can be paired with before: it has no trials of v1 on b; "
        "a regression gate over nothing fails"
    )
    assert (found[1].n_samples, found[1].smallest, found[1].n_gates) == (0, None, 3)


@pytest.mark.parametrize(
    ("measures", "why"),
    [
        ({}, "exact_match was not measured in it"),
        ({"exact_match": replace(EXACT, signature="other")}, "exact_match is measured in another way than in it"),
    ],
)
def test_metric_that_is_not_the_same_pairs_nothing(measures: Any, why: str) -> None:
    (found,) = told(known=replace(KNOWN, measures=measures))
    assert found.message == f"none of 60 samples can be paired with before: {why}; a regression gate over nothing fails"


def test_values_that_are_missing_in_the_run_do_not_count_without_a_baseline_either() -> None:
    lost = prospect(None, lost={(("s", "v0", "b"), "exact_match"): {"s59", "s0"}})
    assert (len(lost.samples), lost.ref) == (58, None)


def test_nothing_is_paired_with_a_number_or_without_a_baseline() -> None:
    for found in (prospect(None, content_of=content), prospect(is_paired=False, content_of=content)):
        assert (len(found.samples), found.left_out, found.ref) == (60, {}, None)


def test_repeats_count_as_far_as_the_baseline_has_them() -> None:
    assert prospect(None, repeats=3).repeats == 3
    assert prospect(repeats=3).repeats == 1
    assert prospect(baseline([[1.0, 0.0, 1.0]] * 60), repeats=2).repeats == 2


def test_samples_of_groups_are_counted_with_their_groups() -> None:
    plan = suite_of(70, per_group=5), [(regression(), cell) for cell in cells(1)]
    (found,) = regression_sights([plan], {"s": KNOWN})
    assert found.message.startswith(
        "60 of 70 samples, in 12 groups, can be paired with before (10 new); they can only "
    )
