"""Where values differ by chance, what would halve the error of a mean, which samples pass sometimes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.report.markdown import code, prose, table
from harness.report.markup import el, join
from harness.report.numbers import ABSENT, in_unit
from harness.wording import counted, usd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.report.markup import Html
    from harness.schema import FlakySample, Noise, RunRecord

_LEAD = (
    "Values differ between samples, between answers to the same sample, and between a judge's verdicts on the same "
    "answer. The last column is the cheapest way to half the error of a mean that asks one thing more often."
)
_HEAD = ("Measure", "Between samples", "Between answers", "Between verdicts", "Error of the mean", "Half of it takes")
_MOST = 20
"""Samples that pass sometimes that are named a suite; the rest is counted."""
_ALTOGETHER = "never differs"


def noise(record: RunRecord) -> Html:
    """The section; nothing where nothing was repeated."""
    chance = record.chance
    names = dict.fromkeys([*(each.suite for each in chance.noises), *(each.suite for each in chance.flaky)])
    if not names:
        return join()
    return el(
        "section",
        el("h2", "Noise"),
        el("p", _LEAD, class_="lead"),
        [_suite(name, record) for name in names],
        id="noise",
    )


def noise_in_markdown(name: str, record: RunRecord) -> list[str]:
    """Lines of the summary on a suite; none where nothing was repeated."""
    noises, flaky = _of(name, record)
    if not noises and not flaky:
        return []
    rows = [[code(each.metric, 80), *map(prose, cells(each))] for each in noises]
    lines = table(list(_HEAD), rows) if rows else []
    told = flaky_text(flaky, most=_MOST)
    return [f"### Noise of {code(name, 80)}", "", *lines, *(["", prose(told, 2000)] if told else [])]


def cells(noise: Noise) -> list[str]:
    """What the columns after the measure's name show."""
    levels = (noise.samples, noise.generations, noise.ratings)
    return [*(_level(variance, noise) for variance in levels), in_unit(noise.standard_error, noise.unit),
            remedy_text(noise)]  # fmt: skip


def share(variance: float | None, noise: Noise) -> str:
    """`71 %` of the variance of a single value; ABSENT where it is not known."""
    if variance is None:
        return ABSENT
    return f"{100 * variance / noise.variance:.0f} %" if noise.variance else _ALTOGETHER


def remedy_text(noise: Noise) -> str:
    """`240 samples instead of 60 (540 more calls)`; ABSENT where nothing helps, or need be."""
    remedy = noise.remedy
    if remedy is None:
        return ABSENT
    what = {"samples": "samples", "repeats": "repeats", "ratings": "verdicts an answer"}[remedy.level]
    cost = f"{usd(remedy.cost)} more" if remedy.is_usd else f"{counted(round(remedy.cost), 'more call')}"
    return f"{remedy.count:,} {what} instead of {remedy.instead_of:,} ({cost})"


def flaky_text(flaky: Sequence[FlakySample], *, most: int) -> str:
    """`2 samples pass sometimes: s1 (few_shot on app, 1 of 3), s2 …`; empty without any."""
    if not flaky:
        return ""
    named = ", ".join(f"{each.sample} ({_where(each)})" for each in flaky[:most])
    more = f", … {len(flaky) - most:,} more" if len(flaky) > most else ""
    return f"{counted(len(flaky), 'sample')} {'passes' if len(flaky) == 1 else 'pass'} sometimes: {named}{more}"


def _where(each: FlakySample) -> str:
    what = "" if each.what == "checks" else f" {each.what}"
    return f"{each.variant} on {each.backend}: {each.n_passed} of {each.n}{what}"


def _of(name: str, record: RunRecord) -> tuple[list[Noise], list[FlakySample]]:
    noises, flaky = record.chance.noises, record.chance.flaky
    return [each for each in noises if each.suite == name], [each for each in flaky if each.suite == name]


def _level(variance: float | None, noise: Noise) -> str:
    """`0.312 (71 %)`: the standard deviation, and its share of the variance."""
    if variance is None:
        return ABSENT
    return f"{in_unit(math.sqrt(variance), noise.unit)} ({share(variance, noise)})"


def _suite(name: str, record: RunRecord) -> Html:
    noises, flaky = _of(name, record)
    head = el("tr", [el("th", title, scope="col") for title in _HEAD])
    rows = [el("tr", el("th", el("code", each.metric), scope="row"), [el("td", cell) for cell in cells(each)])
            for each in noises]  # fmt: skip
    caption = el("caption", f"Noise of {name}", class_="off")
    shown = el("div", el("table", caption, el("thead", head), el("tbody", rows)), class_="scroll methods", tabindex=0,
               role="region", aria_label=f"Noise of {name}") if rows else None  # fmt: skip
    told = flaky_text(flaky, most=_MOST)
    return join(el("h3", name), shown, el("p", told, class_="note") if told else None)
