from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.plan import plan_gates
from harness.schema import BackendSpec, GateSpec, OutputSpec, PromptVersion, Techniques, Variant
from tests.builders import make_suite

if TYPE_CHECKING:
    from harness.schema import Suite

GATE = GateSpec("error_rate <= 0", None, "error_rate", "<=", 0.0)


def prompt(name: str, version: str) -> PromptVersion:
    return PromptVersion(name, version, f"{name}/v{version}.yaml", (), {}, (), Techniques(), OutputSpec(), "0")


def suite(*gates: GateSpec) -> Suite:
    variants = (Variant("few_shot", prompt("few_shot", "1.1")), Variant("few_shot@1.0", prompt("few_shot", "1.0")))
    backends = tuple(BackendSpec(name, "callable", "", {}, Path()) for name in ("small", "large"))
    return make_suite(variants=variants, backends=backends, gates=gates)


def test_gate_without_a_scope_is_judged_over_every_cell_by_backend_then_variant() -> None:
    assert list(plan_gates(suite(GATE))) == [
        (GATE, ("s", "few_shot", "small")),
        (GATE, ("s", "few_shot@1.0", "small")),
        (GATE, ("s", "few_shot", "large")),
        (GATE, ("s", "few_shot@1.0", "large")),
    ]


@pytest.mark.parametrize(
    ("variants", "backends", "cells"),
    [
        (("few_shot",), None, [("s", "few_shot", "small"), ("s", "few_shot", "large")]),
        (None, ("large",), [("s", "few_shot", "large"), ("s", "few_shot@1.0", "large")]),
        (("few_shot@1.0",), ("small",), [("s", "few_shot@1.0", "small")]),
        ((), None, []),
    ],
)
def test_scope_names_variants_and_not_the_prompts_behind_them(
    *, variants: tuple[str, ...] | None, backends: tuple[str, ...] | None, cells: list[tuple[str, str, str]]
) -> None:
    gate = GateSpec("error_rate <= 0", None, "error_rate", "<=", 0.0, variants=variants, backends=backends)
    assert list(plan_gates(suite(gate))) == [(gate, cell) for cell in cells]
