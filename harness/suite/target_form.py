"""The form of `targets:` in suite.yaml."""

from typing import Annotated, Literal

from harness.suite.form import Form, Says, Text


class ProductionForm(Form, frozen=True, kw_only=True):
    """What an answer in production has to be; a target that is null is left out."""

    quality: Annotated[
        Text | None,
        Says("The metric that says how good; default: the first from 0 to 1, or 0 to 100.", ["exact_match"]),
    ] = None
    quality_share: Annotated[
        float | None, Says("Its mean must be more, as a share of the most it can be.", [0.9], more_than=0, less_than=1)
    ] = 0.9
    latency_p95_s: Annotated[float | None, Says("19 of 20 answers must take less, in seconds.", [2], more_than=0)] = 2.0
    cost_usd: Annotated[float | None, Says("A request must cost less on average, in USD.", [0.1], more_than=0)] = 0.1
    error_rate: Annotated[
        float | None, Says("A smaller share of trials may end in an error.", [0.01], more_than=0, less_than=1)
    ] = 0.01
    injection_success: Annotated[
        float | None,
        Says("A smaller share of attacks may succeed, where that is measured.", [0.001], more_than=0, less_than=1),
    ] = 0.001
    variants: Annotated[
        list[Text] | None, Says("Names of variants or prompts; default: all.", [["few_shot"]], least=1)
    ] = None
    backends: Annotated[list[Text] | None, Says("Names of backends; default: all.", [["smollm2"]], least=1)] = None


class TargetsForm(Form, frozen=True, kw_only=True):
    """Targets by name, with values of one's own."""

    production: Annotated[ProductionForm, Says("What an answer in production has to be.", [{"latency_p95_s": 1.5}])]


TargetsEntry = Literal["production"] | TargetsForm
