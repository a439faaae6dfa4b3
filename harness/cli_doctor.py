"""`prompt-suite doctor`: what is installed, and what suites lack for production."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError
from harness.wording import counted

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from harness.checkup import Point

    Say = Callable[[str], None]

_EXIT_LACKING = 1
_MARKS = {"fine": "✓", "note": "·", "lacks": "✗"}


def add_doctor(commands: argparse._SubParsersAction[Any], say: Say) -> None:
    """Add the command; what it has to say goes to `say`."""
    command = commands.add_parser("doctor", help="what is installed, and what suites lack for production")
    command.add_argument("paths", type=Path, nargs="*", help="suite files or folders; default: suites/")
    command.add_argument(
        "--probe", action="store_true", help="start the sandbox and prove that it holds: takes seconds"
    )
    command.add_argument("--reports", type=Path, default=Path("reports"), metavar="DIR", help="default: reports")
    command.set_defaults(run=lambda options: _doctor(options, say))


def _doctor(options: argparse.Namespace, say: Say) -> int:
    from harness.checkup import installed, is_lacking, suite_points
    from harness.schema import Settings

    say("installed")
    _show(list(installed(is_probing=options.probe)), say)
    settings = Settings(root=Path.cwd(), reports=options.reports)
    files = _files(options.paths)
    n_lacking = 0
    for path in files:
        points = suite_points(path.absolute(), settings)
        n_lacking += is_lacking(points)
        say(f"\n{path}")
        _show(points, say)
    if not files:
        say("\nno suite is below suites/; make one with: prompt-suite init suites/first")
    elif n_lacking:
        verb = "lacks" if n_lacking == 1 else "lack"
        say(f"\n{n_lacking:,} of {counted(len(files), 'suite')} {verb} something that a nightly job relies on")
    return _EXIT_LACKING if n_lacking else 0


def _files(paths: Sequence[Path]) -> list[Path]:
    if not paths:
        return sorted(Path("suites").rglob("suite.yaml"))
    files = []
    for path in paths:
        found = sorted(path.rglob("suite.yaml")) if path.is_dir() else [path]
        if not found:
            raise UsageError(
                f"{path}: there is no suite.yaml below it; a suite file or a folder of suites is allowed; "
                f"make one with: prompt-suite init {path / 'first'}"
            )
        files.extend(found)
    return files


def _show(points: Sequence[Point], say: Say) -> None:
    for point in points:
        say(f"{_MARKS[point.state]} {point.what}")
