"""What is seen of one trial while it runs: moments and references, made into spans when it is over."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from harness.errors import BackendError
from harness.trace.steps import Call, enter, leave

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.schema import BackendSpec, Generation, Message, Trial
    from harness.trace.ids import Ids


class CallTrace:
    """One model call with all its tries."""

    __slots__ = ("_call", "_ids", "_place", "_token", "_with_text", "attempts", "messages", "span_id", "spec", "under")

    def __init__(
        self, trial: TrialTrace, spec: BackendSpec, messages: Sequence[Message], *, under: str | None = None
    ) -> None:
        """A call to the backend; `under` names the metric whose judge it is, None means the trial's own."""
        self._ids = ids = trial.ids  # not the trial: it holds this call, and would be garbage that is hard to find
        self._with_text = trial.with_text
        self.spec = spec
        self.messages = messages
        self.under = under
        self.span_id = ids.span()
        self._place = (ids.trace_of(trial.trial.trial_id), self.span_id) if spec.provider == "callable" else None
        self.attempts: tuple[Call, ...] = ()
        """The tries that are over."""
        self._call: Call | None = None
        self._token: Any = None

    def begin(self) -> None:
        """A try is sent; from here on `harness.observe` belongs to it, in this context and those copied from it."""
        self._call = call = Call(self._ids, self._place, with_text=self._with_text)
        self._token = enter(call)

    def end(self, answer: Generation | None = None, *, error: BaseException | None = None) -> None:
        """The try is over, with an answer or an error; a second call does nothing."""
        call = self._call
        if call is None:
            return
        leave(self._token)
        self._call = self._token = None
        call.ended_ns = max(time.time_ns(), call.began_ns)
        call.answer = answer
        if error is not None:  # its text: the exception itself holds every frame that it went through
            call.error_type = error.kind if isinstance(error, BackendError) else type(error).__name__
            call.error = str(error) or call.error_type
        self.attempts += (call,)


class TrialTrace:
    """What happens to one trial."""

    __slots__ = ("began_ns", "calls", "ids", "render", "trial", "with_text")

    def __init__(self, ids: Ids, trial: Trial, *, with_text: bool) -> None:
        """The trial's work begins now."""
        self.ids = ids
        self.with_text = with_text
        self.trial = trial
        self.calls: tuple[CallTrace, ...] = ()
        self.render: tuple[int, int] | None = None
        self.began_ns = time.time_ns()

    def rendered(self, began_ns: int, ended_ns: int) -> None:
        """Its messages were made in this time."""
        self.render = (began_ns, ended_ns)
        self.began_ns = min(self.began_ns, began_ns)

    def call(self, spec: BackendSpec, messages: Sequence[Message], *, under: str | None = None) -> CallTrace:
        """A model call begins, `under` a metric when a judge makes it."""
        call = CallTrace(self, spec, messages, under=under)
        self.calls += (call,)
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
