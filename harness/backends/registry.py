"""The providers, by name."""

from __future__ import annotations

import importlib
import json
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from harness.backends.models import MODELS
from harness.backends.protocol import missing_members
from harness.errors import HarnessError, ModelFileError, OptionError
from harness.schema import BackendSpec, Price
from harness.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.backends.protocol import Backend

PROVIDERS: dict[str, str] = {
    "callable": "harness.backends.callable:CallableBackend",
    "llamacpp": "harness.backends.llamacpp:LlamaCppBackend",
    "openai": "harness.backends.openai:OpenAIBackend",
    "replay": "harness.backends.replay:ReplayBackend",
}
"""The providers of this version and their classes."""
_LATER = frozenset({"anthropic", "cascade", "langchain", "litellm", "llama_index", "llamaindex", "transformers"})
_COMPATIBLE = frozenset(
    {"azure", "llama.cpp", "lmstudio", "mistral", "ollama", "openrouter", "sglang", "together", "vllm"}
)
"""Names of servers and services that speak OpenAI's protocol."""
_GROUP = "pytest_prompt_suite.backends"
_KEYS = (
    "base_url",
    "api_key_env",
    "column",
    "path",
    "function",
    "params",
    "connect_timeout_s",
    "read_timeout_s",
)
"""Keys of a backend's entry that only some providers have a use for."""


def create(spec: BackendSpec) -> Backend:
    """The backend that `spec` describes, not started.

    Raises:
        OptionError: as `check`.

    """
    factory = _factory(spec.provider)
    _check(spec, factory)
    return _made(spec, factory)


def check(spec: BackendSpec) -> None:
    """Nothing when `spec` can be run as far as its text and files tell; opens no connection and loads no model.

    Raises:
        OptionError: an unknown provider, or a key that is missing, superfluous or wrong; `key` names it. Of another
            distribution's provider also: its class raises, or lacks a member of `Backend`.
        FilesError: mistakes in a file that the entry names (the recorded answers of `replay`).

    """
    factory = _factory(spec.provider)
    _check(spec, factory)
    if spec.provider not in PROVIDERS:
        _made(spec, factory)  # a constructor does no work beyond checking


def takes_params(spec: BackendSpec) -> bool:
    """Whether calls of the backend may have parameters of their own; asked of a spec that `check` accepts."""
    return bool(getattr(_factory(spec.provider), "takes_params", False))


def fingerprint(spec: BackendSpec) -> Mapping[str, str]:
    """A hash by word (code, weights …) of what lies here and answers; empty where nothing does.

    Asked of a spec that `check` accepts.

    Raises:
        OptionError: it cannot be read.

    """
    made = getattr(_factory(spec.provider), "fingerprint", None)
    try:
        return made(spec) if made is not None else {}
    except (ModelFileError, OSError) as error:
        raise OptionError(f"backend '{spec.name}': {one_line(str(error))}") from error


def embedded(name: str, folder: Path) -> BackendSpec | None:
    """The backend of the embedded model called `name`, installed or not; None when there is no such model."""
    if name not in MODELS:
        return None
    return BackendSpec(
        name=name,
        provider="llamacpp",
        model=name,
        params={"temperature": 0, "max_tokens": 128, "seed": 0},
        folder=folder,
        timeout_s=180.0,  # 128 tokens at 5 tokens/s on a busy machine, and a long prompt before them
        price=Price(input=0.0, output=0.0),
    )


def _check(spec: BackendSpec, factory: Any) -> None:
    used = getattr(factory, "uses", _KEYS)
    for key in _KEYS:
        if getattr(spec, key) and key not in used:
            raise OptionError(f"'{key}' means nothing to provider '{spec.provider}'; {_used(used)}; remove it", key)
    _check_params(spec)
    _check_timeouts(spec)
    if hasattr(factory, "check"):
        factory.check(spec)


def _made(spec: BackendSpec, factory: Any) -> Backend:
    """What `factory` makes of `spec`, with every member that the engine needs."""
    try:
        backend: Backend = factory(spec)
    except Exception as error:
        if isinstance(error, HarnessError) or spec.provider in PROVIDERS:
            raise
        raise OptionError(
            f"provider '{spec.provider}': {_name(factory)} raised {type(error).__name__}: {one_line(str(error))}; "
            "mend it, or the backend's entry",
            "provider",
        ) from error
    missing = missing_members(backend)
    if missing:
        raise OptionError(
            f"provider '{spec.provider}': {_name(factory)} lacks {', '.join(missing)}, which the engine needs; "
            "add what harness.backends.Backend describes",
            "provider",
        )
    return backend


def _name(factory: Any) -> str:
    """Where the class (or function) is written, for a message."""
    return f"{getattr(factory, '__module__', '')}:{getattr(factory, '__qualname__', type(factory).__qualname__)}"


def _factory(provider: str) -> Any:
    """The class (or function) that makes a backend of `provider`."""
    if provider in PROVIDERS:
        module, _, name = PROVIDERS[provider].partition(":")
        return getattr(importlib.import_module(module), name)
    installed = {point.name: point for point in entry_points(group=_GROUP)}
    if provider not in installed:
        raise OptionError(_unknown(provider, sorted({*PROVIDERS, *installed})), "provider")
    try:
        return installed[provider].load()
    except Exception as error:
        raise OptionError(
            f"provider '{provider}': its entry point {installed[provider].value} cannot be loaded: "
            f"{type(error).__name__}: {error}; mend or remove the distribution that brings it",
            "provider",
        ) from error


def _unknown(provider: str, available: list[str]) -> str:
    names = ", ".join(available)
    if provider in _LATER:
        return f"provider '{provider}' is not available in this version; available: {names}"
    if provider in _COMPATIBLE:
        return f"provider '{provider}' is unknown; available: {names}; provider openai with its base_url reaches it"
    import difflib  # only where a name is unknown: 2 ms of every start

    near = difflib.get_close_matches(provider, available, n=1)
    return f"provider '{provider}' is unknown; available: {names}" + (f". Did you mean '{near[0]}'?" if near else "")


def _used(keys: tuple[str, ...]) -> str:
    return f"it uses {', '.join(keys)}" if keys else "it uses none of these keys"


def _check_params(spec: BackendSpec) -> None:
    try:
        json.dumps(dict(spec.params), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise OptionError(
            f"params cannot be written as JSON ({error}); use text, numbers, lists, mappings", "params"
        ) from error


def _check_timeouts(spec: BackendSpec) -> None:
    for key in ("connect_timeout_s", "read_timeout_s"):
        limit_s = getattr(spec, key)
        if limit_s is not None and limit_s > spec.timeout_s:
            raise OptionError(
                f"{key} is {limit_s:g}, more than timeout_s ({spec.timeout_s:g}), which then comes first; "
                "a part of it is allowed; lower it, or raise timeout_s",
                key,
            )
