"""What the report says of noise and of samples that pass sometimes."""

from __future__ import annotations

from msgspec.structs import replace

from harness.report.noise import cells, flaky_text, remedy_text
from harness.schema import FlakySample, Noise, Remedy

NOISE = Noise(
    "s", "judge.tone", "score", 0.09, 0.01, None, 60, 180, 180, 0.04, Remedy("samples", 240, 60, 540.0, is_usd=False)
)


def test_levels_are_shown_with_their_share_and_unknown_ones_as_unknown() -> None:
    assert cells(NOISE) == [
        "0.300 (90 %)",
        "0.100 (10 %)",
        "\u2013",
        "0.040",
        "240 samples instead of 60 (540 more calls)",
    ]


def test_remedy_is_in_usd_where_prices_are_known() -> None:
    found = replace(NOISE, remedy=Remedy("ratings", 9, 3, 0.72, is_usd=True))
    assert remedy_text(found) == "9 verdicts an answer instead of 3 ($0.72 more)"
    assert remedy_text(replace(NOISE, remedy=Remedy("repeats", 2, 1, 1.0, is_usd=False))).endswith("(1 more call)")


def test_values_that_never_differ_have_no_shares_and_need_nothing() -> None:
    found = replace(NOISE, samples=0.0, generations=0.0, standard_error=0.0, remedy=None)
    assert cells(found) == ["0.000 (never differs)", "0.000 (never differs)", "\u2013", "0.000", "\u2013"]


def test_first_samples_are_named_and_the_rest_is_counted() -> None:
    every = [FlakySample("s", "v", "b", f"s{n}", "checks", 1, 2) for n in range(5)]
    assert flaky_text(every, most=2) == "5 samples pass sometimes: s0 (v on b: 1 of 2), s1 (v on b: 1 of 2), … 3 more"
    assert flaky_text(every[:1], most=2) == "1 sample passes sometimes: s0 (v on b: 1 of 2)"
    assert flaky_text([], most=2) == ""
