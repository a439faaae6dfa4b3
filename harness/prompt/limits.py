"""How much work one template may do, counted where it is done: no signals, no threads, any operating system.

The unit is a step: one turn of a loop, one call, one filter, one operator, or 100 characters handled. Steps decide, so
that a template fails on every machine or on none; the clock (CPU time of the thread, which a busy or sleeping machine
does not move) is only the second net.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NoReturn

MAX_STEPS = 500_000
"""About a second of work; a prompt of 1,000 documents in a loop takes some 10,000."""
MAX_SIZE = 4_000_000
"""Characters of one value or message, containers counted with all they hold: about a million tokens."""
MAX_ITEMS = 500_000
"""Items of one list, at all depths."""
MAX_SECONDS = 5.0
"""CPU seconds of one message."""
MAX_DEPTH = 50
"""Calls inside calls (macros, recursive loops): five Python frames each, well below the interpreter's limit."""
MAX_BITS = 1024
"""Size of an integer: about 308 digits, as large as a float gets."""

_STEPS_BETWEEN_LOOKS = 1_000
_CHARACTERS_A_STEP = 100
_ITEMS_A_STEP = 4
_SEQUENCES = frozenset({list, tuple, set, frozenset, type({}.keys()), type({}.values()), type({}.items())})
_KINDS = (str, dict, list, tuple, range)


class LimitError(Exception):
    """A template went over a limit; the text is `what; allowed; what to do`."""


def refuse(what: str, allowed: str) -> NoReturn:
    """Raise a LimitError that says what the template did and what it may."""
    raise LimitError(f"the template {what}; allowed: {allowed}; make it smaller or prepare the text in the dataset")


class Budget:
    """What one rendering may still do."""

    __slots__ = ("_deadline", "_depth", "_left", "_next_look", "_written")

    def __init__(self) -> None:
        """A full budget; the clock starts at the first look at it."""
        self._left = MAX_STEPS
        self._next_look = MAX_STEPS - _STEPS_BETWEEN_LOOKS
        self._deadline: float | None = None
        self._depth = 0
        self._written = 0

    def spend(self, steps: int) -> None:
        """Count `steps`; raises LimitError when the steps or the time are used up."""
        self._left -= steps
        if self._left < self._next_look:
            self._look()

    def _look(self) -> None:
        if self._left < 0:
            refuse(f"takes more than {MAX_STEPS:,} steps", "loops, calls and filters that come to an end soon")
        now = time.thread_time()
        if self._deadline is None:
            self._deadline = now + MAX_SECONDS
        elif now > self._deadline:
            refuse(f"takes more than {MAX_SECONDS:g} s", f"{MAX_SECONDS:g} s of computing a message")
        self._next_look = self._left - _STEPS_BETWEEN_LOOKS

    def weigh(self, value: object) -> int:
        """Characters and items that `value` holds, at all depths; they are paid for.

        Raises LimitError beyond MAX_SIZE, MAX_ITEMS and, for integers, MAX_BITS.
        """
        items = 1
        if type(value) is str:
            size = len(value)
        elif type(value) in _SEQUENCES or isinstance(value, _KINDS):
            size, items = _walk(value)
        else:
            size = _digits(value) if isinstance(value, int) else 1
        if size > MAX_SIZE:
            _refuse_size()
        if items > MAX_ITEMS:
            refuse(f"makes a list of more than {MAX_ITEMS:,} items", f"{MAX_ITEMS:,} items, at all depths")
        self.spend(1 + size // _CHARACTERS_A_STEP + items // _ITEMS_A_STEP)
        return size

    def admit(self, value: Any) -> Any:
        """`value`, weighed; an iterator is drawn into a list first, so that nothing is computed unseen later."""
        if type(value) is not str and isinstance(value, Iterator):
            value = list(self.each(value))
        self.weigh(value)
        return value

    def each(self, iterable: Any) -> Iterator[Any]:
        """The items of `iterable`, each paid for."""
        for item in iterable:
            self.spend(1)
            yield item

    def foresee(self, size: int) -> None:
        """Raises LimitError when a value of `size` is about to be made."""
        if size > MAX_SIZE:
            _refuse_size()

    def write(self, size: int) -> None:
        """Count characters put into the message; raises LimitError beyond MAX_SIZE."""
        self._written += size
        if self._written > MAX_SIZE:
            _refuse_size()
        self.spend(1 + size // _CHARACTERS_A_STEP)

    def enter(self) -> None:
        """One call deeper; raises LimitError beyond MAX_DEPTH."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            refuse(f"calls itself more than {MAX_DEPTH} deep", f"{MAX_DEPTH} calls inside each other")

    def leave(self) -> None:
        """One call less deep."""
        self._depth -= 1


def _refuse_size() -> NoReturn:
    refuse(f"makes a text or list larger than {MAX_SIZE:,} characters", f"{MAX_SIZE:,} characters")


def _digits(value: int) -> int:
    """About as many as `value` is written with, never too few; raises LimitError beyond MAX_BITS."""
    bits = value.bit_length()
    if bits > MAX_BITS:
        refuse("computes an integer of more than 308 digits", "308 digits")
    return 1 + bits // 3


def _walk(value: object) -> tuple[int, int]:
    """Size and number of items of a container; stops beyond the limits, so that shared and cyclic ones end too."""
    size = items = 0
    stack = [value]
    while stack and size <= MAX_SIZE and items + len(stack) <= MAX_ITEMS:
        item = stack.pop()
        items += 1
        size += 1
        if isinstance(item, str):
            size += len(item)
        elif isinstance(item, dict):
            stack.extend(item.keys())
            stack.extend(item.values())
        elif type(item) in _SEQUENCES or isinstance(item, (list, tuple)):
            stack.extend(item)  # type: ignore[arg-type]  # mypy does not follow the set of types
        elif isinstance(item, range):
            items += len(item)
        elif isinstance(item, int):
            size += _digits(item)
    return size, items + len(stack)
