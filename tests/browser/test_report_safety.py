"""The report with hostile texts, without JavaScript, on paper, large, and what it asks the network for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from harness.report import render_index
from harness.report.markup import INVISIBLE
from tests.unit.report.comparison_records import CHANGES, FLIP, REGRESSED, build_comparison, compared_record
from tests.unit.report.run_records import HOSTILE, Shape, build_record, with_output

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.browser.conftest import Opened

    Open = Callable[..., Opened]

pytestmark = pytest.mark.browser

AS_SHOWN = (
    HOSTILE[0],
    HOSTILE[1],
    "U+001B[31mredU+001B[0m and a bellU+0007, then U+202Egnp.exeU+202C",
    "lineU+2028separator and paragraphU+2029separator",
    "half a pair: U+D800, hidden U+E0041U+E0042, zeroU+200Bwidth",
    *HOSTILE[5:],
)


def test_hostile_texts_are_shown_as_texts_and_run_nothing(open_report: Open) -> None:
    opened = open_report(build_record(Shape(samples=8, hostile=True)))
    for number, shown in enumerate(AS_SHOWN, start=1):
        opened.page.goto(f"{opened.page.url.partition('#')[0]}#trial=feedback/zero_shot/local/fe{number:03d}/1")
        heading = opened.page.get_by_role("dialog").locator("h3", has_text=f"fe{number:03d}")
        heading.wait_for()
        block = opened.page.locator("section:has(> h4:has-text('Answer')) .text")
        assert block.evaluate("node => node.textContent") == shown
    assert opened.page.evaluate("window.__pwned") is None
    assert opened.page.locator("img, iframe, object, embed, [onerror], [onclick]").count() == 0
    assert opened.complaints == []


def test_hostile_texts_run_nothing_in_comparison_search_and_static_parts(open_report: Open) -> None:
    record = build_record(Shape(samples=8, hostile=True, suites=HOSTILE[:2], variants=(HOSTILE[2], HOSTILE[6])))
    verdicts = tuple(replace(one, message=HOSTILE[at % len(HOSTILE)]) for at, one in enumerate(record.verdicts))
    opened = open_report(replace(record, verdicts=verdicts))
    opened.page.fill("input[name=q]", "__pwned")
    opened.page.locator("p.status", has_not_text="128 of 128").wait_for()
    opened.page.locator("table.trials tbody tr a").first.click()
    opened.page.get_by_role("button", name="Across variants").click()
    opened.page.locator("article.card").first.wait_for()
    assert opened.page.evaluate("window.__pwned") is None
    assert opened.page.locator("img, iframe, object, embed, [onerror], [onclick]").count() == 0
    assert opened.complaints == []


def test_hostile_answers_beside_a_baseline_are_shown_as_texts_and_run_nothing(open_report: Open) -> None:
    flips = tuple(
        replace(FLIP, sample=f"fe{at + 1:03d}", variant="zero_shot", output_before=text, output_after=f"{text} now")
        for at, text in enumerate(HOSTILE)
    )
    rows = tuple(replace(REGRESSED, variant=text, backend=text, metric=text, reason=text) for text in HOSTILE)
    changes = tuple(replace(CHANGES[2], message=text, names=(text, "another")) for text in HOSTILE)
    made = build_comparison(baseline=HOSTILE[0], rows=rows, changes=changes, flips=flips)
    opened = open_report(compared_record(made, record=build_record(Shape(samples=8, hostile=True))))
    opened.page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    texts = opened.page.locator("#comparison .flip .text").evaluate_all("nodes => nodes.map((one) => one.textContent)")
    assert texts == [text for shown in AS_SHOWN for text in (shown, f"{shown} now")]
    assert opened.page.evaluate("window.__pwned") is None
    assert opened.page.locator("img, iframe, object, embed, [onerror], [onclick]").count() == 0
    assert opened.complaints == []


def test_link_of_a_changed_answer_opens_its_trial(open_report: Open) -> None:
    opened = open_report(compared_record())
    opened.page.locator("#comparison .flip a.sample", has_text="fe003").click()
    opened.page.get_by_role("dialog").locator("h3", has_text="fe003").wait_for()
    assert opened.complaints == []


def test_every_invisible_character_is_shown_by_its_number(open_report: Open) -> None:
    ends = [0x08, 0x1B, 0x7F, 0x85, 0xAD, 0x061C, 0x115F, 0x180E, 0x200B, 0x200F, 0x2028, 0x202E, 0x2066, 0x206F]
    ends += [0x3164, 0xD800, 0xDFFF, 0xFEFF, 0xFFA0, 0xFFF9, 0xFFFF, 0xE0001, 0xE007F, 0xE0100, 0xE01EF]
    text = " ".join(map(chr, ends))
    assert INVISIBLE.startswith("[")
    opened = open_report(
        with_output(build_record(Shape(samples=1)), 0, text), address="#trial=feedback/zero_shot/smollm2/fe001/1"
    )
    marks = opened.page.locator("section:has(> h4:has-text('Answer')) .ctl").all_inner_texts()
    assert marks == [f"U+{end:04X}" for end in ends]


def test_report_asks_for_nothing_but_itself(open_report: Open) -> None:
    opened = open_report(build_record(Shape(samples=8, hostile=True)))
    opened.page.locator("table.trials tbody tr a").first.click()
    opened.page.get_by_role("button", name="Across variants").click()
    opened.page.locator("article.card").first.wait_for()
    asked = [url for url in opened.requests if not url.startswith("data:")]
    assert len(asked) == 1
    assert asked[0].startswith("file://")
    assert opened.complaints == []


def test_policy_stops_what_a_mistake_would_let_through(open_report: Open) -> None:
    opened = open_report(build_record(Shape(samples=1)))
    refused: list[str | None] = []
    opened.page.on("requestfailed", lambda request: refused.append(request.failure))
    with opened.page.expect_event("requestfailed"):
        opened.page.evaluate(
            """() => {
              const place = document.createElement("div");
              place.innerHTML = "<img src='https://example.com/x.png' onerror='window.__pwned = 9'>";
              document.body.append(place);
            }"""
        )
    opened.page.wait_for_timeout(100)
    assert refused == ["csp"]
    assert opened.page.evaluate("window.__pwned") is None


def test_without_javascript_results_gates_and_methods_can_be_read(open_report: Open) -> None:
    opened = open_report(build_record(), script=False)
    text = opened.page.locator("body").inner_text()
    for part in (
        "of 20 gates",
        "120 trials:",
        "exact_match.mean >= 0.90",
        "few_shot@1.1",
        "squad-1.1",
        "trials.parquet",
    ):
        assert part in text
    assert opened.page.locator("#results svg.bar").count() > 20
    assert not opened.page.locator("#explorer").is_visible()


def test_without_javascript_comparison_and_answers_can_be_read(open_report: Open) -> None:
    opened = open_report(compared_record(), script=False)
    text = opened.page.locator("#comparison").inner_text()
    for part in ("Regressed", "0.820 → 0.700", "worse by more than the margin", "I cannot say.", "fe101", "Expected:"):
        assert part in text
    assert opened.page.locator("#comparison svg.bar .zero").count() == 6
    opened.page.locator("#comparison summary", has_text="Time, tokens and cost").click()
    assert opened.page.locator("#comparison .metric", has_text="latency_s").is_visible()


def test_paper_shows_results_and_leaves_the_controls_out(open_report: Open) -> None:
    opened = open_report(build_record(Shape(samples=3)))
    opened.page.emulate_media(media="print")
    assert not opened.page.locator("form.filters").is_visible()
    assert opened.page.locator("#results table").is_visible()
    assert (
        opened.page.locator("html").evaluate("node => getComputedStyle(node).backgroundColor") == "rgb(255, 255, 255)"
    )
    assert len(opened.page.pdf()) > 10_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_page_never_scrolls_sideways(open_report: Open, scheme: str, width: int) -> None:
    flips = tuple(replace(FLIP, sample="long_" * 40, output_after="x" * 900) for _ in range(3))
    made = build_comparison(baseline="b" * 200, flips=flips)
    record = compared_record(made, record=build_record(Shape(samples=8, hostile=True)))
    opened = open_report(record, color_scheme=scheme)
    opened.page.set_viewport_size({"width": width, "height": 800})
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_gates_and_runs_are_cards_on_a_telephone(open_report: Open, tmp_path: Path) -> None:
    opened = open_report(build_record(Shape(samples=8)))
    opened.page.set_viewport_size({"width": 390, "height": 800})
    index = tmp_path / "index.html"
    index.write_text(render_index([build_record(Shape(samples=8)).manifest]), encoding="utf-8")
    hidden = "[...document.querySelectorAll('.gates, .runs')].map((box) => box.scrollWidth - box.clientWidth)"
    boxes = opened.page.evaluate(hidden)
    assert boxes
    assert max(boxes) == 0
    assert (
        opened.page.locator(".gates td[data-title]").first.evaluate("(cell) => getComputedStyle(cell).display")
        == "block"
    )
    opened.page.goto(index.as_uri())
    assert opened.page.evaluate(hidden) == [0]


def test_large_run_is_packed_and_still_searched_sorted_and_opened(open_report: Open) -> None:
    record = with_output(build_record(Shape(samples=1500)), 8_000, "a needle \ud800 in the stack")
    opened = open_report(record)
    assert opened.page.locator("script[data-form=json]").count() == 0
    opened.wait_for_status("9,000 of 9,000 trials")
    opened.page.fill("input[name=q]", "needle")
    opened.wait_for_status("1 of 9,000 trials")
    opened.page.locator("table.trials tbody tr a").click()
    opened.page.get_by_role("dialog").get_by_text("a needle").first.wait_for()
    assert opened.complaints == []
