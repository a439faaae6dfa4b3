"""Collects mistakes in files until all are known."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from harness.errors import FilesError, Mistake

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MOST_OF_A_KIND = 20
"""Mistakes of one kind in one file that are told one by one; the rest is counted."""

_ROW = re.compile(r"\[[0-9]+\]$")
"""The row at the end of a path without lines: `answers.parquet[3]`."""


class Mark(NamedTuple):
    """A position in a file."""

    line: int
    """1-based."""
    column: int | None
    """1-based; None when only the line is known."""


class MistakeLog:
    """Mistakes so far, over all files of a suite."""

    def __init__(self, root: Path) -> None:
        """`root` is the folder that shown paths are relative to."""
        self._order: dict[str, int] = {}
        self._root = os.path.abspath(root)  # noqa: PTH100 - no symlink is followed: the user's own spelling is shown
        self._mistakes: dict[Mistake, None] = {}
        self._kinds: dict[tuple[str, str], set[tuple[str, Mark | None, str]]] = {}

    def shown(self, path: Path) -> str:
        """The path as users see it: relative to the root when it lies below, else absolute."""
        absolute = os.path.abspath(path)  # noqa: PTH100 - as above
        prefix = self._root.rstrip(os.sep) + os.sep
        return absolute.removeprefix(prefix)

    def begin(self, path: str) -> None:
        """Tell this file's mistakes before those of files that begin later; others follow as they come."""
        self._order.setdefault(path, len(self._order))

    def add(self, path: str, mark: Mark | None, message: str) -> None:
        """Note a mistake; the same one twice counts once."""
        line, column = mark if mark is not None else (None, None)
        self._mistakes[Mistake(path, line, column, message)] = None

    def add_of_kind(self, kind: str, at: tuple[str, Mark | None], message: str) -> None:
        """Note a mistake of which a file may hold thousands: after twenty of a kind only their number is told."""
        path, mark = at
        seen = self._kinds.setdefault((_ROW.sub("", path), kind), set())
        seen.add((path, mark, message))
        if len(seen) <= MOST_OF_A_KIND:
            self.add(path, mark, message)

    def absorb(self, mistakes: Iterable[Mistake]) -> None:
        """Note mistakes that another reader found."""
        self._mistakes.update(dict.fromkeys(mistakes))

    def __len__(self) -> int:
        """How many mistakes are noted."""
        return len(self._mistakes)

    def raise_if_any(self) -> None:
        """Raise FilesError with every mistake, files in the order they were met, each by position."""
        if not self._mistakes:
            return
        order = dict(self._order)
        for mistake in self._mistakes:
            order.setdefault(mistake.path, len(order))
        ordered = sorted(self._mistakes, key=lambda m: (order[m.path], m.line or 0, m.column or 0))
        raise FilesError([*ordered, *self._uncounted()])

    def _uncounted(self) -> list[Mistake]:
        """One line for each kind that was cut short."""
        return [
            Mistake(path, None, None, f"… and {len(seen) - MOST_OF_A_KIND:,} more: {kind}")
            for (path, kind), seen in self._kinds.items()
            if len(seen) > MOST_OF_A_KIND
        ]
