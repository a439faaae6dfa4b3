"""The form of a rubric file."""

from typing import Annotated, ClassVar

from harness.suite.form import Form, Says, Text


class CriterionForm(Form, frozen=True, kw_only=True):
    """One criterion with the steps by which it is rated."""

    description: Annotated[Text, Says("What it means, for the judge.", ["The answer is polite."])]
    steps: Annotated[
        Text, Says("How it is rated; without them the judge writes steps itself.", ["1. Look at the first line."])
    ] = ""


class RubricForm(Form, frozen=True, kw_only=True):
    """What a judge rates, and how high."""

    demanded: ClassVar[tuple[str, ...]] = ("name", "version", "criteria")

    name: Annotated[Text | None, Says("For the signature of its measures.", ["support"])] = None
    version: Annotated[Text | None, Says("For the signature; raise it when the rubric changes.", ["1"])] = None
    criteria: Annotated[
        dict[str, Text | CriterionForm | None] | None,  # the metric says what may stand where nothing does
        Says("What is rated: names with what they mean.", [{"tone": "The answer is polite."}], least=1),
    ] = None
    scale: Annotated[list[int] | None, Says("Least and greatest score; default: [1, 5].", [[1, 5]])] = None
