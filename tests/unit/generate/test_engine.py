from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from harness.errors import BackendError
from harness.schema import CallError, Generation, Message
from tests.unit.generate.engine_runs import Echo, Run, trials

if TYPE_CHECKING:
    from harness.generate import Store
    from harness.schema import CacheMode, Request, Settings, Trial


def test_every_trial_is_answered_once_and_calls_run_together(settings: Settings) -> None:
    backend = Echo(concurrency=7)
    answers = Run(backend, settings).all(trials(100))
    assert {key: answer.text for key, answer in answers.items() if isinstance(answer, Generation)} == {
        f"t{number}": f"q{number}" for number in range(100)
    }
    assert backend.most_in_flight == 7
    assert (len(backend.calls), backend.started, backend.stopped) == (100, 1, 1)


def test_calls_begin_in_item_order(settings: Settings) -> None:
    backend = Echo(concurrency=3)
    Run(backend, settings).all(trials(30))
    assert [call.sample_id for call in backend.calls] == [str(number) for number in range(30)]


def test_concurrency_of_the_settings_wins(settings: Settings) -> None:
    backend = Echo(concurrency=50)
    Run(backend, replace(settings, concurrency=2)).all(trials(20))
    assert backend.most_in_flight == 2


def test_delivery_is_in_a_thread_of_its_own(settings: Settings) -> None:
    run = Run(Echo(), settings)
    run.all(trials(5))
    assert run.threads == {"prompt-delivery"}


def test_trials_that_are_needed_no_more_are_not_called_and_say_why(settings: Settings, store: Store) -> None:
    backend = Echo(concurrency=1)

    def why_not(trial: Trial) -> str | None:
        return "stopped early: clear" if len(backend.calls) >= 4 and trial.suite == "s" else None

    run = Run(backend, settings, store, why_not=why_not)
    answers = run.all(trials(20))
    assert len(backend.calls) == 4
    assert list(answers.values()).count(CallError("stopped_early", "not run: stopped early: clear")) == 16
    assert (run.engine.progress().not_run, run.engine.progress().errors) == (16, 0)
    again = Echo()
    assert len(Run(again, settings, store).all(trials(20))) == 20
    assert len(again.calls) == 16


def test_trial_whose_answer_another_one_shares_is_called(settings: Settings, store: Store) -> None:
    work = trials(3)
    twin = replace(work[1], trial_id="twin", suite="other")
    backend = Echo(concurrency=1)
    run = Run(backend, settings, store, why_not=lambda trial: "stopped early: clear" if trial.suite == "s" else None)
    answers = run.all([*work, twin])
    assert [call.sample_id for call in backend.calls] == ["1"]
    assert isinstance(answers["twin"], Generation)
    assert isinstance(answers["t1"], Generation)


def test_second_run_calls_nothing(settings: Settings, store: Store) -> None:
    Run(Echo(), settings, store).all(trials(20))
    again = Echo()
    answers = Run(again, settings, store).all(trials(20))
    assert again.calls == []
    assert again.started == 0
    assert all(isinstance(answer, Generation) and answer.from_cache for answer in answers.values())


def test_changed_message_is_asked_again(settings: Settings, store: Store) -> None:
    work = trials(3)
    Run(Echo(), settings, store).all(work)
    again = Echo()
    changed = [replace(work[0], messages=(Message("user", "other"),)), *work[1:]]
    Run(again, settings, store).all(changed)
    assert [call.messages[0].content for call in again.calls] == ["other"]


def test_repeats_do_not_collapse_to_one_answer(settings: Settings, store: Store) -> None:
    work = trials(1)
    backend = Echo()
    Run(backend, settings, store).all([*work, replace(work[0], trial_id="t0r2", repeat=2)])
    assert [call.repeat for call in backend.calls] == [1, 2]


