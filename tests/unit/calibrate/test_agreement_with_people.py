"""How far a judge agrees with people, and the file that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from msgspec.structs import replace

from harness.calibrate import Calibration, Rated, agreement, read_calibrations, trust, write_calibrations
from harness.errors import RecordError
from harness.schema import CalibrationRule, Estimate, Measure, Trust

if TYPE_CHECKING:
    from pathlib import Path

SCALE = [1.0, 2.0, 3.0, 4.0, 5.0]
SIGNATURE = "judge|g-eval|rubric:a@1#12|scale:1-5|asks:openai m {}"
MEASURE = Measure("judge.tone", "score", 1.0, 5.0, higher_is_better=True, signature=SIGNATURE)


def _rated(n: int = 200, *, noise: float = 0.5, bias: float = 0.0, per_character: float = 0.0) -> list[Rated]:
    random = np.random.default_rng(8)
    found = []
    for number in range(n):
        human, length = float(random.integers(1, 6)), float(random.integers(10, 500))
        judge = human + bias + per_character * length + random.normal(0, noise)
        found.append(Rated(human, float(np.clip(judge, 1, 5)), length, str(number)))
    return found


def test_judge_that_is_right_agrees() -> None:
    found = agreement(_rated(noise=0.0), SCALE)
    assert {name: each.value for name, each in found.estimates.items() if name != "length_bias"} == {
        "spearman": pytest.approx(1),
        "kendall_tau_b": pytest.approx(1),
        "kappa": pytest.approx(1),
        "pearson": pytest.approx(1),
        "bias": 0.0,
    }
    assert "length_bias" not in found.estimates, "nothing differs that could depend on the length"
    assert sum(map(sum, found.confusion)) == found.n == 200


def test_intervals_hold_their_value_and_shrink_with_numbers() -> None:
    few, many = agreement(_rated(40), SCALE), agreement(_rated(400), SCALE)
    for name, one in few.estimates.items():
        assert one.low is not None
        assert one.high is not None
        assert one.low <= one.value <= one.high
        other = many.estimates[name]
        assert other.high - other.low < one.high - one.low  # type: ignore[operator]


def test_mildness_shows_as_bias_and_not_as_lack_of_order() -> None:
    found = agreement(_rated(noise=0.1, bias=0.7), SCALE).estimates
    assert found["bias"].low is not None
    assert found["bias"].low > 0.3
    assert found["spearman"].value > 0.9


def test_liking_for_length_shows() -> None:
    assert agreement(_rated(noise=0.2, per_character=0.003), SCALE).estimates["length_bias"].value > 0.4
    neutral = agreement(_rated(noise=0.2), SCALE).estimates["length_bias"]
    assert neutral.low is not None
    assert neutral.high is not None
    assert neutral.low < 0 < neutral.high


def test_answers_of_one_cluster_are_drawn_together() -> None:
    alone = _rated(200)
    clustered = [Rated(each.human, each.judge, each.length, str(at // 20)) for at, each in enumerate(alone)]
    one, two = (agreement(each, SCALE).estimates["bias"] for each in (alone, clustered))
    assert one.value == two.value
    assert (one.low, one.high) != (two.low, two.high)


def test_judge_that_always_says_the_same_has_no_correlation_and_no_number_in_its_place() -> None:
    found = agreement([Rated(float(at % 5 + 1), 4.0, 10.0, str(at)) for at in range(20)], SCALE)
    assert "spearman" not in found.estimates
    assert found.estimates["kappa"] == Estimate(0.0, None, None, 20)
    assert found.lacking == {
        "spearman": "the judge gave 4 every time",
        "kendall_tau_b": "the judge gave 4 every time",
        "kappa": "the judge gave 4 every time",
        "pearson": "the judge gave 4 every time",
        "length_bias": "every answer has the length 10",
    }


@pytest.mark.parametrize("n", [1, 2, 3, 9])
def test_few_answers_have_no_intervals_of_agreement_and_wide_ones_of_means(n: int) -> None:
    found = agreement([Rated(float(at + 1), float(at + 1), 10.0 * at, str(at)) for at in range(n)], SCALE * 2)
    assert not [name for name, each in found.estimates.items() if each.low == each.high and each.low is not None]
    if n > 1:
        assert found.estimates["spearman"].value == pytest.approx(1)
        assert found.estimates["spearman"].low is None
        assert found.lacking["spearman"] == f"{n} independent answers, 10 are needed"
    bias = found.estimates["bias"]
    # equal values, within 4 of either side: 4 times 1 - 0.025^(1 / n), by hand
    assert (bias.low, bias.high) == pytest.approx((-4 * (1 - 0.025 ** (1 / n)), 4 * (1 - 0.025 ** (1 / n))))


@pytest.mark.parametrize(("n", "low"), [(10, 0.383), (30, 0.769)])  # 2 · 0.025^(1 / n) - 1, by hand
def test_perfect_agreement_is_no_certainty(n: int, low: float) -> None:
    found = agreement([Rated(float(at % 5 + 1), float(at % 5 + 1), 10.0, str(at)) for at in range(n)], SCALE)
    for name in ("spearman", "kendall_tau_b", "kappa", "pearson"):
        each = found.estimates[name]
        assert (each.value, each.low, each.high) == pytest.approx((1, low, 1), abs=1e-3)


def _same(rating: float, at: int) -> Rated:
    return Rated(rating, rating, 10.0, str(at))


def test_agreement_on_a_single_odd_answer_cannot_be_told_from_none() -> None:
    found = agreement([_same(5.0 if at == 3 else 1.0, at) for at in range(12)], SCALE)
    assert found.estimates["spearman"].value == pytest.approx(1)
    assert found.estimates["spearman"].low == 0, "in a third of the draws nothing varies: by chance 1 in 12 agrees so"


def test_groups_count_and_not_their_answers() -> None:
    found = agreement([Rated(float(at % 5 + 1), float(at % 4 + 1), 10.0, str(at % 9)) for at in range(90)], SCALE)
    assert (found.n, found.n_clusters) == (90, 9)
    assert found.estimates["spearman"].low is None
    assert found.lacking["spearman"] == "9 independent answers, 10 are needed"


def test_pairs_have_equal_verdicts_and_position_bias() -> None:
    pairs = [Rated(1.0, 1.0, 5.0, str(at), 0.0) for at in range(6)] + [
        Rated(0.0, 0.5, 5.0, str(6 + at), 1.0) for at in range(4)
    ]
    found = agreement(pairs, [0.0, 0.5, 1.0], is_pairwise=True)
    assert found.estimates["equal"].value == 0.6
    assert found.estimates["position_bias"].value == 0.4
    assert found.confusion == [[0, 4, 0], [0, 0, 0], [0, 0, 6]]


# -- the file -------------------------------------------------------------------------------------------------------


def _calibration(signature: str = SIGNATURE, **estimates: Estimate) -> Calibration:
    return Calibration(signature, "2026-11-23", "labels.csv", "ab", 60, 1, estimates, SCALE, [[1] * 5] * 5)


def _rule(path: Path, *, is_required: bool = True) -> CalibrationRule:
    return CalibrationRule(path, "calibrations/judge.yaml", is_required)


def test_what_is_written_is_read_again_beside_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "calibrations" / "judge.yaml"
    first = _calibration(spearman=Estimate(0.5, 0.25, 0.75, 60))
    write_calibrations(path, {"judge.tone": first})
    write_calibrations(path, {"judge.other": _calibration("x")})
    assert read_calibrations(path) == {"judge.tone": first, "judge.other": _calibration("x")}
    assert path.read_text().startswith("# How far a judge agrees with people.")


def test_no_file_is_no_calibration(tmp_path: Path) -> None:
    assert read_calibrations(tmp_path / "none.yaml") == {}
    found = trust(_rule(tmp_path / "none.yaml"), MEASURE)
    assert found.text == "uncalibrated: its agreement with people is not known"
    assert found.flaw is not None
    assert "there is no calibrations/judge.yaml; allowed: " in found.flaw


def test_same_signature_is_trusted_with_its_numbers(tmp_path: Path) -> None:
    path = tmp_path / "judge.yaml"
    write_calibrations(path, {"judge.tone": _calibration(spearman=Estimate(0.5, 0.25, 0.75, 60))})
    found = trust(_rule(path), MEASURE)
    assert found.flaw is None
    assert found.text == "calibrated: Spearman with people's ratings 0.50 (0.25 to 0.75), n 60"


@pytest.mark.parametrize(
    ("estimates", "text"),
    [
        (
            {"spearman": Estimate(0.1, -0.1, 0.3, 60)},
            "Spearman with people's ratings 0.10 (-0.10 to 0.30), n 60; this cannot be told from no agreement at all",
        ),
        (
            {"spearman": Estimate(-0.4, -0.6, -0.2, 60)},
            "Spearman with people's ratings -0.40 (-0.60 to -0.20), n 60; this is the opposite of what people say",
        ),
        (
            {"equal": Estimate(0.7, 0.5, 0.8, 60), "kappa": Estimate(0.0, -0.1, 0.1, 60)},
            (
                "verdicts equal to people's 0.70 (0.50 to 0.80), n 60, kappa 0.00 (-0.10 to 0.10); "
                "this cannot be told from no agreement at all"
            ),
        ),
    ],
)
def test_agreement_that_may_be_none_is_said_to_be(tmp_path: Path, estimates: dict[str, Estimate], text: str) -> None:
    path = tmp_path / "judge.yaml"
    write_calibrations(path, {"judge.tone": replace(_calibration(), estimates=estimates)})
    assert trust(_rule(path), MEASURE) == Trust(f"calibrated: {text}")


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"n": 9}, "it rests on 9 independent answers, and 10 are needed"),
        ({"n_clusters": 2}, "it rests on 2 independent answers (a group counts as one), and 10 are needed"),
        ({"estimates": {}}, "no agreement is defined, because one side does not vary"),
        (
            {"estimates": {}, "lacking": {"spearman": "people gave 3 every time"}},
            "no agreement is defined, because people gave 3 every time",
        ),
        (
            {"estimates": {"equal": Estimate(1, 0.8, 1, 60)}, "lacking": {"kappa": "the judge gave 1 every time"}},
            "no agreement is defined, because the judge gave 1 every time",
        ),
    ],
)
def test_entry_that_says_nothing_of_agreement_is_not_valid(tmp_path: Path, entry: dict[str, Any], why: str) -> None:
    path = tmp_path / "judge.yaml"
    write_calibrations(path, {"judge.tone": replace(_calibration(spearman=Estimate(0.5, 0.2, 0.7, 60)), **entry)})
    assert trust(_rule(path), MEASURE) == Trust(
        "uncalibrated: its agreement with people is not known",
        "'judge.tone' is a model's judgement, and calibrations/judge.yaml does not say how far it agrees with people: "
        f"{why}; allowed: a measure whose judge, rubric and options were compared with people's ratings; run: "
        "prompt-suite judge calibrate SUITE --labels FILE, or write uncalibrated: allow in the metric's options",
    )
    assert trust(_rule(path, is_required=False), MEASURE).flaw is None


@pytest.mark.parametrize(
    ("signature", "words"),
    [
        (SIGNATURE.replace("openai m", "openai n"), "another judge (it differs in model)"),
        (SIGNATURE.replace("openai m {}", "callable m {}"), "another judge (it differs in provider)"),
        (SIGNATURE.replace("m {", "m@http://a/v1 {"), "another judge (it differs in address)"),
        (SIGNATURE.replace("m {}", 'n {"seed":0}'), "another judge (it differs in model and parameters)"),
        (f"{SIGNATURE} code:12ab", "another judge (it differs in code)"),
        (SIGNATURE.replace("#12", "#13"), "another rubric"),
        (
            SIGNATURE.replace("1-5", "1-7").replace(" m ", " n "),
            "another 'scale' and another judge (it differs in model)",
        ),
        (f"{SIGNATURE}|asks:openai k {{}}", "another judge"),
        (SIGNATURE.replace("|asks", "|version:2|asks"), "another 'version'"),
    ],
)
def test_another_signature_is_not_trusted_and_what_differs_is_named(tmp_path: Path, signature: str, words: str) -> None:
    path = tmp_path / "judge.yaml"
    write_calibrations(path, {"judge.tone": _calibration(signature)})
    found = trust(_rule(path), MEASURE)
    assert found.text == "uncalibrated: its agreement with people is not known"
    assert found.flaw is not None
    assert f"calibrations/judge.yaml was made with {words}: it says nothing about this one" in found.flaw


@pytest.mark.parametrize(
    ("then", "now", "words"),
    [
        (" code:12ab", " code:34cd", "code"),
        (" weights:12ab", " weights:34cd", "weights"),
        ("", " weights:34cd", "weights, which was not written down then"),
    ],
)
def test_judge_whose_own_code_or_weights_changed_is_another(*, tmp_path: Path, then: str, now: str, words: str) -> None:
    path = tmp_path / "judge.yaml"
    write_calibrations(path, {"judge.tone": _calibration(SIGNATURE + then)})
    found = trust(_rule(path), replace(MEASURE, signature=SIGNATURE + now))
    assert found.flaw is not None
    assert f"was made with another judge (it differs in {words}): it says nothing about this one" in found.flaw


def test_other_measures_of_the_file_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "judge.yaml"
    write_calibrations(path, {"judge.other": _calibration()})
    found = trust(_rule(path), MEASURE)
    assert found.flaw is not None
    assert "calibrations/judge.yaml does not hold 'judge.tone'" in found.flaw
    assert trust(_rule(path, is_required=False), MEASURE).flaw is None


@pytest.mark.parametrize("text", ["[1", "3", "measures: {judge.tone: {n: x}}", "\x00"])
def test_damaged_file_is_an_error_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "judge.yaml"
    path.write_text(text)
    with pytest.raises(
        RecordError, match=r"^judge\.yaml: the calibration cannot be read \(.*write it again with that$"
    ):
        read_calibrations(path)
    assert trust(_rule(path), MEASURE).flaw is not None
    assert trust(_rule(path, is_required=False), MEASURE).flaw is None


def test_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="the calibration cannot be written"):
        write_calibrations(tmp_path / "file" / "judge.yaml", {"judge.tone": _calibration()})
