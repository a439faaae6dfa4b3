from __future__ import annotations

import asyncio
import gzip
import json
import re
import socket
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from harness.backends import create
from harness.errors import BackendError
from harness.schema import Price, TokenLogprob
from tests.servers.openai_server import Behaviour

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.schema import BackendSpec, Generation, Request
    from tests.servers.openai_server import FakeServer

    SpecOf = Callable[..., BackendSpec]


def ask(spec: BackendSpec, request: Request) -> Generation:
    async def once() -> Generation:
        backend = create(spec)
        await backend.start()
        try:
            return await backend.generate(request)
        finally:
            await backend.stop()

    return asyncio.run(once())


def failure(spec: BackendSpec, request: Request) -> BackendError:
    with pytest.raises(BackendError) as caught:
        ask(spec, request)
    assert "\n" not in str(caught.value)
    assert "sekret" not in str(caught.value)
    return caught.value


def test_answer_carries_text_usage_cost_and_finish_reason(openai_spec: SpecOf, request_: Request) -> None:
    answer = ask(openai_spec(price=Price(input=1.0, output=10.0, cached_input=0.5)), request_)
    assert (answer.text, answer.finish_reason) == ("positive", "stop")
    assert (answer.input_tokens, answer.output_tokens, answer.cached_input_tokens) == (20, 2, 8)
    assert answer.cost_usd == pytest.approx((12 * 1.0 + 8 * 0.5 + 2 * 10.0) / 1e6)
    assert answer.latency_s is not None
    assert answer.latency_s > 0
    assert datetime.fromisoformat(answer.started_at).tzinfo is not None


def test_params_of_the_request_are_laid_over_the_entrys_own(
    openai_spec: SpecOf, server: FakeServer, request_: Request
) -> None:
    params = {"temperature": 1, "logprobs": True, "model": "another"}
    ask(openai_spec(params={"temperature": 0, "seed": 0}), replace(request_, params=params))
    sent = server.requests[0].body
    assert {name: sent[name] for name in ("temperature", "seed", "logprobs")} == {
        "temperature": 1, "seed": 0, "logprobs": True
    }  # fmt: skip
    assert sent["model"] == openai_spec().model


def test_every_param_is_passed_through_beside_model_and_messages(
    openai_spec: SpecOf, server: FakeServer, request_: Request
) -> None:
    params = {"temperature": 0, "seed": 0, "stop": ["\n"], "response_format": {"type": "json_object"}, "top_k": 1}
    ask(openai_spec(params=params), request_)
    assert server.requests[0].body == {
        **params,
        "model": "my-model",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Bonjour, ça va ?"}],
    }


