"""Questions about answers: asked of models by the same engine, before the trial is handed on."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from harness.errors import BackendError, HarnessError, UsageError
from harness.generate import Store, Totals, UnfinishedRun
from harness.plan import cache_content, identity_text
from harness.schema import CallError, Generation, Question, content_key
from tests.unit.generate.asking_runs import Judge, Run, question
from tests.unit.generate.engine_runs import trials

if TYPE_CHECKING:
    from pathlib import Path

    from harness.schema import AskFor, Request, Settings, Trial


def test_trial_is_handed_on_once_with_all_that_was_found(settings: Settings) -> None:
    run = Run(settings)
    over = run.all(trials(20))
    assert {key: each.findings for key, each in over.items()} == {
        f"t{number}": [f"a q{number}", f"b q{number}"] for number in range(20)
    }
    assert all(isinstance(each.answer, Generation) for each in over.values())
    assert (len(run.model.calls), len(run.judge.calls)) == (20, 40)
    assert (run.judge.started, run.judge.stopped) == (1, 1)
    progress = run.engine.progress()
    assert (progress.done, progress.calls, progress.judging, progress.spent_usd) == (20, 60, 0, 30.0)


def test_progress_tells_how_many_trials_are_being_asked_about(settings: Settings) -> None:
    run = Run(settings)
    run.judge.hold = asyncio.Event()
    engine = run.start(trials(3))
    for _ in range(200):
        if engine.progress().judging == 3 and run.judge.in_flight == 4:
            break
        threading.Event().wait(0.01)
    progress = engine.progress()
    assert (progress.done, progress.judging, progress.in_flight) == (0, 3, 4)
    engine.stop(wait=False)


def test_judge_keeps_to_its_own_concurrency(settings: Settings) -> None:
    run = Run(settings)
    run.judge.concurrency = 3
    run.all(trials(30))
    assert run.judge.most_in_flight == 3


def test_trial_without_an_answer_is_not_asked_about(settings: Settings) -> None:
    run = Run(settings)
    run.model.fail = lambda request, _: BackendError("no", kind="rejected") if request.sample_id == "1" else None
    over = run.all(trials(3))
    assert isinstance(over["t1"].answer, CallError)
    assert over["t1"].findings is None
    assert len(run.judge.calls) == 4


def test_run_whose_trials_all_fail_ends_without_starting_the_judge(settings: Settings) -> None:
    run = Run(settings)
    run.model.fail = lambda *_: BackendError("no", kind="rejected")
    run.all(trials(3))
    assert run.judge.started == 0


def test_second_run_asks_nobody(settings: Settings, store: Store) -> None:
    Run(settings, store).all(trials(5))
    again = Run(settings, store)
    over = again.all(trials(5))
    assert (again.model.calls, again.judge.calls, again.judge.started) == ([], [], 0)
    assert over["t3"].findings == ["a q3", "b q3"]
    assert again.engine.progress().spent_usd == 0


def test_question_that_two_trials_ask_is_called_once(settings: Settings, store: Store) -> None:
    async def same(_trial: Trial, _generation: Generation, ask: AskFor) -> object:
        answer = await ask("m", question("the same"))
        return isinstance(answer, Generation) and answer.from_cache

    run = Run(settings, store, inquire=same)
    over = run.all(trials(8))
    assert len(run.judge.calls) == 1
    assert sorted(each.findings for each in over.values()) == [False, *[True] * 7]


def test_question_is_called_once_also_when_all_is_asked_anew(settings: Settings, store: Store, tmp_path: Path) -> None:
    async def same(_trial: Trial, _generation: Generation, ask: AskFor) -> object:
        return await ask("m", question("the same"))

    Run(settings, store, inquire=same).all(trials(1))
    store.close()
    anew = Store(tmp_path, mode="refresh")
    anew.begin(UnfinishedRun("r2", "2026-11-22T00:00:00+00:00", Totals()), tmp_path / "reports")
    run = Run(replace(settings, cache_mode="refresh"), anew, inquire=same)
    run.model.concurrency = 1
    run.all(trials(40))
    anew.close()
    assert 1 <= len(run.judge.calls) < 10, "but for those that came while the first was not yet kept"


def test_shared_question_is_asked_once_also_without_a_cache(settings: Settings) -> None:
    async def ask_both(_trial: Trial, generation: Generation, ask: AskFor) -> object:
        return await ask("m", question("steps", is_shared=True)), await ask("m", question(generation.text))

    run = Run(replace(settings, cache_mode="off"), inquire=ask_both)
    run.all(trials(8))
    asked = [call.messages[0].content for call in run.judge.calls]
    assert asked.count("steps") == 1
    assert len(asked) == 9


def test_shared_question_that_got_no_answer_is_asked_again(settings: Settings) -> None:
    async def ask_it(_trial: Trial, _generation: Generation, ask: AskFor) -> object:
        return await ask("m", question("steps", is_shared=True))

    run = Run(replace(settings, cache_mode="off"), inquire=ask_it)
    run.model.concurrency = 1
    run.judge.fail = lambda *_: BackendError("no", kind="rejected") if len(run.judge.calls) == 1 else None
    over = run.all(trials(4))
    assert [isinstance(each.findings, Generation) for each in over.values()].count(False) >= 1
    assert isinstance(over["t3"].findings, Generation)


def test_repeats_and_parameters_make_other_questions(settings: Settings, store: Store) -> None:
    async def ask_all(_trial: Trial, _generation: Generation, ask: AskFor) -> object:
        for more in ({}, {"repeat": 2}, {"params": {"temperature": 1}}, {"params": {"temperature": 0}}):
            await ask("m", question("q", **more))
        return 0

    run = Run(settings, store, inquire=ask_all)
    run.all(trials(1))
    asked = [(call.repeat, dict(call.params)) for call in run.judge.calls]
    assert asked == [(1, {}), (2, {}), (1, {"temperature": 1})], "temperature 0 is what the judge has anyway"


def test_backend_that_takes_no_parameters_is_given_none(settings: Settings) -> None:
    async def ask_it(_trial: Trial, _generation: Generation, ask: AskFor) -> object:
        return await ask("m", question("q", params={"temperature": 1}))

    run = Run(settings, inquire=ask_it)
    run.judge.takes_params = False
    run.all(trials(1))
    assert dict(run.judge.calls[0].params) == {}


def test_model_may_judge_itself_and_questions_go_first(settings: Settings) -> None:
    run = Run(settings)
    run.judge = run.model  # type: ignore[assignment]
    run.model.concurrency = 2
    over = run.all(trials(20))
    assert len(over) == 20
    assert len(run.model.calls) == 60
    assert run.model.most_in_flight == 2
    assert (run.model.started, run.model.stopped) == (1, 1)
    order = [call.messages[0].content for call in run.model.calls]
    assert order.index("a q0") < order.index("q10"), "trials that are begun are ended first"


def test_question_that_another_run_is_asking_holds_no_other_up(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    content = cache_content(identity_text(Judge().identity()), question("a q0").messages, 1)
    other = Store(tmp_path)
    other.begin(UnfinishedRun("other", "2026-11-22T00:00:00+00:00", Totals()), tmp_path / "other")
    assert other.claim([content_key(content)]).granted
    run = Run(settings, store)
    engine = run.start(trials(20))
    end = time.monotonic() + 10
    while len(run.judge.calls) < 39 and time.monotonic() < end:
        threading.Event().wait(0.01)
    assert len(run.judge.calls) == 39
    other.close()
    engine.join()
    assert len(run.judge.calls) == 40
    assert len(run.over) == 20


def test_replay_of_what_is_not_recorded_names_trial_and_metric(settings: Settings, store: Store) -> None:
    Run(settings, store, inquire=_nothing).all(trials(2))
    run = Run(replace(settings, cache_mode="only"), store)
    over = run.all(trials(2))
    missing = over["t1"].findings[0]
    assert isinstance(missing, CallError)
    assert missing.kind == "missing"
    assert missing.message == (
        "no answer is recorded for metric 'm', which asks judge about v on echo, sample '1': it was never answered; "
        "--prompt-cache only calls no model; run once with --prompt-cache use"
    )
    assert run.judge.started == 0


def test_judge_that_does_not_start_answers_nobody(settings: Settings) -> None:
    run = Run(settings)

    async def start() -> None:
        raise BackendError("no key", kind="authentication")

    run.judge.start = start  # type: ignore[method-assign]
    over = run.all(trials(30))
    assert {error.message for each in over.values() for error in each.findings} == {"no key"}
    assert len(run.model.calls) == 30


def test_judge_whose_identity_raises_answers_nobody(settings: Settings, store: Store) -> None:
    run = Run(settings, store)

    def identity() -> dict[str, object]:
        raise BackendError("no weights", kind="rejected")

    run.judge.identity = identity  # type: ignore[method-assign]
    over = run.all(trials(3))
    assert {error.message for each in over.values() for error in each.findings} == {"no weights"}


def test_trial_that_may_not_be_asked_about_is_not_run_and_its_answer_is_kept(settings: Settings, store: Store) -> None:
    run = Run(settings, store)

    def fail(_request: Request, _tries: int) -> BackendError | None:
        return BackendError("not run: the budget is spent", kind="not_run")

    run.judge.fail = fail
    over = run.all(trials(2))
    assert {each.answer for each in over.values()} == {
        CallError("not_run", "not run: metric 'm' could not ask: the budget is spent")
    }
    assert run.engine.progress().not_run == 2
    again = Run(settings, store)
    again.all(trials(2))
    assert (len(again.model.calls), len(again.judge.calls)) == (0, 4)


def test_resumed_run_asks_only_what_was_not_answered(settings: Settings, store: Store) -> None:
    off = replace(settings, cache_mode="off")
    Run(off, store).all(trials(4))
    journalled = store.answered()
    assert len(journalled) == 4 + 8
    dropped = next(key for key in journalled if ":" in key)
    kept = {key: each for key, each in journalled.items() if key != dropped}
    run = Run(off, store, journalled=kept)
    over = run.all(trials(4))
    assert (len(run.model.calls), len(run.judge.calls)) == (0, 1)
    assert over["t2"].findings == ["a q2", "b q2"]
    assert not any("left out" in notice for notice in run.engine.notices)
    assert run.engine.is_whole


def test_stopped_run_ends_though_questions_are_open(settings: Settings) -> None:
    run = Run(settings)
    run.judge.hold = asyncio.Event()
    engine = run.start(trials(30))
    while run.judge.in_flight < 4:
        threading.Event().wait(0.005)
    threading.Timer(0.2, run.judge.hold.set).start()
    engine._cancel_calls()
    engine.stop()
    assert engine.crash is None
    assert len(run.over) < 30
    assert run.judge.stopped == 1


def test_question_that_comes_as_the_run_is_stopped_holds_nothing_up(settings: Settings) -> None:
    async def ask_and_stop(_trial: Trial, _generation: Generation, ask: AskFor) -> object:
        await ask("m", question("first"))
        waiting = asyncio.ensure_future(ask("m", question("second")))
        await asyncio.sleep(0)
        run.engine._is_stopping = True
        run.engine._send_no_more()
        return await waiting

    run = Run(settings, inquire=ask_and_stop)
    engine = run.start(trials(1))
    assert engine._network is not None
    engine._network.join(5)
    assert not engine._network.is_alive()
    engine.stop()
    assert run.over == []
    assert len(run.judge.calls) == 1


def test_question_to_an_unknown_backend_is_the_metrics_mistake(settings: Settings) -> None:
    async def ask_other(_trial: Trial, _generation: Generation, ask: AskFor) -> object:
        with pytest.raises(HarnessError) as caught:
            await ask("m", Question("other", ()))
        return str(caught.value)

    over = Run(settings, inquire=ask_other).all(trials(1))
    assert over["t0"].findings == (
        "metric 'm' asks the backend 'other'; allowed: those of its attribute backends (judge); add it there"
    )


def test_what_an_inquiry_raises_breaks_the_run_off_and_is_told(settings: Settings) -> None:
    async def broken(_trial: Trial, _generation: Generation, _ask: AskFor) -> object:
        raise ValueError("oh")

    run = Run(settings, inquire=broken)
    engine = run.start(trials(3))
    engine.join()
    assert engine.crash is not None
    assert "oh" in str(engine.crash)


def test_budget_wants_to_know_what_judges_may_cost(settings: Settings) -> None:
    run = Run(replace(settings, budget_usd=1.0))
    run.model.paid = False  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="backend 'judge'"):
        run.start(trials(1))


async def _nothing(_trial: Trial, _generation: Generation, _ask: AskFor) -> object:
    return None
