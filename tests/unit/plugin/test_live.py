from __future__ import annotations

import pytest

from harness.plugin.live import bar_line, plain_step
from harness.schema import BackendProgress, Progress

TIMES = "\N{MULTIPLICATION SIGN}"


def progress(done: int, **changes: object) -> Progress:
    fields: dict[str, object] = {
        "total": 360,
        "done": done,
        "scored": done,
        "errors": 0,
        "from_cache": 0,
        "retries": 0,
        "in_flight": 4,
        "spent_usd": 0.0,
        "elapsed_s": 10.0,
    }
    return Progress(**{**fields, **changes})  # type: ignore[arg-type]


def test_bar_shows_count_rate_cost_and_time_left() -> None:
    assert bar_line(progress(120), 100) == " ━━━━━━━━╸                120/360  12/s  $0  0:20 left"


def test_bar_names_what_went_wrong() -> None:
    line = bar_line(progress(120, errors=2, retries=3, from_cache=20, spent_usd=None), 120)
    assert line.endswith(" 120/360  10/s  2 errors  3 retried  20 cached  cost unknown  0:24 left")


def test_bar_tells_how_many_trials_wait_for_judges() -> None:
    assert bar_line(progress(120, judging=1200), 100).endswith(" 120/360  12/s  judging 1,200  $0  0:20 left")


def test_bar_is_not_full_before_everything_is_scored() -> None:
    line = bar_line(progress(360, scored=180), 100)
    assert line == f" {'━' * 12}╸{' ' * 11} 180/360  all answered, scoring 180  36/s  $0"
    assert plain_step(progress(360, scored=180), 40)[0] == 50


def test_scores_that_are_a_little_behind_are_not_told_while_calls_go_on() -> None:
    assert "scoring" not in bar_line(progress(120, scored=60), 100)


def test_bar_is_full_at_the_end_and_says_no_time_left() -> None:
    assert bar_line(progress(360, spent_usd=0.1234), 100) == f" {'━' * 24} 360/360  36/s  $0.123"


def test_time_left_is_no_shorter_than_the_wait_under_way() -> None:
    backend = BackendProgress("gpt", 4, 4, waiting_s=61.0, why_waiting="1 request a minute")
    line = bar_line(progress(120, backends=(backend,)), 120)
    assert line.endswith("gpt waiting 61 s (1 request a minute)  $0  1:01 left")


def test_narrow_bar_leaves_facts_out_and_cuts_none_in_two() -> None:
    backend = BackendProgress("gpt", 4, 4, waiting_s=2.0, why_waiting="Retry-After")
    now = progress(120, retries=12, errors=2, spent_usd=0.0123, backends=(backend,))
    short = " ━━━━╸        120/360"
    wait = "gpt waiting 2 s (Retry-After)"
    assert bar_line(now, 120).endswith(f" 120/360  12/s  2 errors  12 retried  {wait}  $0.0123  0:20 left")
    assert bar_line(now, 90) == f"{short}  12/s  2 errors  {wait}  $0.0123  0:20 left"
    assert bar_line(now, 75) == f"{short}  2 errors  {wait}  0:20 left"
    assert bar_line(now, 64) == f"{short}  2 errors  {wait}"


@pytest.mark.parametrize("width", [20, 40, 80])
def test_bar_never_wraps(width: int) -> None:
    assert len(bar_line(progress(120), width)) < width


def test_cached_answers_do_not_make_the_rate_look_better() -> None:
    assert progress(300, from_cache=300).rate_per_s == 0
    assert progress(300, from_cache=300).left_s is None


def test_trials_that_are_never_called_do_not_make_the_rate_look_better() -> None:
    assert progress(300, not_run=200).rate_per_s == 10.0


def test_steps_come_once_each_tenth() -> None:
    shown, lines = 0, []
    for done in range(361):
        shown, text = plain_step(progress(done), shown)
        lines.append(text)
    steps = [line for line in lines if line]
    assert len(steps) == 10
    assert steps[0] == " 10 %  36/360  3.6/s  $0  1:30 left\n"
    assert steps[-1].startswith("100 %  360/360")


def test_nothing_to_do_is_all_done() -> None:
    empty = progress(0, total=0, elapsed_s=0.0)
    assert plain_step(empty, 0)[0] == 100
    assert "0/0" in bar_line(empty, 80)


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        (BackendProgress("gpt", 50, 50, rate_limited=7), ""),
        (BackendProgress("gpt", 12, 50, rate_limited=7), f"gpt at 12 of 50 after 7 {TIMES} 429"),
        (BackendProgress("gpt", 12, 50, 7, 0.1, "Retry-After"), f"gpt at 12 of 50 after 7 {TIMES} 429"),
        (BackendProgress("gpt", 25, 50, pauses=1), "gpt at 25 of 50"),
        (BackendProgress("gpt", 12, 50, 7, 2.1, "Retry-After"), "gpt waiting 3 s (Retry-After)"),
        (BackendProgress("gpt", 50, 50, 0, 41.0, "500 requests a minute"), "gpt waiting 41 s (500 requests a minute)"),
        (BackendProgress("gpt", 50, 50, 0, 0.5, "paused after 8 failures", 1), "gpt paused after 8 failures"),
        (BackendProgress("gpt", 12, 50, 7, 0.0, "", 4, "HTTP 401"), "gpt stopped"),
        (BackendProgress("a-very-long-backend-name", 1, 2, 1), f"a-very-long-bac… at 1 of 2 after 1 {TIMES} 429"),
    ],
)
def test_what_holds_a_backend_up_is_told(backend: BackendProgress, said: str) -> None:
    line = bar_line(progress(120, backends=(backend,)), 150)
    assert line.partition("  12/s")[2].partition("  $0")[0].strip() == said


def test_only_two_backends_in_trouble_are_named() -> None:
    backends = tuple(BackendProgress(name, 1, 2, 1) for name in "abcd")
    assert f"  a at 1 of 2 after 1 {TIMES} 429  b at 1 of 2 after 1 {TIMES} 429  +2 more  $0" in bar_line(
        progress(120, backends=backends), 200
    )


def test_trials_that_are_not_run_are_counted() -> None:
    assert "50 errors  1,950 not run" in bar_line(progress(50, total=2000, errors=50, not_run=1950), 150)
