from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.backends import PROVIDERS, Pool, check, create, embedded
from harness.backends.protocol import missing_members
from harness.errors import OptionError
from harness.schema import BackendSpec, Generation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.metadata import EntryPoint

    from harness.schema import Request

AVAILABLE = "callable, llamacpp, openai, replay"


def spec(provider: str, **fields: Any) -> BackendSpec:
    return BackendSpec(**{"name": "b", "provider": provider, "model": "", "params": {}, "folder": Path(), **fields})


OPENAI = {"provider": "openai", "model": "m"}


@pytest.mark.parametrize(
    ("fields", "key", "message"),
    [
        (
            {"provider": "opnai"},
            "provider",
            f"provider 'opnai' is unknown; available: {AVAILABLE}. Did you mean 'openai'?",
        ),
        ({"provider": "zzz"}, "provider", f"provider 'zzz' is unknown; available: {AVAILABLE}"),
        (
            {"provider": "anthropic"},
            "provider",
            f"provider 'anthropic' is not available in this version; available: {AVAILABLE}",
        ),
        (
            {"provider": "vllm"},
            "provider",
            f"provider 'vllm' is unknown; available: {AVAILABLE}; provider openai with its base_url reaches it",
        ),
        (
            {"provider": "openai"},
            "model",
            "provider 'openai' needs 'model', the name the endpoint knows the model by",
        ),
        (
            {**OPENAI, "column": "answer"},
            "column",
            (
                "'column' means nothing to provider 'openai'; "
                "it uses base_url, api_key_env, params, connect_timeout_s, read_timeout_s; remove it"
            ),
        ),
        (
            {**OPENAI, "base_url": "127.0.0.1:8000/v1"},
            "base_url",
            "base_url '127.0.0.1:8000/v1' is no address; allowed: http://host:port/path or https://…",
        ),
        (
            {**OPENAI, "base_url": "http://h:99999/"},
            "base_url",
            "base_url 'http://h:99999/' is no address; allowed: http://host:port/path or https://…",
        ),
        (
            {**OPENAI, "base_url": "https://u:p@host/v1"},
            "base_url",
            "base_url holds a password or key; it would be recorded; name a variable in api_key_env",
        ),
        (
            {**OPENAI, "base_url": "https://host/v1?api-key=s"},
            "base_url",
            "base_url holds a password or key; it would be recorded; name a variable in api_key_env",
        ),
        (
            {**OPENAI, "base_url": "https://host/v1/chat/completions"},
            "base_url",
            "base_url ends with /chat/completions, which is added to it; remove that end",
        ),
        (
            {**OPENAI, "params": {"n": 2}},
            "params",
            "params: n is 2; only 1 is allowed: a trial has one answer; use 'repeats' of the suite",
        ),
        (
            {**OPENAI, "params": {"stream": True}},
            "params",
            "params must not hold 'stream': the harness sets it; remove it",
        ),
        (
            {**OPENAI, "params": {"api_key": "s"}},
            "params",
            "params must not hold 'api_key': it would be recorded; name a variable in api_key_env instead",
        ),
        (
            {"provider": "replay"},
            None,
            (
                "provider 'replay' needs 'column' or 'path'; "
                "allowed: column: NAME of the dataset's column, or path: FILE.jsonl"
            ),
        ),
        (
            {"provider": "replay", "column": "a", "path": "b"},
            "path",
            (
                "provider 'replay' has both 'column' and 'path'; "
                "allowed: column: NAME of the dataset's column, or path: FILE.jsonl"
            ),
        ),
        (
            {"provider": "callable"},
            "function",
            "provider 'callable' needs 'function'; allowed: file.py:function or package.module:function",
        ),
        (
            {"provider": "callable", "function": "app.py"},
            "function",
            (
                "function 'app.py' names no function; "
                "allowed: file.py:function, relative to the file that names it, or package.module:function"
            ),
        ),
        (
            {"provider": "llamacpp"},
            "model",
            "provider 'llamacpp' needs 'model' (smollm2) or 'path', a GGUF file",
        ),
        (
            {"provider": "llamacpp", "model": "smollm2", "params": {"slots": 0}},
            "params",
            "params: slots is 0; allowed: a whole number of at least 1",
        ),
        (
            {"provider": "llamacpp", "model": "smollm2", "base_url": "http://x"},
            "base_url",
            "'base_url' means nothing to provider 'llamacpp'; it uses path, params; remove it",
        ),
        (
            {"provider": "llamacpp", "model": "smollm2", "read_timeout_s": 3.0},
            "read_timeout_s",
            "'read_timeout_s' means nothing to provider 'llamacpp'; it uses path, params; remove it",
        ),
        (
            {**OPENAI, "timeout_s": 5.0, "connect_timeout_s": 5.5},
            "connect_timeout_s",
            (
                "connect_timeout_s is 5.5, more than timeout_s (5), which then comes first; a part of it is allowed; "
                "lower it, or raise timeout_s"
            ),
        ),
    ],
)
def test_wrong_entry_is_refused_with_its_key(fields: dict[str, Any], key: str | None, message: str) -> None:
    with pytest.raises(OptionError) as caught:
        check(spec(**fields))
    assert str(caught.value) == message
    assert caught.value.key == key


