"""The form of suite.yaml and of backends.yaml."""

from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Discriminator, Field, Tag

from harness.suite.form import Columns, Form, Free, Text, later, shape
from harness.suite.prompt_form import TechniquesForm


class DatasetForm(Form):
    """The rows that every variant answers."""

    path: Text | None = Field(
        default=None,
        description="File (.jsonl .json .csv .tsv .parquet .yaml), relative to this file.",
        examples=["../../datasets/feedback.jsonl"],
    )
    hub: Text | None = Field(
        default=None, description="owner/name on the hub, read by the `datasets` library.", examples=["owner/name"]
    )
    split: Text | None = Field(default=None, description="Split of the hub dataset.", examples=["test"])
    id: Text | None = Field(
        default=None, description="Column with the id; default: a column `id`, else a content hash.", examples=["id"]
    )
    reference: Columns | None = Field(
        default=None, description="Column, or columns, with the accepted answers.", examples=["label"]
    )
    group: Text | None = Field(
        default=None, description="Column: rows of one group are one cluster for the statistics.", examples=["customer"]
    )
    limit: int | None = Field(default=None, ge=1, description="Most rows that are used.", examples=[60])
    seed: int | None = Field(default=None, description="With limit: a seeded sample instead of the head.", examples=[0])
    ignore: Columns | None = Field(
        default=None, description="Columns that no prompt uses on purpose, or `all`.", examples=[["notes"]]
    )


ResponseFormat = Annotated[Annotated[Text, Tag("(text)")] | Annotated[Free, Tag("(mapping)")], Discriminator(shape)]


class VariantForm(Form):
    """A prompt with a name and techniques of its own."""

    prompt: Text = Field(description="name, name@version or name@label.", examples=["few_shot@1.1"])
    name: Text | None = Field(
        default=None, description="Name of the variant; default: the prompt as written.", examples=["few_shot_similar"]
    )
    techniques: TechniquesForm = Field(
        default=TechniquesForm(),
        description="Laid over the prompt's own, key by key.",
        examples=[{"examples": {"select": "similar", "k": 3}}],
    )
    response_format: ResponseFormat | None = Field(
        default=None,
        description="Holds the answer to a form: `output` (the prompt's own json_schema), `json` (any object), "
        "the path of a JSON Schema, relative to this file, or a mapping that is sent as it is.",
        examples=["output"],
    )


class PriceForm(Form):
    """USD per million tokens."""

    input: float = Field(ge=0, description="Uncached input tokens.", examples=[0.15])
    output: float = Field(ge=0, description="Output tokens.", examples=[0.6])
    cached_input: float | None = Field(
        default=None, ge=0, description="Input tokens read from the provider's cache.", examples=[0.075]
    )


_NO_KEYS_IN_FILES = (
    "'api_key' is not allowed in a file; the name of an environment variable is; "
    "put the key into the environment and write api_key_env: NAME"
)


class BackendForm(Form):
    """What answers: provider, model and parameters."""

    refused: ClassVar[dict[str, str]] = {"api_key": _NO_KEYS_IN_FILES}

    name: Text = Field(description="As used in ids and tables.", examples=["local"])
    provider: Text = Field(description="llamacpp, openai, replay, callable.", examples=["openai"])
    model: Text | None = Field(default=None, description="Model name sent to the provider.", examples=["my-model"])
    base_url: Text | None = Field(default=None, description="Endpoint.", examples=["http://127.0.0.1:8000/v1"])
    api_key_env: Text | None = Field(
        default=None, description="Name of the environment variable with the key.", examples=["LOCAL_KEY"]
    )
    max_concurrency: int | None = Field(default=None, ge=1, description="Most requests in flight.", examples=[50])
    requests_per_minute: float | None = Field(
        default=None, ge=1, description="Most calls sent in any minute, those made again included.", examples=[500]
    )
    tokens_per_minute: float | None = Field(
        default=None, ge=1, description="Most tokens, in and out, asked for in any minute.", examples=[200000]
    )
    timeout_s: float = Field(default=60.0, gt=0, description="Most seconds one call may take.", examples=[60])
    connect_timeout_s: float | None = Field(
        default=None, gt=0, description="Most seconds until a connection stands; default: timeout_s.", examples=[5]
    )
    read_timeout_s: float | None = Field(
        default=None, gt=0, description="Most seconds without a byte; default: timeout_s.", examples=[30]
    )
    params: Free = Field(
        default={}, description="Passed through to the provider.", examples=[{"temperature": 0, "max_tokens": 64}]
    )
    price: PriceForm | None = Field(
        default=None, description="USD per million tokens.", examples=[{"input": 0.15, "output": 0.6}]
    )
    column: Text | None = Field(default=None, description="replay: column with the answer.", examples=["answer"])
    path: Text | None = Field(
        default=None, description="replay: JSONL of answers; llamacpp: a GGUF file.", examples=["answers.jsonl"]
    )
    function: Text | None = Field(
        default=None, description="callable: file.py:function or package.module:function.", examples=["app.py:answer"]
    )


