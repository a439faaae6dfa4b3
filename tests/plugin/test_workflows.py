"""The workflows that ship, run as GitHub's runner runs them: their steps in bash, one after the other, offline.

Of the steps only those named `Install` are left out: they would fetch what is installed here. Actions (`uses:`) check
out and upload, and are left out, too. `gh` is a program of this test that keeps what it is given. Of GitLab's job it is
`before_script` that installs.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import Struct

from harness.backends.models import find
from harness.schema import canonical_json, content_key
from harness.suite.document import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github/workflows"
NIGHTLY, PULL_REQUEST = "prompt-suite-nightly.yml", "prompt-suite-pull-request.yml"
DAMAGED = Path(__file__).with_name("recordings") / "feedback-labels-slipped.jsonl"
"""What the embedded model answered when each example of `few_shot` had the label of the next topic."""
NEXT_TOPIC = {"exchange": "pin", "pin": "lost", "lost": "delivery", "delivery": "refund", "refund": "exchange"}
GATE = "gate[exact_match.regression<=0.1-few_shot_similar-smollm2]"
CONTEXT = {
    "github.token": "a-token",
    "github.event.pull_request.number": "7",
    "!cancelled() && github.event.pull_request.head.repo.full_name == github.repository": "true",
    "!cancelled()": "true",
}
"""Whatever the workflows ask of GitHub; anything else is a mistake of theirs, or of this test."""
GH = '#!/bin/bash\nprintf "%s\\n" "$@" > gh-arguments\ncp "${@: -1}" gh-body\n'
GUARD = """\
import socket
from pathlib import Path

def refuse(*arguments, **_):
    Path({used!r}).write_text(repr(arguments))
    raise SystemExit("the workflow reaches out of this machine")

for name in ("getaddrinfo", "gethostbyname", "create_connection"):
    setattr(socket, name, refuse)
connect = socket.socket.connect
socket.socket.connect = lambda self, address: (connect if isinstance(address, str) else refuse)(self, address)
"""

pytestmark = [
    pytest.mark.model,  # the answers are recorded under the SHA-256 of its weights; it is not called
    pytest.mark.skipif(find("smollm2") is None, reason="no model; run: prompt-suite models install smollm2"),
]


class Job(Struct, frozen=True):
    """What became of a job."""

    codes: dict[str, int]
    """Exit code of each step that ran."""
    output: str
    """What its steps printed."""


class Checkout:
    """A copy of what the workflows need of the repository."""

    def __init__(self, path: Path) -> None:
        self.path = path / "checkout"
        self._programs, self._guard = path / "programs", path / "guard"
        for folder in ("suites", ".github"):
            shutil.copytree(ROOT / folder, self.path / folder)
        for file in ("pyproject.toml", "datasets/feedback.jsonl", "reports/baselines/feedback.jsonl"):
            (self.path / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, self.path / file)
        self.record(ROOT / "recordings/feedback.jsonl")
        self._programs.mkdir()
        (self._programs / "gh").write_text(GH)
        (self._programs / "gh").chmod(0o755)
        self._guard.mkdir()
        self.used = path / "socket-used"
        (self._guard / "sitecustomize.py").write_text(GUARD.format(used=str(self.used)))

    def record(self, *recordings: Path) -> None:
        """Have these recorded answers, the first under a key counts, as this machine's llama.cpp would have them.

        Its version is part of the key, so that another one is never mistaken for it; here its answers may stand in.
        """
        lines: dict[str, str] = {}
        for recording in recordings:
            for text in recording.read_text("utf-8").splitlines():
                line = json.loads(text)
                line["content"]["backend"]["runtime"] = f"xllamacpp {version('xllamacpp')}"
                line["key"] = content_key(canonical_json(line["content"]))
                lines.setdefault(line["key"], json.dumps(line) + "\n")
        target = self.path / "recordings/feedback.jsonl"
        target.parent.mkdir(exist_ok=True)
        target.write_text("".join(lines.values()), "utf-8")

    def damage(self) -> None:
        """Each example answered with the topic after its own, as when one column of a sheet is moved."""
        examples = self.path / "suites/feedback/prompts/few_shot/examples.jsonl"
        rows = [json.loads(line) for line in examples.read_text("utf-8").splitlines()]
        moved = [{**row, "label": NEXT_TOPIC[row["label"]]} for row in rows]
        examples.write_text("".join(json.dumps(row) + "\n" for row in moved), "utf-8")

    def run(self, name: str) -> Job:
        """The workflow's only job, as the runner runs it."""
        workflow = parse((self.path / ".github/workflows" / name).read_text("utf-8"), name).value
        (job,) = workflow["jobs"].values()
        codes: dict[str, int] = {}
        output = ""
        for step in job["steps"]:
            goes_on = "if" in step and _evaluated(step["if"]) == "true"
            if not _is_run_here(step) or (any(codes.values()) and not goes_on):
                continue
            env = {name: _evaluated(value) for name, value in {**workflow["env"], **step.get("env", {})}.items()}
            codes[step["name"]], told = self.bash(step["run"], env)
            output += told
        return Job(codes, output)

    def bash(self, script: str, env: Mapping[str, str]) -> tuple[int, str]:
        """Exit code and output of a script."""
        done = subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=self.path,
            env={**self._environment(), **env},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout + done.stderr

    def _environment(self) -> dict[str, str]:
        programs = [str(self._programs), str(Path(sys.executable).parent), os.environ["PATH"]]
        return {
            **{name: os.environ[name] for name in ("HOME", "LANG", "PYTEST_ADDOPTS") if name in os.environ},
            "PATH": os.pathsep.join(programs),
            "PYTHONPATH": os.pathsep.join([str(self._guard), str(ROOT)]),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(self.path),
            "GITHUB_STEP_SUMMARY": str(self.path / "step-summary.md"),
        }

    def verdict(self) -> dict[str, Any]:
        """The row of the run's gate beside the recorded baseline; a prompt's promises have findings as well."""
        manifest = json.loads((self.path / "reports/latest/run.json").read_text("utf-8"))
        assert manifest["totals"]["calls"] == 0
        assert manifest["totals"]["error"] == 0
        (found,) = (row for row in manifest["verdicts"] if ".regression <= " in row["gate"])
        return dict(found)


