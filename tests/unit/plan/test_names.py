from __future__ import annotations

import pytest

from harness.plan import gate_name, item_name
from harness.schema import GateSpec, Sample, Trial


def trial(sample_id: str, repeat: int = 1, variant: str = "few_shot@1.1") -> Trial:
    sample = Sample(sample_id, {}, (), None, (), "d.jsonl:1")
    return Trial("0", "s", variant, "smollm2", sample, repeat, ())


@pytest.mark.parametrize(
    ("sample_id", "repeat", "expected"),
    [
        ("fb003", 1, "few_shot@1.1[smollm2-fb003]"),
        ("fb003", 2, "few_shot@1.1[smollm2-fb003-r2]"),
        ("two\nlines", 1, "few_shot@1.1[smollm2-two\\nlines]"),
        ("red\x1b[31m", 1, "few_shot@1.1[smollm2-red\\x1b[31m]"),
        ("a::b", 1, "few_shot@1.1[smollm2-a:\\x3ab]"),
        ("née", 1, "few_shot@1.1[smollm2-née]"),
        ("\u202eevil", 1, "few_shot@1.1[smollm2-\\u202eevil]"),
    ],
)
def test_item_name_is_one_printable_line(sample_id: str, repeat: int, expected: str) -> None:
    assert item_name(trial(sample_id, repeat)) == expected


def test_gate_name_holds_condition_variant_and_backend() -> None:
    gate = GateSpec("exact_match.mean >= 0.60", "exact_match", "mean", ">=", 0.6)
    assert gate_name(gate, "few_shot", "smollm2") == "gate[exact_match.mean>=0.60-few_shot-smollm2]"
