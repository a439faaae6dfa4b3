"""What comparisons found, in the order and the words in which every rendering tells it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from harness.report.numbers import ABSENT, in_unit, signed
from harness.wording import counted, level_text, more_samples, not_run_text, usd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.schema import Compared, Comparison, Finding, Unit, Verdict

FINDINGS: tuple[Finding, ...] = ("regressed", "improved", "inconclusive", "unchanged", "not compared")
"""In the order in which they are counted and listed."""
MARKS: Mapping[Finding, str] = {
    "regressed": "✗", "improved": "✓", "inconclusive": "?", "unchanged": "=", "not compared": "-"
}  # fmt: skip
"""A shape before the word, so that colour never says it alone."""
QUALITY = ("score", "percent")
"""Units of metrics that say how good an answer is; those of the others are amounts."""
_FAMILIES = ("gates", "other scores", "amounts")
_SURE = 0.001
"""Below it a p-value is as good as none, and no digit of it matters."""


def weighty(comparisons: Iterable[Comparison]) -> list[Compared]:
    """Rows of all suites on how good the answers are or that a gate asks about, in the order of the run."""
    return [row for each in comparisons for row in each.rows if row.is_weighty]


def by_weight(rows: Iterable[Compared]) -> list[Compared]:
    """Regressed rows first, then what a gate could not compare, improved, inconclusive, unchanged, and the rest."""
    places: dict[Finding, int] = {finding: place for place, finding in enumerate(FINDINGS)}
    return sorted(rows, key=lambda row: 0.5 if row.finding == "not compared" and row.is_gated else places[row.finding])


def counts_of(rows: Iterable[Compared]) -> Counter[Finding]:
    """How many rows each finding has."""
    return Counter(row.finding for row in rows)


def findings_text(counts: Mapping[Finding, int]) -> str:
    """`1 regressed, 2 improved, 8 unchanged`; findings that no row has are left out.

    >>> findings_text({"unchanged": 8, "regressed": 1, "improved": 0})
    '1 regressed, 8 unchanged'
    >>> findings_text({})
    'nothing compared'
    """
    shown = [f"{counts[finding]:,} {finding}" for finding in FINDINGS if counts.get(finding)]
    return ", ".join(shown) or "nothing compared"


def needs_text(row: Compared) -> str | None:
    """What it takes to know, in words; None where the row needs no more."""
    if row.finding != "inconclusive" or row.stopped_after is not None:
        return None
    if row.n_needed is None and row.is_mostly_left_out:  # its reason says what it needs: more that can be paired
        return None
    return more_samples(row.n_needed, margin=row.margin, is_least=row.is_least)


def p_text(row: Compared) -> str:
    """The corrected p: `0.029`, `< 0.001`; ABSENT without one."""
    if row.p_adjusted is None:
        return ABSENT
    return f"< {_SURE:g}" if row.p_adjusted < _SURE else f"{row.p_adjusted:.2g}"


def ends_text(row: Compared) -> str | None:
    """The interval of the difference: `-0.210 to -0.040`; None without one."""
    return spread_text((row.ci_low, row.ci_high), row.unit)


def spread_text(ends: tuple[float | None, float | None], unit: Unit) -> str | None:
    """`-0.210 to +0.040`; None where an end is not known."""
    low, high = ends
    return None if low is None or high is None else f"{signed(low, unit)} to {signed(high, unit)}"


def level(rows: Sequence[Compared]) -> str:
    """What the intervals' column is called: `95 % interval`, or `interval` where the levels differ.

    >>> level([])
    'interval'
    """
    return _level(row.confidence for row in rows if row.ci_low is not None)


def level_of_gates(verdicts: Iterable[Verdict]) -> str:
    """The same for the intervals by which gates were judged: a regression gate's alpha says its own level."""
    drawn = (one for one in verdicts if one.aggregate.ci_low is not None or one.aggregate.ci_high is not None)
    return _level(one.gate.confidence for one in drawn)


def _level(confidences: Iterable[float]) -> str:
    levels = set(map(level_text, confidences))
    return f"{levels.pop()} interval" if len(levels) == 1 else "interval"


