"""The form of a prompt file, and of techniques wherever they are written."""

from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from harness.suite.form import Form, Free, Text, later, shape

LATER_TECHNIQUES = later("context", "conversation", "guard", "compress", "truncate", "rollout")


class ExamplesForm(Form):
    """Few-shot examples, shown as user and assistant turns before the question."""

    path: Text | None = Field(
        default=None,
        description="File of examples (.jsonl .json .csv .tsv .parquet .yaml), relative to this file.",
        examples=["examples.jsonl"],
    )
    select: Literal["first", "random", "similar", "balanced"] | None = Field(
        default=None, description="Which examples are shown; default: first.", examples=["first"]
    )
    k: int | None = Field(default=None, ge=0, description="How many are shown; default: all.", examples=[3])
    answer: Text | None = Field(
        default=None, description="Column that holds an example's answer; default: answer.", examples=["answer"]
    )
    seed: int | None = Field(default=None, description="Seed of random and balanced; default: 0.", examples=[0])


class ChainOfThoughtForm(Form):
    """Reasoning before the answer, in own words."""

    instruction: Text | None = Field(
        default=None, description="Text put after the user message.", examples=["Think step by step."]
    )
    answer_prefix: Text | None = Field(
        default=None, description="The answer is what follows the last occurrence of this.", examples=["Answer:"]
    )


ChainOfThought = Annotated[
    Annotated[bool, Tag("(switch)")] | Annotated[ChainOfThoughtForm, Tag("(mapping)")], Discriminator(shape)
]


class TechniquesForm(Form):
    """What is done to a prompt beyond its text."""

    refused: ClassVar[dict[str, str]] = LATER_TECHNIQUES

    examples: ExamplesForm | None = Field(
        default=None, description="Few-shot examples.", examples=[{"path": "examples.jsonl", "k": 3}]
    )
    chain_of_thought: ChainOfThought | None = Field(
        default=None, description="true, false, or own words.", examples=[True]
    )


class MetadataForm(Form):
    """Who made the prompt version, and what it is known to reach."""

    version: Text | None = Field(default=None, description="The version, as in the file's name.", examples=["1.1"])
    created: Text | None = Field(default=None, description="Date.", examples=["2026-11-22"])
    author: Text | None = Field(default=None, description="Who wrote it.", examples=["team-ai"])
    labels: list[Text] = Field(
        default=[], description="Names that point at this version, e.g. where it is deployed.", examples=[["prod-a"]]
    )
    performance_baseline: dict[str, Text] = Field(
        default={},
        description="What this version must reach: metric: value, latency_p95: 1.2s, cost_per_1k: USD. Becomes gates.",
        examples=[{"exact_match": 0.62}],
    )


class MessageForm(Form):
    """One message of a chat."""

    role: Literal["system", "user", "assistant"] = Field(description="Who speaks.", examples=["user"])
    content: Text = Field(description="Jinja template of what is said.", examples=["Classify: {{ text }}"])


class OutputForm(Form):
    """How the answer is read from the model's text."""

    strip_fences: bool = Field(
        default=False, description="Take the content of the first fenced block, if any.", examples=[True]
    )
    last_line: bool = Field(default=False, description="Take the last line that is not blank.", examples=[True])
    regex: Text | None = Field(
        default=None, description="Take group 1, or all, of the first match.", examples=[r"(yes|no)"]
    )
    json_schema: Free | None = Field(
        default=None,
        description="Take the first JSON value, which must satisfy this schema (draft 2020-12).",
        examples=[{"type": "object"}],
    )


class PromptForm(Form):
    """One prompt version: prompts/<name>/v<version>.yaml."""

    metadata: MetadataForm = Field(
        default=MetadataForm(), description="Version, author, labels, baseline.", examples=[{"version": "1.1"}]
    )
    inputs: dict[str, Literal["str", "int", "float", "bool", "list", "dict", "any"]] = Field(
        default={},
        description="Variables of the template, each with its type. Rows of the dataset must hold them.",
        examples=[{"text": "str"}],
    )
    system: Text | None = Field(
        default=None, description="The system message, a Jinja template.", examples=["You classify customer feedback."]
    )
    template: Text | None = Field(
        default=None, description="The user message, a Jinja template.", examples=["Classify: {{ text }}"]
    )
    messages: list[MessageForm] | None = Field(
        default=None,
        min_length=1,
        description="A whole chat, instead of system and template.",
        examples=[[{"role": "user", "content": "Classify: {{ text }}"}]],
    )
    techniques: TechniquesForm = Field(
        default=TechniquesForm(), description="Examples, chain of thought.", examples=[{"chain_of_thought": True}]
    )
    output: OutputForm = Field(
        default=OutputForm(), description="How the answer is read from the text.", examples=[{"last_line": True}]
    )
