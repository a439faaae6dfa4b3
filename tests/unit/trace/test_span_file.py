"""The spans of trials as they stand in the file."""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from harness.errors import BackendError
from harness.schema import CallError, CheckSpec, Score, TrialResult
from harness.trace import NO_TRACER, MetricTime
from harness.trace.ids import Ids
from tests.unit.trace.traced import (
    GENERATION,
    MEASURES,
    SPEC,
    SUITE,
    TIMES,
    answered,
    facts,
    finished,
    make_tracer,
    make_trial,
    run_one,
)

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def named(spans: list[dict[str, Any]], name: str) -> dict[str, Any]:
    (found,) = (span for span in spans if span["name"] == name)
    return found


def test_trial_is_one_trace_whose_parts_are_its_children(tmp_path: Path) -> None:
    tracer = make_tracer(tmp_path)
    run_one(tracer, make_trial())
    *spans, run = finished(tracer)
    names = [span["name"] for span in spans]
    assert names == ["trial few_shot@1.1 fb001", "evaluate exact_match", "evaluate rouge", "chat m-1"]
    root = spans[0]
    assert "parentSpanId" not in root
    assert {span["traceId"] for span in spans} == {root["traceId"]}
    assert root["traceId"].endswith("0000000000000001"), "a trial's trace is found by its id"
    assert {span["parentSpanId"] for span in spans[1:]} == {root["spanId"]}
    assert root["links"] == [{"traceId": run["traceId"], "spanId": run["spanId"]}]
    assert run["traceId"] != root["traceId"]
    assert run["name"] == "run"
    assert len({span["spanId"] for span in [*spans, run]}) == 5


def test_trial_says_what_it_is_and_what_became_of_it(tmp_path: Path) -> None:
    tracer = make_tracer(tmp_path)
    run_one(tracer, make_trial())
    assert facts(finished(tracer)[0]) == {
        "prompt_suite.run.id": "20261122T201849.042Z-3f9a",
        "prompt_suite.suite": "s",
        "prompt_suite.variant": "few_shot@1.1",
        "prompt_suite.prompt.name": "few_shot",
        "prompt_suite.prompt.version": "1.1",
        "prompt_suite.backend": "local",
        "prompt_suite.sample.id": "fb001",
        "prompt_suite.repeat": "1",
        "prompt_suite.trial.id": "0000000000000001",
        "prompt_suite.outcome": "passed",
        "prompt_suite.from_cache": False,
    }


def test_model_call_speaks_the_semantic_conventions(tmp_path: Path) -> None:
    tracer = make_tracer(tmp_path)
    run_one(tracer, make_trial())
    call = named(finished(tracer), "chat m-1")
    assert call["kind"] == 3
    assert int(call["startTimeUnixNano"]) <= int(call["endTimeUnixNano"])
    known = facts(call)
    assert json.loads(known.pop("gen_ai.input.messages")) == [
        {"role": "system", "parts": [{"type": "text", "content": "You classify."}]},
        {"role": "user", "parts": [{"type": "text", "content": "Classify: I love it."}]},
    ]
    assert json.loads(known.pop("gen_ai.output.messages")) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "positive"}], "finish_reason": "stop"}
    ]
    assert known == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "m-1",
        "gen_ai.request.temperature": "0",
        "gen_ai.request.max_tokens": "64",
        "gen_ai.request.seed": "7",
        "server.address": "127.0.0.1",
        "server.port": "8000",
        "gen_ai.response.finish_reasons": {"values": [{"stringValue": "stop"}]},
        "gen_ai.usage.input_tokens": "20",
        "gen_ai.usage.output_tokens": "2",
        "gen_ai.usage.cache_read.input_tokens": "8",
        "prompt_suite.cost_usd": 0.000125,
    }


def test_recorded_answer_has_its_look_up_instead_of_a_call(tmp_path: Path) -> None:
    tracer = make_tracer(tmp_path)
    found, missing = make_trial(1), make_trial(2)
    tracer.looked_up([found, missing], 1_000, 3_000, n_found=1)
    tracer.scored([answered(found, replace(GENERATION, from_cache=True))], [])
    run_one(tracer, missing, [])
    whole, root, own, second, chat, run = finished(tracer)
    assert (whole["name"], whole["parentSpanId"]) == ("cache lookup", run["spanId"])
    assert facts(whole) == {"prompt_suite.trials": "2", "prompt_suite.found": "1", "prompt_suite.backend": "local"}
    assert (own["name"], own["parentSpanId"]) == ("cache lookup", root["spanId"])
    assert facts(own) == {"prompt_suite.cache.found": True}
    assert root["startTimeUnixNano"] == own["startTimeUnixNano"] == "1000"
    assert facts(root)["prompt_suite.from_cache"] is True
    assert (chat["name"], chat["parentSpanId"]) == ("chat m-1", second["spanId"])


