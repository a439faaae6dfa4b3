"""A baseline says what was measured, whatever the texts and numbers are."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.record.baseline_text import read_text, text_of
from harness.record.rounding import rounded
from harness.schema import Measure, Measured, Rows

MEASURES = {
    "f1": Measure("f1", "score", 0.0, 1.0, higher_is_better=True, signature="f1|v1"),
    "latency_s": Measure("latency_s", "s", 0.0, None, higher_is_better=False, signature="latency_s|v1"),
    "cost_usd": Measure("cost_usd", "usd", 0.0, None, higher_is_better=False, signature="cost_usd|v1"),
}
HEAD = {"run_id": "20261122T201849.042Z-3f9a", "started_at": "2026-11-22T20:18:49Z", "kept": []}
# Two lone halves beside each other are one character once they are JSON: neither Arrow nor a run has them.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.just("half \ud800 a pair")
values = st.lists(st.floats(0, 1e9) | st.just(float("nan")), min_size=3, max_size=3)
trials = st.tuples(texts, texts | st.none(), st.lists(texts, max_size=3), values)


def measured_of(rows: list[tuple[str, str | None, list[str], list[float]]]) -> Measured:
    count = len(rows)
    columns = zip(*(row[3] for row in rows), strict=True)
    own = Rows(
        samples=[row[0] for row in rows],
        repeats=[1] * count,
        contents=["0123456789abcdef"] * count,
        groups=[row[1] for row in rows],
        outcomes=["passed"] * count,
        outputs=[row[1] for row in rows],
        references=[tuple(row[2]) for row in rows],
        values={name: np.array(column) for name, column in zip(MEASURES, columns, strict=True)},
    )
    prompts, backends = {"v": {"prompt": "v", "version": "1", "hash": "0"}}, {"b": {"provider": "p", "model": "m"}}
    return Measured("here", "s", None, prompts, backends, MEASURES, {("v", "b"): own})


@given(st.lists(trials, min_size=1, max_size=8, unique_by=lambda row: row[0]))
def test_what_is_written_is_read_back_up_to_rounding(
    rows: list[tuple[str, str | None, list[str], list[float]]],
) -> None:
    before = measured_of(sorted(rows, key=lambda row: row[0]))
    text = "".join(text_of(before, HEAD))
    after, head = read_text(text.encode(), "there")
    own, again = before.cells["v", "b"], after.cells["v", "b"]
    for name in ("samples", "repeats", "contents", "groups", "outcomes", "outputs", "references"):
        assert getattr(again, name) == getattr(own, name)
    for name in MEASURES:
        np.testing.assert_array_equal(again.values[name], own.values[name])
    assert (after.prompts, after.backends, after.measures) == (before.prompts, before.backends, before.measures)
    assert text == "".join(text_of(after, head))
    assert len(text.splitlines()) == 1 + len(rows)
    assert not any(char < " " or char in "\x7f\x9b\u202e\u2028" for line in text.splitlines() for char in line)


@given(st.lists(st.floats(allow_infinity=False), max_size=20), st.sampled_from(["score", "s", "usd", "tokens"]))
def test_rounding_twice_is_rounding_once_and_moves_no_value_far(numbers: list[float], unit: str) -> None:
    exact = np.array(numbers)
    once = rounded(exact, unit)
    np.testing.assert_array_equal(rounded(once, unit), once)
    step = np.where(np.abs(exact) < 1e12, 0.0005001, 0.5) if unit == "s" else np.maximum(np.abs(exact) * 5.1e-6, 1e-22)
    assert np.all(np.isnan(exact) | (np.abs(once - exact) <= step))


@given(st.floats(1e-12, 1e12))
def test_rounded_value_is_written_with_six_digits_at_most(value: float) -> None:
    digits = repr(float(rounded(np.array([value]), "score")[0])).replace(".", "").partition("e")[0]
    assert len(digits.strip("0")) <= 6 or value >= 1e5
