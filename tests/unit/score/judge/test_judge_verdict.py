from __future__ import annotations

import json
import math

import pytest

from harness.schema import Generation, TokenLogprob
from harness.score.judge.verdict import Verdict, form_schema, read_verdict

SCALE = (1, 5)


def _form(score: object, reason: str = "why") -> str:
    return json.dumps({"reason": reason, "score": score})


def _with_tokens(score: str, top: dict[str, float], *, scale_end: str = "}") -> Generation:
    tokens = ['{"reason": "a score of 3", ', '"score": ', score, scale_end]
    probabilities = tuple((text, math.log(p)) for text, p in top.items())
    logprobs = tuple(
        TokenLogprob(text, math.log(top[score]) if text == score else -0.1, probabilities if text == score else ())
        for text in tokens
    )
    return Generation("".join(tokens), logprobs=logprobs)


def test_score_and_reason_are_read() -> None:
    assert read_verdict(Generation(_form(4)), SCALE) == Verdict(4, 4.0, "why")


@pytest.mark.parametrize("written", ["4.0", "4.000", "4e0", "40e-1"])
def test_whole_number_may_be_written_with_a_fraction_of_zero(written: str) -> None:
    assert read_verdict(Generation(f'{{"reason": "why", "score": {written}}}'), SCALE) == Verdict(4, 4.0, "why")


def test_whole_number_with_a_fraction_is_weighted_by_its_first_token() -> None:
    found = read_verdict(_with_tokens("4", {"4": 0.5, "2": 0.5}, scale_end=".0}"), SCALE)
    assert isinstance(found, Verdict)
    assert found.score == 4
    assert found.value == pytest.approx(3.0)


@pytest.mark.parametrize("token", ["4.0", "4}"])
def test_token_that_holds_more_than_the_score_weights_nothing(token: str) -> None:
    end = "" if token.endswith("}") else "}"
    found = read_verdict(_with_tokens(token, {token: 0.5, "2": 0.5}, scale_end=end), SCALE)
    assert isinstance(found, Verdict)
    assert (found.score, found.value) == (4, 4.0)


def test_form_in_one_code_fence_is_read() -> None:
    assert read_verdict(Generation(f"```json\n{_form(4)}\n```"), SCALE) == Verdict(4, 4.0, "why")


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("5", "no form: '5'"),
        ("", "no form: ''"),
        ("Score: 5", "no form: 'Score: 5'"),
        (f"Here it is: {_form(5)}", "no form: 'Here it is: "),
        (f"{_form(5)} {_form(1)}", "no form: "),
        ("[5]", "no form: '[5]'"),
        ('{"reason": "x"}', "the form's score is None"),
        (_form("5"), "the form's score is '5'"),
        ('{"score": true}', "the form's score is True"),
        (_form(4.5), "the form's score is 4.5"),
        (_form(0), "the form's score is 0, not from 1 to 5"),
        (_form(6), "the form's score is 6, not from 1 to 5"),
        ('{"score": NaN}', "the form's score is nan"),
        ('{"score": Infinity}', "the form's score is inf"),
        (_form(6.0), "the form's score is 6, not from 1 to 5"),
        ("[" * 100_000, "no form: "),
    ],
)
def test_what_is_no_form_says_what_it_is(text: str, flaw: str) -> None:
    found = read_verdict(Generation(text), SCALE)
    assert isinstance(found, str)
    assert found.startswith(flaw)


def test_form_that_was_cut_off_says_so() -> None:
    found = read_verdict(Generation('{"reason": "it', finish_reason="length"), SCALE)
    assert found == "the answer was cut off at the backend's max_tokens"


def test_score_is_weighted_by_the_probabilities_of_all_scores() -> None:
    found = read_verdict(_with_tokens("4", {"4": 0.6, "5": 0.3, "3": 0.1}), SCALE)
    assert isinstance(found, Verdict)
    assert found.score == 4
    assert found.value == pytest.approx(4 * 0.6 + 5 * 0.3 + 3 * 0.1)


def test_probabilities_outside_the_scale_do_not_count() -> None:
    found = read_verdict(_with_tokens("4", {"4": 0.3, "5": 0.1, "0": 0.2, "9": 0.2, "x": 0.2}), SCALE)
    assert isinstance(found, Verdict)
    assert found.value == pytest.approx((4 * 0.3 + 5 * 0.1) / 0.4)


def test_scores_written_with_a_space_are_the_same_scores() -> None:
    found = read_verdict(_with_tokens("4", {"4": 0.25, " 4": 0.25, "2": 0.5}), SCALE)
    assert isinstance(found, Verdict)
    assert found.value == pytest.approx(3.0)


def test_tokens_that_do_not_make_up_the_text_weight_nothing() -> None:
    generation = Generation(_form(4), logprobs=(TokenLogprob("4", -0.1, (("1", -0.1),)),))
    assert read_verdict(generation, SCALE) == Verdict(4, 4.0, "why")


def test_scores_of_several_digits_are_taken_as_they_are() -> None:
    generation = _with_tokens("4", {"4": 0.5, "1": 0.5})
    assert read_verdict(generation, (1, 10)) == Verdict(4, 4.0, "a score of 3")


def test_schema_allows_the_scores_of_the_scale_only() -> None:
    import jsonschema

    schema = form_schema((0, 2))["json_schema"]["schema"]
    for score in (0, 1, 2):
        jsonschema.validate({"reason": "", "score": score}, schema)
    for wrong in ({"reason": "", "score": 3}, {"score": 1}, {"reason": "", "score": 1, "more": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)
