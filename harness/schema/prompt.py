"""Prompts, variants and samples: what a suite file names, validated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping

Role = Literal["system", "user", "assistant"]
InputType = Literal["str", "int", "float", "bool", "list", "dict", "any"]


class Message(Struct, frozen=True):
    """One chat message as it is sent."""

    role: Role
    """Who speaks."""
    content: str
    """What is said."""


class MessageTemplate(Struct, frozen=True):
    """One chat message before its variables are filled in."""

    role: Role
    """Who speaks."""
    source: str
    """Jinja source."""
    line: int
    """1-based line of the prompt file on which the source's first line stands."""


class Sample(Struct, frozen=True):
    """One row of the dataset."""

    sample_id: str
    """Stable id: the id column's text, else a hash of the row's content."""
    variables: Mapping[str, Any]
    """The row's columns, as the file has them."""
    references: tuple[str, ...]
    """Accepted answers; empty when the suite names no reference."""
    group: str | None
    """Cluster for the statistics; None when the suite names no group."""
    tags: tuple[str, ...]
    """The row's `tags` column: free words for filtering; empty when there is none."""
    location: str
    """`path:line` (or `path[row]`) of the row, for messages."""


class ExamplesSpec(Struct, frozen=True):
    """Few-shot examples shown before the question, as user and assistant turns."""

    rows: tuple[Mapping[str, Any], ...]
    """The rows of the examples file, in its order."""
    select: Literal["first", "random", "similar", "balanced"]
    """Which `k` are shown."""
    k: int
    """How many are shown."""
    answer: str
    """Column that holds an example's answer."""
    seed: int
    """Seed of `random` and `balanced`."""


class ChainOfThoughtSpec(Struct, frozen=True):
    """Reasoning before the answer."""

    instruction: str
    """Text put after the user message."""
    answer_prefix: str
    """The answer is what follows the last occurrence of this in the text."""


class Techniques(Struct, frozen=True):
    """What is done to a prompt beyond its text."""

    examples: ExamplesSpec | None = None
    """Few-shot examples, or None."""
    chain_of_thought: ChainOfThoughtSpec | None = None
    """Chain of thought, or None."""


class OutputSpec(Struct, frozen=True):
    """How the answer is read from the model's text, in the order of the fields; the default reads it as it is."""

    strip_fences: bool = False
    """Take the content of the first fenced block when there is one."""
    last_line: bool = False
    """Take the last line that is not blank."""
    regex: str | None = None
    """Take group 1 (or the whole match) of the first match; no match is an unreadable output."""
    json_schema: Mapping[str, Any] | None = None
    """Take the first JSON value, which must satisfy this schema; the answer is its canonical JSON text."""


class PromptVersion(Struct, frozen=True):
    """One `prompts/<name>/v<version>.yaml`."""

    name: str
    """The prompt's name: its folder."""
    version: str
    """As in the file's name, without the `v`."""
    path: str
    """Path as shown to the user."""
    labels: tuple[str, ...]
    """Labels that point at this version."""
    inputs: Mapping[str, InputType]
    """Declared variables and their types."""
    messages: tuple[MessageTemplate, ...]
    """The chat, in order."""
    techniques: Techniques
    """Techniques written in the prompt file."""
    output: OutputSpec
    """How the answer is read."""
    content_hash: str
    """SHA-256 (hex, first 16 digits) of all that can change what is sent or read: file (no metadata) and examples."""
    created: str | None = None
    """Date of the metadata, as text."""
    author: str | None = None
    """Author of the metadata."""


class Variant(Struct, frozen=True):
    """One prompt version plus its techniques, as listed in the suite."""

    name: str
    """As listed in the suite file (`few_shot`, `few_shot@1.1`, `support@prod-a`), or the entry's `name`."""
    prompt: PromptVersion
    """The version it resolves to."""
    techniques: Techniques = field(default_factory=Techniques)
    """The prompt's techniques with the suite's own laid over them."""
    params: Mapping[str, Any] = field(default_factory=dict)
    """Laid over the backend's own for this variant's calls: `response_format`; empty when there is nothing."""
