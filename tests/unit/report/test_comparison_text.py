"""Comparisons in Markdown and as plain values."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from harness.report import render_summary
from harness.report.comparison_text import comparison_json, comparison_markdown
from harness.report.summary import MOST_CHARACTERS
from tests.unit.report.comparison_records import (
    BASELINE,
    CHANGES,
    CURRENT,
    DEARER,
    FLIP,
    IMPROVED,
    INCONCLUSIVE,
    NOT_COMPARED,
    REGRESSED,
    UNCHANGED,
    build_comparison,
    compared_record,
    regression_verdict,
)
from tests.unit.report.run_records import HOSTILE, build_record


def changed(summary: str) -> str:
    return summary.partition("### What changed")[2].partition("\n### ")[0]


def test_summary_tells_first_what_changed_and_only_where_something_was_compared() -> None:
    summary = render_summary(compared_record())
    assert summary.index("### What changed") < summary.index("### `feedback`")
    assert f"**1 regressed, 1 improved, 1 inconclusive, 1 unchanged, 1 not compared**, beside `{BASELINE}`." in summary
    assert "What changed" not in render_summary(build_record())


def test_summary_has_rows_with_news_and_no_others() -> None:
    text = changed(render_summary(compared_record(build_comparison(flips=()))))
    rows = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line][1:]
    assert [row.split(" | ")[0] for row in rows] == ["| **✗ regressed**", "| - not compared", "| ✓ improved"]
    assert rows[0] == (
        "| **✗ regressed** | `exact_match` | `few_shot@1.1` on `smollm2` † | worse by more than the margin, and by "
        "more than chance explains<br><sub>60 pairs, 9 worse, 2 better, p 0.029</sub> | 0.820 | 0.700 | "
        "-0.120<br><sub>95 % interval -0.210 to -0.040</sub> |"
    )


def test_summary_names_the_suite_where_several_were_compared() -> None:
    other = build_comparison(suite="answers", rows=(replace(IMPROVED, suite="answers"),), changes=(), flips=())
    text = changed(render_summary(compared_record(build_comparison(), other)))
    assert "| Verdict | Suite | Metric |" in text
    assert "| ✓ improved | `answers` | `exact_match` |" in text


def test_summary_shows_the_five_worst_answers_cut() -> None:
    flips = tuple(replace(FLIP, sample=f"s{number}", output_after="word " * 100) for number in range(7))
    text = changed(render_summary(compared_record(build_comparison(flips=flips))))
    assert "**Answers that changed:** at least 7 worse, 0 better; the worst 5:" in text
    rows = [line for line in text.splitlines() if line.startswith("| `s")]
    assert len(rows) == 5
    assert rows[0] == (
        "| `s0`<br><sub>few_shot&#64;\u20601.1 on smollm2</sub> | exact&#95;match 1 → 0 | `positive` | "
        f"<code>{('word ' * 100)[:79].replace('&', '')}&#8230;</code> |"
    ).replace("exact&#95;match", "exact_match")


def test_answers_that_are_missing_are_words() -> None:
    text = changed(render_summary(compared_record()))
    assert "| *no answer* |" in text
    silent = build_comparison(flips=(replace(FLIP, output_before=None),))
    assert "| *not recorded* |" in changed(render_summary(compared_record(silent)))


def test_better_answers_alone_are_counted_and_not_listed() -> None:
    better = replace(FLIP, before=0.0, after=1.0, is_worse=False)
    text = changed(render_summary(compared_record(build_comparison(rows=(), flips=(better,)))))
    assert "**Answers that changed:** 0 worse, 1 better." in text


def test_cost_is_told_then_and_now() -> None:
    text = changed(render_summary(compared_record()))
    assert "Cost: &#36;0.006 before, &#36;0.0066 now (+10.0 %), for the 60 answers that both sides have" in text
    unknown = build_comparison(rows=(replace(DEARER, n_paired=0, mean=None, mean_baseline=None),))
    assert "Cost:" not in changed(render_summary(compared_record(unknown)))


def test_cost_from_nothing_has_no_percentage() -> None:
    free = build_comparison(rows=(replace(DEARER, mean_baseline=0.0),))
    assert "Cost: &#36;0 before, &#36;0.0066 now, for" in changed(render_summary(compared_record(free)))


def test_many_changes_are_counted() -> None:
    text = changed(render_summary(compared_record(build_comparison(changes=CHANGES * 10))))
    assert text.count("\n- ") == 21
    assert "- and 10 more" in text


def test_gates_that_warn_stand_apart_from_those_that_hold() -> None:
    warned = regression_verdict(INCONCLUSIVE, passed=True, warns=True)
    held = regression_verdict(IMPROVED, passed=True)
    summary = render_summary(replace(compared_record(), verdicts=(warned, held)))
    assert summary.startswith("## All 2 gates hold, 1 warns · `feedback`")
    assert "### Gates that warn (1)" in summary
    assert "<details><summary>Gates that hold (1)</summary>" in summary


def test_summary_of_a_large_comparison_fits() -> None:
    rows = tuple(replace(REGRESSED, variant="v" * 200, backend="b" * 200, metric=f"m{at}") for at in range(500))
    flips = tuple(replace(FLIP, sample="s" * 300, output_after="x|" * 5_000) for _ in range(9))
    summary = render_summary(compared_record(build_comparison(rows=rows, flips=flips, changes=CHANGES * 100)))
    assert len(summary) < MOST_CHARACTERS
    assert "440 more rows." in summary


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_in_their_cells(text: str) -> None:
    row = replace(REGRESSED, variant=text, backend=text, metric=text, reason=text)
    flip = replace(FLIP, sample=text, variant=text, metric=text, output_before=text, output_after=text)
    made = build_comparison(baseline=text, current=text, rows=(row,), changes=(replace(CHANGES[0], message=text),),
                            flips=(flip,))  # fmt: skip
    for rendered in (changed(render_summary(compared_record(made))), comparison_markdown([made])):
        assert "<script" not in rendered
        assert "<img" not in rendered
        assert "](https" not in rendered
        assert "\x1b" not in rendered
        assert "\u202e" not in rendered
        tables = [line for line in rendered.splitlines() if line.startswith("|")]
        assert {line.replace("\\|", "").count("|") for line in tables} <= {8, 5}


def test_markdown_has_every_row_with_amounts_folded() -> None:
    text = comparison_markdown([build_comparison()])
    assert text.startswith("## Comparison: 1 regressed, 1 improved, 1 inconclusive, 1 unchanged, 1 not compared\n")
    assert f"### `feedback`: `{CURRENT}` beside `{BASELINE}`" in text
    assert "<details><summary>Time, tokens and cost: 1 regressed, 1 inconclusive</summary>" in text
    assert "? inconclusive | `f1`" in text
    assert "is possible too; about 1,240 more samples would tell<br>" in text
    assert "= unchanged | `bleu`" in text
    assert text.endswith("that both sides have\n")


def test_markdown_of_nothing_says_so() -> None:
    assert comparison_markdown([]) == "## Comparison\n\nNothing to compare: no suite is in both.\n"
    assert "No score could be compared." in comparison_markdown([build_comparison(rows=(), changes=(), flips=())])


def test_json_has_the_fields_of_the_structs() -> None:
    (plain,) = json.loads(json.dumps(comparison_json([build_comparison(rows=(UNCHANGED, NOT_COMPARED))])))
    assert list(plain) == ["suite", "current", "baseline", "rows", "changes", "flips"]
    assert [row["finding"] for row in plain["rows"]] == ["unchanged", "not compared"]
    assert plain["rows"][0]["unit"] == "percent"
    assert plain["rows"][1]["difference"] is None
    assert plain["flips"][0]["output_after"] == "I cannot say."
