"""Whatever the files hold, the loader answers with a suite or with mistakes."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import FilesError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.suite.conftest import Project

SUITE = "suites/demo/suite.yaml"
PROMPT = "suites/demo/prompts/few_shot/v1.0.yaml"
BACKENDS = "suites/backends.yaml"
SUFFIXES = ("jsonl", "json", "csv", "tsv", "yaml", "parquet")
KEYS = [
    "name", "dataset", "path", "hub", "id", "reference", "group", "limit", "seed", "ignore", "prompts", "prompt",
    "techniques", "examples", "chain_of_thought", "backends", "provider", "params", "price", "metrics", "rouge",
    "checks", "gates", "gate", "variants", "regression", "repeats", "inputs", "template", "messages", "role", "content",
    "metadata", "version", "labels", "performance_baseline", "output", "regex", "json_schema", "k", "select", "text",
]  # fmt: skip
WORDS = [
    "zero_shot", "few_shot@1.0", "few_shot@prod-a", "../few_shot", "smollm2", "exact_match", "exact_match.mean >= 0.6",
    "json_valid", "../../datasets/demo.jsonl", "label", "str", "{{ text }}", "{{", "1.2s", "(", "all", "\ud7ff", "",
]  # fmt: skip

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS) | st.text(max_size=8)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=12,
)
forms = st.dictionaries(st.sampled_from(KEYS), values, min_size=1, max_size=8)


@pytest.fixture(scope="module")
def shared(make_project: Callable[[], Project]) -> Project:
    project = make_project()
    project.suite(
        "dataset: {path: ../../datasets/demo.jsonl, reference: label}\nprompts: [few_shot, zero_shot]\n"
        "backends: [smollm2]\nmetrics: [exact_match]\n"
    )
    return project


def _load_changed(project: Project, path: str, content: bytes) -> None:
    full = project.root / path
    before = full.read_bytes() if full.exists() else None
    project.write(path, content)
    try:
        with contextlib.suppress(FilesError):
            project.load()
    finally:
        full.write_bytes(before) if before is not None else full.unlink()


def _yaml(value: Any) -> bytes:
    return yaml.safe_dump(value, allow_unicode=True).encode()


@settings(deadline=None, max_examples=60)
@given(content=st.binary(max_size=60))
@pytest.mark.parametrize("path", [SUITE, PROMPT, BACKENDS, "datasets/demo.jsonl"])
def test_random_bytes_are_mistakes(shared: Project, path: str, content: bytes) -> None:
    _load_changed(shared, path, content)


@settings(deadline=None, max_examples=60)
@given(content=st.text(alphabet="{}[]:,-?&*!|>'\"%@`#\t\n ab1.~<", max_size=40))
@pytest.mark.parametrize("path", [SUITE, PROMPT])
def test_random_punctuation_is_mistakes(shared: Project, path: str, content: str) -> None:
    _load_changed(shared, path, content.encode())


@settings(deadline=None, max_examples=120)
@given(value=forms)
@pytest.mark.parametrize("path", [SUITE, PROMPT, BACKENDS])
def test_random_forms_are_mistakes(shared: Project, path: str, value: dict[str, Any]) -> None:
    _load_changed(shared, path, _yaml(value))


@settings(deadline=None, max_examples=80)
@given(key=st.sampled_from(["prompts", "backends", "metrics", "checks", "gates", "repeats", "name"]), value=values)
def test_one_random_part_of_a_right_suite_is_a_mistake_at_most(shared: Project, key: str, value: Any) -> None:
    right: dict[str, Any] = yaml.safe_load((shared.root / SUITE).read_text(encoding="utf-8"))
    _load_changed(shared, SUITE, _yaml({**right, key: value}))


@settings(deadline=None, max_examples=80)
@given(key=st.sampled_from(["metadata", "inputs", "messages", "techniques", "output", "template"]), value=values)
def test_one_random_part_of_a_right_prompt_is_a_mistake_at_most(shared: Project, key: str, value: Any) -> None:
    right: dict[str, Any] = yaml.safe_load((shared.root / PROMPT).read_text(encoding="utf-8"))
    _load_changed(shared, PROMPT, _yaml({**right, key: value}))


@settings(deadline=None, max_examples=40)
@given(content=st.binary(max_size=60) | st.text(alphabet='{}[]:,"\\ud8\n1e9-', max_size=40).map(str.encode))
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_random_datasets_are_mistakes(make_project: Callable[[], Project], suffix: str, content: bytes) -> None:
    project = make_project()
    project.rows(content, f"random.{suffix}")
    with contextlib.suppress(FilesError):
        project.load()


@settings(deadline=None, max_examples=60)
@given(rows=st.lists(st.dictionaries(st.sampled_from(["id", "text", "label", "tags"]), values, max_size=4), max_size=4))
def test_random_rows_are_mistakes(make_project: Callable[[], Project], rows: list[dict[str, Any]]) -> None:
    project = make_project()
    project.rows(_yaml(rows), "random.yaml")
    with contextlib.suppress(FilesError):
        project.load()
