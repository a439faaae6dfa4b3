"""Steps of the code under test: what `harness.observe` sees while a model call is under way.

A context variable holds the step that runs here; the `callable` backend carries it into its threads and its event
loop. Outside a call it is empty, and observing costs one look at it.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from harness.trace.foreign import adopt, release

if TYPE_CHECKING:
    from harness.schema import AttributeValue, Generation, StepKind
    from harness.trace.ids import Ids

_MOST_STEPS = 1_000
"""Steps of one call that are kept; the rest is counted."""
_LONGEST = 20_000
"""Characters kept of an input or output."""

_here: ContextVar[Step | None] = ContextVar("prompt_suite_step", default=None)


class Step:
    """One step: a span that is being made. The outermost is a try of the model call."""

    __slots__ = (
        "_root", "began_ns", "ended_ns", "error", "facts", "input", "kind", "name", "notes", "output", "parent",
        "span_id",
    )  # fmt: skip

    def __init__(self, name: str, kind: StepKind, parent: Step | None) -> None:
        """A step that begins now."""
        self.name = name
        self.kind = kind
        self.parent = parent
        self.input: str | None = None
        self.output: str | None = None
        self.error: str | None = None
        self.facts: dict[str, Any] | None = None
        """Tokens, cost and model, as `record` has been told; None when it has not."""
        self.notes: dict[str, AttributeValue] | None = None
        """Further attributes of the user's own."""
        self.ended_ns = 0
        self.span_id = ""
        self._root: Call | None = parent.root if parent is not None else None
        self.began_ns = time.time_ns()

    @property
    def root(self) -> Call:
        """The try of the call that it belongs to."""
        assert self._root is not None
        return self._root


class Call(Step):
    """One try of a model call, to which steps belong. Holds nothing that holds it: it is gone with its trial."""

    __slots__ = ("answer", "error_type", "ids", "n_left_out", "steps", "trace_id", "with_text")

    def __init__(self, ids: Ids, place: tuple[str, str] | None, *, with_text: bool) -> None:
        """A try that is sent now; `place` is its trace and span where OpenTelemetry's own spans may join in."""
        super().__init__("", "llm", None)
        self.ids = ids
        self.trace_id, self.span_id = place or ("", "")
        self.with_text = with_text
        self.answer: Generation | None = None
        """What came; None when nothing did."""
        self.error_type: str | None = None
        """The kind of what went wrong; None when nothing did. `error` says what."""
        self.n_left_out = 0
        self.steps: list[Step] | None = None
        """Those that have ended."""

    @property
    def root(self) -> Call:
        """Itself."""
        return self

    def add(self, step: Step) -> None:
        """Keep a step that has ended."""
        if self.steps is None:
            self.steps = []
        if len(self.steps) < _MOST_STEPS:
            self.steps.append(step)
        else:
            self.n_left_out += 1


def enter(step: Step) -> Any:
    """Make this the step that runs here; the token undoes it."""
    root = step.root
    foreign = adopt(root.trace_id, step.span_id) if root.trace_id else None
    return _here.set(step), foreign


def leave(token: Any) -> None:
    """Undo `enter`; where the context is another by now (a generator's), there is nothing to undo."""
    own, foreign = token
    try:
        _here.reset(own)
    except ValueError:
        _here.set(None)
    else:
        release(foreign)


def current() -> Step | None:
    """The step that runs here; None outside a call."""
    return _here.get()


def shown(value: object) -> str:
    """A value as text: a string as it is, else JSON, else its `repr`; cut where it is long."""
    text = value if type(value) is str else _as_json(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _as_json(value: object) -> str:
    import orjson

    try:
        return orjson.dumps(value, default=_brief, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY).decode()
    except Exception:  # noqa: BLE001 - a value of the user's own may be anything
        return _brief(value)


def _brief(value: object) -> str:
    try:
        return repr(value)[:_LONGEST]
    except Exception:  # noqa: BLE001 - as above
        return f"<{type(value).__name__}>"
