"""Suites of any size that answer at once, written into an empty folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PROMPT = "Question v0: what is number {:06d}"
"""What a prompt says to sample `number`."""
_SUITE = """\
dataset: {path: samples.jsonl, reference: answer}
prompts: [%s]
backends:
  - {name: instant, provider: callable, function: "app.py:answer"}
metrics: [exact_match, contains]
gates: ["error_rate <= 0"]
"""
_PROMPT = """\
metadata: {version: "1.0"}
inputs: {text: str}
system: Answer briefly.
template: "Question %s: {{ text }}"
"""
_APP = """\
async def answer(messages):
    return messages[-1]["content"][-6:]
"""
_TRIVIAL = """\
import pytest

class Trivial(pytest.Item):
    def runtest(self):
        pass

class Trivials(pytest.File):
    def collect(self):
        for number in range(int(self.path.read_text())):
            yield Trivial.from_parent(self, name=f"item[{number}]")

def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".trivial":
        return Trivials.from_parent(parent, path=file_path)
"""


def write_suite(folder: Path, *, samples: int, variants: int = 2) -> None:
    """`suites/speed` with samples x variants trials on a callable that answers at once."""
    suite = folder / "suites" / "speed"
    suite.mkdir(parents=True)
    names = [f"v{number}" for number in range(variants)]
    (suite / "suite.yaml").write_text(_SUITE % ", ".join(names))
    (suite / "app.py").write_text(_APP)
    write_prompts(suite, names)
    write_samples(suite, samples)


def write_prompts(suite: Path, names: Sequence[str]) -> None:
    """One prompt a name."""
    for name in names:
        (suite / "prompts" / name).mkdir(parents=True)
        (suite / "prompts" / name / "v1.0.yaml").write_text(_PROMPT % name)


def write_samples(suite: Path, count: int) -> None:
    """`samples.jsonl`."""
    with (suite / "samples.jsonl").open("w") as file:
        for number in range(count):
            row = {"id": f"s{number:06d}", "text": f"what is number {number:06d}", "answer": f"{number:06d}"}
            file.write(json.dumps(row) + "\n")


def write_trivial_items(folder: Path, count: int) -> None:
    """A project whose conftest makes `count` items that do nothing."""
    folder.mkdir(parents=True)
    (folder / "conftest.py").write_text(_TRIVIAL)
    (folder / "all.trivial").write_text(str(count))
    (folder / "pytest.ini").write_text("[pytest]\n")


def write_one_test(folder: Path) -> None:
    """A project with one test that passes."""
    folder.mkdir(parents=True)
    (folder / "test_one.py").write_text("def test_one():\n    assert True\n")
    (folder / "pytest.ini").write_text("[pytest]\n")
