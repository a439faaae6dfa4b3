"""Baselines that people, editors and merges have damaged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import RecordError
from harness.record import parse_baseline
from harness.schema import SCHEMA_VERSION
from tests.unit.record.measured_runs import plain
from tests.unit.record.test_baseline import GOLDEN, clean, save

if TYPE_CHECKING:
    from pathlib import Path

TAIL = "restore the file from version control, or save it anew: pytest --prompt-suite --prompt-save-baseline"
TRIAL = GOLDEN.splitlines()[1]
OTHER = GOLDEN.splitlines()[2]


def changed(**fields: Any) -> str:
    return json.dumps({**json.loads(TRIAL), **fields})


def less(field: str) -> str:
    return json.dumps({name: value for name, value in json.loads(TRIAL).items() if name != field})


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("<<<<<<< HEAD", "is no JSON (Expecting value: line 1 column 1 (char 0)); one object a line is"),
        ("", "is no JSON (Expecting value: line 1 column 1 (char 0)); one object a line is"),
        ("[1, 2]", "is [1, 2]; one object a line is"),
        ('"a\x1b[31m"', "is no JSON (Invalid control character at: line 1 column 3 (char 2)); one object a line is"),
        (TRIAL, "is the trial of line 2 again; one line a trial is"),
        (less("repeat"), "repeat is missing; a whole number is"),
        (changed(repeat=True), "repeat is true; a whole number is"),
        (changed(sample=7), "sample is 7; text is"),
        (changed(output=[]), "output is []; text or null is"),
        (changed(scores=None), "scores is null; a mapping is"),
        (changed(scores={"f1": "x"}), 'scores: f1 is "x"; a finite number or null is'),
        (changed(scores={"f1": 1}), "scores: 'exact_match' is missing; a finite number or null is"),
        (changed(scores={"f1": True}), "scores: f1 is true; a finite number or null is"),
        (changed(scores={"rouge": 1}), "scores: 'rouge' is no measure of the first line; one of those is"),
        (TRIAL.replace("0.123", "NaN"), "is no JSON (NaN is no number of JSON); one object a line is"),
        (TRIAL.replace("0.123", "1e999"), "scores: latency_s is Infinity; a finite number or null is"),
        (
            TRIAL.replace("0.123", "1" + "0" * 400),
            "scores: latency_s is " + "1" + "0" * 58 + "…; a finite number or null is",
        ),
        (changed(outcome="fine"), 'outcome is "fine"; one of passed, failed, error, not_run is'),
        (changed(repeat=0), "repeat is 0; a whole number from 1 is"),
        (changed(repeat=2**31), "repeat is 2147483648; a whole number from 1 is"),
        (changed(references="x"), "references is no list of texts; such a list is"),
        (changed(references=[None]), "references is no list of texts; such a list is"),
    ],
)
def test_damaged_line_is_one_clear_line(line: str, what: str) -> None:
    text = "\n".join([GOLDEN.splitlines()[0], TRIAL, line, OTHER, ""])
    with pytest.raises(RecordError) as caught:
        parse_baseline(text.encode(), "b.jsonl")
    assert str(caught.value) == f"b.jsonl:3: {what} allowed; {TAIL}"


def test_bytes_that_are_no_text_and_nesting_without_end_are_damage() -> None:
    for line, why in ((b"\xff\xfe", "'utf-8' codec can't decode byte 0xff"), (b"[" * 100_000, "")):
        with pytest.raises(RecordError) as caught:
            parse_baseline(GOLDEN.splitlines()[0].encode() + b"\n" + line, "b.jsonl")
        assert str(caught.value).startswith(f"b.jsonl:2: is no JSON ({why}")
        assert "\n" not in str(caught.value)


def first_line(**fields: Any) -> str:
    head = json.loads(GOLDEN.splitlines()[0])["baseline"]
    return json.dumps({"baseline": {**head, **fields}})


F1 = {"unit": "score", "low": 0, "high": 1, "higher_is_better": True, "signature": "f1|v1"}
NO_HEAD = 'is not the first line of a baseline; {"baseline": {"schema_version": …}} is'


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("", NO_HEAD),
        (TRIAL, NO_HEAD),
        ('{"baseline": 7}', NO_HEAD),
        ('{"baseline": {"schema_version": "1"}}', NO_HEAD),
        ('{"baseline": {"schema_version": 1}}', "suite is missing; text is"),
        (first_line(prompts=[]), "prompts is []; a mapping is"),
        (first_line(prompts={"a": {"hash": 7}}), "prompts: 'a' is no mapping of texts; such a mapping is"),
        (first_line(backends={"a": 1}), "backends: 'a' is no mapping of texts; such a mapping is"),
        (first_line(measures={"f1": 1}), "unit is missing; text is"),
        (
            first_line(measures={"f1": {"unit": "score", "low": "0"}}),
            'low is "0"; a whole number or a number or null is',
        ),
        ('{"baseline": {"schema_version": -5}}', "schema_version is -5; a whole number from 1 is"),
        ('{"baseline": {"schema_version": true}}', NO_HEAD),
        (
            first_line(measures={"f1": {**F1, "unit": "apples"}}),
            "measures: 'f1': unit is \"apples\"; one of score, percent, s, tokens, usd is",
        ),
        (first_line(measures={"f1": {**F1, "low": 2}}), "measures: 'f1': low is 2 and high 1; low below high is"),
        (
            first_line(measures={"f1": {**F1, "high": 10**400}}),
            f"measures: 'f1': high is 1{'0' * 58}…; a finite number or null is",
        ),
        (first_line(kept=[1, "x"]), "kept: 1 is no mapping; such a mapping is"),
        (first_line(kept=[{"variant": "v"}]), "backend is missing; text is"),
    ],
)
def test_damaged_first_line_is_one_clear_line(line: str, what: str) -> None:
    with pytest.raises(RecordError) as caught:
        parse_baseline(line.encode(), "b.jsonl")
    assert str(caught.value) == f"b.jsonl:1: {what} allowed; {TAIL}"


def test_newer_form_is_told_apart_from_damage() -> None:
    text = json.dumps({"baseline": {"schema_version": SCHEMA_VERSION + 1}})
    with pytest.raises(RecordError) as caught:
        parse_baseline(text.encode(), "b.jsonl")
    assert str(caught.value) == (
        f"b.jsonl:1: recorded in form {SCHEMA_VERSION + 1}; this version reads up to {SCHEMA_VERSION}; "
        "run: pip install -U pytest-prompt-suite"
    )


def test_line_ends_and_a_mark_that_editors_add_are_passed_over() -> None:
    text = b"\xef\xbb\xbf" + GOLDEN.replace("\n", "\r\n").encode()
    assert plain(parse_baseline(text, "b")) == plain(parse_baseline(GOLDEN.encode(), "b"))


@pytest.mark.parametrize("end", ["", "\n", "\n\n\n", "\r\n\r\n", "\n  \n\t\n"])
def test_blank_lines_at_the_end_are_passed_over(end: str) -> None:
    text = GOLDEN.rstrip("\n") + end
    assert plain(parse_baseline(text.encode(), "b")) == plain(parse_baseline(GOLDEN.encode(), "b"))


def test_baseline_of_another_suite_is_not_written_over(tmp_path: Path) -> None:
    path = save(tmp_path, clean()).path
    other = path.read_text().replace('"suite":"feedback"', '"suite":"support"', 1)
    path.write_text(other)
    with pytest.raises(RecordError) as caught:
        save(tmp_path, clean())
    assert str(caught.value) == (
        f"{path}: it is the baseline of suite 'support'; one of suite 'feedback' is needed, or none; move it away"
    )
    assert path.read_text() == other


def test_link_to_nothing_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "baselines/feedback.jsonl"
    path.parent.mkdir()
    path.symlink_to("nowhere")
    with pytest.raises(RecordError) as caught:
        save(tmp_path, clean())
    assert str(caught.value) == (
        f"{path}: the baseline cannot be read (it is a link to nothing); a file that --prompt-save-baseline wrote is "
        "needed; restore it, or save it anew"
    )
    assert path.is_symlink()


def test_field_that_this_version_does_not_know_is_passed_over() -> None:
    text = "\n".join([first_line(mood="good"), changed(mood="bad"), OTHER])
    assert plain(parse_baseline(text.encode(), "b")) == plain(parse_baseline(GOLDEN.encode(), "b"))


def test_damaged_baseline_is_not_written_over(tmp_path: Path) -> None:
    path = save(tmp_path, clean()).path
    path.write_text("<<<<<<< HEAD\n")
    with pytest.raises(RecordError, match=r"feedback\.jsonl:1: is no JSON"):
        save(tmp_path, clean())
    assert path.read_text() == "<<<<<<< HEAD\n"
