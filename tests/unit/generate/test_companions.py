"""Answers that are compared wait for each other, and nothing else does."""

from __future__ import annotations

import itertools

import pytest

from harness.generate.companions import Companions
from harness.generate.completion import Completion
from harness.schema import CallError, Generation, Sample, Trial


def _trial(variant: str, sample: str = "1", repeat: int = 1, *, suite: str = "s", backend: str = "b") -> Trial:
    row = Sample(sample, {}, (), None, (), "")
    return Trial(f"{suite}-{variant}-{backend}-{sample}-{repeat}", suite, variant, backend, row, repeat, ())


def _answered(trial: Trial) -> Completion:
    return Completion(trial, Generation(f"of {trial.variant}"))


def test_answers_of_other_suites_pass_at_once() -> None:
    companions = Companions({"s"})
    other = _answered(_trial("a", suite="t"))
    companions.expect([other.trial])
    assert companions.settle(other) == [(other, None)]


@pytest.mark.parametrize("order", list(itertools.permutations("abc")))
def test_all_come_with_the_last_each_with_the_others(order: tuple[str, ...]) -> None:
    companions = Companions({"s"})
    companions.expect([_trial(variant) for variant in "abc"])
    assert companions.settle(_answered(_trial(order[0]))) == []
    assert companions.settle(_answered(_trial(order[1]))) == []
    assert companions.n_waiting == 2
    ready = companions.settle(_answered(_trial(order[2])))
    assert {each.trial.variant for each, _ in ready} == set("abc")
    for each, peers in ready:
        assert peers is not None
        assert {name: answer for name, (_, answer) in peers.items()} == {
            name: Generation(f"of {name}") for name in set("abc") - {each.trial.variant}
        }
    assert companions.n_waiting == 0


def test_what_has_no_answer_is_no_reason_to_wait() -> None:
    companions = Companions({"s"})
    companions.expect([_trial("a"), _trial("b")])
    error = CallError("server", "no")
    assert companions.settle(Completion(_trial("a"), error)) == []
    ready = companions.settle(_answered(_trial("b")))
    assert (_answered(_trial("b")), {"a": (_trial("a"), error)}) in ready


def test_samples_repeats_and_backends_do_not_wait_for_each_other() -> None:
    companions = Companions({"s"})
    places = [{"sample": "1"}, {"sample": "2"}, {"repeat": 2}, {"backend": "c"}]
    companions.expect([_trial(variant, **place) for variant in "ab" for place in places])  # type: ignore[arg-type]
    for place in places:
        assert companions.settle(_answered(_trial("a", **place))) == []  # type: ignore[arg-type]
        ready = companions.settle(_answered(_trial("b", **place)))  # type: ignore[arg-type]
        assert len(ready) == 2


def test_variant_that_is_alone_is_compared_with_nobody() -> None:
    companions = Companions({"s"})
    companions.expect([_trial("a")])
    assert companions.settle(_answered(_trial("a"))) == [(_answered(_trial("a")), {})]


def test_after_the_end_nothing_waits() -> None:
    companions = Companions({"s"})
    companions.expect([_trial("a"), _trial("b")])
    companions.settle(_answered(_trial("a")))
    companions.abandon()
    assert companions.n_waiting == 0
