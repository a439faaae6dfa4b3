"""`prompt-suite rollout`: a staged rollout of one prompt in place of another, replayed on recorded trials."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError
from harness.wording import counted, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType

    from harness.comparison import Exposure, StageOutcome
    from harness.rollout import Order, Rehearsal
    from harness.schema import RolloutStage

    Say = Callable[[str], None]

_EXIT_ROLLED_BACK = 1
_WIDEST = 160
_STYLES = {"promote": "green", "hold": "yellow", "roll back": "red"}
_STAGE = re.compile(r"(?P<share>[0-9.]+)(@(?P<after_h>[0-9.]+))?(:(?P<tier>.+))?")
_HOURS_A_DAY = 24
_MOST_DRAWS = 10_000
"""Their share is then known to half a percent."""
_MOST_SAMPLES = 10_000_000


def add_rollout(commands: argparse._SubParsersAction[Any], say: Say) -> None:
    """Add the command; what it has to say goes to `say`."""
    command = commands.add_parser("rollout", help="replay a staged rollout of one variant in place of another")
    command.add_argument("old", metavar="OLD", help="the variant that serves now")
    command.add_argument("new", metavar="NEW", nargs="?", help="the one to take its place; default with --runs: OLD")
    where = command.add_mutually_exclusive_group()
    where.add_argument("--run", dest="ref", metavar="REF", help="the run that has both; default: latest")
    where.add_argument("--runs", nargs=2, metavar=("OLD_RUN", "NEW_RUN"), help="the run of each")
    command.add_argument("--suite", metavar="NAME", help="needed where several suites have both")
    command.add_argument("--backend", metavar="NAME", help="needed where both ran on several")
    command.add_argument(
        "--metric", action="append", type=_metric, metavar="NAME[=MARGIN]", help="what is watched; repeatable"
    )
    command.add_argument(
        "--stage", action="append", type=_stage, metavar="SHARE[@HOURS][:TIER]", help="such as 0.05@24:free; repeatable"
    )
    command.add_argument("--tier", metavar="COLUMN", help="the dataset's column with a row's tier; default: tags")
    command.add_argument(
        "--alpha", type=_share, metavar="P", help="roll backs of a prompt that is as good; default: 0.05"
    )
    command.add_argument("--spending", choices=("pocock", "obrien-fleming"), help="default: pocock")
    command.add_argument(
        "--fewest", type=_count, metavar="N", help="samples below which a stage says nothing; default: 20"
    )
    command.add_argument("--if-worse", type=_amount, metavar="X", help="a bad prompt's drop; default: 0.1 of the range")
    command.add_argument(
        "--draws",
        type=_draws,
        default=200,
        metavar="N",
        help=f"random draws behind the exposure, at most {_MOST_DRAWS:,}; default: 200",
    )
    command.add_argument("--format", choices=("text", "markdown", "json"), default="text", help="default: text")
    command.add_argument("--reports", type=Path, default=Path("reports"), metavar="DIR", help="default: reports")
    command.set_defaults(run=lambda options: _rollout(options, say))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _share(text: str) -> float:
    if not 0 < _number(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share between 0 and 1; write for example 0.05")
    return float(text)


def _amount(text: str) -> float:
    if not 0 < _number(text) < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no amount above 0; write for example 0.1")
    return float(text)


def _count(text: str) -> int:
    number = _number(text)
    if not (text.isascii() and text.isdigit() and 0 < number <= _MOST_SAMPLES):
        raise argparse.ArgumentTypeError(
            f"{one_line(text)!r} is no whole number from 1 to {_MOST_SAMPLES:,}; write for example 20"
        )
    return int(number)


def _draws(text: str) -> int:
    number = _number(text)
    if not (text.isascii() and text.isdigit() and 0 < number <= _MOST_DRAWS):
        raise argparse.ArgumentTypeError(
            f"{one_line(text)!r} is no whole number from 1 to {_MOST_DRAWS:,}; more would tell nothing new; write for "
            "example 200"
        )
    return int(number)


def _metric(text: str) -> tuple[str, float]:
    name, _, margin = text.partition("=")
    if not 0 <= _number(margin or "0") < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r}: no margin from 0; write for example exact_match=0.02")
    return name, float(margin or "0")


def _stage(text: str) -> RolloutStage:
    from harness.schema import RolloutStage

    found = _STAGE.fullmatch(text)
    share, after_h = (_number((found and found[name]) or "nan") for name in ("share", "after_h"))
    if found is None or not 0 < share <= 1 or (found["after_h"] and not after_h > 0):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no stage; SHARE[@HOURS][:TIER] with a share above 0, at most 1, is allowed; "
            "write for example 0.05@24:free"
        )
    return RolloutStage(share, after_h if found["after_h"] else None, found["tier"])


def _rollout(options: argparse.Namespace, say: Say) -> int:
    from harness.rollout import rehearse
    from harness.schema import Settings

    found = rehearse(_order(options), Settings(root=Path.cwd(), reports=options.reports))
    shown = {"text": _text, "markdown": _markdown, "json": _json}[options.format]
    say(shown(found))
    return _EXIT_ROLLED_BACK if found.rollout.decision == "roll back" else 0


def _order(options: argparse.Namespace) -> Order:
    from harness.rollout import Order

    if options.new is None and options.runs is None:
        raise UsageError(
            "rollout: NEW is missing; two variants of one run are needed, or one variant with --runs OLD_RUN "
            "NEW_RUN; "
            "write for example: prompt-suite rollout few_shot@1.0 few_shot@1.1"
        )
    given = {
        "metrics": options.metric and tuple(options.metric),
        "stages": options.stage and tuple(options.stage),
        **{name: getattr(options, name) for name in ("tier", "alpha", "spending", "fewest")},
    }
    first, second = options.runs or [options.ref or "latest"] * 2
    return Order(
        old=options.old,
        new=options.new or options.old,
        runs=(first, second),
        suite=options.suite,
        backend=options.backend,
        changes={name: value for name, value in given.items() if value is not None},
        draws=options.draws,
        worse=options.if_worse,
    )


# -- what is shown ----------------------------------------------------------------------------------------------------


def _text(found: Rehearsal) -> str:
    from harness.report.tables import printed

    width = min(shutil.get_terminal_size().columns, _WIDEST)
    return printed(_parts(found), width=width, color=sys.stdout.isatty() and "NO_COLOR" not in os.environ)


def _parts(found: Rehearsal) -> Iterator[RenderableType]:
    from rich.padding import Padding
    from rich.text import Text

    from harness.report.numbers import percent
    from harness.report.tables import make_table

    yield Text(_title(found))
    yield Text(_watching(found))
    for note in found.notes:
        yield Text(f"note: {note}", style="yellow")
    yield Text()
    table = make_table("stage", "check", ">share", ">samples with NEW", "verdict")
    for outcome in found.rollout.stages:
        verdict = Text(outcome.decision, style=_STYLES[outcome.decision])
        share, seen = percent(outcome.share_exposed, 1), f"{outcome.n_exposed:,} of {found.n_served:,}"
        table.add_row(Text(outcome.stage.name), Text(_due(outcome)), Text(share), Text(seen), verdict)
    yield table
    yield Text()
    for outcome in found.rollout.stages:
        yield Text(f"{outcome.stage.name}: {outcome.decision}")
        yield Padding(Text(outcome.reason), (0, 0, 0, 2))
    yield Text()
    head, *lines = _exposures(found)
    yield Text(head)
    for line in lines:
        yield Padding(Text(line), (0, 0, 0, 2))


def _title(found: Rehearsal) -> str:
    """`feedback on smollm2: few_shot@1.1 in place of few_shot@1.0, run 20261122T201849.042Z-3f9a`."""
    old, new = found.runs
    if old == new:
        return f"{found.suite} on {found.backend}: {found.new} in place of {found.old}, run {new}"
    return f"{found.suite} on {found.backend}: {found.new} of run {new} in place of {found.old} of run {old}"


def _watching(found: Rehearsal) -> str:
    names = ", ".join(
        f"{each.metric}{f' (margin {each.margin:g})' if each.margin else ''}" for each in found.plan.watched
    )
    return f"watched: {names}, errors; {counted(found.n_served, 'recorded request')}"


def _due(outcome: StageOutcome) -> str:
    hours = outcome.stage.after_h
    if hours is None:
        return ""
    is_days = hours >= 2 * _HOURS_A_DAY and not hours % _HOURS_A_DAY
    return f"after {counted(int(hours // _HOURS_A_DAY), 'day')}" if is_days else f"after {hours:g} h"


def _exposures(found: Rehearsal) -> Iterator[str]:
    """What NEW would have served before its roll back, as it is and were it worse."""
    metric = found.plan.watched[0].metric
    yield f"expected exposure, over {counted(found.exposure.draws, 'random draw')} of who gets NEW first:"
    yield f"as recorded: {_exposure(found.exposure)}"
    yield f"were NEW worse by {found.worse:g} in {metric}: {_exposure(found.exposure_if_worse)}"


def _exposure(exposure: Exposure) -> str:
    from harness.report.numbers import percent

    if exposure.mean_share is None or exposure.most_share is None:
        return "never rolled back"
    return (
        f"rolled back in {percent(exposure.rolled_back)} of the draws, after NEW had served "
        f"{percent(exposure.mean_share)} of the requests on average (at most {percent(exposure.most_share)} in 95 of "
        "100 roll backs)"
    )


def _markdown(found: Rehearsal) -> str:
    from harness.report.markdown import prose, table
    from harness.report.numbers import percent

    rows = [
        [
            prose(outcome.stage.name),
            _due(outcome),
            f"{outcome.n_exposed:,} ({percent(outcome.share_exposed, 1)})",
            f"**{outcome.decision}**" if outcome.decision == "roll back" else outcome.decision,
            prose(outcome.reason),
        ]
        for outcome in found.rollout.stages
    ]
    lines = [f"### Rollout: {prose(_title(found))}", "", f"{prose(_watching(found))}.", ""]
    lines += [line for note in found.notes for line in (f"> {prose(note)}", "")]
    lines += table(["Stage", "Check", "Samples with NEW", "Verdict", "Reason"], rows)
    first, *rest = _exposures(found)
    return "\n".join([*lines, "", first, "", *(f"- {prose(line)}" for line in rest)])


def _json(found: Rehearsal) -> str:
    from msgspec import to_builtins

    content = {
        "suite": found.suite,
        "backend": found.backend,
        "old": found.old,
        "new": found.new,
        "old_run": found.runs[0],
        "new_run": found.runs[1],
        "n_served": found.n_served,
        "decision": found.rollout.decision,
        "stages": to_builtins(found.rollout.stages),
        "exposure": to_builtins(found.exposure),
        "worse": found.worse,
        "exposure_if_worse": to_builtins(found.exposure_if_worse),
        "notes": found.notes,
    }
    return json.dumps(content, indent=1, ensure_ascii=False)
