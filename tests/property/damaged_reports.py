"""A recorded project whose files are damaged, one at a time, and the commands that read them."""

from __future__ import annotations

import json
from contextlib import chdir, redirect_stderr, redirect_stdout, suppress
from io import StringIO
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from msgspec.structs import replace

import harness
from harness import cli
from harness.comparing import Comparing
from harness.errors import RecordError
from harness.pipeline import load_plan
from harness.record import told_apart
from harness.report import render_index
from harness.schema import Settings
from tests.unit.recorded_project import SUITE, RecordedProject

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    Damage = Callable[["Damaged"], tuple[Path, bytes]]
    """What is put where."""

GATE = "  - regression: {metric: exact_match, margin: 0.9}\n"
CODES = {0, 1, 2, 4}
"""Of `prompt-suite`, as its reference has them."""


class Damaged:
    """Two runs, a baseline and a history, which `put` damages and `mend` makes whole again."""

    def __init__(self, root: Path) -> None:
        self.project = RecordedProject(root)
        self.project.rows(8)
        self.project.answers({"support@1.1": range(2)})
        self.project.write("suite.yaml", SUITE.replace("[exact_match]", "[exact_match, bleu]") + GATE)
        self.older = self.project.run(save=True)
        self.project.answers({"support@1.0": range(1)})
        self.newest = self.project.run()
        assert self.older < self.newest
        self.reports = self.project.reports
        self._whole = {path: path.read_bytes() for path in self.reports.rglob("*") if path.is_file()}

    @property
    def run(self) -> Path:
        """The newest run's folder."""
        return self.reports / "runs" / self.newest

    @property
    def baseline(self) -> Path:
        return self.reports / "baselines/desk.jsonl"

    def table(self, name: str) -> Path:
        """`trials` and `scores` of the newest run, or `history`."""
        return (self.reports if name == "history" else self.run) / f"{name}.parquet"

    def content(self, path: Path) -> bytes:
        """What the file held when it was whole."""
        return self._whole[path]

    def mend(self) -> None:
        for path in self.reports.rglob("*"):
            if path.is_file() and path not in self._whole:
                path.unlink()
        for path, content in self._whole.items():
            path.write_bytes(content)

    def commands(self) -> Sequence[Sequence[str]]:
        """Every command that reads something of `reports/`."""
        return (
            ("compare", self.older, self.newest),
            ("compare", "previous", "latest", "--format", "json"),
            ("compare", "reports/baselines", "reports/latest", "--format", "markdown"),
            ("compare", "latest", "--variants", "support@1.0", "support@1.1"),
            ("compare", "latest", str(self.baseline)),
            ("history", "--metric", "exact_match"),
            ("history", "--format", "json"),
            ("history", "--format", "markdown", "--fail-on-drift"),
            ("report",),
            ("report", self.newest[:-1]),
            ("rollout", "support@1.0", "support@1.1", "--draws", "2", "--fewest", "2", "--stage", "0.5:free"),
            ("rollout", "support@1.0", "--runs", self.older, self.newest, "--draws", "2", "--format", "json"),
            ("promote", "support@1.1", "prod-a", "--dry-run", "--accept-warnings"),
            ("promote", "support@1.0", "next", "--dry-run", "--run", self.newest),
            ("baseline", "list"),
            ("baseline", "show", "desk"),
            ("baseline", "save", "latest"),
            ("baseline", "save", self.newest, "--with-errors"),
            ("lint", "suites"),
            ("doctor", "suites/desk"),
        )

    def call(self, command: Sequence[str]) -> tuple[int, str]:
        """Exit code of the command, and all that it printed; what it raises comes through."""
        with chdir(self.project.root), StringIO() as out, redirect_stdout(out), redirect_stderr(out):
            try:
                code = cli.main(command)
            except SystemExit as ended:
                code = ended.code if isinstance(ended.code, int) else -1
            return code, out.getvalue()

    def readers(self) -> Sequence[Callable[[], object]]:
        """What Python, the list of runs and a run's start read."""
        settings = Settings(self.project.root, self.reports, cache_mode="off")
        named = replace(settings, baseline="latest")
        suite = load_plan(self.project.folder / "suite.yaml", settings, render=False).suite
        return (
            lambda: harness.load_run(self.run),
            lambda: harness.load_history(self.reports),
            lambda: render_index(*told_apart(self.reports)),
            lambda: harness.compare(self.reports / "runs" / self.older, self.run),
            lambda: Comparing([suite], settings),
            lambda: Comparing([suite], named),
        )

    def check(self, damage: Damage, chosen: Sequence[int]) -> None:
        """Have these of all commands and readers, counted round, read the damaged file; it is whole afterwards.

        A command ends with a code that is documented, and prints what a terminal can show; whatever it raises is a
        failure. A reader may raise RecordError with one line. Only a baseline that is saved may be another file then.
        """
        path, content = damage(self)
        path.write_bytes(content)
        try:
            readers, commands = self.readers(), self.commands()
            for place in chosen:
                which = place % (len(readers) + len(commands))
                if which < len(readers):
                    with suppress(RecordError):
                        readers[which]()
                    continue
                code, said = self.call(commands[which - len(readers)])
                assert code in CODES
                assert "Traceback" not in said
                assert said.replace("\n", "").replace("\u2060", "").isprintable()
            assert path.read_bytes() == content or path == self.baseline
        finally:
            self.mend()


