"""What a failed item says: the messages sent, the answer, the scores, the missed check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from harness.plugin import github
from harness.report.outcome import reasons_of
from harness.wording import escaped, usd

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.schema import Score, TrialResult, Verdict

AMOUNTS = frozenset({"latency_s", "input_tokens", "output_tokens", "cached_input_tokens", "cost_usd"})
"""Measures of every trial, as its backend reports them."""
_LONGEST = 1_500
"""Characters of one message or answer that are shown; the report has all of it."""


def printable(text: str) -> str:
    """Model text made harmless for a terminal, and for the log of a job that reads commands in it; its lines kept."""
    harmless = escaped(text, keep="\n")
    return github.inert(harmless) if github.is_there() else harmless


class Crash(Struct, frozen=True):
    """What pytest's short summary and JUnit file take as the failure's message."""

    path: str
    """Node id of the item."""
    lineno: int
    """Always 0: a trial has no line."""
    message: str
    """One line."""


class FailureText:
    """Lines for pytest to print as an item's failure."""

    def __init__(self, lines: Sequence[str], nodeid: str, message: str | None = None) -> None:
        """`message` is the one line for the short summary; the first line when it is None."""
        self.lines = tuple(lines)
        self.reprcrash = Crash(nodeid, 0, printable(message if message is not None else lines[0]).replace("\n", " "))

    def __str__(self) -> str:
        """All lines."""
        return "\n".join(self.lines)

    def toterminal(self, tw: Any) -> None:
        """Write the lines; headings bold, as pytest's own are."""
        for line in self.lines:
            tw.line(line, bold=not line.startswith(" ") and line.endswith(":"), red=line.startswith("missed"))


def trial_failure(result: TrialResult, nodeid: str, *, full: bool) -> FailureText:
    """The text of a trial without an answer or with a missed check; one paragraph when not `full`."""
    reasons = list(reasons_of(result))
    lines = [printable(reason) for reason in reasons]
    if full:
        lines.extend(_evidence(result))
    return FailureText(lines, nodeid, why_failed(result))


def why_failed(result: TrialResult) -> str:
    """All reasons on one line; empty when it passed."""
    return "; ".join(reasons_of(result))


def gate_failure(verdict: Verdict, nodeid: str) -> FailureText:
    """The text of a gate that does not hold."""
    gate = verdict.gate
    from_prompt = gate.origin != "suite" and gate.judged_by != "shown"
    origin = f" (performance_baseline of {gate.origin})" if from_prompt else ""
    lines = [
        f"gate {gate.text}{origin} does not hold",
        f"  {verdict.variant} on {verdict.backend}: {verdict.message}",
    ]
    return FailureText([printable(line) for line in lines], nodeid, verdict.message)


def _evidence(result: TrialResult) -> Iterator[str]:
    for message in result.trial.messages:
        yield f"{message.role}:"
        yield from _indented(message.content)
    if result.generation is not None:
        finish = f" (finish reason {result.generation.finish_reason})" if result.generation.finish_reason else ""
        yield f"answer{printable(finish)}:"
        yield from _indented(result.generation.text)
        if result.output is not None and result.output.strip() != result.generation.text.strip():
            yield "read as:"
            yield from _indented(result.output)
    references = result.trial.sample.references
    if references:
        yield "references:" if len(references) > 1 else "reference:"
        for reference in references:
            yield from _indented(reference)
    if result.generation is not None:
        yield "scores:"
        yield "  " + "   ".join(_score(score) for score in result.scores if not _is_unreported(score))


def _indented(text: str) -> Iterator[str]:
    shown = printable(text[:_LONGEST])
    for line in shown.splitlines() or ["(empty)"]:
        yield f"  {line}"
    if len(text) > _LONGEST:
        yield f"  … {len(text) - _LONGEST} more characters: see the report"


def _is_unreported(score: Score) -> bool:
    """Whether it is an amount that the backend does not say."""
    return score.status == "unscored" and score.metric in AMOUNTS


def _score(score: Score) -> str:
    value: str = score.status
    if score.value is not None:
        value = usd(score.value) if score.metric == "cost_usd" else f"{score.value:.4g}"
    return f"{score.metric} {value}"
