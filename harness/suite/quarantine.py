"""`quarantine:` of a suite → the trials that fail nothing today, and a warning for each entry that has ended."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from harness.schema import Quarantine
from harness.suite.values import described, quoted
from harness.wording import did_you_mean, one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from harness.suite.document import Document, Place
    from harness.suite.gates import Scopes
    from harness.suite.mistakes import MistakeLog
    from harness.suite.suite_form import QuarantineForm

_MOST_COMPARED = 10_000
"""Ids among which the one that was meant is sought: it takes 10 µs an id."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Quarantines:
    """The entries of one suite file."""

    def __init__(self, document: Document, scopes: Scopes, *, today: date | None, log: MistakeLog) -> None:
        """`today` in UTC; None: what the clock says."""
        self._document, self._scopes, self._log = document, scopes, log
        self._today = today or datetime.now(UTC).date()
        self.warnings: list[str] = []
        """One an entry that has ended."""

    def read(self, entries: Sequence[QuarantineForm], ids: Collection[str] | None) -> tuple[Quarantine, ...]:
        """What is in quarantine today; mistakes are logged. `ids` are those of all rows; None: they are not known."""
        found = []
        known = None if ids is None or not entries else set(ids)
        for index, entry in enumerate(entries):
            place: Place = ("quarantine", index)
            if known is not None and entry.sample not in known:
                self._mistake((*place, "sample"), _unknown(entry.sample, known))
            if not entry.reason.strip():
                self._mistake((*place, "reason"), "'reason' is empty; a few words are allowed; say why it is broken")
            variants = self._scopes.variants(entry.variants, self._document, (*place, "variants"), log=self._log)
            backends = self._scopes.backends(entry.backends, self._document, (*place, "backends"), log=self._log)
            until = self._date(entry.until, (*place, "until"))
            if until is not None and until >= self._today:
                reason = " ".join(entry.reason.split())
                found.append(Quarantine(entry.sample, reason, until.isoformat(), variants, backends))
            elif until is not None:
                self._warn(entry, place)
        return tuple(found)

    def _date(self, text: str, place: Place) -> date | None:
        try:
            if _DAY.fullmatch(text):
                return date.fromisoformat(text)
        except ValueError:  # the 31st of November
            pass
        what = f"'until' is {described(text)}; a day is allowed; write for example 'until: 2026-12-31'"
        self._mistake(place, what)
        return None

    def _warn(self, entry: QuarantineForm, place: Place) -> None:
        mark = self._document.mark(place)
        where = f"{self._document.shown}:{mark.line}" if mark is not None else self._document.shown
        self.warnings.append(
            f"{where}: the quarantine of sample {quoted(entry.sample)} ended on {entry.until} "
            f"({one_line(entry.reason)}): it counts again; mend the sample and remove the entry, or give a later day"
        )

    def _mistake(self, place: Place, message: str) -> None:
        self._log.add(self._document.shown, self._document.mark(place), message)


def _unknown(sample: str, ids: Collection[str]) -> str:
    meant = did_you_mean(sample, ids) if len(ids) <= _MOST_COMPARED else ""
    tail = f".{meant}" if meant else "; give the id of a row"
    return f"sample {quoted(sample)} is not in the dataset; the id of one of its rows is allowed{tail}"
