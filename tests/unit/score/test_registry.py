from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from harness.errors import OptionError
from harness.schema import Answer, MetricSpec
from harness.score import create, measures_of, metric_names, needs_references, registry

ALL = (
    "bertscore, bleu, cached_input_tokens, chrf, code, contains, cost_usd, evaluate, exact_match, f1, field_accuracy, "
    "input_tokens, json_schema, json_valid, judge, latency_s, meteor, output_tokens, preamble_free, prefer, regex, "
    "rouge, "
    "semantic_similarity, ter, xml_valid"
)


def _message(name: str) -> str:
    with pytest.raises(OptionError) as raised:
        create(MetricSpec(name, {}, Path()))
    assert raised.value.key is None
    return str(raised.value)


def test_names_are_sorted() -> None:
    assert ", ".join(metric_names()) == ALL


def test_a_misspelt_metric_gets_a_suggestion() -> None:
    assert _message("rogue") == f"metric 'rogue' is unknown; available: {ALL}. Did you mean 'rouge'?"


def test_a_metric_like_no_other_gets_the_names_alone() -> None:
    assert _message("zzz") == f"metric 'zzz' is unknown; available: {ALL}."


@pytest.mark.parametrize("name", ["judge.accuracy", "leak", "refusal"])
def test_a_metric_of_a_later_part_is_not_called_unknown(name: str) -> None:
    assert _message(name) == f"metric '{name}' is not available in this version; available: {ALL}"


@pytest.mark.parametrize(
    ("name", "needs"), [("exact_match", True), ("rouge", True), ("json_valid", False), ("cost_usd", False)]
)
def test_a_metric_says_whether_it_needs_references(name: str, *, needs: bool) -> None:
    assert needs_references(MetricSpec(name, {}, Path())) is needs


def test_measures_come_without_importing_what_computes_them() -> None:
    program = (
        "import sys; from importlib.util import find_spec; from pathlib import Path\n"
        "from harness.schema import MetricSpec; from harness import score\n"
        "for name in score.metric_names():\n"
        "    if name == 'evaluate' and find_spec(name) is None: continue\n"
        "    options = score.registry.EXAMPLES.get(name, {})\n"
        "    assert score.measures_of(MetricSpec(name, options, Path()))\n"
        "print([m for m in ('sacrebleu', 'nltk', 'rouge_score_rs', 'numpy', 'pandas', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_package_offers_a_metric_by_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "offered_metrics.py").write_text("def shouts(output):\n    return output.isupper()\n")
    monkeypatch.syspath_prepend(tmp_path)
    points = EntryPoints([EntryPoint("loud", "offered_metrics:shouts", registry.ENTRY_POINTS)])
    monkeypatch.setattr(registry, "entry_points", lambda **_: points)
    spec = MetricSpec("loud", {}, Path())
    assert measures_of(spec)[0].name == "loud"
    assert create(spec).score([Answer("HEY", (), {}, None)])[0][0].value == 1.0
    assert "loud" in metric_names()


def test_an_entry_point_that_cannot_be_loaded_is_an_option_error(monkeypatch: pytest.MonkeyPatch) -> None:
    points = EntryPoints([EntryPoint("loud", "no_such_module_at_all:shouts", registry.ENTRY_POINTS)])
    monkeypatch.setattr(registry, "entry_points", lambda **_: points)
    assert _message("loud") == (
        "metric 'loud': no_such_module_at_all:shouts cannot be loaded: "
        "ModuleNotFoundError: No module named 'no_such_module_at_all'; mend the package that offers it"
    )
