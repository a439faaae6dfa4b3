from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from harness.backends import check, create
from harness.errors import BackendError, FilesError
from harness.schema import BackendSpec, Message, Price, Request

if TYPE_CHECKING:
    from pathlib import Path

    from harness.schema import Generation


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def spec(folder: Path, **fields: Any) -> BackendSpec:
    return BackendSpec(name="saved", provider="replay", model="", params={}, folder=folder, **fields)


def saved(folder: Path, *rows: Any) -> BackendSpec:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (folder / "answers.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return spec(folder, path="answers.jsonl")


def ask(
    backend_spec: BackendSpec, sample: str = "s1", variant: str = "v", *, repeat: int = 1, **variables: Any
) -> Generation:
    async def once() -> Generation:
        backend = create(backend_spec)
        await backend.start()
        try:
            return await backend.generate(Request((Message("user", "?"),), sample, variant, repeat, variables))
        finally:
            await backend.stop()

    return asyncio.run(once())


@pytest.mark.parametrize(
    ("cell", "text"),
    [("yes", "yes"), ("", ""), (0, "0"), (False, "false"), (1.5, "1.5"), ({"a": "é"}, '{"a": "é"}')],
)
def test_column_cell_is_the_answer(tmp_path: Path, cell: Any, text: str) -> None:
    assert ask(spec(tmp_path, column="answer"), answer=cell).text == text


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"answr": "x"}, "the dataset's row has no column 'answer'; its columns: answr"),
        ({"answer": None}, "the dataset's column 'answer' is empty in this row; fill it"),
    ],
)
def test_missing_cell_names_the_trial(tmp_path: Path, variables: dict[str, Any], said: str) -> None:
    with pytest.raises(BackendError) as caught:
        ask(spec(tmp_path, column="answer"), **variables)
    assert str(caught.value) == f"backend 'saved': sample 's1', variant 'v', repeat 1: {said}"
    assert (caught.value.kind, caught.value.retryable) == ("missing", False)


def test_most_particular_answer_of_a_file_is_taken(tmp_path: Path) -> None:
    recorded = saved(
        tmp_path,
        {"sample": "s1", "output": "any"},
        {"sample": "s1", "output": "second", "repeat": 2},
        {"sample": "s1", "output": "of v", "variant": "v"},
        {"sample": "s1", "output": "of v second", "variant": "v", "repeat": 2},
        "",
        {"sample": 7, "output": "number"},
    )
    assert ask(recorded, variant="w").text == "any"
    assert ask(recorded, variant="w", repeat=2).text == "second"
    assert ask(recorded).text == "of v"
    assert ask(recorded, repeat=2).text == "of v second"
    assert ask(recorded, repeat=3).text == "of v"
    assert ask(recorded, "7").text == "number"


def test_what_a_recording_does_not_tell_stays_unknown(tmp_path: Path) -> None:
    answer = ask(saved(tmp_path, {"sample": "s1", "output": "x"}))
    assert (answer.latency_s, answer.input_tokens, answer.output_tokens, answer.cost_usd) == (None, None, None, None)


def test_recorded_measures_are_kept_and_cost_follows_the_price(tmp_path: Path) -> None:
    row = {"sample": "s1", "output": "x", "finish_reason": "length", "latency_s": 1.5, "input_tokens": 10}
    answer = ask(saved(tmp_path, row | {"output_tokens": 0, "cached_input_tokens": 0, "cost_usd": 0.25}))
    assert (answer.finish_reason, answer.latency_s, answer.input_tokens, answer.output_tokens) == ("length", 1.5, 10, 0)
    assert answer.cost_usd == 0.25
    saved(tmp_path, row | {"output_tokens": 2})
    priced = spec(tmp_path, path="answers.jsonl", price=Price(1.0, 5.0))
    assert ask(priced).cost_usd == pytest.approx(20e-6)


