"""The form of suite.yaml and of backends.yaml."""

from typing import Annotated, Any, ClassVar, Literal

from harness.suite.form import Columns, Form, Free, Says, Text, later
from harness.suite.prompt_form import TechniquesForm
from harness.suite.rollout_form import RolloutForm
from harness.suite.target_form import TargetsEntry


class DatasetForm(Form, frozen=True, kw_only=True):
    """The rows that every variant answers."""

    path: Annotated[
        Text | None,
        Says("File (.jsonl .json .csv .tsv .parquet .yaml), relative to this file.", ["../../datasets/feedback.jsonl"]),
    ] = None
    hub: Annotated[Text | None, Says("owner/name on the hub, read by the `datasets` library.", ["owner/name"])] = None
    split: Annotated[Text | None, Says("Split of the hub dataset.", ["test"])] = None
    id: Annotated[Text | None, Says("Column with the id; default: a column `id`, else a content hash.", ["id"])] = None
    reference: Annotated[Columns | None, Says("Column, or columns, with the accepted answers.", ["label"])] = None
    group: Annotated[
        Text | None, Says("Column: rows of one group are one cluster for the statistics.", ["customer"])
    ] = None
    limit: Annotated[int | None, Says("Most rows that are used.", [60], at_least=1)] = None
    seed: Annotated[int | None, Says("With limit: a seeded sample instead of the head.", [0])] = None
    ignore: Annotated[Columns | None, Says("Columns that no prompt uses on purpose, or `all`.", [["notes"]])] = None


ResponseFormat = Text | Free


class VariantForm(Form, frozen=True, kw_only=True):
    """A prompt with a name and techniques of its own."""

    prompt: Annotated[Text, Says("name, name@version or name@label.", ["few_shot@1.1"])]
    name: Annotated[
        Text | None,
        Says("Name of the variant; default: the prompt as written.", ["few_shot_similar"]),
    ] = None
    techniques: Annotated[
        TechniquesForm, Says("Laid over the prompt's own, key by key.", [{"examples": {"select": "similar", "k": 3}}])
    ] = TechniquesForm()
    response_format: Annotated[
        ResponseFormat | None,
        Says(
            "Holds the answer to a form: `output` (the prompt's own json_schema), `json` (any object), "
            "the path of a JSON Schema, relative to this file, or a mapping that is sent as it is.",
            ["output"],
        ),
    ] = None


class PriceForm(Form, frozen=True, kw_only=True):
    """USD per million tokens."""

    input: Annotated[float, Says("Uncached input tokens.", [0.15], at_least=0)]
    output: Annotated[float, Says("Output tokens.", [0.6], at_least=0)]
    cached_input: Annotated[
        float | None,
        Says("Input tokens read from the provider's cache.", [0.075], at_least=0),
    ] = None


_NO_KEYS_IN_FILES = (
    "'api_key' is not allowed in a file; the name of an environment variable is; "
    "put the key into the environment and write api_key_env: NAME"
)


