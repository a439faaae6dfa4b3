"""A recording is the same for the same answers, can be read by people, and is verified when it is taken in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import FilesError, RecordError, UsageError
from harness.generate.store import Row, Store, UnfinishedRun, export_answers, import_answers
from harness.generate.store.coding import decode, encode
from harness.generate.store.rows import Totals
from harness.plan import cache_content, cache_key, identity_text
from harness.schema import Generation, Message, TokenLogprob, canonical_json, content_key
from tests.unit.generate.store.store_rows import CACHED, FULL, keys, row, rows

if TYPE_CHECKING:
    from pathlib import Path


def _store_of(folder: Path, *made: Row) -> Path:
    store = Store(folder)
    store.put(made)
    store.close()
    return folder


def test_answers_come_through_a_recording_whole(tmp_path: Path) -> None:
    made = rows(700)
    exported = export_answers(_store_of(tmp_path / "a", *made), tmp_path / "r.jsonl")
    imported, notices = import_answers(tmp_path / "b", tmp_path / "r.jsonl")
    assert (imported.new, imported.replaced, imported.same, notices) == (700, 0, 0, [])
    assert exported.digest == imported.digest
    store = Store(tmp_path / "b", mode="only")
    assert store.get_many(keys(made)) == dict.fromkeys(keys(made), CACHED)
    assert store.digest(keys(made)) == exported.digest
    store.close()


def test_the_same_answers_make_the_same_file_in_whatever_order_they_came(tmp_path: Path) -> None:
    made = rows(20)
    first = export_answers(_store_of(tmp_path / "a", *made), tmp_path / "a.jsonl")
    second = export_answers(_store_of(tmp_path / "b", *made[::-1]), tmp_path / "b.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    assert first == second
    import_answers(tmp_path / "c", tmp_path / "a.jsonl")
    assert export_answers(tmp_path / "c", tmp_path / "c.jsonl") == first
    assert (tmp_path / "c.jsonl").read_bytes() == (tmp_path / "a.jsonl").read_bytes()


def test_a_line_is_readable_and_holds_nothing_that_says_nothing(tmp_path: Path) -> None:
    export_answers(_store_of(tmp_path, row("Grüße", Generation("schön", output_tokens=0))), tmp_path / "r.jsonl")
    assert (tmp_path / "r.jsonl").read_text("utf-8") == (
        f'{{"key": "{row("Grüße").key}", "trial": "trial of Grüße", "content": {{"backend": {{"model": "m", '
        '"params": {}, "provider": "openai"}, "messages": [["user", "Grüße"]], "repeat": 1, "schema_version": 1}, '
        '"generation": {"text": "schön", "output_tokens": 0, "retries": 0}}\n'
    )


def test_taking_in_replaces_and_counts(tmp_path: Path) -> None:
    made = rows(3)
    export_answers(_store_of(tmp_path / "a", *made), tmp_path / "r.jsonl")
    _store_of(tmp_path / "b", made[0], row("question 1", Generation("other")))
    imported, _ = import_answers(tmp_path / "b", tmp_path / "r.jsonl")
    assert (imported.new, imported.replaced, imported.same) == (1, 1, 1)


def test_unfinished_run_keeps_the_answer_that_a_recording_replaces(tmp_path: Path) -> None:
    export_answers(_store_of(tmp_path / "a", row("q", Generation("recorded"))), tmp_path / "r.jsonl")
    store = Store(tmp_path / "b")
    store.begin(UnfinishedRun("r", "now", Totals()), tmp_path)
    store.put([row("q", Generation("own"))])
    import_answers(tmp_path / "b", tmp_path / "r.jsonl")
    assert store.answered()[row("q").trial].generation.text == "own"
    store.close()


def _line(made: Row, **changes: object) -> str:
    content, generation = json.loads(made.content), {"text": made.generation.text}
    return json.dumps({"key": made.key, "trial": made.trial, "content": content, "generation": generation} | changes)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "the line is no JSON (JSONDecodeError: "),
        ("[1]", "the line holds list; an answer has key, trial, content, generation; export the recording again"),
        ('{"key": 1}', "the line holds 'key'; an answer has key, trial, content, generation; "),
        (
            _line(row("b"), key=row("c").key),
            f"the key '{row('c').key[:18]}… is not that of the content, which is '{row('b').key[:16]}…'; key",
        ),
        (_line(row("b"), content={"a": 1}), "the key "),
        (_line(row("b"), generation={"text": 3}), "the generation or the trial is not as it was recorded; "),
        (_line(row("b"), generation=[]), "the generation or the trial is not as it was recorded; "),
        (_line(row("b"), trial=None), "the generation or the trial is not as it was recorded; "),
        ("[" * 100_000, "the line is no JSON ("),
    ],
    ids=range(9),
)
def test_line_that_is_no_answer_is_named_and_nothing_is_taken_in(tmp_path: Path, line: str, complaint: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(f"{_line(row('a'))}\n\n{line}\n")
    with pytest.raises(FilesError) as caught:
        import_answers(tmp_path / "cache", path)
    assert str(caught.value).startswith(f"{path}:3: ")
    assert complaint in str(caught.value)
    store = Store(tmp_path / "cache")
    assert store.get_many([row("a").key]) == {}
    store.close()


def test_recording_that_is_not_there_or_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    _store_of(tmp_path, row())
    with pytest.raises(UsageError) as usage:
        import_answers(tmp_path, tmp_path / "absent.jsonl")
    assert str(usage.value) == (
        f"{tmp_path / 'absent.jsonl'}: the recording cannot be read (No such file or directory); a file that "
        "`prompt-suite cache export` wrote is allowed; name another"
    )
    with pytest.raises(RecordError) as record:
        export_answers(tmp_path, tmp_path / "absent" / "r.jsonl")
    assert str(record.value) == (
        f"{tmp_path / 'absent' / 'r.jsonl'}: the recording cannot be written (No such file or directory); a file in a "
        "writable folder with room is needed; name another"
    )


def test_only_what_was_used_of_late_is_written_when_asked(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(rows(3))
    store._database.write(lambda connection: connection.execute("UPDATE answers SET used_on = used_on - 5"))
    store.get_many([rows(1)[0].key])
    store.close()
    path = tmp_path / "r.jsonl"
    assert [export_answers(tmp_path, path, used_days=days).answers for days in (0, 4, 5)] == [1, 1, 3]


def test_answers_of_the_first_version_are_left_out_and_counted(tmp_path: Path) -> None:
    _store_of(tmp_path, row(), Row("t", "k", "", FULL))
    exported = export_answers(tmp_path, tmp_path / "r.jsonl")
    assert (exported.answers, exported.left_out) == (1, 1)


TEXTS = st.text(st.characters(codec=None, exclude_categories=()))
COUNTS = st.none() | st.integers(0, 2**53)
AMOUNTS = st.none() | st.floats(0, 1e9, allow_infinity=False, allow_nan=False)
LOGPROBS = st.builds(
    TokenLogprob,
    token=TEXTS,
    logprob=st.floats(max_value=0, allow_infinity=False, allow_nan=False),
    top=st.lists(st.tuples(TEXTS, st.floats(-50, 0))).map(tuple),
)
GENERATIONS = st.builds(
    Generation,
    text=TEXTS,
    finish_reason=st.none() | TEXTS,
    latency_s=AMOUNTS,
    input_tokens=COUNTS,
    output_tokens=COUNTS,
    cost_usd=AMOUNTS,
    retries=st.integers(0, 9),
    logprobs=st.lists(LOGPROBS, max_size=3).map(tuple),
)


@given(GENERATIONS)
def test_every_generation_survives_its_encoding(generation: Generation) -> None:
    assert decode(encode(generation), from_cache=False) == generation


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS | st.integers(), inner, max_size=3),
)


@given(st.dictionaries(TEXTS, JSON, max_size=4), st.lists(TEXTS, max_size=3), st.integers(1, 9))
def test_content_is_the_same_after_a_journey_through_json(
    identity: dict[str, object], users: list[str], repeat: int
) -> None:
    messages = [Message("user", user) for user in users]
    text = cache_content(identity_text(identity), messages, repeat)
    assert canonical_json(json.loads(text)) == text
    assert cache_key(identity, messages, repeat) == content_key(text)
