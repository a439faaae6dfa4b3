from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.schema import content_hash


def test_hash_is_the_same_in_every_process_and_version() -> None:
    # printf 'abc' | sha256sum | cut -c1-16
    assert content_hash(["abc"]) == "ba7816bf8f01cfea"


@given(st.lists(st.text()))
def test_hash_does_not_depend_on_how_the_text_is_cut(pieces: list[str]) -> None:
    assert content_hash(pieces) == content_hash(["".join(pieces)])


def test_half_a_surrogate_pair_has_a_hash_of_its_own() -> None:
    assert len({content_hash(["\ud800"]), content_hash(["\ud801"]), content_hash(["?"])}) == 3
