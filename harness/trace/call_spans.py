"""Model calls and the steps inside them as spans, by OpenTelemetry's semantic conventions for generative AI.

Source: semantic-conventions-genai, `gen-ai-spans.md` (status: development). One span covers the call with all its
tries; where there was more than one, each is a span below it. What they have no name for is `prompt_suite.*`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from harness.schema import Span
from harness.trace.steps import Call, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from harness.schema import AttributeValue, BackendSpec, Generation, Message, SpanKind
    from harness.trace.steps import Step
    from harness.trace.trial import CallTrace

Place = tuple[str, str]
"""A trace and a span in it."""
_REQUEST = ("frequency_penalty", "max_tokens", "presence_penalty", "seed", "temperature", "top_k", "top_p")
"""Parameters that the conventions know under their own names, `gen_ai.request.…`."""
_AZURE = (".openai.azure.com", ".cognitiveservices.azure.com")
_IN_PROCESS = frozenset({"callable", "replay"})
"""Providers whose calls leave this process for nothing."""
_TEXTS = {
    "tool": ("gen_ai.tool.call.arguments", "gen_ai.tool.call.result"),
    "retrieval": ("gen_ai.retrieval.query.text", "prompt_suite.output"),
}
"""Attributes of a step's input and output, by its kind."""
_OPERATIONS = {"tool": "execute_tool", "retrieval": "retrieval", "llm": "chat"}
_COUNTS = {
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "cached_input_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cost_usd": "prompt_suite.cost_usd",
}


def backend_attributes(spec: BackendSpec) -> dict[str, AttributeValue | None]:
    """What every call to this backend has in common."""
    address = urlsplit(spec.base_url) if spec.base_url else None
    azure = address is not None and (address.hostname or "").endswith(_AZURE)
    attributes: dict[str, AttributeValue | None] = {
        "gen_ai.operation.name": "invoke_workflow" if spec.provider == "callable" else "chat",
        "gen_ai.provider.name": "azure.ai.openai" if azure else spec.provider,
        "gen_ai.request.model": spec.model or None,
    }
    for name in _REQUEST:
        value = spec.params.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            attributes[f"gen_ai.request.{name}"] = value
    if address is not None:
        attributes["server.address"] = address.hostname
        attributes["server.port"] = address.port or (443 if address.scheme == "https" else 80)
    return attributes


def call_spans(
    call: CallTrace, above: Place, *, common: Mapping[str, Any], clean: Callable[[str], str]
) -> Iterator[Span]:
    """The call, its tries where there were several, and their steps; nothing of a call that was never sent.

    `above` is the trace and the span that the call is part of.
    """
    attempts = call.attempts
    if not attempts:
        return
    last = attempts[-1]
    attributes = _call_attributes(call, last, clean)
    error = _error(last, attributes, clean)
    kind: SpanKind = "internal" if call.spec.provider in _IN_PROCESS else "client"
    name = f"{common['gen_ai.operation.name']} {call.spec.model or call.spec.name}"
    times = (attempts[0].began_ns, last.ended_ns)
    yield Span(above[0], call.span_id, above[1], name, kind, *times, attributes, common, error=error)
    if len(attempts) == 1:
        yield from _steps(last, (above[0], call.span_id), clean)
        return
    for number, attempt in enumerate(attempts, 1):
        own: dict[str, Any] = {"prompt_suite.attempt": number}
        error = _error(attempt, own, clean)
        place = (above[0], attempt.ids.span())
        times = (attempt.began_ns, attempt.ended_ns)
        yield Span(above[0], place[1], call.span_id, f"attempt {number}", kind, *times, own, error=error)
        yield from _steps(attempt, place, clean)


def _call_attributes(call: CallTrace, last: Call, clean: Callable[[str], str]) -> dict[str, Any]:
    attributes = _usage(last.answer)
    if last.with_text:
        attributes["gen_ai.input.messages"] = clean(messages_text(call.messages))
        if last.answer is not None:
            attributes["gen_ai.output.messages"] = clean(answer_text(last.answer))
    if len(call.attempts) > 1:
        attributes["prompt_suite.retries"] = len(call.attempts) - 1
    if last.n_left_out:
        attributes["prompt_suite.steps_left_out"] = last.n_left_out
    attributes.update(_notes(last, clean))
    return attributes


def _notes(step: Step, clean: Callable[[str], str]) -> dict[str, Any]:
    """A step's further attributes; what no attribute can hold is shown as text."""
    kept = (bool, int, float)
    if step.notes is None:
        return {}
    return {name: note if type(note) in kept else clean(shown(note)) for name, note in step.notes.items()}


def messages_text(messages: Sequence[Message]) -> str:
    """Messages as the conventions write them: roles with parts."""
    return _json([{"role": one.role, "parts": [{"type": "text", "content": one.content}]} for one in messages])


def answer_text(answer: Generation) -> str:
    """An answer as the conventions write it."""
    message: dict[str, Any] = {"role": "assistant", "parts": [{"type": "text", "content": answer.text}]}
    return _json([{**message, "finish_reason": answer.finish_reason or "unknown"}])


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # half a surrogate pair, which no UTF-8 can hold
        import json

        return json.dumps(value)


def _usage(answer: Generation | None) -> dict[str, Any]:
    if answer is None:
        return {}
    return {
        "gen_ai.response.finish_reasons": (answer.finish_reason,) if answer.finish_reason else None,
        "gen_ai.usage.input_tokens": answer.input_tokens,
        "gen_ai.usage.output_tokens": answer.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": answer.cached_input_tokens,
        "prompt_suite.cost_usd": answer.cost_usd,
    }


def _error(attempt: Call, attributes: dict[str, Any], clean: Callable[[str], str]) -> str | None:
    if attempt.error is None:
        return None
    attributes["error.type"] = attempt.error_type
    return clean(attempt.error)


def _steps(call: Call, above: Place, clean: Callable[[str], str]) -> Iterator[Span]:
    for step in tuple(call.steps or ()):  # one that ends late may still be added
        first = step.parent is None or isinstance(step.parent, Call)
        attributes = _step_attributes(step, clean)
        error = None if step.error is None else clean(step.error)
        times = (step.began_ns, step.ended_ns)
        parent_id = above[1] if first or step.parent is None else step.parent.span_id
        name = _step_name(step)
        yield Span(above[0], step.span_id, parent_id, name, "internal", *times, attributes, error=error)


def _step_name(step: Step) -> str:
    operation = _OPERATIONS.get(step.kind)
    model = (step.facts or {}).get("model") if step.kind == "llm" else None
    return f"{operation} {model or step.name}" if operation else step.name


def _step_attributes(step: Step, clean: Callable[[str], str]) -> dict[str, Any]:
    facts = step.facts or {}
    model = facts.get("model")
    attributes: dict[str, Any] = {
        "gen_ai.operation.name": _OPERATIONS.get(step.kind),
        "gen_ai.tool.name": step.name if step.kind == "tool" else None,
        "gen_ai.request.model": None if model is None else str(model),
    }
    for fact, name in _COUNTS.items():
        value = facts.get(fact)
        attributes[name] = value if type(value) in (int, float) else None
    texts = _TEXTS.get(step.kind, ("prompt_suite.input", "prompt_suite.output"))
    for name, text in zip(texts, (step.input, step.output), strict=True):
        attributes[name] = None if text is None else clean(text)
    attributes.update(_notes(step, clean))
    if step.error is not None:
        attributes["error.type"] = step.error.partition(":")[0]
    return attributes
