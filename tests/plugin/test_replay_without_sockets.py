"""`--prompt-cache only` replays: no socket is opened, whatever the backend."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers.openai_server import FakeServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.plugin.conftest import Project

BACKEND = """
backends:
  - {name: atlas, provider: openai, model: m, base_url: "%s"}
"""


class SocketUsedError(BaseException):
    """No except clause of a backend may swallow it."""


def _refusing(name: str, used: list[str]) -> Callable[..., Any]:
    def refuse(*_: object, **__: object) -> None:
        used.append(name)
        raise SocketUsedError(name)

    return refuse


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """From now on whatever would reach out of the process raises, and is noted."""
    used: list[str] = []
    for name in ("connect", "connect_ex", "bind", "listen", "sendto"):
        monkeypatch.setattr(socket.socket, name, _refusing(name, used))
    for name in ("getaddrinfo", "gethostbyname", "create_connection"):
        monkeypatch.setattr(socket, name, _refusing(name, used))
    return used


def _use(project: Project, base_url: str) -> None:
    suite = project.suite / "suite.yaml"
    text = suite.read_text()
    begin = text.index("backends:")
    suite.write_text(text[:begin] + (BACKEND % base_url).lstrip() + text[text.index("metrics:") :])


def test_recorded_answers_are_replayed_without_a_socket(project: Project, request: pytest.FixtureRequest) -> None:
    with FakeServer() as server:
        _use(project, server.base_url)
        project.run()
        assert server.count == 8
    used = request.getfixturevalue("no_sockets")
    result = project.run("--prompt-cache", "only")
    assert used == []
    result.stdout.fnmatch_lines(["*8 trials, 8 from the cache, 0 calls*"])


def test_missing_answers_are_errors_without_a_socket(project: Project, request: pytest.FixtureRequest) -> None:
    _use(project, "http://127.0.0.1:9/v1")
    used = request.getfixturevalue("no_sockets")
    result = project.run("--prompt-cache", "only")
    assert used == []
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*no answer (missing): no answer is recorded for plain on atlas, sample 'fr': *"])


def test_guard_sees_a_run_that_calls(project: Project, request: pytest.FixtureRequest) -> None:
    _use(project, "http://127.0.0.1:9/v1")
    used = request.getfixturevalue("no_sockets")
    project.run("--prompt-cache", "off", "-k", "plain and fr")
    assert "connect" in used
