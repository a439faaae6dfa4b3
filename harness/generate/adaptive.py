"""How many calls a backend bears at once, learnt from its answers."""

from __future__ import annotations


class AdaptiveLimit:
    """Calls that may be in flight: half as many when the backend asks to slow down, one more a round of answers.

    Additive increase, multiplicative decrease, as TCP has it (RFC 5681): it finds what a backend bears without knowing
    it, and several processes that do so share fairly. What is asked of calls sent before the last cut says nothing of
    the new limit: a round trip cuts once at most.
    """

    def __init__(self, most: int) -> None:
        """Begin at `most`, which is never exceeded."""
        self.most = most
        self.value = most
        """Calls that may be in flight now; 1 at least."""
        self.round = 0
        """Number of the cuts so far; a call belongs to the round in which it was sent."""
        self._answers = 0

    def answered(self, sent_in: int) -> None:
        """Count an answer to a call of that round; one more call is allowed after as many as there may be."""
        if self.value >= self.most or sent_in != self.round:
            return
        self._answers += 1
        if self._answers >= self.value:
            self._answers = 0
            self.value += 1

    def slowed(self, sent_in: int) -> bool:
        """Cut to the half when the call was sent since the last cut; whether that was so."""
        if sent_in != self.round:
            return False
        self.round += 1
        self._answers = 0
        self.value = max(1, self.value // 2)
        return True