def test_calls_that_a_stop_cut_short_are_written_as_they_were(tmp_path: Path) -> None:
    tracer = make_tracer(tmp_path)
    under_way, waiting = make_trial(1), make_trial(2)
    tracer.trial(waiting)
    tracer.trial(under_way).call(SPEC, under_way.messages).begin()
    root, chat, run = finished(tracer)
    assert facts(root)["prompt_suite.outcome"] == "not_run"
    assert chat["status"] == {"code": 2, "message": "the run was stopped"}
    assert facts(chat)["error.type"] == "CancelledError"
    assert run["name"] == "run"


def test_messages_made_for_one_trial_are_part_of_it(tmp_path: Path) -> None:
    tracer = make_tracer(tmp_path)
    tracer.trial(make_trial()).rendered(1_000, 2_000)
    run_one(tracer, make_trial(), [])
    root, render, _chat, _run = finished(tracer)
    assert (render["name"], render["parentSpanId"]) == ("render", root["spanId"])
    assert root["startTimeUnixNano"] == render["startTimeUnixNano"] == "1000"


def test_every_try_of_a_call_is_a_span_where_there_were_several(tmp_path: Path) -> None:
    tracer = make_tracer(tmp_path)
    trial = make_trial()
    call = tracer.trial(trial).call(SPEC, trial.messages)
    call.begin()
    call.end(error=BackendError("HTTP 429 from x", kind="rate_limited", retryable=True))
    call.begin()
    call.end(GENERATION)
    tracer.scored([answered(trial)], [])
    spans = finished(tracer)
    chat, first, second = named(spans, "chat m-1"), named(spans, "attempt 1"), named(spans, "attempt 2")
    assert first["parentSpanId"] == second["parentSpanId"] == chat["spanId"]
    assert facts(chat)["prompt_suite.retries"] == "1"
    assert "status" not in chat
    assert facts(first)["error.type"] == "rate_limited"
    assert first["status"] == {"code": 2, "message": "HTTP 429 from x"}
    assert "status" not in second
    assert chat["startTimeUnixNano"] == first["startTimeUnixNano"]
    assert chat["endTimeUnixNano"] == second["endTimeUnixNano"]


def test_trial_without_an_answer_says_why(tmp_path: Path) -> None:
    tracer = make_tracer(tmp_path)
    trial = make_trial()
    call = tracer.trial(trial).call(SPEC, trial.messages)
    call.begin()
    call.end(error=BackendError("it timed out", kind="timeout"))
    failed = CallError("timeout", "it timed out (tried once)")
    tracer.scored([TrialResult(trial, "error", None, None, failed, (), ())], TIMES)
    root, chat, run = finished(tracer)
    assert root["status"] == {"code": 2, "message": "it timed out (tried once)"}
    assert facts(root)["error.type"] == facts(chat)["error.type"] == "timeout"
    assert run["name"] == "run", "no metric scored what is not there"


def test_trial_that_was_not_run_is_no_error(tmp_path: Path) -> None:
    tracer = make_tracer(tmp_path)
    reason = CallError("not_run", "the budget is spent")
    tracer.scored([TrialResult(make_trial(), "not_run", None, None, reason, (), ())], TIMES)
    root, run = finished(tracer)
    assert "status" not in root
    assert facts(root)["prompt_suite.outcome"] == "not_run"
    assert facts(root)["prompt_suite.reason"] == "the budget is spent"
    assert run["name"] == "run"


