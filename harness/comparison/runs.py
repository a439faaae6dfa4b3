"""Suites of a run beside their baselines → comparisons, every verdict aware of all the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from harness.comparison.changes import changes_between, is_same_measure
from harness.comparison.corpus import SUFFIX, corpus_difference
from harness.comparison.differences import both_scored, difference_of
from harness.comparison.flips import all_flips
from harness.comparison.pairing import pair
from harness.comparison.promised import promised_rows
from harness.comparison.rows import Row, not_compared
from harness.schema import Comparison, RegressionSpec
from harness.stats import REASONS, Rule, adjusted, decide
from harness.wording import counted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from harness.comparison.pairing import Pairs
    from harness.comparison.promised import Promised
    from harness.comparison.rows import RowKey
    from harness.comparison.stopping import Decision
    from harness.schema import Compared, CorrectionName, Measure, Measured, Rows
    from harness.stats import Reason

_PLAIN = RegressionSpec()
_OF_A_NUMBER: Mapping[Reason, str] = {
    **REASONS,
    "identical": "every trial has just this value",
    "drop": "worse, by more than chance explains",
    "too_few": "so few samples that even the same value in all of them could be chance",
    "not_shown": "chance alone could explain the difference",
}
"""Reasons where the baseline is a number: it has no samples, and no margin."""

_MOSTLY_LEFT_OUT = "more trials were left out than could be paired, and what is left may not stand for them"


def compare(
    sides: Sequence[tuple[Measured, Measured]],
    specs: Mapping[RowKey, RegressionSpec] | None = None,
    *,
    plain: RegressionSpec = _PLAIN,
    decided: Mapping[RowKey, Decision] | None = None,
    promised: Sequence[Promised] = (),
    named: Collection[str] = (),
) -> tuple[Comparison, ...]:
    """Each suite's current side beside its baseline, then what was measured beside what was promised of it.

    Pairs are of the same sample and repeat. `specs` says which rows regression gates ask about, and how; `plain` how
    the other rows are judged. p is corrected over the whole family: all rows that gates ask about; all other rows of
    quality (scores); all other amounts (seconds, tokens, USD). What a gate asks about and cannot be compared is a row
    with the finding `not compared`, and its reason. Of a measure without any value there is a row only where a gate
    asks about it, or where it is `named`. `decided` are rows that were looked at while results came in: the last look
    is their verdict. They are in no correction themselves, but count in that of the other gates: they share its error.
    """
    asked = _Asked(specs or {}, plain, named)
    parts = [_Part(current, baseline, asked) for current, baseline in sides]
    beside = [(each, list(promised_rows(each))) for each in promised]
    rows = [row for part in parts for row in part.rows] + [row for _, own in beside for row in own]
    judged = iter(_judged(rows, decided or {}))
    compared = [
        Comparison(
            suite=part.current.suite,
            current=part.current.ref,
            baseline=part.baseline.ref,
            rows=tuple(next(judged) for _ in part.rows),
            changes=part.changes,
            flips=part.flips,
        )
        for part in parts
    ]
    numbers = [
        Comparison(each.current.suite, each.current.ref, each.baseline, tuple(next(judged) for _ in own), (), ())
        for each, own in beside
    ]
    return (*compared, *numbers)


class _Asked(Struct, frozen=True):
    """How each row is judged."""

    specs: Mapping[RowKey, RegressionSpec]
    plain: RegressionSpec
    named: Collection[str]

    def of(self, key: RowKey) -> RegressionSpec:
        """What a gate asks of this row; else what is asked of all others."""
        return self.specs.get(key, self.plain)


class _Part:
    """One suite: its pairs, and its rows without corrected p."""

    def __init__(self, current: Measured, baseline: Measured, asked: _Asked) -> None:
        self.current, self.baseline = current, baseline
        self._asked = asked
        self._sides = {
            cell: (rows, baseline.cells[cell]) for cell, rows in current.cells.items() if cell in baseline.cells
        }
        self._pairs = {cell: pair(*sides) for cell, sides in self._sides.items()}
        self._not_run = {cell: _n_not_run(*self._sides[cell], pairs) for cell, pairs in self._pairs.items()}
        self._known = _measured(current) | _measured(baseline) | set(asked.named)
        self.rows = list(self._rows())
        self.changes = changes_between(current, baseline, self._pairs)
        same = [measure for name, measure in current.measures.items() if is_same_measure(current, baseline, name)]
        self.flips = all_flips(same, self._sides, self._pairs)

    def _rows(self) -> Iterator[Row]:
        for cell in self.current.cells:
            for name, measure in self.current.measures.items():
                key = (self.current.suite, *cell, name)
                if key not in self._asked.specs and name not in self._known:
                    continue
                if cell in self._pairs and is_same_measure(self.current, self.baseline, name):
                    yield self._compared(key, measure)
                    yield from self._corpus(key, measure)
                elif key in self._asked.specs:
                    spec = self._asked.of(key)
                    yield Row(not_compared(key, self._why(cell, name), spec, measure=measure), None, spec, measure)

    def _compared(self, key: RowKey, measure: Measure) -> Row:
        cell, spec = (key[1], key[2]), self._asked.of(key)
        pairs, sides = self._pairs[cell], self._sides[cell]
        found = difference_of(measure, sides, pairs, spec=spec)
        n_paired = int(both_scored(measure.name, sides, pairs).sum())
        row = self._with_pairs(self._row(key, measure), n_paired)
        return Row(row, found, spec, measure)

    def _corpus(self, key: RowKey, measure: Measure) -> Iterator[Row]:
        """The row of its value over all answers at once, where it has one."""
        cell = key[1], key[2]
        found = corpus_difference(measure, self._sides[cell], self._pairs[cell])
        if found is not None:
            whole, n_paired = replace(measure, name=measure.name + SUFFIX), found.difference.n
            row = self._row((*key[:3], whole.name), whole)
            yield Row(self._with_pairs(row, n_paired), found, self._asked.plain, whole)

    def _with_pairs(self, row: Compared, n_paired: int) -> Compared:
        """The row with what became of its cell's pairs: values on both sides, not run, or left out without a value."""
        cell = row.variant, row.backend
        n_not_run = self._not_run[cell]
        n_lost = len(self._pairs[cell].now) - n_paired - n_not_run
        return replace(row, n_paired=n_paired, n_not_run=n_not_run, n_lost=n_lost)

    def _row(self, key: RowKey, measure: Measure) -> Compared:
        """What is known of the cell's pairs before any value is looked at."""
        pairs = self._pairs[key[1], key[2]]
        return replace(
            not_compared(key, _nothing(pairs), self._asked.of(key), measure=measure),
            is_gated=key in self._asked.specs,
            n_new=pairs.n_new,
            n_gone=pairs.n_gone,
            n_changed=pairs.n_changed,
            n_quarantined=pairs.n_quarantined,
        )

    def _why(self, cell: tuple[str, str], measure: str) -> str:
        if cell not in self._pairs:
            return f"{self.baseline.ref} has no trials of {cell[0]} on {cell[1]}"
        if measure not in self.baseline.measures:
            return f"{measure} was not measured in {self.baseline.ref}"
        return f"{measure} is measured in another way than in {self.baseline.ref}"


