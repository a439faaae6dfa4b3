"""json_valid: whether the answer is JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from harness.schema import Measure
from harness.score.metric import scored
from harness.score.options import read_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.schema import Answer, Score
    from harness.score.options import Option


class JsonValid:
    """1 when the whole answer is one JSON text, else 0 with the place where it stops being one.

    Range: 0 or 1.
    Higher is better: yes.
    Empty input: an empty answer is not JSON: 0; references are not looked at.
    Source: RFC 8259, by Python's `json`.
    Deviations: NaN and Infinity, which Python's `json` reads, are not JSON; nesting beyond its recursion limit is 0.
    """

    OPTIONS: ClassVar[tuple[Option, ...]] = ()
    needs_references = False

    def __init__(self, options: Mapping[str, Any]) -> None:
        """OptionError for any option: it takes none."""
        read_options("json_valid", self.OPTIONS, options)
        signature = "json_valid|rfc:8259|version:1"
        self.measures = (Measure("json_valid", "score", 0.0, 1.0, higher_is_better=True, signature=signature),)

    def score(self, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
        """One score an answer."""
        flaws = (json_flaw(answer.output) for answer in answers)
        return [(scored(self.measures[0], flaw is None, flaw),) for flaw in flaws]


def json_flaw(text: str) -> str | None:
    """Why the text is not JSON, with the place; None when it is."""
    try:
        json.loads(text, parse_constant=_reject, parse_int=str)
    except json.JSONDecodeError as error:
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    except ValueError as error:
        return str(error)
    except RecursionError:
        return "nested too deeply"
    return None


def _reject(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
