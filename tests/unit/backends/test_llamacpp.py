from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp
import pytest
from msgspec.structs import replace

from harness.backends import create, embedded
from harness.backends.models import find
from harness.errors import BackendError, ModelFileError, OptionError
from harness.schema import BackendSpec, Message, Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from harness.schema import Generation


def needs_model(test: Callable[..., None]) -> Callable[..., None]:
    """Marks the test, and skips it by name where the model is not installed."""
    reason = "no model; run: prompt-suite models install smollm2"
    skipped: Callable[..., None] = pytest.mark.skipif(find("smollm2") is None, reason=reason)(test)
    marked: Callable[..., None] = pytest.mark.model(skipped)
    return marked


T = TypeVar("T")
FEEDBACK = (
    "The parcel came two days late and the box was open.",
    "Great service, thank you!",
    "I do not know what to think of the new menu.",
    "The app crashes whenever I open my account.",
    "Everything was as ordered.",
    "Never again.",
)


def spec(folder: Path, **params: Any) -> BackendSpec:
    found = embedded("smollm2", folder)
    assert found is not None
    return replace(found, params={**found.params, "max_tokens": 8, **params})


def request(text: str, system: str = "Classify the customer feedback as positive, negative or neutral.") -> Request:
    return Request((Message("system", system), Message("user", text)), text[:10], "v", 1)


def run(backend_spec: BackendSpec, act: Callable[[Any], Awaitable[T]]) -> T:
    async def whole() -> T:
        backend = create(backend_spec)
        await backend.start()
        try:
            return await act(backend)
        finally:
            await backend.stop()

    return asyncio.run(whole())


def ask(backend_spec: BackendSpec, text: str) -> Generation:
    async def once(backend: Any) -> Generation:
        generation: Generation = await backend.generate(request(text))
        return generation

    return run(backend_spec, once)


def answers(backend_spec: BackendSpec, texts: Sequence[str]) -> dict[str, tuple[str, tuple[Any, ...]]]:
    async def all_of_them(backend: Any) -> dict[str, tuple[str, tuple[Any, ...]]]:
        limit = asyncio.Semaphore(backend.concurrency)

        async def one(text: str) -> Generation:
            async with limit:
                generation: Generation = await backend.generate(request(text))
                return generation

        found = await asyncio.gather(*map(one, texts))
        return {text: (each.text, each.logprobs) for text, each in zip(texts, found, strict=True)}

    return run(backend_spec, all_of_them)


@needs_model
def test_answers_do_not_depend_on_order_concurrency_or_what_is_kept(tmp_path: Path) -> None:
    params: dict[str, Any] = {"logprobs": True, "top_logprobs": 2}
    alone = answers(spec(tmp_path, processes=1, cache_prompt=False, **params), FEEDBACK)
    together = answers(spec(tmp_path, processes=2, **params), FEEDBACK[::-1])
    assert together == alone
    assert len({text for text, _ in alone.values()}) > 1
    assert all(logprobs for _, logprobs in alone.values())


@needs_model
def test_usage_cost_and_finish_reason_are_told(tmp_path: Path) -> None:
    answer = ask(spec(tmp_path, processes=1, max_tokens=3), FEEDBACK[0])
    assert (answer.finish_reason, answer.output_tokens, answer.cost_usd) == ("length", 3, 0.0)
    assert answer.input_tokens is not None
    assert 30 < answer.input_tokens < 60


@needs_model
def test_output_follows_schema_and_grammar(tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "properties": {"label": {"enum": ["positive", "negative"]}},
        "required": ["label"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "feedback", "schema": schema}}
    answer = ask(spec(tmp_path, processes=1, max_tokens=40, response_format=form), FEEDBACK[1])
    assert json.loads(answer.text)["label"] in ("positive", "negative")
    graded = ask(spec(tmp_path, processes=1, grammar='root ::= "1" | "2" | "3"'), FEEDBACK[1])
    assert graded.text in ("1", "2", "3")


@needs_model
def test_prompt_longer_than_the_context_is_rejected_with_both_lengths(tmp_path: Path) -> None:
    with pytest.raises(BackendError) as caught:
        ask(spec(tmp_path, processes=1, n_ctx=256), "word " * 400)
    assert str(caught.value).startswith("backend 'smollm2': the prompt of sample 'word word ', variant 'v' has 4")
    assert str(caught.value).endswith(" tokens; 256 fit; shorten it, or raise n_ctx in the backend's params")
    assert (caught.value.kind, caught.value.retryable) == ("rejected", False)


@needs_model
def test_dead_process_is_a_crash_and_is_started_again_once(tmp_path: Path) -> None:
    async def kill_twice(backend: Any) -> list[str]:
        kinds: list[str] = []
        worker = backend._fleet.workers[0]
        for _ in range(2):
            call = asyncio.create_task(backend.generate(request("Tell a long story.")))
            await asyncio.sleep(0.3)
            while not worker.alive:  # noqa: ASYNC110 - nothing tells when it is up again
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.1)
            os.kill(worker.pid, signal.SIGKILL)
            with pytest.raises(BackendError, match=r"the model process died \(exit status -9\)") as caught:
                await call
            assert caught.value.retryable
            kinds.append(caught.value.kind)
        with pytest.raises(BackendError, match="died again after it had been started anew") as last:
            await backend.generate(request("x"))
        assert not last.value.retryable
        return kinds

    assert run(spec(tmp_path, processes=1, max_tokens=400), kill_twice) == ["crashed", "crashed"]


