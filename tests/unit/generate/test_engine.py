from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.errors import BackendError, HarnessError, RecordError
from harness.generate import AnswerCache, Engine
from harness.generate import engine as engine_module
from harness.plan import cache_key
from harness.schema import BackendSpec, CallError, Generation, Message, Sample, Settings, Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from harness.generate import Completion
    from harness.schema import CacheMode, Request


class Echo:
    """Answers with the user's message; counts what is in flight; fails as told."""

    def __init__(
        self, *, concurrency: int = 4, fail: Callable[[Request, int], BackendError | None] | None = None
    ) -> None:
        self.spec = BackendSpec("echo", "echo", "echo", {}, Path(), timeout_s=5.0)
        self.concurrency = concurrency
        self.cacheable = True
        self.fail = fail
        self.calls: list[Request] = []
        self.in_flight = self.most_in_flight = 0
        self.started = self.stopped = 0
        self.hold: asyncio.Event | None = None

    def identity(self) -> Mapping[str, object]:
        return {"provider": "echo"}

    async def start(self) -> None:
        self.started += 1

    async def stop(self) -> None:
        self.stopped += 1

    async def generate(self, request: Request) -> Generation:
        self.calls.append(request)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(0.001 if self.hold is None else 60)
        finally:
            self.in_flight -= 1
        if self.fail is not None:
            tries = sum(call == request for call in self.calls)
            error = self.fail(request, tries)
            if error is not None:
                raise error
        return Generation(text=request.messages[-1].content, cost_usd=0.5)


def trials(count: int) -> list[Trial]:
    made = []
    for number in range(count):
        sample = Sample(str(number), {}, (), None, (), f"d.jsonl:{number + 1}")
        made.append(Trial(f"t{number}", "s", "v", "echo", sample, 1, (Message("user", f"q{number}"),)))
    return made


class Run:
    def __init__(self, backend: Echo, settings: Settings, cache: AnswerCache | None = None) -> None:
        self.completions: list[Completion] = []
        self.threads: set[str] = set()
        self.engine = Engine(
            backend_of=lambda _trial: backend,
            key_of=lambda trial, identity: cache_key(identity, trial.messages, trial.repeat),
            deliver=self._deliver,
            cache=cache,
            settings=settings,
        )

    def _deliver(self, batch: Sequence[Completion]) -> None:
        self.threads.add(threading.current_thread().name)
        self.completions.extend(batch)

    def all(self, work: Sequence[Trial]) -> dict[str, Generation | CallError]:
        self.engine.start(work)
        self.engine.join()
        assert self.engine.crash is None, self.engine.crash
        answers = {completion.trial.trial_id: completion.answer for completion in self.completions}
        assert len(answers) == len(self.completions)
        return answers


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(root=tmp_path, reports=tmp_path / "reports", max_retries=3)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[AnswerCache]:
    made = AnswerCache(tmp_path)
    yield made
    made.close()


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


def test_second_run_calls_nothing(settings: Settings, cache: AnswerCache) -> None:
    Run(Echo(), settings, cache).all(trials(20))
    again = Echo()
    answers = Run(again, settings, cache).all(trials(20))
    assert again.calls == []
    assert again.started == 0
    assert all(isinstance(answer, Generation) and answer.from_cache for answer in answers.values())


def test_changed_message_is_asked_again(settings: Settings, cache: AnswerCache) -> None:
    work = trials(3)
    Run(Echo(), settings, cache).all(work)
    again = Echo()
    changed = [replace(work[0], messages=(Message("user", "other"),)), *work[1:]]
    Run(again, settings, cache).all(changed)
    assert [call.messages[0].content for call in again.calls] == ["other"]


def test_repeats_do_not_collapse_to_one_answer(settings: Settings, cache: AnswerCache) -> None:
    work = trials(1)
    backend = Echo()
    Run(backend, settings, cache).all([*work, replace(work[0], trial_id="t0r2", repeat=2)])
    assert [call.repeat for call in backend.calls] == [1, 2]


def test_refresh_asks_again_and_records(settings: Settings, cache: AnswerCache) -> None:
    Run(Echo(), settings, cache).all(trials(2))
    again = Echo()
    Run(again, replace(settings, cache_mode="refresh"), cache).all(trials(2))
    assert len(again.calls) == 2


