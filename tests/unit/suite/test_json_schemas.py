"""The schemas for editors accept what the loader accepts, and reject typos."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

import harness.suite
from harness.suite import prompt_schema, suite_schema

STARTER = Path(harness.suite.__file__).parent / "starter_files"
SHIPPED = Path(__file__).parents[3] / "suites"
FOLDERS = [folder for folder in (STARTER, SHIPPED) if folder.is_dir()]
SUITES = sorted(path for folder in FOLDERS for path in folder.rglob("suite.yaml"))
PROMPTS = sorted(path for folder in FOLDERS for path in folder.rglob("prompts/*/v*.yaml"))

FULL_SUITE = """
name: feedback
description: Classify customer feedback.
dataset: {path: a.jsonl, id: id, reference: [label], group: customer, limit: 60, seed: 0, ignore: all}
prompts:
  - zero_shot
  - {prompt: few_shot@1.1, name: few_shot_similar, techniques: {examples: {select: similar, k: 3}}}
backends:
  - smollm2
  - {name: local, provider: openai, model: m, base_url: 'http://127.0.0.1/v1', api_key_env: KEY, max_concurrency: 50,
     requests_per_minute: 500, tokens_per_minute: 200000, timeout_s: 60, connect_timeout_s: 5, read_timeout_s: 30,
     params: {temperature: 0}, price: {input: 0.15, output: 0.60, cached_input: 0.075}}
  - {name: recorded, provider: replay, column: answer}
  - {name: app, provider: callable, function: 'app.py:answer'}
repeats: 1
metrics: [exact_match, {rouge: {stemmer: true}}]
checks: ["latency_s <= 30", "json_valid"]
gates: ["error_rate <= 0.01", {gate: "exact_match.mean >= 0.60", variants: [few_shot], backends: [smollm2]}]
targets: {production: {quality: exact_match, quality_share: 0.8, cost_usd: null, variants: [few_shot]}}
"""
FULL_PROMPT = """
metadata:
  version: "1.1"
  created: "2026-11-22"
  author: team-ai
  labels: [prod-a]
  performance_baseline: {exact_match: 0.62, latency_p95: 1.2s, cost_per_1k: 0.03}
inputs: {text: str}
system: You classify customer feedback.
template: "Classify: {{ text }}"
techniques:
  examples: {path: examples.jsonl, select: balanced, k: 3, answer: label, seed: 0}
  chain_of_thought: {instruction: Think., answer_prefix: "Answer:"}
output: {regex: "(a|b)", json_schema: {type: object}, strip_fences: true, last_line: true}
"""


def _errors(schema: dict[str, Any], value: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(schema).iter_errors(value)]


@pytest.mark.parametrize("schema", [suite_schema(), prompt_schema()], ids=["suite", "prompt"])
def test_the_schema_is_a_schema(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_a_file_with_every_key_is_valid() -> None:
    assert _errors(suite_schema(), yaml.safe_load(FULL_SUITE)) == []
    assert _errors(prompt_schema(), yaml.safe_load(FULL_PROMPT)) == []


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.parent.name)
def test_shipped_suites_are_valid(path: Path) -> None:
    assert _errors(suite_schema(), yaml.safe_load(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("path", PROMPTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_shipped_prompts_are_valid(path: Path) -> None:
    assert _errors(prompt_schema(), yaml.safe_load(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("metrics:", "metrcs:"),
        ("reference:", "refrence:"),
        ("select: similar", "select: similr"),
        ("provider: openai", "provder: openai"),
        ("repeats: 1", "repeats: 0"),
        ("limit: 60", "limit: many"),
        ("dataset:", "data:"),
        ("quality_share: 0.8", "quality_share: 80"),
        ("targets: {production:", "targets: {prod:"),
    ],
)
def test_a_mistake_in_a_suite_is_rejected(right: str, wrong: str) -> None:
    assert right in FULL_SUITE
    assert _errors(suite_schema(), yaml.safe_load(FULL_SUITE.replace(right, wrong))) != []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("inputs:", "input:"), ("text: str", "text: string"), ("last_line: true", "last_line: 1"), ("k: 3", "k: -1")],
)
def test_a_mistake_in_a_prompt_is_rejected(right: str, wrong: str) -> None:
    assert right in FULL_PROMPT
    assert _errors(prompt_schema(), yaml.safe_load(FULL_PROMPT.replace(right, wrong))) != []


@pytest.mark.parametrize("schema", [suite_schema(), prompt_schema()], ids=["suite", "prompt"])
def test_every_key_is_described(schema: dict[str, Any]) -> None:
    forms = [schema, *schema["$defs"].values()]
    undescribed = [key for form in forms for key, field in form["properties"].items() if "description" not in field]
    assert undescribed == []
