"""pytest's run loop, with the short way for trials that passed (see `short_way`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.plugin.listeners import listeners_of
from harness.plugin.short_way import ShortWay
from harness.plugin.stretch import Stretch

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from harness.plugin.short_way import Passing


class RunLoop:
    """Runs the session's items, in order."""

    def __init__(self, session: pytest.Session, passing: Passing) -> None:
        """Find out who listens."""
        self._session = session
        self._stretch = Stretch(session.config)
        self._short_way = ShortWay(session, passing, listeners_of(session.config), enter=self._stretch.begin)

    def run(self, start: Callable[[], None]) -> None:
        """Start the engine and run all items: what its threads print and warn of is caught from the beginning.

        Raises:
            pytest.UsageError: the engine cannot start.
            pytest.Session.Failed: as many failed as `-x` or `--maxfail` allow.
            pytest.Session.Interrupted: a plugin asked to stop.

        """
        items = self._session.items
        try:
            if self._short_way.is_open:
                self._stretch.begin()
            start()
            for index, item in enumerate(items):
                nextitem = items[index + 1] if index + 1 < len(items) else None
                if not self._short_way.takes(item, nextitem):
                    self._stretch.end()
                    item.config.hook.pytest_runtest_protocol(item=item, nextitem=nextitem)
                if self._session.shouldfail:
                    raise self._session.Failed(self._session.shouldfail)
                if self._session.shouldstop:
                    raise self._session.Interrupted(self._session.shouldstop)
        finally:
            self._stretch.end()