class BackendForm(Form, frozen=True, kw_only=True):
    """What answers: provider, model and parameters."""

    refused: ClassVar[dict[str, str]] = {"api_key": _NO_KEYS_IN_FILES}

    name: Annotated[Text, Says("As used in ids and tables.", ["local"])]
    provider: Annotated[Text, Says("llamacpp, openai, replay, callable.", ["openai"])]
    model: Annotated[Text | None, Says("Model name sent to the provider.", ["my-model"])] = None
    base_url: Annotated[Text | None, Says("Endpoint.", ["http://127.0.0.1:8000/v1"])] = None
    api_key_env: Annotated[Text | None, Says("Name of the environment variable with the key.", ["LOCAL_KEY"])] = None
    max_concurrency: Annotated[int | None, Says("Most requests in flight.", [50], at_least=1)] = None
    requests_per_minute: Annotated[
        float | None, Says("Most calls sent in any minute, those made again included.", [500], at_least=1)
    ] = None
    tokens_per_minute: Annotated[
        float | None, Says("Most tokens, in and out, asked for in any minute.", [200000], at_least=1)
    ] = None
    timeout_s: Annotated[float, Says("Most seconds one call may take.", [60], more_than=0)] = 60.0
    connect_timeout_s: Annotated[
        float | None, Says("Most seconds until a connection stands; default: timeout_s.", [5], more_than=0)
    ] = None
    read_timeout_s: Annotated[
        float | None, Says("Most seconds without a byte; default: timeout_s.", [30], more_than=0)
    ] = None
    params: Annotated[Free, Says("Passed through to the provider.", [{"temperature": 0, "max_tokens": 64}])] = {}
    price: Annotated[PriceForm | None, Says("USD per million tokens.", [{"input": 0.15, "output": 0.6}])] = None
    column: Annotated[Text | None, Says("replay: column with the answer.", ["answer"])] = None
    path: Annotated[Text | None, Says("replay: JSONL of answers; llamacpp: a GGUF file.", ["answers.jsonl"])] = None
    function: Annotated[
        Text | None, Says("callable: file.py:function or package.module:function.", ["app.py:answer"])
    ] = None


class GateForm(Form, frozen=True, kw_only=True):
    """A gate for some variants or backends only."""

    gate: Annotated[Text, Says("METRIC.AGGREGATE OP VALUE", ["exact_match.mean >= 0.60"])]
    variants: Annotated[
        list[Text] | None, Says("Names of variants or prompts; default: all.", [["few_shot"]], least=1)
    ] = None
    backends: Annotated[list[Text] | None, Says("Names of backends; default: all.", [["smollm2"]], least=1)] = None


class RegressionForm(Form, frozen=True, kw_only=True):
    """How a metric's difference from the baseline is judged."""

    metric: Annotated[Text, Says("Which measure.", ["exact_match"])]
    margin: Annotated[float, Says("Drop that is tolerated, in the metric's unit.", [0.02], at_least=0)] = 0.0
    alpha: Annotated[
        float, Says("False alarms allowed over all regression gates of a run.", [0.05], at_least=1e-6, less_than=1)
    ] = 0.05
    on_inconclusive: Annotated[
        Literal["warn", "fail", "pass"], Says("What becomes of the gate when nothing is shown either way.", ["warn"])
    ] = "warn"
    correction: Annotated[
        Literal["holm", "bh", "none"], Says("How p is corrected for the number of comparisons.", ["holm"])
    ] = "holm"
    test: Annotated[
        Literal["auto", "wilcoxon"],
        Says("auto: exact McNemar for passes and failures, else a permutation test.", ["auto"]),
    ] = "auto"


class RegressionGateForm(Form, frozen=True, kw_only=True):
    """A gate on the difference from the baseline."""

    regression: Annotated[
        Text | RegressionForm,
        Says("A metric, or how it is judged.", [{"metric": "exact_match", "margin": 0.02}]),
    ]
    variants: Annotated[
        list[Text] | None, Says("Names of variants or prompts; default: all.", [["few_shot"]], least=1)
    ] = None
    backends: Annotated[list[Text] | None, Says("Names of backends; default: all.", [["smollm2"]], least=1)] = None

    @classmethod
    def is_meant_by(cls, mapping: dict[str, Any]) -> bool:
        """Whether an entry is about the baseline."""
        return "regression" in mapping


PromptEntry = Text | VariantForm
BackendEntry = Text | BackendForm
GateEntry = Text | RegressionGateForm | GateForm
MetricOptions = Annotated[dict[str, dict[str, Any] | None], Says(least=1, most=1)]


