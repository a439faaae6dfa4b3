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
    from harness.schema import AttributeValue, StepKind
    from harness.trace.ids import Ids

_MOST_STEPS = 1_000
"""Steps of one call that are kept; the rest is counted."""
_LONGEST = 20_000
"""Characters kept of an input or output."""

_here: ContextVar[Step | None] = ContextVar("prompt_suite_step", default=None)


class Step:
    """One step: a span that is being made. The outermost is the model call itself."""

    __slots__ = ("began_ns", "ended_ns", "error", "facts", "input", "kind", "name", "notes", "output", "parent", "root",
                 "span_id", "steps")  # fmt: skip

    def __init__(self, name: str, kind: StepKind, parent: Step | None) -> None:
        """A step that begins now."""
        self.name = name
        self.kind = kind
        self.parent = parent
        self.input: str | None = None
        self.output: str | None = None
        self.error: str | None = None
        self.facts: dict[str, Any] = {}
        """Tokens, cost and model, as `record` has been told."""
        self.notes: dict[str, AttributeValue] = {}
        """Further attributes of the user's own."""
        self.ended_ns = 0
        self.span_id = ""
        self.root: Call | None = parent.root if parent is not None else None
        self.began_ns = time.time_ns()


class Call(Step):
    """The call that steps belong to."""

    __slots__ = ("ids", "n_left_out", "trace_id", "with_text")

    def __init__(self, ids: Ids, place: tuple[str, str] | None, *, with_text: bool) -> None:
        """A call without steps so far; `place` is its trace and span where OpenTelemetry's own spans may join in."""
        super().__init__("", "llm", None)
        self.root = self
        self.trace_id, self.span_id = place or ("", "")
        self.ids = ids
        self.with_text = with_text
        self.n_left_out = 0
        self.steps: list[Step] = []

    def add(self, step: Step) -> None:
        """Keep a step that has ended."""
        if len(self.steps) < _MOST_STEPS:
            self.steps.append(step)
        else:
            self.n_left_out += 1


def enter(step: Step) -> Any:
    """Make this the step that runs here; the token undoes it."""
    root = step.root
    foreign = adopt(root.trace_id, step.span_id) if root is not None and root.trace_id else None
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
