from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.errors import OptionError
from harness.schema import Answer, Generation, MetricSpec
from harness.score import Scorer

MEASURED = ["latency_s", "input_tokens", "output_tokens", "cached_input_tokens", "cost_usd"]


def _spec(name: str, folder: Path | None = None, **options: object) -> MetricSpec:
    return MetricSpec(name, options, folder or Path())


def _names(scorer: Scorer) -> list[str]:
    return [measure.name for measure in scorer.measures]


def test_measured_quantities_come_last_unless_listed() -> None:
    assert _names(Scorer([])) == MEASURED
    assert _names(Scorer([_spec("f1")])) == ["f1", *MEASURED]
    assert _names(Scorer([_spec("cost_usd"), _spec("f1")])) == ["cost_usd", "f1", *MEASURED[:-1]]


def test_scores_stand_in_the_order_of_the_measures() -> None:
    scorer = Scorer([_spec("rouge", types=["rougeL", "rouge1"]), _spec("exact_match")])
    (row,) = scorer.score([Answer("a", ("a",), {}, Generation("a", cost_usd=0.5))])
    assert [score.metric for score in row] == _names(scorer)
    assert row[-1].value == 0.5


def test_no_answers_give_no_rows() -> None:
    assert Scorer([_spec("f1")]).score([]) == []
    assert Scorer([_spec("bleu")]).corpus([]) == {}


def test_a_metric_listed_twice_alike_counts_once() -> None:
    assert _names(Scorer([_spec("f1"), _spec("f1")])) == ["f1", *MEASURED]


def test_types_of_one_metric_may_be_listed_apart() -> None:
    scorer = Scorer([_spec("rouge", types=["rouge1"]), _spec("rouge", types=["rouge1", "rouge2"])])
    assert _names(scorer) == ["rouge1", "rouge2", *MEASURED]
    (row,) = scorer.score([Answer("a b", ("a b",), {}, None)])
    assert [score.value for score in row[:2]] == [1.0, 1.0]


def test_two_metrics_of_one_name_with_other_options_are_an_error() -> None:
    with pytest.raises(OptionError) as raised:
        Scorer([_spec("exact_match"), _spec("exact_match", ignore_case=True)])
    assert str(raised.value) == (
        "metric 'exact_match' yields 'exact_match', as one above does with other options; "
        "allowed: each measure once; remove one of the two"
    )


def test_one_bad_answer_costs_only_its_own_score(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("def inverse(output):\n    return 1 / int(output)\n")
    scorer = Scorer([_spec("own.py:inverse", tmp_path), _spec("exact_match")])
    rows = scorer.score([Answer(text, ("2",), {}, None) for text in ("2", "0", "4")])
    assert [row[0].value for row in rows] == [0.5, None, 0.25]
    assert (rows[1][0].status, rows[1][0].reason) == (
        "failed", f"ZeroDivisionError: division by zero ({tmp_path / 'own.py'}:2)"
    )  # fmt: skip
    assert [row[1].value for row in rows] == [1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        ("[]", "ValueError: gave 0 scores for 1 answers"),
        ("[()]", "ValueError: gave scores of [] where its measures are ['m']"),
        (
            "[(Score('other', 1.0, 'scored'),)]",
            "ValueError: gave scores of ['other'] where its measures are ['m']",
        ),
        ("[(Score('m', None, 'scored'),)]", "the value is None; allowed: a finite number"),
        ("None", "TypeError: 'NoneType' object is not iterable"),
    ],
)
def test_a_metric_that_answers_in_another_shape_fails(tmp_path: Path, returned: str, reason: str) -> None:
    (tmp_path / "own.py").write_text(
        "from harness.schema import Measure, Score\n"
        "class M:\n"
        "    needs_references = False\n"
        "    def __init__(self, options):\n"
        "        self.measures = (Measure('m', 'score', 0, 1, True, 'm'),)\n"
        "    def score(self, answers):\n"
        f"        return {returned}\n"
    )
    (row,) = Scorer([_spec("own.py:M", tmp_path)]).score([Answer("a", (), {}, None)])
    assert (row[0].metric, row[0].value, row[0].status, row[0].reason) == ("m", None, "failed", reason)


def test_an_interrupt_is_not_taken_for_a_failed_metric(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("def stop(output):\n    raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        Scorer([_spec("own.py:stop", tmp_path)]).score([Answer("a", (), {}, None)])


@pytest.mark.parametrize("raised", ["SystemExit(3)", "GeneratorExit", "KeyboardInterrupt", "Mute"])
def test_nothing_that_a_metric_raises_beside_a_run_ends_it(tmp_path: Path, raised: str) -> None:
    source = "class Mute(Exception):\n    def __str__(self):\n        raise self\n"
    (tmp_path / "own.py").write_text(f"{source}def mine(output):\n    raise {raised}\n", encoding="utf-8")
    scorer = Scorer([_spec("own.py:mine", tmp_path)])
    with ThreadPoolExecutor(1) as beside:
        ((mine, *_),) = beside.submit(scorer.score, [Answer("a", (), {}, None)]).result()
    assert mine.status == "failed"
    assert (mine.reason or "").startswith(raised.partition("(")[0])


def test_a_long_reason_is_cut(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("def fail(output):\n    raise ValueError('x' * 1000)\n")
    (row,) = Scorer([_spec("own.py:fail", tmp_path)]).score([Answer("a", (), {}, None)])
    assert row[0].reason is not None
    text, _, place = row[0].reason.partition(" (")
    assert (len(text), place) == (300, f"{tmp_path / 'own.py'}:2)")
    assert text.endswith("x…")


def test_corpus_values_come_from_the_metrics_that_have_them() -> None:
    answers = [Answer("a b c d", ("a b c d",), {}, None)]
    assert Scorer([_spec("bleu"), _spec("f1"), _spec("chrf")]).corpus(answers) == {
        "bleu": pytest.approx(100.0),
        "chrf": pytest.approx(100.0),
    }


def test_a_corpus_value_that_fails_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "from harness.schema import Measure\n"
        "class M:\n"
        "    needs_references = False\n"
        "    def __init__(self, options):\n"
        "        self.measures = (Measure(options['measure'], 'score', 0, 1, True, 'm'),)\n"
        "        self.value = options['value']\n"
        "    def score(self, answers):\n"
        "        return []\n"
        "    def corpus(self, answers):\n"
        "        return {self.measures[0].name: 1 / self.value}\n"
    )
    scorer = Scorer(
        [
            _spec("own.py:M", tmp_path, measure=name, value=value)
            for name, value in (("zero", 0), ("two", 2), ("tiny", 5e-324))
        ]
    )
    assert scorer.corpus([Answer("a", (), {}, None)]) == {"two": 0.5}
