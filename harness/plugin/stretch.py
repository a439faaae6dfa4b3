"""What pytest does around each item, done once around many: output is captured, warnings are caught."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
        plugins = self._config.pluginmanager
        if plugins.hasplugin("warnings"):
            from _pytest.warnings import catch_warnings_for_item

            caught = catch_warnings_for_item(self._config, self._config.hook, "runtest", None)
            self._open.enter_context(caught)
        capture = plugins.get_plugin("capturemanager")
        if capture is not None and capture.is_globally_capturing():
            capture.resume_global_capture()
            self._open.callback(capture.read_global_capture)  # as passed items' output: nobody asked to see it
            self._open.callback(capture.suspend_global_capture)

    def end(self) -> None:
        """Leave pytest as it was between two items."""
        if self._open is not None:
            self._open.close()
            self._open = None
