"""Figures, each printed beside its bar."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Benchmarks = Mapping[str, Callable[[Path], Iterator["Figure"]]]
    """By name; each gets an empty folder."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure beside its bar."""

    name: str
    """What was measured."""
    measured: float
    """The figure."""
    bar: float
    """The most it may be."""
    unit: str
    """Unit of both."""
    detail: str
    """Medians behind the figure."""

    @property
    def is_missed(self) -> bool:
        """Whether it is above its bar."""
        return self.measured > self.bar

    def __str__(self) -> str:
        verdict = "MISSED" if self.is_missed else "ok"
        return f"{self.name:<58} {self.measured:8.3g} {self.unit:<5} bar {self.bar:<4g}  {verdict:<7} {self.detail}"


def print_figures(benchmarks: Benchmarks, names: Sequence[str]) -> int:
    """Print the figures of the named benchmarks, or of all; exit code: 1 when one is missed, 4 for an unknown name."""
    unknown = [name for name in names if name not in benchmarks]
    if unknown:
        print(f"no benchmark is called {', '.join(unknown)}; available: {', '.join(benchmarks)}")
        return 4
    missed = 0
    for name in names or benchmarks:
        with tempfile.TemporaryDirectory() as folder:
            for figure in benchmarks[name](Path(folder)):
                print(figure, flush=True)
                missed += figure.is_missed
    return 1 if missed else 0
