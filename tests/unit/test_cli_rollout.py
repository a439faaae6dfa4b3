"""`prompt-suite rollout`: what it replays, what it shows, what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.conftest import PromptSuite
    from tests.unit.recorded_project import RecordedProject

ASKED = ("rollout", "support@1.0", "support@1.1")


@pytest.fixture
def worse(project: RecordedProject) -> str:
    """A run in which the new prompt gets every third row wrong."""
    project.rows(300)
    project.answers({"support@1.1": range(0, 300, 3)})
    return project.run()


def test_bad_prompt_is_rolled_back_with_exit_code_1(
    prompt_suite: PromptSuite, project: RecordedProject, worse: str
) -> None:
    code, out, err = prompt_suite(*ASKED)
    assert (code, err) == (1, "")
    lines = out.splitlines()
    assert lines[:3] == [
        f"desk on saved: support@1.1 in place of support@1.0, run {worse}",
        "watched: exact_match, errors; 300 recorded requests",
        "",
    ]
    assert lines[3].split() == ["stage", "check", "share", "samples", "with", "NEW", "verdict"]
    assert lines[5].split() == "5 % of the free tier after 24 h 3.0 % 9 of 300 hold".split()
    ended = next(place for place, line in enumerate(lines) if line.endswith(" %: roll back"))
    assert lines[ended + 1].startswith("  exact_match fell from 1 to 0.")
    exposed = lines[lines.index("expected exposure, over 200 random draws of who gets NEW first:") :]
    assert exposed[1].startswith("  as recorded: rolled back in 100 % of the draws, after NEW had served ")
    assert exposed[2].startswith("  were NEW worse by 0.1 in exact_match: rolled back in 100 % of the draws, after ")
    assert project.reports.is_dir()


def test_prompt_that_is_as_good_is_promoted_with_exit_code_0(
    prompt_suite: PromptSuite, project: RecordedProject
) -> None:
    project.rows(200)
    project.answers({})
    project.run()
    code, out, _ = prompt_suite(*ASKED, "--stage", "0.5@24", "--stage", "1", "--if-worse", "0.3")
    assert code == 0
    assert [line.split()[-1] for line in out.splitlines() if " of 200 " in line] == ["promote", "promote"]
    assert "  as recorded: never rolled back" in out
    assert "  were NEW worse by 0.3 in exact_match: rolled back in " in out


def test_rollout_in_the_suite_file_is_the_default_and_options_win(
    prompt_suite: PromptSuite, project: RecordedProject, worse: str
) -> None:
    suite = (project.folder / "suite.yaml").read_text()
    rollout = (
        "rollout:\n  tier: plan\n  fewest: 10\n  metrics: [{metric: exact_match, margin: 0.5}]\n"
        "  stages:\n    - {share: 0.5, after_h: 72, tier: paid, name: half}\n    - {share: 1}\n"
    )
    project.write("suite.yaml", suite + rollout)
    content = json.loads(prompt_suite(*ASKED, "--format", "json")[1])
    assert (content["decision"], content["notes"], content["n_served"]) == ("promote", [], 300)
    first, last = content["stages"]
    assert first["stage"] == {"name": "half", "share": 0.5, "after_h": 72.0, "tier": "paid"}
    assert 50 < first["n_exposed"] < 100
    assert (last["stage"]["name"], last["n_exposed"]) == ("100 %", 300)
    assert last["findings"][0]["metric"] == "exact_match"
    code, out, _ = prompt_suite(*ASKED, "--format", "json", "--metric", "exact_match=0.01", "--stage", "1")
    assert code == 1
    assert [stage["stage"]["name"] for stage in json.loads(out)["stages"]] == ["100 %"]
    named = {name: json.loads(out)[name] for name in ("old", "new", "old_run", "new_run")}
    assert named == {"old": "support@1.0", "new": "support@1.1", "old_run": worse, "new_run": worse}


def test_runs_without_a_tier_are_replayed_without_tiers_and_that_is_said(
    prompt_suite: PromptSuite, project: RecordedProject
) -> None:
    project.rows(100, tagged=False)
    project.answers({})
    project.run()
    note = "note: no recorded row is of tier 'free' (column 'tags'): replayed without tiers"
    assert note in prompt_suite(*ASKED)[1].splitlines()
    assert "note" not in prompt_suite(*ASKED, "--tier", "plan")[1]


def test_column_or_tier_that_was_named_and_that_no_row_has_is_an_error_that_names_those_there_are(
    prompt_suite: PromptSuite, project: RecordedProject
) -> None:
    project.run()
    for arguments, message in (
        (
            ["--tier", "plans"],
            (
                "rollout: --tier plans: the dataset has no such column; available: tags, id, text, label, customer, "
                "plan. Did you mean 'plan'?"
            ),
        ),
        (
            ["--stage", "0.1:gold", "--stage", "1"],
            (
                "rollout: no recorded row is of tier 'gold' (column 'tags'); tiers there: free, paid; name one of "
                "them, as in --stage 0.05:TIER, or another column with --tier."
            ),
        ),
        (
            ["--tier", "customer", "--stage", "0.1:free"],
            (
                "rollout: no recorded row is of tier 'free' (column 'customer'); tiers there: c0, c1, c10, c11, c12, "
                "c13, c14, c15, c16, c17, c18, c19, c2, c3, c4, c5, c6, c7, c8, c9; name one of them, as in --stage "
                "0.05:TIER, or another column with --tier."
            ),
        ),
    ):
        assert prompt_suite(*ASKED, *arguments) == (4, "", f"prompt-suite: {message}\n")


def test_column_of_a_suite_that_is_not_here_cannot_be_read(prompt_suite: PromptSuite, project: RecordedProject) -> None:
    project.run()
    (project.folder / "suite.yaml").unlink()
    assert prompt_suite(*ASKED, "--tier", "plan")[::2] == (
        4,
        (
            "prompt-suite: rollout: --tier plan: the file of suite 'desk' is not here, and a run records no column "
            "but tags; tags is allowed; go to the project's folder\n"
        ),
    )
    assert prompt_suite(*ASKED)[0] == 0


def test_share_that_is_small_is_not_shown_as_none(prompt_suite: PromptSuite, project: RecordedProject) -> None:
    project.rows(1500)
    project.answers({})
    project.run()
    out = prompt_suite(*ASKED, "--stage", "0.002", "--stage", "0.9995", "--draws", "1")[1]
    shares = [line.split()[2:4] for line in out.splitlines() if " of 1,500 " in line]
    assert shares == [["<0.1", "%"], [">99.9", "%"]]


def test_draws_at_their_bound_are_allowed_and_one_more_is_not(
    prompt_suite: PromptSuite, project: RecordedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.run()
    monkeypatch.setattr("harness.cli_rollout._MOST_DRAWS", 3)
    assert "over 3 random draws" in prompt_suite(*ASKED, "--draws", "3")[1]
    for draws in ("4", "9" * 5000, "1e2", "-1", "٣"):
        code, _, err = prompt_suite(*ASKED, f"--draws={draws}")
        assert code == 4
        assert " is no whole number from 1 to 3; more would tell nothing new; write for example 200" in err


def test_one_variant_of_one_run_is_no_rollout(prompt_suite: PromptSuite, project: RecordedProject) -> None:
    run = project.run()
    assert prompt_suite("rollout", "support@1.0", "support@1.0")[::2] == (
        4,
        (
            f"prompt-suite: rollout: OLD and NEW are both support@1.0 of run {run}; two variants, or two runs of one, "
            "are needed; name another variant, or two runs with --runs OLD_RUN NEW_RUN\n"
        ),
    )


def test_prompt_edited_in_place_is_replayed_from_two_runs(prompt_suite: PromptSuite, project: RecordedProject) -> None:
    project.rows(120)
    project.answers({})
    first = project.run()
    project.answers({"support@1.1": range(60)})
    second = project.run()
    code, out, _ = prompt_suite("rollout", "support@1.1", "--runs", first, second)
    assert code == 1
    assert out.startswith(f"desk on saved: support@1.1 of run {second} in place of support@1.1 of run {first}\n")
    assert prompt_suite("rollout", "support@1.1", "--runs", second, first)[0] == 0


def test_markdown_has_a_row_a_stage(prompt_suite: PromptSuite, project: RecordedProject, worse: str) -> None:
    code, out, _ = prompt_suite(*ASKED, "--format", "markdown", "--stage", "0.4", "--stage", "1")
    assert code == 1
    lines = out.splitlines()
    assert lines[0].startswith("### Rollout: desk on saved: ")
    assert "| Stage | Check | Samples with NEW | Verdict | Reason |" in lines
    assert sum("**roll back**" in line for line in lines) == 1
    assert lines[-1].startswith("- were NEW worse by 0.1 in exact")
    assert worse in out
    assert project.n_rows == 300


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["support@1.0"],
            (
                "rollout: NEW is missing; two variants of one run are needed, or one variant with --runs OLD_RUN "
                "NEW_RUN; write for example: prompt-suite rollout few_shot@1.0 few_shot@1.1"
            ),
        ),
        (
            ["support@1.0", "support@1.2"],
            (
                "rollout: latest has no variant 'support@1.2'; available: support@1.0, support@1.1. "
                "Did you mean 'support@1.1'?"
            ),
        ),
        (
            ["support@1.0", "support@1.1", "--metric", "exact_match=1"],
            (
                "rollout: margin 1 is all that exact_match can fall; less than 1 is allowed; write for example "
                "--metric exact_match=0.02"
            ),
        ),
        (
            ["support@1.0", "support@1.1", "--if-worse", "1.5"],
            (
                "rollout: --if-worse 1.5: exact_match can fall by 1 at most; a smaller drop is allowed; write for "
                "example 0.1"
            ),
        ),
        (
            ["support@1.0", "support@1.1", "--backend", "other"],
            "rollout: {run} has no backend 'other'; available: saved.",
        ),
        (
            ["support@1.0", "support@1.1", "--metric", "exact"],
            (
                "rollout: {run} has no metric 'exact'; available: exact_match, latency_s, input_tokens, output_tokens, "
                "cached_input_tokens, cost_usd. Did you mean 'exact_match'?"
            ),
        ),
        (
            ["support@1.0", "support@1.1", "--stage", "0.5", "--stage", "0.1"],
            (
                "rollout: stage '10 %': its share is 0.1 after 0.5; allowed: above 0, at most 1, and no smaller "
                "than before"
            ),
        ),
        (
            ["support@1.0", "support@1.1", "--stage", "0.1:free", "--stage", "0.5:beta"],
            (
                "rollout: no recorded row is of tier 'beta' (column 'tags'); tiers there: free, paid; name one of "
                "them, as in --stage 0.05:TIER, or another column with --tier."
            ),
        ),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(
    prompt_suite: PromptSuite, project: RecordedProject, *, arguments: list[str], message: str
) -> None:
    run = project.run()
    assert prompt_suite("rollout", *arguments) == (4, "", f"prompt-suite: {message.format(run=run)}\n")


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        (
            ["--stage", "2"],
            (
                "argument --stage: '2' is no stage; SHARE[@HOURS][:TIER] with a share above 0, at most 1, is allowed; "
                "write for example 0.05@24:free"
            ),
        ),
        (["--alpha", "1"], "argument --alpha: '1' is no share between 0 and 1; write for example 0.05"),
        (
            ["--fewest", "0"],
            "argument --fewest: '0' is no whole number from 1 to 10,000,000; write for example 20",
        ),
        (["--if-worse", "0"], "argument --if-worse: '0' is no amount above 0; write for example 0.1"),
        (["--metric", "f1=x"], "argument --metric: 'f1=x': no margin from 0; write for example exact_match=0.02"),
    ],
)
def test_option_with_a_wrong_value_is_a_usage_error(
    prompt_suite: PromptSuite, option: list[str], complaint: str
) -> None:
    code, _, err = prompt_suite(*ASKED, *option)
    assert (code, err.splitlines()[-1]) == (4, f"prompt-suite rollout: {complaint}")
