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
    from collections.abc import Callable, Iterator, Mapping, Sequence

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
    command.add_argument(
        "baseline", metavar="A", help="compared with: a run id or its beginning, a path, latest, previous, git:REV"
    )
    command.add_argument(
        "current", metavar="B", nargs="?", help="what is compared, as A; left out with --variants, --backends"
    )
    command.add_argument("--variants", nargs=2, metavar=("OLD", "NEW"), help="two variants of A")
    command.add_argument("--backends", nargs=2, metavar=("OLD", "NEW"), help="two backends of A")
    command.add_argument("--suite", action="append", default=[], metavar="NAME", help="only this suite; repeatable")
    command.add_argument("--metric", action="append", default=[], metavar="NAME", help="only this measure; repeatable")
    command.add_argument(
        "--margin",
        type=_margin,
        metavar="X",
        help="drop that is tolerated, of every metric in its own unit; default: what the suite's regression gates "
        "tolerate, else 0",
    )
    command.add_argument("--alpha", type=_alpha, default=0.05, metavar="P", help="false alarms allowed; default: 0.05")
    command.add_argument("--correction", choices=("holm", "bh", "none"), default="holm", help="of p; default: holm")
    command.add_argument(
        "--test", choices=("auto", "wilcoxon"), default="auto", help="behind p, of scores; default: auto"
    )
    command.add_argument("--format", choices=("text", "markdown", "json"), default="text", help="default: text")
    command.add_argument(
        "--fail-on",
        action="append",
        default=[],
        choices=_FINDINGS,
        help="exit with 1 when there is one, among scores and what --metric names; repeatable",
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
    from harness.comparison import compare, gates_of
    from harness.schema import RegressionSpec

    sides = _chosen(_sides(options), options.metric)
    spec = RegressionSpec(options.margin or 0.0, options.alpha, correction=options.correction, test=options.test)
    found = compare(sides, gates_of(sides, spec) if options.margin is None else {}, plain=spec, named=options.metric)
    if not any(row.n_paired for comparison in found for row in comparison.rows):
        raise HarnessError(_nothing(found, sides))
    say(_shown(found, options))
    return _EXIT_FOUND if _findings(found, options.metric) & set(options.fail_on) else 0


def _findings(found: Sequence[Comparison], metrics: Sequence[str]) -> set[str]:
    """What is found of scores, and of the amounts that were named: time and cost differ on every machine."""
    return {row.finding for comparison in found for row in comparison.rows if row.is_weighty or row.metric in metrics}


def _sides(options: argparse.Namespace) -> Sides:
    """(current, baseline) of each suite that both have."""
    from harness import record
    from harness.comparison import two_backends, two_variants

    root = Path.cwd()
    within = [(two_variants, options.variants), (two_backends, options.backends)]
    asked = [(split, names) for split, names in within if names is not None]
    if len(asked) + (options.current is not None) != 1:
        raise UsageError(_not_one(options))
    only = options.suite[0] if len(options.suite) == 1 else None

    def suites_of(ref: str) -> Mapping[str, Measured]:
        return _suites(ref, record.resolve_suites(ref, options.reports, root, suite=only), options.suite)

    first = suites_of(options.baseline)
    for split, (old, new) in asked:
        if old == new:
            raise UsageError(f"compare: OLD and NEW are both {old}; two of {options.baseline} are needed; name another")
        return [split(run, old, new) for run in _having(first, split, (old, new))]
    second = suites_of(options.current)
    both = [name for name in second if name in first]
    if not both:
        raise HarnessError(
            f"compare: no suite is in both; {options.baseline} has {listed(first)}, {options.current} has "
            f"{listed(second)}; name two runs of the same suite"
        )
    return [(second[name], first[name]) for name in both]


def _not_one(options: argparse.Namespace) -> str:
    given = [
        name
        for name, value in (("B", options.current), ("--variants", options.variants), ("--backends", options.backends))
        if value is not None
    ]
    what = f"{' and '.join(given)} are given" if given else f"there is nothing to compare {options.baseline} with"
    return (
        f"compare: {what}; one of B, --variants OLD NEW and --backends OLD NEW is allowed; write for example: "
        "prompt-suite compare previous latest"
    )


def _having(runs: Mapping[str, Measured], split: Callable[..., object], names: tuple[str, str]) -> Iterator[Measured]:
    """The suites that have both names, where the others have neither; all where none has, so that one complains."""
    from harness.comparison import two_variants

    place = 0 if split is two_variants else 1
    having = [run for run in runs.values() if set(names) <= {cell[place] for cell in run.cells}]
    yield from having or runs.values()


def _suites(ref: str, found: Mapping[str, Measured], names: Sequence[str]) -> Mapping[str, Measured]:
    for name in names:
        if name not in found:
            raise UsageError(
                f"--suite {name}: {ref} has no such suite; available: {listed(found)}.{did_you_mean(name, found)}"
            )
    return {name: one for name, one in found.items() if not names or name in names}


def _chosen(sides: Sides, metrics: Sequence[str]) -> Sides:
    """The sides with these measures only, suites that have none of them left out; all where none is named."""
    from msgspec.structs import replace

    known = list(dict.fromkeys(name for current, _ in sides for name in current.measures))
    for name in metrics:
        if name not in known:
            refs = listed(dict.fromkeys(current.ref for current, _ in sides))
            raise UsageError(
                f"--metric {name}: {refs} has no such measure; available: {listed(known)}.{did_you_mean(name, known)}"
            )
    if not metrics:
        return sides
    kept = []
    for pair in sides:
        if any(name in metrics for name in pair[0].measures):
            current, baseline = (
                replace(one, measures={name: measure for name, measure in one.measures.items() if name in metrics})
                for one in pair
            )
            kept.append((current, baseline))
    return kept


def _nothing(found: Sequence[Comparison], sides: Sides) -> str:
    """Nothing comparable is a failure, never silence."""
    reasons = dict.fromkeys(f"{row.metric}: {row.reason}" for comparison in found for row in comparison.rows)
    reasons = reasons or dict.fromkeys(_nothing_shared(*pair) for pair in sides)
    more = f"; and {len(reasons) - _MOST_CHANGES:,} more" if len(reasons) > _MOST_CHANGES else ""
    refs = listed(dict.fromkeys(f"{current.ref} and {baseline.ref}" for current, baseline in sides))
    return f"compare: nothing of {refs} can be compared: {'; '.join(list(reasons)[:_MOST_CHANGES])}{more}"


def _nothing_shared(current: Measured, baseline: Measured) -> str:
    """Why a suite has not one row."""
    now, before = ([f"{variant} on {backend}" for variant, backend in side.cells] for side in (current, baseline))
    if not set(now) & set(before):
        return f"no variant on a backend is in both; the first has {listed(now)}, the second {listed(before)}"
    both = [name for name in current.measures if name in baseline.measures]
    if both:
        return f"{listed(both)}: measured in another way on either side; run again, so that both are measured alike"
    return f"no metric is in both; the first has {listed(current.measures)}, the second {listed(baseline.measures)}"


def _shown(found: Sequence[Comparison], options: argparse.Namespace) -> str:
    from harness.report import comparison_json, comparison_markdown
    from harness.report.comparison_table import comparison_lines  # with rich: a run starts without it

    origin = "gates" if options.margin is None else "--margin"
    if options.format == "json":
        return json.dumps(comparison_json(found), indent=1, ensure_ascii=False)
    if options.format == "markdown":
        return comparison_markdown(found, origin)
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    color = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return comparison_lines(found, width=width, color=color, asked=options.metric, margin_origin=origin)