def test_scores_are_evaluation_results(tmp_path: Path) -> None:
    checks = (CheckSpec("exact_match == 1", "exact_match", "==", 1.0),)
    suite = replace(SUITE, checks=checks, measures=(MEASURES[0], replace(MEASURES[0], name="bad")))
    tracer = make_tracer(tmp_path, suite=suite)
    trial = make_trial()
    scores = (Score("exact_match", 0.0, "scored"), Score("bad", None, "failed", "ValueError: x"))
    missed = ("exact_match == 1: it is 0",)
    result = replace(answered(trial, scores=scores), outcome="error", missed=missed)
    times = [MetricTime("exact_match", ("exact_match",), 1, 2, 3), MetricTime("bad", ("bad",), 2, 3, 3)]
    tracer.scored([result], times)
    spans = finished(tracer)
    match, bad = named(spans, "evaluate exact_match"), named(spans, "evaluate bad")
    assert facts(match) == {"prompt_suite.metric": "exact_match", "prompt_suite.batch": "3"}
    (event,) = match["events"]
    assert event["name"] == "gen_ai.evaluation.result"
    assert facts(event) == {
        "gen_ai.evaluation.name": "exact_match",
        "gen_ai.evaluation.score.value": 0.0,
        "gen_ai.evaluation.score.label": "fail",
    }
    assert facts(bad["events"][0]) == {
        "gen_ai.evaluation.name": "bad",
        "gen_ai.evaluation.score.label": "failed",
        "gen_ai.evaluation.explanation": "ValueError: x",
        "error.type": "metric",
    }
    assert bad["status"]["message"] == "ValueError: x"


def test_judges_call_is_part_of_its_metric(tmp_path: Path) -> None:
    tracer = make_tracer(tmp_path)
    trial = make_trial()
    call = tracer.trial(trial).call(replace(SPEC, name="judge", model="big"), trial.messages, under="exact_match")
    call.begin()
    call.end(GENERATION)
    tracer.scored([answered(trial)], TIMES)
    spans = finished(tracer)
    assert named(spans, "chat big")["parentSpanId"] == named(spans, "evaluate exact_match")["spanId"]


def test_texts_stay_out_of_spans_that_shall_not_have_them(tmp_path: Path) -> None:
    tracer = make_tracer(tmp_path, with_text=False)
    run_one(tracer, make_trial(text="the secret recipe"))
    tracer.close({})
    text = next(tmp_path.glob(".spans-*")).read_text()
    assert "recipe" not in text
    assert "gen_ai.input.messages" not in text
    assert "gen_ai.usage.input_tokens" in text


def test_text_that_no_utf8_can_hold_is_written_with_a_replacement(tmp_path: Path) -> None:
    tracer = make_tracer(tmp_path)
    trial = make_trial(text="half \ud83d of a pair")
    call = tracer.trial(trial).call(SPEC, trial.messages)
    call.begin()
    call.end(replace(GENERATION, text="\udc00"))
    tracer.scored([answered(replace(trial, variant="few_shot@1.1"))], [])
    assert len(finished(tracer)) == 3


def test_suites_messages_and_the_run_share_a_trace(tmp_path: Path) -> None:
    tracer = make_tracer(tmp_path)
    tracer.rendered("s", 10, 20, n_messages=60)
    path = tracer.close({"prompt_suite.trials": 60})
    assert path is not None
    render, run = map(json.loads, path.read_text().splitlines())
    assert render["parentSpanId"] == run["spanId"]
    assert (render["startTimeUnixNano"], render["endTimeUnixNano"]) == ("10", "20")
    assert facts(run) == {"prompt_suite.run.id": "20261122T201849.042Z-3f9a", "prompt_suite.trials": "60"}


def test_resumed_run_goes_on_in_the_file_after_its_last_whole_line(tmp_path: Path) -> None:
    tracer = make_tracer(tmp_path)
    run_one(tracer, make_trial(1))
    left = next(tmp_path.glob(".spans-*"))
    left.write_bytes(left.read_bytes() + b'{"traceId":"torn')
    again = make_tracer(tmp_path)
    run_one(again, make_trial(2))
    spans = finished(again)
    assert [span["name"] for span in spans if "links" in span] == [
        "trial few_shot@1.1 fb001",
        "trial few_shot@1.1 fb002",
    ]


def test_resumed_run_goes_on_from_what_was_recorded_of_it(tmp_path: Path) -> None:
    tracer = make_tracer(tmp_path)
    run_one(tracer, make_trial(1))
    path = tracer.close({})
    assert path is not None
    recorded = tmp_path / "20261122T201849.042Z-3f9a" / "spans.jsonl"
    recorded.parent.mkdir()
    path.replace(recorded)
    again = make_tracer(tmp_path)
    run_one(again, make_trial(2))
    names = [span["name"] for span in finished(again)]
    assert [name for name in names if name.startswith("trial")] == [
        "trial few_shot@1.1 fb001",
        "trial few_shot@1.1 fb002",
    ]
    assert recorded.read_text().count('"run"') == 1, "what is recorded is replaced by whoever records"


