"""Keys and authorization headers appear nowhere: the real program, against servers that echo what they are sent.

Everything that a run writes or prints is searched for the planted secrets: files as bytes, tables cell by cell.
"""

from __future__ import annotations

import base64
import os
import sqlite3
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from tests.servers.openai_server import Behaviour, FakeServer
from tests.servers.otlp_server import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aiohttp import web

ROOT = Path(__file__).parents[2]
KEY = "sk-planted-3f9a0b7c2d"
TOKEN = base64.b64encode(b"pk-lf-planted:sk-lf-planted-77").decode()
ECHO = "@ECHO@"
BACKEND = '  - {{name: {name}, provider: openai, model: m, base_url: "{url}", api_key_env: PLANTED_KEY}}'
SUITE = """\
description: Capitals.
dataset: {{path: rows.jsonl, reference: capital}}
prompts: [plain]
backends:
{backends}
metrics: [exact_match]
checks: ["exact_match == 1"]
"""


class EchoingServer(FakeServer):
    """Writes the key that it was sent wherever the script has a mark."""

    async def _respond(
        self, request: web.BaseRequest, behaviour: Behaviour, body: dict[str, Any]
    ) -> web.StreamResponse:
        response = await super()._respond(request, behaviour, body)
        sent = request.headers.get("Authorization", "")
        for name, value in list(response.headers.items()):
            response.headers[name] = value.replace(ECHO, sent)
        return response

    def _content(self, request: web.BaseRequest, behaviour: Behaviour, body: dict[str, Any]) -> bytes:
        return (
            super()._content(request, behaviour, body).replace(ECHO.encode(), request.headers["Authorization"].encode())
        )


BEHAVIOURS = {
    "answer": Behaviour(text=f"you sent {ECHO}"),
    "refused": Behaviour(status=401, body=f'{{"error": {{"message": "bad key {ECHO}"}}}}'.encode()),
    "page": Behaviour(status=500, body=f"<html>{ECHO}</html>".encode(), headers={"Retry-After": "0"}),
    "moved": Behaviour(status=302, headers={"Location": f"https://elsewhere/?t={ECHO}"}),
    "code": Behaviour(status=400, body=f'{{"error": {{"message": "", "code": "{ECHO}"}}}}'.encode()),
    "unreadable": Behaviour(body=f'{{"odd": "{ECHO}"}}'.encode()),
    "finish": Behaviour(finish_reason=ECHO),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "suites" / "capitals"
    (folder / "prompts" / "plain").mkdir(parents=True)
    (folder / "prompts/plain/v1.0.yaml").write_text(
        'metadata: {version: "1.0"}\ninputs: {country: str}\ntemplate: "Capital of {{ country }}?"\n'
    )
    (folder / "rows.jsonl").write_text(
        '{"id": "fr", "country": "France", "capital": "Paris"}\n{"id": "pe", "country": "Peru", "capital": "Lima"}\n'
    )
    return tmp_path


def run(project: Path, urls: Mapping[str, str], *options: str, **variables: str) -> tuple[int, str]:
    """Exit code and everything printed, with a backend for each of the named addresses."""
    backends = "\n".join(BACKEND.format(name=name, url=url) for name, url in urls.items())
    (project / "suites/capitals/suite.yaml").write_text(SUITE.format(backends=backends))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--prompt-suite", "-p", "no:cacheprovider", *options],
        cwd=project,
        env={**kept, "PLANTED_KEY": KEY, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def artefacts(project: Path) -> Iterator[tuple[str, str]]:
    """Every file that a run has written, as text: tables and databases cell by cell too, as they may be packed."""
    for path in sorted((project / "reports").rglob("*")) + sorted((project / ".prompt_cache").rglob("*")):
        if path.is_file():
            yield path.name, path.read_bytes().decode("latin-1")
        if path.suffix == ".parquet":
            yield path.name, str(pq.read_table(path).to_pylist())
        if path.suffix == ".sqlite":
            yield path.name, "\n".join(sqlite3.connect(path).iterdump())


def leaks(project: Path, printed: str) -> list[str]:
    """Where a secret is, and around it."""
    found = []
    for name, text in [("printed", printed), *artefacts(project)]:
        for secret in (KEY, TOKEN, "sk-lf-planted-77"):
            at = text.find(secret)
            if at >= 0:
                found.append(f"{name}: …{text[max(0, at - 120) : at + 40]}…")
    return found


def test_key_that_servers_echo_is_nowhere(project: Path) -> None:
    with ExitStack() as stack:
        servers = {name: stack.enter_context(EchoingServer(each)) for name, each in BEHAVIOURS.items()}
        collector = stack.enter_context(Collector(status=401, echo=True))
        code, printed = run(
            project,
            {name: server.base_url for name, server in servers.items()},
            "-v",
            OTEL_EXPORTER_OTLP_ENDPOINT=f"{collector.url}/api/public/otel",
            OTEL_EXPORTER_OTLP_HEADERS=f"Authorization=Basic {TOKEN}",
        )
        for server in servers.values():
            assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}", "else nothing is tested"
        assert collector.requests[0][1]["authorization"] == f"Basic {TOKEN}", "else nothing is tested"
    assert code == 1, printed
    names = {name for name, _ in artefacts(project)}
    assert {"run.json", "trials.parquet", "report.html", "summary.md", "spans.jsonl", "answers.sqlite"} <= names
    assert not leaks(project, printed)


@pytest.mark.parametrize("place", ["http://user:{}@127.0.0.1:1/v1", "http://127.0.0.1:1/v1?api_key={}"])
def test_address_with_a_key_is_refused_without_repeating_it(project: Path, place: str) -> None:
    code, printed = run(project, {"local": place.format(KEY)})
    assert code == 2
    assert "base_url holds a password or key" in printed
    assert not leaks(project, printed)
