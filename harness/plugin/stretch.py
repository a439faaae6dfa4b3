"""What pytest does around each item, done once around many: output is captured, warnings are caught."""

from __future__ import annotations

import sys
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


class Stretch:
    """Trials that go by one after the other."""

    def __init__(self, config: pytest.Config) -> None:
        """Not begun yet."""
        self._config = config
        self._open: ExitStack | None = None

    def begin(self) -> None:
        """Capture and catch from now on; nothing when that is so already."""
        if self._open is not None:
            return
        self._open = ExitStack()
        self._open.enter_context(caught_warnings(self._config))
        capture = self._config.pluginmanager.get_plugin("capturemanager")
        if capture is not None and capture.is_globally_capturing():
            capture.resume_global_capture()
            self._open.callback(capture.read_global_capture)  # as passed items' output: nobody asked to see it
            self._open.callback(capture.suspend_global_capture)

    def end(self) -> None:
        """Leave pytest as it was between two items."""
        if self._open is not None:
            self._open.close()
            self._open = None


@contextmanager
def caught_warnings(config: pytest.Config) -> Iterator[None]:
    """Meanwhile warnings of all threads are caught, to be told at the end."""
    if not config.pluginmanager.hasplugin("warnings"):
        yield
        return
    from _pytest.warnings import catch_warnings_for_item

    with catch_warnings_for_item(config, config.hook, "runtest", None):
        yield


class _OfMainThread:
    """A stream that drops what other threads print."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        if threading.current_thread() is threading.main_thread():
            self._stream.write(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def silent_threads(config: pytest.Config) -> Iterator[None]:
    """Meanwhile other threads print nothing, unless with `-s`: for a process in which pytest captures nothing."""
    if config.getoption("capture") == "no":
        yield
        return
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _OfMainThread(sys.stdout), _OfMainThread(sys.stderr)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
