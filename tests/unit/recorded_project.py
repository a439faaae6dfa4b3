"""A small project whose suite runs without a model, its runs recorded by the pipeline itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from harness.pipeline import Evaluation, load_plan
from harness.schema import Settings

if TYPE_CHECKING:
    from pathlib import Path

SUITE = """\
dataset: {path: rows.jsonl, reference: label, group: customer, ignore: [plan]}
prompts: [support@1.0, support@1.1]
backends:
  - {name: saved, provider: replay, path: answers.jsonl}
metrics: [exact_match]
gates:
  - exact_match.mean >= 0.5
  - error_rate <= 0
"""
PROMPT = """\
metadata:
  version: "{version}"   # as the file's name
  labels: {labels}
inputs: {{text: str}}
template: "Say {{{{ text }}}}"
"""
_WAIT_S = 60.0


class RecordedProject:
    """Rows r00, r01 … with the label `yes`; a variant answers `yes` to all but those that it gets wrong."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "suites/desk"
        self.reports = root / "reports"
        self.write("suite.yaml", SUITE)
        self.prompt("1.0", "[prod-a]  # live")
        self.prompt("1.1", "[]")
        self.rows(20)
        self.answers({})

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def prompt(self, version: str, labels: str) -> Path:
        return self.write(f"prompts/support/v{version}.yaml", PROMPT.format(version=version, labels=labels))

    def text(self, version: str) -> str:
        return (self.folder / f"prompts/support/v{version}.yaml").read_text(encoding="utf-8")

    def rows(self, number: int, *, tagged: bool = True) -> None:
        """Half of the customers are of the free plan, tagged so."""
        self.n_rows = number
        lines = []
        for at in range(number):
            plan = "free" if at % 2 else "paid"
            row = {"id": f"r{at:02}", "text": f"t{at}", "label": "yes", "customer": f"c{at}", "plan": plan}
            lines.append(json.dumps({**row, **({"tags": [plan]} if tagged else {})}))
        self.write("rows.jsonl", "\n".join(lines) + "\n")

    def answers(self, wrong: dict[str, range]) -> None:
        """What each variant answers: `no` to the rows with these numbers."""
        lines = [
            json.dumps(
                {
                    "sample": f"r{at:02}",
                    "variant": variant,
                    "output": "no" if at in wrong.get(variant, range(0)) else "yes",
                }
            )
            for variant in ("support@1.0", "support@1.1")
            for at in range(self.n_rows)
        ]
        self.write("answers.jsonl", "\n".join(lines) + "\n")

    def run(self, *, complete: bool = True, judged: bool = True, limit: int | None = None, save: bool = False) -> str:
        """Run and record; the run's id."""
        settings = Settings(self.root, self.reports, cache_mode="off", limit=limit, save_baseline=save)
        plan = load_plan(self.folder / "suite.yaml", settings)
        evaluation = Evaluation([plan], settings)
        evaluation.start(plan.trials)
        for trial in plan.trials:
            assert evaluation.result(trial.trial_id, _WAIT_S) is not None
        for gate, cell in plan.gates if judged else ():
            evaluation.verdict(gate, cell)
        record, _ = evaluation.finish(complete=complete)
        return record.manifest.run_id
