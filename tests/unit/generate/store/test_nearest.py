"""A missing answer says what differs from the nearest recorded one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.generate.store import Row, Store
from harness.plan import cache_content, identity_text
from harness.schema import Message, content_key
from tests.unit.generate.store.store_rows import FULL, content

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONG = "Classify this text: the quick brown fox jumps over the lazy dog. Answer with one word."
RECORDED = content(LONG, system="Be brief.", temperature=0, stop=["\n"])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path)
    made.put([Row("t", content_key(RECORDED), RECORDED, FULL)])
    yield made
    made.close()


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (content(LONG, system="Be brief.", temperature=0.7, stop=["\n"]), "params.temperature: 0 recorded, 0.7 now"),
        (content(LONG, system="Be brief.", temperature=0.0, stop=["\n"]), "params.temperature: 0 recorded, 0.0 now"),
        (content(LONG, system="Be brief.", temperature=0, stop=[]), r'params.stop: ["\n"] recorded, [] now'),
        (content(LONG, system="Be brief.", temperature=0), r'params.stop: ["\n"] recorded, none now'),
        (
            content(LONG, model="n", system="Be brief.", temperature=0, stop=["\n"], seed=0),
            'model: "m" recorded, "n" now; params.seed: none recorded, 0 now',
        ),
        (
            content(LONG.replace("dog", "cat"), system="Be brief.", temperature=0, stop=["\n"]),
            (
                "the user message differs at character 61: '…er the lazy dog. Answer with one word.' recorded, "
                "'…er the lazy cat. Answer with one word.' now"
            ),
        ),
        (
            content(LONG, system="Be brief. ", temperature=0, stop=["\n"]),
            "the system message differs at character 10: 'Be brief.' recorded, 'Be brief. ' now",
        ),
        (
            content(LONG, system="Be\x1b[31m brief.", temperature=0, stop=["\n"]),
            r"the system message differs at character 3: 'Be brief.' recorded, 'Be\x1b[31m brief.' now",
        ),
        (
            content("other", model="n", temperature=1),
            (
                'model: "m" recorded, "n" now; params.stop: ["\\n"] recorded, none now; '
                "params.temperature: 0 recorded, 1 now, and 2 more"
            ),
        ),
        (RECORDED, "its recorded answer is damaged"),
    ],
    ids=range(10),
)
def test_what_differs_is_told(store: Store, now: str, told: str) -> None:
    assert store.nearest("t", now) == told


def test_messages_of_one_role_are_told_by_their_number(tmp_path: Path) -> None:
    def chat(*users: str, repeat: int = 1) -> str:
        return cache_content(identity_text({}), [Message("user", user) for user in users], repeat)

    store = Store(tmp_path)
    store.put([Row("t", content_key(chat("a", "b")), chat("a", "b"), FULL)])
    assert store.nearest("t", chat("a", "c")) == "message 2 (user) differs at character 1: 'b' recorded, 'c' now"
    assert store.nearest("t", chat("a", "b", "c")) == "2 messages recorded, 3 now"
    assert store.nearest("t", chat("a", "b", repeat=2)) == "repeat: 1 recorded, 2 now"
    store.close()


def test_the_nearest_of_several_is_compared(store: Store) -> None:
    far = content("something else", model="z", temperature=1)
    store.put([Row("t", content_key(far), far, FULL)])
    assert store.nearest("t", content(LONG, system="Be brief.", temperature=1, stop=["\n"])) == (
        "params.temperature: 0 recorded, 1 now"
    )


def test_without_an_answer_of_the_trial_the_same_messages_of_another_backend_are_told(store: Store) -> None:
    now = content(LONG, model="n", system="Be brief.", temperature=0, stop=["\n"])
    assert store.nearest("never", now) == 'only another backend was asked this (model: "m" recorded, "n" now)'


def test_trial_that_nothing_is_near_to_was_never_answered(store: Store) -> None:
    assert store.nearest("never", content("quite another question")) == "it was never answered"
