from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from harness.errors import FilesError, Mistake, OptionError, UsageError
from harness.schema import BackendSpec, Price

if TYPE_CHECKING:
    from tests.unit.suite.conftest import Project

DEFINED = """\
backends:
- {name: local, provider: openai, model: m, base_url: 'http://127.0.0.1:8000/v1'}
- {name: saved, provider: replay, path: answers.jsonl}
"""


def _suite(project: Project, backends: str | None) -> None:
    line = f"backends: {backends}\n" if backends is not None else ""
    project.suite(f"dataset: {{path: ../../datasets/demo.jsonl, reference: label}}\nprompts: [zero_shot]\n{line}")


def _names(project: Project, *chosen: str) -> list[str]:
    return [spec.name for spec in project.load(backends=chosen).backends]


def test_an_inline_definition_keeps_every_key(project: Project) -> None:
    _suite(
        project,
        "[{name: local, provider: openai, model: my-model, base_url: http://127.0.0.1:8000/v1, api_key_env: LOCAL_KEY, "
        "max_concurrency: 50, timeout_s: 5, params: {temperature: 0, seed: 7}, price: {input: 0.15, output: 0.60}, "
        "connect_timeout_s: 1, read_timeout_s: 2.5, requests_per_minute: 500, tokens_per_minute: 200000}]",
    )
    assert project.load().backends == (
        BackendSpec(
            name="local",
            provider="openai",
            model="my-model",
            params={"temperature": 0, "seed": 7},
            folder=project.root / "suites/demo",
            base_url="http://127.0.0.1:8000/v1",
            api_key_env="LOCAL_KEY",
            max_concurrency=50,
            timeout_s=5.0,
            connect_timeout_s=1.0,
            read_timeout_s=2.5,
            requests_per_minute=500.0,
            tokens_per_minute=200_000.0,
            price=Price(0.15, 0.6, None),
        ),
    )
    assert [type(value) for value in project.load().backends[0].params.values()] == [int, int]


def test_without_backends_the_embedded_model_answers(project: Project) -> None:
    _suite(project, None)
    assert _names(project) == ["smollm2"]


def test_a_name_is_looked_up_in_the_suites_folder(project: Project) -> None:
    project.write("suites/backends.yaml", DEFINED)
    _suite(project, "[local, smollm2]")
    local, _ = project.load().backends
    assert (local.name, local.folder) == ("local", project.root / "suites")


@pytest.mark.parametrize("name", ["smollm2", "local", "inline"])
def test_the_option_chooses_from_everything_known(project: Project, name: str) -> None:
    project.write("suites/backends.yaml", DEFINED)
    _suite(project, "[{name: inline, provider: openai, model: m}]")
    assert _names(project, name, name) == [name]


def test_an_unknown_backend_in_the_option_is_a_usage_error(project: Project) -> None:
    project.write("suites/backends.yaml", DEFINED)
    with pytest.raises(UsageError) as caught:
        project.load(backends=("locla",))
    assert str(caught.value) == (
        "--prompt-backend: backend 'locla' is unknown; available: smollm2, local, saved. Did you mean 'local'?"
    )


def test_a_chosen_backend_whose_definition_is_broken_is_a_mistake_of_the_file(project: Project) -> None:
    project.write("suites/backends.yaml", "backends: [{name: local, provider: openai}]\n")
    with pytest.raises(FilesError) as caught:
        project.load(backends=("local",))
    assert str(caught.value) == (
        "suites/backends.yaml:1:12: provider openai needs a model; write for example 'model: my-model'"
    )


def test_a_broken_file_of_backends_comes_before_a_backend_that_it_may_define(project: Project) -> None:
    project.write("suites/backends.yaml", "- {name: local, provider: openai, model: m}\n")
    with pytest.raises(FilesError, match=r"^suites/backends.yaml:1:1: the file is a list; ") as caught:
        project.load(backends=("local",))
    assert len(caught.value.mistakes) == 1


def test_a_gate_may_name_a_backend_that_the_option_leaves_out(project: Project) -> None:
    project.suite(
        "dataset: {path: ../../datasets/demo.jsonl, reference: label}\nprompts: [zero_shot]\n"
        "backends: [smollm2, {name: other, provider: openai, model: m}]\n"
        "gates: [{gate: error_rate <= 0, backends: [other]}]\n"
    )
    assert project.load(backends=("smollm2",)).gates[0].backends == ("other",)


def test_no_message_repeats_a_key(project: Project) -> None:
    _suite(project, "[{name: a, provider: openai, model: m, api_key: sk-secret, params: {api_key: sk-secret}}]")
    assert "sk-secret" not in project.mistakes()


def test_mistakes_in_a_file_that_a_backend_names_are_told(project: Project) -> None:
    def check(_spec: BackendSpec) -> None:
        raise FilesError([Mistake("answers.jsonl", 3, None, "bad JSON")])

    project.catalogue = replace(project.catalogue, check_backend=check)
    _suite(project, "[{name: saved, provider: replay, path: answers.jsonl}]")
    assert project.mistakes() == "answers.jsonl:3: bad JSON"


def test_an_embedded_model_that_cannot_be_used_is_a_mistake_at_its_name(project: Project) -> None:
    def embedded(name: str, _folder: object) -> BackendSpec | None:
        raise OptionError(f"model '{name}' is damaged; install it anew")

    project.catalogue = replace(project.catalogue, embedded=embedded)
    _suite(project, "[smollm2]")
    assert project.mistakes() == "suites/demo/suite.yaml:3:12: model 'smollm2' is damaged; install it anew"
    with pytest.raises(UsageError, match=r"^--prompt-backend: model 'other' is damaged; install it anew$"):
        project.load(backends=("other",))
