"""A project with one small suite on a function that answers at once, as the plugin's tests need it."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING

import pytest

from tests.other_plugins import blocking

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PRELOADED = (
    "filelock",
    "httptools",
    "harness.plugin.session",
    "multiprocessing.connection",
    "numpy.random",
    "harness.report",
    "pandas.core.arrays.arrow.extension_types",
    "numpy.fft",
    "pyarrow.parquet",
    "scipy.special",
    "rich.console",
    "rich.table",
    "rich.text",
    "harness.comparison",
    "harness.plugin.summary",
)
"""Pytester forgets modules that an inner session imports; what can be imported once a process only is imported here."""
for _name in PRELOADED:
    importlib.import_module(_name)

SUITE = """\
description: Capitals.
dataset: {path: capitals.jsonl, reference: capital}
prompts: [plain, shouted]
backends:
  - {name: atlas, provider: callable, function: "app.py:answer"}
metrics: [exact_match]
"""
PLAIN = """\
metadata: {version: "1.0", labels: [prod-a]}
inputs: {country: str}
system: Answer with the capital only.
template: "What is the capital of {{ country }}?"
"""
SHOUTED = PLAIN.replace("{{ country }}?", "{{ country|upper }}?").replace("prod-a", "prod-b")
APP = '''\
"""Knows four capitals; FRANCE and SPAIN shouted are too much for it."""
KNOWN = {"France": "Paris", "Peru": "Lima", "Japan": "Tokyo", "Chad": "N'Djamena", "JAPAN": "Tokyo", "PERU": "Lima"}

def answer(messages):
    country = messages[-1]["content"].split()[-1].rstrip("?")
    return KNOWN.get(country, "I do not know")
'''
ROWS: list[dict[str, object]] = [
    {"id": "fr", "country": "France", "capital": "Paris", "tags": ["europe"]},
    {"id": "pe", "country": "Peru", "capital": "Lima"},
    {"id": "jp", "country": "Japan", "capital": "Tokyo"},
    {"id": "td", "country": "Chad", "capital": "N'Djamena"},
]


COUNTING = """
    from pathlib import Path
    with Path({calls!r}).open("a") as file:
        file.write("x")
"""


class Project:
    """The project's folder and its runs."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path
        self.suite = self.path / "suites" / "capitals"
        for name, text in (("plain", PLAIN), ("shouted", SHOUTED)):
            (self.suite / "prompts" / name).mkdir(parents=True)
            self.write(f"prompts/{name}/v1.0.yaml", text)
        self.write("suite.yaml", SUITE)
        self.write("app.py", APP)
        self.rows(ROWS)

    def write(self, name: str, text: str) -> Path:
        """A file of the suite's folder."""
        path = self.suite / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def add(self, text: str) -> None:
        """More lines of suite.yaml."""
        with (self.suite / "suite.yaml").open("a", encoding="utf-8") as file:
            file.write(text)

    def rows(self, rows: Sequence[dict[str, object]]) -> None:
        """The dataset."""
        self.write("capitals.jsonl", "".join(json.dumps(row) + "\n" for row in rows))

    def count_calls(self) -> Path:
        """The file to which the application now writes an x a call."""
        calls = self.path / "calls"
        first = "def answer(messages):\n"
        self.write("app.py", APP.replace(first, first + COUNTING.format(calls=str(calls)).lstrip("\n")))
        return calls

    def run(self, *arguments: str) -> pytest.RunResult:
        """`pytest --prompt-suite …` in this process."""
        return self.pytester.runpytest_inprocess("--prompt-suite", *arguments)

    @property
    def latest(self) -> Path:
        """The folder of the latest run."""
        return self.path / "reports" / "latest"


@pytest.fixture
def pytester(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTEST_ADDOPTS", blocking())  # pytest's own fixture deletes it
    return pytester


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("CI", raising=False)
    return Project(pytester)
