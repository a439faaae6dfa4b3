from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.errors import OptionError
from harness.schema import MetricSpec
from harness.score import create, measures_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Value = Callable[..., float | None]


def test_the_pattern_matches_anywhere(value_of: Value) -> None:
    assert value_of("regex", "so: 42!", pattern=r"\d+") == 1.0
    assert value_of("regex", "so: none", pattern=r"\d+") == 0.0


def test_flags_stand_in_the_pattern(value_of: Value) -> None:
    assert value_of("regex", "YES", pattern="(?i)^yes$") == 1.0
    assert value_of("regex", "YES", pattern="^yes$") == 0.0


def test_an_empty_answer_is_searched_like_any_other(value_of: Value) -> None:
    assert value_of("regex", "", pattern="^$") == 1.0
    assert value_of("regex", "", pattern="x") == 0.0


@pytest.mark.parametrize(
    ("options", "message", "key"),
    [
        ({}, "metric 'regex' needs the option 'pattern'; allowed: a text that is not empty", None),
        ({"pattern": ""}, "metric 'regex': option 'pattern' is ''; allowed: a text that is not empty", "pattern"),
        ({"pattern": 3}, "metric 'regex': option 'pattern' is 3; allowed: a text that is not empty", "pattern"),
        (
            {"pattern": "(a"},
            (
                "metric 'regex': option 'pattern' is no regular expression: "
                "missing ), unterminated subpattern at position 0; allowed: Python's `re` syntax"
            ),
            "pattern",
        ),
    ],
)
def test_a_wrong_pattern_is_an_option_error(options: dict[str, object], message: str, key: str | None) -> None:
    with pytest.raises(OptionError) as raised:
        create(MetricSpec("regex", options, Path()))
    assert str(raised.value) == message
    assert raised.value.key == key


def test_another_pattern_has_another_signature() -> None:
    signatures = {
        measures_of(MetricSpec("regex", {"pattern": each}, Path()))[0].signature for each in ("a", "b", "\ud800")
    }
    assert len(signatures) == 3
