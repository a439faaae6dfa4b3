"""Whether a generation is what it should be, wherever it comes from: another's backend, or a row of the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.backends.amounts import is_amount, is_count
from harness.schema import Generation
from harness.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

_FIELDS: dict[str, Callable[[object], bool]] = {
    "text": lambda value: isinstance(value, str),
    "finish_reason": lambda value: value is None or isinstance(value, str),
    "latency_s": lambda value: value is None or is_amount(value),
    "input_tokens": lambda value: value is None or is_count(value),
    "output_tokens": lambda value: value is None or is_count(value),
    "cached_input_tokens": lambda value: value is None or is_count(value),
    "cost_usd": lambda value: value is None or is_amount(value),
    "from_cache": lambda value: isinstance(value, bool),
    "retries": is_count,
    "started_at": lambda value: isinstance(value, str),
    "logprobs": lambda value: isinstance(value, tuple),
}


def flaw_of(generation: object) -> str | None:
    """What is wrong with it, as a message goes on after `returned`; None when nothing is.

    >>> flaw_of(Generation(text="x")), flaw_of(Generation(text="x", output_tokens=-1))
    (None, 'a generation whose output_tokens is -1')
    """
    if not isinstance(generation, Generation):
        return f"a {type(generation).__name__}, not a generation"
    for name, is_sound in _FIELDS.items():
        value = getattr(generation, name)
        if not is_sound(value):
            return f"a generation whose {name} is {one_line(repr(value), longest=60)}"
    return None
