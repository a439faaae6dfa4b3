"""The `prompt-suite` command: everything around a run that is not a test."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from contextlib import suppress
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from harness.cli_baseline import add_baseline
from harness.cli_cache import add_cache
from harness.cli_compare import add_compare
from harness.cli_doctor import add_doctor
from harness.cli_history import add_history
from harness.cli_judge import add_judge
from harness.cli_metrics import add_metrics
from harness.cli_models import add_models
from harness.cli_promote import add_promote
from harness.cli_report import add_report
from harness.cli_rollout import add_rollout
from harness.errors import FilesError, HarnessError, UsageError
from harness.wording import counted, escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.schema import Plan

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_FILES = 2
"""A file could not be read, or the command was interrupted: as pytest."""
EXIT_USAGE = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code, as pytest's: 0 done, 1 it could not be done, 2 mistakes in files or interrupted, 4 wrong usage."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal may not know every character
    try:
        return _run(arguments)
    except FilesError as error:
        _complain(str(error))
        return EXIT_FILES
    except HarnessError as error:
        _complain(f"prompt-suite: {error}")
        return EXIT_USAGE if isinstance(error, UsageError) else EXIT_FAILED
    except BrokenPipeError:
        sys.stderr.close()
        return EXIT_OK
    except OSError as error:
        _complain(f"prompt-suite: {error.filename or 'the output'}: {error.strerror or error}; nothing more was done")
        _drop_output()
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_FILES


def _run(arguments: Sequence[str] | None) -> int:
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.run
    code = command(options)
    sys.stdout.flush()
    return code


def _say(text: str) -> None:
    """Print lines; names of files in them cannot move the terminal's cursor. Word joiners are our Markdown's own."""
    print(escaped(text, keep="\n\u2060"))


def _complain(text: str) -> None:
    print(escaped(text, keep="\n"), file=sys.stderr)


def _drop_output() -> None:
    """Leave nothing for the interpreter to write at its end: it could not either."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Parser(argparse.ArgumentParser):
    """An argument parser whose usage errors exit with 4, as pytest's do."""

    def error(self, message: str) -> NoReturn:
        """Print usage and message; exit code 4."""
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="prompt-suite", description="Suites of prompts: make, check and describe them.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {version('pytest-prompt-suite')}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    init = commands.add_parser("init", help="make a new suite that runs")
    init.add_argument("folder", type=Path, nargs="?", default=Path("suites/first"), help="default: suites/first")
    init.set_defaults(run=_init)

    lint = commands.add_parser("lint", help="find every mistake in suites, prompts and datasets; call no model")
    lint.add_argument("paths", type=Path, nargs="*", help="suite files or folders; default: suites/")
    lint.set_defaults(run=_lint)

    schema = commands.add_parser("schema", help="print the JSON Schema of suite or prompt files, for editors")
    schema.add_argument("form", choices=("suite", "prompt"), nargs="?", default=None, help="default: both")
    schema.add_argument("--write", type=Path, metavar="DIR", help="write <form>.schema.json there instead")
    schema.set_defaults(run=_schema)

    add_metrics(commands, _say)

    add_models(commands, _say)
    add_cache(commands, _say)
    add_judge(commands, _say)
    add_compare(commands, _say)
    add_baseline(commands, _say)
    add_history(commands, _say)
    add_report(commands, _say)
    add_rollout(commands, _say)
    add_promote(commands, _say)
    add_doctor(commands, _say)
    return parser


def _init(options: argparse.Namespace) -> int:
    from harness.suite import write_starter

    written = write_starter(options.folder)
    for path in written:
        _say(f"wrote {path}")
    _say(f"\nrun it with: pytest --prompt-suite {shlex.quote(str(options.folder))}")
    return EXIT_OK


def _lint(options: argparse.Namespace) -> int:
    from harness.foresight import foresight
    from harness.pipeline import load_plan
    from harness.schema import Settings
    from harness.score import sample_flaws

    root = Path.cwd()
    settings = Settings(root=root, reports=root / "reports")
    mistakes: list[str] = []
    plans = []
    if not options.paths and not Path("suites").is_dir():
        raise UsageError(
            "lint: there is no folder suites/ here; a project's folder, a suite file or a folder of suites is allowed; "
            "name one, or make a suite with: prompt-suite init"
        )
    for path in _suite_files(options.paths or [Path("suites")]):
        try:
            plans.append(load_plan(path.resolve(), settings))
        except FilesError as error:
            mistakes.append(str(error))
    sights = foresight(plans, settings)
    for plan in plans:
        own = [sight for sight in sights if sight.suite == plan.suite.name]
        for line in (_counts(plan), *plan.suite.notes, *(sight.message for sight in own if not sight.warns)):
            _say(f"{plan.suite.path}: {line}")
        for sight in own:
            if sight.warns:
                _complain(f"warning: {plan.suite.path}: {sight.message}")
        for warning in (*plan.suite.warnings, *sample_flaws(plan.suite.metrics, plan.suite.samples)):
            _complain(f"warning: {warning}")
    if mistakes:
        _complain("\n".join(mistakes))
        return EXIT_FILES
    return EXIT_OK


def _counts(plan: Plan) -> str:
    suite = plan.suite
    parts = {"sample": suite.samples, "variant": suite.variants, "backend": suite.backends, "trial": plan.trials}
    return ", ".join(counted(len(each), noun) for noun, each in {**parts, "gate": suite.gates}.items())


def _suite_files(paths: Sequence[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        found = sorted(path.rglob("suite.yaml")) if os.path.isdir(path) else [path]  # noqa: PTH112 - any text may come
        if not found:
            raise UsageError(
                f"{path}: there is no suite.yaml below it; a suite file or a folder of suites is allowed; "
                f"make one with: prompt-suite init {path / 'first'}"
            )
        files.extend(found)
    return files


def _schema(options: argparse.Namespace) -> int:
    from harness.suite import prompt_schema, suite_schema

    forms = {"suite": suite_schema, "prompt": prompt_schema}
    chosen = {name: make() for name, make in forms.items() if options.form in {None, name}}
    if options.write is None:
        print(json.dumps(chosen if options.form is None else chosen[options.form], indent=2))
        return EXIT_OK
    try:
        options.write.mkdir(parents=True, exist_ok=True)
        for name, schema in chosen.items():
            path = options.write / f"{name}.schema.json"
            path.write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")
            _say(f"wrote {path}")
    except OSError as error:
        raise HarnessError(
            f"{options.write}: the schemas cannot be written ({error.strerror}); a writable folder is needed; "
            "name another with --write DIR"
        ) from error
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
