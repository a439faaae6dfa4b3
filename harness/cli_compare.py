"""`prompt-suite compare`: two recorded runs, two variants or two backends side by side."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import HarnessError, UsageError
from harness.wording import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.schema import Comparison, Measured

    Say = Callable[[str], None]
    Sides = list[tuple[Measured, Measured]]

_FINDINGS = ("regressed", "inconclusive", "improved", "not compared")
_EXIT_FOUND = 1
_LEAST_ALPHA = 1e-6
"""Below it no number of samples would show anything, and 1 - alpha would lose its digits."""
_WIDEST = 160
"""Columns of the widest table."""
_MOST_CHANGES = 3
"""Reasons that one message gives."""


def add_compare(commands: argparse._SubParsersAction[Any], say: Say) -> None:
    """Add the command; what it has to say goes to `say`."""
    command = commands.add_parser(
        "compare", help="two recorded runs side by side, or two variants or backends of one run"
    )
    command.add_argument("baseline", metavar="A", help="what is compared with: a run id, a path, latest, git:REV")
    command.add_argument(
        "current", metavar="B", nargs="?", help="what is compared; left out with --variants, --backends"
    )
    command.add_argument("--variants", nargs=2, metavar=("OLD", "NEW"), help="two variants of A")
    command.add_argument("--backends", nargs=2, metavar=("OLD", "NEW"), help="two backends of A")
    command.add_argument("--suite", action="append", default=[], metavar="NAME", help="only this suite; repeatable")
    command.add_argument("--metric", action="append", default=[], metavar="NAME", help="only this measure; repeatable")
    command.add_argument("--margin", type=_margin, default=0.0, metavar="X", help="drop that is tolerated; default: 0")
    command.add_argument("--alpha", type=_alpha, default=0.05, metavar="P", help="false alarms allowed; default: 0.05")
    command.add_argument("--correction", choices=("holm", "bh", "none"), default="holm", help="default: holm")
    command.add_argument("--test", choices=("auto", "wilcoxon"), default="auto", help="of scores; default: auto")
    command.add_argument("--format", choices=("text", "markdown", "json"), default="text", help="default: text")
    command.add_argument(
        "--fail-on", action="append", default=[], choices=_FINDINGS, help="exit with 1 when there is one; repeatable"
    )
    command.add_argument("--reports", type=Path, default=Path("reports"), metavar="DIR", help="default: reports")
    command.set_defaults(run=lambda options: _compare(options, say))


def _margin(text: str) -> float:
    number = _number(text)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no margin; a number from 0 is allowed; write for example 0.02")
    return number


def _alpha(text: str) -> float:
    number = _number(text)
    if not _LEAST_ALPHA <= number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share from {_LEAST_ALPHA:g} to 1; write for example 0.05")
    return number


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _compare(options: argparse.Namespace, say: Say) -> int:
    from harness.comparison import compare
    from harness.schema import RegressionSpec

    spec = RegressionSpec(options.margin, options.alpha, correction=options.correction, test=options.test)
    sides = [_chosen(pair, options.metric) for pair in _sides(options)]
    found = compare(sides, plain=spec)
    if not any(row.n_paired for comparison in found for row in comparison.rows):
        raise HarnessError(_nothing(found, options))
    say(_shown(found, options.format))
    findings = {row.finding for comparison in found for row in comparison.rows}
    return _EXIT_FOUND if findings & set(options.fail_on) else 0


def _sides(options: argparse.Namespace) -> Sides:
    """(current, baseline) of each suite that both have."""
    from harness import record
    from harness.comparison import two_backends, two_variants

    root = Path.cwd()
    within = [(two_variants, options.variants), (two_backends, options.backends)]
    asked = [(split, names) for split, names in within if names is not None]
    if len(asked) + (options.current is not None) != 1:
        raise UsageError(
            "compare: one of B, --variants OLD NEW and --backends OLD NEW is needed; write for example: "
            "prompt-suite compare 20261129T0 latest"
        )
    first = _suites(record.resolve_suites(options.baseline, options.reports, root), options)
    for split, (old, new) in asked:
        return [split(run, old, new) for run in first.values()]
    second = _suites(record.resolve_suites(options.current, options.reports, root), options)
    both = [name for name in second if name in first]
    if not both:
        raise HarnessError(
            f"compare: no suite is in both; {options.baseline} has {listed(first)}, {options.current} has "
            f"{listed(second)}; name two runs of the same suite"
        )
    return [(second[name], first[name]) for name in both]


def _suites(found: Mapping[str, Measured], options: argparse.Namespace) -> Mapping[str, Measured]:
    for name in options.suite:
        if name not in found:
            raise UsageError(
                f"--suite {name}: {options.baseline} has no such suite; available: {listed(found)}."
                f"{did_you_mean(name, found)}"
            )
    return {name: one for name, one in found.items() if not options.suite or name in options.suite}


def _chosen(sides: tuple[Measured, Measured], metrics: Sequence[str]) -> tuple[Measured, Measured]:
    """Both sides with these measures only; all where none is named."""
    from msgspec.structs import replace

    current, _ = sides
    for name in metrics:
        if name not in current.measures:
            raise UsageError(
                f"--metric {name}: {current.ref} has no such measure; available: {listed(current.measures)}."
                f"{did_you_mean(name, current.measures)}"
            )
    if not metrics:
        return sides
    kept, before = (
        replace(one, measures={name: measure for name, measure in one.measures.items() if name in metrics})
        for one in sides
    )
    return kept, before


def _nothing(found: Sequence[Comparison], options: argparse.Namespace) -> str:
    """Nothing comparable is a failure, never silence."""
    what = [change.message for comparison in found for change in comparison.changes]
    why = "; ".join(what[:_MOST_CHANGES]) or "they have no variant on a backend in common"
    return f"compare: nothing of {options.baseline} and {options.current} can be compared: {why}"


def _shown(found: Sequence[Comparison], form: str) -> str:
    from harness.report import comparison_json, comparison_markdown
    from harness.report.comparison_table import comparison_lines  # with rich: a run starts without it

    if form == "json":
        return json.dumps(comparison_json(found), indent=1, ensure_ascii=False)
    if form == "markdown":
        return comparison_markdown(found)
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    return comparison_lines(found, width=width, color=sys.stdout.isatty() and "NO_COLOR" not in os.environ)
