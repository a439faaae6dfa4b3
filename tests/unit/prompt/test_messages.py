from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from harness.errors import FilesError
from harness.prompt import all_messages
from harness.schema import Sample
from tests.builders import make_suite

if TYPE_CHECKING:
    from harness.schema import Suite, Variant
    from tests.unit.prompt.conftest import MakeVariant


def suite(variants: list[Variant], texts: list[str | None]) -> Suite:
    samples = tuple(
        Sample(f"s{number}", {"text": text} if text is not None else {}, (), None, (), f"rows.jsonl:{number}")
        for number, text in enumerate(texts, start=1)
    )
    return make_suite(samples=samples, variants=tuple(variants))


def test_every_sample_of_every_variant_is_rendered(make_variant: MakeVariant) -> None:
    plain, loud = make_variant(("user", "{{ text }}")), make_variant(("user", "{{ text|upper }}"))
    messages = all_messages(suite([plain, replace(loud, name="loud")], ["a", "b"]))
    assert {key: [message.content for message in chat] for key, chat in messages.items()} == {
        ("few_shot", "s1"): ["a"],
        ("few_shot", "s2"): ["b"],
        ("loud", "s1"): ["A"],
        ("loud", "s2"): ["B"],
    }


def test_system_message_without_variables_is_one_object_for_all_samples(make_variant: MakeVariant) -> None:
    messages = all_messages(suite([make_variant(("system", "Be brief."), ("user", "{{ text }}"))], ["a", "b"]))
    assert messages["few_shot", "s1"][0] is messages["few_shot", "s2"][0]


def test_first_few_samples_that_cannot_be_rendered_are_told_of_each_variant(make_variant: MakeVariant) -> None:
    broken = make_variant(("user", "{{ text + 1 }}"))
    with pytest.raises(FilesError) as caught:
        all_messages(suite([broken, replace(broken, name="again")], ["a", "b", "c", "d"]))
    lines = [str(mistake) for mistake in caught.value.mistakes]
    assert len(lines) == 6
    assert lines[0] == (
        "prompts/few_shot/v1.1.yaml: prompt few_shot@1.1, sample 's1' (rows.jsonl:1): prompts/few_shot/v1.1.yaml:5: "
        'TypeError: can only concatenate str (not "int") to str; the template must render with every sample; '
        "mend it or the value"
    )
    assert lines[:3] == lines[3:]


def test_one_bad_sample_does_not_hide_behind_good_ones(make_variant: MakeVariant) -> None:
    with pytest.raises(FilesError) as caught:
        all_messages(suite([make_variant(("user", "{{ text }}"))], ["a", None, "c"]))
    assert [str(mistake) for mistake in caught.value.mistakes] == [
        (
            "prompts/few_shot/v1.1.yaml: prompt few_shot@1.1, sample 's2' (rows.jsonl:2): variable 'text' is missing; "
            "columns there: none; add the column or mend `inputs`"
        )
    ]
