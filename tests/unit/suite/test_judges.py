"""The backends that a suite's metrics ask."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from harness.errors import ModelFileError
from harness.rooms import catalogue

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.suite.conftest import Project as BaseProject

LOCAL = "{name: local, provider: openai, model: m, base_url: 'http://127.0.0.1:8000/v1', params: {max_tokens: 8}}"
BIG = "{name: big, provider: openai, model: j, base_url: 'http://127.0.0.1:8001/v1'}"


@pytest.fixture
def project(project: BaseProject) -> BaseProject:
    project.catalogue = catalogue()
    return project


def _suite(project: BaseProject, judge: str, *, backends: str = LOCAL, more: str = "") -> None:
    project.suite(
        "dataset: {path: ../../datasets/demo.jsonl, reference: label}\n"
        f"prompts: [zero_shot]\nbackends: [{backends}]\nmetrics:\n  - exact_match\n  - judge: {judge}\n{more}"
    )


def _judges(project: BaseProject, *chosen: str) -> list[str]:
    return [spec.name for spec in project.load(backends=chosen).judges]


def test_suite_without_such_metrics_has_no_judges(project: BaseProject) -> None:
    assert project.load().judges == ()


def test_judge_is_one_of_the_suites_own(project: BaseProject) -> None:
    _suite(project, "{backend: local}")
    suite = project.load()
    assert suite.judges == suite.backends


def test_judge_is_defined_in_backends_yaml_and_makes_no_column(project: BaseProject) -> None:
    project.write("suites/backends.yaml", f"backends:\n- {BIG}\n")
    _suite(project, "{backend: big}")
    suite = project.load()
    assert [spec.name for spec in suite.backends] == ["local"]
    assert [(spec.name, spec.model) for spec in suite.judges] == [("big", "j")]


def test_judge_is_defined_in_the_metric(project: BaseProject) -> None:
    _suite(project, f"{{backend: {BIG}}}")
    suite = project.load()
    assert [(spec.name, spec.model, spec.timeout_s) for spec in suite.judges] == [("big", "j", 60.0)]
    assert suite.metrics[1].options["backend"] == "big"


def test_embedded_model_can_be_asked_by_name(project: BaseProject) -> None:
    _suite(project, "{backend: smollm2}")
    assert _judges(project) == ["smollm2"]


def test_backend_of_the_command_line_is_no_other_judge(project: BaseProject) -> None:
    _suite(project, "{backend: local}")
    suite = project.load(backends=("smollm2",))
    assert [spec.name for spec in suite.backends] == ["smollm2"]
    assert [spec.name for spec in suite.judges] == ["local"]


def test_two_metrics_may_ask_the_same_judge(project: BaseProject) -> None:
    more = "  - judge: {backend: big, criteria: [accuracy]}\n"
    _suite(project, f"{{backend: {BIG}, criteria: [clarity]}}", more=more)
    suite = project.load()
    assert [spec.name for spec in suite.judges] == ["big"]
    assert [measure.name for measure in suite.measures[:3]] == ["exact_match", "judge.clarity", "judge.accuracy"]


def test_metrics_know_what_the_prompts_use(project: BaseProject) -> None:
    _suite(project, "{backend: local}")
    assert project.load().metrics[1].inputs == ("text",)


def test_signature_says_who_is_asked(project: BaseProject) -> None:
    _suite(project, "{backend: local, criteria: [clarity]}")
    signature = project.load().measures[1].signature
    assert signature.endswith('|asks:openai m@http://127.0.0.1:8000/v1 {"max_tokens":8}')
    _suite(project, f"{{backend: {BIG}, criteria: [clarity]}}")
    assert project.load().measures[1].signature != signature


def _signature(project: BaseProject) -> str:
    return project.load().measures[1].signature


def test_signature_holds_the_code_of_a_function_that_judges(project: BaseProject) -> None:
    path = project.write("suites/demo/app.py", "def judge(messages):\n    return '3'\n")
    _suite(project, "{criteria: [clarity], backend: {name: own, provider: callable, function: 'app.py:judge'}}")
    first, digest = _signature(project), hashlib.sha256(path.read_bytes()).hexdigest()
    assert first.endswith(f"|asks:callable app.py:judge {{}} code:{digest[:16]}")
    path.write_text("def judge(messages):\n    return '4'\n")
    assert _signature(project) != first
    path.write_text("def judge(messages):\n    return '3'\n")
    assert _signature(project) == first


def test_signature_holds_the_weights_of_a_model_that_judges(project: BaseProject) -> None:
    path = project.write("suites/demo/m.gguf", "GGUF one")
    _suite(project, "{criteria: [clarity], backend: {name: own, provider: llamacpp, path: m.gguf}}")
    first, digest = _signature(project), hashlib.sha256(path.read_bytes()).hexdigest()
    assert first.endswith(f" {{}} weights:{digest[:16]}")
    path.write_text("GGUF other")
    assert _signature(project) != first


def test_embedded_judge_has_its_registered_weights_and_they_are_not_read(
    project: BaseProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(path: Path) -> str:
        raise AssertionError(path)

    monkeypatch.setattr("harness.backends.models.sha256", read)
    _suite(project, "{criteria: [clarity], backend: smollm2}")
    assert _signature(project).endswith(" weights:b179c9523d0e6a0f")


def test_weights_that_cannot_be_read_are_a_mistake(project: BaseProject, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(path: Path) -> str:
        raise ModelFileError(f"{path.name}: the model cannot be read (why)")

    monkeypatch.setattr("harness.backends.models.sha256", read)
    project.write("suites/demo/m.gguf", "GGUF")
    _suite(project, "{backend: {name: own, provider: llamacpp, path: m.gguf}}")
    assert "backend 'own': m.gguf: the model cannot be read (why)" in project.mistakes()


def test_gates_and_checks_name_criteria(project: BaseProject) -> None:
    more = 'checks: ["judge.clarity >= 2"]\ngates: ["judge.clarity.mean >= 3.5"]\n'
    _suite(project, "{backend: local, uncalibrated: allow}", more=more)
    suite = project.load()
    assert [check.metric for check in suite.checks] == ["judge.clarity"]
    assert [(gate.metric, gate.aggregation) for gate in suite.gates] == [("judge.clarity", "mean")]


def test_gate_outside_the_scale_is_a_mistake(project: BaseProject) -> None:
    _suite(project, "{backend: local}", more='gates: ["judge.clarity.mean >= 7"]\n')
    assert "threshold 7 lies outside the range of 'judge.clarity.mean'; 1 to 5" in project.mistakes()


@pytest.mark.parametrize(
    ("judge", "place", "text"),
    [
        ("{backend: lokal}", "6:13", "backend 'lokal' is unknown; available: local, smollm2. Did you mean 'local'?"),
        ("{backend: {name: big, provider: openai}}", "6:", "provider 'openai' needs 'model', the name the endpoint"),
        ("{backend: {name: big, provider: opnai, model: x}}", "6:44", "provider 'opnai' is unknown; available: "),
        ("{backend: {name: big, model: x}}", "6:", "key 'provider' is missing; it is required; write for example"),
        ("{backend: {name: big, provider: openai, modell: x}}", "6:", "'modell'"),
        ("{backend: {name: big, provider: openai, model: x, api_key: y}}", "6:", "'api_key' is not allowed in a file;"),
        (
            "{backend: {name: local, provider: openai, model: x}}",
            "6:",
            "backend 'local' is defined twice, each time dif",
        ),
        ("{backend: 3}", "6:13", "metric 'judge': option 'backend' is 3; allowed: a text that is not empty"),
        ("{}", "6:5", "metric 'judge' needs the option 'backend'; allowed: backend: NAME for one judge, or"),
        (
            "{backend: local, criteria: [speed]}",
            "6:29",
            "criterion 'speed' is not in rubric 'answers'; available: accur",
        ),
        ("{backend: local, rubric: none.yaml}", "6:37", "file 'none.yaml' does not exist; a path relative to this"),
    ],
)
def test_mistakes_are_told_where_they_are(project: BaseProject, *, judge: str, place: str, text: str) -> None:
    _suite(project, judge)
    mistakes = project.mistakes()
    assert f"suite.yaml:{place}" in mistakes
    assert text in mistakes


def test_judge_whose_definition_is_broken_is_complained_of_once(project: BaseProject) -> None:
    _suite(project, "{backend: local}", backends="{name: local, provider: openai}")
    assert project.mistakes().count("suite.yaml:") == 1


SCRIPT = "{name: script, provider: callable, function: 'app.py:judge', price: {input: 0, output: 0}}"


@pytest.mark.parametrize(
    ("judge", "told"),
    [
        (f"{{backend: {BIG}}}", "steps:generated|weights:probabilities|schema:yes"),
        (f"{{backend: {SCRIPT}}}", "steps:generated|weights:none|schema:no"),
        (f"{{backend: {SCRIPT}, schema: false, steps: false}}", "steps:none|weights:none|schema:no"),
        (
            f"{{panel: [{BIG}, {SCRIPT}]}}",
            "steps:generated|weights:probabilities, not of script|schema:yes, not of script",
        ),
        (f"{{panel: [{BIG}, {SCRIPT}], logprobs: false}}", "steps:generated|weights:none|schema:yes, not of script"),
    ],
)
def test_signature_says_what_a_judge_that_takes_no_parameters_does_not_get(
    project: BaseProject, judge: str, told: str
) -> None:
    project.write("suites/demo/app.py", "def judge(messages):\n    raise AssertionError\n")
    _suite(project, judge)
    signature = next(each for each in project.load().measures if each.name == "judge.clarity").signature
    assert f"|samples:1|{told}|version:1|asks:" in signature


def test_signature_of_a_preference_says_that_no_schema_holds_a_function(project: BaseProject) -> None:
    project.write("suites/demo/app.py", "def judge(messages):\n    raise AssertionError\n")
    project.suite(
        "dataset: {path: ../../datasets/demo.jsonl, reference: label}\n"
        f"prompts: [zero_shot, {{prompt: zero_shot, name: other}}]\nmetrics:\n  - prefer: {{backend: {SCRIPT}}}\n"
    )
    assert "|ties:disagreement|schema:no|version:1|asks:callable " in project.load().measures[0].signature
