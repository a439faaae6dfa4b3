"""The house rules that a linter does not know."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "harness").rglob("*.py"))
SOURCES = MODULES + sorted((ROOT / "tests").rglob("*.py")) + sorted((ROOT / "benchmarks").rglob("*.py"))
FORBIDDEN_NAMES = {"utils", "helpers", "common", "core", "types", "manager", "util", "misc"}


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=shown)
def test_file_has_at_most_400_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


def test_pipeline_is_readable_in_one_place() -> None:
    code = (ROOT / "harness" / "pipeline.py").read_text().splitlines()
    assert len(code) < 150


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_function_has_at_most_40_lines(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < 40, f"{node.name} in line {node.lineno}"


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_room_or_file_has_a_name_that_says_something(path: Path) -> None:
    assert not {path.stem, path.parent.name} & FORBIDDEN_NAMES


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_dataclass_fields_have_a_line_each(path: Path) -> None:
    if "schema" not in path.parts:
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ClassDef):
            continue
        for field, after in zip(node.body, [*node.body[1:], None], strict=True):
            if isinstance(field, ast.AnnAssign):
                documented = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
                assert documented, f"{node.name}, line {field.lineno}"


def imported_by(statement: str) -> set[str]:
    """Top-level modules loaded by a statement in a fresh interpreter, `site`'s own left out."""
    script = f"import sys; before = set(sys.modules)\n{statement}\nprint(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_entry_module_imports_only_pytest_and_the_standard_library() -> None:
    ours = imported_by("import pytest; before = set(sys.modules); import harness.plugin")
    foreign = {name for name in ours if name.partition(".")[0] not in sys.stdlib_module_names}
    assert foreign == {"harness", "harness.plugin"}


def test_importing_harness_costs_nothing() -> None:
    foreign = {name for name in imported_by("import harness") if name.partition(".")[0] not in sys.stdlib_module_names}
    assert foreign == {"harness"}


HEAVY = {"pandas", "torch", "datasets", "evaluate", "transformers", "openai", "anthropic", "litellm", "scipy.stats"}


def test_pipeline_loads_nothing_heavy() -> None:
    assert not imported_by("import harness.pipeline") & (
        HEAVY | {"pyarrow", "pydantic", "aiohttp", "sacrebleu", "xllamacpp", "rich"}
    )