def _n_not_run(now: Rows, before: Rows, pairs: Pairs) -> int:
    """Pairs of which one side was not run."""
    partners = zip(pairs.now, pairs.before, strict=True)
    return sum("not_run" in (now.outcomes[place], before.outcomes[partner]) for place, partner in partners)


def _measured(side: Measured) -> set[str]:
    """The measures that have a value anywhere: of others, such as tokens that no backend counts, nothing is told."""
    import numpy as np

    cells = side.cells.values()
    return {
        name
        for name in side.measures
        if any(not np.isnan(rows.values[name]).all() for rows in cells if name in rows.values)
    }


def _nothing(pairs: Pairs) -> str:
    """Why no pair has both values."""
    if len(pairs.now):
        return f"none of {counted(len(pairs.now), 'pair')} has a value on both sides"
    if pairs.n_changed:
        return f"the dataset's row is another one for all {counted(len(pairs.changed), 'sample')} that both sides have"
    if pairs.n_quarantined:
        return f"all that is in both is in quarantine ({counted(pairs.n_quarantined, 'trial')})"
    return "no sample is in both"


def _judged(rows: Sequence[Row], decided: Mapping[RowKey, Decision]) -> list[Compared]:
    """The rows with their verdicts, in order."""
    families: dict[tuple[str, CorrectionName], list[int]] = {}
    judged = [row.compared for row in rows]
    for place, row in enumerate(rows):
        if row.found is not None and row.key in decided and not row.compared.is_against_number:
            judged[place] = _by_looks(row, decided[row.key])
        elif row.found is not None:
            families.setdefault(row.family, []).append(place)
    for (family, correction), places in families.items():
        p_values = [found.test.p_value for place in places if (found := rows[place].found) is not None]
        others = [1.0] * (len(decided) if family == "gates" else 0)
        n_family = 1 if correction == "none" else len(places) + len(others)
        for place, p in zip(places, adjusted([*p_values, *others], correction), strict=False):
            judged[place] = _verdict(rows[place], p, n_family)
    return judged


def _by_looks(row: Row, decision: Decision) -> Compared:
    """The verdict of the last look; an interval of all pairs at once would leave the looks out of account."""
    assert row.found is not None
    assert decision.verdict is not None
    difference = row.found.difference
    return replace(
        row.compared,
        mean=row.found.mean,
        mean_baseline=row.found.mean_baseline,
        difference=difference.value,
        method="looks",
        test="looks",
        p_value=decision.p_value,
        effect=difference.effect,
        n_up=difference.n_up,
        n_down=difference.n_down,
        finding=decision.verdict,
        reason=decision.reason.rstrip("."),
        stopped_after=decision.looks[-1] if decision.looks else 0,
    )


def _verdict(row: Row, p_adjusted: float, n_family: int) -> Compared:
    assert row.found is not None
    difference, spec = row.found.difference, row.spec
    rule = Rule(spec.margin, spec.alpha, higher_is_better=row.measure.higher_is_better, n_tests=n_family)
    decision = decide(difference, p_adjusted, rule)
    finding, reason = decision.verdict, (_OF_A_NUMBER if spec.target is not None else REASONS)[decision.reason]
    is_not_worse = decision.is_not_worse
    if finding == "unchanged" and row.compared.is_mostly_left_out:
        finding, reason, is_not_worse = "inconclusive", _MOSTLY_LEFT_OUT, False
    elif finding == "inconclusive" and is_not_worse:
        reason = _not_worse(spec.margin)
    return replace(
        row.compared,
        mean=row.found.mean,
        mean_baseline=row.found.mean_baseline,
        difference=difference.value,
        ci_low=difference.low,
        ci_high=difference.high,
        method=difference.method,
        test=row.found.test.test,
        p_value=row.found.test.p_value,
        p_adjusted=p_adjusted,
        n_family=n_family,
        effect=difference.effect,
        n_up=difference.n_up,
        n_down=difference.n_down,
        finding=finding,
        reason=reason,
        n_needed=decision.n_needed,
        is_not_worse=is_not_worse,
        is_least=decision.is_least,
    )


def _not_worse(margin: float) -> str:
    by = f" by more than {margin:.12g}" if margin else ""
    return f"chance alone could explain the difference, but it is surely not worse{by}"
