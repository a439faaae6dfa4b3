"""HumanEval and MBPP: reference solutions pass, changed ones fail, recorded completions get the recorded verdict."""

from __future__ import annotations

import ast
import gzip
import json
import shutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.schema import Answer
from harness.score.code import Code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.schema import Score

DATA = Path(__file__).parent / "data"
DEFECTIVE = {"MBPP/56"}
"""Upstream's record is wrong: see SOURCE.md."""

pytestmark = pytest.mark.skipif(
    shutil.which("bwrap") is None, reason="bubblewrap is not installed; run: apt-get install bubblewrap util-linux"
)


def rows(name: str) -> list[dict[str, Any]]:
    path = DATA / name
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text("utf-8")
    return [json.loads(line) for line in text.splitlines() if line.strip()]


HUMANEVAL = rows("humaneval/HumanEval.jsonl.gz")
MBPP = [row for row in rows("mbpp/mbpp_test60.jsonl") if row["task_id"] not in DEFECTIVE]


def scores(form: str, pairs: Sequence[tuple[dict[str, Any], str]], timeout_s: float = 20.0) -> dict[str, list[Score]]:
    metric = Code({"form": form, "timeout_s": timeout_s})
    found = metric.score([Answer(output, (), row, None) for row, output in pairs])
    return {measure.name: [row[place] for row in found] for place, measure in enumerate(metric.measures)}


def verdicts(form: str, pairs: Sequence[tuple[dict[str, Any], str]]) -> dict[str, float | None]:
    """By task, whether the tests pass."""
    found = scores(form, pairs)["passes_tests"]
    return {row["task_id"]: score.value for (row, _), score in zip(pairs, found, strict=True)}


def as_mbpp(row: dict[str, Any]) -> dict[str, Any]:
    """The sample as Google's file has it: a list of assertions that call the function by its name."""
    body = next(node for node in ast.parse(row["test"]).body if isinstance(node, ast.FunctionDef))
    return {"task_id": row["task_id"], "test_list": [ast.unparse(node) for node in body.body], "test_setup_code": ""}


class Wrong(ast.NodeTransformer):
    """Returns something else, wherever something is returned."""

    def visit_Return(self, node: ast.Return) -> ast.Return:
        return ast.Return(ast.Tuple([node.value or ast.Constant(None), ast.Constant("wrong")], ast.Load()))


def changed(program: str) -> str:
    with warnings.catch_warnings(action="ignore"):  # some solutions hold invalid escape sequences
        return ast.unparse(ast.fix_missing_locations(Wrong().visit(ast.parse(program))))


def test_every_canonical_solution_passes_as_a_body() -> None:
    found = verdicts("humaneval", [(row, row["canonical_solution"]) for row in HUMANEVAL])
    assert len(found) == 164
    assert [task for task, value in found.items() if value != 1] == []


def test_every_canonical_solution_passes_as_a_program_in_a_fence() -> None:
    answers = [
        (row, f"Sure!\n\n```python\n{row['prompt']}{row['canonical_solution']}\n```\nDone.") for row in HUMANEVAL
    ]
    assert [task for task, value in verdicts("humaneval", answers).items() if value != 1] == []


def test_every_canonical_solution_passes_when_white_space_is_stripped_around_it() -> None:
    found = verdicts("humaneval", [(row, row["canonical_solution"].strip()) for row in HUMANEVAL])
    assert [task for task, value in found.items() if value != 1] == []


def test_every_changed_solution_fails() -> None:
    programs = [(row, changed(row["prompt"] + row["canonical_solution"])) for row in HUMANEVAL]
    assert [task for task, value in verdicts("humaneval", programs).items() if value != 0] == []


def test_six_recorded_completions_get_the_recorded_verdict() -> None:
    (problem,) = rows("humaneval/example_problem.jsonl")
    completions = [row["completion"] for row in rows("humaneval/example_samples.jsonl")]
    found = scores("humaneval", [(problem, completion) for completion in completions], timeout_s=3.0)
    assert [score.value for score in found["passes_tests"]] == [0, 0, 0, 1, 1, 1]
    assert found["passes_tests"][1].reason == "it took longer than 3 s"


def test_reference_solutions_of_mbpp_pass_and_changed_ones_fail() -> None:
    right = verdicts("mbpp", [(as_mbpp(row), row["canonical_solution"]) for row in MBPP])
    wrong = verdicts("mbpp", [(as_mbpp(row), changed(row["canonical_solution"])) for row in MBPP])
    assert len(right) == 59
    assert [task for task, value in right.items() if value != 1] == []
    assert [task for task, value in wrong.items() if value != 0] == []