class EvaluateForm(Form, frozen=True, kw_only=True):
    """A module of the `evaluate` library, in short."""

    evaluate: Annotated[
        Text, Says("Path of the module, relative to this file, or its name on the hub.", ["metrics/wer.py"])
    ]
    key: Annotated[Text | None, Says("Which number of its result; default: the module's name.", ["wer"])] = None
    args: Annotated[Free, Says("Further arguments of its `compute`.", [{"normalize": True}])] = {}

    @classmethod
    def is_meant_by(cls, mapping: dict[str, Any]) -> bool:
        """Whether an entry names a module, and is not the metric `evaluate` with its options."""
        return not isinstance(mapping.get("evaluate", {}), dict)

    @property
    def options(self) -> dict[str, Any]:
        """As the options of the metric `evaluate`."""
        return {"name": self.evaluate, **({"key": self.key} if self.key else {}), "args": self.args or None}


MetricEntry = Text | EvaluateForm | MetricOptions


class QuarantineForm(Form, frozen=True, kw_only=True):
    """A sample that is known to be broken: it runs and is reported, but fails nothing for a while."""

    sample: Annotated[Text, Says("Its id.", ["fb017"])]
    variants: Annotated[
        list[Text] | None, Says("Names of variants or prompts; default: all.", [["few_shot"]], least=1)
    ] = None
    backends: Annotated[list[Text] | None, Says("Names of backends; default: all.", [["smollm2"]], least=1)] = None
    reason: Annotated[Text, Says("Why, for whoever reads the report.", ["label is wrong, #12"])]
    until: Annotated[Text, Says("Last day on which it holds, in UTC.", ["2026-12-31"])]


class SuiteForm(Form, frozen=True, kw_only=True):
    """suite.yaml: dataset + prompts + backends + metrics + checks + gates."""

    demanded: ClassVar[tuple[str, ...]] = ("dataset", "prompts")
    refused: ClassVar[dict[str, str]] = later("sandbox", "attacks")

    name: Annotated[Text | None, Says("Default: the folder's name.", ["feedback"])] = None
    description: Annotated[Text | None, Says("One sentence.", ["Classify customer feedback."])] = None
    dataset: Annotated[
        DatasetForm | None,
        Says("The rows that every variant answers.", [{"path": "rows.jsonl"}]),
    ] = None
    prompts: Annotated[
        list[PromptEntry] | None,
        Says(
            "Each entry is a variant: name, name@version, name@label, or a mapping.",
            [["zero_shot", "few_shot@1.1"]],
            least=1,
        ),
    ] = None
    backends: Annotated[
        list[BackendEntry] | None,
        Says(
            "What answers: embedded, defined here, or defined in backends.yaml; default: smollm2.",
            [["smollm2"]],
            least=1,
        ),
    ] = None
    repeats: Annotated[int, Says("Repeats of each trial.", [1], at_least=1)] = 1
    metrics: Annotated[
        list[MetricEntry],
        Says("What is measured: name, or name with options.", [["exact_match"], [{"rouge": {"stemmer": True}}]]),
    ] = []
    checks: Annotated[list[Text], Says("METRIC OP VALUE, holds for each trial.", [["latency_s <= 30"]])] = []
    gates: Annotated[
        list[GateEntry],
        Says("METRIC.AGGREGATE OP VALUE, holds for each variant and backend.", [["exact_match.mean >= 0.60"]]),
    ] = []
    targets: Annotated[
        TargetsEntry | None, Says("Gates by name, each of which its interval must show.", ["production"])
    ] = None
    rollout: Annotated[
        RolloutForm | None,
        Says("How `prompt-suite rollout` replays a staged rollout.", [{"metrics": ["exact_match"]}]),
    ] = None
    stop_early: Annotated[
        bool, Says("Run no more trials of a variant on a backend when its regression gates are clear.", [True])
    ] = False
    quarantine: Annotated[
        list[QuarantineForm],
        Says(
            "Samples that run and are reported, but fail nothing until a date.",
            [[{"sample": "fb017", "reason": "label is wrong, #12", "until": "2026-12-31"}]],
        ),
    ] = []


class BackendsForm(Form, frozen=True, kw_only=True):
    """backends.yaml: backends defined once for every suite of the folder."""

    backends: Annotated[
        list[BackendForm], Says("Definitions.", [[{"name": "local", "provider": "openai", "model": "my-model"}]])
    ]
