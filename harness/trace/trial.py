"""What is seen of one trial while it runs: moments and references, made into spans when it is over."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.trace.steps import Call, enter, leave

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.schema import BackendSpec, Generation, Message, Trial
    from harness.trace.ids import Ids


class Attempt(NamedTuple):
    """One try of a model call."""

    began_ns: int
    """When it was sent."""
    ended_ns: int
    """When there was an answer or an error."""
    answer: Generation | None
    """What came; None when nothing did."""
    error: BaseException | None
    """What went wrong; None when nothing did."""
    call: Call
    """Its steps."""


class CallTrace:
    """One model call with all its tries."""

    __slots__ = ("_began_ns", "_call", "_token", "_trial", "attempts", "messages", "span_id", "spec", "under")

    def __init__(
        self, trial: TrialTrace, spec: BackendSpec, messages: Sequence[Message], *, under: str | None = None
    ) -> None:
        """A call to the backend; `under` names the metric whose judge it is, None means the trial's own."""
        self._trial = trial
        self.spec = spec
        self.messages = messages
        self.under = under
        self.span_id = trial.ids.span()
        self.attempts: list[Attempt] = []
        self._began_ns = 0
        self._call: Call | None = None
        self._token: Any = None

    def begin(self) -> None:
        """A try is sent; from here on `harness.observe` belongs to it, in this context and those copied from it."""
        trial = self._trial
        place = (trial.ids.trace_of(trial.trial.trial_id), self.span_id) if self.spec.provider == "callable" else None
        self._call = Call(trial.ids, place, with_text=trial.with_text)
        self._token = enter(self._call)
        self._began_ns = time.time_ns()

    def end(self, answer: Generation | None = None, *, error: BaseException | None = None) -> None:
        """The try is over, with an answer or an error; a second call does nothing."""
        call = self._call
        if call is None:
            return
        self._call = None
        leave(self._token)
        self.attempts.append(Attempt(self._began_ns, max(time.time_ns(), self._began_ns), answer, error, call))


class TrialTrace:
    """What happens to one trial."""

    __slots__ = ("began_ns", "calls", "ids", "render", "trial", "with_text")

    def __init__(self, ids: Ids, trial: Trial, *, with_text: bool) -> None:
        """The trial's work begins now."""
        self.ids = ids
        self.with_text = with_text
        self.trial = trial
        self.calls: list[CallTrace] = []
        self.render: tuple[int, int] | None = None
        self.began_ns = time.time_ns()

    def rendered(self, began_ns: int, ended_ns: int) -> None:
        """Its messages were made in this time."""
        self.render = (began_ns, ended_ns)
        self.began_ns = min(self.began_ns, began_ns)

    def call(self, spec: BackendSpec, messages: Sequence[Message], *, under: str | None = None) -> CallTrace:
        """A model call begins, `under` a metric when a judge makes it."""
        call = CallTrace(self, spec, messages, under=under)
        self.calls.append(call)
        return call


class NoCallTrace:
    """Sees nothing of a call."""

    __slots__ = ()

    def begin(self) -> None:
        """Nothing."""

    def end(self, answer: Generation | None = None, *, error: BaseException | None = None) -> None:
        """Nothing."""


class NoTrialTrace:
    """Sees nothing of a trial."""

    __slots__ = ()

    def rendered(self, began_ns: int, ended_ns: int) -> None:
        """Nothing."""

    def call(self, spec: BackendSpec, messages: Sequence[Message], *, under: str | None = None) -> NoCallTrace:  # noqa: ARG002 - as TrialTrace
        """Nothing to see."""
        return NO_CALL


NO_CALL = NoCallTrace()
NO_TRIAL = NoTrialTrace()
