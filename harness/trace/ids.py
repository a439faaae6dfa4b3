"""Ids of traces and spans."""

from __future__ import annotations

import secrets
from hashlib import sha256
from itertools import count


class Ids:
    """The ids of one run.

    A trial's trace is found without looking it up: half of its id is the run's, the other half is the trial's own id.
    Spans are counted from a random number: their ids are as good as random and cost nothing.
    """

    def __init__(self, run_id: str) -> None:
        """Derive the run's own ids from its name."""
        digest = sha256(run_id.encode()).hexdigest()
        self._run_half = digest[:16]
        self._numbers = count(2**62 + secrets.randbits(62))
        self.run_trace = digest[16:48]
        """The trace of the run itself."""
        self.run_span = self.span()
        """The span of the run itself."""

    def trace_of(self, trial_id: str) -> str:
        """The trace of a trial."""
        return self._run_half + trial_id

    def span(self) -> str:
        """The id of one more span."""
        return f"{next(self._numbers):016x}"
