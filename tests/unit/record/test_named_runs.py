"""Which recorded run a command's REF means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.errors import HarnessError
from harness.record import RunStore, resolve_run
from tests.unit.record.measured_runs import run_of
from tests.unit.report.run_records import Shape

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW = "20261121T000000Z-bbbb", "20261122T000000Z-cccc"


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    for run_id, suite in ((OLD, "feedback"), (NEW, "support")):
        run = run_of(Shape(samples=1, variants=("zero_shot",), suites=(suite,)), run_id)
        RunStore(tmp_path / "reports").write(run, {})
    return tmp_path / "reports"


@pytest.mark.parametrize(
    ("ref", "suite", "expected"),
    [
        ("latest", None, NEW),
        ("latest", "feedback", OLD),
        ("previous", None, OLD),
        (NEW, None, NEW),
        ("20261121", None, OLD),
        (f"reports/runs/{OLD}", None, OLD),
        ("reports/latest", None, NEW),
    ],
)
def test_run_is_found_by_id_beginning_path_or_age(
    reports: Path, ref: str, *, suite: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(reports.parent)
    folder = resolve_run(ref, reports, reports.parent, suite=suite)
    assert folder.resolve() == (reports / "runs" / expected).resolve()


def said(reports: Path, ref: str, suite: str | None = None) -> str:
    with pytest.raises(HarnessError) as caught:
        resolve_run(ref, reports, reports.parent, suite=suite)
    return str(caught.value)


def test_what_is_no_run_is_said_in_terms_of_runs(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(reports.parent)
    assert said(reports, "lates") == (
        "run 'lates': no run and no file is called so; a run id, a path, latest or previous is allowed; "
        f"recorded below reports: {NEW}, {OLD}. Did you mean 'latest'?"
    )
    assert said(reports, "2026112") == (
        f"run '2026112': 2 runs begin so ({NEW}, {OLD}); one is allowed; give more of its id"
    )
    assert said(reports, "latest", "suport") == (
        "run latest: no complete run has suite 'suport' below reports (suites with one: support, feedback); one is "
        "needed; record a run with: pytest --prompt-suite"
    )
    assert said(reports, "previous", "support") == (
        "run previous: only one complete run has suite 'support' below reports; two are needed; "
        "record a run with: pytest --prompt-suite"
    )
    assert said(reports, "reports").startswith("reports: no recorded run is here; ")
