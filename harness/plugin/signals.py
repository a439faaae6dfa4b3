"""SIGTERM and a second Ctrl-C: the run ends, and what there is of it is recorded all the same."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def termination_as_interrupt() -> Iterator[None]:
    """Meanwhile SIGTERM ends the run as Ctrl-C does, unless the process deals with it in a way of its own."""
    if not _is_main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Meanwhile neither Ctrl-C nor SIGTERM is heard."""
    heard = (signal.SIGINT, signal.SIGTERM) if _is_main_thread() else ()
    before = [signal.signal(number, signal.SIG_IGN) for number in heard]
    try:
        yield
    finally:
        for number, handler in zip(heard, before, strict=True):
            signal.signal(number, handler)


def _is_main_thread() -> bool:
    """Only there may signals be handled."""
    return threading.current_thread() is threading.main_thread()