@pytest.mark.parametrize(
    ("sample", "said"),
    [
        ("s2", "answers.jsonl has no answer; recorded of this sample: sample 's2' variant 'other'"),
        ("s11", "answers.jsonl has no answer; 2 answers are recorded; did you mean sample 's1'?"),
        ("zzz", "answers.jsonl has no answer; 2 answers are recorded"),
    ],
)
def test_missing_answer_names_the_nearest(tmp_path: Path, sample: str, said: str) -> None:
    recorded = saved(tmp_path, {"sample": "s1", "output": "a"}, {"sample": "s2", "output": "b", "variant": "other"})
    with pytest.raises(BackendError) as caught:
        ask(recorded, sample)
    assert str(caught.value) == f"backend 'saved': sample '{sample}', variant 'v', repeat 1: {said}"


KEYS = (
    "sample, output, variant, repeat, finish_reason, latency_s, input_tokens, output_tokens, "
    "cached_input_tokens, cost_usd"
)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not JSON (Expecting property name enclosed in double quotes at column 2); write one JSON object a line"),
        ("[1]", "a JSON list, not an object; write one JSON object a line"),
        ('{"sample": "a"}', "'output' is missing; each line needs sample and output"),
        ('{"output": "a"}', "'sample' is missing; each line needs sample and output"),
        (
            '{"sample": "a", "outptu": "x"}',
            f"key 'outptu' is unknown; allowed: {KEYS}. Did you mean 'output'?",
        ),
        ('{"sample": true, "output": "x"}', "sample is true; a sample's id is text or a whole number"),
        ('{"sample": "a", "output": null}', "output is null; an answer is text"),
        ('{"sample": "a", "output": "x", "variant": 1}', "variant is 1; a variant's name is text"),
        ('{"sample": "a", "output": "x", "repeat": 0}', "repeat is 0; repeats count from 1"),
        ('{"sample": "a", "output": "x", "finish_reason": 1}', 'finish_reason is 1; it is text, such as "stop"'),
        ('{"sample": "a", "output": "x", "latency_s": NaN}', "latency_s is NaN; it is a number of at least 0"),
        (
            '{"sample": "a", "output": "x", "input_tokens": 1.5}',
            "input_tokens is 1.5; it is a whole number of at least 0",
        ),
        ('{"sample": "ok", "output": "x"}', "sample 'ok' is recorded twice, first on line 1; keep one"),
    ],
)
def test_mistake_in_a_file_is_told_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    recorded = saved(tmp_path, {"sample": "ok", "output": "x"}, "", line)
    with pytest.raises(FilesError) as caught:
        check(recorded)
    assert str(caught.value) == f"answers.jsonl:3: {said}"


def test_all_mistakes_are_told_at_once_up_to_twenty(tmp_path: Path) -> None:
    with pytest.raises(FilesError) as caught:
        check(saved(tmp_path, *["{"] * 30))
    assert [mistake.line for mistake in caught.value.mistakes] == list(range(1, 21))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", ': the file holds no answers; write lines such as {"sample": "s1", "output": "…"}'),
        (b'{"sample": "\xff", "output": "x"}', ":1: byte 13 is not UTF-8; save the file as UTF-8"),
        (None, ": the recorded answers cannot be read (No such file or directory); correct 'path'"),
    ],
)
def test_file_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "answers.jsonl").write_bytes(content)
    with pytest.raises(FilesError) as caught:
        check(spec(tmp_path, path="answers.jsonl"))
    assert str(caught.value) == f"answers.jsonl{said}"


def test_byte_order_mark_and_carriage_returns_are_accepted(tmp_path: Path) -> None:
    (tmp_path / "answers.jsonl").write_bytes(b'\xef\xbb\xbf{"sample": "s1", "output": "a\\u2028b"}\r\n\r\n')
    assert ask(spec(tmp_path, path="answers.jsonl")).text == "a\u2028b"


def test_identity_follows_the_content_and_replay_is_never_cached(tmp_path: Path) -> None:
    first = create(saved(tmp_path, {"sample": "s1", "output": "a"}))
    before = first.identity()
    assert not first.cacheable
    assert create(saved(tmp_path, {"sample": "s1", "output": "b"})).identity() != before
    assert create(saved(tmp_path, {"sample": "s1", "output": "a"})).identity() == before
