"""Every metric has a card that says what the code does."""

from __future__ import annotations

import doctest
import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.schema import MetricSpec
from harness.score import create, metric_names
from harness.score.registry import EXAMPLES

if TYPE_CHECKING:
    from harness.score import Metric

CARDS = Path(__file__).parents[2] / "docs/reference/metrics"
FIXED_LINES = ("Range", "Higher is better", "Empty input", "Source", "Deviations")
SECTIONS = ("Options", "When to use it", "Empty input", "Source", "Signature", "Example")
each_metric = pytest.mark.parametrize("name", metric_names())


def _metric(name: str) -> Metric:
    if name == "evaluate" and find_spec("evaluate") is None:
        pytest.skip("the extra [evaluate] is not installed")
    return create(MetricSpec(name, EXAMPLES.get(name, {}), Path()))


def _card(name: str) -> str:
    return (CARDS / f"{name}.md").read_text("utf-8")


@each_metric
def test_the_docstring_has_the_five_fixed_lines(name: str) -> None:
    found = re.findall(r"^    ([A-Z][a-z ]+): \S", type(_metric(name)).__doc__ or "", flags=re.MULTILINE)
    assert tuple(found) == FIXED_LINES


@each_metric
def test_the_card_has_every_section(name: str) -> None:
    assert tuple(re.findall(r"^## (.+)$", _card(name), flags=re.MULTILINE)) == SECTIONS


@each_metric
def test_the_card_gives_range_direction_and_measures(name: str) -> None:
    metric, card = _metric(name), _card(name)
    first = metric.measures[0]
    assert f"| Measures | {', '.join(f'`{measure.name}`' for measure in metric.measures)} |" in card
    assert f"| Range | {first.low:g} to {'unbounded' if first.high is None else f'{first.high:g}'}" in card
    assert f"| Higher is better | {'yes' if first.higher_is_better else 'no'} |" in card
    assert f"| Needs references | {'yes' if metric.needs_references else 'no'}" in card


@each_metric
def test_the_card_gives_the_options_and_no_others(name: str) -> None:
    options: Any = getattr(type(_metric(name)), "OPTIONS", ())
    section = _card(name).split("## Options")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE) == [option.name for option in options]
    for option in options:
        assert option.meaning in section


@each_metric
def test_the_card_gives_the_signature(name: str) -> None:
    for measure in _metric(name).measures:
        assert re.sub(r"-\d[\d.]*$|(?<=onnxruntime|.tokenizers)-\d[\d.]*", "-VERSION", measure.signature) in _card(name)


@pytest.mark.parametrize("name", [*metric_names(), "index"])
def test_the_examples_run(name: str) -> None:
    if name != "index":
        _metric(name)
    found = doctest.DocTestParser().get_doctest(_card(name).replace("\n```", "\n\n```"), {}, name, f"{name}.md", 0)
    assert found.examples
    runner = doctest.DocTestRunner(verbose=False)
    output: list[str] = []
    runner.run(found, out=output.append)
    assert not output, "".join(output)


def test_the_index_leads_to_every_card_and_there_are_no_others() -> None:
    linked = re.findall(r"^\| \[(\w+)\]\(\1\.md\)", _card("index"), flags=re.MULTILINE)
    assert sorted(linked) == list(metric_names())
    assert sorted(path.stem for path in CARDS.glob("*.md")) == sorted([*linked, "index"])
