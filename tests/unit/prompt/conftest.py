"""Variants and samples as short as the tests need them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from harness.prompt import Renderer
from harness.schema import MessageTemplate, OutputSpec, PromptVersion, Sample, Techniques, Variant

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.schema import Message


class MakeVariant(Protocol):
    def __call__(
        self,
        *sources: tuple[str, str],
        inputs: dict[str, str] | None = None,
        techniques: Techniques | None = None,
        output: OutputSpec | None = None,
    ) -> Variant: ...


def make_variant(
    *sources: tuple[str, str],
    inputs: dict[str, str] | None = None,
    techniques: Techniques | None = None,
    output: OutputSpec | None = None,
) -> Variant:
    """A variant of the prompt few_shot@1.1 with these (role, source) messages, the first on line 5 of its file."""
    messages = tuple(
        MessageTemplate(role, source, 5 + 10 * index)  # type: ignore[arg-type]
        for index, (role, source) in enumerate(sources or [("user", "{{ text }}")])
    )
    used = techniques or Techniques()
    declared: Any = {"text": "str"} if inputs is None else inputs
    prompt = PromptVersion(
        "few_shot", "1.1", "prompts/few_shot/v1.1.yaml", (), declared, messages, used, output or OutputSpec(), "0" * 16
    )
    return Variant("few_shot", prompt, used)


@pytest.fixture(name="make_variant")
def make_variant_fixture() -> MakeVariant:
    return make_variant


@pytest.fixture
def make_sample() -> Callable[..., Sample]:
    """A sample s1 with these columns."""

    def make(sample_id: str = "s1", **variables: Any) -> Sample:
        return Sample(sample_id, variables, (), None, (), f"data.jsonl:{sample_id[1:]}")

    return make


@pytest.fixture
def render_text(make_sample: Callable[..., Sample]) -> Callable[..., str]:
    """The text of one user message whose declared inputs are the columns given."""

    def text(source: str, **variables: Any) -> str:
        variant = make_variant(("user", source), inputs=dict.fromkeys(variables, "any"))
        return Renderer().render(variant, make_sample(**variables))[-1].content

    return text


@pytest.fixture
def render_chat(make_sample: Callable[..., Sample]) -> Callable[..., tuple[Message, ...]]:
    """The chat that a variant makes of these columns."""

    def chat(variant: Variant, sample_id: str = "s1", **variables: Any) -> tuple[Message, ...]:
        return Renderer().render(variant, make_sample(sample_id, **variables))

    return chat
