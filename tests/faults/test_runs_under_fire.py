"""Whatever happens to a whole run, what it has paid for is kept, and it can be finished."""

from __future__ import annotations

import random
import re
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from tests.faults.whole_runs import PROMPT, Project
from tests.servers.openai_server import Behaviour, FakeServer, Mix

if TYPE_CHECKING:
    import subprocess

SAMPLES = 250
TRIALS = 2 * SAMPLES
IN_FLIGHT = 20


def _held_up_after(*counts: int, latency_ms: float) -> list[Behaviour]:
    """Answers that come soon, but for all that are under way after so many: a run waits there for who ends it."""
    soon, late = Behaviour(latency_ms=latency_ms), Behaviour(latency_ms=4000)
    held_up = [each for count in counts for each in [soon] * count + [late] * IN_FLIGHT]
    return [*held_up, soon]


def _wait_until_seen(server: FakeServer, count: int, process: subprocess.Popen[str]) -> None:
    """Until the server has seen so many requests, or the process has ended."""
    end = time.monotonic() + 60
    while server.count < count and process.poll() is None:
        assert time.monotonic() < end, "the run makes no calls"
        time.sleep(0.002)


def _wait_until_idle(server: FakeServer) -> None:
    """Until what a killed run had sent is answered: only then has the server counted all of it."""
    time.sleep(0.05)
    end = time.monotonic() + 30
    while server.in_flight:
        assert time.monotonic() < end
        time.sleep(0.01)


def _undisturbed(folder: Path, server: FakeServer) -> Project:
    project = Project(folder, server.base_url, samples=SAMPLES)
    code, output = project.run()
    assert code == 0, output
    return project


def test_twenty_kills_cost_what_was_in_flight_and_nothing_else(tmp_path: Path) -> None:
    moments = random.Random(7)  # noqa: S311 - moments of kills
    with FakeServer(Behaviour(latency_ms=40)) as server:
        whole = _undisturbed(tmp_path / "whole", server)
        assert server.count == TRIALS
        server.count = 0
        project = Project(tmp_path / "killed", server.base_url, samples=SAMPLES)
        lost, kills = 0, 0
        while kills < 20:
            before, kept = server.count, project.journalled()
            process = project.start(*(["--prompt-resume"] if kept else []))
            _wait_until_seen(server, before + moments.randrange(1, 42), process)
            time.sleep(moments.random() * 0.03)
            while not project.journalled():  # a run of which nothing is kept would stay unfinished beside the next one
                time.sleep(0.01)
            assert process.poll() is None, process.communicate()[0]
            process.kill()
            process.communicate()
            kills += 1
            _wait_until_idle(server)
            in_flight = server.count - before - (project.journalled() - kept)
            assert 0 <= in_flight <= 2 * IN_FLIGHT  # under way, or answered and about to be kept
            lost += in_flight
        assert project.journalled() < TRIALS, "the run was over before it was killed often enough"
        code, output = project.run("--prompt-resume")
        assert code == 0, output
        assert server.count == TRIALS + lost
    assert project.manifest["complete"] is True
    assert [path.name for path in (project.folder / "reports" / "runs").glob("[!.]*")] == [project.manifest["run_id"]]
    pd.testing.assert_frame_equal(project.trials(), whole.trials())
    pd.testing.assert_frame_equal(project.scores(), whole.scores())
    for name in ("trials", "passed", "from_cache", "cost_usd", "input_tokens", "output_tokens"):
        assert project.manifest["totals"][name] == pytest.approx(whole.manifest["totals"][name]), name
    assert project.manifest["recording"]["answers"] == whole.manifest["recording"]["answers"] == TRIALS
    code, output = project.run("--prompt-resume")
    assert code == 4
    assert "--prompt-resume: no unfinished run" in output


def test_kills_under_xdist_lose_nothing_either(tmp_path: Path) -> None:
    with FakeServer() as server:
        server.script(*_held_up_after(100, latency_ms=40))
        project = Project(tmp_path, server.base_url, samples=SAMPLES)
        process = project.start("-n", "2")
        _wait_until_seen(server, 100, process)
        process.kill()
        process.communicate()
        _wait_until_idle(server)
        lost = server.count - project.journalled()
        assert 0 <= lost <= 2 * IN_FLIGHT
        code, output = project.run("-n", "2", "--prompt-resume")
        assert code == 0, output
        assert server.count == TRIALS + lost
    assert project.manifest["totals"]["passed"] == TRIALS