def p_note(rows: Iterable[Compared]) -> str:
    """What the columns of pairs and p hold, for the rows of one table.

    >>> p_note([])
    'n: pairs of the same sample and repeat; p: corrected for all comparisons'
    """
    families = {_family(row): row.n_family for row in rows if row.p_adjusted is not None}
    shown = [f"{families[name]:,} {name}" for name in _FAMILIES if name in families]
    if len(families) == 1:
        (number,) = families.values()
        shown = [counted(number, "comparison")] if number > 1 else ["nothing else: it is the only comparison"]
    return f"n: pairs of the same sample and repeat; p: corrected for {', '.join(shown) or 'all comparisons'}"


def _family(row: Compared) -> str:
    """What its p is corrected together with."""
    return "gates" if row.is_gated else "other scores" if row.unit in QUALITY else "amounts"


def margin_text(rows: Iterable[Compared], origin: str) -> str:
    """Which drops were tolerated, and `origin`, who says so: `--margin`, or anything else for the gates.

    >>> margin_text([], "gates")
    'margin: 0 (no regression gate; see --margin): only equal values are unchanged'
    """
    found: dict[str, set[float]] = {}
    for row in rows:
        found.setdefault(row.metric, set()).add(row.margin)
    margins = {metric: sorted(own) for metric, own in found.items() if any(own)}
    if origin == "--margin":
        every = {margin for own in found.values() for margin in own}
        return f"margin: {', '.join(f'{each:.12g}' for each in sorted(every)) or '0'} of every metric (--margin)"
    if not margins:
        return "margin: 0 (no regression gate; see --margin): only equal values are unchanged"
    shown = [f"{' and '.join(f'{each:.12g}' for each in own)} of {metric}" for metric, own in margins.items()]
    rest = ", 0 of the others" if len(margins) < len(found) else ""
    return f"margin (the suite's regression gates): {', '.join(shown)}{rest}"


def not_worse(rows: Iterable[Compared]) -> list[Compared]:
    """The rows that show nothing either way but rule out a drop beyond their margin."""
    return [row for row in rows if row.finding == "inconclusive" and row.is_not_worse]


def moved(row: Compared) -> tuple[int, int]:
    """Pairs whose value got worse, and better."""
    return (row.n_down, row.n_up) if row.higher_is_better else (row.n_up, row.n_down)


def tolerance(margin: float, unit: Unit, *, is_drop: bool) -> str:
    """`tolerates a drop of 0.020`; of a metric that is better lower, a rise.

    >>> tolerance(0.0, "score", is_drop=True)
    'tolerates no drop'
    """
    what = "drop" if is_drop else "rise"
    return f"tolerates a {what} of {in_unit(margin, unit)}" if margin else f"tolerates no {what}"


def left_out(row: Compared) -> list[str]:
    """What is not among the pairs: `3 new`, `1 gone`, `2 changed`, `1 without a value`; empty counts are left out.

    What was not run is no such trial: see `not_run`.
    """
    counts = (
        (row.n_new, "new"),
        (row.n_gone, "gone"),
        (row.n_changed, "changed in the dataset"),
        (row.n_quarantined, "in quarantine"),
        (row.n_lost, "without a value on a side"),
    )
    return [f"{count:,} {what}" for count, what in counts if count]


def not_run(row: Compared) -> str | None:
    """`38 not run: the verdict was clear after 20 pairs`; None where all were run."""
    if not row.n_not_run:
        return None
    return not_run_text(f"{row.n_not_run:,}", row.stopped_after, is_clear=row.finding != "inconclusive")


def cost_text(comparisons: Sequence[Comparison]) -> str | None:
    """What the answers that both sides have cost then and now; None where no pair has both costs."""
    rows = [
        row
        for each in comparisons
        for row in each.rows
        if row.metric == "cost_usd" and row.n_paired and not row.is_against_number
    ]
    n = sum(row.n_paired for row in rows)
    if not n:
        return None
    now, before = (
        sum((mean or 0.0) * row.n_paired for row, mean in pairs)
        for pairs in ([(row, row.mean) for row in rows], [(row, row.mean_baseline) for row in rows])
    )
    change = f" ({100 * (now - before) / before:+.1f} %)" if before and now != before else ""
    return f"{usd(before)} before, {usd(now)} now{change}, for the {counted(n, 'answer')} that both sides have"
