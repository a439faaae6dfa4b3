"""Variants are compared pair by pair, as users see their runs."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from harness import load_run
from harness.cli import main
from tests.servers.judging import asked
from tests.servers.openai_server import Behaviour, FakeServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.plugin.conftest import Project

SUITE = """\
dataset: {{path: capitals.jsonl, reference: capital}}
prompts: [plain, shouted]
backends:
  - {{name: atlas, provider: callable, function: "app.py:answer", price: {{input: 0, output: 0}}}}
metrics:
  - prefer: {{uncalibrated: allow, backend: {{name: big, provider: openai, model: j, base_url: {url}}}{more}}}
"""


def texts(body: dict[str, Any]) -> tuple[str, str]:
    """The two answers of a question."""
    found = re.search(
        r"<first_answer_\w+>\n(.*)\n</first_answer_.*<second_answer_\w+>\n(.*)\n</second_answer_",
        asked(body),
        re.DOTALL,
    )
    assert found is not None
    return found[1], found[2]


def _says(better: str) -> str:
    return json.dumps({"reason": f"it is {better}", "better": better})


def shorter(body: dict[str, Any]) -> str:
    """A judge who likes short answers, wherever they stand."""
    first, second = map(len, texts(body))
    return _says("tie" if first == second else "first" if first < second else "second")


def always_first(_body: dict[str, Any]) -> str:
    """A judge who takes what stands first."""
    return _says("first")


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer(Behaviour(text=shorter)) as server:
        yield server


@pytest.fixture
def compared(project: Project, server: FakeServer) -> Project:
    project.write("suite.yaml", SUITE.format(url=server.base_url, more=""))
    return project


def _values(folder: Path) -> dict[tuple[str, str], float | None]:
    scores = load_run(folder).scores
    rows = scores[scores["metric"] == "prefer"].to_dict("records")
    return {(row["variant"], row["sample"]): row["value"] if row["status"] == "scored" else None for row in rows}


def test_both_orders_are_asked_once_for_the_two_trials_of_a_pair(compared: Project, server: FakeServer) -> None:
    assert compared.run().ret == pytest.ExitCode.OK
    # plain knows four capitals; shouted says "I do not know" to France and Chad, and the same to Peru and Japan
    assert _values(compared.latest) == {
        ("plain", "fr"): 1.0,
        ("shouted", "fr"): 0.0,
        ("plain", "td"): 1.0,
        ("shouted", "td"): 0.0,
        **{(variant, sample): 0.5 for variant in ("plain", "shouted") for sample in ("pe", "jp")},
    }
    assert server.count == 2 * 2, "two pairs differ, each in two orders"
    assert {frozenset(texts(seen.body)) for seen in server.requests} == {
        frozenset({"Paris", "I do not know"}),
        frozenset({"N'Djamena", "I do not know"}),
    }


def test_ranking_and_position_bias_stand_in_report_summary_and_manifest(compared: Project) -> None:
    compared.run()
    manifest = json.loads((compared.latest / "run.json").read_text())
    (judging,) = manifest["judgings"]
    facts = {fact["name"]: fact["estimate"] for fact in judging["facts"]}
    assert list(facts) == ["verdicts that followed the position", "plain on atlas", "shouted on atlas"]
    assert facts["verdicts that followed the position"]["value"] == 0
    assert facts["verdicts that followed the position"]["n"] == 2
    assert facts["plain on atlas"]["value"] > 0.6
    assert facts["plain on atlas"]["value"] + facts["shouted on atlas"]["value"] == pytest.approx(1)
    assert "verdicts that followed the position" in (compared.latest / "summary.md").read_text()
    assert "Chance of winning against an average variant" in (compared.latest / "report.html").read_text()


def test_judge_who_takes_the_first_makes_ties_and_is_found_out(compared: Project, server: FakeServer) -> None:
    server.script(Behaviour(text=always_first))
    compared.run()
    assert set(_values(compared.latest).values()) == {0.5}
    (judging,) = json.loads((compared.latest / "run.json").read_text())["judgings"]
    assert judging["facts"][0]["estimate"]["value"] == 1
    assert "2 times the first, 0 times the second" in judging["facts"][0]["meaning"]


def test_one_variant_can_be_what_the_others_are_compared_with(compared: Project, server: FakeServer) -> None:
    compared.write("suite.yaml", SUITE.format(url=server.base_url, more=", against: plain"))
    compared.run()
    values = _values(compared.latest)
    assert [values["shouted", sample] for sample in ("fr", "pe", "jp", "td")] == [0, 0.5, 0.5, 0]
    assert [values["plain", sample] for sample in ("fr", "pe", "jp", "td")] == [None] * 4
    scores = load_run(compared.latest).scores
    reasons = scores[(scores["metric"] == "prefer") & (scores["variant"] == "plain")]["reason"]
    assert set(reasons) == {"this is the variant that the others are compared with"}


def test_unknown_variant_is_a_mistake(compared: Project, server: FakeServer) -> None:
    compared.write("suite.yaml", SUITE.format(url=server.base_url, more=", against: plane"))
    compared.run().stdout.fnmatch_lines(
        ["*: metric 'prefer': against is 'plane'; allowed: all, plain, shouted. Did you mean 'plain'? *"]
    )
    assert server.count == 0


def test_variant_that_was_not_selected_leaves_nothing_to_compare_with(compared: Project, server: FakeServer) -> None:
    compared.run("-k", "plain")
    scores = load_run(compared.latest).scores
    found = scores[scores["metric"] == "prefer"]
    assert set(found["status"]) == {"unscored"}
    assert set(found["reason"]) == {"no other variant was selected in this run: nothing to compare with"}
    assert server.count == 0


def test_trial_that_failed_leaves_the_other_unscored_with_the_reason(compared: Project) -> None:
    compared.write(
        "app.py",
        "def answer(messages):\n"
        "    asked = messages[-1]['content']\n"
        "    if 'FRANCE' in asked:\n        raise ValueError('no')\n"
        "    return asked\n",
    )
    compared.run()
    scores = load_run(compared.latest).scores
    plain = scores[(scores["metric"] == "prefer") & (scores["variant"] == "plain")].set_index("sample")
    assert plain.loc["fr", "status"] == "unscored"
    assert str(plain.loc["fr", "reason"]).startswith("not compared with shouted: its trial has no answer: ")
    assert plain.loc["pe", "status"] == "scored"


@pytest.mark.parametrize(
    ("text", "status", "reason"),
    [
        ('{"reason": "x", "better": "third"}', "unscored", "could not be read, 3 times: the form's better is 'third'"),
        ("first", "unscored", "could not be read, 3 times: no form: 'first'"),
    ],
)
def test_rubbish_is_asked_again_and_then_unscored(
    *, compared: Project, server: FakeServer, text: str, status: str, reason: str
) -> None:
    server.script(Behaviour(text=text))
    compared.run()
    scores = load_run(compared.latest).scores
    found = scores[(scores["metric"] == "prefer") & (scores["sample"] == "fr")]
    assert set(found["status"]) == {status}
    assert all(reason in each for each in found["reason"])
    assert server.count == 2 * 2 * 3


def test_recorded_verdicts_replay_without_a_socket(compared: Project, server: FakeServer) -> None:
    compared.run()
    first, count = _values(compared.latest), server.count
    compared.run("--prompt-cache", "only")
    assert _values(compared.latest) == first
    assert server.count == count


def test_workers_compare_as_one_process_does(compared: Project, server: FakeServer) -> None:
    compared.run()
    first, count = _values(compared.latest), server.count
    compared.pytester.runpytest_subprocess("--prompt-suite", "-n", "2", "-p", "xdist", "--prompt-cache", "refresh")
    assert _values(compared.latest) == first
    assert server.count == 2 * count


@pytest.mark.parametrize(
    ("judge", "equal", "position", "is_fit"), [(shorter, 2 / 3, 0.0, True), (always_first, 1 / 3, 1.0, False)]
)
def test_pairs_that_people_judged_calibrate_it(
    *,
    compared: Project,
    server: FakeServer,
    monkeypatch: pytest.MonkeyPatch,
    judge: Callable[[dict[str, Any]], str],
    equal: float,
    position: float,
    is_fit: bool,
) -> None:
    server.script(Behaviour(text=judge))
    monkeypatch.chdir(compared.path)
    rows = []
    for at in range(12):
        texts = [f"short{at}", "a long answer"] if at % 2 else ["a long answer", f"short{at}"]
        prefer = "tie" if at % 3 == 2 else 1 if at % 2 else 2
        rows.append({"id": f"p{at}", "country": "Peru", "output": texts[0], "other": texts[1], "prefer": prefer})
    compared.write("pairs.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    command = ["judge", "calibrate", str(compared.suite), "--labels", str(compared.suite / "pairs.jsonl")]
    assert main(command) == (0 if is_fit else 1)
    found = yaml.safe_load((compared.suite / "calibrations/prefer.yaml").read_text())["measures"]["prefer"]
    assert found["n"] == 12
    assert found["categories"] == [0, 0.5, 1]
    assert found["estimates"]["equal"]["value"] == pytest.approx(equal, abs=1e-4)
    assert found["estimates"]["position_bias"]["value"] == position
    text = SUITE.format(url=server.base_url, more="").replace("uncalibrated: allow, ", "")
    compared.write("suite.yaml", text + 'gates: ["prefer.mean >= 0"]\n')
    result = compared.run()
    assert result.ret == (pytest.ExitCode.OK if is_fit else pytest.ExitCode.INTERRUPTED)
    if not is_fit:
        why = "no agreement is defined, because the judge gave 0.5 every time"
        result.stdout.fnmatch_lines([f"*calibrations/prefer.yaml does not say how far it agrees with people: {why};*"])
