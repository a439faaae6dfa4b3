"""`prompt-suite promote`: a label moves to a prompt version whose gates hold."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import HarnessError, UsageError
from harness.wording import counted, did_you_mean, listed

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from harness.promotion import Promotion
    from harness.suite import FileEdit

    Say = Callable[[str], None]

_MARKS = {"holds": "✓", "warns": "!", "fails": "✗", "not judged": "✗"}


def add_promote(commands: argparse._SubParsersAction[Any], say: Say) -> None:
    """Add the command; what it has to say goes to `say`."""
    command = commands.add_parser("promote", help="move a label to a prompt version whose gates hold")
    command.add_argument("prompt", metavar="PROMPT@VERSION", help="the version, such as few_shot@1.1")
    command.add_argument("label", metavar="LABEL", help="such as prod-a; the version that has it loses it")
    command.add_argument(
        "--suite", type=Path, metavar="PATH", help="suite file or folder; default: the one with PROMPT"
    )
    command.add_argument(
        "--run", dest="ref", metavar="REF", help="the run that shows it; default: the latest complete one"
    )
    command.add_argument("--accept-warnings", action="store_true", help="also where gates hold with a warning")
    command.add_argument("--dry-run", action="store_true", help="show what would be written; write nothing")
    command.add_argument("--reports", type=Path, default=Path("reports"), metavar="DIR", help="default: reports")
    command.set_defaults(run=lambda options: _promote(options, say))


def _promote(options: argparse.Namespace, say: Say) -> int:
    from harness.promotion import promotion
    from harness.schema import Settings
    from harness.suite import write_edits

    root = Path.cwd()
    suite = _suite_file(options)
    settings = Settings(root=root, reports=options.reports)
    found = promotion(suite.absolute(), options.prompt, options.label, settings=settings, run=options.ref)
    if not found.move.edits:
        say(f"{found.prompt} has label {found.label} already; nothing is written")
        return 0
    _show_gates(found, say)
    reasons = found.reasons(are_warnings_accepted=options.accept_warnings)
    if reasons:
        raise HarnessError(_refusal(found, reasons, suite))
    if options.dry_run:
        for edit in found.move.edits:
            say(_diff(edit))
        say("--dry-run: nothing is written")
        return 0
    write_edits(found.move.edits)
    was = f"was at {found.move.before}" if found.move.before is not None else "a new label"
    say(f"{found.label} is at {found.prompt} now, {was}; wrote {listed(edit.shown for edit in found.move.edits)}")
    return 0


def _suite_file(options: argparse.Namespace) -> Path:
    name, _, version = options.prompt.partition("@")
    if not name or not version:
        raise UsageError(
            f"promote: {options.prompt!r} names no version; PROMPT@VERSION is allowed; write for example few_shot@1.1"
        )
    every = sorted(Path("suites").rglob("suite.yaml"))
    path: Path | None = options.suite
    if path is None:
        return _only_suite(name, every)
    if not path.exists():
        raise UsageError(
            f"promote: --suite {path}: there is no such file or folder; a suite file or its folder is allowed; "
            f"available: {listed(str(each.parent) for each in every)}"
        )
    return path / "suite.yaml" if path.is_dir() else path


def _only_suite(name: str, every: list[Path]) -> Path:
    """The one suite of all these that has the prompt."""
    if not every:
        raise UsageError(
            "promote: there is no suite.yaml below suites/; the suite with the prompt is needed; go to the project's "
            "folder, or name the suite with --suite PATH"
        )
    having = [each for each in every if (each.parent / "prompts" / name).is_dir()]
    if not having:
        known = sorted({path.name for each in every for path in (each.parent / "prompts").glob("*") if path.is_dir()})
        raise UsageError(
            f"promote: no suite below suites/ has a prompt '{name}'; prompts there: {listed(known)}; name one of them, "
            f"or a suite elsewhere with --suite PATH.{did_you_mean(name, known)}"
        )
    if len(having) > 1:
        raise UsageError(
            f"promote: {counted(len(having), 'suite')} below suites/ have a prompt '{name}'; one is needed; name it "
            f"with --suite PATH, one of: {listed(str(each.parent) for each in having)}"
        )
    return having[0]


def _show_gates(found: Promotion, say: Say) -> None:
    say(f"gates of {found.prompt} in run {found.run_id}:")
    for one in found.gates:
        say(f"{_MARKS[one.state]} {one.gate}  {one.where}: {one.message}")


def _refusal(found: Promotion, reasons: list[str], suite: Path) -> str:
    warns = any(one.state == "warns" for one in found.gates)
    accept = ", or accept warnings with --accept-warnings" if warns else ""
    return (
        f"promote: {found.label} stays where it is, run {found.run_id} does not show that {found.prompt} has earned "
        f"it: {'; '.join(reasons)}; every gate must hold in a complete run of the files as they are; "
        f"run: pytest --prompt-suite {suite}{accept}"
    )


def _diff(edit: FileEdit) -> str:
    before, after = (
        [line.rstrip("\r\n") for line in text.decode().splitlines(keepends=True)] for text in (edit.before, edit.after)
    )
    return "\n".join(difflib.unified_diff(before, after, edit.shown, edit.shown, lineterm="", n=1))
