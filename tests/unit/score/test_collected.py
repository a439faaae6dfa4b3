from __future__ import annotations

import threading

import pytest
from msgspec.structs import replace

from harness.schema import Sample, Trial, TrialResult
from harness.score import Results


def trial(sample_id: str, variant: str = "v") -> Trial:
    sample = Sample(sample_id, {}, (), None, (), "d.jsonl:1")
    return Trial(f"{variant}-{sample_id}", "s", variant, "b", sample, 1, ())


def result(of: Trial) -> TrialResult:
    return TrialResult(of, "passed", "yes", None, None, (), ())


def never() -> bool:
    return False


def test_result_is_there_at_once_when_it_came_before() -> None:
    first = trial("1")
    results = Results([first])
    results.add([result(first)])
    assert results.wait_for("v-1", 0, is_given_up=never) == result(first)


def test_waiting_ends_without_a_result_when_the_time_is_over() -> None:
    assert Results([trial("1")]).wait_for("v-1", 0.01, is_given_up=never) is None


def test_waiting_ends_without_a_result_when_there_will_be_none() -> None:
    assert Results([trial("1")]).wait_for("v-1", 60, is_given_up=lambda: True) is None


def test_who_waits_is_woken_by_the_result() -> None:
    first = trial("1")
    results = Results([first])
    timer = threading.Timer(0.05, results.add, [[result(first)]])
    timer.start()
    try:
        assert results.wait_for("v-1", 60, is_given_up=never) == result(first)
    finally:
        timer.join()


def test_cells_are_in_the_order_of_their_first_trial_and_trials_in_item_order() -> None:
    trials = [trial("1", "b"), trial("1", "a"), trial("2", "b")]
    results = Results(trials)
    assert list(results.cells) == [("s", "b", "b"), ("s", "a", "b")]
    assert results.cells["s", "b", "b"] == [trials[0], trials[2]]


def test_trial_without_a_result_was_not_run() -> None:
    trials = [trial("1"), trial("2"), trial("3")]
    results = Results(trials)
    results.add([result(trials[2]), result(trials[0])])
    expected = [result(trials[0]), replace(result(trials[1]), outcome="not_run", output=None), result(trials[2])]
    assert results.every() == tuple(expected)
    assert results.of_cell(("s", "v", "b")) == expected


@pytest.mark.parametrize("results", [Results(), Results([trial("1", "other")])])
def test_cell_without_trials_has_no_results(results: Results) -> None:
    assert results.of_cell(("s", "v", "b")) == []
    assert ("s", "v", "b") not in results.cells


def test_results_are_taken_once_and_in_item_order_when_so_many_are_there() -> None:
    trials = [trial(str(number)) for number in range(5)]
    results = Results(trials)
    results.add([result(trials[1]), result(trials[2])])
    assert results.take(2) == []
    results.add([result(trials[0])])
    assert results.take(2) == [result(trials[0]), result(trials[1])]
    assert results.take(2) == []
    results.add([result(trials[3]), result(trials[4])])
    assert results.take(1) == [result(trials[2]), result(trials[3]), result(trials[4])]
    assert results.take(1) == []