def test_key_of_the_named_variable_is_sent_and_never_shown(
    openai_spec: SpecOf, server: FakeServer, request_: Request, *, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_KEY", "sekret\n")
    spec = openai_spec(api_key_env="LOCAL_KEY")
    ask(spec, request_)
    assert server.requests[0].headers["Authorization"] == "Bearer sekret"
    server.script(Behaviour(status=401, body=b'{"error": {"message": "Incorrect API key provided: sekret."}}'))
    error = failure(spec, request_)
    assert str(error) == (
        f"backend 'local': HTTP 401 Unauthorized from {server.base_url}/chat/completions: "
        "Incorrect API key provided: ***.; check the key in LOCAL_KEY"
    )
    assert (error.kind, error.retryable) == ("authentication", False)
    assert "sekret" not in repr(create(spec).identity())


@pytest.mark.parametrize(("value", "state"), [(None, "not set"), ("  ", "empty")])
def test_missing_key_names_the_variable_before_any_call(
    openai_spec: SpecOf,
    server: FakeServer,
    request_: Request,
    *,
    monkeypatch: pytest.MonkeyPatch,
    value: str | None,
    state: str,
) -> None:
    monkeypatch.delenv("LOCAL_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("LOCAL_KEY", value)
    error = failure(openai_spec(api_key_env="LOCAL_KEY"), request_)
    assert str(error) == f"backend 'local': the environment variable LOCAL_KEY (api_key_env) is {state}; export it"
    assert error.kind == "authentication"
    assert server.count == 0


def test_key_with_a_line_break_inside_is_refused_without_showing_it(
    openai_spec: SpecOf, request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_KEY", "sekret\nX-Evil: 1")
    error = failure(openai_spec(api_key_env="LOCAL_KEY"), request_)
    assert "characters that no HTTP header can carry" in str(error)


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (400, "rejected", False),
        (401, "authentication", False),
        (403, "authentication", False),
        (404, "rejected", False),
        (408, "server", True),
        (409, "server", True),
        (413, "rejected", False),
        (422, "rejected", False),
        (429, "rate_limited", True),
        (500, "server", True),
        (502, "server", True),
        (503, "server", True),
        (504, "server", True),
        (529, "server", True),
        (204, "unreadable", False),
        (302, "rejected", False),
    ],
)
def test_each_status_is_a_typed_error(
    openai_spec: SpecOf, server: FakeServer, request_: Request, *, status: int, kind: str, retryable: bool
) -> None:
    server.script(Behaviour(status=status))
    error = failure(openai_spec(), request_)
    assert (error.kind, error.retryable) == (kind, retryable)
    assert f"HTTP {status}" in str(error)
    if status not in (204, 302):
        assert f"scripted {status}" in str(error)


def test_used_up_quota_is_not_tried_again(openai_spec: SpecOf, server: FakeServer, request_: Request) -> None:
    server.script(Behaviour(status=429, body=b'{"error": {"message": "quota", "code": "insufficient_quota"}}'))
    error = failure(openai_spec(), request_)
    assert (error.kind, error.retryable) == ("rate_limited", False)


def test_failure_carries_status_and_the_providers_word(
    openai_spec: SpecOf, server: FakeServer, request_: Request
) -> None:
    server.script(Behaviour(status=400, body=b'{"error": {"message": "x", "code": "content_filter"}}'))
    error = failure(openai_spec(), request_)
    assert (error.status, error.code, error.may_be_billed) == (400, "content_filter", False)


def test_server_text_is_cut_and_made_harmless(openai_spec: SpecOf, server: FakeServer, request_: Request) -> None:
    body = json.dumps({"error": {"message": "bad\r\n\x1b[31mred " + "x" * 1000}}).encode()
    server.script(Behaviour(status=400, body=body))
    text = str(failure(openai_spec(), request_))
    assert "bad \\x1b[31mred xxx" in text
    assert len(text) < 450


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>502</html>", "the answer is not JSON: '<html>502</html>'"),
        (b"", "the answer is not JSON: ''"),
        (b"\xff\xfe", "the answer is not JSON"),
        (b"[" * 100_000, "the answer is not JSON"),
        (b"[1]", "the answer is not a JSON object: '[1]'"),
        (b"null", "the answer is not a JSON object: 'null'"),
        (b'{"object": "x"}', "the answer has no choices; its keys are object"),
        (b'{"choices": []}', "the answer has no choices"),
        (b'{"choices": [{"index": 0}]}', "the answer's first choice has no message"),
        (b'{"choices": [{"message": {"content": 5}}]}', "the answer's content is a int, not text"),
        (b'{"error": {"message": "overloaded"}}', "the answer is an error with status 200"),
        (
            b'{"choices": [{"message": {"content": "x"}, "logprobs": {"content": [{"token": "x"}]}}]}',
            "the answer's logprobs are malformed",
        ),
        (
            b'{"choices": [{"message": {"content": "x"}, "logprobs": {"content": [{"token": "x", "logprob": NaN}]}}]}',
            "the answer's logprobs are malformed",
        ),
    ],
)
def test_body_that_is_no_chat_completion_is_unreadable(
    openai_spec: SpecOf, server: FakeServer, request_: Request, *, body: bytes, said: str
) -> None:
    server.script(Behaviour(body=body))
    error = failure(openai_spec(), request_)
    assert error.kind == "unreadable"
    assert said in str(error)


