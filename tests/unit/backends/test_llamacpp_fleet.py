"""Sharing of model processes, on a stand-in that needs no model and dies when it is told to."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from harness.backends import Pool, create, llamacpp_launch
from harness.errors import BackendError
from harness.schema import BackendSpec, Generation, Message, Price, Request

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")
STAND_IN = Path(__file__).parents[2] / "servers" / "model_process.py"


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.backends.llamacpp_launch._SCRIPT", STAND_IN)


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every process that the test begins."""
    processes: list[Any] = []

    def recorded() -> Any:
        processes.append(llamacpp_launch.begun())
        return processes[-1]

    monkeypatch.setattr("harness.backends.llamacpp_worker.begun", recorded)
    return processes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    return tmp_path


def spec(folder: Path, name: str, **fields: Any) -> BackendSpec:
    params = {"processes": 2, **fields.pop("params", {})}
    return BackendSpec(name, "llamacpp", "", params, folder, path="model.gguf", **fields)


def pair(folder: Path, **params: Any) -> tuple[Any, Any]:
    """Backends `a` and `b` of one run, alike but for what is sent with a request."""
    pool = Pool()
    return tuple(  # type: ignore[return-value]
        pool.get(spec(folder, name, params={"max_tokens": number, **params})) for number, name in enumerate("ab")
    )


async def ask(backend: Any, text: str = "hi") -> Generation:
    answer: Generation = await backend.generate(Request((Message("user", text),), "s", "v", 1))
    return answer


def run(what: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(what, 30))


def opened(backend: Any) -> list[Any]:
    return [worker._running for worker in backend._fleet.workers]


def kill(backend: Any) -> None:
    for each in opened(backend):
        each.popen.kill()
        each.popen.wait()


def assert_closed(processes: list[Any]) -> None:
    assert processes
    for each in processes:
        assert each.popen.returncode is not None
        assert each.popen.stdin.closed
        assert each.popen.stdout.closed
        assert each.log.closed
        assert each.client is None or not each.client._poster._open


def test_backends_that_differ_in_requests_only_share_the_processes(folder: Path) -> None:
    async def whole() -> None:
        a, b = pair(folder)
        await asyncio.gather(a.start(), b.start())
        assert len(a.pids) == 2
        assert b.pids == a.pids
        answers = await asyncio.gather(*(ask(backend, "slow") for backend in (a, b)))
        assert sorted(int(answer.text) for answer in answers) == sorted(a.pids)
        await a.stop()
        await b.stop()

    run(whole())


@pytest.mark.parametrize(
    "params",
    [{"n_ctx": 512}, {"slots": 2}, {"threads": 7}, {"n_ubatch": 16}, {"cache_prompt": True}, {"chat_template": "x"}],
    ids=lambda params: next(iter(params)),
)
def test_backends_whose_processes_differ_have_their_own(folder: Path, params: dict[str, Any]) -> None:
    async def whole() -> None:
        pool = Pool()
        a: Any = pool.get(spec(folder, "a", params={"processes": 1, "threads": 1}))
        b: Any = pool.get(spec(folder, "b", params={"processes": 1, "threads": 1, **params}))
        await asyncio.gather(a.start(), b.start())
        assert len({*a.pids, *b.pids}) == 2
        await asyncio.gather(a.stop(), b.stop())

    run(whole())


def test_model_reached_by_two_paths_is_one_model(folder: Path) -> None:
    async def whole() -> None:
        (folder / "below").mkdir()
        (folder / "below" / "model.gguf").symlink_to(folder / "model.gguf")
        pool = Pool()
        a: Any = pool.get(spec(folder, "a"))
        b: Any = pool.get(spec(folder / "below", "b"))
        await asyncio.gather(a.start(), b.start())
        assert a.pids == b.pids
        await asyncio.gather(a.stop(), b.stop())

    run(whole())


