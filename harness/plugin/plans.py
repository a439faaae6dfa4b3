"""The plans of a session's suites: loaded once each, however many files and tests name them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from harness import pipeline
from harness.errors import FilesError, HarnessError, Mistake
from harness.plugin.items import GateItem, TrialItem
from harness.schema import Trial

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

    from harness.schema import Plan, Settings


class Plans:
    """Suite files and their plans, in the order in which they were loaded."""

    def __init__(self, settings: Settings, *, render: bool) -> None:
        """None is loaded yet; without `render` their trials will have no messages."""
        self._settings = settings
        self._render = render
        self._by_path: dict[Path, tuple[Path, Plan]] = {}

    def load(self, path: Path) -> Plan:
        """The suite's plan, loaded at the first time.

        Raises:
            FilesError: mistakes in its files, or a name that another suite of this session has.
            UsageError: an option does not fit the suite.

        """
        real = Path(os.path.realpath(path.parent), path.name)  # links to one folder are one suite, named by the first
        if real not in self._by_path:
            plan = pipeline.load_plan(path, self._settings, render=self._render)
            for other in self.loaded:
                if other.suite.name == plan.suite.name:
                    what = f"the suite's name '{plan.suite.name}' is taken by {other.suite.path}; names must differ"
                    raise FilesError([Mistake(plan.suite.path, None, None, f"{what}; set `name:` in one of them")])
            self._by_path[real] = (path, plan)
        return self._by_path[real][1]

    @property
    def loaded(self) -> list[Plan]:
        """The plans."""
        return [plan for _, plan in self._by_path.values()]

    @property
    def paths(self) -> list[Path]:
        """The suite files, as they were named at first."""
        return [path for path, _ in self._by_path.values()]

    def selected(self, items: Sequence[pytest.Item]) -> Iterator[Trial]:
        """Trials of the selected items, each once, then the rest of the cells that selected gates speak of.

        A gate over some trials of its cell, as those that failed last time, would be another gate of the same name.
        """
        seen: set[str] = set()
        for item in items:
            trial = trial_of(item)
            if trial is not None and trial.trial_id not in seen:
                seen.add(trial.trial_id)
                yield trial
        judged = {item.cell for item in items if isinstance(item, GateItem)}
        for plan in self.loaded:
            for trial in plan.trials:
                if trial.cell in judged and trial.trial_id not in seen:
                    yield trial


def trial_of(item: pytest.Item) -> Trial | None:
    """The trial of an item or of a marked test; None for any other."""
    if isinstance(item, TrialItem):
        return item.trial
    found = item.callspec.params.get("trial") if hasattr(item, "callspec") else None
    return found if isinstance(found, Trial) else None


def suite_of(mark: pytest.Mark, test_path: Path, root: Path) -> Path:
    """The suite file that a test's mark names, below the root folder or beside the test.

    Raises:
        HarnessError: the mark names none.

    """
    where = f"{test_path.name}: mark prompt_suite"
    if len(mark.args) != 1 or mark.kwargs:
        raise HarnessError(f"{where}: takes one argument, the path of a suite file; it has {mark.args!r}")
    if not isinstance(mark.args[0], str | os.PathLike):
        raise HarnessError(f"{where}: takes the path of a suite file; it has {mark.args[0]!r}")
    for folder in (root, test_path.parent):
        if os.path.isfile(folder / mark.args[0]):  # noqa: PTH113 - Path's raises for a name that is too long
            return Path(os.path.normpath(folder / mark.args[0]))
    raise HarnessError(f"{where}: no file '{mark.args[0]}' below the root folder or beside the test")
