"""The answers that changed between two runs, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from harness.report.changed_answers import are_all_listed, move_text
from harness.report.markup import el, join
from harness.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.report.changed_answers import ChangedAnswer
    from harness.report.markup import Html
    from harness.schema import Comparison, Flip, Suite

_MOST = 30
"""Answers that the page shows; the rest is counted."""
_OPEN = 6
"""Of these so many stand open."""
_SHORT = 600
"""Characters of an answer that are shown at once."""
_LONG = 20_000
"""Characters that can be unfolded."""
_KEPT = "!~*'()"
"""What encodeURIComponent (page/store.js) leaves alone beside what `quote` does."""
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


def flips(comparison: Comparison, changed: Sequence[ChangedAnswer], suite: Suite | None) -> Html:
    """At most 30 answers, the worst first, with what was expected of them; nothing where none changed."""
    if not changed:
        return join()
    shown = changed[:_MOST]
    wanted = {each.first.sample for each in shown}
    samples = suite.samples if suite is not None else ()
    expected = {one.sample_id: one.references for one in samples if one.sample_id in wanted}
    entries = [_entry(each, expected) for each in shown]
    rest = entries[_OPEN:]
    fold = el("details", el("summary", f"{len(rest):,} more"), el("div", rest, class_="flips")) if rest else None
    return join(
        el("h4", "Answers that changed", class_="flips-head"),
        el("p", _counts(comparison, changed), class_="quiet"),
        el("div", entries[:_OPEN], class_="flips"),
        fold,
    )


def _counts(comparison: Comparison, changed: Sequence[ChangedAnswer]) -> str:
    worse = sum(each.first.is_worse for each in changed)
    least = "" if are_all_listed(comparison) else "At least "
    text = f"{least}{counted(worse, 'answer')} worse, {len(changed) - worse:,} better; the worst come first."
    more = len(changed) - _MOST
    return text if more <= 0 else f"{text} {_MOST} are shown here, {more:,} more are not."


def _entry(each: ChangedAnswer, expected: Mapping[str, Sequence[str]]) -> Html:
    first = each.first
    state = el("span", "Worse" if first.is_worse else "Better",
               class_=f"state {'regressed' if first.is_worse else 'improved'}")  # fmt: skip
    link = el("a", first.sample, href=_address(each), class_="to-trials sample")
    references = expected.get(first.sample, ())
    accepted = el("p", "Expected: ", el("span", " or ".join(map(_cut, references)), class_="expected"))
    return el(
        "article",
        el("header", state, link, el("span", each.where, class_="quiet"),
           el("span", " · ".join(map(move_text, each.flips)), class_="moves")),
        accepted if references else None,
        _answers(first),
        class_="flip",
    )  # fmt: skip


def _answers(flip: Flip) -> Html:
    before, after = flip.output_before, flip.output_after
    if before is not None and before == after:
        note = el("p", "The same answer on both sides, scored otherwise.", class_="quiet")
        return join(note, el("div", el("div", _text(before, "")), class_="sides"))
    sides = (("Baseline", before, "not recorded"), ("Now", after, "no answer"))
    return el("div", [el("div", el("h5", name), _text(text, missing)) for name, text, missing in sides], class_="sides")


def _text(text: str | None, missing: str) -> Html:
    if text is None or not text.strip():
        return el("div", missing if text is None else "empty answer", class_="text empty")
    block = el("div", text[:_SHORT], class_="text")
    rest = text[_SHORT:]
    if not rest:
        return block
    title = f"{len(rest):,} more characters"
    more = f"… {len(rest) - _LONG:,} further characters are in the trial" if len(rest) > _LONG else ""
    return join(block, el("details", el("summary", title), el("div", rest[:_LONG], more, class_="text")))


def _cut(text: str) -> str:
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}…"


def _address(each: ChangedAnswer) -> str:
    """Where the page's script opens the trial: the key of page/store.js."""
    first = each.first
    parts = (each.suite, first.variant, first.backend, first.sample, str(first.repeat))
    key = "/".join(quote(part.translate(_SURROGATES), safe=_KEPT) for part in parts)
    return f"#{urlencode({'trial': key})}"