def test_refresh_asks_again_and_records(settings: Settings, store: Store) -> None:
    Run(Echo(), settings, store).all(trials(2))
    again = Echo()
    Run(again, replace(settings, cache_mode="refresh"), store).all(trials(2))
    assert len(again.calls) == 2


def test_only_calls_nothing_and_says_what_is_missing(settings: Settings, store: Store) -> None:
    work = trials(3)
    Run(Echo(), settings, store).all(work[:2])
    changed = replace(work[1], messages=(Message("user", "other"),))
    silent = Echo()
    run = Run(silent, replace(settings, cache_mode="only"), store)
    answers = run.all([work[0], changed, work[2]])
    assert silent.calls == []
    assert (run.engine.progress().calls, run.engine.progress().errors) == (0, 2)
    assert silent.started == 0
    assert isinstance(answers["t0"], Generation)
    assert answers["t1"] == CallError(
        "missing",
        "no answer is recorded for v on echo, sample '1': the user message differs at character 1: 'q1' recorded, "
        "'other' now; "
        "--prompt-cache only calls no model; run once with --prompt-cache use",
    )
    assert answers["t2"] == CallError(
        "missing",
        "no answer is recorded for v on echo, sample '2': it was never answered; "
        "--prompt-cache only calls no model; run once with --prompt-cache use",
    )


@pytest.mark.parametrize("mode", ["use", "only"])
def test_backend_that_costs_nothing_is_asked_every_time(settings: Settings, store: Store, mode: CacheMode) -> None:
    for _ in range(2):
        backend = Echo()
        backend.cacheable = False
        run = Run(backend, replace(settings, cache_mode=mode), store)
        answers = run.all(trials(2))
        assert len(backend.calls) == 2
        assert run.engine.progress().calls == 0, "nothing was called: the answer was there"
        assert not any(answer.from_cache for answer in answers.values() if isinstance(answer, Generation))


def test_errors_are_not_recorded(settings: Settings, store: Store) -> None:
    broken = Echo(fail=lambda _request, _tries: BackendError("no", kind="rejected"))
    Run(broken, settings, store).all(trials(2))
    again = Echo()
    Run(again, settings, store).all(trials(2))
    assert len(again.calls) == 2


def test_passing_failure_is_tried_again_and_counted(settings: Settings) -> None:
    def once(_request: Request, tries: int) -> BackendError | None:
        return BackendError("busy", kind="server", retryable=True, retry_after_s=0.0) if tries < 3 else None

    run = Run(Echo(fail=once), settings)
    answer = run.all(trials(1))["t0"]
    assert isinstance(answer, Generation)
    assert answer.retries == 2
    assert (run.engine.progress().calls, run.engine.progress().retries) == (3, 2)


def test_wait_that_is_too_long_is_told_and_not_waited_for(settings: Settings) -> None:
    asked = BackendError("busy", kind="rate_limited", retryable=True, retry_after_s=3600)
    backend = Echo(fail=lambda _request, _tries: asked)
    assert Run(backend, settings).all(trials(1))["t0"] == CallError(
        "rate_limited", "busy (the server asks to wait 3600 s, a run waits 60 s at most; run again then)"
    )
    assert len(backend.calls) == 1


def test_lasting_failure_ends_with_the_number_of_tries(settings: Settings) -> None:
    run = Run(
        Echo(fail=lambda _r, _t: BackendError("HTTP 503", kind="server", retryable=True, retry_after_s=0.0)), settings
    )
    assert run.all(trials(1))["t0"] == CallError("server", "HTTP 503 (tried 4 times)")
    assert run.engine.progress().errors == 1


def test_rejected_call_is_not_tried_again(settings: Settings) -> None:
    backend = Echo(fail=lambda _r, _t: BackendError("HTTP 400", kind="rejected"))
    assert Run(backend, settings).all(trials(1))["t0"] == CallError("rejected", "HTTP 400")
    assert len(backend.calls) == 1


