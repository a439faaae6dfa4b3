"""`harness.observe` in functions under test, called as a run calls them."""

from __future__ import annotations

import asyncio
import contextvars
import json
import textwrap
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

import harness
from harness.backends.callable import CallableBackend
from harness.errors import BackendError
from harness.schema import BackendSpec, Generation, Request
from tests.unit.trace.traced import SUITE, answered, facts, finished, make_tracer, make_trial

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from pathlib import Path

    from harness.trace import CallTrace, Tracer

observe = harness.observe


def spans_of(folder: Path, source: str, *, with_text: bool = True) -> list[dict[str, Any]]:
    """The call's span and those of its steps, of a function `answer` called by the backend as a run calls it."""
    (folder / "app.py").write_text("import harness\nfrom harness import observe\n" + textwrap.dedent(source))
    spec = BackendSpec("local", "callable", "app.py:answer", {}, folder, function="app.py:answer")
    tracer = make_tracer(folder, suite=replace(SUITE, backends=(spec,)), with_text=with_text)
    trial = make_trial()
    call = tracer.trial(trial).call(spec, trial.messages)

    async def ask() -> Generation:
        backend = CallableBackend(spec)
        await backend.start()
        call.begin()
        try:
            generation = await backend.generate(Request(trial.messages, "fb001", "few_shot@1.1", 1))
        except BackendError as error:
            call.end(error=error)
            generation = Generation("failed")
        else:
            call.end(generation)
        await backend.stop()
        return generation

    tracer.scored([answered(trial, asyncio.run(ask()))], [])
    return [span for span in finished(tracer) if span["name"] != "run" and not span["name"].startswith("trial")]


def tree(spans: list[dict[str, Any]]) -> dict[str, str]:
    """Each span's name with its parent's."""
    names = {span["spanId"]: span["name"] for span in spans}
    return {span["name"]: names.get(span["parentSpanId"], "trial") for span in spans}


def test_steps_are_children_of_the_call_and_of_each_other(tmp_path: Path) -> None:
    spans = spans_of(
        tmp_path,
        """
        @observe(name="index", kind="retrieval")
        def search(query):
            return rank([query, "b"])

        @observe
        def rank(rows):
            return rows[:1]

        @observe(kind="tool")
        def add(a, b=2):
            return a + b

        def answer(messages):
            search("cheese"), add(1)
            with observe("join", kind="chain"):
                return "text"
        """,
    )
    assert tree(spans) == {
        "invoke_workflow app.py:answer": "trial",
        "rank": "retrieval index",
        "retrieval index": "invoke_workflow app.py:answer",
        "execute_tool add": "invoke_workflow app.py:answer",
        "join": "invoke_workflow app.py:answer",
    }
    by_name = {span["name"]: facts(span) for span in spans}
    assert by_name["retrieval index"] == {
        "gen_ai.operation.name": "retrieval",
        "gen_ai.retrieval.query.text": "cheese",
        "prompt_suite.output": '["cheese"]',
    }
    assert by_name["execute_tool add"] == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "add",
        "gen_ai.tool.call.arguments": "1",
        "gen_ai.tool.call.result": "3",
    }
    call = spans[0]
    for span in spans[1:]:
        assert int(call["startTimeUnixNano"]) <= int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])


def test_coroutines_tasks_and_threads_keep_to_their_call(tmp_path: Path) -> None:
    spans = spans_of(
        tmp_path,
        """
        import asyncio

        @observe
        async def outer(number):
            return await asyncio.gather(inner(number), asyncio.to_thread(threaded, number))

        @observe
        async def inner(number):
            await asyncio.sleep(0.01)

        @observe
        def threaded(number):
            return number

        async def answer(messages):
            await outer(7)
            return "text"
        """,
    )
    assert tree(spans) == {
        "invoke_workflow app.py:answer": "trial",
        "outer": "invoke_workflow app.py:answer",
        "inner": "outer",
        "threaded": "outer",
    }


def test_tokens_and_cost_come_by_record_or_with_what_is_returned(tmp_path: Path) -> None:
    spans = spans_of(
        tmp_path,
        """
        @observe(kind="llm")
        def summarise(text):
            observe.record(model="small", input_tokens=12, cost_usd=0.5, temperature=0.2)
            return {"text": "x", "output_tokens": 3, "cached_input_tokens": 4, "input_tokens": 99}

        def answer(messages):
            summarise("t")
            observe.record(**{"app.version": "7"})
            return "text"
        """,
    )
    assert facts(spans[1]) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "small",
        "gen_ai.usage.input_tokens": "12",
        "gen_ai.usage.output_tokens": "3",
        "gen_ai.usage.cache_read.input_tokens": "4",
        "prompt_suite.cost_usd": 0.5,
        "prompt_suite.input": "t",
        "prompt_suite.output": '{"text":"x","output_tokens":3,"cached_input_tokens":4,"input_tokens":99}',
        "temperature": 0.2,
    }
    assert spans[1]["name"] == "chat small"
    assert facts(spans[0])["app.version"] == "7"


def test_spans_of_opentelemetry_itself_join_the_trace(tmp_path: Path) -> None:
    spans = spans_of(
        tmp_path,
        """
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider

        tracer = TracerProvider().get_tracer("app")
        seen = []

        @observe
        def search():
            with tracer.start_as_current_span("inside") as span:
                observe.record(**{"inside.trace": f"{span.context.trace_id:032x}", "inside.parent": f"{span.parent.span_id:016x}"})

        def answer(messages):
            search()
            with tracer.start_as_current_span("top") as span:
                observe.record(**{"top.trace": f"{span.context.trace_id:032x}", "top.parent": f"{span.parent.span_id:016x}"})
            return "text"
        """,  # noqa: E501 - code of its own
    )
    call, step = spans
    assert facts(call)["top.trace"] == facts(step)["inside.trace"] == call["traceId"]
    assert facts(call)["top.parent"] == call["spanId"]
    assert facts(step)["inside.parent"] == step["spanId"]


