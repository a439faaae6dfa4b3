"""The form of a prompt file, and of techniques wherever they are written."""

from typing import Annotated, ClassVar, Literal

from harness.suite.form import Form, Free, Says, Text, later

LATER_TECHNIQUES = later("context", "conversation", "guard", "compress", "truncate", "rollout")


class ExamplesForm(Form, frozen=True, kw_only=True):
    """Few-shot examples, shown as user and assistant turns before the question."""

    path: Annotated[
        Text | None,
        Says("File of examples (.jsonl .json .csv .tsv .parquet .yaml), relative to this file.", ["examples.jsonl"]),
    ] = None
    select: Annotated[
        Literal["first", "random", "similar", "balanced"] | None,
        Says("Which examples are shown; default: first.", ["first"]),
    ] = None
    k: Annotated[int | None, Says("How many are shown; default: all.", [3], at_least=0)] = None
    answer: Annotated[Text | None, Says("Column that holds an example's answer; default: answer.", ["answer"])] = None
    seed: Annotated[int | None, Says("Seed of random and balanced; default: 0.", [0])] = None


class ChainOfThoughtForm(Form, frozen=True, kw_only=True):
    """Reasoning before the answer, in own words."""

    instruction: Annotated[Text | None, Says("Text put after the user message.", ["Think step by step."])] = None
    answer_prefix: Annotated[
        Text | None, Says("The answer is what follows the last occurrence of this.", ["Answer:"])
    ] = None


ChainOfThought = bool | ChainOfThoughtForm


class TechniquesForm(Form, frozen=True, kw_only=True):
    """What is done to a prompt beyond its text."""

    refused: ClassVar[dict[str, str]] = LATER_TECHNIQUES

    examples: Annotated[ExamplesForm | None, Says("Few-shot examples.", [{"path": "examples.jsonl", "k": 3}])] = None
    chain_of_thought: Annotated[ChainOfThought | None, Says("true, false, or own words.", [True])] = None


class MetadataForm(Form, frozen=True, kw_only=True):
    """Who made the prompt version, and what it is known to reach."""

    version: Annotated[Text | None, Says("The version, as in the file's name.", ["1.1"])] = None
    created: Annotated[Text | None, Says("Date.", ["2026-11-22"])] = None
    author: Annotated[Text | None, Says("Who wrote it.", ["team-ai"])] = None
    labels: Annotated[
        list[Text], Says("Names that point at this version, e.g. where it is deployed.", [["prod-a"]])
    ] = []
    performance_baseline: Annotated[
        dict[str, Text],
        Says(
            "What this version is known to reach: metric: value, latency_p95: 1.2s, cost_per_1k: USD. Becomes gates.",
            [{"exact_match": 0.62}],
        ),
    ] = {}


class MessageForm(Form, frozen=True, kw_only=True):
    """One message of a chat."""

    role: Annotated[Literal["system", "user", "assistant"], Says("Who speaks.", ["user"])]
    content: Annotated[Text, Says("Jinja template of what is said.", ["Classify: {{ text }}"])]


class OutputForm(Form, frozen=True, kw_only=True):
    """How the answer is read from the model's text."""

    strip_fences: Annotated[bool, Says("Take the content of the first fenced block, if any.", [True])] = False
    last_line: Annotated[bool, Says("Take the last line that is not blank.", [True])] = False
    regex: Annotated[Text | None, Says("Take group 1, or all, of the first match.", [r"(yes|no)"])] = None
    json_schema: Annotated[
        Free | None,
        Says("Take the first JSON value, which must satisfy this schema (draft 2020-12).", [{"type": "object"}]),
    ] = None


class PromptForm(Form, frozen=True, kw_only=True):
    """One prompt version: prompts/<name>/v<version>.yaml."""

    metadata: Annotated[MetadataForm, Says("Version, author, labels, baseline.", [{"version": "1.1"}])] = MetadataForm()
    inputs: Annotated[
        dict[str, Literal["str", "int", "float", "bool", "list", "dict", "any"]],
        Says("Variables of the template, each with its type. Rows of the dataset must hold them.", [{"text": "str"}]),
    ] = {}
    system: Annotated[
        Text | None, Says("The system message, a Jinja template.", ["You classify customer feedback."])
    ] = None
    template: Annotated[Text | None, Says("The user message, a Jinja template.", ["Classify: {{ text }}"])] = None
    messages: Annotated[
        list[MessageForm] | None,
        Says(
            "A whole chat, instead of system and template.",
            [[{"role": "user", "content": "Classify: {{ text }}"}]],
            least=1,
        ),
    ] = None
    techniques: Annotated[TechniquesForm, Says("Examples, chain of thought.", [{"chain_of_thought": True}])] = (
        TechniquesForm()
    )
    output: Annotated[OutputForm, Says("How the answer is read from the text.", [{"last_line": True}])] = OutputForm()
