"""One sitting of a run: from its beginning, or from where an earlier sitting ended."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct, field

from harness.errors import RecordError, UsageError
from harness.generate.store import Totals, UnfinishedRun, open_store
from harness.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.generate.store import Journalled, Store
    from harness.schema import Settings


class Sitting(Struct, frozen=True):
    """What is known of the run before its first call."""

    run_id: str
    """The run's id; that of the earlier sittings."""
    started_at: datetime
    """When its first sitting began."""
    store: Store | None
    """Where answers are kept; None where none can be, and none need to be."""
    before: Totals | None = None
    """What earlier sittings did."""
    journalled: Mapping[str, Journalled] = field(default_factory=dict)
    """What they answered, by trial id."""
    notices: tuple[str, ...] = ()
    """What the user should know."""

    @property
    def spent_usd(self) -> float:
        """What earlier sittings have spent for certain, and what they may have spent: all that a budget counts."""
        paid = (each.generation for each in self.journalled.values() if not each.generation.from_cache)
        return sum(generation.cost_usd or 0.0 for generation in paid) + (self.before.lost_usd if self.before else 0.0)

    def close(self, *, is_complete: bool) -> None:
        """Let go of the store; a run that is complete, and recorded, is forgotten there, or a notice says why not."""
        if self.store is None:
            return
        try:
            if is_complete:
                self.store.end()
        except RecordError as error:
            self.store.notices.append(str(error))
        finally:
            self.store.close()


def sit_down(settings: Settings, run_id: str, started_at: datetime) -> Sitting:
    """The new run's sitting, or the next of the last unfinished run's, as the settings say; it journals from now on.

    Raises:
        RecordError: the answer cache cannot be opened.
        UsageError: there is no run to resume.

    """
    if settings.resume and settings.cache_mode == "only":
        raise UsageError(
            "--prompt-resume: a run cannot be continued with --prompt-cache only, which calls no model; "
            "leave one of the two out"
        )
    try:
        store = open_store(settings)
    except RecordError as error:
        if settings.cache_mode != "off" or settings.resume:
            raise
        what = str(error).partition("; ")[0]
        return Sitting(run_id, started_at, None, notices=(f"{what}; the run cannot be resumed if it breaks off",))
    try:
        if settings.resume:
            return _resumed(store, settings)
        store.begin(UnfinishedRun(run_id, started_at.isoformat(), Totals()), settings.reports)
    except BaseException:
        store.close()
        raise
    return Sitting(run_id, started_at, store)


def _resumed(store: Store, settings: Settings) -> Sitting:
    run = store.resume(settings.reports)
    if run is None and (others := store.under_way(settings.reports)):
        raise UsageError(
            f"--prompt-resume: run {others[0]} is still under way in another process; a run can be continued when it "
            "has ended; wait for it or stop it, then try again"
        )
    if run is None:
        raise UsageError(
            f"--prompt-resume: no unfinished run is journalled for {settings.reports}; runs that were stopped, killed "
            "or ran out of budget can be resumed; leave the option out to begin a new run"
        )
    journalled = store.answered()
    notice = f"resuming run {run.run_id}: {counted(len(journalled), 'answer')} of it kept"
    started_at = datetime.fromisoformat(run.started_at)
    return Sitting(run.run_id, started_at, store, run.totals, journalled, (notice,))
