"""The report's explorer: filters, sorting, panel, permalinks, comparison, keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.unit.report.run_records import Shape, build_record, in_quarantine, with_output

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import Opened

    Open = Callable[..., Opened]

pytestmark = pytest.mark.browser

TWO_SUITES = Shape(samples=12, suites=("feedback", "answers"))


def test_all_trials_are_counted_and_the_first_hundred_drawn(open_report: Open) -> None:
    opened = open_report(build_record())
    assert opened.status() == "120 of 120 trials, 1 to 100 on this page"
    assert opened.rows() == 100
    opened.page.get_by_role("button", name="Next", exact=True).click()
    opened.wait_for_status("101 to 120 on this page")
    assert opened.rows() == 20


@pytest.mark.parametrize("chosen", [("suite", "answers", 2), ("variant", "few_shot@1.1", 3), ("backend", "local", 4)])
def test_choosing_a_value_leaves_only_its_trials(open_report: Open, chosen: tuple[str, str, int]) -> None:
    name, value, column = chosen
    record = build_record(TWO_SUITES)
    opened = open_report(record)
    expected = sum(getattr(result.trial, name) == value for result in record.results)
    opened.page.select_option(f"select[name={name}]", label=value)
    opened.wait_for_status(f"{expected} of 144 trials")
    if name != "suite":  # a chosen suite needs no column of its own
        assert set(opened.column(column)) == {value}


@pytest.mark.parametrize("outcome", ["passed", "failed", "error", "not_run"])
def test_outcome_buttons_leave_only_that_outcome(open_report: Open, outcome: str) -> None:
    record = build_record(Shape(samples=16, complete=False))
    expected = sum(result.outcome == outcome for result in record.results)
    assert expected > 0
    opened = open_report(record)
    word = outcome.replace("_", " ")
    opened.page.get_by_role("group", name="Outcome").get_by_role("button", name=f"{word} {expected}").click()
    opened.wait_for_status(f"{expected} of 96 trials")
    assert set(opened.column(1)) == {word}


def test_tag_filter_leaves_the_samples_that_carry_it(open_report: Open) -> None:
    record = build_record()
    expected = sum("complaint" in result.trial.sample.tags for result in record.results)
    opened = open_report(record)
    opened.page.select_option("select[name=tag]", label="complaint")
    opened.wait_for_status(f"{expected} of 120 trials")


def test_trial_in_quarantine_is_marked_and_can_be_listed(open_report: Open) -> None:
    hostile = "<b>label</b> is wrong, #12"
    record = in_quarantine(build_record(), 3, hostile)
    opened = open_report(record)
    tag = opened.page.locator("table.trials .tag")
    assert (tag.all_inner_texts(), tag.get_attribute("title")) == (["quarantine"], f"{hostile}, until 2999-12-31")
    outcomes = opened.page.get_by_role("group", name="Outcome")
    outcomes.get_by_role("button", name="in quarantine 1").click()
    opened.wait_for_status("1 of 120 trials")
    assert opened.page.url.endswith("#outcome=in_quarantine")
    opened.page.locator("table.trials tbody tr a").click()
    told = opened.page.locator("section.held")
    told.wait_for()
    assert told.locator("p").first.inner_text() == hostile
    assert "Until 2999-12-31 it fails nothing" in told.inner_text()
    n_failed = sum(result.outcome == "failed" and not result.is_held_back for result in record.results)
    outcomes.get_by_role("button", name=f"failed {n_failed}").click()  # as many as the head of the page counts
    opened.wait_for_status(f"{n_failed} of 120 trials")
    assert tag.count() == 0


def test_run_without_quarantine_has_no_such_outcome(open_report: Open) -> None:
    outcomes = open_report(build_record()).page.get_by_role("group", name="Outcome")
    assert not any("quarantine" in name for name in outcomes.get_by_role("button").all_inner_texts())


def test_score_below_a_limit_leaves_out_higher_and_missing_scores(open_report: Open) -> None:
    record = build_record()
    expected = sum(
        score.metric == "f1" and score.value is not None and score.value <= 0.5
        for result in record.results
        for score in result.scores
    )
    assert 0 < expected < 120
    opened = open_report(record)
    opened.page.select_option("select[name=metric]", label="f1")
    opened.page.fill("input[name=max]", "0.5")
    opened.page.keyboard.press("Tab")
    opened.wait_for_status(f"{expected} of 120 trials")


def test_unscored_trials_can_be_listed(open_report: Open) -> None:
    record = build_record()
    expected = sum(
        score.metric == "bleu" and score.status == "unscored" for result in record.results for score in result.scores
    )
    assert expected > 0
    opened = open_report(record, address="#metric=bleu&status=unscored")
    assert opened.status().startswith(f"{expected} of 120 trials")


def test_text_search_finds_words_in_messages_answers_and_sample_ids(open_report: Open) -> None:
    record = with_output(build_record(), 3, "A quite Unusual answer")
    asked = sum(any("mother now wants" in one.content for one in result.trial.messages) for result in record.results)
    opened = open_report(record)
    for words, found in (("unusual ANSWER", 1), ("fe007", 6), ("mother now wants", asked)):
        opened.page.fill("input[name=q]", words)
        opened.wait_for_status(f"{found} of 120 trials")
    opened.page.fill("input[name=q]", "[")
    opened.wait_for_status("No trial of 120 fits these filters.")
    opened.page.get_by_role("button", name="Clear filters").click()
    opened.wait_for_status("120 of 120 trials")
    assert opened.page.input_value("input[name=q]") == ""


def test_sorting_keeps_missing_values_last_in_both_directions(open_report: Open) -> None:
    opened = open_report(build_record(Shape(samples=10)))
    heading = opened.page.get_by_role("columnheader", name="f1", exact=True)
    for order in ("ascending", "descending"):
        heading.get_by_role("button").click()
        opened.page.locator(f"th[aria-sort={order}]").wait_for()
        shown = opened.column(7)
        numbers = [float(text) for text in shown if text[0].isdigit()]
        assert len(numbers) < len(shown)
        assert numbers == sorted(numbers, reverse=order == "descending")
        assert not any(text[0].isdigit() for text in shown[len(numbers) :])


@pytest.mark.parametrize("key", ["outcome", "variant", "backend", "sample", "output", "latency_s", "cost_usd"])
def test_every_column_can_be_sorted(open_report: Open, key: str) -> None:
    opened = open_report(build_record(Shape(samples=4)))
    orders = []
    for order in ("ascending", "descending"):
        opened.page.locator(f"button[data-sort={key}]").click()
        opened.page.locator(f"th[aria-sort={order}]").wait_for()
        orders.append(opened.page.locator("table.trials tbody").inner_text())
    assert orders[0] != orders[1]
    assert f"sort={key}" in opened.page.url


def test_panel_shows_messages_answer_scores_and_missed_check(open_report: Open) -> None:
    record = build_record()
    at, failed = next(
        (at, one)
        for at, one in enumerate(record.results)
        if one.outcome == "failed" and one.trial.variant == "few_shot@1.1"
    )
    trial = failed.trial
    opened = open_report(record, address=f"#trial=feedback/few_shot%25401.1/{trial.backend}/{trial.sample.sample_id}/1")
    panel = opened.page.get_by_role("dialog")
    text = panel.inner_text()
    assert at > 0
    assert [one.content for one in trial.messages] == panel.locator(".chat .text").all_inner_texts()
    assert panel.locator(".chat .role").all_inner_texts() == [one.role for one in trial.messages]
    for part in (
        failed.output or "?",
        trial.sample.references[0],
        failed.missed[0],
        "Finish reason",
        "From cache",
        trial.sample.location,
    ):
        assert part in text


def test_panel_tells_the_answer_as_read_from_the_raw_text(open_report: Open) -> None:
    record = build_record()
    at = next(
        at
        for at, one in enumerate(record.results)
        if one.trial.variant == "chain_of_thought" and one.outcome == "passed"
    )
    result = record.results[at]
    opened = open_report(record)
    opened.page.select_option("select[name=variant]", label="chain_of_thought")
    opened.wait_for_status("40 of 120 trials")
    opened.page.get_by_role("link", name=result.trial.sample.sample_id, exact=True).first.click()
    panel = opened.page.get_by_role("dialog")
    panel.get_by_text("Raw text").wait_for()
    assert result.generation is not None
    assert panel.locator("section:has(h4:has-text('Raw text')) .text").all_inner_texts() == [
        result.output,
        result.generation.text,
    ]


def test_panel_shows_an_error_with_its_kind_and_message(open_report: Open) -> None:
    opened = open_report(build_record(), address="#kind=timeout")
    opened.page.locator("table.trials tbody tr a").first.click()
    panel = opened.page.get_by_role("dialog")
    panel.get_by_text("Error: timeout").wait_for()
    assert "no answer within 60 s" in panel.inner_text()


def test_unreadable_answer_shows_its_raw_text_and_is_no_error(open_report: Open) -> None:
    record = build_record(Shape(samples=60))
    found = [one for one in record.results if one.error is not None and one.error.kind == "output"]
    opened = open_report(record, address="#kind=output")
    assert opened.status().startswith(f"{len(found)} of 360 trials")
    assert "error" not in opened.column(1)
    opened.page.locator("table.trials tbody tr a").first.click()
    panel = opened.page.get_by_role("dialog")
    panel.get_by_text("Unreadable answer").wait_for()
    assert "It could not be read, and was scored as empty." in panel.inner_text()
    assert panel.locator("section:has(h4:has-text('Raw text')) .text").all_inner_texts() == [
        "I am not sure what you mean."
    ]


def test_failed_metric_is_found_as_such_with_its_reason(open_report: Open) -> None:
    opened = open_report(build_record(Shape(samples=3, failing_metric=True)))
    opened.page.get_by_role("link", name="a metric failed: 1").click()
    opened.wait_for_status("1 of 18 trials")
    opened.page.locator("table.trials tbody tr a").click()
    opened.page.get_by_role("dialog").get_by_text("ZeroDivisionError: division by zero").wait_for()


def test_permalink_restores_filters_order_and_open_trial(open_report: Open) -> None:
    record = build_record()
    opened = open_report(record)
    opened.page.select_option("select[name=backend]", label="local")
    opened.page.locator("button[data-sort=latency_s]").click()
    opened.page.locator("th[aria-sort=ascending]").wait_for()
    opened.page.locator("table.trials tbody tr").nth(4).click()
    title = opened.page.get_by_role("dialog").locator("h3")
    title.wait_for()
    again = open_report(record, address=opened.page.url[opened.page.url.index("#") :])
    assert again.page.get_by_role("dialog").locator("h3").inner_text() == title.inner_text()
    assert again.status() == opened.status()
    assert again.column(4) == opened.column(4)
    assert again.page.locator("tr[aria-current]").count() == 1


def test_back_closes_the_panel_that_a_click_opened(open_report: Open) -> None:
    opened = open_report(build_record(Shape(samples=3)))
    opened.page.locator("table.trials tbody tr a").first.click()
    opened.page.get_by_role("dialog").wait_for()
    opened.page.go_back()
    opened.page.get_by_role("dialog").wait_for(state="hidden")


def test_link_to_a_trial_that_is_not_there_says_so(open_report: Open) -> None:
    opened = open_report(build_record(Shape(samples=2)), address="#trial=feedback/gone/local/fe001/1")
    assert "No such trial" in opened.page.get_by_role("dialog").inner_text()


def test_comparison_shows_every_variant_with_a_difference_by_words(open_report: Open) -> None:
    record = with_output(build_record(Shape(samples=3)), 0, "it is negative indeed")
    opened = open_report(record, address="#view=compare&trial=feedback/zero_shot/smollm2/fe001/1")
    cards = opened.page.locator("article.card")
    assert cards.count() == 6
    first = cards.first.locator(".diff")
    assert first.locator("ins").all_inner_texts() == ["it is ", " indeed"]
    assert first.locator("del").count() == 0
    opened.page.select_option("select[name=base]", label="zero_shot · smollm2")
    opened.page.locator("article.card del").first.wait_for()
    assert cards.first.locator("ins, del").count() == 0
    opened.page.select_option("select[name=base]", index=0)
    opened.page.locator("article.card del").first.wait_for(state="detached")


def test_difference_loses_no_character_of_either_text(open_report: Open) -> None:
    before, after = "the  cat\nsat on\tthe mat, twice", "a cat\nsits on\tthe big mat twice!"
    record = build_record(Shape(samples=1))
    record = with_output(with_output(record, 0, before), 1, after)
    base = "feedback%2Fzero_shot%2Fsmollm2%2Ffe001%2F1"
    opened = open_report(record, address=f"#view=compare&trial=feedback/zero_shot/local/fe001/1&base={base}")
    diff = opened.page.locator("article.card").nth(1).locator(".diff > *")
    parts = [(one.evaluate("node => node.tagName"), one.evaluate("node => node.textContent")) for one in diff.all()]
    assert "".join(text for tag, text in parts if tag != "INS") == before
    assert "".join(text for tag, text in parts if tag != "DEL") == after


def test_keys_walk_search_and_close(open_report: Open) -> None:
    opened = open_report(build_record(Shape(samples=3)))
    page = opened.page
    page.keyboard.press("j")
    heading = page.get_by_role("dialog").locator("h3")
    heading.get_by_text("fe001").wait_for()
    page.keyboard.press("j")
    heading.get_by_text("fe002").wait_for()
    page.keyboard.press("k")
    heading.get_by_text("fe001").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    assert page.evaluate("document.activeElement.textContent") == "fe001"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.type("jk")
    opened.wait_for_status("No trial of 18 fits")


def test_every_control_has_a_name(open_report: Open) -> None:
    opened = open_report(build_record(Shape(samples=2, suites=("feedback", "answers"))))
    nameless = opened.page.evaluate(
        """() => {
          const named = (one) => one.innerText || one.labels?.length || one.caption;
          const told = (one) => one.getAttribute("aria-label") || one.getAttribute("aria-labelledby");
          const all = document.querySelectorAll("button, a, input, select, [role=dialog], [role=region], table");
          return [...all].filter((one) => !named(one) && !told(one)).map((one) => one.outerHTML);
        }"""
    )
    assert nameless == []


def test_counts_in_the_result_table_lead_to_their_trials(open_report: Open) -> None:
    record = build_record()
    cell = record.cells[0]
    opened = open_report(record)
    opened.page.locator("#results").get_by_role("link", name=f"{cell.n_failed} failed").first.click()
    opened.wait_for_status(f"{cell.n_failed} of 120 trials")


def test_section_links_leave_the_filters_as_they_are(open_report: Open) -> None:
    opened = open_report(build_record(), address="#backend=local")
    opened.page.get_by_role("navigation", name="Sections").get_by_role("link", name="Gates").click()
    assert opened.status().startswith("60 of 120 trials")


def test_unknown_cost_is_never_shown_as_a_number(open_report: Open) -> None:
    record = build_record(Shape(samples=3))
    opened = open_report(record, address="#backend=smollm2&outcome=passed")
    costs = opened.page.locator("table.trials tbody td:last-child").all_inner_texts()
    assert costs
    assert set(costs) == {"unknown"}


def test_run_without_trials_opens(open_report: Open) -> None:
    record = build_record(Shape(samples=1))
    opened = open_report(replace(record, results=(), cells=(), verdicts=()))
    assert opened.status() == "No trial of 0 fits these filters."
    assert opened.complaints == []
