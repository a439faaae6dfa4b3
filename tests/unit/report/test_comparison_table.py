"""Comparisons in a terminal: what is new in a table, the rest counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from harness.report.comparison_table import comparison_lines
from harness.wording import encodable
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
    SLOWER,
    UNCHANGED,
    build_comparison,
)
from tests.unit.report.run_records import HOSTILE

if TYPE_CHECKING:
    from harness.schema import Comparison

WHOLE = f"""
feedback  {CURRENT} beside {BASELINE}
1 regressed, 1 improved, 1 inconclusive, 1 unchanged, 1 not compared

verdict         metric         variant       backend  before    now  change     95 % interval   n       p       needs
{"─" * 117}
✗ regressed     exact_match ↑  few_shot@1.1  smollm2   0.820  0.700  -0.120  -0.210 to -0.040  60   0.029
✓ improved      exact_match ↑  zero_shot     smollm2   0.700  0.900  +0.200  +0.110 to +0.310  60  <0.001
? inconclusive  f1 ↑           few_shot@1.1  a         0.550  0.500  -0.050  -0.140 to +0.040  60       1  1,240 more

n: pairs of the same sample and repeat; p: corrected for 24 gates, 24 other scores
unchanged: 1; not compared: 1 ({BASELINE} has no trials of zero_shot on local)
time, tokens and cost: 1 regressed, 1 inconclusive
cost: $0.006 before, $0.0066 now (+10.0 %), for the 60 answers that both sides have
answers: at least 2 worse, 1 better; the worst: fe003, fe004
not the same as in the baseline:
  {CHANGES[0].message}"""


def test_table_shows_what_is_new_and_the_lines_below_count_the_rest() -> None:
    rows = (UNCHANGED, replace(INCONCLUSIVE, backend="a"), NOT_COMPARED, SLOWER, DEARER, IMPROVED, REGRESSED)
    text = comparison_lines([build_comparison(rows=rows, changes=CHANGES[:1])], width=120, color=False)
    assert text == WHOLE


def test_narrow_terminal_has_no_intervals_and_a_line_on_what_is_needed() -> None:
    rows = (REGRESSED, INCONCLUSIVE, replace(INCONCLUSIVE, metric="bleu", n_needed=90))
    text = comparison_lines([build_comparison(rows=rows, changes=())], width=80, color=False)
    assert "interval" not in text
    assert "inconclusive: about 90 to 1,240 more samples would tell" in text
    assert max(map(len, text.splitlines()[2:])) <= 80


def test_eighty_columns_have_both_means_the_change_n_and_p() -> None:
    rows = (REGRESSED, replace(INCONCLUSIVE, backend="smollm2"))
    text = comparison_lines([build_comparison(rows=rows, changes=())], width=80, color=False)
    head = next(line for line in text.splitlines() if line.startswith("verdict"))
    assert head.split() == ["verdict", "metric", "variant", "before", "now", "change", "n", "p"]
    assert max(map(len, text.splitlines()[2:])) <= 80
    (row,) = [line for line in text.splitlines() if line.startswith("✗")]
    assert row.split()[-5:] == ["0.820", "0.700", "-0.120", "60", "0.029"]


def test_no_width_cuts_a_name_or_a_number() -> None:
    row = replace(REGRESSED, variant="a_variant_with_a_long_name@1.1", metric="semantic_similarity")
    text = comparison_lines([build_comparison(rows=(row,))], width=40, color=False)
    assert {"0.700", "-0.120", "60", "0.029"} <= set(text.split())
    lines = [line.split() for line in text.splitlines() if line]
    folded = "".join(word for line in lines for word in line)
    assert all(part in folded for part in ("a_variant_with_a_lon", "g_name@1.1", "semantic_similarity"))


def test_inconclusive_row_that_rules_out_a_drop_is_named_below_the_table() -> None:
    rows = (
        replace(INCONCLUSIVE, is_not_worse=True),
        replace(INCONCLUSIVE, is_not_worse=True, metric="bleu", margin=0.0),
        replace(UNCHANGED, is_not_worse=True),
    )
    lines = comparison_lines([build_comparison(rows=rows)], width=140, color=False).splitlines()
    assert [line for line in lines if line.startswith("not worse")] == [
        "not worse by more than 0.02: f1 of few_shot@1.1 on local",
        "not worse: bleu of few_shot@1.1 on local",
    ]


def test_margins_are_told_with_who_says_so() -> None:
    rows = (REGRESSED, replace(INCONCLUSIVE, margin=0.0))
    made = build_comparison(rows=rows)

    def told(rows_of: Comparison, origin: str) -> str:
        text = comparison_lines([rows_of], width=140, color=False, margin_origin=origin)
        return next(line for line in text.splitlines() if line.startswith("margin"))

    assert told(made, "gates") == "margin (the suite's regression gates): 0.02 of exact_match, 0 of the others"
    assert told(build_comparison(rows=(REGRESSED,)), "--margin") == "margin: 0.02 of every metric (--margin)"
    assert told(build_comparison(rows=rows[1:]), "gates") == (
        "margin: 0 (no regression gate; see --margin): only equal values are unchanged"
    )
    assert "margin" not in comparison_lines([made], width=140, color=False)


def test_amounts_that_were_named_are_in_the_table() -> None:
    made = build_comparison(rows=(SLOWER, DEARER), changes=(), flips=())
    plain = comparison_lines([made], width=80, color=False)
    assert "latency_s" not in plain
    assert "time, tokens and cost: 1 regressed, 1 inconclusive" in plain
    named = comparison_lines([made], width=80, color=False, asked=["latency_s"])
    assert any(line.startswith("✗ regressed") and "latency_s ↓" in line for line in named.splitlines())
    assert "time, tokens and cost: 1 inconclusive" in named


def test_one_number_of_samples_is_not_a_range() -> None:
    text = comparison_lines([build_comparison(rows=(INCONCLUSIVE,))], width=80, color=False)
    assert "inconclusive: about 1,240 more samples would tell" in text


def test_only_backend_goes_without_saying() -> None:
    one = comparison_lines([build_comparison(rows=(REGRESSED, IMPROVED))], width=140, color=False)
    assert "backend" not in one.partition("not the same")[0]
    two = comparison_lines(
        [build_comparison(rows=(REGRESSED, replace(UNCHANGED, backend="local")))], width=140, color=False
    )
    assert "backend" in two.partition("not the same")[0]


def test_nothing_new_needs_no_table() -> None:
    made = build_comparison(rows=(UNCHANGED, NOT_COMPARED), changes=(), flips=())
    text = comparison_lines([made], width=140, color=False)
    assert "verdict" not in text
    assert text.splitlines()[1:] == [
        f"feedback  {CURRENT} beside {BASELINE}",
        "1 unchanged, 1 not compared",
        f"not compared: 1 ({BASELINE} has no trials of zero_shot on local)",
    ]


def test_no_comparison_at_all_is_said() -> None:
    assert comparison_lines([], width=80, color=False) == "nothing to compare: no suite is in both"


def test_many_rows_and_changes_are_counted() -> None:
    rows = tuple(replace(REGRESSED, variant=f"v{number}") for number in range(45))
    text = comparison_lines([build_comparison(rows=rows, changes=CHANGES[:1] * 11)], width=140, color=False)
    assert text.count("✗ regressed") == 40
    assert "5 more rows: see the report" in text
    assert "  3 more: see the report" in text


def test_flips_beyond_those_listed_make_the_count_a_least_one() -> None:
    rows = (replace(REGRESSED, n_down=4_000),)
    text = comparison_lines([build_comparison(rows=rows)], width=140, color=False)
    assert "answers: at least 2 worse, 1 better" in text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_steer_no_terminal(text: str) -> None:
    row = replace(REGRESSED, variant=text, backend=text, metric=text)
    lost = replace(NOT_COMPARED, reason=text)
    made = build_comparison(
        baseline=text, current=text, rows=(row, lost), changes=(replace(CHANGES[0], message=text),),
        flips=(replace(FLIP, sample=text),),
    )  # fmt: skip
    shown = comparison_lines([made], width=100, color=False)
    assert all(character.isprintable() or character == "\n" for character in shown)


def test_terminal_that_knows_ascii_only_gets_signs_it_knows() -> None:
    text = encodable(comparison_lines([build_comparison()], width=140, color=False), "ascii")
    assert text.isascii()
    assert "x regressed      exact_match ^" in text
    assert "\\u" not in text


def test_colour_is_never_alone() -> None:
    text = comparison_lines([build_comparison()], width=140, color=True)
    assert "\x1b[31m✗ regressed" in text
    assert "\x1b[32m✓ improved" in text
