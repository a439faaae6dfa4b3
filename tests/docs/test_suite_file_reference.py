"""The page about suite files speaks of every key, aggregate and provider, and its examples are suite files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from harness.backends.registry import PROVIDERS
from harness.schema import Operator
from harness.suite.conditions import AGGREGATES
from harness.suite.document import parse
from harness.suite.explain import read_form
from harness.suite.kinds import keys_of
from harness.suite.mistakes import MistakeLog
from harness.suite.prompt_form import TechniquesForm
from harness.suite.rollout_form import RolloutForm, RolloutMetricForm, RolloutStageForm
from harness.suite.suite_form import (
    BackendForm,
    DatasetForm,
    EvaluateForm,
    GateForm,
    PriceForm,
    QuarantineForm,
    RegressionForm,
    RegressionGateForm,
    SuiteForm,
    VariantForm,
)
from harness.suite.target_form import ProductionForm

if TYPE_CHECKING:
    from harness.suite.form import Form

PAGE = (Path(__file__).parents[2] / "docs/reference/suite-file.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
FORMS: tuple[type[Form], ...] = (
    SuiteForm,
    DatasetForm,
    VariantForm,
    BackendForm,
    PriceForm,
    GateForm,
    RegressionGateForm,
    RegressionForm,
    QuarantineForm,
    EvaluateForm,
    ProductionForm,
    RolloutForm,
    RolloutStageForm,
    RolloutMetricForm,
)


@pytest.mark.parametrize("form", FORMS)
def test_every_key_is_described_and_shown(form: type[Form]) -> None:
    for key in form.__struct_fields__:
        assert f"`{key}`" in PAGE, key
        assert any(re.search(rf"\b{key}:", example) for example in EXAMPLES), key


def test_every_key_says_its_default_or_that_it_is_required() -> None:
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|([^|]*)\| ", PAGE, re.MULTILINE)
    said: dict[str, set[str]] = {}
    for keys, default in rows:
        assert default.strip(), f"{keys}: a default that is left empty says neither"
        for key in re.findall(r"`(\w+)`", keys):
            said.setdefault(key, set()).add(default.strip())
    needed = {key for form in FORMS for key, about in keys_of(form).items() if about.is_required}
    assert {"reason", "until", "sample"} <= needed
    in_tables = {key for key in needed if key in said}
    assert {key for key, defaults in said.items() if "required" in defaults} == in_tables


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_has_the_form_of_a_suite_file(example: str, tmp_path: Path) -> None:
    log = MistakeLog(tmp_path)
    assert read_form(SuiteForm, parse(example, "suite.yaml"), log) is not None
    assert len(log) == 0


def test_every_aggregate_operator_and_provider_is_named() -> None:
    for name in (*AGGREGATES, *PROVIDERS):
        assert f"`{name}`" in PAGE, name
    assert "`<= >= < > == !=`" in PAGE
    assert set(get_args(Operator)) == {"<=", ">=", "<", ">", "==", "!="}


def test_keys_of_later_versions_are_those_that_are_refused() -> None:
    section = PAGE.partition("## Keys of later versions")[2]
    refused = {
        key for form in (SuiteForm, GateForm, TechniquesForm) for key, text in form.refused.items() if "later" in text
    }
    assert set(re.findall(r"`(\w+)`", section)) == refused
