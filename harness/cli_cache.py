"""`prompt-suite cache`: the recorded answers' size, pruning, and recordings that are taken elsewhere."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError
from harness.wording import counted, usd

if TYPE_CHECKING:
    from collections.abc import Callable

    Say = Callable[[str], None]

_FOLDER = Path(".prompt_cache")
"""Where pytest's root folder has it."""


def add_cache(commands: argparse._SubParsersAction[Any], say: Say) -> None:
    """Add the command; what it has to say goes to `say`."""
    cache = commands.add_parser("cache", help="the recorded answers: size, prune, export, import")
    actions = cache.add_subparsers(metavar="ACTION", required=True)

    size = actions.add_parser("size", help="how many answers there are, and what was spent")
    prune = actions.add_parser("prune", help="delete answers that were not used for the longest time")
    prune.add_argument("--to-mb", type=_amount, metavar="N", help="until the file has at most N megabytes")
    prune.add_argument("--older-than-days", type=_amount, metavar="N", help="those not used in the last N days")
    export = actions.add_parser("export", help="write the answers as sorted JSON lines, to be committed and replayed")
    export.add_argument("file", type=Path)
    export.add_argument("--used-days", type=_days, metavar="N", help="only answers used in the last N days; 0: today")
    taken = actions.add_parser("import", help="take in the answers of a recording, once its keys are verified")
    taken.add_argument("file", type=Path)

    runs = {size: _size, prune: _prune, export: _export, taken: _import}
    for parser, action in runs.items():
        parser.add_argument("--cache-dir", type=Path, default=_FOLDER, metavar="DIR", help=f"default: {_FOLDER}")
        parser.set_defaults(run=_saying(action, say))


def _saying(action: Callable[[argparse.Namespace, Say], None], say: Say) -> Callable[[argparse.Namespace], int]:
    def run(options: argparse.Namespace) -> int:
        action(options, say)
        return 0

    return run


def _amount(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0; write for example 100")
    return number


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0; write for example 7")
    return int(text)


def _size(options: argparse.Namespace, say: Say) -> None:
    from harness.generate.store import measure

    size = measure(options.cache_dir)
    say(f"{options.cache_dir}: {counted(size.answers, 'answer')}, {size.bytes / 1e6:.1f} MB")
    if size.answers:
        say(f"longest unused: {counted(size.unused_days, 'day')}")
    for run_id, answers in size.unfinished:
        say(f"unfinished run {run_id}: {counted(answers, 'trial')} answered")
    for day, amount, unpriced in size.spent:
        without = f", and {counted(unpriced, 'call')} without a known price" if unpriced else ""
        say(f"spent on {day} (UTC): {usd(amount)}{without}")


def _prune(options: argparse.Namespace, say: Say) -> None:
    from harness.generate.store import prune

    if options.to_mb is None and options.older_than_days is None:
        raise UsageError(
            "cache prune: it is not said how far; allowed: --to-mb N, --older-than-days N, or both; name one of them"
        )
    count, size = prune(options.cache_dir, to_mb=options.to_mb, unused_days=options.older_than_days)
    say(f"{options.cache_dir}: {counted(count, 'answer')} deleted, {size / 1e6:.1f} MB left")


def _export(options: argparse.Namespace, say: Say) -> None:
    from harness.generate.store import export_answers

    exported = export_answers(options.cache_dir, options.file, used_days=options.used_days)
    say(f"wrote {options.file}: {counted(exported.answers, 'answer')}, digest {exported.digest}")
    if exported.left_out:
        say(f"left out: {counted(exported.left_out, 'answer')} that an earlier version recorded without its question")


def _import(options: argparse.Namespace, say: Say) -> None:
    from harness.generate.store import import_answers

    imported, notices = import_answers(options.cache_dir, options.file)
    for notice in notices:
        say(notice)
    counts = f"{imported.new:,} new, {imported.replaced:,} replaced, {imported.same:,} there already"
    total = imported.new + imported.replaced + imported.same
    say(f"{options.cache_dir}: {counted(total, 'answer')} of {options.file}: {counts}, digest {imported.digest}")
