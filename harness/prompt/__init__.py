"""A sample and a variant → messages; the model's text → the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.prompt.answer import answer_reader, read_answer
from harness.prompt.messages import all_messages
from harness.prompt.render import Renderer, render

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["Renderer", "all_messages", "answer_reader", "check_template", "read_answer", "render"]


def check_template(source: str, declared: Collection[str]) -> list[tuple[int, str]]:
    """Mistakes of a template as (0-based line of `source`, `what; allowed; what to do`), sorted; empty when it is fine.

    Finds mistakes of syntax, variables that are not `declared`, private attributes, statements, filters and tests that
    prompts do not have, and what nests too deeply to compile.
    """
    from harness.prompt.check import mistakes

    return mistakes(source, declared)
