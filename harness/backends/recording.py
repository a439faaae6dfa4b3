"""A JSONL file of answers recorded elsewhere, read and checked.

One JSON object a line: `sample` and `output`, and where it matters `variant` and `repeat`. The rest is optional and
goes into the generation: finish_reason, latency_s, input_tokens, output_tokens, cached_input_tokens, cost_usd.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from harness.backends.amounts import is_amount, is_count
from harness.errors import FilesError, Mistake
from harness.schema import Generation
from harness.wording import did_you_mean, nearest

if TYPE_CHECKING:
    from pathlib import Path

_MEASURED = ("latency_s", "input_tokens", "output_tokens", "cached_input_tokens", "cost_usd")
_KEYS = ("sample", "output", "variant", "repeat", "finish_reason", *_MEASURED)
_MOST_MISTAKES = 20
"""Mistakes shown of one file; a file of another form has one on each line."""

Place = tuple[str, str | None, int | None]
"""sample, variant or None for any, repeat or None for any."""


class Recording(Struct, frozen=True):
    """The answers of one file."""

    answers: dict[Place, Generation]
    """By what they answer."""

    def find(self, sample: str, variant: str, repeat: int) -> Generation | None:
        """The answer that names the most of the trial; None when there is none."""
        for place in ((sample, variant, repeat), (sample, variant, None), (sample, None, repeat), (sample, None, None)):
            if place in self.answers:
                return self.answers[place]
        return None

    def nearest(self, sample: str) -> str:
        """What the file does have, for the message that something is missing."""
        same = [place for place in self.answers if place[0] == sample]
        if same:
            return "recorded of this sample: " + ", ".join(_described(place) for place in same[:5])
        near = nearest(sample, dict.fromkeys(place[0] for place in self.answers))
        return f"{len(self.answers)} answers are recorded" + (f"; did you mean sample '{near}'?" if near else "")


class _LineError(Exception):
    """One line is wrong; its text says how."""


def read_recording(path: Path, shown: str) -> Recording:
    """The answers of `path`, which messages call `shown`.

    Raises:
        FilesError: every mistake of the file, with its line (the first 20).

    """
    answers: dict[Place, Generation] = {}
    lines: dict[Place, int] = {}
    mistakes: list[Mistake] = []
    for number, raw in enumerate(_content(path, shown).split(b"\n"), start=1):
        if not raw.strip():
            continue
        try:
            place, generation = _entry(raw)
        except _LineError as error:
            mistakes.append(Mistake(shown, number, None, str(error)))
            continue
        if place in lines:
            text = f"{_described(place)} is recorded twice, first on line {lines[place]}; keep one"
            mistakes.append(Mistake(shown, number, None, text))
        lines.setdefault(place, number)
        answers.setdefault(place, generation)
    if not answers and not mistakes:
        mistakes.append(
            Mistake(shown, None, None, 'the file holds no answers; write lines such as {"sample": "s1", "output": "…"}')
        )
    if mistakes:
        raise FilesError(mistakes[:_MOST_MISTAKES])
    return Recording(answers)


def _content(path: Path, shown: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FilesError(
            [Mistake(shown, None, None, f"the recorded answers cannot be read ({error.strerror}); correct 'path'")]
        ) from error
    return content.removeprefix(b"\xef\xbb\xbf")


def _entry(raw: bytes) -> tuple[Place, Generation]:
    try:
        row = json.loads(raw)
    except UnicodeDecodeError as error:
        raise _LineError(f"byte {error.start + 1} is not UTF-8; save the file as UTF-8") from error
    except json.JSONDecodeError as error:
        raise _LineError(f"not JSON ({error.msg} at column {error.colno}); write one JSON object a line") from error
    except (ValueError, RecursionError) as error:
        raise _LineError(f"not JSON that can be read ({error}); write one JSON object a line") from error
    if not isinstance(row, dict):
        raise _LineError(f"a JSON {type(row).__name__}, not an object; write one JSON object a line")
    _check_keys(row)
    return (_sample(row), _variant(row), _repeat(row)), _generation(row)


def _check_keys(row: dict[str, Any]) -> None:
    for key in row:
        if key not in _KEYS:
            meant = did_you_mean(key, _KEYS)
            raise _LineError(f"key {key!r} is unknown; allowed: {', '.join(_KEYS)}" + (f".{meant}" if meant else ""))
    for key in ("sample", "output"):
        if key not in row:
            raise _LineError(f"'{key}' is missing; each line needs sample and output")


def _sample(row: dict[str, Any]) -> str:
    sample = row["sample"]
    if isinstance(sample, bool) or not isinstance(sample, str | int):
        raise _LineError(f"sample is {json.dumps(sample)[:60]}; a sample's id is text or a whole number")
    return str(sample)


def _variant(row: dict[str, Any]) -> str | None:
    variant = row.get("variant")
    if variant is not None and not isinstance(variant, str):
        raise _LineError(f"variant is {json.dumps(variant)[:60]}; a variant's name is text")
    return variant


def _repeat(row: dict[str, Any]) -> int | None:
    repeat = row.get("repeat")
    if repeat is None or (isinstance(repeat, int) and not isinstance(repeat, bool) and repeat >= 1):
        return repeat
    raise _LineError(f"repeat is {json.dumps(repeat)[:60]}; repeats count from 1")


def _generation(row: dict[str, Any]) -> Generation:
    output, reason = row["output"], row.get("finish_reason")
    if not isinstance(output, str):
        raise _LineError(f"output is {json.dumps(output)[:60]}; an answer is text")
    if reason is not None and not isinstance(reason, str):
        raise _LineError(f'finish_reason is {json.dumps(reason)[:60]}; it is text, such as "stop"')
    return Generation(
        text=output,
        finish_reason=reason,
        latency_s=_amount("latency_s", row),
        cost_usd=_amount("cost_usd", row),
        input_tokens=_count("input_tokens", row),
        output_tokens=_count("output_tokens", row),
        cached_input_tokens=_count("cached_input_tokens", row),
    )


def _count(key: str, row: dict[str, Any]) -> int | None:
    number = row.get(key)
    if number is None or is_count(number):
        return number
    raise _LineError(f"{key} is {json.dumps(number)[:60]}; it is a whole number of at least 0")


def _amount(key: str, row: dict[str, Any]) -> float | None:
    number = row.get(key)
    if number is None:
        return None
    if is_amount(number):
        return float(number)
    raise _LineError(f"{key} is {json.dumps(number)[:60]}; it is a number of at least 0")


def _described(place: Place) -> str:
    sample, variant, repeat = place
    parts = [f"sample '{sample}'"]
    if variant is not None:
        parts.append(f"variant '{variant}'")
    if repeat is not None:
        parts.append(f"repeat {repeat}")
    return " ".join(parts)
