from __future__ import annotations

import json
from typing import Literal

from hypothesis import example, given
from hypothesis import strategies as st

from harness.plan import cache_content, cache_key, trial_id
from harness.schema import Message

HELLO = (Message("system", "Be brief."), Message("user", "Hello"))
IDENTITY = {"provider": "openai", "model": "m", "base_url": "http://127.0.0.1:1/v1", "params": {"temperature": 0}}


def test_trial_id_depends_on_every_part_and_the_repeat() -> None:
    ids = {
        trial_id(parts, repeat)
        for parts in [
            ("s", "v", "b", "1"),
            ("t", "v", "b", "1"),
            ("s", "w", "b", "1"),
            ("s", "v", "c", "1"),
            ("s", "v", "b", "2"),
        ]
        for repeat in (1, 2)
    }
    assert len(ids) == 10


def test_trial_id_is_the_same_in_every_process_and_version() -> None:
    # printf '["s", "v", "b", "1", 1]' | sha256sum | cut -c1-16
    assert trial_id(("s", "v", "b", "1"), 1) == "74aa6c0bd012fccf"


def test_cache_key_changes_with_everything_that_can_change_an_answer() -> None:
    keys = [cache_key(IDENTITY, HELLO, 1), cache_key(IDENTITY, HELLO, 2)]
    for name, value in [
        ("provider", "llamacpp"),
        ("model", "n"),
        ("base_url", "http://127.0.0.1:2/v1"),
        ("params", {"temperature": 0.5}),
        ("params", {"temperature": 0, "response_format": {"type": "json_object"}}),
    ]:
        keys.append(cache_key({**IDENTITY, name: value}, HELLO, 1))
    keys.append(cache_key(IDENTITY, (Message("user", "Be brief."), HELLO[1]), 1))
    keys.append(cache_key(IDENTITY, HELLO[1:], 1))
    keys.append(cache_key(IDENTITY, HELLO[::-1], 1))
    assert len(set(keys)) == len(keys)


def test_cache_key_does_not_depend_on_the_order_of_parameters() -> None:
    reordered = dict(reversed(IDENTITY.items()))
    assert cache_key(reordered, HELLO, 1) == cache_key(IDENTITY, HELLO, 1)


@given(st.lists(st.text(), min_size=2, max_size=4))
def test_messages_cannot_be_shifted_into_one_another(contents: list[str]) -> None:
    messages = tuple(Message("user", content) for content in contents)
    joined = (Message("user", "".join(contents)),)
    assert cache_key(IDENTITY, messages, 1) != cache_key(IDENTITY, joined, 1)


@given(st.text(), st.text())
def test_any_text_makes_an_id(variant: str, sample: str) -> None:
    assert len(trial_id(("s", variant, "b", sample), 1)) == 16


@given(st.lists(st.tuples(st.sampled_from(["system", "user"]), st.text(st.characters(exclude_categories=[])))))
@example([("user", "".join(map(chr, range(256))))])
def test_content_is_what_the_standard_library_writes(chat: list[tuple[Literal["system", "user"], str]]) -> None:
    messages = [Message(role, text) for role, text in chat]
    written = json.dumps([[message.role, message.content] for message in messages], separators=(",", ":"))
    assert f'"messages":{written},' in cache_content("{}", messages, 1)
