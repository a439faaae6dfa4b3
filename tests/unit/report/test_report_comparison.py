"""The report's section on what a run shows beside its baselines."""

from __future__ import annotations

import re
from html import unescape

import pytest
from msgspec.structs import replace

from harness.report import render_html, render_index
from harness.report.changed_answers import changed_answers
from harness.report.headline import gates
from harness.report.interval import axis_of_differences
from tests.unit.report.comparison_records import (
    BASELINE,
    CHANGES,
    FLIP,
    IMPROVED,
    INCONCLUSIVE,
    NOT_COMPARED,
    REGRESSED,
    ROWS,
    SLOWER,
    UNCHANGED,
    build_comparison,
    compared_record,
    regression_verdict,
)
from tests.unit.report.run_records import HOSTILE, build_record
from tests.unit.report.test_report_html import Reader, visible


def section(page: str) -> str:
    return page.partition('id="comparison"')[2].partition('id="gates"')[0]


def told(page: str) -> str:
    return visible(f"<section {section(page)}".rpartition("<section")[0])


def test_section_stands_between_results_and_gates_only_where_something_was_compared() -> None:
    page, plain = render_html(compared_record()), render_html(build_record())
    places = [page.index(f'id="{name}"') for name in ("results", "comparison", "gates")]
    assert places == sorted(places)
    assert 'href="#comparison"' in page
    assert "#comparison" not in plain.partition("<body")[2]


def test_row_tells_verdict_both_means_difference_interval_pairs_p_and_reason() -> None:
    page = render_html(compared_record(build_comparison(rows=(REGRESSED,), changes=(), flips=())))
    assert (
        "regressed exact_match ↑few_shot@1.1 on smollm2†0.820 → 0.700-0.120-0.210 to -0.040tolerates a drop of 0.020"
        "609 worse, 2 better0.029for 24 comparisonsworse by more than the margin, and by more than chance explains"
        "a gate asks about it"
    ) in told(page).replace("\u2212", "-").replace("Regressed", "regressed ")


def test_inconclusive_row_tells_how_many_more_samples_and_what_was_left_out() -> None:
    text = told(render_html(compared_record(build_comparison(rows=(INCONCLUSIVE,)))))
    assert "about 1,240 more samples would tell" in text
    assert "left out: 2 new, 1 gone, 3 changed in the dataset, 4 without a value on a side" in text


def test_inconclusive_row_that_hardly_any_number_tells_says_so() -> None:
    row = replace(INCONCLUSIVE, n_needed=None, margin=0.02, n_new=0, n_lost=0)
    text = told(render_html(compared_record(build_comparison(rows=(row,)))))
    assert "more samples will hardly settle it: the difference lies at the margin" in text
    mostly = told(render_html(compared_record(build_comparison(rows=(replace(row, n_changed=500),)))))
    assert "hardly settle" not in mostly


def test_regressed_rows_come_first_then_what_a_gate_could_not_compare() -> None:
    page = section(render_html(compared_record()))
    states = re.findall(r'<th scope="row"><span class="state (\w+)">', page)
    assert states == ["regressed", "not_compared", "improved", "inconclusive", "unchanged", "regressed", "inconclusive"]


def test_every_finding_has_its_word_beside_its_colour() -> None:
    page = section(render_html(compared_record()))
    for name, word in re.findall(r'class="state (\w+)">([^<]*)<', page):
        expected = {"regressed": "regressed|worse", "improved": "improved|better"}.get(name, name.replace("_", " "))
        assert re.search(expected, word.lower())


def test_time_and_cost_are_folded_away_unless_a_gate_asks_about_them() -> None:
    page = section(render_html(compared_record(build_comparison(rows=(REGRESSED, SLOWER)))))
    assert page.index("<details>") < page.index("latency_s")
    assert re.search(r"<summary>Time, tokens and cost: <[^>]+><[^>]+>1 regressed</span>", page)
    gated = section(render_html(compared_record(build_comparison(rows=(replace(SLOWER, is_gated=True),), flips=()))))
    assert "Time, tokens and cost" not in gated


def test_many_unchanged_rows_are_folded_away() -> None:
    rows = (REGRESSED, *[replace(UNCHANGED, variant=f"v{number}") for number in range(9)])
    page = section(render_html(compared_record(build_comparison(rows=rows))))
    assert "<summary>9 unchanged</summary>" in page
    few = section(render_html(compared_record(build_comparison(rows=rows[:9]))))
    assert "unchanged</summary>" not in few


