"""A pytest plugin that turns prompts into test cases.

`import harness` costs nothing: each name is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.comparing import compare as compare
    from harness.errors import HarnessError as HarnessError
    from harness.record import load_history as load_history
    from harness.record import load_run as load_run
    from harness.score import metric as metric
    from harness.trace import observe as observe

__all__ = ["HarnessError", "compare", "load_history", "load_run", "metric", "observe"]

_ROOMS = {
    "HarnessError": "harness.errors",
    "compare": "harness.comparing",
    "load_history": "harness.record",
    "load_run": "harness.record",
    "metric": "harness.score",
    "observe": "harness.trace",
}


def __getattr__(name: str) -> Any:
    """The public name from its room (PEP 562)."""
    if name not in _ROOMS:
        raise AttributeError(f"module 'harness' has no attribute {name!r}; available: {', '.join(__all__)}")
    from importlib import import_module

    return getattr(import_module(_ROOMS[name]), name)
