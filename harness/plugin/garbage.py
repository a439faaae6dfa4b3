"""Python's garbage collector, told that a run makes many objects and little garbage.

By default it looks through all objects again and again while they become more: 0.2 s of a run of 2,000 trials, and
more than its share of a larger one.
"""

from __future__ import annotations

import gc

_THRESHOLDS = (20_000, 50, 50)
"""Objects, and collections of the younger generation, before the next collection; Python's own are 700, 10, 10."""


class Collector:
    """Holds the garbage collector back for one session."""

    def __init__(self) -> None:
        """From now on it runs less often."""
        gc.unfreeze()  # what an earlier session of this process left
        self._before = gc.get_threshold()
        gc.set_threshold(*_THRESHOLDS)

    def pass_over(self) -> None:
        """Let it never look again at what there is now."""
        gc.freeze()

    def release(self, *, is_alone: bool) -> None:
        """As before; pytest then looks for garbage five times, for nothing where no tests but suites ran."""
        gc.set_threshold(*self._before)
        if is_alone:
            gc.freeze()
        else:
            gc.unfreeze()
