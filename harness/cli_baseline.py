"""`prompt-suite baseline`: what is committed, what it holds, and a recorded run that becomes it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import RecordError, UsageError
from harness.wording import counted, did_you_mean, listed

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType

    from harness.record import Kept
    from harness.schema import Measure, Rows

    Say = Callable[[str], None]

_WIDEST = 160
_EXIT_DAMAGED = 1
_QUALITY = ("score", "percent")


def add_baseline(commands: argparse._SubParsersAction[Any], say: Say) -> None:
    """Add the command; what it has to say goes to `say`."""
    baseline = commands.add_parser("baseline", help="the committed baselines: list, show, save from a recorded run")
    actions = baseline.add_subparsers(metavar="ACTION")
    listing = actions.add_parser("list", help="which there are, from which run; the default")
    show = actions.add_parser("show", help="what one holds: prompts, and the means of its metrics")
    show.add_argument("suite", metavar="SUITE", help="the suite's name")
    save = actions.add_parser("save", help="make a recorded run the baseline, without running again")
    save.add_argument("ref", metavar="RUN", help="a run id, a path, latest or previous")
    save.add_argument("--suite", action="append", default=[], metavar="NAME", help="this suite only; repeatable")
    save.add_argument("--with-errors", action="store_true", help="also with trials that have no answer")
    baseline.set_defaults(reports=Path("reports"))
    for parser, action in ((baseline, _list), (listing, _list), (show, _show), (save, _save)):
        parser.set_defaults(run=_saying(action, say))
    for parser in (listing, show, save):
        parser.add_argument("--reports", type=Path, default=Path("reports"), metavar="DIR", help="default: reports")


def _saying(action: Callable[[argparse.Namespace, Say], int], say: Say) -> Callable[[argparse.Namespace], int]:
    return lambda options: action(options, say)


def _files(reports: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted((reports / "baselines").glob("*.jsonl"))}


def _list(options: argparse.Namespace, say: Say) -> int:
    from harness.record import kept_baseline

    files, damaged = _files(options.reports), list[str]()
    if not files:
        say(
            f"{options.reports / 'baselines'}: no baseline is saved; save one with: pytest --prompt-suite "
            "--prompt-save-baseline, or: prompt-suite baseline save RUN"
        )
        return 0
    kept = []
    for path in files.values():
        try:
            kept.append(kept_baseline(path))
        except RecordError as error:
            damaged.append(str(error))
    for text in [*([_printed(_table(kept))] if kept else []), *damaged]:
        say(text)
    return _EXIT_DAMAGED if damaged else 0


def _table(kept: list[Kept]) -> Iterator[RenderableType]:
    from rich.text import Text

    from harness.report.numbers import moment
    from harness.report.tables import make_table

    is_mixed = ["from older runs"] if any(one.older for one in kept) else []
    table = make_table("suite", "run", "date", ">cells", ">samples", ">trials", *is_mixed, is_tight=True)
    for one in kept:
        samples = {sample for rows in one.measured.cells.values() for sample in rows.samples}
        counts = (len(one.measured.cells), len(samples), one.n_trials)
        older = listed(f"{variant} on {backend}" for variant, backend in one.older) if one.older else ""
        names = (one.measured.suite, one.run_id, moment(one.started_at))
        shown = [*names, *(f"{count:,}" for count in counts), *([older] if is_mixed else [])]
        table.add_row(*map(Text, shown))
    yield table
    yield Text("cells: variants on backends")


def _show(options: argparse.Namespace, say: Say) -> int:
    from harness.record import kept_baseline

    files = _files(options.reports)
    if options.suite not in files:
        raise UsageError(
            f"baseline show: there is no baseline of suite '{options.suite}' below {options.reports / 'baselines'}; "
            f"available: {listed(files)}.{did_you_mean(options.suite, files)}"
        )
    say(_printed(_parts(kept_baseline(files[options.suite]))))
    return 0


def _parts(one: Kept) -> Iterator[RenderableType]:
    from rich.text import Text

    from harness.report.numbers import in_unit, moment
    from harness.report.tables import make_table
    from harness.stats import mean_interval

    measured = one.measured
    yield Text(f"{measured.suite}  {one.path}", style="bold")
    rows = measured.dataset_hash or "not recorded"
    yield Text(f"run {one.run_id}, {moment(one.started_at)}; {counted(one.n_trials, 'trial')}")
    yield Text(f"hash of the dataset's rows: {rows}")
    yield Text()
    prompts = make_table("variant", "prompt", "hash")
    for variant, facts in measured.prompts.items():
        name = f"{facts.get('prompt')}@{facts.get('version')}"
        prompts.add_row(*map(Text, (variant, name, str(facts.get("hash")))))
    yield prompts
    yield Text()
    table = make_table(
        "metric", "variant", "backend", ">mean", ">95 % interval", ">n", *(["run"] if one.older else []), is_tight=True
    )
    for name, measure in measured.measures.items():
        for (variant, backend), cell in measured.cells.items() if measure.unit in _QUALITY else ():
            values, clusters = _values(cell, name)
            found = mean_interval(values, clusters, bounds=_bounds(measure))
            low, high = (None, None) if found is None else (found.low, found.high)
            ends = "none" if low is None else f"{in_unit(low, measure.unit)} to {in_unit(high, measure.unit)}"
            mean = in_unit(None if found is None else found.value, measure.unit)
            run = [one.older.get((variant, backend), one.run_id)] if one.older else []
            table.add_row(*map(Text, (name, variant, backend, mean, ends, f"{len(values):,}", *run)))
    yield table


def _values(rows: Rows, measure: str) -> tuple[list[float], list[str] | None]:
    """The values that there are, and their clusters as the means of a run have them."""
    has_clusters = any(rows.groups) or any(repeat > 1 for repeat in rows.repeats)
    names = [group or sample for group, sample in zip(rows.groups, rows.samples, strict=True)]
    kept = [(value, name) for value, name in zip(rows.values[measure].tolist(), names, strict=True) if value == value]  # noqa: PLR0124 - NaN is not itself
    return [value for value, _ in kept], [name for _, name in kept] if has_clusters else None


def _bounds(measure: Measure) -> tuple[float | None, float | None]:
    return measure.low, measure.high


def _save(options: argparse.Namespace, say: Say) -> int:
    from harness import record

    folder = record.resolve_run(options.ref, options.reports, Path.cwd())
    manifest = record.load_manifest(folder)
    measured = record.measured_of_run(folder)
    for name in options.suite:
        if name not in measured:
            raise UsageError(
                f"--suite {name}: run {manifest.run_id} has no such suite; available: {listed(measured)}."
                f"{did_you_mean(name, measured)}"
            )
    for name, one in measured.items():
        if not options.suite or name in options.suite:
            say(record.write_baseline(options.reports, one, manifest, with_errors=options.with_errors).message)
    return 0


def _printed(parts: Iterator[RenderableType]) -> str:
    from harness.report.tables import printed

    width = min(shutil.get_terminal_size().columns, _WIDEST)
    return printed(parts, width=width, color=sys.stdout.isatty() and "NO_COLOR" not in os.environ)
