"""Verdicts → one score: the mean of a judge's samples, and of a panel's judges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from harness.schema import Rating
from harness.score.judge.verdict import Verdict
from harness.score.metric import failed, scored, unscored
from harness.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.schema import CallError, Measure, Score

TRIES = 3
"""Times that a judge may fill in one form before its answer is given up."""
_SHOWN = 300


def hint(error: CallError) -> str:
    """Which option an endpoint would do without, where it names what it does not know."""
    words = {"logprobs": "logprobs", "response_format": "schema", "json_schema": "schema"}
    option = next((option for word, option in words.items() if word in error.message), None)
    return f"; write {option}: false where the endpoint does not know that" if option else ""


def sampled_score(measure: Measure, judge: str, verdicts: Sequence[Verdict | str]) -> Score:
    """The mean of one judge's verdicts that could be read; unscored when none could."""
    ratings = tuple(
        Rating(judge, verdict.value if isinstance(verdict, Verdict) else None, sample)
        for sample, verdict in enumerate(verdicts, 1)
    )
    read = [verdict for verdict in verdicts if isinstance(verdict, Verdict)]
    if not read:
        last = next(verdict for verdict in verdicts if isinstance(verdict, str))
        reason = f"the judge's answer could not be read, {TRIES} times: {last}"
        return replace(unscored((measure,), reason)[0], ratings=ratings)
    value = sum(verdict.value for verdict in read) / len(read)
    reason = read[0].reason
    if len(verdicts) > 1:
        given = ", ".join(f"{verdict.value:.3g}" for verdict in read)
        lost = "" if len(read) == len(verdicts) else f", {len(verdicts) - len(read)} could not be read"
        reason = f"{reason} (samples: {given}{lost})"
    return replace(scored(measure, value, reason or None), ratings=ratings)


def panel_score(measure: Measure, scores: Mapping[str, Score]) -> Score:
    """The mean of all judges' scores; none where one of them has none: a mean without the strictest would be milder."""
    if len(scores) == 1:
        return next(iter(scores.values()))
    ratings = tuple(rating for score in scores.values() for rating in score.ratings)
    for lacking in (failed, unscored):
        status = lacking((measure,), "")[0].status
        for judge, score in scores.items():
            if score.status == status:
                return replace(lacking((measure,), f"{judge}: {score.reason}")[0], ratings=ratings)
    values = {judge: score.value or 0.0 for judge, score in scores.items()}
    said = "; ".join(
        f"{judge} {values[judge]:.3g}: {one_line(score.reason or '', longest=_SHOWN)}"
        for judge, score in scores.items()
    )
    return replace(scored(measure, sum(values.values()) / len(values), said), ratings=ratings)
