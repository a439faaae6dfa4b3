"""What crosses the store's door."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

if TYPE_CHECKING:
    from harness.schema import Generation


class Row(NamedTuple):
    """A trial's answer, to be kept."""

    trial: str
    """Trial id."""
    key: str
    """Its cache key; empty when the backend's answers are not kept for other runs."""
    content: str
    """The canonical JSON whose SHA-256 is the key; may be empty when `generation.from_cache`."""
    generation: Generation
    """The answer."""


class Claim(NamedTuple):
    """What may be done now about some keys; another live run is calling those that are in neither part."""

    granted: set[str]
    """This run is to call them, and nobody else will until they are put or released."""
    answered: dict[str, Generation]
    """They have been answered meanwhile."""


class Journalled(NamedTuple):
    """A trial's answer in an unfinished run."""

    key: str
    """Cache key that it was the answer to; empty when the backend's answers are not kept for other runs."""
    generation: Generation
    """As first recorded: `from_cache` is False when the run paid for it."""


class Totals(Struct, frozen=True):
    """What a run has done so far, in all its sittings."""

    calls: int = 0
    """Calls made, those made again included."""
    retries: int = 0
    """Calls made again."""
    spent_usd: float | None = 0.0
    """Cost of the calls; None when one of them has no known price."""
    lost_usd: float = 0.0
    """What calls without an answer may have cost."""
    elapsed_s: float = 0.0
    """Seconds that it ran."""


class UnfinishedRun(Struct, frozen=True):
    """A run that was begun and not recorded as complete."""

    run_id: str
    """Its id."""
    started_at: str
    """As given to `begin`."""
    totals: Totals
    """As of its last batch of answers."""