def damaged_json(content: Any, way: tuple[int, Sequence[int]], value: Any) -> Any:
    """The content with another value at one place, or without one, with another name, or with one twice.

    `way` says which of these, and the turns that lead to the place.
    """
    action, turns = way
    content = json.loads(json.dumps(content))
    at: Any = content
    parent: Any = None
    key: Any = None
    for turn in turns:
        if not isinstance(at, dict | list) or not at:
            break
        parent, key = at, (list(at)[turn % len(at)] if isinstance(at, dict) else turn % len(at))
        at = parent[key]
    if parent is None:
        return value
    if action == 0:
        parent[key] = value
    elif action == 1:
        del parent[key]
    elif isinstance(parent, dict):
        parent[str(value)] = parent.pop(key)
    else:
        parent.append(parent[key])
    return content


CUTS = ("cut", "flip", "zero", "insert", "twice", "crlf", "empty")


def cut_bytes(content: bytes, action: str, place: int) -> bytes:
    """The content with this done to it at a place, counted round."""
    at = place % len(content)
    head, tail = content[:at], content[at:]
    results = (
        head,
        head + bytes([tail[0] ^ (1 << place % 8)]) + tail[1:],
        head + bytes(len(tail)),
        head + b"\n<<<<<<< HEAD\n" + tail,
        content + content,
        content.replace(b"\n", b"\r\n") + b"\r\n \n",
        b"",
    )
    return dict(zip(CUTS, results, strict=True))[action]


CHANGES: Mapping[str, Callable[[Any, str], Any]] = {
    "gone": lambda table, name: table.drop_columns([name]),
    "twice": lambda table, name: table.append_column(name, table[name]),
    "renamed": lambda table, name: table.rename_columns(
        [f"{each}x" if each == name else each for each in table.column_names]
    ),
    "nulls": lambda table, name: _put(table, name, pa.nulls(table.num_rows, table[name].type)),
    "one null": lambda table, name: _put(table, name, pa.array([None, *table[name].to_pylist()[1:]], table[name].type)),
    "nothing": lambda table, name: _put(table, name, pa.nulls(table.num_rows)),
    "texts": lambda table, name: _put(table, name, pa.array(["x"] * table.num_rows)),
    "others": lambda table, name: _put(table, name, pa.array([f"t{at}" for at in range(table.num_rows)])),
    "numbers": lambda table, name: _put(table, name, pa.array([7] * table.num_rows)),
    "below": lambda table, name: _put(table, name, pa.array([-1] * table.num_rows, pa.int32())),
    "infinite": lambda table, name: _put(table, name, pa.array([float("-inf")] * table.num_rows)),
    "nan": lambda table, name: _put(table, name, pa.array([float("nan")] * table.num_rows)),
    "large": lambda table, name: _put(table, name, pa.array([1e300] * table.num_rows)),
    "truths": lambda table, name: _put(table, name, pa.array([False] * table.num_rows)),
    "lists": lambda table, name: _put(table, name, pa.array([["x", None]] * table.num_rows)),
    "bytes": lambda table, name: _put(table, name, pa.array([b"\xff"] * table.num_rows)),
    "dictionary": lambda table, name: _put(table, name, table[name].dictionary_encode()),
    "first row": lambda table, _: table.slice(0, 1),
    "no row": lambda table, _: table.slice(0, 0),
    "rows twice": lambda table, _: pa.concat_tables([table, table]),
    "backwards": lambda table, _: table.take(list(range(table.num_rows))[::-1]),
    "no column": lambda table, _: table.select([]),
}
"""What may be done to a table, or to one column of it."""


def _put(table: Any, name: str, values: Any) -> Any:
    return table.set_column(table.column_names.index(name), name, values)


def changed_table(content: bytes, column: int, change: str) -> bytes:
    """The Parquet file with this done to the column of this number, counted round."""
    table = pq.read_table(pa.BufferReader(content))
    name = table.column_names[column % table.num_columns]
    sink = pa.BufferOutputStream()
    with suppress(pa.ArrowNotImplementedError):  # lists have no dictionary
        table = CHANGES[change](table, name)
    pq.write_table(table, sink)
    return bytes(sink.getvalue())
