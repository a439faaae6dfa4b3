"""What a worker of pytest-xdist and its controller say to each other, over a connection on this machine.

The controller has the one engine, the one cache and the one run; its workers have the items. They ask, it answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from harness.schema import TrialResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.schema import CallError, CellKey, GateSpec, Generation, Outcome, Score, Trial

INPUT = "prompt_suite"
"""Where a worker finds what it is told (address, key, phases) in the input that xdist gives it."""


class Selection(Struct, frozen=True):
    """What a worker has collected and will run."""

    suites: tuple[str, ...]
    """Suite files, in the order of their loading."""
    trials: tuple[tuple[str, str], ...]
    """Suite name and trial id, in the order of items."""


class Refusal(Struct, frozen=True):
    """The session cannot be run: an option does not fit, or a file cannot be written."""

    message: str
    """Why."""


class ResultOf(Struct, frozen=True):
    """The result of a trial is wanted."""

    trial_id: str
    """The trial."""


class GoneFrom(Struct, frozen=True):
    """Which of a trial, waited for, and those after it have gone by (trial id → `Gone`) is wanted."""

    trial_id: str
    """The trial."""


class VerdictOf(Struct, frozen=True):
    """The verdict of a gate on a cell is wanted."""

    gate: GateSpec
    """The gate."""
    cell: CellKey
    """Suite, variant and backend."""


class MayShowInFull(Struct, frozen=True):
    """Whether one more failed trial may be shown with messages and answer."""


Asked = Selection | Refusal | ResultOf | GoneFrom | VerdictOf | MayShowInFull
"""Whatever a worker may want."""


class Question(Struct, frozen=True):
    """Something asked, with a number that the answer bears."""

    number: int
    """Counts up on one connection."""
    asked: Asked
    """What."""


class Reply(Struct, frozen=True):
    """The answer to a question."""

    number: int
    """The question's."""
    kind: Literal["done", "refused", "broken"]
    """done: `value` is the answer; refused: the session ends with this message; broken: what broke the run."""
    value: Any
    """Answer or message."""


class Became(Struct, frozen=True):
    """A trial's result without the trial, which the worker has itself."""

    outcome: Outcome
    """As in TrialResult, and so are the others."""
    output: str | None
    """The answer as read."""
    generation: Generation | None
    """The answer as it came."""
    error: CallError | None
    """Why there is none."""
    scores: Sequence[Score]
    """One a measure."""
    missed: tuple[str, ...]
    """Checks that were missed."""

    @classmethod
    def of(cls, result: TrialResult) -> Became:
        """What became of the result's trial."""
        scores = tuple(result.scores)  # a part of its batch's, which is not sent along
        return cls(result.outcome, result.output, result.generation, result.error, scores, result.missed)

    def of_trial(self, trial: Trial) -> TrialResult:
        """The result of this trial."""
        return TrialResult(trial, self.outcome, self.output, self.generation, self.error, self.scores, self.missed)
