"""Runs continued by `--prompt-resume` in unlucky circumstances: nothing that was paid for is lost or paid again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.generate.store import Store
from tests.servers.openai_server import Behaviour, FakeServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.plugin.conftest import Project

ROWS = 12
SUITE = """\
dataset: {{path: capitals.jsonl, reference: capital}}
prompts: [plain, shouted]
backends:
  - name: paid
    provider: openai
    model: m
    base_url: {url}
    max_concurrency: 1
    params: {{max_tokens: 20}}
    price: {{input: 10, output: 100}}
metrics: [exact_match]
"""


@pytest.fixture
def server(project: Project) -> Iterator[FakeServer]:
    with FakeServer(Behaviour(text="Paris")) as server:
        project.write("suite.yaml", SUITE.format(url=server.base_url))
        project.rows([{"id": f"r{n:02}", "country": f"Land {n:02}", "capital": "Paris"} for n in range(ROWS)])
        yield server


@pytest.fixture
def unfinished(project: Project, server: FakeServer) -> str:
    """Id of a run that ended with its budget; its answers are in the journal only."""
    assert project.run("--prompt-budget", "0.007", "--prompt-cache", "off").ret == pytest.ExitCode.TESTS_FAILED
    assert 1 < server.count < ROWS
    run_id: str = manifest(project)["run_id"]
    return run_id


def manifest(project: Project) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((project.latest / "run.json").read_text())
    return read


def test_refused_resume_leaves_the_run_to_be_resumed(project: Project, server: FakeServer, unfinished: str) -> None:
    asked = server.count
    suite = project.suite / "suite.yaml"
    text = suite.read_text()
    suite.write_text(text.replace("    price: {input: 10, output: 100}\n", ""))
    refused = project.run("--prompt-resume", "--prompt-budget", "1", "--prompt-cache", "off")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    suite.write_text(text)
    assert project.run("--prompt-resume", "--prompt-cache", "off").ret == pytest.ExitCode.OK
    assert (manifest(project)["run_id"], manifest(project)["totals"]["calls"]) == (unfinished, 2 * ROWS)
    assert server.count == 2 * ROWS > asked


def test_resume_of_a_part_keeps_the_answers_of_the_rest(project: Project, server: FakeServer, unfinished: str) -> None:
    asked = server.count
    part = project.run("--prompt-resume", "--prompt-cache", "off", "-k", "shouted")
    assert (part.ret, manifest(project)["run_id"]) == (pytest.ExitCode.OK, unfinished)
    left_out = f"{asked} trials of the earlier sitting are not selected now, and left out of the record, but kept"
    part.stdout.fnmatch_lines([f"{left_out}; resume it with the same paths and options to have all of them"])
    assert project.run("--prompt-resume", "--prompt-cache", "off").ret == pytest.ExitCode.OK
    assert server.count == 2 * ROWS
    assert manifest(project)["totals"]["passed"] == 2 * ROWS
    again = project.run("--prompt-resume")
    again.stderr.fnmatch_lines(["*--prompt-resume: no unfinished run is journalled for *"])


def test_run_that_is_under_way_is_not_said_to_be_missing(project: Project, unfinished: str) -> None:
    other = Store(project.path / ".prompt_cache")
    assert other.resume(project.path / "reports") is not None
    result = project.run("--prompt-resume")
    other.close()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = f"ERROR: --prompt-resume: run {unfinished} is still under way in another process; "
    advice = "a run can be continued when it has ended; wait for it or stop it, then try again"
    assert [line for line in result.errlines if line.startswith("ERROR")] == [said + advice]


def spoil_cache_at(server: FakeServer, number: int, spoil: Callable[[], object]) -> None:
    """Do that when so many requests have come."""

    def text(_: dict[str, Any]) -> str:
        if server.count == number:
            spoil()
        return "Paris"

    server.script(Behaviour(text=text))


def test_run_whose_cache_is_spoilt_meanwhile_is_recorded_and_tells_each_trouble_once(
    project: Project, server: FakeServer
) -> None:
    cache = project.path / ".prompt_cache"

    def spoil() -> None:
        shutil.rmtree(cache)
        cache.write_text("")

    spoil_cache_at(server, 5, spoil)
    result = project.run()
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*cache import*", "report: *report.html"])
    said = [line for line in result.outlines if "the answer cache cannot be written (Not a directory)" in line]
    assert len(said) == 1
    assert manifest(project)["totals"]["passed"] == 2 * ROWS
    spilt = next(line for line in result.outlines if "cache import" in line).rpartition(" ")[2]
    Path(spilt).unlink()


def test_empty_name_of_the_reports_folder_is_refused(project: Project) -> None:
    result = project.run("--prompt-reports", "")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --prompt-reports: the name of the folder is empty; write one, for example reports"]
    )
    assert not (project.path / "runs").exists()


def test_calls_that_came_to_nothing_are_counted_in_the_resumed_run(project: Project, server: FakeServer) -> None:
    server.script(Behaviour(status=401))
    assert project.run().ret == pytest.ExitCode.TESTS_FAILED
    server.script(Behaviour(text="Paris"))
    assert project.run("--prompt-resume").ret == pytest.ExitCode.OK
    assert manifest(project)["totals"]["calls"] == server.count == 2 * ROWS + 1