def test_interrupted_resume_can_be_resumed(tmp_path: Path) -> None:
    with FakeServer() as server:
        server.script(*_held_up_after(100, 100, latency_ms=40))
        project = Project(tmp_path, server.base_url, samples=SAMPLES)
        run_ids = set()
        for sitting in range(2):
            before = server.count
            process = project.start(*(["--prompt-resume"] if sitting else []))
            _wait_until_seen(server, before + 80, process)
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=60)
            assert process.returncode == 2, output
            assert project.manifest["complete"] is False
            run_ids.add(project.manifest["run_id"])
        code, output = project.run("--prompt-resume")
        assert code == 0, output
        assert server.count == TRIALS  # an interrupted run waits for what is under way
    assert {project.manifest["run_id"]} == run_ids
    totals = project.manifest["totals"]
    assert (totals["passed"], totals["calls"], totals["from_cache"]) == (TRIALS, TRIALS, 0)


def test_changed_prompt_is_asked_again_when_a_run_is_resumed_and_the_rest_is_kept(tmp_path: Path) -> None:
    with FakeServer() as server:
        server.script(*_held_up_after(320, latency_ms=40))
        project = Project(tmp_path, server.base_url, samples=SAMPLES)
        process = project.start()
        _wait_until_seen(server, 300, process)  # all of prompt `one`, some of `two`
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        kept = project.journalled()
        assert SAMPLES < kept < TRIALS
        project.prompt("two").write_text(PROMPT.replace("NAME", "two, otherwise"))
        before = server.count
        code, output = project.run("--prompt-resume")
        assert code == 0, output
        assert server.count - before == SAMPLES
    told = " ".join(output.split())
    assert f"{kept} answers of it kept" in told
    assert f"{kept - SAMPLES} answers of the earlier sitting were to questions that have changed since" in told
    assert project.manifest["complete"] is True


def test_every_trial_completes_where_a_fifth_of_the_calls_fails(tmp_path: Path) -> None:
    with FakeServer(Mix(Behaviour(latency_ms=5), seed=3)) as server:
        project = Project(tmp_path, server.base_url, samples=SAMPLES, timeout_s=2)
        code, output = project.run()
        assert code == 0, output
        assert server.count > TRIALS
    totals = project.manifest["totals"]
    assert (totals["passed"], totals["error"], totals["not_run"]) == (TRIALS, 0, 0)
    assert totals["retries"] == totals["calls"] - TRIALS > 0
    assert project.manifest["backends"][0]["rate_limited"] > 0


def test_total_outage_ends_soon_with_one_message(tmp_path: Path) -> None:
    with FakeServer() as server:
        dead = server.base_url
    project = Project(tmp_path, dead, samples=SAMPLES)
    code, output = project.run()
    assert code == 1
    told = " ".join(output.split())
    assert told.count("(the backend was stopped after") == 1, output
    totals = project.manifest["totals"]
    assert totals["error"] + totals["not_run"] == TRIALS
    assert totals["error"] <= 2 * IN_FLIGHT
    assert project.manifest["backends"][0]["stopped"]


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_refusal_of_everything_stops_the_backend_early_with_one_message(tmp_path: Path, status: int) -> None:
    with FakeServer(Behaviour(status=status)) as server:
        project = Project(tmp_path, server.base_url, samples=SAMPLES)
        code, output = project.run()
        assert server.count <= 2 * IN_FLIGHT
    assert code == 1
    assert " ".join(output.split()).count("(the backend was stopped") == 1, output
    assert project.manifest["totals"]["retries"] == 0


@pytest.mark.parametrize("small_disk", [40], indirect=True)
def test_full_disk_loses_no_answer(small_disk: Path) -> None:
    filler = small_disk / "filler"
    with FakeServer() as server:
        server.script(*_held_up_after(60, latency_ms=10))
        project = Project(small_disk, server.base_url, samples=SAMPLES)
        process = project.start()
        _wait_until_seen(server, 50, process)
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(b"x" * 4096):
                pass
        output, _ = process.communicate(timeout=60)
        assert process.returncode in {1, 2}
        assert "Traceback" not in output
        assert "No space left on device" in output or "full" in output
        (spilled,) = set(re.findall(r"\S+/prompt-answers-\S+\.jsonl", output))
        filler.unlink()
        imported = project.command("cache", "import", spilled)
        Path(spilled).unlink()
        assert imported.returncode == 0, imported.stderr
        before = server.count
        code, output = project.run("--prompt-resume")
        assert code == 0, output
        assert (before, server.count) == (TRIALS, TRIALS)
    assert project.manifest["complete"] is True
    assert project.manifest["totals"]["passed"] == TRIALS