def test_memory_taken_meanwhile_does_not_part_backends(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.backends.machine.cpus", lambda: 8)
    free = itertools.count(5, -1)
    monkeypatch.setattr("harness.backends.machine.available_bytes", lambda: next(free) * (600 << 20))
    pool = Pool()
    a, b = (pool.get(BackendSpec(name, "llamacpp", "", {}, folder, path="model.gguf")) for name in "ab")
    assert (a.concurrency, b.concurrency) == (4, 4)


def test_backends_of_two_runs_share_nothing(folder: Path) -> None:
    async def whole() -> None:
        a, b = (Pool().get(spec(folder, "a")), Pool().get(spec(folder, "a")))
        alone: Any = create(spec(folder, "a"))
        backends: list[Any] = [a, b, alone]
        await asyncio.gather(*(backend.start() for backend in backends))
        assert len({pid for backend in backends for pid in backend.pids}) == 6
        await asyncio.gather(*(backend.stop() for backend in backends))

    run(whole())


def test_processes_end_with_the_last_backend_and_can_be_started_again(folder: Path) -> None:
    async def whole() -> None:
        a, b = pair(folder)
        await a.start()
        await b.start()
        processes = opened(a)
        await a.stop()
        await a.stop()
        assert a.pids == ()
        assert (await ask(b)).text in {str(pid) for pid in b.pids}
        await b.stop()
        assert_closed(processes)
        assert [each.popen.returncode for each in processes] == [0, 0]
        await a.start()
        again = opened(a)
        assert (await ask(a)).text in {str(pid) for pid in a.pids}
        assert not {each.popen.pid for each in again} & {each.popen.pid for each in processes}
        await a.stop()
        assert_closed(again)

    run(whole())


def test_backend_that_starts_while_the_last_one_stops_is_answered(folder: Path) -> None:
    async def whole() -> None:
        a, b = pair(folder)
        await a.start()
        before = opened(a)
        for wait_s in (0, 0.01):
            stopping = asyncio.create_task(a.stop())
            await asyncio.sleep(wait_s)
            await b.start()
            assert len(b.pids) == 2
            assert all(pid != each.popen.pid or each.popen.poll() is None for each in before for pid in b.pids)
            assert (await ask(b)).text in {str(pid) for pid in b.pids}
            await stopping
            a, b = b, a
        last = opened(a)
        await a.stop()
        assert_closed(before)
        assert_closed(last)

    run(whole())


@pytest.mark.parametrize("wait_s", [0, 0.001, 0.02])
def test_stop_that_is_cancelled_still_ends_and_closes_everything(folder: Path, wait_s: float) -> None:
    processes: list[Any] = []

    async def whole() -> None:
        a, _ = pair(folder)
        await a.start()
        processes.extend(opened(a))
        stopping = asyncio.create_task(a.stop())
        await asyncio.sleep(wait_s)
        stopping.cancel()
        await asyncio.gather(stopping, return_exceptions=True)

    run(whole())
    assert_closed(processes)


def test_start_that_is_cancelled_leaves_the_other_backend_its_processes(folder: Path) -> None:
    async def whole() -> None:
        a, b = pair(folder)
        starting = [asyncio.create_task(each.start()) for each in (a, b)]
        await asyncio.sleep(0.02)
        starting[0].cancel()
        ended = await asyncio.gather(*starting, return_exceptions=True)
        assert isinstance(ended[0], asyncio.CancelledError)
        assert (a.pids, len(b.pids)) == ((), 2)
        assert await ask(b)
        processes = opened(b)
        await a.stop()
        assert len(b.pids) == 2
        await b.stop()
        assert_closed(processes)

    run(whole())


def test_start_that_is_cancelled_ends_also_the_processes_that_were_ready(folder: Path, begun: list[Any]) -> None:
    async def whole() -> None:
        a, _ = pair(folder, chat_template="others wait")
        starting = asyncio.create_task(a.start())
        while not any(each.client for each in begun):  # noqa: ASYNC110 - nothing tells when the first is ready
            await asyncio.sleep(0.01)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        assert_closed(begun)

    run(whole())
    assert [each.client is not None for each in begun].count(True) == 1


def test_start_that_fails_ends_also_the_processes_that_were_ready(folder: Path, begun: list[Any]) -> None:
    async def whole() -> None:
        a, _ = pair(folder, chat_template="others fail")
        with pytest.raises(BackendError, match=r"backend 'a': the model model\.gguf could not be loaded"):
            await a.start()
        assert_closed(begun)

    run(whole())
    assert [each.client is not None for each in begun].count(True) == 1


def test_model_that_does_not_load_is_told_in_the_name_of_each_backend(folder: Path) -> None:
    async def whole() -> None:
        a, b = pair(folder, chat_template="fail")
        ended = await asyncio.gather(a.start(), b.start(), return_exceptions=True)
        assert [str(error) for error in ended] == [
            f"backend '{name}': the model model.gguf could not be loaded: RuntimeError: no such template; "
            "check the file (prompt-suite models verify) and the memory that is left"
            for name in "ab"
        ]
        await asyncio.gather(a.stop(), b.stop())

    run(whole())


def test_backend_whose_prompts_kill_the_process_is_refused_and_the_other_goes_on(folder: Path) -> None:
    async def whole() -> list[str]:
        a, b = pair(folder, processes=1)
        await asyncio.gather(a.start(), b.start())
        said: list[str] = []
        for _ in range(4):
            with pytest.raises(BackendError) as caught:
                await ask(a, "die")
            assert caught.value.kind == "crashed"
            assert caught.value.retryable is (len(said) < 2)
            said.append(str(caught.value))
            assert (await ask(b)).text == str(b.pids[0])
        await asyncio.gather(a.stop(), b.stop())
        return said

    died = "backend 'a': the model process died (exit status 9): killed by a prompt; it is started again once"
    refused = (
        "backend 'a': the model process died again after it had been started anew; "
        "look at the memory that is left, and at params that the model may not bear"
    )
    assert run(whole()) == [died, died, refused, refused]


def test_process_that_dies_while_idle_is_started_again(folder: Path) -> None:
    async def whole() -> None:
        a, b = pair(folder, processes=1)
        await asyncio.gather(a.start(), b.start())
        before = opened(a)
        kill(a)
        answers = await asyncio.gather(ask(a), ask(b), ask(a), ask(b))
        assert {answer.text for answer in answers} == {str(a.pids[0])}
        assert a.pids == b.pids != (before[0].popen.pid,)
        assert_closed(before)
        await asyncio.gather(a.stop(), b.stop())

    run(whole())


def test_process_that_dies_while_idle_again_and_again_is_given_up(folder: Path) -> None:
    async def whole() -> None:
        a, _ = pair(folder, processes=1)
        await a.start()
        for _ in range(2):
            assert await ask(a)
            kill(a)
        with pytest.raises(BackendError, match="died again after it had been started anew"):
            await ask(a)
        await a.stop()

    run(whole())


def test_call_beside_a_process_that_is_being_started_again_waits_for_it(folder: Path) -> None:
    async def whole() -> None:
        a, b = pair(folder, processes=1, slots=2)
        await asyncio.gather(a.start(), b.start())
        died = await asyncio.gather(ask(a, "die"), return_exceptions=True)
        assert isinstance(died[0], BackendError)
        first = asyncio.create_task(ask(a))
        await asyncio.sleep(0.01)
        answers = await asyncio.gather(first, ask(b))
        assert {answer.text for answer in answers} == {str(a.pids[0])}
        await asyncio.gather(a.stop(), b.stop())

    run(whole())


def test_time_limit_and_price_are_each_backends_own(folder: Path) -> None:
    async def whole() -> None:
        pool = Pool()
        params = {"processes": 1, "slots": 2}
        a: Any = pool.get(spec(folder, "hasty", timeout_s=0.2, price=Price(2.0, 1.0), params=params))
        b: Any = pool.get(spec(folder, "calm", timeout_s=20.0, price=Price(3.0, 1.0), params=params))
        await asyncio.gather(a.start(), b.start())
        assert a.pids == b.pids
        late, answer = await asyncio.gather(ask(a, "slow"), ask(b, "slow"), return_exceptions=True)
        assert isinstance(late, BackendError)
        assert (late.kind, str(late).partition(":")[0]) == ("timeout", "backend 'hasty'")
        assert isinstance(answer, Generation)
        assert answer.cost_usd == 3.0
        assert (await ask(a)).cost_usd == 2.0
        await asyncio.gather(a.stop(), b.stop())

    run(whole())


def test_backend_with_many_calls_does_not_hold_up_the_other(folder: Path) -> None:
    async def whole() -> list[str]:
        a, b = pair(folder, processes=1)
        await asyncio.gather(a.start(), b.start())
        order: list[str] = []

        async def one(backend: Any, text: str) -> None:
            answer = await ask(backend, text)
            assert (answer.latency_s or 0.0) < 0.4 or text == "slow"  # waiting for a slot does not count
            order.append(backend.spec.name)

        await asyncio.gather(one(a, "slow"), *(one(backend, "hi") for backend in (a, a, a, a, a, b, b)))
        await asyncio.gather(a.stop(), b.stop())
        return order

    assert "".join(run(whole())) == "aababaaa"
