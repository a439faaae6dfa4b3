"""Trials whose answers are compared with each other: none is asked about before all of them have one, or never will."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from harness.generate.completion import Completion
    from harness.schema import CallError, Generation, Trial

    Peers = Mapping[str, tuple[Trial, Generation | CallError]]

_Key = tuple[str, str, str, int]


class _Group(Struct):
    """The trials of all variants on one sample, backend and repeat."""

    left: int
    """How many have neither an answer nor an error."""
    settled: list[Completion]
    """The others."""


class Companions:
    """Keeps answers back until those that they are compared with are there."""

    def __init__(self, suites: Collection[str]) -> None:
        """`suites` are those whose answers are compared; those of others are let through at once."""
        self._suites = suites
        self._groups: dict[_Key, _Group] = {}

    def expect(self, trials: Iterable[Trial]) -> None:
        """These will be settled, each once."""
        for trial in trials:
            if trial.suite in self._suites:
                self._groups.setdefault(_key(trial), _Group(0, [])).left += 1

    @property
    def n_waiting(self) -> int:
        """Settled trials that wait for others."""
        return sum(len(group.settled) for group in tuple(self._groups.values()))

    def settle(self, completion: Completion) -> list[tuple[Completion, Peers | None]]:
        """What may be asked about now, each with what it is compared with by variant; None for other suites."""
        trial = completion.trial
        if trial.suite not in self._suites:
            return [(completion, None)]
        group = self._groups[_key(trial)]
        group.left -= 1
        group.settled.append(completion)
        if group.left:
            return []
        del self._groups[_key(trial)]
        every = {each.trial.variant: (each.trial, each.answer) for each in group.settled}
        return [
            (each, {name: peer for name, peer in every.items() if name != each.trial.variant}) for each in group.settled
        ]

    def abandon(self) -> None:
        """Nothing more will be settled."""
        self._groups.clear()


def _key(trial: Trial) -> _Key:
    return trial.suite, trial.backend, trial.sample.sample_id, trial.repeat
