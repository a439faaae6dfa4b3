"""Entries of `quarantine:` → what is in quarantine on a day, and warnings of what has ended."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from harness.plan import plan_trials
from harness.schema import Quarantine
from harness.suite import LoadOptions, load_suite
from tests.unit.suite.conftest import FILES

if TYPE_CHECKING:
    from harness.schema import Suite
    from tests.unit.suite.conftest import Project

ENTRY = '- {sample: b, reason: "label is wrong,  #12", until: 2026-12-31}\n'


def loaded(project: Project, entries: str, *, today: date = date(2026, 12, 1), limit: int | None = None) -> Suite:
    project.suite(FILES["suites/demo/suite.yaml"] + "quarantine:\n" + entries)
    options = LoadOptions(project.root, limit=limit, today=today)
    return load_suite(project.root / "suites/demo/suite.yaml", project.catalogue, options)


def test_entry_holds_until_the_end_of_its_day(project: Project) -> None:
    suite = loaded(project, ENTRY, today=date(2026, 12, 31))
    assert suite.quarantine == (Quarantine("b", "label is wrong, #12", "2026-12-31"),)
    assert suite.warnings == ()


def test_entry_that_has_ended_holds_nothing_and_warns(project: Project) -> None:
    suite = loaded(project, ENTRY, today=date(2027, 1, 1))
    assert suite.quarantine == ()
    (warning,) = suite.warnings
    assert warning == (
        "suites/demo/suite.yaml:9: the quarantine of sample 'b' ended on 2026-12-31 (label is wrong, #12): it counts "
        "again; mend the sample and remove the entry, or give a later day"
    )


def test_clock_says_which_day_it_is_where_nobody_does(project: Project) -> None:
    project.suite(FILES["suites/demo/suite.yaml"] + "quarantine:\n" + ENTRY.replace("2026", "2001"))
    assert len(project.load().warnings) == 1


def test_id_that_was_meant_is_named(project: Project) -> None:
    project.rows('{"id": "fb017", "text": "Fine.", "label": "positive"}\n')
    project.suite(FILES["suites/demo/suite.yaml"] + "quarantine:\n" + ENTRY.replace("b,", "fb-17,"))
    assert project.mistakes() == (
        "suites/demo/suite.yaml:9:12: sample 'fb-17' is not in the dataset; the id of one of its rows is allowed. "
        "Did you mean 'fb017'?"
    )


def test_sample_beyond_the_limit_is_no_mistake(project: Project) -> None:
    assert len(loaded(project, ENTRY, limit=1).quarantine) == 1


@pytest.mark.parametrize(
    ("scope", "held"),
    [
        ("", {"zero_shot", "other"}),
        ("variants: [other], ", {"other"}),
        ("variants: [other], backends: [smollm2], ", {"other"}),
    ],
)
def test_trials_in_scope_know_their_quarantine(project: Project, scope: str, held: set[str]) -> None:
    text = FILES["suites/demo/suite.yaml"].replace(
        "  - zero_shot\n", "  - zero_shot\n  - {prompt: zero_shot, name: other}\n"
    )
    project.suite(text + "quarantine:\n" + ENTRY.replace("reason", scope + "reason").replace("2026", "2999"))
    trials = list(plan_trials(project.load(), {}))
    assert {trial.variant for trial in trials if trial.quarantine is not None} == held
    assert {trial.sample.sample_id for trial in trials if trial.quarantine is not None} == {"b"}
