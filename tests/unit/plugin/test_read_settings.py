"""Options and settings of costs → Settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import asdict

from harness.plugin.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    Read = Callable[..., dict[str, Any]]

OF_COSTS = ("budget_usd", "daily_budget_usd", "request_limit_usd", "resume", "trace_text", "cache_size_mb")


@pytest.fixture
def read(pytester: pytest.Pytester) -> Read:
    def read(toml: str, *options: str) -> dict[str, Any]:
        pytester.makepyprojecttoml(f"[tool.pytest]\n{toml}")
        fields = asdict(read_settings(pytester.parseconfig(*options)))
        return {name: fields[name] for name in OF_COSTS}

    return read


def test_nothing_is_limited_by_default(read: Read) -> None:
    assert list(read("").values()) == [None, None, None, False, True, None]


def test_settings_are_read(read: Read) -> None:
    toml = """
prompt_budget = 1
prompt_daily_budget = 2.5
prompt_request_limit = "0.05"
prompt_trace_text = false
prompt_cache_size = 500
"""
    assert list(read(toml).values()) == [1.0, 2.5, 0.05, False, False, 500]


def test_zero_is_an_amount(read: Read) -> None:
    settings = read("prompt_daily_budget = 0\nprompt_request_limit = 0.0", "--prompt-budget=0")
    assert list(settings.values())[:3] == [0.0, 0.0, 0.0]


def test_option_wins_over_the_setting(read: Read) -> None:
    assert read("prompt_budget = 1", "--prompt-budget", "0.25", "--prompt-resume")["budget_usd"] == 0.25
