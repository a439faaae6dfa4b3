"""Judges are compared with people, and gates stand on those alone that were."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from harness.cli import main
from tests.servers.judging import STEPS, asked
from tests.servers.openai_server import Behaviour, FakeServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.plugin.conftest import Project

SUITE = """\
dataset: {{path: capitals.jsonl, reference: capital}}
prompts: [plain]
backends:
  - {{name: atlas, provider: callable, function: "app.py:answer", price: {{input: 0, output: 0}}}}
metrics:
  - judge: {{criteria: [clarity], backend: {{name: big, provider: openai, model: {model}, base_url: {url}}}{more}}}
gates: ["judge.clarity.mean >= 1"]
"""
OWN_JUDGE = SUITE.replace(
    "provider: openai, model: {model}, base_url: {url}", "provider: callable, function: 'judge.py:judge'"
).format(more=", steps: false, logprobs: false, schema: false")


def _length(body: dict[str, Any]) -> str:
    """A judge who likes long answers: 1 to 5 by the words between the tags."""
    text = asked(body)
    if STEPS in text:
        return "1. Count."
    answer = re.search(r"<answer_\w+>\n(.*)\n</answer_", text, re.DOTALL)
    assert answer is not None
    return json.dumps({"reason": "words", "score": min(5, len(answer[1].split()))})


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer(Behaviour(text=_length)) as server:
        yield server


@pytest.fixture
def judged(project: Project, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(project.path)
    _use(project, server)
    rows = [
        {"id": f"s{at}", "country": "Peru", "output": "word " * (at % 5 + 1), "clarity": min(5, at % 5 + 1 + at % 2)}
        for at in range(30)
    ]
    project.write("labels.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    return project


def _use(project: Project, server: FakeServer, *, model: str = "j", more: str = "") -> None:
    project.write("suite.yaml", SUITE.format(url=server.base_url, model=model, more=more))


def _calibrate(project: Project, *more: str) -> int:
    return main(["judge", "calibrate", str(project.suite), "--labels", str(project.suite / "labels.jsonl"), *more])


def test_gate_on_a_judge_that_nobody_compared_with_people_is_a_mistake_before_any_call(
    judged: Project, server: FakeServer
) -> None:
    result = judged.run()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    said = (
        "*suites/capitals/suite.yaml:7:9: 'judge.clarity' is a model's judgement, and its agreement with people is "
        "not known: there is no calibrations/judge.yaml; allowed: a measure whose judge, rubric and options were "
        "compared with people's ratings; run: prompt-suite judge calibrate SUITE --labels FILE, or write "
        "uncalibrated: allow in the metric's options*"
    )
    result.stdout.fnmatch_lines([said])
    assert server.count == 0


def test_gate_may_stand_on_it_when_that_is_allowed_and_the_report_says_so(judged: Project, server: FakeServer) -> None:
    _use(judged, server, more=", uncalibrated: allow")
    assert judged.run().ret == pytest.ExitCode.OK
    said = "uncalibrated: its agreement with people is not known"
    assert said in (judged.latest / "report.html").read_text()
    assert f"- `judge.clarity`: {said}" in (judged.latest / "summary.md").read_text().replace("&#58;", ":")


def test_calibrated_judge_bears_a_gate(judged: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert _calibrate(judged) == 0
    printed = capsys.readouterr().out
    assert "judge.clarity: 30 ratings by people and the judge" in printed
    assert re.search(r"spearman +\+0\.9\d\d  \(\+0\.\d+ to \+\d\.\d+\)", printed)
    assert re.search(r"bias +-0\.400  ", printed)
    assert "people ↓ judge →" in printed
    written = yaml.safe_load((judged.suite / "calibrations/judge.yaml").read_text())["measures"]["judge.clarity"]
    assert written["n"] == 30
    assert written["categories"] == [1, 2, 3, 4, 5]
    assert sum(map(sum, written["confusion"])) == 30
    assert "|asks:openai j@" in written["signature"]
    assert written["estimates"]["kappa"]["low"] < written["estimates"]["kappa"]["value"]
    assert judged.run().ret == pytest.ExitCode.OK
    assert "calibrated: Spearman with people&#x27;s ratings 0.9" in (judged.latest / "report.html").read_text()


def test_calls_are_recorded_and_never_made_twice(judged: Project, server: FakeServer) -> None:
    assert _calibrate(judged) == 0
    count = server.count
    assert count == 5 + 1, "five different answers, and the steps"
    assert _calibrate(judged, "--cache", "only") == 0
    assert server.count == count


def test_calibration_of_another_judge_or_option_does_not_count(judged: Project, server: FakeServer) -> None:
    assert _calibrate(judged) == 0
    _use(judged, server, model="k")
    judged.run().stdout.fnmatch_lines(
        ["*calibrations/judge.yaml was made with another judge (it differs in model): it says*"]
    )
    _use(judged, server, more=", samples: 2")
    judged.run().stdout.fnmatch_lines(["*calibrations/judge.yaml was made with another 'samples': it says nothing*"])
    _use(judged, server, more=", scale: [1, 7]")
    judged.run().stdout.fnmatch_lines(["*was made with another rubric and another 'scale': it says nothing*"])


def test_calibration_ends_with_the_code_of_a_judge_of_ones_own(judged: Project) -> None:
    code = """
