"""Who listens to items as they run, and whether any of them would miss something of a trial that passes by quickly.

A trial that passed has nothing to set up, to call or to tear down. Most plugins have nothing to do with it either, yet
pytest asks every one of them a dozen times an item. Those known here to be idle need not be asked; one that is not
known may do anything, so its mere presence sends all items the ordinary way.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal, get_args

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pytest

Phase = Literal["setup", "call", "teardown"]
"""What a report may be of."""

_ITEM_HOOKS = (
    "pytest_runtest_protocol",
    "pytest_runtest_setup",
    "pytest_runtest_call",
    "pytest_runtest_teardown",
    "pytest_runtest_makereport",
    "pytest_runtest_logstart",
    "pytest_runtest_logfinish",
)
"""What pytest calls around each item."""
_ONE_REPORT = (
    "_pytest.main",
    "_pytest.terminal",
    "_pytest.cacheprovider",
    "_pytest.stepwise",
    "_pytest.logging",
    "_pytest.junitxml",
    "harness.plugin",
    "pytest_rerunfailures",
    "__channelexec__",  # xdist in its worker, where it has no other name
)
"""Who is content with the report of the call; of the teardown's too, where JUnit's file is written."""
_PROGRESS = "terminalprogress-plugin"
"""pytest's plugin that tells a terminal emulator how far the session is, with each report."""


def _always(_config: pytest.Config) -> bool:
    return True


def _has_no(*options: str) -> Callable[[pytest.Config], bool]:
    """Idle while none of these is set, as option or as setting."""

    def is_idle(config: pytest.Config) -> bool:
        return not any(_setting(config, name) for name in options)

    return is_idle


def _setting(config: pytest.Config, name: str) -> Any:
    """An option's value, or the setting's of that name; None where there is neither."""
    value = config.getoption(name, None)
    if value is not None and value is not False:
        return value
    try:
        return config.getini(name)
    except (ValueError, KeyError):
        return None


def _keeps_no_log(config: pytest.Config) -> bool:
    """Whether what an item logs is shown only when it fails."""
    is_live = _setting(config, "log_cli") or _setting(config, "log_cli_level")
    written = config.getoption("xmlpath", None) and config.getini("junit_logging") != "no"
    return not (is_live or written)


def _has_no_time_limit(config: pytest.Config) -> bool:
    return "PYTEST_TIMEOUT" not in os.environ and _has_no("timeout", "session_timeout")(config)


_IDLE: Mapping[str, Callable[[pytest.Config], bool]] = {
    "harness.plugin": _always,
    "_pytest.runner": _has_no("setuponly", "setupshow", "setupplan"),
    "_pytest.assertion": _always,  # explains failed asserts
    "_pytest.skipping": _always,  # its marks are looked for on each item
    "_pytest.warnings": _always,  # caught for a stretch of trials together
    "_pytest.capture": _always,  # likewise
    "_pytest.logging": _keeps_no_log,
    "_pytest.terminal": _always,  # with -v it is told of each item
    "_pytest.tmpdir": _always,
    "_pytest.unittest": _always,
    "_pytest.threadexception": _always,  # told of at the next ordinary item, or at the end
    "_pytest.unraisableexception": _always,
    "_pytest.faulthandler": _has_no("faulthandler_timeout"),
    "_hypothesis_pytestplugin": _always,  # its items have an `obj`
    "pytest_cov.plugin": _has_no("cov_context"),  # its mark `no_cover` is looked for
    "pytest_randomly": _always,  # a new seed for an item that draws nothing
    "pytest_rerunfailures": _has_no("reruns", "force_reruns"),  # its mark `flaky` is looked for
    "__channelexec__": _always,  # xdist in its worker, where it has no other name: it sends on what it is told
    "pytest_timeout": _has_no_time_limit,  # its mark `timeout` is looked for
}
"""Module of a plugin → whether it has nothing to do around a trial that passed."""

FELT_MARKS = frozenset({"skip", "skipif", "xfail", "filterwarnings", "usefixtures", "no_cover", "flaky", "timeout"})
"""Marks by which one of the idle plugins would begin to do something."""


class Listeners(Struct, frozen=True):
    """What the plugins of one session have to be told of a trial that passed."""

    are_idle: bool
    """Whether none has to be called around the item; else it goes the ordinary way."""
    phases: tuple[Phase, ...]
    """Reports that are sent: `call` alone, or more where a listener counts on them."""
    hear_of_items: bool
    """Whether the start and the end of each item are announced (-v)."""
    may_write: bool
    """Whether a report may write to the terminal, so that pytest's capture must not be in the way."""
    are_strangers: bool
    """Whether some who hear reports are not known: they get them as pytest makes them, with all keywords."""


def listeners_of(config: pytest.Config, *, elsewhere: Sequence[Phase] = ()) -> Listeners:
    """Who listens in this session; hooks of a conftest.py are unknown listeners.

    `elsewhere` holds the reports that another process counts on, to which this one sends them.
    """
    around = (impl for hook in _ITEM_HOOKS for impl in _implementations(config, hook))
    unknown = [impl for impl in _implementations(config, "pytest_runtest_logreport") if not _is_of(impl, _ONE_REPORT)]
    is_verbose = config.get_verbosity() > 0
    wanted = {*_phases(config, all_of_them=bool(unknown)), *elsewhere}
    phases = tuple(phase for phase in get_args(Phase) if phase in wanted)
    return Listeners(
        are_idle=all(_is_idle(impl, config) for impl in around),
        phases=phases,
        hear_of_items=is_verbose,
        may_write=is_verbose or bool(unknown) or config.pluginmanager.hasplugin(_PROGRESS),
        are_strangers="setup" in phases,
    )


def owns_the_loop(config: pytest.Config) -> bool:
    """Whether no other plugin runs the items in a way of its own, as pytest-xdist does."""
    runners = [
        impl for impl in _implementations(config, "pytest_runtestloop") if not (impl.wrapper or impl.hookwrapper)
    ]
    return all(_is_of(impl, ("harness.plugin", "_pytest.main")) for impl in runners)


def _implementations(config: pytest.Config, hook: str) -> Iterator[Any]:
    yield from getattr(config.hook, hook).get_hookimpls()


def _phases(config: pytest.Config, *, all_of_them: bool) -> tuple[Phase, ...]:
    shows_durations = config.getoption("durations", None) is not None
    if all_of_them or shows_durations:
        return ("setup", "call", "teardown")
    return ("call", "teardown") if config.getoption("xmlpath", None) else ("call",)


def _is_idle(impl: Any, config: pytest.Config) -> bool:
    return any(_is_of(impl, (known,)) and is_idle(config) for known, is_idle in _IDLE.items())


def _is_of(impl: Any, modules: tuple[str, ...]) -> bool:
    """Whether the hook's function was written in one of the modules or below; not when it does not say."""
    module = getattr(impl.function, "__module__", None) or ""
    return any(module == known or module.startswith(f"{known}.") for known in modules)
