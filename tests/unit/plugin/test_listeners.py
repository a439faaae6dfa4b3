"""Which plugins are known to have nothing to do with a trial that passed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.plugin.listeners import listeners_of, owns_the_loop


class Config:
    """As much of pytest's configuration as listeners are looked for in."""

    def __init__(self, *implementations: tuple[str, str], **options: Any) -> None:
        """`implementations` are pairs of a hook and the module that implements it."""
        self._options = options
        self.hook = SimpleNamespace()
        for hook in ("protocol", "setup", "call", "teardown", "makereport", "logstart", "logfinish", "logreport"):
            setattr(self.hook, f"pytest_runtest_{hook}", self._caller(f"pytest_runtest_{hook}", implementations))
        self.hook.pytest_runtestloop = self._caller("pytest_runtestloop", implementations)
        self.pluginmanager = SimpleNamespace(hasplugin=lambda name: name in options.get("plugins", ()))

    @staticmethod
    def _caller(hook: str, implementations: tuple[tuple[str, str], ...]) -> Any:
        found = []
        for name, module in implementations:
            if name == hook:
                function = SimpleNamespace(__module__=module) if module else SimpleNamespace()
                found.append(SimpleNamespace(function=function, wrapper=False, hookwrapper=False))
        return SimpleNamespace(get_hookimpls=lambda: found)

    def getoption(self, name: str, default: Any = None) -> Any:
        return self._options.get(name, default)

    def getini(self, name: str) -> Any:
        if name not in self._options.get("ini", {}):
            raise ValueError(name)
        return self._options["ini"][name]

    def get_verbosity(self) -> int:
        return int(self._options.get("verbose", 0))


def of(*implementations: tuple[str, str], **options: Any) -> Any:
    config: Any = Config(*implementations, **options)
    return listeners_of(config)


@pytest.mark.parametrize(
    ("module", "is_idle"),
    [
        ("_pytest.runner", True),
        ("pytest_randomly", True),
        ("pytest_randomly.inner", True),
        ("pytest_randomly_too", False),
        ("conftest", False),
        ("vscode_pytest", False),
        ("_pytest.pytester", False),
        ("", False),
    ],
)
def test_only_listed_plugins_are_known_to_be_idle(module: str, *, is_idle: bool) -> None:
    assert of(("pytest_runtest_protocol", module)).are_idle is is_idle


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("pytest_timeout", {"timeout": 1.5}),
        ("pytest_timeout", {"ini": {"timeout": "9"}}),
        ("pytest_timeout", {"session_timeout": 60}),
        ("pytest_rerunfailures", {"reruns": 1}),
        ("pytest_rerunfailures", {"ini": {"reruns": "2"}}),
        ("pytest_cov.plugin", {"cov_context": "test"}),
        ("_pytest.faulthandler", {"ini": {"faulthandler_timeout": 5.0}}),
        ("_pytest.logging", {"ini": {"log_cli": True}}),
        ("_pytest.logging", {"log_cli_level": "INFO"}),
        ("_pytest.logging", {"xmlpath": "junit.xml", "ini": {"junit_logging": "all"}}),
        ("_pytest.runner", {"setupshow": True}),
    ],
)
def test_listed_plugin_that_was_asked_to_do_something_is_not_idle(module: str, options: dict[str, Any]) -> None:
    ini = {"junit_logging": "no"}
    assert of(("pytest_runtest_call", module), ini=ini).are_idle is True
    assert of(("pytest_runtest_call", module), **{"ini": ini, **options}).are_idle is False


@pytest.mark.parametrize("none", [0, 0.0, False, None, ""])
def test_option_that_says_no_asks_for_nothing(none: object) -> None:
    assert of(("pytest_runtest_call", "pytest_timeout"), timeout=none, ini={"timeout": ""}).are_idle is True


def test_time_limit_of_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_TIMEOUT", "3")
    assert of(("pytest_runtest_protocol", "pytest_timeout")).are_idle is False


def test_known_hearers_of_reports_are_content_with_the_call() -> None:
    found = of(("pytest_runtest_logreport", "_pytest.terminal"), ("pytest_runtest_logreport", "_pytest.main"))
    assert found.phases == ("call",)
    assert (found.are_strangers, found.may_write, found.hear_of_items) == (False, False, False)


def test_file_of_junit_is_closed_by_the_tear_down() -> None:
    assert of(("pytest_runtest_logreport", "_pytest.junitxml"), xmlpath="junit.xml").phases == ("call", "teardown")


@pytest.mark.parametrize("options", [{"durations": 0}, {"durations": 5}])
def test_durations_are_those_of_all_phases(options: dict[str, Any]) -> None:
    assert of(**options).phases == ("setup", "call", "teardown")


def test_stranger_hears_of_all_phases() -> None:
    found = of(("pytest_runtest_logreport", "pytest_html.plugin"))
    assert found.phases == ("setup", "call", "teardown")
    assert (found.are_strangers, found.may_write) == (True, True)


def test_reports_that_another_process_counts_on_are_sent() -> None:
    config: Any = Config()
    assert listeners_of(config, elsewhere=("setup", "call", "teardown")).phases == ("setup", "call", "teardown")
    assert listeners_of(config, elsewhere=("teardown",)).phases == ("call", "teardown")


@pytest.mark.parametrize(("module", "owned"), [("_pytest.main", True), ("conftest", False), ("xdist.dsession", False)])
def test_loop_is_ours_unless_another_plugin_has_one(module: str, *, owned: bool) -> None:
    config: Any = Config(("pytest_runtestloop", "harness.plugin.session"), ("pytest_runtestloop", module))
    assert owns_the_loop(config) is owned
