from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.suite.conftest import Project

SUITE = "dataset: {hub: owner/name, split: test, reference: label}\nprompts: [zero_shot]\n"


def _library(monkeypatch: pytest.MonkeyPatch, load_dataset: Any) -> None:
    module = ModuleType("datasets")
    if load_dataset is not None:
        module.load_dataset = load_dataset  # type: ignore[attr-defined]  # a stand-in for the library
    monkeypatch.setitem(sys.modules, "datasets", module)


def test_rows_come_from_the_split(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def load_dataset(name: str, *, split: str) -> list[dict[str, Any]]:
        assert (name, split) == ("owner/name", "test")
        return [{"id": 1, "text": "x", "label": "p"}]

    _library(monkeypatch, load_dataset)
    project.suite(SUITE)
    suite = project.load()
    assert suite.dataset_path == "owner/name/test"
    assert [(sample.sample_id, sample.location) for sample in suite.samples] == [("1", "owner/name/test[0]")]


@pytest.mark.parametrize("is_folder", [True, False], ids=["folder-of-that-name", "nothing"])
def test_a_missing_library_names_the_command(
    project: Project, monkeypatch: pytest.MonkeyPatch, *, is_folder: bool
) -> None:
    if is_folder:
        _library(monkeypatch, None)
    else:
        monkeypatch.setitem(sys.modules, "datasets", None)
    project.suite(SUITE)
    assert project.mistakes() == (
        "suites/demo/suite.yaml:1:16: a dataset from the hub needs an optional part; "
        "run: pip install 'pytest-prompt-suite[hub]'"
    )


def test_a_failing_network_is_one_line(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def load_dataset(_name: str, *, split: str) -> Any:
        raise ConnectionError(f"Couldn't reach 'owner/name' on the Hub.\nsplit {split}\nmany more lines")

    _library(monkeypatch, load_dataset)
    project.suite(SUITE)
    assert project.mistakes() == (
        "suites/demo/suite.yaml:1:16: hub dataset 'owner/name' could not be read: "
        "Couldn't reach 'owner/name' on the Hub; check the name, the split and the network"
    )


def test_an_unknown_split_is_told_at_the_split(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def load_dataset(_name: str, *, split: str) -> Any:
        raise ValueError(f'Unknown split "{split}". Should be one of [train].')

    _library(monkeypatch, load_dataset)
    project.suite(SUITE)
    assert project.mistakes().startswith("suites/demo/suite.yaml:1:35: hub dataset 'owner/name' could not be read")