def test_trial_of_an_earlier_sitting_is_not_told_again_unless_it_was_called_again(tmp_path: Path) -> None:
    tracer = make_tracer(tmp_path)
    run_one(tracer, make_trial(1))
    tracer.scored([TrialResult(make_trial(2), "not_run", None, None, CallError("not_run", "stopped"), (), ())], [])
    again = make_tracer(tmp_path)
    again.looked_up([make_trial(1)], 1, 2, n_found=0)
    again.scored([answered(make_trial(1)), answered(make_trial(3))], TIMES)
    run_one(again, make_trial(2))
    roots = [span["traceId"][-1] for span in finished(again) if span["name"].startswith("trial")]
    assert roots == ["1", "2", "3", "2"]


def test_file_that_a_killed_run_left_long_ago_is_thrown_away(tmp_path: Path) -> None:
    old, young = tmp_path / ".spans-old.jsonl", tmp_path / ".spans-young.jsonl"
    for path in (old, young):
        path.write_text("{}\n")
    os.utime(old, (0, time.time() - 8 * 24 * 3600))
    make_tracer(tmp_path).close({})
    assert not old.exists()
    assert young.exists()


def test_file_that_cannot_be_written_is_told_once_and_ends_no_run(tmp_path: Path) -> None:
    notices: list[str] = []
    (tmp_path / "runs").write_text("no folder")
    tracer = make_tracer(tmp_path / "runs", notices=notices)
    run_one(tracer, make_trial(1))
    run_one(tracer, make_trial(2))
    assert tracer.close({}) is None
    path = tmp_path / "runs" / ".spans-20261122T201849.042Z-3f9a.jsonl"
    line = (
        f"{path}: spans cannot be written (File exists); a writable folder with free space is needed; "
        "the run goes on without them"
    )
    assert notices == [line]


def test_fault_of_tracing_ends_tracing_and_nothing_else(tmp_path: Path) -> None:
    notices: list[str] = []
    tracer = make_tracer(tmp_path, notices=notices)
    run_one(tracer, make_trial(1))
    tracer.scored([replace(answered(make_trial(2)), scores=())], TIMES)
    run_one(tracer, make_trial(3))
    assert [span["name"] for span in finished(tracer) if "links" in span] == ["trial few_shot@1.1 fb001"]
    (notice,) = notices
    assert notice.startswith("no more spans are written: IndexError: index out of bounds on dimension 1 (")
    assert notice.endswith("; the run goes on without them; this is a fault of the harness: please report it")


def test_nothing_of_a_finished_trial_waits_for_the_garbage_collector(tmp_path: Path) -> None:
    tracer = make_tracer(tmp_path)
    run_one(tracer, make_trial(1))
    gc.collect()
    gc.disable()
    try:
        for number in range(2, 52):
            run_one(tracer, make_trial(number))
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_second_end_of_a_run_changes_nothing(tmp_path: Path) -> None:
    tracer = make_tracer(tmp_path)
    run_one(tracer, make_trial(1))
    path = tracer.close({})
    assert path is not None
    text = path.read_text()
    run_one(tracer, make_trial(2))
    assert tracer.close({}) == path
    assert path.read_text() == text
    path.unlink()
    assert tracer.close({}) is None, "it has been moved to where the run is recorded"


def test_span_ids_of_two_processes_of_one_run_differ() -> None:
    first, second = Ids("r"), Ids("r")
    assert first.trace_of("0" * 16) == second.trace_of("0" * 16)
    assert len({first.span() for _ in range(100)} | {second.span() for _ in range(100)}) == 200
    assert all(len(ids.span()) == 16 for ids in (first, second))


def test_tracer_that_sees_nothing_writes_nothing(tmp_path: Path) -> None:
    trial = make_trial()
    trace = NO_TRACER.trial(trial)
    NO_TRACER.looked_up([trial], 1, 2, n_found=1)
    trace.rendered(1, 2)
    call = trace.call(SPEC, trial.messages)
    call.begin()
    call.end(GENERATION)
    NO_TRACER.rendered("s", 1, 2, n_messages=1)
    NO_TRACER.scored([answered(trial)], TIMES)
    assert NO_TRACER.close({}) is None
    NO_TRACER.exported()
    assert not list(tmp_path.iterdir())


def test_sdk_is_not_imported_without_an_endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("opentelemetry")]:
        monkeypatch.delitem(sys.modules, name)
    tracer = make_tracer(tmp_path)
    run_one(tracer, make_trial())
    tracer.close({})
    assert not [name for name in sys.modules if name.startswith("opentelemetry")]