def test_only_calls_nothing_and_says_what_is_missing(settings: Settings, cache: AnswerCache) -> None:
    work = trials(3)
    Run(Echo(), settings, cache).all(work[:2])
    changed = replace(work[1], messages=(Message("user", "other"),))
    silent = Echo()
    run = Run(silent, replace(settings, cache_mode="only"), cache)
    answers = run.all([work[0], changed, work[2]])
    assert silent.calls == []
    assert (run.engine.progress().calls, run.engine.progress().errors) == (0, 2)
    assert silent.started == 0
    assert isinstance(answers["t0"], Generation)
    assert answers["t1"] == CallError(
        "missing",
        "no answer is recorded for v on echo, sample '1': its messages, model or parameters have changed since; "
        "--prompt-cache only calls no model; run once with --prompt-cache use",
    )
    assert answers["t2"] == CallError(
        "missing",
        "no answer is recorded for v on echo, sample '2': it was never answered; "
        "--prompt-cache only calls no model; run once with --prompt-cache use",
    )


@pytest.mark.parametrize("mode", ["use", "only"])
def test_backend_that_costs_nothing_is_asked_every_time(
    settings: Settings, cache: AnswerCache, mode: CacheMode
) -> None:
    for _ in range(2):
        backend = Echo()
        backend.cacheable = False
        answers = Run(backend, replace(settings, cache_mode=mode), cache).all(trials(2))
        assert len(backend.calls) == 2
        assert not any(answer.from_cache for answer in answers.values() if isinstance(answer, Generation))


def test_errors_are_not_recorded(settings: Settings, cache: AnswerCache) -> None:
    broken = Echo(fail=lambda _request, _tries: BackendError("no", kind="rejected"))
    Run(broken, settings, cache).all(trials(2))
    again = Echo()
    Run(again, settings, cache).all(trials(2))
    assert len(again.calls) == 2


def test_passing_failure_is_tried_again_and_counted(settings: Settings) -> None:
    def once(_request: Request, tries: int) -> BackendError | None:
        return BackendError("busy", kind="server", retryable=True, retry_after_s=0.0) if tries < 3 else None

    run = Run(Echo(fail=once), settings)
    answer = run.all(trials(1))["t0"]
    assert isinstance(answer, Generation)
    assert answer.retries == 2
    assert (run.engine.progress().calls, run.engine.progress().retries) == (3, 2)


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


def test_stop_ends_calls_under_way_and_keeps_what_was_answered(settings: Settings, cache: AnswerCache) -> None:
    backend = Echo(concurrency=1)

    class Stuck(Echo):
        async def generate(self, request: Request) -> Generation:
            if request.sample_id == "5":
                reached.set()
                await asyncio.sleep(3600)
            return await super().generate(request)

    reached = threading.Event()
    backend = Stuck(concurrency=1)
    run = Run(backend, settings, cache)
    run.engine.start(trials(10))
    assert reached.wait(20)
    run.engine.stop()
    assert [completion.trial.trial_id for completion in run.completions] == ["t0", "t1", "t2", "t3", "t4"]
    assert backend.stopped == 1
    again = Echo()
    Run(again, settings, cache).all(trials(10))
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


class Mute(Exception):  # noqa: N818 - it cannot even tell itself
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize("defect", [ZeroDivisionError("q"), Mute(), SystemExit(3), asyncio.CancelledError()])
def test_defect_of_a_backend_costs_one_trial_only(settings: Settings, defect: BaseException) -> None:
    class Defect(Echo):
        async def generate(self, request: Request) -> Generation:
            if request.sample_id == "1":
                raise defect
            return await super().generate(request)

    answers = Run(Defect(concurrency=2), settings).all(trials(6))
    failed = {key: answer for key, answer in answers.items() if isinstance(answer, CallError)}
    assert list(failed) == ["t1"]
    assert failed["t1"].kind == "crashed"
    assert failed["t1"].message.startswith(f"backend 'echo' broke off: {type(defect).__name__}")
    assert failed["t1"].message.endswith("; mend it")
    assert f"{__file__}:" in failed["t1"].message