@pytest.mark.parametrize("packed", [False, True])
def test_answer_without_end_is_cut_off(
    openai_spec: SpecOf, server: FakeServer, request_: Request, *, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    monkeypatch.setattr("harness.backends.http.connection.MOST_BODY", 2**20)
    body = b" " * (3 * 2**20)
    server.script(
        Behaviour(body=gzip.compress(body), headers={"Content-Encoding": "gzip"}) if packed else Behaviour(body=body)
    )
    error = failure(openai_spec(), request_)
    assert (error.kind, error.retryable) == ("unreadable", False)
    assert str(error) == (
        f"backend 'local': the answer is larger than 1 MiB (from {server.base_url}/chat/completions); "
        "check that base_url is an OpenAI-compatible API"
    )


def test_finish_reason_is_one_harmless_line(openai_spec: SpecOf, server: FakeServer, request_: Request) -> None:
    server.script(Behaviour(finish_reason="a\n\x1b[31m\ud800"))
    assert ask(openai_spec(), request_).finish_reason == "a \\x1b[31m\\ud800"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"role": "assistant", "content": None, "refusal": "I cannot"}, "content_filter"),
        ({"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}, "tool_calls"),
        ({"role": "assistant"}, "stop"),
    ],
)
def test_answer_without_content_is_empty_text_with_its_reason(
    openai_spec: SpecOf, server: FakeServer, request_: Request, *, message: dict[str, Any], reason: str
) -> None:
    server.script(Behaviour(message=message, finish_reason=reason))
    answer = ask(openai_spec(), request_)
    assert (answer.text, answer.finish_reason) == ("", reason)