def test_step_that_raises_says_so(tmp_path: Path) -> None:
    spans = spans_of(
        tmp_path,
        """
        @observe
        def search(query):
            raise LookupError("no index")

        def answer(messages):
            search("x")
        """,
    )
    call, step = spans
    assert step["status"] == {"code": 2, "message": "LookupError: no index"}
    assert facts(step)["error.type"] == "LookupError"
    assert facts(call)["error.type"] == "callable"


def test_texts_of_steps_can_be_left_out(tmp_path: Path) -> None:
    spans = spans_of(
        tmp_path,
        """
        @observe
        def search(query):
            observe.record(output="secret", input_tokens=1)
            return "secret"

        def answer(messages):
            search("secret")
            return "secret"
        """,
        with_text=False,
    )
    assert "secret" not in json.dumps(spans)
    assert facts(spans[1])["gen_ai.usage.input_tokens"] == "1"


def test_step_that_ends_after_the_answer_disturbs_nothing(tmp_path: Path) -> None:
    spans = spans_of(
        tmp_path,
        """
        import contextvars, threading, time

        @observe
        def late():
            time.sleep(0.05)

        def answer(messages):
            context = contextvars.copy_context()
            threading.Thread(target=context.run, args=(late,)).start()
            return "text"
        """,
    )
    assert [span["name"] for span in spans] == ["invoke_workflow app.py:answer"]


def test_more_steps_than_are_kept_are_counted(tmp_path: Path) -> None:
    spans = spans_of(
        tmp_path,
        """
        @observe
        def step():
            pass

        def answer(messages):
            for _ in range(1_200):
                step()
            return "text"
        """,
    )
    assert len(spans) == 1_001
    assert facts(spans[0])["prompt_suite.steps_left_out"] == "200"


# -- in this process, without a backend -----------------------------------------------------------------------------


def entered(tracer: Tracer) -> CallTrace:
    trial = make_trial()
    call = tracer.trial(trial).call(SUITE.backends[0], trial.messages)
    call.begin()
    return call


def steps_of(tracer: Tracer, call: CallTrace) -> list[dict[str, Any]]:
    call.end(Generation("x"))
    tracer.scored([answered(make_trial())], [])
    return finished(tracer)[2:-1]


def test_generators_are_one_step_and_their_users_steps_are_not_inside(tmp_path: Path) -> None:
    @observe
    def stream(count: int) -> Generator[int, None, str]:
        yield from range(count)
        with observe("inside"):
            pass
        return "done"

    @observe
    async def astream(count: int) -> AsyncGenerator[int, None]:
        for number in range(count):
            yield number

    tracer = make_tracer(tmp_path)
    call = entered(tracer)
    for _ in stream(2):
        with observe("outside"):
            pass
    numbers = asyncio.run(_collected(astream(3)))
    assert numbers == [0, 1, 2]
    steps = steps_of(tracer, call)
    names = [span["name"].rpartition(".")[2] for span in steps]
    assert names == ["outside", "outside", "inside", "stream", "astream"]
    by_name = dict(zip(names, steps, strict=True))
    assert by_name["outside"]["parentSpanId"] == by_name["stream"]["parentSpanId"]
    assert by_name["inside"]["parentSpanId"] == by_name["stream"]["spanId"]
    assert facts(by_name["stream"])["prompt_suite.output"] == "[0,1]"


async def _collected(items: AsyncGenerator[int, None]) -> list[int]:
    return [item async for item in items]


def test_generator_that_is_left_early_ends_its_step(tmp_path: Path) -> None:
    closed = []

    @observe(name="stream")
    def stream() -> Generator[int, None, None]:
        try:
            yield 1
            yield 2
        finally:
            closed.append(True)

    tracer = make_tracer(tmp_path)
    call = entered(tracer)
    running = stream()
    assert next(running) == 1
    running.close()
    assert closed == [True]
    (step,) = steps_of(tracer, call)
    assert step["name"] == "stream"
    assert "status" not in step


def test_value_that_is_no_json_is_shown_by_its_repr(tmp_path: Path) -> None:
    class Odd:
        def __repr__(self) -> str:
            raise ValueError

    @observe(name="f")
    def function(*values: object, **options: object) -> object:
        return [*values, len(options)]

    tracer = make_tracer(tmp_path)
    call = entered(tracer)
    function(Odd(), {1: {2}}, x=3)
    (step,) = steps_of(tracer, call)
    assert facts(step)["prompt_suite.input"] == '{"0":"<Odd>","1":{"1":"{2}"},"x":3}'
    assert facts(step)["prompt_suite.output"] == '["<Odd>",{"1":"{2}"},1]'


def test_pool_thread_with_a_copied_context_is_inside(tmp_path: Path) -> None:
    @observe(name="f")
    def function() -> None:
        pass

    tracer = make_tracer(tmp_path)
    call = entered(tracer)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(contextvars.copy_context().run, function).result()
        pool.submit(function).result()
    assert len(steps_of(tracer, call)) == 1


def test_outside_a_run_nothing_happens() -> None:
    @observe
    def double(number: int) -> int:
        observe.record(cost_usd=1.0)
        return 2 * number

    @observe(kind="tool")
    async def treble(number: int) -> int:
        return 3 * number

    @observe
    def count() -> Generator[int, None, str]:
        yield 1
        return "end"

    with observe("block"):
        assert double(2) == 4
    assert double.__name__ == "double"
    assert asyncio.run(treble(2)) == 6
    assert list(count()) == [1]
