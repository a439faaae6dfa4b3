"""Runs under a budget, against a server over sockets: what is called, what is said, what is kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers.openai_server import Behaviour, FakeServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.plugin.conftest import Project

ROWS = 30
USAGE = {"prompt_tokens": 20, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 0}}
COST = (20 * 10 + 10 * 100) / 1e6
"""What each answer costs: 0.0012 USD."""
MOST = 0.0045
"""More than any call can cost: less than 250 tokens in, 20 out."""
SUITE = """\
dataset: {{path: capitals.jsonl, reference: capital}}
prompts: [plain]
backends:
  - name: paid
    provider: openai
    model: m
    base_url: {url}
    max_concurrency: 5
    params: {{max_tokens: 20}}
    price: {{input: 10, output: 100}}
metrics: [exact_match]
"""


@pytest.fixture
def server(project: Project) -> Iterator[FakeServer]:
    with FakeServer(Behaviour(text="Paris", usage=USAGE, latency_ms=5)) as server:
        project.write("suite.yaml", SUITE.format(url=server.base_url))
        project.rows([{"id": f"r{n:02}", "country": f"Land {n:02}", "capital": "Paris"} for n in range(ROWS)])
        yield server


def manifest(project: Project) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((project.latest / "run.json").read_text())
    return read


def test_budget_stops_the_run_keeps_what_is_answered_and_a_resumed_run_pays_for_the_rest(
    project: Project, server: FakeServer
) -> None:
    result = project.run("--prompt-budget", "0.02")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    asked = server.count
    assert 0.02 - MOST < asked * COST <= 0.02
    result.stdout.fnmatch_lines(
        [
            f"{ROWS - asked} not run: the budget of $0.02 is spent ($0.0* spent, the next call may cost $0.0*)*",
            f"*spent ${asked * COST:.3g}*INCOMPLETE: {ROWS - asked} trials not run",
            "continue with: pytest *--prompt-suite --prompt-budget 0.02 --prompt-resume",
        ]
    )
    first = manifest(project)
    assert first["complete"] is False
    assert (first["totals"]["passed"], first["totals"]["not_run"], first["totals"]["error"]) == (asked, ROWS - asked, 0)
    assert "| not run |" in (project.latest / "summary.md").read_text()
    assert project.run("--prompt-resume", "--prompt-budget", "1").ret == pytest.ExitCode.OK
    second = manifest(project)
    assert server.count == ROWS
    assert (second["run_id"], second["complete"]) == (first["run_id"], True)
    assert second["totals"]["spent_usd"] == pytest.approx(ROWS * COST)


def test_budget_spans_the_workers_of_a_distributed_session(project: Project, server: FakeServer) -> None:
    result = project.run("-n", "2", "--prompt-budget", "0.02")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert 0.02 - MOST < server.count * COST <= 0.02
    result.stdout.fnmatch_lines([f"{ROWS - server.count} not run: the budget of $0.02 is spent *"])
    totals = manifest(project)["totals"]
    assert (totals["passed"], totals["not_run"]) == (server.count, ROWS - server.count)


def test_recorded_answers_take_nothing_from_the_budget(project: Project, server: FakeServer) -> None:
    assert project.run().ret == pytest.ExitCode.OK
    assert project.run("--prompt-budget", "0").ret == pytest.ExitCode.OK
    assert server.count == ROWS
    assert manifest(project)["totals"]["spent_usd"] == 0


def test_daily_budget_counts_earlier_runs(project: Project, server: FakeServer) -> None:
    project.pytester.makepyprojecttoml(f"[tool.pytest]\nprompt_daily_budget = {ROWS * COST + MOST}")
    assert project.run().ret == pytest.ExitCode.OK
    result = project.run("--prompt-cache", "refresh")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert server.count == ROWS + 1
    result.stdout.fnmatch_lines(["29 not run: the daily budget of $0.0405 is spent ($0.0372 spent on 20??-*"])


def test_call_above_the_limit_of_a_request_is_the_only_one_that_is_not_made(
    project: Project, server: FakeServer
) -> None:
    project.rows(
        [{"id": "long", "country": "x" * 1000, "capital": "Paris"}, {"id": "s", "country": "y", "capital": "Paris"}]
    )
    project.pytester.makepyprojecttoml("[tool.pytest]\nprompt_request_limit = 0.005")
    result = project.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert server.count == 1
    result.stdout.fnmatch_lines(["1 not run: the call may cost $0.01* at worst, more than one may *"])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("    price: {input: 10, output: 100}\n", "*backend 'paid': no price is known for model 'm' at http*"),
        ("    params: {max_tokens: 20}\n", "*backend 'paid': no max_tokens is set*"),
    ],
)
def test_cost_without_an_end_is_a_usage_error_before_the_first_call(
    project: Project, server: FakeServer, *, line: str, said: str
) -> None:
    text = SUITE.format(url=server.base_url)
    assert line in text
    project.write("suite.yaml", text.replace(line, ""))
    result = project.run("--prompt-budget", "1")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([said])
    assert server.count == 0
    assert project.run().ret == pytest.ExitCode.OK


def test_replay_of_the_cache_needs_no_price(project: Project, server: FakeServer) -> None:
    project.write("suite.yaml", SUITE.format(url=server.base_url).replace("    price: {input: 10, output: 100}\n", ""))
    assert project.run().ret == pytest.ExitCode.OK
    assert project.run("--prompt-cache", "only", "--prompt-budget", "1").ret == pytest.ExitCode.OK
