"""Two recorded runs side by side."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks.figures import Figure
from benchmarks.paired import usages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_EVERY = 50
"""One value in so many is another one in the second run."""
_ROUNDS = 3
_COMPARE = [sys.executable, "-c", "import sys; from harness.cli import main; sys.exit(main())", "compare"]


def comparison(project: Path) -> Iterator[Figure]:
    """`prompt-suite compare` of the project's run with a copy of it that scored better here and there."""
    (run,) = (project / "reports/runs").iterdir()
    better = run.with_name("20990101T000000Z-0000")
    _write_better(run, better)
    command = [*_COMPARE, run.name, better.name]
    _assert_it_compares([*command, "--format", "json"], project)
    (found,) = usages([(command, project)], _ROUNDS)
    yield Figure("compare two runs of 100,000 trials", found.wall_s, 3, "s", f"({found.cpu_s:.2f} s CPU)")
    yield Figure("compare two runs of 100,000 trials, peak memory", found.peak_mb, 600, "MB", "")


def _write_better(run: Path, better: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    shutil.copytree(run, better)
    scores = pq.read_table(run / "scores.parquet")
    places = range(scores.num_rows)
    values = scores["value"].to_pylist()
    metrics = scores["metric"].to_pylist()
    changed = [
        1.0 if metrics[place] == "exact_match" and place % _EVERY < 10 and values[place] is not None else values[place]
        for place in places
    ]
    column = scores.schema.get_field_index("value")
    pq.write_table(scores.set_column(column, "value", pa.array(changed, pa.float64())), better / "scores.parquet")
    manifest = (run / "run.json").read_text().replace(run.name, better.name)
    (better / "run.json").write_text(manifest)


def _assert_it_compares(command: list[str], project: Path) -> None:
    """All pairs are there, and what was made better is found: a command that does nothing is fast, too."""
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    rows = [row for suite in json.loads(done.stdout) for row in suite["rows"]]
    found = [row for row in rows if row["metric"] == "exact_match"]
    assert found, done.stdout
    assert all(row["n_paired"] == 50_000 and row["finding"] == "improved" for row in found), found
