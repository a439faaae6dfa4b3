"""Two recorded sides → rows with verdicts, changes by name, flips."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from msgspec.structs import replace

from harness.comparison import Decision, compare, gates_of
from harness.schema import Measure, Measured, RegressionSpec, Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.schema import Change, Compared, Comparison

EXACT = Measure("exact_match", "score", 0.0, 1.0, higher_is_better=True, signature="exact")
LATENCY = Measure("latency_s", "s", 0.0, None, higher_is_better=False, signature="latency")
CELL = ("few_shot", "smollm2")
KEY = ("feedback", *CELL, "exact_match")


def rows(values: Sequence[float], **changed: Any) -> Rows:
    n = len(values)
    made = Rows(
        samples=[f"s{number}" for number in range(n)],
        repeats=[1] * n,
        contents=["c"] * n,
        groups=[None] * n,
        outcomes=["passed"] * n,
        outputs=[f"answer {value}" for value in values],
        references=[()] * n,
        values={"exact_match": np.array(values, dtype=float), "latency_s": np.full(n, 0.5)},
    )
    return replace(made, **changed)


def side(values: Sequence[float], ref: str = "now", **changed: Any) -> Measured:
    made = Measured(
        ref=ref,
        suite="feedback",
        dataset_hash="d",
        prompts={"few_shot": {"prompt": "few_shot", "version": "1.0", "hash": "h"}},
        backends={"smollm2": {"provider": "llamacpp", "model": "smollm2"}},
        measures={"exact_match": EXACT, "latency_s": LATENCY},
        cells={CELL: rows(values)},
    )
    return replace(made, **changed)


def one(comparison: Comparison, metric: str = "exact_match") -> Compared:
    (found,) = [row for row in comparison.rows if row.metric == metric]
    return found


def kinds(changes: Sequence[Change]) -> list[tuple[str, str]]:
    return [(change.kind, change.message) for change in changes]


def compared(now: Measured, before: Measured, spec: RegressionSpec | None = None) -> Comparison:
    (found,) = compare([(now, before)], {KEY: spec} if spec is not None else {})
    return found


def test_the_same_run_twice_is_unchanged_in_everything() -> None:
    found = compared(side([1, 0, 1, 1]), side([1, 0, 1, 1], "before"))
    assert [(row.metric, row.finding, row.difference, row.p_value) for row in found.rows] == [
        ("exact_match", "unchanged", 0.0, 1.0),
        ("latency_s", "unchanged", 0.0, 1.0),
    ]
    assert (found.changes, found.flips) == ((), ())


def test_what_is_in_quarantine_now_is_paired_with_nothing() -> None:
    now = side([0, 1, 1, 0])
    held = replace(now, cells={CELL: replace(now.cells[CELL], quarantined=[True, False, False, True])})
    found = compared(held, side([1, 1, 1], "before"), RegressionSpec())
    row = one(found)
    assert (row.n_paired, row.n_quarantined, row.n_new, row.n_gone) == (2, 2, 0, 0)
    assert (row.finding, found.flips) == ("unchanged", ())
    whole = replace(now, cells={CELL: replace(now.cells[CELL], quarantined=[True] * 4)})
    assert one(compared(whole, side([1, 1, 1], "before"), RegressionSpec())).reason == (
        "all that is in both is in quarantine (4 trials)"
    )


def test_pairs_of_trials_that_were_not_run_are_not_called_lost() -> None:
    now = side([1, math.nan, math.nan, 1])
    cell = replace(now.cells[CELL], outcomes=["passed", "error", "not_run", "passed"])
    row = one(compared(replace(now, cells={CELL: cell}), side([1, 1, 1, 1], "before")))
    assert (row.n_paired, row.n_lost, row.n_not_run) == (2, 1, 1)
    assert row.finding == one(compared(now, side([1, 1, 1, 1], "before"))).finding


def test_measure_that_neither_side_has_a_value_of_is_left_out_unless_a_gate_asks() -> None:
    nothing = {CELL: rows([math.nan] * 3)}
    now, before = side([], cells=nothing), side([], "before", cells=nothing)
    assert [row.metric for row in compared(now, before).rows] == ["latency_s"]
    row = one(compared(now, before, RegressionSpec()))
    assert (row.finding, row.reason) == ("not compared", "none of 3 pairs has a value on both sides")
    assert one(compared(side([1, 1, 1]), before)).finding == "not compared"


def test_row_that_was_looked_at_has_the_verdict_of_its_last_look_and_shares_the_error_of_the_others() -> None:
    looked = Decision("inconclusive", (20, 40), 0.01, 0.3, "after 40 pairs the difference is -0.1: not enough to tell.")
    other = ("few_shot", "other")
    now, before = side([0.0] * 20 + [1.0] * 20), side([1.0] * 40, "before")
    both = [replace(each, cells={CELL: each.cells[CELL], other: each.cells[CELL]}) for each in (now, before)]
    specs = {KEY: RegressionSpec(), ("feedback", *other, "exact_match"): RegressionSpec()}
    (found,) = compare([(both[0], both[1])], specs, decided={KEY: looked})
    first, second = [row for row in found.rows if row.metric == "exact_match"]
    assert (first.finding, first.stopped_after, first.p_value, first.p_adjusted) == ("inconclusive", 40, 0.3, None)
    assert (first.ci_low, first.n_needed, first.n_family) == (None, None, 0)
    assert first.reason == "after 40 pairs the difference is -0.1: not enough to tell"
    assert (second.finding, second.n_family, second.stopped_after) == ("regressed", 2, None)
    assert second.p_value is not None
    assert second.p_adjusted == pytest.approx(2 * second.p_value)


def test_clear_drop_regressed_and_its_mirror_improved() -> None:
    high, low = [1.0] * 60, [1.0] * 40 + [0.0] * 20
    worse = one(compared(side(low), side(high, "before")))
    better = one(compared(side(high), side(low, "before")))
    assert (worse.finding, better.finding) == ("regressed", "improved")
    assert [worse.mean_baseline, worse.mean] == pytest.approx([1, 2 / 3])
    assert worse.difference == pytest.approx(-1 / 3)
    assert better.difference == -worse.difference  # type: ignore[operator]
    assert (worse.n_up, worse.n_down, worse.test) == (0, 20, "mcnemar exact")


@pytest.mark.parametrize(("margin", "by"), [(0.05, " by more than 0.05"), (0.0, "")])
def test_drop_beyond_the_margin_that_is_ruled_out_is_the_reason(margin: float, by: str) -> None:
    n_better = 5 if margin else 6
    before = side([0.0] * n_better + [1.0] * 54, "before")
    now = side([1.0] * n_better + [1.0] * 53 + [float(not margin)])
    other = ("feedback", "few_shot", "smollm2", "latency_s")
    (found,) = compare([(now, before)], {KEY: RegressionSpec(margin=margin), other: RegressionSpec(margin=margin)})
    row = one(found)
    assert (row.finding, row.is_not_worse) == ("inconclusive", True)
    assert row.ci_low is not None
    assert row.ci_low >= -margin
    assert row.reason == f"chance alone could explain the difference, but it is surely not worse{by}"


def test_drop_that_is_not_ruled_out_has_the_reason_that_it_is_possible() -> None:
    row = one(compared(side([1.0] * 58 + [0.0] * 2), side([1.0] * 60, "before"), RegressionSpec(margin=0.02)))
    assert (row.finding, row.is_not_worse) == ("inconclusive", False)
    assert row.reason.endswith("a change beyond the margin is possible too")


def test_what_gates_tolerate_is_the_current_sides_where_both_know_it() -> None:
    now = side([1], margins={(*CELL, "exact_match"): 0.1})
    before = side([1], "before", margins={(*CELL, "exact_match"): 0.2, (*CELL, "latency_s"): 3.0})
    plain = RegressionSpec(alpha=0.01)
    assert gates_of([(now, before)], plain) == {
        KEY: RegressionSpec(0.1, 0.01),
        (*KEY[:3], "latency_s"): RegressionSpec(3.0, 0.01),
    }


def test_pairs_are_of_the_same_sample_whatever_their_order() -> None:
    shuffled = rows([0, 1, 1], samples=["s1", "s2", "s0"])
    found = compared(side([1, 0, 1]), side([0], "before", cells={CELL: shuffled}))
    assert (one(found).n_paired, one(found).difference) == (3, 0.0)
    assert found.changes == ()


def test_new_and_gone_samples_are_named_and_left_out() -> None:
    before = rows([1, 1, 1], samples=["s0", "s1", "old"])
    found = compared(side([1, 1, 1]), side([1], "before", cells={CELL: before}))
    row = one(found)
    assert (row.n_paired, row.n_new, row.n_gone) == (2, 1, 1)
    assert kinds(found.changes) == [
        ("samples new", "1 sample not in the baseline, not compared: s2"),
        ("samples gone", "1 sample in the baseline, and not run now: old"),
    ]


def test_sample_whose_row_changed_is_no_pair() -> None:
    before = rows([0, 1, 1], contents=["other", "c", "c"])
    found = compared(side([1, 1, 1]), side([1], "before", cells={CELL: before}))
    assert (one(found).n_paired, one(found).n_changed, one(found).finding) == (2, 1, "unchanged")
    assert [change.names for change in found.changes] == [("s0",)]


def test_row_that_was_not_recorded_counts_as_the_same() -> None:
    before = rows([1, 1], contents=[None, None])
    assert one(compared(side([1, 1]), side([1], "before", cells={CELL: before}))).n_paired == 2


def test_edited_prompt_and_other_model_are_compared_and_said() -> None:
    before = side(
        [1, 1],
        "before",
        prompts={"few_shot": {"prompt": "few_shot", "version": "0.9", "hash": "x"}},
        backends={"smollm2": {"provider": "llamacpp", "model": "larger"}},
    )
    found = compared(side([1, 1]), before)
    assert one(found).finding == "unchanged"
    assert kinds(found.changes) == [
        (
            "prompt changed",
            "the prompt of few_shot is another one: was few_shot@0.9, is few_shot@1.0; it is compared",
        ),
        (
            "backend changed",
            "backend smollm2 is another model: was llamacpp larger, is llamacpp smollm2; a difference may come from it",
        ),
    ]


def test_measure_with_another_signature_is_not_compared() -> None:
    before = side([1, 1], "before", measures={"exact_match": replace(EXACT, signature="folded"), "latency_s": LATENCY})
    found = compared(side([1, 1]), before, RegressionSpec())
    assert (one(found).finding, one(found).reason) == (
        "not compared",
        "exact_match is measured in another way than in before",
    )
    assert kinds(found.changes) == [
        (
            "metric changed",
            "exact_match is measured in another way: was 'folded', is 'exact'; not compared: save a baseline again",
        )
    ]


def test_gated_cell_that_the_baseline_lacks_is_not_compared() -> None:
    found = compared(side([1, 1]), side([1], "before", cells={}), RegressionSpec())
    assert (one(found).finding, one(found).reason) == ("not compared", "before has no trials of few_shot on smollm2")


def test_nothing_in_common_is_not_compared() -> None:
    before = rows([1, 1], samples=["a", "b"])
    found = compared(side([1, 1]), side([1], "before", cells={CELL: before}), RegressionSpec())
    assert (one(found).finding, one(found).reason) == ("not compared", "no sample is in both")


def test_pair_without_a_value_on_one_side_is_counted() -> None:
    found = compared(side([1, math.nan, 1]), side([1, 1, 1], "before"))
    assert (one(found).n_paired, one(found).n_lost) == (2, 1)


def test_repeats_of_a_sample_are_one_cluster() -> None:
    names, repeats = ["a", "a", "b", "b"], [1, 2, 1, 2]
    now = rows([1, 1, 0, 0], samples=names, repeats=repeats)
    before = rows([1, 1, 1, 1], samples=names, repeats=repeats)
    row = one(compared(side([1], cells={CELL: now}), side([1], "before", cells={CELL: before})))
    assert (row.n_paired, row.difference, row.p_value) == (4, -0.5, 1.0)


def test_p_is_corrected_over_the_gates_of_all_suites() -> None:
    low, high = [1.0] * 54 + [0.0] * 6, [1.0] * 60
    sides = [
        (replace(side(low), suite=name), replace(side(high, "before"), suite=name)) for name in ("one", "two", "three")
    ]
    specs = {(name, *CELL, "exact_match"): RegressionSpec() for name in ("one", "two", "three")}
    found = [one(each) for each in compare(sides, specs)]
    assert [row.n_family for row in found] == [3, 3, 3]
    assert [row.p_value for row in found] == pytest.approx([0.03125] * 3)
    assert [row.p_adjusted for row in found] == pytest.approx([0.09375] * 3)
    assert {row.finding for row in found} == {"inconclusive"}
    alone = one(compare(sides[:1], specs)[0])
    assert (alone.n_family, alone.finding) == (1, "regressed")


def test_what_no_gate_asks_about_is_a_family_of_its_own() -> None:
    found = compared(side([1, 0]), side([1, 1], "before"), RegressionSpec())
    assert {row.metric: (row.is_gated, row.n_family) for row in found.rows} == {
        "exact_match": (True, 1),
        "latency_s": (False, 1),
    }


def test_flips_name_sample_values_and_both_answers_worst_first() -> None:
    found = compared(side([1, 0, 1]), side([0, 1, 1], "before"))
    assert [(flip.sample, flip.before, flip.after, flip.is_worse) for flip in found.flips] == [
        ("s1", 1.0, 0.0, True),
        ("s0", 0.0, 1.0, False),
    ]
    assert (found.flips[0].output_before, found.flips[0].output_after) == ("answer 1", "answer 0")


def test_amounts_have_no_flips() -> None:
    slower = replace(rows([1, 1]), values={"exact_match": np.ones(2), "latency_s": np.full(2, 9.0)})
    found = compared(side([1], cells={CELL: slower}), side([1, 1], "before"))
    assert found.flips == ()
    assert one(found, "latency_s").difference == 8.5


def test_what_is_left_of_mostly_lost_values_does_not_show_that_nothing_changed() -> None:
    found = compared(side([1, math.nan, math.nan, math.nan]), side([1, 1, 1, 1], "before"), RegressionSpec())
    assert (one(found).n_paired, one(found).n_lost, one(found).finding) == (1, 3, "inconclusive")
    assert one(found).reason == (
        "more trials were left out than could be paired, and what is left may not stand for them"
    )
