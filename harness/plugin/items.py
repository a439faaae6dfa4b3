"""The nodes: a suite file, its trials, its gates.

Items are given their node id as text, brackets and all: pytest then reads the bracket as parameters, as it does when
`--lf` reads ids from its cache; an id made of parts would not be equal to that.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, cast

import pytest

from harness.errors import HarnessError, UsageError
from harness.plan import gate_name, item_name
from harness.plugin import properties
from harness.plugin.failure import FailureText, gate_failure, printable, trial_failure
from harness.wording import escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from harness.schema import CellKey, GateSpec, Plan, Trial, TrialResult, Variant, Verdict


QUARANTINED = "quarantined"
"""What pytest counts trials in quarantine as."""
NOT_RUN = pytest.StashKey[str]()
"""Why an item was not run, in its stash: its report tells it from one that was skipped on purpose."""


class Prompts(Protocol):
    """What items need of the session."""

    wants_properties: bool

    def load(self, path: Path) -> Plan:
        """The suite's plan; HarnessError says what is wrong with its files."""
        ...

    def refuse(self, error: UsageError) -> None:
        """End the session with this error once collection is done: no suite can be run with its options."""
        ...

    def wait_for(self, trial: Trial) -> TrialResult:
        """The trial's result, as soon as there is one."""
        ...

    def judge(self, gate: GateSpec, cell: CellKey) -> Verdict:
        """The gate's verdict on a cell, once all its trials have results."""
        ...

    def in_full(self) -> bool:
        """Whether the next failed trial is shown with messages and answer."""
        ...


class TrialFailedError(Exception):
    """A trial without an answer, or with a missed check."""

    def __init__(self, result: TrialResult) -> None:
        """Keep the result for the failure's text."""
        self.result = result
        super().__init__(result.outcome)


class GateFailedError(Exception):
    """A gate that does not hold."""

    def __init__(self, verdict: Verdict) -> None:
        """Keep the verdict for the failure's text."""
        self.verdict = verdict
        super().__init__(verdict.message)


class SuiteFile(pytest.File):
    """suite.yaml: collects trials, then gates."""

    prompts: Prompts
    shared: dict[tuple[str, ...], tuple[str, ...]]

    @classmethod
    def make(cls, parent: pytest.Collector, path: Path, prompts: Prompts) -> SuiteFile:
        """The collector of one suite file."""
        relative = os.path.relpath(path, parent.config.rootpath)
        if relative.isprintable():
            file: SuiteFile = cls.from_parent(parent, path=path)
        else:  # pytest prints node ids as they are
            file = cls.from_parent(parent, path=path, nodeid=escaped(relative))
        file.prompts = prompts
        file.shared = {}
        file.add_marker("prompt_suite")
        return file

    def collect(self) -> Iterator[pytest.Item]:
        """Trials in item order, then gates by cell; mistakes in files are a collection error, without a traceback."""
        try:
            plan = self.prompts.load(self.path)
        except UsageError as error:
            self.prompts.refuse(error)
            return
        except HarnessError as error:
            raise self.CollectError(printable(str(error))) from error
        suite = plan.suite
        self.extra_keyword_matches.add(suite.name)
        variants = {variant.name: variant for variant in suite.variants}
        taken: set[str] = set()
        for trial in plan.trials:
            name = _unique(item_name(trial), trial.trial_id[:6], taken)
            yield TrialItem.make(self, name, (trial, variants[trial.variant]))
        for gate, cell in plan.gates:
            name = _unique(gate_name(gate, cell[1], cell[2]), "2", taken)
            yield GateItem.make(self, name, (gate, cell))


def _node_id(parent: SuiteFile, name: str) -> Any:
    """The id that pytest reads from `path::name`, with the texts that items have in common held once."""
    text = f"{parent.nodeid}::{name}"
    read = type(parent.id).parse(text)
    if read.path != parent.id.path:
        return read
    names = tuple(map(sys.intern, read.names))
    return type(read)(path=parent.id.path, names=parent.shared.setdefault(names, names), params=read.params)


def _unique(name: str, suffix: str, taken: set[str]) -> str:
    """The name; with `~` and the suffix when it is taken, as `a-r2` may be a sample and the second repeat of `a`."""
    while name in taken:
        name = f"{name.removesuffix(']')}~{suffix}]"
    taken.add(name)
    return name


def why_not_run(result: TrialResult) -> str:
    """One line for a trial that was never called."""
    reason = "the run was stopped before this trial was answered" if result.error is None else result.error.message
    return printable(reason).replace("\n", " ")