def _is_run_here(step: dict[str, Any]) -> bool:
    if "uses" in step:
        assert step["uses"].startswith("actions/"), step["uses"]
        return False
    return bool(step["name"] != "Install")


def _evaluated(value: str) -> str:
    """The value with GitHub's expressions replaced by what they are here."""
    head, mark, tail = value.partition("${{")
    if not mark:
        return value
    expression, _, rest = tail.partition("}}")
    return head + CONTEXT[expression.strip()] + _evaluated(rest)


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    made = Checkout(tmp_path)
    yield made
    assert not made.used.exists(), made.used.read_text()


STEPS = ["Take in the recorded answers", "Run the suites"]


def test_nightly_workflow_is_green_on_the_suite_as_it_ships(checkout: Checkout) -> None:
    job = checkout.run(NIGHTLY)
    assert job.codes == dict.fromkeys(STEPS, 0), job.output
    assert checkout.verdict()["finding"] == "unchanged"
    assert "::error" not in job.output
    assert json.loads((checkout.path / "ctrf.json").read_text())["results"]["summary"]["failed"] == 0
    assert 'name="exact_match"' in (checkout.path / "junit.xml").read_text()
    assert (checkout.path / "step-summary.md").read_text().startswith("## All 16 gates hold")


def test_nightly_workflow_catches_a_damaged_prompt_by_its_verdict(checkout: Checkout) -> None:
    checkout.damage()
    checkout.record(ROOT / "recordings/feedback.jsonl", DAMAGED)
    job = checkout.run(NIGHTLY)
    assert job.codes == {STEPS[0]: 0, STEPS[1]: 1}, job.output
    verdict = checkout.verdict()
    assert (verdict["finding"], verdict["passed"]) == ("regressed", False)
    line = (
        (checkout.path / "suites/feedback/suite.yaml")
        .read_text()
        .splitlines()
        .index("  - regression: {metric: exact_match, margin: 0.10, on_inconclusive: warn}")
    )
    assert f"::error file=suites/feedback/suite.yaml,line={line + 1},title={GATE}::exact_match fell from" in job.output
    assert "**✗ regressed**" in (checkout.path / "step-summary.md").read_text()


