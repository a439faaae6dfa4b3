"""The most that a call can cost, from what is known before it is made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from msgspec import Struct

from harness.backends import is_count, tariff_of, unknown_price
from harness.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.backends import Backend, Tariff
    from harness.schema import BackendSpec, Message

_TOKENS_A_MESSAGE = 16
"""Tokens that a chat template puts around a message: 3 or 4 with OpenAI (its cookbook, "counting tokens"), up to 10
with Llama 3's and Mistral's."""
_TOKENS_A_CALL = 64
"""Tokens that a chat template puts before and after a conversation: OpenAI 3, Llama 3.1's dates about 30."""
_OUTPUT_LIMITS = ("max_tokens", "max_completion_tokens")
"""Parameters that bound the answer; where both are set, the greater one counts."""
_NO_PARAMS: Mapping[str, object] = {}


class Ceiling(Struct, frozen=True):
    """The most that calls of one backend can cost."""

    tariff: Tariff | None
    """The prices; None where only `fallback_usd` says what a call may cost."""
    output_tokens: int
    """Most tokens of an answer."""
    further_tokens: int
    """Most input tokens beside the messages: those of a schema, of tools, of the chat template."""
    fallback_usd: float = 0.0
    """What each call may cost where there is no tariff."""

    def most_usd(self, messages: Sequence[Message], params: Mapping[str, object] = _NO_PARAMS) -> float:
        """Most USD that a call with these messages, and parameters of its own, can cost.

        No tokenizer of the field makes more tokens of a text than it has bytes in UTF-8.
        """
        if self.tariff is None:
            return self.fallback_usd
        tokens = self.further_tokens
        for message in messages:
            text = message.content
            tokens += _TOKENS_A_MESSAGE + (len(text) if text.isascii() else len(text.encode("utf-8", "replace")))
        if not params:
            return self.tariff.most_usd(tokens, self.output_tokens)
        own = max(_output_limits(params), default=self.output_tokens)
        return self.tariff.most_usd(tokens + _size_of(params), max(own, self.output_tokens))


def ceiling_of(backend: Backend, *, limit_setting: str, request_limit_usd: float | None = None) -> Ceiling | None:
    """The backend's ceiling; None when its calls cost nothing.

    A function of the user's own tells what a call cost only afterwards: it is reckoned with `request_limit_usd`.

    Raises:
        UsageError: what a call may cost cannot be told; the text says what to add, and that `limit_setting` asks it.

    """
    spec = backend.spec
    if not getattr(backend, "paid", True):
        return None
    tariff = tariff_of(spec)
    if tariff is not None and tariff.most_usd(1, 1) == 0:
        return None
    if spec.provider == "callable":
        if request_limit_usd is not None:
            return Ceiling(None, 0, 0, request_limit_usd)
        raise UsageError(
            f"backend '{spec.name}': what a call of {spec.function} may cost is not known before it is made, and "
            f"{limit_setting} is set; set prompt_request_limit to the most that one call costs, or write "
            "price: {input: 0, output: 0} where it costs nothing"
        )
    if tariff is None:
        consequence = f", and {limit_setting} is set: a call that may cost anything is not made"
        raise UsageError(unknown_price(spec, consequence))
    return Ceiling(tariff, _most_output(spec, tariff, limit_setting), _TOKENS_A_CALL + _size_of(spec.params))


def _most_output(spec: BackendSpec, tariff: Tariff, limit_setting: str) -> int:
    if tariff.most_usd(0, 1) == tariff.most_usd(0, 0):
        return 0
    if limits := _output_limits(spec.params):
        return max(limits)
    raise UsageError(
        f"backend '{spec.name}': no max_tokens is set, so that what an answer of model '{spec.model}' may cost has no "
        f"end, and {limit_setting} is set; add it, for example params: {{max_tokens: 512}} (or max_completion_tokens)"
    )


def _output_limits(params: Mapping[str, object]) -> list[int]:
    return [limit for name in _OUTPUT_LIMITS if is_count(limit := params.get(name))]


def _size_of(params: Mapping[str, object]) -> int:
    """Bytes of the parameters: a schema or tools among them become input tokens."""
    return len(json.dumps(dict(params), default=str))
