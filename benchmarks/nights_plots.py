"""Draws docs/images/nights-*.svg, the plots of docs/explanation/regression-verdicts.md.

python -m benchmarks.nights_plots
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from benchmarks.nights import ALPHA, CELLS, MARGIN, simulated
from harness.stats import mcnemar_power, minimum_detectable_effect

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

IMAGES = Path(__file__).parents[1] / "docs" / "images"
WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 60, 610, 40, 310
COLOURS = ("#1f5fa8", "#b3541e", "#3c7a3c", "#6b4a8a")
FLIPS = 0.1


class Curve(Struct, frozen=True):
    """One line of a plot."""

    name: str
    points: list[tuple[float, float]]


class Axes(Struct, frozen=True):
    """The ranges and words of a plot."""

    title: str
    x_label: str
    x_ticks: Sequence[float]
    y_ticks: Sequence[float]
    y_text: Callable[[float], str]
    x_text: Callable[[float], str]

    def x(self, value: float) -> float:
        return LEFT + (RIGHT - LEFT) * (value - self.x_ticks[0]) / (self.x_ticks[-1] - self.x_ticks[0])

    def y(self, value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * (value - self.y_ticks[0]) / (self.y_ticks[-1] - self.y_ticks[0])


def text(x: float, y: float, words: str, *, anchor: str = "middle", colour: str = "#333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{words}</text>'


def line(start: tuple[float, float], end: tuple[float, float], colour: str = "#ddd", *, dashes: str = "none") -> str:
    ends = f'x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"'
    return f'<line {ends} stroke="{colour}" stroke-dasharray="{dashes}"/>'


def framed(title: str, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="13" role="img" aria-label="{title}">'
    )
    ground = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
    return "\n".join([head, ground, text(WIDTH / 2, 22, title, colour="#111"), *parts, "</svg>"]) + "\n"


def plotted(axes: Axes, curves: Sequence[Curve], *, mark: float | None = None) -> str:
    parts = [line((LEFT, axes.y(tick)), (RIGHT, axes.y(tick))) for tick in axes.y_ticks]
    parts += [text(LEFT - 8, axes.y(tick) + 4, axes.y_text(tick), anchor="end") for tick in axes.y_ticks]
    parts += [text(axes.x(tick), BOTTOM + 18, axes.x_text(tick)) for tick in axes.x_ticks]
    parts.append(text((LEFT + RIGHT) / 2, HEIGHT - 10, axes.x_label))
    if mark is not None:
        parts.append(line((LEFT, axes.y(mark)), (RIGHT, axes.y(mark)), "#888", dashes="4 4"))
    for number, curve in enumerate(curves):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(f"{axes.x(x):.1f},{axes.y(y):.1f}" for x, y in curve.points)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(text(RIGHT - 6, TOP + 130 + 18 * number, curve.name, anchor="end", colour=colour))
    return framed(axes.title, parts)


def bars(title: str, rates: dict[str, float], *, mark: float) -> str:
    start, end, height = 230, 590, 34
    scale = end - start
    parts = []
    for number, (name, rate) in enumerate(rates.items()):
        top = TOP + 24 + number * 62
        parts.append(text(start - 10, top + height / 2 + 4, name, anchor="end"))
        colour = COLOURS[0] if number == 0 else COLOURS[1]
        parts.append(f'<rect x="{start}" y="{top}" width="{rate * scale:.1f}" height="{height}" fill="{colour}"/>')
        inside = rate > 1 / 2
        place = start + rate * scale + (-8 if inside else 8)
        shown = f"{rate:.1%}"
        parts.append(
            text(
                place,
                top + height / 2 + 4,
                shown,
                anchor="end" if inside else "start",
                colour="white" if inside else "#333",
            )
        )
    at = start + mark * scale
    parts += [line((at, TOP + 10), (at, BOTTOM), "#888", dashes="4 4"), text(at, BOTTOM + 16, f"allowed: {mark:.0%}")]
    return framed(title, parts)


def alarms() -> str:
    rates = simulated().rates()
    return bars("Nights with an alarm although nothing changed (2,000 nights, 24 cells)", rates, mark=ALPHA)


def power() -> str:
    axes = Axes(
        f"How often a true drop of the pass rate is reported (24 cells, margin {MARGIN})",
        "true drop (one pair in ten flips anyway)",
        [0, 0.1, 0.2, 0.3, 0.4], [0, 0.2, 0.4, 0.6, 0.8, 1], lambda y: f"{y:.0%}", lambda x: f"{x:g}",
    )  # fmt: skip
    drops = [0.4 * step / 80 for step in range(81)]
    curves = [
        Curve(
            f"{n} samples",
            [(drop, mcnemar_power(n, drop, discordant=FLIPS, alpha=ALPHA / CELLS, margin=MARGIN)) for drop in drops],
        )
        for n in (500, 200, 100, 60)
    ]
    return plotted(axes, curves, mark=0.8)


def smallest() -> str:
    axes = Axes(
        "The smallest drop of the pass rate that is seen in 80 % of the cases",
        "samples (one pair in ten flips anyway)",
        [0, 100, 200, 300, 400, 500], [0, 0.1, 0.2, 0.3, 0.4], lambda y: f"{y:g}", lambda x: f"{x:g}",
    )  # fmt: skip
    curves = []
    for name, alpha in (
        ("24 gates together (Holm), margin 0.02", ALPHA / CELLS),
        ("one gate alone, margin 0.02", ALPHA),
    ):
        points = []
        for n in range(20, 501, 4):
            drop = minimum_detectable_effect(n, alpha=alpha, discordant=FLIPS, margin=MARGIN)
            if drop is not None and drop <= axes.y_ticks[-1]:
                points.append((float(n), drop))
        curves.append(Curve(name, points))
    return plotted(axes, curves)


def main() -> None:
    for name, drawn in (("alarms", alarms), ("power", power), ("smallest-drop", smallest)):
        path = IMAGES / f"nights-{name}.svg"
        path.write_text(drawn())
        print(path.relative_to(IMAGES.parents[1]))


if __name__ == "__main__":
    main()
