from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.schema import BackendSpec, Message, Request
from tests.servers.openai_server import FakeServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REQUEST = Request((Message("system", "Be brief."), Message("user", "Bonjour, ça va ?")), "s1", "zero_shot", 1)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


@pytest.fixture
def request_() -> Request:
    return REQUEST


@pytest.fixture
def openai_spec(server: FakeServer) -> Callable[..., BackendSpec]:
    """A spec of the fake server, with any field changed."""

    def spec(**changes: Any) -> BackendSpec:
        fields: dict[str, Any] = {
            "name": "local",
            "provider": "openai",
            "model": "my-model",
            "params": {},
            "folder": Path(),
            "base_url": server.base_url,
            "timeout_s": 5.0,
        }
        return BackendSpec(**{**fields, **changes})

    return spec
