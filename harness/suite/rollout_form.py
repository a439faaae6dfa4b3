"""The form of `rollout:` in suite.yaml."""

from typing import Annotated, Literal

from harness.suite.form import Form, Says, Text


class RolloutStageForm(Form, frozen=True, kw_only=True):
    """A share of the traffic that gets the new prompt."""

    share: Annotated[
        float, Says("Share of the traffic, above 0, at most 1; of the tier's, with a tier.", [0.05], more_than=0)
    ]
    after_h: Annotated[
        float | None, Says("Hours after the start at which the stage is checked.", [24], more_than=0)
    ] = None
    tier: Annotated[Text | None, Says("Only the traffic of this tier.", ["free"])] = None
    name: Annotated[Text | None, Says("Default: made of share and tier.", ["a tenth"])] = None


class RolloutMetricForm(Form, frozen=True, kw_only=True):
    """A metric that the new prompt must not worsen."""

    metric: Annotated[Text, Says("Which measure.", ["exact_match"])]
    margin: Annotated[float, Says("How much worse it may be, in the metric's unit.", [0.02], at_least=0)] = 0.0


RolloutMetric = Text | RolloutMetricForm


class RolloutForm(Form, frozen=True, kw_only=True):
    """How `prompt-suite rollout` replays a staged rollout."""

    stages: Annotated[
        list[RolloutStageForm],
        Says(
            "In order, shares rising; default: 5 % of the free tier, 10 %, 20 %, 50 %, 100 %.",
            [[{"share": 0.05, "after_h": 24, "tier": "free"}, {"share": 1}]],
        ),
    ] = []
    metrics: Annotated[
        list[RolloutMetric],
        Says("What is watched, beside errors; default: every metric of quality.", [["exact_match"]]),
    ] = []
    tier: Annotated[Text, Says("Column with a row's tier; default: tags.", ["plan"])] = "tags"
    alpha: Annotated[
        float,
        Says("How often a prompt that is as good may be rolled back.", [0.05], more_than=0, less_than=1),
    ] = 0.05
    spending: Annotated[
        Literal["pocock", "obrien-fleming"],
        Says("How alpha is spread over the stages: early, or late.", ["pocock"]),
    ] = "pocock"
    fewest: Annotated[int, Says("Samples with the new prompt below which a stage tells nothing.", [20], at_least=1)] = (
        20
    )
