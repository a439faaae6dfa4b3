"""The page about prompt files speaks of every key, filter and limit, and its examples are prompt files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.prompt import check_template, limits, sizes
from harness.prompt.allowed import DATE_ATTRIBUTES, STR_ATTRIBUTES
from harness.prompt.environment import PromptEnvironment
from harness.suite.mistakes import MistakeLog
from harness.suite.prompt_file import read_version
from harness.suite.prompt_form import ChainOfThoughtForm, ExamplesForm, MetadataForm, OutputForm, PromptForm

if TYPE_CHECKING:
    from harness.suite.form import Form

PAGE = (Path(__file__).parents[2] / "docs/reference/prompt-file.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("form", [PromptForm, MetadataForm, ExamplesForm, ChainOfThoughtForm, OutputForm])
def test_every_key_is_described_and_shown(form: type[Form]) -> None:
    for key in form.__struct_fields__:
        assert f"`{key}" in PAGE, key
        assert any(re.search(rf"\b{key}:", example) for example in EXAMPLES), key


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_prompt_file_with_sound_templates(example: str, tmp_path: Path) -> None:
    path = tmp_path / "v1.1.yaml"
    path.write_text(example)
    log = MistakeLog(tmp_path)
    file = read_version("few_shot", "1.1", path, log=log)
    assert file is not None
    assert len(log) == 0
    form = file.form
    texts = [form.system, form.template, *(message.content for message in form.messages or [])]
    for text in texts:
        assert check_template(text or "", list(form.inputs)) == []


def test_filters_tests_functions_and_attributes_are_those_there_are() -> None:
    environment = PromptEnvironment()
    parts: list[tuple[str, set[str]]] = [
        ("Filters", {name for name in environment.filters if name.isidentifier()}),
        ("Tests", {name for name in environment.tests if name.isidentifier()}),
        ("Functions", set(environment.globals)),
    ]
    for title, names in parts:
        listed = PAGE.partition(f"**{title}**: ")[2].partition(".")[0]
        assert set(re.sub(r"\(.*?\)", "", listed).replace("\n", " ").replace(" ", "").split(",")) == names
    attributes = " ".join(PAGE.partition("**Attributes**: ")[2].partition("\n\n")[0].split())
    for kind, known in (("of a text ", STR_ATTRIBUTES), ("of a date ", DATE_ATTRIBUTES)):
        listed = attributes.partition(kind)[2].partition(";")[0].rstrip(".")
        assert set(listed.split(", ")) == known


def test_limits_are_the_programs() -> None:
    for number in (
        limits.MAX_STEPS,
        limits.MAX_SIZE,
        limits.MAX_ITEMS,
        limits.MAX_DEPTH,
        sizes.MAX_NUMBER,
        int(limits.MAX_SECONDS),
        len(str(2**limits.MAX_BITS)) - 1,
    ):
        assert re.search(rf"\| {number:,} \|", PAGE), number
