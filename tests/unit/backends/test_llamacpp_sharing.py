"""Sharing of model processes, on the real model."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from msgspec.structs import replace

from harness.backends import Pool, create, embedded, machine
from harness.backends.models import find
from harness.schema import Message, Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.schema import BackendSpec

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(find("smollm2") is None, reason="no model; run: prompt-suite models install smollm2"),
]
SENTENCES = (
    "Move 5 steps to the left.",
    "Book a table for two at seven.",
    "The parcel came late.",
    "Send 20 euros to Ada.",
)
FLAT_OBJECT = {
    "type": "json_schema",
    "json_schema": {"name": "flat", "schema": {"type": "object", "additionalProperties": {"type": "string"}}},
}


def specs(folder: Path) -> tuple[BackendSpec, BackendSpec]:
    """`free` answers with its log-probabilities, `json` under a grammar."""
    found = embedded("smollm2", folder)
    assert found is not None
    params = {**found.params, "max_tokens": 10}
    return (
        replace(found, name="free", params={**params, "logprobs": True, "top_logprobs": 2}),
        replace(found, name="json", params={**params, "response_format": FLAT_OBJECT}),
    )


async def answers(backend: Any, sentences: Sequence[str] = SENTENCES) -> list[tuple[str, tuple[Any, ...]]]:
    """Text and log-probabilities of each; started and stopped as the engine does it."""
    await backend.start()
    try:
        requests = [
            Request((Message("system", "Give the arguments as JSON."), Message("user", text)), text, "v", 1)
            for text in sentences
        ]
        found = await asyncio.gather(*map(backend.generate, requests))
        return [(each.text, each.logprobs) for each in found]
    finally:
        await backend.stop()


def children() -> set[int]:
    """Ids of the model processes that this process has started; threads and processes may end while we look."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        for pid in still_there(task / "children").split():
            if b"llamacpp_process.py" in still_there(Path(f"/proc/{pid.decode()}/cmdline")):
                found.add(int(pid))
    return found


def still_there(path: Path) -> bytes:
    """What the kernel says of a thread or process; nothing when it has ended meanwhile."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def test_answers_of_backends_that_share_are_those_of_each_alone(tmp_path: Path) -> None:
    async def together() -> tuple[list[Any], set[int]]:
        pool = Pool()
        running = [asyncio.create_task(answers(pool.get(spec))) for spec in specs(tmp_path)]
        seen: set[int] = set()
        while not all(task.done() for task in running):
            seen |= children()
            await asyncio.sleep(0.02)
        return [await task for task in running], seen

    alone = [asyncio.run(answers(create(spec))) for spec in specs(tmp_path)]
    shared, seen = asyncio.run(together())
    assert shared == alone
    assert len(seen) == machine.cpus()
    assert all(logprobs for _, logprobs in alone[0])
    assert {text[0] for text, _ in alone[1]} == {"{"}
    assert children() == set()


def test_backend_goes_on_when_the_other_stops_and_when_a_process_dies(tmp_path: Path) -> None:
    async def whole() -> None:
        pool = Pool()
        free, json_ = [cast("Any", pool.get(spec)) for spec in specs(tmp_path)]
        await asyncio.gather(free.start(), json_.start())
        assert sorted(free.pids) == sorted(json_.pids) == sorted(children())
        before = await asyncio.gather(*(json_.generate(request(text)) for text in SENTENCES[:2]))
        await free.stop()
        killed = json_.pids[0]
        os.kill(killed, signal.SIGKILL)
        os.waitid(os.P_PID, killed, os.WEXITED | os.WNOWAIT)  # noqa: ASYNC222 - it dies within a millisecond
        after = [await json_.generate(request(text)) for text in SENTENCES[:2]]
        assert [each.text for each in after] == [each.text for each in before]
        assert killed not in json_.pids
        assert len(children()) == machine.cpus()
        await json_.stop()
        assert children() == set()

    asyncio.run(whole())


def request(text: str) -> Request:
    return Request((Message("user", text),), text, "v", 1)
