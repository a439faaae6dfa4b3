"""`prompt-suite report`: where a recorded run's report is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import RecordError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    Say = Callable[[str], None]


def add_report(commands: argparse._SubParsersAction[Any], say: Say) -> None:
    """Add the command; what it has to say goes to `say`."""
    command = commands.add_parser("report", help="where a recorded run's report is")
    command.add_argument(
        "ref", metavar="RUN", nargs="?", default="latest", help="run id, path, latest (default), previous"
    )
    command.add_argument("--open", action="store_true", help="open it in the browser")
    command.add_argument("--reports", type=Path, default=Path("reports"), metavar="DIR", help="default: reports")
    command.set_defaults(run=lambda options: _report(options, say))


def _report(options: argparse.Namespace, say: Say) -> int:
    """Only names the file: a report draws on the suite's prompts and rows, which the run folder does not hold."""
    from harness.record import load_manifest, resolve_run

    folder = resolve_run(options.ref, options.reports, Path.cwd())
    path = folder / "report.html"
    if not path.is_file():
        raise RecordError(
            f"{path}: the report is not there; a run writes it, and it cannot be made from the tables alone; "
            "run again: recorded answers cost nothing"
        )
    manifest = load_manifest(folder)
    say(f"{path}" + ("" if manifest.complete else "  (incomplete run)"))
    if options.open:
        import webbrowser

        if not webbrowser.open(path.absolute().as_uri()):
            say("--open: no browser was found; open the report by hand")
    return 0
