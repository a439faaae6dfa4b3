"""Modules of the real `evaluate` library as metrics, and metrics as its modules."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness.errors import MissingExtraError, OptionError
from harness.schema import Answer, MetricSpec
from harness.score import CorpusMetric, create, evaluate_module, measures_of
from harness.score.scorer import score_safely

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.score import Metric

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what its dependencies deprecate is not ours
    evaluate = pytest.importorskip("evaluate")

MODULE = """\
import datasets
import evaluate


class Module(evaluate.Metric):
    def _info(self):
        kind = datasets.Value("{kind}")
        return evaluate.MetricInfo(
            description="", citation="", inputs_description="",
            features=datasets.Features({{"predictions": kind, "references": {references}}}),
        )

    def _compute(self, predictions, references, **given):
        {body}
"""
LENGTHS = """\
n = given.get("times", 1)
        return {"lengths": n * sum(len(p) == len(r) for p, r in zip(predictions, references)) / len(predictions)}
"""
EACH = 'return {"each": [float(p == r) for p, r in zip(predictions, references)], "n": len(predictions)}'


@pytest.fixture(autouse=True, scope="module")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("evaluate.config.HF_MODULES_CACHE", str(tmp_path_factory.mktemp("modules")))
        yield


def _write(folder: Path, body: str, *, kind: str = "string", references: str = "kind") -> Path:
    path = folder / "lengths.py"
    path.write_text(MODULE.format(kind=kind, references=references, body=body))
    return path


def _made(folder: Path, **options: Any) -> Metric:
    return create(MetricSpec("evaluate", {"name": "lengths.py", **options}, folder))


def _values(metric: Metric, *rows: tuple[str, tuple[str, ...]]) -> list[float | None]:
    answers = [Answer(output, references, {"hint": "x"}, None) for output, references in rows]
    return [row[0].value for row in metric.score(answers)]


def test_a_module_is_asked_about_each_answer_and_about_all(tmp_path: Path) -> None:
    _write(tmp_path, LENGTHS)
    metric = _made(tmp_path)
    rows = [("abc", ("xyz",)), ("abc", ("xy",)), ("", ())]
    assert [measure.name for measure in metric.measures] == ["evaluate.lengths"]
    assert _values(metric, *rows) == [1.0, 0.0, None]
    assert isinstance(metric, CorpusMetric)
    assert metric.corpus([Answer(*row, {}, None) for row in rows]) == {"evaluate.lengths": 0.5}
    assert metric.corpus([Answer("", (), {}, None)]) == {}


def test_a_module_that_gives_a_list_is_asked_once(tmp_path: Path) -> None:
    _write(tmp_path, EACH)
    metric = _made(tmp_path, key="each")
    assert _values(metric, ("a", ("a",)), ("b", ("a",)), ("c", ("a", "c"))) == [1.0, 0.0, 1.0]


def test_the_best_reference_counts_in_the_metrics_direction(tmp_path: Path) -> None:
    _write(tmp_path, EACH)
    assert _values(_made(tmp_path, key="each"), ("a", ("b", "a"))) == [1.0]
    assert _values(_made(tmp_path, key="each", higher_is_better=False), ("a", ("b", "a"))) == [0.0]


def test_a_module_that_takes_lists_of_references_gets_them(tmp_path: Path) -> None:
    body = 'return {"lengths": sum(p in r for p, r in zip(predictions, references)) / len(predictions)}'
    _write(tmp_path, body, references="datasets.Sequence(kind)")
    assert _values(_made(tmp_path), ("a", ("b", "a")), ("a", ("b",))) == [1.0, 0.0]


def test_texts_become_the_numbers_that_a_module_declares(tmp_path: Path) -> None:
    _write(tmp_path, EACH, kind="int32")
    metric = _made(tmp_path, key="each")
    assert _values(metric, (" 3\n", ("3",))) == [1.0]
    (row,) = score_safely(metric, [Answer("three", ("3",), {}, None)])
    assert (row[0].status, row[0].reason) == (
        "failed",
        "the module takes int32, and the answer is 'three'; let the prompt's 'output:' read the number",
    )


def test_columns_and_arguments_reach_the_module(tmp_path: Path) -> None:
    path = _write(tmp_path, 'return {"lengths": given["scale"] * (hints == ["x"])}')
    text = path.read_text().replace("references, **given", "references, hints, **given")
    path.write_text(text.replace('"references": kind', '"references": kind, "hints": kind'))
    metric = _made(tmp_path, args={"scale": 0.5}, columns={"hints": "hint"})
    assert _values(metric, ("a", ("a",))) == [0.5]


def test_a_value_out_of_range_is_failed_and_the_range_can_be_widened(tmp_path: Path) -> None:
    _write(tmp_path, LENGTHS)
    answers = [Answer("a", ("b",), {}, None)]
    assert score_safely(_made(tmp_path, args={"times": 100}), answers)[0][0].status == "failed"
    wide = _made(tmp_path, args={"times": 100}, high=None, measure="percent")
    assert score_safely(wide, answers)[0][0].value == 100.0
    assert (wide.measures[0].name, wide.measures[0].high) == ("percent", None)


def test_a_key_that_the_module_does_not_give_says_which_it_gives(tmp_path: Path) -> None:
    _write(tmp_path, EACH)
    (row,) = score_safely(_made(tmp_path, key="all"), [Answer("a", ("a",), {}, None)])
    assert row[0].status == "failed"
    assert "the module gives no 'all'; it gives: each, n; name one by 'key'" in (row[0].reason or "")


def test_a_changed_module_key_or_argument_is_another_signature(tmp_path: Path) -> None:
    _write(tmp_path, LENGTHS)
    spec = MetricSpec("evaluate", {"name": "lengths.py"}, tmp_path)
    signatures = {measures_of(spec)[0].signature}
    signatures |= {_made(tmp_path, **more).measures[0].signature for more in ({"key": "n"}, {"args": {"times": 2}})}
    _write(tmp_path, EACH)
    assert len({*signatures, measures_of(spec)[0].signature}) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"name": "none.py"},
            "metric 'evaluate': there is no module none.py beside the suite; allowed: the path of a file",
        ),
        ({"args": 3}, "metric 'evaluate': option 'args' is 3; allowed: a mapping"),
        ({"high": 0}, "metric 'evaluate': option 'high' is 0; allowed: a number above low, or null"),
    ],
)
def test_wrong_options_are_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    _write(tmp_path, LENGTHS)
    with pytest.raises(OptionError) as raised:
        _made(tmp_path, **options)
    assert str(raised.value).startswith(message)


def test_without_the_library_the_install_line_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate_module, "find_spec", lambda _name: None)
    with pytest.raises(OptionError) as raised:
        _made(tmp_path)
    assert str(raised.value) == (
        "metric 'evaluate' needs an optional part; run: pip install 'pytest-prompt-suite[evaluate]'"
    )


def test_a_hub_name_without_a_network_is_refused_before_the_run_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_args: object, **_named: object) -> None:
        raise FileNotFoundError("Couldn't find a module script. Module 'accuracy' doesn't exist on the Hub either.")

    metric: Any = create(MetricSpec("evaluate", {"name": "accuracy"}, tmp_path))
    monkeypatch.setattr("evaluate.load", unreachable)
    with pytest.raises(OptionError) as raised:
        metric.prepare([])
    assert str(raised.value) == (
        "metric 'evaluate': 'accuracy' is no file beside the suite, and the hub does not give it: FileNotFoundError: "
        "Couldn't find a module script. Module 'accuracy' doesn't exist on the Hub either.; hub modules need a network"
        ": download the module's folder where there is one, and write its path"
    )


def test_a_module_that_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    (tmp_path / "lengths.py").write_text("import evaluate\n\nno_such_name\n")
    metric: Any = _made(tmp_path)
    with pytest.raises(OptionError, match=r"lengths.py cannot be loaded: NameError: .*no_such_name.*; mend it"):
        metric.prepare([])


# -- the other way ------------------------------------------------------------------------------------------------


def test_a_metric_of_ours_computes_in_the_librarys_form() -> None:
    metric = harness.metric("rouge", types=["rouge1", "rougeL"]).as_evaluate()
    result = metric.compute(predictions=["the cat sat", "a dog"], references=["the cat sat", "two cats"])
    assert result == {"rouge1": 0.5, "rouge1.n_scored": 2, "rougeL": 0.5, "rougeL.n_scored": 2}


def test_batches_add_up_and_lists_of_references_are_taken() -> None:
    metric = harness.metric("exact_match").as_evaluate()
    metric.add_batch(predictions=["a", "b"], references=[["a", "x"], ["c", "y"]])
    metric.add_batch(predictions=["d"], references=[["d"]])
    metric.add(prediction="e", reference=["f"])
    assert metric.compute() == {"exact_match": 0.5, "exact_match.n_scored": 4}


def test_a_mean_of_nothing_is_none_and_a_corpus_value_has_its_name() -> None:
    metric = harness.metric("bleu").as_evaluate()
    assert metric.compute(predictions=["a"], references=[[]]) == {"bleu": None, "bleu.n_scored": 0}
    text = "the cat sat on the mat"
    result = metric.compute(predictions=[text], references=[text])
    assert result == {"bleu": pytest.approx(100), "bleu.n_scored": 1, "bleu.corpus": pytest.approx(100)}


def test_metrics_combine() -> None:
    both = evaluate.combine([harness.metric(name).as_evaluate() for name in ("exact_match", "contains")])
    assert both.compute(predictions=["It is Rome."], references=["Rome"]) == {
        "exact_match": 0.0,
        "exact_match.n_scored": 1,
        "contains": 1.0,
        "contains.n_scored": 1,
    }


def test_our_form_needs_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.score.as_evaluate.find_spec", lambda _name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'pytest-prompt-suite\[evaluate\]'"):
        harness.metric("f1").as_evaluate()