def skip_as_not_run(item: pytest.Item, reason: str) -> NoReturn:
    """End the item as not run: skipped, but not held."""
    item.stash[NOT_RUN] = reason
    pytest.skip(reason)


_EMPTY: Mapping[str, Callable[[TrialItem], Any]] = {
    "own_markers": lambda _: [],
    "extra_keyword_matches": lambda _: set(),
    "user_properties": lambda _: [],
    "_report_sections": lambda _: [],
    "keywords": lambda item: cast("Any", type(item.parent.keywords))(item),
    "stash": lambda _: pytest.Stash(),
    "_store": lambda item: item.stash,
}
"""What pytest gives every item and few ever fill."""


class TrialItem(pytest.Item):
    """One trial; its call was sent long ago by the engine, here it is waited for.

    Empty containers are made when somebody asks for them: there may be 100,000 items.
    """

    parent: SuiteFile
    trial: Trial
    variant: Variant
    result: TrialResult | None = None

    @property
    def kind(self) -> str:
        """What its reports say that it is."""
        return "trial" if self.trial.quarantine is None else QUARANTINED

    @classmethod
    def make(cls, parent: SuiteFile, name: str, made_of: tuple[Trial, Variant]) -> TrialItem:
        """The item of one trial."""
        item: TrialItem = cls.from_parent(parent, name=name, nodeid=_node_id(parent, name))
        item.trial, item.variant = made_of
        for attribute in _EMPTY:
            delattr(item, attribute)
        return item

    def __getattr__(self, name: str) -> Any:
        """An empty container, from now on the item's own."""
        if name not in _EMPTY:
            raise AttributeError(name)  # pytest looks for what only functions have, on every item
        made = _EMPTY[name](self)
        setattr(self, name, made)
        return made

    def listextrakeywords(self) -> set[str]:
        """Names for `-k` beyond the item's own: the suite, the prompt's labels, the sample's tags."""
        return super().listextrakeywords().union(self.variant.prompt.labels, self.trial.sample.tags)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where a reporter says this item is; pytest's mark `skip` needs a line, and any is as good as the first."""
        return self.path, 0, self.name

    def runtest(self) -> None:
        """Wait for the trial's result; a missed check or a missing answer fails, a trial never called is skipped.

        In quarantine a missed check fails nothing.
        """
        self.result = self.parent.prompts.wait_for(self.trial)
        if self.parent.prompts.wants_properties:
            properties.keep(self, properties.of_trial(self.result))
        if self.result.is_stopped_early:
            pytest.skip(why_not_run(self.result))
        if self.result.outcome == "not_run":
            skip_as_not_run(self, why_not_run(self.result))
        if self.result.outcome != "passed" and not self.result.is_held_back:
            raise TrialFailedError(self.result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What was sent, what came back, what was asked; no traceback of ours."""
        if isinstance(excinfo.value, TrialFailedError):
            return trial_failure(excinfo.value.result, self.nodeid, full=self.parent.prompts.in_full())
        if isinstance(excinfo.value, HarnessError):
            return FailureText([str(excinfo.value)], self.nodeid)
        return super().repr_failure(excinfo, style)


class GateItem(pytest.Item):
    """One gate on one cell; comes after all trials."""

    parent: SuiteFile
    gate: GateSpec
    cell: CellKey
    kind = "gate"

    @classmethod
    def make(cls, parent: SuiteFile, name: str, made_of: tuple[GateSpec, CellKey]) -> GateItem:
        """The item of a gate and a cell."""
        item: GateItem = cls.from_parent(parent, name=name, nodeid=f"{parent.nodeid}::{name}")
        item.gate, item.cell = made_of
        return item

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where a reporter says this item is; pytest's mark `skip` needs a line, and any is as good as the first."""
        return self.path, 0, self.name

    def runtest(self) -> None:
        """Judge the gate over the cell's results; fails when it does not hold, skipped when some were not run."""
        verdict = self.parent.prompts.judge(self.gate, self.cell)
        if self.parent.prompts.wants_properties:
            properties.keep(self, properties.of_gate(verdict))
        if not verdict.judged and verdict.by_choice:
            pytest.skip(printable(verdict.message))
        if not verdict.judged:
            skip_as_not_run(self, verdict.message)
        if not verdict.passed:
            raise GateFailedError(verdict)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The verdict in one sentence."""
        if isinstance(excinfo.value, GateFailedError):
            return gate_failure(excinfo.value.verdict, self.nodeid)
        if isinstance(excinfo.value, HarnessError):
            return FailureText([str(excinfo.value)], self.nodeid)
        return super().repr_failure(excinfo, style)
