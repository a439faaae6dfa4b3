"""How far a run is, for the live line."""

from __future__ import annotations

from msgspec import Struct


class BackendProgress(Struct, frozen=True):
    """How one backend bears the run at one moment."""

    name: str
    """The backend."""
    limit: int
    """Calls that may be in flight now; less than `most` after the backend asked to slow down."""
    most: int
    """Calls that may be in flight at best."""
    rate_limited: int = 0
    """Answers so far that asked to slow down (429)."""
    waiting_s: float = 0.0
    """Seconds until the next call may be sent, when none may now: Retry-After, a rate, or a pause after failures."""
    why_waiting: str = ""
    """Why, in a few words."""
    pauses: int = 0
    """Times that the backend was given a rest after failing again and again."""
    stopped: str | None = None
    """Why it was stopped early; None while it is not."""


class Progress(Struct, frozen=True):
    """Counts of one run at one moment."""

    total: int
    """Trials submitted."""
    done: int
    """Trials with an answer or an error."""
    errors: int
    """Trials without an answer."""
    from_cache: int
    """Answers that came from the cache."""
    retries: int
    """Calls made again."""
    in_flight: int
    """Calls under way."""
    spent_usd: float | None
    """Cost of the calls made so far; None when one of them has no known price."""
    elapsed_s: float
    """Seconds of calling: since the engine started, until the last answer."""
    wall_s: float = 0.0
    """Seconds since the engine started, until now: the time in which answers are scored counts, too."""
    scored: int = 0
    """Trials whose result is there: the answer's scores, or that there is no answer."""
    calls: int = 0
    """Calls made, those made again included; a recorded answer that is replayed is none."""
    not_run: int = 0
    """Trials that will not be called: the budget is spent, or their backend was stopped early."""
    backends: tuple[BackendProgress, ...] = ()
    """The backends that are called, in the order of their first trial."""

    judging: int = 0
    """Trials whose answer is there, and about which models are being asked."""

    @property
    def rate_per_s(self) -> float:
        """Calls answered a second, cached answers and trials that were never called left out."""
        return (self.done - self.from_cache - self.not_run) / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds left at the rate so far; None while that cannot be told."""
        rate = self.rate_per_s
        return (self.total - self.done) / rate if rate > 0 else None
