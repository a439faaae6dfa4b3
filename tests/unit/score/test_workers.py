"""Heavy metrics in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.schema import Answer, MetricSpec
from harness.score import Scorer, workers
from harness.score.registry import BUILTIN
from harness.score.workers import Workers, is_heavy

if TYPE_CHECKING:
    from collections.abc import Iterator

SPECS = [
    MetricSpec(name, options, Path())
    for name, options in (("exact_match", {}), ("bleu", {}), ("chrf", {"word_order": 2}), ("ter", {}), ("rouge", {}))
]
ANSWERS = [
    Answer(f"the cat number {number} sat", (f"the cat number {number % 7} sat",) if number % 5 else (), {}, None)
    for number in range(23)
]


@pytest.fixture
def pool() -> Iterator[Workers]:
    made = Workers(2, worth_s=0)
    yield made
    made.close()


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _ends_soon(pid: int) -> bool:
    until = time.monotonic() + 10
    while _is_alive(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return not _is_alive(pid)


def test_scores_are_those_that_are_computed_here(pool: Workers) -> None:
    scorer = Scorer(SPECS, pool)
    assert scorer.score(ANSWERS) == Scorer(SPECS).score(ANSWERS)
    assert len(pool.pids) == 2


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_answers_are_scored_too(pool: Workers, n: int) -> None:
    assert Scorer(SPECS, pool).score(ANSWERS[:n]) == Scorer(SPECS).score(ANSWERS[:n])


def test_processes_are_started_once(pool: Workers) -> None:
    scorer = Scorer(SPECS, pool)
    scorer.score(ANSWERS)
    pids = pool.pids
    Scorer(SPECS[:2], pool).score(ANSWERS)
    scorer.score(ANSWERS)
    assert pool.pids == pids


def test_none_is_started_before_it_is_worth_it() -> None:
    pool = Workers(2, worth_s=0.5)
    scorer = Scorer(SPECS, pool)
    scorer.score(ANSWERS)
    assert pool.pids == ()
    pool.took(0.5)
    scorer.score(ANSWERS)
    assert len(pool.pids) == 2
    pool.close()


def test_light_metrics_start_none(pool: Workers) -> None:
    Scorer([MetricSpec("exact_match", {}, Path()), MetricSpec("rouge", {}, Path())], pool).score(ANSWERS)
    assert pool.pids == ()


def test_heavy_are_those_that_compute_in_python_for_long() -> None:
    made = {name: BUILTIN[name] for name in ("bleu", "chrf", "ter", "rouge", "exact_match", "f1", "json_valid")}
    assert [name for name, make in made.items() if is_heavy(make({}))] == ["bleu", "chrf", "ter"]


def test_killed_process_costs_nothing_but_a_retry(pool: Workers) -> None:
    scorer = Scorer(SPECS, pool)
    expected = scorer.score(ANSWERS)
    first, second = pool.pids
    os.kill(first, signal.SIGKILL)
    assert scorer.score(ANSWERS) == expected
    assert first not in pool.pids
    assert second in pool.pids


def test_process_killed_over_its_work_costs_nothing_but_a_retry(pool: Workers) -> None:
    specs = [MetricSpec("ter", {}, Path())]
    long = [Answer("a b c d e f g h " * 8, ("h g f e d c b a " * 8,), {}, None)] * 4
    scorer = Scorer(specs, pool)
    scorer.score(ANSWERS)
    handed = pool.hand_out(scorer._heavy, long)
    assert handed is not None
    os.kill(pool.pids[0], signal.SIGKILL)
    rows = handed.rows(scorer._heavy[0][1])
    assert rows is not None
    assert [row[0].status for row in rows] == ["scored"] * 4


def test_answer_that_kills_every_process_costs_its_own_scores_alone(
    pool: Workers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = workers._SCRIPT.read_text("utf-8")
    first = "    from harness.schema import Answer"
    deadly = f"    if any('BOOM' in output for output, _ in texts):\n        os._exit(3)\n{first}"
    (tmp_path / "deadly.py").write_text(script.replace(first, deadly, 1))
    monkeypatch.setattr(workers, "_SCRIPT", tmp_path / "deadly.py")
    answers = [*ANSWERS[:5], Answer("BOOM", ("a",), {}, None), *ANSWERS[5:]]
    rows = Scorer(SPECS, pool).score(answers)
    failed = [(row[1].status, row[1].reason) for row in rows]
    assert failed.pop(5) == ("failed", "the process that scores has ended (exit code 3) over this answer")
    assert [status for status, _ in failed] == [row[1].status for row in Scorer(SPECS).score(ANSWERS)]
    assert rows[5][0].status == "scored", "light metrics are not touched"


def test_processes_that_keep_ending_are_given_up(
    pool: Workers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "broken.py").write_text("raise SystemExit(7)\n")
    monkeypatch.setattr(workers, "_SCRIPT", tmp_path / "broken.py")
    monkeypatch.setattr(workers, "_MOST_LOSSES", 3)
    rows = Scorer(SPECS, pool).score(ANSWERS)
    assert {row[1].status for row in rows} == {"failed"}
    assert rows[0][1].reason == "the process that scores has ended (exit code 7) over this answer"


def test_without_processes_it_is_computed_here(pool: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert Scorer(SPECS, pool).score(ANSWERS) == Scorer(SPECS).score(ANSWERS)
    assert pool.pids == ()


def test_processes_end_with_the_run(pool: Workers) -> None:
    Scorer(SPECS, pool).score(ANSWERS)
    pids = pool.pids
    pool.close()
    assert not any(map(_is_alive, pids))
    assert Scorer(SPECS, pool).score(ANSWERS) == Scorer(SPECS).score(ANSWERS), "then it is computed here"


def test_processes_end_when_the_harness_is_killed_even_over_long_work() -> None:
    program = (
        "from pathlib import Path\nfrom harness.schema import Answer, MetricSpec\n"
        "from harness.score import Scorer\nfrom harness.score.workers import Workers\n"
        "pool = Workers(2, worth_s=0)\nscorer = Scorer([MetricSpec('ter', {}, Path())], pool)\n"
        "scorer.score([Answer('a', ('a',), {}, None)] * 2)\nprint(*pool.pids, flush=True)\n"
        "scorer.score([Answer('a b c d e f g h ' * 200, ('h g f e d c b a ' * 200,), {}, None)] * 50)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as harness:
        assert harness.stdout is not None
        pids = [int(pid) for pid in harness.stdout.readline().split()]
        time.sleep(0.3)
        assert all(map(_is_alive, pids))
        harness.kill()
    assert len(pids) == 2
    assert all(map(_ends_soon, pids))