def test_nightly_workflow_is_red_when_a_changed_prompt_has_no_recorded_answers(checkout: Checkout) -> None:
    checkout.damage()
    job = checkout.run(NIGHTLY)
    assert job.codes == {STEPS[0]: 0, STEPS[1]: 1}, job.output
    assert "no answer (missing): no answer is recorded for few_shot" in job.output


@pytest.mark.parametrize("is_damaged", [False, True])
def test_pull_request_workflow_comments_whatever_the_verdict(checkout: Checkout, *, is_damaged: bool) -> None:
    if is_damaged:
        checkout.damage()
        checkout.record(ROOT / "recordings/feedback.jsonl", DAMAGED)
    job = checkout.run(PULL_REQUEST)
    wanted = {STEPS[0]: 0, STEPS[1]: int(is_damaged), "Comment on the pull request": 0}
    assert job.codes == wanted, job.output
    assert checkout.verdict()["finding"] == ("regressed" if is_damaged else "unchanged")
    body = (checkout.path / "gh-body").read_text()
    assert body == (checkout.path / "reports/latest/summary.md").read_text()
    assert ("regressed" in body) is is_damaged
    arguments = (checkout.path / "gh-arguments").read_text().split()
    assert arguments[:5] == ["pr", "comment", "7", "--edit-last", "--create-if-none"]


def test_pull_request_workflow_comments_nothing_when_nothing_ran(checkout: Checkout) -> None:
    (checkout.path / "recordings/feedback.jsonl").write_text("broken\n")
    job = checkout.run(PULL_REQUEST)
    assert job.codes == {STEPS[0]: 2, "Comment on the pull request": 0}, job.output
    assert not (checkout.path / "gh-body").exists()


@pytest.mark.parametrize("is_damaged", [False, True])
def test_job_for_gitlab_says_the_same(checkout: Checkout, *, is_damaged: bool) -> None:
    if is_damaged:
        checkout.damage()
        checkout.record(ROOT / "recordings/feedback.jsonl", DAMAGED)
    page = (ROOT / "docs/how-to/run-in-gitlab.md").read_text("utf-8")
    job = parse(page.partition("```yaml\n")[2].partition("```")[0], "run-in-gitlab.md").value["prompt-suite"]
    code, output = checkout.bash("\n".join(job["script"]), job["variables"])
    assert code == int(is_damaged), output
    assert checkout.verdict()["finding"] == ("regressed" if is_damaged else "unchanged")
    told = checkout.bash("\n".join(job["after_script"]), job["variables"])
    assert told == (0, (checkout.path / "reports/latest/summary.md").read_text())
    assert (checkout.path / job["artifacts"]["reports"]["junit"]).exists()


def test_guard_sees_what_would_leave_the_machine(checkout: Checkout) -> None:
    code, output = checkout.bash("python -c 'import urllib.request as r; r.urlopen(\"http://192.0.2.1/\")'", {})
    assert (code, "reaches out of this machine" in output) == (1, True)
    assert checkout.used.exists()
    checkout.used.unlink()


@pytest.mark.parametrize("name", [NIGHTLY, PULL_REQUEST])
def test_workflow_takes_no_text_of_others_into_a_command(name: str) -> None:
    """An expression within `run:` is pasted into the script before bash reads it."""
    workflow = parse((WORKFLOWS / name).read_text("utf-8"), name).value
    (job,) = workflow["jobs"].values()
    assert not [step["run"] for step in job["steps"] if "${{" in step.get("run", "")]
    assert workflow["permissions"]["contents"] == "read"


def test_recording_and_baseline_are_of_the_suite_as_it_is() -> None:
    """Whoever changes the suite records it anew; the recording stays small."""
    recording = (ROOT / "recordings/feedback.jsonl").read_text("utf-8")
    assert len(recording.splitlines()) == 30 * 4
    assert len(recording) + DAMAGED.stat().st_size < 300_000