def test_content_in_parts_is_joined(openai_spec: SpecOf, server: FakeServer, request_: Request) -> None:
    server.script(Behaviour(message={"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}))
    assert ask(openai_spec(), request_).text == "ab"


def test_lone_surrogate_in_an_answer_is_replaced_and_pairs_are_kept(
    openai_spec: SpecOf, server: FakeServer, request_: Request
) -> None:
    server.script(Behaviour(body=b'{"choices": [{"message": {"content": "a\\ud800b \\ud83d\\ude00"}}]}'))
    assert ask(openai_spec(), request_).text == "a\ufffdb \U0001f600"


@pytest.mark.parametrize("usage", [None, {"prompt_tokens": "20", "completion_tokens": True}, {"prompt_tokens": -1}])
def test_unknown_usage_means_unknown_cost(
    openai_spec: SpecOf, server: FakeServer, request_: Request, *, usage: dict[str, Any] | None
) -> None:
    server.script(Behaviour(usage=usage))
    answer = ask(openai_spec(price=Price(1.0, 1.0)), request_)
    assert (answer.input_tokens, answer.output_tokens, answer.cached_input_tokens) == (None, None, None)
    assert answer.cost_usd is None


def test_logprobs_are_kept_with_their_alternatives(openai_spec: SpecOf, server: FakeServer, request_: Request) -> None:
    server.script(Behaviour(text="yes", logprobs=(("yes", -0.25),)))
    assert ask(openai_spec(), request_).logprobs == ()
    answer = ask(openai_spec(params={"logprobs": True, "top_logprobs": 1}), request_)
    assert answer.logprobs == (TokenLogprob("yes", -0.25, (("yes", -0.25),)),)


@pytest.mark.parametrize("fault", ["cut", "reset"])
def test_lost_connection_is_a_connection_error_worth_a_retry(
    openai_spec: SpecOf, server: FakeServer, request_: Request, *, fault: Any
) -> None:
    server.script(Behaviour(fault=fault))
    error = failure(openai_spec(), request_)
    assert (error.kind, error.retryable) == ("connection", True)
    assert ("cut in the middle of the answer" in str(error)) == (fault == "cut")


def test_timeout_fires_on_a_server_that_hangs(openai_spec: SpecOf, server: FakeServer, request_: Request) -> None:
    server.script(Behaviour(fault="hang"))
    error = failure(openai_spec(timeout_s=0.2), request_)
    url = f"{server.base_url}/chat/completions"
    assert str(error) == f"backend 'local': no answer from {url} within 0.2 s; raise timeout_s if it needs longer"
    assert (error.kind, error.retryable) == ("timeout", True)


def test_refused_connection_says_to_check_the_server(openai_spec: SpecOf, request_: Request) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    error = failure(openai_spec(base_url=f"http://127.0.0.1:{port}/v1"), request_)
    assert (error.kind, error.retryable) == ("connection", True)
    assert re.search(r"no connection to http://127\.0\.0\.1:\d+/v1/chat/completions \(.*\); check that the", str(error))


def test_query_of_base_url_is_kept_and_left_out_of_messages(
    openai_spec: SpecOf, server: FakeServer, request_: Request
) -> None:
    url = f"http://127.0.0.1:{server.port}/openai/deployments/d?api-version=2024-10-21"
    ask(openai_spec(base_url=url), request_)
    assert server.requests[0].path == "/openai/deployments/d/chat/completions?api-version=2024-10-21"
    server.script(Behaviour(status=404))
    text = str(failure(openai_spec(base_url=url), request_))
    assert "api-version" not in text
    assert text.endswith("; check base_url and model")


def test_azure_takes_the_key_in_its_own_header(openai_spec: SpecOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_KEY", "sekret")
    spec = openai_spec(base_url="https://x.openai.azure.com/openai/v1", api_key_env="AZURE_KEY")
    backend: Any = create(spec)
    endpoint = backend._endpoint()
    assert endpoint.headers()["api-key"] == "sekret"
    assert "Authorization" not in endpoint.headers()
    assert "sekret" not in repr(endpoint)


def test_long_prompt_is_sent_without_a_warning(openai_spec: SpecOf, server: FakeServer) -> None:
    from harness.schema import Message, Request

    ask(openai_spec(), Request((Message("user", "x" * 3_000_000),), "s", "v", 1))
    assert len(server.requests[0].body["messages"][0]["content"]) == 3_000_000


def test_number_of_calls_in_flight_is_left_to_the_caller(
    openai_spec: SpecOf, server: FakeServer, request_: Request
) -> None:
    server.script(Behaviour(latency_ms=200))

    async def many() -> None:
        backend = create(openai_spec(max_concurrency=4))
        assert backend.concurrency == 4
        await asyncio.gather(*(backend.generate(request_) for _ in range(12)))
        await backend.stop()

    asyncio.run(many())
    assert server.most_in_flight == 12


def test_cancelled_call_leaves_the_backend_usable(openai_spec: SpecOf, server: FakeServer, request_: Request) -> None:
    server.script(Behaviour(fault="hang"), Behaviour())

    async def cancel_then_ask() -> str:
        backend = create(openai_spec(max_concurrency=1))
        call = asyncio.create_task(backend.generate(request_))
        while server.in_flight == 0:  # noqa: ASYNC110 - the server lives in another thread
            await asyncio.sleep(0.005)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        text = (await backend.generate(request_)).text
        await backend.stop()
        await backend.stop()
        return text

    assert asyncio.run(cancel_then_ask()) == "positive"


def test_identity_holds_what_changes_answers_and_nothing_else(openai_spec: SpecOf, server: FakeServer) -> None:
    base = create(openai_spec(params={"seed": 0})).identity()
    assert json.loads(json.dumps(base)) == base
    same = openai_spec(name="other", params={"seed": 0}, timeout_s=9.0, max_concurrency=3, price=Price(1, 1))
    assert create(same).identity() == base
    for changed in (
        openai_spec(params={"seed": 1}),
        openai_spec(params={}),
        openai_spec(params={"seed": 0}, model="m2"),
        openai_spec(params={"seed": 0}, base_url=server.base_url + "/x"),
    ):
        assert create(changed).identity() != base
