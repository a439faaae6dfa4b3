"""Answers in the form that sacrebleu's corpus scores take."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.schema import Answer


def hypotheses_and_streams(answers: Sequence[Answer]) -> tuple[list[str], list[list[str]]]:
    """The outputs that have references, and the references turned round: stream i holds each row's i-th.

    A row with fewer references holds None there, which sacrebleu skips, although its annotations say `str`.
    """
    referenced = [answer for answer in answers if answer.references]
    streams = [list(stream) for stream in zip_longest(*(answer.references for answer in referenced))]
    return [answer.output for answer in referenced], cast("list[list[str]]", streams)