def test_backend_that_does_not_start_fails_its_trials_with_its_message(settings: Settings) -> None:
    class Missing(Echo):
        async def start(self) -> None:
            raise BackendError("the variable KEY is not set", kind="authentication")

    backend = Missing()
    run = Run(backend, settings)
    answers = run.all(trials(3))
    assert run.engine.progress().calls == 0
    assert set(answers.values()) == {CallError("authentication", "the variable KEY is not set")}
    assert backend.stopped == 1


def test_backend_that_hangs_is_cut_off_after_its_timeout(settings: Settings) -> None:
    class Hanging(Echo):
        async def generate(self, request: Request) -> Generation:
            await asyncio.sleep(3600)
            return await super().generate(request)

    backend = Hanging()
    backend.spec = replace(backend.spec, timeout_s=-4.9)  # the engine's grace is 5 s
    answer = Run(backend, replace(settings, max_retries=0)).all(trials(1))["t0"]
    assert isinstance(answer, CallError)
    assert answer.kind == "timeout"


def test_stop_begins_no_more_calls_and_keeps_the_answers_of_those_under_way(settings: Settings, store: Store) -> None:
    class Paid(Echo):
        async def generate(self, request: Request) -> Generation:
            if request.sample_id == "3":
                reached.set()
            await asyncio.sleep(0.2)
            return await super().generate(request)

    reached = threading.Event()
    backend = Paid(concurrency=2)
    run = Run(backend, settings, store)
    run.engine.start(trials(100))
    assert reached.wait(20)
    run.engine.stop()
    assert 4 <= len(backend.calls) < 10
    assert len(run.completions) == len(backend.calls)
    again = Echo()
    Run(again, settings, store).all(trials(100))
    assert len(again.calls) == 100 - len(backend.calls)


def test_stop_ends_calls_that_hang_and_keeps_what_was_answered(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.generate.engine._DRAIN_S", 0.1)
    backend = Echo(concurrency=1)

    class Stuck(Echo):
        async def generate(self, request: Request) -> Generation:
            if request.sample_id == "5":
                reached.set()
                await asyncio.sleep(3600)
            return await super().generate(request)

    reached = threading.Event()
    backend = Stuck(concurrency=1)
    run = Run(backend, settings, store)
    run.engine.start(trials(10))
    assert reached.wait(20)
    run.engine.stop()
    assert [completion.trial.trial_id for completion in run.completions] == ["t0", "t1", "t2", "t3", "t4"]
    assert backend.stopped == 1
    again = Echo()
    Run(again, settings, store).all(trials(10))
    assert len(again.calls) == 5


def test_stop_lets_a_backend_that_has_answered_end_in_its_own_time(settings: Settings) -> None:
    class Slow(Echo):
        async def stop(self) -> None:
            stopping.set()
            await asyncio.sleep(0.2)
            await super().stop()

    stopping = threading.Event()
    backend = Slow()
    run = Run(backend, settings)
    run.engine.start(trials(2))
    assert stopping.wait(20)
    run.engine.stop()
    assert backend.stopped == 1


def test_time_goes_on_after_the_last_answer_and_calling_does_not(settings: Settings) -> None:
    run = Run(Echo(), settings)
    run.all(trials(4))
    run.engine.stop()
    ended = run.engine.progress()
    time.sleep(0.02)
    later = run.engine.progress()
    assert later.elapsed_s == ended.elapsed_s <= ended.wall_s
    assert later.wall_s - ended.wall_s >= 0.02


def test_progress_counts_cost_and_becomes_unknown_with_one_unknown_price(settings: Settings) -> None:
    class Unpriced(Echo):
        async def generate(self, request: Request) -> Generation:
            generation = await super().generate(request)
            return replace(generation, cost_usd=None if request.sample_id == "1" else 0.5)

    priced = Run(Echo(), settings)
    priced.all(trials(4))
    assert priced.engine.progress().spent_usd == 2.0
    unpriced = Run(Unpriced(), settings)
    unpriced.all(trials(4))
    assert unpriced.engine.progress().spent_usd is None
