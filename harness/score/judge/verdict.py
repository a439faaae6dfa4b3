"""A judge's answer → score and reason, from the form's fields only."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from harness.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.schema import Generation, TokenLogprob

_FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*)\n\s*```\s*\Z", re.DOTALL | re.IGNORECASE)
"""The whole answer in one code fence, as models write it where no schema holds them."""
_SCORE = re.compile(r'"score"\s*:\s*(-?\d+)')
_ONE_TOKEN = 9
"""Scores up to here are one token; of others the probability of a whole score cannot be read."""
_SHOWN = 200


class Verdict(Struct, frozen=True):
    """What the form says."""

    score: int
    """As written."""
    value: float
    """The score, weighted by the probabilities of all scores where they are known."""
    reason: str
    """The judge's own, in one line."""


class Preference(Struct, frozen=True):
    """What the form of a pair says."""

    better: str
    """`first`, `second` or `tie`."""
    reason: str
    """The judge's own, in one line."""


PREFERENCES = ("first", "second", "tie")


def read_preference(generation: Generation) -> Preference | str:
    """Which answer is better, or what is wrong with the judge's answer."""
    form = _form(generation)
    if isinstance(form, str):
        return form
    better = form.get("better")
    if better not in PREFERENCES:
        return f"the form's better is {one_line(repr(better), longest=_SHOWN)}"
    return Preference(better, _reason(form))


def pair_schema() -> Mapping[str, Any]:
    """The form of a pair as a `response_format`: a reason, then which is better."""
    return _schema("preference", {"better": {"type": "string", "enum": list(PREFERENCES)}})


def _schema(name: str, last: Mapping[str, Any]) -> Mapping[str, Any]:
    schema = {
        "type": "object",
        "properties": {"reason": {"type": "string"}, **last},
        "required": ["reason", *last],
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": schema}}


def _reason(form: Mapping[str, Any]) -> str:
    return one_line(str(form.get("reason") or ""), longest=_SHOWN * 5)


def _form(generation: Generation) -> Mapping[str, Any] | str:
    """The form's fields, or what is wrong with the answer: nothing else of it counts."""
    fence = _FENCE.match(generation.text)
    text = fence[1] if fence else generation.text
    if generation.finish_reason == "length":
        return "the answer was cut off at the backend's max_tokens"
    try:
        form = json.loads(text)
    except (ValueError, RecursionError):
        form = None
    return form if isinstance(form, dict) else f"no form: {one_line(repr(generation.text), longest=_SHOWN)}"


def read_verdict(generation: Generation, scale: tuple[int, int]) -> Verdict | str:
    """The verdict, or what is wrong with the answer."""
    form = _form(generation)
    if isinstance(form, str):
        return form
    score = _whole(form.get("score"))
    if score is None:
        return f"the form's score is {one_line(repr(form.get('score')), longest=_SHOWN)}"
    if not scale[0] <= score <= scale[1]:
        return f"the form's score is {score}, not from {scale[0]} to {scale[1]}"
    weighted = _weighted(generation, scale, score)
    return Verdict(score, float(score) if weighted is None else weighted, _reason(form))


def _whole(score: object) -> int | None:
    """The score as a whole number, as JSON Schema's `integer` has it (draft 2020-12): 4.0 is one. None for others."""
    if isinstance(score, float) and score.is_integer():
        return int(score)
    return score if isinstance(score, int) and not isinstance(score, bool) else None


def form_schema(scale: tuple[int, int]) -> Mapping[str, Any]:
    """The form as a `response_format`: a reason, then one of the scores."""
    return _schema("verdict", {"score": {"type": "integer", "enum": list(range(scale[0], scale[1] + 1))}})


def _weighted(generation: Generation, scale: tuple[int, int], score: int) -> float | None:
    """The mean of all scores by their probability at the token of the score; None where that is not known.

    A grammar may have cut alternatives off after their probabilities were taken: those outside the scale do not count.
    """
    token = _token_of_score(generation) if scale[1] <= _ONE_TOKEN else None
    if token is None or _digit(token.token) != score:  # the token holds more than the score, or not all of it
        return None
    weights: dict[int, float] = {}
    for text, logprob in dict(((token.token, token.logprob), *token.top)).items():
        digit = _digit(text)
        if digit is not None and scale[0] <= digit <= scale[1]:
            weights[digit] = weights.get(digit, 0.0) + math.exp(min(logprob, 0.0))
    whole = sum(weights.values())
    return sum(digit * weight for digit, weight in weights.items()) / whole if whole > 0 else None


def _digit(token: str) -> int | None:
    """The number that a token is; None when it is anything else, or longer than scores are."""
    stripped = token.strip().strip('"')
    return int(stripped) if len(stripped) == 1 and stripped.isascii() and stripped.isdigit() else None


def _token_of_score(generation: Generation) -> TokenLogprob | None:
    """The token that begins the score's digits; None where tokens and text do not fit."""
    found = list(_SCORE.finditer(generation.text))
    if not found or "".join(token.token for token in generation.logprobs) != generation.text:
        return None
    at, begin = 0, found[-1].start(1)
    for token in generation.logprobs:
        at += len(token.token)
        if at > begin:
            return token
    return None
