"""Options and settings → `Settings`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, get_args

import pytest

from harness.schema import CacheMode, Settings

if TYPE_CHECKING:
    from pathlib import Path


def read_settings(config: pytest.Config) -> Settings:
    """The command line's options, with the settings file's where an option is not given.

    Raises:
        pytest.UsageError: a setting has a value that it cannot have.

    """
    return Settings(
        root=config.rootpath,
        reports=_folder(config, config.option.prompt_reports),
        backends=tuple(config.option.prompt_backend or config.getini("prompt_backend")),
        limit=_count(config, "prompt_limit"),
        repeats=_count(config, "prompt_repeats"),
        concurrency=_count(config, "prompt_concurrency"),
        cache_mode=_cache_mode(config),
        cache_size_mb=_count(config, "prompt_cache_size"),
        resume=bool(config.option.prompt_resume),
        budget_usd=_amount(config, "prompt_budget"),
        daily_budget_usd=_amount(config, "prompt_daily_budget"),
        request_limit_usd=_amount(config, "prompt_request_limit"),
        trace_text=bool(config.getini("prompt_trace_text")),
        baseline=_baseline(config),
        save_baseline=bool(config.option.prompt_save_baseline or config.getini("prompt_save_baseline")),
    )


def read_ctrf(config: pytest.Config) -> Path | None:
    """Where the run is to be written as CTRF JSON; None when it is not.

    Raises:
        pytest.UsageError: no file can be of that name.

    """
    option: str | None = config.option.prompt_ctrf
    folder = config.rootpath if option is None else config.invocation_params.dir
    named = _setting(config, "prompt_ctrf") if option is None else option
    if named is None:
        return None
    path = folder / named
    if not named.strip() or path.is_dir():
        what = f"'{named}' is a folder" if named.strip() else "the file's name is empty"
        raise pytest.UsageError(f"--prompt-ctrf: {what}; the name of a file is needed; write for example ctrf.json")
    return path


def use_suites_folder(config: pytest.Config) -> None:
    """Without paths on the command line, run `suites/`.

    Raises:
        pytest.UsageError: there is no such folder.

    """
    if config.args_source is pytest.Config.ArgsSource.ARGS:
        return
    for folder in (config.invocation_params.dir, config.rootpath):
        if (folder / "suites").is_dir():
            config.args = [str(folder / "suites")]
            return
    raise pytest.UsageError(
        f"--prompt-suite: there is no folder suites/ in {config.rootpath}; it holds suites when no path is given; "
        "name a suite file or folder, or make a first suite with: prompt-suite init suites/first"
    )


def _folder(config: pytest.Config, option: str | None) -> Path:
    if option is not None:
        if not option:
            raise pytest.UsageError("--prompt-reports: the name of the folder is empty; write one, for example reports")
        return config.invocation_params.dir / option
    return config.rootpath / (config.getini("prompt_reports") or "reports")


def _baseline(config: pytest.Config) -> str | None:
    named: str | None = config.option.prompt_baseline
    if named is None:
        named = _setting(config, "prompt_baseline")
    if named is not None and not named.strip():
        raise pytest.UsageError(
            "--prompt-baseline: the reference is empty; a run id, a path, latest, git:REV or none is allowed; "
            "leave the option out for the committed baseline"
        )
    return named


def _count(config: pytest.Config, name: str) -> int | None:
    option: int | None = getattr(config.option, name, None)
    setting = _setting(config, name)
    if option is not None or setting is None:
        return option
    try:
        count = int(str(setting))
    except ValueError:
        count = 0
    if count < 1:
        raise pytest.UsageError(f"setting {name}: {setting!r} is no whole number from 1; write for example {name} = 10")
    return count


def _amount(config: pytest.Config, name: str) -> float | None:
    option: float | None = getattr(config.option, name, None)
    setting = _setting(config, name)
    if option is not None or setting is None:
        return option
    try:
        amount = float(setting)
    except ValueError:
        amount = math.nan
    if not 0 <= amount < math.inf:
        raise pytest.UsageError(
            f"setting {name}: {setting!r} is no amount; USD from 0 are allowed; write for example {name} = 1.50"
        )
    return amount


def _setting(config: pytest.Config, name: str) -> Any:
    """What the settings file says, as it stands there; None when it says nothing."""
    setting = config.getini(name)
    return None if setting == "" else setting


def _cache_mode(config: pytest.Config) -> CacheMode:
    value: CacheMode = config.option.prompt_cache or config.getini("prompt_cache") or "use"
    allowed = get_args(CacheMode)
    if value not in allowed:
        raise pytest.UsageError(f"setting prompt_cache: {value!r} is unknown; allowed: {', '.join(allowed)}")
    return value
