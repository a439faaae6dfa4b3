"""pytest's run loop, with a short way for trials that passed.

Their items go by with one report each: ordinary items cost several times what all else costs together, and while
pytest's thread is busy with them, the engine's waits for the interpreter. Everything else goes pytest's ordinary way:
what failed, what has a mark of pytest's, test functions, the last item of a file (there pytest tears down what
belongs to the file), and every item of a session in which a plugin that is not known listens (see `listeners`).
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import pytest

from harness.plugin.items import GateItem, TrialItem
from harness.plugin.listeners import FELT_MARKS, listeners_of
from harness.plugin.stretch import Stretch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from _pytest.nodes import Node

    from harness.plugin.items import SuiteFile
    from harness.plugin.listeners import Listeners


class Passing(Protocol):
    """What the loop needs of the session."""

    def passed_after_s(self, item: TrialItem | GateItem) -> float | None:
        """Seconds that the item's call took, once it has passed; None when it has to go the ordinary way."""
        ...

    def item_starts(self, nodeid: str) -> None:
        """Tell the terminal of the next item."""
        ...


@dataclass(frozen=True, slots=True)
class _File:
    """What the reports of one suite file's items share."""

    location: str
    """The file, as reports say where they are of."""
    keywords: Mapping[str, Literal[1]]
    """Names that `-k` knows the file by."""
    hook: Any
    """pytest's hooks as they hold for the file."""


class RunLoop:
    """Runs the session's items, in order."""

    def __init__(self, session: pytest.Session, passing: Passing) -> None:
        """Find out who listens."""
        self._session = session
        self._passing = passing
        self._listeners: Listeners = listeners_of(session.config)
        self._stretch = Stretch(session.config)
        self._files: dict[SuiteFile, _File | None] = {}

    def run(self, start: Callable[[], None]) -> None:
        """Start the engine and run all items: what its threads print and warn of is caught from the beginning.

        Raises:
            pytest.UsageError: the engine cannot start.
            pytest.Session.Failed: as many failed as `-x` or `--maxfail` allow.
            pytest.Session.Interrupted: a plugin asked to stop.

        """
        items = self._session.items
        try:
            if self._listeners.are_idle:
                self._stretch.begin()
            start()
            for index, item in enumerate(items):
                nextitem = items[index + 1] if index + 1 < len(items) else None
                if not self._goes_by(item, nextitem):
                    self._stretch.end()
                    item.config.hook.pytest_runtest_protocol(item=item, nextitem=nextitem)
                if self._session.shouldfail:
                    raise self._session.Failed(self._session.shouldfail)
                if self._session.shouldstop:
                    raise self._session.Interrupted(self._session.shouldstop)
        finally:
            self._stretch.end()

    def _goes_by(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Let the item go the short way if it can; whether it did."""
        if not self._listeners.are_idle or not isinstance(item, (TrialItem, GateItem)):
            return False
        if nextitem is None or nextitem.parent is not item.parent or _is_felt(item):
            return False
        file = self._file(item.parent)
        if file is None:
            return False
        self._stretch.begin()
        if not self._listeners.hear_of_items:
            self._passing.item_starts(item.nodeid)
        duration_s = self._passing.passed_after_s(item)
        if duration_s is None:
            return False
        with self._written_past_capture() if self._listeners.may_write else nullcontext():
            self._report(item, file, duration_s)
        return True

    def _written_past_capture(self) -> AbstractContextManager[None]:
        capture = self._session.config.pluginmanager.get_plugin("capturemanager")
        return nullcontext() if capture is None else capture.global_and_fixture_disabled()

    def _file(self, parent: SuiteFile) -> _File | None:
        """What the file's reports share; None when pytest has something to do for its items."""
        if parent not in self._files:
            chain = parent.listchain()
            is_plain = all(type(node).setup is pytest.Item.setup and not _is_felt(node) for node in chain)
            location = self._session._node_location_to_relpath(parent.path)  # noqa: SLF001 - as Item.location has it
            shared = _File(location, _keywords(parent), parent.ihook)
            self._files[parent] = shared if is_plain else None
        return self._files[parent]

    def _report(self, item: TrialItem | GateItem, file: _File, duration_s: float) -> None:
        """Send what pytest's own loop would send, as far as anybody listens to it."""
        listeners = self._listeners
        location = (file.location, 0, item.name)
        if listeners.hear_of_items:
            file.hook.pytest_runtest_logstart(nodeid=item.nodeid, location=location)
        keywords = _keywords(item) if listeners.want_keywords else file.keywords
        now = time.time()
        for phase in listeners.phases:
            spent_s = duration_s if phase == "call" else 0.0
            report = pytest.TestReport(
                item.id,
                location,
                keywords,
                "passed",
                None,
                phase,
                duration=spent_s,
                start=now,
                stop=now,
                user_properties=item.user_properties,
                prompt_kind=item.kind,
            )
            file.hook.pytest_runtest_logreport(report=report)
        if listeners.hear_of_items:
            file.hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=location)


def _keywords(node: Node) -> Mapping[str, Literal[1]]:
    return dict.fromkeys(node.keywords, 1)


def _is_felt(node: Node) -> bool:
    """Whether a mark of the node's own would make one of the idle listeners do something."""
    return any(mark.name in FELT_MARKS for mark in node.own_markers)