class GateForm(Form):
    """A gate for some variants or backends only."""

    refused: ClassVar[dict[str, str]] = later("regression")

    gate: Text = Field(description="METRIC.AGGREGATE OP VALUE", examples=["exact_match.mean >= 0.60"])
    variants: list[Text] | None = Field(
        default=None, min_length=1, description="Names of variants or prompts; default: all.", examples=[["few_shot"]]
    )
    backends: list[Text] | None = Field(
        default=None, min_length=1, description="Names of backends; default: all.", examples=[["smollm2"]]
    )


PromptEntry = Annotated[Annotated[Text, Tag("(text)")] | Annotated[VariantForm, Tag("(mapping)")], Discriminator(shape)]
BackendEntry = Annotated[
    Annotated[Text, Tag("(text)")] | Annotated[BackendForm, Tag("(mapping)")], Discriminator(shape)
]
GateEntry = Annotated[Annotated[Text, Tag("(text)")] | Annotated[GateForm, Tag("(mapping)")], Discriminator(shape)]
MetricOptions = Annotated[
    dict[str, dict[str, Any] | None], Field(min_length=1, max_length=1, examples=[{"rouge": {"stemmer": True}}])
]


class EvaluateForm(Form):
    """A module of the `evaluate` library, in short."""

    evaluate: Text = Field(
        description="Path of the module, relative to this file, or its name on the hub.", examples=["metrics/wer.py"]
    )
    key: Text | None = Field(
        default=None, description="Which number of its result; default: the module's name.", examples=["wer"]
    )
    args: Free = Field(default={}, description="Further arguments of its `compute`.", examples=[{"normalize": True}])

    @property
    def options(self) -> dict[str, Any]:
        """As the options of the metric `evaluate`."""
        return {"name": self.evaluate, **({"key": self.key} if self.key else {}), "args": self.args or None}


def _metric_shape(value: Any) -> str:
    is_short = isinstance(value, EvaluateForm) or (
        isinstance(value, dict) and not isinstance(value.get("evaluate", {}), dict)
    )
    return "(evaluate)" if is_short else shape(value)


MetricEntry = Annotated[
    Annotated[Text, Tag("(text)")]
    | Annotated[MetricOptions, Tag("(mapping)")]
    | Annotated[EvaluateForm, Tag("(evaluate)")],
    Discriminator(_metric_shape),
]


class SuiteForm(Form):
    """suite.yaml: dataset + prompts + backends + metrics + checks + gates."""

    model_config = ConfigDict(json_schema_extra={"required": ["dataset", "prompts"]})
    refused: ClassVar[dict[str, str]] = later("targets", "stop_early", "quarantine", "sandbox", "rollout", "attacks")

    name: Text | None = Field(default=None, description="Default: the folder's name.", examples=["feedback"])
    description: Text | None = Field(
        default=None, description="One sentence.", examples=["Classify customer feedback."]
    )
    dataset: DatasetForm | None = Field(
        default=None, description="The rows that every variant answers.", examples=[{"path": "rows.jsonl"}]
    )
    prompts: list[PromptEntry] | None = Field(
        default=None,
        min_length=1,
        description="Each entry is a variant: name, name@version, name@label, or a mapping.",
        examples=[["zero_shot", "few_shot@1.1"]],
    )
    backends: list[BackendEntry] | None = Field(
        default=None,
        min_length=1,
        description="What answers: embedded, defined here, or defined in backends.yaml; default: smollm2.",
        examples=[["smollm2"]],
    )
    repeats: int = Field(default=1, ge=1, description="Repeats of each trial.", examples=[1])
    metrics: list[MetricEntry] = Field(
        default=[], description="What is measured: name, or name with options.", examples=[["exact_match"]]
    )
    checks: list[Text] = Field(
        default=[], description="METRIC OP VALUE, holds for each trial.", examples=[["latency_s <= 30"]]
    )
    gates: list[GateEntry] = Field(
        default=[],
        description="METRIC.AGGREGATE OP VALUE, holds for each variant and backend.",
        examples=[["exact_match.mean >= 0.60"]],
    )


class BackendsForm(Form):
    """backends.yaml: backends defined once for every suite of the folder."""

    backends: list[BackendForm] = Field(
        description="Definitions.", examples=[[{"name": "local", "provider": "openai", "model": "my-model"}]]
    )
