from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from harness.report import render_summary
from harness.report.markdown import code, prose
from harness.report.summary import MOST_CHARACTERS
from tests.unit.report.run_records import HOSTILE, Shape, build_record


def cells_of(line: str) -> int:
    return len(re.findall(r"(?<!\\)\|", line)) - 1


def test_headline_tells_gates_and_trials() -> None:
    lines = render_summary(build_record(Shape(samples=60))).splitlines()
    assert lines[0] == "## 1 of 20 gates failed · `feedback`"
    assert lines[2] == "**360 trials: 286 passed, 62 failed, 12 errors.**"


def test_result_row_has_mean_interval_and_sizes() -> None:
    text = render_summary(build_record())
    row = next(line for line in text.splitlines() if line.startswith("| `few_shot@1.1` | `local`"))
    assert re.search(r"\| 0\.\d{3}<br><sub>0\.\d{3} to [01]\.\d{3}, n \d+", row)
    assert "unknown" in next(line for line in text.splitlines() if line.startswith("| `zero_shot` | `smollm2` †"))


def test_failed_gates_stand_open_and_those_that_hold_are_folded() -> None:
    text = render_summary(build_record(Shape(samples=60)))
    assert text.index("### Failed gates (1)") < text.index("<details><summary>Gates that hold (19)</summary>")


def test_errors_are_grouped_by_kind_most_frequent_first() -> None:
    text = render_summary(build_record(Shape(samples=60)))
    assert (
        "| rate limited (HTTP 429) | 8 | `zero_shot[smollm2-fe011]` | `HTTP 429 after 5 retries: slow down` |" in text
    )
    assert text.index("rate limited") < text.index("timeout")
    assert "### What went wrong" not in render_summary(replace(build_record(), results=()))


def test_incomplete_run_and_small_model_are_noted() -> None:
    text = render_summary(build_record(Shape(complete=False)))
    assert "> **INCOMPLETE:** 30 of 120 trials were not run" in text
    assert "> † SmolLM2-135M" in text


@pytest.mark.parametrize("text", [*HOSTILE, "a\\|b", "`", "``", " ", "", "\n# heading\n| x | y |", "x" * 5000])
def test_hostile_text_stays_in_its_cell(text: str) -> None:
    record = build_record(Shape(samples=60))
    verdicts = tuple(replace(one, message=text, variant=text) for one in record.verdicts)
    results = tuple(
        replace(one, error=None if one.error is None else replace(one.error, message=text)) for one in record.results
    )
    summary = render_summary(replace(record, verdicts=verdicts, results=results))
    summary.encode("utf-8")
    for head, line in [(5, line) for line in summary.splitlines() if line.startswith("| `exact_match.mean")]:
        assert cells_of(line) == head
    for line in summary.splitlines():
        if line.startswith("| timeout"):
            assert cells_of(line) == 4
    assert not set(re.findall(r"<(\w+)", summary)) - {"br", "sub", "code", "details", "summary"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("few_shot@1.1", "`few_shot@1.1`"),
        ("a|b", "<code>a&#124;b</code>"),
        ("`x`", "<code>&#96;x&#96;</code>"),
        ("a\\|b", "<code>a&#92;&#124;b</code>"),
        ("$x$", "<code>&#36;x&#36;</code>"),
        ("\x1b[0m", "<code>&#60;U&#43;001B&#62;&#91;0m</code>"),
        ("<b>", "<code>&#60;b&#62;</code>"),
        ("", "`(empty)`"),
    ],
)
def test_code_is_a_span_or_entities(text: str, shown: str) -> None:
    assert code(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "@octocat",
        "#12",
        "GH-12",
        "https://example.com",
        "**b**",
        "_b_",
        "[a](b)",
        "<b>",
        ":smile:",
        "a|b",
        "`c`",
        "~~x~~",
        "$x$",
    ],
)
def test_prose_leaves_nothing_that_github_acts_on(text: str) -> None:
    assert text not in prose(text)
    assert re.sub(r"&#(\d+);|\u2060", lambda found: chr(int(found[1])) if found[1] else "", prose(text)) == text


def test_prose_keeps_an_ordinary_sentence_readable() -> None:
    sentence = "exact_match.mean >= 0.60 holds: is 0.71 (n = 60), 95 % interval 0.62 to 0.79."
    assert prose(sentence) == sentence


def test_long_summary_is_cut_and_says_so() -> None:
    variants = tuple(f"variant_with_a_rather_long_name_{number:03d}" for number in range(200))
    text = render_summary(build_record(Shape(samples=2, variants=variants)))
    assert len(text) <= MOST_CHARACTERS
    assert "`report.html`" in text
    assert text.splitlines()[-1].startswith("<sub>Run")