def judge(messages):
    text = messages[-1]["content"]
    return '{"reason": "-", "score": %d}' % min(5, 1 + text.count("word "))
"""
    judged.write("judge.py", code)
    judged.write("suite.yaml", OWN_JUDGE)
    assert _calibrate(judged) == 0
    assert judged.run().ret == pytest.ExitCode.OK
    judged.write("judge.py", code.replace("1 +", "2 +"))
    judged.run().stdout.fnmatch_lines(
        ["*calibrations/judge.yaml was made with another judge (it differs in code): it says nothing about this one*"]
    )


def test_baseline_of_a_prompt_is_a_gate_as_well(judged: Project, server: FakeServer) -> None:
    text = SUITE.format(url=server.base_url, model="j", more="").rsplit("gates", 1)[0]
    judged.write("suite.yaml", text)
    prompt = (judged.suite / "prompts/plain/v1.0.yaml").read_text()
    judged.write(
        "prompts/plain/v1.0.yaml",
        prompt.replace("metadata: {", 'metadata: {performance_baseline: {judge.clarity: "3"}, '),
    )
    judged.run().stdout.fnmatch_lines(["*prompts/plain/v1.0.yaml:1:*: 'judge.clarity' is a model's judgement*"])


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (
            {"id": "x", "country": "Peru", "output": "a", "clarity": 6},
            "from 1 to 5, or a list of them (4;5 in a text) is allowed",
        ),
        (
            {"id": "x", "country": "Peru", "output": "a", "clarity": "good"},
            "from 1 to 5, or a list of them (4;5 in a text) is allowed",
        ),
        ({"id": "x", "country": "Peru", "output": 3, "clarity": 5}, "the answer in column 'output' is the number 3"),
        ({"id": "s1", "country": "Peru", "output": "a", "clarity": 5}, "id 's1' is also on line 2"),
    ],
)
def test_bad_labels_are_told_where_they_are(
    *, judged: Project, server: FakeServer, row: dict[str, object], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with (judged.suite / "labels.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    assert _calibrate(judged) == 2
    said = capsys.readouterr().err
    assert "suites/capitals/labels.jsonl:31: " in said
    assert text in said
    assert server.count == 0


def test_missing_columns_are_told(judged: Project, capsys: pytest.CaptureFixture[str]) -> None:
    judged.write("labels.jsonl", '{"output": "a", "rating": 3}\n')
    assert _calibrate(judged) == 2
    assert (
        "column 'country' (the judge is shown it) is in no row; available: output, rating." in capsys.readouterr().err
    )
    judged.write("labels.jsonl", '{"output": "a", "rating": 3, "country": "Peru"}\n')
    assert _calibrate(judged) == 2
    assert "no column holds people's ratings; available: output, rating, country" in capsys.readouterr().err


def test_columns_can_be_named_and_people_may_be_several(judged: Project) -> None:
    rows = [
        {"id": f"s{at}", "country": "Peru", "text": "word " * (at % 5 + 1), "people": [at % 5 + 1, 3]}
        for at in range(10)
    ]
    judged.write("labels.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert _calibrate(judged, "--output", "text", "--human", "clarity=people", "--write", "elsewhere.yaml") == 0
    found = yaml.safe_load((judged.path / "elsewhere.yaml").read_text())["measures"]["judge.clarity"]
    assert found["estimates"]["spearman"]["value"] == 1
    assert found["estimates"]["bias"]["value"] == 0


def test_column_that_is_named_for_a_measure_and_not_there_is_a_mistake(
    judged: Project, server: FakeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SUITE.replace("criteria: [clarity]", "criteria: [clarity, accuracy]")
    judged.write("suite.yaml", text.format(url=server.base_url, model="j", more=""))
    assert _calibrate(judged, "--human", "accuracy=clar") == 2
    said = (
        "column 'clar' is in no row; available: id, country, output, clarity. Did you mean 'clarity'? Name it as it is"
    )
    assert said in capsys.readouterr().err
    assert not (judged.suite / "calibrations").exists()
    assert server.count == 0


def _label(project: Project, ratings: list[float]) -> None:
    rows = [
        {"id": f"s{at}", "country": "Peru", "output": "word " * (at % 5 + 1), "clarity": rating}
        for at, rating in enumerate(ratings)
    ]
    project.write("labels.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


def test_calibration_on_a_single_label_opens_no_gate_unless_that_is_allowed(
    judged: Project, server: FakeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    _label(judged, [1])
    assert _calibrate(judged) == 1
    printed = capsys.readouterr().out
    assert "judge.clarity: 1 rating by people and the judge" in printed
    assert re.search(
        r"\n  spearman       \u2013       \(the judge gave 1 every time and people gave 1 every time\)  ", printed
    )
    why = "it rests on 1 independent answer, and 10 are needed"
    assert f"  no gate may stand on it: {why}; label more, or other, answers, or write uncalibrated: allow" in printed
    judged.run().stdout.fnmatch_lines(
        [f"*calibrations/judge.yaml does not say how far it agrees with people: {why}; allowed: *"]
    )
    _use(judged, server, more=", uncalibrated: allow")
    assert judged.run().ret == pytest.ExitCode.OK
    assert "uncalibrated: its agreement" in (judged.latest / "report.html").read_text()


def test_rubbish_and_a_backend_that_fails_are_told_apart(judged: Project, capsys: pytest.CaptureFixture[str]) -> None:
    code = """
