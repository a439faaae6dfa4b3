"""How far a run is, for the live line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
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
    """Seconds since the engine started."""
    calls: int = 0
    """Calls made, those made again included."""

    @property
    def rate_per_s(self) -> float:
        """Calls answered a second, cached answers left out."""
        return (self.done - self.from_cache) / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds left at the rate so far; None while that cannot be told."""
        rate = self.rate_per_s
        return (self.total - self.done) / rate if rate > 0 else None
