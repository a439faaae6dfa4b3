"""The short way of trials that passed, past what pytest does around an item.

They go by with one report each: ordinary items cost several times what all else costs together, and while
pytest's thread is busy with them, the engine's waits for the interpreter. Trials that were never called go the same
way, as skipped. Everything else goes pytest's ordinary way: what failed, what has a mark of pytest's, test functions,
the last item of a file (there pytest tears down what belongs to the file), and every item of a session in which a
plugin that is not known listens (see `listeners`).
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Literal, Protocol

import pytest
from msgspec import Struct

from harness.plugin.items import GateItem, TrialItem
from harness.plugin.listeners import FELT_MARKS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from _pytest.nodes import Node

    from harness.plugin.items import SuiteFile
    from harness.plugin.listeners import Listeners
    from harness.plugin.properties import Properties


class Gone(Struct, frozen=True):
    """What there is to say of an item that goes the short way."""

    duration_s: float
    """Seconds that its call took."""
    why_not_run: str | None = None
    """Why it was never called; None when it passed."""
    properties: Properties = ()
    """What JUnit's file is to hold of it; empty where none is written."""
    is_by_rule: bool = False
    """Whether it was never called by its suite's own rule: then it fails nothing."""


class Passing(Protocol):
    """What the short way needs of the session."""

    def gone(self, item: TrialItem | GateItem) -> Gone | None:
        """What became of the item, waited for; None when it has to go the ordinary way."""
        ...

    def item_starts(self, nodeid: str) -> None:
        """Tell the terminal of the next item."""
        ...


class _File(Struct, frozen=True):
    """What the reports of one suite file's items share."""

    location: tuple[str, int, str]
    """The file, as reports say where they are of; those of strangers have the item's name as well."""
    keywords: Mapping[str, Literal[1]]
    """Names that `-k` knows the file by."""
    hook: Any
    """pytest's hooks as they hold for the file."""


class ShortWay:
    """Takes the items that it can take."""

    def __init__(
        self,
        session: pytest.Session,
        passing: Passing,
        listeners: Listeners,
        *,
        enter: Callable[[], None] | None = None,
    ) -> None:
        """A way past these listeners; `enter` is called before an item is waited for."""
        self._session = session
        self._passing = passing
        self._listeners = listeners
        self._enter = enter
        self._files: dict[SuiteFile, _File | None] = {}

    @property
    def is_open(self) -> bool:
        """Whether any item may go it."""
        return self._listeners.are_idle

    def takes(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Let the item go the short way if it can; whether it did."""
        if not self._listeners.are_idle or not isinstance(item, (TrialItem, GateItem)):
            return False
        if nextitem is None or nextitem.parent is not item.parent or _is_felt(item):
            return False
        file = self._file(item.parent)
        if file is None:
            return False
        if self._enter is not None:
            self._enter()
        if not self._listeners.hear_of_items:
            self._passing.item_starts(item.nodeid)
        gone = self._passing.gone(item)
        if gone is None:
            return False
        with self._written_past_capture() if self._listeners.may_write else nullcontext():
            self._report(item, file, gone)
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
            shared = _File((location, 0, ""), _keywords(parent), parent.ihook)
            self._files[parent] = shared if is_plain else None
        return self._files[parent]

    def _report(self, item: TrialItem | GateItem, file: _File, gone: Gone) -> None:
        """Send what pytest's own loop would send, as far as anybody listens to it."""
        listeners = self._listeners
        hears = listeners.hear_of_items or listeners.are_strangers
        location = (*file.location[:2], item.name) if hears else file.location  # pytest keeps every report
        if listeners.hear_of_items:
            file.hook.pytest_runtest_logstart(nodeid=item.nodeid, location=location)
        keywords = _keywords(item) if listeners.are_strangers else file.keywords
        skipped = None if gone.why_not_run is None else (str(item.path), 1, gone.why_not_run)
        properties: Any = (*_filled(item, "user_properties"), *gone.properties)
        now = time.time()
        for phase in listeners.phases:
            is_call = phase == "call"
            report = pytest.TestReport(
                item.id,
                location,
                keywords,
                "skipped" if skipped is not None and is_call else "passed",
                skipped if is_call else None,
                phase,
                duration=gone.duration_s if is_call else 0.0,
                start=now,
                stop=now,
                user_properties=properties,
                prompt_kind=item.kind if skipped is None or gone.is_by_rule else "not run",
            )
            if not listeners.are_strangers:  # who might add to them
                report.user_properties = properties  # one for all phases: pytest keeps every report
                report.sections = _NOTHING
            file.hook.pytest_runtest_logreport(report=report)
        if listeners.hear_of_items:
            file.hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=location)


_NOTHING: Any = ()


def _keywords(node: Node) -> Mapping[str, Literal[1]]:
    return dict.fromkeys(node.keywords, 1)


def _is_felt(node: Node) -> bool:
    """Whether a mark of the node's own would make one of the idle listeners do something."""
    return any(mark.name in FELT_MARKS for mark in _filled(node, "own_markers"))


def _filled(node: Node, name: str) -> Sequence[Any]:
    """The node's list of that name; one that is not there yet is empty, and stays away."""
    found: Sequence[Any] = vars(node).get(name, ())
    return found
