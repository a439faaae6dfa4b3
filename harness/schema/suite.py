"""The validated suite, as the loader hands it on."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from harness.schema.comparison import RegressionSpec
    from harness.schema.prompt import Sample, Variant
    from harness.schema.quarantine import Quarantine
    from harness.schema.score import Measure

Operator = Literal["<=", ">=", "<", ">", "==", "!="]
COMPARISONS: Mapping[Operator, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "==": operator.eq,
    "!=": operator.ne,
}
"""What each operator of a check or gate means."""
Aggregation = Literal[
    "mean", "min", "max", "p50", "p90", "p95", "p99", "sum", "rate", "n", "corpus", "pass@k", "error_rate", "difference"
]

_USUAL = 0.95
"""Level of the intervals of a run's own numbers, also of those that are one-sided."""
JudgedBy = Literal["value", "shown", "missed"]
"""`value` alone; `shown`: it holds only where the interval shows that; `missed`: it fails only where that is shown."""


class Price(Struct, frozen=True):
    """USD per million tokens."""

    input: float
    """Uncached input tokens."""
    output: float
    """Output tokens."""
    cached_input: float | None = None
    """Input tokens read from the provider's cache; None means as `input`."""


class BackendSpec(Struct, frozen=True):
    """What answers: provider, model and parameters."""

    name: str
    """As used in ids and tables."""
    provider: str
    """A registered provider: llamacpp, openai, callable, replay."""
    model: str
    """Model name sent to the provider; for `callable` the function, for `replay` the column or path."""
    params: Mapping[str, Any]
    """Passed through to the provider: temperature, max_tokens, seed, response_format, logprobs …"""
    folder: Path
    """Folder of the file that defines the backend: relative paths start here."""
    base_url: str | None = None
    """Endpoint, for providers that have one."""
    api_key_env: str | None = None
    """Name of the environment variable that holds the key; never the key."""
    max_concurrency: int | None = None
    """Most requests in flight; None leaves it to the provider."""
    timeout_s: float = 60.0
    """Most seconds one call may take."""
    connect_timeout_s: float | None = None
    """Most seconds until a connection stands; None leaves it to `timeout_s`."""
    read_timeout_s: float | None = None
    """Most seconds between two parts of an answer; None leaves it to `timeout_s`."""
    requests_per_minute: float | None = None
    """Most calls sent in a minute; None means no limit."""
    tokens_per_minute: float | None = None
    """Most tokens, in and out, asked for in a minute; None means no limit."""
    price: Price | None = None
    """Own prices; None means unknown."""
    column: str | None = None
    """`replay`: dataset column that holds the answer."""
    path: str | None = None
    """`replay`: JSONL of answers; `llamacpp`: a GGUF file."""
    function: str | None = None
    """`callable`: `file.py:function` or `package.module:function`."""


class MetricSpec(Struct, frozen=True):
    """One entry under `metrics:`."""

    name: str
    """Registered name, or `module:function` for an own metric."""
    options: Mapping[str, Any]
    """Options as written."""
    folder: Path
    """Folder of the suite file: an own metric `file.py:function` is looked for here."""
    inputs: tuple[str, ...] = ()
    """Columns that the suite's prompts use: what a task is about."""
    variants: tuple[str, ...] = ()
    """Names of the suite's variants; empty where they are not all known."""
    deaf: tuple[str, ...] = ()
    """Those of the backends that it asks whose calls take no parameters: they get neither schema nor probabilities."""
    rubric: Mapping[str, Any] | None = None
    """Content of the rubric file that the option `rubric` names, as the loader of the suite has read it; else None."""


class ColumnUse(Struct, frozen=True):
    """A column of the dataset that a metric reads beside references."""

    name: str
    """Of the column."""
    option: str | None = None
    """The metric's option that names it, or because of which it is read; None when no option does."""
    is_needed: bool = True
    """Whether it is a mistake when no row has it."""


class CheckSpec(Struct, frozen=True):
    """A condition on one trial; a miss fails that item."""

    text: str
    """As written."""
    metric: str
    """Name of a measure."""
    operator: Operator
    """How the value is compared."""
    threshold: float
    """What it is compared with."""