def judge(messages):
    words = messages[-1]["content"].count("word ")
    if words == 5:
        raise ValueError("no")
    return "four" if words == 4 else '{"reason": "-", "score": %d}' % words
"""
    judged.write("judge.py", code)
    judged.write("suite.yaml", OWN_JUDGE)
    assert _calibrate(judged) == 0
    assert (
        "judge.clarity: 18 ratings by people and the judge\n"
        "  without a verdict: 6 whose verdict could not be read, "
        "6 on which the judge's backend failed or was not asked\n"
    ) in capsys.readouterr().out
    written = yaml.safe_load((judged.suite / "calibrations/judge.yaml").read_text())["measures"]["judge.clarity"]
    assert (written["n"], written["n_unscored"], written["n_failed"]) == (18, 6, 6)


def test_measures_that_nobody_rated_are_said_to_be_left_out(
    judged: Project, server: FakeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SUITE.replace("criteria: [clarity]", "criteria: [clarity, accuracy]")
    judged.write("suite.yaml", text.format(url=server.base_url, model="j", more=""))
    assert _calibrate(judged) == 0
    said = capsys.readouterr()
    assert "left out, because nobody rated it in suites/capitals/labels.jsonl: judge.accuracy" in said.out + said.err


def test_judge_that_always_says_the_same_is_told_of_and_opens_no_gate(
    judged: Project, server: FakeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.script(Behaviour(text=lambda body: "1. Look." if STEPS in asked(body) else '{"reason": "-", "score": 3}'))
    assert _calibrate(judged) == 1
    printed = capsys.readouterr().out
    assert "  spearman       \u2013       (the judge gave 3 every time)  " in printed
    assert "  kappa          +0.000  (no interval: the judge gave 3 every time)  " in printed
    judged.run().stdout.fnmatch_lines(["*: no agreement is defined, because the judge gave 3 every time; allowed: *"])


def test_calibration_that_cannot_be_told_from_none_is_valid_and_says_so(
    judged: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    _label(judged, [1, 2, 3, 4, 5, 5, 4, 3, 2, 1])
    assert _calibrate(judged) == 0
    assert "\n  this cannot be told from no agreement at all\n" in capsys.readouterr().out
    assert judged.run().ret == pytest.ExitCode.OK
    assert "; this cannot be told from no agreement at all" in (judged.latest / "summary.md").read_text()


def test_damaged_calibration_is_said_to_be(judged: Project) -> None:
    judged.write("calibrations/judge.yaml", "measures: 3\n")
    judged.run().stdout.fnmatch_lines(["*judge.yaml: the calibration cannot be read (Expected `object`, got `int`*"])
