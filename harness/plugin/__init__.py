"""Entry module of the pytest plugin: options and a switch, nothing else.

Without `--prompt-suite` nothing beyond this module is imported, no file is read and none is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.plugin.trial_fixture import TrialUnderTest

_SESSION = "prompt-suite-session"

_CACHE_MODES = ("use", "refresh", "off", "only")


def _count(least: int) -> Any:
    """A parser of whole numbers from `least` upwards, for argparse."""

    def parse(text: str) -> int:
        value = int(text)
        if value < least:
            raise ValueError
        return value

    parse.__name__ = f"whole number from {least}"
    return parse


def _amount(text: str) -> float:
    """A parser of amounts of money from 0 upwards, for argparse."""
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError
    return value


_amount.__name__ = "amount in USD from 0"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options; each but the switch is also a setting of `[tool.pytest]`."""
    group = parser.getgroup("prompt-suite", "prompt suites")
    group.addoption(
        "--prompt-suite",
        action="store_true",
        help="run prompt suites: suite.yaml files below the given paths, or below suites/",
    )
    group.addoption(
        "--prompt-backend",
        action="append",
        metavar="NAME",
        help="run on this backend instead of the suite's; repeatable",
    )
    group.addoption("--prompt-limit", type=_count(1), metavar="N", help="samples of each dataset")
    group.addoption("--prompt-repeats", type=_count(1), metavar="N", help="repeats of each trial")
    group.addoption("--prompt-concurrency", type=_count(1), metavar="N", help="most requests in flight on one backend")
    group.addoption(
        "--prompt-cache",
        choices=_CACHE_MODES,
        help="recorded answers: use (default); refresh: ask again and record; off; only: replay, call no model",
    )
    group.addoption(
        "--prompt-baseline",
        metavar="REF",
        help="compare with this: a run id, a path, latest, git:REV, or none (default: the committed baseline)",
    )
    group.addoption(
        "--prompt-save-baseline",
        action="store_true",
        default=None,
        help="make this run the baseline: reports/baselines/<suite>.jsonl",
    )
    group.addoption("--prompt-resume", action="store_true", help="continue the last unfinished run")
    group.addoption(
        "--prompt-budget", type=_amount, metavar="USD", help="most that the run may spend; the rest is not run then"
    )
    _add_places(group)
    _add_settings(parser)


def _add_places(group: Any) -> None:
    """Where a run goes."""
    group.addoption("--prompt-reports", metavar="DIR", help="where runs are recorded (default: reports/)")
    group.addoption("--prompt-ctrf", metavar="FILE", help="write the run as CTRF JSON, too (https://ctrf.io)")
    group.addoption("--prompt-open", action="store_true", default=None, help="open the report when done")


def _add_settings(parser: pytest.Parser) -> None:
    parser.addini("prompt_backend", "backends instead of the suites' own", type="args", default=[])
    parser.addini("prompt_limit", "samples of each dataset", type=int | str, default=None)
    parser.addini("prompt_repeats", "repeats of each trial", type=int | str, default=None)
    parser.addini("prompt_concurrency", "most requests in flight on one backend", type=int | str, default=None)
    parser.addini("prompt_cache", "recorded answers: use, refresh, off or only", default=None)
    parser.addini("prompt_budget", "most USD that the run may spend", type=int | float | str, default=None)
    parser.addini(
        "prompt_daily_budget", "most USD that all runs may spend in a day (UTC)", type=int | float | str, default=None
    )
    parser.addini("prompt_request_limit", "most USD that one call may cost", type=int | float | str, default=None)
    parser.addini("prompt_trace_text", "whether spans hold prompts and answers", type="bool", default=True)
    parser.addini("prompt_cache_size", "most MB of recorded answers", type=int | str, default=None)
    parser.addini("prompt_baseline", "what runs are compared with", default=None)
    parser.addini("prompt_save_baseline", "make every run the baseline", type="bool", default=False)
    parser.addini("prompt_reports", "where runs are recorded", default=None)
    parser.addini("prompt_ctrf", "where runs are written as CTRF JSON", default=None)
    parser.addini("prompt_open", "open the report when done", type="bool", default=False)


@pytest.hookimpl(trylast=True)  # the terminal reporter has to be there
def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark; with `--prompt-suite` load the rest."""
    config.addinivalue_line(
        "markers", "prompt_suite(path): run the test once for each trial of the suite file; needs --prompt-suite"
    )
    if config.option.prompt_suite:
        from harness.plugin.garbage import Collector

        collector = Collector()  # importing the rest makes many objects, too
        from harness.plugin.session import PromptSession

        config.pluginmanager.register(PromptSession(config, collector), _SESSION)


@pytest.fixture
def trial(request: pytest.FixtureRequest) -> TrialUnderTest:
    """The trial of a test marked `prompt_suite`, answered and scored."""
    session = request.config.pluginmanager.get_plugin(_SESSION)
    if session is None:
        pytest.skip("runs with --prompt-suite only")
    found: TrialUnderTest = session.trial_under_test(request)
    return found