def test_drawing_marks_no_change_in_its_middle_and_the_margin_as_a_band() -> None:
    page = section(render_html(compared_record(build_comparison(rows=(REGRESSED,)))))
    assert '<line x1="56.0" x2="56.0" y1="0.0" y2="14.0" class="zero">' in page
    band = re.search(r'<rect x="([\d.]+)" y="0" width="([\d.]+)" height="14.0" class="margin">', page)
    assert band is not None
    assert float(band[1]) + float(band[2]) / 2 == pytest.approx(56, abs=0.1)


def test_axis_of_no_difference_at_all_still_has_a_length() -> None:
    assert axis_of_differences([0.0, None]).place(0.0) == 56.0


def test_level_of_the_intervals_is_in_the_heading_or_with_each_where_they_differ() -> None:
    other = replace(IMPROVED, confidence=0.9)
    assert "95 % interval" in told(render_html(compared_record(build_comparison(rows=(REGRESSED,)))))
    text = told(render_html(compared_record(build_comparison(rows=(REGRESSED, other)))))
    assert "95 % interval" not in text
    assert "90 %: +0.110 to +0.310" in text
    finer = replace(IMPROVED, confidence=1 - 0.005)
    assert "99.5 %: +0.110" in told(render_html(compared_record(build_comparison(rows=(REGRESSED, finer)))))


def test_changes_are_named_and_all_samples_are_folded_behind_those_that_the_message_names() -> None:
    text = told(render_html(compared_record()))
    assert all(change.message in text for change in CHANGES)
    assert "all 7 samples" in text
    assert "fe106, fe107" in text


def test_nothing_else_that_differs_is_said() -> None:
    assert "Nothing else differs" in told(render_html(compared_record(build_comparison(changes=()))))


def test_comparison_without_a_row_says_so_and_why() -> None:
    text = told(render_html(compared_record(build_comparison(rows=(), flips=()))))
    assert "nothing compared" in text
    assert "No score could be compared." in text
    assert CHANGES[0].message in text


def test_answer_that_several_metrics_saw_change_is_shown_once_with_all_of_them() -> None:
    page = section(render_html(compared_record()))
    assert page.count('class="flip"') == 3
    assert "exact_match 1 → 0 · f1 1 → 0.25" in page
    assert "2 answers worse, 1 better" in page


def test_missing_answers_are_words() -> None:
    text = told(render_html(compared_record()))
    assert "no answer" in text
    assert "not recorded" in text


def test_what_was_expected_stands_with_the_answers() -> None:
    assert "Expected: positive" in told(render_html(compared_record()))


def test_worst_answers_come_first_whatever_the_metrics_range() -> None:
    small = replace(FLIP, sample="fe009", metric="bleu", before=41.0, after=39.0)
    better = replace(FLIP, sample="fe010", before=0.0, after=1.0, is_worse=False)
    answers = changed_answers(build_comparison(flips=(better, small, FLIP)))
    assert [answer.first.sample for answer in answers] == ["fe003", "fe009", "fe010"]
    assert answers[1].size == pytest.approx(0.02)


def test_at_most_thirty_answers_are_shown_and_the_rest_is_counted() -> None:
    flips = tuple(replace(FLIP, sample=f"s{number}") for number in range(200))
    rows = (replace(REGRESSED, n_down=5_000),)
    page = section(render_html(compared_record(build_comparison(rows=rows, flips=flips))))
    assert page.count('class="flip"') == 30
    assert "At least 200 answers worse, 0 better" in page
    assert "170 more are not" in page


def test_long_answer_is_cut_with_the_rest_folded_and_the_end_left_to_the_trial() -> None:
    flip = replace(FLIP, output_after="x" * 500 + "y" * 30_000)
    page = section(render_html(compared_record(build_comparison(flips=(flip,)))))
    assert f"{'x' * 500}{'y' * 100}</div><details><summary>29,900 more characters</summary>" in page
    assert "9,900 further characters are in the trial" in page
    assert page.count("y") < 20_500


def test_same_answer_scored_otherwise_is_shown_once() -> None:
    flip = replace(FLIP, output_before="the very same", output_after="the very same")
    page = section(render_html(compared_record(build_comparison(flips=(flip,)))))
    assert page.count("the very same") == 1
    assert "The same answer on both sides, scored otherwise." in page


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_texts_everywhere_in_the_section(text: str) -> None:
    row = replace(REGRESSED, variant=text, backend=text, metric=text, reason=text)
    flip = replace(FLIP, sample=text, variant=text, metric=text, output_before=text, output_after=f"{text}!")
    change = replace(CHANGES[2], message=text, names=(text, "other"))
    made = build_comparison(baseline=text, rows=(row,), changes=(change,), flips=(flip,))
    page, plain = render_html(compared_record(made)), render_html(compared_record())
    reader = Reader(page)
    assert reader.open == []
    assert len(reader.scripts) == len(Reader(plain).scripts)
    assert not any(key.startswith("on") or key == "style" for _, attributes in reader.tags for key in attributes)
    assert {"img", "b", "iframe"}.isdisjoint(tag for tag, _ in reader.tags)
    assert "\u202e" not in page
    assert "\x1b" not in page


