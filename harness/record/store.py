"""Run folders under `reports/`."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from msgspec import to_builtins

from harness.errors import RecordError
from harness.record.compared import COMPARISON_COLUMNS, comparison_groups
from harness.record.contents import SampleHashes
from harness.record.history import append_history
from harness.record.replacing import replaced, write_text
from harness.record.scores import SCORE_COLUMNS, score_groups
from harness.record.tables import Table, Tables
from harness.record.trials import TRIAL_COLUMNS, trial_groups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from harness.schema import RunRecord, Suite, TrialResult


_IGNORED = """\
# What runs write here. Baselines are not in this list: they are made to be committed.
/.gitignore
/runs/
/latest
/index.html
/history.parquet
/.history.lock
"""


def new_run_id() -> str:
    """UTC time to the millisecond and four random hex digits: `20261122T201849.042Z-3f9a`.

    Runs of one folder are in the order of their ids: a second would be too coarse, for short runs follow each other
    within one.
    """
    now = datetime.now(UTC)
    return f"{now:%Y%m%dT%H%M%S}.{now.microsecond // 1000:03}Z-{secrets.token_hex(2)}"


class RunStore:
    """Writes run folders; every file appears whole or not at all."""

    def __init__(self, reports: Path, *, notice: Callable[[str], None] = lambda _text: None) -> None:
        """Keep runs below `reports`; nothing is made before the first write.

        `notice` is told of what went wrong with the history: a run is recorded without it all the same.
        """
        self.reports = reports
        self._notice = notice
        self._tables: Tables | None = None
        self._suites: Sequence[Suite] = ()
        self._n_added = 0
        self._hashes: Mapping[str, SampleHashes] = {}

    def prepare(self, suites: Sequence[Suite]) -> None:
        """Find out before the first model call whether a run can be kept; begin its tables, which these suites fill.

        Raises:
            RecordError: the folder cannot be made or written.

        """
        try:
            self._keep_out_of_git()
            runs = self.reports / "runs"
            runs.mkdir(parents=True, exist_ok=True)
            probe = runs / f".probe-{secrets.token_hex(4)}"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise self._unwritable(error) from error
        for name in ("latest", "index.html"):
            path = self.reports / name
            if path.is_dir() and not path.is_symlink():
                raise RecordError(
                    f"{path}: is a folder; every run writes a file or link of this name; move it away, or choose "
                    "another place with --prompt-reports DIR"
                )
        self._suites, self._n_added = suites, 0
        self._hashes = {suite.name: SampleHashes() for suite in suites}
        self._tables = Tables()
        self._tables.begin(runs, (TRIAL_COLUMNS, SCORE_COLUMNS))

    def _keep_out_of_git(self) -> None:
        """Give the folder a .gitignore when it is made, or holds nothing but baselines, as in a fresh clone."""
        self.reports.mkdir(parents=True, exist_ok=True)
        if all(path.name == "baselines" for path in self.reports.iterdir()):
            write_text(self.reports / ".gitignore", _IGNORED)

    def add(self, results: Sequence[TrialResult]) -> None:
        """Have the rows of further results written, in item order, while others are waited for; after `prepare`."""
        if not results:
            return
        assert self._tables is not None
        trials = trial_groups(self._suites, results, self._hashes)
        self._tables.add((trials, score_groups(self._suites, results)))
        self._n_added += len(results)

    def write(self, record: RunRecord, texts: Mapping[str, Callable[[], str]], *, spans: Path | None = None) -> Path:
        """The run's folder, complete: tables, `texts`, `spans`, then run.json, then `latest` and the history.

        `texts` maps a file's name to what makes its content, while the tables are being written; `spans` is a
        finished file, which becomes the run's spans.jsonl. The record's results begin with those that were added.

        Raises:
            RecordError: a file cannot be written.

        """
        folder = self.reports / "runs" / record.manifest.run_id
        tables = self._tables or Tables()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with self._tables_written(tables, folder, record):
                made = {name: text() for name, text in texts.items()}
            for name, content in made.items():
                write_text(folder / name, content)
            if spans is not None:
                shutil.move(spans, folder / "spans.jsonl")
            write_text(
                folder / "run.json", json.dumps(to_builtins(record.manifest), indent=1, ensure_ascii=False) + "\n"
            )
            self._point_latest(folder)
            if problem := append_history(self.reports, record, tables):
                self._notice(problem)
        except OSError as error:
            raise self._unwritable(error) from error
        finally:
            tables.close()
            self._tables = None
        return folder

    @contextmanager
    def _tables_written(self, tables: Tables, folder: Path, record: RunRecord) -> Iterator[None]:
        """Have the tables written while something else is done."""
        suites, results = record.suites, record.results
        rest = results[self._n_added :]
        with ExitStack() as stack:

            def fresh(name: str) -> Path:
                return stack.enter_context(replaced(folder / name))

            made = [
                Table(fresh(name), columns, partial(rows, suites, results), partial(rows, suites, rest))
                for name, columns, rows in (
                    ("trials.parquet", TRIAL_COLUMNS, partial(trial_groups, hashes=self._hashes)),
                    ("scores.parquet", SCORE_COLUMNS, score_groups),
                )
            ]
            if record.comparisons:
                compared = partial(comparison_groups, record.comparisons)
                made.append(Table(fresh("comparison.parquet"), COMPARISON_COLUMNS, compared))
            tables.send(made)
            yield
            tables.written()

    def write_index(self, text: str) -> None:
        """Write `reports/index.html`.

        Raises:
            RecordError: the file cannot be written.

        """
        try:
            write_text(self.reports / "index.html", text)
        except OSError as error:
            raise self._unwritable(error) from error

    def _point_latest(self, folder: Path) -> None:
        """`latest` → the run: a symbolic link, or a text file that holds the path where links are not allowed."""
        target = os.path.join("runs", folder.name)  # noqa: PTH118 - a link's text, not a path to open
        with replaced(self.reports / "latest") as fresh:
            try:
                fresh.symlink_to(target, target_is_directory=True)
            except OSError:
                fresh.write_text(target + "\n", encoding="utf-8")

    def _unwritable(self, error: OSError) -> RecordError:
        return RecordError(
            f"{self.reports}: the run cannot be recorded ({error.strerror or error}); "
            "a writable folder with free space is needed; choose another with --prompt-reports DIR"
        )
