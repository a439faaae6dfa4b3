"""Whatever is asked, and whatever becomes of it: every trial is handed on once, and the run ends."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import BackendError
from harness.generate import Store, Totals, UnfinishedRun
from harness.schema import CallError, Settings
from tests.unit.generate.asking_runs import Run, question
from tests.unit.generate.engine_runs import trials

if TYPE_CHECKING:
    from harness.schema import AskFor, CacheMode, Generation, Request, Trial

FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def _run(folder: Path, mode: CacheMode, random: Random, *, store: Store | None) -> Run:
    """A run of random widths whose metric asks some questions about each trial, and whose backends fail at times."""

    async def inquire(trial: Trial, generation: Generation, ask: AskFor) -> object:
        own = Random(trial.trial_id)  # noqa: S311 - the same questions each time
        found = []
        for number in range(own.randrange(4)):
            text = own.choice([generation.text, "common", f"of {number}"])
            asked = [ask("m", question(text, is_shared=own.random() < 0.2)) for _ in range(own.randrange(1, 4))]
            found += await asyncio.gather(*asked)
        return [each.kind if isinstance(each, CallError) else each.text for each in found]

    def fail(_request: Request, _tries: int) -> BackendError | None:
        drawn = random.random()
        if drawn < 0.05:
            return BackendError("no", kind="rejected", status=400, code="content_filter")
        return BackendError("busy", kind="rate_limited", retryable=True, retry_after_s=0.001) if drawn < 0.1 else None

    given_ = Settings(root=folder, reports=folder / "reports", cache_mode=mode, max_retries=2)
    run = Run(given_, store, inquire=inquire)
    for backend in (run.model, run.judge):
        backend.concurrency = random.randrange(1, 6)
        backend.fail = fail
    if random.random() < 0.3:
        run.judge = run.model  # type: ignore[assignment]
    return run


@FEW
@given(st.integers(0, 2**32), st.sampled_from(["use", "refresh", "off"]), st.booleans())
def test_every_trial_is_handed_on_once(seed: int, mode: CacheMode, has_store: bool) -> None:  # noqa: FBT001 - hypothesis
    random = Random(seed)  # noqa: S311 - no secret
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = Store(folder, mode=mode) if has_store else None
        if store is not None:
            store.begin(UnfinishedRun("r", "2026-11-22T00:00:00+00:00", Totals()), folder / "reports")
        work = trials(random.randrange(1, 25))
        run = _run(folder, mode, random, store=store)
        over = run.all(work)
        assert over.keys() == {trial.trial_id for trial in work}
        progress = run.engine.progress()
        assert (progress.done, progress.judging, progress.in_flight) == (len(work), 0, 0)
        assert progress.calls == len(run.model.calls) + (0 if run.judge is run.model else len(run.judge.calls))
        if store is not None:
            store.close()


@FEW
@given(st.integers(0, 2**32), st.floats(0, 0.05))
def test_run_that_is_stopped_ends(seed: int, after_s: float) -> None:
    random = Random(seed)  # noqa: S311 - no secret
    with tempfile.TemporaryDirectory() as name:
        run = _run(Path(name), "off", random, store=None)
        engine = run.start(trials(25))
        threading.Event().wait(after_s)
        engine.stop()
        assert engine._network is not None
        assert not engine._network.is_alive()
        assert engine.crash is None
        assert len({each.trial.trial_id for each in run.over}) == len(run.over)
