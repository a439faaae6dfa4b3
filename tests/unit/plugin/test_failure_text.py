from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.plugin.failure import printable, trial_failure
from harness.schema import CallError, Generation, Message, Sample, Score, Trial, TrialResult

SAMPLE = Sample("fb003", {"text": "x"}, ("positive",), None, (), "d.jsonl:3")
TRIAL = Trial("0", "s", "v", "b", SAMPLE, 1, (Message("user", "Classify: \x1b]0;title\x07x"),))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain é 漢", "plain é 漢"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("bell\x07 back\x08", "bell\\x07 back\\x08"),
        ("\u202eright to left", "\\u202eright to left"),
        ("c1 \x9b", "c1 \\x9b"),
        ("two\nlines\tone tab\rback", "two\nlines\\tone tab\\rback"),
    ],
)
def test_model_text_cannot_steer_the_terminal(text: str, expected: str) -> None:
    assert printable(text) == expected


@given(st.text())
def test_no_control_character_survives(text: str) -> None:
    assert all(char == "\n" or char.isprintable() for char in printable(text))


def test_long_answers_are_cut_and_said_to_be() -> None:
    result = TrialResult(TRIAL, "failed", "y", Generation("y" * 2_000), None, (Score("f1", 0.0, "scored"),), ("f1: 0",))
    text = str(trial_failure(result, "id", full=True))
    assert "  … 500 more characters: see the report" in text
    assert "\x1b" not in text


def test_short_form_has_the_reasons_only() -> None:
    error = CallError("timeout", "backend 'b': no answer after 60 s")
    result = TrialResult(TRIAL, "error", None, None, error, (), ())
    failure = trial_failure(result, "id", full=False)
    assert str(failure) == "no answer (timeout): backend 'b': no answer after 60 s"
    assert failure.reprcrash.message == "no answer (timeout): backend 'b': no answer after 60 s"


def test_failed_metric_is_named_with_its_reason() -> None:
    scores = (Score("own", None, "failed", "ZeroDivisionError: division by zero"), Score("f1", 1.0, "scored"))
    result = TrialResult(TRIAL, "error", "y", Generation("y"), None, scores, ())
    assert str(trial_failure(result, "id", full=False)) == "metric own failed: ZeroDivisionError: division by zero"


def test_amounts_that_the_backend_does_not_say_are_left_out() -> None:
    scores = (
        Score("f1", None, "unscored"),
        Score("cached_input_tokens", None, "unscored"),
        Score("cost_usd", 0.0, "scored"),
    )
    result = TrialResult(TRIAL, "failed", "y", Generation("y"), None, scores, ("f1 >= 1: it is 0.25",))
    assert str(trial_failure(result, "id", full=True)).splitlines()[-1] == "  f1 unscored   cost_usd $0"


def test_cost_is_told_as_money() -> None:
    scores = (Score("f1", 0.25, "scored"), Score("cost_usd", 0.00002, "scored"))
    result = TrialResult(TRIAL, "failed", "y", Generation("y"), None, scores, ("f1 >= 1: it is 0.25",))
    assert "  f1 0.25   cost_usd $0.00002" in str(trial_failure(result, "id", full=True)).splitlines()
