"""The table of a comparison: a row a variant, backend and metric, with the evidence for its verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from harness.report.findings import ends_text, left_out, level, moved, needs_text, not_run, p_text, tolerance
from harness.report.interval import axis_of_differences, draw_difference
from harness.report.markup import el, join
from harness.report.numbers import ABSENT, in_unit, signed
from harness.report.results import dagger
from harness.wording import counted, level_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.report.interval import Axis, Spread
    from harness.report.markup import Html
    from harness.schema import Compared, Finding

    SmallModels = Mapping[tuple[str, str], str]
    """By suite and backend: what must be said wherever a number of it is shown."""

_MINUS = "\u2212"
"""As wide as a plus, unlike a hyphen."""


class Known(Struct, frozen=True):
    """What the rows of a suite share."""

    axes: Mapping[str, Axis]
    """Scales of the drawings."""
    small: SmallModels
    """Notes on small models."""


def axes_of(rows: Iterable[Compared]) -> dict[str, Axis]:
    """One scale a unit for scores, one a metric for amounts: by metric."""
    by_scale: dict[str, list[Compared]] = {}
    for row in rows:
        by_scale.setdefault(_scale(row), []).append(row)
    return {
        scale: axis_of_differences(end for row in own for end in (*_spread(row), row.margin))
        for scale, own in by_scale.items()
    }


def state(finding: Finding, words: str) -> Html:
    """The words in the finding's colour, with its shape before them."""
    return el("span", words, class_=f"state {finding.replace(' ', '_')}")


def _spread(row: Compared) -> Spread:
    return row.difference, row.ci_low, row.ci_high


def _scale(row: Compared) -> str:
    return row.unit if row.unit in ("score", "percent") else f"{row.metric} in {row.unit}"


def compared_table(rows: Sequence[Compared], known: Known, caption: str) -> Html:
    """The rows in their order, in a box that scrolls by itself."""
    interval = level(rows)
    names = ("Verdict", "Baseline, now", "Difference", "Pairs", "p, corrected", "Why")
    notes = ("", "means of the pairs", interval, "same sample, same repeat", "", "")
    head = el("tr", [el("th", el("span", name), el("small", note), scope="col")
                     for name, note in zip(names, notes, strict=True)])  # fmt: skip
    body = [_row(row, known, is_alone=interval == "interval") for row in rows]
    table = el("table", el("caption", caption, class_="off"), el("thead", head), el("tbody", body))
    return el("div", table, class_="scroll compared", tabindex=0, role="region", aria_label=caption)


def _row(row: Compared, known: Known, *, is_alone: bool) -> Html:
    better = "↑" if row.higher_is_better else "↓"
    words = "higher is better" if row.higher_is_better else "lower is better"
    mark = el("span", better, title=words, role="img", aria_label=words, class_="direction")
    small = dagger(known.small.get((row.suite, row.backend)))
    gated = el("small", "a gate asks about it") if row.is_gated else None
    return el(
        "tr",
        el("th", state(row.finding, row.finding.capitalize()), el("span", row.metric, " ", mark, class_="metric"),
           el("small", f"{row.variant} on {row.backend}", small), scope="row"),
        *_numbers(row, known.axes[_scale(row)], is_alone=is_alone),
        el("td", _pairs(row)),
        el("td", el("span", p_text(row)), el("small", _family(row))),
        el("td", row.reason, _more(row), gated, class_="why"),
        class_=row.finding.replace(" ", "_"),
    )  # fmt: skip


def _numbers(row: Compared, axis: Axis, *, is_alone: bool) -> tuple[Html, Html]:
    if row.difference is None:
        return el("td", ABSENT), el("td", ABSENT)
    before, now = in_unit(row.mean_baseline, row.unit), in_unit(row.mean, row.unit)
    moves = el("td", el("span", before, " → ", el("strong", now), class_="move"), el("small", _unit(row)))
    ends = ends_text(row)
    bounds = "no interval" if ends is None else f"{level_text(row.confidence)}: {ends}" if is_alone else ends
    tolerated = tolerance(row.margin, row.unit, is_drop=row.higher_is_better) if row.margin else None
    shown = el("span", _minus(signed(row.difference, row.unit)), class_="value")
    drawing = draw_difference(_spread(row), axis, row.margin)
    drawn = el("td", shown, drawing, el("small", _minus(bounds)), el("small", tolerated) if tolerated else None)
    return moves, drawn


def _unit(row: Compared) -> str:
    return {"percent": "0 to 100", "s": "seconds", "tokens": "tokens"}.get(row.unit, "")


def _minus(text: str) -> str:
    return text.replace("-", _MINUS)


def _pairs(row: Compared) -> Html:
    worse, better = moved(row)
    turned = el("small", f"{worse:,} worse, {better:,} better") if row.n_paired else None
    lacking, stopped = ", ".join(left_out(row)), not_run(row)
    return join(
        el("span", counted(row.n_paired, "trial") if row.is_against_number else f"{row.n_paired:,}"),
        turned,
        el("small", f"left out: {lacking}", class_="lacking") if lacking else None,
        el("small", stopped) if stopped else None,
    )


def _family(row: Compared) -> str:
    return f"for {row.n_family:,} comparisons" if row.n_family > 1 else ""


def _more(row: Compared) -> Html | None:
    more = needs_text(row)
    return None if more is None else el("small", more)
