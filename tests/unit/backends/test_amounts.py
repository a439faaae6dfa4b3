from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from harness.backends.amounts import is_amount, is_count
from harness.backends.chat_answer import read_answer
from harness.backends.endpoint import Endpoint
from harness.errors import BackendError

if TYPE_CHECKING:
    from harness.schema import Generation

HUGE = 10**400
ENDPOINT = Endpoint("backend 'local'", "http://127.0.0.1:1/v1/chat/completions", 1, 60.0)


def read(body: Any) -> Generation:
    return read_answer(json.dumps(body).encode(), ENDPOINT, price=None, latency_s=0.1, started_at="")


@pytest.mark.parametrize(
    ("number", "count", "amount"),
    [
        (0, True, True),
        (2**63 - 1, True, False),
        (2**63, False, False),
        (HUGE, False, False),
        (-1, False, False),
        (1.0, False, True),
        (1e12, False, True),
        (1e300, False, False),
        (-0.5, False, False),
        (float("inf"), False, False),
        (float("nan"), False, False),
        (True, False, False),
        ("1", False, False),
        (None, False, False),
    ],
)
def test_numbers_that_are_counts_or_amounts(*, number: object, count: bool, amount: bool) -> None:
    assert (is_count(number), is_amount(number)) == (count, amount)


@pytest.mark.parametrize("tokens", [HUGE, 2**63, -1, 1.5, True, "7", None, [7]])
def test_usage_that_is_no_count_is_unknown(tokens: object) -> None:
    usage = {"prompt_tokens": tokens, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": tokens}}
    answer = read({"choices": [{"message": {"content": "x"}}], "usage": usage})
    assert (answer.input_tokens, answer.output_tokens, answer.cached_input_tokens) == (None, 2, None)


def test_logprob_beyond_a_float_is_malformed() -> None:
    logprobs = {"content": [{"token": "x", "logprob": HUGE}]}
    with pytest.raises(BackendError) as caught:
        read({"choices": [{"message": {"content": "x"}, "logprobs": logprobs}]})
    assert caught.value.kind == "unreadable"
    assert str(caught.value).startswith("backend 'local': the answer's logprobs are malformed (OverflowError: ")
