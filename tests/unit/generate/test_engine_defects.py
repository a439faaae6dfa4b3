from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from harness.errors import HarnessError, RecordError
from harness.generate import engine as engine_module
from harness.schema import CallError, Generation
from tests.unit.generate.engine_runs import Echo, Run, trials

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.generate import Completion, Row, Store, Totals
    from harness.schema import Request, Settings


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


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "a NoneType, not a generation"),
        ("text", "a str, not a generation"),
        (Generation(text=3), "a generation whose text is 3"),  # type: ignore[arg-type]
        (Generation(text="x", input_tokens=2**63), "a generation whose input_tokens is 9223372036854775808"),
        (Generation(text="x", cost_usd=float("nan")), "a generation whose cost_usd is nan"),
    ],
)
def test_answer_that_no_table_could_hold_is_refused(settings: Settings, *, returned: object, said: str) -> None:
    class Odd(Echo):
        async def generate(self, request: Request) -> Generation:
            return returned if request.sample_id == "1" else await super().generate(request)  # type: ignore[return-value]

    answers = Run(Odd(), settings).all(trials(3))
    assert [answer for answer in answers.values() if isinstance(answer, CallError)] == [
        CallError("unreadable", f"backend 'echo': returned {said}; mend it")
    ]


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
def test_defect_before_the_first_call_fails_the_backend_s_trials(settings: Settings, store: Store, member: str) -> None:
    class Defect(Echo):
        def identity(self) -> Mapping[str, object]:
            return {"number": int("x")} if member == "identity" else {}

        async def start(self) -> None:
            if member == "start":
                raise ZeroDivisionError

    answers = Run(Defect(), settings, store).all(trials(3))
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
    began = time.monotonic()
    run.engine.stop(wait=False)
    assert time.monotonic() - began < 5
    let_go.set()
    run.engine.join()


def test_answers_that_cannot_be_kept_are_delivered_all_the_same(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(rows: Sequence[Row], totals: Totals | None = None, *, lost_usd: float = 0.0) -> None:
        raise RecordError(f"disk full at {len(rows)} of {totals and totals.calls}, {lost_usd} lost")

    monkeypatch.setattr(store, "put", full)
    run = Run(Echo(concurrency=1), settings, store)
    answers = run.all(trials(1))
    assert isinstance(answers["t0"], Generation)
    assert run.engine.notices == ["disk full at 1 of 1, 0.0 lost"]


def test_cache_that_cannot_be_read_is_done_without_unless_nothing_may_be_asked(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(keys: Sequence[str]) -> dict[str, Generation]:
        raise RecordError(f"damaged at {len(keys)}")

    monkeypatch.setattr(store, "get_many", damaged)
    run = Run(Echo(), settings, store)
    assert all(isinstance(answer, Generation) for answer in run.all(trials(3)).values())
    assert run.engine.notices == ["damaged at 3"]
    silent = Echo()
    answers = Run(silent, replace(settings, cache_mode="only"), store).all(trials(3))
    assert set(answers.values()) == {CallError("rejected", "damaged at 3")}
    assert silent.calls == []