@needs_model
def test_cancelled_call_leaves_the_process_answering_the_same(tmp_path: Path) -> None:
    async def cancel_and_ask(backend: Any) -> str:
        before: str = (await backend.generate(request(FEEDBACK[0]))).text
        call = asyncio.create_task(backend.generate(request(FEEDBACK[3] * 5)))
        await asyncio.sleep(0.2)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        assert [worker.in_flight for worker in backend._fleet.workers] == [0]
        assert (await backend.generate(request(FEEDBACK[0]))).text == before
        return before

    assert run(spec(tmp_path, processes=1), cancel_and_ask)


@needs_model
def test_waiting_for_a_free_process_counts_neither_as_latency_nor_as_timeout(tmp_path: Path) -> None:
    async def crowd(backend: Any) -> list[float]:
        began = asyncio.get_running_loop().time()
        found = await asyncio.gather(*(backend.generate(request(FEEDBACK[0])) for _ in range(8)))
        passed_s = asyncio.get_running_loop().time() - began
        return [passed_s, *(each.latency_s for each in found)]

    passed_s, *latencies = run(spec(tmp_path, processes=1), crowd)
    assert sum(latencies) <= passed_s


@needs_model
def test_port_of_the_process_answers_nobody_else(tmp_path: Path) -> None:
    async def without_key(backend: Any) -> int:
        url = backend._fleet.workers[0]._running.client.endpoint.url
        assert url.startswith("http://127.0.0.1:")
        async with aiohttp.ClientSession() as session, session.post(url, json={"messages": []}) as response:
            return response.status

    assert run(spec(tmp_path, processes=1), without_key) == 401


@needs_model
def test_stop_ends_the_processes_also_in_the_middle_of_starting(tmp_path: Path) -> None:
    async def start_and_cancel() -> list[Any]:
        backend: Any = create(spec(tmp_path, processes=2))
        starting = asyncio.create_task(backend.start())
        await asyncio.sleep(0.15)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        assert backend.pids == ()
        await backend.start()
        await backend.start()
        processes = [worker._running.popen for worker in backend._fleet.workers]
        await backend.stop()
        await backend.stop()
        return processes

    processes = asyncio.run(start_and_cancel())
    assert [process.returncode for process in processes] == [0, 0]


@needs_model
def test_file_that_llama_cpp_cannot_load_is_told(tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(BackendError) as caught:
        ask(BackendSpec("mine", "llamacpp", "mine", {"processes": 1}, tmp_path, path="broken.gguf"), "x")
    assert str(caught.value).startswith("backend 'mine': the model broken.gguf could not be loaded: ")
    assert "\n" not in str(caught.value)


def test_missing_model_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPT_SUITE_MODELS", str(tmp_path))
    monkeypatch.setattr("harness.backends.models.importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ModelFileError) as caught:
        ask(spec(tmp_path), "x")
    said = "backend 'smollm2': the model 'smollm2' is not installed; run: prompt-suite models install smollm2"
    assert str(caught.value) == said
    with pytest.raises(ModelFileError, match="is not installed"):
        create(spec(tmp_path)).identity()


def test_file_that_is_no_model_is_refused_before_a_process_starts(tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_text("text")
    with pytest.raises(ModelFileError, match=r"x\.gguf is no GGUF file; only GGUF models can be run"):
        ask(BackendSpec("mine", "llamacpp", "", {}, tmp_path, path="x.gguf"), "x")
    with pytest.raises(OptionError, match=r"there is no file .*y\.gguf; write the path of a GGUF file"):
        create(BackendSpec("mine", "llamacpp", "", {}, tmp_path, path="y.gguf"))
    with pytest.raises(OptionError, match="the model 'smolm' is unknown; available: smollm2"):
        create(BackendSpec("mine", "llamacpp", "smolm", {}, tmp_path))


def test_identity_follows_weights_and_params_but_not_speed(tmp_path: Path) -> None:
    def identity(content: bytes, **params: Any) -> Any:
        (tmp_path / "x.gguf").write_bytes(content)
        return create(BackendSpec("mine", "llamacpp", "", params, tmp_path, path="x.gguf")).identity()

    base = identity(b"GGUF1")
    assert json.loads(json.dumps(base)) == base
    assert identity(b"GGUF1", processes=3, threads=2) == base
    assert identity(b"GGUF1", n_ctx=4096) == base
    assert identity(b"GGUF1", slots=2) != base
    assert identity(b"GGUF1", n_ctx=128) != base
    assert identity(b"GGUF22") != base


def test_encoder_is_no_backend(tmp_path: Path) -> None:
    with pytest.raises(OptionError) as caught:
        create(BackendSpec("e", "llamacpp", "minilm", {}, tmp_path))
    assert caught.value.key == "model"
    assert str(caught.value) == (
        "'minilm' is an encoder, for metrics such as bertscore; allowed: smollm2, a GGUF file of one's own by its "
        "name, or path: FILE.gguf"
    )
