"""The body of a chat completion, read into a Generation."""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING, Any

import orjson

from harness.backends.amounts import is_count
from harness.backends.pricing import cost_usd
from harness.errors import BackendError
from harness.schema import Generation, TokenLogprob
from harness.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.backends.endpoint import Endpoint
    from harness.schema import Price


def read_answer(
    content: bytes, endpoint: Endpoint, *, price: Price | None, latency_s: float, started_at: str
) -> Generation:
    """The first choice of a chat completion (OpenAI API reference, `POST /chat/completions`, not streamed).

    A refusal or a tool call has no content: its text is empty and finish_reason says why.

    Raises:
        BackendError: `unreadable`, when the body is not JSON or not a chat completion.

    """
    body = _json(content, endpoint)
    choice = _choice(body, endpoint)
    usage = body.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    details = usage.get("prompt_tokens_details")
    input_tokens, output_tokens = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    cached = _count(details.get("cached_tokens")) if isinstance(details, dict) else None
    reason = choice.get("finish_reason")
    return Generation(
        text=_text(choice, endpoint),
        finish_reason=sys.intern(one_line(reason)) if isinstance(reason, str) else None,
        latency_s=latency_s,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_input_tokens=cached,
        cost_usd=cost_usd(price, input_tokens, output_tokens, cached_input_tokens=cached),
        started_at=started_at,
        logprobs=_logprobs(choice.get("logprobs"), endpoint),
    )


def _parsed(content: bytes) -> Any:
    """What the JSON says; orjson refuses halves of surrogate pairs and long numbers, which models and servers send."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return json.loads(content)


def _json(content: bytes, endpoint: Endpoint) -> Mapping[str, Any]:
    try:
        body = _parsed(content)
    except (ValueError, RecursionError):
        raise _unreadable(endpoint, f"the answer is not JSON: {_shown(content, endpoint)}", retryable=True) from None
    if not isinstance(body, dict):
        raise _unreadable(endpoint, f"the answer is not a JSON object: {_shown(content, endpoint)}")
    return body


def _shown(content: bytes, endpoint: Endpoint) -> str:
    return repr(one_line(content[:4096].decode("utf-8", "replace"), secret=endpoint.key, longest=120))


def _choice(body: Mapping[str, Any], endpoint: Endpoint) -> Mapping[str, Any]:
    choices = body.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return choices[0]
    if body.get("error"):  # some proxies send their errors with status 200
        shown = one_line(json.dumps(body["error"]), secret=endpoint.key)
        raise _unreadable(endpoint, f"the answer is an error with status 200: {shown}", retryable=True)
    raise _unreadable(endpoint, f"the answer has no choices; its keys are {', '.join(sorted(body)[:12]) or 'none'}")


def _text(choice: Mapping[str, Any], endpoint: Endpoint) -> str:
    message = choice.get("message")
    if not isinstance(message, dict):
        raise _unreadable(endpoint, "the answer's first choice has no message")
    content = message.get("content")
    if isinstance(content, list):  # parts, as some servers send them
        content = "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    if content is None:
        return ""
    if not isinstance(content, str):
        raise _unreadable(endpoint, f"the answer's content is a {type(content).__name__}, not text")
    return _encodable(content)


def _logprobs(logprobs: Any, endpoint: Endpoint) -> tuple[TokenLogprob, ...]:
    entries = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not entries:
        return ()
    try:
        return tuple(
            TokenLogprob(
                token=_encodable(entry["token"]),
                logprob=_finite(entry["logprob"]),
                top=tuple((_encodable(e["token"]), _finite(e["logprob"])) for e in entry.get("top_logprobs") or ()),
            )
            for entry in entries
        )
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise _unreadable(endpoint, f"the answer's logprobs are malformed ({type(error).__name__}: {error})") from error


def _finite(number: Any) -> float:
    if not math.isfinite(number):
        raise ValueError(f"{number} is not finite")
    return float(number)


def _count(number: Any) -> int | None:
    return number if is_count(number) else None


def _encodable(text: str) -> str:
    r"""`text`, with lone surrogates (`"\ud800"` in JSON) replaced: no file could hold them."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _unreadable(endpoint: Endpoint, what: str, *, retryable: bool = False) -> BackendError:
    return BackendError(
        f"{endpoint.label}: {what} (from {endpoint.shown_url}); check that base_url is an OpenAI-compatible API",
        kind="unreadable",
        retryable=retryable,
    )
