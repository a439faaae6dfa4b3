from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from harness.errors import BackendError
from harness.generate.calls import Line, call
from harness.generate.traffic import Traffic
from harness.schema import BackendSpec, Generation, Message, Request
from tests.unit.generate.simulated_time import now_s, simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Answers = Callable[[Request, int], BackendError | Generation]

ANSWER = Generation("x", input_tokens=3, output_tokens=1)
BUSY = BackendError("HTTP 503", kind="server", retryable=True, status=503)
DOWN = BackendError("no connection", kind="connection", retryable=True, was_sent=False)


def slow(wish_s: float | None = None) -> BackendError:
    return BackendError("HTTP 429", kind="rate_limited", retryable=True, status=429, retry_after_s=wish_s)


def chance(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - chance that repeats, no secret


class Server:
    """A backend whose answers to the n-th call of a request are given; notes when each call came."""

    cacheable = True

    def __init__(self, answers: Answers, *, latency_s: float = 0.0, timeout_s: float = 60.0, width: int = 50) -> None:
        self.spec = BackendSpec("gpt", "fake", "m", {}, Path(), timeout_s=timeout_s)
        self.concurrency = width
        self.answers = answers
        self.latency_s = latency_s
        self.sent: list[tuple[float, str]] = []
        self.tries: dict[str, int] = {}

    def identity(self) -> Mapping[str, object]:
        return {}

    async def start(self) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """Nothing to stop."""

    async def generate(self, request: Request) -> Generation:
        name = request.sample_id
        self.tries[name] = number = self.tries.get(name, 0) + 1
        self.sent.append((now_s(), name))
        await asyncio.sleep(self.latency_s)
        answer = self.answers(request, number)
        if isinstance(answer, BackendError):
            raise answer
        return answer


class Ran:
    """What became of the calls of a run, made by as many workers as the backend's concurrency."""

    def __init__(self, server: Server, count: int, *, max_retries: int = 4, seed: int = 0, **limits: Any) -> None:
        server.spec = replace(server.spec, **limits)
        self.retries = 0
        self.took_s = 0.0
        self.results: dict[str, Generation | BackendError] = {}
        simulate(self._run(server, count, max_retries=max_retries, random=chance(seed)))

    async def _run(self, server: Server, count: int, *, max_retries: int, random: Random) -> None:
        self.traffic = traffic = Traffic(server.spec, server.concurrency, clock=asyncio.get_running_loop().time)
        todo = iter(range(count))

        async def work() -> None:
            for number in todo:
                request = Request((Message("user", "q"),), str(number), "v", 1)
                try:
                    line = Line(traffic, max_retries, random, self._sent)
                    self.results[str(number)] = await call(server, request, line)
                except BackendError as error:
                    self.results[str(number)] = error

        await asyncio.gather(*(work() for _ in range(server.concurrency)))
        self.took_s = now_s()

    def _sent(self, is_again: bool) -> None:  # noqa: FBT001 - as Line has it
        self.retries += is_again

    def kinds(self) -> dict[str, int]:
        kinds = [each.kind if isinstance(each, BackendError) else "answered" for each in self.results.values()]
        return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def test_calls_are_sent_one_after_another_within_the_concurrency() -> None:
    ran = Ran(Server(lambda _request, _try: ANSWER, latency_s=1, width=4), 10)
    assert (ran.kinds(), ran.took_s, ran.retries) == ({"answered": 10}, 3, 0)


def test_waits_double_at_most_and_are_random() -> None:
    def answers(request: Request, _try: int) -> BackendError | Generation:
        return BUSY if request.sample_id == "0" else ANSWER

    runs = []
    for seed in range(20):
        server = Server(answers, latency_s=0.01, width=2)
        Ran(server, 1000, seed=seed)
        times = [at_s for at_s, name in server.sent if name == "0"]
        runs.append([later - earlier - 0.01 for earlier, later in pairwise(times)])
    for longest_s, waits in zip([0.5, 1.0, 2.0, 4.0], zip(*runs, strict=True), strict=True):
        assert longest_s / 2 < max(waits) <= longest_s + 1e-6
        assert min(waits) < longest_s / 2
        assert len(set(waits)) == 20


def test_last_failure_says_how_often_it_was_tried() -> None:
    def answers(request: Request, _try: int) -> BackendError | Generation:
        return BUSY if request.sample_id == "7" else ANSWER

    ran = Ran(Server(answers, latency_s=0.1, width=2), 200)
    assert str(ran.results["7"]) == "HTTP 503 (tried 5 times)"
    assert ran.kinds() == {"answered": 199, "server": 1}
    assert ran.retries == 4


def test_no_retries_means_none_not_even_of_a_429() -> None:
    server = Server(lambda _request, _try: slow(), width=1)
    ran = Ran(server, 1, max_retries=0)
    assert str(ran.results["0"]) == "HTTP 429"
    assert len(server.sent) == 1


def test_a_429_uses_no_try_up() -> None:
    def answers(request: Request, number: int) -> BackendError | Generation:
        return slow() if request.sample_id == "0" and number <= 12 else ANSWER

    ran = Ran(Server(answers, latency_s=1, width=3), 2000, max_retries=1)
    assert ran.kinds() == {"answered": 2000}
    first = ran.results["0"]
    assert isinstance(first, Generation)
    assert first.retries == 12


def test_a_call_that_is_always_asked_to_slow_down_ends_while_others_are_answered() -> None:
    def answers(request: Request, _try: int) -> BackendError | Generation:
        return slow() if request.sample_id == "0" else ANSWER

    ran = Ran(Server(answers, latency_s=1, width=3), 2000)
    assert ran.kinds() == {"answered": 1999, "rate_limited": 1}
    assert str(ran.results["0"]) == "HTTP 429 (tried 21 times)"


def test_server_with_a_quota_a_minute_answers_all_without_being_told_of_it() -> None:
    sent: list[float] = []

    def answers(_request: Request, _try: int) -> BackendError | Generation:
        recent = [at_s for at_s in sent if at_s > now_s() - 60]
        if len(recent) >= 100:
            return slow(recent[-100] + 60 - now_s())
        sent.append(now_s())
        return ANSWER

    ran = Ran(Server(answers, latency_s=0.2), 350)
    assert ran.kinds() == {"answered": 350}
    assert 180 <= ran.took_s <= 200


def test_server_that_bears_few_calls_at_once_is_found_out_and_answers_all() -> None:
    class Narrow(Server):
        in_flight = refused = 0

        async def generate(self, request: Request) -> Generation:
            if self.in_flight >= 5:
                self.refused += 1
                raise slow()
            self.in_flight += 1
            try:
                return await super().generate(request)
            finally:
                self.in_flight -= 1

    server = Narrow(lambda _request, _try: ANSWER, latency_s=1, width=50)
    ran = Ran(server, 500)
    assert ran.kinds() == {"answered": 500}
    assert ran.took_s <= 2.5 * 500 / 5
    assert server.refused < 500
    assert ran.traffic.progress().limit <= 12


def test_stated_limits_are_kept_and_the_server_need_not_refuse_anything() -> None:
    server = Server(lambda _request, _try: ANSWER, latency_s=0.5)
    ran = Ran(server, 250, requests_per_minute=100, tokens_per_minute=100_000)
    times = [at_s for at_s, _ in server.sent]
    assert max(sum(at_s - 60 < other <= at_s for other in times) for at_s in times) == 100
    assert ran.took_s == pytest.approx(122.5)


def test_dead_server_ends_two_thousand_trials_within_ten_seconds_with_one_message_for_the_rest() -> None:
    server = Server(lambda _request, _try: DOWN)
    ran = Ran(server, 2000)
    assert ran.took_s <= 10
    assert ran.kinds() == {"connection": 50, "not_run": 1950}
    assert len(server.sent) <= 110
    messages = {str(each) for each in ran.results.values() if isinstance(each, BackendError) and each.kind == "not_run"}
    assert len(messages) == 1
    assert messages == {ran.traffic.stopped}
    assert all(
        str(each).startswith("no connection (tried ") and str(each).endswith(", then the backend was stopped)")
        for each in ran.results.values()
        if isinstance(each, BackendError) and each.kind == "connection"
    )


@pytest.mark.parametrize(("width", "timeouts"), [(50, 2), (2, 2), (1, 3)])
def test_hanging_server_ends_the_run_after_a_few_timeouts(width: int, timeouts: int) -> None:
    late = BackendError("no answer within 60 s", kind="timeout", retryable=True)
    ran = Ran(Server(lambda _request, _try: late, latency_s=60, width=width), 2000)
    assert timeouts * 60 <= ran.took_s <= timeouts * 60 + 3
    assert ran.kinds() == {"not_run": 2000 - width, "timeout": width}


@pytest.mark.parametrize("width", [1, 2, 50])
def test_restart_of_the_server_costs_no_trial(width: int) -> None:
    def answers(_request: Request, _try: int) -> BackendError | Generation:
        return DOWN if 10 <= now_s() < 30 else ANSWER

    ran = Ran(Server(answers, latency_s=0.5, width=width), 60 * width, max_retries=8)
    assert ran.kinds() == {"answered": 60 * width}
    assert ran.took_s < 80


def test_server_that_answers_too_late_when_asked_too_much_at_once_is_asked_less() -> None:
    class Queueing(Server):
        """One call after another, 10 s each; what nobody waits for any more is computed all the same."""

        free_at_s = 0.0

        async def generate(self, request: Request) -> Generation:
            self.free_at_s = max(self.free_at_s, now_s()) + 10
            if self.free_at_s - now_s() > 60:
                await asyncio.sleep(60)
                raise BackendError("no answer within 60 s", kind="timeout", retryable=True)
            await asyncio.sleep(self.free_at_s - now_s())
            return await super().generate(request)

    server = Queueing(lambda _request, _try: ANSWER, width=16)
    ran = Ran(server, 200)
    assert ran.kinds() == {"answered": 200}
    assert ran.traffic.progress().limit < 10


def test_wrong_key_costs_as_many_calls_as_were_in_flight() -> None:
    wrong = BackendError("HTTP 401", kind="authentication", status=401)
    server = Server(lambda _request, _try: wrong, latency_s=0.1, width=8)
    ran = Ran(server, 2000)
    assert ran.kinds() == {"authentication": 8, "not_run": 1992}
    assert len(server.sent) == 8


def test_wrong_parameters_are_told_after_three_calls() -> None:
    wrong = BackendError("HTTP 400", kind="rejected", status=400)
    server = Server(lambda _request, _try: wrong, latency_s=0.1, width=1)
    assert Ran(server, 2000).kinds() == {"not_run": 1997, "rejected": 3}


def test_prompt_that_crashes_the_server_each_time_does_not_stop_the_others() -> None:
    crash = BackendError("HTTP 500", kind="server", retryable=True, status=500)

    def answers(request: Request, _try: int) -> BackendError | Generation:
        return crash if 20 <= int(request.sample_id) < 26 else ANSWER

    ran = Ran(Server(answers, latency_s=0.1, width=1), 60)
    assert ran.kinds() == {"answered": 54, "server": 6}
    assert ran.traffic.stopped is None


def test_prompt_that_never_ends_does_not_stop_the_others() -> None:
    late = BackendError("no answer within 60 s", kind="timeout", retryable=True)

    def answers(request: Request, _try: int) -> BackendError | Generation:
        return late if request.sample_id == "20" else ANSWER

    ran = Ran(Server(answers, latency_s=0.1, width=1), 60)
    assert ran.kinds() == {"answered": 59, "timeout": 1}
    assert ran.traffic.progress().pauses == 0


@pytest.mark.parametrize("seed", range(5))
def test_random_failures_of_a_sixth_of_all_calls_cost_no_trial(seed: int) -> None:
    random = chance(seed)

    def answers(_request: Request, _try: int) -> BackendError | Generation:
        drawn = random.random()
        return slow(0.2) if drawn < 0.1 else BUSY if drawn < 0.15 else DOWN if drawn < 0.17 else ANSWER

    ran = Ran(Server(answers, latency_s=0.2), 500, max_retries=6)
    assert ran.kinds() == {"answered": 500}


def test_backend_that_keeps_its_own_timeout_may_wait_before_it_sends() -> None:
    server = Server(lambda _request, _try: ANSWER, latency_s=1000, timeout_s=60, width=1)
    assert Ran(server, 1, max_retries=0).kinds() == {"timeout": 1}
    server.keeps_timeout = True  # type: ignore[attr-defined]
    assert Ran(server, 1, max_retries=0).kinds() == {"answered": 1}


def test_call_that_is_cancelled_gives_its_place_back() -> None:
    async def work() -> None:
        server = Server(lambda _request, _try: ANSWER, latency_s=10)
        of = Traffic(server.spec, 1, clock=asyncio.get_running_loop().time)
        request = Request((Message("user", "q"),), "0", "v", 1)

        def start() -> asyncio.Task[Generation]:
            return asyncio.ensure_future(call(server, request, Line(of, 0, chance(0), lambda _is_again: None)))

        first, second = start(), start()
        await asyncio.sleep(1)
        first.cancel()
        assert await second == ANSWER
        assert now_s() == 11

    simulate(work())
