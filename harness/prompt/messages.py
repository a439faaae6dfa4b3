"""Every message of a suite, before the first model call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import FilesError, Mistake, RenderError
from harness.prompt.render import Renderer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.schema import Message, Suite

_TRIES = 3
"""Samples of one variant that may fail before the rest is left: a template that never ends costs a second each."""


def all_messages(suite: Suite) -> Mapping[tuple[str, str], tuple[Message, ...]]:
    """(variant name, sample id) → messages, for every variant and sample of the suite.

    Raises:
        FilesError: some could not be rendered; the first few of each variant.

    """
    renderer = Renderer()
    messages: dict[tuple[str, str], tuple[Message, ...]] = {}
    mistakes: list[Mistake] = []
    for variant in suite.variants:
        failed = 0
        for sample in suite.samples:
            try:
                messages[variant.name, sample.sample_id] = renderer.render(variant, sample)
            except RenderError as error:
                mistakes.append(Mistake(variant.prompt.path, None, None, str(error)))
                failed += 1
                if failed == _TRIES:
                    break
    if mistakes:
        raise FilesError(mistakes)
    return messages
