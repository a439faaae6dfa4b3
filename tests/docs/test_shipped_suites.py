"""What ships as suites and datasets is whole: sources named, metadata given, no example among the test rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.suite.document import parse

if TYPE_CHECKING:
    from typing import Any

ROOT = Path(__file__).parents[2]
DATASETS = sorted(ROOT.glob("datasets/*.jsonl"))
SUITES = sorted(ROOT.glob("suites/*/suite.yaml"))
PROMPTS = sorted(ROOT.glob("suites/*/prompts/*/v*.yaml"))
EXAMPLES = sorted(ROOT.glob("suites/*/prompts/*/examples.jsonl"))


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_is_something_to_look_at() -> None:
    assert [path.stem for path in DATASETS] == [
        "answers",
        "code_generation",
        "dialogue",
        "dialogue_ratings",
        "extraction",
        "feedback",
        "summaries",
    ]
    assert [path.parent.name for path in SUITES] == [
        "answers",
        "code_generation",
        "extraction",
        "feedback",
        "judged_answers",
        "summaries",
    ]
    assert len(EXAMPLES) == 4


@pytest.mark.parametrize("path", DATASETS, ids=_name)
def test_each_dataset_says_where_it_comes_from(path: Path) -> None:
    source = path.with_name(f"{path.stem}.SOURCE.md").read_text("utf-8")
    for word in ("**Source**", "commit", "**Licence**", "**Changed**", "**Known flaws**"):
        assert word in source, word


@pytest.mark.parametrize("path", EXAMPLES, ids=_name)
def test_no_example_is_a_row_of_the_dataset(path: Path) -> None:
    suite = path.parents[2].name
    first = {"answers": "email", "summaries": "article"}.get(suite, "text")
    tested = {row[first].casefold() for row in _rows(ROOT / f"datasets/{suite}.jsonl")}
    assert tested
    assert not tested & {row[first].casefold() for row in _rows(path)}


@pytest.mark.parametrize("path", PROMPTS, ids=_name)
def test_each_prompt_says_who_made_it_when_and_under_which_label(path: Path) -> None:
    metadata = parse(path.read_text("utf-8"), "prompt").value["metadata"]
    assert {"version", "created", "author", "labels"} <= set(metadata)
    assert path.name == f"v{metadata['version']}.yaml"


@pytest.mark.parametrize("path", SUITES, ids=_name)
def test_each_suite_gates_quality_errors_and_latency(path: Path) -> None:
    gates = parse(path.read_text("utf-8"), "suite").value["gates"]
    texts = [gate if isinstance(gate, str) else gate.get("gate", "regression") for gate in gates]
    assert "error_rate <= 0" in texts
    assert any(text.startswith("latency_s.p95 ") for text in texts)
    assert any(".mean >= " in text for text in texts)
