"""One run as two sides."""

from __future__ import annotations

import re
from typing import Any

import pytest
from msgspec.structs import replace

from harness.comparison import compare, two_backends, two_variants
from harness.errors import UsageError
from tests.unit.comparison.test_compare import one, rows, side

RUN = replace(
    side([1]),
    ref="run-1",
    cells={
        ("zero_shot", "smollm2"): rows([0, 0, 1]),
        ("few_shot", "smollm2"): rows([1, 1, 1]),
        ("few_shot", "larger"): rows([1, 0, 0]),
    },
    prompts={
        "zero_shot": {"prompt": "zero_shot", "version": "1.0", "hash": "z"},
        "few_shot": {"prompt": "few_shot", "version": "1.0", "hash": "f"},
    },
    backends={"smollm2": {"provider": "llamacpp", "model": "s"}, "larger": {"provider": "openai", "model": "l"}},
)


def test_variants_are_paired_by_backend_and_sample() -> None:
    (found,) = compare([two_variants(RUN, "zero_shot", "few_shot")])
    assert (found.baseline, found.current) == ("zero_shot of run-1", "few_shot of run-1")
    paired = [row for row in found.rows if row.metric == "exact_match"]
    assert [(row.variant, row.backend, row.n_paired, row.n_up) for row in paired] == [("few_shot", "smollm2", 3, 2)]
    assert [change.kind for change in found.changes] == ["cell new", "prompt changed"]


def test_backends_are_paired_by_variant_and_sample() -> None:
    (found,) = compare([two_backends(RUN, "smollm2", "larger")])
    assert (one(found).variant, one(found).backend, one(found).n_down) == ("few_shot", "larger", 2)


def test_exchanged_variants_mirror_the_difference() -> None:
    (there,) = compare([two_variants(RUN, "zero_shot", "few_shot")])
    (back,) = compare([two_variants(RUN, "few_shot", "zero_shot")])
    (gain,) = [row.difference for row in there.rows if row.metric == "exact_match"]
    (loss,) = [row.difference for row in back.rows if row.metric == "exact_match"]
    assert gain == pytest.approx(2 / 3)
    assert loss == pytest.approx(-2 / 3)


@pytest.mark.parametrize(
    ("within", "kind", "known", "wrong", "meant"),
    [
        (two_variants, "variant", "zero_shot, few_shot", "fewshot", "few_shot"),
        (two_backends, "backend", "smollm2, larger", "smolm2", "smollm2"),
    ],
)
def test_unknown_name_is_refused_with_what_there_is(
    within: Any, kind: str, known: str, *, wrong: str, meant: str
) -> None:
    text = f"run-1: it has no {kind} '{wrong}'; available: {known}. Did you mean '{meant}'?"
    with pytest.raises(UsageError, match=f"^{re.escape(text)}$"):
        within(RUN, wrong, wrong)
