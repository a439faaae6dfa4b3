"""Forms: what their keys say of themselves holds, and odd values are mistakes at their place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.suite.document import parse
from harness.suite.explain import read_form
from harness.suite.form import Form
from harness.suite.kinds import keys_of
from harness.suite.mistakes import MistakeLog
from harness.suite.prompt_form import PromptForm
from harness.suite.suite_form import BackendsForm, SuiteForm
from harness.suite.values import flow

if TYPE_CHECKING:
    from pathlib import Path

FORMS = sorted(Form.__subclasses__(), key=lambda form: form.__name__)
KEYS = [(form, key) for form in FORMS for key in form.__struct_fields__]


def _read(form: type[Form], text: str, root: Path) -> tuple[Form | None, list[str]]:
    log = MistakeLog(root)
    read = read_form(form, parse(text, "file.yaml"), log)
    return read.form if read is not None else None, [str(mistake) for mistake in log._mistakes]


@pytest.mark.parametrize(("form", "key"), KEYS, ids=lambda each: each if isinstance(each, str) else each.__name__)
def test_every_key_is_described_and_its_examples_are_right(form: type[Form], key: str, tmp_path: Path) -> None:
    says = keys_of(form)[key].says
    assert says.description
    assert says.examples
    for example in says.examples:
        _, mistakes = _read(form, f"{key}: {flow(example)}", tmp_path)
        assert [line for line in mistakes if "is missing; it is required" not in line] == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("true", "'reference' is the truth value true; text is allowed; put it in quotes"),
        ("{a: b}", "'reference' is a mapping; text is allowed; write one value"),
        (r'"a\0"', "'reference' holds a NUL character; printable text is allowed; remove it"),
        ("[a, true]", "entry 2 of 'reference' is the truth value true; text is allowed; put it in quotes"),
    ],
)
def test_a_column_that_is_no_text_is_a_mistake_and_the_rest_is_read(text: str, told: str, tmp_path: Path) -> None:
    form, mistakes = _read(SuiteForm, f"dataset: {{path: a.jsonl, reference: {text}}}\nrepeats: 2", tmp_path)
    assert [line.partition(": ")[2] for line in mistakes] == [told]
    assert isinstance(form, SuiteForm)
    assert form.dataset is not None
    assert (form.dataset.path, form.repeats) == ("a.jsonl", 2)


def test_one_column_is_a_list_of_one_and_numbers_stay_as_written(tmp_path: Path) -> None:
    form, mistakes = _read(SuiteForm, "dataset: {reference: 1.10, ignore: [a, 0x10]}", tmp_path)
    assert mistakes == []
    assert isinstance(form, SuiteForm)
    assert form.dataset is not None
    assert (form.dataset.reference, form.dataset.ignore) == (["1.10"], ["a", "0x10"])


def test_a_whole_number_that_no_decimal_can_hold_is_a_mistake(tmp_path: Path) -> None:
    text = f"backends: [{{name: a, provider: b, timeout_s: 0x{'f' * 290}}}]"
    _, mistakes = _read(BackendsForm, text, tmp_path)
    assert [line.endswith("a number is allowed; write for example 'timeout_s: 60'") for line in mistakes] == [True]


@pytest.mark.parametrize("k", [0, 1])
def test_a_bound_is_included(k: int, tmp_path: Path) -> None:
    form, mistakes = _read(PromptForm, f"techniques: {{examples: {{k: {k}}}}}", tmp_path)
    assert mistakes == []
    assert isinstance(form, PromptForm)
    assert form.techniques.examples is not None
    assert form.techniques.examples.k == k


def test_a_bound_that_is_not_included_is_a_mistake(tmp_path: Path) -> None:
    _, mistakes = _read(BackendsForm, "backends: [{name: a, provider: b, timeout_s: 0}]", tmp_path)
    assert mistakes == [
        "file.yaml:1:46: 'timeout_s' is the number 0; more than 0 is allowed; write for example 'timeout_s: 60'"
    ]


def test_numbers_are_plain_where_numbers_are_wanted(tmp_path: Path) -> None:
    text = "repeats: 3\nbackends: [{name: a, provider: b, timeout_s: 60, params: {seed: 1, top_p: [0.5]}}]"
    form, _ = _read(SuiteForm, text, tmp_path)
    assert isinstance(form, SuiteForm)
    assert form.backends is not None
    backend: Any = form.backends[0]
    values = [form.repeats, backend.timeout_s, backend.params["seed"], backend.params["top_p"][0]]
    assert [type(value) for value in values] == [int, float, int, float]


def test_forms_of_two_files_share_no_default(tmp_path: Path) -> None:
    first, _ = _read(SuiteForm, "repeats: 1", tmp_path)
    second, _ = _read(SuiteForm, "repeats: 1", tmp_path)
    assert isinstance(first, SuiteForm)
    assert isinstance(second, SuiteForm)
    first.metrics.append("exact_match")
    assert second.metrics == []
