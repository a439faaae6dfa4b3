"""Why a stage decided as it did, in a sentence for somebody who knows no statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.comparison.stages import Finding, StageDecision

_MOST_ODDS = 1_000_000


def reason_of(
    decision: StageDecision, findings: Sequence[Finding], n_exposed: int, *, is_last: bool, fewest: int
) -> str:
    """One plain sentence."""
    if decision == "roll back":
        worst = _worst(findings, "worse")
        return f"{_change(worst)}: chance alone does that {_odds(worst.p_value)}, too rarely to go on."
    few = [finding for finding in findings if finding.sign == "too few"]
    doubtful = [finding for finding in findings if finding.sign == "doubtful"]
    if doubtful:
        worst = _worst(findings, "doubtful")
        return (
            f"{_change(worst)}: that may still be chance, which does it {_odds(worst.p_value)}; "
            f"{'do not call it as good' if is_last else 'let no more see NEW'} before more samples were looked at."
        )
    if few:
        least = min(few, key=lambda finding: finding.n)
        return (
            f"only {_samples(least.n)} with NEW {_have(least.n)} {least.metric}; below {fewest:,} nothing can be told."
        )
    names = " and ".join(filter(None, [", ".join(each.metric for each in findings[:-1]), findings[-1].metric]))
    return f"after {_samples(n_exposed)} with NEW nothing shows that {names} got worse."


def _worst(findings: Sequence[Finding], sign: str) -> Finding:
    """The most surprising of those with this sign."""
    return min((each for each in findings if each.sign == sign), key=lambda each: (each.p_value or 0.0, each.metric))


def _change(finding: Finding) -> str:
    assert finding.mean_old is not None
    assert finding.mean_new is not None
    verb = "fell" if finding.mean_new < finding.mean_old else "rose"
    return f"{finding.metric} {verb} from {finding.mean_old:.3g} to {finding.mean_new:.3g} over {_samples(finding.n)}"


def _odds(p_value: float | None) -> str:
    """How often chance does it: once in so many times."""
    times = _MOST_ODDS if not p_value else min(_MOST_ODDS, round(1 / p_value))
    return f"less than once in {_MOST_ODDS:,} times" if times == _MOST_ODDS else f"once in {times:,} times"


def _samples(n: int) -> str:
    return "1 sample" if n == 1 else f"{n:,} samples"


def _have(n: int) -> str:
    return "has" if n == 1 else "have"
