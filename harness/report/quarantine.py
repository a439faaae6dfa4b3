"""What is in quarantine, and what has left it by its date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.report.markdown import code, prose, table
from harness.report.markup import el, join
from harness.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.report.markup import Html
    from harness.schema import RunRecord, Suite, TrialResult

_LEAD = "These trials ran and are reported, but fail nothing: they count in no number, no gate and no comparison."
_HEAD = ("Sample", "Variant", "Backend", "Outcome", "Why", "Until")
_MOST = 100
"""Trials that are listed a suite; the rest is counted."""


def quarantine(record: RunRecord) -> Html:
    """The section; nothing where there is none, and none has ended."""
    shown = [_suite(suite, record) for suite in record.suites if suite.quarantine or suite.warnings]
    if not shown:
        return join()
    return el("section", el("h2", "Quarantine"), el("p", _LEAD, class_="lead"), shown, id="quarantine")


def quarantine_in_markdown(suite: Suite, record: RunRecord) -> list[str]:
    """Lines of the summary on a suite; none where there is none, and none has ended."""
    held = held_trials(suite, record)
    ended = [f"> **{prose(warning, 500)}**" for warning in suite.warnings]
    if not held and not ended:
        return []
    rows = [[code(cell, 80) for cell in _row(result)] for result in held[:_MOST]]
    lines = ["", *table(list(_HEAD), rows), *_more(held)] if rows else []
    return [f"### Quarantine of {code(suite.name, 80)}", "", *ended, *lines]


def held_trials(suite: Suite, record: RunRecord) -> list[TrialResult]:
    """The suite's trials in quarantine, in item order."""
    if not suite.quarantine:
        return []
    return [each for each in record.results if each.trial.quarantine is not None and each.trial.suite == suite.name]


def held_text(held: Sequence[TrialResult], *, most: int) -> str:
    """`2 trials in quarantine: fb017 (few_shot on app: failed; label is wrong, until 2026-12-31), …`; empty if none."""
    if not held:
        return ""
    reasons: dict[tuple[str, str, str], list[str]] = {}
    for result in held[:most]:
        sample, variant, backend, outcome, reason, until = _row(result)
        reasons.setdefault((sample, reason, until), []).append(f"{variant} on {backend}: {outcome}")
    named = ", ".join(
        f"{sample} ({', '.join(where)}; {why}, until {day})" for (sample, why, day), where in reasons.items()
    )
    more = f", … {len(held) - most:,} more" if len(held) > most else ""
    return f"{counted(len(held), 'trial')} in quarantine: {named}{more}"


def _row(result: TrialResult) -> list[str]:
    trial = result.trial
    assert trial.quarantine is not None
    repeat = f", repeat {trial.repeat}" if trial.repeat > 1 else ""
    outcome = result.outcome.replace("_", " ")
    return [trial.sample.sample_id + repeat, trial.variant, trial.backend, outcome, trial.quarantine.reason,
            trial.quarantine.until]  # fmt: skip


def _more(held: Sequence[TrialResult]) -> list[str]:
    return ["", f"{len(held) - _MOST:,} more."] if len(held) > _MOST else []


def _suite(suite: Suite, record: RunRecord) -> Html:
    held = held_trials(suite, record)
    head = el("tr", [el("th", title, scope="col") for title in _HEAD])
    rows = [el("tr", [el("td", cell) for cell in _row(result)]) for result in held[:_MOST]]
    caption = el("caption", f"Quarantine of {suite.name}", class_="off")
    shown = el("div", el("table", caption, el("thead", head), el("tbody", rows)), class_="scroll methods", tabindex=0,
               role="region", aria_label=f"Quarantine of {suite.name}") if rows else None  # fmt: skip
    ended = [el("p", warning, class_="note") for warning in suite.warnings]
    return join(el("h3", suite.name), ended, shown, [el("p", text) for text in _more(held) if text])
