"""Variants whose answers are held to a form, from the suite file to the wire."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from tests.servers.openai_server import Behaviour, FakeServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.plugin.conftest import Project

SCHEMA = {"type": "object", "required": ["capital"], "properties": {"capital": {"type": "string"}}}
SUITE = """\
dataset: {{path: capitals.jsonl, reference: capital}}
prompts:
  - plain
  - {{prompt: plain, name: held, response_format: capital.schema.json}}
backends:
  - {{name: big, provider: openai, model: m, base_url: {url}, params: {{temperature: 0}}}}
metrics:
  - json_schema: {{schema: capital.schema.json}}
  - preamble_free
gates: [{{gate: "json_schema.mean >= 1", variants: [held]}}, {{gate: "preamble_free.mean >= 1", variants: [held]}}]
"""


def _answer(body: dict[str, Any]) -> str:
    """As a model that can be held: talk, unless a form is asked for."""
    return '{"capital": "Paris"}' if "response_format" in body else 'Sure! Here it is:\n{"capital": "Paris"}'


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer(Behaviour(text=_answer)) as server:
        yield server


@pytest.fixture
def held(project: Project, server: FakeServer) -> Project:
    project.write("suite.yaml", SUITE.format(url=server.base_url))
    project.write("capital.schema.json", json.dumps(SCHEMA))
    return project


def test_one_suite_shows_held_and_free_side_by_side(held: Project, server: FakeServer) -> None:
    result = held.run()
    assert result.ret == pytest.ExitCode.OK
    formats = [request.body.get("response_format") for request in server.requests]
    sent = {"type": "json_schema", "json_schema": {"name": "capital", "schema": SCHEMA}}
    n = len(formats) // 2
    assert formats.count(None) == formats.count(sent) == n > 0
    assert all(request.body["temperature"] == 0 for request in server.requests)
    scores = pd.read_parquet(held.latest / "scores.parquet")
    means = scores.groupby(["metric", "variant"])["value"].mean()
    assert (means["json_schema", "plain"], means["json_schema", "held"]) == (0, 1)
    assert (means["preamble_free", "plain"], means["preamble_free", "held"]) == (0, 1)
    prompts = json.loads((held.latest / "run.json").read_text())["suites"][0]["prompts"]
    assert prompts["held"]["params"] == {"response_format": sent}
    assert "params" not in prompts["plain"]


def test_cache_tells_them_apart_and_knows_a_changed_form(held: Project, server: FakeServer) -> None:
    held.run()
    n = len(server.requests)
    assert held.run().ret == pytest.ExitCode.OK
    assert len(server.requests) == n, "all of it is known"
    held.write("capital.schema.json", json.dumps({**SCHEMA, "additionalProperties": False}))
    held.run()
    assert len(server.requests) == n + n // 2, "the held variant is asked anew"


def test_callable_backend_is_refused_before_any_call(held: Project, server: FakeServer) -> None:
    held.write("app.py", "def answer(messages):\n    return 'Paris'\n")
    app = "  - {name: app, provider: callable, function: 'app.py:answer'}\nmetrics:"
    held.write("suite.yaml", SUITE.format(url=server.base_url).replace("metrics:", app))
    result = held.run()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "backend 'app' (provider callable) takes none" in result.stdout.str() + result.stderr.str()
    assert not server.requests