def test_link_of_an_answer_is_the_address_of_its_trial() -> None:
    page = section(render_html(compared_record()))
    found = re.search(r'href="(#trial=[^"]*)" class="to-trials sample">fe003<', page)
    assert found is not None
    assert unescape(found[1]) == "#trial=feedback%2Ffew_shot%25401.1%2Fsmollm2%2Ffe003%2F1"


def test_head_of_the_page_tells_the_findings() -> None:
    text = visible(render_html(compared_record()))
    assert (
        "Beside the baseline: 1 regressed 1 improved 1 inconclusive 1 unchanged 1 not compared"
        in text.partition("From cache")[0]
    )


def test_regression_gate_shows_a_difference_and_what_it_tolerates() -> None:
    record = replace(compared_record(), verdicts=(regression_verdict(),))
    page = render_html(record).partition('id="gates"')[2].partition('id="trials"')[0]
    assert '<span class="value">0.120 lower</span><small>tolerates a drop of 0.020</small>' in page
    assert "<small>0.040 to 0.210 lower</small><small>60 pairs</small>" in page
    assert "must be" not in page
    assert 'class="zero"' in page


def test_level_of_a_gates_interval_is_that_of_its_own_alpha() -> None:
    at_90, at_95 = regression_verdict(alpha=0.1), regression_verdict(IMPROVED, passed=True)
    alone = render_html(replace(compared_record(), verdicts=(at_90,))).partition('id="gates"')[2]
    assert '<th scope="col">90 % interval</th>' in alone
    failed = replace(at_95, passed=False)
    both = render_html(replace(compared_record(), verdicts=(at_90, failed))).partition('id="gates"')[2]
    assert '<th scope="col">Interval</th>' in both
    assert "<small>90 %: 0.040 to 0.210 lower</small>" in both
    assert "<small>95 %: 0.110 to 0.310 higher</small>" in both


def test_regression_gate_without_a_difference_draws_nothing() -> None:
    record = replace(compared_record(), verdicts=(regression_verdict(NOT_COMPARED),))
    page = render_html(record).partition('id="gates"')[2].partition('id="trials"')[0]
    assert "<small>no pairs</small>" in page
    assert "<svg" not in page


def test_gate_that_warns_is_neither_failed_nor_among_those_that_hold() -> None:
    warned = regression_verdict(INCONCLUSIVE, passed=True, warns=True)
    record = replace(compared_record(), verdicts=(warned, regression_verdict(IMPROVED, passed=True)))
    page = render_html(record).partition('id="gates"')[2].partition('id="trials"')[0]
    assert re.findall(r'<span class="state (\w+)">(\w+)</span>', page) == [("warns", "Warns"), ("held", "Holds")]
    assert "All 2 gates hold, 1 warns." in page


@pytest.mark.parametrize(
    ("answers", "warned", "said"),
    [
        ([True], 1, "The gate warns"),
        ([True, True], 2, "All 2 gates hold, 2 warn"),
        ([True, False, None], 1, "1 of 3 gates failed, 1 not judged, 1 warns"),
    ],
)
def test_warnings_are_counted_beside_the_gates(answers: list[bool | None], warned: int, said: str) -> None:
    assert gates(answers, warned=warned) == said


def test_index_shows_the_findings_of_runs_that_were_compared() -> None:
    manifest = build_record().manifest
    found = {"unchanged": 3, "regressed": 1}
    compared = replace(
        manifest,
        comparisons=(
            {"suite": "feedback", "baseline": BASELINE, "findings": found, "changes": []},
            {"suite": "answers", "baseline": BASELINE, "findings": {"unchanged": 2}, "changes": []},
        ),
        verdicts=({"passed": True, "warns": True}, {"passed": True}),
    )
    page = visible(render_index([compared]))
    assert "All 2 gates hold, 1 warns1 regressed, 5 unchanged" in page
    assert "nothing compared" not in visible(render_index([manifest]))


def test_rows_of_the_builder_have_every_finding() -> None:
    assert {row.finding for row in ROWS} == {"regressed", "improved", "unchanged", "inconclusive", "not compared"}
