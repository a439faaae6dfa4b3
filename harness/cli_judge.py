"""`prompt-suite judge`: comparing a suite's judge with people."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError
from harness.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.calibrate import Calibration

    Say = Callable[[str], None]

_WORDS = {
    "spearman": "Spearman's rank correlation with people: 1 the same order, 0 none",
    "kendall_tau_b": "Kendall's tau-b, the same question by pairs of answers",
    "kappa": "Cohen's kappa: 1 the same ratings, 0 as by chance",
    "pearson": "Pearson's correlation",
    "bias": "mean of judge minus people: above 0 the judge is milder",
    "length_bias": "Spearman of that difference with the length: above 0 it favours long answers",
    "equal": "share of pairs on which the verdicts are equal",
    "position_bias": "share of pairs in which the judge followed the position",
}


def add_judge(commands: argparse._SubParsersAction[Any], say: Say) -> None:
    """Add the command; what it has to say goes to `say`."""
    judge = commands.add_parser("judge", help="models that judge: compare them with people")
    actions = judge.add_subparsers(metavar="ACTION", required=True)
    run = actions.add_parser("calibrate", help="run a suite's judge over answers that people have rated, and compare")
    run.add_argument("suite", type=Path, help="the suite file, or its folder")
    run.add_argument("--labels", type=Path, required=True, metavar="FILE", help="rated answers: .csv .jsonl …")
    run.add_argument("--metric", metavar="NAME", help="which judge: judge or prefer; default: the suite's only one")
    run.add_argument(
        "--human",
        action="append",
        default=[],
        metavar="MEASURE=COLUMN",
        help="column with people's ratings; repeatable",
    )
    run.add_argument("--output", default="output", metavar="COLUMN", help="column with the answer; default: output")
    run.add_argument("--other", default="other", metavar="COLUMN", help="pairs: the other answer; default: other")
    run.add_argument(
        "--reference", action="append", default=[], metavar="COLUMN", help="shown to the judge; repeatable"
    )
    run.add_argument("--group", metavar="COLUMN", help="rows of one group are one cluster for the intervals")
    run.add_argument("--limit", type=_count, metavar="N", help="use N of the rows, a seeded choice")
    run.add_argument("--write", type=Path, metavar="FILE", help="default: where the metric looks for it")
    run.add_argument("--cache", choices=("use", "refresh", "off", "only"), default="use", help="as --prompt-cache")
    run.add_argument("--budget", type=_amount, metavar="USD", help="as --prompt-budget")
    run.add_argument("--reports", type=Path, default=Path("reports"), metavar="DIR", help="default: reports")
    run.set_defaults(run=lambda options: _calibrate(options, say))


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1; write for example 100")
    return int(text)


def _amount(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no amount from 0; write for example 0.50")
    return number


def _calibrate(options: argparse.Namespace, say: Say) -> int:
    from harness.calibrate import unfit
    from harness.calibration import Order, calibrate_judge
    from harness.schema import Settings

    root = Path.cwd()
    path: Path = options.suite / "suite.yaml" if options.suite.is_dir() else options.suite
    order = Order(
        suite=path.absolute(),
        labels=options.labels.absolute(),
        metric=options.metric,
        human=dict(map(_named, options.human)),
        output=options.output,
        other=options.other,
        references=tuple(options.reference),
        group=options.group,
        limit=options.limit,
        write=options.write.absolute() if options.write is not None else None,
    )
    settings = Settings(root, options.reports.absolute(), cache_mode=options.cache, budget_usd=options.budget)
    found = calibrate_judge(order, settings, say)
    for name, calibration in found.measures.items():
        for line in lines_of(name, calibration):
            say(line)
    say(f"wrote {_near(found.path, root)}; every verdict with its reason: {_near(found.report, root)}/report.html")
    return int(any(unfit(calibration) for calibration in found.measures.values()))


def _named(text: str) -> tuple[str, str]:
    measure, equals, column = text.partition("=")
    if not (measure and equals and column):
        raise UsageError(f"--human {text}: allowed: MEASURE=COLUMN; write for example --human accuracy=people")
    return measure, column


def _near(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def lines_of(name: str, calibration: Calibration) -> list[str]:
    """What was found about one measure, for a terminal."""
    from harness.calibrate import doubt, unfit
    from harness.calibration import lacking_verdicts

    lines = [f"{name}: {counted(calibration.n, 'rating')} by people and the judge"]
    if without := lacking_verdicts(calibration.n_unscored, calibration.n_failed):
        lines.append(f"  without a verdict: {without}")
    if calibration.note:
        lines.append(f"  note: {calibration.note}")
    lines += [_line(key, calibration) for key in _WORDS if key in calibration.estimates or key in calibration.lacking]
    lines += _table(calibration.categories, calibration.confusion)
    if flaw := unfit(calibration):
        lines.append(f"  no gate may stand on it: {flaw}; label more, or other, answers, or write uncalibrated: allow")
    elif said := doubt(calibration):
        lines.append(f"  {said}")
    return [*lines, ""]


def _line(key: str, calibration: Calibration) -> str:
    """One number with its ends, or why there are none."""
    from harness.report.numbers import ABSENT

    one, why, words = calibration.estimates.get(key), calibration.lacking.get(key, "not defined"), _WORDS[key]
    if one is None:
        return f"  {key:<14} {ABSENT:<6}  ({why})  {words}"
    ends = f"no interval: {why}" if one.low is None or one.high is None else f"{one.low:+.3f} to {one.high:+.3f}"
    return f"  {key:<14} {one.value:+.3f}  ({ends})  {words}"


def _table(categories: Sequence[float], confusion: Sequence[Sequence[int]]) -> list[str]:
    head = "".join(f"{each:>7g}" for each in categories)
    rows = [
        f"  {each:>9g}{''.join(f'{count:>7,}' for count in row)}"
        for each, row in zip(categories, confusion, strict=True)
    ]
    return ["  people ↓ judge →", f"  {'':>9}{head}", *rows]