@pytest.mark.parametrize(
    "fields",
    [
        {**OPENAI, "params": {"temperature": 0, "prompt_cache_key": "k", "n": 1, "stop_token": "x"}},
        {**OPENAI, "base_url": "https://x.openai.azure.com/openai/deployments/d?api-version=2024-10-21"},
        {"provider": "replay", "column": "answer"},
        {"provider": "callable", "function": "json:dumps"},
        {"provider": "llamacpp", "model": "smollm2"},
    ],
)
def test_sound_entry_is_accepted(fields: dict[str, Any]) -> None:
    check(spec(**fields))


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, Path("x")])
def test_param_that_json_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(
        OptionError, match=r"^params cannot be written as JSON \(.*\); use text, numbers, lists, mappings$"
    ):
        check(spec(**OPENAI, params={"top_p": value}))


def test_embedded_model_is_a_local_backend_without_cost(tmp_path: Path) -> None:
    found = embedded("smollm2", tmp_path)
    assert found is not None
    assert (found.name, found.provider, found.model, found.folder) == ("smollm2", "llamacpp", "smollm2", tmp_path)
    assert found.params == {"temperature": 0, "max_tokens": 128, "seed": 0}
    assert found.price is not None
    assert (found.price.input, found.price.output) == (0.0, 0.0)
    assert embedded("gpt-9", tmp_path) is None


def test_every_provider_can_be_loaded() -> None:
    assert sorted(PROVIDERS) == AVAILABLE.split(", ")


class Parrot:
    """All that another distribution has to bring."""

    cacheable = True

    def __init__(self, spec: BackendSpec) -> None:
        self.spec = spec
        self.concurrency = 1

    def identity(self) -> Mapping[str, object]:
        return {"provider": "parrot"}

    async def start(self) -> None: ...

    async def generate(self, request: Request) -> Generation:
        return Generation(request.messages[-1].content)

    async def stop(self) -> None: ...


class Mute:
    """Written for an engine that asked for less."""

    def __init__(self, spec: BackendSpec) -> None:
        self.spec = spec
        self.concurrency = 1

    def identity(self) -> Mapping[str, object]:
        return {}

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class Clumsy:
    def __init__(self, spec: BackendSpec) -> None:
        raise KeyError(spec.params["voice"])


def test_provider_of_another_distribution_is_found_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, "parrot", f"{__name__}:Parrot", loaded=Parrot)
    made: Any = create(spec("parrot", model="m"))
    assert isinstance(made, Parrot)
    with pytest.raises(
        OptionError, match=r"available: callable, llamacpp, openai, parrot, replay\. Did you mean 'parrot'"
    ):
        check(spec("parot"))


@pytest.mark.parametrize("use", [check, create])
def test_provider_that_lacks_a_member_is_refused_by_name(
    use: Callable[[BackendSpec], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(monkeypatch, "mute", f"{__name__}:Mute", loaded=Mute)
    with pytest.raises(OptionError) as caught:
        use(spec("mute"))
    assert str(caught.value) == (
        f"provider 'mute': {__name__}:Mute lacks cacheable, generate, which the engine needs; "
        "add what harness.backends.Backend describes"
    )
    assert caught.value.key == "provider"
    with pytest.raises(OptionError, match="lacks cacheable, generate"):
        Pool().get(spec("mute"))


@pytest.mark.parametrize("use", [check, create])
def test_provider_whose_class_raises_is_an_error_of_the_entry(
    use: Callable[[BackendSpec], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(monkeypatch, "clumsy", f"{__name__}:Clumsy", loaded=Clumsy)
    with pytest.raises(OptionError) as caught:
        use(spec("clumsy"))
    assert str(caught.value) == (
        f"provider 'clumsy': {__name__}:Clumsy raised KeyError: 'voice'; mend it, or the backend's entry"
    )


@pytest.mark.parametrize(
    "fields",
    [
        {**OPENAI},
        {"provider": "replay", "column": "answer"},
        {"provider": "callable", "function": "json:dumps"},
        {"provider": "llamacpp", "model": "smollm2"},
    ],
)
def test_provider_of_this_version_has_every_member(fields: dict[str, Any]) -> None:
    assert missing_members(create(spec(**fields))) == []


def test_members_of_a_backend_are_those_of_the_protocol() -> None:
    assert missing_members(object()) == sorted("cacheable concurrency generate identity spec start stop".split())


def test_entry_point_that_cannot_be_loaded_names_what_to_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, "parrot", "no_such_module:Parrot", loaded=None)
    with pytest.raises(OptionError, match=r"entry point no_such_module:Parrot cannot be loaded: ModuleNotFoundError"):
        check(spec("parrot"))


def _install(monkeypatch: pytest.MonkeyPatch, name: str, value: str, *, loaded: type | None) -> None:
    from importlib.metadata import EntryPoint

    class Point(EntryPoint):
        def load(self) -> Any:
            return loaded if loaded is not None else super().load()

    points: list[EntryPoint] = [Point(name, value, "pytest_prompt_suite.backends")]
    monkeypatch.setattr("harness.backends.registry.entry_points", lambda group: points if group else [])
