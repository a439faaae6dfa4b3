"""What GitHub Actions is told: annotations in the log, the job's summary; and text that must not become a command.

Its runner takes a line of the log for a command when it begins with `::`, white space before it or not, or holds `##[`
anywhere (actions/runner, `ActionCommand.TryParseV2` and `TryParse`). What a model answers is printed in that log.
"""

from __future__ import annotations

import os
import re
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import RecordError
from harness.plan import gate_name, item_name
from harness.plugin.reasons import not_run_reasons
from harness.report.outcome import reasons_of
from harness.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.schema import RunRecord, Suite, TrialResult, Verdict

MOST = 10
"""Annotations of one kind that GitHub shows of a step; further ones are in the log only."""
_LONGEST = 1_000
"""Characters of one annotation."""
_BEGINS = re.compile(r"(?m)^(\s*):(?=:)")


def is_there() -> bool:
    """Whether this process runs in a job of GitHub Actions."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def inert(text: str) -> str:
    r"""The text as it may stand in a log of GitHub Actions: what would be a command is shown as an escape.

    >>> inert("an answer\n  ::set-output name=x::y ##[add-mask]z")
    'an answer\n  \\x3a:set-output name=x::y \\x23#[add-mask]z'
    """
    return _BEGINS.sub(r"\1\\x3a", text.replace("##[", "\\x23#["))


def annotation_lines(record: RunRecord, root: Path) -> list[str]:
    """Commands for what failed (gates, then what was not run, then trials) and for gates that warn, MOST of a kind.

    `root` is the folder that the record's paths are relative to.
    """
    failed = [result for result in record.results if result.outcome in {"failed", "error"} and not result.is_held_back]
    told = [_trial(result, record.suites, root) for result in failed[:MOST]]
    errors = [*_gates(record.verdicts, root, failed=True), *_not_run(record), *told]
    warnings = list(_gates(record.verdicts, root, failed=False))
    lines = [f"::error {each}" for each in errors[:MOST]] + [f"::warning {each}" for each in warnings[:MOST]]
    if more := max(0, len(errors) - MOST) + len(failed) - len(told) + max(0, len(warnings) - MOST):
        lines.append(f"::notice {_command('prompt suites', f'{more:,} more: see the summary of this job', {})}")
    return lines


def append_summary(folder: Path) -> None:
    """Add the run's summary.md to the job's summary, where there is one.

    Raises:
        RecordError: the job's file cannot be written.

    """
    target = os.environ.get("GITHUB_STEP_SUMMARY")
    if not target:
        return
    try:
        with Path(target).open("ab") as file:
            file.write((folder / "summary.md").read_bytes() + b"\n")
    except OSError as error:
        raise RecordError(
            f"GITHUB_STEP_SUMMARY: {target} cannot be written ({error.strerror or error}); the summary is in "
            f"{folder / 'summary.md'}"
        ) from error


def _gates(verdicts: Sequence[Verdict], root: Path, *, failed: bool) -> Iterator[str]:
    for verdict in verdicts:
        does_fail = not verdict.passed and not verdict.by_choice
        if does_fail if failed else verdict.passed and verdict.warns:
            gate = verdict.gate
            line = {} if gate.line is None else {"line": str(gate.line)}
            where = {"file": _from_workspace(gate.path, root), **line} if gate.path else {}
            yield _command(gate_name(gate, verdict.variant, verdict.backend), verdict.message, where)


def _not_run(record: RunRecord) -> Iterator[str]:
    for reason in not_run_reasons([result for result in record.results if not result.is_stopped_early]):
        yield _command("trials not run", reason, {})


def _trial(result: TrialResult, suites: Sequence[Suite], root: Path) -> str:
    path = next(suite.path for suite in suites if suite.name == result.trial.suite)
    return _command(item_name(result.trial), "; ".join(reasons_of(result)), {"file": _from_workspace(path, root)})


def _command(title: str, message: str, where: dict[str, str]) -> str:
    """`file=…,line=…,title=…::message`, escaped as the workflow commands' reference asks for."""
    properties = ",".join(f"{name}={_property(value)}" for name, value in chain(where.items(), [("title", title)]))
    return f"{properties}::{_text(one_line(message, longest=_LONGEST))}"


def _text(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _text(value).replace(":", "%3A").replace(",", "%2C")


def _from_workspace(path: str, root: Path) -> str:
    """The path from the checkout's folder, as annotations name files; as it is when it lies elsewhere."""
    workspace = os.environ.get("GITHUB_WORKSPACE")
    absolute = Path(os.path.realpath(root / path))
    if workspace and absolute.is_relative_to(base := Path(os.path.realpath(workspace))):
        return absolute.relative_to(base).as_posix()
    return path