class GateSpec(Struct, frozen=True):
    """A condition on an aggregate; a miss fails the run."""

    text: str
    """As written, white space normalised: `exact_match.mean >= 0.60`."""
    metric: str | None
    """Name of a measure; None for `error_rate`."""
    aggregation: Aggregation
    """Which aggregate of it."""
    operator: Operator
    """How the value is compared."""
    threshold: float
    """What it is compared with."""
    variants: tuple[str, ...] | None = None
    """Names of the variants it holds for; None means all."""
    backends: tuple[str, ...] | None = None
    """Names of the backends it holds for; None means all."""
    k: int | None = None
    """How many answers to one sample `pass@k` asks for, one of which is to be right; None for other aggregations."""
    origin: str = "suite"
    """`suite`, `targets: production`, or the prompt (`few_shot@1.1`) whose performance_baseline it comes from."""
    regression: RegressionSpec | None = None
    """How the difference from the baseline is judged; None for a gate on the run's own numbers."""
    path: str = ""
    """The file in which it is written, as shown to the user; empty when that is not known."""
    line: int | None = None
    """Its line there, from 1; None when that is not known."""
    judged_by: JudgedBy = "value"
    """What a gate on the run's own numbers asks of the value's interval."""

    @property
    def confidence(self) -> float:
        """Level of the interval beside its number: 1 - alpha of a regression gate, else 0.95."""
        return _USUAL if self.regression is None else 1 - self.regression.alpha


class RolloutStage(Struct, frozen=True):
    """One entry under `rollout: stages:`."""

    share: float
    """Of the traffic that gets the new prompt; of the tier's, where there is one."""
    after_h: float | None = None
    """Hours after the start at which it is checked; None where none is set."""
    tier: str | None = None
    """Only this tier's traffic; None for everyone's."""
    name: str | None = None
    """None: made of share and tier."""


class RolloutSpec(Struct, frozen=True):
    """`rollout:` of a suite: how a staged rollout of one of its prompts is replayed."""

    stages: tuple[RolloutStage, ...] = ()
    """In order; empty for the usual ones."""
    metrics: tuple[tuple[str, float], ...] = ()
    """Measures that are watched, each with how much worse it may be; empty for every measure of quality."""
    tier: str = "tags"
    """The dataset's column with a row's tier."""
    alpha: float = 0.05
    """How often a prompt that is as good may be rolled back."""
    spending: Literal["pocock", "obrien-fleming"] = "pocock"
    """How alpha is spread over the stages."""
    fewest: int = 20
    """Samples with the new prompt below which a stage tells nothing."""


class Suite(Struct, frozen=True):
    """A validated `suite.yaml` with everything it names."""

    name: str
    """Name in tables; default is the folder's."""
    description: str
    """One sentence, may be empty."""
    path: str
    """Path of suite.yaml as shown to the user."""
    folder: Path
    """Absolute folder of suite.yaml."""
    samples: tuple[Sample, ...]
    """The dataset after `limit`."""
    n_rows: int
    """Rows of the dataset before `limit`."""
    variants: tuple[Variant, ...]
    """In the file's order."""
    backends: tuple[BackendSpec, ...]
    """In the file's order."""
    repeats: int
    """Repeats of each trial."""
    metrics: tuple[MetricSpec, ...]
    """In the file's order, with those that checks and gates name."""
    measures: tuple[Measure, ...]
    """Every number the metrics yield, in order."""
    checks: tuple[CheckSpec, ...]
    """Conditions on one trial."""
    gates: tuple[GateSpec, ...]
    """Conditions on aggregates: `gates`, then `targets`, then the prompts' baselines."""
    suite_hash: str
    """SHA-256 (first 16 hex digits) of suite.yaml's content."""
    dataset_hash: str
    """SHA-256 (first 16 hex digits) of the samples used, order included."""
    dataset_path: str
    """Path (or hub name) of the dataset as shown to the user."""
    judges: tuple[BackendSpec, ...] = ()
    """The backends that its metrics ask, in the order in which they name them; they need not be among `backends`."""
    notes: tuple[str, ...] = ()
    """What somebody should know of a suite that is right all the same: targets that it does not measure."""
    rollout: RolloutSpec | None = None
    """How a rollout is replayed; None where the suite does not say."""
    quarantine: tuple[Quarantine, ...] = ()
    """What is in quarantine today."""
    stop_early: bool = False
    """Whether trials are not run when the verdicts of the regression gates are clear."""
    warnings: tuple[str, ...] = ()
    """What to know of the suite although it can run: a quarantine has ended."""