def test_backend_that_cancels_its_own_task_costs_one_trial_only(settings: Settings) -> None:
    class Suicide(Echo):
        async def generate(self, request: Request) -> Generation:
            if request.sample_id == "1":
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
            return await super().generate(request)

    answers = Run(Suicide(concurrency=1), settings).all(trials(4))
    assert [key for key, answer in answers.items() if isinstance(answer, CallError)] == ["t1"]


@pytest.mark.parametrize("member", ["identity", "start"])
def test_defect_before_the_first_call_fails_the_backend_s_trials(
    settings: Settings, cache: AnswerCache, member: str
) -> None:
    class Defect(Echo):
        def identity(self) -> Mapping[str, object]:
            return {"number": int("x")} if member == "identity" else {}

        async def start(self) -> None:
            if member == "start":
                raise ZeroDivisionError

    answers = Run(Defect(), settings, cache).all(trials(3))
    assert [answer.kind for answer in answers.values() if isinstance(answer, CallError)] == ["crashed"] * 3


def test_defect_of_what_takes_the_answers_is_told_in_one_line(settings: Settings) -> None:
    class Deaf(Run):
        def _deliver(self, batch: Sequence[Completion]) -> None:
            raise ZeroDivisionError(len(batch))

    run = Deaf(Echo(), settings)
    run.engine.start(trials(2))
    run.engine.join()
    assert type(run.engine.crash) is HarnessError
    assert "the run broke off while delivering answers: ZeroDivisionError: " in str(run.engine.crash)
    assert "\n" not in str(run.engine.crash)


def test_stop_does_not_wait_for_ever(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Run):
        def _deliver(self, batch: Sequence[Completion]) -> None:
            super()._deliver(batch)
            reached.set()
            let_go.wait(20)

    reached, let_go = threading.Event(), threading.Event()
    monkeypatch.setattr(engine_module, "_PATIENCE_S", 0.1)
    run = Slow(Echo(), settings)
    run.engine.start(trials(2))
    assert reached.wait(20)
    began = time.monotonic()
    run.engine.stop()
    assert time.monotonic() - began < 5
    let_go.set()
    run.engine.join()


def test_abandoned_engine_is_not_waited_for_at_all(settings: Settings) -> None:
    class Slow(Run):
        def _deliver(self, batch: Sequence[Completion]) -> None:
            super()._deliver(batch)
            reached.set()
            let_go.wait(20)

    reached, let_go = threading.Event(), threading.Event()
    run = Slow(Echo(), settings)
    run.engine.start(trials(2))
    assert reached.wait(20)
    run.engine.abandon()
    began = time.monotonic()
    run.engine.stop()
    assert time.monotonic() - began < 5
    let_go.set()
    run.engine.join()


def test_answers_that_cannot_be_kept_are_delivered_all_the_same(settings: Settings, cache: AnswerCache) -> None:
    class Full(AnswerCache):
        def put_many(self, answers: Iterable[tuple[str, str, Generation]]) -> None:
            raise RecordError(f"disk full at {len(list(answers))}")

    run = Run(Echo(concurrency=1), settings, Full(cache.path.parent))
    answers = run.all(trials(1))
    assert isinstance(answers["t0"], Generation)
    assert run.engine.notices == ["disk full at 1"]


def test_cache_that_cannot_be_read_is_done_without_unless_nothing_may_be_asked(
    settings: Settings, cache: AnswerCache
) -> None:
    class Damaged(AnswerCache):
        def get_many(self, keys: Sequence[str]) -> dict[str, Generation]:
            raise RecordError(f"damaged at {len(keys)}")

    run = Run(Echo(), settings, Damaged(cache.path.parent))
    assert all(isinstance(answer, Generation) for answer in run.all(trials(3)).values())
    assert run.engine.notices == ["damaged at 3"]
    silent = Echo()
    answers = Run(silent, replace(settings, cache_mode="only"), Damaged(cache.path.parent)).all(trials(3))
    assert set(answers.values()) == {CallError("rejected", "damaged at 3")}
    assert silent.calls == []


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
