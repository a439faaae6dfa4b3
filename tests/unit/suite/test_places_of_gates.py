"""A gate knows where it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.rooms import catalogue
from harness.suite import LoadOptions, load_suite

if TYPE_CHECKING:
    from pathlib import Path

SUITE = """\
dataset: {path: rows.jsonl, reference: answer}
prompts: [plain]
backends: [{name: app, provider: callable, function: "app.py:answer"}]
metrics: [exact_match]
gates:
  - error_rate <= 0
  - gate: exact_match.mean >= 0.5
    variants: [plain]
  - regression: {metric: exact_match, margin: 0.02}
"""
PROMPT = """\
metadata:
  version: "1.0"
  performance_baseline:
    exact_match: 0.5
inputs: {question: str}
template: "{{ question }}"
"""


def test_gates_know_file_and_line(tmp_path: Path) -> None:
    folder = tmp_path / "suites" / "one"
    (folder / "prompts" / "plain").mkdir(parents=True)
    (folder / "suite.yaml").write_text(SUITE)
    (folder / "prompts/plain/v1.0.yaml").write_text(PROMPT)
    (folder / "app.py").write_text("def answer(messages):\n    return 'x'\n")
    (folder / "rows.jsonl").write_text('{"id": "a", "question": "Why?", "answer": "x"}\n')
    suite = load_suite(folder / "suite.yaml", catalogue(), LoadOptions(tmp_path))
    assert [(gate.path, gate.line) for gate in suite.gates] == [
        ("suites/one/suite.yaml", 6),
        ("suites/one/suite.yaml", 7),
        ("suites/one/suite.yaml", 9),
        ("suites/one/prompts/plain/v1.0.yaml", 4),
    ]
